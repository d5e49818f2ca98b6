"""Reading a video file, webcam or network stream with ``cv2.VideoCapture``."""

import math
from collections.abc import Iterator

import cv2
import numpy as np
from loguru import logger

from traffic_monitor.capture.shown import describe_source
from traffic_monitor.capture.timeline import FALLBACK_FPS, Beat, Timeline
from traffic_monitor.settings import FrameGrabberSettings
from traffic_monitor.shared_utils.clock import ArrivalClock
from traffic_monitor.shared_utils.errors import ServiceError
from traffic_monitor.shared_utils.frame_codec import Image

CLOCK_TOLERANCE_S = 1e-6
"""Times are rounded: a frame this little early is on time."""

MOST_FRAMES = 1e9
"""FFmpeg states huge or negative numbers of frames for streams without an end."""


class OpenCvReader:
    """An open source that yields frames at ``target_fps`` at most. Whoever opened it must ``release`` it.

    Raises:
        ServiceError: the source cannot be opened.
    """

    def __init__(self, settings: FrameGrabberSettings) -> None:
        self._capture = open_capture(settings)
        if not self._capture.isOpened():
            self._capture.release()
            raise ServiceError(
                f"frame_grabber.source: {describe_source(settings.source)} cannot be opened: not a video, "
                "no such camera, or not reachable"
            )
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = fps if math.isfinite(fps) and fps > 0 else FALLBACK_FPS
        self._interval = 1 / settings.target_fps if settings.target_fps else 0.0
        count = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.frame_count = count if 0 < count < MOST_FRAMES else None
        """Frames that the container states; ``None`` for cameras and for files that do not state it."""
        self._target_fps = settings.target_fps
        self.damaged = 0
        self._read = 0
        """Frames of a recording so far, with those that the target rate leaves out, without broken ones."""

    def media_frames(self, after: float | None = None) -> Iterator[tuple[Image | None, float]]:
        """Frames of a recording, see ``Reader``. Those up to ``after`` are decoded as well, because OpenCV's
        seeking is not exact.
        """
        timeline, beat = Timeline(self.fps), Beat(self._target_fps, after)
        while self._capture.grab():
            position = timeline.place(self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
            if (after is not None and position <= after) or not beat.wants(position):
                self._read += 1
                yield None, position
                continue
            decoded, image = self._capture.retrieve()
            self._read += decoded
            self.damaged += not decoded
            yield np.asarray(image, dtype=np.uint8) if decoded else None, position

    def live_frames(self, clock: ArrivalClock) -> Iterator[tuple[Image | None, float]]:
        """Frames of a camera with the monotonic seconds at which they came.

        A frame that the target rate leaves out, or that cannot be decoded, comes as ``None``: the camera lives.
        """
        due = -math.inf
        while self._capture.grab():
            now = clock.monotonic()
            if now + CLOCK_TOLERANCE_S < due:
                yield None, now
                continue
            due = self._next_due(due, now)
            decoded, image = self._capture.retrieve()
            yield np.asarray(image, dtype=np.uint8) if decoded else None, now

    def release(self) -> None:
        """Close the source."""
        self._capture.release()

    def check_length(self) -> None:
        """Log it when a recording has ended before its number of frames: it was cut off, or the connection was."""
        if self.frame_count is not None and self._read < self.frame_count:
            logger.warning("the recording ended after {} of {} frames", self._read, self.frame_count)

    def _next_due(self, due: float, now: float) -> float:
        """When the next frame is wanted: on the beat, which starts anew after a pause."""
        return (due if now - due < self._interval else now) + self._interval


def open_capture(settings: FrameGrabberSettings) -> cv2.VideoCapture:
    """OpenCV's capture of the source, with the time-outs of the settings where FFmpeg reads it."""
    if isinstance(settings.source, int):
        return cv2.VideoCapture(settings.source)
    timeouts_ms = [
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
        int(settings.open_timeout_s * 1000),
        cv2.CAP_PROP_READ_TIMEOUT_MSEC,
        int(settings.read_timeout_s * 1000),
    ]
    return cv2.VideoCapture(str(settings.source), cv2.CAP_FFMPEG, timeouts_ms)

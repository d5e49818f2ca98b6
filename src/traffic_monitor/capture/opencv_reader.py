"""Reading a webcam, video file or network stream with ``cv2.VideoCapture``."""

import math
import os
import sys
from collections.abc import Iterator
from fractions import Fraction

import cv2
import numpy as np
from loguru import logger

from traffic_monitor.capture.frames import log_damage
from traffic_monitor.capture.pictures import with_square_pixels
from traffic_monitor.capture.shown import describe_source
from traffic_monitor.capture.timeline import FALLBACK_FPS, Beat, LivePace, Timeline
from traffic_monitor.settings import FrameGrabberSettings
from traffic_monitor.shared_utils.clock import ArrivalClock
from traffic_monitor.shared_utils.errors import ServiceError
from traffic_monitor.shared_utils.frame_codec import Image

MOST_FRAMES = 1e9
"""FFmpeg states huge or negative numbers of frames for streams without an end."""

MOST_GRAB_FAILURES = 300
"""Failed grabs one after the other, after which a recording that should go on is taken to be at its end."""

HALF_A_FRAME = 0.5
"""A rate this close to the one that was asked for is the same: 29.97 for 30."""

QUARTER_TURNS = (90, 270)


class OpenCvReader:
    """See ``Reader``.

    OpenCV does not say why it fails, and does not tell a packet that it refuses from the end of the stream.

    Raises:
        ServiceError: the source cannot be opened.
    """

    def __init__(self, settings: FrameGrabberSettings) -> None:
        self._settings = settings
        self._capture = open_capture(settings)
        if not self._capture.isOpened():
            self._capture.release()
            raise ServiceError(
                f"frame_grabber.source: {describe_source(settings.source)} cannot be opened: not a video, "
                "no such camera, or not reachable"
            )
        self.webcam_mode = _set_up_webcam(self._capture, settings) if settings.is_webcam else ""
        """What a webcam gives, for people."""
        self.fps = self._get(cv2.CAP_PROP_FPS) or FALLBACK_FPS
        self.codec = _four_letters(self._get(cv2.CAP_PROP_FOURCC)) or "unknown"
        count = int(self._get(cv2.CAP_PROP_FRAME_COUNT))
        self.frame_count = count if 0 < count < MOST_FRAMES else None
        self.is_recording = settings.is_file or self.frame_count is not None
        self.damaged = 0
        self._read = 0
        """Frames of a recording so far, with those that the target rate leaves out, without broken ones."""
        self._known = 0
        """Damaged frames that an earlier reading has counted."""
        self._aspect = self._pixel_aspect()

    def media_frames(self, after: float | None = None) -> Iterator[tuple[Image | None, float]]:
        """Frames of a recording, see ``Reader``. Those up to ``after`` are decoded as well, because OpenCV's
        seeking is not exact.
        """
        timeline, beat = Timeline(self.fps), Beat(self._settings.target_fps, after)
        while self._grab():
            position = timeline.place(self._get(cv2.CAP_PROP_POS_MSEC) / 1000)
            is_known = after is not None and position <= after
            if is_known:
                self._known, self.damaged = self._known + self.damaged, 0  # Counted in the earlier reading.
            if is_known or not beat.wants(position):
                self._read += 1
                yield None, position
                continue
            image = self._retrieve()
            self._read += image is not None
            yield image, position

    def live_frames(self, clock: ArrivalClock) -> Iterator[tuple[Image | None, float]]:
        """Frames of a camera, see ``Reader``."""
        pace = LivePace(self._settings.target_fps)
        while self._capture.grab():
            now = clock.monotonic()
            yield self._retrieve() if pace.wants(now) else None, now

    def release(self) -> None:
        """Close the source."""
        self._capture.release()

    def check_length(self) -> None:
        """Log what a recording that has ended lacks."""
        log_damage(self.damaged)
        if self.frame_count is not None and self._read < self.frame_count:
            logger.warning("the recording ended after {} of {} frames", self._read, self.frame_count)

    def _grab(self) -> bool:
        """Go to the next frame of a recording, over packets that are refused while frames are missing."""
        for failures in range(MOST_GRAB_FAILURES):
            if self._capture.grab():
                self.damaged += failures
                return True
            if (
                self.frame_count is None
                or self._read + self._known + self.damaged + failures + 1 >= self.frame_count
            ):
                break
        return False

    def _retrieve(self) -> Image | None:
        """The frame that was grabbed; ``None`` if it cannot be decoded."""
        decoded, image = self._capture.retrieve()
        if not decoded:
            self.damaged += 1
            return None
        return with_square_pixels(np.asarray(image, dtype=np.uint8), self._aspect)

    def _pixel_aspect(self) -> Fraction | None:
        """Width of a pixel divided by its height, in frames as OpenCV gives them: already turned upright."""
        width, height = self._get(cv2.CAP_PROP_SAR_NUM), self._get(cv2.CAP_PROP_SAR_DEN)
        stated = Fraction(int(width), int(height)) if width > 0 and height > 0 else None
        aspect = self._settings.pixel_ratio or stated
        turned = int(self._get(cv2.CAP_PROP_ORIENTATION_META)) % 360 in QUARTER_TURNS
        return 1 / aspect if aspect and turned else aspect

    def _get(self, what: int) -> float:
        """A property of the capture; 0 where it is not known."""
        value = self._capture.get(what)
        return value if math.isfinite(value) and value > 0 else 0.0


def open_capture(settings: FrameGrabberSettings) -> cv2.VideoCapture:
    """OpenCV's capture of the source, with the time-outs of the settings where it comes over the network."""
    source = settings.source
    if settings.is_webcam:
        backend = cv2.CAP_V4L2 if isinstance(source, str) and sys.platform.startswith("linux") else cv2.CAP_ANY
        return cv2.VideoCapture(source if isinstance(source, int) else str(source), backend)
    if settings.is_file:
        # The scheme keeps a colon in the name from being taken for one.
        return cv2.VideoCapture(f"file:{source}", cv2.CAP_FFMPEG)
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = f"rtsp_transport;{settings.rtsp_transport.value}"
    timeouts_ms = [
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
        int(settings.open_timeout_s * 1000),
        cv2.CAP_PROP_READ_TIMEOUT_MSEC,
        int(settings.read_timeout_s * 1000),
    ]
    return cv2.VideoCapture(str(source), cv2.CAP_FFMPEG, timeouts_ms)


def _set_up_webcam(capture: cv2.VideoCapture, settings: FrameGrabberSettings) -> str:
    """Ask the webcam for what the settings name; what it gives, which is logged where it is something else.

    The pixel format comes first: with most cameras it decides which sizes and rates there are.
    """
    wanted: list[tuple[str, int, float]] = []
    if settings.pixel_format is not None:
        code = float(cv2.VideoWriter.fourcc(*settings.pixel_format.upper()))
        wanted.append(("pixel_format", cv2.CAP_PROP_FOURCC, code))
    for key, what, value in (
        ("width", cv2.CAP_PROP_FRAME_WIDTH, settings.width),
        ("height", cv2.CAP_PROP_FRAME_HEIGHT, settings.height),
        ("fps", cv2.CAP_PROP_FPS, settings.fps),
    ):
        if value is not None:
            wanted.append((key, what, value))
    for _, what, value in wanted:
        capture.set(what, value)
    given = _describe_webcam(capture)
    refused = [key for key, what, value in wanted if abs(capture.get(what) - value) > HALF_A_FRAME]
    if refused:
        keys = ", ".join(refused)
        logger.warning(
            "webcam {} does not do {} of frame_grabber as set; it gives {}", settings.source, keys, given
        )
    return given


def webcam_mode(settings: FrameGrabberSettings) -> str:
    """What a webcam gives when it is asked for what the settings name. Opens it; nobody else may read it.

    Raises:
        ServiceError: it cannot be opened.
    """
    reader = OpenCvReader(settings)
    try:
        return reader.webcam_mode
    finally:
        reader.release()


def _describe_webcam(capture: cv2.VideoCapture) -> str:
    """What a webcam gives: size, frame rate and pixel format, for people."""
    width, height = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    pixel_format = _four_letters(capture.get(cv2.CAP_PROP_FOURCC))
    text = f"{width} x {height} pixels at {capture.get(cv2.CAP_PROP_FPS):g} frames/s"
    return f"{text}, {pixel_format}" if pixel_format else text


def _four_letters(code: float) -> str:
    """The text of a FOURCC; empty if it is none."""
    text = int(code).to_bytes(8, "little", signed=True)[:4].decode("ascii", "replace")
    return text if text.isprintable() and text.isascii() else ""

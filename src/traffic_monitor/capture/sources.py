"""Frames from video files, webcams and network streams, with their place in time."""

import math
import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import cv2
import numpy as np
from loguru import logger

from traffic_monitor.capture.shown import describe_source
from traffic_monitor.runtime.transport import DropPolicy, Output
from traffic_monitor.settings import FrameGrabberSettings
from traffic_monitor.shared_utils.errors import ServiceError
from traffic_monitor.shared_utils.frame_codec import Image

FALLBACK_FPS = 25.0
"""For files that do not say how fast they run."""

LIVE_BUFFER_FRAMES = 2
"""Frames a camera may be ahead of the encoder; more would only be delay."""

CLOCK_TOLERANCE_S = 1e-6
"""Positions in a file are rounded: a frame this little early is on time."""

FIRST_RECONNECT_DELAY_S = 0.5
LAST_RECONNECT_DELAY_S = 10.0

LEAVE_TIMEOUT_S = 1.0
"""How long closing waits for a camera that hangs in its driver."""


@dataclass(frozen=True)
class CapturedFrame:
    """One frame as it came from the source."""

    image: Image
    index: int
    """0-based, counting frames that are dropped later."""
    media_time: float
    """Seconds since the first frame."""
    timestamp: float
    """Epoch seconds of capture."""
    captured_at: float = field(default_factory=time.time)
    """When the frame was taken by this machine's clock; that of a file's frame is another than its timestamp."""


class FrameSource(Protocol):
    """A source of frames that can be read like a queue; ``None`` is its end."""

    @property
    def dropped(self) -> int:
        """Frames captured but never handed out."""

    frames_total: int | None
    """Frames that are going to come, where that is known."""

    def get(self, *, timeout: float) -> CapturedFrame | None:
        """Next frame. Raises ``queue.Empty`` after ``timeout``, ``ServiceError`` when the source is lost."""

    def close(self) -> None:
        """Release the capture."""


def open_source(settings: FrameGrabberSettings) -> FrameSource:
    """Open the source the settings name.

    Raises:
        ServiceError: it cannot be opened. For a live source this comes with the first ``get``.
    """
    return LiveSource(settings) if settings.is_live else FileSource(settings)


class _Capture:
    """An open ``cv2.VideoCapture`` that yields frames at ``target_fps`` at most and is released at the end."""

    def __init__(self, settings: FrameGrabberSettings) -> None:
        self._capture = _open_capture(settings)
        shown = describe_source(settings.source)
        if not self._capture.isOpened():
            self._capture.release()
            raise ServiceError(
                f"frame_grabber.source: {shown} cannot be opened: not a video, no such camera, or not reachable"
            )
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = fps if math.isfinite(fps) and fps > 0 else FALLBACK_FPS
        self._interval = 1 / settings.target_fps if settings.target_fps else 0.0
        count = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.frame_count = count if 0 < count < 1e9 else None

    def media_frames(self) -> Iterator[tuple[Image, float]]:
        """Frames of a file with their position in seconds, thinned out to the target rate."""
        position, due = -1 / self.fps, 0.0
        while self._capture.grab():
            # Some containers give no position, or one that jumps back: the clock must run on.
            stated = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            position = stated if stated > position else position + 1 / self.fps
            if position + CLOCK_TOLERANCE_S < due:
                continue
            due = self._next_due(due, position)
            decoded, image = self._capture.retrieve()
            if decoded:
                yield np.asarray(image, dtype=np.uint8), position

    def live_frames(self) -> Iterator[tuple[Image, float]]:
        """Frames of a camera with the epoch seconds at which they came, thinned out to the target rate."""
        due = 0.0
        while self._capture.grab():
            now = time.time()
            if now < due:
                continue
            due = self._next_due(due, now)
            decoded, image = self._capture.retrieve()
            if decoded:
                yield np.asarray(image, dtype=np.uint8), now

    def _next_due(self, due: float, now: float) -> float:
        """When the next frame is wanted: on the beat, which starts anew after a pause."""
        return (due if now - due < self._interval else now) + self._interval

    def release(self) -> None:
        self._capture.release()


def _open_capture(settings: FrameGrabberSettings) -> cv2.VideoCapture:
    if isinstance(settings.source, int):
        return cv2.VideoCapture(settings.source)
    timeouts_ms = [
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
        int(settings.open_timeout_s * 1000),
        cv2.CAP_PROP_READ_TIMEOUT_MSEC,
        int(settings.read_timeout_s * 1000),
    ]
    return cv2.VideoCapture(str(settings.source), cv2.CAP_FFMPEG, timeouts_ms)


class FileSource:
    """A video file, read as fast as it is wanted; no frame is lost."""

    def __init__(self, settings: FrameGrabberSettings) -> None:
        self._capture = _Capture(settings)
        self._frames = self._capture.media_frames()
        self._start = settings.start_time.timestamp() if settings.start_time else 0.0
        self._next_index = 0
        self.dropped = 0
        self.frames_total = None if settings.target_fps else self._capture.frame_count

    def get(self, *, timeout: float) -> CapturedFrame | None:  # noqa: ARG002 - a file always answers
        """Next frame; ``None`` at the end of the file."""
        item = next(self._frames, None)
        if item is None:
            if self.frames_total is not None and self._next_index < self.frames_total:
                logger.warning("the file ended after {} of {} frames", self._next_index, self.frames_total)
            return None
        image, position = item
        index, self._next_index = self._next_index, self._next_index + 1
        return CapturedFrame(image, index, position, self._start + position)

    def close(self) -> None:
        """Release the file."""
        self._capture.release()


class LiveSource:
    """A camera, read by a thread of its own so that a hanging driver stops nobody; new frames push out old ones.

    A file in live mode is played at its own speed. A camera that is lost is opened again with growing pauses.
    """

    def __init__(self, settings: FrameGrabberSettings) -> None:
        self._settings = settings
        self._waiting: queue.Queue[CapturedFrame | None] = queue.Queue(maxsize=LIVE_BUFFER_FRAMES)
        self._output = Output(self._waiting, DropPolicy.DROP_OLDEST)
        self._closing = threading.Event()
        self._failure: ServiceError | None = None
        self._next_index = 0
        self._first_timestamp: float | None = None
        self._last_frame_at = time.monotonic()
        self.frames_total: int | None = None
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """Frames that were pushed out before anybody took them."""
        return self._output.dropped

    def get(self, *, timeout: float) -> CapturedFrame | None:
        """Next frame; ``None`` after the last one of a file."""
        try:
            frame = self._waiting.get(timeout=timeout)
        except queue.Empty:
            self._give_up_when_hanging()
            raise
        if frame is None and self._failure is not None:
            raise self._failure
        return frame

    def close(self) -> None:
        """Ask the reading thread to release the camera, and wait a little for it."""
        self._closing.set()
        self._thread.join(LEAVE_TIMEOUT_S)
        if self._thread.is_alive():
            logger.warning("the source hangs; it is left to the operating system to release it")

    def _give_up_when_hanging(self) -> None:
        """A driver that never answers cannot be opened again from here; only a new process can."""
        settings = self._settings
        patience = settings.open_timeout_s + settings.read_timeout_s + settings.reconnect_for_s
        if time.monotonic() - self._last_frame_at > patience:
            shown = describe_source(settings.source)
            raise ServiceError(f"frame_grabber.source: {shown} has not sent a frame for {patience:g} s")

    def _run(self) -> None:
        try:
            if self._settings.is_webcam or self._settings.is_network:
                self._read_camera()
            else:
                self._play_file()
        except ServiceError as error:
            self._failure = error
        except Exception as error:  # noqa: BLE001 - else the thread would end and nobody know
            logger.opt(exception=error).error("reading the source failed")
            shown = describe_source(self._settings.source)
            self._failure = ServiceError(f"frame_grabber.source: {shown}: {error}")
        self._output.end(self._closing.is_set)

    def _play_file(self) -> None:
        capture = _Capture(self._settings)
        started = time.time()
        try:
            for image, position in capture.media_frames():
                if self._closing.wait(max(started + position - time.time(), 0)):
                    return
                self._hand_out(image, time.time())
        finally:
            capture.release()

    def _read_camera(self) -> None:
        capture = self._open_camera()
        while True:
            try:
                for image, timestamp in capture.live_frames():
                    if self._closing.is_set():
                        return
                    self._hand_out(image, timestamp)
            finally:
                capture.release()
            if self._closing.is_set():
                return
            capture = self._reconnect()

    def _open_camera(self) -> _Capture:
        """A network camera may start later than we do; a webcam is there or not."""
        try:
            return _Capture(self._settings)
        except ServiceError:
            if not self._settings.is_network:
                raise
        return self._reconnect()

    def _reconnect(self) -> _Capture:
        shown = describe_source(self._settings.source)
        patience = self._settings.reconnect_for_s
        logger.warning("{} sends no frames; trying to get them for {:g} s", shown, patience)
        give_up = self._last_frame_at + patience
        delay = FIRST_RECONNECT_DELAY_S
        while time.monotonic() + delay < give_up and not self._closing.wait(delay):
            try:
                capture = _Capture(self._settings)
            except ServiceError:
                delay = min(delay * 2, LAST_RECONNECT_DELAY_S)
            else:
                logger.warning("{} is back", shown)
                return capture
        raise ServiceError(f"frame_grabber.source: {shown} sent no frames for {patience:g} s")

    def _hand_out(self, image: Image, timestamp: float) -> None:
        if self._first_timestamp is None:
            self._first_timestamp = timestamp
        frame = CapturedFrame(image, self._next_index, timestamp - self._first_timestamp, timestamp)
        self._next_index += 1
        self._last_frame_at = time.monotonic()
        self._output.send(frame, self._closing.is_set)

"""Frames from video files, webcams and network streams, with their place in time."""

import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from loguru import logger

from traffic_monitor.capture.latest_frames import LatestFrames
from traffic_monitor.capture.opencv_reader import OpenCvReader
from traffic_monitor.capture.shown import describe_source
from traffic_monitor.settings import FrameGrabberSettings, Settings, SourceMode
from traffic_monitor.shared_utils.clock import ArrivalClock
from traffic_monitor.shared_utils.errors import ServiceError
from traffic_monitor.shared_utils.frame_codec import Image

LIVE_BUFFER_FRAMES = 2
"""Frames a camera may be ahead of the encoder; more would only be delay."""

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
    """Seconds since the first frame; never affected by the system clock."""
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


def with_recordings_as_files(settings: Settings) -> Settings:
    """The settings for a run: the URL of a recording is read like the file, so that no frame of it is dropped.

    Beside other cameras it stays live, because they share their queues; it is played at its own speed then.
    """
    grabber = settings.frame_grabber
    if settings.cameras or grabber.mode is not SourceMode.AUTO or not is_finite_url(grabber):
        return settings
    as_file = grabber.model_copy(update={"mode": SourceMode.FILE})
    return settings.model_copy(update={"frame_grabber": as_file})


def is_finite_url(settings: FrameGrabberSettings) -> bool:
    """Whether the source is the URL of a recording: one that states how many frames it has.

    Opens it, which takes ``open_timeout_s`` at most. What cannot be opened is taken for a camera.
    """
    if not settings.is_network:
        return False
    try:
        reader = OpenCvReader(settings)
    except ServiceError:
        return False
    reader.release()
    return reader.frame_count is not None


class FileSource:
    """A video file, or the URL of one, read as fast as it is wanted; no frame is lost."""

    def __init__(self, settings: FrameGrabberSettings) -> None:
        self._settings = settings
        self._reader = OpenCvReader(settings)
        self._frames = self._reader.media_frames()
        self._start = settings.start_epoch_s
        self._next_index = 0
        self.dropped = 0
        self.frames_total = None if settings.target_fps else self._reader.frame_count

    def get(self, *, timeout: float) -> CapturedFrame | None:
        """Next frame; ``None`` at the end of the file.

        Raises:
            queue.Empty: ``timeout`` seconds have passed with frames that the target rate leaves out.
            ServiceError: the file ended without a single frame.
        """
        deadline = time.monotonic() + timeout
        for image, position in self._frames:
            if image is not None:
                index, self._next_index = self._next_index, self._next_index + 1
                return CapturedFrame(image, index, position, self._start + position)
            if time.monotonic() >= deadline:
                raise queue.Empty
        if not self._next_index:
            raise _no_frames(self._settings)
        self._reader.check_length()
        return None

    def close(self) -> None:
        """Release the file."""
        self._reader.release()


class LiveSource:
    """A camera, read by a thread of its own so that a hanging driver stops nobody; new frames push out old ones.

    A file in live mode is played at its own speed, and so is the URL of a recording. A camera that is lost is
    opened again with growing pauses.

    Args:
        settings: which source, its time-outs and its frame rate.
        clock: times the frames; another one in tests.
    """

    def __init__(self, settings: FrameGrabberSettings, clock: ArrivalClock | None = None) -> None:
        self._settings = settings
        self._clock = clock or ArrivalClock()
        self._waiting: LatestFrames[CapturedFrame] = LatestFrames(LIVE_BUFFER_FRAMES)
        self._closing = threading.Event()
        self._failure: ServiceError | None = None
        self._next_index = 0
        self._first_frame_at: float | None = None
        self._last_sign_of_life = time.monotonic()
        self._lost_since: float | None = None
        self.frames_total: int | None = None
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """Frames that were pushed out before anybody took them."""
        return self._waiting.dropped

    def get(self, *, timeout: float) -> CapturedFrame | None:
        """Next frame; ``None`` after the last one of a recording."""
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
        if time.monotonic() - self._last_sign_of_life > patience:
            shown = describe_source(settings.source)
            raise ServiceError(f"frame_grabber.source: {shown} has not sent a frame for {patience:g} s")

    def _run(self) -> None:
        try:
            if self._settings.is_webcam or self._settings.is_network:
                self._read_camera()
            else:
                with _released(OpenCvReader(self._settings)) as reader:
                    self._play(reader)
        except ServiceError as error:
            self._failure = error
        except Exception as error:  # noqa: BLE001 - else the thread would end and nobody know
            logger.opt(exception=error).error("reading the source failed")
            shown = describe_source(self._settings.source)
            self._failure = ServiceError(f"frame_grabber.source: {shown}: {error}")
        self._waiting.end()

    def _play(self, reader: OpenCvReader) -> None:
        """Hand out the frames of a recording at its own speed."""
        started = self._clock.monotonic()
        for image, position in reader.media_frames():
            if self._closing.wait(max(started + position - self._clock.monotonic(), 0)):
                return
            self._last_sign_of_life = time.monotonic()
            if image is not None:
                self._hand_out(image, self._clock.monotonic())
        if not self._next_index:
            raise _no_frames(self._settings)
        reader.check_length()

    def _read_camera(self) -> None:
        reader: OpenCvReader | None = self._open_camera()
        while reader is not None:
            with _released(reader):
                if self._settings.is_network and reader.frame_count is not None:
                    self._play(reader)
                    return
                for image, arrived in reader.live_frames(self._clock):
                    if self._closing.is_set():
                        return
                    self._last_sign_of_life, self._lost_since = time.monotonic(), None
                    if image is not None:
                        self._hand_out(image, arrived)
            reader = self._reconnect()

    def _open_camera(self) -> OpenCvReader | None:
        """A network camera may start later than we do; a webcam is there or not."""
        try:
            return OpenCvReader(self._settings)
        except ServiceError:
            if not self._settings.is_network:
                raise
        return self._reconnect()

    def _reconnect(self) -> OpenCvReader | None:
        """Try to open the camera until ``reconnect_for_s`` after it was lost; ``None`` when closing."""
        shown = describe_source(self._settings.source)
        patience = self._settings.reconnect_for_s
        if self._lost_since is None:
            self._lost_since = time.monotonic()
            logger.warning("{} sends no frames; trying to get them for {:g} s", shown, patience)
        delay = FIRST_RECONNECT_DELAY_S
        while (left := self._lost_since + patience - time.monotonic()) > 0:
            if self._closing.wait(min(delay, left)):
                return None
            try:
                reader = OpenCvReader(self._settings)
            except ServiceError:
                delay = min(delay * 2, LAST_RECONNECT_DELAY_S)
            else:
                logger.warning("{} is back", shown)
                return reader
        raise ServiceError(f"frame_grabber.source: {shown} sent no frames for {patience:g} s")

    def _hand_out(self, image: Image, arrived: float) -> None:
        """Args: image: the frame. arrived: monotonic seconds at which it came."""
        if self._first_frame_at is None:
            self._first_frame_at = arrived
        timestamp = self._clock.epoch(arrived)
        self._waiting.put(
            CapturedFrame(image, self._next_index, arrived - self._first_frame_at, timestamp, timestamp)
        )
        self._next_index += 1
        self._last_sign_of_life = time.monotonic()


@contextmanager
def _released(reader: OpenCvReader) -> Iterator[OpenCvReader]:
    try:
        yield reader
    finally:
        reader.release()


def _no_frames(settings: FrameGrabberSettings) -> ServiceError:
    return ServiceError(
        f"frame_grabber.source: {describe_source(settings.source)} holds no frame that can be decoded: "
        "the file is damaged or empty, or OpenCV lacks its codec"
    )

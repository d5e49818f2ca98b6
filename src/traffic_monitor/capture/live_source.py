"""A camera, or a recording played at its own speed, that does not wait for whoever takes its frames."""

import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from loguru import logger

from traffic_monitor.capture.frames import CapturedFrame, Reader, no_frames
from traffic_monitor.capture.latest_frames import LatestFrames
from traffic_monitor.capture.readers import open_reader
from traffic_monitor.capture.shown import describe_source
from traffic_monitor.settings import FrameGrabberSettings
from traffic_monitor.shared_utils.clock import ArrivalClock
from traffic_monitor.shared_utils.errors import ServiceError
from traffic_monitor.shared_utils.frame_codec import Image
from traffic_monitor.shared_utils.resume import ResumePoint

LIVE_BUFFER_FRAMES = 2
"""Frames a camera may be ahead of the encoder; more would only be delay."""

FIRST_RECONNECT_DELAY_S = 0.5
LAST_RECONNECT_DELAY_S = 10.0

LEAVE_TIMEOUT_S = 1.0
"""How long closing waits for a camera that hangs in its driver."""


class LiveSource:
    """A camera, read by a thread of its own so that a hanging driver stops nobody; new frames push out old ones.

    A file in live mode is played at its own speed, and so is the URL of a recording. A camera that is lost is
    opened again with growing pauses.

    Args:
        settings: which source, its time-outs and its frame rate.
        clock: times the frames; another one in tests.
        after: the frame behind which the work goes on; None: it begins.
    """

    def __init__(
        self,
        settings: FrameGrabberSettings,
        clock: ArrivalClock | None = None,
        after: ResumePoint | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock or ArrivalClock()
        self._waiting: LatestFrames[CapturedFrame] = LatestFrames(LIVE_BUFFER_FRAMES)
        self._closing = threading.Event()
        self._failure: ServiceError | None = None
        self._after = after
        self._next_index = after.frame_index + 1 if after else 0
        self._first_frame_at: float | None = None
        self._last_sign_of_life = time.monotonic()
        self._lost_since: float | None = None
        self.frames_total: int | None = None
        self._reader: Reader | None = None
        self._damaged_before = 0
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """Frames that were pushed out before anybody took them."""
        return self._waiting.dropped

    @property
    def damaged(self) -> int:
        """Frames so far that could not be decoded, or only with damage; of all readers that were opened."""
        reader = self._reader
        return self._damaged_before + (reader.damaged if reader else 0)

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
                with self._reading(open_reader(self._settings)) as reader:
                    self._play(reader)
        except ServiceError as error:
            self._failure = error
        except Exception as error:  # noqa: BLE001 - else the thread would end and nobody know
            logger.opt(exception=error).error("reading the source failed")
            shown = describe_source(self._settings.source)
            self._failure = ServiceError(f"frame_grabber.source: {shown}: {error}")
        self._waiting.end()

    def _play(self, reader: Reader) -> None:
        """Hand out the frames of a recording at its own speed."""
        played = self._after.media_time if self._after else 0.0
        started = self._clock.monotonic() - played
        for image, position in reader.media_frames(self._after.media_time if self._after else None):
            if self._closing.wait(max(started + position - self._clock.monotonic(), 0)):
                return
            self._last_sign_of_life = time.monotonic()
            if image is not None:
                self._hand_out(image, self._clock.monotonic())
        if not self._next_index:
            raise no_frames(self._settings, reader.codec)
        reader.check_length()

    def _read_camera(self) -> None:
        reader: Reader | None = self._open_camera()
        while reader is not None:
            with self._reading(reader):
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

    def _open_camera(self) -> Reader | None:
        """A network camera may start later than we do; a webcam is there or not."""
        try:
            return open_reader(self._settings)
        except ServiceError:
            if not self._settings.is_network:
                raise
        return self._reconnect()

    def _reconnect(self) -> Reader | None:
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
                reader = open_reader(self._settings)
            except ServiceError:
                delay = min(delay * 2, LAST_RECONNECT_DELAY_S)
            else:
                logger.warning("{} is back", shown)
                return reader
        raise ServiceError(f"frame_grabber.source: {shown} sent no frames for {patience:g} s")

    def _hand_out(self, image: Image, arrived: float) -> None:
        """Args: image: the frame. arrived: monotonic seconds at which it came."""
        timestamp = self._clock.epoch(arrived)
        if self._first_frame_at is None:
            self._first_frame_at = arrived
            if self._after is not None:  # The seconds of the pause belong to the source's time.
                pause = max(timestamp - self._after.timestamp, 0.0)
                self._first_frame_at -= self._after.media_time + pause
        self._waiting.put(
            CapturedFrame(image, self._next_index, arrived - self._first_frame_at, timestamp, timestamp)
        )
        self._next_index += 1
        self._last_sign_of_life = time.monotonic()

    @contextmanager
    def _reading(self, reader: Reader) -> Iterator[Reader]:
        """Release the reader in the end, and keep its number of damaged frames."""
        self._reader = reader
        try:
            yield reader
        finally:
            self._reader = None
            self._damaged_before += reader.damaged
            reader.release()

"""A camera, or a recording played at its own speed, that does not wait for whoever takes its frames."""

import queue
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from loguru import logger

from traffic_monitor.capture.failures import (
    SENTENCES,
    FailureCode,
    SourceFailure,
    classify,
    failure_of,
    why_unreachable,
)
from traffic_monitor.capture.frames import CapturedFrame, Reader, no_frames
from traffic_monitor.capture.late_frames import LateFrames
from traffic_monitor.capture.latest_frames import LatestFrames
from traffic_monitor.capture.readers import open_reader
from traffic_monitor.capture.retries import Retries
from traffic_monitor.capture.shown import describe_source
from traffic_monitor.capture.source_state import SourceStatus
from traffic_monitor.settings import FrameGrabberSettings
from traffic_monitor.shared_utils.clock import ArrivalClock
from traffic_monitor.shared_utils.constants import SourceState
from traffic_monitor.shared_utils.errors import ServiceError
from traffic_monitor.shared_utils.frame_codec import Image
from traffic_monitor.shared_utils.redaction import hide_urls
from traffic_monitor.shared_utils.resume import ResumePoint

LIVE_BUFFER_FRAMES = 2
"""Frames a camera may be ahead of the encoder; more would only be delay."""

LEAVE_TIMEOUT_S = 1.0
"""How long closing waits for a camera that hangs in its driver."""

NAME_LOOKUP_S = 60.0
"""Looking up a host name is the only step of a network reader without a time-out of its own; with several dead DNS
servers it takes half a minute."""

SILENT = (FailureCode.TIMED_OUT, FailureCode.UNREACHABLE, FailureCode.UNKNOWN_HOST)
"""After these a bare connection comes first, because opening the stream would wait long for nothing."""


class LiveSource:
    """A camera, read by a thread of its own so that a hanging driver stops nobody; new frames push out old ones.

    A file in live mode is played at its own speed, and so is the URL of a recording. A camera that is lost, or not
    there yet, is tried again and again: for ever, or for ``reconnect_for_s``.

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
        self._shown = describe_source(settings.source)
        self._clock = clock or ArrivalClock()
        self._retries = Retries()
        self._status = SourceStatus(self._shown, self._clock.epoch(self._clock.monotonic()))
        self._waiting: LatestFrames[CapturedFrame] = LatestFrames(LIVE_BUFFER_FRAMES)
        self._closing = threading.Event()
        self._failure: ServiceError | None = None
        self._after = after
        self._next_index = after.frame_index + 1 if after else 0
        self._frames_seen = 0
        self._first_frame_at: float | None = None
        self._reading_since: float | None = time.monotonic()
        """Since when the thread has been in the reader, monotonic seconds; None while it pauses."""
        self.frames_total: int | None = None
        self._reader: Reader | None = None
        self._damaged_before = 0
        self._late = 0
        self._logged: set[type[Exception]] = set()
        """Errors that nobody foresaw and that are in the log."""
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

    def details(self) -> Mapping[str, Any]:
        """For the supervisor: state, failure and outages; frames that came too late; steps of the system clock."""
        return {**self._status.details(), "frames_late": self._late, "clock_steps": self._clock.steps}

    def get(self, *, timeout: float) -> CapturedFrame | None:
        """Next frame; ``None`` after the last one of a recording."""
        try:
            frame = self._waiting.get(timeout=timeout)
        except queue.Empty:
            self._status.check_silence()
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
        settings, since = self._settings, self._reading_since
        patience = settings.open_timeout_s + settings.read_timeout_s + NAME_LOOKUP_S * settings.is_network
        if since is not None and time.monotonic() - since > patience:
            raise ServiceError(f"frame_grabber.source: {self._shown} has not sent a frame for {patience:g} s")

    def _run(self) -> None:
        try:
            if self._settings.is_webcam or self._settings.is_network:
                self._read_camera()
            else:
                with self._reading(open_reader(self._settings)) as reader:
                    self._play(reader)
            state = SourceState.ENDED
        except ServiceError as error:
            state, self._failure = SourceState.FAILED, error
        except Exception as error:  # noqa: BLE001 - else the thread would end and nobody know
            logger.opt(exception=error).error("reading the source failed")
            state = SourceState.FAILED
            self._failure = ServiceError(f"frame_grabber.source: {self._shown}: {hide_urls(str(error))}")
        if not self._closing.is_set():
            self._status.over(state)
        self._waiting.end()

    def _play(self, reader: Reader) -> None:
        """Hand out the frames of a recording at its own speed."""
        played = self._after.media_time if self._after else 0.0
        started = self._clock.monotonic() - played
        for image, position in reader.media_frames(self._after.media_time if self._after else None):
            if self._closing.wait(max(started + position - self._clock.monotonic(), 0)):
                return
            self._note_frame(self._clock.monotonic())
            if image is not None:
                self._hand_out(image, self._clock.monotonic())
        if not self._next_index:
            raise no_frames(self._settings, reader.codec)
        reader.check_length()

    def _read_camera(self) -> None:
        """Read the camera, again and again, until it is given up, closed, or a recording that has ended."""
        lost_since: float | None = None
        failure: SourceFailure | None = None
        while True:
            started, seen = time.monotonic(), self._frames_seen
            is_silent = failure is not None and failure.code in SILENT
            failure = (why_unreachable(self._settings) if is_silent else None) or self._read_once(started)
            self._reading_since = None
            if failure is None:
                return
            now = time.monotonic()
            if lost_since is None or self._frames_seen > seen:
                lost_since = now
                self._retries.worked_for(now - started)
            if self._closing.wait(self._pause_s(failure, lost_since, now)):
                return

    def _read_once(self, started: float) -> SourceFailure | None:
        """Open and read the camera until it is lost; None when closing and after a recording."""
        self._reading_since = started
        try:
            opened = open_reader(self._settings)
        except ServiceError as error:
            return classify(error, self._settings, time.monotonic() - started)
        with self._reading(opened) as reader:
            if self._settings.is_network and reader.is_recording:
                self._play(reader)
                return None
            try:
                return self._read_frames(reader)
            except ServiceError as error:
                return classify(error, self._settings, time.monotonic() - (self._reading_since or started))
            except Exception as error:  # noqa: BLE001 - opening it again helps against most, and nobody is there
                return self._unforeseen(error)

    def _read_frames(self, reader: Reader) -> SourceFailure | None:
        """Hand out the frames of a camera until it is lost. Broken pictures are skipped, unless all are."""
        late, damaged = LateFrames(reader.fps, self._clock.monotonic()), reader.damaged
        last = last_good = self._clock.monotonic()
        for image, arrived in reader.live_frames(self._clock):
            if self._closing.is_set():
                return None
            if self._settings.is_network and arrived - last > self._settings.read_timeout_s:
                return failure_of(FailureCode.TIMED_OUT, self._settings)
            last = arrived
            if image is None and reader.damaged > damaged:
                damaged, self._reading_since = reader.damaged, time.monotonic()
                if arrived - last_good > self._settings.read_timeout_s:
                    return failure_of(FailureCode.CODEC, self._settings)
                continue
            damaged, last_good = reader.damaged, arrived
            self._note_frame(arrived)
            if late.includes(arrived):
                self._late += image is not None
            elif image is not None:
                self._hand_out(image, arrived)
        timed_out = self._clock.monotonic() - last >= self._settings.read_timeout_s
        return failure_of(FailureCode.TIMED_OUT if timed_out else FailureCode.CONNECTION_LOST, self._settings)

    def _unforeseen(self, error: Exception) -> SourceFailure:
        """The failure of an error that no reader should raise. Each kind is logged once with its traceback."""
        if type(error) not in self._logged:
            self._logged.add(type(error))
            logger.opt(exception=error).error("reading {} failed", self._shown)
        return SourceFailure(FailureCode.OTHER, f"{SENTENCES[FailureCode.OTHER]}: {hide_urls(str(error))}")

    def _pause_s(self, failure: SourceFailure, lost_since: float, now: float) -> float:
        """Seconds until the next try.

        Args:
            failure: of the last try.
            lost_since: when the camera was noticed to be lost, monotonic seconds.
            now: monotonic seconds.

        Raises:
            ServiceError: ``reconnect_for_s`` is over.
        """
        patience, lost_for_s = self._settings.reconnect_for_s, now - lost_since
        if patience == 0:
            self._status.lost(failure, "given up")
            raise ServiceError(f"frame_grabber.source: {self._shown} sends no frames: {failure.sentence}")
        pause = self._retries.next_pause_s(failure.code)
        if patience is None:
            every = f"next try in {pause / 60:.0f} min" if pause >= 60 else "tried until it is back"
            self._status.lost(failure, every)
            return pause
        self._status.lost(failure, f"tried for {patience:g} s")
        if lost_for_s >= patience:
            raise ServiceError(
                f"frame_grabber.source: {self._shown} sent no frames for {lost_for_s:.1f} s: {failure.sentence}"
            )
        return min(pause, patience - lost_for_s)

    def _note_frame(self, arrived: float) -> None:
        """The camera lives. Args: arrived: monotonic seconds."""
        self._reading_since = time.monotonic()
        self._frames_seen += 1
        self._status.frame_came(self._clock.epoch(arrived))

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

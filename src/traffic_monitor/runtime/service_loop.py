"""The one loop every service runs on."""

import queue
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from loguru import logger

from traffic_monitor.runtime.control import ServiceControl
from traffic_monitor.runtime.cores import lower_priority
from traffic_monitor.runtime.transport import MessageSource, Outgoing, Prefetch, PreparationError
from traffic_monitor.runtime.work_log import FailureLog, WorkLog
from traffic_monitor.shared_utils.constants import POLL_INTERVAL_S, REPORT_INTERVAL_S
from traffic_monitor.shared_utils.errors import ServiceError

MAX_CONSECUTIVE_ERRORS = 50
"""A service that fails on this many messages of one camera in a row is broken, not unlucky: better to end than to
run blind."""


class ShutdownEvent(Protocol):
    """A ``multiprocessing.Event`` or ``threading.Event``."""

    def is_set(self) -> bool:
        """Whether every service must exit now."""


class Service(ABC):
    """One stage of the pipeline. Knows messages, but no queue, no process and no other stage."""

    def prepare(self, message: Any) -> None:  # noqa: B027 - most services have nothing to do
        """Start background work on a message before ``process`` receives it. Called by another thread."""

    @abstractmethod
    def process(self, message: Any) -> Iterable[Any]:
        """Handle one message and return those to send on."""

    def flush(self) -> Iterable[Any]:
        """Messages that remain to be sent when the stream has ended."""
        return ()

    def idle(self) -> None:  # noqa: B027 - most services have nothing to do
        """Called while no message arrives, about every ``POLL_INTERVAL_S``."""

    def details(self) -> Mapping[str, Any]:
        """What only this service knows of its camera, for the supervisor; asked every ``REPORT_INTERVAL_S``."""
        return {}

    def details_by_camera(self) -> Mapping[str, Mapping[str, Any]]:
        """The details of every camera of this process; see ``PerCamera``."""
        return {}

    def close(self) -> None:  # noqa: B027 - most services hold nothing
        """Release what the service holds. Called exactly once, however the service ends."""


def run_service(
    name: str,
    build: Callable[[], Service],
    source: MessageSource,
    outputs: Sequence[Outgoing],
    shutdown_event: ShutdownEvent,
    control: ServiceControl | None = None,
    *,
    prepare_ahead: bool = False,
    low_priority: bool = False,
) -> None:
    """Run a service until its input ends or the shutdown event is set.

    An error on one message is logged with its ``frame_id`` and counted; the next message is processed. At the
    end of the stream the service is flushed and the end is passed on to every output, also when flushing fails.

    Args:
        name: service name for the log.
        build: makes the service; runs here so that models load in the service's own process.
        source: where messages come from.
        outputs: where every resulting message is sent, each by its own drop policy.
        shutdown_event: when set, exit within about ``POLL_INTERVAL_S``, whatever is unsent.
        control: wire to the supervisor; without one the service runs on its own.
        prepare_ahead: fetch messages early and have the service ``prepare`` them.
        low_priority: lower the priority of the process once the service is built.

    Raises:
        ServiceError: too many messages in a row failed.
        Exception: whatever ``build`` raised.
    """
    service = build()
    if low_priority:
        lower_priority()
    if prepare_ahead:
        source = Prefetch(source, service.prepare)
    _Loop(name, service, source, list(outputs), shutdown_event, control or ServiceControl()).run()


class _Loop:
    def __init__(
        self,
        name: str,
        service: Service,
        source: MessageSource,
        outputs: list[Outgoing],
        shutdown_event: ShutdownEvent,
        control: ServiceControl,
    ) -> None:
        self._name = name
        self._service = service
        self._source = source
        self._outputs = outputs
        self._cancelled = shutdown_event.is_set
        self._control = control
        self._work = WorkLog()
        self._failures = FailureLog(name)
        self._next_report = time.monotonic()
        self._free_since = time.perf_counter()
        self._ended = False

    def run(self) -> None:
        self._control.ready()
        logger.info("{} is ready", self._name)
        try:
            while not self._ended and not self._cancelled():
                self._step()
                self._report_when_due()
        finally:
            if not self._ended or self._cancelled():
                for output in self._outputs:
                    output.abandon()
            try:
                self._service.close()
            finally:
                self._report()
                logger.info(
                    "{} {} after {} messages", self._name, "ended" if self._ended else "left", self._work.processed
                )

    def _step(self) -> None:
        """Handle one message, or the end of the stream."""
        try:
            message = self._source.get(timeout=POLL_INTERVAL_S)
        except queue.Empty:
            self._service.idle()
            return
        except PreparationError as failure:
            self._note_failure(failure.message, failure.__cause__ or failure)
            return
        except ServiceError:  # The source is lost. What it gave is finished all the same.
            self._end_of_stream()
            raise
        if message is None:
            self._end_of_stream()
            return
        started = time.perf_counter()
        try:
            results = list(self._service.process(message))
        except Exception as error:  # noqa: BLE001 - one bad message must not end the service
            self._note_failure(message, error)
            return
        done = time.perf_counter()
        self._work.succeeded(message, done - started, started - self._free_since)
        self._free_since = done
        self._send(results)

    def _note_failure(self, message: Any, error: BaseException) -> None:
        if isinstance(error, ServiceError):
            raise error
        self._failures.add(message, error)
        if self._work.failed(message) >= MAX_CONSECUTIVE_ERRORS:
            raise ServiceError(f"{MAX_CONSECUTIVE_ERRORS} messages in a row failed, the last with: {error}")

    def _end_of_stream(self) -> None:
        self._ended = True
        self._control.stream_ended()
        try:
            self._send(self._service.flush())
        finally:
            for output in self._outputs:
                output.end(self._cancelled_while_waiting)

    def _send(self, messages: Iterable[Any]) -> None:
        for message in messages:
            for output in self._outputs:
                output.send(message, self._cancelled_while_waiting)

    def _cancelled_while_waiting(self) -> bool:
        """Whether to give up; a service that waits for room still reports, so that nobody takes it for hung."""
        self._report_when_due()
        return self._cancelled()

    def _report_when_due(self) -> None:
        if time.monotonic() >= self._next_report and self._control.has_room():
            self._report()

    def _report(self) -> None:
        self._next_report = time.monotonic() + REPORT_INTERVAL_S
        dropped_at_source = getattr(self._source, "dropped", 0)
        details = self._service.details_by_camera()
        self._control.report(self._work.report(self._outputs, dropped_at_source, details))

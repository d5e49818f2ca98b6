"""The wire between a service and its supervisor: reports up, start and stop down.

Every service has a pipe of its own. A pipe has one writer on each side and no lock that a killed process
could take with it, so a death never blocks the others.
"""

import time
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from multiprocessing.connection import Connection
from typing import Any

from traffic_monitor.runtime.timing import RecentTimes
from traffic_monitor.runtime.transport import Outgoing
from traffic_monitor.shared_utils.constants import ServiceName


class Command(Enum):
    """What a supervisor tells a service."""

    START = auto()
    """Every service is ready: the grabber may open its source."""
    STOP = auto()
    """Stop reading the source and send the end of the stream."""


@dataclass(frozen=True)
class Gone:
    """A process has died, and the run goes on without it."""

    service: ServiceName
    number: int
    """Which of the service's processes, from 0."""


@dataclass(frozen=True)
class Ready:
    """The service has loaded what it needs."""


@dataclass(frozen=True)
class StopRequested:
    """The user asked a service to end the run, for example with ``q`` in the window."""

    reason: str


@dataclass(frozen=True)
class Failed:
    """The service cannot go on. ``reason`` is one line for people."""

    reason: str


@dataclass(frozen=True)
class ServiceReport:
    """What a service has done so far."""

    processed: int = 0
    errors: int = 0
    dropped: int = 0
    busy_ms_p50: float = 0.0
    busy_ms_p95: float = 0.0
    wait_ms_p50: float = 0.0
    """Between two messages: waiting for the next one to come and for room for the last results."""
    wait_ms_p95: float = 0.0
    latency_ms_p50: float = 0.0
    """From the capture of a frame until this service was done with it."""
    latency_ms_p95: float = 0.0
    busy_s: float = 0.0
    cpu_s: float = 0.0
    """Processor time of the whole process since the service was ready."""
    first_done_at: float | None = None
    """Epoch seconds at which the first message was done."""
    last_done_at: float | None = None
    details: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By camera: what only this service knows, for example the frames in a file or the latest counts."""

    @classmethod
    def of_all(cls, reports: Sequence["ServiceReport"]) -> "ServiceReport":
        """The reports of a service's processes as one: sums, and of each percentile the largest; no details."""
        if len(reports) < 2:
            return reports[0] if reports else cls()
        firsts = [report.first_done_at for report in reports if report.first_done_at is not None]
        lasts = [report.last_done_at for report in reports if report.last_done_at is not None]
        return cls(
            **{name: sum(getattr(report, name) for report in reports) for name in SUMMED},
            **{name: max(getattr(report, name) for report in reports) for name in LARGEST},
            first_done_at=min(firsts, default=None),
            last_done_at=max(lasts, default=None),
        )


SUMMED = ("processed", "errors", "dropped", "busy_s", "cpu_s")
LARGEST = tuple(f"{what}_ms_{percentile}" for what in ("busy", "wait", "latency") for percentile in ("p50", "p95"))

Report = Ready | StopRequested | Failed | ServiceReport


class ServiceControl:
    """A service's end of the wire. Without a connection the service runs on its own: start at once, never stop.

    Args:
        connection: to the supervisor.
        number: which of the service's processes this is, from 0.
    """

    def __init__(self, connection: Connection | None = None, number: int = 0) -> None:
        self._connection = connection
        self.number = number
        self._started = connection is None
        self._stop_requested = False
        self._gone: dict[ServiceName, set[int]] = defaultdict(set)

    def gone(self, service: ServiceName) -> Collection[int]:
        """Numbers of the processes of a service that have died."""
        self._receive()
        return self._gone[service]

    def is_gone(self, service: ServiceName, number: int) -> bool:
        """Whether one process of a service has died."""
        return number in self.gone(service)

    @property
    def started(self) -> bool:
        """Whether the pipeline is complete and the source may be opened."""
        self._receive()
        return self._started

    @property
    def stop_requested(self) -> bool:
        """Whether the source should end now."""
        self._receive()
        return self._stop_requested

    def ready(self) -> None:
        """Tell the supervisor that this service can take messages."""
        self._send(Ready())

    def request_stop(self, reason: str) -> None:
        """Ask the supervisor to end the run."""
        self._send(StopRequested(reason))

    def fail(self, reason: str) -> None:
        """Tell the supervisor why this service ends."""
        self._send(Failed(reason))

    def report(self, report: ServiceReport) -> None:
        """Tell the supervisor how far this service is."""
        self._send(report)

    def _send(self, report: Report) -> None:
        if self._connection is None:
            return
        try:
            self._connection.send(report)
        except OSError:
            self._connection = None  # The supervisor is gone; the lifeline ends this process.

    def _receive(self) -> None:
        try:
            while self._connection is not None and self._connection.poll():
                command = self._connection.recv()
                self._started |= command is Command.START
                self._stop_requested |= command is Command.STOP
                if isinstance(command, Gone):
                    self._gone[command.service].add(command.number)
        except (EOFError, OSError):
            self._connection = None


@dataclass
class WorkLog:
    """Counters of one running service, turned into reports."""

    processed: int = 0
    errors: int = 0
    consecutive_errors: int = 0
    busy: RecentTimes = field(default_factory=RecentTimes)
    waits: RecentTimes = field(default_factory=RecentTimes)
    latencies: RecentTimes = field(default_factory=RecentTimes)
    first_done_at: float | None = None
    last_done_at: float | None = None
    cpu_s_before: float = field(default_factory=time.process_time)

    def succeeded(self, busy_s: float, wait_s: float, captured_at: float | None) -> None:
        """One message was processed.

        Args:
            busy_s: seconds of work.
            wait_s: seconds since the message before.
            captured_at: epoch seconds at which its frame was captured, where it tells.
        """
        self.processed += 1
        self.consecutive_errors = 0
        self.busy.add(busy_s)
        self.waits.add(wait_s)
        now = time.time()
        if captured_at is not None:
            self.latencies.add(now - captured_at)
        self.first_done_at = self.first_done_at or now
        self.last_done_at = now

    def failed(self) -> None:
        """One message could not be processed."""
        self.errors += 1
        self.consecutive_errors += 1

    def report(
        self, outputs: Sequence[Outgoing], dropped_at_source: int, details: Mapping[str, Mapping[str, Any]]
    ) -> ServiceReport:
        """The counters as they stand now."""
        return ServiceReport(
            processed=self.processed,
            errors=self.errors,
            dropped=dropped_at_source + sum(output.dropped for output in outputs),
            busy_ms_p50=round(self.busy.percentile_ms(50), 2),
            busy_ms_p95=round(self.busy.percentile_ms(95), 2),
            wait_ms_p50=round(self.waits.percentile_ms(50), 2),
            wait_ms_p95=round(self.waits.percentile_ms(95), 2),
            latency_ms_p50=round(self.latencies.percentile_ms(50), 2),
            latency_ms_p95=round(self.latencies.percentile_ms(95), 2),
            busy_s=self.busy.total_s,
            cpu_s=time.process_time() - self.cpu_s_before,
            first_done_at=self.first_done_at,
            last_done_at=self.last_done_at,
            details=details,
        )

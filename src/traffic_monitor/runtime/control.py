"""The wire between a service and its supervisor: reports up, commands down.

Every service has a pipe of its own. A pipe has one writer per side and no lock that a killed process could leave
locked, so the death of one service never blocks the others.
"""

import select
import threading
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from multiprocessing.connection import Connection
from typing import Any

from traffic_monitor.shared_utils.constants import ServiceName


class Command(Enum):
    """What the supervisor sends to a service."""

    START = auto()
    """Every service is ready: the grabber may open its source."""
    STOP = auto()
    """Stop reading the source and send the end of the stream."""
    PAUSE = auto()
    """Stop reading a file for a while."""
    RESUME = auto()
    """Read on."""


@dataclass(frozen=True)
class ProcessLost:
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
class PauseRequested:
    """The user asked a service to pause the run, or to go on."""

    pauses: bool


@dataclass(frozen=True)
class Failed:
    """The service cannot go on. ``reason`` is one line for people."""

    reason: str
    is_final: bool = True
    """Whether a new process of the service would fail for the same reason, for example for want of a file."""


@dataclass(frozen=True)
class StreamEnded:
    """The service's input has ended: it sends what remains, and exits."""


@dataclass(frozen=True)
class ServiceReport:
    """What a service has done so far."""

    processed: int = 0
    errors: int = 0
    dropped: int = 0
    busy_ms_p50: float = 0.0
    busy_ms_p95: float = 0.0
    wait_ms_p50: float = 0.0
    """Between two messages: waiting for the next one, and for room for the last results."""
    wait_ms_p95: float = 0.0
    latency_ms_p50: float = 0.0
    """From the capture of a frame until this service was done with it."""
    latency_ms_p95: float = 0.0
    busy_s: float = 0.0
    cpu_s: float = 0.0
    """Processor time of the whole process since the service was ready."""
    first_done_at: float | None = None
    """Monotonic seconds, the same for all processes of a machine, at which the first message was done."""
    last_done_at: float | None = None
    details: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By camera: what only this service knows, for example the frames in a file or the latest counts."""

    @classmethod
    def of_all(cls, reports: Sequence["ServiceReport"]) -> "ServiceReport":
        """One report for all processes of a service: sums, the largest of each percentile, no details."""
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

Report = Ready | StopRequested | PauseRequested | Failed | StreamEnded | ServiceReport


class ServiceControl:
    """A service's end of the wire. Without a connection the service starts at once and is never stopped.

    Several threads of the service may use it.

    Args:
        connection: to the supervisor.
        number: which of the service's processes this is, from 0.
    """

    def __init__(self, connection: Connection | None = None, number: int = 0) -> None:
        self._connection = connection
        self._receiving, self._sending = threading.Lock(), threading.Lock()
        self.number = number
        self._started = connection is None
        self._stop_requested = False
        self._paused = False
        self._lost: dict[ServiceName, set[int]] = defaultdict(set)

    def lost(self, service: ServiceName) -> Collection[int]:
        """Numbers of the processes of a service that have died."""
        self._receive()
        return self._lost[service]

    def is_lost(self, service: ServiceName, number: int) -> bool:
        """Whether one process of a service has died."""
        return number in self.lost(service)

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

    @property
    def paused(self) -> bool:
        """Whether a file should not be read on for now."""
        self._receive()
        return self._paused

    def ready(self) -> None:
        """Tell the supervisor that this service can take messages."""
        self._send(Ready())

    def request_stop(self, reason: str) -> None:
        """Ask the supervisor to end the run."""
        self._send(StopRequested(reason))

    def request_pause(self, pauses: bool) -> None:
        """Ask the supervisor to pause the reading of files, or to go on with it."""
        self._send(PauseRequested(pauses))

    def fail(self, reason: str, *, is_final: bool = True) -> None:
        """Tell the supervisor why this service ends, and whether a new process would end as well."""
        self._send(Failed(reason, is_final))

    def stream_ended(self) -> None:
        """Tell the supervisor that this service has read all of its input."""
        self._send(StreamEnded())

    def report(self, report: ServiceReport) -> None:
        """Tell the supervisor how far this service is. May wait for the supervisor; see ``has_room``."""
        self._send(report)

    def has_room(self) -> bool:
        """Whether a report can be sent at once. A pipe is full when the supervisor does not read it."""
        connection = self._connection
        if connection is None or not hasattr(select, "poll"):  # Windows
            return True
        room = select.poll()
        room.register(connection, select.POLLOUT)
        return bool(room.poll(0))

    def _send(self, report: Report) -> None:
        with self._sending:
            if self._connection is None:
                return
            try:
                self._connection.send(report)
            except OSError:
                self._connection = None  # The supervisor has died; the parent watchdog ends this process.

    def _receive(self) -> None:
        with self._receiving:
            try:
                while self._connection is not None and self._connection.poll():
                    command = self._connection.recv()
                    self._started |= command is Command.START
                    self._stop_requested |= command is Command.STOP
                    if command in (Command.PAUSE, Command.RESUME):
                        self._paused = command is Command.PAUSE
                    if isinstance(command, ProcessLost):
                        self._lost[command.service].add(command.number)
            except (EOFError, OSError):
                self._connection = None

"""The supervisor: builds the queues, starts, watches and stops the seven services. Knows no computer vision."""

import multiprocessing
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext, SpawnProcess
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from loguru import logger

from traffic_monitor.records.run_folder import LOG_FILE
from traffic_monitor.records.summary import CameraResults, RunResults
from traffic_monitor.runtime.control import (
    Command,
    Failed,
    Gone,
    Ready,
    Report,
    ServiceReport,
    StopRequested,
)
from traffic_monitor.runtime.cores import available_cores, share_cores
from traffic_monitor.runtime.service_process import (
    USER_SIGNALS,
    ServiceProcess,
    run_service_process,
    signals_held_back,
)
from traffic_monitor.runtime.transport import widen_pipe
from traffic_monitor.settings import Settings
from traffic_monitor.shared_utils.constants import ExitCode, ServiceName
from traffic_monitor.shared_utils.logging_config import TOLD_ELSEWHERE, LogTarget
from traffic_monitor.supervision.wiring import Part, wire

WATCH_INTERVAL_S = 0.2
LEAVE_TIMEOUT_S = 2.5
"""How long services have to leave after the shutdown event; they cut themselves off a little earlier."""
TERMINATE_TIMEOUT_S = 0.5
END_OF_STREAM = "end_of_stream"
DOUBLE_SIGNAL_S = 0.5
"""A second Ctrl-C this soon is the same one, handed on by make or pixi as well as by the terminal."""


class RunState(Enum):
    """Where a run is."""

    STARTING = auto()
    RUNNING = auto()
    DRAINING = auto()


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended."""

    exit_reason: str
    """``end_of_stream``, ``stopped`` or ``aborted: <why>``."""
    exit_code: ExitCode
    wall_seconds: float
    """From the moment all services were ready to the end."""
    results: RunResults
    ended_before: Mapping[str, str] = field(default_factory=dict)
    """By camera: the exit reason of those that ended before the run did."""

    def reason_of(self, camera_id: str) -> str:
        """The exit reason of one camera."""
        return self.ended_before.get(camera_id, self.exit_reason)


@dataclass(frozen=True)
class RunStatus:
    """A run at one moment, for whoever shows it."""

    state: RunState
    ready: int
    """Processes that have loaded what they need."""
    processes: int
    running_seconds: float
    results: RunResults
    queue_fill: Mapping[str, int | None]
    """Messages waiting per queue; None where the platform cannot tell."""
    ended: Mapping[str, str] = field(default_factory=dict)
    """By camera: the exit reason of those that have ended."""


class _Abort(Exception):  # noqa: N818 - a way out, not a mistake
    def __init__(self, reason: str, exit_code: ExitCode = ExitCode.ABORTED) -> None:
        super().__init__(reason)
        self.reason = reason
        self.exit_code = exit_code


@dataclass
class _Child:
    part: Part
    process: SpawnProcess
    connection: Connection | None
    ready: bool = False
    failure: str | None = None
    given_up: str | None = None
    """Why it died, if the run goes on without it: other workers do its work, or it was one of several cameras."""


class _Signals:
    """Counts the user's wishes to stop; what they mean is decided in the watching loop."""

    def __init__(self) -> None:
        self.stop_reason: str | None = None
        self.interrupted_twice = False
        self._stop_wished_at = 0.0
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> "_Signals":
        for number in USER_SIGNALS:
            self._previous[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, _frame: object) -> None:
        now = time.monotonic()
        if self.stop_reason is None:
            self.stop_reason = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
            self._stop_wished_at = now
        elif number == signal.SIGINT and now - self._stop_wished_at > DOUBLE_SIGNAL_S:
            self.interrupted_twice = True


class Supervisor:
    """Runs the pipeline once.

    Args:
        settings: validated settings.
        run_dirs: existing folders of this run, one for each camera. The log is in the first.
        on_status: called about every ``WATCH_INTERVAL_S`` with the state of the run.
    """

    def __init__(
        self,
        settings: Settings,
        run_dirs: Sequence[Path],
        on_status: Callable[[RunStatus], None] = lambda _status: None,
    ) -> None:
        self._settings = settings.for_run(*run_dirs)
        self._camera_ids = [camera.camera_id for camera in settings.each_camera()]
        self._on_status = on_status
        self._context: SpawnContext = multiprocessing.get_context("spawn")
        self._shutdown_event: Event = self._context.Event()
        self._queues: dict[str, Any] = {}
        self._children: list[_Child] = []
        self._log_target = LogTarget(run_dirs[0] / LOG_FILE, settings.logging.level)
        self._results = RunResults()
        for camera_id in self._camera_ids:
            self._results.cameras[camera_id] = CameraResults()
        self._state = RunState.STARTING
        self._state_since = time.monotonic()
        self._running_since: float | None = None
        self._stop_reason: str | None = None
        self._ended: dict[str, str] = {}

    def run(self) -> RunOutcome:
        """Start everything, watch it to its end and clean up. Leaves no process behind."""
        exit_reason, exit_code = END_OF_STREAM, ExitCode.OK
        with _Signals() as signals:
            try:
                self._start()
                self._watch(signals)
                if self._stop_reason is not None:
                    exit_reason = "stopped"
                if any(
                    child.part.service is ServiceName.FRAME_GRABBER and child.given_up for child in self._children
                ):
                    exit_code = ExitCode.ABORTED
            except _Abort as abort:
                exit_reason, exit_code = f"aborted: {abort.reason}", abort.exit_code
                # What was read of a file that had ended may not all have been counted.
                self._ended = {camera: why for camera, why in self._ended.items() if why != END_OF_STREAM}
                logger.bind(**TOLD_ELSEWHERE).error("aborting: {}", abort.reason)
            finally:
                self._leave()
        wall_seconds = time.monotonic() - self._running_since if self._running_since is not None else 0.0
        return RunOutcome(exit_reason, exit_code, wall_seconds, self._results, self._ended)

    def _start(self) -> None:
        threads = share_cores(available_cores())
        parts = wire(self._settings, self._queue)
        together = Counter(part.service for part in parts)
        for part in parts:
            ours, theirs = self._context.Pipe(duplex=True)
            spec = ServiceProcess(
                part.service,
                part.arguments,
                self._log_target,
                max(threads[part.service] // together[part.service], 1),
                part.number,
                part.label,
            )
            process = self._context.Process(
                target=run_service_process, args=(spec, self._shutdown_event, theirs), name=part.service
            )
            with signals_held_back():
                process.start()
            theirs.close()  # Else the end of the child would not be the end of the pipe.
            self._children.append(_Child(part, process, ours))
            logger.info("started {} as process {}", part.label, process.pid)

    def _queue(self, name: str, size: int) -> Any:
        """Make the queue of this name for so many messages."""
        self._queues[name] = self._context.Queue(size)
        widen_pipe(self._queues[name])
        return self._queues[name]

    def _watch(self, signals: _Signals) -> None:
        """Wait for the end of all services; raises ``_Abort`` when it cannot be a good one."""
        while any(child.process.exitcode is None for child in self._children):
            self._receive(WATCH_INTERVAL_S)
            self._check_children()
            if signals.interrupted_twice:
                raise _Abort("interrupted a second time", ExitCode.INTERRUPTED)
            if signals.stop_reason is not None:
                self._stop(signals.stop_reason)
            if self._stop_reason is not None and self._state is RunState.STARTING:
                return  # Nothing is in the queues yet: leave without draining.
            self._advance()
            self._on_status(self._status())

    def _receive(self, timeout: float) -> None:
        """Take in what the services tell, for at most ``timeout`` seconds."""
        listening = [child for child in self._children if child.connection is not None]
        heard = wait([child.connection for child in listening if child.connection is not None], timeout)
        for child in listening:
            if child.connection is None or child.connection not in heard:
                continue
            try:
                self._take(child, child.connection.recv())
            except (EOFError, OSError):
                child.connection = None
        if not listening:
            time.sleep(timeout)

    def _take(self, child: _Child, report: Report) -> None:
        match report:
            case Ready():
                child.ready = True
            case StopRequested(reason):
                self._stop(reason)
            case Failed(reason):
                child.failure = reason
            case ServiceReport():
                self._results.take(child.part.service, report, child.part.number)

    def _check_children(self) -> None:
        for child in self._children:
            if child.process.exitcode is None or child.given_up:
                continue
            part = child.part
            if child.process.exitcode == ExitCode.OK:
                if part.service is ServiceName.FRAME_GRABBER and self._stop_reason is None:
                    self._ended.setdefault(self._camera_ids[part.number], END_OF_STREAM)
                continue
            self._receive(0)  # Its last words.
            failure = f": {child.failure}" if child.failure else f" {_cause_of_death(child.process.exitcode)}"
            child.given_up = f"{part.label}{failure}"
            if self._state is RunState.STARTING or not self._can_do_without(child):
                raise _Abort(child.given_up)
            logger.error("{}; what it had is lost, the others go on", child.given_up)
            if part.service is ServiceName.FRAME_GRABBER:
                self._ended[self._camera_ids[part.number]] = f"aborted: {child.given_up}"
            for service in ServiceName:
                self._tell(service, Gone(part.service, part.number))

    def _can_do_without(self, child: _Child) -> bool:
        """Whether another process of the same service has not failed."""
        return any(
            other.part.service is child.part.service and other.process.exitcode in (None, ExitCode.OK)
            for other in self._children
        )

    def _advance(self) -> None:
        """Go on to the next state when it is time, give up when it is too late."""
        waited = time.monotonic() - self._state_since
        timeouts = self._settings.supervisor
        if self._state is RunState.STARTING:
            if all(child.ready for child in self._children):
                self._running_since = time.monotonic()
                self._enter(RunState.RUNNING)
                self._tell(ServiceName.FRAME_GRABBER, Command.START)
            elif waited > timeouts.startup_timeout_s:
                slow = ", ".join(child.part.label for child in self._children if not child.ready)
                raise _Abort(f"not ready after {timeouts.startup_timeout_s:g} s: {slow}")
        elif self._state is RunState.DRAINING and waited > timeouts.drain_timeout_s:
            raise _Abort(f"the queues were not drained within {timeouts.drain_timeout_s:g} s")

    def _stop(self, reason: str) -> None:
        if self._stop_reason is not None:
            return
        self._stop_reason = reason
        logger.info("stopping: {}", reason)
        if self._state is RunState.RUNNING:
            self._enter(RunState.DRAINING)
            self._tell(ServiceName.FRAME_GRABBER, Command.STOP)

    def _enter(self, state: RunState) -> None:
        self._state, self._state_since = state, time.monotonic()

    def _tell(self, service: ServiceName, command: Command | Gone) -> None:
        """Send a command to every process of a service."""
        for child in self._children:
            try:
                if child.part.service is service and child.connection is not None:
                    child.connection.send(command)
            except OSError:
                child.connection = None  # It has ended or died; watching finds out which.

    def _status(self) -> RunStatus:
        return RunStatus(
            self._state,
            sum(child.ready for child in self._children),
            len(self._children),
            time.monotonic() - self._running_since if self._running_since is not None else 0.0,
            self._results,
            {name: _fill(message_queue) for name, message_queue in self._queues.items()},
            self._ended,
        )

    def _leave(self) -> None:
        """See every process to its end: by the event, then by force; then take in the last reports."""
        if any(child.process.exitcode is None for child in self._children):
            # A process that was killed inside the event may have left it locked: do not wait for it.
            threading.Thread(target=self._shutdown_event.set, daemon=True).start()
            self._join_all(LEAVE_TIMEOUT_S)
        for end, patience in (
            (SpawnProcess.terminate, TERMINATE_TIMEOUT_S),
            (SpawnProcess.kill, LEAVE_TIMEOUT_S),
        ):
            survivors = [child for child in self._children if child.process.exitcode is None]
            for child in survivors:
                logger.warning("{} did not leave: {}", child.part.label, end.__name__)
                end(child.process)
            if survivors:
                self._join_all(patience)
        while any(child.connection is not None for child in self._children):
            self._receive(0.05)
        for message_queue in self._queues.values():
            message_queue.close()

    def _join_all(self, timeout: float) -> None:
        """Wait for the end of all services, still taking in reports: a full pipe would hold them up."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and any(child.process.exitcode is None for child in self._children):
            self._receive(0.05)


def _cause_of_death(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        return f"was killed by {signal.Signals(-exit_code).name}"
    return f"ended with exit code {exit_code}"


def _fill(message_queue: Any) -> int | None:
    try:
        return int(message_queue.qsize())
    except NotImplementedError:  # macOS
        return None

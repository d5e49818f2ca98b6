"""The supervisor: builds the queues, starts, watches and stops the seven services. Knows no computer vision.

This module is imported again by every service process, so it imports nothing heavy.
"""

import multiprocessing
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext, SpawnProcess
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from loguru import logger

from traffic_monitor.records.run_folder import LOG_FILE
from traffic_monitor.records.summary import RunResults
from traffic_monitor.shared_utils.constants import ExitCode, ServiceName
from traffic_monitor.shared_utils.control import (
    Command,
    Failed,
    Ready,
    Report,
    ServiceReport,
    StopRequested,
    WorkerGone,
)
from traffic_monitor.shared_utils.cores import available_cores, share_cores
from traffic_monitor.shared_utils.logging_config import TOLD_ELSEWHERE, LogTarget, silence_opencv
from traffic_monitor.shared_utils.service_process import (
    USER_SIGNALS,
    ServiceProcess,
    run_service_process,
    signals_held_back,
)
from traffic_monitor.shared_utils.settings import Settings
from traffic_monitor.shared_utils.transport import widen_pipe

WATCH_INTERVAL_S = 0.2
LEAVE_TIMEOUT_S = 2.5
"""How long services have to leave after the shutdown event; they cut themselves off a little earlier."""
TERMINATE_TIMEOUT_S = 0.5
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


@dataclass(frozen=True)
class RunStatus:
    """A run at one moment, for whoever shows it."""

    state: RunState
    ready: int
    """Services that have loaded what they need."""
    running_seconds: float
    results: RunResults
    queue_fill: Mapping[str, int | None]
    """Messages waiting per queue; None where the platform cannot tell."""


class _Abort(Exception):  # noqa: N818 - a way out, not a mistake
    def __init__(self, reason: str, exit_code: ExitCode = ExitCode.ABORTED) -> None:
        super().__init__(reason)
        self.reason = reason
        self.exit_code = exit_code


@dataclass
class _Child:
    name: ServiceName
    worker: int
    """Which of the service's processes; 0 for those that have one."""
    label: str
    process: SpawnProcess
    connection: Connection | None
    ready: bool = False
    failure: str | None = None
    given_up: bool = False
    """It died, and the other workers of its service go on without it."""


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
        run_dir: existing folder of this run.
        on_status: called about every ``WATCH_INTERVAL_S`` with the state of the run.
    """

    def __init__(
        self, settings: Settings, run_dir: Path, on_status: Callable[[RunStatus], None] = lambda _status: None
    ) -> None:
        self._settings = settings.for_run(run_dir)
        self._on_status = on_status
        self._context: SpawnContext = multiprocessing.get_context("spawn")
        self._shutdown_event: Event = self._context.Event()
        self._queues: dict[str, Any] = {}
        self._children: list[_Child] = []
        self._log_target = LogTarget(run_dir / LOG_FILE, settings.logging.level)
        self._results = RunResults()
        self._state = RunState.STARTING
        self._state_since = time.monotonic()
        self._running_since: float | None = None
        self._stop_reason: str | None = None

    def run(self) -> RunOutcome:
        """Start everything, watch it to its end and clean up. Leaves no process behind."""
        exit_reason, exit_code = "end_of_stream", ExitCode.OK
        with _Signals() as signals:
            try:
                self._start()
                self._watch(signals)
                if self._stop_reason is not None:
                    exit_reason = "stopped"
            except _Abort as abort:
                exit_reason, exit_code = f"aborted: {abort.reason}", abort.exit_code
                logger.bind(**TOLD_ELSEWHERE).error("aborting: {}", abort.reason)
            finally:
                self._leave()
        wall_seconds = time.monotonic() - self._running_since if self._running_since is not None else 0.0
        return RunOutcome(exit_reason, exit_code, wall_seconds, self._results)

    def _start(self) -> None:
        threads = share_cores(available_cores())
        wiring = self._wiring()
        workers = Counter(name for name, _ in wiring)
        started: Counter[ServiceName] = Counter()
        for name, arguments in wiring:
            worker = started[name]
            started[name] += 1
            label = name if workers[name] == 1 else f"{name} {worker + 1}"
            ours, theirs = self._context.Pipe(duplex=True)
            spec = ServiceProcess(name, arguments, self._log_target, max(threads[name] // workers[name], 1))
            process = self._context.Process(
                target=run_service_process, args=(spec, self._shutdown_event, theirs), name=name
            )
            with signals_held_back():
                process.start()
            theirs.close()  # Else the end of the child would not be the end of the pipe.
            self._children.append(_Child(name, worker, label, process, ours))
            logger.info("started {} as process {}", label, process.pid)

    def _wiring(self) -> list[tuple[ServiceName, list[Any]]]:
        """Each process's service, and what its entry point takes before the shutdown event."""
        settings, edge = self._settings, self._queue
        workers = settings.vehicle_detector.workers
        frames, found = self._edges("raw_frames", workers), self._edges("vehicle_detections", workers)
        tracked = [edge("tracked_for_plates"), edge("tracked_for_counting"), edge("tracked_for_display")]
        return [
            (ServiceName.FRAME_GRABBER, [settings, frames if workers > 1 else frames[0]]),
            *((ServiceName.VEHICLE_DETECTOR, [settings, *pair]) for pair in zip(frames, found, strict=True)),
            (ServiceName.VEHICLE_TRACKER, [settings, found if workers > 1 else found[0], tracked]),
            (ServiceName.LP_DETECTOR, [settings, tracked[0], edge("lp_candidates")]),
            (ServiceName.OCR_READER, [settings, edge("lp_candidates"), edge("ocr_results")]),
            (ServiceName.VEHICLE_COUNTER, [settings, tracked[1], edge("counting_updates")]),
            (ServiceName.VISUALIZER, [settings, tracked[2], edge("ocr_results"), edge("counting_updates")]),
        ]

    def _edges(self, name: str, workers: int) -> list[Any]:
        """One queue per worker: a process that is killed leaves the locks of its queues locked."""
        if workers == 1:
            return [self._queue(name)]
        return [self._queue(f"{name}_{number + 1}") for number in range(workers)]

    def _queue(self, name: str) -> Any:
        """The bounded queue of this name, made on first use."""
        if name not in self._queues:
            self._queues[name] = self._context.Queue(self._settings.queue_size)
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
                self._results.take(child.name, report, child.worker)

    def _check_children(self) -> None:
        for child in self._children:
            if child.process.exitcode in (None, ExitCode.OK) or child.given_up:
                continue
            self._receive(0)  # Its last words.
            failure = f": {child.failure}" if child.failure else f" {_cause_of_death(child.process.exitcode)}"
            if child.failure or self._state is RunState.STARTING or not self._others_of(child):
                raise _Abort(f"{child.label}{failure}")
            logger.error("{}{}; the frames it had are lost, the other workers go on", child.label, failure)
            child.given_up = True
            for name in (ServiceName.FRAME_GRABBER, ServiceName.VEHICLE_TRACKER):
                self._tell(name, WorkerGone(child.worker))

    def _others_of(self, child: _Child) -> bool:
        """Whether other workers of a child's service have not failed."""
        return any(
            other.name is child.name and other is not child and other.process.exitcode in (None, ExitCode.OK)
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
                slow = ", ".join(child.label for child in self._children if not child.ready)
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

    def _tell(self, name: ServiceName, command: Command | WorkerGone) -> None:
        child = next(child for child in self._children if child.name is name)
        try:
            if child.connection is not None:
                child.connection.send(command)
        except OSError:
            child.connection = None  # It has ended or died; watching finds out which.

    def _status(self) -> RunStatus:
        return RunStatus(
            self._state,
            sum(child.ready for child in self._children),
            time.monotonic() - self._running_since if self._running_since is not None else 0.0,
            self._results,
            {name: _fill(message_queue) for name, message_queue in self._queues.items()},
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
                logger.warning("{} did not leave: {}", child.label, end.__name__)
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


def main() -> None:
    """Entry point of ``traffic-monitor`` and of ``python -m traffic_monitor.main_supervisor``."""
    silence_opencv()
    from traffic_monitor.cli import run_command_line

    sys.exit(run_command_line(sys.argv[1:]))


if __name__ == "__main__":
    main()

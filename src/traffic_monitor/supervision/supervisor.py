"""The supervisor: starts, watches, restarts and stops the services of one run. Knows no computer vision."""

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from loguru import logger

from traffic_monitor.records.database import DatabaseError
from traffic_monitor.records.days import newest_day
from traffic_monitor.records.resume import resume_point
from traffic_monitor.records.run_folder import log_target
from traffic_monitor.runtime.control import Report, ServiceReport
from traffic_monitor.runtime.cores import available_cores, share_cores
from traffic_monitor.runtime.service_process import ServiceProcess
from traffic_monitor.settings import Settings
from traffic_monitor.shared_utils.constants import ExitCode
from traffic_monitor.supervision.children import Child, Host, end_all, hear_last_words, receive
from traffic_monitor.supervision.gap_recorder import GapRecorder
from traffic_monitor.supervision.restarts import RestartBudget
from traffic_monitor.supervision.signals import StopSignals
from traffic_monitor.supervision.states import SILENT_AFTER_S, Generation, RunAborted, RunState
from traffic_monitor.supervision.summary import CameraResults, RunResults
from traffic_monitor.supervision.wiring import wire

WATCH_INTERVAL_S = 0.2
"""How often signals, exits and deadlines are looked at."""


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
    """Messages waiting per queue; None where the platform does not know."""
    ended: Mapping[str, str] = field(default_factory=dict)
    """By camera: the exit reason of those that have ended."""


class Supervisor:
    """Runs the pipeline: one generation of processes after another, until one ends well or none may follow.

    Args:
        settings: validated settings.
        run_dirs: existing folders of this run, one for each camera. The log is in the first.
        on_status: called about every ``WATCH_INTERVAL_S`` with the state of the run.
        host: processes and time; tests use a fake one.
    """

    def __init__(
        self,
        settings: Settings,
        run_dirs: Sequence[Path],
        on_status: Callable[[RunStatus], None] = lambda _status: None,
        host: Host | None = None,
    ) -> None:
        self._settings = settings.for_run(*run_dirs)
        self._on_status: Callable[[RunStatus], None] | None = on_status
        self._host = host or Host()
        self._log_target = log_target(run_dirs[0], settings)
        self._cameras = dict(zip((each.camera_id for each in self._settings.each_camera()), run_dirs, strict=True))
        self._results = RunResults()
        for camera_id in self._cameras:
            self._results.cameras[camera_id] = CameraResults()
        self._budget = RestartBudget(settings.supervisor, self._host.now)
        self._gaps = GapRecorder(self._cameras)
        self._running_since: float | None = None
        self._failed_at = 0.0
        """When the latest generation failed, epoch seconds."""
        self._children: list[Child] = []
        self._generation = self._new_generation()

    def run(self) -> RunOutcome:
        """Start everything, watch it to its end and clean up. Leaves no process behind."""
        with StopSignals(self._host.now) as signals:
            while (abort := self._run_generation(signals)) is not None:
                if not self._restart(abort, signals):
                    self._generation.abort(abort)
                    break
        generation = self._generation
        return RunOutcome(
            generation.exit_reason, generation.exit_code, self._running_seconds(), self._results, generation.ended
        )

    def _new_generation(self) -> Generation:
        self._children = []
        return Generation(
            self._children,
            list(self._cameras),
            self._settings.supervisor,
            self._host.now,
            may_restart=self._can_restart,
        )

    @property
    def _can_restart(self) -> bool:
        """Whether counts and identities could go on: they are continued from the records."""
        return self._settings.supervisor.on_failure == "restart" and self._settings.visualizer.save_records

    def _run_generation(self, signals: StopSignals) -> RunAborted | None:
        """Run one set of processes to its end; why it did not end well, if it did not."""
        try:
            self._start()
            self._watch(signals)
        except RunAborted as abort:
            self._failed_at = time.time()
            if not self._may_restart(abort, signals):
                self._generation.abort(abort)  # Logged before the processes are ended, which takes its time.
            return abort
        finally:
            end_all(self._children, self._host, self._take_results, self._generation.silent(SILENT_AFTER_S))
        return None

    def _may_restart(self, abort: RunAborted, signals: StopSignals) -> bool:
        """Whether new processes may do better, and are wanted. Before the first frame nothing is restarted."""
        has_run = self._running_since is not None
        return abort.can_restart and self._can_restart and has_run and not self._is_stopping(signals)

    def _restart(self, abort: RunAborted, signals: StopSignals) -> bool:
        """Prepare the next generation, after a pause if there were others before.

        Returns:
            False if there is to be none: the run ends as it stands.
        """
        if not self._may_restart(abort, signals):
            return False
        pause = self._budget.take()
        if pause is None:
            logger.error("{}; it was restarted {} times already", abort.reason, self._budget.used)
            return False
        logger.error("{}; all services are restarted{}", abort.reason, f" in {pause:g} s" if pause else "")
        deadline = self._host.now() + pause
        while self._host.now() < deadline and not self._is_stopping(signals):
            receive(self._host, WATCH_INTERVAL_S, lambda _child, _report: None)
            self._show_status()
        if self._is_stopping(signals):
            return False
        try:
            points = [
                resume_point(newest_day(run_dir), camera)
                for run_dir, camera in zip(self._cameras.values(), self._settings.each_camera(), strict=True)
            ]
        except (DatabaseError, sqlite3.Error, OSError) as error:
            logger.error("the run cannot be restarted: its records cannot be continued: {}", error)
            return False
        self._gaps.restarted(self._failed_at, abort.reason)
        self._settings = self._settings.resumed_at(points)
        self._results.start_generation()
        for camera, point in zip(self._settings.each_camera(), points, strict=True):
            results = self._results.cameras[camera.camera_id]
            results.start_generation(point, is_live=camera.frame_grabber.is_live)
        self._host.renew()
        self._generation = self._new_generation()
        return True

    def _is_stopping(self, signals: StopSignals) -> bool:
        return signals.stop_reason is not None or self._generation.stop_reason is not None

    def _start(self) -> None:
        threads = share_cores(available_cores())
        try:
            plans = wire(self._settings, self._host.transport.edge)
        except OSError as error:  # Too many open files, or no room for semaphores.
            raise RunAborted(f"the queues could not be made: {error.strerror}", can_restart=True) from error
        together = Counter(plan.service for plan in plans)
        for plan in plans:
            share = max(threads[plan.service] // together[plan.service], 1)
            spec = ServiceProcess(plan.service, plan.arguments, self._log_target, share, plan.number, plan.label)
            try:
                self._children.append(Child.spawn(plan, spec, self._host))
            except OSError as error:
                raise RunAborted(f"{plan.label} could not be started: {error}", can_restart=True) from error

    def _watch(self, signals: StopSignals) -> None:
        """Wait for the end of all services.

        Raises:
            RunAborted: it cannot be a good one.
        """
        while any(child.is_alive for child in self._children):
            receive(self._host, WATCH_INTERVAL_S, self._take)
            if signals.interrupted_twice:
                raise RunAborted("interrupted a second time", ExitCode.INTERRUPTED)
            if signals.stop_reason is not None:
                self._generation.stop(signals.stop_reason)
            if self._generation.is_stopped_early:
                return  # Nothing is in the queues yet: leave without draining.
            self._note_ends()
            self._generation.advance()
            self._note_running()
            self._show_status()
        self._note_ends()  # The last process may have ended, and badly, since they were looked at.

    def _take(self, child: Child, report: Report) -> None:
        self._generation.take(child, report)
        self._take_results(child, report)

    def _take_results(self, child: Child, report: Report) -> None:
        if isinstance(report, ServiceReport):
            self._results.take(child.plan.service, report, child.plan.number)
            for camera_id, details in report.details.items():
                self._gaps.take_outages(camera_id, details.get("outages", ()))

    def _note_ends(self) -> None:
        for child in self._children:
            if not child.is_alive and not child.end_noted:
                child.end_noted = True
                hear_last_words([child], self._host, self._take)
                self._generation.take_end(child)

    def _note_running(self) -> None:
        if self._generation.state is RunState.STARTING:
            return
        if self._running_since is None:
            self._running_since = self._generation.running_since
        self._gaps.running()

    def _running_seconds(self) -> float:
        return 0.0 if self._running_since is None else self._host.now() - self._running_since

    def _show_status(self) -> None:
        """Show the state of the run. Showing it must not end it."""
        if self._on_status is None:
            return
        status = RunStatus(
            self._generation.state,
            sum(child.is_ready for child in self._children),
            len(self._children),
            self._running_seconds(),
            self._results,
            self._host.transport.queue_fill(),
            self._generation.ended,
        )
        try:
            self._on_status(status)
        except Exception as error:  # noqa: BLE001 - whatever it is, the run matters more
            logger.opt(exception=error).error("the status is not shown any more: {}", error)
            self._on_status = None

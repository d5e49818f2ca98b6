"""The states of one generation of a run: what has to happen when a service reports, ends, dies or falls silent."""

from collections.abc import Callable, Sequence
from enum import Enum, auto

from loguru import logger

from traffic_monitor.runtime.control import (
    Command,
    Failed,
    PauseRequested,
    ProcessLost,
    Ready,
    Report,
    ServiceReport,
    StopRequested,
    StreamEnded,
)
from traffic_monitor.settings import SupervisorSettings
from traffic_monitor.shared_utils.constants import ExitCode
from traffic_monitor.shared_utils.logging_config import FILE_ONLY
from traffic_monitor.supervision.children import Child

END_OF_STREAM = "end_of_stream"
STOPPED = "stopped"

SILENT_AFTER_S = 5.0
"""Services report every second, also while they wait. One that was silent for so long is named in the log."""
HUNG_AFTER_S = 8.0
"""A service that has been silent for this long hangs. Searching one frame or writing to a slow disk can take
seconds, and within 10 s the user must know."""
ENDING_TIMEOUT_S = 60.0
"""How long all services together may do nothing after the sources have ended. What is queued is finished, however
long that takes; closing a video and the records takes seconds."""
STANDSTILL_S = 1.0
"""A run that is not looked at for this long was on a machine that stood still: suspended, swapping, starved."""
CLOSING_MARGIN_S = 2.0
"""After a stop, records that cannot be written are tried again for ``drain_timeout_s``. Then their service reports
what is lost, and exits."""


class RunState(Enum):
    """Where a run is."""

    STARTING = auto()
    """The services load their models."""
    RUNNING = auto()
    """The sources are read."""
    DRAINING = auto()
    """The run was stopped, or its only source lost: what is queued is finished, within ``drain_timeout_s``."""
    ENDING = auto()
    """The sources have ended, or all queues are drained: what is left is finished, and the services exit."""


class RunAborted(Exception):  # noqa: N818 - a way out, not a mistake
    """The run cannot end well.

    Args:
        reason: one line for people.
        exit_code: of the program.
        can_restart: whether new processes may do better: one died or hangs, and nobody knows why.
    """

    def __init__(self, reason: str, exit_code: ExitCode = ExitCode.ABORTED, *, can_restart: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.exit_code = exit_code
        self.can_restart = can_restart


class Generation:
    """The state machine of one generation: the processes from one start to their end.

    It takes what happens, decides what follows, and never waits.

    Args:
        children: the processes. The caller adds them while it starts them.
        camera_ids: in the order of their grabbers.
        timeouts: of the settings.
        now: monotonic seconds.
        may_restart: whether a generation may follow this one.
    """

    def __init__(
        self,
        children: Sequence[Child],
        camera_ids: Sequence[str],
        timeouts: SupervisorSettings,
        now: Callable[[], float],
        *,
        may_restart: bool = False,
    ) -> None:
        self._children = children
        self._camera_ids = camera_ids
        self._timeouts = timeouts
        self._now = now
        self._may_restart = may_restart
        self.state = RunState.STARTING
        self._state_since = self._progress_at = self._looked_at = now()
        self._named: set[Child] = set()
        """Those whose silence is in the log."""
        self.running_since: float | None = None
        self.stop_reason: str | None = None
        self.ended: dict[str, str] = {}
        """By camera: the exit reason of those that have ended."""
        self._lost_source: str | None = None
        """Why the last of the sources was lost."""
        self._aborted: RunAborted | None = None

    @property
    def is_stopped_early(self) -> bool:
        """Whether the run was stopped while models load: nothing is queued, and nobody has to be waited for."""
        return self.state is RunState.STARTING and self.stop_reason is not None

    @property
    def exit_reason(self) -> str:
        """``end_of_stream``, ``stopped`` or ``aborted: <why>``."""
        if self._aborted is not None:
            return f"aborted: {self._aborted.reason}"
        if self._lost_source is not None:
            return f"aborted: {self._lost_source}"
        return END_OF_STREAM if self.stop_reason is None else STOPPED

    @property
    def exit_code(self) -> ExitCode:
        """Of the program. A camera that was lost is an error, a worker that others stood in for is not."""
        if self._aborted is not None:
            return self._aborted.exit_code
        is_camera_lost = any(reason != END_OF_STREAM for reason in self.ended.values())
        return ExitCode.ABORTED if is_camera_lost else ExitCode.OK

    def take(self, child: Child, report: Report) -> None:
        """A service has reported."""
        child.heard_at = self._now()
        self._named.discard(child)
        match report:
            case Ready():
                child.is_ready = True
            case StopRequested(reason):
                self.stop(reason)
            case PauseRequested(pauses):
                self._send_to_sources(Command.PAUSE if pauses else Command.RESUME)
            case Failed(reason, is_final):
                child.failure, child.is_failure_final = reason, is_final
            case StreamEnded():
                child.stream_ended = True
                self._progress_at = self._now()
            case ServiceReport():
                if report.processed != child.processed:
                    self._progress_at = self._now()
                child.processed = report.processed

    def stop(self, reason: str) -> None:
        """End the run in good order. Only the first request counts."""
        if self.stop_reason is not None:
            return
        self.stop_reason = reason
        logger.info("stopping: {}", reason)
        if self.state in (RunState.RUNNING, RunState.ENDING):
            self._enter(RunState.DRAINING)
            self._send_to_sources(Command.STOP)

    def take_end(self, child: Child) -> None:
        """A process has ended.

        Raises:
            RunAborted: the run cannot go on without it.
        """
        self._progress_at = self._now()
        if child.is_source and not child.has_failed:
            if self.stop_reason is None:
                self.ended.setdefault(self._camera_ids[child.plan.number], END_OF_STREAM)
        elif child.has_failed:
            self._take_death(child)

    def _take_death(self, child: Child) -> None:
        cause = child.cause_of_death
        can_restart = not child.is_failure_final
        if self.state is RunState.STARTING or (can_restart and self._may_restart and self.stop_reason is None):
            raise RunAborted(cause, can_restart=can_restart)
        if child.is_source:
            self.ended[self._camera_ids[child.plan.number]] = f"aborted: {cause}"
        if self._has_substitute(child):
            logger.error("{}; its queued frames are lost, the others go on", cause)
            for other in self._children:
                other.send(ProcessLost(child.plan.service, child.plan.number))
        elif child.is_source and child.stream_ended and child.failure is not None:
            logger.error("{}; what it has read is finished", cause)
            self._lost_source = cause
            self._enter(RunState.DRAINING)
        else:
            raise RunAborted(cause)

    def _has_substitute(self, child: Child) -> bool:
        """Whether another process of the same service has not failed."""
        return any(other.plan.service is child.plan.service and not other.has_failed for other in self._children)

    def advance(self) -> None:
        """Enter the next state when it is time.

        Raises:
            RunAborted: it is too late for that.
        """
        now = self._now()
        self._discount_standstill(now)
        waited = now - self._state_since
        match self.state:
            case RunState.STARTING if not self.is_stopped_early:
                self._advance_start(waited)
            case RunState.RUNNING:
                if all(child.stream_ended or child.end_noted for child in self._children if child.is_source):
                    self._enter(RunState.ENDING)
            case RunState.DRAINING if all(child.stream_ended for child in self._children if child.is_alive):
                self._enter(RunState.ENDING)
            case RunState.DRAINING if waited > self._timeouts.drain_timeout_s:
                reason = f"the queues were not drained within {self._timeouts.drain_timeout_s:g} s"
                raise RunAborted("; ".join([reason, *self._silence(SILENT_AFTER_S)]))
            case RunState.ENDING if now - self._progress_at > self._ending_timeout_s:
                left = ", ".join(child.label for child in self._children if child.is_alive)
                raise RunAborted(f"did not end within {self._ending_timeout_s:g} s of the last work: {left}")
        self._look_for_silence()

    def _discount_standstill(self, now: float) -> None:
        """Move all deadlines by the time in which the machine stood still: no service could have reported."""
        standstill, self._looked_at = now - self._looked_at, now
        if standstill < STANDSTILL_S:
            return
        self._state_since += standstill
        self._progress_at += standstill
        for child in self._children:
            child.heard_at = min(child.heard_at + standstill, now)

    @property
    def _ending_timeout_s(self) -> float:
        if self.stop_reason is None and self._lost_source is None:
            return ENDING_TIMEOUT_S
        return self._timeouts.drain_timeout_s + CLOSING_MARGIN_S

    def _advance_start(self, waited: float) -> None:
        if all(child.is_ready for child in self._children):
            self.running_since = self._now()
            for child in self._children:
                child.heard_at = self.running_since
            self._enter(RunState.RUNNING)
            self._send_to_sources(Command.START)
        elif waited > self._timeouts.startup_timeout_s:
            slow = ", ".join(child.label for child in self._children if not child.is_ready)
            raise RunAborted(f"not ready after {self._timeouts.startup_timeout_s:g} s: {slow}", can_restart=True)

    def silent(self, seconds: float) -> list[Child]:
        """The processes that should have reported but have not for so long."""
        if self.state is RunState.STARTING:
            return []
        now = self._now()
        return [
            child
            for child in self._children
            if child.is_alive and not child.stream_ended and now - child.heard_at >= seconds
        ]

    def _look_for_silence(self) -> None:
        for child in self.silent(SILENT_AFTER_S):
            if child not in self._named:
                self._named.add(child)
                logger.warning("{} has not reported for {:g} s", child.label, SILENT_AFTER_S)
        for reason in self._silence(HUNG_AFTER_S):
            raise RunAborted(reason, can_restart=True)

    def _silence(self, seconds: float) -> list[str]:
        """Which processes have been silent for so long, as a reason for people; empty if none has."""
        labels = [child.label for child in self.silent(seconds)]
        return [f"no report for {seconds:g} s from {', '.join(labels)}"] if labels else []

    def abort(self, abort: RunAborted) -> None:
        """The run ends here. What was read of a file that had ended may not all have been counted.

        Only the first call counts.
        """
        if self._aborted is not None:
            return
        if self._lost_source is not None:
            abort = RunAborted(f"{self._lost_source}; {abort.reason}", abort.exit_code)
        self._aborted = abort
        self.ended = {camera: why for camera, why in self.ended.items() if why != END_OF_STREAM}
        logger.bind(**FILE_ONLY).error("aborting: {}", abort.reason)

    def _enter(self, state: RunState) -> None:
        self.state, self._state_since, self._progress_at = state, self._now(), self._now()

    def _send_to_sources(self, command: Command) -> None:
        for child in self._children:
            if child.is_source:
                child.send(command)

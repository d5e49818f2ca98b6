"""The service processes of a run: starting one, hearing from it, and seeing all of them to their end."""

import contextlib
import queue
import signal
import threading
import time
from collections.abc import Callable, Collection, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Protocol

from loguru import logger

from traffic_monitor.runtime.control import Command, ProcessLost, Report
from traffic_monitor.runtime.service_process import ServiceProcess, run_service_process, user_signals_blocked
from traffic_monitor.runtime.transport import MultiprocessingTransport
from traffic_monitor.shared_utils.constants import ExitCode, ServiceName
from traffic_monitor.supervision.wiring import ProcessPlan

EXIT_TIMEOUT_S = 2.5
"""Grace period after the shutdown event before SIGTERM. Services exit on their own slightly sooner."""
TERMINATE_TIMEOUT_S = 0.5
"""From SIGTERM to SIGKILL."""
KILL_TIMEOUT_S = 2.5
"""How long a process may take to die of SIGKILL. One that waits for a broken driver or disk does not die of it."""
LAST_WORDS_TIMEOUT_S = 1.0
"""How long the pipes of processes that have ended are read. One that was inherited may never be closed."""
POLL_S = 0.05


class Process(Protocol):
    """What the supervisor needs of a ``multiprocessing.Process``."""

    @property
    def pid(self) -> int | None:
        """Process id."""

    @property
    def exitcode(self) -> int | None:
        """None while it runs; negative: the signal that killed it."""

    def terminate(self) -> None:
        """Send SIGTERM."""

    def kill(self) -> None:
        """Send SIGKILL."""


class Host:
    """Processes and time, as the system offers them. Tests hand in fake ones."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Make everything anew that processes which died may have left unusable."""
        self.transport = MultiprocessingTransport()
        self._inbox: queue.SimpleQueue[tuple[Child, Report | None]] = queue.SimpleQueue()

    def now(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()

    def spawn(self, spec: ServiceProcess, wire: Connection) -> Process:
        """Start a service in a process of its own."""
        process = get_context("spawn").Process(
            target=run_service_process, args=(spec, self.transport.shutdown_event, wire), name=spec.name
        )
        with user_signals_blocked():
            process.start()
        return process

    def listen(self, child: "Child", wire: Connection) -> None:
        """Receive what a child sends from now on."""
        # By a thread, because the rest of a message never comes if the child is stopped while it sends it.
        threading.Thread(target=self._listen, args=(child, wire), name="wire", daemon=True).start()

    def _listen(self, child: "Child", wire: Connection) -> None:
        inbox = self._inbox
        try:
            while True:
                inbox.put((child, wire.recv()))
        except (EOFError, OSError):
            inbox.put((child, None))

    def receive(self, timeout: float) -> "list[tuple[Child, Report | None]]":
        """Reports that have come, or come within ``timeout`` seconds; None when the child's pipe is closed."""
        heard: list[tuple[Child, Report | None]] = []
        with contextlib.suppress(queue.Empty):
            heard.append(self._inbox.get(timeout=timeout))
            while True:
                heard.append(self._inbox.get_nowait())
        return heard


class Child:
    """One service process: its pipe, what it has said, and how it ended."""

    def __init__(self, plan: ProcessPlan, process: Process, wire: Connection, now: float) -> None:
        self.plan = plan
        self.process = process
        self.wire: Connection | None = wire
        """None once it is closed."""
        self.heard_at = now
        """Monotonic seconds of the last report."""
        self.processed = 0
        """Messages, by the last report."""
        self.is_ready = False
        self.stream_ended = False
        """Whether it has read all of its input."""
        self.failure: str | None = None
        """Why it cannot go on, in its own words."""
        self.is_failure_final = False
        """Whether a new process would fail for the same reason."""
        self.end_noted = False
        """Whether the run knows that it has ended."""

    @classmethod
    def spawn(cls, plan: ProcessPlan, spec: ServiceProcess, host: Host) -> "Child":
        """Start the process.

        Raises:
            OSError: the system has no room for another process.
        """
        ours, theirs = host.transport.control_wire()
        try:
            process = host.spawn(spec, theirs)
        finally:
            theirs.close()  # Else the end of the child would not be the end of the pipe.
        logger.info("started {} as process {}", plan.label, process.pid)
        child = cls(plan, process, ours, host.now())
        host.listen(child, ours)
        return child

    @property
    def label(self) -> str:
        """Its name for people."""
        return self.plan.label

    @property
    def is_source(self) -> bool:
        """Whether it reads a camera or file."""
        return self.plan.service is ServiceName.FRAME_GRABBER

    @property
    def is_alive(self) -> bool:
        """Whether the process has not ended."""
        return self.process.exitcode is None

    @property
    def has_failed(self) -> bool:
        """Whether the process has ended, and not well."""
        return self.process.exitcode not in (None, ExitCode.OK)

    @property
    def cause_of_death(self) -> str:
        """Which process ended, and why, for people."""
        exit_code = self.process.exitcode
        if self.failure is not None:
            return f"{self.label}: {self.failure}"
        if exit_code is not None and exit_code < 0:
            return f"{self.label} was killed by {_name_of_signal(-exit_code)}"
        return f"{self.label} ended with exit code {exit_code}"

    def send(self, command: Command | ProcessLost) -> None:
        """Send a command; a process that has ended gets none."""
        try:
            if self.wire is not None:
                self.wire.send(command)
        except OSError:
            self.wire = None


def _name_of_signal(number: int) -> str:
    """Its name; real-time signals have none in Python."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


Take = Callable[[Child, Report], None]


def receive(host: Host, timeout: float, take: Take) -> None:
    """Wait for reports for at most ``timeout`` seconds and hand each to ``take``."""
    for child, report in host.receive(timeout):
        if report is None:
            child.wire = None
        else:
            take(child, report)


def hear_last_words(children: Collection[Child], host: Host, take: Take) -> None:
    """Take the last reports of processes that have ended, until their pipes are closed."""
    deadline = host.now() + LAST_WORDS_TIMEOUT_S
    while any(child.wire is not None for child in children) and host.now() < deadline:
        receive(host, POLL_S, take)


def end_all(children: Sequence[Child], host: Host, take: Take, hung: Collection[Child] = ()) -> None:
    """See every process to its end: by the shutdown event, else by force; then take the last reports.

    Args:
        children: of the run.
        host: the system.
        take: gets the reports that still come.
        hung: processes that do not answer, and are killed at once.
    """
    if any(child.is_alive for child in children):
        host.transport.shut_down()
        for child in hung:
            _force(child, child.process.kill)
        _wait_for_exits(children, host, EXIT_TIMEOUT_S, take)
    for child in children:
        _force(child, child.process.terminate)
    _wait_for_exits(children, host, TERMINATE_TIMEOUT_S, take)
    for child in children:
        _force(child, child.process.kill)
    _wait_for_exits(children, host, KILL_TIMEOUT_S, take)
    for child in children:
        if child.is_alive:
            logger.error("process {} of {} cannot be killed: left to the system", child.process.pid, child.label)
    hear_last_words([child for child in children if not child.is_alive], host, take)
    host.transport.close()


def _force(child: Child, act: Callable[[], None]) -> None:
    if child.is_alive:
        logger.warning("{} does not exit: {}", child.label, act.__name__)
        act()


def _wait_for_exits(children: Sequence[Child], host: Host, timeout: float, take: Take) -> None:
    """Wait for the end of all processes while taking their reports: a full pipe would hold them up."""
    deadline = host.now() + timeout
    while host.now() < deadline and any(child.is_alive for child in children):
        receive(host, POLL_S, take)

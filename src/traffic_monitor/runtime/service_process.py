"""What surrounds a service in its own process: signals, logging, the lifeline to its parent."""

import contextlib
import ctypes
import importlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.synchronize import Event
from typing import Any

from loguru import logger

from traffic_monitor.runtime.control import ServiceControl
from traffic_monitor.runtime.cores import limit_threads
from traffic_monitor.shared_utils.constants import ExitCode, ServiceName
from traffic_monitor.shared_utils.errors import ServiceError
from traffic_monitor.shared_utils.logging_config import TOLD_ELSEWHERE, LogTarget, configure_logging

LIFELINE_INTERVAL_S = 0.2
LEAVE_GRACE_S = 1.5
"""A service that has not left this long after the shutdown event hangs in foreign code and is cut off."""


USER_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""With these a user, a terminal or a service manager ends the program. Windows has no SIGHUP."""


KEPT_BYTES = 64 * 2**20
"""Freed memory a process keeps for its next frames; a few of 3840x2160."""

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Parameters of mallopt, from glibc's malloc.h."""


@dataclass(frozen=True)
class ServiceProcess:
    """A service to be run in a process of its own; travels there by pickling."""

    name: ServiceName
    arguments: Sequence[Any]
    """What the entry point takes before the shutdown event: settings and queues."""
    log_target: LogTarget
    threads: int = 1
    """For each of its libraries."""
    number: int = 0
    """Which of the service's processes."""
    label: str = ""
    """How the log names it; the service's name where there is one process."""

    def entry_point(self) -> Any:
        """The service's ``*_process`` function, imported here so that only this process loads its libraries."""
        module = importlib.import_module(f"traffic_monitor.services.{self.name}")
        return getattr(module, f"{self.name}_process")


def run_service_process(spec: ServiceProcess, shutdown_event: Event, connection: Connection) -> None:
    """Run one service as a child of the supervisor; the exit code says how it went."""
    limit_threads(spec.threads)
    keep_memory()
    lifeline = _Lifeline(shutdown_event)
    _leave_signals_to_the_supervisor(lifeline)
    configure_logging(spec.label or spec.name, spec.log_target)
    lifeline.start()
    control = ServiceControl(connection, spec.number)
    try:
        spec.entry_point()(*spec.arguments, shutdown_event, control=control)
    except BaseException as error:  # noqa: BLE001 - the last place where it can be logged and told
        reason = _one_line(error)
        logger.bind(**TOLD_ELSEWHERE).opt(exception=error).critical("{} cannot go on: {}", spec.name, reason)
        control.fail(reason)
        sys.exit(ExitCode.ABORTED)
    if lifeline.leaving:
        os._exit(ExitCode.ABORTED)  # Libraries' exit handlers may hang; everything of ours is closed.


@contextlib.contextmanager
def signals_held_back() -> Iterator[None]:
    """Start processes in here: they hold back the user's signals until they can deal with them.

    A terminal sends Ctrl-C and its closing to every process of the program, those still importing included.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, USER_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def keep_memory() -> None:
    """Have glibc keep freed memory: giving each frame's back to the system costs more than sending the frame."""
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
        libc.mallopt(M_MMAP_THRESHOLD, KEPT_BYTES)


def _leave_signals_to_the_supervisor(lifeline: "_Lifeline") -> None:
    """What the user wants is decided in one place; here only the end of everything counts."""
    for number in USER_SIGNALS:
        signal.signal(number, lifeline.on_sigterm if number == signal.SIGTERM else signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, USER_SIGNALS)


def _one_line(error: BaseException) -> str:
    """What happened, for people; an error that was not foreseen is named by its type too."""
    text = " ".join(str(error).split())
    return text if isinstance(error, ServiceError) else f"{type(error).__name__}: {text}"


class _Lifeline(threading.Thread):
    """Notices that the supervisor died or that everybody must leave, and sees to it that this process does."""

    def __init__(self, shutdown_event: Event) -> None:
        super().__init__(name="lifeline", daemon=True)
        self._shutdown_event = shutdown_event
        self.leaving = False

    def run(self) -> None:
        parent = multiprocessing.parent_process()
        sentinels = [parent.sentinel] if parent is not None else []
        while not self._shutdown_event.is_set():
            if wait(sentinels, timeout=LIFELINE_INTERVAL_S):
                logger.error("the supervisor is gone: leaving")
                self._shutdown_event.set()
        self.leaving = True
        # Not an event: the main thread may never come back to set one.
        threading.Event().wait(LEAVE_GRACE_S)
        logger.warning("still busy {} s after the shutdown event: cut off", LEAVE_GRACE_S)
        os._exit(ExitCode.ABORTED)

    def on_sigterm(self, _signal: int, _frame: object) -> None:
        """Leave at once when told to leave; else leave it to the supervisor, which got the signal too."""
        if self.leaving:
            os._exit(ExitCode.ABORTED)

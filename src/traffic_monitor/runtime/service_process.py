"""What surrounds a service in its own process: signals, logging, the watch over its parent."""

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
from traffic_monitor.shared_utils.logging_config import FILE_ONLY, LogTarget, configure_logging
from traffic_monitor.shared_utils.redaction import hide_urls

PARENT_CHECK_INTERVAL_S = 0.2
"""How soon a service notices that the supervisor has died, or that it must exit."""
EXIT_GRACE_S = 1.5
"""Grace period after the shutdown event. A service that has not exited by then hangs in a library; it is ended."""


USER_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""Signals by which a user, a terminal or a service manager ends the program. Windows has no SIGHUP."""


KEPT_BYTES = 64 * 2**20
"""Freed memory that a process keeps for its next frames, in bytes; a few frames of 3840x2160."""

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Parameters of mallopt, from glibc's malloc.h."""


@dataclass(frozen=True)
class ServiceProcess:
    """A service to run in a process of its own. It is sent there by pickling."""

    name: ServiceName
    arguments: Sequence[Any]
    """Arguments of the entry point before the shutdown event: settings and queues."""
    log_target: LogTarget
    threads: int = 1
    """Threads of each of its libraries."""
    number: int = 0
    """Number of the process among those of its service, from 0."""
    label: str = ""
    """Its name in the log; by default the name of the service."""

    def entry_point(self) -> Any:
        """The service's ``*_process`` function, imported here so that only this process loads its libraries."""
        module = importlib.import_module(f"traffic_monitor.services.{self.name}")
        return getattr(module, f"{self.name}_process")


def run_service_process(spec: ServiceProcess, shutdown_event: Event, connection: Connection) -> None:
    """Run one service as a child of the supervisor. The exit code is 0, or 1 if it failed or had to exit."""
    limit_threads(spec.threads)
    keep_freed_memory()
    watchdog = ParentWatchdog(shutdown_event)
    _leave_signals_to_the_supervisor(watchdog)
    configure_logging(spec.label or spec.name, spec.log_target)
    watchdog.start()
    control = ServiceControl(connection, spec.number)
    try:
        spec.entry_point()(*spec.arguments, shutdown_event, control=control)
    except BaseException as error:  # noqa: BLE001 - the last place where it can be logged and reported
        reason = _one_line(error)
        logger.bind(**FILE_ONLY).opt(exception=error).critical("{} cannot go on: {}", spec.name, reason)
        control.fail(reason, is_final=isinstance(error, ServiceError))
        sys.exit(ExitCode.ABORTED)
    if watchdog.must_exit:
        os._exit(ExitCode.ABORTED)  # Libraries' exit handlers may hang; everything of ours is closed.


@contextlib.contextmanager
def user_signals_blocked() -> Iterator[None]:
    """Block the user's signals in processes started in this context, until they can handle them.

    A terminal sends Ctrl-C and SIGHUP to every process of the program, also to one that is still importing.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, USER_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def keep_freed_memory() -> None:
    """Have glibc keep freed memory: returning it to the system costs more per frame than sending the frame."""
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
        libc.mallopt(M_MMAP_THRESHOLD, KEPT_BYTES)


def _leave_signals_to_the_supervisor(watchdog: "ParentWatchdog") -> None:
    """Ignore the user's signals: what they mean is decided by the supervisor alone."""
    for number in USER_SIGNALS:
        signal.signal(number, watchdog.on_sigterm if number == signal.SIGTERM else signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, USER_SIGNALS)


def _one_line(error: BaseException) -> str:
    """An error as one line for people; an unexpected one with its type."""
    text = " ".join(hide_urls(str(error)).split())
    return text if isinstance(error, ServiceError) else f"{type(error).__name__}: {text}"


class ParentWatchdog(threading.Thread):
    """Ends this process when the supervisor has died or the shutdown event is set, also if the service hangs."""

    def __init__(self, shutdown_event: Event) -> None:
        super().__init__(name="parent watchdog", daemon=True)
        self._shutdown_event = shutdown_event
        self.must_exit = False

    def run(self) -> None:
        parent = multiprocessing.parent_process()
        sentinels = [parent.sentinel] if parent is not None else []
        while not self._shutdown_event.is_set():
            if wait(sentinels, timeout=PARENT_CHECK_INTERVAL_S):
                logger.error("the supervisor has died: exiting")
                self._shutdown_event.set()
        self.must_exit = True
        # The main thread may hang and never say that it has exited, so this waits for the whole grace period.
        threading.Event().wait(EXIT_GRACE_S)
        logger.warning("still busy {} s after the shutdown event: ended", EXIT_GRACE_S)
        os._exit(ExitCode.ABORTED)

    def on_sigterm(self, _signal: int, _frame: object) -> None:
        """Exit at once if the shutdown event is set; else ignore the signal, which the supervisor got as well."""
        if self.must_exit:
            os._exit(ExitCode.ABORTED)

"""Keeps the output folder of a live run in order: completes days that are over and deletes what is too old.

That is done by a process of its own, at the lowest priority, so that neither the supervisor nor a service waits.
"""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from loguru import logger

from traffic_monitor.app.completion import complete_day, unfinished_days
from traffic_monitor.records.runs import DAY_S, Retention, forget_old_runs
from traffic_monitor.runtime.service_process import USER_SIGNALS, user_signals_blocked
from traffic_monitor.settings import Settings
from traffic_monitor.shared_utils.logging_config import LogTarget, configure_logging

INTERVAL_S = 3600.0
"""How often the folder is put in order; a day is complete that long after midnight at the latest."""

LOWEST_PRIORITY = 19


class Housekeeping:
    """Starts the process that puts the output folder in order, from time to time.

    Args:
        settings: of the run.
        retention: up to when runs are deleted; None: none is.
        log_target: where the process logs to.
        clock: monotonic seconds, replaceable in tests.
        start: starts the process, replaceable in tests.
    """

    def __init__(
        self,
        settings: Settings,
        retention: Retention | None,
        log_target: LogTarget,
        clock: Callable[[], float] = time.monotonic,
        start: Callable[[Path, float | None, LogTarget], BaseProcess] | None = None,
    ) -> None:
        self._output_dir = settings.output_dir
        self._is_needed = any(camera.frame_grabber.is_camera for camera in settings.each_camera())
        self._retention = retention
        self._log_target = log_target
        self._clock = clock
        self._start = start or _start_process
        self._process: BaseProcess | None = None
        self._next = 0.0

    def look(self) -> None:
        """Start the process if it is time. Called often."""
        if not self._is_needed or self._clock() < self._next:
            return
        if self._process is not None and self._process.is_alive():
            return
        self._next = self._clock() + INTERVAL_S
        try:
            before = None if self._retention is None else self._retention.before()
            self._process = self._start(self._output_dir, before, self._log_target)
        except OSError as error:
            logger.warning("finished days are not completed now: {}", error)

    def close(self) -> None:
        """End the process; what it has not done is done by the next run."""
        if self._process is not None and self._process.is_alive():
            self._process.kill()
            self._process.join()


def put_in_order(output_dir: Path, delete_before: float | None) -> None:
    """Complete the days that are over, and delete runs that recorded nothing since ``delete_before``."""
    for folder in unfinished_days(output_dir, time.time()):
        complete_day(folder)
    if delete_before is not None:
        for folder in forget_old_runs(output_dir, delete_before):
            logger.info("{} is deleted: it is older than privacy.keep_days", folder)


def retention_of(settings: Settings) -> Retention | None:
    """Up to when this run deletes others."""
    days = settings.privacy.keep_days
    return None if days is None else Retention(settings.output_dir, days * DAY_S)


def _start_process(output_dir: Path, delete_before: float | None, log_target: LogTarget) -> BaseProcess:
    process = multiprocessing.get_context("spawn").Process(
        target=_run, args=(output_dir, delete_before, log_target), name="housekeeping", daemon=True
    )
    with user_signals_blocked():
        process.start()
    return process


def _run(output_dir: Path, delete_before: float | None, log_target: LogTarget) -> None:
    for number in USER_SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # The supervisor ends this process.
    if sys.platform != "win32":
        os.nice(LOWEST_PRIORITY)
    configure_logging("housekeeping", log_target)
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    put_in_order(output_dir, delete_before)


def _exit_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)

"""Logging with loguru: one file per run that all processes append to, warnings on the terminal."""

import logging
import multiprocessing
import os
import sys
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from loguru import logger

from traffic_monitor.shared_utils.clock import Clock
from traffic_monitor.shared_utils.day_names import day_of, folder_of_day
from traffic_monitor.shared_utils.printable import printable
from traffic_monitor.shared_utils.redaction import hide_urls

if TYPE_CHECKING:
    from loguru import Message, Record

LINE_FORMAT = "{time:YYYY-MM-DD HH:mm:ss.SSS} | {level:<7} | {extra[service]}:{process} | {message}"
CONSOLE_FORMAT = "{time:HH:mm:ss} {level:<7} {extra[service]}: {message}"

FILE_ONLY = {"file_only": True}
"""Bound to a message that the terminal gets in another form: it goes into the log file only."""

TERMINAL_ONLY = {"terminal_only": True}
"""Bound to a message that does not go into the log file."""

THIRD_PARTY_LEVEL = logging.ERROR
"""Libraries that log through the standard library are heard only from this level on."""


CHECK_INTERVAL_S = 1.0
"""How soon a process notices that the log goes on in another file."""

BYTES_PER_MB = 1_000_000


@dataclass(frozen=True)
class LogTarget:
    """Where a process of a run logs to."""

    file: Path | None
    level: str = "INFO"
    max_mb: float = 20
    """Size at which the file is renamed to ``<name>.1`` and a new one begins."""
    kept_files: int = 5
    """Renamed files that are kept, the latest ones."""
    clock: Clock | None = None
    """The camera's, where the file is in the folder of a day; the log follows it into that of the next day."""

    def path_at(self, epoch_s: float) -> Path | None:
        """The file at a moment."""
        if self.file is None or self.clock is None:
            return self.file
        return folder_of_day(self.file.parent, day_of(self.clock, epoch_s)) / self.file.name


def configure_logging(service: str, target: LogTarget, console_level: str = "WARNING") -> None:
    """Set up logging of this process: everything from ``target.level`` on to the file, less to the terminal.

    Args:
        service: name that stands in every line, beside the process id.
        target: the run's log file and level.
        console_level: lowest level shown on the terminal.
    """
    logger.remove()
    logger.configure(extra={"service": service}, patcher=_in_one_line)
    if sys.stderr is not None:  # The program may have been started without one.
        logger.add(sys.stderr, format=_without_traceback, filter=_is_for_the_terminal, level=console_level)
    if target.file is not None:
        sink = _LogFile(target, target.file)
        logger.add(sink.write, format=LINE_FORMAT, filter=_is_for_the_file, level=target.level, diagnose=False)
    handler = _ToLoguru(THIRD_PARTY_LEVEL)  # Here and not at the root: libraries set levels of their own.
    logging.basicConfig(handlers=[handler], force=True)


def _in_one_line(record: "Record") -> None:
    record["message"] = printable(hide_urls(record["message"]))


def _without_traceback(_record: object) -> str:
    """Terminal lines stay one line long; the log file has the traceback."""
    return CONSOLE_FORMAT + "\n"


def _is_for_the_terminal(record: "Record") -> bool:
    return not record["extra"].get("file_only")


def _is_for_the_file(record: "Record") -> bool:
    return not record["extra"].get("terminal_only")


def silence_opencv() -> None:
    """Keep OpenCV and its FFmpeg from printing; for this process, before it imports them, and its children."""
    os.environ.setdefault("OPENCV_LOG_LEVEL", "OFF")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")


class _LogFile:
    """Writes each message, traceback included, with one system call.

    Several processes append to one file; a single ``write`` on a descriptor opened for appending is not
    interleaved with the others. Whichever process finds the file too large renames it; the others notice within
    ``CHECK_INTERVAL_S`` that another file has its name, and until then write into the renamed one. The lock for
    renaming is the system's, so that a process that is killed leaves none behind.

    Messages that cannot be written, for example because the disk is full, are lost. The program's first process
    reports that once on the terminal.
    """

    def __init__(self, target: LogTarget, path: Path) -> None:
        self._target = target
        self._path = path
        self._descriptor = _open_log(path)
        self._is_reported = multiprocessing.parent_process() is not None
        self._next_check = 0.0

    def write(self, message: "Message") -> None:
        """Append one message."""
        try:
            if time.monotonic() >= self._next_check:
                self._next_check = time.monotonic() + CHECK_INTERVAL_S
                self._follow()
            text = hide_urls(message)  # tracebacks hold URLs, too
            os.write(self._descriptor, text.encode("utf-8", errors="replace"))
        except OSError as error:
            if not self._is_reported:
                self._is_reported = True
                text = "{} cannot be written, messages are lost: {}"
                logger.bind(**TERMINAL_ONLY).error(text, self._path, error)

    def _follow(self) -> None:
        """Go on in the next day's folder, or in the file that has taken the name of the one that is open."""
        path = self._target.path_at(time.time()) or self._path
        if not path.parent.is_dir():  # Not made yet, or deleted.
            return
        if path != self._path or not self._is_open():
            self._reopen(path)
        if os.fstat(self._descriptor).st_size > self._target.max_mb * BYTES_PER_MB and self._rotate():
            self._reopen(path)

    def _is_open(self) -> bool:
        """Whether the file of this name is the one that is open."""
        try:
            return os.path.samestat(self._path.stat(), os.fstat(self._descriptor))
        except FileNotFoundError:
            return False

    def _reopen(self, path: Path) -> None:
        descriptor = _open_log(path)
        os.close(self._descriptor)
        self._path, self._descriptor = path, descriptor

    def _rotate(self) -> bool:
        """Rename the file, unless another process does it now or has done it; whether it was renamed."""
        if sys.platform == "win32":  # A file that is open cannot be renamed there.
            return False
        import fcntl

        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        if not self._is_open():
            return True
        kept = [
            self._path.with_name(f"{self._path.name}.{number + 1}") for number in range(self._target.kept_files)
        ]
        if not kept:
            self._path.unlink()
            return True
        for newer, older in reversed([*pairwise([self._path, *kept])]):
            if newer.exists():
                newer.replace(older)
        return True


def _open_log(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)


class _ToLoguru(logging.Handler):
    """Sends what libraries log through the standard library into the run's log."""

    def emit(self, record: logging.LogRecord) -> None:
        level = "CRITICAL" if record.levelno >= logging.CRITICAL else "ERROR"
        logger.opt(exception=record.exc_info).log(level, "{}: {}", record.name, record.getMessage())

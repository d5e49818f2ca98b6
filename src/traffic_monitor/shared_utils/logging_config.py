"""Logging with loguru: one file per run that all processes append to, warnings on the terminal."""

import logging
import multiprocessing
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from loguru import logger

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


@dataclass(frozen=True)
class LogTarget:
    """Where a process of a run logs to."""

    file: Path | None
    level: str = "INFO"


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
        sink = _append_whole_lines(target.file)
        logger.add(sink, format=LINE_FORMAT, filter=_is_for_the_file, level=target.level, diagnose=False)
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


def _append_whole_lines(path: Path) -> Callable[["Message"], None]:
    """A sink that writes each message, traceback included, with one system call.

    Several processes append to one file; a single ``write`` on a descriptor opened for appending is not
    interleaved with the others, and no lock can be left behind by a process that is killed.

    Messages that cannot be written, for example because the disk is full, are lost. The program's first process
    reports that once on the terminal.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    is_reported = multiprocessing.parent_process() is not None

    def write(message: "Message") -> None:
        nonlocal is_reported
        try:
            os.write(descriptor, hide_urls(message).encode("utf-8", errors="replace"))  # tracebacks hold URLs too
        except OSError as error:
            if not is_reported:
                is_reported = True
                logger.bind(**TERMINAL_ONLY).error("{} cannot be written, messages are lost: {}", path, error)

    return write


class _ToLoguru(logging.Handler):
    """Sends what libraries log through the standard library into the run's log."""

    def emit(self, record: logging.LogRecord) -> None:
        level = "CRITICAL" if record.levelno >= logging.CRITICAL else "ERROR"
        logger.opt(exception=record.exc_info).log(level, "{}: {}", record.name, record.getMessage())

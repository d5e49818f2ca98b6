"""Where commands print: standard output and standard error, which may go away while the program runs."""

import contextlib
import os
import sys
from typing import Any

from loguru import logger
from rich.console import Console

WIDTH_IN_FILES = 200
"""Columns of a table that is piped somewhere: rich would break its lines for a terminal of 80."""


class GuardedStream:
    """``sys.stdout`` or ``sys.stderr``. That a terminal or pipe is gone is reported once; then nothing is shown.

    Args:
        name: ``stdout`` or ``stderr``.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self.error: Exception | None = None
        """Why nothing is shown any more."""

    @property
    def rich_proxied_file(self) -> "GuardedStream":
        """This stream: while rich shows a progress bar, it looks here for the stream behind its own."""
        return self

    @property
    def encoding(self) -> str:
        """Of the stream, for rich."""
        return getattr(self._target, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        """Whether the stream is a terminal."""
        return self._target is not None and bool(self._target.isatty())

    def fileno(self) -> int:
        """The stream's descriptor. Raises ``OSError`` where it has none."""
        if self._target is None:
            raise OSError(f"{self._name} is closed")
        return int(self._target.fileno())

    def write(self, text: str) -> int:
        """Write text, with ``?`` for what the stream cannot show."""
        self._attempt("write", text.encode(self.encoding, "replace").decode(self.encoding))
        return len(text)

    def flush(self) -> None:
        """Write what is still held back."""
        self._attempt("flush")

    @property
    def _target(self) -> Any:
        """The stream; None where the program was started without one."""
        stream = getattr(sys, self._name)
        return getattr(stream, "rich_proxied_file", stream)

    def _attempt(self, method: str, *arguments: str) -> None:
        try:
            if self._target is not None:
                getattr(self._target, method)(*arguments)
        except (OSError, ValueError) as error:
            self._silence(error)

    def _silence(self, error: Exception) -> None:
        """Lead the stream into nothing, for the log and the interpreter's last flush as well."""
        self.error = error
        with contextlib.suppress(OSError, ValueError):
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, self.fileno())
            os.close(nothing)
        logger.warning("{} cannot be written to, nothing more is shown there: {}", self._name, error)


def wide_console() -> Console:
    """Standard output, wide enough for tables where it is no terminal."""
    output = Console(file=GuardedStream("stdout"))  # type: ignore[arg-type]
    if not output.is_terminal:
        output.width = WIDTH_IN_FILES
    return output


def error_console() -> Console:
    """Standard error, for progress and failures."""
    return Console(file=GuardedStream("stderr"))  # type: ignore[arg-type]

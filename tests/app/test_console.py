"""Printing to terminals and pipes that go away."""

import io
import os
import pty
import sys
from collections.abc import Callable, Iterator
from typing import TextIO

import pytest
from rich.progress import Progress

from traffic_monitor.app.console import GuardedStream, error_console, wide_console


def closed_pipe() -> TextIO:
    """As behind ``| head`` that has read enough."""
    reading, writing = os.pipe()
    os.close(reading)
    return open(writing, "w", encoding="utf-8")  # noqa: PTH123 - closed by the fixture


def closed_terminal() -> TextIO:
    """As after the window of the terminal was closed."""
    master, slave = pty.openpty()
    os.close(master)
    return open(slave, "w", encoding="utf-8")  # noqa: PTH123 - closed by the fixture


@pytest.fixture(params=[closed_pipe, closed_terminal], ids=lambda make: make.__name__)
def dead(request: pytest.FixtureRequest) -> Iterator[TextIO]:
    """A stream that is gone."""
    make: Callable[[], TextIO] = request.param
    stream = make()
    yield stream
    stream.close()  # Which flushes: it must be possible, else the program's exit code would be 120.


def test_a_console_that_is_gone_is_reported_once(
    dead: TextIO, log_lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", dead)
    output = wide_console()
    for _ in range(3):
        output.print("a result")
    assert len(log_lines) == 1
    assert "WARNING stdout cannot be written to, nothing more is shown there" in log_lines[0]


def test_a_progress_bar_on_a_terminal_that_is_gone_ends_nothing(
    dead: TextIO, log_lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", dead)
    monkeypatch.setenv("FORCE_COLOR", "1")  # As if somebody watched.
    errors = error_console()
    with Progress(console=errors) as progress:
        task = progress.add_task("frames", total=10)
        progress.update(task, completed=5)
        progress.refresh()
        sys.stderr.write("by a library")
    assert sum("cannot be written to" in line for line in log_lines) == 1


def test_what_a_console_cannot_show_is_a_question_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown, encoding="latin-1"))
    output = wide_console()
    output.print("Tor süd → 東")
    assert shown.getvalue().decode("latin-1").strip() == "Tor süd ? ?"


def test_a_program_without_standard_output_prints_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    wide_console().print("a result")
    stream = GuardedStream("stdout")
    assert not stream.isatty()
    with pytest.raises(OSError, match="stdout is closed"):
        stream.fileno()

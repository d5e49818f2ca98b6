"""Whether there is a window, and what happens to the run when it goes away. Its process is a stand-in."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from traffic_monitor.settings import DisplayMode, VisualizerSettings
from traffic_monitor.sinks import window
from traffic_monitor.sinks.window import Screen, Window, open_screen

TIMEOUT_S = 10.0
FRAME = np.zeros((36, 64, 3), np.uint8)

READY = "print('ready', flush=True)\n"
READS = "import sys\nwhile sys.stdin.buffer.read(1): pass\n"
STARTS_TO_READ = "import sys\nsys.stdin.buffer.read(1000)\n"

pytestmark = pytest.mark.timeout(60)


class User:
    """Keeps what the user asked for."""

    def __init__(self) -> None:
        self.quits: list[str] = []
        self.pauses: list[bool] = []


@contextmanager
def screen_of(program: str, user: User, *, is_file: bool = True) -> Iterator[Screen]:
    """A screen whose process runs a few lines of Python."""
    on_pause = user.pauses.append if is_file else None
    screen = Screen(["gate"], 640, user.quits.append, on_pause, command=(sys.executable, "-c", program))
    try:
        yield screen
    finally:
        screen.close()


def wait_until(screen: Screen, condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline
        screen.take_answers()
        time.sleep(0.01)


@pytest.mark.parametrize("mode", [DisplayMode.AUTO, DisplayMode.ON])
@pytest.mark.parametrize("reason", ["DISPLAY is not set", "the screen :7 cannot be opened"])
def test_where_there_can_be_no_window_the_terminal_says_why(
    mode: DisplayMode, reason: str, monkeypatch: pytest.MonkeyPatch, log_lines: list[str]
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(reason)

    monkeypatch.setattr(window, "_missing_display", lambda: reason if reason.startswith("DISPLAY") else None)
    monkeypatch.setattr(window, "Screen", fail)
    assert open_screen(VisualizerSettings(display=mode), ["gate"], print, None) is None
    assert log_lines == [f"WARNING no window: {reason} (visualizer.display is {mode.value})\n"]


def test_where_none_is_wanted_nothing_is_started_and_nothing_said(
    monkeypatch: pytest.MonkeyPatch, log_lines: list[str]
) -> None:
    def run(*_: Any, **__: Any) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(window, "Screen", run)
    assert open_screen(VisualizerSettings(display=DisplayMode.OFF), ["gate"], print, None) is None
    assert log_lines == []


def test_without_a_display_there_is_no_screen_and_nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: Any, **__: Any) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(window.sys, "platform", "linux")
    monkeypatch.setattr(window.subprocess, "run", run)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert window.missing_screen_reason() == "DISPLAY is not set"


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        pytest.param("import os; os._exit(1)", "cannot be opened", id="it dies, as Qt does"),
        pytest.param("import time; time.sleep(60)", "did not answer", id="it hangs"),
    ],
)
def test_a_screen_that_cannot_be_opened_is_an_error_with_a_reason(
    program: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window, "PROBE_TIMEOUT_S", 20 if "exit" in program else 0.5)
    with pytest.raises(OSError, match=reason), screen_of(program, User()):
        pass


def test_frames_reach_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    size = 12 + FRAME.nbytes
    program = f"import sys\n{READY}sys.stdin.buffer.read({size})\nprint('quit got it', flush=True)"
    user = User()
    with screen_of(program, user) as screen:
        Window(screen, 0).take(FRAME, 0.0)
        wait_until(screen, lambda: user.quits)
    assert user.quits == ["got it"]


def test_what_the_user_does_is_passed_on_and_a_quit_only_once() -> None:
    user = User()
    program = READY + "print('pause\\nresume\\nquit q was pressed\\nquit the window was closed', flush=True)\n"
    with screen_of(program + READS, user) as screen:
        sink = Window(screen, 0)
        wait_until(screen, lambda: user.quits)
        for _ in range(3):
            sink.take(FRAME, 0.0)
            sink.idle()
    assert (user.quits, user.pauses) == (["q was pressed"], [True, False])


def test_a_screen_that_goes_away_is_reported_once_and_neither_ends_nor_pauses_the_run(
    log_lines: list[str],
) -> None:
    user = User()
    with screen_of(READY + "print('pause', flush=True)\nimport os; os._exit(1)", user) as screen:
        sink = Window(screen, 0)
        wait_until(screen, lambda: log_lines)
        for _ in range(20):
            sink.take(FRAME, 0.0)
            sink.idle()
        sink.close()
    assert (user.quits, user.pauses) == ([], [True, False])
    assert log_lines == ["WARNING the screen or its window is gone: the run goes on without a window\n"]


def test_a_window_that_hangs_holds_nothing_up() -> None:
    with screen_of(READY + STARTS_TO_READ + "import time; time.sleep(60)", User()) as screen:
        sink, large = Window(screen, 0), np.zeros((1080, 1920, 3), np.uint8)
        started = time.monotonic()
        for _ in range(50):
            sink.take(large, 0.0)
        assert time.monotonic() - started < 1
        screen.close()
        assert screen._process.poll() is not None

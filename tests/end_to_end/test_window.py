"""The real window on a virtual screen."""

import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from Xlib import X
from Xlib.display import Display
from Xlib.protocol.event import ClientMessage

from tests.shared_material import (
    CLIPS,
    START_TIMEOUT_S,
    Program,
    line_across,
    need,
    need_tool,
    real_weights,
    virtual_screen,
)
from traffic_monitor.shared_utils.constants import ExitCode
from traffic_monitor.shared_utils.frame_codec import Image

pytestmark = [pytest.mark.real, pytest.mark.screen, pytest.mark.timeout(200)]

GONE_WITHIN_S = 10.0
PAINTED_WITHIN_S = 10.0
PAUSED_WITHIN_S = 20.0


@pytest.fixture(scope="module")
def screen() -> Iterator[str]:
    """A virtual screen."""
    yield from virtual_screen()


@pytest.fixture
def program(tmp_path: Path, screen: str) -> Iterator[Program]:
    """The program with its window, past the first frames."""
    options = ["--source", str(need(CLIPS / "adamridene_demo_video.mp4")), "--display", "auto"]
    options += ["--set", "queue_size=4", "--set", "supervisor.status_interval_s=0.2"]
    environment = {"DISPLAY": screen}
    with Program(tmp_path, [*options, *real_weights(), *line_across(0.7)], environment) as running:
        running.wait_for_full_queues()
        yield running


def xdotool(screen: str, *arguments: str) -> str:
    """Run xdotool on the screen and return what it prints."""
    command = ["xdotool", *arguments]
    done = subprocess.run(command, env={"DISPLAY": screen}, capture_output=True, text=True, timeout=20, check=True)
    return done.stdout.strip()


def window_of(program: Program, screen: str) -> str:
    """The window's id, once it shows frames."""
    program.wait_until(lambda: "frames 0/335" not in program.log.splitlines()[-1], START_TIMEOUT_S, "shown frame")
    return xdotool(screen, "search", "--sync", "--name", "Traffic Monitor").splitlines()[-1]


def picture_of(window: str, screen: str, folder: Path) -> Image:
    """What the window shows, pixels of shape (height, width, 3)."""
    import cv2

    picture = folder / "window.png"
    subprocess.run(["import", "-window", window, str(picture)], env={"DISPLAY": screen}, timeout=20, check=True)
    image: Image = cv2.imread(str(picture))
    return image


def test_the_window_shows_the_road_and_q_ends_the_run_cleanly(
    program: Program, screen: str, tmp_path: Path
) -> None:
    need_tool("import")
    window = window_of(program, screen)
    assert picture_of(window, screen, tmp_path).shape[:2] == (720, 1280)
    # The window opens black; the first frame is painted into it a moment later.
    program.wait_until(
        lambda: picture_of(window, screen, tmp_path).std() > 20, PAINTED_WITHIN_S, "window's picture"
    )

    xdotool(screen, "windowfocus", "--sync", window, "key", "q")
    assert program.wait_for_end(GONE_WITHIN_S) == ExitCode.OK
    program.assert_nothing_left(1)
    assert program.summary["exit_reason"] == "stopped"
    assert "q was pressed in the window" in program.log


def test_space_pauses_the_file_and_another_space_lets_it_go_on(program: Program, screen: str) -> None:
    window = window_of(program, screen)
    xdotool(screen, "windowfocus", "--sync", window, "key", "space")
    program.wait_until(lambda: len(set(frames_in_log(program)[-4:])) == 1, PAUSED_WITHIN_S, "standstill")
    stopped_at = frames_in_log(program)[-1]
    assert 0 < stopped_at < 335
    xdotool(screen, "windowfocus", "--sync", window, "key", "space")
    program.wait_until(lambda: frames_in_log(program)[-1] > stopped_at, PAUSED_WITHIN_S, "next frame")
    xdotool(screen, "windowfocus", "--sync", window, "key", "q")
    assert program.wait_for_end(GONE_WITHIN_S) == ExitCode.OK


def frames_in_log(program: Program) -> list[int]:
    """Frames processed, by the log's status lines."""
    return [int(number) for number in re.findall(r"frames (\d+)/335", program.log)] or [0]


def test_a_screen_that_goes_away_does_not_end_the_run(tmp_path: Path) -> None:
    screens = virtual_screen()
    options = ["--source", str(need(CLIPS / "adamridene_demo_video.mp4")), "--display", "auto"]
    options += [
        "--set",
        "queue_size=4",
        "--set",
        "supervisor.status_interval_s=0.2",
        "--set",
        "supervisor.drain_timeout_s=60",
    ]
    options += [*real_weights(), *line_across(0.7)]
    with Program(tmp_path, options, {"DISPLAY": next(screens)}) as program:
        program.wait_until(lambda: frames_in_log(program)[-1] > 0, START_TIMEOUT_S, "first frame")
        screens.close()
        program.wait_until(lambda: "the screen or its window is gone" in program.log, GONE_WITHIN_S, "notice")
        shown = frames_in_log(program)[-1]
        program.wait_until(lambda: frames_in_log(program)[-1] > shown + 20, START_TIMEOUT_S, "further frames")
        program.process.send_signal(signal.SIGINT)
        assert program.wait_for_end(START_TIMEOUT_S) == ExitCode.OK


def test_closing_the_window_ends_the_run_cleanly(program: Program, screen: str) -> None:
    window = window_of(program, screen)
    close_window(screen, window)
    assert program.wait_for_end(GONE_WITHIN_S) == ExitCode.OK
    program.assert_nothing_left(1)
    assert program.summary["exit_reason"] == "stopped"
    assert "the window was closed" in program.log


def close_window(screen: str, window: str) -> None:
    """Ask the window to close, as a window manager does when the cross is clicked."""
    display = Display(screen)
    try:
        target = display.create_resource_object("window", int(window))
        delete, protocols = display.intern_atom("WM_DELETE_WINDOW"), display.intern_atom("WM_PROTOCOLS")
        message = ClientMessage(window=target, client_type=protocols, data=(32, [delete, X.CurrentTime, 0, 0, 0]))
        target.send_event(message)
        display.sync()
    finally:
        display.close()

"""Whether a window is wanted, and what ends it. The screen itself is faked."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from traffic_monitor.settings import DisplayMode
from traffic_monitor.sinks import window
from traffic_monitor.sinks.window import Tile, Window, tiles_of, wants_window

TILE = Tile("Traffic Monitor", 640)


@pytest.mark.parametrize(
    ("mode", "reason", "wanted", "said"),
    [
        pytest.param(DisplayMode.AUTO, None, True, "", id="auto opens a window where there is a screen"),
        pytest.param(DisplayMode.AUTO, "no screen", False, "INFO no window", id="auto goes without and says so"),
        pytest.param(DisplayMode.ON, None, True, "", id="on opens a window"),
        pytest.param(
            DisplayMode.ON, "no screen", False, "WARNING visualizer.display is on", id="on without a screen warns"
        ),
        pytest.param(DisplayMode.OFF, None, False, "", id="off opens none"),
    ],
)
def test_whether_a_window_is_wanted(
    mode: DisplayMode,
    reason: str | None,
    wanted: bool,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    log_lines: list[str],
) -> None:
    monkeypatch.setattr(window, "missing_screen_reason", lambda: reason)
    assert wants_window(mode) is wanted
    assert len(log_lines) == bool(said)
    assert "".join(log_lines).startswith(said)


def test_without_a_display_there_is_no_screen_and_nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: Any, **__: Any) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(window.sys, "platform", "linux")
    monkeypatch.setattr(window.subprocess, "run", run)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert window.missing_screen_reason() == "DISPLAY is not set"


class FakeScreen:
    """OpenCV's window functions, without a screen."""

    def __init__(self) -> None:
        self.key = -1
        self.visible = 1.0
        self.shown: list[Any] = []
        self.destroyed = 0
        self.sizes: list[tuple[int, int]] = []
        self.places: dict[str, tuple[int, int]] = {}

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        fakes: dict[str, Callable[..., Any]] = {
            "namedWindow": lambda *_: None,
            "resizeWindow": lambda _, width, height: self.sizes.append((width, height)),
            "imshow": lambda _, image: self.shown.append(image),
            "waitKey": lambda _: self.key,
            "getWindowProperty": lambda *_: self.visible,
            "moveWindow": lambda title, x, y: self.places.update({title: (x, y)}),
            "destroyWindow": self._destroy,
        }
        for name, fake in fakes.items():
            monkeypatch.setattr(window.cv2, name, fake)

    def _destroy(self, _title: str) -> None:
        self.destroyed += 1


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> FakeScreen:
    fake = FakeScreen()
    fake.install(monkeypatch)
    return fake


def test_a_picture_is_shown_before_the_first_frame_and_frames_after_it(screen: FakeScreen) -> None:
    reasons: list[str] = []
    under_test = Window(TILE, reasons.append)
    assert len(screen.shown) == 1
    frame = np.zeros((100, 200, 3), np.uint8)
    under_test.take(frame, 0.0)
    assert screen.shown[-1] is frame
    assert screen.sizes[-1] == (640, 320)
    assert reasons == []


def test_the_window_is_given_a_size_only_when_the_frames_change_theirs(screen: FakeScreen) -> None:
    under_test = Window(TILE, lambda _: None)
    before = len(screen.sizes)
    for _ in range(3):
        under_test.take(np.zeros((100, 200, 3), np.uint8), 0.0)
    assert len(screen.sizes) == before + 1


@pytest.mark.parametrize(
    ("key", "visible", "word"),
    [
        pytest.param(ord("q"), 1.0, "q was pressed", id="q"),
        pytest.param(ord("Q"), 1.0, "q was pressed", id="Q"),
        pytest.param(-1, 0.0, "closed", id="closing the window"),
    ],
)
def test_what_asks_for_the_end_asks_once(screen: FakeScreen, key: int, visible: float, word: str) -> None:
    reasons: list[str] = []
    under_test = Window(TILE, reasons.append)
    screen.key, screen.visible = key, visible
    for _ in range(3):
        under_test.idle()
        under_test.take(np.zeros((10, 20, 3), np.uint8), 0.0)
    assert len(reasons) == 1
    assert word in reasons[0]
    assert screen.destroyed == 1
    assert len(screen.shown) == 1


@pytest.mark.parametrize("key", [ord("x"), 27, -1], ids=["x", "escape", "no key"])
def test_other_keys_do_nothing(screen: FakeScreen, key: int) -> None:
    reasons: list[str] = []
    under_test = Window(TILE, reasons.append)
    screen.key = key
    under_test.idle()
    assert reasons == []


def test_the_windows_of_several_cameras_stand_side_by_side_as_wide_as_one(screen: FakeScreen) -> None:
    for tile in tiles_of(["north", "south", "yard"], 1280):
        Window(tile, lambda _: None)
    assert {size[0] for size in screen.sizes} == {640}
    assert screen.places == {
        "Traffic Monitor: north": (0, 0),
        "Traffic Monitor: south": (640, 0),
        "Traffic Monitor: yard": (0, 400),
    }


def test_a_single_window_is_left_where_the_desktop_puts_it(screen: FakeScreen) -> None:
    (tile,) = tiles_of(["gate"], 1280)
    Window(tile, lambda _: None)
    assert (tile.title, screen.places) == ("Traffic Monitor", {})

"""The windows: their places and sizes, their keys, and what ends them. OpenCV's own windows are faked."""

import io
import struct
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from traffic_monitor.sinks import screen as module
from traffic_monitor.sinks.screen import FRAME_HEADER, Area, Windows, area_of, fitted, read_frames

SCREEN = (1280, 800)


class FakeWindows:
    """OpenCV's window functions, without a screen."""

    def __init__(self) -> None:
        self.key = -1
        self.visible = 1.0
        self.rect: tuple[int, int, int, int] | None = None
        """Of the picture in its window; None: as it was given."""
        self.shown: list[Any] = []
        self.sizes: list[tuple[int, int]] = []
        self.places: dict[str, tuple[int, int]] = {}

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        fakes: dict[str, Callable[..., Any]] = {
            "namedWindow": lambda *_: None,
            "resizeWindow": lambda _, width, height: self.sizes.append((width, height)),
            "imshow": lambda _, image: self.shown.append(image),
            "waitKey": lambda _: self.key,
            "getWindowProperty": lambda *_: self.visible,
            "getWindowImageRect": lambda _: self.rect or (0, 0, *self.sizes[-1]),
            "moveWindow": lambda title, x, y: self.places.update({title: (x, y)}),
        }
        for name, fake in fakes.items():
            monkeypatch.setattr(module.cv2, name, fake)
        monkeypatch.setattr(module, "screen_size", lambda: SCREEN)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeWindows:
    windows = FakeWindows()
    windows.install(monkeypatch)
    return windows


def opened(*titles: str, can_pause: bool = True) -> tuple[Windows, io.StringIO]:
    answers = io.StringIO()
    windows = Windows(list(titles or ["gate"]), 1280, can_pause, answers)
    assert windows.step()
    return windows, answers


def frame(width: int = 200, height: int = 100, grey: int = 90) -> module.Picture:
    return np.full((height, width, 3), grey, np.uint8)


def size_of(picture: module.Picture) -> tuple[int, int]:
    return picture.shape[1], picture.shape[0]


@pytest.mark.parametrize(
    ("picture", "screen", "expected"),
    [
        pytest.param((1280, 720), (1920, 1080), (1280, 720), id="as wide as wanted"),
        pytest.param((1280, 720), (1024, 768), (1024, 576), id="no wider than the screen"),
        pytest.param((3840, 2160), (1920, 1080), (1280, 720), id="a large one is shrunk"),
        pytest.param((320, 240), (1920, 1080), (1280, 960), id="a small one is enlarged"),
        pytest.param((720, 1280), (1280, 800), (405, 720), id="a portrait is no higher than the screen"),
        pytest.param((10, 4000), (1280, 800), (2, 720), id="a strip"),
    ],
)
def test_a_single_window_fits_the_screen_in_the_pictures_proportions(
    picture: tuple[int, int], screen: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert fitted(picture, area_of(0, 1, 1280, screen)) == expected


@pytest.mark.parametrize("windows", [2, 3, 4, 9, 16])
@pytest.mark.parametrize("screen", [(1920, 1080), (1024, 768)])
def test_several_windows_stand_side_by_side_on_the_screen_and_apart(windows: int, screen: tuple[int, int]) -> None:
    areas = [area_of(number, windows, 1280, screen) for number in range(windows)]
    assert all(area.left + area.width <= screen[0] for area in areas)
    assert all(area.top + area.height <= screen[1] for area in areas)
    for one in areas:
        for other in areas:
            apart_x = one.left + one.width <= other.left or other.left + other.width <= one.left
            apart_y = one.top + one.height <= other.top or other.top + other.height <= one.top
            assert one is other or apart_x or apart_y


def test_a_single_window_is_left_where_the_desktop_puts_it_and_several_are_placed(fake: FakeWindows) -> None:
    opened("gate")
    assert fake.places == {}
    opened("north", "south", "yard")
    assert fake.places["south"] == (640, 0)
    assert fake.places["yard"][0] == 0
    assert fake.places["yard"][1] > 0


def test_a_picture_is_shown_before_the_first_frame_and_frames_after_it_at_the_windows_size(
    fake: FakeWindows,
) -> None:
    windows, _ = opened()
    assert len(fake.shown) == 1
    windows.put(0, frame())
    windows.step()
    assert (len(fake.shown), fake.sizes[-1], size_of(fake.shown[-1])) == (2, (1280, 640), (1280, 640))


def test_a_window_is_given_a_size_only_when_the_frames_change_theirs(fake: FakeWindows) -> None:
    windows, _ = opened()
    for _ in range(3):
        windows.put(0, frame())
        windows.step()
    assert fake.sizes[1:] == [(1280, 640)]


def test_in_a_window_that_the_user_has_resized_the_frame_keeps_its_proportions(fake: FakeWindows) -> None:
    windows, _ = opened()
    windows.put(0, frame())
    windows.step()
    fake.rect = (50, 0, 500, 400)  # In a window of 600 x 400.
    windows.put(0, frame())
    windows.step()
    assert size_of(fake.shown[-1]) == (600, 300)


def test_nothing_is_drawn_again_without_a_new_frame(fake: FakeWindows) -> None:
    windows, _ = opened()
    for _ in range(5):
        windows.step()
    assert len(fake.shown) == 1


@pytest.mark.parametrize(
    ("key", "visible", "answer"),
    [
        pytest.param(ord("q"), 1.0, "quit q was pressed in the window\n", id="q"),
        pytest.param(ord("Q"), 1.0, "quit q was pressed in the window\n", id="Q"),
        pytest.param(-1, 0.0, "quit the window was closed\n", id="closing the window"),
    ],
)
def test_what_ends_the_run(fake: FakeWindows, key: int, visible: float, answer: str) -> None:
    windows, answers = opened()
    fake.key, fake.visible = key, visible
    assert windows.step() is False
    assert answers.getvalue() == answer


@pytest.mark.parametrize("key", [ord("x"), 27, -1], ids=["x", "escape", "no key"])
def test_other_keys_do_nothing(fake: FakeWindows, key: int) -> None:
    windows, answers = opened()
    fake.key = key
    assert windows.step() is True
    assert (answers.getvalue(), len(fake.shown)) == ("", 1)


def press(windows: Windows, fake: FakeWindows, key: str) -> None:
    fake.key = ord(key)
    windows.step()
    fake.key = -1
    windows.step()


def test_space_pauses_a_file_and_the_picture_stands_still_until_it_goes_on(fake: FakeWindows) -> None:
    windows, answers = opened()
    windows.put(0, frame(grey=50))
    windows.step()
    press(windows, fake, " ")
    windows.put(0, frame(grey=200))
    windows.step()
    assert fake.shown[-1][0, -1, 0] == 50
    assert fake.shown[-1].max() > 200  # The words that say so.
    press(windows, fake, " ")
    windows.put(0, frame(grey=100))
    windows.step()
    assert (fake.shown[-1] == 100).all()
    assert answers.getvalue() == "pause\nresume\n"


def test_a_camera_cannot_be_paused(fake: FakeWindows) -> None:
    windows, answers = opened(can_pause=False)
    press(windows, fake, " ")
    windows.put(0, frame(grey=200))
    windows.step()
    assert answers.getvalue() == ""
    assert (fake.shown[-1] == 200).all()


def test_h_shows_the_keys_and_hides_them_again(fake: FakeWindows) -> None:
    windows, _ = opened()
    windows.put(0, frame())
    windows.step()
    plain = fake.shown[-1]
    press(windows, fake, "h")
    assert not np.array_equal(fake.shown[-1], plain)
    press(windows, fake, "h")
    assert np.array_equal(fake.shown[-1], plain)


@pytest.mark.parametrize("rest", [b"", b"half a header", FRAME_HEADER.pack(0, 10, 10) + b"half a frame"])
def test_frames_are_read_until_the_input_ends_however_it_ends(fake: FakeWindows, rest: bytes) -> None:
    windows, _ = opened("north", "south")
    pixels = frame(4, 2, 7)
    ended = threading.Event()
    read_frames(io.BytesIO(FRAME_HEADER.pack(1, 2, 4) + pixels.tobytes() + rest), windows, ended)
    assert ended.is_set()
    windows.step()
    assert (fake.shown[-1] == 7).all()


def test_the_header_is_the_same_on_every_machine() -> None:
    assert FRAME_HEADER.pack(1, 2, 3) == struct.pack(">III", 1, 2, 3)


def test_a_frame_of_one_pixel_fits_any_window() -> None:
    assert fitted((1, 1), Area(0, 0, 100, 50)) == (50, 50)

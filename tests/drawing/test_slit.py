"""The space-time picture: rows are frames, columns the line, marks where a vehicle crossed."""

import numpy as np
import pytest

from traffic_monitor.counting.lines import CountingLine
from traffic_monitor.drawing.annotate import LINE_COLOR
from traffic_monitor.drawing.slit import AXIS_PX, OUT_COLOR, SlitPicture
from traffic_monitor.shared_utils.frame_codec import Image

LINE = CountingLine("main", (10, 30), (110, 30), "in", "out")


def frame(height: int = 60, width: int = 120) -> Image:
    """Every row has its own grey, every column too."""
    grey = np.add.outer(np.arange(height), np.arange(width)).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def test_every_frame_gives_the_pixels_under_the_line() -> None:
    slit = SlitPicture(LINE)
    slit.add(frame(), 0.0)
    slit.add(np.full_like(frame(), 7), 0.1)
    picture = slit.picture()
    assert picture.shape == (2, 100 + AXIS_PX, 3)
    assert picture[0, 0, 0] == 30 + 10
    assert picture[0, 99, 0] == 30 + 110
    assert (picture[1, :100] == 7).all()


@pytest.mark.parametrize(("direction", "color"), [("in", LINE_COLOR), ("out", OUT_COLOR)])
def test_a_crossing_is_marked_at_its_frame_and_place_in_the_colour_of_its_direction(
    direction: str, color: tuple[int, int, int]
) -> None:
    slit = SlitPicture(LINE)
    for index in range(40):
        slit.add(np.zeros_like(frame()), index / 10)
    slit.mark(20, (35, 44), direction, 7)
    picture = slit.picture()
    assert tuple(picture[20, 25]) == color
    assert not picture[:8, :100].any()


def test_a_crossing_beside_the_line_is_marked_at_its_end() -> None:
    slit = SlitPicture(LINE)
    slit.add(np.zeros_like(frame()), 0.0)
    slit.mark(0, (500, 30), "in", 7)
    assert tuple(slit.picture()[0, 99]) == LINE_COLOR


def test_a_picture_without_frames_is_refused() -> None:
    with pytest.raises(ValueError, match="no frame"):
        SlitPicture(LINE).picture()


@pytest.mark.parametrize(
    ("frames", "fps", "seconds"),
    [
        pytest.param(100, 25, [0, 2], id="a short clip: as many ticks as have room"),
        pytest.param(3000, 25, list(range(0, 120, 2)), id="two minutes"),
        pytest.param(1200, 1, list(range(0, 1200, 60)), id="a slow camera"),
        pytest.param(1, 25, [0], id="one frame"),
    ],
)
def test_the_time_axis_has_ticks_at_round_times(frames: int, fps: int, seconds: list[int]) -> None:
    slit = SlitPicture(LINE)
    for index in range(frames):
        slit.add(np.zeros_like(frame()), index / fps)
    first = slit.picture()[:, 100, 0]
    assert np.flatnonzero(first).tolist() == [second * fps for second in seconds]

"""Boxes cut out of frames, and the way back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from traffic_monitor.plates.crops import box_width, crop, grow_box, is_empty, to_frame

WIDTH, HEIGHT = 64, 48


@pytest.mark.parametrize(
    ("box", "margin", "expected"),
    [
        pytest.param([10, 10, 30, 20], 0, [10, 10, 30, 20], id="no margin keeps the box"),
        pytest.param([10, 10, 30, 20], 0.1, [8, 9, 32, 21], id="a margin is a share of width and height"),
        pytest.param([0, 10, 20, 20], 0.5, [0, 5, 30, 25], id="it ends at the left border"),
        pytest.param([50, 10, 64, 20], 0.5, [43, 5, 64, 25], id="it ends at the right border"),
        pytest.param([10, 0, 30, 10], 0.5, [0, 0, 40, 15], id="it ends at the upper border"),
        pytest.param([10, 40, 30, 48], 0.5, [0, 36, 40, 48], id="it ends at the lower border"),
        pytest.param([-20, -10, 90, 70], 0.1, [0, 0, 64, 48], id="a box larger than the frame becomes the frame"),
    ],
)
def test_a_box_grows_inside_the_frame(box: list[int], margin: float, expected: list[int]) -> None:
    assert grow_box(box, margin, WIDTH, HEIGHT) == expected


@pytest.mark.parametrize(
    "box",
    [
        pytest.param([70, 10, 90, 20], id="right of the frame"),
        pytest.param([-30, 10, -10, 20], id="left of the frame"),
        pytest.param([10, 50, 30, 60], id="below the frame"),
        pytest.param([10, -20, 30, -10], id="above the frame"),
        pytest.param([10, 10, 10, 20], id="without width"),
        pytest.param([10, 20, 30, 20], id="without height"),
    ],
)
def test_a_box_without_pixels_of_the_frame_is_empty(box: list[int]) -> None:
    assert is_empty(grow_box(box, 0.05, WIDTH, HEIGHT))


def boxes_inside(width: int, height: int) -> st.SearchStrategy[list[int]]:
    return st.builds(
        lambda xs, ys: [min(xs), min(ys), max(xs), max(ys)],
        st.lists(st.integers(0, width), min_size=2, max_size=2, unique=True),
        st.lists(st.integers(0, height), min_size=2, max_size=2, unique=True),
    )


def borders() -> list[object]:
    """Crops at every border and corner of the frame and one in the middle."""
    lefts = {"left": (0, 20), "middle": (22, 42), "right": (44, 64)}
    tops = {"upper": (0, 16), "middle": (16, 32), "lower": (32, 48)}
    return [
        pytest.param([x1, y1, x2, y2], id=f"a crop {across} across and {down} down")
        for across, (x1, x2) in lefts.items()
        for down, (y1, y2) in tops.items()
    ]


@pytest.mark.parametrize("crop_box", borders())
def test_a_box_found_in_a_crop_comes_back_to_the_same_pixels(crop_box: list[int]) -> None:
    image = np.arange(HEIGHT * WIDTH * 3, dtype=np.uint16).reshape(HEIGHT, WIDTH, 3)
    cut = crop(image, crop_box)  # type: ignore[arg-type] # 16 bits, so that every pixel differs
    for found in ([0, 0, 20, 16], [0, 0, 5, 4], [15, 12, 20, 16], [7, 3, 11, 9]):
        back = to_frame(found, crop_box)
        assert np.array_equal(crop(image, back), crop(cut, found))  # type: ignore[arg-type]
        assert back == [
            found[0] + crop_box[0],
            found[1] + crop_box[1],
            found[2] + crop_box[0],
            found[3] + crop_box[1],
        ]


@given(boxes_inside(WIDTH, HEIGHT), st.tuples(*[st.integers(-100, 100)] * 4))
def test_what_is_found_stays_inside_the_crop(crop_box: list[int], found: tuple[int, ...]) -> None:
    x1, y1, x2, y2 = to_frame(list(found), crop_box)
    assert crop_box[0] <= x1 <= crop_box[2]
    assert crop_box[0] <= x2 <= crop_box[2]
    assert crop_box[1] <= y1 <= crop_box[3]
    assert crop_box[1] <= y2 <= crop_box[3]


@given(boxes_inside(WIDTH, HEIGHT), st.floats(0, 0.5))
def test_a_grown_box_holds_the_box_and_lies_in_the_frame(box: list[int], margin: float) -> None:
    x1, y1, x2, y2 = grow_box(box, margin, WIDTH, HEIGHT)
    assert 0 <= x1 <= box[0] < box[2] <= x2 <= WIDTH
    assert 0 <= y1 <= box[1] < box[3] <= y2 <= HEIGHT


def test_the_width_of_a_box() -> None:
    assert (box_width([10, 0, 42, 5]), box_width([42, 0, 10, 5])) == (32, 0)

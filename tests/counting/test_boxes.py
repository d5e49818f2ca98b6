"""Place, size and overlap of boxes."""

import pytest

from traffic_monitor.counting.boxes import bottom_center, overlap, size_of
from traffic_monitor.shared_utils.custom_types import BoxXyxy


def test_the_bottom_centre_of_a_box() -> None:
    assert bottom_center([10, 20, 31, 80]) == (20.5, 80.0)


def test_the_size_of_a_box_is_between_its_sides() -> None:
    assert size_of([10, 10, 30, 90]) == pytest.approx(40)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        pytest.param([0, 0, 10, 10], 1, id="the same box"),
        pytest.param([5, 0, 15, 10], 1 / 3, id="half of each"),
        pytest.param([0, 0, 5, 5], 1 / 4, id="one inside the other"),
        pytest.param([10, 0, 20, 10], 0, id="side by side"),
        pytest.param([20, 20, 30, 30], 0, id="apart in both directions"),
    ],
)
def test_overlap(other: BoxXyxy, expected: float) -> None:
    assert overlap([0, 0, 10, 10], other) == pytest.approx(expected)
    assert overlap(other, [0, 0, 10, 10]) == pytest.approx(expected)


def test_boxes_without_area_overlap_nothing() -> None:
    assert overlap([5, 5, 5, 5], [5, 5, 5, 5]) == 0

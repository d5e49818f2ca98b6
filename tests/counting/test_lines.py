"""Where counting lines are and which steps cross them."""

from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from traffic_monitor.counting.lines import CountingLine
from traffic_monitor.settings import LineSettings, Point

Step = tuple[Point, Point]


def line(start: Point = (0, 100), end: Point = (200, 100)) -> CountingLine:
    """From left to right through the picture: who walks along it has the upper part on the left."""
    return CountingLine("main", start, end, "in", "out")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param((100, 90), (100, 110), "in", id="from the left to the right side is in"),
        pytest.param((100, 110), (100, 90), "out", id="from the right to the left side is out"),
        pytest.param((10, 99), (190, 101), "in", id="a flat step crosses too"),
        pytest.param((100, 10), (100, 900), "in", id="a vehicle faster than the line is thick is not missed"),
        pytest.param((100, 80), (100, 90), None, id="a step on the left side crosses nothing"),
        pytest.param((100, 110), (100, 120), None, id="a step on the right side crosses nothing"),
        pytest.param((100, 90), (100, 90), None, id="a vehicle that stands crosses nothing"),
        pytest.param((250, 90), (250, 110), None, id="passing behind the end of the line crosses nothing"),
        pytest.param((-50, 90), (-50, 110), None, id="passing before its start crosses nothing"),
        pytest.param(
            (190, 90), (230, 110), None, id="a slanted step that ends beside the line and passes its end by"
        ),
        pytest.param((180, 90), (210, 110), "in", id="a slanted step that ends beside the line but passes inside"),
        pytest.param((200, 90), (200, 110), "in", id="a step through the very end of the line counts"),
        pytest.param((100, 90), (100, 100), "in", id="stopping on the line from the left has crossed it"),
        pytest.param((100, 100), (100, 110), None, id="going on from the line to the right has crossed it before"),
        pytest.param((100, 110), (100, 100), None, id="stopping on the line from the right has not crossed it"),
        pytest.param((100, 100), (100, 90), "out", id="leaving the line to the left crosses it"),
        pytest.param((50, 100), (150, 100), None, id="driving along the line crosses nothing"),
    ],
)
def test_steps_over_a_line(before: Point, after: Point, expected: str | None) -> None:
    assert line().crossed(before, after) == expected


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        pytest.param((100, 200), (100, 0), "in", id="walking up the picture, left to right is in"),
        pytest.param((100, 0), (100, 200), "out", id="walking down the picture, the same step is out"),
        pytest.param((0, 0), (200, 200), "out", id="a diagonal line works as well"),
    ],
)
def test_the_order_of_the_points_decides_the_direction(start: Point, end: Point, expected: str) -> None:
    assert line(start, end).crossed((90, 100), (110, 100)) == expected


def test_fractions_are_scaled_to_the_frame() -> None:
    settings = LineSettings(name="main", points=((0.1, 0.5), (0.9, 0.75)))
    placed = CountingLine.in_frame(settings, 1000, 400)
    assert (placed.start, placed.end) == ((100, 200), (900, 300))
    assert (placed.name, placed.in_name, placed.out_name) == ("main", "in", "out")


def test_pixels_stay_as_they_are() -> None:
    settings = LineSettings(name="main", points=((10, 20), (300, 40)), units="pixels")
    placed = CountingLine.in_frame(settings, 1000, 400)
    assert (placed.start, placed.end) == ((10, 20), (300, 40))


@pytest.mark.parametrize(
    ("point", "expected"),
    [
        pytest.param((50, 90), -10, id="negative on the left"),
        pytest.param((500, 130), 30, id="positive on the right, also beside the ends"),
        pytest.param((50, 100), 0, id="nothing on the line"),
    ],
)
def test_the_distance_from_a_line_has_the_sign_of_the_side(point: Point, expected: float) -> None:
    assert line().distance(point) == expected


coordinates = st.integers(-500, 500)
points = st.tuples(coordinates, coordinates)
segments = st.tuples(points, points).filter(lambda ends: ends[0] != ends[1])


def side(ends: Step, point: Point) -> float:
    (x1, y1), (x2, y2) = ends
    return (x2 - x1) * (point[1] - y1) - (y2 - y1) * (point[0] - x1)


def assume_no_point_on_the_line(ends: Step, step: Step) -> None:
    """A point on the line belongs to the right side, which is another side in a mirror."""
    assume(all(side(ends, point) != 0 for point in step))


OTHER_WAY = {"in": "out", "out": "in", None: None}


@given(segments, st.tuples(points, points))
def test_a_mirrored_picture_swaps_the_directions(ends: Step, step: Step) -> None:
    assume_no_point_on_the_line(ends, step)
    (start, end), (before, after) = ends, step
    mirrored = [(-x, y) for x, y in (start, end, before, after)]
    seen = line(mirrored[0], mirrored[1]).crossed(mirrored[2], mirrored[3])
    assert seen == OTHER_WAY[line(start, end).crossed(before, after)]


@given(segments, st.tuples(points, points))
def test_a_line_drawn_the_other_way_swaps_the_directions(ends: Step, step: Step) -> None:
    assume_no_point_on_the_line(ends, step)
    (start, end), (before, after) = ends, step
    assert line(end, start).crossed(before, after) == OTHER_WAY[line(start, end).crossed(before, after)]


@given(segments, st.tuples(points, points))
def test_driving_back_is_the_other_direction(ends: Step, step: Step) -> None:
    (start, end), (before, after) = ends, step
    assert line(start, end).crossed(after, before) == OTHER_WAY[line(start, end).crossed(before, after)]


@given(segments, st.tuples(points, points), points, st.sampled_from([1, 2, 0.5, 16]))
def test_moving_and_scaling_everything_changes_nothing(
    ends: Step, step: Step, offset: Point, factor: float
) -> None:
    moved = [(x * factor + offset[0], y * factor + offset[1]) for x, y in (*ends, *step)]
    (start, end), (before, after) = ends, step
    assert line(moved[0], moved[1]).crossed(moved[2], moved[3]) == line(start, end).crossed(before, after)


@given(segments, st.lists(points, min_size=2, max_size=12))
def test_crossings_of_one_track_over_a_line_without_ends_alternate(ends: Step, track: list[Point]) -> None:
    (x1, y1), (x2, y2) = ends
    reach = 10_000  # So long that nobody passes its ends.
    far = line((x1 - reach * (x2 - x1), y1 - reach * (y2 - y1)), (x2 + reach * (x2 - x1), y2 + reach * (y2 - y1)))
    crossed = [far.crossed(before, after) for before, after in pairwise(track)]
    directions = [direction for direction in crossed if direction]
    assert all(a != b for a, b in pairwise(directions))

"""Which vehicle crossed which line: what confirms a crossing, and what does not."""

import random
from collections.abc import Sequence
from itertools import chain
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.counting.scenes import FPS, HEIGHT, MIDDLE, WIDTH, box_at, count, drive, seen, walk
from traffic_monitor.counting.crossings import CrossingDetector, LineCrossing
from traffic_monitor.counting.lines import CountingLine
from traffic_monitor.counting.vehicles import FrameTime, Sighting
from traffic_monitor.settings import Point
from traffic_monitor.shared_utils.custom_types import TrackedObject

SPEEDS = [5, 15, 25, 40, 60, 100]
"""Pixels per frame."""


def jitter(seed: int, number: int, around: float, amplitude: int = 6) -> list[float]:
    noise = random.Random(seed)
    return [around + noise.randint(-amplitude, amplitude) for _ in range(number)]


def twenty_five_vehicles(speed: int, lost: int | None) -> list[list[TrackedObject]]:
    """One after the other down the picture, each a little ahead of the one before; ``lost``: every n-th box is."""
    frames: list[list[TrackedObject]] = []
    for number in range(25):
        bottoms = range(30 + number * speed // 25, HEIGHT, speed)
        for index, bottom in enumerate(bottoms):
            is_lost = lost is not None and (index + number) % lost == 0
            frames.append([] if is_lost else [seen(number, box_at(100 + 40 * number, bottom))])
        frames += [[]] * FPS
    return frames


@pytest.mark.parametrize("lost", [None, 3, 5], ids=["every box seen", "every 3rd box lost", "every 5th box lost"])
@pytest.mark.parametrize("speed", SPEEDS, ids=[f"{speed} px per frame" for speed in SPEEDS])
def test_25_vehicles_are_25(speed: int, lost: int | None) -> None:
    assert count(twenty_five_vehicles(speed, lost)).results["counts_by_line"]["main"] == {
        "in": {"car": 25},
        "out": {},
    }


def around_the_end(x: float) -> list[Point]:
    """Down beside the line's end, back to its middle below it, and away."""
    return [*((x, y) for y in range(300, 440, 10)), *((x - i * 20, 440) for i in range(20))]


STOP = [*range(200, 360, 8), *jitter(1, 10 * 60 * FPS, around=360), *range(360, 560, 8)]


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        pytest.param(drive(range(200, 500, 10)), ["in"], id="driving down the picture is in"),
        pytest.param(drive(range(500, 200, -10)), ["out"], id="driving up the picture is out"),
        pytest.param(drive(jitter(2, 10_000, around=360)), [], id="jitter on the line for 10000 frames: none"),
        pytest.param(
            drive([*range(200, 350, 10), *jitter(3, 500, around=345), *range(350, 200, -10)]),
            [],
            id="stopping before the line, jittering and backing off is nothing",
        ),
        pytest.param(drive(STOP), ["in"], id="stopping on the line for 10 minutes is one"),
        pytest.param(
            drive([*range(200, 500, 10), *range(500, 200, -10)]), ["in", "out"], id="a U-turn is one each way"
        ),
        pytest.param(
            drive([*range(200, 360, 8), *range(360, 375, 2), *range(375, 200, -8)]),
            [],
            id="a vehicle that noses over the line and backs off is nothing",
        ),
        pytest.param(
            drive([*range(200, 500, 10), *range(500, 200, -10), *range(200, 500, 10)]),
            ["in", "out"],
            id="a third pass of the same vehicle is not counted again",
        ),
        pytest.param(
            walk((x, 352) for x in range(100, 1200, 10)), [], id="driving along the line, close to it, is nothing"
        ),
        pytest.param(
            walk(zip(range(100, 1200, 5), jitter(4, 220, around=360), strict=True)),
            [],
            id="driving along on the line with jitter is nothing",
        ),
        pytest.param(drive([300, 300, 420, 300, 300]), [], id="one slipped box beyond the line is nothing"),
        pytest.param(drive([200]), [], id="one sighting is nothing"),
        pytest.param(drive(range(380, 600, 10)), [], id="appearing beyond the line is nothing"),
        pytest.param(
            drive(range(352, 600, 10)), ["in"], id="appearing just before the line and driving over it is one"
        ),
        pytest.param(drive([310, 410]), ["in"], id="two sightings, one on each side, are one"),
        pytest.param(drive([310, 410, 510]), ["in"], id="three sightings of a fast vehicle are one"),
        pytest.param(drive([352, 366]), [], id="two sightings as close as jitter are nothing"),
        pytest.param(
            drive([*range(200, 366, 6)]), ["in"], id="a vehicle that is lost right behind the line is one"
        ),
        pytest.param(drive([*range(200, 356, 6)]), [], id="a vehicle that is lost right before it is nothing"),
    ],
)  # fmt: skip
def test_crossings_of_one_vehicle(frames: list[list[TrackedObject]], expected: list[str]) -> None:
    assert count(frames).directions == expected


@pytest.mark.parametrize(
    "points",
    [
        pytest.param(around_the_end(940), id="round its end"),
        pytest.param(
            [*around_the_end(940), *reversed(around_the_end(940))], id="round its end and the same way back"
        ),
        pytest.param([(x, 360 - (x - 860)) for x in range(760, 1000, 6)], id="slanting past its end"),
    ],
)
def test_going_round_the_end_of_a_line_is_nothing(points: list[Point]) -> None:
    short = {**MIDDLE, "points": [[400, 360], [800, 360]]}
    assert count(walk(points), lines=[short]).directions == []


def test_who_went_round_the_end_and_comes_back_over_the_line_has_crossed_it_once() -> None:
    short = {**MIDDLE, "points": [[400, 360], [800, 360]]}
    back = [(560, y) for y in range(440, 200, -10)]
    assert count(walk([*around_the_end(940), *back]), lines=[short]).directions == ["out"]


@pytest.mark.parametrize("line_y", [690, 705, 714])
@pytest.mark.parametrize("speed", SPEEDS)
def test_a_vehicle_that_leaves_the_picture_just_behind_the_line_counts(speed: int, line_y: int) -> None:
    bottoms = [*range(250, HEIGHT, speed), HEIGHT]  # The box stays at the lower edge of the picture, then is gone.
    line = {**MIDDLE, "points": [[0, line_y], [WIDTH, line_y]]}
    found = count([*drive(bottoms), *[[]] * (3 * FPS)], lines=[line])
    assert (found.directions, found.late) == (["in"], 0)


@pytest.mark.parametrize("speed", SPEEDS)
def test_a_vehicle_that_comes_into_the_picture_just_before_the_line_counts(speed: int) -> None:
    line = {**MIDDLE, "points": [[0, 705], [WIDTH, 705]]}
    assert count(drive([720, 719, *range(716, 400, -speed)]), lines=[line]).directions == ["out"]


def test_several_lines_are_crossed_in_one_long_step() -> None:
    lines = [{**MIDDLE, "name": name, "points": [[0, y], [1280, y]]} for name, y in (("a", 300), ("b", 400))]
    found = count(drive([200, 210, 500, 510]), lines=lines)
    assert [crossing.line for crossing, _ in found.crossings] == ["a", "b"]


def test_the_moment_of_a_crossing_is_the_first_frame_past_the_line_not_that_of_its_confirmation() -> None:
    bottoms = [350, 356, 362, 364, 368, 380, 400, 420]
    ((crossing, _),) = count(drive(bottoms)).crossings
    assert crossing.moment.frame_index == bottoms.index(362)


def test_after_jitter_on_the_line_the_last_way_over_it_is_the_crossing() -> None:
    bottoms = [300, 330, 361, 359, 362, 358, 364, 390, 400]
    ((crossing, _),) = count(drive(bottoms)).crossings
    assert crossing.moment.frame_index == bottoms.index(364)


def sighting(vehicle_id: int, y: float) -> Sighting:
    return Sighting(vehicle_id, 100 + vehicle_id, (50, y), 20, FrameTime(0.0), [40, round(y) - 20, 60, round(y)])


def detector() -> CrossingDetector:
    return CrossingDetector([CountingLine("main", (0, 100), (200, 100), "in", "out")])


def test_a_crossing_is_confirmed_by_the_second_sighting_beyond_the_band() -> None:
    watching = detector()  # The band reaches 5 pixels from the line.
    assert [len(watching.update(sighting(1, y))) for y in (80, 102, 104, 106, 104, 105, 130)] == [
        0,
        0,
        0,
        0,
        0,
        1,
        0,
    ]


def test_vehicles_are_kept_apart() -> None:
    watching = detector()
    assert watching.update(sighting(1, 80)) == []
    assert watching.update(sighting(2, 120)) == []
    assert watching.update(sighting(2, 120)) == []
    assert watching.update(sighting(1, 120)) == []
    assert watching.update(sighting(1, 120)) == [LineCrossing("main", "in", 1, 101, FrameTime(0.0))]


def test_a_lost_vehicle_is_decided_once_and_goes_on_from_there() -> None:
    watching = detector()
    for y in (60, 101):
        watching.update(sighting(1, y))
    assert [len(watching.lost(1)), len(watching.lost(1))] == [1, 0]
    assert [watching.update(sighting(1, y)) for y in (110, 120)] == [[], []]
    assert [len(watching.update(sighting(1, y))) for y in (90, 80)] == [0, 1]


def test_a_vehicle_that_is_lost_on_the_line_after_it_has_crossed_has_not_crossed_back() -> None:
    watching = detector()
    for y in (20, 60, 106, 106, 99):
        watching.update(sighting(1, y))
    assert watching.lost(1) == []  # How far away it was before it crossed says nothing about the way back.


def test_a_vehicle_that_is_forgotten_is_a_new_one_behind_the_line() -> None:
    watching = detector()
    for vehicle_id, expected in ((1, 1), (2, 0)):
        watching.update(sighting(vehicle_id, 90))
        if not expected:
            watching.forget(vehicle_id)
        crossings = [watching.update(sighting(vehicle_id, 120)) for _ in range(2)]
        assert len(list(chain(*crossings))) == expected


# Properties. Boxes are whole pixels, so scenes are moved by whole pixels and scaled by whole factors.

places = st.tuples(st.integers(100, 700), st.integers(100, 500))
ends = st.tuples(places, places).filter(lambda pair: pair[0] != pair[1])
tracks = st.lists(places, min_size=2, max_size=25)


def boxes_of(track: Sequence[Point]) -> list[list[int]]:
    return [[int(x) - 40, int(y) - 60, int(x) + 40, int(y)] for x, y in track]


def directions_over(line: Sequence[Point], boxes: Sequence[list[int]]) -> list[str]:
    settings: dict[str, Any] = {"name": "main", "points": [list(point) for point in line], "units": "pixels"}
    return count([[seen(1, box)] for box in boxes], lines=[settings]).directions


def assume_no_point_on_the_line(line: Sequence[Point], track: Sequence[Point]) -> None:
    """A point on the line belongs to the right side, which is another side in a mirror."""
    (x1, y1), (x2, y2) = line
    assume(all((x2 - x1) * (y - y1) != (y2 - y1) * (x - x1) for x, y in track))


@given(ends, tracks)
def test_a_mirrored_scene_swaps_the_directions(line: Sequence[Point], track: list[Point]) -> None:
    assume_no_point_on_the_line(line, track)
    mirrored = [[WIDTH - x2, y1, WIDTH - x1, y2] for x1, y1, x2, y2 in boxes_of(track)]
    swapped = [{"in": "out", "out": "in"}[way] for way in directions_over(line, boxes_of(track))]
    assert directions_over([(WIDTH - x, y) for x, y in line], mirrored) == swapped


@given(ends, tracks, st.sampled_from([2, 4, 8]), st.tuples(st.integers(-100, 900), st.integers(-100, 900)))
def test_moving_and_scaling_scene_and_line_changes_nothing(
    line: Sequence[Point], track: list[Point], factor: int, offset: tuple[int, int]
) -> None:
    moved_line = [(x * factor + offset[0], y * factor + offset[1]) for x, y in line]
    moved = [[value * factor + offset[index % 2] for index, value in enumerate(box)] for box in boxes_of(track)]
    assert directions_over(moved_line, moved) == directions_over(line, boxes_of(track))


@given(ends, tracks)
def test_a_vehicle_counts_at_most_once_per_direction(line: Sequence[Point], track: list[Point]) -> None:
    found = directions_over(line, boxes_of(track))
    assert len(found) == len(set(found))


@given(st.lists(st.floats(-6, 6), min_size=1, max_size=60))
def test_no_jitter_inside_the_band_is_a_crossing(offsets: list[float]) -> None:
    assert count(drive(360 + offset for offset in offsets)).directions == []


@pytest.mark.parametrize(
    ("left", "right", "counted"),
    [
        pytest.param(400, 800, 0, id="where it crosses"),
        pytest.param(0, 400, 1, id="beside it"),
    ],
)
def test_a_vehicle_that_comes_out_of_an_ignored_area_beyond_the_line_did_not_cross_it(
    left: float, right: float, counted: int
) -> None:
    area = {"points": [[left, 330], [right, 330], [right, 430], [left, 430]], "units": "pixels"}
    frames = [
        [seen(1, box_at(600, y))] if not (330 <= y < 430 and left <= 600 < right) else []
        for y in range(200, 500, 10)
    ]
    assert count(frames, ignore=[area]).total == counted

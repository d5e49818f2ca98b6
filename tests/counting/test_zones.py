"""Zones: entries, exits, occupancy and dwell times."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.counting.scenes import FPS, count, walk
from traffic_monitor.counting.boxes import bottom_center
from traffic_monitor.counting.zones import Zone, is_inside
from traffic_monitor.settings import Point, ZoneSettings

SQUARE = [[400, 300], [800, 300], [800, 500], [400, 500]]
L_SHAPE = [(0, 0), (100, 0), (100, 50), (50, 50), (50, 100), (0, 100)]


def zone(points: list[tuple[float, float]], after: int = 0) -> Any:
    """The counts of one zone after a vehicle went along some points, and some frames without it."""
    settings = [{"name": "yard", "points": SQUARE, "units": "pixels"}]
    return count([*walk(points), *[[]] * after], zones=settings).results["zones"]["yard"]


def jitter(number: int, x: float) -> list[tuple[float, float]]:
    noise = random.Random(6)
    return [(x + noise.randint(-6, 6), 400) for _ in range(number)]


@pytest.mark.parametrize(
    ("point", "expected"),
    [
        pytest.param((25, 25), True, id="in the corner"),
        pytest.param((25, 75), True, id="in one arm"),
        pytest.param((75, 75), False, id="between the arms"),
        pytest.param((-10, 50), False, id="on the left"),
        pytest.param((150, 50), False, id="on the right, at the height of a corner"),
        pytest.param((25, 100.5), False, id="below"),
    ],
)
def test_points_in_an_l_shaped_zone(point: Point, expected: bool) -> None:
    assert is_inside(L_SHAPE, point) == expected
    assert is_inside(L_SHAPE[::-1], point) == expected


def test_fractions_are_scaled_to_the_frame() -> None:
    settings = ZoneSettings(name="yard", points=[(0, 0), (0.5, 0), (0.5, 0.9)])
    assert Zone.in_frame(settings, 1000, 400).corners == ((0, 0), (500, 0), (500, 360))


@pytest.mark.parametrize("bottom", [1.0, 0.997])
def test_a_vehicle_that_the_lower_edge_cuts_off_is_in_a_zone_that_reaches_it(bottom: float) -> None:
    settings = ZoneSettings(name="yard", points=[(0, 0.5), (1, 0.5), (1, bottom), (0, bottom)])
    assert Zone.in_frame(settings, 1000, 400).holds(bottom_center([10, 300, 90, 400]))


@pytest.mark.parametrize(
    ("point", "expected"),
    [
        pytest.param((600, 400), 100, id="to the nearest edge"),
        pytest.param((600, 560), 60, id="also from outside"),
        pytest.param((830, 540), 50, id="to a corner"),
    ],
)
def test_the_distance_to_the_edge(point: Point, expected: float) -> None:
    yard = Zone("yard", ((400, 300), (800, 300), (800, 500), (400, 500)))
    assert yard.distance(point) == pytest.approx(expected)


ACROSS = [(x, 400) for x in range(200, 1000, 10)]


@pytest.mark.parametrize(
    ("points", "entries", "exits"),
    [
        pytest.param(ACROSS, 1, 1, id="driving through"),
        pytest.param([(x, 560) for x in range(200, 1000, 10)], 0, 0, id="driving past"),
        pytest.param(ACROSS[:40], 1, 0, id="driving in"),
        pytest.param(ACROSS[40:], 1, 1, id="appearing inside and driving out"),
        pytest.param([*ACROSS, *ACROSS[::-1]], 2, 2, id="driving through and back"),
        pytest.param([(300, 400), (300, 400), (600, 400), (300, 400)], 0, 0, id="one slipped box inside"),
        pytest.param(
            [*ACROSS[:40], (900, 400), *ACROSS[40:50]], 1, 0, id="one slipped box outside is no way out"
        ),
        pytest.param([*ACROSS[:20], *jitter(2000, 400)], 1, 0, id="jitter on the edge is one entry"),
        pytest.param(
            [*ACROSS[:40], *ACROSS[40:19:-1], *jitter(500, 402), *ACROSS[:10]],
            1,
            1,
            id="leaving after a stop on the edge",
        ),
    ],
)  # fmt: skip
def test_entries_and_exits(points: list[tuple[float, float]], entries: int, exits: int) -> None:
    found = zone(points)
    assert (found["entries"], found["exits"], found["occupancy"]) == (entries, exits, entries - exits)


def test_a_vehicle_that_is_lost_inside_has_left() -> None:
    found = zone(ACROSS[:40], after=3 * FPS)
    assert (found["entries"], found["exits"], found["occupancy"]) == (1, 1, 0)


@pytest.mark.parametrize(
    ("absence_s", "expected"),
    [(3, (1, 0, None)), (50, (1, 0, None)), (70, (2, 1, 1.96))],
    ids=["a short absence", "less than a minute", "more than a minute"],
)
def test_a_parked_vehicle_that_is_detected_on_and_off_has_not_left(absence_s: int, expected: Any) -> None:
    parked = walk([(600, 400)] * (2 * FPS))
    settings = [{"name": "yard", "points": SQUARE, "units": "pixels"}]
    found = count([*parked, *[[]] * (absence_s * FPS), *parked[:3]], zones=settings)
    counts = found.results["zones"]["yard"]
    assert (counts["entries"], counts["exits"], counts["mean_dwell_s"]) == expected
    visits = found.journeys[1]["zones"]
    assert [visit["left"] is None for visit in visits] == [False] * (len(visits) - 1) + [True]
    assert len(visits) == expected[0]


def test_a_vehicle_that_was_lost_in_a_zone_and_seen_outside_has_left_it() -> None:
    found = zone([(600, 400)] * 10 + [(0, -9000)] * (3 * FPS) + [(950, 400)] * 5 + [(600, 400)] * 5)
    assert (found["entries"], found["exits"], found["occupancy"]) == (2, 1, 1)


def test_the_dwell_time_after_absences_is_that_of_the_whole_visit() -> None:
    parked = walk([(600, 400)] * FPS)
    frames = [*parked, *[[]] * (3 * FPS), *parked, *walk([(950, 400)] * 5)]
    settings = [{"name": "yard", "points": SQUARE, "units": "pixels"}]
    counts = count(frames, zones=settings).results["zones"]["yard"]
    assert (counts["exits"], counts["mean_dwell_s"], counts["max_dwell_s"]) == (1, 4.96, 4.96)


def test_the_dwell_time_is_that_from_the_first_to_the_last_sighting_inside() -> None:
    in_for_two_seconds = [(300, 400)] * 5 + [(600, 400)] * (2 * FPS + 1) + [(950, 400)] * 5
    in_for_four = [(300, 400)] * 5 + [(600, 400)] * (4 * FPS + 1) + [(950, 400)] * 5
    found = zone([*in_for_two_seconds, *in_for_four])
    assert (found["mean_dwell_s"], found["max_dwell_s"]) == (3, 4)


def test_before_anybody_has_left_there_is_no_dwell_time() -> None:
    found = zone(ACROSS[:40])
    assert (found["mean_dwell_s"], found["max_dwell_s"]) == (None, None)


def test_occupancy_now_and_at_most() -> None:
    first = [(600.0, 350.0)] * 20 + [(950.0, 350.0)] * 20
    second = [(600.0, 480.0)] * 40
    frames = [a + b for a, b in zip(walk(first, 1), walk(second, 2), strict=True)]
    settings = [{"name": "yard", "points": SQUARE, "units": "pixels"}]
    found = count(frames, zones=settings).results["zones"]["yard"]
    assert (found["occupancy"], found["max_occupancy"]) == (1, 2)


def test_zones_are_told_apart_and_only_where_there_are_any() -> None:
    zones = [
        {"name": n, "points": [[x, 0], [x + 0.4, 0], [x + 0.4, 1], [x, 1]]} for n, x in (("a", 0), ("b", 0.5))
    ]
    found = count(walk([(100, 400)] * 5), zones=zones).results["zones"]
    assert {name: counts["entries"] for name, counts in found.items()} == {"a": 1, "b": 0}
    assert "zones" not in count(walk([(100, 400)] * 5)).results


@given(st.lists(st.tuples(st.integers(300, 900), st.integers(250, 550)), max_size=40))
def test_who_entered_and_did_not_leave_is_there(points: list[tuple[float, float]]) -> None:
    found = zone(points)
    assert found["entries"] - found["exits"] == found["occupancy"] in (0, 1)

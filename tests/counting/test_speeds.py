"""Speeds from four points of a known rectangle."""

import random
from typing import Any

import numpy as np
import pytest

from tests.counting.scenes import FPS, count, drive, seen
from traffic_monitor.counting.speeds import LISTED_VEHICLES, RoadPlane, robust_velocity
from traffic_monitor.settings import Point
from traffic_monitor.shared_utils.custom_types import BoxXyxy, TrackedObject

CORNERS: list[Point] = [(520, 240), (760, 240), (1160, 700), (120, 700)]
"""A road 8 m wide and 30 m long, seen along it: the far end first."""
RECTANGLE = {"points": CORNERS, "units": "pixels", "width_m": 8, "length_m": 30}


def picture_of(x: float, y: float) -> Point:
    """Where the point of the road ``x`` m across and ``y`` m along is in the picture."""
    to_road = RoadPlane(CORNERS, 8, 30)._homography
    across, down, scale = np.linalg.inv(to_road) @ np.array([x, y, 1.0])
    return float(across / scale), float(down / scale)


def box_around(point: Point) -> BoxXyxy:
    x, y = point
    return [round(x) - 60, round(y) - 80, round(x) + 60, round(y)]


def driving(metres_per_frame: float, start: float = -3, end: float = 33) -> list[list[TrackedObject]]:
    steps = np.arange(start, end, metres_per_frame)
    return [[seen(1, box_around(picture_of(4, along)))] for along in steps]


def speeds(frames: list[list[TrackedObject]], **rectangle: Any) -> Any:
    return count(frames, speed={**RECTANGLE, **rectangle}).results["speeds"]


def test_the_corners_of_the_rectangle_are_where_its_size_says() -> None:
    plane = RoadPlane(CORNERS, 8, 30)
    assert [plane.metres(corner) for corner in CORNERS] == [
        pytest.approx(place, abs=1e-6) for place in ((0, 0), (8, 0), (8, 30), (0, 30))
    ]


@pytest.mark.parametrize("corner", range(4))
@pytest.mark.parametrize("turned", [False, True], ids=["clockwise", "anticlockwise"])
def test_any_corner_can_be_the_first(corner: int, turned: bool) -> None:
    points = [*CORNERS[corner:], *CORNERS[:corner]]
    points = [points[1], points[0], points[3], points[2]] if turned else points
    width, length = (8, 30) if corner % 2 == 0 else (30, 8)
    (vehicle,) = speeds(driving(0.5), points=points, width_m=width, length_m=length)["vehicles"]
    assert vehicle["speed"] == pytest.approx(45, abs=1)


@pytest.mark.parametrize(
    ("unit", "per_metre"), [("km/h", 3.6), ("mph", 2.23694)], ids=["kilometres per hour", "miles per hour"]
)
@pytest.mark.parametrize("metres_per_frame", [0.2, 0.5, 1, 2], ids=lambda step: f"{step} m per frame")
def test_a_steady_speed_is_measured_within_three_percent(
    metres_per_frame: float, unit: str, per_metre: float
) -> None:
    found = speeds(driving(metres_per_frame), unit=unit)
    assert (found["unit"], found["measured"], found["refused"]) == (unit, 1, 0)
    assert found["vehicles"][0]["speed"] == pytest.approx(metres_per_frame * 25 * per_metre, rel=0.03)


def test_the_direction_does_not_matter() -> None:
    assert speeds(driving(0.5)[::-1])["median"] == pytest.approx(45, abs=1)


def test_bad_boxes_do_not_matter() -> None:
    noise = random.Random(7)
    frames = driving(0.5)
    for frame in noise.sample(frames, len(frames) // 5):
        frame[0]["bbox_xyxy"][3] += noise.choice([-60, 60])
    assert speeds(frames)["vehicles"][0]["speed"] == pytest.approx(45, rel=0.04)


def test_lost_frames_do_not_matter() -> None:
    frames = [[] if index % 3 == 0 else frame for index, frame in enumerate(driving(0.5))]
    assert speeds(frames)["vehicles"][0]["speed"] == pytest.approx(45, rel=0.03)


@pytest.mark.parametrize(
    ("frames", "reason"),
    [
        pytest.param(
            driving(2, start=23), "seen in 4 frames inside the rectangle, 5 are needed", id="seen too seldom"
        ),
        pytest.param(
            driving(0.2, start=27.9), "moved 2.0 m inside the rectangle, 3.0 m are needed", id="too short a way"
        ),
        pytest.param(
            driving(0.001, start=10, end=10.1), "moved 0.0 m inside the rectangle, 3.0 m are needed", id="standing"
        ),
    ],
)
def test_a_track_too_short_is_refused_with_the_reason(frames: list[list[TrackedObject]], reason: str) -> None:
    found = speeds(frames)
    (vehicle,) = found["vehicles"]
    assert (vehicle["speed"], vehicle["reason"]) == (None, reason)
    assert (found["measured"], found["refused"], found["median"], found["p85"]) == (0, 1, None, None)


def test_who_was_not_in_the_rectangle_is_not_listed() -> None:
    assert speeds(drive(range(100, 700, 10), x=40))["vehicles"] == []


def test_a_vehicle_is_measured_when_it_is_gone_with_its_track_and_class() -> None:
    found = speeds([*driving(0.5), *[[]] * (3 * FPS)])
    (vehicle,) = found["vehicles"]
    assert (vehicle["track_id"], vehicle["class_name"]) == (1, "car")
    assert "reason" not in vehicle


def test_a_vehicle_that_comes_back_is_measured_by_its_new_visit_alone() -> None:
    first, second = speeds([*driving(0.5), *[[]] * (3 * FPS), *driving(1)])["vehicles"]
    assert (first["speed"], second["speed"]) == (pytest.approx(45, rel=0.03), pytest.approx(90, rel=0.03))


GONE: list[list[TrackedObject]] = [[]] * (3 * FPS)


@pytest.mark.parametrize(
    ("visits", "measured", "refused", "expected"),
    [
        pytest.param([driving(0.4), driving(2, start=23)], 1, 0, 36, id="refused later"),
        pytest.param([driving(2, start=23), driving(0.4)], 1, 0, 36, id="refused before"),
        pytest.param([driving(0.4), driving(1, start=10)], 2, 0, 36, id="measured later by fewer sightings"),
        pytest.param([driving(1, start=10), driving(0.4)], 2, 0, 36, id="measured later by more sightings"),
        pytest.param([driving(2, start=23)] * 3, 0, 1, 0, id="refused again and again"),
    ],
)
def test_a_vehicle_that_is_lost_several_times_keeps_its_best_speed(
    visits: list[list[list[TrackedObject]]], measured: int, refused: int, expected: float
) -> None:
    frames = [frame for visit in visits for frame in [*visit, *GONE]]
    found = count(frames, speed=RECTANGLE)
    results = found.results["speeds"]
    assert (results["measured"], results["refused"], len(results["vehicles"])) == (
        measured, refused, measured + refused,
    )  # fmt: skip
    recorded = [journey["speed"]["speed"] for journey in found.journeys.values() if "speed" in journey]
    assert recorded == [pytest.approx(expected, rel=0.03) if measured else None]


def test_median_and_85th_percentile() -> None:
    frames = []
    for number, step in enumerate((0.3, 0.4, 0.5, 0.6, 0.7), start=1):
        for (vehicle,) in driving(step):
            frames.append([{**vehicle, "track_id": number}])
        frames += [[]] * (3 * FPS)
    found = speeds(frames)
    assert found["measured"] == 5
    assert found["median"] == pytest.approx(45, rel=0.03)
    assert found["p85"] == pytest.approx(58, rel=0.04)


def test_only_the_latest_vehicles_are_listed_but_all_are_counted() -> None:
    frames: list[list[TrackedObject]] = []
    for number in range(LISTED_VEHICLES + 2):
        frames += [[seen(number, box_around(picture_of(4, 10)))], *[[]] * 3]
    found = count(frames, fps=1, speed=RECTANGLE).results["speeds"]
    assert (found["refused"], len(found["vehicles"])) == (LISTED_VEHICLES + 2, LISTED_VEHICLES)


def test_speeds_are_only_there_where_a_rectangle_is_given() -> None:
    assert "speeds" not in count(driving(0.5)).results


@pytest.mark.parametrize("wrong", [slice(0, 7), slice(10, 17), slice(-7, None)], ids=["first", "middle", "last"])
def test_a_quarter_of_the_positions_may_be_wrong(wrong: slice) -> None:
    times = np.arange(28.0)
    places = np.stack([3 * times, -times], axis=1)
    places[wrong] += 500
    assert robust_velocity(times, places) == pytest.approx([3, -1], abs=0.01)

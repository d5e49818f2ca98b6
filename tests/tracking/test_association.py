"""Vehicles that move far between frames, by sequences of boxes on the real trackers."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from loguru import logger

from tests.builders import make_detection
from traffic_monitor.settings import TrackerType, VehicleTrackerSettings
from traffic_monitor.tracking.association import NEWCOMERS, grown_overlap
from traffic_monitor.tracking.trackers import Tracker

every_type = pytest.mark.parametrize("kind", TrackerType, ids=lambda kind: kind.value)
by_stages = pytest.mark.parametrize(
    "kind", [TrackerType.BYTETRACK, TrackerType.BOTSORT], ids=lambda kind: kind.value
)
rates = pytest.mark.parametrize("fps", [30, 12, 8])

LENGTH, HEIGHT = 60, 40
FOLLOWED = 3
"""The frame in which all trackers believe in vehicles that came in frame 1: OC-SORT wants three sightings."""

Seen = tuple[list[int], float]
"""A box and its confidence."""


def tracker(kind: TrackerType = TrackerType.BYTETRACK, **parameters: Any) -> Tracker:
    return Tracker(VehicleTrackerSettings.model_validate({"type": kind, kind.value: parameters}))


def car(left: float, top: float = 100) -> list[int]:
    return [round(left), round(top), round(left) + LENGTH, round(top) + HEIGHT]


def ids(under_test: Tracker, frames: Sequence[Sequence[Seen]], times: Sequence[float]) -> list[dict[int, int]]:
    """Per frame the track id of each detection that has one, by the detection's place."""
    return [
        {
            track.detection_index: track.track_id
            for track in under_test.update(
                [make_detection(box, confidence=confidence) for box, confidence in boxes], None, time
            )
        }
        for boxes, time in zip(frames, times, strict=True)
    ]


def steps(count: int, fps: float) -> list[float]:
    return [index / fps for index in range(count)]


@rates
@every_type
def test_a_car_of_low_confidence_at_five_lengths_a_second_is_followed(kind: TrackerType, fps: float) -> None:
    # The first frame is empty: BoxMOT believes whatever it sees in the very first one.
    frames: list[list[Seen]] = [[]] + [[(car(5 * LENGTH * i / fps), 0.45)] for i in range(6)]
    answers = ids(tracker(kind), frames, steps(7, fps))
    assert [answer.get(0) for answer in answers[FOLLOWED:]] == [answers[-1][0]] * 4


@rates
@every_type
def test_a_column_of_cars_half_a_second_apart_keeps_its_ids(kind: TrackerType, fps: float) -> None:
    speed = 4 * LENGTH
    cars = range(4)
    frames: list[list[Seen]] = [[(car(2000 + speed * (i / fps - 0.5 * n)), 0.6) for n in cars] for i in range(12)]
    answers = ids(tracker(kind), [[], *frames], steps(13, fps))
    assert all(answer == answers[-1] and len(answer) == 4 for answer in answers[FOLLOWED:])


@every_type
def test_motion_follows_the_time_where_frames_were_dropped(kind: TrackerType) -> None:
    times = [*steps(8, 20), 0.35 + 0.5, 0.35 + 0.55]
    frames: list[list[Seen]] = [[(car(3 * LENGTH * time), 0.6)] for time in times]
    answers = ids(tracker(kind), frames, times)
    assert answers[-1] == answers[7] == {0: 1}


@every_type
def test_neighbours_that_pass_each_other_do_not_swap(kind: TrackerType) -> None:
    def lanes(time: float) -> list[Seen]:
        return [(car(240 * time, 100), 0.6), (car(600 - 240 * time, 100 + HEIGHT + 4), 0.6)]

    times = steps(20, 8)
    answers = ids(tracker(kind), [[], *map(lanes, times[1:])], times)
    assert all(answer == answers[-1] and len(answer) == 2 for answer in answers[FOLLOWED:])


@pytest.mark.parametrize("fps", [30, 10])
@pytest.mark.parametrize(("away_s", "is_same"), [(0.7, True), (2.0, False)])
@every_type
def test_a_lost_vehicle_is_remembered_for_seconds_at_any_frame_rate(
    kind: TrackerType, fps: float, away_s: float, is_same: bool
) -> None:
    present, away = round(fps), round(away_s * fps)
    standing: list[Seen] = [(car(100), 0.8)]
    frames = [standing] * present + [[]] * away + [standing] * 4
    answers = ids(tracker(kind), frames, steps(len(frames), fps))
    assert (answers[-1] == answers[0]) is is_same


@every_type
def test_a_clock_that_is_set_back_or_stands_still_stops_nothing(kind: TrackerType) -> None:
    times = [100.0, 100.1, 100.2, 40.0, 40.0, 40.1, 40.2]
    answers = ids(tracker(kind), [[(car(20 * i), 0.8)] for i in range(7)], times)
    assert answers[-1] == answers[1] == {0: 1}


@by_stages
def test_a_weak_detection_confirms_a_new_vehicle_and_finds_a_lost_one_again(kind: TrackerType) -> None:
    confidences = [0.6, 0.2, 0.2, 0.0, 0.2, 0.2]
    frames: list[list[Seen]] = [[]] + [[(car(20 * i), c)] if c else [] for i, c in enumerate(confidences)]
    answers = ids(tracker(kind), frames, steps(7, 10))
    assert [answer.get(0) for answer in answers] == [None, None, 1, 1, None, 1, 1]


@by_stages
@pytest.mark.parametrize(("lengths_per_s", "is_vehicle"), [(2.0, True), (0.0, False)])
def test_what_is_only_seen_weakly_is_a_vehicle_when_it_drives(
    kind: TrackerType, lengths_per_s: float, is_vehicle: bool
) -> None:
    frames: list[list[Seen]] = [[(car(lengths_per_s * LENGTH * i / 10), 0.2)] for i in range(12)]
    answers = ids(tracker(kind), frames, steps(12, 10))
    assert bool(answers[-1]) is is_vehicle
    assert not any(answers[:4])


@by_stages
def test_a_weak_box_inside_a_vehicle_is_no_vehicle_of_its_own(kind: TrackerType) -> None:
    def bus(index: int) -> list[Seen]:
        left = 30 * index
        return [([left, 50, left + 300, 250], 0.7), ([left + 10, 180, left + 70, 240], 0.2)]

    answers = ids(tracker(kind), [bus(i) for i in range(20)], steps(20, 10))
    assert all(answer == {0: 1} for answer in answers)


@by_stages
def test_a_weak_box_around_two_vehicles_is_no_vehicle_of_its_own(kind: TrackerType) -> None:
    def side_by_side(index: int) -> list[Seen]:
        left = 12 * index
        both = [left, 100, left + 2 * LENGTH + 10, 100 + HEIGHT]
        return [(car(left), 0.7), (car(left + LENGTH + 10), 0.7), (both, 0.25)]

    answers = ids(tracker(kind), [side_by_side(i) for i in range(20)], steps(20, 10))
    assert all(answer.keys() == {0, 1} for answer in answers[1:])


@pytest.fixture
def warnings() -> Iterator[list[str]]:
    heard: list[str] = []
    handle = logger.add(lambda message: heard.append(message.record["message"]), level="WARNING")
    yield heard
    logger.remove(handle)


def passing(fps: float) -> tuple[list[list[Seen]], list[float]]:
    """Cars that pass one by one at eight lengths a second, seen for two seconds each."""
    frames: list[list[Seen]] = [
        [(car(8 * LENGTH * i / fps), 0.8)] for _ in range(2 * NEWCOMERS) for i in range(round(2 * fps))
    ]
    return frames, steps(len(frames), fps)


def test_a_frame_rate_that_is_too_low_for_the_scene_is_said_once(warnings: list[str]) -> None:
    ids(tracker(), *passing(fps=2))
    assert len(warnings) == 1
    assert "at 2.0 frames/s" in warnings[0]
    assert "frame_grabber.target_fps" in warnings[0]


def test_a_frame_rate_that_is_enough_is_no_warning(warnings: list[str]) -> None:
    ids(tracker(), *passing(fps=10))
    assert warnings == []


def test_overlap_of_grown_boxes() -> None:
    boxes = np.array([[0.0, 0, 10, 10], [0, 0, 10, 10]])
    others = np.array([[0.0, 0, 10, 10], [10, 0, 20, 10]])
    # The second box grew by half its size on each side: 20 wide, ten of them in common with its neighbour.
    assert grown_overlap(boxes, others, np.array([0, 0.5])) == pytest.approx(np.array([[1, 0], [1, 1 / 3]]))
    assert grown_overlap(boxes[:0], others, np.empty(0)).shape == (0, 2)

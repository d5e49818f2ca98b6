"""Which frames need a search, by boxes that move at a known speed."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from traffic_monitor.inference.detection import DetectedBox
from traffic_monitor.inference.search_pace import LONGEST_S, MOST_MOVED, SearchPace

SIZE = 40
FPS = 50
RAREST = 25
"""Searches in 2 s, where every fourth frame is the first one after LONGEST_S."""


def car(sizes: float, confidence: float = 0.8) -> DetectedBox:
    """A square box that has moved by so many of its sizes."""
    left = round(sizes * SIZE)
    return DetectedBox([left, 100, left + SIZE, 100 + SIZE], confidence, 0)


def searched(boxes_at: Callable[[float], list[DetectedBox]], seconds: float = 2.0) -> list[float]:
    """The times of the frames that are searched."""
    pace, times = SearchPace(), []
    for index in range(round(seconds * FPS)):
        time_s = index / FPS
        if pace.is_due(time_s):
            pace.started(time_s)
            pace.found(boxes_at(time_s), time_s)
            times.append(time_s)
    return times


def longest_gap(times: list[float]) -> float:
    return max(later - earlier for earlier, later in pairwise(times))


@pytest.mark.parametrize("speed", [0, 1, 4, 8, 30], ids=lambda speed: f"{speed} sizes/s")
def test_the_fastest_vehicle_moves_no_farther_than_allowed_between_searches(speed: float) -> None:
    times = searched(lambda time_s: [car(200), car(speed * time_s)])
    rest = times[3:]  # The first searches find out how fast it is.
    frame = 1 / FPS
    assert longest_gap(rest) <= max(min(MOST_MOVED / max(speed, 1e-9), LONGEST_S) + frame, frame + 1e-6)
    assert longest_gap(rest) >= min(MOST_MOVED / max(speed, 1e-9), LONGEST_S) - 1e-6


def test_an_empty_road_is_searched_as_seldom_as_allowed() -> None:
    assert len(searched(lambda _: [])) == RAREST


def test_a_vehicle_that_has_just_come_is_looked_at_again_in_the_next_frame() -> None:
    times = searched(lambda time_s: [car(time_s)] if time_s >= 0.5 else [])
    first, second = [time_s for time_s in times if time_s >= 0.5][:2]
    assert second - first == pytest.approx(1 / FPS)


def test_weak_detections_that_come_and_go_do_not_count() -> None:
    times = searched(lambda time_s: [car(round(time_s * FPS) % 7, confidence=0.15)])
    assert len(times) == RAREST


def test_searches_that_overlap_keep_the_pace() -> None:
    pace, started = SearchPace(), []
    for index in range(60):
        time_s = index / FPS
        if pace.is_due(time_s):
            pace.started(time_s)
            started.append(time_s)
            if len(started) > 1:
                pace.found([car(0)], started[-2])  # It ends when the next one has begun.
    assert longest_gap(started[4:]) == pytest.approx(4 / FPS)


def test_a_clock_that_is_set_back_stops_no_search() -> None:
    pace = SearchPace()
    pace.started(1000.0)
    pace.found([], 1000.0)
    assert pace.is_due(10.0)

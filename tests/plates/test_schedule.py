"""When a vehicle is searched for its plate."""

import itertools

import pytest

from traffic_monitor.plates.schedule import WAITS_INTERVALS, ReadingSchedule, TimeBudget
from traffic_monitor.shared_utils.recent_states import REMEMBERED

BOX = [0, 0, 100, 60]


def search(
    schedule: ReadingSchedule, frames: range, found: bool, box: list[int] = BOX, track_id: int = 1
) -> list[int]:
    """The frames in which the vehicle is searched."""
    searched = []
    for frame in frames:
        if schedule.is_due(track_id, frame, box):
            schedule.searched(track_id, frame, box, found)
            searched.append(frame)
    return searched


@pytest.mark.parametrize(
    ("width", "due"),
    [
        pytest.param(79, False, id="a vehicle too narrow is not searched"),
        pytest.param(80, True, id="a vehicle just wide enough is"),
    ],
)
def test_narrow_vehicles_wait(width: int, due: bool) -> None:
    assert ReadingSchedule(3, 10, 80).is_due(1, 0, [20, 0, 20 + width, 50]) is due


def test_a_vehicle_with_a_plate_is_searched_every_few_frames() -> None:
    assert search(ReadingSchedule(3, 10, 80), range(10), found=True) == [0, 3, 6, 9]


def test_after_enough_plates_a_vehicle_is_left_alone() -> None:
    assert search(ReadingSchedule(1, 3, 80), range(20), found=True) == [0, 1, 2]


def test_a_vehicle_without_a_plate_is_searched_less_often_and_never_given_up() -> None:
    pause = 3 * WAITS_INTERVALS[-1]
    waits = [3, 3, 6, 6, 12, 12, pause, pause]
    expected = list(itertools.accumulate(waits, initial=0))
    assert search(ReadingSchedule(3, 2, 80), range(expected[-1] + 1), found=False) == expected


def test_a_plate_found_at_last_is_followed_closely() -> None:
    schedule = ReadingSchedule(3, 10, 80)
    assert search(schedule, range(4), found=False) == [0, 3]
    assert search(schedule, range(4, 16), found=True) == [6, 9, 12, 15]


def test_a_vehicle_without_a_plate_is_searched_again_when_it_has_grown() -> None:
    schedule = ReadingSchedule(3, 10, 80)
    search(schedule, range(20), found=False)
    assert not schedule.is_due(1, 23, [0, 0, 124, 60])
    assert schedule.is_due(1, 23, [0, 0, 125, 60])
    assert not schedule.is_due(1, 20, [0, 0, 200, 60])


def test_a_vehicle_left_alone_is_searched_as_often_again_when_it_has_grown() -> None:
    schedule = ReadingSchedule(1, 3, 80)
    assert search(schedule, range(10), found=True) == [0, 1, 2]
    assert search(schedule, range(10, 20), found=True, box=[0, 0, 124, 60]) == []
    assert search(schedule, range(20, 30), found=True, box=[0, 0, 125, 60]) == [20, 21, 22]


def test_vehicles_are_scheduled_apart() -> None:
    schedule = ReadingSchedule(3, 10, 80)
    assert search(schedule, range(4), found=True, track_id=1) == [0, 3]
    assert search(schedule, range(1, 5), found=True, track_id=2) == [1, 4]


def test_asking_is_not_searching() -> None:
    schedule = ReadingSchedule(3, 10, 80)
    assert [schedule.is_due(1, 0, BOX) for _ in range(3)] == [True] * 3


def test_no_more_than_the_latest_vehicles_are_remembered() -> None:
    schedule = ReadingSchedule(3, 1, 80)
    for track_id in range(REMEMBERED + 1):
        schedule.searched(track_id, 0, BOX, found=True)
    assert schedule.is_due(0, 100, BOX)  # Forgotten.
    assert not schedule.is_due(REMEMBERED, 100, BOX)


def test_a_budget_is_a_share_of_each_second_and_saves_up_for_one() -> None:
    budget = TimeBudget(0.4, now=10.0)
    assert budget.is_left(10.0)
    budget.spend(0.5)
    assert not budget.is_left(10.2)
    assert budget.is_left(10.3)
    budget.spend(0.01)
    assert budget.is_left(100.0)
    budget.spend(0.4)
    assert not budget.is_left(100.0), "more than a second's share was saved up"

"""The class of a vehicle, and counts that are corrected when it changes."""

from collections import Counter

import pytest

from tests.counting.scenes import box_at, count, seen
from traffic_monitor.counting.classes import ClassCounts, ClassLedger, ClassVotes


@pytest.mark.parametrize(
    ("boxes", "expected"),
    [
        pytest.param([("car", 0.5)], "car", id="the only one"),
        pytest.param([("car", 0.5)] * 3 + [("truck", 0.5)] * 2, "car", id="the most frequent one"),
        pytest.param([("car", 0.3)] * 3 + [("truck", 0.9)] * 2, "truck", id="the more certain one"),
        pytest.param([("truck", 0.5), ("car", 0.5)], "truck", id="at a tie the first one"),
    ],
)
def test_the_class_is_the_vote_of_all_boxes(boxes: list[tuple[str, float]], expected: str) -> None:
    votes = ClassVotes()
    votes.add(2, "bus", 1.0)  # Another vehicle.
    for class_name, confidence in boxes:
        votes.add(1, class_name, confidence)
    assert votes.winner(1) == expected


def test_a_changed_class_is_corrected_in_all_counts_of_the_vehicle_and_no_other() -> None:
    ledger = ClassLedger()
    line: ClassCounts = Counter()
    interval: ClassCounts = Counter()
    ledger.count(1, "car", [line, interval])
    ledger.count(2, "car", [line])
    assert ledger.reclassify(1, "bus")
    assert (line, interval) == ({"bus": 1, "car": 1}, {"bus": 1})


def test_a_vehicle_counted_as_another_class_is_corrected_where_it_was_counted_before() -> None:
    ledger = ClassLedger()
    first: ClassCounts = Counter()
    second: ClassCounts = Counter()
    ledger.count(1, "car", [first])
    ledger.count(1, "bus", [second])
    assert (first, second) == ({"bus": 1}, {"bus": 1})


def test_what_is_taken_back_is_gone_and_not_corrected_any_more() -> None:
    ledger = ClassLedger()
    kept: ClassCounts = Counter()
    taken: ClassCounts = Counter()
    ledger.count(1, "car", [kept, taken])
    ledger.take_back(1, taken)
    ledger.reclassify(1, "bus")
    assert (kept, taken) == ({"bus": 1}, {})


@pytest.mark.parametrize(("vehicle_id", "class_name"), [(1, "car"), (2, "bus")], ids=["same class", "not counted"])
def test_nothing_to_correct_is_no_change(vehicle_id: int, class_name: str) -> None:
    ledger = ClassLedger()
    line: ClassCounts = Counter()
    ledger.count(1, "car", [line])
    assert not ledger.reclassify(vehicle_id, class_name)
    assert line == {"car": 1}


def test_a_bus_that_was_a_car_at_the_line_is_counted_as_a_bus_in_the_end() -> None:
    frames = [
        [seen(1, box_at(640, y), "car", 0.4) if 300 < y < 420 else seen(1, box_at(640, y), "bus", 0.6)]
        for y in range(280, 700, 10)
    ]
    found = count(frames)
    ((_, class_then),) = found.crossings
    assert class_then == "car"
    assert found.results["counts_by_class"] == {"bus": 1}
    assert found.results["counts_by_line"] == {"main": {"in": {"bus": 1}, "out": {}}}
    assert [slot["by_line"]["main"]["in"] for slot in found.results["intervals"]] == [{"bus": 1}]


def test_the_vote_goes_on_when_the_id_changes() -> None:
    frames = [
        [seen(1, box_at(640, y), "bus", 0.9) if y < 340 else seen(2, box_at(640, y), "car", 0.5)]
        for y in range(200, 460, 10)
    ]
    assert count(frames).results["counts_by_class"] == {"bus": 1}


def test_both_boxes_of_a_vehicle_vote() -> None:
    frames = [
        [seen(1, box_at(640, y), "car", 0.4), seen(2, box_at(640, y, 88, 66), "truck", 0.6)]
        for y in range(200, 460, 10)
    ]
    assert count(frames).results["counts_by_class"] == {"truck": 1}

"""Which vehicle crossed which line, and how many did."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traffic_monitor.counting.crossings import REMEMBERED_TRACKS, CountTable, CrossingDetector, LineCrossing
from traffic_monitor.counting.lines import CountingLine

UPPER = CountingLine("upper", (0, 100), (200, 100), "in", "out")
LOWER = CountingLine("lower", (0, 200), (200, 200), "south", "north")


def box(bottom: int, center: int = 100) -> list[int]:
    return [center - 20, bottom - 30, center + 20, bottom]


def crossings_of(bottoms: list[int], lines: list[CountingLine]) -> list[tuple[str, str]]:
    detector = CrossingDetector(lines)
    found = [crossing for bottom in bottoms for crossing in detector.update(1, "car", box(bottom))]
    return [(crossing.line, crossing.direction) for crossing in found]


@pytest.mark.parametrize(
    ("bottoms", "expected"),
    [
        pytest.param([80, 90, 110, 120], [("upper", "in")], id="driving through crosses once"),
        pytest.param([120, 80], [("upper", "out")], id="driving up crosses the other way"),
        pytest.param([80, 240], [("upper", "in"), ("lower", "south")], id="one long step crosses both lines"),
        pytest.param([80, 110, 80], [("upper", "in"), ("upper", "out")], id="turning round counts once each way"),
        pytest.param(
            [80, 110, 80, 110], [("upper", "in"), ("upper", "out")], id="a third pass is not counted again"
        ),
        pytest.param(
            [98, 101, 99, 102, 98, 103], [("upper", "in"), ("upper", "out")], id="jitter on the line adds nothing"
        ),
        pytest.param([100, 101, 100, 102], [], id="jitter that starts on the line and stays right adds nothing"),
        pytest.param([110, 150], [], id="a track that begins behind the line did not cross it"),
        pytest.param([80], [], id="one sighting is no step"),
    ],
)
def test_crossings_of_one_track(bottoms: list[int], expected: list[tuple[str, str]]) -> None:
    assert crossings_of(bottoms, [UPPER, LOWER]) == expected


def test_a_track_that_was_not_seen_for_some_frames_crosses_with_its_next_box() -> None:
    detector = CrossingDetector([UPPER])
    detector.update(1, "car", box(80))
    detector.update(2, "car", box(80))
    assert len(detector.update(1, "car", box(150))) == 1


def test_tracks_are_kept_apart() -> None:
    detector = CrossingDetector([UPPER])
    detector.update(1, "car", box(90))
    assert detector.update(2, "car", box(110)) == []
    assert detector.update(1, "car", box(110)) == [LineCrossing("upper", "in", 1, "car")]


def test_every_track_id_is_a_track_also_0() -> None:
    detector = CrossingDetector([UPPER])
    detector.update(0, "car", box(90))
    assert detector.update(0, "car", box(110)) == [LineCrossing("upper", "in", 0, "car")]


def test_the_class_of_the_crossing_frame_counts() -> None:
    detector = CrossingDetector([UPPER])
    detector.update(1, "car", box(90))
    (crossing,) = detector.update(1, "truck", box(110))
    assert crossing.class_name == "truck"


def test_no_more_than_the_latest_tracks_are_remembered() -> None:
    detector = CrossingDetector([UPPER])
    for track_id in range(REMEMBERED_TRACKS + 1):
        detector.update(track_id, "car", box(90))
    assert detector.update(REMEMBERED_TRACKS, "car", box(110)) != []
    assert detector.update(0, "car", box(110)) == []  # Forgotten, so this is its first sighting.


def test_a_track_in_sight_is_not_forgotten_for_new_ones() -> None:
    detector = CrossingDetector([UPPER])
    for track_id in range(1, REMEMBERED_TRACKS + 1):
        detector.update(0, "car", box(90))
        detector.update(track_id, "car", box(90))
    assert len(detector.update(0, "car", box(110))) == 1


@given(st.lists(st.integers(0, 300), max_size=40))
def test_a_vehicle_counts_at_most_once_per_line_and_direction(bottoms: list[int]) -> None:
    found = crossings_of(bottoms, [UPPER, LOWER])
    assert len(found) == len(set(found))


@given(st.lists(st.integers(0, 300), min_size=1, max_size=40))
def test_who_ends_on_the_other_side_has_crossed(bottoms: list[int]) -> None:
    found = crossings_of(bottoms, [UPPER])
    if bottoms[0] < 100 <= bottoms[-1]:
        assert ("upper", "in") in found
    if bottoms[-1] < 100 <= bottoms[0]:
        assert ("upper", "out") in found


def test_the_table_counts_per_line_direction_and_class() -> None:
    table = CountTable([UPPER, LOWER])
    for line, direction, class_name in [
        ("upper", "in", "car"), ("upper", "in", "car"), ("upper", "out", "bus"), ("lower", "south", "car"),
    ]:  # fmt: skip
        table.add(LineCrossing(line, direction, 1, class_name))
    assert table.by_line == {
        "upper": {"in": {"car": 2}, "out": {"bus": 1}},
        "lower": {"south": {"car": 1}, "north": {}},
    }
    assert table.by_class == {"car": 3, "bus": 1}
    assert table.total == 4


def test_an_empty_table_names_every_line_and_direction() -> None:
    table = CountTable([UPPER, LOWER])
    assert table.by_line == {"upper": {"in": {}, "out": {}}, "lower": {"south": {}, "north": {}}}
    assert (table.by_class, table.total) == ({}, 0)

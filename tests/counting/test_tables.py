"""Counts per line and per interval, and movements between lines."""

import pytest

from tests.counting.scenes import HEIGHT, START, UTC_CLOCK, WIDTH, count, drive, walk
from traffic_monitor.counting.classes import ClassLedger
from traffic_monitor.counting.crossings import LineCrossing
from traffic_monitor.counting.lines import CountingLine
from traffic_monitor.counting.tables import CountTable, IntervalTable, MovementTable
from traffic_monitor.counting.vehicles import FrameTime
from traffic_monitor.shared_utils.clock import Clock, parse_zone

UPPER = CountingLine("upper", (0, 100), (200, 100), "in", "out")
LOWER = CountingLine("lower", (0, 200), (200, 200), "south", "north")
QUARTER = 15 * 60


def crossing(line: str, direction: str, timestamp: float = START, vehicle_id: int = 1) -> LineCrossing:
    return LineCrossing(line, direction, vehicle_id, vehicle_id, FrameTime(timestamp))


def test_the_table_counts_per_line_direction_and_class() -> None:
    table = CountTable([UPPER, LOWER])
    for line, direction, class_name in [
        ("upper", "in", "car"), ("upper", "in", "car"), ("upper", "out", "bus"), ("lower", "south", "car"),
    ]:  # fmt: skip
        table.cell(crossing(line, direction))[class_name] += 1
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


def starts(table: IntervalTable) -> list[str]:
    return [interval["start"] for interval in table.intervals]


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        pytest.param(60, ["2023-11-15T03:00:00+05:30", "2023-11-15T04:00:00+05:30"], id="full hours"),
        pytest.param(20, ["2023-11-15T03:40:00+05:30", "2023-11-15T04:00:00+05:30"], id="20 minutes"),
        pytest.param(1, ["2023-11-15T03:59:00+05:30", "2023-11-15T04:00:00+05:30"], id="minutes"),
    ],
)
def test_intervals_begin_on_the_local_clock(minutes: int, expected: list[str]) -> None:
    table = IntervalTable([UPPER], minutes, Clock(known=True, zone=parse_zone("Asia/Kolkata")))
    four_o_clock = 1_700_001_000.0  # 22:30 UTC
    for seconds in (-10, -1, 0, 30):
        table.advance(four_o_clock + seconds)
    assert starts(table) == expected


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata", None])
@pytest.mark.parametrize(("seconds", "expected"), [(16.6, 1), (3599.9, 4)])
def test_a_file_without_a_start_time_has_the_intervals_of_its_length_in_every_zone(
    zone: str | None, seconds: float, expected: int
) -> None:
    table = IntervalTable([UPPER], 15, Clock(known=False, zone=parse_zone(zone) if zone else None))
    for frame in range(int(seconds * 29.97)):
        table.advance(frame / 29.97)
    assert len(table.intervals) == expected
    assert table.intervals[0]["start"] == "1970-01-01T00:00:00+00:00"


def test_intervals_without_frames_are_there_with_zeros() -> None:
    table = IntervalTable([UPPER], 15, UTC_CLOCK)
    for quarter in (0, 3):
        table.advance(START + quarter * QUARTER + 100)
        table.cell(crossing("upper", "in", START + quarter * QUARTER + 100))["car"] += 1
    counts = [interval["by_line"]["upper"] for interval in table.intervals]
    nothing = {"in": {}, "out": {}}
    assert counts == [{"in": {"car": 1}, "out": {}}, nothing, nothing, {"in": {"car": 1}, "out": {}}]


def test_a_crossing_belongs_to_the_interval_in_which_it_happened() -> None:
    table = IntervalTable([UPPER], 15, UTC_CLOCK)
    table.advance(START + QUARTER - 1)
    table.advance(START + QUARTER + 1)
    table.cell(crossing("upper", "in", START + QUARTER - 1))["car"] += 1
    assert [interval["by_line"]["upper"]["in"] for interval in table.intervals] == [{"car": 1}, {}]


def test_a_clock_that_is_set_by_years_makes_no_intervals_between() -> None:
    table = IntervalTable([UPPER], 1, UTC_CLOCK)
    for timestamp in (0.0, START, START + 60, 30.0):
        table.advance(timestamp)
    assert len(starts(table)) == 3


def test_a_stream_is_counted_by_intervals() -> None:
    frames = drive(range(200, 500, 10), track_id=1) + [[]] * 50 + drive(range(500, 200, -10), track_id=2)
    found = count(frames, start=START + QUARTER - 2)
    assert [interval["by_line"]["main"] for interval in found.results["intervals"]] == [
        {"in": {"car": 1}, "out": {}},
        {"in": {}, "out": {"car": 1}},
    ]


CROSSROADS = [
    {"name": "north", "points": [[500, 200], [780, 200]], "units": "pixels"},
    {"name": "south", "points": [[500, 520], [780, 520]], "units": "pixels"},
    {"name": "west", "points": [[440, 250], [440, 470]], "units": "pixels"},
]


def straight() -> list[tuple[float, float]]:
    return [(640, y) for y in range(100, 700, 10)]


def turn() -> list[tuple[float, float]]:
    return [*((640, y) for y in range(100, 360, 10)), *((x, 360) for x in range(640, 300, -10))]


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        pytest.param(straight(), {"north": {"south": {"car": 1}}}, id="straight on"),
        pytest.param(turn(), {"north": {"west": {"car": 1}}}, id="turning"),
        pytest.param(turn()[::-1], {"west": {"north": {"car": 1}}}, id="turning the other way"),
        pytest.param(
            [*straight()[:30], *straight()[29::-1]], {"north": {"north": {"car": 1}}}, id="turning round"
        ),
        pytest.param([*straight(), *turn()[-20:]], {"north": {"west": {"car": 1}}}, id="by way of a third line"),
        pytest.param(straight()[:30], {}, id="only one line is no movement yet"),
    ],
)
def test_movements_lead_from_the_first_line_to_the_last(
    points: list[tuple[float, float]], expected: dict[str, object]
) -> None:
    assert count(walk(points), lines=CROSSROADS).results["movements"] == expected


def test_a_movement_follows_the_class_of_its_vehicle() -> None:
    frames = walk(straight())
    for frame in frames[45:]:
        frame[0]["class_name"], frame[0]["confidence"] = "bus", 1.0
    for frame in frames[:45]:
        frame[0]["confidence"] = 0.1
    assert count(frames, lines=CROSSROADS).results["movements"] == {"north": {"south": {"bus": 1}}}


def test_movements_go_by_when_lines_were_crossed_not_by_when_that_was_confirmed() -> None:
    table = MovementTable(ClassLedger())
    for line, timestamp in (("b", START + 1), ("a", START)):
        table.add(crossing(line, "in", timestamp), "car")
    assert table.by_origin == {"a": {"b": {"car": 1}}}


def test_with_one_line_there_are_no_movements() -> None:
    assert "movements" not in count(drive([HEIGHT / 2, WIDTH / 2])).results

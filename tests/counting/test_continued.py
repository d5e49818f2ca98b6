"""Counts of two generations are one: every table added up, nothing counted twice."""

from typing import Any

from traffic_monitor.counting.continued import continued
from traffic_monitor.shared_utils.custom_types import CountResults, SpeedResults, VehicleSpeed, ZoneCounts


def results(number: int, starts: list[str], **more: Any) -> CountResults:
    lines = {"main": {"in": {"car": number}, "out": {}}}
    intervals = [{"start": start, "by_line": lines} for start in starts]
    return CountResults(
        counts_by_class={"car": number},
        total_count=number,
        counts_by_line=lines,
        intervals=intervals,  # type: ignore[typeddict-item]
        **more,
    )


def test_totals_and_lines_are_added_class_by_class() -> None:
    since = results(2, [])
    since["counts_by_class"] = {"car": 2, "bus": 1}
    since["counts_by_line"] = {"main": {"in": {"car": 2}, "out": {"bus": 1}}, "second": {"in": {}, "out": {}}}
    since["total_count"] = 3
    together = continued(results(5, []), since, everything=True)
    assert together["counts_by_class"] == {"car": 7, "bus": 1}
    assert together["total_count"] == 8
    assert together["counts_by_line"] == {
        "main": {"in": {"car": 7}, "out": {"bus": 1}},
        "second": {"in": {}, "out": {}},
    }


def test_an_interval_that_both_have_is_added_and_the_others_come_only_when_everything_is_wanted() -> None:
    before, since = results(5, ["10:00", "10:15"]), results(2, ["10:15", "10:30"])
    cars = lambda counts: {each["start"]: each["by_line"]["main"]["in"]["car"] for each in counts["intervals"]}  # noqa: E731
    assert cars(continued(before, since, everything=False)) == {"10:15": 7, "10:30": 2}
    assert cars(continued(before, since, everything=True)) == {"10:00": 5, "10:15": 7, "10:30": 2}


def test_what_was_counted_before_is_not_changed() -> None:
    before = results(5, ["10:00"])
    continued(before, results(2, ["10:00"]), everything=True)
    assert before == results(5, ["10:00"])


def test_movements_zones_and_speeds_go_on() -> None:
    def zone(entries: int, exits: int, most: int, mean: float | None) -> ZoneCounts:
        return ZoneCounts(
            entries=entries,
            exits=exits,
            occupancy=entries - exits,
            max_occupancy=most,
            mean_dwell_s=mean,
            max_dwell_s=mean,
        )

    def speeds(*values: float) -> SpeedResults:
        vehicles = [VehicleSpeed(track_id=1, class_name="car", speed=value) for value in values]
        return SpeedResults(unit="km/h", measured=len(values), refused=1, median=None, p85=None, vehicles=vehicles)

    before = results(
        1, [], movements={"a": {"b": {"car": 1}}}, zones={"z": zone(3, 3, 2, 4.0)}, speeds=speeds(40, 50)
    )
    since = results(
        1,
        [],
        movements={"a": {"b": {"car": 2}}, "b": {"a": {"bus": 1}}},
        zones={"z": zone(2, 1, 1, 8.0)},
        speeds=speeds(60),
    )
    together = continued(before, since, everything=True)
    assert together["movements"] == {"a": {"b": {"car": 3}}, "b": {"a": {"bus": 1}}}
    assert together["zones"]["z"] == zone(5, 4, 2, 5.0) | {"max_dwell_s": 8.0}
    assert (together["speeds"]["measured"], together["speeds"]["refused"], together["speeds"]["median"]) == (
        3,
        2,
        50.0,
    )


def test_zones_nobody_was_in_have_no_dwell_time() -> None:
    empty = ZoneCounts(entries=0, exits=0, occupancy=0, max_occupancy=0, mean_dwell_s=None, max_dwell_s=None)
    together = continued(results(0, [], zones={"z": empty}), results(0, [], zones={"z": empty}), everything=False)
    assert together["zones"]["z"] == empty

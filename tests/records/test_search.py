"""Vehicles are found by plate, line and time."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.builders import START
from tests.records.road import record_cars, settings
from traffic_monitor.records.database import open_database
from traffic_monitor.records.search import Query, normalize_plate_pattern, search
from traffic_monitor.records.spans import Moment, TimeSpan

PLATES = ["34A36837", "34A23126", "KLM7", ""]
"""Of cars that cross the line at 0.56 s, 4.24 s, 7.92 s and 11.6 s."""


def found(folder: Path, **query: object) -> list[str | None]:
    with closing(open_database(folder)) as database:
        return [passage.plate for passage in search(database, Query(**query))]  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record_cars(tmp_path_factory.mktemp("run"), PLATES)


@pytest.mark.parametrize(
    ("plate", "expected"),
    [
        ("34A36837", ["34A36837"]),
        ("34A*", ["34A36837", "34A23126"]),
        ("*37", ["34A36837"]),
        ("KLM?", ["KLM7"]),
        ("KLM", []),
        ("*", ["34A36837", "34A23126", "KLM7"]),
    ],
)
def test_a_plate_is_found_whole_or_with_wildcards(run: Path, plate: str, expected: list[str]) -> None:
    assert found(run, plate=plate) == expected


@pytest.mark.parametrize(
    ("plate", "expected"),
    [
        ("34A36837", ["34A36837"]),
        ("34A3683", ["34A36837"]),  # One is missing.
        ("34A63837", ["34A36837"]),  # Two are swapped.
        ("3AA36B37", ["34A36837"]),  # One is wrong, one is a look-alike.
        ("KIM7", ["KLM7"]),
        ("QQ99QQ", []),
    ],
)
def test_a_fuzzy_search_forgives_some_mistakes(run: Path, plate: str, expected: list[str]) -> None:
    assert found(run, plate=plate, is_fuzzy=True) == expected


def test_the_likest_plate_comes_first(tmp_path: Path) -> None:
    record_cars(tmp_path, ["34A36838", "34A36837", "34A36B37"])
    assert found(tmp_path, plate="34A36837", is_fuzzy=True) == ["34A36837", "34A36B37", "34A36838"]


def test_only_vehicles_that_crossed_the_line(run: Path) -> None:
    assert found(run, line="main") == ["34A36837", "34A23126", "KLM7", None]
    assert found(run, line="other") == []


def test_times_since_the_start_of_a_file(tmp_path: Path, run: Path) -> None:
    # The builders' timestamps are not those of a file, whose clock starts at zero.
    at = {second: Moment(since_start_s=START + second) for second in (1, 3, 9)}
    assert found(run, line="main", span=TimeSpan(at[3], at[9])) == ["34A23126", "KLM7"]
    assert found(run, span=TimeSpan(since=at[9])) == [None]
    assert found(run, span=TimeSpan(until=at[1])) == ["34A36837"]


def test_a_time_of_day_finds_nothing_where_it_is_not_known(run: Path, tmp_path: Path) -> None:
    span = TimeSpan(since=Moment(at=datetime.fromtimestamp(START - 10, UTC)))
    assert found(run, span=span) == []
    known = record_cars(tmp_path, ["KLM7"], settings(frame_grabber={"start_time": "2026-05-04T08:00:00+02:00"}))
    assert found(known, span=span) == ["KLM7"]


@pytest.mark.parametrize(
    ("typed", "plate"),
    [("34a 36-837", "34A36837"), ("34A…", "34A*"), ("34A...", "34A*"), ("--", ""), ("mü?ab", "MU?AB")],
)
def test_a_plate_is_taken_as_it_is_typed(typed: str, plate: str) -> None:
    assert normalize_plate_pattern(typed) == plate

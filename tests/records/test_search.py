"""Vehicles are found by plate, line and time."""

from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from tests.builders import START
from tests.records.road import record_cars, settings
from traffic_monitor.records.database import open_database
from traffic_monitor.records.search import Query, SearchTime, normalize_plate_pattern, search

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
    at = {second: SearchTime(START + second, is_known=False) for second in (3, 9)}
    assert found(run, line="main", since=at[3], until=at[9]) == ["34A23126", "KLM7"]
    assert found(run, since=at[9]) == [None]
    assert found(run, until=SearchTime(START + 1, is_known=False)) == ["34A36837"]


def test_a_time_of_day_finds_nothing_where_it_is_not_known(run: Path, tmp_path: Path) -> None:
    since = SearchTime(START - 10, is_known=True)
    assert found(run, since=since) == []
    known = record_cars(tmp_path, ["KLM7"], settings(frame_grabber={"start_time": "2026-05-04T08:00:00+02:00"}))
    assert found(known, since=since) == ["KLM7"]


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("1:30", 90), ("0:01:30.5", 90.5), ("1:00:00", 3600), ("2.5", 2.5)]
)
def test_seconds_and_clock_times_count_from_the_start(text: str, seconds: float) -> None:
    assert SearchTime.parse(text) == SearchTime(seconds, is_known=False)


@pytest.mark.parametrize("text", ["2026-05-04T08:00:00+02:00", "2026-05-04 08:00", "2026-05-04"])
def test_iso_times_are_times_of_day(text: str) -> None:
    assert SearchTime.parse(text) == SearchTime(
        datetime.fromisoformat(text).astimezone().timestamp(), is_known=True
    )


def test_what_is_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="yesterday"):
        SearchTime.parse("yesterday")


@pytest.mark.parametrize(
    ("typed", "plate"),
    [("34a 36-837", "34A36837"), ("34A…", "34A*"), ("34A...", "34A*"), ("--", ""), ("mü?ab", "MU?AB")],
)
def test_a_plate_is_taken_as_it_is_typed(typed: str, plate: str) -> None:
    assert normalize_plate_pattern(typed) == plate

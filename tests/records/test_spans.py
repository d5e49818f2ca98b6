"""Spans of time as a user gives them."""

import time
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.builders import START
from traffic_monitor.records.spans import EVERYTHING, Moment, TimeSpan
from traffic_monitor.shared_utils.clock import Clock, parse_zone

BERLIN = Clock(known=True, zone=parse_zone("Europe/Berlin"))
FROM_ZERO = Clock(known=False)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("1:30", 90), ("0:01:30.5", 90.5), ("1:00:00", 3600), ("2.5", 2.5)]
)
def test_seconds_and_clock_times_count_from_the_start(text: str, seconds: float) -> None:
    moment = Moment.parse(text)
    assert (moment.epoch_s(FROM_ZERO), moment.epoch_s(BERLIN)) == (seconds, None)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        pytest.param("2026-05-04T08:00", "2026-05-04T06:00", "2026-05-04T06:00", id="the camera's time"),
        pytest.param("2026-05-04T08:00+00:00", "2026-05-04T08:00", "2026-05-04T08:00", id="with an offset"),
        pytest.param("2026-05-04", "2026-05-03T22:00", "2026-05-04T22:00", id="a day"),
        pytest.param("2026-03-29", "2026-03-28T23:00", "2026-03-29T22:00", id="a day of 23 hours"),
        pytest.param("today", "2023-11-13T23:00", "2023-11-14T23:00", id="today"),
        pytest.param("Yesterday", "2023-11-12T23:00", "2023-11-13T23:00", id="yesterday"),
    ],
)
def test_times_of_day_are_the_cameras(text: str, first: str, last: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: START)
    moment = Moment.parse(text)
    expected = [datetime.fromisoformat(each).replace(tzinfo=UTC).timestamp() for each in (first, last)]
    assert [moment.epoch_s(BERLIN), moment.epoch_s(BERLIN, is_end=True)] == expected
    assert moment.epoch_s(FROM_ZERO) is None


@pytest.mark.parametrize("text", ["", "last week", "25.11.2026", "2026-13-01", "0001-01-01", "9999-12-31T23:59"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises((ValueError, OverflowError)):
        Moment.parse(text)


def test_a_folder_of_a_day_far_away_holds_nothing_of_a_span() -> None:
    span = TimeSpan(since=Moment(day=date(2026, 11, 20)), until=Moment(day=date(2026, 11, 21)))
    names = {name: span.may_meet(Path(name)) for name in ("c_20261117", "c_20261119", "c_20261122", "c_20261125")}
    assert names == {"c_20261117": False, "c_20261119": True, "c_20261122": True, "c_20261125": False}
    assert span.may_meet(Path("c_20261117-080000"))  # Of a run; its records say when.
    assert EVERYTHING.may_meet(Path("c_20261117"))

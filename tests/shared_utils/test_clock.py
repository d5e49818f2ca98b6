"""Time zones of cameras, and the stamps of arrivals."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from traffic_monitor.settings import FrameGrabberSettings
from traffic_monitor.shared_utils.clock import ArrivalClock, Clock, parse_zone

MAY_4_8_00 = 1_777_874_400.0
"""2026-05-04T08:00:00+02:00, as epoch seconds."""


@pytest.mark.parametrize(
    ("changes", "shown", "name"),
    [
        pytest.param(
            {"start_time": "2026-05-04T08:00:00+02:00"},
            "2026-05-04T08:00:00.000+02:00",
            "UTC+02:00",
            id="offset kept",
        ),
        pytest.param(
            {"start_time": "2026-05-04T08:00:00+02:00", "timezone": "Asia/Kolkata"},
            "2026-05-04T11:30:00.000+05:30",
            "Asia/Kolkata",
            id="the zone is stronger than the offset",
        ),
        pytest.param(
            {"start_time": "2026-05-04T08:00:00", "timezone": "Europe/Berlin"},
            "2026-05-04T08:00:00.000+02:00",
            "Europe/Berlin",
            id="a start time without offset is in the zone",
        ),
        pytest.param({"timezone": "Europe/Berlin"}, "1970-01-01T00:00:00.000+00:00", "from zero", id="none"),
    ],
)
def test_a_file_is_shown_in_the_camera_s_time_zone(changes: dict[str, str], shown: str, name: str) -> None:
    settings = FrameGrabberSettings.model_validate({"source": "clip.mp4", **changes})
    assert settings.clock.iso(settings.start_epoch_s) == shown
    assert settings.clock.name == name


def test_intervals_follow_the_camera_s_clock_and_not_the_machine_s() -> None:
    kolkata = Clock(known=True, zone=parse_zone("Asia/Kolkata"))
    start = kolkata.interval_start(MAY_4_8_00 + 900, 3600)
    assert kolkata.iso(start) == "2026-05-04T11:00:00.000+05:30"


def test_a_zone_survives_being_written_down() -> None:
    for name in ("Europe/Berlin", "-03:30", "+00:00"):
        clock = Clock(known=True, zone=parse_zone(name))
        assert clock.zone_name == name
        assert parse_zone(clock.zone_name).utcoffset(clock.local(0)) is not None
    assert parse_zone("-03:30").utcoffset(None) == -timedelta(hours=3, minutes=30)


@pytest.mark.parametrize(
    "name", ["Europe/Atlantis", "", "../../etc/passwd", "+2", "/etc/passwd", "a\0b", "+25:00"]
)
def test_what_is_no_time_zone_is_refused_by_name(name: str) -> None:
    with pytest.raises(ValueError, match="is no time zone: expected"):
        parse_zone(name)


def test_stamps_follow_the_system_clock_and_durations_do_not() -> None:
    monotonic, wall = [10.0], [1000.0]
    clock = ArrivalClock(lambda: monotonic[0], lambda: wall[0])
    stamps = []
    for seconds, step in ((1, 0.0), (1, -3600.0), (1, 0.001), (1, 60.0)):
        monotonic[0] += seconds
        wall[0] += seconds + step
        stamps.append(clock.epoch(clock.monotonic()))
    assert stamps == pytest.approx([1001, -2598, -2596.999, -2535.999])
    assert clock.steps == 2


@pytest.mark.parametrize("seconds", [900, 3600, 7200, 14400, 86400])
@pytest.mark.parametrize("change", ["2026-03-29T01:00:00+00:00", "2026-10-25T01:00:00+00:00"])
def test_intervals_have_no_gap_and_no_overlap_where_summer_time_changes(change: str, seconds: int) -> None:
    berlin = Clock(known=True, zone=parse_zone("Europe/Berlin"))
    first = datetime.fromisoformat(change).timestamp() - 20 * 86400
    last = first + 40 * 86400
    starts = list(berlin.interval_starts(first, last, seconds))
    assert starts == sorted(set(starts))
    moments = np.arange(first, last + 450.0, 450.0)
    assert {berlin.interval_start(moment, seconds) for moment in moments} == set(starts)
    local = [berlin.local(start) for start in starts]
    assert {(each.hour * 3600 + each.minute * 60) % seconds for each in local} <= {0, 3600}
    assert {each.second for each in local} == {0}


def test_a_day_has_23_or_25_hours_where_summer_time_changes() -> None:
    berlin = Clock(known=True, zone=parse_zone("Europe/Berlin"))
    for noon, hours in (
        ("2026-03-29T12:00+02:00", 23),
        ("2026-10-25T12:00+01:00", 25),
        ("2026-06-01T12:00+02:00", 24),
    ):
        start = berlin.interval_start(datetime.fromisoformat(noon).timestamp(), 86400)
        assert berlin.interval_end(start, 86400) - start == hours * 3600

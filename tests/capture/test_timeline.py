"""Positions of frames, and which of them the target rate wants."""

import pytest

from traffic_monitor.capture.timeline import Beat, Timeline


def test_positions_run_on_where_none_is_stated_or_it_jumps_back() -> None:
    timeline = Timeline(25)
    assert [timeline.place(at) for at in (0.0, 0.05, None, 0.02, 0.2)] == pytest.approx([0, 0.05, 0.09, 0.13, 0.2])


def test_the_rate_of_the_recording_itself_wants_every_frame_though_times_are_rounded_to_milliseconds() -> None:
    beat = Beat(30)
    assert all(beat.wants(int(number * 1000 / 30) / 1000) for number in range(300))


def test_a_beat_goes_on_from_any_frame() -> None:
    positions = [number / 24 for number in range(200)]
    whole = Beat(7)
    wanted = [at for at in positions if whole.wants(at)]
    for number, after in enumerate(wanted):
        later = Beat(7, after)
        assert [at for at in positions if at > after and later.wants(at)] == wanted[number + 1 :]

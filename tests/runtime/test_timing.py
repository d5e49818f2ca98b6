"""Busy times and their percentiles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traffic_monitor.runtime.timing import RECENT_MESSAGES, RecentTimes, nearest_rank


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        pytest.param([], 50, 0.0, id="nothing has percentile 0"),
        pytest.param([7], 50, 7, id="one value is every percentile"),
        pytest.param([1, 2, 3, 4], 50, 2, id="half of four values"),
        pytest.param([1, 2, 3, 4, 5], 50, 3, id="half of five values"),
        pytest.param(list(range(1, 101)), 95, 95, id="95 of a hundred"),
        pytest.param([1, 2, 3], 0, 1, id="0 percent is the smallest"),
        pytest.param([1, 2, 3], 100, 3, id="100 percent is the largest"),
    ],
)
def test_nearest_rank(values: list[float], percent: float, expected: float) -> None:
    assert nearest_rank(values, percent) == expected


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0, 100))
def test_enough_values_are_at_or_below_the_percentile(values: list[float], percent: float) -> None:
    limit = nearest_rank(sorted(values), percent)
    assert limit in values
    assert sum(value <= limit for value in values) * 100 >= percent * len(values) * (1 - 1e-9)


def test_seconds_become_milliseconds_whatever_their_order() -> None:
    times = RecentTimes()
    for seconds in (0.03, 0.01, 0.02):
        times.add(seconds)
    assert times.percentile_ms(50) == pytest.approx(20)


def test_only_the_latest_messages_are_remembered() -> None:
    times = RecentTimes()
    times.add(1000)
    for _ in range(RECENT_MESSAGES):
        times.add(0.001)
    assert times.percentile_ms(100) == pytest.approx(1)

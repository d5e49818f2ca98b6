"""Count updates put together."""

from typing import Any

from tests.builders import make_count_update
from traffic_monitor.shared_utils.counts_so_far import CountsSoFar

LAST_SUMMER, FIRST_WINTER = "2026-10-25T02:45:00+02:00", "2026-10-25T02:00:00+01:00"


def interval(start: str, number: int) -> dict[str, Any]:
    return {"start": start, "by_line": {"main": {"in": {"car": number}}}}


def test_before_the_first_update_nothing_is_known() -> None:
    assert CountsSoFar().together is None


def test_intervals_are_kept_replaced_and_in_the_order_of_time() -> None:
    counts = CountsSoFar()
    counts.take(make_count_update(1, intervals=[interval(FIRST_WINTER, 1)]))
    counts.take(make_count_update(3, intervals=[interval(LAST_SUMMER, 2)]))
    counts.take(make_count_update(4, intervals=[interval(FIRST_WINTER, 2)]))
    together = counts.together
    assert together is not None
    assert together["total_count"] == 4
    assert together.get("intervals") == [interval(LAST_SUMMER, 2), interval(FIRST_WINTER, 2)]


def test_speeds_stay_until_they_change() -> None:
    counts = CountsSoFar()
    for speeds in ({"measured": 1}, None, {"measured": 2}, None):
        counts.take(make_count_update(1, **({} if speeds is None else {"speeds": speeds})))
    together = counts.together
    assert together is not None
    assert together.get("speeds") == {"measured": 2}


def test_what_is_put_together_is_no_longer_changed() -> None:
    counts = CountsSoFar()
    counts.take(make_count_update(1, intervals=[interval(FIRST_WINTER, 1)]))
    before = counts.together
    counts.take(make_count_update(2, intervals=[interval(LAST_SUMMER, 1)]))
    assert before is not None
    assert before.get("intervals") == [interval(FIRST_WINTER, 1)]

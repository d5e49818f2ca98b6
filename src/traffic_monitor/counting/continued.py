"""Counts that go on: what was counted before a restart, and what has been counted since."""

from collections.abc import Mapping
from typing import TypeVar

import numpy as np

from traffic_monitor.counting.speeds import LISTED_VEHICLES
from traffic_monitor.shared_utils.custom_types import (
    CountResults,
    IntervalCounts,
    SpeedResults,
    ZoneCounts,
)

Counts = TypeVar("Counts", bound=Mapping[str, object])


def continued(before: CountResults, since: CountResults, *, everything: bool) -> CountResults:
    """The counts of both together.

    Args:
        before: all counts before the restart.
        since: the counts since, as in an update: its totals are complete, its intervals those that changed.
        everything: whether the intervals before the restart are listed as well, changed or not.
    """
    together = CountResults(
        counts_by_class=_sum(before["counts_by_class"], since["counts_by_class"]),
        total_count=before["total_count"] + since["total_count"],
        counts_by_line=_sum(before.get("counts_by_line", {}), since.get("counts_by_line", {})),
        intervals=_intervals(before.get("intervals", []), since.get("intervals", []), everything),
    )
    if "movements" in since:
        together["movements"] = _sum(before.get("movements", {}), since["movements"])
    if "zones" in since:
        earlier = before.get("zones", {})
        together["zones"] = {
            name: _zone(earlier[name], zone) if name in earlier else zone for name, zone in since["zones"].items()
        }
    if "speeds" in since:
        together["speeds"] = _speeds(before["speeds"], since["speeds"]) if "speeds" in before else since["speeds"]
    return together


def _sum(one: Counts, other: Counts) -> Counts:
    """Two nested tables of numbers, added cell by cell."""
    total = dict(one)
    for key, value in other.items():
        if key not in total:
            total[key] = value
        elif isinstance(value, Mapping):
            total[key] = _sum(total[key], value)  # type: ignore[type-var]
        else:
            total[key] = total[key] + value  # type: ignore[operator]
    return total  # type: ignore[return-value]


def _intervals(
    before: list[IntervalCounts], since: list[IntervalCounts], everything: bool
) -> list[IntervalCounts]:
    earlier = {interval["start"]: interval for interval in before}
    together = earlier.copy() if everything else {}
    for interval in since:
        start = interval["start"]
        lines = _sum(earlier[start]["by_line"], interval["by_line"]) if start in earlier else interval["by_line"]
        together[start] = IntervalCounts(start=start, by_line=lines)
    return list(together.values())


def _zone(before: ZoneCounts, since: ZoneCounts) -> ZoneCounts:
    exits = before["exits"] + since["exits"]
    dwell = sum((part["mean_dwell_s"] or 0.0) * part["exits"] for part in (before, since))
    longest = [part["max_dwell_s"] for part in (before, since) if part["max_dwell_s"] is not None]
    return ZoneCounts(
        entries=before["entries"] + since["entries"],
        exits=exits,
        occupancy=since["occupancy"],
        max_occupancy=max(before["max_occupancy"], since["max_occupancy"]),
        mean_dwell_s=round(dwell / exits, 2) if exits else None,
        max_dwell_s=max(longest, default=None),
    )


def _speeds(before: SpeedResults, since: SpeedResults) -> SpeedResults:
    vehicles = [*before["vehicles"], *since["vehicles"]][-LISTED_VEHICLES:]
    speeds = [each["speed"] for each in vehicles if each["speed"] is not None]
    median, p85 = (round(float(np.percentile(speeds, p)), 1) if speeds else None for p in (50, 85))
    return SpeedResults(
        unit=since["unit"],
        measured=before["measured"] + since["measured"],
        refused=before["refused"] + since["refused"],
        median=median,
        p85=p85,
        vehicles=vehicles,
    )

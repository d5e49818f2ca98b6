"""All counts of one camera as its database holds them, in the form in which the counter reports them."""

import sqlite3
from collections import Counter
from typing import Any

import numpy as np

from traffic_monitor.settings import VehicleCounterSettings
from traffic_monitor.shared_utils.clock import Clock
from traffic_monitor.shared_utils.custom_types import (
    CountResults,
    IntervalCounts,
    LineCounts,
    MovementCounts,
    SpeedResults,
    VehicleSpeed,
    ZoneCounts,
)

MOST_SPEEDS = 500
"""Speeds that are listed and give median and 85th percentile: the latest, as many as the counter lists."""


def recorded_counts(database: sqlite3.Connection, settings: VehicleCounterSettings, clock: Clock) -> CountResults:
    """The counts of all passages in the database.

    A vehicle that was refused a speed is not in the records, so ``speeds.refused`` is 0.

    Args:
        database: of the camera.
        settings: lines, zones, length of the intervals, unit of speeds.
        clock: the camera's, for the starts of intervals.
    """
    by_class: Counter[str] = Counter()
    by_line: LineCounts = {}
    intervals: dict[float, LineCounts] = {}
    step_s = settings.interval_minutes * 60
    for line, direction, time, class_name in database.execute(
        "SELECT line, direction, time, class_name FROM crossings JOIN passages USING (passage_id)"
    ):
        by_class[class_name] += 1
        start = clock.interval_start(time, step_s)
        for table in (by_line, intervals.setdefault(start, {})):
            classes = table.setdefault(line, {}).setdefault(direction, {})
            classes[class_name] = classes.get(class_name, 0) + 1
    results = CountResults(
        counts_by_class=dict(by_class),
        total_count=by_class.total(),
        counts_by_line=by_line,
        intervals=[
            IntervalCounts(start=clock.local(start).isoformat(), by_line=intervals[start])
            for start in sorted(intervals)
        ],
    )
    if len(settings.lines) > 1:
        results["movements"] = _movements(database)
    if settings.zones:
        results["zones"] = {zone.name: _zone(database, zone.name) for zone in settings.zones}
    if settings.speed:
        results["speeds"] = _speeds(database, settings.speed.unit)
    return results


def _movements(database: sqlite3.Connection) -> MovementCounts:
    """From the first line a vehicle crossed to the last one; of vehicles that crossed two or more."""
    movements: MovementCounts = {}
    for origin, destination, class_name, number in database.execute(
        "SELECT origin, destination, class_name, count(*) FROM (SELECT DISTINCT passage_id,"
        " first_value(line) OVER way AS origin, last_value(line) OVER way AS destination,"
        " count(*) OVER way AS crossed FROM crossings WINDOW way AS (PARTITION BY passage_id ORDER BY media"
        " ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)) JOIN passages USING (passage_id)"
        " WHERE crossed > 1 GROUP BY origin, destination, class_name ORDER BY origin, destination"
    ):
        movements.setdefault(origin, {}).setdefault(destination, {})[class_name] = number
    return movements


def _zone(database: sqlite3.Connection, name: str) -> ZoneCounts:
    """What happened in a zone. Nobody is in it any more: who was there when the counter stopped is not known."""
    entries, mean, longest = database.execute(
        "SELECT count(*), avg(left_media - entered_media), max(left_media - entered_media)"
        " FROM zone_visits WHERE zone = ?",
        (name,),
    ).fetchone()
    steps = database.execute(
        "SELECT entered_media AS media, 1 AS step FROM zone_visits WHERE zone = :zone UNION ALL"
        " SELECT left_media, -1 FROM zone_visits WHERE zone = :zone AND left_media IS NOT NULL"
        " ORDER BY media, step",
        {"zone": name},
    ).fetchall()
    most = max(np.cumsum([step for _, step in steps]), default=0)
    return ZoneCounts(
        entries=entries,
        exits=entries,
        occupancy=0,
        max_occupancy=int(most),
        mean_dwell_s=None if mean is None else round(mean, 2),
        max_dwell_s=None if longest is None else round(longest, 2),
    )


def _speeds(database: sqlite3.Connection, unit: str) -> SpeedResults:
    rows: list[Any] = database.execute(
        "SELECT (SELECT max(track_id) FROM tracks WHERE tracks.passage_id = passages.passage_id),"
        " class_name, speed"
        " FROM passages WHERE speed IS NOT NULL ORDER BY last_media DESC LIMIT ?",
        (MOST_SPEEDS,),
    ).fetchall()
    measured = database.execute("SELECT count(speed) FROM passages").fetchone()[0]
    speeds = [speed for *_, speed in rows]
    median, p85 = (round(float(np.percentile(speeds, p)), 1) if speeds else None for p in (50, 85))
    vehicles = [
        VehicleSpeed(track_id=track or 0, class_name=name, speed=speed) for track, name, speed in reversed(rows)
    ]
    return SpeedResults(unit=unit, measured=measured, refused=0, median=median, p85=p85, vehicles=vehicles)

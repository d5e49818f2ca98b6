"""Times in which a camera was not watched, and restarts: what a count of that time cannot know."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from traffic_monitor.records.database import open_database
from traffic_monitor.shared_utils.clock import Clock

PATIENCE_S = 5.0
"""How long a gap waits for the recorder, which writes twice a second."""

RESTART, OUTAGE = "restart", "outage"
"""Kinds of gaps: the program restarted its services; the camera sent nothing."""


@dataclass(frozen=True)
class Gap:
    """A time without frames. Times are epoch seconds by this machine's clock."""

    started_time: float
    ended_time: float | None
    """None while it lasts."""
    kind: str
    """``restart`` or ``outage``."""
    reason: str
    """One line for people."""


def machine_clock(clock: Clock) -> Clock:
    """The camera's clock for times of this machine, which are known also where those of a file are not."""
    return clock if clock.known else Clock(known=True)


def record_gap(folder: Path, gap: Gap, gap_id: int | None = None) -> int:
    """Write a gap into the records of a camera.

    Args:
        folder: of the camera's run.
        gap: it.
        gap_id: number of the same gap when it was written before.

    Returns:
        Its number.

    Raises:
        DatabaseError: there is no database.
        sqlite3.Error: it cannot be written.
    """
    with closing(open_database(folder, PATIENCE_S)) as database, database:
        row = database.execute(
            "INSERT OR REPLACE INTO gaps VALUES (?, ?, ?, ?, ?)",
            (gap_id, gap.started_time, gap.ended_time, gap.kind, gap.reason),
        )
        return int(row.lastrowid or 0)


def read_gaps(database: sqlite3.Connection) -> Iterator[Gap]:
    """All gaps in the order of time; none in records of versions that did not note them."""
    if database.execute("PRAGMA user_version").fetchone()[0] < 4:
        return
    for row in database.execute("SELECT * FROM gaps ORDER BY started_time"):
        yield Gap(row["started_time"], row["ended_time"], row["kind"], row["reason"])

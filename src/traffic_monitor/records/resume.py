"""Where a camera's work goes on after a restart, by what its database holds.

A live camera goes on now. A recording goes on a little before the last recorded frame, because the newest records
are not complete: what was recorded of the time after that moment is deleted and found again. At that moment no
vehicle was at a line, and as few as possible were in sight: a vehicle in sight becomes two passages there.
"""

import math
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from traffic_monitor.records.database import DATABASE_FILE, open_database
from traffic_monitor.records.passages import run_facts
from traffic_monitor.records.pictures import PLATES_FOLDER, VEHICLES_FOLDER, picture_file
from traffic_monitor.records.recorded_counts import recorded_counts
from traffic_monitor.settings import Settings
from traffic_monitor.shared_utils.resume import ResumePoint

CONFIRMED_WITHIN_S = 1.5
"""A crossing is recorded that soon after it happened: it is confirmed within a few frames and written within
``recorder.WRITE_INTERVAL_S``."""
LOOK_BACK_S = 10.0
"""How far before the last recorded frame a recording is taken up at most, beside what is not complete."""
STEP_S = 0.1
"""Between the moments that are tried."""
CLEAR_BEFORE_S, CLEAR_AFTER_S = 0.3, 1.0
"""No vehicle should be at a line for so long: the tracker has to see it on both sides in one generation."""


def resume_point(folder: Path, settings: Settings) -> ResumePoint | None:
    """Where the camera of this folder goes on; None where nothing is recorded yet.

    Args:
        folder: of the camera's run. Nobody else may have its database open.
        settings: of this camera alone.

    Raises:
        DatabaseError: the database cannot be used.
        sqlite3.Error: it cannot be read or written.
    """
    if not (folder / DATABASE_FILE).exists():
        return None
    with closing(open_database(folder)) as database:
        facts = run_facts(database)
        if "last_frame" not in facts.values:
            return None
        frame, media, timestamp = (float(facts.values[key]) for key in ("last_frame", "last_media", "last_time"))
        if not settings.frame_grabber.is_live and frame > 0:
            per_frame = media / frame
            # The counter may be a full queue behind the frames that are recorded, and one message.
            complete = media - (settings.queue_size + 2) * per_frame - CONFIRMED_WITHIN_S
            frames_back = min(math.ceil((media - _quietest_moment(database, complete)) / per_frame), frame)
            frame, media = frame - frames_back, media - frames_back * per_frame
            timestamp -= frames_back * per_frame
            with database:
                forgotten = _forget_after(database, media)
            _delete_pictures(folder, forgotten)
        plates = database.execute(
            "SELECT count(*) FROM plates WHERE unread_reason IS NULL AND NOT belongs_to_other_vehicle"
        )
        return ResumePoint(
            frame_index=int(frame),
            media_time=media,
            timestamp=timestamp,
            last_vehicle_id=_highest(database, ["passages"], "passage_id"),
            last_track_id=_highest(database, ["tracks", "plates", "crossings", "readings"], "track_id"),
            plates_read=plates.fetchone()[0],
            counts=recorded_counts(database, settings.vehicle_counter, settings.frame_grabber.clock),
        )


def _quietest_moment(database: sqlite3.Connection, latest: float) -> float:
    """Of the moments before ``latest`` (media seconds) one at which no vehicle was at a line and few in sight."""
    crossed = [row[0] for row in database.execute("SELECT media FROM crossings WHERE media > ?", (latest - 60,))]
    spans = database.execute("SELECT first_media, last_media FROM passages WHERE last_media > ?", (latest - 60,))
    in_sight = [(first, last) for first, last in spans]

    def unrest(moment: float) -> tuple[float, int]:
        at_line = sum(_nearness(time - moment) for time in crossed)
        return at_line, sum(first <= moment < last for first, last in in_sight)

    steps = range(round(LOOK_BACK_S / STEP_S) + 1)
    return max(min((latest - step * STEP_S for step in steps), key=unrest), 0.0)


def _nearness(until: float) -> float:
    """How near a crossing is: 1 at the moment itself, 0 where the moment does not concern it.

    Args:
        until: seconds from the moment to the crossing.
    """
    return max(1 - (until / CLEAR_AFTER_S if until > 0 else -until / CLEAR_BEFORE_S), 0.0)


def _forget_after(database: sqlite3.Connection, moment: float) -> list[int]:
    """Delete what happened after a moment (media seconds); returns the tracks that are not recorded any more."""
    after = (moment,)
    database.execute("DELETE FROM crossings WHERE media > ?", after)
    # Who was in a zone at that moment enters it again.
    database.execute("DELETE FROM zone_visits WHERE left_media IS NULL OR left_media > ?", after)
    passages = (
        "SELECT passage_id FROM passages WHERE last_media > ?"
        " AND passage_id NOT IN (SELECT passage_id FROM crossings)"
        " AND passage_id NOT IN (SELECT passage_id FROM zone_visits)"
    )
    tracks = [
        row[0]
        for row in database.execute(
            f"SELECT track_id FROM tracks WHERE passage_id IN ({passages})"
            " UNION SELECT track_id FROM plates WHERE first_seen > ?",
            (moment, moment),
        )
    ]
    database.execute(f"DELETE FROM passages WHERE passage_id IN ({passages})", after)
    database.execute("DELETE FROM readings WHERE media > ?", after)
    for table in ("plates", "readings"):
        database.executemany(f"DELETE FROM {table} WHERE track_id = ?", [(track,) for track in tracks])
    return tracks


def _delete_pictures(folder: Path, track_ids: Iterable[int]) -> None:
    for track_id in track_ids:
        for kind in (PLATES_FOLDER, VEHICLES_FOLDER):
            (folder / picture_file(kind, track_id)).unlink(missing_ok=True)


def _highest(database: sqlite3.Connection, tables: Iterable[str], column: str) -> int:
    queries = (f"SELECT max({column}) FROM {table}" for table in tables)
    return max((database.execute(query).fetchone()[0] or 0 for query in queries), default=0)

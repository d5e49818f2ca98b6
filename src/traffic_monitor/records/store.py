"""Writes the passages of a run into its database, and reads its plates back."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import cast

from traffic_monitor.records.book import Changes
from traffic_monitor.records.database import DATABASE_FILE, create_database, open_database, write_facts
from traffic_monitor.records.passages import Passage
from traffic_monitor.records.runs import forget_old_records
from traffic_monitor.records.sightings import PlateRecord, PlateSighting, SearchedVehicle, UnreadRecord
from traffic_monitor.shared_utils.constants import UnreadReason

NO_COLUMNS = ("tracks", "crossings", "zones", "trajectory", "run")
PASSAGE_COLUMNS = [each.name for each in fields(Passage) if each.name not in NO_COLUMNS]
PLATE_COLUMNS = [each.name for each in fields(PlateSighting)]

WRITE_PASSAGE = (
    f"INSERT INTO passages ({', '.join(PASSAGE_COLUMNS)}, recorded_at)"
    f" VALUES ({', '.join(f':{name}' for name in PASSAGE_COLUMNS)}, :recorded_at)"
    " ON CONFLICT (passage_id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in PASSAGE_COLUMNS if name != "passage_id")
)
"""What is reported of a passage replaces what was known; only ``recorded_at`` stays."""

WRITE_PLATE = (
    f"INSERT OR REPLACE INTO plates ({', '.join(PLATE_COLUMNS)}, recorded_at)"
    f" VALUES ({', '.join(f':{name}' for name in PLATE_COLUMNS)}, :recorded_at)"
)


class PassageStore:
    """The listener of the passage book that keeps everything: ``traffic.db`` of a run.

    Args:
        folder: of the run; None: keep the plates alone, in memory, for the summary.
        make_folder: makes the folder, before the database is made.
    """

    name = DATABASE_FILE

    def __init__(self, folder: Path | None, make_folder: Callable[[], None] = lambda: None) -> None:
        self._folder = folder
        self._make_folder = make_folder
        self._opened: sqlite3.Connection | None = None

    def open(self) -> sqlite3.Connection:
        """The database; made now if it was not yet.

        Raises:
            sqlite3.Error: it cannot be made.
            OSError: its folder cannot be made.
        """
        if self._opened is None:
            self._make_folder()
            self._opened = create_database(self._folder)
        return self._opened

    def take(self, changes: Changes, now: float) -> None:
        """Write changes, all or none.

        Args:
            changes: what is new.
            now: when they are recorded, epoch seconds.

        Raises:
            sqlite3.Error: they cannot be written.
            OSError: the file was taken away.
        """
        database = self.open()
        if self._folder is None:
            changes = Changes(plates=changes.plates)
        elif not (self._folder / DATABASE_FILE).exists():  # SQLite would go on with the file that is deleted.
            raise FileNotFoundError(f"{self._folder / DATABASE_FILE} was deleted")
        with database:
            write_facts(database, changes.facts)
            database.executemany(
                "INSERT INTO readings VALUES (?, ?, ?, ?, ?, ?, ?)", [(*each, now) for each in changes.readings]
            )
            for table, key, gone in (
                ("passages", "passage_id", changes.removed),
                ("tracks", "track_id", changes.freed_tracks),
            ):
                database.executemany(f"DELETE FROM {table} WHERE {key} = ?", [(number,) for number in gone])
            for passage in changes.passages.values():
                _write_passage(database, passage, now)
            database.executemany(
                WRITE_PLATE, [{**vars(each), "recorded_at": now} for each in changes.plates.values()]
            )

    def forget_before(self, moment: float) -> list[int]:
        """Delete what was recorded before a moment (epoch seconds), pictures included.

        Returns:
            the tracks of which something was deleted.

        Raises:
            sqlite3.Error: it cannot be deleted.
            OSError: a picture cannot be deleted.
        """
        if self._folder is None:
            self.open().execute("DELETE FROM plates WHERE recorded_at < ?", (moment,))
            return []
        with self.open() as database:
            return forget_old_records(database, self._folder, moment)

    def plates(self) -> list[PlateRecord | UnreadRecord]:
        """The vehicles whose plate was looked for, by track id."""
        return list(_plates_of(self.open()))

    def close(self) -> None:
        """Close the database."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None


def read_plates(folder: Path) -> Iterator[PlateRecord | UnreadRecord]:
    """The vehicles of a run whose plate was looked for, by track id, one at a time.

    Raises:
        DatabaseError: there is no database.
        sqlite3.Error: it cannot be read.
    """
    with closing(open_database(folder)) as database:
        yield from _plates_of(database)


def _plates_of(database: sqlite3.Connection) -> Iterator[PlateRecord | UnreadRecord]:
    for row in database.execute("SELECT * FROM plates ORDER BY track_id"):
        vehicle = SearchedVehicle(
            track_id=row["track_id"],
            class_name=row["class_name"],
            readings=row["readings"],
            first_seen=row["first_seen"],
            last_seen=row["last_seen"],
        )
        reason = UnreadReason.CONTESTED if row["belongs_to_other_vehicle"] else row["unread_reason"]
        if reason is None:
            signs = row["plate_signs"] if "plate_signs" in row.keys() else 0  # noqa: SIM118 - no dictionary
            beside = {"plate_signs": signs} if signs else {}
            yield cast(PlateRecord, {**vehicle, "text": row["text"], "confidence": row["confidence"], **beside})
        else:
            yield UnreadRecord(**vehicle, reason=UnreadReason(reason))


def _write_passage(database: sqlite3.Connection, passage: Passage, now: float) -> None:
    number = passage.passage_id
    database.execute(WRITE_PASSAGE, {**vars(passage), "recorded_at": now})
    database.executemany(
        "INSERT OR REPLACE INTO tracks VALUES (?, ?)", [(track, number) for track in passage.tracks]
    )
    for table, records in (("crossings", passage.crossings), ("zone_visits", passage.zones)):
        rows = [(number, *vars(record).values()) for record in records]
        if rows:
            places = ", ".join("?" * len(rows[0]))
            database.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({places})", rows)
    points = json.dumps(passage.trajectory, separators=(",", ":"))
    database.execute("INSERT OR REPLACE INTO trajectories VALUES (?, ?)", (number, points))

"""``traffic.db``: the records of a run in SQLite. ``docs/DATA.md`` describes every table for users."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DATABASE_FILE = "traffic.db"

SCHEMA_VERSION = 4
READABLE_VERSIONS = (1, 2, 3, 4)
"""Version 1 had ``plates.is_anothers`` and no ``passages.passed``; neither 1 nor 2 had ``plates.plate_signs``;
none of the three had ``gaps``. They are read, never written."""

BUSY_TIMEOUT_S = 0.2
"""A writer that finds the file locked tries again with the next second's records instead of waiting longer."""

WAL_PAGES = 100
"""Pages of 4 kB after which the write-ahead log begins anew. SQLite's usual 1000 fill a small disk with rows that
were written over since: 18 vehicles filled 1.2 MB."""

# Times are epoch seconds (``time``) and seconds since the start of the source (``media``).
SCHEMA = """
CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE passages (
    passage_id INTEGER PRIMARY KEY,
    class_name TEXT NOT NULL, class_certainty REAL NOT NULL,
    first_time REAL NOT NULL, last_time REAL NOT NULL,
    first_media REAL NOT NULL, last_media REAL NOT NULL,
    first_frame INTEGER, last_frame INTEGER,
    entry_edge TEXT, exit_edge TEXT,
    speed REAL, speed_unit TEXT,
    plate TEXT, plate_confidence REAL, plate_readings INTEGER, unread_reason TEXT,
    plate_picture TEXT, vehicle_picture TEXT,
    passed INTEGER NOT NULL DEFAULT 1,
    recorded_at REAL NOT NULL
);
CREATE INDEX passages_by_plate ON passages (plate);
CREATE TABLE tracks (
    track_id INTEGER PRIMARY KEY,
    passage_id INTEGER NOT NULL REFERENCES passages ON DELETE CASCADE
);
CREATE INDEX tracks_by_passage ON tracks (passage_id);
CREATE TABLE crossings (
    passage_id INTEGER NOT NULL REFERENCES passages ON DELETE CASCADE,
    line TEXT NOT NULL, direction TEXT NOT NULL,
    time REAL NOT NULL, media REAL NOT NULL, frame INTEGER, track_id INTEGER NOT NULL,
    PRIMARY KEY (passage_id, line, direction)
) WITHOUT ROWID;
CREATE TABLE zone_visits (
    passage_id INTEGER NOT NULL REFERENCES passages ON DELETE CASCADE,
    zone TEXT NOT NULL,
    entered_time REAL NOT NULL, entered_media REAL NOT NULL, entered_frame INTEGER,
    left_time REAL, left_media REAL, left_frame INTEGER,
    PRIMARY KEY (passage_id, zone, entered_time)
) WITHOUT ROWID;
CREATE TABLE trajectories (
    passage_id INTEGER PRIMARY KEY REFERENCES passages ON DELETE CASCADE,
    points TEXT NOT NULL
);
CREATE TABLE plates (
    track_id INTEGER PRIMARY KEY,
    text TEXT NOT NULL, confidence REAL NOT NULL, readings INTEGER NOT NULL,
    unread_reason TEXT, fit REAL NOT NULL,
    class_name TEXT NOT NULL, first_seen REAL NOT NULL, last_seen REAL NOT NULL,
    belongs_to_other_vehicle INTEGER NOT NULL DEFAULT 0,
    plate_signs INTEGER NOT NULL DEFAULT 0,
    recorded_at REAL NOT NULL
);
CREATE INDEX plates_by_text ON plates (text);
CREATE TABLE readings (
    track_id INTEGER NOT NULL,
    time REAL NOT NULL, media REAL NOT NULL, frame INTEGER,
    text TEXT NOT NULL, confidence REAL NOT NULL,
    recorded_at REAL NOT NULL
);
CREATE INDEX readings_by_track ON readings (track_id);
CREATE TABLE gaps (
    gap_id INTEGER PRIMARY KEY,
    started_time REAL NOT NULL, ended_time REAL,
    kind TEXT NOT NULL, reason TEXT NOT NULL
);
"""


FIRST_FACTS = ("started_at", "first_time")
"""Facts that stay as they were written first when a later run goes on in the same database."""

PSEUDONYMS = "pseudonyms"
"""What the fact ``plates`` of a run says when it holds them instead of plates."""


class DatabaseError(Exception):
    """A database cannot be used. The message is one line for people."""


def create_database(folder: Path | None) -> sqlite3.Connection:
    """Make the database of a run, or open that which it has already, and return a connection that writes to it.

    Args:
        folder: of the run; None: make it in memory.

    Raises:
        sqlite3.Error: it cannot be made.
        DatabaseError: that which is there is of another version.
    """
    connection = _connect(folder / DATABASE_FILE if folder is not None else ":memory:")
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0 and not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            connection.execute("PRAGMA journal_mode=WAL")
            # All or nothing: the disk may be full, and half a schema could never be written to.
            connection.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;")
        elif version != SCHEMA_VERSION:
            raise DatabaseError(f"{folder}/{DATABASE_FILE} has schema version {version}, and cannot be continued")
    except BaseException:
        connection.close()
        raise
    return connection


def can_be_continued(folder: Path) -> bool:
    """Whether this version of the program can add to the database of a folder, if there is one."""
    if not (folder / DATABASE_FILE).exists():
        return True
    try:
        create_database(folder).close()
    except (DatabaseError, sqlite3.Error):
        return False
    return True


def open_database(folder: Path, patience_s: float = BUSY_TIMEOUT_S) -> sqlite3.Connection:
    """A connection to the database of the run in ``folder``, also while the run goes on.

    Args:
        folder: of the run.
        patience_s: how long to wait for somebody else who has locked it.

    Raises:
        DatabaseError: there is none, it cannot be read, or its version is not known.
    """
    path = folder / DATABASE_FILE
    if not path.is_file():
        raise DatabaseError(f"{folder} holds no {DATABASE_FILE}: is it the folder of a run?")
    try:
        connection = _connect(path, patience_s)
        version = connection.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.Error as error:
        raise DatabaseError(f"{path} cannot be read: {error}") from None
    if version not in READABLE_VERSIONS:
        connection.close()
        raise DatabaseError(f"{path} has schema version {version}, this program knows {READABLE_VERSIONS}")
    return connection


def write_facts(database: sqlite3.Connection, facts: Mapping[str, Any]) -> None:
    """Write what is known about the run as a whole; None takes a fact back."""
    for key, value in facts.items():
        if value is None:
            database.execute("DELETE FROM run WHERE key = ?", (key,))
        else:
            manner = "IGNORE" if key in FIRST_FACTS else "REPLACE"
            database.execute(f"INSERT OR {manner} INTO run VALUES (?, ?)", (key, str(value)))


def _connect(path: Path | str, patience_s: float = BUSY_TIMEOUT_S) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=patience_s)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute(f"PRAGMA wal_autocheckpoint={WAL_PAGES}")
    connection.execute("PRAGMA foreign_keys=ON")
    # What is deleted for privacy's sake must not stay readable in the file.
    connection.execute("PRAGMA secure_delete=ON")
    return connection

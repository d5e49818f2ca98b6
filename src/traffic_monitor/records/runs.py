"""The runs in an output folder: which there are, how one ends, and which are to be forgotten."""

import re
import shutil
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from loguru import logger

from traffic_monitor.records.database import (
    BUSY_TIMEOUT_S,
    DATABASE_FILE,
    SCHEMA_VERSION,
    DatabaseError,
    open_database,
    write_facts,
)
from traffic_monitor.records.days import LOG_FILE, MARKER_FILE, has_marker
from traffic_monitor.records.passages import RunFacts, run_facts
from traffic_monitor.records.pictures import PLATES_FOLDER, VEHICLES_FOLDER, picture_file
from traffic_monitor.records.run_folder import SUMMARY_FILE, VIDEO_FILE

DAY_S = 86_400.0

# The write-ahead log changes with every record, the database itself more seldom.
FILES_OF_A_RUN = (MARKER_FILE, SUMMARY_FILE, LOG_FILE, VIDEO_FILE, DATABASE_FILE, f"{DATABASE_FILE}-wal")

LONGEST_ABSENCE_S = 7 * DAY_S
"""How far behind the newest record this machine's clock is believed to be when a run starts."""

SEGMENT_NAME = re.compile(r"annotated_\d{8}-\d{6}(_\d+)?\.mp4")
"""Name of a segment of a camera's video."""

UNMARKED_RUN_NAME = re.compile(r".+_\d{8}-\d{6}(-\d+)?")
"""Folder name of a run, as runs made it before they left a marker."""


@dataclass(frozen=True)
class RunEntry:
    """One run as listed."""

    folder: Path
    facts: RunFacts
    passages: int
    plates: int


def run_folders(output_dir: Path) -> list[Path]:
    """Folders of runs with a database, oldest first."""
    found = {path.parent.resolve() for path in output_dir.glob(f"*/{DATABASE_FILE}")}
    return sorted(found, key=lambda folder: (folder / DATABASE_FILE).stat().st_mtime)


def facts_in(folder: Path) -> RunFacts | None:
    """What a folder's database says about its run; one that cannot be read is logged and gives None."""
    try:
        with closing(open_database(folder)) as database:
            return run_facts(database)
    except (DatabaseError, sqlite3.Error) as error:
        logger.warning("{}: {}", folder, error)
        return None


def list_runs(folders: Iterable[Path]) -> Iterator[RunEntry]:
    """What is to be listed of runs; one whose database cannot be read is logged and left out."""
    for folder in folders:
        try:
            with closing(open_database(folder)) as database:
                passages, plates = database.execute("SELECT count(*), count(plate) FROM passages").fetchone()
                yield RunEntry(folder, run_facts(database), passages, plates)
        except (DatabaseError, sqlite3.Error) as error:
            logger.warning("{}: {}", folder, error)


def finish_run(
    folder: Path,
    exit_reason: str,
    ended_at: float,
    patience_s: float = BUSY_TIMEOUT_S,
    frames_damaged: int = 0,
) -> None:
    """Write how the run ended, and how many frames of its source were damaged if any were.

    Waits ``patience_s`` for somebody else who has locked the database.

    Raises:
        DatabaseError: there is no database.
        sqlite3.Error: it cannot be written.
    """
    with closing(open_database(folder, patience_s)) as database, database:
        damage = {"frames_damaged": frames_damaged} if frames_damaged else {}
        write_facts(database, {"exit_reason": exit_reason, "ended_at": ended_at, **damage})


def forget_old_records(database: sqlite3.Connection, folder: Path, before: float) -> list[int]:
    """Delete what was recorded before a moment (epoch seconds), pictures included, from a run that goes on.

    Returns:
        the tracks of which something was deleted.
    """
    tables = ("passages", "plates", "readings")
    for table in tables:  # Made when the run begins, or an hour's records would be sought among those of weeks.
        database.execute(f"CREATE INDEX IF NOT EXISTS {table}_by_recording ON {table} (recorded_at)")
    tracks = [
        row[0]
        for row in database.execute(
            "SELECT track_id FROM plates WHERE recorded_at < :before UNION SELECT track_id FROM tracks"
            " JOIN passages USING (passage_id) WHERE recorded_at < :before",
            {"before": before},
        )
    ]
    for table in tables:
        database.execute(f"DELETE FROM {table} WHERE recorded_at < ?", (before,))
    for track in tracks:
        for kind in (PLATES_FOLDER, VEHICLES_FOLDER):
            (folder / picture_file(kind, track)).unlink(missing_ok=True)
    return tracks


def forget_old_segments(folder: Path, before: float) -> None:
    """Delete the segments of a camera's video that ended before a moment (epoch seconds).

    Raises:
        OSError: one cannot be deleted.
    """
    for path in folder.glob("*.mp4"):
        if SEGMENT_NAME.fullmatch(path.name) and path.stat().st_mtime < before:
            path.unlink()


class Retention:
    """Up to when runs are deleted, while a program runs.

    A clock that is set wrongly, far into the future, must not make all records look old. So time is counted from
    the newest record that is there at the start plus a week, if the clock says that it is later than that; setting
    the clock afterwards changes nothing.

    Args:
        output_dir: of the runs.
        keep_s: how long they are kept, seconds.
    """

    def __init__(self, output_dir: Path, keep_s: float) -> None:
        now = time.time()
        newest = max((last_record(folder) or 0.0 for folder in output_dir.glob("*/")), default=0.0)
        if 0 < newest < now - LONGEST_ABSENCE_S:
            logger.warning(
                "the newest record is {:.0f} days old: privacy.keep_days is counted from a week after it, in case"
                " this machine's clock is wrong; the next run deletes the rest",
                (now - newest) / DAY_S,
            )
            now = newest + LONGEST_ABSENCE_S
        self._offset = now - keep_s - time.monotonic()

    def before(self) -> float:
        """Runs that recorded nothing since this moment, epoch seconds, are too old."""
        return self._offset + time.monotonic()


def last_record(folder: Path) -> float | None:
    """When a run recorded last, epoch seconds; None where the folder holds no file of a run."""
    times = [path.stat().st_mtime for path in map(folder.joinpath, FILES_OF_A_RUN) if path.is_file()]
    return max(times, default=None)


def forget_old_runs(output_dir: Path, before: float) -> list[Path]:
    """Delete the folders of runs that recorded nothing since a moment (epoch seconds); returns them.

    Only folders that a run made are deleted, and no link is followed. A report or an export made later does not
    make a run younger.
    """
    deleted = []
    for folder in sorted(path for path in output_dir.glob("*/") if not path.is_symlink()):
        last = last_record(folder)
        if last is not None and last < before and _is_made_by_a_run(folder):
            try:
                shutil.rmtree(folder)
            except OSError as error:
                logger.warning("{} is older than privacy.keep_days and cannot be deleted: {}", folder, error)
            else:
                deleted.append(folder)
    return deleted


def _is_made_by_a_run(folder: Path) -> bool:
    """Whether the folder holds the marker or, if it is from before there was one, has a run's name and database.

    What is not certain is not deleted: a folder that somebody else made may hold a file of any name.
    """
    database_file = folder / DATABASE_FILE
    if has_marker(folder):
        return True
    if not UNMARKED_RUN_NAME.fullmatch(folder.name) or database_file.is_symlink():
        return False
    try:
        with closing(sqlite3.connect(f"{database_file.resolve().as_uri()}?mode=ro", uri=True)) as database:
            (version,) = database.execute("PRAGMA user_version").fetchone()
            camera = database.execute("SELECT value FROM run WHERE key = 'camera_id'").fetchone()
    except sqlite3.Error:
        return False
    return 1 <= version <= SCHEMA_VERSION and camera is not None

"""The versions of the database's schema."""

import csv
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.records.road import record_cars
from traffic_monitor.records.database import SCHEMA_VERSION, DatabaseError, open_database
from traffic_monitor.records.exports import ExportFormat, export_run
from traffic_monitor.records.passages import RunRecords
from traffic_monitor.records.runs import list_runs, run_folders
from traffic_monitor.records.search import Query, search
from traffic_monitor.records.story import story_of
from traffic_monitor.report.page import write_report

VERSION_1 = """
PRAGMA user_version = 1;
CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE passages (passage_id INTEGER PRIMARY KEY, class_name TEXT NOT NULL, class_certainty REAL NOT NULL,
    first_time REAL NOT NULL, last_time REAL NOT NULL, first_media REAL NOT NULL, last_media REAL NOT NULL,
    first_frame INTEGER, last_frame INTEGER, entry_edge TEXT, exit_edge TEXT, speed REAL, speed_unit TEXT,
    plate TEXT, plate_confidence REAL, plate_readings INTEGER, unread_reason TEXT,
    plate_picture TEXT, vehicle_picture TEXT, recorded_at REAL NOT NULL);
CREATE TABLE tracks (track_id INTEGER PRIMARY KEY, passage_id INTEGER NOT NULL);
CREATE TABLE crossings (passage_id INTEGER NOT NULL, line TEXT NOT NULL, direction TEXT NOT NULL,
    time REAL NOT NULL, media REAL NOT NULL, frame INTEGER, track_id INTEGER NOT NULL,
    PRIMARY KEY (passage_id, line, direction)) WITHOUT ROWID;
CREATE TABLE zone_visits (passage_id INTEGER NOT NULL, zone TEXT NOT NULL, entered_time REAL NOT NULL,
    entered_media REAL NOT NULL, entered_frame INTEGER, left_time REAL, left_media REAL, left_frame INTEGER,
    PRIMARY KEY (passage_id, zone, entered_time)) WITHOUT ROWID;
CREATE TABLE trajectories (passage_id INTEGER PRIMARY KEY, points TEXT NOT NULL);
CREATE TABLE plates (track_id INTEGER PRIMARY KEY, text TEXT NOT NULL, confidence REAL NOT NULL,
    readings INTEGER NOT NULL, unread_reason TEXT, fit REAL NOT NULL, class_name TEXT NOT NULL,
    first_seen REAL NOT NULL, last_seen REAL NOT NULL, is_anothers INTEGER NOT NULL DEFAULT 0,
    recorded_at REAL NOT NULL);
CREATE TABLE readings (track_id INTEGER NOT NULL, time REAL NOT NULL, media REAL NOT NULL, frame INTEGER,
    text TEXT NOT NULL, confidence REAL NOT NULL, recorded_at REAL NOT NULL);
INSERT INTO run VALUES ('camera_id', 'cam1'), ('source', 'clip.mp4'), ('program_version', '0.9'),
    ('started_at', '1000.0'), ('clock', 'known'), ('first_time', '1000.0'), ('last_time', '1010.0'),
    ('frame_width', '320'), ('frame_height', '240');
INSERT INTO passages VALUES (3, 'bus', 0.9, 1001, 1004, 1, 4, 25, 100, 'top', 'bottom', 36.0, 'km/h',
    'KLM7', 0.95, 4, NULL, NULL, NULL, 1001.5);
INSERT INTO tracks VALUES (7, 3);
INSERT INTO crossings VALUES (3, 'main', 'in', 1002, 2, 50, 7);
INSERT INTO trajectories VALUES (3, '[[1.0,5,6],[2.0,7,80]]');
INSERT INTO plates VALUES (7, 'KLM7', 0.95, 4, NULL, 0.8, 'bus', 1, 4, 0, 1001.5);
INSERT INTO readings VALUES (7, 1001.2, 1.2, 30, 'KLM7', 0.9, 1001.5);
"""


@pytest.fixture
def old_run(tmp_path: Path) -> Path:
    """The folder of a run that version 1 of the schema recorded."""
    folder = tmp_path / "cam1_old"
    folder.mkdir()
    with closing(sqlite3.connect(folder / "traffic.db")) as database:
        database.executescript(VERSION_1)
    return folder


def test_a_run_of_version_1_is_listed_found_and_told(old_run: Path) -> None:
    (entry,) = list_runs(run_folders(old_run.parent))
    assert (entry.passages, entry.plates) == (1, 1)
    with closing(open_database(old_run)) as database:
        (found,) = search(database, Query(plate="KLM*"))
        story = story_of(database, old_run, 7)
    assert (found.passage_id, found.tracks, found.passed) == (3, [7], True)
    assert story is not None
    assert "plate KLM7 (0.95, 4 readings)" in story.sentences


def test_a_run_of_version_1_is_exported_and_reported(old_run: Path) -> None:
    passages, _ = export_run(RunRecords.load(old_run), ExportFormat.CSV, old_run)
    with passages.open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (row["plate"], row["line"], row["passed"]) == ("KLM7", "main", "1")
    assert "KLM7" in write_report(old_run).read_text(encoding="utf-8")


def test_new_runs_are_of_the_present_version_and_later_ones_are_refused(tmp_path: Path) -> None:
    record_cars(tmp_path, ["KLM7"])
    with closing(sqlite3.connect(tmp_path / "traffic.db")) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        database.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    with pytest.raises(DatabaseError, match=f"schema version {SCHEMA_VERSION + 1}"):
        open_database(tmp_path)

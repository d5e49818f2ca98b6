"""The runs of an output folder."""

import itertools
import os
from contextlib import closing
from pathlib import Path

import pytest

from tests.records.road import record_cars
from traffic_monitor.records.database import DatabaseError, create_database
from traffic_monitor.records.passages import RunRecords
from traffic_monitor.records.runs import finish_run, forget_old_records, list_runs, run_folders


def test_runs_are_listed_oldest_first_with_what_they_hold(tmp_path: Path) -> None:
    for age, (name, plates) in enumerate((("young", ["KLM7", ""]), ("old", ["XYZ1"]))):
        folder = record_cars(tmp_path / name, plates)
        os.utime(folder / "traffic.db", (1000 - age, 1000 - age))
    (tmp_path / "latest").symlink_to("young")
    (tmp_path / "something else").mkdir()
    entries = list(list_runs(run_folders(tmp_path)))
    assert [(entry.folder.name, entry.passages, entry.plates) for entry in entries] == [
        ("old", 1, 1),
        ("young", 2, 1),
    ]


def test_a_database_that_cannot_be_read_hides_no_other_run(tmp_path: Path) -> None:
    record_cars(tmp_path / "fine", ["KLM7"])
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "traffic.db").write_text("this is no database, only a text of some length" * 50)
    assert [entry.folder.name for entry in list_runs(run_folders(tmp_path))] == ["fine"]


def test_the_end_of_a_run_is_written(tmp_path: Path) -> None:
    finish_run(record_cars(tmp_path, ["KLM7"]), "stopped", 1234.5)
    facts = RunRecords.load(tmp_path).facts.values
    assert (facts["exit_reason"], float(facts["ended_at"])) == ("stopped", 1234.5)


def test_a_run_without_records_cannot_be_finished(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match=r"holds no traffic\.db"):
        finish_run(tmp_path, "stopped", 0.0)


def test_old_records_are_found_without_reading_the_others(tmp_path: Path) -> None:
    def steps(records: int) -> int:
        """Steps of SQLite for finding nothing old among so many records."""
        counted = itertools.count()

        def count() -> int:
            next(counted)
            return 0  # Go on.

        with closing(create_database(None)) as database:
            forget_old_records(database, tmp_path, before=0.0)
            for track in range(records):
                database.execute("INSERT INTO readings VALUES (?, 1, 1, 1, 'AB123', 0.9, 1)", (track,))
                database.execute(
                    "INSERT INTO plates VALUES (?, 'AB123', 0.9, 1, NULL, 1, 'car', 1, 1, 0, 0, 1)", (track,)
                )
                database.execute(
                    "INSERT INTO passages (passage_id, class_name, class_certainty, first_time, last_time,"
                    " first_media, last_media, recorded_at) VALUES (?, 'car', 1, 1, 1, 1, 1, 1)",
                    (track,),
                )
                database.execute("INSERT INTO tracks VALUES (?, ?)", (track, track))
            database.set_progress_handler(count, 1)
            assert forget_old_records(database, tmp_path, before=0.5) == []
        return next(counted)

    assert steps(records=1000) == steps(records=10)

"""The commands that read what runs have recorded, as a user types them."""

import csv
import json
import os
import shutil
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest

from tests.builders import FPS, START
from tests.records.road import RecordedRoad, record_cars, settings
from traffic_monitor.app import completion, records_cli
from traffic_monitor.app.cli import run_command_line
from traffic_monitor.app.completion import complete_records
from traffic_monitor.app.console import WIDTH_IN_FILES
from traffic_monitor.records import spans
from traffic_monitor.records.database import open_database
from traffic_monitor.records.days import make_day_folder
from traffic_monitor.records.passages import RunRecords
from traffic_monitor.records.runs import DAY_S, finish_run
from traffic_monitor.shared_utils.constants import ExitCode
from traffic_monitor.shared_utils.frame_codec import encode_frame
from traffic_monitor.supervision.summary import RunResults
from traffic_monitor.supervision.supervisor import RunOutcome

Tell = Callable[..., str]

PICTURE = encode_frame(np.full((20, 60, 3), 90, np.uint8), 92)


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The output folder of two runs; the later one ended properly and is the latest."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "output"
    record_cars(folder / "cam1_1", ["34A36837", ""])
    finish_run(record_cars(folder / "cam1_2", ["34A23126"]), "end_of_stream", START)
    (folder / "latest").symlink_to("cam1_2")
    return folder


@pytest.fixture
def tell(output: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Tell:
    """Runs a command that must succeed and returns what it printed."""
    monkeypatch.setattr(records_cli.output, "width", WIDTH_IN_FILES)

    def run(*arguments: str) -> str:
        assert run_command_line(arguments) == ExitCode.OK, capsys.readouterr().err
        return capsys.readouterr().out

    return run


def test_runs_lists_them_with_how_they_ended(tell: Tell) -> None:
    rows = [line for line in tell("runs").splitlines() if "cam1_" in line]
    assert len(rows) == 2
    assert any("cam1_1" in row and "still running, or killed" in row for row in rows)
    assert any("cam1_2" in row and "end_of_stream" in row for row in rows)


def test_search_looks_into_all_runs_or_one(tell: Tell, output: Path) -> None:
    both = tell("search", "--plate", "34A…")
    assert "34A36837" in both
    assert "34A23126" in both
    one = tell("search", "--plate", "34A*", "--run", str(output / "cam1_1"))
    assert "34A36837" in one
    assert "34A23126" not in one
    assert "34A36837" in tell("search", "--plate", "34A36B37", "--fuzzy")
    assert "nothing found" in tell("search", "--plate", "KLM7")


def test_a_run_that_cannot_be_read_hides_no_other(tell: Tell, output: Path) -> None:
    (output / "broken").mkdir()
    (output / "broken" / "traffic.db").write_text("no database, only a text of some length" * 100)
    assert "34A36837" in tell("search", "--plate", "34A36837")


def test_search_by_line_and_time(tell: Tell) -> None:
    assert "34A36837" in tell("search", "--line", "main")
    assert "nothing found" in tell("search", "--line", "nowhere")
    assert "nothing found" in tell("search", "--from", "2099-01-01")


def test_search_can_be_read_by_programs(tell: Tell) -> None:
    rows = [json.loads(line) for line in tell("search", "--plate", "34A36837", "--json").splitlines()]
    assert [row["plate"] for row in rows] == ["34A36837"]


def test_a_program_that_has_read_enough_ends_the_search_without_an_error(
    tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w", encoding="utf-8", buffering=1) as closed:  # noqa: PTH123 - a descriptor
        monkeypatch.setattr(sys, "stdout", closed)
        tell("search", "--json")


def test_a_search_of_a_program_without_standard_output_ends_without_an_error(
    tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    tell("search", "--json")


@pytest.mark.usefixtures("output")
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_an_answer_that_does_not_fit_on_the_disk_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert run_command_line(["search", "--json"]) == ExitCode.USAGE
        monkeypatch.undo()
    assert "No space left on device" in capsys.readouterr().err


def test_show_tells_a_vehicles_story(tell: Tell) -> None:
    story = tell("show", "--track", "1", "--no-pictures")
    assert "34A23126" in story
    assert "main" in story
    assert "frame 14" in story


@pytest.fixture
def bystander(output: Path) -> Path:
    """A later run in which one vehicle crosses the line, and another one is read and crosses nothing."""
    folder = output / "cam1_3"
    folder.mkdir()
    road = RecordedRoad(folder)
    for y in range(40, 110, 2):
        road.see((1, [85, y - 30, 115, y]))
    road.read(1, "PARKED")
    road.drive_down(2, x=250)
    road.read(2, "KLM7")
    road.end()
    return folder


def test_a_vehicle_that_was_only_seen_and_read_is_found(tell: Tell, bystander: Path) -> None:
    assert "PARKED" in tell("search", "--plate", "PARK*")
    story = tell("show", "--track", "1", "--run", str(bystander), "--no-pictures")
    assert "crossed no line" in story
    assert "plate PARKED" in story
    (row,) = (line for line in tell("runs").splitlines() if "cam1_3" in line)
    assert row.split()[-4:] == ["2", "│", "2", "│"]


@pytest.mark.parametrize(("options", "plates"), [([], ["PARKED", "KLM7"]), (["--only-passed"], ["KLM7"])])
def test_an_export_has_it_unless_it_is_to_be_left_out(
    tell: Tell, bystander: Path, options: list[str], plates: list[str]
) -> None:
    tell("export", "--run", str(bystander), *options)
    with (bystander / "passages.csv").open(encoding="utf-8") as file:
        assert [row["plate"] for row in csv.DictReader(file)] == plates


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_export_writes_each_format_where_it_is_wanted(tell: Tell, tmp_path: Path, kind: str) -> None:
    told = tell("export", "--format", kind, "--to", str(tmp_path / "new" / "folder"))
    file = tmp_path / "new" / "folder" / f"passages.{kind}"
    assert str(file) in told
    if kind == "csv":
        plates = [row["plate"] for row in csv.DictReader(file.open())]
    elif kind == "jsonl":
        plates = [json.loads(line)["plate"] for line in file.read_text().splitlines()]
    else:
        plates = pyarrow.parquet.read_table(file)["plate"].to_pylist()
    assert plates == ["34A23126"]


def test_a_byte_order_mark_for_spreadsheets(tell: Tell, output: Path) -> None:
    tell("export", "--bom")
    assert (output / "latest" / "passages.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_report_is_made_of_the_latest_run_or_of_a_named_one(tell: Tell, output: Path) -> None:
    assert "report.html" in tell("report")
    tell("report", "--run", str(output / "cam1_1"))
    assert "34A23126" in (output / "latest" / "report.html").read_text()
    assert "34A36837" in (output / "cam1_1" / "report.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["search", "--plate", "KLM*", "--fuzzy"], "--fuzzy: needs --plate with a whole plate"),
        (["search", "--fuzzy"], "--fuzzy: needs --plate"),
        (["search", "--plate", "---"], "holds no letter, digit or wildcard"),
        (["search", "--from", "last week"], "--from: 'last week' is no time"),
        (["runs", "--from", "25.11.2026"], "is no time"),
        (["export", "--camera", "gate"], "nothing is recorded of that"),
        (["search", "--from", "0001-01-01T00:00+10:00"], "is no time"),
        (["search", "--to", "9" * 400 + ":00"], "is no time"),
        (["search", "--run", "nowhere"], "nowhere holds no traffic.db"),
        (["show", "--track", "99"], "track 99 crossed no line"),
        (["export", "--to", "output/latest/traffic.db/in"], "cannot be written"),
        (["search", "--run", "broken"], "cannot be read: file is not a database"),
        (["report", "--run", "output"], "output holds no traffic.db"),
        (["runs", "--output", "nowhere"], "nowhere: there is no such folder"),
    ],
)
def test_a_mistake_is_one_line_with_exit_code_2(
    output: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("broken").mkdir()
    Path("broken/traffic.db").write_text("no database, only a text of some length" * 100)
    assert run_command_line(arguments) == ExitCode.USAGE
    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1


@pytest.mark.usefixtures("output")
def test_a_track_of_a_number_that_no_database_holds_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["show", "--track", "9" * 30]) == ExitCode.USAGE
    assert "--track" in capsys.readouterr().err


def complete(folder: Path, patience_s: float = 0) -> None:
    """The run in a folder has been stopped."""
    complete_records(folder, "cam1", RunOutcome("stopped", ExitCode.OK, 1.0, RunResults()), patience_s)


def test_at_its_end_a_run_has_its_exports_and_report(tmp_path: Path) -> None:
    record_cars(tmp_path, ["KLM7"])
    complete(tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert {"passages.csv", "counts.csv", "passages.jsonl", "report.html"} <= names


def test_who_interrupts_twice_does_not_wait_for_the_report(tmp_path: Path) -> None:
    record_cars(tmp_path, ["KLM7"])
    complete_records(tmp_path, "cam1", RunOutcome("aborted", ExitCode.INTERRUPTED, 1.0, RunResults()), 0)
    assert not (tmp_path / "report.html").exists()


def test_a_report_that_cannot_be_written_ends_no_run_in_a_traceback(tmp_path: Path) -> None:
    record_cars(tmp_path, ["KLM7"])
    (tmp_path / "report.html").mkdir()
    complete(tmp_path)
    assert (tmp_path / "passages.csv").exists()


def test_somebody_who_locks_the_database_is_waited_for_and_costs_no_report(
    tmp_path: Path, log_lines: list[str]
) -> None:
    record_cars(tmp_path, ["KLM7"])
    with closing(sqlite3.connect(tmp_path / "traffic.db", check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        complete(tmp_path)
        assert [line for line in log_lines if "how the run ended is not recorded: database is locked" in line]
        assert (tmp_path / "report.html").exists()
        freed = threading.Timer(0.5, other.rollback)  # Later than anybody waits who reads.
        freed.start()
        complete(tmp_path, patience_s=30)
        freed.join()
    assert RunRecords.load(tmp_path).facts.values["exit_reason"] == "stopped"


def test_a_report_that_fails_for_an_unknown_reason_costs_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log_lines: list[str]
) -> None:
    def fail(_folder: Path) -> None:
        raise ValueError("year 10000 is out of range")

    record_cars(tmp_path, ["KLM7"])
    monkeypatch.setattr(completion, "write_report", fail)
    complete(tmp_path)
    assert any("report and exports are not complete: year 10000 is out of range" in line for line in log_lines)


def test_a_run_whose_time_zone_is_not_known_here_is_one_line_and_hides_no_other(
    tell: Tell, output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(sqlite3.connect(output / "cam1_2" / "traffic.db")) as database, database:
        database.execute("INSERT OR REPLACE INTO run VALUES ('timezone', 'Mars/Base')")
    for command in ("report", "export"):
        assert run_command_line([command]) == ExitCode.USAGE
        (line,) = capsys.readouterr().err.splitlines()
        assert "Mars/Base is no time zone" in line
    assert "cam1_1" in tell("runs")
    assert "34A36837" in tell("search", "--plate", "34A*")


def test_a_run_with_a_line_that_would_be_refused_today_has_its_report_and_counts(tell: Tell, output: Path) -> None:
    hair = [{"name": "hair", "points": [[0.5, 0.5], [0.5001, 0.5]], "in_name": "in", "out_name": "out"}]
    with closing(sqlite3.connect(output / "cam1_2" / "traffic.db")) as database, database:
        database.execute("UPDATE run SET value = ? WHERE key = 'vehicle_counter'", (json.dumps({"lines": hair}),))
    tell("report")
    tell("export")
    assert "hair,in" in (output / "cam1_2" / "counts.csv").read_text()


@pytest.fixture
def days(tmp_path: Path, tell: Tell) -> Path:
    """Three days of a camera whose zone is UTC, and another camera's day; each with one car at 22:13:20."""
    shutil.rmtree(tmp_path / "output")
    for camera, number in (("cam1", 0), ("cam1", 1), ("cam1", 2), ("gate", 1)):
        moment = START + number * DAY_S
        folder = tmp_path / "output" / f"{camera}_{datetime.fromtimestamp(moment, UTC):%Y%m%d}"
        make_day_folder(folder)
        config = settings(camera_id=camera, frame_grabber={"source": "rtsp://camera", "timezone": "UTC"})
        road = RecordedRoad(folder, config, clock=lambda moment=moment: moment)
        road.frame = round(number * DAY_S * FPS)
        road.drive_down(number + 1)
        road.read(number + 1, f"{camera.upper()}{number}", plate_picture_jpeg=PICTURE)
        road.end()
    return tmp_path / "output"


@pytest.mark.parametrize(
    ("options", "plates"),
    [
        (["--from", "2023-11-15", "--to", "2023-11-15"], ["CAM11", "GATE1"]),
        (["--from", "2023-11-15", "--camera", "cam1"], ["CAM11", "CAM12"]),
        (["--to", "2023-11-14T23:00"], ["CAM10"]),
        (["--from", "2023-11-15T23:13:20+01:00", "--to", "2023-11-15"], ["CAM11", "GATE1"]),
        (["--from", "yesterday"], ["CAM11", "CAM12", "GATE1"]),
        (["--from", "today"], ["CAM12"]),
        (["--camera", "gate"], ["GATE1"]),
    ],
)
def test_a_span_is_read_across_the_folders_of_days(
    tell: Tell, days: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], plates: list[str]
) -> None:
    monkeypatch.setattr(time, "time", lambda: START + 2 * DAY_S)
    found = [json.loads(line)["plate"] for line in tell("search", "--json", *options).splitlines()]
    assert sorted(found) == plates
    assert len([line for line in tell("runs", *options).splitlines() if "_2023" in line]) == len(plates)
    tell("export", *options, "--into", "files")
    exported = [
        row["plate"] for path in Path("files").glob("**/passages.csv") for row in csv.DictReader(path.open())
    ]
    assert sorted(exported) == plates


def test_a_span_of_several_days_is_one_export_and_one_report(tell: Tell, days: Path) -> None:
    span = ("--from", "2023-11-14", "--to", "2023-11-15", "--camera", "cam1")
    tell("export", *span)
    with (days / "exports" / "passages.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["run"], row["plate_picture"]) for row in rows] == [
        ("cam1_20231114", "cam1_20231114/plates/1.jpg"), ("cam1_20231115", "cam1_20231115/plates/2.jpg"),
    ]  # fmt: skip
    with (days / "exports" / "counts.csv").open(encoding="utf-8") as file:
        counts = [row for row in csv.DictReader(file) if row["vehicles"] != "0"]
    assert [row["start"][:16] for row in counts] == ["2023-11-14T22:00", "2023-11-15T22:00"]
    tell("report", *span)
    page = (days / "exports" / "report.html").read_text(encoding="utf-8")
    assert "CAM10" in page
    assert "CAM11" in page
    assert "CAM12" not in page
    assert page.count("data:image/jpeg;base64") >= 2


def test_a_track_is_looked_for_in_the_days_of_a_span(tell: Tell, days: Path) -> None:
    assert "plate CAM11" in tell(
        "show", "--track", "2", "--from", "2023-11-15", "--camera", "cam1", "--no-pictures"
    )


def test_days_far_from_a_span_are_not_opened(tell: Tell, days: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def opening(folder: Path, *more: Any) -> Any:
        opened.append(folder.name)
        return open_database(folder, *more)

    for number in range(1, 31):
        shutil.copytree(days / "cam1_20231114", days / f"cam1_202309{number:02d}")
    monkeypatch.setattr(spans, "open_database", opening)
    tell("search", "--from", "2023-11-15", "--to", "2023-11-15")
    assert not [name for name in opened if name.startswith("cam1_202309")]

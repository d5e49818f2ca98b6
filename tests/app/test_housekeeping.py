"""Days that are over are completed, and what is too old is deleted, while a live run goes on."""

import json
import os
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.builders import START
from tests.records.road import RecordedRoad, settings
from traffic_monitor.app import housekeeping as module
from traffic_monitor.app.completion import complete_day, unfinished_days
from traffic_monitor.app.housekeeping import INTERVAL_S, Housekeeping, put_in_order, retention_of
from traffic_monitor.records.database import open_database
from traffic_monitor.records.days import make_day_folder
from traffic_monitor.records.passages import run_facts
from traffic_monitor.records.runs import DAY_S, finish_run
from traffic_monitor.shared_utils.logging_config import LogTarget

LIVE = {"source": "rtsp://camera", "timezone": "UTC"}
TODAY = "cam1_20231114"
NEXT_DAY = START + DAY_S


def day_folder(output_dir: Path, name: str = TODAY) -> Path:
    folder = output_dir / name
    make_day_folder(folder)
    road = RecordedRoad(folder, settings(frame_grabber=LIVE))
    road.drive_down(1, class_name="truck")
    road.read(1, "KLM7")
    road.end()
    return folder


def test_a_day_is_completed_after_midnight_from_its_records(tmp_path: Path) -> None:
    folder = day_folder(tmp_path)
    midnight = START // DAY_S * DAY_S + DAY_S
    assert list(unfinished_days(tmp_path, midnight + 300)) == []
    assert list(unfinished_days(tmp_path, midnight + 900)) == [folder]
    complete_day(folder)
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert (summary["exit_reason"], summary["camera_id"]) == ("end_of_day", "cam1")
    assert summary["counts"]["by_line"] == {"main": {"in": {"truck": 1}, "out": {}}}
    assert [plate["text"] for plate in summary["plates"]] == ["KLM7"]
    for name in ("report.html", "passages.csv", "passages.jsonl", "counts.csv"):
        assert (folder / name).stat().st_size > 0
    assert list(unfinished_days(tmp_path, midnight + 900)) == []


def test_a_day_that_was_completed_halfway_is_completed_again(tmp_path: Path) -> None:
    folder = day_folder(tmp_path)
    finish_run(folder, "end_of_day", START)
    assert list(unfinished_days(tmp_path, NEXT_DAY)) == [folder]


def test_only_folders_of_days_are_completed(tmp_path: Path) -> None:
    for name in ("cam1_20231114-080000", "mine_20231114"):
        folder = day_folder(tmp_path, name)
        if name.startswith("mine"):
            (folder / ".traffic-monitor-run").unlink()
    (tmp_path / "latest").symlink_to(TODAY)
    assert list(unfinished_days(tmp_path, NEXT_DAY)) == []


def test_a_day_that_cannot_be_completed_is_reported_and_stays_unfinished(
    tmp_path: Path, log_lines: list[str]
) -> None:
    folder = day_folder(tmp_path)
    (folder / "report.html.part").mkdir()
    put_in_order(tmp_path, None)
    assert any("not complete" in line for line in log_lines)
    assert list(unfinished_days(tmp_path, NEXT_DAY)) == [folder]


class FakeProcess(SimpleNamespace):
    is_running = True

    def is_alive(self) -> bool:
        return self.is_running

    def kill(self) -> None:
        self.is_running = False

    def join(self) -> None:
        return


def test_one_process_at_a_time_puts_the_folder_of_a_camera_in_order() -> None:
    now, started = [0.0], []

    def start(*_: Any) -> Any:
        started.append(FakeProcess())
        return started[-1]

    keeping = Housekeeping(settings(frame_grabber=LIVE), None, LogTarget(None), lambda: now[0], start)
    for now[0] in (0.0, 1.0, INTERVAL_S + 1):
        keeping.look()
    assert len(started) == 1  # It is still at work.
    started[0].is_running = False
    keeping.look()
    assert len(started) == 2
    keeping.close()
    assert not started[1].is_running


def test_a_files_run_needs_no_such_process() -> None:
    Housekeeping(settings(), None, LogTarget(None), lambda: 0.0, lambda *_: pytest.fail("started")).look()


@pytest.mark.timeout(60)
def test_the_process_completes_the_day_and_deletes_what_is_old(tmp_path: Path) -> None:
    old, young = day_folder(tmp_path, "cam1_20231101"), day_folder(tmp_path)
    for path in old.iterdir():
        os.utime(path, (START, START))
    process = module._start_process(tmp_path, START + DAY_S, LogTarget(tmp_path / "run.log"))
    process.join(50)
    assert process.exitcode == 0
    assert not old.exists()
    assert (young / "summary.json").is_file()
    with closing(open_database(young)) as database:
        assert run_facts(database).values["exit_reason"] == "end_of_day"


@pytest.mark.parametrize(
    ("ahead_days", "deleted_after_days"),
    [
        pytest.param(5, 10 - 5, id="a run after a few days"),
        pytest.param(3650, 10 - 7, id="a clock ten years ahead counts for a week only"),
    ],
)
def test_a_clock_far_ahead_at_the_start_does_not_make_everything_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ahead_days: float, deleted_after_days: float
) -> None:
    folder = day_folder(tmp_path)
    for path in folder.iterdir():
        os.utime(path, (START, START))
    steady = [1000.0]
    monkeypatch.setattr(time, "time", lambda: START + ahead_days * DAY_S)
    monkeypatch.setattr(time, "monotonic", lambda: steady[0])
    retention = retention_of(settings(output_dir=str(tmp_path), privacy={"keep_days": 10}))
    assert retention is not None
    assert retention.before() < START
    steady[0] += deleted_after_days * DAY_S - 1
    assert retention.before() < START
    steady[0] += 2
    assert retention.before() > START

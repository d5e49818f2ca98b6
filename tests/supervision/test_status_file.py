"""The status file: what stands in it, and what is made of one whose program is gone."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.supervision.statuses import run_status
from traffic_monitor.supervision import status_file as module
from traffic_monitor.supervision.states import RunState
from traffic_monitor.supervision.status_file import (
    SILENT_AFTER_S,
    Answer,
    StatusFile,
    WatchedCamera,
    process_mark,
    read_status_files,
)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def file(tmp_path: Path, clock: Clock) -> Iterator[StatusFile]:
    with StatusFile(tmp_path, [WatchedCamera("gate", "rtsp://***@gate/1", tmp_path / "gate_1")], clock) as opened:
        yield opened


def content(folder: Path) -> Any:
    return json.loads((folder / f"status-{os.getpid()}.json").read_text())


def test_it_says_how_each_camera_is_going(file: StatusFile, tmp_path: Path, clock: Clock) -> None:
    outages = [{"number": 4, "started_at": 1.0, "ended_at": None, "reason": "it is off"}]
    source = {"source_state": "reconnecting", "source_failure": "it is off", "outages": outages}
    for frames in (0, 25, 50):
        file.update(run_status(RunState.RUNNING, frames={"gate": frames}, source=source))
        clock.now += 1
    (camera,) = content(tmp_path)["cameras"].values()
    assert camera == {
        "source": "rtsp://***@gate/1",
        "folder": str(tmp_path / "gate_1"),
        "state": "reconnecting",
        "failure": "it is off",
        "outages": 4,
        "frames_per_s": 25.0,
        "frames": {"read": 53, "processed": 50, "dropped": 3, "total": None},
        "counted": 0,
        "plates": 0,
        "passages_not_written": 0,
    }
    assert content(tmp_path)["queues"] == {"raw_frames": 3}
    assert content(tmp_path)["services"]["frame_grabber"]["dropped"] == 3


def test_it_is_replaced_once_a_second_or_with_a_new_state_and_removed_at_the_end(
    tmp_path: Path, clock: Clock
) -> None:
    with StatusFile(tmp_path, [], clock) as file:
        for ready, written in ((3, 3), (4, 3), (5, 5)):
            file.update(run_status(RunState.STARTING, ready=ready))
            clock.now += 0.5
            assert content(tmp_path)["processes"]["ready"] == written
        file.update(run_status(RunState.RUNNING))
        assert content(tmp_path)["state"] == "running"
        file.completing()
        assert content(tmp_path)["state"] == "completing"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_gone_is_reported_once(tmp_path: Path, clock: Clock, log_lines: list[str]) -> None:
    folder = tmp_path / "output"
    folder.mkdir()
    with StatusFile(folder, [], clock) as file:
        folder.rmdir()
        for _ in range(5):
            file.update(run_status(RunState.RUNNING))
            clock.now += 1
    assert len([text for text in log_lines if "the status file failed" in text]) == 1


def test_a_running_program_is_told_from_one_that_hangs(file: StatusFile, tmp_path: Path) -> None:
    file.update(run_status(RunState.RUNNING))
    now = time.time()
    for age, answer in ((1, Answer.RUNNING), (SILENT_AFTER_S + 1, Answer.SILENT), (-3600, Answer.RUNNING)):
        (status,) = read_status_files(tmp_path, lambda age=age: now + age)
        assert status.answer is answer
    file.completing()  # A report of a month takes its time.
    (status,) = read_status_files(tmp_path, lambda: now + 1000)
    assert status.answer is Answer.RUNNING


def leave_behind(folder: Path, pid: int, mark: str | None) -> Path:
    path = folder / f"status-{pid}.json"
    path.write_text(json.dumps({"pid": pid, "process": mark, "updated_at": time.time(), "state": "running"}))
    return path


def test_a_killed_program_is_said_to_be_gone_until_the_next_start(tmp_path: Path, clock: Clock) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    left = leave_behind(tmp_path, process.pid, process_mark(process.pid))
    assert [status.answer for status in read_status_files(tmp_path)] == [Answer.RUNNING]
    process.kill()
    # Nobody has waited for it yet: a zombie is gone, too.
    deadline = time.monotonic() + 10
    while process_mark(process.pid) is not None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [status.answer for status in read_status_files(tmp_path)] == [Answer.GONE]
    process.communicate()
    assert [status.answer for status in read_status_files(tmp_path)] == [Answer.GONE]
    with StatusFile(tmp_path, [], clock):
        assert not left.exists()


def test_a_number_that_another_process_has_now_is_not_taken_for_the_program(tmp_path: Path) -> None:
    leave_behind(tmp_path, os.getpid(), "an earlier boot:17")
    assert [status.answer for status in read_status_files(tmp_path)] == [Answer.GONE]


def test_two_programs_in_one_folder_are_both_found_and_foreign_files_are_left_alone(
    tmp_path: Path, clock: Clock
) -> None:
    other = leave_behind(tmp_path, os.getppid(), process_mark(os.getppid()))
    foreign = [tmp_path / name for name in ("status-1.json", "status-2.json", "status-report.json")]
    for path, text in zip(foreign, ("[1, 2]", "not JSON", "{}"), strict=True):
        path.write_text(text)
    with StatusFile(tmp_path, [], clock) as file:
        file.update(run_status(RunState.RUNNING))
        pids = [status.content["pid"] for status in read_status_files(tmp_path)]
        assert pids == sorted([os.getppid(), os.getpid()])
    assert all(path.exists() for path in [other, *foreign])


def test_where_there_is_no_proc_the_time_of_the_start_tells_processes_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Elsewhere(type(Path())):  # type: ignore[misc]
        def exists(self) -> bool:
            return False

    monkeypatch.setattr(module, "Path", Elsewhere)
    mark = process_mark(os.getpid())
    assert mark is not None
    assert float(mark) == pytest.approx(time.time(), abs=86_400)
    assert process_mark(2**22 + 1) is None

"""The status command: a table for people, JSON for machines, and an exit code."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.supervision.statuses import run_status
from traffic_monitor.app.cli import run_command_line
from traffic_monitor.shared_utils.constants import ExitCode
from traffic_monitor.supervision import status_file
from traffic_monitor.supervision.states import RunState
from traffic_monitor.supervision.status_file import StatusFile, WatchedCamera


@pytest.fixture
def running(tmp_path: Path) -> Iterator[StatusFile]:
    run_dir = tmp_path / "gate_1"
    run_dir.mkdir()
    (run_dir / "annotated.mp4").write_bytes(bytes(2_000_000))
    with StatusFile(tmp_path, [WatchedCamera("gate\n1", "rtsp://***@gate/1", run_dir)]) as file:
        file.update(run_status(RunState.RUNNING, frames={"gate\n1": 31}))
        yield file


@pytest.mark.usefixtures("running")
def test_a_running_program_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["status", "--output", str(tmp_path)]) == ExitCode.OK
    shown = capsys.readouterr().out
    assert f"process {os.getpid()}: running, for 0 h 0 min" in shown
    assert "MB of memory" in shown
    assert "GB of disk free" in shown
    for cell in (r"gate\n1", "rtsp://***@gate/1", "31", "2.0", "waiting in queues: raw_frames 3", "errors: none"):
        assert cell in shown


@pytest.mark.usefixtures("running")
def test_machines_get_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["status", "--json", "--output", str(tmp_path)]) == ExitCode.OK
    (program,) = json.loads(capsys.readouterr().out)
    assert (program["answer"], program["pid"], program["state"]) == ("running", os.getpid(), "running")
    assert program["folders_mb"] == {"gate\n1": 2.0}
    assert program["memory_mb"] > 10
    assert 0 < program["disk"]["free_gb"] <= program["disk"]["size_gb"]


@pytest.mark.usefixtures("running")
@pytest.mark.parametrize(
    ("mark", "words"),
    [
        pytest.param("another", "was killed; it was last seen running at", id="killed"),
        pytest.param(None, "hangs since", id="hanging"),
    ],
)
def test_a_program_that_is_not_well_is_an_error(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    mark: str | None,
    words: str,
) -> None:
    if mark is None:
        monkeypatch.setattr(status_file, "SILENT_AFTER_S", -1.0)
    else:
        monkeypatch.setattr(status_file, "process_mark", lambda _pid: mark)
    assert run_command_line(["status", "--output", str(tmp_path)]) == ExitCode.ABORTED
    assert words in capsys.readouterr().out


@pytest.mark.parametrize(("options", "said"), [([], "no program writes into"), (["--json"], "[]")])
def test_that_no_program_runs_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    assert run_command_line(["status", "--output", str(tmp_path), *options]) == ExitCode.ABORTED
    assert said in capsys.readouterr().out

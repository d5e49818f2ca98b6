"""The bench: what it takes from a run, and what it writes."""

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import pytest

from tests.builders import write_clip
from traffic_monitor.app import bench
from traffic_monitor.app.bench import Measurement, RunSampler, as_tables, write_measurement
from traffic_monitor.app.cli import run_command_line
from traffic_monitor.runtime.control import ServiceReport
from traffic_monitor.settings import Settings
from traffic_monitor.shared_utils.constants import ExitCode, ServiceName
from traffic_monitor.supervision.states import RunState
from traffic_monitor.supervision.summary import RunResults
from traffic_monitor.supervision.supervisor import RunOutcome, RunStatus


class ScriptedSupervisor:
    """Tells of 10 frames in 5 seconds: models load for 2 s, then the detector is busy half of the time."""

    clock = 1000.0

    def __init__(self, settings: Settings, run_dirs: list[Path], on_status: object) -> None:
        self._tell = on_status

    def run(self) -> RunOutcome:
        results = RunResults()
        for second in range(6):
            type(self).clock = 1000.0 + second
            done = max(second - 2, 0)
            report = ServiceReport(
                processed=2 * done, busy_s=0.5 * done, cpu_s=0.6 * done, wait_ms_p50=250.0, latency_ms_p95=90.0
            )
            results.take(ServiceName.VEHICLE_DETECTOR, report)
            state = RunState.STARTING if second < 2 else RunState.RUNNING
            fill = {"raw_frames": second, "ocr_results": None}
            self._tell(RunStatus(state, 7, 7, float(done), results, fill))  # type: ignore[operator]
        results.take(
            ServiceName.VEHICLE_COUNTER,
            ServiceReport(
                processed=10, latency_ms_p50=60.0, cpu_s=0.2, dropped=1, details={"cam1": {"processed": 10}}
            ),
        )
        results.take(ServiceName.FRAME_GRABBER, ServiceReport(processed=10, first_done_at=1002.0))
        results.take(
            ServiceName.VISUALIZER, ServiceReport(processed=10, first_done_at=1002.5, last_done_at=1006.0)
        )
        return RunOutcome("end_of_stream", ExitCode.OK, 5.0, results)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Measurement:
    monkeypatch.setattr(bench, "Supervisor", ScriptedSupervisor)
    monkeypatch.setattr(bench.time, "monotonic", lambda: ScriptedSupervisor.clock)
    ScriptedSupervisor.clock = 1000.0
    return bench.measure_run(Settings(), "clip.mp4")


def test_what_a_run_tells_is_put_together(measured: Measurement) -> None:
    assert (measured.frames, measured.wall_s, measured.frames_per_s, measured.latency_ms_p50) == (
        10,
        4.0,
        2.5,
        60.0,
    )
    assert (measured.startup_s, measured.first_result_s, measured.dropped) == (2.0, 2.5, 1)
    detector = measured.services[ServiceName.VEHICLE_DETECTOR]
    assert (detector.messages, detector.cpu_s, detector.wait_ms_p50) == (6, 1.8, 250.0)
    assert (detector.cpu_share, detector.cpu_ms_per_frame) == (0.9, 180.0)
    assert measured.queues["raw_frames"] == bench.QueueFill(3.5, 5)
    assert measured.timeline[ServiceName.VEHICLE_DETECTOR] == [(3.0, 0.5), (4.0, 0.5), (5.0, 0.5)]
    assert measured.memory_mb > 10


def test_samples_are_taken_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.time, "monotonic", lambda: 1000.0)
    sampler = RunSampler()
    for _ in range(5):
        sampler.look(RunStatus(RunState.RUNNING, 7, 7, 1.0, RunResults(), {"raw_frames": 3}))
    assert sampler.fills["raw_frames"] == [3]


def test_it_is_written_as_json_and_as_a_picture(measured: Measurement, tmp_path: Path) -> None:
    paths = write_measurement(measured, tmp_path / "run")
    assert [path.name for path in paths] == ["run.json", "run.png"]
    content = json.loads(paths[0].read_text())
    assert content["services"]["vehicle_detector"]["cpu_ms_per_frame"] == 180.0
    assert set(content["services"]) == set(ServiceName)
    picture = cv2.imread(str(paths[1]))
    assert picture.shape[1] == 1100
    blue = (picture[..., 0] > 150) & (picture[..., 2] < 50)  # of the timeline
    assert blue.sum() > 1000


def test_the_tables_say_it_all(measured: Measurement) -> None:
    services, whole = as_tables(measured)
    assert services.row_count == len(ServiceName)
    cells = [cell for column in whole.columns for cell in column.cells]
    assert "10 at 2.5 frames/s, 1 drops" in cells


@pytest.mark.timeout(180)
def test_the_command_measures_a_real_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], restored_logging: None
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 12)
    arguments: Sequence[str] = ["bench", "--source", str(clip), "--to", str(tmp_path / "measured")]
    assert run_command_line(arguments) == ExitCode.OK
    content = json.loads((tmp_path / "measured.json").read_text())
    assert content["frames"] == 12
    assert content["frames_per_s"] > 0
    assert 0 < content["latency_ms_p50"] <= content["latency_ms_p95"]
    assert content["services"]["vehicle_detector"]["cpu_s"] > 0
    assert content["services"]["vehicle_tracker"]["messages"] == 12
    assert str(tmp_path / "measured.png") in capsys.readouterr().out


def test_a_wrong_setting_is_told_before_anything_is_started(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["bench", "--source", "nowhere.mp4"]) == ExitCode.USAGE
    assert "nowhere.mp4" in capsys.readouterr().err


def test_nothing_is_measured_that_could_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "measure_run", lambda *_: pytest.fail("a run was measured"))
    clip = write_clip(tmp_path / "clip.mp4", 3)
    assert run_command_line(["bench", "--source", str(clip), "--to", str(tmp_path / "no" / "x")]) == ExitCode.USAGE
    assert "cannot be written: the folder does not exist" in capsys.readouterr().err.replace("\n", " ")

"""The running program is stopped, aborted or hurt in every way: it ends as documented and leaves nothing."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.shared_material import (
    CLIPS,
    REPOSITORY,
    START_TIMEOUT_S,
    Program,
    line_across,
    need,
    press_ctrl_c,
    real_weights,
    signal_once,
)
from traffic_monitor.app.cli import run_command_line
from traffic_monitor.records.database import DatabaseError
from traffic_monitor.records.passages import RunRecords
from traffic_monitor.shared_utils.constants import ExitCode, ServiceName

GONE_WITHIN_S = 10.0
WITHOUT_RESTARTS = ["--set", "supervisor.on_failure=stop"]

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]


@pytest.fixture
def busy_program(tmp_path: Path) -> Iterator[Program]:
    """The program on a real clip, with frames piled up in front of the detector."""
    options = ["--source", str(need(CLIPS / "adamridene_demo_video.mp4")), "--display", "off", "--save-video"]
    options += ["--set", "queue_size=4", "--set", "supervisor.status_interval_s=0.2", *WITHOUT_RESTARTS]
    with Program(tmp_path, [*options, *real_weights(), *line_across(0.7)]) as program:
        program.wait_for_full_queues()
        yield program


def test_one_ctrl_c_drains_the_queues_and_exits_with_0(busy_program: Program) -> None:
    press_ctrl_c(busy_program)
    assert busy_program.wait_for_end(GONE_WITHIN_S) == ExitCode.OK
    busy_program.assert_nothing_left(1)
    summary = busy_program.summary
    assert summary["exit_reason"] == "stopped"
    assert summary["frames"]["read"] == summary["frames"]["processed"] > 0
    assert summary["services"]["visualizer"]["processed"] >= summary["frames"]["processed"]


def test_sigterm_to_the_whole_group_drains_the_queues_and_exits_with_0(busy_program: Program) -> None:
    os.killpg(busy_program.process.pid, signal.SIGTERM)  # as `timeout` and service managers do
    assert busy_program.wait_for_end(GONE_WITHIN_S) == ExitCode.OK
    busy_program.assert_nothing_left(1)
    assert busy_program.summary["exit_reason"] == "stopped"


def test_a_second_ctrl_c_cuts_the_draining_short(busy_program: Program) -> None:
    # A detector that stands still keeps the queues full, so that draining cannot end by itself.
    busy_program.service(ServiceName.VEHICLE_DETECTOR).suspend()
    press_ctrl_c(busy_program)
    busy_program.wait_until(lambda: "stopping: Ctrl-C" in busy_program.log, 5, "stop")
    # Ctrl-C within half a second is taken for the same one, which make and the terminal both hand on.
    busy_program.wait_until(lambda: _press_again(busy_program), 5, "abort")
    assert busy_program.wait_for_end(GONE_WITHIN_S) == ExitCode.INTERRUPTED
    busy_program.assert_nothing_left(1)
    assert busy_program.summary["exit_reason"] == "aborted: interrupted a second time"


def _press_again(program: Program) -> bool:
    press_ctrl_c(program)
    return "aborting" in program.log


def test_queues_that_do_not_drain_in_time_abort_the_run(busy_program: Program) -> None:
    busy_program.service(ServiceName.OCR_READER).suspend()
    busy_program.service(ServiceName.VEHICLE_COUNTER).suspend()
    signal_once(busy_program, signal.SIGTERM)
    assert busy_program.wait_for_end(GONE_WITHIN_S) == ExitCode.ABORTED
    busy_program.assert_nothing_left(1)
    silent = "no report for 5 s from ocr_reader, vehicle_counter"
    assert busy_program.summary["exit_reason"] == f"aborted: the queues were not drained within 7 s; {silent}"


# All services run in the same loop; tests/supervision has one hang and die in every state of a run.
def test_a_service_that_hangs_is_named_and_ends_the_run(busy_program: Program) -> None:
    name = ServiceName.VEHICLE_COUNTER
    busy_program.service(name).suspend()
    assert busy_program.wait_for_end(GONE_WITHIN_S + 1) == ExitCode.ABORTED
    busy_program.assert_nothing_left(1)
    assert busy_program.summary["exit_reason"] == f"aborted: no report for 8 s from {name}"
    assert f"{name} has not reported for 5 s" in busy_program.log


@pytest.mark.parametrize(
    "name",
    [ServiceName.FRAME_GRABBER, ServiceName.VEHICLE_TRACKER, ServiceName.VISUALIZER],
    ids=["first", "between", "last"],
)
def test_a_killed_service_ends_the_run_with_1_and_its_name(busy_program: Program, name: ServiceName) -> None:
    busy_program.service(name).kill()
    assert busy_program.wait_for_end(GONE_WITHIN_S) == ExitCode.ABORTED
    busy_program.assert_nothing_left(1)
    assert busy_program.summary["exit_reason"] == f"aborted: {name} was killed by SIGKILL"
    assert f"aborted: {name} was killed by SIGKILL" in busy_program.console
    assert "Traceback" not in busy_program.console


def test_the_other_workers_go_on_without_one_that_is_killed(tmp_path: Path) -> None:
    options = ["--source", str(need(CLIPS / "adamridene_demo_video.mp4")), "--display", "off"]
    options += ["--set", "queue_size=4", "--set", "supervisor.status_interval_s=0.2"]
    options += ["--set", "vehicle_detector.workers=2", "--set", "frame_grabber.target_fps=8", *WITHOUT_RESTARTS]
    with Program(tmp_path, [*options, *real_weights(), *line_across(0.7)]) as program:
        program.wait_until(lambda: "raw_frames_1=4 raw_frames_2=4" in program.log, START_TIMEOUT_S, "full queues")
        program.service("vehicle_detector 1").kill()
        assert program.wait_for_end(100) == ExitCode.OK
        program.assert_nothing_left(1)
        frames = program.summary["frames"]
        assert "vehicle_detector 1 was killed by SIGKILL; its queued frames are lost" in program.log
        lost = frames["read"] - frames["processed"]
        # What was in its queues and in its hands; the rest of the clip went to the other one.
        assert 0 < lost <= 4 + 4 + 6
        assert program.summary["exit_reason"] == "end_of_stream"
        assert program.summary["services"]["vehicle_tracker"]["errors"] == 0


def test_the_other_camera_goes_on_without_one_whose_grabber_is_killed(tmp_path: Path) -> None:
    sources = {
        "north": "adamridene_demo_video.mp4",
        "yard": "otvision/Testvideo_Cars-Truck_FR20_2020-01-01_00-00-00.mp4",
    }
    cameras = [
        {"camera_id": name, "frame_grabber": {"source": str(need(CLIPS / clip))}} for name, clip in sources.items()
    ]
    settings = tmp_path / "two.yaml"
    settings.write_text(yaml.safe_dump({"cameras": cameras}), encoding="utf-8")
    options = ["--config", str(settings), "--display", "off", *real_weights(), *WITHOUT_RESTARTS]
    with Program(
        tmp_path, [*options, "--set", "queue_size=4", "--set", "supervisor.status_interval_s=0.2"]
    ) as program:
        program.wait_until(lambda: "raw_frames_north=2" in program.log, START_TIMEOUT_S, "full queue")
        program.service("frame_grabber north").kill()
        assert program.wait_for_end(60) == ExitCode.ABORTED
        program.assert_nothing_left(1)
        north, yard = (
            json.loads((program.output / f"latest_{name}" / "summary.json").read_text()) for name in sources
        )
        assert yard["exit_reason"] == "end_of_stream"
        assert yard["frames"] == {"read": 60, "processed": 60, "dropped": 0}
        killed = "aborted: frame_grabber north was killed by SIGKILL"
        assert north["exit_reason"] == killed
        assert 0 < north["frames"]["processed"] < 335
        assert killed in program.console
        assert "Traceback" not in program.console


def test_plates_are_read_on_without_a_worker_that_is_killed(tmp_path: Path) -> None:
    options = ["--source", str(need(CLIPS / "parkpow_cars.mp4")), "--display", "off", *line_across(0.6)]
    options += ["--set", "queue_size=4", "--set", "supervisor.status_interval_s=0.2"]
    options += ["--set", "lp_detector.workers=2", "--set", "ocr_reader.workers=2"]
    options += ["--set", "frame_grabber.target_fps=6", *WITHOUT_RESTARTS]
    with Program(tmp_path, [*options, *real_weights()]) as program:
        program.wait_until(lambda: "raw_frames=4" in program.log, START_TIMEOUT_S, "full queues")
        program.service("lp_detector 1").kill()
        program.service("ocr_reader 2").kill()
        assert program.wait_for_end(100) == ExitCode.OK
        program.assert_nothing_left(1)
        assert program.summary["exit_reason"] == "end_of_stream"
        frames = program.summary["frames"]
        assert frames["read"] == frames["processed"] > 90
        # The second vehicle comes later: whoever is left reads it, whatever its number.
        assert "34A23126" in {plate["text"] for plate in program.summary["plates"]}


def test_services_leave_by_themselves_when_the_supervisor_is_killed(busy_program: Program) -> None:
    busy_program.process.kill()
    busy_program.assert_nothing_left(GONE_WITHIN_S)
    assert "the supervisor has died" in busy_program.log


def test_a_run_that_is_killed_has_records_up_to_the_last_second_and_a_report(tmp_path: Path) -> None:
    truth = json.loads((REPOSITORY / "demo" / "street.json").read_text())
    with Program(tmp_path, ["--display", "off"]) as program:
        program.wait_until(lambda: _recorded_seconds(program) > 8, START_TIMEOUT_S + 60, "8 s of records")
        os.killpg(program.process.pid, signal.SIGKILL)
        killed_at = time.time()
        program.process.wait(timeout=10)
        program.assert_nothing_left(2)
    folder = program.run_dir.resolve()
    assert killed_at - max(path.stat().st_mtime for path in folder.glob("traffic.db*")) < 1
    recorded = _recorded_seconds(program)
    crossings = [
        each for passage in RunRecords.load(folder, trajectories=False).passages for each in passage.crossings
    ]
    passed = [row["time_s"] for row in truth["crossings"] if row["time_s"] < recorded - 1]
    assert len(passed) >= 5
    assert sorted(each.media for each in crossings)[: len(passed)] == pytest.approx(passed, abs=0.1)
    assert run_command_line(["report", "--run", str(folder)]) == ExitCode.OK
    assert "did not end properly" in (folder / "report.html").read_text()


def _recorded_seconds(program: Program) -> float:
    """Up to which second of the source the database tells."""
    try:
        seen = RunRecords.load(program.run_dir, trajectories=False).facts.seen_between
    except DatabaseError:
        return 0.0
    return seen[1] - seen[0] if seen else 0.0

"""Services of the running program are killed and stopped: it goes on, and its records are those of one run."""

import re
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from tests.servers import RtspCamera
from tests.shared_material import (
    CLIPS,
    START_TIMEOUT_S,
    Program,
    line_across,
    need,
    press_ctrl_c,
    real_weights,
)
from traffic_monitor.records.database import open_database
from traffic_monitor.records.gaps import Gap, read_gaps
from traffic_monitor.shared_utils.constants import ExitCode, ServiceName

LIVELY = ["--set", "supervisor.status_interval_s=0.2"]
FRAMES, VEHICLES = 335, 11
"""Of the clip, all of them inwards."""

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]


def options(*more: str) -> Sequence[str]:
    clip = ["--source", str(need(CLIPS / "adamridene_demo_video.mp4")), "--display", "off"]
    return [*clip, *LIVELY, *real_weights(), *line_across(0.7), *more]


def gaps(program: Program) -> list[Gap]:
    with closing(open_database(program.run_dir)) as database:
        return list(read_gaps(database))


def test_a_file_is_counted_to_its_end_although_a_service_is_killed_and_another_hangs(tmp_path: Path) -> None:
    with Program(tmp_path, options()) as program:
        program.wait_until(lambda: re.search(r"frames 1\d\d/", program.log), START_TIMEOUT_S, "100 frames")
        program.service(ServiceName.VEHICLE_TRACKER).kill()
        program.wait_until(lambda: program.log.count("started vehicle_counter") == 2, 30, "restart")
        program.wait_until(lambda: program.log.count("vehicle_counter is ready") == 2, 60, "new services")
        program.service(ServiceName.VEHICLE_COUNTER).suspend()
        assert program.wait_for_end(180) == ExitCode.OK
        program.assert_nothing_left(1)
        summary = program.summary
    assert (summary["exit_reason"], summary["restarts"]) == ("end_of_stream", 2)
    assert summary["frames"] == {"read": FRAMES, "processed": FRAMES, "dropped": 0}
    assert summary["counts"]["by_line"] == {"main": {"in": {"car": VEHICLES}, "out": {}}}
    assert [gap.reason for gap in gaps(program)] == [
        "vehicle_tracker was killed by SIGKILL",
        "no report for 8 s from vehicle_counter",
    ]
    assert "Traceback" not in program.console


def test_a_camera_is_watched_again_and_the_gap_is_recorded(tmp_path: Path) -> None:
    with (
        RtspCamera(fps=10) as camera,
        Program(tmp_path, ["--source", camera.url, "--display", "off", *LIVELY]) as run,
    ):
        run.wait_until(lambda: re.search(r"frames \d\d", run.log), START_TIMEOUT_S, "frames")
        run.service(ServiceName.VEHICLE_DETECTOR).kill()
        run.wait_until(lambda: gaps(run) and gaps(run)[0].ended_time is not None, 60, "end of the gap")
        before = run.log.count("frames/s")
        run.wait_until(lambda: run.log.count("frames/s") > before + 20, 20, "frames after the gap")
        press_ctrl_c(run)
        assert run.wait_for_end(30) == ExitCode.OK
        run.assert_nothing_left(1)
        (gap,) = gaps(run)
    assert (gap.kind, gap.reason) == ("restart", "vehicle_detector was killed by SIGKILL")
    summary = run.summary
    assert (summary["exit_reason"], summary["restarts"]) == ("stopped", 1)
    assert summary["frames"]["processed"] > 10

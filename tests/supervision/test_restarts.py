"""Services that die or hang are replaced by new ones, within a budget, and the records go on."""

import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.records.road import RecordedRoad, settings
from tests.supervision.fakes import FakeProcess, Rehearsal
from traffic_monitor.records.database import DATABASE_FILE, open_database
from traffic_monitor.records.gaps import read_gaps
from traffic_monitor.runtime.control import ServiceReport
from traffic_monitor.shared_utils.constants import ExitCode
from traffic_monitor.supervision.restarts import RestartBudget
from traffic_monitor.supervision.states import HUNG_AFTER_S, RunState

Make = Callable[..., Rehearsal]
CAMERA = {"frame_grabber": {"source": "rtsp://10.0.0.9/live", "timezone": "UTC"}}


@pytest.fixture
def rehearse(tmp_path: Path) -> Make:
    def make(**values: Any) -> Rehearsal:
        supervisor = {"on_failure": "restart"} | values.pop("supervisor", {})
        return Rehearsal(tmp_path, **{**CAMERA, **values}, supervisor=supervisor)

    return make


def kill(process: FakeProcess) -> None:
    process.end(-signal.SIGKILL)


def hang(process: FakeProcess) -> None:
    process.stopped = True


@pytest.mark.parametrize("label", ["frame_grabber", "vehicle_detector", "ocr_reader", "visualizer"])
def test_a_service_that_dies_is_replaced_and_so_are_all_others_at_once(
    label: str, rehearse: Make, log_lines: list[str]
) -> None:
    run = rehearse()
    run.all_ready_at(2)
    run.at(10, label, kill)
    run.all_ready_at(14)
    run.signal_at(20, signal.SIGTERM)
    run.finish_on_stop()
    outcome = run.run()
    assert (outcome.exit_reason, outcome.exit_code) == ("stopped", ExitCode.OK)
    assert outcome.results.restarts == 1
    assert outcome.wall_seconds == pytest.approx(19, abs=1), "counted from the first generation on"
    assert f"ERROR {label} was killed by SIGKILL; all services are restarted\n" in log_lines
    start = [RunState.STARTING, RunState.RUNNING]
    assert run.states == [*start, *start, RunState.DRAINING, RunState.ENDING]
    before = [each for each in run.host.ended.values() if each.exitcode != -signal.SIGKILL]
    assert [each.ended_by for each in before] == [["event"]] * 6


def test_a_service_that_hangs_is_killed_and_replaced(rehearse: Make, log_lines: list[str]) -> None:
    run = rehearse()
    run.all_ready_at(2)
    run.at(10, "vehicle_tracker", hang)
    run.all_ready_at(10 + HUNG_AFTER_S + 6)
    run.all_finish_at(40)
    assert run.run().exit_reason == "end_of_stream"
    assert run.host.ended["vehicle_tracker 1"].ended_by == ["SIGKILL"]
    assert "ERROR no report for 8 s from vehicle_tracker; all services are restarted\n" in log_lines


def test_the_pauses_grow_and_the_budget_ends_the_run(rehearse: Make) -> None:
    run = rehearse(supervisor={"max_restarts": 3})

    starts: list[float] = []

    def look() -> None:
        services = run.host.services
        if len(services) == 7 and run.host.generations == len(starts):
            starts.append(run.seconds)
            run.host.at(run.seconds + 1, lambda: [each.control.ready() for each in services.values()])
            run.host.at(run.seconds + 2, lambda: kill(run["vehicle_counter"]))
        run.host.at(run.seconds + 0.1, look)

    run.host.at(0, look)
    outcome = run.run()
    assert outcome.exit_reason == "aborted: vehicle_counter was killed by SIGKILL"
    assert (outcome.exit_code, outcome.results.restarts) == (ExitCode.ABORTED, 3)
    pauses = [later - earlier - 2 for earlier, later in pairwise(starts)]
    assert pauses == pytest.approx([0, 1, 2], abs=0.8)


def test_old_restarts_do_not_count() -> None:
    now = [0.0]
    config = settings(supervisor={"max_restarts": 2, "restart_window_min": 1}).supervisor
    budget = RestartBudget(config, lambda: now[0])
    assert [budget.take() for _ in range(3)] == [0, 1, None]
    now[0] = 61
    assert [budget.take() for _ in range(3)] == [0, 1, None]
    assert budget.used == 4


@pytest.mark.parametrize(
    "values",
    [{"supervisor": {"on_failure": "stop"}}, {"visualizer": {"save_records": False}}],
    ids=["not wanted", "nothing to go on from"],
)
def test_without_restarts_the_death_of_a_service_ends_the_run(values: dict[str, Any], rehearse: Make) -> None:
    run = rehearse(**values)
    run.all_ready_at(2)
    run.at(10, "vehicle_detector", kill)
    outcome = run.run()
    assert outcome.exit_reason == "aborted: vehicle_detector was killed by SIGKILL"
    assert outcome.results.restarts == 0


def test_a_service_that_says_why_it_cannot_go_on_is_not_replaced(rehearse: Make) -> None:
    run = rehearse()
    run.all_ready_at(2)
    run.at(10, "ocr_reader", lambda each: each.fail("50 messages in a row failed"))
    assert run.run().exit_reason == "aborted: ocr_reader: 50 messages in a row failed"


def test_nothing_is_restarted_before_the_first_frame_or_after_a_stop(rehearse: Make) -> None:
    early = rehearse()
    early.at(1, "ocr_reader", kill)
    assert early.run().exit_reason == "aborted: ocr_reader was killed by SIGKILL"
    late = rehearse()
    late.all_ready_at(2)
    late.signal_at(5, signal.SIGTERM)
    late.at(6, "ocr_reader", kill)
    assert late.run().exit_reason == "aborted: ocr_reader was killed by SIGKILL"


def test_a_stop_in_the_pause_before_a_restart_ends_the_run(rehearse: Make) -> None:
    run = rehearse()
    run.all_ready_at(2)
    run.at(4, "vehicle_counter", kill)
    run.all_ready_at(6)
    run.at(8, "vehicle_counter", kill)
    run.signal_at(9, signal.SIGTERM)
    outcome = run.run()
    assert outcome.exit_reason == "aborted: vehicle_counter was killed by SIGKILL"
    assert run.seconds < 10


def test_a_generation_that_cannot_start_uses_up_the_budget_too(rehearse: Make) -> None:
    run = rehearse(supervisor={"max_restarts": 2})
    run.all_ready_at(2)
    run.at(4, "vehicle_counter", kill)
    run.at(6, "vehicle_counter", kill)
    run.at(10, "vehicle_counter", kill)
    outcome = run.run()
    assert outcome.results.restarts == 2
    assert outcome.exit_reason == "aborted: vehicle_counter was killed by SIGKILL"


def recorded(folder: Path) -> RecordedRoad:
    road = RecordedRoad(folder, settings(**CAMERA))
    road.drive_down(4)
    road.recorder.write()
    return road


def test_the_new_services_go_on_behind_what_is_recorded(rehearse: Make, tmp_path: Path) -> None:
    run = rehearse()
    road = recorded(tmp_path)
    run.all_ready_at(2)
    run.at(10, "vehicle_tracker", kill)
    run.all_ready_at(14)
    run.all_finish_at(20)
    run.run()
    for label in ("frame_grabber", "vehicle_tracker", "vehicle_counter", "visualizer"):
        point = run.host.specs[label].arguments[0].resume_point
        assert point is not None
        assert (point.frame_index, point.last_track_id, point.counts["total_count"]) == (road.frame - 1, 4, 1)


def test_a_restart_is_a_gap_in_the_records_of_every_camera(rehearse: Make, tmp_path: Path) -> None:
    run = rehearse()
    recorded(tmp_path)
    run.all_ready_at(2)
    run.at(10, "vehicle_tracker", kill)
    run.all_ready_at(14)
    run.all_finish_at(20)
    run.run()
    with closing(open_database(tmp_path)) as database:
        (gap,) = read_gaps(database)
    assert (gap.kind, gap.reason) == ("restart", "vehicle_tracker was killed by SIGKILL")
    assert gap.ended_time is not None
    assert gap.started_time <= gap.ended_time


def test_an_outage_of_a_camera_is_recorded_once_and_its_end_as_well(rehearse: Make, tmp_path: Path) -> None:
    run = rehearse()
    recorded(tmp_path)
    run.all_ready_at(2)
    outage = {"number": 1, "started_at": 1000.0, "ended_at": None, "reason": "no frames"}

    def report(each: FakeProcess) -> None:
        each.control.report(ServiceReport(details={"cam1": {"outages": [dict(outage)]}}))

    run.at(4, "frame_grabber", report)
    run.at(5, "frame_grabber", report)
    run.host.at(6, lambda: outage.update(ended_at=1007.5))
    run.at(7, "frame_grabber", report)
    run.all_finish_at(20)
    run.run()
    with closing(open_database(tmp_path)) as database:
        (gap,) = read_gaps(database)
    assert (gap.started_time, gap.ended_time, gap.kind, gap.reason) == (1000.0, 1007.5, "outage", "no frames")


def test_records_that_cannot_be_continued_end_the_run_and_say_so(
    rehearse: Make, tmp_path: Path, log_lines: list[str]
) -> None:
    run = rehearse()
    recorded(tmp_path)
    with closing(sqlite3.connect(tmp_path / DATABASE_FILE)) as database:
        database.execute("PRAGMA user_version=99")
    run.all_ready_at(2)
    run.at(10, "vehicle_tracker", kill)
    assert run.run().exit_reason == "aborted: vehicle_tracker was killed by SIGKILL"
    assert any("its records cannot be continued" in line and "version 99" in line for line in log_lines)


@pytest.mark.parametrize(("source", "processed"), [("clip.mp4", 0), ("rtsp://10.0.0.9/live", 300)])
def test_frames_are_added_over_generations_and_those_of_a_file_that_come_again_count_once(
    source: str, processed: int, rehearse: Make, tmp_path: Path
) -> None:
    run = rehearse(frame_grabber={"source": source, "timezone": "UTC"})
    road = recorded(tmp_path)
    for _ in range(300):
        road.see()
    road.recorder.write()

    def report(frames: int) -> Callable[[FakeProcess], None]:
        return lambda each: each.control.report(
            ServiceReport(processed=frames, details={"cam1": {"processed": frames}})
        )

    run.all_ready_at(2)
    run.at(5, "vehicle_counter", report(300))
    run.at(6, "vehicle_tracker", kill)
    run.all_ready_at(9)
    run.at(12, "vehicle_counter", report(50))
    run.all_finish_at(13)
    results = run.run().results
    if processed == 0:
        processed = run.host.specs["visualizer"].arguments[0].resume_point.frame_index + 1
        assert processed < road.frame - 16
    assert results.cameras["cam1"].frames_processed == processed + 50

"""The supervisor with fake children and a fake clock: every state, every way into and out of it."""

import errno
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.supervision.fakes import FakeProcess, Rehearsal
from traffic_monitor.runtime.control import Command, ProcessLost
from traffic_monitor.shared_utils.constants import ExitCode, ServiceName
from traffic_monitor.supervision.children import EXIT_TIMEOUT_S, KILL_TIMEOUT_S, TERMINATE_TIMEOUT_S
from traffic_monitor.supervision.states import ENDING_TIMEOUT_S, HUNG_AFTER_S, RunState

Make = Callable[..., Rehearsal]

TWO_CAMERAS = [{"camera_id": name, "frame_grabber": {"source": f"{name}.mp4"}} for name in ("north", "yard")]


@pytest.fixture
def rehearse(tmp_path: Path) -> Make:
    def make(**values: Any) -> Rehearsal:
        return Rehearsal(tmp_path, **values)

    return make


def test_a_file_that_ends_ends_the_run(rehearse: Make) -> None:
    run = rehearse()
    run.all_ready_at(2)
    run.at(10, "frame_grabber", lambda each: each.finish())
    run.all_finish_at(12)
    outcome = run.run()
    assert (outcome.exit_reason, outcome.exit_code) == ("end_of_stream", ExitCode.OK)
    assert run.states == [RunState.STARTING, RunState.RUNNING, RunState.ENDING]
    assert outcome.wall_seconds == pytest.approx(10, abs=0.5)
    assert outcome.ended_before == {"cam1": "end_of_stream"}
    assert run["frame_grabber"].received() == [Command.START]
    assert all(each.ended_by == [] for each in run.host.services.values())
    assert run.host.transport.closed  # type: ignore[attr-defined]


def test_the_sources_start_when_the_last_service_is_ready(rehearse: Make) -> None:
    run = rehearse()
    for number, label in enumerate(map(str, ServiceName)):
        run.at(1 + number, label, lambda each: each.control.ready())
    started: list[float] = []
    run.host.at(0.5, lambda: started.append(-1.0) if run["frame_grabber"].wire.poll() else None)
    run.host.at(6.5, lambda: started.append(-1.0) if run["frame_grabber"].wire.poll() else None)
    run.host.at(7.5, lambda: started.extend([1.0] * len(run["frame_grabber"].received())))
    run.all_finish_at(9)
    assert run.run().exit_reason == "end_of_stream"
    assert started == [1.0]


def test_services_that_do_not_get_ready_are_named(rehearse: Make) -> None:
    run = rehearse(supervisor={"startup_timeout_s": 20})
    for label in map(str, ServiceName):
        if label not in ("lp_detector", "ocr_reader"):
            run.at(1, label, lambda each: each.control.ready())
    outcome = run.run()
    assert outcome.exit_reason == "aborted: not ready after 20 s: lp_detector, ocr_reader"
    assert (outcome.exit_code, outcome.wall_seconds) == (ExitCode.ABORTED, 0.0)
    assert all(each.ended_by == ["event"] for each in run.host.services.values())


def test_a_process_that_cannot_be_started_is_named_and_those_before_it_are_ended(rehearse: Make) -> None:
    run = rehearse()
    run.host.cannot_spawn = "ocr_reader"
    outcome = run.run()
    assert outcome.exit_reason == "aborted: ocr_reader could not be started: Resource temporarily unavailable"
    assert [each.exitcode for each in run.host.services.values()] == [1] * 4


def test_without_queues_the_run_is_aborted_and_nothing_is_started(
    rehearse: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_name: str, _size: int) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    run = rehearse()
    monkeypatch.setattr(run.host.transport, "edge", full)
    outcome = run.run()
    assert outcome.exit_reason == "aborted: the queues could not be made: No space left on device"
    assert (outcome.exit_code, run.host.services) == (ExitCode.ABORTED, {})


STOPS = {"Ctrl-C": signal.SIGINT, "SIGTERM": signal.SIGTERM, "SIGHUP": signal.SIGHUP}


@pytest.mark.parametrize("reason", STOPS)
def test_a_signal_drains_the_queues(reason: str, rehearse: Make, log_lines: list[str]) -> None:
    run = rehearse()
    run.all_ready_at(2)
    run.finish_on_stop()
    run.signal_at(10, STOPS[reason])
    outcome = run.run()
    assert (outcome.exit_reason, outcome.exit_code) == ("stopped", ExitCode.OK)
    assert run.states == [RunState.STARTING, RunState.RUNNING, RunState.DRAINING, RunState.ENDING]
    assert f"INFO stopping: {reason}\n" in log_lines
    assert outcome.ended_before == {}


def test_q_in_the_window_drains_the_queues(rehearse: Make) -> None:
    run = rehearse()
    run.all_ready_at(2)
    run.finish_on_stop()
    run.at(10, "visualizer", lambda each: each.control.request_stop("q was pressed"))
    outcome = run.run()
    assert (outcome.exit_reason, outcome.exit_code) == ("stopped", ExitCode.OK)


def test_a_pause_stops_the_reading_for_as_long_as_the_user_wants_and_is_no_hang(rehearse: Make) -> None:
    run = rehearse()
    run.all_ready_at(2)
    run.at(5, "visualizer", lambda each: each.control.request_pause(True))
    run.at(500, "visualizer", lambda each: each.control.request_pause(False))
    run.at(505, "frame_grabber", lambda each: each.finish())
    run.all_finish_at(506)
    assert run.run().exit_reason == "end_of_stream"
    assert run["frame_grabber"].received() == [Command.START, Command.PAUSE, Command.RESUME]


def test_a_stop_while_models_load_leaves_at_once(rehearse: Make) -> None:
    run = rehearse()
    run.signal_at(1, signal.SIGINT)
    run.at(1, "ocr_reader", lambda each: each.fail("rubbish"))
    outcome = run.run()
    assert (outcome.exit_reason, outcome.exit_code) == ("stopped", ExitCode.OK)
    assert run.seconds < 2


def test_a_stop_while_the_end_is_awaited_has_the_deadline_of_a_stop(rehearse: Make) -> None:
    run = rehearse()
    run.all_ready_at(1)
    run.at(5, "frame_grabber", lambda each: each.finish())
    run.signal_at(10, signal.SIGTERM)
    outcome = run.run()
    assert outcome.exit_reason == "aborted: the queues were not drained within 7 s"
    assert run.states[-2:] == [RunState.ENDING, RunState.DRAINING]
    assert run.seconds == pytest.approx(17, abs=1)


def test_a_second_ctrl_c_aborts_with_130_and_the_same_key_press_does_not(rehearse: Make) -> None:
    run = rehearse()
    run.all_ready_at(1)
    for second in (5, 5.2, 7):
        run.signal_at(second, signal.SIGINT)
    outcome = run.run()
    assert (outcome.exit_reason, outcome.exit_code) == ("aborted: interrupted a second time", ExitCode.INTERRUPTED)
    assert 6.9 < run.seconds < 8


def test_what_does_not_drain_in_time_is_aborted(rehearse: Make) -> None:
    run = rehearse(supervisor={"drain_timeout_s": 3})
    run.all_ready_at(1)
    run.signal_at(5, signal.SIGTERM)
    outcome = run.run()
    assert (outcome.exit_reason, outcome.exit_code) == (
        "aborted: the queues were not drained within 3 s",
        ExitCode.ABORTED,
    )
    assert run.seconds == pytest.approx(8, abs=1)


DEATHS = {
    "an error": (lambda each: each.fail("out of memory"), "ocr_reader: out of memory"),
    "a crash": (lambda each: each.end(-signal.SIGSEGV), "ocr_reader was killed by SIGSEGV"),
    "a kill": (lambda each: each.end(-signal.SIGKILL), "ocr_reader was killed by SIGKILL"),
    "a signal without a name": (lambda each: each.end(-35), "ocr_reader was killed by signal 35"),
    "a silent exit": (lambda each: each.end(2), "ocr_reader ended with exit code 2"),
}


@pytest.mark.parametrize("state", RunState, ids=lambda state: state.name.lower())
@pytest.mark.parametrize("death", DEATHS)
def test_a_service_that_dies_ends_the_run_in_every_state(state: RunState, death: str, rehearse: Make) -> None:
    die, reason = DEATHS[death]
    run = rehearse()
    if state is not RunState.STARTING:
        run.all_ready_at(1)
    if state is RunState.DRAINING:
        run.signal_at(4, signal.SIGTERM)
    if state is RunState.ENDING:
        run.at(4, "frame_grabber", lambda each: each.finish())
    run.at(5, "ocr_reader", die)
    outcome = run.run()
    assert (outcome.exit_reason, outcome.exit_code) == (f"aborted: {reason}", ExitCode.ABORTED)
    assert run.states[-1] is state
    assert run.seconds < 6
    # What was read of a file that had ended may not all have been counted.
    assert outcome.ended_before == {}


@pytest.mark.parametrize(
    ("die", "reason"),
    [
        (lambda each: each.end(-signal.SIGKILL), "visualizer was killed by SIGKILL"),
        (lambda each: each.fail("full"), "visualizer: full"),
    ],
    ids=["killed", "failed"],
)
def test_the_last_process_may_fail_after_everybody_was_looked_at(
    die: Callable[[FakeProcess], None], reason: str, rehearse: Make
) -> None:
    run = rehearse()
    run.all_ready_at(1)
    run.all_finish_at(5, "visualizer")

    def die_meanwhile(_status: object) -> None:
        """The status is shown between looking at the processes and asking whether one is left."""
        if run.seconds > 6 and run["visualizer"].exitcode is None:
            die(run["visualizer"])

    run.show = die_meanwhile
    outcome = run.run()
    assert (outcome.exit_reason, outcome.exit_code) == (f"aborted: {reason}", ExitCode.ABORTED)


def test_all_services_that_die_at_once_are_no_good_end(rehearse: Make) -> None:
    run = rehearse()
    run.host.at(0.1, lambda: [each.end(1) for each in run.host.services.values()])
    outcome = run.run()
    assert outcome.exit_reason == "aborted: frame_grabber ended with exit code 1"


def test_the_last_words_of_a_service_are_heard_behind_its_reports(rehearse: Make) -> None:
    run = rehearse()
    run.all_ready_at(1)

    def report_and_fail(each: FakeProcess) -> None:
        for _ in range(5):
            each.control.request_stop("q was pressed")
        each.fail("no space left on device")

    run.at(5, "visualizer", report_and_fail)
    assert run.run().exit_reason == "aborted: visualizer: no space left on device"


# Lost sources


def test_a_camera_that_is_lost_drains_the_run_and_makes_its_exit_code_1(
    rehearse: Make, log_lines: list[str]
) -> None:
    run = rehearse()
    run.all_ready_at(1)
    run.at(5, "frame_grabber", lambda each: each.lose_source("rtsp://gate sent no frames for 60 s"))
    run.all_finish_at(8)
    outcome = run.run()
    lost = "aborted: frame_grabber: rtsp://gate sent no frames for 60 s"
    assert (outcome.exit_reason, outcome.exit_code) == (lost, ExitCode.ABORTED)
    assert run.states[2:] == [RunState.DRAINING, RunState.ENDING]
    assert all(each.ended_by == [] for each in run.host.services.values()), "vehicles in sight were not decided"
    assert outcome.reason_of("cam1") == lost
    assert "ERROR frame_grabber: rtsp://gate sent no frames for 60 s; what it has read is finished\n" in log_lines


def test_a_lost_camera_is_still_the_reason_when_what_it_read_is_not_finished_in_time(rehearse: Make) -> None:
    run = rehearse()
    run.all_ready_at(1)
    run.at(5, "frame_grabber", lambda each: each.lose_source("lost"))
    outcome = run.run()
    assert outcome.exit_reason == "aborted: frame_grabber: lost; the queues were not drained within 7 s"


def test_a_grabber_that_is_killed_cannot_end_its_stream_and_ends_the_run(rehearse: Make) -> None:
    run = rehearse()
    run.all_ready_at(1)
    run.at(5, "frame_grabber", lambda each: (each.control.stream_ended(), each.end(-signal.SIGKILL)))
    outcome = run.run()
    assert outcome.exit_reason == "aborted: frame_grabber was killed by SIGKILL"
    assert run.seconds < 6


def test_one_of_two_cameras_may_be_lost_and_the_other_goes_on(rehearse: Make) -> None:
    run = rehearse(cameras=TWO_CAMERAS)
    run.all_ready_at(1)
    run.at(5, "frame_grabber north", lambda each: each.end(-signal.SIGKILL))
    run.all_finish_at(9)
    outcome = run.run()
    lost = "aborted: frame_grabber north was killed by SIGKILL"
    assert (outcome.exit_reason, outcome.exit_code) == ("end_of_stream", ExitCode.ABORTED)
    assert outcome.ended_before == {"north": lost, "yard": "end_of_stream"}
    assert ProcessLost(ServiceName.FRAME_GRABBER, 0) in run["vehicle_detector"].received()


def test_when_the_last_of_two_cameras_is_lost_the_run_drains(rehearse: Make) -> None:
    run = rehearse(cameras=TWO_CAMERAS)
    run.all_ready_at(1)
    run.at(5, "frame_grabber north", lambda each: each.lose_source("gone"))
    run.at(7, "frame_grabber yard", lambda each: each.lose_source("gone, too"))
    run.all_finish_at(9)
    outcome = run.run()
    assert (outcome.reason_of("north"), outcome.reason_of("yard")) == (
        "aborted: frame_grabber north: gone",
        "aborted: frame_grabber yard: gone, too",
    )
    assert outcome.exit_code == ExitCode.ABORTED
    assert run.states[2:] == [RunState.DRAINING, RunState.ENDING]


def test_the_other_workers_stand_in_for_one_that_dies_until_none_is_left(rehearse: Make) -> None:
    run = rehearse(ocr_reader={"workers": 2})
    run.all_ready_at(1)
    run.at(5, "ocr_reader 1", lambda each: each.end(-signal.SIGKILL))
    run.all_finish_at(9)
    outcome = run.run()
    assert (outcome.exit_reason, outcome.exit_code) == ("end_of_stream", ExitCode.OK)
    assert ProcessLost(ServiceName.OCR_READER, 0) in run["lp_detector"].received()

    run = rehearse(ocr_reader={"workers": 2})
    run.all_ready_at(1)
    for number in (1, 2):
        run.at(5 + number, f"ocr_reader {number}", lambda each: each.end(-signal.SIGKILL))
    assert run.run().exit_reason == "aborted: ocr_reader 2 was killed by SIGKILL"


# Services that hang


@pytest.mark.parametrize("label", map(str, ServiceName))
def test_a_service_that_falls_silent_is_named_and_ends_the_run_within_10_s(
    label: str, rehearse: Make, log_lines: list[str]
) -> None:
    run = rehearse()
    run.all_ready_at(1)
    run.at(20, label, lambda each: setattr(each, "stopped", True))
    outcome = run.run()
    assert outcome.exit_reason == f"aborted: no report for {HUNG_AFTER_S:g} s from {label}"
    assert outcome.exit_code == ExitCode.ABORTED
    assert run.seconds < 20 + 10
    assert f"WARNING {label} has not reported for 5 s\n" in log_lines
    assert run[label].ended_by == ["SIGKILL"], "it does not answer, so nothing is waited for"
    others = [each for name, each in run.host.services.items() if name != label]
    assert all(each.ended_by == ["event"] for each in others)


def test_a_service_that_was_only_slow_is_heard_again(rehearse: Make, log_lines: list[str]) -> None:
    run = rehearse()
    run.all_ready_at(1)
    for begin in (10, 30):
        run.at(begin, "ocr_reader", lambda each: setattr(each, "stopped", True))
        run.at(begin + 6, "ocr_reader", lambda each: setattr(each, "stopped", False))
    run.all_finish_at(50)
    assert run.run().exit_reason == "end_of_stream"
    assert log_lines.count("WARNING ocr_reader has not reported for 5 s\n") == 2


@pytest.mark.parametrize("state", [RunState.RUNNING, RunState.DRAINING, RunState.ENDING])
def test_a_machine_that_stood_still_is_no_fault_of_the_services(state: RunState, rehearse: Make) -> None:
    run = rehearse()
    run.all_ready_at(1)
    if state is RunState.DRAINING:
        run.signal_at(19, signal.SIGTERM)
    if state is RunState.ENDING:
        run.at(19, "frame_grabber", lambda each: each.finish())

    def suspend_the_machine() -> None:
        run.host.clock += 3600
        for each in run.host.services.values():
            each.next_report = run.host.clock + 0.5

    run.host.at(20, suspend_the_machine)
    run.all_finish_at(3600 + 24)
    outcome = run.run()
    assert outcome.exit_reason == ("stopped" if state is RunState.DRAINING else "end_of_stream")


def test_a_service_may_load_its_models_in_silence(rehearse: Make) -> None:
    run = rehearse()
    run.host.at(0.1, lambda: setattr(run["ocr_reader"], "stopped", True))
    run.host.at(59, lambda: setattr(run["ocr_reader"], "stopped", False))
    run.all_ready_at(60)
    run.all_finish_at(70)
    assert run.run().exit_reason == "end_of_stream"


def test_a_stop_with_a_service_that_hangs_names_it_and_takes_less_than_10_s(rehearse: Make) -> None:
    run = rehearse()
    run.all_ready_at(1)
    run.at(20, "lp_detector", lambda each: setattr(each, "stopped", True))
    run.signal_at(20.1, signal.SIGTERM)
    outcome = run.run()
    assert (
        outcome.exit_reason
        == "aborted: the queues were not drained within 7 s; no report for 5 s from lp_detector"
    )
    assert run.seconds < 20 + 8.5
    assert run["lp_detector"].ended_by == ["SIGKILL"]


# The end


def test_after_the_sources_have_ended_slow_work_is_waited_for(rehearse: Make) -> None:
    run = rehearse()
    run.all_ready_at(1)
    run.at(5, "frame_grabber", lambda each: each.finish())

    def work(each: FakeProcess) -> None:
        each.processed += 1

    for number in range(5):
        run.at(10 + number * (ENDING_TIMEOUT_S - 10), "ocr_reader", work)
    run.all_finish_at(265)
    assert run.run().exit_reason == "end_of_stream"


def test_after_a_stop_closing_has_a_deadline_of_its_own(rehearse: Make) -> None:
    run = rehearse()
    run.all_ready_at(1)
    run.signal_at(10, signal.SIGTERM)
    run.all_finish_at(15, "visualizer")
    run.at(16, "visualizer", lambda each: each.control.stream_ended())
    # The database is locked, so its records are tried again for as long as draining may take.
    run.at(16 + 7.5, "visualizer", lambda each: each.end())
    outcome = run.run()
    assert (outcome.exit_reason, outcome.exit_code) == ("stopped", ExitCode.OK)
    assert run.states[-2:] == [RunState.DRAINING, RunState.ENDING]

    run = rehearse()
    run.all_ready_at(1)
    run.signal_at(10, signal.SIGTERM)
    run.all_finish_at(15, "visualizer")
    run.at(16, "visualizer", lambda each: each.control.stream_ended())
    assert run.run().exit_reason == "aborted: did not end within 9 s of the last work: visualizer"


def test_a_service_that_does_not_end_is_named(rehearse: Make) -> None:
    run = rehearse()
    run.all_ready_at(1)
    run.all_finish_at(5, "visualizer")
    # It has read all of its input, so it need not report; but closing never comes to an end.
    run.at(6, "visualizer", lambda each: (each.control.stream_ended(), setattr(each, "stopped", True)))
    outcome = run.run()
    assert outcome.exit_reason == "aborted: did not end within 60 s of the last work: visualizer"
    assert outcome.exit_code == ExitCode.ABORTED
    assert run["visualizer"].ended_by == ["SIGTERM", "SIGKILL"]
    assert run.seconds < 6 + ENDING_TIMEOUT_S + 5


def test_a_pipe_that_is_never_closed_holds_up_nobody(rehearse: Make) -> None:
    run = rehearse()
    run.all_ready_at(1)
    run.host.at(2, lambda: setattr(run["frame_grabber"], "keeps_pipe", True))
    run.all_finish_at(5)
    assert run.run().exit_reason == "end_of_stream"
    assert run.seconds < 8


def test_a_process_that_cannot_be_killed_is_named_and_left(rehearse: Make, log_lines: list[str]) -> None:
    run = rehearse()
    run.all_ready_at(1)
    run.host.at(2, lambda: setattr(run["frame_grabber"], "unkillable", True))
    run.at(2, "frame_grabber", lambda each: setattr(each, "stopped", True))
    outcome = run.run()
    assert outcome.exit_reason == "aborted: no report for 8 s from frame_grabber"
    assert run.seconds < 2 + HUNG_AFTER_S + EXIT_TIMEOUT_S + TERMINATE_TIMEOUT_S + KILL_TIMEOUT_S + 3
    assert any("of frame_grabber cannot be killed: left to the system" in line for line in log_lines)


def test_a_status_that_cannot_be_shown_ends_nothing(rehearse: Make, log_lines: list[str]) -> None:
    run = rehearse()
    shown: list[object] = []

    def fail(status: object) -> None:
        shown.append(status)
        raise OSError(5, "Input/output error")

    run.show = fail
    run.all_ready_at(1)
    run.all_finish_at(5)
    assert run.run().exit_reason == "end_of_stream"
    assert len(shown) == 1
    assert sum("the status is not shown any more" in line for line in log_lines) == 1


def test_signals_mean_again_what_they_meant_before_the_run(rehearse: Make) -> None:
    before = [signal.getsignal(number) for number in STOPS.values()]
    run = rehearse()
    run.all_ready_at(1)
    run.all_finish_at(5)
    run.run()
    assert [signal.getsignal(number) for number in STOPS.values()] == before

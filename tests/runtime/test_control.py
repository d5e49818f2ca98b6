"""The wire between a service and its supervisor."""

import queue
import time
from multiprocessing import Pipe

import pytest

from traffic_monitor.runtime.control import (
    Command,
    Failed,
    Gone,
    Ready,
    ServiceControl,
    ServiceReport,
    StopRequested,
    WorkLog,
)
from traffic_monitor.runtime.transport import DropPolicy, Output
from traffic_monitor.shared_utils.constants import ServiceName


def test_reports_arrive_in_order() -> None:
    ours, theirs = Pipe()
    control = ServiceControl(theirs)
    control.ready()
    control.request_stop("q was pressed")
    control.fail("no weights")
    control.report(ServiceReport(processed=3, details={"cam1": {"counts": None}}))
    assert [ours.recv() for _ in range(4)] == [
        Ready(),
        StopRequested("q was pressed"),
        Failed("no weights"),
        ServiceReport(processed=3, details={"cam1": {"counts": None}}),
    ]


def test_a_service_waits_for_the_start_and_sees_the_stop() -> None:
    ours, theirs = Pipe()
    control = ServiceControl(theirs)
    assert (control.started, control.stop_requested) == (False, False)
    ours.send(Command.START)
    assert (control.started, control.stop_requested) == (True, False)
    ours.send(Command.STOP)
    assert (control.started, control.stop_requested) == (True, True)


def test_commands_are_kept_whichever_question_takes_them_in() -> None:
    ours, theirs = Pipe()
    control = ServiceControl(theirs)
    ours.send(Command.START)
    ours.send(Command.STOP)
    assert control.stop_requested
    assert control.started
    assert control.stop_requested


def test_a_service_hears_which_processes_have_died() -> None:
    ours, theirs = Pipe()
    control = ServiceControl(theirs)
    assert not control.gone(ServiceName.VEHICLE_DETECTOR)
    ours.send(Gone(ServiceName.VEHICLE_DETECTOR, 1))
    ours.send(Command.START)
    assert set(control.gone(ServiceName.VEHICLE_DETECTOR)) == {1}
    assert not control.gone(ServiceName.LP_DETECTOR)
    assert control.is_gone(ServiceName.VEHICLE_DETECTOR, 1)
    assert not control.is_gone(ServiceName.VEHICLE_DETECTOR, 0)
    assert control.started


def test_a_service_on_its_own_starts_at_once_and_is_never_stopped() -> None:
    control = ServiceControl()
    control.ready()
    control.report(ServiceReport())
    assert (control.started, control.stop_requested) == (True, False)


@pytest.mark.parametrize("started", [True, False], ids=["after the start", "before the start"])
def test_a_supervisor_that_is_gone_is_no_error(started: bool) -> None:
    ours, theirs = Pipe()
    control = ServiceControl(theirs)
    if started:
        ours.send(Command.START)
        assert control.started
    ours.close()
    control.ready()
    control.report(ServiceReport())
    assert (control.started, control.stop_requested) == (started, False)


def test_a_work_log_turns_into_a_report() -> None:
    work = WorkLog()
    for seconds in (0.01, 0.03):
        work.succeeded(seconds, 10 * seconds, time.time() - seconds)
    work.failed()
    waiting: queue.Queue[str] = queue.Queue(maxsize=1)
    output = Output(waiting, DropPolicy.DROP_OLDEST)
    for message in "abc":
        output.send(message, lambda: False)
    report = work.report([output, Output(queue.Queue())], 4, {"cam1": {"answer": 42}})
    assert (report.processed, report.errors, report.dropped) == (2, 1, 6)
    assert (report.busy_ms_p50, report.busy_ms_p95) == (10.0, 30.0)
    assert (report.wait_ms_p50, report.wait_ms_p95) == (100.0, 300.0)
    assert report.latency_ms_p95 == pytest.approx(30, abs=10)
    assert report.busy_s == pytest.approx(0.04)
    assert report.first_done_at == pytest.approx(time.time(), abs=10)
    assert report.details == {"cam1": {"answer": 42}}


def test_a_success_ends_a_row_of_errors() -> None:
    work = WorkLog()
    work.failed()
    work.failed()
    assert work.consecutive_errors == 2
    work.succeeded(0.01, 0.0, None)
    assert (work.errors, work.consecutive_errors) == (2, 0)

"""The wire between a service and its supervisor."""

import time
from multiprocessing import Pipe
from typing import Any

import pytest

from tests.builders import start
from traffic_monitor.runtime.control import (
    Command,
    Failed,
    PauseRequested,
    ProcessLost,
    Ready,
    ServiceControl,
    ServiceReport,
    StopRequested,
    StreamEnded,
)
from traffic_monitor.shared_utils.constants import ServiceName


def test_reports_arrive_in_order() -> None:
    ours, theirs = Pipe()
    control = ServiceControl(theirs)
    control.ready()
    control.request_stop("q was pressed")
    control.fail("no weights")
    control.stream_ended()
    control.report(ServiceReport(processed=3, details={"cam1": {"counts": None}}))
    assert [ours.recv() for _ in range(5)] == [
        Ready(),
        StopRequested("q was pressed"),
        Failed("no weights"),
        StreamEnded(),
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


def test_a_pause_is_asked_for_and_lasts_until_it_is_over() -> None:
    ours, theirs = Pipe()
    control = ServiceControl(theirs)
    control.request_pause(True)
    control.request_pause(False)
    assert [ours.recv() for _ in range(2)] == [PauseRequested(True), PauseRequested(False)]
    assert not control.paused
    ours.send(Command.PAUSE)
    assert control.paused
    ours.send(Command.RESUME)
    assert not control.paused


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
    assert not control.lost(ServiceName.VEHICLE_DETECTOR)
    ours.send(ProcessLost(ServiceName.VEHICLE_DETECTOR, 1))
    ours.send(Command.START)
    assert set(control.lost(ServiceName.VEHICLE_DETECTOR)) == {1}
    assert not control.lost(ServiceName.LP_DETECTOR)
    assert control.is_lost(ServiceName.VEHICLE_DETECTOR, 1)
    assert not control.is_lost(ServiceName.VEHICLE_DETECTOR, 0)
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


def test_a_pipe_that_nobody_reads_has_no_room_for_a_report_until_it_is_read() -> None:
    ours, theirs = Pipe()
    control = ServiceControl(theirs)
    assert control.has_room()
    sent = 0
    while control.has_room():
        control.report(ServiceReport(details={"cam1": {"counts": "x" * 10_000}}))
        sent += 1
        assert sent < 1000, "a pipe without a bound"
    while ours.poll():
        ours.recv()
    assert control.has_room()


def test_a_service_on_its_own_or_without_its_supervisor_is_not_held_up() -> None:
    ours, theirs = Pipe()
    ours.close()
    assert ServiceControl(theirs).has_room()
    assert ServiceControl().has_room()


def test_two_threads_may_ask_at_the_same_time() -> None:
    """Between asking whether a command is there and taking it another thread could take it: it would then wait."""
    ours, theirs = Pipe()

    class Hesitant:
        """A connection that lets another thread in between."""

        def poll(self) -> bool:
            waits = theirs.poll()
            time.sleep(0.05)
            return waits

        def recv(self) -> Any:
            return theirs.recv()

    control = ServiceControl(Hesitant())  # type: ignore[arg-type]
    ours.send(Command.STOP)
    answers = [start(lambda: control.stop_requested) for _ in range(2)]
    assert [answer.result(timeout=5) for answer in answers] == [True, True]

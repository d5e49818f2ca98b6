"""The one loop: end of stream, errors, shutdown, reports."""

import queue
import threading
from collections.abc import Iterable, Mapping
from multiprocessing import Pipe
from typing import Any

import pytest

from tests.builders import FullQueue, drain, start
from traffic_monitor.runtime import service_loop
from traffic_monitor.runtime.control import Ready, ServiceControl, ServiceReport, StreamEnded
from traffic_monitor.runtime.service_loop import (
    MAX_CONSECUTIVE_ERRORS,
    Service,
    run_service,
)
from traffic_monitor.runtime.transport import Output
from traffic_monitor.shared_utils.errors import ServiceError


class Doubler(Service):
    """Sends every message twice; fails on "bad", gives up on "fatal"."""

    def __init__(self) -> None:
        self.closed = 0
        self.idled = threading.Event()
        self.flush_fails = False

    def process(self, message: Any) -> Iterable[Any]:
        if message == "fatal":
            raise ServiceError("cannot go on")
        if message == "bad" or (isinstance(message, dict) and message.get("bad")):
            raise ValueError("this one cannot be read")
        return [message, message]

    def flush(self) -> Iterable[Any]:
        if self.flush_fails:
            raise ValueError("nothing to flush")
        return ["flushed"]

    def idle(self) -> None:
        self.idled.set()

    def details_by_camera(self) -> Mapping[str, Mapping[str, Any]]:
        return {"cam1": {"answer": 42}}

    def close(self) -> None:
        self.closed += 1


def filled(*messages: Any) -> "queue.Queue[Any]":
    waiting: queue.Queue[Any] = queue.Queue()
    for message in messages:
        waiting.put(message)
    return waiting


def run(service: Service, source: Any, *outgoing: Any, **options: Any) -> None:
    event = options.pop("shutdown_event", threading.Event())
    run_service("doubler", lambda: service, source, [Output(q) for q in outgoing], event, **options)


class ProcessQueue(queue.Queue[Any]):
    """Notes whether a process would wait for its unsent messages."""

    abandoned = False

    def cancel_join_thread(self) -> None:
        self.abandoned = True


def test_results_go_to_every_output_then_the_flush_then_the_end_once() -> None:
    first, second = queue.Queue[Any](), queue.Queue[Any]()
    service = Doubler()
    run(service, filled("a", "b", None), first, second)
    expected = ["a", "a", "b", "b", "flushed", None]
    assert drain(first) == expected
    assert drain(second) == expected
    assert service.closed == 1


def test_nothing_is_read_after_the_end() -> None:
    source = filled("a", None, "never")
    run(Doubler(), source, queue.Queue())
    assert drain(source) == ["never"]


def test_a_bad_message_is_logged_with_its_frame_id_and_the_next_is_processed(log_lines: list[str]) -> None:
    outgoing = queue.Queue[Any]()
    run(Doubler(), filled({"frame_id": "f-123", "bad": True}, "a", None), outgoing)
    assert drain(outgoing) == ["a", "a", "flushed", None]
    (line,) = [line for line in log_lines if line.startswith("ERROR")]
    assert "doubler failed on frame f-123: this one cannot be read" in line
    assert "Traceback" in line


def test_a_service_that_fails_on_every_message_ends() -> None:
    service = Doubler()
    source = filled(*["bad"] * (MAX_CONSECUTIVE_ERRORS + 5))
    with pytest.raises(ServiceError, match="messages in a row failed, the last with: this one cannot be read"):
        run(service, source, queue.Queue())
    assert service.closed == 1
    assert source.qsize() == 5


def test_errors_with_successes_between_them_do_not_end_the_service() -> None:
    outgoing = queue.Queue[Any]()
    run(Doubler(), filled(*(["bad"] * (MAX_CONSECUTIVE_ERRORS - 1) + ["a"]) * 2, None), outgoing)
    assert drain(outgoing)[-1] is None


def test_a_camera_that_always_fails_ends_the_service_although_another_is_fine() -> None:
    frames = [{"camera_id": "north", "bad": True}, {"camera_id": "yard"}] * (MAX_CONSECUTIVE_ERRORS + 5)
    source = filled(*frames)
    with pytest.raises(ServiceError, match="messages in a row failed"):
        run(Doubler(), source, queue.Queue())
    assert source.qsize() == 11


def test_a_source_that_is_lost_ends_the_stream_before_the_service_fails() -> None:
    class LostCamera:
        def get(self, *, timeout: float) -> Any:
            raise ServiceError("the camera is lost")

    ours, theirs = Pipe()
    outgoing, service = ProcessQueue(), Doubler()
    with pytest.raises(ServiceError, match="the camera is lost"):
        run(service, LostCamera(), outgoing, control=ServiceControl(theirs))
    assert drain(outgoing) == ["flushed", None]
    assert (service.closed, outgoing.abandoned) == (1, False)
    assert [type(ours.recv()) for _ in range(3)] == [Ready, StreamEnded, ServiceReport]


def test_a_service_that_waits_for_room_goes_on_reporting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_loop, "REPORT_INTERVAL_S", 0.01)
    ours, theirs = Pipe()
    shutdown = threading.Event()
    future = start(
        run, Doubler(), filled("a"), FullQueue(), shutdown_event=shutdown, control=ServiceControl(theirs)
    )
    assert isinstance(ours.recv(), Ready)
    for _ in range(3):
        assert ours.poll(5), "nothing is heard of a service that waits for room"
        assert ours.recv().processed == 1
    shutdown.set()
    future.result(timeout=2)


def test_a_supervisor_that_reads_nothing_holds_up_no_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_loop, "REPORT_INTERVAL_S", 0.0)
    ours, theirs = Pipe()
    outgoing = queue.Queue[Any]()
    frames = [{"frame_id": str(number)} for number in range(3000)]
    future = start(run, Doubler(), filled(*frames, None), outgoing, control=ServiceControl(theirs))
    while outgoing.qsize() < 2 * len(frames):
        threading.Event().wait(0.01)
    while not future.done():  # What is said at the end is said in any case.
        if ours.poll(0.05):
            ours.recv()
    future.result(timeout=1)


def test_an_error_for_good_ends_the_service_at_once_and_sends_no_end() -> None:
    outgoing, service = queue.Queue[Any](), Doubler()
    with pytest.raises(ServiceError, match="cannot go on"):
        run(service, filled("a", "fatal", "b", None), outgoing)
    assert drain(outgoing) == ["a", "a"]
    assert service.closed == 1


def test_the_end_is_passed_on_although_flushing_fails() -> None:
    outgoing, service = queue.Queue[Any](), Doubler()
    service.flush_fails = True
    with pytest.raises(ValueError, match="nothing to flush"):
        run(service, filled(None), outgoing)
    assert drain(outgoing) == [None]
    assert service.closed == 1


def test_the_service_idles_while_no_message_comes_and_leaves_on_the_event() -> None:
    service, shutdown = Doubler(), threading.Event()
    future = start(run, service, queue.Queue(), queue.Queue(), shutdown_event=shutdown)
    assert service.idled.wait(2)
    shutdown.set()
    future.result(timeout=1)
    assert service.closed == 1


@pytest.mark.parametrize("messages", [["a"], [None]], ids=["with a message", "with the end of the stream"])
def test_the_event_ends_the_waiting_on_a_full_output(messages: list[Any]) -> None:
    full, shutdown, service = FullQueue(), threading.Event(), Doubler()
    future = start(run, service, filled(*messages), full, shutdown_event=shutdown)
    assert full.tried.wait(2)
    shutdown.set()
    future.result(timeout=1)
    assert service.closed == 1


@pytest.mark.parametrize(
    ("messages", "event_is_set", "abandoned"),
    [
        pytest.param(["a", None], False, False, id="after the end everything unsent is waited for"),
        pytest.param(["a"], True, True, id="after the shutdown event nothing is"),
        pytest.param(["fatal"], False, True, id="after a failure nothing is"),
    ],
)
def test_unsent_messages_hold_up_only_a_good_ending(
    messages: list[Any], event_is_set: bool, abandoned: bool
) -> None:
    outgoing, shutdown = ProcessQueue(), threading.Event()
    if event_is_set:
        shutdown.set()
    future = start(run, Doubler(), filled(*messages), outgoing, shutdown_event=shutdown)
    assert isinstance(future.exception(timeout=2), ServiceError) is (messages == ["fatal"])
    assert outgoing.abandoned is abandoned


def test_the_supervisor_hears_that_the_service_is_ready_and_what_it_did() -> None:
    ours, theirs = Pipe()
    run(Doubler(), filled("a", "bad", "b", None), queue.Queue(), control=ServiceControl(theirs))
    heard = []
    while ours.poll():
        heard.append(ours.recv())
    assert heard[0] == Ready()
    last = heard[-1]
    assert isinstance(last, ServiceReport)
    assert (last.processed, last.errors, last.dropped, last.details) == (2, 1, 0, {"cam1": {"answer": 42}})
    assert last.busy_ms_p95 >= last.busy_ms_p50 >= 0


def test_the_last_report_comes_also_after_a_failure() -> None:
    ours, theirs = Pipe()
    with pytest.raises(ServiceError):
        run(Doubler(), filled("a", "fatal"), queue.Queue(), control=ServiceControl(theirs))
    heard = []
    while ours.poll():
        heard.append(ours.recv())
    assert heard[-1].processed == 1


def test_frames_a_source_dropped_are_reported() -> None:
    class LossySource:
        dropped = 3

        def get(self, *, timeout: float) -> Any:
            return None

    ours, theirs = Pipe()
    run(Doubler(), LossySource(), queue.Queue(), control=ServiceControl(theirs))
    assert [ours.recv() for _ in range(2)] == [Ready(), StreamEnded()]
    assert ours.recv().dropped == 3


def test_a_service_that_cannot_be_built_is_never_ready() -> None:
    def build() -> Service:
        raise ServiceError("no weights")

    ours, theirs = Pipe()
    with pytest.raises(ServiceError, match="no weights"):
        run_service("doubler", build, filled(None), [], threading.Event(), ServiceControl(theirs))
    assert not ours.poll()


class Preparing(Doubler):
    """Remembers what it prepared."""

    def __init__(self) -> None:
        super().__init__()
        self.prepared: list[Any] = []

    def prepare(self, message: Any) -> None:
        self.prepared.append(message)


@pytest.mark.parametrize(("ahead", "prepared"), [(True, ["a", "b"]), (False, [])])
def test_messages_are_prepared_where_it_is_asked_for(ahead: bool, prepared: list[str]) -> None:
    service, outgoing = Preparing(), queue.Queue[Any]()
    run(service, filled("a", "b", None), outgoing, prepare_ahead=ahead)
    assert drain(outgoing) == ["a", "a", "b", "b", "flushed", None]
    assert service.prepared == prepared


def test_a_message_that_cannot_be_prepared_is_a_failed_message(log_lines: list[str]) -> None:
    class Unprepared(Doubler):
        def prepare(self, message: Any) -> None:
            if message["frame_id"] == "f-1":
                raise ValueError("no memory for this shape")

    ours, theirs = Pipe()
    outgoing = queue.Queue[Any]()
    frames = [{"frame_id": f"f-{number}"} for number in range(3)]
    run(Unprepared(), filled(*frames, None), outgoing, prepare_ahead=True, control=ServiceControl(theirs))
    assert [each["frame_id"] for each in drain(outgoing)[:-2]] == ["f-0", "f-0", "f-2", "f-2"]
    assert any("doubler failed on frame f-1: no memory for this shape" in line for line in log_lines)
    heard = []
    while ours.poll():
        heard.append(ours.recv())
    assert (heard[-1].processed, heard[-1].errors) == (2, 1)


@pytest.mark.parametrize("low_priority", [False, True])
def test_a_service_that_may_wait_gives_way_once_it_is_built(
    monkeypatch: pytest.MonkeyPatch, low_priority: bool
) -> None:
    happened = []
    monkeypatch.setattr(service_loop, "lower_priority", lambda: happened.append("gave way"))

    def build() -> Service:
        happened.append("built")
        return Doubler()

    incoming: queue.Queue[Any] = queue.Queue()
    incoming.put(None)
    run_service("doubler", build, incoming, [], threading.Event(), low_priority=low_priority)
    assert happened == (["built", "gave way"] if low_priority else ["built"])

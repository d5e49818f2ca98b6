"""Outputs with their drop policies, and several queues read as one."""

import multiprocessing
import queue
import sys
import threading
from typing import Any

import pytest

from tests.builders import FullQueue, drain, start
from traffic_monitor.runtime.transport import (
    PIPE_BYTES,
    DropPolicy,
    FanIn,
    Output,
    Prefetch,
    PreparationError,
    widen_pipe,
)


def never() -> bool:
    return False


@pytest.mark.parametrize("policy", DropPolicy, ids=lambda policy: policy.value)
def test_a_message_is_delivered_when_there_is_room(policy: DropPolicy) -> None:
    waiting: queue.Queue[Any] = queue.Queue(maxsize=2)
    output = Output(waiting, policy)
    output.send("a", never)
    output.send("b", never)
    assert (drain(waiting), output.dropped) == (["a", "b"], 0)


def test_a_blocking_output_waits_for_room() -> None:
    waiting: queue.Queue[Any] = queue.Queue(maxsize=1)
    output = Output(waiting, DropPolicy.BLOCK)
    output.send("a", never)
    future = start(output.send, "b", never)
    assert not future.done()
    assert waiting.get(timeout=1) == "a"
    future.result(timeout=2)
    assert (drain(waiting), output.dropped) == (["b"], 0)


def test_a_dropping_output_discards_the_oldest_and_counts_it() -> None:
    waiting: queue.Queue[Any] = queue.Queue(maxsize=2)
    output = Output(waiting, DropPolicy.DROP_OLDEST)
    for message in "abcde":
        output.send(message, never)
    assert (drain(waiting), output.dropped) == (["d", "e"], 3)


@pytest.mark.parametrize("policy", DropPolicy, ids=lambda policy: policy.value)
def test_the_end_of_the_stream_waits_for_room(policy: DropPolicy) -> None:
    waiting: queue.Queue[Any] = queue.Queue(maxsize=1)
    output = Output(waiting, policy)
    output.send("a", never)
    future = start(output.end, never)
    assert waiting.get(timeout=1) == "a"
    future.result(timeout=2)
    assert (drain(waiting), output.dropped) == ([None], 0)


def test_the_end_of_the_stream_pushes_out_no_message() -> None:
    full, cancelled = FullQueue(), threading.Event()
    future = start(Output(full, DropPolicy.DROP_OLDEST).end, cancelled.is_set)
    assert full.tried.wait(2)
    assert not full.taken_from.wait(0.1)
    cancelled.set()
    future.result(timeout=1)


@pytest.mark.parametrize("policy", DropPolicy, ids=lambda policy: policy.value)
@pytest.mark.parametrize("what", ["message", "end"])
def test_a_cancelled_output_gives_up_on_a_full_queue(policy: DropPolicy, what: str) -> None:
    full, cancelled = FullQueue(), threading.Event()
    output = Output(full, policy)
    future = start(output.end, cancelled.is_set) if what == "end" else start(output.send, "a", cancelled.is_set)
    assert full.tried.wait(2)
    assert not future.done()
    cancelled.set()
    future.result(timeout=1)


def test_abandoning_lets_the_process_exit_with_unsent_messages() -> None:
    class ProcessQueue(queue.Queue[Any]):
        cancelled = False

        def cancel_join_thread(self) -> None:
            self.cancelled = True

    waiting = ProcessQueue()
    Output(waiting).abandon()
    assert waiting.cancelled
    Output(queue.Queue()).abandon()  # Which needs no such thing.


def filled(*messages: Any) -> "queue.Queue[Any]":
    waiting: queue.Queue[Any] = queue.Queue()
    for message in messages:
        waiting.put(message)
    return waiting


def test_a_fan_in_reads_earlier_queues_first() -> None:
    fan_in = FanIn([filled("a", "b", None), filled("c", None)])
    assert [fan_in.get(timeout=1) for _ in range(4)] == ["a", "b", "c", None]


def test_a_fan_in_ends_when_every_queue_has_ended() -> None:
    late: queue.Queue[Any] = queue.Queue()
    fan_in = FanIn([filled(None), late])
    with pytest.raises(queue.Empty):
        fan_in.get(timeout=0.02)
    late.put("last")
    assert fan_in.get(timeout=1) == "last"
    late.put(None)
    assert fan_in.get(timeout=1) is None


def test_a_fan_in_wakes_up_when_a_message_comes() -> None:
    late: queue.Queue[Any] = queue.Queue()
    future = start(FanIn([queue.Queue(), late]).get, timeout=5)
    late.put("a")
    assert future.result(timeout=1) == "a"


def test_a_fan_in_takes_messages_that_are_empty_but_not_the_end() -> None:
    assert FanIn([filled({}, None)]).get(timeout=1) == {}


def test_the_next_messages_are_prepared_while_the_first_is_in_work() -> None:
    waiting: queue.Queue[Any] = queue.Queue()
    prepared = queue.Queue[Any]()
    for message in "abcd":
        waiting.put(message)
    source = Prefetch(waiting, prepared.put)
    assert source.get(timeout=2) == "a"
    assert [prepared.get(timeout=2) for _ in range(3)] == ["a", "b", "c"]
    assert prepared.empty(), "d is fetched before there is room for it"
    assert [source.get(timeout=2) for _ in range(3)] == ["b", "c", "d"]


def test_a_message_that_cannot_be_prepared_is_an_error_and_the_next_ones_come() -> None:
    source = Prefetch(filled(1, 0, 5, None), lambda number: 1 / number)
    assert source.get(timeout=2) == 1
    with pytest.raises(PreparationError) as failure:
        source.get(timeout=2)
    assert (failure.value.message, type(failure.value.__cause__)) == (0, ZeroDivisionError)
    assert [source.get(timeout=2) for _ in range(2)] == [5, None]


def test_an_input_that_fails_is_an_error_and_not_silence() -> None:
    class Broken:
        def get(self, *, timeout: float) -> Any:
            raise EOFError("half a message")

    with pytest.raises(EOFError, match="half a message"):
        Prefetch(Broken()).get(timeout=2)


def test_fetching_ahead_waits_no_longer_than_asked_for() -> None:
    with pytest.raises(queue.Empty):
        Prefetch(queue.Queue(), print).get(timeout=0.01)


@pytest.mark.skipif(sys.platform != "linux", reason="pipes can be widened on Linux only")
def test_the_pipe_of_a_queue_holds_whole_frames() -> None:
    import fcntl

    message_queue = multiprocessing.get_context("spawn").Queue(2)
    widen_pipe(message_queue)
    reader = message_queue._reader  # type: ignore[attr-defined]
    assert fcntl.fcntl(reader.fileno(), fcntl.F_GETPIPE_SZ) == PIPE_BYTES


def test_a_queue_without_a_pipe_is_left_alone() -> None:
    widen_pipe(queue.Queue())


@pytest.mark.parametrize("policy", DropPolicy, ids=lambda policy: policy.value)
def test_a_reader_that_died_holds_up_nobody(policy: DropPolicy) -> None:
    waiting = FullQueue()
    output = Output(waiting, policy, waiting.tried.is_set)
    output.send("message", lambda: False)
    output.end(lambda: False)
    assert waiting.tried.is_set()

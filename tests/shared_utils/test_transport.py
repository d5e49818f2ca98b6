"""Outputs with their drop policies, and several queues read as one."""

import multiprocessing
import queue
import random
import sys
import threading
from typing import Any

import pytest

from tests.builders import FullQueue, drain, start
from traffic_monitor.shared_utils.transport import (
    PIPE_BYTES,
    DropPolicy,
    FanIn,
    Output,
    Prefetch,
    Resequencer,
    Spread,
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


def test_a_message_that_cannot_be_prepared_comes_all_the_same_and_so_does_the_end() -> None:
    waiting: queue.Queue[Any] = queue.Queue()
    for message in (0, 5, None):
        waiting.put(message)
    source = Prefetch(waiting, lambda number: 1 / number)
    assert [source.get(timeout=2) for _ in range(3)] == [0, 5, None]


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


def frame(index: int, camera: str = "cam1") -> dict[str, Any]:
    return {"camera_id": camera, "frame_index": index, "timestamp": float(index), "captured_at": 100.0 + index}


def queues(number: int, size: int = 0) -> list[queue.Queue[Any]]:
    return [queue.Queue(size) for _ in range(number)]


@pytest.mark.parametrize("policy", DropPolicy, ids=lambda policy: policy.value)
def test_workers_get_messages_in_turn_and_all_of_them_the_end(policy: DropPolicy) -> None:
    workers = queues(3, 5)
    spread = Spread(workers, policy)
    for index in range(7):
        spread.send(index, never)
    spread.end(never)
    assert [drain(worker) for worker in workers] == [[0, 3, 6, None], [1, 4, None], [2, 5, None]]
    assert spread.dropped == 0


def test_a_worker_without_room_is_passed_over() -> None:
    workers = queues(2, 2)
    spread = Spread(workers, DropPolicy.BLOCK)
    for index in range(3):
        spread.send(index, never)
    workers[1].get()
    spread.send(3, never)
    spread.send(4, lambda: workers[0].full() and workers[1].full())
    assert [drain(worker) for worker in workers] == [[0, 2], [3, 4]]


def test_with_no_room_anywhere_a_file_waits_and_a_camera_drops_the_oldest() -> None:
    workers = queues(2, 1)
    waiting = Spread(workers, DropPolicy.BLOCK)
    for index in range(2):
        waiting.send(index, never)
    future = start(waiting.send, 2, never)
    assert not future.done()
    assert workers[1].get(timeout=1) == 1
    future.result(timeout=2)
    assert [drain(worker) for worker in workers] == [[0], [2]]

    dropping = Spread(workers, DropPolicy.DROP_OLDEST)
    for index in range(5):
        dropping.send(index, never)
    assert (sorted(drain(workers[0]) + drain(workers[1])), dropping.dropped) == ([3, 4], 3)


def test_a_worker_that_died_gets_nothing_more_and_holds_nobody_up() -> None:
    workers, gone = queues(2, 2), set[int]()
    spread = Spread(workers, DropPolicy.BLOCK, lambda: gone)
    spread.send(0, never)
    gone.add(0)
    for index in (1, 2):
        spread.send(index, never)
    assert workers[1].get() == 1
    spread.end(never)
    assert [drain(worker) for worker in workers] == [[0], [2, None]]
    gone.add(1)
    spread.send(3, never)  # Nobody is left to wait for.


@pytest.mark.parametrize("seed", range(5))
def test_whatever_the_workers_did_frames_come_in_the_order_of_each_camera(seed: int) -> None:
    drawn = random.Random(seed)
    workers = queues(3)
    counters = {"north": 0, "south": 0}
    sent: list[dict[str, Any]] = []
    for number in range(60):
        camera = drawn.choice(list(counters))
        message = {**frame(counters[camera], camera), "captured_at": float(number)}
        counters[camera] += 1
        if drawn.random() < 0.9:  # The others were not to be decoded.
            drawn.choice(workers).put(message)
            sent.append(message)
    for worker in workers:
        worker.put(None)
    source = Resequencer(workers)
    received = [source.get(timeout=2) for _ in range(len(sent) + 1)]
    assert received.pop() is None
    for camera in counters:
        wanted = [message for message in sent if message["camera_id"] == camera]
        assert [message for message in received if message["camera_id"] == camera] == wanted
    assert source.dropped == 0


def test_a_frame_waits_for_the_one_before_it() -> None:
    workers = queues(2)
    source = Resequencer(workers)
    workers[1].put(frame(1))
    with pytest.raises(queue.Empty):
        source.get(timeout=0.05)
    workers[0].put(frame(0))
    assert [source.get(timeout=2)["frame_index"] for _ in range(2)] == [0, 1]


def test_a_frame_that_a_worker_dropped_is_not_waited_for_once_it_gives_a_later_one() -> None:
    workers = queues(2)
    source = Resequencer(workers)
    workers[1].put(frame(1))  # Frame 0 failed in the other one.
    workers[0].put(frame(2))
    assert [source.get(timeout=2)["frame_index"] for _ in range(2)] == [1, 2]


def test_a_worker_that_died_is_not_waited_for_but_what_it_gave_counts() -> None:
    workers, gone = queues(2), set[int]()
    source = Resequencer(workers, lambda: gone)
    workers[0].put(frame(0))
    workers[1].put(frame(3))
    assert source.get(timeout=2)["frame_index"] == 0
    with pytest.raises(queue.Empty):
        source.get(timeout=0.02)
    gone.add(0)
    assert source.get(timeout=2)["frame_index"] == 3
    workers[1].put(None)
    assert source.get(timeout=2) is None


def test_the_order_is_kept_even_if_a_frame_comes_too_late() -> None:
    workers = queues(1)
    source = Resequencer(workers)
    for index in (0, 2, 1, 3):
        workers[0].put(frame(index))
    workers[0].put(None)
    assert [source.get(timeout=2)["frame_index"] for _ in range(3)] == [0, 2, 3]
    assert (source.get(timeout=2), source.dropped) == (None, 1)

"""Messages spread over workers, and their results in order again."""

import queue
import random
from typing import Any

import pytest

from tests.builders import drain, start
from traffic_monitor.runtime.transport import DropPolicy
from traffic_monitor.runtime.workers import InTurn, Resequencer, Spread, responsible


def never() -> bool:
    return False


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


def test_what_is_about_a_vehicle_goes_to_the_worker_that_knows_it_and_to_another_when_that_died() -> None:
    workers, gone = queues(3, 4), set[int]()
    spread = Spread(workers, DropPolicy.BLOCK, lambda: gone, lambda message: int(message))
    for vehicle in (3, 4, 5, 3, 4):
        spread.send(vehicle, never)
    assert [drain(worker) for worker in workers] == [[3, 3], [4, 4], [5]]
    gone.add(1)
    for vehicle in (3, 4, 4, 5):
        spread.send(vehicle, never)
    left = [drain(workers[0]), drain(workers[2])]
    assert sorted(left[0] + left[1]) == [3, 4, 4, 5]
    assert [len(set(messages) & {4}) for messages in left] in ([0, 1], [1, 0])


@pytest.mark.parametrize("policy", DropPolicy, ids=lambda policy: policy.value)
def test_a_busy_worker_keeps_its_vehicles(policy: DropPolicy) -> None:
    workers = queues(2, 1)
    spread = Spread(workers, policy, vehicle_of=lambda message: int(message))
    spread.send(2, never)
    spread.send(4, iter([False, True]).__next__)
    assert [drain(worker) for worker in workers] == [[2] if policy is DropPolicy.BLOCK else [], []]
    assert spread.dropped == (policy is DropPolicy.DROP_OLDEST)


def test_all_workers_together_are_responsible_for_all_vehicles_each_for_some() -> None:
    shares = [responsible(vehicle, {0, 2, 5}) for vehicle in range(30)]
    assert {number: shares.count(number) for number in (0, 2, 5)} == {0: 10, 2: 10, 5: 10}


def test_a_fast_camera_does_not_keep_the_others_waiting() -> None:
    cameras = queues(3)
    for index in range(4):
        cameras[0].put(frame(index, "fast"))
    cameras[1].put(frame(0, "slow"))
    source = InTurn(cameras)
    received = [source.get(timeout=2)["camera_id"] for _ in range(2)]
    cameras[2].put(frame(0, "late"))
    received += [source.get(timeout=2)["camera_id"] for _ in range(3)]
    assert "slow" in received[:3]
    assert "late" in received
    with pytest.raises(queue.Empty):
        [source.get(timeout=0.05) for _ in range(2)]


def test_the_stream_of_several_cameras_ends_with_the_last_of_them() -> None:
    cameras = queues(2)
    source = InTurn(cameras)
    cameras[0].put(None)
    cameras[1].put(frame(0, "yard"))
    assert source.get(timeout=2)["camera_id"] == "yard"
    with pytest.raises(queue.Empty):
        source.get(timeout=0.05)
    cameras[1].put(None)
    assert source.get(timeout=2) is None


def test_a_camera_that_died_is_not_waited_for_but_what_it_gave_counts() -> None:
    cameras, gone = queues(2), set[int]()
    source = InTurn(cameras, lambda: gone)
    cameras[0].put(frame(0, "north"))
    gone.add(0)
    cameras[1].put(None)
    assert source.get(timeout=2)["camera_id"] == "north"
    assert source.get(timeout=2) is None


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

"""Messages spread over workers, and their results in order again."""

import contextlib
import queue
import random
import time
from typing import Any

import pytest

from tests.builders import drain, start
from traffic_monitor.runtime.resequencer import Resequencer
from traffic_monitor.runtime.transport import RETRY_FULL_S, DropPolicy
from traffic_monitor.runtime.workers import RoundRobin, WorkDistributor, responsible

ROOM = 16


def never() -> bool:
    return False


def frame(index: int, camera: str = "cam1") -> dict[str, Any]:
    return {"camera_id": camera, "frame_index": index, "timestamp": float(index), "captured_at": 100.0 + index}


def queues(number: int, size: int = 0) -> list[queue.Queue[Any]]:
    return [queue.Queue(size) for _ in range(number)]


@pytest.mark.parametrize("policy", DropPolicy, ids=lambda policy: policy.value)
def test_workers_get_messages_in_turn_and_all_of_them_the_end(policy: DropPolicy) -> None:
    workers = queues(3, 5)
    spread = WorkDistributor(workers, policy)
    for index in range(7):
        spread.send(index, never)
    spread.end(never)
    assert [drain(worker) for worker in workers] == [[0, 3, 6, None], [1, 4, None], [2, 5, None]]
    assert spread.dropped == 0


def test_a_worker_without_room_is_passed_over() -> None:
    workers = queues(2, 2)
    spread = WorkDistributor(workers, DropPolicy.BLOCK)
    for index in range(3):
        spread.send(index, never)
    workers[1].get()
    spread.send(3, never)
    spread.send(4, lambda: workers[0].full() and workers[1].full())
    assert [drain(worker) for worker in workers] == [[0, 2], [3, 4]]


def test_with_no_room_anywhere_a_file_waits_and_a_camera_drops_the_oldest() -> None:
    workers = queues(2, 1)
    waiting = WorkDistributor(workers, DropPolicy.BLOCK)
    for index in range(2):
        waiting.send(index, never)
    future = start(waiting.send, 2, never)
    assert not future.done()
    assert workers[1].get(timeout=1) == 1
    future.result(timeout=2)
    assert [drain(worker) for worker in workers] == [[0], [2]]

    dropping = WorkDistributor(workers, DropPolicy.DROP_OLDEST)
    for index in range(5):
        dropping.send(index, never)
    assert (sorted(drain(workers[0]) + drain(workers[1])), dropping.dropped) == ([3, 4], 3)


def test_a_camera_waits_a_moment_where_the_oldest_message_cannot_be_taken_out_yet() -> None:
    class Unflushed(queue.Queue[Any]):
        """Full, but its messages have not reached the pipe yet, as in a process that has just put them."""

        tries = 0

        def get(self, block: bool = True, timeout: float | None = None) -> Any:
            self.tries += 1
            raise queue.Empty

    worker = Unflushed(1)
    worker.put("first")
    end = time.monotonic() + 0.1
    WorkDistributor([worker], DropPolicy.DROP_OLDEST).send("second", lambda: time.monotonic() > end)
    assert 1 <= worker.tries <= 0.1 / RETRY_FULL_S + 1


def test_a_worker_that_died_gets_nothing_more_and_holds_nobody_up() -> None:
    workers, gone = queues(2, 2), set[int]()
    spread = WorkDistributor(workers, DropPolicy.BLOCK, lambda: gone)
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
    spread = WorkDistributor(workers, DropPolicy.BLOCK, lambda: gone, lambda message: int(message))
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
    spread = WorkDistributor(workers, policy, vehicle_of=lambda message: int(message))
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
    source = RoundRobin(cameras)
    received = [source.get(timeout=2)["camera_id"] for _ in range(2)]
    cameras[2].put(frame(0, "late"))
    received += [source.get(timeout=2)["camera_id"] for _ in range(3)]
    assert "slow" in received[:3]
    assert "late" in received
    with pytest.raises(queue.Empty):
        [source.get(timeout=0.05) for _ in range(2)]


def test_the_stream_of_several_cameras_ends_with_the_last_of_them() -> None:
    cameras = queues(2)
    source = RoundRobin(cameras)
    cameras[0].put(None)
    cameras[1].put(frame(0, "yard"))
    assert source.get(timeout=2)["camera_id"] == "yard"
    with pytest.raises(queue.Empty):
        source.get(timeout=0.05)
    cameras[1].put(None)
    assert source.get(timeout=2) is None


def test_a_camera_that_died_is_not_waited_for_but_what_it_gave_counts() -> None:
    cameras, gone = queues(2), set[int]()
    source = RoundRobin(cameras, lambda: gone)
    cameras[0].put(frame(0, "north"))
    gone.add(0)
    cameras[1].put(None)
    assert source.get(timeout=2)["camera_id"] == "north"
    assert source.get(timeout=2) is None


def indexes(messages: list[Any], camera: str) -> list[int]:
    """The frames of one camera, in the order in which they came."""
    return [message["frame_index"] for message in messages if message["camera_id"] == camera]


@pytest.mark.parametrize("seed", range(20))
def test_each_cameras_frames_come_in_order_and_none_is_lost_however_the_workers_mix_the_cameras(seed: int) -> None:
    drawn = random.Random(seed)
    cameras = ["north", "south", "yard"]
    streams: list[dict[str, list[Any]]] = [{camera: [] for camera in cameras} for _ in range(3)]
    sent: dict[str, list[int]] = {camera: [] for camera in cameras}
    for camera in cameras:
        for index in range(20):
            if drawn.random() < 0.9:  # The workers failed on the others.
                drawn.choice(streams)[camera].append(frame(index, camera))
                sent[camera].append(index)
    workers = queues(3)
    for worker, stream in zip(workers, streams, strict=True):
        # A worker keeps the order of each camera, but nothing says which camera comes first.
        while left := [camera for camera in cameras if stream[camera]]:
            worker.put(stream[drawn.choice(left)].pop(0))
        worker.put(None)
    source = Resequencer(workers, room=60)
    received = [source.get(timeout=2) for _ in range(sum(map(len, sent.values())) + 1)]
    assert received.pop() is None
    assert {camera: indexes(received, camera) for camera in cameras} == sent
    assert source.dropped == 0


def test_a_frame_that_is_behind_another_cameras_frame_is_waited_for() -> None:
    workers = queues(2)
    for message in (frame(1, "north"), frame(1, "south"), None):
        workers[0].put(message)
    for message in (frame(0, "south"), frame(2, "south"), frame(0, "north"), None):
        workers[1].put(message)
    source = Resequencer(workers, room=ROOM)
    received = [source.get(timeout=2) for _ in range(5)]
    assert (indexes(received, "north"), indexes(received, "south")) == ([0, 1], [0, 1, 2])
    assert (source.get(timeout=2), source.dropped) == (None, 0)


def test_no_frame_of_several_files_is_lost_between_distributor_and_resequencer() -> None:
    cameras, frames, workers = [f"cam{number}" for number in range(4)], 100, 3
    edges = [queues(workers, 4) for _ in cameras]
    found = queues(workers, 16)

    def grab(camera: str, outgoing: list[queue.Queue[Any]]) -> None:
        distributor = WorkDistributor(outgoing, DropPolicy.BLOCK)
        for index in range(frames):
            distributor.send(frame(index, camera), never)
        distributor.end(never)

    def search(number: int) -> None:
        source = RoundRobin([outgoing[number] for outgoing in edges])
        message: Any = ...
        while message is not None:
            with contextlib.suppress(queue.Empty):
                message = source.get(timeout=0.1)
                found[number].put(message)

    futures = [start(grab, camera, outgoing) for camera, outgoing in zip(cameras, edges, strict=True)]
    futures += [start(search, number) for number in range(workers)]
    source = Resequencer(found, room=16)
    received = [source.get(timeout=20) for _ in range(len(cameras) * frames + 1)]
    assert received.pop() is None
    assert {camera: indexes(received, camera) for camera in cameras} == {
        camera: list(range(frames)) for camera in cameras
    }
    assert source.dropped == 0
    for future in futures:
        future.result(timeout=5)


def test_a_worker_that_is_far_ahead_has_to_wait() -> None:
    workers = queues(2)
    for index in range(1, 20):
        workers[1].put(frame(index))
    source = Resequencer(workers, room=4)
    with pytest.raises(queue.Empty):
        source.get(timeout=0.1)
    # Four wait in the resequencer; two more can be on their way through the reading thread.
    assert workers[1].qsize() >= 19 - 4 - 2
    workers[0].put(frame(0))
    assert [source.get(timeout=2)["frame_index"] for _ in range(20)] == list(range(20))


def test_workers_that_all_wait_for_each_other_go_on_with_the_oldest_frame() -> None:
    workers = queues(2)
    for number, camera in enumerate(("north", "south")):
        for index in range(1, 5):
            workers[number].put(frame(index, camera))
    source = Resequencer(workers, room=2)
    received = [source.get(timeout=2) for _ in range(4)]
    assert indexes(received, "north") == [1, 2, 3, 4]


def test_a_frame_waits_for_the_one_before_it() -> None:
    workers = queues(2)
    source = Resequencer(workers, room=ROOM)
    workers[1].put(frame(1))
    with pytest.raises(queue.Empty):
        source.get(timeout=0.05)
    workers[0].put(frame(0))
    assert [source.get(timeout=2)["frame_index"] for _ in range(2)] == [0, 1]


def test_a_frame_that_a_worker_dropped_is_not_waited_for_once_it_gives_a_later_one() -> None:
    workers = queues(2)
    source = Resequencer(workers, room=ROOM)
    workers[1].put(frame(1))  # Frame 0 failed in the other one.
    workers[0].put(frame(2))
    assert [source.get(timeout=2)["frame_index"] for _ in range(2)] == [1, 2]


def test_a_worker_that_died_is_not_waited_for_but_what_it_gave_counts() -> None:
    workers, gone = queues(2), set[int]()
    source = Resequencer(workers, lambda: gone, room=ROOM)
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
    source = Resequencer(workers, room=ROOM)
    for index in (0, 2, 1, 3):
        workers[0].put(frame(index))
    workers[0].put(None)
    assert [source.get(timeout=2)["frame_index"] for _ in range(3)] == [0, 2, 3]
    assert (source.get(timeout=2), source.dropped) == (None, 1)

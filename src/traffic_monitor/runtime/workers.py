"""Sending to and reading from several processes of one service: workers, or the grabbers of several cameras.

Every process has queues of its own, because a process that is killed leaves the locks of its queues locked.
"""

import heapq
import queue
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from traffic_monitor.runtime.transport import (
    IDLE_POLL_S,
    RETRY_FULL_S,
    DropPolicy,
    MessageQueue,
    MessageSource,
    Outgoing,
    Output,
    Prefetch,
    abandon_unsent,
    discard_oldest,
)
from traffic_monitor.shared_utils.constants import POLL_INTERVAL_S


def responsible(vehicle: int, workers: Collection[int]) -> int:
    """Number of the worker that keeps the state of a vehicle.

    Args:
        vehicle: its track id.
        workers: numbers of the workers that are left, at least one.
    """
    return sorted(workers)[vehicle % len(workers)]


class WorkDistributor:
    """One outgoing edge to several workers: each message goes to one of them.

    Args:
        queues: one per worker, so that a worker that dies takes no lock with it that the others need.
        policy: what happens to a message for which no queue has room.
        lost: gives the numbers of the workers that have died; they get nothing more.
        vehicle_of: gives the track id of the vehicle that a message is about; the worker that keeps its state gets
            the message. None: the workers take turns, those without room are passed over.
    """

    def __init__(
        self,
        queues: Sequence[MessageQueue],
        policy: DropPolicy,
        lost: Callable[[], Collection[int]] = tuple,
        vehicle_of: Callable[[Any], int] | None = None,
    ) -> None:
        self._queues = dict(enumerate(queues))
        self._policy = policy
        self._lost = lost
        self._vehicle_of = vehicle_of
        self._turn = 0
        self.dropped = 0

    def send(self, message: Any, cancelled: Callable[[], bool]) -> None:
        """Deliver one message to one worker; give up when ``cancelled()`` becomes true or no worker is left."""
        while not cancelled() and self._remove_lost():
            candidates = self._candidates(message)
            for number in candidates:
                if self._put(number, message):
                    self._turn = number + 1
                    return
            discarded = 0
            if self._policy is DropPolicy.DROP_OLDEST:
                discarded = discard_oldest(self._queues[candidates[0]])
            self.dropped += discarded
            if not discarded:  # A file waits for room; a camera for the oldest message to reach the queue's pipe.
                time.sleep(RETRY_FULL_S)

    def end(self, cancelled: Callable[[], bool]) -> None:
        """Send the end of the stream to every worker."""
        waiting = set(self._queues)
        while waiting and not cancelled():
            self._remove_lost()
            waiting = {number for number in waiting & set(self._queues) if not self._put(number, None)}
            if waiting:
                time.sleep(RETRY_FULL_S)

    def abandon(self) -> None:
        """Discard what is still unsent, so that the process can exit although nobody reads it."""
        for message_queue in self._queues.values():
            abandon_unsent(message_queue)

    def _candidates(self, message: Any) -> list[int]:
        """The workers that may get a message, in the order in which they are tried."""
        if self._vehicle_of is not None:
            return [responsible(self._vehicle_of(message), self._queues)]
        return sorted(self._queues, key=lambda number: number < self._turn)

    def _put(self, number: int, message: Any) -> bool:
        try:
            self._queues[number].put(message, timeout=0)
        except queue.Full:
            return False
        return True

    def _remove_lost(self) -> bool:
        """Remove the workers that have died; whether one is left."""
        for number in set(self._lost()) & set(self._queues):
            abandon_unsent(self._queues.pop(number))
        return bool(self._queues)


Queues = MessageQueue | Sequence[MessageQueue]
"""One queue, or one per process at its other end."""


def queues_of(queues: Queues) -> Sequence[MessageQueue]:
    """The queues of an edge as a sequence, also if there is only one."""
    return queues if isinstance(queues, Sequence) else [queues]


def open_output(
    queues: Queues,
    policy: DropPolicy,
    lost: Callable[[], Collection[int]],
    vehicle_of: Callable[[Any], int] | None = None,
) -> Outgoing:
    """The outgoing edge to one process, or to several by a ``WorkDistributor``."""
    if isinstance(queues, Sequence):
        return WorkDistributor(queues, policy, lost, vehicle_of)
    return Output(queues, policy)


def open_input(queues: Queues, lost: Callable[[], Collection[int]]) -> MessageSource:
    """The messages of one process, or of several by ``RoundRobin``."""
    return RoundRobin(queues, lost) if isinstance(queues, Sequence) else queues


class _OpenSources:
    """The queues of several processes, each of which may end or die.

    Each is read by a thread of its own: reading a message that a dead process has left half written never returns.
    """

    def __init__(self, sources: Sequence[MessageSource], lost: Callable[[], Collection[int]]) -> None:
        self._open = {number: Prefetch(source) for number, source in enumerate(sources)}
        self._lost = lost

    @property
    def numbers(self) -> list[int]:
        """Numbers of the processes that have neither ended nor died."""
        return list(self._open)

    def take(self, number: int) -> Any:
        """Next message of one process; None if none waits, or if the process has ended, which is then removed."""
        is_lost = number in self._lost()
        try:
            message = self._open[number].get(timeout=POLL_INTERVAL_S if is_lost else 0)
        except queue.Empty:
            if is_lost:
                del self._open[number]
            return None
        if message is None:
            del self._open[number]
        return message


class RoundRobin:
    """The messages of several processes as one stream. They take turns: a fast one does not starve the others.

    Args:
        sources: one per process.
        lost: gives the numbers of the processes that have died.
    """

    def __init__(self, sources: Sequence[MessageSource], lost: Callable[[], Collection[int]] = tuple) -> None:
        self._open_sources = _OpenSources(sources, lost)
        self._turn = 0

    def get(self, *, timeout: float) -> Any:
        """Next message; ``None`` after the last process has ended. Raises ``queue.Empty`` after ``timeout``."""
        deadline = time.monotonic() + timeout
        while self._open_sources.numbers:
            for number in sorted(self._open_sources.numbers, key=lambda number: number < self._turn):
                message = self._open_sources.take(number)
                if message is not None:
                    self._turn = number + 1
                    return message
            _pause(deadline)
        return None


class Resequencer:
    """The results of several workers as one stream, each camera's frames in the order of ``frame_index``.

    A frame waits until the one before it has come or cannot come any more, that is until every worker that is left
    has given a later frame of the same camera. So a frame that a worker failed on, or that was lost when it died,
    delays its camera only briefly.

    Args:
        sources: one per worker.
        lost: gives the numbers of the workers that have died.
        room: messages of one worker that may wait here for those of the others; then that worker has to wait.
    """

    def __init__(
        self, sources: Sequence[MessageSource], lost: Callable[[], Collection[int]] = tuple, *, room: int
    ) -> None:
        self._open_sources = _OpenSources(sources, lost)
        self._room = room
        self._waiting: dict[str, list[_Waiting]] = {}
        """By camera: a heap by ``frame_index``, never empty."""
        self._newest: dict[str, dict[int, int]] = defaultdict(dict)
        """By camera and worker: the latest frame that the worker has given."""
        self._expected: Counter[str] = Counter()
        """By camera: the frame that is next."""
        self._held: Counter[int] = Counter()
        """By worker: how many of its messages wait here."""
        self.dropped = 0
        """Messages that came after later ones had been handed out."""

    def get(self, *, timeout: float) -> Any:
        """Next message; ``None`` after the last worker has ended. Raises ``queue.Empty`` after ``timeout``."""
        deadline = time.monotonic() + timeout
        while True:
            camera_id = self._due()
            if camera_id is not None:
                frame = self._pop(camera_id)
                if frame.index >= self._expected[camera_id]:
                    self._expected[camera_id] = frame.message.get("frame_index", -1) + 1
                    return frame.message
                self.dropped += 1
            elif not self._open_sources.numbers:
                return None
            elif not self._fetch():
                _pause(deadline)

    def _fetch(self) -> bool:
        """Take one message of each worker that has room; whether any came."""
        taken = False
        for worker in self._open_sources.numbers:
            message = self._open_sources.take(worker) if self._held[worker] < self._room else None
            if message is None:
                continue
            taken = True
            camera_id, index = message["camera_id"], message.get("frame_index", 0)
            heapq.heappush(self._waiting.setdefault(camera_id, []), _Waiting(index, worker, message))
            self._newest[camera_id][worker] = index
            self._held[worker] += 1
        return taken

    def _pop(self, camera_id: str) -> "_Waiting":
        frame = heapq.heappop(self._waiting[camera_id])
        self._held[frame.worker] -= 1
        if not self._waiting[camera_id]:
            del self._waiting[camera_id]
        return frame

    def _due(self) -> str | None:
        """A camera whose first waiting frame is the next one, or the next that can still come."""
        workers = self._open_sources.numbers
        for camera_id, waiting in self._waiting.items():
            index, newest = waiting[0].index, self._newest[camera_id]
            if index <= self._expected[camera_id] or all(newest.get(worker, -1) >= index for worker in workers):
                return camera_id
        if self._waiting and all(self._held[worker] >= self._room for worker in workers):
            # Nothing more can be taken in, so what is missing cannot come: go on with the oldest frame.
            return min(self._waiting, key=lambda camera_id: _captured_at(self._waiting[camera_id][0].message))
        return None


@dataclass(order=True, frozen=True)
class _Waiting:
    """A message that waits for the ones before it."""

    index: int
    worker: int = field(compare=False)
    message: Any = field(compare=False)


def _captured_at(message: Any) -> float:
    return float(message.get("captured_at", message["timestamp"]))


def _pause(deadline: float) -> None:
    """Sleep before looking for messages again. Raises ``queue.Empty`` at the deadline."""
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise queue.Empty
    time.sleep(min(IDLE_POLL_S, remaining))

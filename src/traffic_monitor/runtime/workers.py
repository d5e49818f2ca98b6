"""Sending to and reading from several processes of one service: workers, or the grabbers of several cameras.

Every process has queues of its own, because a process that is killed leaves the locks of its queues locked.
"""

import queue
import time
from collections.abc import Callable, Collection, Sequence
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


class OpenSources:
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
        self._open_sources = OpenSources(sources, lost)
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
            pause(deadline)
        return None


def pause(deadline: float) -> None:
    """Sleep before looking for messages again. Raises ``queue.Empty`` at the deadline."""
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise queue.Empty
    time.sleep(min(IDLE_POLL_S, remaining))

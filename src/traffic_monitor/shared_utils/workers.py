"""Several processes at the work of one service: messages are spread over them, and their results put into order.

Every worker has queues of its own. A process that is killed leaves the locks of its queues locked; shared ones
would then stop the others.
"""

import queue
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

from traffic_monitor.shared_utils.constants import POLL_INTERVAL_S
from traffic_monitor.shared_utils.transport import (
    IDLE_POLL_S,
    RETRY_FULL_S,
    DropPolicy,
    MessageQueue,
    MessageSource,
    Prefetch,
    discard_oldest,
    forget_unsent,
)


class Spread:
    """One outgoing edge to several workers: each message goes to one of them, in turn where there is room.

    Args:
        queues: one per worker, so that a worker that dies takes no lock with it that the others need.
        policy: what happens to a message for which no queue has room.
        gone: gives the numbers of the workers that have died; they get nothing more.
    """

    def __init__(
        self, queues: Sequence[MessageQueue], policy: DropPolicy, gone: Callable[[], Collection[int]] = tuple
    ) -> None:
        self._queues = dict(enumerate(queues))
        self._policy = policy
        self._gone = gone
        self._turn = 0
        self.dropped = 0

    def send(self, message: Any, cancelled: Callable[[], bool]) -> None:
        """Deliver one message to one worker; give up when ``cancelled()`` becomes true or no worker is left."""
        while not cancelled() and self._leave_out_gone():
            in_turn = sorted(self._queues, key=lambda number: number < self._turn)
            for number in in_turn:
                if self._put(number, message):
                    self._turn = number + 1
                    return
            if self._policy is DropPolicy.DROP_OLDEST:
                self.dropped += discard_oldest(self._queues[in_turn[0]])
            else:
                time.sleep(RETRY_FULL_S)

    def end(self, cancelled: Callable[[], bool]) -> None:
        """Send the end of the stream to every worker."""
        waiting = set(self._queues)
        while waiting and not cancelled():
            self._leave_out_gone()
            waiting = {number for number in waiting & set(self._queues) if not self._put(number, None)}
            if waiting:
                time.sleep(RETRY_FULL_S)

    def abandon(self) -> None:
        """Forget what is still unsent."""
        for message_queue in self._queues.values():
            forget_unsent(message_queue)

    def _put(self, number: int, message: Any) -> bool:
        try:
            self._queues[number].put(message, timeout=0)
        except queue.Full:
            return False
        return True

    def _leave_out_gone(self) -> bool:
        """Whether a worker is left."""
        for number in set(self._gone()) & set(self._queues):
            forget_unsent(self._queues.pop(number))
        return bool(self._queues)


class Resequencer:
    """The results of several workers as one stream, each camera's frames in the order of ``frame_index``.

    A frame waits until the one before it has come, or cannot come any more: when every worker that is left has
    given a later one. So a frame that a worker failed on, or took with it when it died, holds up nobody for long.

    Args:
        sources: one per worker. Each is read by a thread, for what a dead worker left half written is never whole.
        gone: gives the numbers of the workers that have died.
    """

    def __init__(self, sources: Sequence[MessageSource], gone: Callable[[], Collection[int]] = tuple) -> None:
        self._open = {number: Prefetch(source, lambda _message: None) for number, source in enumerate(sources)}
        self._gone = gone
        self._first: dict[int, Any] = {}
        """By worker: the message that is next of those it gave."""
        self._expected: dict[str, int] = {}
        """By camera: the frame that is next."""
        self.dropped = 0
        """Messages that came after later ones had been handed out."""

    def get(self, *, timeout: float) -> Any:
        """Next message; ``None`` after the last worker has ended."""
        deadline = time.monotonic() + timeout
        while self._open or self._first:
            self._fetch()
            number = self._next()
            if number is not None:
                message = self._first.pop(number)
                if self._is_late(message):
                    self.dropped += 1
                    continue
                self._expected[message["camera_id"]] = message.get("frame_index", -1) + 1
                return message
            remaining = deadline - time.monotonic()
            if self._open and remaining <= 0:
                raise queue.Empty
            time.sleep(min(IDLE_POLL_S, max(remaining, 0)))
        return None

    def _fetch(self) -> None:
        gone = self._gone()
        for number in self._open.keys() - self._first.keys():
            try:
                message = self._open[number].get(timeout=POLL_INTERVAL_S if number in gone else 0)
            except queue.Empty:
                if number in gone:
                    del self._open[number]
                continue
            if message is None:
                del self._open[number]
            else:
                self._first[number] = message

    def _next(self) -> int | None:
        """The worker whose message is due, if any is."""
        for number, message in self._first.items():
            if message.get("frame_index", 0) <= self._expected.get(message["camera_id"], 0):
                return number
        if self._first and self._open.keys() <= self._first.keys():
            return min(self._first, key=self._captured_at)
        return None

    def _captured_at(self, number: int) -> float:
        message = self._first[number]
        return float(message.get("captured_at", message["timestamp"]))

    def _is_late(self, message: Any) -> bool:
        return bool(message.get("frame_index", 0) < self._expected.get(message["camera_id"], 0))

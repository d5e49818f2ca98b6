"""Queues as the services see them: ``put`` and ``get`` with a timeout, and nothing else.

Whatever offers these two methods with ``queue.Full`` and ``queue.Empty`` can carry the messages, so the
services do not change when the transport does.
"""

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Collection, Sequence
from enum import Enum
from typing import Any, Protocol

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

from traffic_monitor.shared_utils.constants import POLL_INTERVAL_S

IDLE_POLL_S = 0.005
"""How long a fan-in sleeps on one input before it looks at the others again."""

RETRY_FULL_S = 0.005
"""How long a dropping output waits for room before it discards the oldest message."""

PIPE_BYTES = 2**20
"""What Linux grants everybody; about six frames of 1280x720."""


class MessageSource(Protocol):
    """Anything messages can be taken from. ``None`` is the end of the stream."""

    def get(self, *, timeout: float) -> Any:
        """Next message. Raises ``queue.Empty`` after ``timeout`` seconds."""


class MessageQueue(MessageSource, Protocol):
    """A bounded queue between two services."""

    def put(self, message: Any, /, *, timeout: float) -> None:
        """Append a message. Raises ``queue.Full`` after ``timeout`` seconds."""


class DropPolicy(Enum):
    """What happens to a message for which the queue has no room."""

    BLOCK = "block"
    """Wait for room: nothing is lost. For files, and for counting always."""
    DROP_OLDEST = "drop_oldest"
    """Discard the oldest waiting message: a live source never falls behind."""


class Output:
    """One outgoing edge of a service: a queue, its drop policy and the number of drops."""

    def __init__(self, message_queue: MessageQueue, policy: DropPolicy = DropPolicy.BLOCK) -> None:
        self._queue = message_queue
        self._policy = policy
        self.dropped = 0

    def send(self, message: Any, cancelled: Callable[[], bool]) -> None:
        """Deliver one message as the policy says; give up when ``cancelled()`` becomes true."""
        if self._policy is DropPolicy.BLOCK:
            self._send_blocking(message, cancelled)
            return
        while not cancelled():
            try:
                self._queue.put(message, timeout=RETRY_FULL_S)
            except queue.Full:
                self._discard_oldest()
            else:
                return

    def end(self, cancelled: Callable[[], bool]) -> None:
        """Send the end of the stream, which is never dropped."""
        self._send_blocking(None, cancelled)

    def abandon(self) -> None:
        """Forget what is still unsent, so that the process can exit although nobody reads it."""
        _forget_unsent(self._queue)

    def _send_blocking(self, message: Any, cancelled: Callable[[], bool]) -> None:
        while not cancelled():
            try:
                self._queue.put(message, timeout=POLL_INTERVAL_S)
            except queue.Full:
                continue
            else:
                return

    def _discard_oldest(self) -> None:
        self.dropped += _discard_oldest(self._queue)


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
                self.dropped += _discard_oldest(self._queues[in_turn[0]])
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
            _forget_unsent(message_queue)

    def _put(self, number: int, message: Any) -> bool:
        try:
            self._queues[number].put(message, timeout=0)
        except queue.Full:
            return False
        return True

    def _leave_out_gone(self) -> bool:
        """Whether a worker is left."""
        for number in set(self._gone()) & set(self._queues):
            _forget_unsent(self._queues.pop(number))
        return bool(self._queues)


def _forget_unsent(message_queue: MessageQueue) -> None:
    cancel = getattr(message_queue, "cancel_join_thread", None)
    if cancel is not None:
        cancel()


def _discard_oldest(message_queue: MessageQueue) -> int:
    """Discard the oldest waiting message; how many that were."""
    try:
        message_queue.get(timeout=0)
    except queue.Empty:
        return 0
    return 1


class Prefetch:
    """A source whose next messages are fetched and prepared by a thread, while the service works.

    Worth it where preparing and working spend their time in libraries that release Python's lock. One prepared
    message waits here and one is on its way, besides the one in work.

    Args:
        source: where messages come from.
        prepare: called with each message. One that cannot be prepared is handed on all the same: the service will
            meet the same error and tell of it.
    """

    def __init__(self, source: MessageSource, prepare: Callable[[Any], object]) -> None:
        self._source = source
        self._prepare = prepare
        self._ready: queue.Queue[Any] = queue.Queue(maxsize=1)
        self._thread: threading.Thread | None = None

    def get(self, *, timeout: float) -> Any:
        """Next message. Raises ``queue.Empty`` after ``timeout`` seconds."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._fetch, name="prefetch", daemon=True)
            self._thread.start()
        return self._ready.get(timeout=timeout)

    def _fetch(self) -> None:
        message: Any = ...
        while message is not None:
            try:
                message = self._source.get(timeout=POLL_INTERVAL_S)
            except queue.Empty:
                continue
            if message is not None:
                with contextlib.suppress(Exception):
                    self._prepare(message)
            self._ready.put(message)


def widen_pipe(message_queue: Any) -> None:
    """Let a ``multiprocessing.Queue`` hold some whole frames in its pipe, where the system allows it.

    A pipe holds 64 KiB by default, less than one frame: its sender would have to be woken up several times.
    """
    writer = getattr(message_queue, "_writer", None)
    if writer is None or not hasattr(fcntl, "F_SETPIPE_SZ"):
        return
    with contextlib.suppress(OSError):  # Above what the system grants; it works as it is.
        fcntl.fcntl(writer.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)


class FanIn:
    """Several queues read as one, earlier ones first; it ends when every one of them has ended."""

    def __init__(self, sources: Sequence[MessageSource]) -> None:
        self._open = list(sources)

    def get(self, *, timeout: float) -> Any:
        """Next message of any source; ``None`` after the last source has ended."""
        deadline = time.monotonic() + timeout
        while self._open:
            for source in list(self._open):
                try:
                    message = source.get(timeout=0)
                except queue.Empty:
                    continue
                if message is not None:
                    return message
                self._open.remove(source)
            if not self._open:
                break
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise queue.Empty
            time.sleep(min(IDLE_POLL_S, remaining))
        return None


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

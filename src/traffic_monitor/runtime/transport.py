"""Queues as the services see them: ``put`` and ``get`` with a timeout, and nothing else.

Whatever offers these two methods with ``queue.Full`` and ``queue.Empty`` can carry the messages, so the
services do not change when the transport does.
"""

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Sequence
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


class Outgoing(Protocol):
    """An outgoing edge of a service."""

    @property
    def dropped(self) -> int:
        """Messages discarded for want of room."""

    def send(self, message: Any, cancelled: Callable[[], bool]) -> None:
        """Deliver one message; give up when ``cancelled()`` becomes true."""

    def end(self, cancelled: Callable[[], bool]) -> None:
        """Send the end of the stream, which is never dropped."""

    def abandon(self) -> None:
        """Forget what is still unsent, so that the process can exit although nobody reads it."""


class Output:
    """One outgoing edge of a service: a queue, its drop policy and the number of drops.

    Args:
        message_queue: where messages go.
        policy: what happens to one for which there is no room.
        is_gone: whether the reader has died; then nothing is sent any more.
    """

    def __init__(
        self,
        message_queue: MessageQueue,
        policy: DropPolicy = DropPolicy.BLOCK,
        is_gone: Callable[[], bool] = lambda: False,
    ) -> None:
        self._queue = message_queue
        self._policy = policy
        self._is_gone = is_gone
        self.dropped = 0

    def send(self, message: Any, cancelled: Callable[[], bool]) -> None:
        """Deliver one message as the policy says; give up when ``cancelled()`` becomes true."""
        if self._policy is DropPolicy.BLOCK:
            self._send_blocking(message, cancelled)
            return
        while not cancelled() and not self._reader_is_gone():
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
        forget_unsent(self._queue)

    def _send_blocking(self, message: Any, cancelled: Callable[[], bool]) -> None:
        while not cancelled() and not self._reader_is_gone():
            try:
                self._queue.put(message, timeout=POLL_INTERVAL_S)
            except queue.Full:
                continue
            else:
                return

    def _reader_is_gone(self) -> bool:
        if self._is_gone():
            forget_unsent(self._queue)
            return True
        return False

    def _discard_oldest(self) -> None:
        self.dropped += discard_oldest(self._queue)


def forget_unsent(message_queue: MessageQueue) -> None:
    """Have the process exit although nobody reads what is unsent, where the queue has a thread that sends."""
    cancel = getattr(message_queue, "cancel_join_thread", None)
    if cancel is not None:
        cancel()


def discard_oldest(message_queue: MessageQueue) -> int:
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

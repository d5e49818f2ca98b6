"""Queues as the services see them: ``put`` and ``get`` with a timeout, ``queue.Full`` and ``queue.Empty``.

No service, and nothing in the loop, knows which transport carries the messages.
"""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, Protocol

from traffic_monitor.runtime.transport.multiprocess import abandon_unsent, discard_oldest
from traffic_monitor.shared_utils.constants import POLL_INTERVAL_S

IDLE_POLL_S = 0.005
"""Pause before looking at several empty inputs again."""

RETRY_FULL_S = 0.005
"""How long an output waits for room before it tries again, or discards the oldest message."""


class MessageSource(Protocol):
    """A source of messages. ``None`` is the end of the stream."""

    def get(self, *, timeout: float) -> Any:
        """Next message. Raises ``queue.Empty`` after ``timeout`` seconds."""


class MessageQueue(MessageSource, Protocol):
    """A bounded queue between two services."""

    def put(self, message: Any, /, *, timeout: float) -> None:
        """Append a message. Raises ``queue.Full`` after ``timeout`` seconds."""


class DropPolicy(Enum):
    """What happens to a message when the queue is full."""

    BLOCK = "block"
    """Wait for room: nothing is lost. For files, and for counting always."""
    DROP_OLDEST = "drop_oldest"
    """Discard the oldest waiting message: a live source never falls behind."""


class Outgoing(Protocol):
    """An outgoing edge of a service."""

    @property
    def dropped(self) -> int:
        """Messages discarded because the queue was full."""

    def send(self, message: Any, cancelled: Callable[[], bool]) -> None:
        """Deliver one message; give up when ``cancelled()`` becomes true."""

    def end(self, cancelled: Callable[[], bool]) -> None:
        """Send the end of the stream, which is never dropped."""

    def abandon(self) -> None:
        """Discard what is still unsent, so that the process can exit although nobody reads it."""


class Output:
    """One outgoing edge of a service: a queue, its drop policy and the number of drops.

    Args:
        message_queue: where messages go.
        policy: what happens to a message when the queue is full.
        is_lost: whether the reader has died; then messages are discarded.
    """

    def __init__(
        self,
        message_queue: MessageQueue,
        policy: DropPolicy = DropPolicy.BLOCK,
        is_lost: Callable[[], bool] = lambda: False,
    ) -> None:
        self._queue = message_queue
        self._policy = policy
        self._is_lost = is_lost
        self.dropped = 0

    def send(self, message: Any, cancelled: Callable[[], bool]) -> None:
        """Deliver one message by the policy; give up when ``cancelled()`` becomes true."""
        if self._policy is DropPolicy.BLOCK:
            self._send_blocking(message, cancelled)
            return
        while not cancelled() and not self._reader_is_lost():
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
        """Discard what is still unsent, so that the process can exit although nobody reads it."""
        abandon_unsent(self._queue)

    def _send_blocking(self, message: Any, cancelled: Callable[[], bool]) -> None:
        while not cancelled() and not self._reader_is_lost():
            try:
                self._queue.put(message, timeout=POLL_INTERVAL_S)
            except queue.Full:
                continue
            else:
                return

    def _reader_is_lost(self) -> bool:
        if self._is_lost():
            abandon_unsent(self._queue)
            return True
        return False

    def _discard_oldest(self) -> None:
        self.dropped += discard_oldest(self._queue)


class PreparationError(Exception):
    """A message could not be prepared. The cause is the exception that ``prepare`` raised."""

    def __init__(self, message: Any) -> None:
        super().__init__("a message could not be prepared")
        self.message = message


class Prefetch:
    """A source whose next messages are fetched and prepared by a thread, while the service works.

    Worth it where preparing and working spend their time in libraries that release Python's lock. One prepared
    message waits here and one is in preparation, besides the one being processed.

    Args:
        source: where messages come from.
        prepare: called with each message.
    """

    def __init__(self, source: MessageSource, prepare: Callable[[Any], object] = lambda _message: None) -> None:
        self._source = source
        self._prepare = prepare
        self._ready: queue.Queue[tuple[Any, Exception | None]] = queue.Queue(maxsize=1)
        self._thread: threading.Thread | None = None

    def get(self, *, timeout: float) -> Any:
        """Next message.

        Raises:
            queue.Empty: none came within ``timeout`` seconds.
            PreparationError: the message could not be prepared; the next ones still come.
            Exception: whatever the source raised; nothing comes after it.
        """
        if self._thread is None:
            self._thread = threading.Thread(target=self._fetch, name="prefetch", daemon=True)
            self._thread.start()
        message, failure = self._ready.get(timeout=timeout)
        if failure is not None:
            raise failure
        return message

    def _fetch(self) -> None:
        message: Any = ...
        while message is not None:
            failure: Exception | None = None
            try:
                message = self._source.get(timeout=POLL_INTERVAL_S)
            except queue.Empty:
                continue
            except Exception as error:  # noqa: BLE001 - raised again in the thread that calls get
                message, failure = None, error
            if message is not None:
                failure = self._prepared(message)
            self._ready.put((message, failure))

    def _prepared(self, message: Any) -> PreparationError | None:
        try:
            self._prepare(message)
        except Exception as error:  # noqa: BLE001 - raised again in the thread that calls get
            failure = PreparationError(message)
            failure.__cause__ = error
            return failure
        return None


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

"""A buffer between the thread that reads a camera and whoever takes its frames; new frames push out old ones."""

import queue
import threading
from collections import deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class LatestFrames(Generic[Item]):
    """The latest items, at most ``size`` of them, and the end, which is never pushed out.

    Args:
        size: items that wait at most.
    """

    def __init__(self, size: int) -> None:
        self._waiting: deque[Item] = deque(maxlen=size)
        self._ended = False
        self._changed = threading.Condition()
        self.dropped = 0

    def put(self, item: Item) -> None:
        """Append an item; the oldest one makes room if need be and is counted in ``dropped``."""
        with self._changed:
            self.dropped += len(self._waiting) == self._waiting.maxlen
            self._waiting.append(item)
            self._changed.notify()

    def end(self) -> None:
        """Nothing comes any more."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def get(self, *, timeout: float) -> Item | None:
        """Next item, ``None`` after the last one. Raises ``queue.Empty`` after ``timeout`` seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._waiting or self._ended, timeout):
                raise queue.Empty
            return self._waiting.popleft() if self._waiting else None

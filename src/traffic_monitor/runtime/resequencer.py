"""Restoring the order of each camera's frames behind several workers."""

import heapq
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from traffic_monitor.runtime.transport import MessageSource
from traffic_monitor.runtime.workers import OpenSources, pause


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
        self._open_sources = OpenSources(sources, lost)
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
                pause(deadline)

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

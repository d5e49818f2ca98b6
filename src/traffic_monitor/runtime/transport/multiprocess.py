"""The transport between processes of one machine, with nothing but the standard library's ``multiprocessing``.

Only this module knows the inside of a queue.
"""

import contextlib
import multiprocessing
import queue
import threading
from collections.abc import Mapping
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from typing import Any

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

PIPE_BYTES = 2**20
"""Size of a queue's pipe: what Linux grants every user; about six frames of 1280x720."""


class MultiprocessingTransport:
    """The queues, control wires and shutdown event of one run."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._queues: dict[str, Any] = {}
        self.shutdown_event: Event = self._context.Event()

    def edge(self, name: str, size: int) -> Any:
        """Make the queue of this name for at most ``size`` messages."""
        self._queues[name] = self._context.Queue(size)
        widen_pipe(self._queues[name])
        return self._queues[name]

    def control_wire(self) -> tuple[Connection, Connection]:
        """Make the pipe between the supervisor and one service: the supervisor's end and the service's."""
        return self._context.Pipe(duplex=True)

    def shut_down(self) -> None:
        """Set the shutdown event."""
        # A process that was killed inside the event may have left it locked: do not wait for it.
        threading.Thread(target=self.shutdown_event.set, daemon=True).start()

    def queue_fill(self) -> Mapping[str, int | None]:
        """Messages waiting in each queue; None where the platform does not know."""
        return {name: _fill(message_queue) for name, message_queue in self._queues.items()}

    def close(self) -> None:
        """Close this process's ends of the queues."""
        for message_queue in self._queues.values():
            message_queue.close()


def _fill(message_queue: Any) -> int | None:
    try:
        return int(message_queue.qsize())
    except NotImplementedError:  # macOS
        return None


def widen_pipe(message_queue: Any) -> None:
    """Let a ``multiprocessing.Queue`` hold several whole frames in its pipe, where the system allows it.

    A pipe holds 64 KiB by default, less than one frame: the sender would have to wake up several times for each.
    """
    writer = getattr(message_queue, "_writer", None)
    if writer is None or not hasattr(fcntl, "F_SETPIPE_SZ"):
        return
    with contextlib.suppress(OSError):  # Above what the system grants; it works as it is.
        fcntl.fcntl(writer.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def abandon_unsent(message_queue: Any) -> None:
    """Let the process exit although nobody reads what it has not sent yet; for queues with a sending thread."""
    cancel = getattr(message_queue, "cancel_join_thread", None)
    if cancel is not None:
        cancel()


def discard_oldest(message_queue: Any) -> int:
    """Discard the oldest waiting message; returns how many were discarded, 0 or 1."""
    try:
        message_queue.get(timeout=0)
    except queue.Empty:
        return 0
    return 1

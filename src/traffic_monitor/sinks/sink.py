"""What window and video have in common."""

import contextlib
from collections.abc import Callable
from typing import Protocol

from traffic_monitor.shared_utils.frame_codec import Image
from traffic_monitor.shared_utils.guarded import Guard


class FrameSink(Protocol):
    """Somewhere annotated frames go."""

    def take(self, image: Image, media_time: float) -> None:
        """Take one annotated BGR frame that belongs ``media_time`` seconds after the start."""

    def idle(self) -> None:
        """Called while no frame comes."""

    def close(self) -> None:
        """Finish."""


class BufferedSink(FrameSink, Protocol):
    """A sink that may keep frames for a while before it writes them."""

    @property
    def has_written(self) -> bool:
        """Whether frames have reached the sink's target."""


class GuardedSink:
    """A sink whose failures harm nothing else. After a failure it is closed, and opened anew after a pause.

    Args:
        open_sink: opens the sink; called for the first frame, and for the first one after each pause.
        guard: of this sink alone.
        is_allowed: whether frames may be written now. While not, the sink is closed.
    """

    def __init__(
        self,
        open_sink: Callable[[], BufferedSink],
        guard: Guard,
        is_allowed: Callable[[], bool] = lambda: True,
    ) -> None:
        self._open_sink = open_sink
        self._guard = guard
        self._is_allowed = is_allowed
        self._sink: BufferedSink | None = None

    def take(self, image: Image, media_time: float) -> None:
        """Hand the frame on; lost while the sink fails or may not write."""
        if not self._is_allowed():
            self.close()
            return
        self._use(lambda sink: sink.take(image, media_time))

    def idle(self) -> None:
        """Hand the call on, if the sink is open."""
        if self._sink is not None:
            self._use(lambda sink: sink.idle())

    def close(self) -> None:
        """Finish the sink."""
        if self._sink is not None:
            self._guard.attempt(self._sink.close)
            self._sink = None

    def _use(self, use: Callable[[BufferedSink], None]) -> None:
        def action() -> bool:
            self._sink = self._sink or self._open_sink()
            use(self._sink)
            return self._sink.has_written

        if not self._guard.attempt(action):
            broken, self._sink = self._sink, None
            if broken is not None:
                with contextlib.suppress(Exception):  # The first failure is the one that was reported.
                    broken.close()

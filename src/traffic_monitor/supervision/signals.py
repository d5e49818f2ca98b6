"""The user's signals: Ctrl-C, and the SIGTERM and SIGHUP of terminals and service managers."""

import signal
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

from traffic_monitor.runtime.service_process import USER_SIGNALS

DOUBLE_SIGNAL_S = 0.5
"""A second Ctrl-C this soon is the same key press, passed on by make or pixi as well as by the terminal."""


class StopSignals:
    """Notes requests to stop while it is entered. What they mean is decided by whoever asks.

    Args:
        now: monotonic seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self.stop_reason: str | None = None
        self.interrupted_twice = False
        self._first_at = 0.0
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> Self:
        for number in USER_SIGNALS:
            self._previous[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        now = self._now()
        if self.stop_reason is None:
            self.stop_reason = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
            self._first_at = now
        elif number == signal.SIGINT and now - self._first_at > DOUBLE_SIGNAL_S:
            self.interrupted_twice = True

"""When a camera that was lost is tried again."""

import random
from collections.abc import Callable

from traffic_monitor.capture.failures import FailureCode

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 2.5
"""Pauses grow, so that a dead camera costs little. Frames must come within 5 s of a camera's return, and opening a
stream takes one to two of them."""

GROWTH = 1.6
JITTER = 0.2
"""Pauses are up to this share shorter, so that cameras lost together (one switch) are not tried all at once."""

STEADY_S = 10.0
"""A camera that has sent frames for so long is taken for repaired: pauses begin small again."""

FIRST_REFUSED_PAUSE_S, LONGEST_REFUSED_PAUSE_S = 300.0, 3600.0
"""After a refused password. Many cameras lock an account for half an hour after five to ten wrong ones, also for
the person who comes to correct it; with pauses of 5, 10, 20, 40 and 60 min half an hour sees three tries."""


class Retries:
    """The pauses between tries.

    Args:
        chance: random number from 0 to 1.
    """

    def __init__(self, chance: Callable[[], float] = random.random) -> None:
        self._chance = chance
        self.worked_for(STEADY_S)

    def worked_for(self, seconds: float) -> None:
        """The source has sent frames for so long."""
        if seconds >= STEADY_S:
            self._pause_s = FIRST_PAUSE_S
        self._refused_pause_s = FIRST_REFUSED_PAUSE_S

    def next_pause_s(self, code: FailureCode) -> float:
        """Seconds to wait before the next try."""
        if code is FailureCode.REFUSED_CREDENTIALS:
            pause = self._refused_pause_s
            self._refused_pause_s = min(2 * pause, LONGEST_REFUSED_PAUSE_S)
            return pause
        pause = self._pause_s
        self._pause_s = min(pause * GROWTH, LONGEST_PAUSE_S)
        return pause * (1 - JITTER * self._chance())

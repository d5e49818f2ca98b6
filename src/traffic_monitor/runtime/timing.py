"""Durations of a service's last messages, in bounded memory."""

import math
from collections import deque
from collections.abc import Sequence

RECENT_MESSAGES = 2048
"""Percentiles are of this many last messages, so that a week-long run needs no more memory."""


class RecentTimes:
    """Milliseconds of each of the last messages, and the sum of all."""

    def __init__(self) -> None:
        self._recent_ms: deque[float] = deque(maxlen=RECENT_MESSAGES)
        self.total_s = 0.0

    def add(self, seconds: float) -> None:
        """Add the duration of one message."""
        self.total_s += seconds
        self._recent_ms.append(seconds * 1000)

    def percentile_ms(self, percent: float) -> float:
        """Nearest-rank percentile in milliseconds; 0 before the first message."""
        return nearest_rank(sorted(self._recent_ms), percent)


def nearest_rank(ascending: Sequence[float], percent: float) -> float:
    """The smallest value with at least ``percent`` of all values at or below it; 0 of nothing."""
    if not ascending:
        return 0.0
    return ascending[max(math.ceil(len(ascending) * percent / 100), 1) - 1]

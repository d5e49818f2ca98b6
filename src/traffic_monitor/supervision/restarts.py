"""How often and how soon a run may be restarted after a service has died or hung."""

from collections import deque
from collections.abc import Callable

from traffic_monitor.settings import SupervisorSettings

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
"""Pause before the second restart within the window; it doubles with each further one. The first comes at once."""


class RestartBudget:
    """At most ``max_restarts`` in ``restart_window_min``, with growing pauses.

    Args:
        settings: of the supervisor.
        now: monotonic seconds.
    """

    def __init__(self, settings: SupervisorSettings, now: Callable[[], float]) -> None:
        self._most = settings.max_restarts if settings.on_failure == "restart" else 0
        self._window_s = settings.restart_window_min * 60
        self._now = now
        self._times: deque[float] = deque()
        self.used = 0
        """Restarts so far, old ones included."""

    def take(self) -> float | None:
        """Use up one restart: the pause before it in seconds; None if there is none left."""
        now = self._now()
        while self._times and now - self._times[0] > self._window_s:
            self._times.popleft()
        if len(self._times) >= self._most:
            return None
        pause = min(FIRST_PAUSE_S * 2 ** (len(self._times) - 1), LONGEST_PAUSE_S) if self._times else 0.0
        self._times.append(now)
        self.used += 1
        return pause

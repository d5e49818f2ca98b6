"""The positions of a recording's frames, and which of them the target rate wants."""

import math

TOLERANCE_S = 0.001
"""Containers round times, some to whole milliseconds: a frame this little early is on time."""

ARRIVAL_TOLERANCE_S = 1e-6
"""Times are rounded: a frame this little early is on time."""

FALLBACK_FPS = 25.0
"""For sources that do not say how fast they run."""


class Timeline:
    """Positions of frames that always run on, also where the container gives none or ones that jump back.

    Args:
        fps: frame rate, for frames without a position of their own.
    """

    def __init__(self, fps: float) -> None:
        self._step = 1 / fps
        self._position = -self._step

    def place(self, stated: float | None) -> float:
        """Position of the next frame in seconds. Args: stated: what the container says."""
        if stated is not None and stated > self._position:
            self._position = stated
        else:
            self._position += self._step
        return self._position


class Beat:
    """Which frames of a recording the target rate wants: the first one in every interval.

    Args:
        target_fps: frames per second at most; ``None`` wants all.
        after: position of the frame that was wanted last; the beat goes on as if it had been heard here.
    """

    def __init__(self, target_fps: float | None, after: float | None = None) -> None:
        self._rate = target_fps
        self._latest = -math.inf if after is None else self._interval(after)

    def wants(self, position: float) -> bool:
        """Whether the frame at this position is wanted."""
        if self._rate is None:
            return True
        interval = self._interval(position)
        wanted = interval > self._latest
        self._latest = max(interval, self._latest)
        return wanted

    def _interval(self, position: float) -> float:
        return math.floor((position + TOLERANCE_S) * self._rate) if self._rate else 0.0


class LivePace:
    """Which frames of a camera the target rate wants: on the beat, which starts anew after a pause.

    Args:
        target_fps: frames per second at most; ``None`` wants all.
    """

    def __init__(self, target_fps: float | None) -> None:
        self._interval = 1 / target_fps if target_fps else 0.0
        self._due = -math.inf

    def wants(self, now: float) -> bool:
        """Whether a frame that comes now, in monotonic seconds, is wanted."""
        if now + ARRIVAL_TOLERANCE_S < self._due:
            return False
        self._due = (self._due if now - self._due < self._interval else now) + self._interval
        return True

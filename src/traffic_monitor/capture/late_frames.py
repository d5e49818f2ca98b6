"""Frames that waited in a buffer on their way: they show the past, so the time they came is not theirs."""

from collections import deque

PAUSE_S = 1.0
"""A gap between two frames that is a pause of the network, not the pace of a camera …"""
STEADY_GAP_S = 0.5
"""… if the frames before it came closer than this."""

WAITED_FOR_S = 0.3
"""A frame that did not come for so long was waited for and is on time."""
STEADY_GAPS, STEADY_SHARE = 3, 0.7
"""So are frames that come at their own pace: this many gaps in a row are on average at least this share of the
time between two frames. One long gap proves nothing on a busy machine."""

LONGEST_BURST_S = 2.0
"""After this time frames are used however they come: the stated frame rate may be wrong."""


class LateFrames:
    """Which frames of a camera are late: those of the burst after opening it, or after a pause of the network.

    Opening a stream takes a second, in which its first frames pile up; after a pause the network delivers what it
    held back. Such frames come faster than they were made.

    Args:
        fps: frame rate that the camera states.
        opened_at: when the stream was opened, monotonic seconds.
    """

    def __init__(self, fps: float, opened_at: float) -> None:
        self._least_gap_s = STEADY_SHARE / fps
        self._previous = self._burst_since = opened_at
        self._gaps: deque[float] = deque([0.0] * STEADY_GAPS, STEADY_GAPS)
        self._is_burst = True

    def includes(self, arrived: float) -> bool:
        """Whether the frame that arrived at these monotonic seconds is late."""
        gap, self._previous = arrived - self._previous, arrived
        before = self._gaps[-1]
        self._gaps.append(gap)
        if gap >= PAUSE_S and before < STEADY_GAP_S and not self._is_burst:
            self._is_burst, self._burst_since = True, arrived
            self._gaps.extend([0.0] * STEADY_GAPS)
        elif self._is_burst:
            is_steady = sum(self._gaps) / STEADY_GAPS >= self._least_gap_s
            is_too_long = arrived - self._burst_since > LONGEST_BURST_S
            self._is_burst = not (gap >= WAITED_FOR_S or is_steady or is_too_long)
        return self._is_burst

"""Frames that waited in a buffer on their way: they show the past, so the time they came is not theirs."""

from collections import deque

PAUSE_S = 1.0
"""A gap between two frames that is a pause of the network, not the pace of a camera …"""
STEADY_GAP_S = 0.5
"""… if the frames before it came closer than this."""

STEADY_GAPS, STEADY_SHARE = 4, 0.6
"""Frames are on time when they come at their own pace: so many gaps in a row are each at least this share of the
time between two frames. A single gap, however long, proves nothing: the machine may have been busy."""

LONGEST_BURST_S = 3.0
"""After this time frames are used however they come: they may come in pairs, or the stated frame rate be wrong."""


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
        elif min(self._gaps) >= self._least_gap_s or arrived - self._burst_since > LONGEST_BURST_S:
            self._is_burst = False
        return self._is_burst

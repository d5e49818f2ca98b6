"""Frames that waited in a buffer on their way: they show the past, so the time they came is not theirs."""

import math

PAUSE_S = 1.0
"""A gap between two frames that is a pause of the network, not the pace of a camera …"""
STEADY_GAP_S = 0.5
"""… if the frames before it came closer than this."""

LONGEST_BURST_S = 2.0
"""After this time frames are used however they come: the stated frame rate may be wrong."""


class LateFrames:
    """Which frames of a camera are late: those of the burst after opening it, or after a pause of the network.

    Opening a stream takes a second, in which its first frames pile up; after a pause the network delivers what it
    held back. Such frames come faster than they were made. The first one that had to be waited for is on time.

    Args:
        fps: frame rate that the camera states.
        opened_at: when the stream was opened, monotonic seconds.
    """

    def __init__(self, fps: float, opened_at: float) -> None:
        self._on_time_gap_s = 0.5 / fps
        self._previous = self._burst_since = opened_at
        self._previous_gap_s = math.inf
        self._is_burst = True

    def includes(self, arrived: float) -> bool:
        """Whether the frame that arrived at these monotonic seconds is late."""
        gap, self._previous = arrived - self._previous, arrived
        if gap >= PAUSE_S and self._previous_gap_s < STEADY_GAP_S:
            self._is_burst, self._burst_since = True, arrived
        elif gap >= self._on_time_gap_s or arrived - self._burst_since > LONGEST_BURST_S:
            self._is_burst = False
        self._previous_gap_s = gap
        return self._is_burst

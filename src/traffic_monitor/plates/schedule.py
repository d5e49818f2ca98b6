"""When to look for a vehicle's plate: not every vehicle in every frame."""

from dataclasses import dataclass

from traffic_monitor.plates.crops import box_width
from traffic_monitor.shared_utils.custom_types import BoxXyxy
from traffic_monitor.shared_utils.recent_states import RecentStates

WORTHWHILE_GROWTH = 1.25
"""When a vehicle has become this much wider, it is worth another look if no plate was found, and as many more
candidates if some were: those of a bus that waited far away say less than one of it near by."""

WAITS_INTERVALS = (1, 1, 2, 2, 4, 4, 8)
"""Without growth, it gets another look after so many intervals, the last of them from then on. One that drives
away shows its plate a moment after it came into the picture and is soon too far; one that stands may turn or come
out of a shadow."""


@dataclass
class _Attempts:
    last_frame: int
    last_width: int
    counted_from_width: int
    in_vain: int = 0
    """Searches since the last that found a plate."""
    candidates: int = 0


class ReadingSchedule:
    """Decides which vehicles are searched for a plate in a frame.

    Args:
        interval_frames: a vehicle whose plate was found is searched again after this many frames.
        max_candidates: plates found on a vehicle after which it is left alone, unless it grows.
        min_vehicle_width_px: narrower vehicles are not searched.
    """

    def __init__(self, interval_frames: int, max_candidates: int, min_vehicle_width_px: int) -> None:
        self._interval = interval_frames
        self._max_candidates = max_candidates
        self._min_width = min_vehicle_width_px
        self._tracks: RecentStates[_Attempts] = RecentStates()

    def is_due(self, track_id: int, frame_index: int, box: BoxXyxy) -> bool:
        """Whether to search this vehicle in this frame."""
        width = box_width(box)
        if width < self._min_width:
            return False
        attempts = self._tracks.get(track_id)
        if attempts is None:
            return True
        if attempts.candidates >= self._max_candidates and not _has_grown(attempts, width):
            return False
        waited = frame_index - attempts.last_frame
        if attempts.in_vain == 0 or width >= attempts.last_width * WORTHWHILE_GROWTH:
            return waited >= self._interval
        return waited >= self._interval * WAITS_INTERVALS[min(attempts.in_vain, len(WAITS_INTERVALS)) - 1]

    def searched(self, track_id: int, frame_index: int, box: BoxXyxy, found: bool) -> None:
        """Note a search and whether it found a plate."""
        width = box_width(box)
        if track_id not in self._tracks:
            self._tracks[track_id] = _Attempts(frame_index, width, width)
        attempts = self._tracks[track_id]
        if _has_grown(attempts, width):
            attempts.counted_from_width, attempts.candidates = width, 0
        attempts.last_frame, attempts.last_width = frame_index, width
        attempts.in_vain = 0 if found else attempts.in_vain + 1
        attempts.candidates += found


def _has_grown(attempts: _Attempts, width: int) -> bool:
    return width >= attempts.counted_from_width * WORTHWHILE_GROWTH


class TimeBudget:
    """A share of each second. What is not spent can be saved up, but never more than one second's share.

    Args:
        share: 0-1.
        now: seconds on any clock.
    """

    def __init__(self, share: float, now: float) -> None:
        self._share = share
        self._left = share
        self._now = now

    def is_left(self, now: float) -> bool:
        """Whether anything may be spent now."""
        self._left = min(self._left + (now - self._now) * self._share, self._share)
        self._now = now
        return self._left > 0

    def spend(self, seconds: float) -> None:
        """Take away what was spent, also if it is more than was left."""
        self._left -= seconds

"""Which picture of a vehicle's plate is the best so far."""

from traffic_monitor.shared_utils.recent_states import RecentStates

WORTHWHILE_GAIN = 1.1
"""A picture is replaced by one that is this many times better; less cannot be seen."""


class BestShots:
    """Remembers how good the best picture of each track was."""

    def __init__(self) -> None:
        self._scores: RecentStates[float] = RecentStates()

    def is_better(self, track_id: int, score: float) -> bool:
        """Whether a picture is clearly better than the best one so far; it is then the best one.

        Args:
            track_id: whose it is.
            score: how good it is: larger is better, any unit.
        """
        best = self._scores.get(track_id)
        if best is not None and score < best * WORTHWHILE_GAIN:
            return False
        self._scores[track_id] = score
        return True

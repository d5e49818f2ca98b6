"""Puts count updates together: each has the totals, but only those intervals and speeds that changed."""

from datetime import datetime

from traffic_monitor.shared_utils.custom_types import CountUpdateMessage, IntervalCounts, SpeedResults


class CountsSoFar:
    """The counts of one camera, from its updates."""

    def __init__(self) -> None:
        self.latest: CountUpdateMessage | None = None
        """The latest update as it came: its totals are complete, its intervals are not."""
        self._intervals: dict[str, IntervalCounts] = {}
        self._speeds: SpeedResults | None = None

    def take(self, update: CountUpdateMessage) -> None:
        """Take in the next update."""
        self.latest = update
        self._intervals |= {interval["start"]: interval for interval in update.get("intervals", ())}
        self._speeds = update.get("speeds", self._speeds)

    @property
    def together(self) -> CountUpdateMessage | None:
        """The latest update with all intervals, oldest first, and the latest speeds; None before the first one."""
        if self.latest is None:
            return None
        counts = self.latest.copy()
        if "intervals" in counts:
            starts = sorted(self._intervals, key=datetime.fromisoformat)
            counts["intervals"] = [self._intervals[start] for start in starts]
        if self._speeds is not None:
            counts["speeds"] = self._speeds
        return counts

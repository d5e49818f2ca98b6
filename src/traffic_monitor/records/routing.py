"""Which day each record of a live camera belongs to: the one on which its vehicle was first seen. Pure."""

from collections.abc import Callable, Iterable

from traffic_monitor.records.book import REMEMBERED, Changes
from traffic_monitor.shared_utils.recent_states import RecentStates


class DayRouter:
    """Knows the day of the tracks in sight and of those just gone.

    Args:
        day_of: the camera's day at a moment, epoch seconds.
        today: until the first frame.
    """

    def __init__(self, day_of: Callable[[float], str], today: str) -> None:
        self._day_of = day_of
        self._today = today
        self._of_track: RecentStates[str] = RecentStates(capacity=2 * REMEMBERED)

    def see(self, track_ids: Iterable[int], day: str) -> None:
        """These tracks are in a frame of this day, the latest frame there is."""
        self._today = day
        for track_id in track_ids:
            if track_id in self._of_track:
                self._of_track[track_id]  # Used again, so that it is remembered.
            else:
                self._of_track[track_id] = day

    def day_of_track(self, track_id: int) -> str:
        """The day of a track; of one that is not known, that of the latest frame."""
        return self._of_track.get(track_id) or self._today

    def split(self, changes: Changes) -> dict[str, Changes]:
        """Passages, plates and readings by day. A track belongs to the day of the passage it is part of."""
        by_day: dict[str, Changes] = {}

        def part(day: str) -> Changes:
            return by_day.setdefault(day, Changes())

        for number, passage in changes.passages.items():
            day = self._day_of(passage.first_time)
            part(day).passages[number] = passage
            for track_id in passage.tracks:
                self._of_track[track_id] = day
        for reading in changes.readings:
            part(self.day_of_track(reading.track_id)).readings.append(reading)
        for track_id, plate in changes.plates.items():
            part(self.day_of_track(track_id)).plates[track_id] = plate
        return by_day

"""Vehicles that were searched for a plate in vain, and why."""

from traffic_monitor.records.plate_log import UnreadRecord
from traffic_monitor.shared_utils.constants import UnreadReason
from traffic_monitor.shared_utils.custom_types import TrackedMessage, TrackedObject, media_time_of
from traffic_monitor.shared_utils.recent_states import RecentStates


class SearchLog:
    """Keeps a record of each vehicle without a plate and tells what has changed."""

    def __init__(self) -> None:
        self._records: RecentStates[UnreadRecord] = RecentStates()
        self._changed: dict[int, UnreadRecord] = {}

    def searched_in_vain(self, vehicle: TrackedObject, media_time: float, reason: UnreadReason) -> None:
        """Note a search that found no plate to read. A plate that was too small once is no longer missing."""
        track_id = vehicle["track_id"]
        known = self._records.get(track_id)
        self._records[track_id] = self._changed[track_id] = UnreadRecord(
            track_id=track_id,
            class_name=vehicle["class_name"],
            reason=UnreadReason.TOO_SMALL if known and known["reason"] == UnreadReason.TOO_SMALL else reason,
            readings=0,
            first_seen=known["first_seen"] if known else round(media_time, 3),
            last_seen=round(media_time, 3),
        )

    def found(self, track_id: int) -> None:
        """Note that a plate was found: from now on the reader knows more."""
        self._records.forget(track_id)
        self._changed.pop(track_id, None)

    def seen(self, message: TrackedMessage) -> None:
        """Note which vehicles are in sight in a frame."""
        for vehicle in message["tracked_objects"]:
            record = self._records.get(vehicle["track_id"])
            if record is not None:
                record["last_seen"] = round(media_time_of(message), 3)
                self._changed[vehicle["track_id"]] = record

    def take_changes(self) -> list[UnreadRecord]:
        """The records that are new or different since the last call."""
        changed = [record.copy() for record in self._changed.values()]
        self._changed.clear()
        return changed

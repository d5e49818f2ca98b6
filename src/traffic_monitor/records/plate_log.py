"""The plates of a run: who was seen when, and what its plate says."""

from dataclasses import dataclass
from typing import TypedDict

from traffic_monitor.shared_utils.constants import UnreadReason
from traffic_monitor.shared_utils.custom_types import OcrResultMessage, TrackedMessage, media_time_of


class SearchedVehicle(TypedDict):
    """One vehicle whose plate was looked for. Times are media seconds."""

    track_id: int
    class_name: str
    readings: int
    first_seen: float
    last_seen: float


class PlateRecord(SearchedVehicle):
    """One vehicle with its plate, as in ``summary.json``."""

    text: str
    confidence: float


class UnreadRecord(SearchedVehicle):
    """One vehicle that was looked at and not read, as in ``summary.json``."""

    reason: UnreadReason


class PlateSighting(PlateRecord):
    """What is known of one vehicle's plate, read or not; ``text`` is the likeliest."""

    unread_reason: UnreadReason | None
    fit: float
    """How well the plate suited the vehicle's box, 0-1."""


@dataclass
class _Sighting:
    class_name: str
    first_seen: float
    last_seen: float
    text: str = ""
    confidence: float = 0.0
    readings: int = 0
    unread_reason: UnreadReason | None = None
    fit: float = 1.0
    looked_at: bool = False


class PlateLog:
    """Joins sightings and readings of each vehicle and tells what has changed.

    Args:
        forget_after_s: media seconds after which a vehicle out of sight is forgotten.
    """

    def __init__(self, forget_after_s: float) -> None:
        self._forget_after_s = forget_after_s
        self._sightings: dict[int, _Sighting] = {}
        self._changed: set[int] = set()
        self._now = 0.0

    def seen(self, message: TrackedMessage) -> None:
        """Note the vehicles of one frame."""
        now = self._now = media_time_of(message)
        for vehicle in message["tracked_objects"]:
            sighting = self._sighting(vehicle["track_id"], vehicle["class_name"], now)
            sighting.class_name = vehicle["class_name"]
            sighting.last_seen = max(sighting.last_seen, now)
            if sighting.looked_at:
                self._changed.add(vehicle["track_id"])

    def read(self, result: OcrResultMessage) -> None:
        """Note what a vehicle's readings say so far."""
        track_id = result["vehicle_track_id"]
        sighting = self._sighting(track_id, result.get("vehicle_class_name", ""), media_time_of(result))
        sighting.looked_at = True
        self._changed.add(track_id)
        text = result.get("consensus_text", result["license_plate_text"])
        if text:
            sighting.text = text
            sighting.confidence = result.get("consensus_confidence", result["ocr_confidence"])
            sighting.readings = result.get("readings", sighting.readings + 1)
        sighting.unread_reason = result.get("unread_reason", None if sighting.text else UnreadReason.TOO_BLURRED)
        sighting.fit = result.get("plate_fit", sighting.fit)

    def text_of(self, track_id: int) -> str:
        """The vehicle's plate so far, with a question mark while it is not worth believing; empty when unread."""
        sighting = self._sightings.get(track_id)
        if sighting is None or not sighting.text:
            return ""
        return sighting.text if sighting.unread_reason is None else f"{sighting.text}?"

    def take_changes(self) -> list[PlateSighting]:
        """What is new or different since the last call; forgets vehicles out of sight."""
        records = [_plate_sighting(track_id, self._sightings[track_id]) for track_id in sorted(self._changed)]
        self._changed.clear()
        oldest = self._now - self._forget_after_s
        self._sightings = {
            key: sighting for key, sighting in self._sightings.items() if sighting.last_seen >= oldest
        }
        return records

    def _sighting(self, track_id: int, class_name: str, now: float) -> _Sighting:
        return self._sightings.setdefault(track_id, _Sighting(class_name, now, now))


def _plate_sighting(track_id: int, sighting: _Sighting) -> PlateSighting:
    return PlateSighting(
        track_id=track_id,
        class_name=sighting.class_name,
        text=sighting.text,
        confidence=round(sighting.confidence, 3),
        readings=sighting.readings,
        first_seen=round(sighting.first_seen, 3),
        last_seen=round(sighting.last_seen, 3),
        unread_reason=sighting.unread_reason,
        fit=sighting.fit,
    )

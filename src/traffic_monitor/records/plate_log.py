"""The plates of a run: who was seen when, and what its plate says."""

from dataclasses import dataclass
from typing import TypedDict

from traffic_monitor.shared_utils.custom_types import OcrResultMessage, TrackedMessage, media_time_of


class PlateRecord(TypedDict):
    """One vehicle with its plate, as in ``summary.json``. Times are media seconds."""

    track_id: int
    class_name: str
    text: str
    confidence: float
    readings: int
    first_seen: float
    last_seen: float


@dataclass
class _Sighting:
    class_name: str
    first_seen: float
    last_seen: float
    text: str = ""
    confidence: float = 0.0
    readings: int = 0


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
            if sighting.text:
                self._changed.add(vehicle["track_id"])

    def read(self, result: OcrResultMessage) -> None:
        """Note what a vehicle's readings say so far."""
        text = result.get("consensus_text", result["license_plate_text"])
        if not text:
            return
        track_id = result["vehicle_track_id"]
        sighting = self._sighting(track_id, result.get("vehicle_class_name", ""), media_time_of(result))
        sighting.text = text
        sighting.confidence = result.get("consensus_confidence", result["ocr_confidence"])
        sighting.readings = result.get("readings", sighting.readings + 1)
        self._changed.add(track_id)

    def text_of(self, track_id: int) -> str:
        """The vehicle's plate so far; empty when it has not been read."""
        sighting = self._sightings.get(track_id)
        return sighting.text if sighting else ""

    def take_changes(self) -> list[PlateRecord]:
        """The records that are new or different since the last call; forgets vehicles out of sight."""
        records = [_record(track_id, self._sightings[track_id]) for track_id in sorted(self._changed)]
        self._changed.clear()
        oldest = self._now - self._forget_after_s
        self._sightings = {
            key: sighting for key, sighting in self._sightings.items() if sighting.last_seen >= oldest
        }
        return records

    def _sighting(self, track_id: int, class_name: str, now: float) -> _Sighting:
        return self._sightings.setdefault(track_id, _Sighting(class_name, now, now))


def _record(track_id: int, sighting: _Sighting) -> PlateRecord:
    return PlateRecord(
        track_id=track_id,
        class_name=sighting.class_name,
        text=sighting.text,
        confidence=round(sighting.confidence, 3),
        readings=sighting.readings,
        first_seen=round(sighting.first_seen, 3),
        last_seen=round(sighting.last_seen, 3),
    )

"""The one place where crossings, readings and pictures of a vehicle are put together. Pure: no disk, no clock.

A **passage** is one vehicle from first to last sight; a **track** is what the tracker follows, and a vehicle may
have several. Readings come by track, everything else by vehicle.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from traffic_monitor.records.passages import CrossingRecord, Passage, ZoneVisitRecord
from traffic_monitor.records.pictures import PLATES_FOLDER, VEHICLES_FOLDER
from traffic_monitor.records.sightings import PlateSighting, TrackState, settle_claims
from traffic_monitor.shared_utils.custom_types import (
    CountUpdateMessage,
    FrameMoment,
    OcrResultMessage,
    TrackedMessage,
    VehicleJourney,
    media_time_of,
)
from traffic_monitor.shared_utils.recent_states import RecentStates

REMEMBERED = 500
"""Vehicles and tracks kept in memory, the latest ones: more than are ever in sight at once, and more than the
counter and the reader remember, so that what they report late still finds its vehicle."""


class ReadingRecord(NamedTuple):
    """One attempt to read a plate."""

    track_id: int
    time: float
    """Epoch seconds."""
    media: float
    """Seconds since the start of the source."""
    frame: int | None
    text: str
    """Empty where it could not be read."""
    confidence: float


@dataclass
class Changes:
    """What is new, for listeners. A passage or plate replaces what was reported of it before."""

    passages: dict[int, Passage] = field(default_factory=dict)
    """By their number."""
    removed: set[int] = field(default_factory=set)
    """Numbers of passages that are none after all."""
    freed_tracks: set[int] = field(default_factory=set)
    """Tracks that have left the passage they were reported with; they may be in another one of these."""
    plates: dict[int, PlateSighting] = field(default_factory=dict)
    """By track id."""
    readings: list[ReadingRecord] = field(default_factory=list)
    facts: dict[str, object] = field(default_factory=dict)
    """About the run as a whole."""

    def add(self, newer: "Changes") -> None:
        """Take in changes that came later."""
        self.removed = (self.removed - newer.passages.keys()) | newer.removed
        self.passages = {key: each for key, each in self.passages.items() if key not in newer.removed}
        self.passages |= newer.passages
        self.freed_tracks |= newer.freed_tracks
        self.plates |= newer.plates
        self.readings += newer.readings
        self.facts |= newer.facts


@dataclass
class _Vehicle:
    journey: VehicleJourney
    tracks: list[int] = field(default_factory=list)
    """Those that are known of; the journey of a vehicle with very many leaves some out."""
    is_recorded: bool = False


class PassageBook:
    """Knows the vehicles in sight and the ones just gone, and reports each passage that changed.

    A vehicle that has passed (see ``VehicleJourney.has_passed``) is a passage; another one is a passage as long as
    it has a plate worth believing. Messages may come in any order.

    Args:
        speed_unit: unit of the speeds; None where none are measured.
    """

    def __init__(self, speed_unit: str | None = None) -> None:
        self._speed_unit = speed_unit
        self._vehicles: RecentStates[_Vehicle] = RecentStates(capacity=REMEMBERED)
        self._tracks: RecentStates[TrackState] = RecentStates(capacity=REMEMBERED)
        self._owner: RecentStates[int] = RecentStates(capacity=REMEMBERED)
        """Vehicle of each track."""
        self._changed_vehicles: dict[int, None] = {}
        self._changed_tracks: dict[int, None] = {}
        self._freed_tracks: set[int] = set()
        self._readings: list[ReadingRecord] = []
        self.plates_read = 0
        """Tracks so far whose plate is worth believing, as of the last ``pop_changes``."""

    def take_frame(self, message: TrackedMessage) -> None:
        """Note the vehicles of one frame."""
        now = media_time_of(message)
        for vehicle in message["tracked_objects"]:
            track = self._track(vehicle["track_id"], vehicle["class_name"], now)
            track.see(vehicle["class_name"], now)
            if track.is_searched:
                self._changed_tracks[vehicle["track_id"]] = None

    def take_counts(self, update: CountUpdateMessage) -> None:
        """Note what the counter reports of some vehicles: all that is known of each, its tracks included."""
        for change in update.get("identity_changes", []):
            self._give(change["track_id"], change["vehicle_id"])
        for journey in update.get("journeys", []):
            self._take_journey(journey)

    def take_result(self, result: OcrResultMessage) -> None:
        """Note what a vehicle's readings say so far."""
        track_id, media = result["vehicle_track_id"], media_time_of(result)
        self._track(track_id, result.get("vehicle_class_name", ""), media).read(result)
        self._note_change(track_id)
        if result.get("is_attempt", True):
            text, confidence = result["license_plate_text"], round(result["ocr_confidence"], 4)
            frame = result.get("frame_index")
            self._readings.append(ReadingRecord(track_id, result["timestamp"], media, frame, text, confidence))

    def take_picture(self, track_id: int, kind: str, file: str) -> None:
        """Note that the best picture of a track is in this file."""
        track = self._tracks.get(track_id)
        if track is not None and track.pictures.get(kind) != file:
            track.pictures[kind] = file
            self._note_change(track_id)

    def forget(self, track_ids: Iterable[int]) -> None:
        """Forget the plates of some tracks."""
        for track_id in track_ids:
            self._tracks.forget(track_id)

    def pop_changes(self) -> Changes:
        """What has changed since the last call."""
        self._settle()
        changes = Changes(readings=self._readings, freed_tracks=self._freed_tracks)
        for number in self._changed_vehicles:
            vehicle = self._vehicles.get(number)
            if vehicle is not None:
                self._report(number, vehicle, changes)
        for track_id in self._changed_tracks:
            track = self._tracks.get(track_id)
            if track is not None and track.is_searched:
                sighting = changes.plates[track_id] = track.sighting(track_id, self._class_of(track_id))
                self.plates_read += (sighting.reason is None) - track.counts_as_read
                track.counts_as_read = sighting.reason is None
        self._changed_vehicles, self._changed_tracks = {}, {}
        self._freed_tracks, self._readings = set(), []
        return changes

    def _take_journey(self, journey: VehicleJourney) -> None:
        number, tracks = journey["vehicle_id"], journey["track_ids"]
        vehicle = self._vehicles.get(number) or _Vehicle(journey)
        self._vehicles[number] = vehicle
        self._changed_vehicles[number] = None
        if vehicle.journey["class_name"] != journey["class_name"]:
            self._changed_tracks |= dict.fromkeys(vehicle.tracks)
        for track_id in tracks:
            self._give(track_id, number)
        others = [track_id for track_id in vehicle.tracks if track_id not in tracks]
        if not journey.get("tracks_left_out"):
            for track_id in others:
                self._free(track_id, number)
        remembered = [
            track_id for track_id in others if track_id in self._tracks and self._owner.get(track_id) == number
        ]
        vehicle.journey, vehicle.tracks = journey, [*remembered, *tracks]

    def _give(self, track_id: int, number: int) -> None:
        """A track belongs to this vehicle, whoever it belonged to before."""
        owner = self._owner.get(track_id)
        if owner is not None and owner != number:
            self._free(track_id, owner)
        self._owner[track_id] = number
        if track_id in self._tracks:
            self._tracks[track_id]  # Used again, so that it is remembered as long as its vehicle.
        if owner != number:
            self._note_change(track_id)

    def _free(self, track_id: int, owner: int) -> None:
        """A track does not belong to this vehicle any more, if it still did."""
        if self._owner.get(track_id) == owner:
            self._owner.forget(track_id)
            self._freed_tracks.add(track_id)
            self._changed_tracks[track_id] = None
            self._changed_vehicles[owner] = None

    def _track(self, track_id: int, class_name: str, now: float) -> TrackState:
        if track_id not in self._tracks:
            self._tracks[track_id] = TrackState(class_name, now, now)
        return self._tracks[track_id]

    def _note_change(self, track_id: int) -> None:
        """What a track says has changed, and with it what its vehicle says."""
        self._changed_tracks[track_id] = None
        owner = self._owner.get(track_id)
        if owner is not None:
            self._changed_vehicles[owner] = None

    def _class_of(self, track_id: int) -> str | None:
        owner = self._owner.get(track_id)
        vehicle = self._vehicles.get(owner) if owner is not None else None
        return vehicle.journey["class_name"] if vehicle is not None else None

    def _settle(self) -> None:
        """Decide whose each plate is."""
        before = {track_id: track.belongs_to_other_vehicle for track_id, track in self._tracks.items()}
        settle_claims(track for _, track in self._tracks.items())
        for track_id, track in self._tracks.items():
            if track.belongs_to_other_vehicle != before[track_id]:
                self._note_change(track_id)

    def _report(self, number: int, vehicle: _Vehicle, changes: Changes) -> None:
        own = [track_id for track_id in vehicle.tracks if self._owner.get(track_id) == number]
        passage = passage_of(vehicle.journey, own, self._plates_of(own), self._speed_unit)
        if passage.passed or passage.plate is not None:
            changes.passages[number] = passage
            vehicle.is_recorded = True
        elif vehicle.is_recorded:
            changes.removed.add(number)
            vehicle.is_recorded = False

    def _plates_of(self, track_ids: Iterable[int]) -> list[tuple[PlateSighting, dict[str, str]]]:
        """What the tracks say of the plate, the best first, each with its pictures."""
        tracks = ((track_id, self._tracks.get(track_id)) for track_id in track_ids)
        plates = [
            (track.sighting(track_id, None), track.pictures)
            for track_id, track in tracks
            if track is not None and track.is_searched
        ]
        return sorted(plates, key=lambda plate: _rank(plate[0]))


def _rank(plate: PlateSighting) -> tuple[bool, bool, float, int]:
    """Sorts the best plate of a vehicle first."""
    return plate.unread_reason is not None, plate.belongs_to_other_vehicle, -plate.confidence, -plate.readings


def passage_of(
    journey: VehicleJourney,
    tracks: list[int],
    plates: list[tuple[PlateSighting, dict[str, str]]],
    speed_unit: str | None,
) -> Passage:
    """Put together what is known of one vehicle.

    Args:
        journey: what the counter knows of it.
        tracks: those that are its own.
        plates: what these say, the best first, and their pictures.
        speed_unit: unit of speeds.
    """
    first_time, first_media, first_frame = _moment(journey["first_seen"])
    last_time, last_media, last_frame = _moment(journey["last_seen"])
    speed = journey["speed"]["speed"] if "speed" in journey else None
    best = plates[0][0] if plates else None
    is_read = best is not None and best.reason is None
    pictures = {kind: file for _, files in reversed(plates) for kind, file in files.items()}
    return Passage(
        passage_id=journey["vehicle_id"],
        class_name=journey["class_name"],
        class_certainty=journey["class_share"],
        first_time=first_time,
        last_time=last_time,
        first_media=first_media,
        last_media=last_media,
        first_frame=first_frame,
        last_frame=last_frame,
        entry_edge=journey["entry_edge"],
        exit_edge=journey["exit_edge"],
        speed=speed,
        speed_unit=speed_unit if speed is not None else None,
        plate=best.text if best is not None and is_read else None,
        plate_confidence=best.confidence if best is not None and is_read else None,
        plate_readings=best.readings if best is not None else None,
        unread_reason=best.reason if best is not None else None,
        plate_picture=pictures.get(PLATES_FOLDER),
        vehicle_picture=pictures.get(VEHICLES_FOLDER),
        passed=journey.get("has_passed", True),
        tracks=tracks,
        crossings=[
            CrossingRecord(each["line"], each["direction"], *_moment(each), each["track_id"])
            for each in journey["crossings"]
        ],
        zones=[
            ZoneVisitRecord(
                visit["zone"],
                *_moment(visit["entered"]),
                *(_moment(visit["left"]) if visit["left"] is not None else (None, None, None)),
            )
            for visit in journey["zones"]
        ],
        trajectory=[(media, x, y) for media, x, y in journey["trajectory"]],
    )


def _moment(moment: FrameMoment) -> tuple[float, float, int | None]:
    """Epoch seconds, media seconds, frame."""
    timestamp = moment["timestamp"]
    return round(timestamp, 3), round(moment.get("media_time", timestamp), 3), moment.get("frame_index")

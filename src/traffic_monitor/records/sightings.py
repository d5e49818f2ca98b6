"""What is known of the plate on each track, and which of the vehicles that claim one plate keeps it. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NotRequired, TypedDict

from traffic_monitor.shared_utils.constants import UnreadReason
from traffic_monitor.shared_utils.custom_types import OcrResultMessage

IN_VAIN = (UnreadReason.NO_PLATE_FOUND, UnreadReason.TOO_SMALL)
"""Reasons of a search that found no plate to read."""


class SearchedVehicle(TypedDict):
    """One vehicle whose plate was looked for, as in ``summary.json``. Times are media seconds."""

    track_id: int
    class_name: str
    readings: int
    first_seen: float
    last_seen: float


class PlateRecord(SearchedVehicle):
    """One vehicle with its plate, as in ``summary.json``."""

    text: str
    confidence: float
    plate_signs: NotRequired[int]
    """Signs on the plate that are no Latin letters or digits; left out where there are none."""


class UnreadRecord(SearchedVehicle):
    """One vehicle that was looked at and not read, as in ``summary.json``."""

    reason: UnreadReason


@dataclass(frozen=True)
class PlateSighting:
    """What is known of the plate on one track. Times are media seconds."""

    track_id: int
    class_name: str
    """The vote for the vehicle's class; of a track without a vehicle that of its latest frame."""
    text: str
    """The likeliest, whether or not it is worth believing."""
    confidence: float
    readings: int
    first_seen: float
    last_seen: float
    unread_reason: UnreadReason | None
    """Why the text is not worth believing; None when it is."""
    fit: float
    """How well the plate suited the vehicle's box, 0-1."""
    belongs_to_other_vehicle: bool = False
    """Whether another vehicle in sight at the same time has the better claim to this text."""
    plate_signs: int = 0
    """Signs on the plate that are not in the text."""

    @property
    def reason(self) -> UnreadReason | None:
        """Why the vehicle has no plate; None when it has one."""
        return UnreadReason.CONTESTED if self.belongs_to_other_vehicle else self.unread_reason


@dataclass
class TrackState:
    """One track in memory: when it was in sight, and what its plate says so far."""

    class_name: str
    first_seen: float
    """Media seconds, as ``last_seen``."""
    last_seen: float
    text: str = ""
    confidence: float = 0.0
    readings: int = 0
    plate_signs: int = 0
    unread_reason: UnreadReason | None = None
    fit: float = 1.0
    is_searched: bool = False
    """Whether its plate was looked for."""
    is_read: bool = False
    """Whether a plate was found on it."""
    belongs_to_other_vehicle: bool = False
    counts_as_read: bool = False
    """Whether it is in the number of plates read."""
    pictures: dict[str, str] = field(default_factory=dict)
    """Files in the run's folder by kind."""

    def see(self, class_name: str, now: float) -> None:
        """Note that the track is in a frame."""
        self.class_name = class_name
        self.last_seen = max(self.last_seen, now)

    def read(self, result: OcrResultMessage) -> None:
        """Note what its readings say so far, or that a search was in vain, which takes nothing back."""
        reason = result.get("unread_reason")
        self.is_searched = True
        if reason in IN_VAIN:
            if not self.is_read and self.unread_reason is not UnreadReason.TOO_SMALL:
                self.unread_reason = reason
            return
        self.is_read = True
        text = result.get("consensus_text", result["license_plate_text"])
        if text:
            self.text = text
            self.confidence = result.get("consensus_confidence", result["ocr_confidence"])
            self.readings = result.get("readings", self.readings + 1)
            self.plate_signs = result.get("plate_signs", 0)
        self.unread_reason = result.get("unread_reason", None if self.text else UnreadReason.TOO_BLURRED)
        self.fit = result.get("plate_fit", self.fit)

    @property
    def claims_plate(self) -> bool:
        """Whether its text is worth believing."""
        return self.is_read and self.unread_reason is None

    def sighting(self, track_id: int, class_name: str | None) -> PlateSighting:
        """The same for listeners.

        Args:
            track_id: of the track.
            class_name: the vehicle's class, where the vehicle is known.
        """
        return PlateSighting(
            track_id=track_id,
            class_name=class_name or self.class_name,
            text=self.text,
            confidence=round(self.confidence, 3),
            readings=self.readings,
            first_seen=round(self.first_seen, 3),
            last_seen=round(self.last_seen, 3),
            unread_reason=self.unread_reason,
            fit=self.fit,
            belongs_to_other_vehicle=self.belongs_to_other_vehicle,
            plate_signs=self.plate_signs,
        )


def settle_claims(tracks: Iterable[TrackState]) -> None:
    """Set ``belongs_to_other_vehicle``: of tracks in sight together that claim one plate only the best keeps it.

    The best is the one whose box the plate suits best. A vehicle whose track ends and goes on under another id is
    not in sight twice at one time, so both keep the plate.
    """
    owners: defaultdict[str, list[TrackState]] = defaultdict(list)
    for track in sorted(tracks, key=lambda track: (-track.fit, -track.readings)):
        rivals = owners[track.text] if track.claims_plate else []
        track.belongs_to_other_vehicle = any(_in_sight_together(track, other) for other in rivals)
        if track.claims_plate and not track.belongs_to_other_vehicle:
            rivals.append(track)


def _in_sight_together(one: TrackState, other: TrackState) -> bool:
    return one.first_seen <= other.last_seen and other.first_seen <= one.last_seen

"""One record per vehicle: where it came from, what it crossed and visited, where it went."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import dist, inf

from traffic_monitor.counting.crossings import LineCrossing
from traffic_monitor.counting.vehicles import EDGE, MOST_TRACKS, Sighting
from traffic_monitor.counting.zones import ZoneVisit
from traffic_monitor.settings import Point
from traffic_monitor.shared_utils.custom_types import (
    BoxXyxy,
    Crossing,
    IdentityChange,
    Trajectory,
    VehicleJourney,
    VehicleSpeed,
    VisitedZone,
)

PUBLISH_INTERVAL_S = 1.0
"""The record of a vehicle in sight is published this often, so that a crash loses no more."""

STEP = 0.25
"""A place is kept when it is this many vehicle sizes from the one before: less is jitter."""

MOST_PLACES = 32
"""Of a trajectory; every other one is dropped when there are more, so that a long one is coarse, not cut."""

MOST_VISITS = 50
"""Visits to zones in one vehicle's record; of more, the first and the latest are kept, because the record of a
parked car is sent every second."""

SEEN_MOVING = 1.0
"""A vehicle's direction is that of its first and of its last way of this many sizes."""


@dataclass
class _Journey:
    first: Sighting
    last: Sighting
    end: Sighting
    """The last one that belongs to the trail."""
    published_at: float
    """Media seconds of the frame with which it was published last, or first seen."""
    tracks: dict[int, None] = field(default_factory=dict)
    """Numbers of its tracks; the one seen last comes last."""
    tracks_left_out: int = 0
    trail: list[Sighting] = field(default_factory=list)
    """Places where all of it was in the picture; where there were none, all places."""
    was_whole: bool = False
    step: float = STEP
    crossings: list[LineCrossing] = field(default_factory=list)
    visits: dict[tuple[str, float], ZoneVisit] = field(default_factory=dict)
    visits_left_out: int = 0
    speed: VehicleSpeed | None = None
    class_name: str = ""
    class_share: float = 0.0
    has_news: bool = False
    has_passed: bool = False

    def add_track(self, track_id: int) -> list[int]:
        """It has this track; the tracks that are left out from now on."""
        self.tracks.pop(track_id, None)
        self.tracks[track_id] = None
        left_out = list(self.tracks)[: max(len(self.tracks) - MOST_TRACKS, 0)]
        for track in left_out:
            del self.tracks[track]
        self.tracks_left_out += len(left_out)
        return left_out

    def add_visit(self, visit: ZoneVisit) -> None:
        """It has begun or ended this visit."""
        self.visits[visit.zone, visit.entered.media] = visit
        if len(self.visits) > MOST_VISITS:
            del self.visits[list(self.visits)[1]]
            self.visits_left_out += 1

    def see(self, sighting: Sighting, is_cut: bool) -> None:
        """Note a sighting. Where a box is cut off at the picture's edge, its place jumps and slides."""
        self.last = sighting
        if is_cut and self.was_whole:
            return
        if not is_cut and not self.was_whole:
            self.trail, self.step, self.was_whole = [], STEP, True
        self.end = sighting
        if self.trail and dist(self.trail[-1].position, sighting.position) < self.step * sighting.size:
            return
        self.trail.append(sighting)
        if len(self.trail) > MOST_PLACES:
            self.trail, self.step = self.trail[::2], self.step * 2


class JourneyLog:
    """Keeps the record of each vehicle and publishes it when it changes.

    Vehicles that crossed a line, visited a zone or were measured have passed. Parked cars and glimpses have not;
    they are published as well, because their plates may be read.

    Args:
        frame_size: width and height of the frame in pixels.
        records_all: every vehicle has passed, where there is no line, zone or speed rectangle.
    """

    def __init__(self, frame_size: tuple[int, int], records_all: bool) -> None:
        self._frame_size = frame_size
        self._records_all = records_all
        self._journeys: dict[int, _Journey] = {}
        self._touched: dict[int, _Journey] = {}
        """Seen, changed or lost since the last call of ``pop``."""
        self._owners: dict[int, int] = {}
        """Vehicle of each track."""
        self._identity_changes: list[IdentityChange] = []

    def see(self, sighting: Sighting, class_name: str, class_share: float) -> None:
        """Note where a vehicle is and what it is so far."""
        number = sighting.vehicle_id
        if number not in self._journeys:
            self._journeys[number] = _Journey(
                sighting, sighting, sighting, published_at=sighting.moment.media, has_passed=self._records_all
            )
        journey = self._touch(number)
        journey.see(sighting, self._is_cut(sighting.box))
        journey.has_news |= journey.has_passed and journey.class_name != class_name
        journey.class_name, journey.class_share = class_name, class_share

    def _is_cut(self, box: BoxXyxy) -> bool:
        """Whether the picture's edge hides where a vehicle stands. At the top it hides only the roof."""
        width, height = self._frame_size
        left, _, right, bottom = box
        margin_x, margin_y = EDGE * width, EDGE * height
        return left <= margin_x or right >= width - margin_x or bottom >= height - margin_y

    def crossings_of(self, vehicle_id: int) -> Sequence[LineCrossing]:
        """What a vehicle in sight has crossed so far."""
        journey = self._journeys.get(vehicle_id)
        return journey.crossings if journey is not None else ()

    def owns(self, vehicle_id: int, track_id: int) -> bool:
        """Note that a track is this vehicle's; whether it was another one's before."""
        before = self._owners.get(track_id, vehicle_id)
        if before != vehicle_id:
            left = self._touch(before)
            del left.tracks[track_id]
            left.has_news = True
            change = IdentityChange(track_id=track_id, vehicle_id=vehicle_id, left_vehicle_id=before)
            self._identity_changes.append(change)
        self._owners[track_id] = vehicle_id
        for left_out in self._journeys[vehicle_id].add_track(track_id):
            del self._owners[left_out]
        return before != vehicle_id

    def crossed(self, crossing: LineCrossing) -> None:
        """Note a crossing, whenever it is confirmed."""
        journey = self._touch(crossing.vehicle_id)
        journey.crossings.append(crossing)
        journey.has_passed = journey.has_news = True

    def visited(self, visit: ZoneVisit) -> None:
        """Note that a visit to a zone has begun or ended."""
        journey = self._touch(visit.vehicle_id)
        journey.add_visit(visit)
        journey.has_passed = journey.has_news = True

    def measured(self, vehicle_id: int, speed: VehicleSpeed) -> None:
        """Note a speed, or why there is none."""
        journey = self._touch(vehicle_id)
        journey.speed = speed
        journey.has_passed |= speed["speed"] is not None
        journey.has_news = True

    def lost(self, vehicle_id: int) -> None:
        """The vehicle is out of sight; should it come back, its record goes on."""
        self._touch(vehicle_id).has_news = True

    def forget(self, vehicle_id: int) -> None:
        """The vehicle cannot come back; what is new of it is still published."""
        journey = self._journeys.pop(vehicle_id, None)
        for track_id in journey.tracks if journey is not None else ():
            del self._owners[track_id]

    def due(self, now: float) -> list[int]:
        """The vehicles whose record is to be sent: it has news, or a second has passed with it in sight.

        One that has not passed is published when it has been seen for a second, and when it is lost.

        Args:
            now: media seconds of the frame.
        """
        return [
            number
            for number, journey in self._touched.items()
            if journey.has_news or abs(now - journey.published_at) >= PUBLISH_INTERVAL_S
        ]

    def pop_identity_changes(self) -> list[IdentityChange]:
        """Tracks that have changed vehicles since the last call."""
        changes, self._identity_changes = self._identity_changes, []
        return changes

    def pop(self, due: Sequence[int], now: float) -> list[VehicleJourney]:
        """The records of these vehicles; they are due again when they change."""
        journeys = [self._touched[number] for number in due]
        messages = [self._message(number, journey) for number, journey in zip(due, journeys, strict=True)]
        for journey in journeys:
            journey.has_news, journey.published_at = False, now
        self._touched.clear()
        return messages

    def _touch(self, vehicle_id: int) -> _Journey:
        journey = self._touched[vehicle_id] = self._journeys[vehicle_id]
        return journey

    def _message(self, vehicle_id: int, journey: _Journey) -> VehicleJourney:
        places = [*journey.trail, journey.end]
        seen = [journey.first, *places, journey.last]
        message = VehicleJourney(
            vehicle_id=vehicle_id,
            track_ids=sorted(journey.tracks),
            class_name=journey.class_name,
            class_share=round(journey.class_share, 3),
            first_seen=journey.first.moment.as_message(),
            last_seen=journey.last.moment.as_message(),
            entry_edge=self._edge(places, backwards=True) or self._edge(seen, backwards=True),
            exit_edge=self._edge(places, backwards=False) or self._edge(seen, backwards=False),
            crossings=[crossing_message(crossing, journey.class_name) for crossing in journey.crossings],
            zones=[_visit_message(visit) for visit in journey.visits.values()],
            trajectory=_trajectory(places),
            has_passed=journey.has_passed,
        )
        if journey.speed is not None:
            message["speed"] = journey.speed
        if journey.tracks_left_out:
            message["tracks_left_out"] = journey.tracks_left_out
        if journey.visits_left_out:
            message["zones_left_out"] = journey.visits_left_out
        return message

    def _edge(self, trail: Sequence[Sighting], backwards: bool) -> str | None:
        """The edge of the picture the vehicle came from, or went to: where its first or last way points at."""
        places = trail if backwards else trail[::-1]
        end = places[0]
        for place in places[1:]:
            if dist(end.position, place.position) >= SEEN_MOVING * end.size:
                return edge_ahead(place.position, end.position, *self._frame_size)
        return None


def edge_ahead(start: Point, through: Point, width: int, height: int) -> str:
    """The edge of the picture at which the way from ``start`` and ``through`` another point leaves it.

    Args:
        start, through: two different points, pixels of the full frame.
        width, height: of the frame.
    """
    x, y = through
    along_x, along_y = through[0] - start[0], through[1] - start[1]
    ways = {
        "left": x / -along_x if along_x < 0 else inf,
        "top": y / -along_y if along_y < 0 else inf,
        "right": (width - x) / along_x if along_x > 0 else inf,
        "bottom": (height - y) / along_y if along_y > 0 else inf,
    }
    return min(ways, key=ways.__getitem__)


def crossing_message(crossing: LineCrossing, class_name: str) -> Crossing:
    """The crossing as it travels."""
    return Crossing(
        line=crossing.line,
        direction=crossing.direction,
        track_id=crossing.track_id,
        class_name=class_name,
        **crossing.moment.as_message(),
    )


def _visit_message(visit: ZoneVisit) -> VisitedZone:
    return VisitedZone(
        zone=visit.zone,
        entered=visit.entered.as_message(),
        left=visit.left.as_message() if visit.left is not None else None,
    )


def _trajectory(trail: Sequence[Sighting]) -> Trajectory:
    places = [(round(place.moment.media, 2), *(round(value) for value in place.position)) for place in trail]
    return [list(place) for place in dict.fromkeys(places)]

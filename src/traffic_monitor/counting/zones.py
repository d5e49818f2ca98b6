"""Zones: which vehicles are in a polygon, and for how long."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import dist
from typing import Self

from traffic_monitor.counting.vehicles import FrameTime, Sighting
from traffic_monitor.settings import Point, ZoneSettings, area_in_frame
from traffic_monitor.shared_utils.custom_types import ZoneCounts

BAND = 0.25
"""A vehicle has left when it is this many of its sizes outside: jitter on the edge is no coming and going."""

CONFIRMED_BY = 2
"""Sightings in a row inside, or outside and beyond the band, that confirm an entry or an exit."""

RESUMED_WITHIN_S = 60.0
"""A vehicle that is lost in a zone and next seen there this soon has not left it: a parked car is detected on and
off."""

NEVER = FrameTime(0.0)


@dataclass(frozen=True)
class Zone:
    """A named polygon; its points are pixels of the full frame, x to the right, y down."""

    name: str
    corners: tuple[Point, ...]

    @classmethod
    def in_frame(cls, settings: ZoneSettings, width: int, height: int) -> Self:
        """The zone of the settings in a frame of ``width`` × ``height`` pixels."""
        return cls(settings.name, tuple(area_in_frame(settings, width, height)))

    def holds(self, point: Point) -> bool:
        """Whether a point is inside, by the even-odd rule."""
        return is_inside(self.corners, point)

    def distance(self, point: Point) -> float:
        """Pixels to the nearest edge."""
        return min(_distance_to_edge(point, *edge) for edge in _edges(self.corners))


def is_inside(corners: Sequence[Point], point: Point) -> bool:
    """Whether a point is inside a polygon: a ray from it to the right crosses an odd number of edges."""
    x, y = point
    crossed = [
        x < x1 + (y - y1) * (x2 - x1) / (y2 - y1)
        for (x1, y1), (x2, y2) in _edges(corners)
        if (y1 <= y) != (y2 <= y)
    ]
    return sum(crossed) % 2 == 1


def is_inside_any(areas: Sequence[Sequence[Point]], point: Point) -> bool:
    """Whether a point is inside one of several polygons."""
    return any(is_inside(area, point) for area in areas)


def _edges(corners: Sequence[Point]) -> Sequence[tuple[Point, Point]]:
    return list(pairwise([*corners, corners[0]]))


def _distance_to_edge(point: Point, start: Point, end: Point) -> float:
    along_x, along_y = end[0] - start[0], end[1] - start[1]
    squared = along_x**2 + along_y**2
    share = ((point[0] - start[0]) * along_x + (point[1] - start[1]) * along_y) / squared if squared else 0.0
    share = min(max(share, 0.0), 1.0)
    return dist(point, (start[0] + share * along_x, start[1] + share * along_y))


@dataclass(frozen=True)
class ZoneVisit:
    """One vehicle's stay in one zone."""

    zone: str
    vehicle_id: int
    entered: FrameTime
    left: FrameTime | None
    """The last frame in which it was inside; None while it is."""


@dataclass
class _VehicleInZone:
    """What is known of one vehicle at one zone."""

    is_in: bool = False
    sightings: int = 0
    """Sightings in a row that say otherwise."""
    since: FrameTime = NEVER
    """First of the latest sightings inside."""
    last_inside: FrameTime = NEVER
    entered: FrameTime = NEVER
    lost_at: float | None = None
    """Media seconds of the last sighting of a vehicle that was lost inside, until it is seen outside."""


@dataclass
class _ZoneState:
    zone: Zone
    visits: dict[int, _VehicleInZone] = field(default_factory=lambda: defaultdict(_VehicleInZone))
    present: set[int] = field(default_factory=set)
    entries: int = 0
    exits: int = 0
    most: int = 0
    dwell_total: float = 0.0
    dwell_longest: float = 0.0

    def update(self, sighting: Sighting) -> list[ZoneVisit]:
        visit = self.visits[sighting.vehicle_id]
        now = sighting.moment
        inside = self.zone.holds(sighting.position)
        if inside:
            visit.since = visit.since if visit.is_in or visit.sightings else now
            visit.last_inside = now
        elif not visit.is_in:
            visit.lost_at = None
        if visit.is_in:
            otherwise = not inside and self.zone.distance(sighting.position) > BAND * sighting.size
        else:
            otherwise = inside
        visit.sightings = visit.sightings + 1 if otherwise else 0
        if visit.sightings < CONFIRMED_BY:
            return []
        return [self._leave(sighting.vehicle_id) if visit.is_in else self._enter(sighting.vehicle_id)]

    def _enter(self, vehicle_id: int) -> ZoneVisit:
        visit = self.visits[vehicle_id]
        visit.is_in, visit.sightings = True, 0
        if visit.lost_at is not None and visit.since.media - visit.lost_at <= RESUMED_WITHIN_S:
            self.exits -= 1
            self.dwell_total -= visit.lost_at - visit.entered.media
        else:
            self.entries += 1
            visit.entered = visit.since
        visit.lost_at = None
        self.present.add(vehicle_id)
        self.most = max(self.most, len(self.present))
        return ZoneVisit(self.zone.name, vehicle_id, visit.entered, left=None)

    def lose(self, vehicle_id: int) -> ZoneVisit:
        """The vehicle is out of sight: it has left, unless it soon comes back."""
        visit = self.visits[vehicle_id]
        visit.lost_at = visit.last_inside.media
        return self._leave(vehicle_id)

    def _leave(self, vehicle_id: int) -> ZoneVisit:
        visit = self.visits[vehicle_id]
        dwell = visit.last_inside.media - visit.entered.media
        visit.is_in, visit.sightings = False, 0
        self.exits += 1
        self.present.discard(vehicle_id)
        self.dwell_total += dwell
        self.dwell_longest = max(self.dwell_longest, dwell)
        return ZoneVisit(self.zone.name, vehicle_id, visit.entered, visit.last_inside)

    def counts(self) -> ZoneCounts:
        return ZoneCounts(
            entries=self.entries,
            exits=self.exits,
            occupancy=len(self.present),
            max_occupancy=self.most,
            mean_dwell_s=round(self.dwell_total / self.exits, 2) if self.exits else None,
            max_dwell_s=round(self.dwell_longest, 2) if self.exits else None,
        )


class ZoneWatch:
    """Entries, exits, occupancy and dwell times of zones, by where vehicles stand (bottom centre of the box).

    A vehicle enters when it is seen inside twice in a row, also when it first appears there, and leaves when it is
    seen outside twice in a row or is lost. So ``entries - exits`` is always the occupancy.
    """

    def __init__(self, zones: Sequence[Zone]) -> None:
        self._states = [_ZoneState(zone) for zone in zones]

    def update(self, sighting: Sighting) -> list[ZoneVisit]:
        """Take in where a vehicle is now; the visits that begin or end with it."""
        return [visit for state in self._states for visit in state.update(sighting)]

    def lost(self, vehicle_id: int) -> list[ZoneVisit]:
        """The vehicle is out of sight: it has left all zones; the visits that end with it."""
        return [state.lose(vehicle_id) for state in self._states if vehicle_id in state.present]

    def forget(self, vehicle_id: int) -> None:
        """The vehicle cannot come back."""
        for state in self._states:
            state.visits.pop(vehicle_id, None)

    @property
    def by_name(self) -> dict[str, ZoneCounts]:
        """What is known about each zone so far."""
        return {state.zone.name: state.counts() for state in self._states}

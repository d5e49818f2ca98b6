"""Which vehicle crossed which line: a crossing is confirmed by evidence, not by one step over the line."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from traffic_monitor.counting.lines import CountingLine
from traffic_monitor.counting.vehicles import FrameTime, Sighting
from traffic_monitor.counting.zones import is_inside_any
from traffic_monitor.settings import Point

BAND = 0.25
"""Half the width of the band around a line in which a vehicle is on neither side for certain, in vehicle sizes.
Boxes jitter by some hundredths of their size, and more where a vehicle is partly hidden."""

CONFIRMED_BY = 2
"""Sightings beyond the band that confirm a crossing: one box alone may be a slip of the detector."""


class Side(IntEnum):
    """The sides of a line. A point on the line counts as right of it."""

    LEFT = -1
    RIGHT = 1


@dataclass(frozen=True)
class LineCrossing:
    """One vehicle has crossed one line."""

    line: str
    direction: str
    vehicle_id: int
    track_id: int
    """The track that carried the vehicle over the line."""
    moment: FrameTime
    """The first frame past the line, however much later the crossing was confirmed."""


@dataclass
class _LineState:
    """Where one vehicle is known to be, seen from one line. Depths are in bands: 1 is the band's edge."""

    side: Side
    depth: float = 0.0
    """Farthest from the line on this side."""
    crossing: LineCrossing | None = None
    """How it came to the other side, while it is there unconfirmed; None when it went round the line's end."""
    depth_beyond: float = 0.0
    """Farthest from the line on the other side."""
    sightings_beyond: int = 0
    """Sightings on the other side and beyond the band."""
    counted: set[str] = field(default_factory=set)
    """Directions in which the vehicle has been counted."""

    def stay(self, depth: float) -> None:
        """It is on its side, or back on it: whatever it did on the other one was no crossing."""
        self.depth = max(self.depth, depth)
        self.crossing, self.depth_beyond, self.sightings_beyond = None, 0.0, 0

    def be_beyond(self, depth: float) -> None:
        """It was seen on the other side."""
        self.depth_beyond = max(self.depth_beyond, depth)
        self.sightings_beyond += depth >= 1

    @property
    def is_confirmed(self) -> bool:
        return self.sightings_beyond >= CONFIRMED_BY

    @property
    def is_likely(self) -> bool:
        """Whether a vehicle that is not seen again has crossed.

        One that leaves the picture just behind the line is never seen beyond the band. It has crossed when it
        moved more than jitter inside the band can.
        """
        return self.crossing is not None and self.depth + self.depth_beyond >= 2

    def change_sides(self) -> list[LineCrossing]:
        """It is on the other side for good; the crossing, where it is one that counts."""
        crossing = self.crossing
        self.side, self.depth = Side(-self.side), self.depth_beyond
        self.stay(0.0)
        if crossing is None or crossing.direction in self.counted:
            return []
        self.counted.add(crossing.direction)
        return [crossing]


@dataclass
class _VehicleState:
    position: Point | None = None
    lines: dict[str, _LineState] = field(default_factory=dict)


class CrossingDetector:
    """Watches where vehicles stand; each counts once per line and direction.

    The step between two sightings is what crosses, so frames without a sighting are bridged. It counts when the
    vehicle is then seen twice beyond a band around the line, as wide as half the vehicle. Inside the band it may
    jitter or stand for any time.

    Args:
        lines: the counting lines.
        ignored: corners of areas in which nothing crosses: a vehicle that is seen before and behind one has passed
            it unseen.
    """

    def __init__(self, lines: Sequence[CountingLine], ignored: Sequence[Sequence[Point]] = ()) -> None:
        self._lines = lines
        self._ignored = ignored
        self._vehicles: dict[int, _VehicleState] = defaultdict(_VehicleState)

    def update(self, sighting: Sighting) -> list[LineCrossing]:
        """Move a vehicle to where it is seen now and return the crossings that this confirms."""
        vehicle = self._vehicles[sighting.vehicle_id]
        confirmed = [crossing for line in self._lines for crossing in self._step(line, vehicle, sighting)]
        vehicle.position = sighting.position
        return confirmed

    def lost(self, vehicle_id: int) -> list[LineCrossing]:
        """Decide about a vehicle that is out of sight; should it come back, it goes on from there."""
        states = self._vehicles[vehicle_id].lines.values()
        return [crossing for state in states if state.is_likely for crossing in state.change_sides()]

    def forget(self, vehicle_id: int) -> None:
        """The vehicle cannot come back."""
        self._vehicles.pop(vehicle_id, None)

    def _step(self, line: CountingLine, vehicle: _VehicleState, sighting: Sighting) -> list[LineCrossing]:
        """One vehicle's step to its new position, as one line sees it."""
        distance = line.distance(sighting.position)
        side = Side.LEFT if distance < 0 else Side.RIGHT
        depth = abs(distance) / (BAND * sighting.size) if sighting.size else 0.0
        state = vehicle.lines.setdefault(line.name, _LineState(side))
        if side is state.side:
            state.stay(depth)
            return []
        direction = self._crossed(line, vehicle.position, sighting.position) if vehicle.position else None
        if direction is not None:
            state.crossing = LineCrossing(
                line.name, direction, sighting.vehicle_id, sighting.track_id, sighting.moment
            )
        state.be_beyond(depth)
        return state.change_sides() if state.is_confirmed else []

    def _crossed(self, line: CountingLine, before: Point, after: Point) -> str | None:
        """Name of the direction in which a step crosses a line, unless it does so in an ignored area."""
        direction = line.crossed(before, after)
        if direction is None or is_inside_any(self._ignored, line.met_at(before, after)):
            return None
        return direction

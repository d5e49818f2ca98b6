"""Speeds of vehicles on a rectangle of the road whose corners in the picture and whose size are known.

The four corners give a homography from the picture to the road's plane (Hartley and Zisserman, Multiple View
Geometry, 2nd edition, section 4.1). Only positions inside the rectangle are used, because outside of it small
mistakes in the corners grow without bound.
"""

from collections import defaultdict, deque
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from traffic_monitor.counting.vehicles import Sighting
from traffic_monitor.counting.zones import is_inside
from traffic_monitor.settings import Point, SpeedSettings
from traffic_monitor.shared_utils.custom_types import SpeedResults, VehicleSpeed

Array = NDArray[np.float64]

LEAST_SIGHTINGS = 5
"""A median over pairs of fewer sightings does not stand two bad boxes."""

LEAST_WAY_M = 3.0
"""The lower edge of a box is some decimetres off, which must be a small part of the way."""

MOST_SIGHTINGS = 250
"""The latest sightings of a vehicle that are used: the work grows with their square."""

LISTED_VEHICLES = 500
"""The latest vehicles that are listed one by one, so that messages stay small on a long run."""

PER_METRE_PER_SECOND = {"km/h": 3.6, "mph": 3600 / 1609.344}


class RoadPlane:
    """Turns points of the picture into metres on the road.

    Args:
        corners: four corners of a rectangle on the road, in pixels, in the order in which one walks around it.
        width_m: metres from the first corner to the second.
        length_m: metres from the second corner to the third.
    """

    def __init__(self, corners: Sequence[Point], width_m: float, length_m: float) -> None:
        self._homography = _homography(corners, [(0, 0), (width_m, 0), (width_m, length_m), (0, length_m)])

    def metres(self, point: Point) -> Point:
        """Where a point of the picture (pixels) is on the road, from the first corner, in metres."""
        x, y, scale = self._homography @ np.array([*point, 1.0])
        return float(x / scale), float(y / scale)


def _homography(points: Sequence[Point], images: Sequence[Point]) -> Array:
    """The 3 × 3 matrix that takes four points to four others (the direct linear transformation, last entry 1)."""
    rows: list[list[float]] = []
    for (x, y), (u, v) in zip(points, images, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    entries = np.linalg.solve(np.array(rows), np.array(images, dtype=np.float64).ravel())
    return np.append(entries, 1.0).reshape(3, 3)


def robust_velocity(times: Array, places: Array) -> Array:
    """The velocity of a track in which some positions are wrong: Theil-Sen, the median of the slopes of all pairs.

    Up to 29 % of the positions may be arbitrarily wrong (Sen, 1968, doi:10.1080/01621459.1968.10480934).

    Args:
        times: (N,) seconds, not all the same.
        places: (N, 2) metres.

    Returns:
        (2,) metres per second. A vehicle in a bend gets that of the straight way, which is a little less.
    """
    first, second = np.triu_indices(len(times), 1)
    spans = times[second] - times[first]
    apart = spans > 0
    velocities = (places[second] - places[first])[apart] / spans[apart, None]
    velocity: Array = np.median(velocities, axis=0)
    return velocity


class SpeedMeter:
    """Measures each vehicle when it is gone, and again when it comes back and goes.

    A vehicle is listed with every speed that was measured; as refused only once, and only while it has none.

    Args:
        settings: the rectangle.
        width, height: size of the frame in pixels.
    """

    def __init__(self, settings: SpeedSettings, width: int, height: int) -> None:
        scale_x, scale_y = (width, height) if settings.units == "fraction" else (1, 1)
        self._corners = [(x * scale_x, y * scale_y) for x, y in settings.points]
        self._plane = RoadPlane(self._corners, settings.width_m, settings.length_m)
        self._unit: Literal["km/h", "mph"] = settings.unit
        self._sightings: dict[int, deque[Sighting]] = defaultdict(lambda: deque(maxlen=MOST_SIGHTINGS))
        """Of vehicles that were in the rectangle and are not measured yet."""
        self._best: dict[int, tuple[int, VehicleSpeed]] = {}
        """Of each vehicle the answer from the most sightings, and their number; a speed is better than none."""
        self._vehicles: deque[VehicleSpeed] = deque(maxlen=LISTED_VEHICLES)
        self._measured = 0
        self._refused = 0

    def update(self, sighting: Sighting) -> None:
        """Take in where a vehicle is now."""
        if is_inside(self._corners, sighting.position):
            self._sightings[sighting.vehicle_id].append(sighting)

    def lost(self, vehicle_id: int, class_name: str) -> VehicleSpeed | None:
        """The vehicle is gone: its best speed so far; None if there is nothing new about it."""
        sightings = self._sightings.pop(vehicle_id, None)
        if sightings is None:
            return None
        record = self._measure(list(sightings), class_name)
        is_measured = record["speed"] is not None
        known = self._best.get(vehicle_id)
        if known is not None and not is_measured:
            return None
        if known is not None and known[1]["speed"] is None:
            self._take_back(known[1])
            known = None
        self._vehicles.append(record)
        self._measured += is_measured
        self._refused += not is_measured
        if known is None or known[0] < len(sightings):
            self._best[vehicle_id] = (len(sightings), record)
        return self._best[vehicle_id][1]

    def forget(self, vehicle_id: int) -> None:
        """The vehicle cannot come back; what was measured stays."""
        self._best.pop(vehicle_id, None)

    def _take_back(self, refused: VehicleSpeed) -> None:
        """A vehicle that was refused has a speed after all."""
        self._refused -= 1
        self._vehicles = deque((each for each in self._vehicles if each is not refused), maxlen=LISTED_VEHICLES)

    @property
    def results(self) -> SpeedResults:
        """The speeds measured so far."""
        speeds = [record["speed"] for record in self._vehicles if record["speed"] is not None]
        median, p85 = (round(float(np.percentile(speeds, p)), 1) if speeds else None for p in (50, 85))
        return SpeedResults(
            unit=self._unit,
            measured=self._measured,
            refused=self._refused,
            median=median,
            p85=p85,
            vehicles=list(self._vehicles),
        )

    def _measure(self, sightings: Sequence[Sighting], class_name: str) -> VehicleSpeed:
        track_id = sightings[-1].track_id
        times = np.array([sighting.moment.media for sighting in sightings])
        places = np.array([self._plane.metres(sighting.position) for sighting in sightings])
        reason = _why_not(times, places)
        if reason:
            return VehicleSpeed(track_id=track_id, class_name=class_name, speed=None, reason=reason)
        metres_per_second = float(np.hypot(*robust_velocity(times, places)))
        speed = round(metres_per_second * PER_METRE_PER_SECOND[self._unit], 1)
        return VehicleSpeed(track_id=track_id, class_name=class_name, speed=speed)


def _why_not(times: Array, places: Array) -> str:
    """Why a track is too short for a speed; empty when it is not."""
    if len(set(times)) < LEAST_SIGHTINGS:
        return f"seen in {len(set(times))} frames inside the rectangle, {LEAST_SIGHTINGS} are needed"
    way = float(np.hypot(*np.ptp(places, axis=0)))
    if way < LEAST_WAY_M:
        return f"moved {way:.1f} m inside the rectangle, {LEAST_WAY_M:.1f} m are needed"
    return ""

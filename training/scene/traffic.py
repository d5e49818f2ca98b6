"""Where is every vehicle at every moment? Lanes, speeds and stops turned into poses; pure arithmetic, no
graphics.

Vehicles keep to the right: those driving away (direction 'away', +y) are right of the middle, those coming
(direction
'toward', -y) left of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
STEP = 0.01
"""Time step of the speed integration, seconds."""


@dataclass(frozen=True)
class Stop:
    """A halt: the distance along the drive (metres from the start) and how long (seconds); bay: side step
    (metres, to the
    right of the vehicle) into a bus bay around it."""

    at: float
    wait: float
    bay: float = 0.0
    slope: float = 13.0


@dataclass(frozen=True)
class Drive:
    """One vehicle's drive: model and plate, lane middle x, direction, when (seconds) it passes the reference
    y and how fast (m/s).
    """

    name: str
    model: str
    kind: str
    plate: str
    layout: str
    lane_x: float
    direction: str
    passes: float
    speed: float
    start: float = 150.0
    reference: float = 20.0
    stop: Stop | None = None
    plates_at: tuple[str, ...] = ("front", "rear")
    drift: float = 0.0

    @property
    def sign(self) -> float:
        """+1 for away, -1 for toward."""
        return 1.0 if self.direction == "away" else -1.0

    @cached_property
    def timeline(self) -> tuple[Array, Array, Array]:
        """Times (seconds), distances driven (metres) and speeds (m/s), distance 0 at y = start ('toward') or
        -start ('away').
        """
        total = self.start + 140.0
        if self.stop is None:
            times: Array = np.arange(0, total / self.speed, STEP, dtype=float)
            distance = times * self.speed
            speeds: Array = np.full(len(times), self.speed)
        else:
            times, distance, speeds = self._with_stop(total, self.stop)
        passing = float(np.interp(self._distance_of(self.reference), distance, times))
        return times - passing + self.passes, distance, speeds

    def _distance_of(self, y: float) -> float:
        """Distance driven when the vehicle's middle is at y."""
        return self.start - y if self.direction == "toward" else y + self.start

    def _with_stop(self, total: float, stop: Stop) -> tuple[Array, Array, Array]:
        brake, gain = 2.4, 1.6
        where, speed, waited = 0.0, self.speed, 0.0
        rows = []
        clock = 0.0
        while where < total:
            left = stop.at - where
            if left > 0.02:
                allowed = math.sqrt(max(0.05, 2 * brake * left))
                speed = min(self.speed, allowed, speed + gain * STEP)
            elif waited < stop.wait:
                speed, waited = 0.0, waited + STEP
            else:
                speed = min(self.speed, speed + gain * STEP)
            rows.append((clock, where, speed))
            where += speed * STEP
            clock += STEP
        table = np.asarray(rows)
        return table[:, 0], table[:, 1], table[:, 2]

    def span(self) -> tuple[float, float]:
        """First and last moment (seconds) of the drive."""
        times = self.timeline[0]
        return float(times[0]), float(times[-1])

    def at(self, moment: float) -> tuple[float, float, float, float, float]:
        """x, y (metres), heading (radians from +x), distance driven (metres) and braking (0 to 1) at a
        moment.
        """
        times, distances, speeds = self.timeline
        driven = float(np.interp(moment, times, distances))
        slower = float(np.interp(moment + 0.15, times, speeds) - np.interp(moment - 0.15, times, speeds)) / 0.3
        speed = float(np.interp(moment, times, speeds))
        side, slope = self._side(driven)
        x = self.lane_x + self.sign * side
        y = -self.start + driven if self.direction == "away" else self.start - driven
        heading = self.sign * math.pi / 2 - math.atan(slope)
        return x, y, heading, driven, 1.0 if slower < -0.4 or speed < 0.05 else 0.0

    def _side(self, driven: float) -> tuple[float, float]:
        """Side step to the right (metres) and its slope at a distance driven: lane wander plus the way into
        a bay and out.
        """
        side = self.drift * math.sin(driven / 23.0)
        slope = self.drift / 23.0 * math.cos(driven / 23.0)
        if self.stop and self.stop.bay:
            for centre, sign in (
                (self.stop.at - self.stop.slope * 0.75, 1.0),
                (self.stop.at + self.stop.slope * 0.85, -1.0),
            ):
                u = (driven - centre) / self.stop.slope + 0.5
                u = min(1.0, max(0.0, u))
                ease, rate = u * u * u * (u * (6 * u - 15) + 10), 30 * u * u * (u - 1) ** 2 / self.stop.slope
                side += sign * self.stop.bay * ease
                slope += sign * self.stop.bay * rate
        return side, slope

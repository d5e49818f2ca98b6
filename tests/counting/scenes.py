"""Drawn traffic for the counting tests: boxes of vehicles, frame by frame, without a picture."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any, cast

from traffic_monitor.counting.crossings import LineCrossing
from traffic_monitor.counting.road import RoadCounter
from traffic_monitor.counting.vehicles import FrameTime
from traffic_monitor.settings import VehicleCounterSettings
from traffic_monitor.shared_utils.clock import Clock
from traffic_monitor.shared_utils.custom_types import BoxXyxy, TrackedObject, VehicleJourney

WIDTH, HEIGHT, FPS = 1280, 720, 25
UTC_CLOCK = Clock(known=True, zone=UTC)
START = 1_700_000_100.0
"""Epoch seconds of the first frame: a full quarter of an hour."""

MIDDLE = {"name": "main", "points": [[0, 360], [1280, 360]], "units": "pixels"}
"""From left to right across the middle: downwards is in."""


def box_at(x: float, y: float, width: int = 80, height: int = 60) -> BoxXyxy:
    """A box whose bottom centre is at ``(x, y)``, cut off where the picture ends."""
    left, right = round(x) - width // 2, round(x) + width // 2
    return [max(left, 0), max(round(y) - height, 0), min(right, WIDTH), min(round(y), HEIGHT)]


def seen(track_id: int, box: BoxXyxy, class_name: str = "car", confidence: float = 0.9) -> TrackedObject:
    return TrackedObject(
        bbox_xyxy=box, track_id=track_id, class_id=2, class_name=class_name, confidence=confidence
    )


@dataclass
class Counted:
    """What a counter made of a scene."""

    results: dict[str, Any]
    crossings: list[tuple[LineCrossing, str]] = field(default_factory=list)
    journeys: dict[int, VehicleJourney] = field(default_factory=dict)
    """The last record of each vehicle."""
    late: int = 0
    """Crossings that were decided only at the end of the stream."""

    @property
    def directions(self) -> list[str]:
        return [crossing.direction for crossing, _ in self.crossings]

    @property
    def total(self) -> int:
        return int(self.results["total_count"])


def count(
    frames: Iterable[Sequence[TrackedObject]],
    start: float = START,
    fps: float = FPS,
    steps: Mapping[int, float] | None = None,
    **settings: Any,
) -> Counted:
    """Count the vehicles of some frames, over the line ``MIDDLE`` unless the settings say otherwise.

    Args:
        frames: the tracks of each.
        start: timestamp of the first frame.
        fps: frames per second.
        steps: by how many seconds the clock is set with which frame.
        settings: of the counter.
    """
    counter = RoadCounter(
        VehicleCounterSettings.model_validate({"lines": [MIDDLE], **settings}), WIDTH, HEIGHT, UTC_CLOCK
    )
    crossings = []
    journeys = {}
    for index, tracks in enumerate(frames):
        start += (steps or {}).get(index, 0.0)
        counter.observe(tracks, FrameTime(start + index / fps, index, index / fps))
        update = counter.pop_update()
        if update is not None:
            crossings += update.crossings
            journeys |= {journey["vehicle_id"]: journey for journey in update.journeys}
    counter.finish()
    last = counter.pop_update(is_last=True)
    assert last is not None
    journeys |= {journey["vehicle_id"]: journey for journey in last.journeys}
    return Counted(cast(dict[str, Any], last.results), crossings + last.crossings, journeys, len(last.crossings))


def drive(bottoms: Iterable[float], x: float = 640, track_id: int = 1) -> list[list[TrackedObject]]:
    """One vehicle that stands at the given heights of the picture, one frame after the other."""
    return [[seen(track_id, box_at(x, y))] for y in bottoms]


def walk(points: Iterable[tuple[float, float]], track_id: int = 1) -> list[list[TrackedObject]]:
    """One vehicle that stands at the given points."""
    return [[seen(track_id, box_at(x, y))] for x, y in points]

"""Which tracks are one vehicle: hand-over from a lost track to a new one, and double boxes."""

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import chain
from math import dist, hypot, inf

from traffic_monitor.counting.boxes import bottom_center, overlap, size_of
from traffic_monitor.settings import Point
from traffic_monitor.shared_utils.custom_types import BoxXyxy, FrameMoment, TrackedObject

LOST_AFTER_S = 2.0
"""Seconds out of sight after which a vehicle counts as lost. Trackers give a vehicle up after about a second
and take some more frames until they believe in a new track; after two, too little is known of where it may be."""

SAME_BOX_OVERLAP = 0.5
"""A track that begins with at least this overlap with a vehicle in sight is a second box of it. Two vehicles hide
each other from the detector at the same overlap (``vehicle_detector.iou_threshold``)."""

APART_OVERLAP = 0.3
"""Two boxes of one vehicle that overlap less than this in ..."""
APART_SIGHTINGS = 3
"""... this many sightings in a row are two vehicles after all; in fewer, one box has slipped."""

EXPECTED_WITHIN = 0.5
"""A lost vehicle is expected back within this many of its sizes around where its motion has brought it ..."""
EXPECTED_DRIFT = 0.25
"""... and this share of the way it went unseen, because speeds change, but not more than one size."""

LEAVING_WITHIN_S = 0.5
"""A vehicle lost while it left the picture is expected back only so long, and only where it was: what comes later,
or beside it, is the next one."""

EDGE = 0.005
"""A box this share of the picture's width or height from its edge, or less, touches the edge."""

INWARDS = 0.1
"""A vehicle at the edge comes into the picture when the far side of its box moves inwards by this share of its
size over its last sightings; less is jitter."""

LARGEST_GROWTH = 2.0
"""A vehicle comes back at no more than this many times its size, and no less than one part of it."""

REMEMBERED_GONE = 200
"""Vehicles out of sight that may still come back under a known track. The ones gone longest are forgotten, so that
a week-long run needs no more memory than its first hour. Vehicles in sight are never forgotten."""

MOST_TRACKS = 50
"""Tracks by which a vehicle is known, those seen last: far more than it has boxes at once."""

MOTION_SIGHTINGS = 10
"""The speed at which a vehicle is expected to go on is that over its last sightings; fewer feel the jitter."""


@dataclass(frozen=True)
class FrameTime:
    """The frame in which something was seen."""

    timestamp: float
    """Epoch seconds: only a stamp, because the clock behind it may be set."""
    frame_index: int | None = None
    media_time: float | None = None

    @property
    def media(self) -> float:
        """Seconds since the start of the source, which give durations and order; else the timestamp."""
        return self.timestamp if self.media_time is None else self.media_time

    def as_message(self) -> FrameMoment:
        """The same as it travels."""
        message = FrameMoment(timestamp=self.timestamp)
        if self.frame_index is not None:
            message["frame_index"] = self.frame_index
        if self.media_time is not None:
            message["media_time"] = self.media_time
        return message


@dataclass(frozen=True)
class Sighting:
    """One vehicle in one frame."""

    vehicle_id: int
    """From 1; stays when the track's id changes."""
    track_id: int
    position: Point
    """Where it stands: bottom centre of its box, pixels of the full frame."""
    size: float
    """Geometric mean of the box's width and height, pixels."""
    moment: FrameTime
    box: BoxXyxy


@dataclass(frozen=True)
class FrameVehicles:
    """The vehicles of one frame."""

    seen: list[Sighting]
    """One per vehicle, whatever the number of its boxes; of a vehicle that has come apart from another one also
    those since then, oldest first."""
    vehicle_of: dict[int, int]
    """Vehicle of each track in the frame."""
    lost: list[int]
    """Vehicles that now count as lost. One that comes back with a known track id goes on as itself."""
    forgotten: list[int]
    """Vehicles that cannot come back any more."""


@dataclass
class _Vehicle:
    vehicle_id: int
    track_id: int = 0
    """The track that carries it: where it has two boxes, the other is ignored."""
    box: BoxXyxy = field(default_factory=lambda: [0, 0, 0, 0])
    trail: deque[tuple[float, BoxXyxy]] = field(default_factory=lambda: deque(maxlen=MOTION_SIGHTINGS))
    """Media seconds and box of the last sightings."""
    tracks: dict[int, None] = field(default_factory=dict)
    """By which it is known; the one seen last comes last."""
    apart: dict[int, list[tuple[TrackedObject, FrameTime]]] = field(default_factory=dict)
    """By track: the sightings of a second box since it has come apart from the vehicle."""

    def see(self, track: TrackedObject, moment: FrameTime) -> Sighting:
        self.track_id, self.box = track["track_id"], track["bbox_xyxy"]
        self.trail.append((moment.media, self.box))
        place, size = bottom_center(self.box), size_of(self.box)
        return Sighting(self.vehicle_id, self.track_id, place, size, moment, self.box)

    @property
    def last_seen(self) -> float:
        return self.trail[-1][0] if self.trail else -inf

    def surprise(self, box: BoxXyxy, now: float) -> float:
        """How far a box is from where the vehicle is expected; up to 1 it can be this vehicle."""
        size, size_now = size_of(self.box), size_of(box)
        if not size / LARGEST_GROWTH <= size_now <= size * LARGEST_GROWTH:
            return inf
        (first_time, first_box), (last_time, last_box) = self.trail[0], self.trail[-1]
        first, last = bottom_center(first_box), bottom_center(last_box)
        unseen = (now - last_time) / (last_time - first_time) if last_time > first_time else 0.0
        # A vehicle that comes nearer moves faster in the picture, in the same measure as its box grows.
        unseen *= (1 + size_now / size) / 2 if size else 1.0
        way = ((last[0] - first[0]) * unseen, (last[1] - first[1]) * unseen)
        expected = (last[0] + way[0], last[1] + way[1])
        allowed = min(EXPECTED_WITHIN * size + EXPECTED_DRIFT * hypot(*way), size)
        return dist(expected, bottom_center(box)) / allowed if allowed else inf

    def is_leaving(self, width: int, height: int) -> bool:
        """Whether it was last seen at the edge of a picture of this size and not coming in from there."""
        before, (left, top, right, bottom) = self.trail[0][1], self.box
        margin_x, margin_y = EDGE * width, EDGE * height
        inwards = [
            way
            for touches, way in (
                (left <= margin_x, right - before[2]),
                (right >= width - margin_x, before[0] - left),
                (top <= margin_y, bottom - before[3]),
                (bottom >= height - margin_y, before[1] - top),
            )
            if touches
        ]
        least = INWARDS * size_of(self.box)
        return bool(inwards) and not (max(inwards) > least and min(inwards) > -least)


class VehicleRegistry:
    """Knows which tracks belong to which vehicle.

    Args:
        frame_size: width and height of the frame in pixels.
        last_id: the highest vehicle id in use already.
    """

    def __init__(self, frame_size: tuple[int, int], last_id: int = 0) -> None:
        self._frame_size = frame_size
        self._of_track: dict[int, _Vehicle] = {}
        self._in_sight: dict[int, _Vehicle] = {}
        """Vehicles seen within ``LOST_AFTER_S``."""
        self._gone: dict[int, _Vehicle] = {}
        """The others that are remembered; the one gone longest comes first."""
        self._last_id = last_id

    def update(self, tracks: Sequence[TrackedObject], moment: FrameTime) -> FrameVehicles:
        """Take in the tracks of the next frame."""
        seen: dict[int, list[Sighting]] = {}
        newcomers = [[(track, moment)] for track in tracks if track["track_id"] not in self._of_track]
        for track, vehicle in self._known(tracks):
            apart = self._note_apart(vehicle, track, moment, is_seen=vehicle.vehicle_id in seen)
            if len(apart) >= APART_SIGHTINGS:
                newcomers.append(apart)
            elif not apart and vehicle.vehicle_id not in seen:
                self._see(vehicle, [(track, moment)], seen)
        for boxes in newcomers:
            track, _ = boxes[-1]
            vehicle = self._second_box(track, seen) or self._expected(track, moment) or self._new_vehicle()
            self._assign(track["track_id"], vehicle)
            if vehicle.vehicle_id not in seen:
                self._see(vehicle, boxes, seen)
        vehicle_of = {track["track_id"]: self._of_track[track["track_id"]].vehicle_id for track in tracks}
        return FrameVehicles([*chain(*seen.values())], vehicle_of, self._overdue(moment), self._forget_oldest())

    @property
    def in_sight(self) -> list[int]:
        """Vehicles that are not lost, in the order in which they came."""
        return sorted(self._in_sight)

    def _note_apart(
        self, vehicle: _Vehicle, track: TrackedObject, moment: FrameTime, is_seen: bool
    ) -> list[tuple[TrackedObject, FrameTime]]:
        """The sightings of a track since it has come apart from the vehicle it is a second box of; else none.

        Args:
            vehicle: the vehicle.
            track: in this frame.
            moment: of this frame.
            is_seen: whether another box of this frame has already shown the vehicle.
        """
        track_id = track["track_id"]
        if is_seen or track_id in vehicle.apart:
            if overlap(track["bbox_xyxy"], vehicle.box) < APART_OVERLAP:
                vehicle.apart.setdefault(track_id, []).append((track, moment))
                return vehicle.apart[track_id]
            vehicle.apart.pop(track_id, None)
        return []

    def _see(
        self,
        vehicle: _Vehicle,
        boxes: Sequence[tuple[TrackedObject, FrameTime]],
        seen: dict[int, list[Sighting]],
    ) -> None:
        *earlier, latest = boxes
        new = [*(box for box in earlier if box[1].media > vehicle.last_seen), latest]
        seen[vehicle.vehicle_id] = [vehicle.see(track, moment) for track, moment in new]
        self._in_sight[vehicle.vehicle_id] = vehicle
        self._gone.pop(vehicle.vehicle_id, None)

    def _assign(self, track_id: int, vehicle: _Vehicle) -> None:
        """The track is this vehicle's from now on."""
        before = self._of_track.get(track_id, vehicle)
        before.tracks.pop(track_id, None)
        if before is not vehicle:
            before.apart.pop(track_id, None)
        self._of_track[track_id] = vehicle
        vehicle.tracks[track_id] = None
        if len(vehicle.tracks) > MOST_TRACKS:
            oldest = next(iter(vehicle.tracks))
            del vehicle.tracks[oldest], self._of_track[oldest]
            vehicle.apart.pop(oldest, None)

    def _known(self, tracks: Sequence[TrackedObject]) -> list[tuple[TrackedObject, _Vehicle]]:
        """The tracks that have a vehicle; those that carried theirs last come first."""
        known = [(t, self._of_track[t["track_id"]]) for t in tracks if t["track_id"] in self._of_track]
        for track, vehicle in known:
            self._assign(track["track_id"], vehicle)
        return sorted(known, key=lambda pair: pair[0]["track_id"] != pair[1].track_id)

    def _second_box(self, track: TrackedObject, seen: Collection[int]) -> _Vehicle | None:
        """The vehicle in this frame that the track is a second box of.

        Only a track that begins on a vehicle is one: two that were apart before are two that hide each other.
        """
        overlaps = {key: overlap(track["bbox_xyxy"], self._in_sight[key].box) for key in seen}
        best = max(overlaps, key=overlaps.__getitem__, default=None)
        return self._in_sight[best] if best is not None and overlaps[best] >= SAME_BOX_OVERLAP else None

    def _expected(self, track: TrackedObject, moment: FrameTime) -> _Vehicle | None:
        """The lost vehicle that is expected where the track begins."""
        box, now = track["bbox_xyxy"], moment.media
        lost = [vehicle for vehicle in self._in_sight.values() if 0 < now - vehicle.last_seen <= LOST_AFTER_S]
        surprises = [
            (vehicle.surprise(box, now), vehicle)
            for vehicle in lost
            if not vehicle.is_leaving(*self._frame_size)
            or (now - vehicle.last_seen <= LEAVING_WITHIN_S and overlap(box, vehicle.box) >= APART_OVERLAP)
        ]
        surprise, vehicle = min(surprises, key=lambda pair: pair[0], default=(inf, None))
        return vehicle if surprise <= 1 else None

    def _overdue(self, moment: FrameTime) -> list[int]:
        # Also backwards, where a sender gives no media time and its clock was set back.
        lost = [
            key for key, vehicle in self._in_sight.items() if abs(moment.media - vehicle.last_seen) > LOST_AFTER_S
        ]
        for key in lost:
            self._gone[key] = self._in_sight.pop(key)
        return lost

    def _forget_oldest(self) -> list[int]:
        forgotten = list(self._gone)[: max(len(self._gone) - REMEMBERED_GONE, 0)]
        for key in forgotten:
            for track_id in self._gone.pop(key).tracks:
                del self._of_track[track_id]
        return forgotten

    def _new_vehicle(self) -> _Vehicle:
        self._last_id += 1
        return _Vehicle(self._last_id)

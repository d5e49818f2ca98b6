"""BoxMOT's trackers, associating by how far vehicles can move in the time between frames.

BoxMOT wants the boxes of a new vehicle in two frames to overlap by 0.3 divided by the confidence. At 10 frames/s
vehicles move by half their length and more between frames, so that they were never followed. Here

- time is counted in seconds: motion is predicted over the time between frames, also where frames are missing;
- boxes are compared after they grew by what a vehicle can move unforeseen in that time;
- weak detections prolong all tracks, also new and lost ones; those that move along begin one (``_ByStages``).
"""

from collections import deque
from collections.abc import Sequence
from itertools import takewhile
from typing import Any

import numpy as np
import numpy.typing as npt
from boxmot import BotSort, ByteTrack, OcSort
from boxmot.trackers.box.botsort.track import STrack as BotSortTrack
from boxmot.trackers.box.bytetrack.track import STrack as ByteTrackTrack
from boxmot.trackers.common.association.matching import linear_assignment
from loguru import logger

Array = npt.NDArray[Any]

NEW_REACH = 4.0
"""Box sizes per second by which the box of a vehicle that was seen once grows on each side, because its motion is
not known yet. At 50 km/h a car passes three of its lengths in a second, a motorcycle seven; both boxes grow."""

KNOWN_REACH = 1.5
"""The same for a vehicle whose motion is known: what it may brake, turn or accelerate unforeseen."""

MOST_GROWTH = 0.75
"""Of a box's width and height on each side, however long ago the vehicle was seen."""

WEAK_DISTANCE = 0.5
"""Largest distance (1 - overlap of the grown boxes) at which a weak detection prolongs a track, as in BoxMOT."""

COVERED = 0.7
"""A weak box that lies with this share of its area in the boxes of other vehicles is a part of one, a second box,
or takes in two of them."""

FAINT_SIGHTINGS = 5
FAINT_MOVED = 1.0
"""So many weak sightings that moved by so many box sizes are a vehicle: what the detector takes for one by mistake
stays where it is or does not last."""
FAINT_PATIENCE_S = 0.3
"""Seconds a weakly seen vehicle may be out of sight before it is one."""

FRAMES_REMEMBERED = 4000
"""Of so many frames the times are known; no vehicle is remembered for longer."""

NEWCOMERS = 30
"""The latest new vehicles by which the frame rate is judged ..."""
MOST_LOST = 0.6
"""... as too low, when more than this share of them was lost at once."""


class InSeconds:
    """What the trackers have in common: the times of frames. Mixed into BoxMOT's classes, before them."""

    frame_count: int
    active_tracks: list[Any]
    _buffer_s: float
    _times: deque[float]

    def remember_for(self, buffer_s: float) -> None:
        """Set for how many seconds a lost vehicle is remembered; to be called before the first frame."""
        self._buffer_s = buffer_s
        self._times = deque(maxlen=FRAMES_REMEMBERED)

    def begin_frame(self, time_s: float) -> None:
        """Say when the next frame was taken, in seconds that only grow."""
        self._times.append(time_s)
        oldest = time_s - self._buffer_s
        # BoxMOT counts the frames since a track was seen. One is always allowed, however slow the camera is.
        frames = max(sum(1 for _ in takewhile(lambda time: time >= oldest, reversed(self._times))) - 1, 1)
        self.max_time_lost = self.max_age = frames

    def _growth(self, frames: int, *, motion_known: bool) -> float:
        """By how much to grow a box that was seen so many frames ago."""
        unseen_s = self._unseen_s(frames)
        return min((KNOWN_REACH if motion_known else NEW_REACH) * unseen_s, MOST_GROWTH)

    def _unseen_s(self, frames: int) -> float:
        return self._times[-1] - self._times[max(-1 - frames, -len(self._times))]


class _ByStages(InSeconds):
    """ByteTrack and BoT-SORT: strong detections are given to tracks first, weak ones to what is left.

    Beyond BoxMOT, weak detections also confirm new tracks and find lost ones again. Those that no track wants are
    followed on the quiet; where they move like a vehicle they become a track.
    """

    track_type: type[Any]
    lost_stracks: list[Any]
    removed_stracks: Any
    use_embeddings: bool
    weak_from: float
    strong_from: float
    _faint: list["_Faint"]
    _newcomers: deque[bool] | None
    """Whether each was seen again at once; None when the user has been warned."""

    def remember_for(self, buffer_s: float) -> None:
        super().remember_for(buffer_s)
        self._faint, self._newcomers = [], deque(maxlen=NEWCOMERS)

    def association_distance(self, tracks: Sequence[Any], detections: Sequence[Any]) -> Array:
        """1 - overlap of the boxes, both grown by what the vehicle may have moved."""
        return self._distance(tracks, _boxes_of(detections))

    def _distance(self, tracks: Sequence[Any], boxes: Array) -> Array:
        growth = [
            self._growth(self.frame_count - track.frame_id, motion_known=track.frame_id > track.start_frame)
            for track in tracks
        ]
        return _grown_distance(_boxes_of(tracks), boxes, growth)

    def _track_detections(self, dets: Array, img: Any, embs: Any = None, masks: Any = None) -> Array:
        new = [track for track in self.active_tracks if not track.is_activated]
        # BoxMOT does not predict new tracks, so that their second sighting would say nothing about their speed.
        self.track_type.multi_predict(new, dt=self._prediction_dt)  # type: ignore[attr-defined]
        shown = super()._track_detections(dets, img, embs, masks)  # type: ignore[misc]
        weak = self._weak_left(dets)
        unseen = [*self.lost_stracks, *(track for track in new if not track.is_activated)]
        found, weak = self._prolong(unseen, weak)
        if not self.use_embeddings:  # BoT-SORT cannot compare tracks that began without looks.
            found += self._follow_faint(weak)
        self._judge_frame_rate(new)
        if not found:
            return np.asarray(shown)
        return np.concatenate([shown, self.format_outputs(found, dtype=np.float32)])  # type: ignore[attr-defined]

    def _weak_left(self, dets: Array) -> Array:
        """The weak detections that no track has taken and that are no part of a vehicle that is followed.

        Returns:
            (N, 7): the detection and its index.
        """
        taken = [int(track.det_ind) for track in self.active_tracks if track.frame_id == self.frame_count]
        is_left = (self.weak_from <= dets[:, 4]) & (dets[:, 4] < self.strong_from)
        is_left[taken] = False
        rows = np.column_stack((dets, np.arange(len(dets))))[is_left]
        common = _common_area(rows[:, None, :4], dets[None, taken, :4])
        return np.asarray(rows[common.sum(axis=1) < COVERED * _area(rows[:, :4])])

    def _as_track(self, row: Array) -> Any:
        return self.track_type(row, id_allocator=self.id_allocator, max_obs=self.max_obs)  # type: ignore[attr-defined]

    def _prolong(self, tracks: list[Any], weak: Array) -> tuple[list[Any], Array]:
        """Give weak detections to tracks that have none; those tracks, and the detections that are left."""
        matches, _, left = linear_assignment(self._distance(tracks, weak[:, :4]), WEAK_DISTANCE)
        found = [tracks[number] for number, _ in matches]
        for (_, index), track in zip(matches, found, strict=True):
            track.re_activate(self._as_track(weak[index]), self.frame_count)
            if track in self.removed_stracks:
                self.removed_stracks.remove(track)
        self.active_tracks += [track for track in found if track not in self.active_tracks]
        self.lost_stracks = [track for track in self.lost_stracks if track not in found]
        return found, weak[left]

    def _follow_faint(self, weak: Array) -> list[Any]:
        """Follow what no track wants; the tracks of those that are vehicles now."""
        now_s = self._times[-1]
        growth = [
            self._growth(self.frame_count - faint.frame, motion_known=faint.motion_known) for faint in self._faint
        ]
        expected = np.array([faint.expected(now_s) for faint in self._faint])
        matches, _, left = linear_assignment(_grown_distance(expected, weak[:, :4], growth), WEAK_DISTANCE)
        for number, index in matches:
            self._faint[number].see(weak[index], self.frame_count, now_s)
        self._faint += [_Faint(weak[index], self.frame_count, now_s) for index in left]
        vehicles = [self._track_of(faint) for faint in self._faint if faint.is_vehicle]
        self.active_tracks += vehicles
        self._faint = [
            faint for faint in self._faint if not faint.is_vehicle and now_s - faint.seen_s <= FAINT_PATIENCE_S
        ]
        return vehicles

    def _track_of(self, faint: "_Faint") -> Any:
        """A track with the motion of the faint vehicle's latest sightings."""
        (frame, time_s, row), *later = faint.sightings
        track = self._as_track(row)
        track.activate(self.kalman_filter, frame)  # type: ignore[attr-defined]
        for frame, next_s, row in later:
            self.track_type.multi_predict([track], dt=next_s - time_s)
            track.update(self._as_track(row), frame)
            time_s = next_s
        return track

    def _judge_frame_rate(self, new: list[Any]) -> None:
        if self._newcomers is None:
            return
        self._newcomers.extend(track.is_activated for track in new)
        lost = self._newcomers.count(False)
        if len(self._newcomers) == NEWCOMERS and lost > MOST_LOST * NEWCOMERS:
            logger.warning(
                "{} of the last {} new vehicles were lost at once: at {:.1f} frames/s they may move too far"
                " between frames, and some are not counted; raise frame_grabber.target_fps or the camera's rate",
                lost,
                NEWCOMERS,
                1 / self._unseen_s(1),
            )
            self._newcomers = None


class _Faint:
    """A vehicle that was only seen weakly so far: cheaper to follow than a track, because most are none."""

    def __init__(self, row: Array, frame: int, time_s: float) -> None:
        self.sightings = deque([(frame, time_s, row)], maxlen=FAINT_SIGHTINGS)
        """Frame, time in seconds and detection of the latest."""
        self._start = _center(row)
        self._count = 1

    def see(self, row: Array, frame: int, time_s: float) -> None:
        """The next sighting."""
        self.sightings.append((frame, time_s, row))
        self._count += 1

    @property
    def frame(self) -> int:
        """Of the last sighting."""
        return self.sightings[-1][0]

    @property
    def seen_s(self) -> float:
        """When it was seen last."""
        return self.sightings[-1][1]

    @property
    def motion_known(self) -> bool:
        return self._count > 1

    @property
    def is_vehicle(self) -> bool:
        """Whether it drives."""
        box = self.sightings[-1][2][:4]
        moved = float(np.hypot(*(_center(box) - self._start)))
        return self._count >= FAINT_SIGHTINGS and moved >= FAINT_MOVED * float(np.sqrt(_area(box)))

    def expected(self, time_s: float) -> Array:
        """The box at another time, if it drives on as before."""
        (_, first_s, first), (_, last_s, last) = self.sightings[0], self.sightings[-1]
        if last_s == first_s:
            return last[:4]
        moved = (_center(last) - _center(first)) * (time_s - last_s) / (last_s - first_s)
        return np.asarray(last[:4] + np.tile(moved, 2))


class TimedByteTrack(_ByStages, ByteTrack):  # type: ignore[misc]
    """ByteTrack by time and motion."""

    track_type = ByteTrackTrack

    def __init__(self, **parameters: Any) -> None:
        super().__init__(variable_dt=True, **parameters)
        self.weak_from, self.strong_from = self.min_conf, self.track_thresh

    def _fused_association_cost(self, tracks: Sequence[Any], detections: Sequence[Any]) -> Array:
        """Without the confidence, by which BoxMOT multiplies."""
        return self.association_distance(tracks, detections)


class TimedBotSort(_ByStages, BotSort):  # type: ignore[misc]
    """BoT-SORT by time and motion."""

    track_type = BotSortTrack

    def __init__(self, **parameters: Any) -> None:
        super().__init__(variable_dt=True, **parameters)
        self.weak_from, self.strong_from = self.track_low_thresh, self.track_high_thresh

    def _unconfirmed_association_cost(self, tracks: Sequence[Any], detections: Sequence[Any]) -> Array:
        """As for other tracks; BoxMOT multiplies by the confidence here."""
        return np.asarray(self._first_association_cost(tracks, detections))


class TimedOcSort(InSeconds, OcSort):  # type: ignore[misc]
    """OC-SORT by time and motion. It gives weak detections to all tracks by itself (``use_byte``)."""

    def __init__(self, **parameters: Any) -> None:
        super().__init__(variable_dt=True, **parameters)
        self.asso_func = self._similarity

    def _similarity(self, detections: Array, boxes: Array) -> Array:
        """Overlap of the grown boxes; the rows of ``boxes`` are predicted or last boxes of some of the tracks."""
        growth = {
            tuple(track.get_state()[0]): self._growth(track.time_since_update, motion_known=track.hits > 0)
            for track in self.active_tracks
        }
        last_seen = self._growth(1, motion_known=True)
        by = np.array([growth.get(tuple(row[:4]), last_seen) for row in boxes])
        return grown_overlap(boxes, detections, by).T


def _boxes_of(tracks: Sequence[Any]) -> Array:
    """(N, 4): where BoxMOT's tracks are, or detections; their ``xyxy`` takes ten times as long."""
    places = np.array([track._current_aabb_xywh() for track in tracks]).reshape(-1, 4)
    half = places[:, 2:] / 2
    return np.hstack([places[:, :2] - half, places[:, :2] + half])


def _grown_distance(boxes: Array, others: Array, growth: Sequence[float]) -> Array:
    """(N, M): 1 - their overlap, grown; see ``grown_overlap``."""
    if not len(boxes) or not len(others):
        return np.zeros((len(boxes), len(others)), np.float32)
    return np.asarray(1 - grown_overlap(boxes, others, np.array(growth)), np.float32)


def grown_overlap(boxes: Array, others: Array, growth: Array) -> Array:
    """(N, M): IoU of boxes with others, when both grew on each side by a share of their width and height.

    Args:
        boxes: (N, 4 or more) ``x1, y1, x2, y2, ...``.
        others: (M, 4 or more), the same.
        growth: (N,), the share; in each pair that of the first box.
    """
    by = growth[:, None, None]
    first, second = _grown(boxes[:, None, :4], by), _grown(others[None, :, :4], by)
    common = _common_area(first, second)
    return np.asarray(common / (_area(first) + _area(second) - common))


def _grown(boxes: Array, by: Array) -> Array:
    size = boxes[..., 2:] - boxes[..., :2]
    return np.concatenate([boxes[..., :2] - by * size, boxes[..., 2:] + by * size], axis=-1)


def _common_area(boxes: Array, others: Array) -> Array:
    low, high = np.maximum(boxes[..., :2], others[..., :2]), np.minimum(boxes[..., 2:], others[..., 2:])
    return np.asarray(np.prod(np.maximum(high - low, 0), axis=-1))


def _area(boxes: Array) -> Array:
    return np.asarray(np.prod(boxes[..., 2:] - boxes[..., :2], axis=-1))


def _center(box: Array) -> Array:
    return (box[:2] + box[2:4]) / 2

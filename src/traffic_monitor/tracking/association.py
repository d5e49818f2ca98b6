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

COVERED = 0.8
"""A weak box that lies with this share of its area in another vehicle's box is a part of it, or a second box."""

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
        if not len(tracks) or not len(detections):
            return np.zeros((len(tracks), len(detections)), np.float32)
        growth = [
            self._growth(self.frame_count - track.frame_id, motion_known=track.frame_id > track.start_frame)
            for track in tracks
        ]
        boxes, others = (np.array([each.xyxy for each in these]) for these in (tracks, detections))
        return np.asarray(1 - grown_overlap(boxes, others, np.array(growth)), np.float32)

    def _track_detections(self, dets: Array, img: Any, embs: Any = None, masks: Any = None) -> Array:
        new = [track for track in self.active_tracks if not track.is_activated]
        # BoxMOT does not predict new tracks, so that their second sighting would say nothing about their speed.
        self.track_type.multi_predict(new, dt=self._prediction_dt)  # type: ignore[attr-defined]
        super()._track_detections(dets, img, embs, masks)  # type: ignore[misc]
        weak = self._weak_left(dets)
        weak = self._prolong([*self.lost_stracks, *(track for track in new if not track.is_activated)], weak)
        if not self.use_embeddings:  # BoT-SORT cannot compare tracks that began without looks.
            self._follow_faint(weak)
        self._judge_frame_rate(new)
        shown = [track for track in self.active_tracks if track.is_activated]
        return np.asarray(self.format_outputs(shown, dtype=np.float32))  # type: ignore[attr-defined]

    def _weak_left(self, dets: Array) -> list[Any]:
        """The weak detections that no track has taken and that are no part of a vehicle that is followed."""
        taken = [int(track.det_ind) for track in self.active_tracks if track.frame_id == self.frame_count]
        boxes = dets[taken, :4]
        return [
            self._as_track(np.append(row, index))
            for index, row in enumerate(dets)
            if index not in taken
            and self.weak_from <= row[4] < self.strong_from
            and not _is_covered(row[:4], boxes)
        ]

    def _as_track(self, row: Array) -> Any:
        return self.track_type(row, id_allocator=self.id_allocator, max_obs=self.max_obs)  # type: ignore[attr-defined]

    def _prolong(self, tracks: list[Any], weak: list[Any]) -> list[Any]:
        """Give weak detections to tracks that have none; the detections that are left."""
        matches, _, left = linear_assignment(self.association_distance(tracks, weak), WEAK_DISTANCE)
        found = [tracks[number] for number, _ in matches]
        for (_, index), track in zip(matches, found, strict=True):
            track.re_activate(weak[index], self.frame_count)
        self.active_tracks = [*self.active_tracks, *found]
        self.lost_stracks = [track for track in self.lost_stracks if track not in found]
        for track in found:
            if track in self.removed_stracks:
                self.removed_stracks.remove(track)
        return [weak[index] for index in left]

    def _follow_faint(self, weak: list[Any]) -> None:
        tracks = [faint.track for faint in self._faint]
        self.track_type.multi_predict(tracks, dt=self._prediction_dt)  # type: ignore[attr-defined]
        matches, _, left = linear_assignment(self.association_distance(tracks, weak), WEAK_DISTANCE)
        for number, index in matches:
            self._faint[number].see(weak[index], self.frame_count)
        for index in left:
            weak[index].activate(self.kalman_filter, self.frame_count)  # type: ignore[attr-defined]
            self._faint.append(_Faint(weak[index]))
        self.active_tracks += [faint.track for faint in self._faint if faint.is_vehicle]
        self._faint = [
            faint
            for faint in self._faint
            if not faint.is_vehicle and self._unseen_s(self.frame_count - faint.track.frame_id) <= FAINT_PATIENCE_S
        ]

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
    """A vehicle that was only seen weakly so far."""

    def __init__(self, track: Any) -> None:
        # A track of the very first frame would be believed at once.
        track.is_activated = False
        self.track = track
        self._start = _center(track.xyxy)
        self._sightings = 1
        self.is_vehicle = False

    def see(self, detection: Any, frame: int) -> None:
        """The next sighting."""
        self._sightings += 1
        moved = float(np.hypot(*(_center(detection.xyxy) - self._start)))
        size = float(np.sqrt(np.prod(detection.xyxy[2:] - detection.xyxy[:2])))
        self.track.update(detection, frame)
        self.is_vehicle = self._sightings >= FAINT_SIGHTINGS and moved >= FAINT_MOVED * size


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


def _is_covered(box: Array, others: Array) -> bool:
    return bool((_common_area(box, others) >= COVERED * _area(box)).any())


def _center(box: Array) -> Array:
    return (box[:2] + box[2:]) / 2

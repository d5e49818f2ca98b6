"""BoxMOT trackers behind one small interface.

Box formats follow BoxMOT 25: detections are (N, 6) ``x1, y1, x2, y2, confidence, class``; tracks are (M, 8)
``x1, y1, x2, y2, id, confidence, class, detection index`` with ids from 0.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from traffic_monitor.inference.checkpoint import CheckpointError, inspect_checkpoint
from traffic_monitor.inference.environment import prepare_environment, silenced, stubbed_imports
from traffic_monitor.settings import TrackerType, VehicleTrackerSettings
from traffic_monitor.shared_utils.custom_types import Detection
from traffic_monitor.shared_utils.errors import ServiceError
from traffic_monitor.shared_utils.frame_codec import Image

KEPT_REMOVED_TRACKS = 200
"""BoxMOT's ByteTrack keeps every track it ever removed; only the latest can still matter."""

LARGEST_NUMBER = 100_000
"""Of a box in pixels, or a class: far beyond any frame and any model."""

LONGEST_STEP_S = 100.0
"""After a longer time no vehicle is remembered any more, and a slip of the time must not last."""

USUAL_STEP_S = 1 / 30
"""Between frames whose times say nothing."""


@dataclass(frozen=True)
class Track:
    """One tracked vehicle in one frame."""

    track_id: int
    """From 1; never reused."""
    detection_index: int
    """Which of the frame's detections belongs to the track."""


class Tracker:
    """Gives detections identities that last over frames.

    Args:
        settings: which tracker, and its parameters.
        last_id: the highest id in use already.
    """

    def __init__(self, settings: VehicleTrackerSettings, last_id: int = 0) -> None:
        prepare_environment()
        with silenced():
            self._tracker = _build(settings)
        self.needs_pixels = needs_pixels(settings)
        self._clock = _RunningClock()
        self._first_id = last_id + 1

    def update(self, detections: Sequence[Detection], image: Image | None, time_s: float) -> list[Track]:
        """Continue the tracks with the detections of the next frame.

        Args:
            detections: vehicles of the frame, also when there are none.
            image: BGR pixels of the frame; only looked at when ``needs_pixels``.
            time_s: when the frame was taken, in seconds from any start.
        """
        time_s = self._clock.advance(time_s)
        kept = [index for index, detection in enumerate(detections) if _is_sound(detection)]
        sound = (detections[index] for index in kept)
        rows = np.array(
            [[*d["bbox_xyxy"], d["confidence"], d["class_id"]] for d in sound], dtype=np.float64
        ).reshape(-1, 6)
        self._tracker.begin_frame(time_s)
        tracks = self._tracker.update(rows, image, timestamp_s=time_s)
        return [Track(int(row[4]) + self._first_id, kept[int(row[7])]) for row in tracks if row[7] >= 0]


def load_without_looks() -> None:
    """Load BoxMOT for trackers that know vehicles by their boxes alone; none with ReID can be made afterwards.

    PyTorch, which BoxMOT imports for ReID, would be most of the process's loading time and memory.
    """
    with silenced(), stubbed_imports("torch", "torchvision"):
        from traffic_monitor.tracking import association  # noqa: F401


def needs_pixels(settings: VehicleTrackerSettings) -> bool:
    """Whether the chosen tracker looks at the frames, and not only at the boxes."""
    return settings.type is TrackerType.BOTSORT and (settings.botsort.camera_motion or needs_looks(settings))


def needs_looks(settings: VehicleTrackerSettings) -> bool:
    """Whether the chosen tracker knows vehicles by their looks, too (ReID)."""
    return settings.type is TrackerType.BOTSORT and settings.osnet_model_path is not None


def _is_sound(detection: Detection) -> bool:
    """Whether a detection has an area and possible numbers: others would stay in the motion models for ever."""
    x1, y1, x2, y2 = detection["bbox_xyxy"]
    numbers = (x1, y1, x2, y2, detection["class_id"])
    is_possible = all(-LARGEST_NUMBER <= number <= LARGEST_NUMBER for number in numbers)
    return x2 > x1 and y2 > y1 and is_possible and 0 <= detection["confidence"] <= 1


class _RunningClock:
    """Seconds that only grow. Where a sender's clock stands still or is set back, the last step is repeated."""

    def __init__(self) -> None:
        self._told: float | None = None
        self._time_s = 0.0
        self._step_s = USUAL_STEP_S

    def advance(self, told: float) -> float:
        """The time of the next frame, by the time that its sender stated."""
        told = float(told)
        step = told - self._told if self._told is not None else self._step_s
        if isfinite(told):
            self._told = told
        if 0 < step <= LONGEST_STEP_S:
            self._step_s = step
        self._time_s += LONGEST_STEP_S if step > LONGEST_STEP_S else self._step_s
        return self._time_s


def _build(settings: VehicleTrackerSettings) -> Any:
    from traffic_monitor.tracking.association import TimedBotSort, TimedByteTrack, TimedOcSort

    tracker: Any
    match settings.type:
        case TrackerType.BYTETRACK:
            buffer_s = settings.bytetrack.track_buffer_s
            tracker = TimedByteTrack(**settings.bytetrack.model_dump(exclude={"track_buffer_s"}))
            tracker.removed_stracks = deque(maxlen=KEPT_REMOVED_TRACKS)
        case TrackerType.OCSORT:
            buffer_s = settings.ocsort.max_age_s
            tracker = TimedOcSort(**settings.ocsort.model_dump(exclude={"max_age_s"}))
        case TrackerType.BOTSORT:
            buffer_s = settings.botsort.track_buffer_s
            parameters = settings.botsort.model_dump(exclude={"camera_motion", "track_buffer_s"})
            tracker = TimedBotSort(
                use_cmc=settings.botsort.camera_motion,
                use_embeddings=settings.osnet_model_path is not None,
                reid_weights=_reid_weights(settings.osnet_model_path),
                **parameters,
            )
    tracker.remember_for(buffer_s)
    return tracker


def _reid_weights(path: Path | None) -> Path | None:
    if path is not None and not path.is_file():
        # BoxMOT would try to download a file of this name.
        raise ServiceError(f"vehicle_tracker.osnet_model_path: {path} does not exist")
    if path is not None and path.suffix.lower() == ".pt":  # BoxMOT would run what is in it.
        try:
            inspect_checkpoint(path)
        except CheckpointError as error:
            raise ServiceError(f"vehicle_tracker.osnet_model_path: {path} {error}") from None
    return path

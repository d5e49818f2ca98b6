"""Plate detector: ``TrackedMessage`` in, one ``PlateCandidateMessage`` per plate out.

For a vehicle on which no plate is found, one ``PlateSearchMessage`` per reason.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from traffic_monitor.inference.detection import DetectionModel
from traffic_monitor.inference.plate_search import find_plates
from traffic_monitor.inference.yolo import load_plate_detector
from traffic_monitor.plates.crops import box_width, crop, grow_box, is_empty, to_frame
from traffic_monitor.plates.placement import LARGEST_SHARE, fit, is_whole, owner_of
from traffic_monitor.plates.schedule import ReadingSchedule, TimeBudget
from traffic_monitor.runtime.cameras import PerCamera
from traffic_monitor.runtime.control import ServiceControl
from traffic_monitor.runtime.service_loop import Service, ShutdownEvent, run_service
from traffic_monitor.runtime.transport import DropPolicy, MessageQueue
from traffic_monitor.runtime.workers import Queues, open_output, responsible
from traffic_monitor.settings import Settings
from traffic_monitor.shared_utils.constants import ServiceName, UnreadReason
from traffic_monitor.shared_utils.custom_types import (
    BoxXyxy,
    PlateCandidateMessage,
    PlateSearchMessage,
    TrackedMessage,
    TrackedObject,
    header_of,
)
from traffic_monitor.shared_utils.frame_codec import FrameDecoder, Image
from traffic_monitor.shared_utils.recent_states import RecentStates

CLOSE_SHARE = 0.5
"""Of the frame's width or height; a vehicle that takes more is close."""

CLOSE_MARGIN = 0.25
"""Added around a close vehicle whose plate was cut off, as a share of its size."""

FILLING_SHARE = 0.9
"""Of the frame's width: a plate that takes more is not cut, though its box touches the edges."""


class LPDetector(Service):
    """Finds the plate of each vehicle that is due to be read.

    Args:
        config: all settings.
        model: finds plates; None: the one of the settings.
        budget: what may be spent on searching with a live source; None: anything.
        is_ours: whether a vehicle, by its track id, is searched here and not by another worker.
    """

    def __init__(
        self,
        config: Settings,
        model: DetectionModel | None = None,
        budget: TimeBudget | None = None,
        is_ours: Callable[[int], bool] = lambda _track_id: True,
    ) -> None:
        self._settings = config.lp_detector
        self._model = model or load_plate_detector(self._settings)
        self._decoder = FrameDecoder()
        self._schedule = ReadingSchedule(
            self._settings.interval_frames,
            self._settings.max_candidates,
            self._settings.min_vehicle_width_px,
        )
        self._told: RecentStates[set[UnreadReason]] = RecentStates(set)
        """By track: why it has no plate, as far as that was sent."""
        self._budget = budget
        self._is_ours = is_ours
        self._frames_seen = 0
        self._results: list[PlateCandidateMessage | PlateSearchMessage] = []
        """Of this frame, and of one before that failed at a later vehicle: these are noted as searched."""

    def process(self, message: TrackedMessage) -> list[PlateCandidateMessage | PlateSearchMessage]:
        """Search the vehicles of one frame that are due; a frame without any is not even decoded."""
        frame_index = message.get("frame_index", self._frames_seen)
        self._frames_seen += 1
        if not message.get("is_searched", True):
            return []  # Predicted boxes may cut the plates.
        ours = [vehicle for vehicle in message["tracked_objects"] if self._is_ours(vehicle["track_id"])]
        for vehicle in sorted(ours, key=_nearness, reverse=True):
            if not self._schedule.is_due(vehicle["track_id"], frame_index, vehicle["bbox_xyxy"]):
                continue
            started = time.perf_counter()
            if self._budget is not None and not self._budget.is_left(started):
                break  # They stay due.
            image = self._decoder.decode(message["frame_id"], message["frame_data_jpeg"])
            found = self._find_plate(image, vehicle, message["tracked_objects"])
            is_plate = isinstance(found, _Plate)
            self._schedule.searched(vehicle["track_id"], frame_index, vehicle["bbox_xyxy"], found=is_plate)
            if isinstance(found, _Plate):
                self._results.append(_candidate(message, vehicle, found))
            elif found not in self._told[vehicle["track_id"]]:
                self._told[vehicle["track_id"]].add(found)
                self._results.append(_in_vain(message, vehicle, found))
            if self._budget is not None:
                self._budget.spend(time.perf_counter() - started)
        results, self._results = self._results, []
        return results

    def _find_plate(
        self, image: Image, vehicle: TrackedObject, vehicles: Sequence[TrackedObject]
    ) -> "_Plate | UnreadReason":
        """The plate that suits the vehicle best and is wide enough to be read, or why there is none."""
        height, width = image.shape[:2]
        others = [other for other in vehicles if other["track_id"] != vehicle["track_id"]]
        is_close = _is_close(vehicle["bbox_xyxy"], width, height)
        found = self._search(image, vehicle, others, is_close)
        if is_close and any(plate.is_cut or plate.is_too_wide for plate in found):
            # The box of a vehicle that fills the picture often ends too early, or is just the plate.
            larger = grow_box(vehicle["bbox_xyxy"], CLOSE_MARGIN, width, height)
            if any(plate.is_too_wide for plate in found):
                larger = [0, 0, width, height]
            found = self._search(image, {**vehicle, "bbox_xyxy": larger}, others, is_close)
        own = [plate for plate in found if plate.fit > 0 and not plate.is_cut]
        wide = [plate for plate in own if box_width(plate.box) >= self._settings.min_plate_width_px]
        if wide:
            return max(wide, key=lambda plate: plate.confidence * plate.fit)
        return UnreadReason.TOO_SMALL if own else UnreadReason.NO_PLATE_FOUND

    def _search(
        self, image: Image, vehicle: TrackedObject, others: Sequence[TrackedObject], is_close: bool
    ) -> "list[_Plate]":
        """The plates where a vehicle is seen. Those that suit another vehicle better do not fit this one."""
        height, width = image.shape[:2]
        search_box = grow_box(vehicle["bbox_xyxy"], self._settings.crop_margin, width, height)
        if is_empty(search_box):
            return []
        whole: TrackedObject = {**vehicle, "bbox_xyxy": _beyond_frame(vehicle["bbox_xyxy"], width, height)}
        plates = []
        for found in find_plates(self._model, crop(image, search_box), may_be_large=is_close):
            box = to_frame(found.bbox_xyxy, search_box)
            is_own = owner_of(box, [whole, *others]) == vehicle["track_id"]
            suits = fit(box, whole["bbox_xyxy"]) if is_own else 0.0
            plates.append(
                _Plate(
                    box,
                    found.confidence,
                    suits,
                    is_cut=not is_whole(box, search_box) and box_width(box) < FILLING_SHARE * width,
                    is_too_wide=box_width(box) > LARGEST_SHARE * box_width(vehicle["bbox_xyxy"]),
                )
            )
        return plates


def _is_close(box: BoxXyxy, width: int, height: int) -> bool:
    """Whether a vehicle is large or cut by the frame's edge, so that its plate may take most of what is seen."""
    x1, y1, x2, y2 = box
    is_cut = x1 <= 0 or y1 <= 0 or x2 >= width or y2 >= height
    return is_cut or x2 - x1 > CLOSE_SHARE * width or y2 - y1 > CLOSE_SHARE * height


def _beyond_frame(box: BoxXyxy, width: int, height: int) -> BoxXyxy:
    """The box, with what may lie outside of the frame of a vehicle that fills it from side to side."""
    x1, y1, x2, y2 = box
    if x1 > 0 or x2 < width:
        return box
    across, down = round(CLOSE_MARGIN * width), round(CLOSE_MARGIN * (y2 - y1))
    return [x1 - across, y1 - down * (y1 <= 0), x2 + across, y2 + down * (y2 >= height)]


def _nearness(vehicle: TrackedObject) -> int:
    return box_width(vehicle["bbox_xyxy"])


@dataclass(frozen=True)
class _Plate:
    box: BoxXyxy
    confidence: float
    fit: float
    """With the vehicle that was searched, 0-1; 0 where it cannot be that vehicle's."""
    is_cut: bool
    """Whether it ends where the picture that was searched ends."""
    is_too_wide: bool
    """Whether no vehicle of the searched width can carry it."""


def _candidate(message: TrackedMessage, vehicle: TrackedObject, plate: _Plate) -> PlateCandidateMessage:
    return PlateCandidateMessage(
        **header_of(message),
        frame_data_jpeg=message["frame_data_jpeg"],
        vehicle_track_id=vehicle["track_id"],
        vehicle_class_name=vehicle["class_name"],
        plate_bbox_orig=plate.box,
        plate_confidence=plate.confidence,
        vehicle_bbox_orig=vehicle["bbox_xyxy"],
        plate_fit=plate.fit,
    )


def _in_vain(message: TrackedMessage, vehicle: TrackedObject, reason: UnreadReason) -> PlateSearchMessage:
    return PlateSearchMessage(
        **header_of(message),
        vehicle_track_id=vehicle["track_id"],
        vehicle_class_name=vehicle["class_name"],
        unread_reason=reason,
    )


def search_budget(config: Settings) -> TimeBudget | None:
    """What one worker may spend on all cameras; None where no camera is live and there is time for everything."""
    if not config.is_live:
        return None
    settings = config.lp_detector
    return TimeBudget(settings.live_budget_ms / 1000 / settings.workers, time.perf_counter())


def lp_detector_process(
    config: Settings,
    input_q: MessageQueue,
    output_q: Queues,
    shutdown_event: ShutdownEvent,
    control: ServiceControl | None = None,
) -> None:
    """Run the plate detector until its input ends or the shutdown event is set.

    Args:
        config: all settings.
        input_q: ``tracked_for_plates``.
        output_q: ``lp_candidates``, or one queue per reading worker.
        shutdown_event: when set, leave at once.
        control: wire to the supervisor; with several workers it says which one this is.
    """
    control = control or ServiceControl()
    settings = config.lp_detector

    def is_ours(track_id: int) -> bool:
        workers = set(range(settings.workers)) - set(control.lost(ServiceName.LP_DETECTOR))
        return responsible(track_id, workers) == control.number

    def build() -> PerCamera:
        model, budget = load_plate_detector(settings), search_budget(config)
        return PerCamera(config, lambda camera: LPDetector(camera, model, budget, is_ours))

    policy = DropPolicy.DROP_OLDEST if config.is_live else DropPolicy.BLOCK
    readers = open_output(
        output_q, policy, partial(control.lost, ServiceName.OCR_READER), lambda plate: plate["vehicle_track_id"]
    )
    run_service(
        ServiceName.LP_DETECTOR,
        build,
        input_q,
        [readers],
        shutdown_event,
        control,
        low_priority=config.is_live,
    )

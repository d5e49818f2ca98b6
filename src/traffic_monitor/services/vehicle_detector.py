"""Vehicle detector: ``FrameMessage`` in, ``DetectionMessage`` out."""

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import cast

from traffic_monitor.inference.detection import DetectionModel, PendingBoxes
from traffic_monitor.inference.search_pace import SearchPace
from traffic_monitor.inference.stillness import StillnessGate
from traffic_monitor.inference.vehicles_by_plate import VehiclesByPlate
from traffic_monitor.inference.yolo import load_detector, load_plate_detector
from traffic_monitor.runtime.cameras import PerCamera
from traffic_monitor.runtime.control import ServiceControl
from traffic_monitor.runtime.service_loop import Service, ShutdownEvent, run_service
from traffic_monitor.runtime.transport import MessageQueue, Output
from traffic_monitor.runtime.workers import Queues, open_input
from traffic_monitor.settings import Search, Settings, VehicleDetectorSettings, WithoutVehicle
from traffic_monitor.shared_utils.constants import ServiceName
from traffic_monitor.shared_utils.custom_types import Detection, DetectionMessage, FrameMessage, media_time_of
from traffic_monitor.shared_utils.errors import ServiceError
from traffic_monitor.shared_utils.frame_codec import Image, decode_frame

SEARCHES = 2
"""Frames searched at a time: half of the threads for each of two frames get more done than all of them for one."""

UNKNOWN_CLASS = "vehicle"
"""The class of vehicles that only their plate gives away."""

PendingDetections = Callable[[], list[Detection] | None]
"""None: the frame need not be searched."""


class VehicleDetector(Service):
    """Finds the vehicles in each frame."""

    def __init__(
        self,
        config: Settings,
        model: DetectionModel | None = None,
        plate_model: DetectionModel | None = None,
    ) -> None:
        """Load what is not given.

        Args:
            config: all settings.
            model: finds vehicles; None: the one of the settings.
            plate_model: finds plates of vehicles that ``model`` does not find; None: they are not searched for.
        """
        settings = config.vehicle_detector
        self._model = model or load_detector(ServiceName.VEHICLE_DETECTOR, settings, SEARCHES)
        self._names = choose_classes(self._model.names, settings)
        self._gate = StillnessGate() if settings.skip_still else None
        self._by_plate: VehiclesByPlate | None = None
        if plate_model is not None:
            always = config.lp_detector.without_vehicle is WithoutVehicle.ON
            self._by_plate = VehiclesByPlate(plate_model, max(self._model.names) + 1, always=always)
        self._pace = SearchPace() if settings.search is Search.NEEDED else None
        self._latest: PendingDetections = list
        self._started: dict[str, PendingDetections] = {}

    def prepare(self, message: FrameMessage) -> None:
        """Decode a frame and start the search in it."""
        self._started[message["frame_id"]] = self._start(message)

    def process(self, message: FrameMessage) -> list[DetectionMessage]:
        """Detect the vehicles of one frame."""
        search = self._started.pop(message["frame_id"], None) or self._start(message)
        try:
            detections = search()
        except Exception:
            if self._gate is not None:
                self._gate.failed()
            raise
        if detections is None:
            return [cast(DetectionMessage, {**message, "detections": [], "is_searched": False})]
        return [cast(DetectionMessage, {**message, "detections": detections})]

    def _start(self, message: FrameMessage) -> PendingDetections:
        if self._pace is not None:
            if not self._pace.is_due(media_time_of(message)):
                return _not_searched
            self._pace.started(media_time_of(message))
        size = message["frame_width"], message["frame_height"]
        image = decode_frame(message["frame_data_jpeg"], least=self._model.size_needed(size))
        if self._gate is None or self._gate.needs_search(image):
            # Frames in which nothing moved ask for the same detections again.
            boxes = self._model.start(image, list(self._names), size)
            self._latest = _once(partial(self._detections, boxes, image, message))
            if self._gate is not None:
                self._gate.searched()  # Not before: a search that could not be started has found nothing.
        return self._latest

    def _detections(self, started: PendingBoxes, image: Image, message: FrameMessage) -> list[Detection]:
        boxes = started()
        if self._by_plate is not None:
            size = message["frame_width"], message["frame_height"]
            boxes = self._by_plate.complete(image, boxes, size, media_time_of(message))
        if self._pace is not None:
            self._pace.found(boxes, media_time_of(message))
        return [
            Detection(
                bbox_xyxy=box.bbox_xyxy,
                confidence=box.confidence,
                class_id=box.class_id,
                class_name=self._names.get(box.class_id, UNKNOWN_CLASS),
            )
            for box in boxes
        ]


def _not_searched() -> None:
    return None


def _once(search: PendingDetections) -> PendingDetections:
    """The same detections, or the same failure, for every frame: a search gives its boxes once only."""

    @cache
    def outcome() -> list[Detection] | Exception | None:
        try:
            return search()
        except Exception as error:  # noqa: BLE001 - raised again below
            return error

    def detections() -> list[Detection] | None:
        found = outcome()
        if isinstance(found, Exception):
            raise found
        return found

    return detections


def choose_classes(model_names: Mapping[int, str], settings: VehicleDetectorSettings) -> dict[int, str]:
    """The model's class ids that count as vehicles, with the names to use for them.

    ``class_mapping`` renames classes first; then those whose name is in ``classes`` are kept.

    Raises:
        ServiceError: the mapping names an id the model does not have, or none of the classes is known to it.
    """
    unknown_ids = set(settings.class_mapping) - set(model_names)
    if unknown_ids:
        raise ServiceError(
            f"vehicle_detector.class_mapping: the model has no class {min(unknown_ids)}; "
            f"its ids are {min(model_names)} to {max(model_names)}"
        )
    names = {**model_names, **settings.class_mapping}
    chosen = {class_id: name for class_id, name in names.items() if name in settings.classes}
    if not chosen:
        raise ServiceError(
            f"vehicle_detector.classes: the model knows none of {', '.join(settings.classes)}; "
            f"it knows {', '.join(list(names.values())[:12])}"
        )
    return chosen


def vehicle_detector_process(
    config: Settings,
    input_q: Queues,
    output_q: MessageQueue,
    shutdown_event: ShutdownEvent,
    control: ServiceControl | None = None,
) -> None:
    """Run the vehicle detector until its input ends or the shutdown event is set.

    Args:
        config: all settings.
        input_q: ``raw_frames``, or one queue per camera.
        output_q: ``vehicle_detections``.
        shutdown_event: when set, leave at once.
        control: wire to the supervisor.
    """
    control = control or ServiceControl()

    def build() -> PerCamera:
        model = load_detector(ServiceName.VEHICLE_DETECTOR, config.vehicle_detector, SEARCHES)
        plates = None
        if config.lp_detector.without_vehicle is not WithoutVehicle.OFF:
            plates = load_plate_detector(config.lp_detector)
        return PerCamera(config, lambda camera: VehicleDetector(camera, model, plates))

    run_service(
        ServiceName.VEHICLE_DETECTOR,
        build,
        open_input(input_q, partial(control.lost, ServiceName.FRAME_GRABBER)),
        [Output(output_q)],
        shutdown_event,
        control,
        prepare_ahead=True,
    )

"""Vehicle tracker: ``DetectionMessage`` in, ``TrackedMessage`` out to three consumers."""

from collections.abc import Sequence
from functools import partial
from typing import cast

from traffic_monitor.counting.boxes import bottom_center
from traffic_monitor.counting.zones import is_inside_any
from traffic_monitor.runtime.cameras import PerCamera
from traffic_monitor.runtime.control import ServiceControl
from traffic_monitor.runtime.resequencer import Resequencer
from traffic_monitor.runtime.service_loop import Service, ShutdownEvent, run_service
from traffic_monitor.runtime.transport import DropPolicy, MessageQueue, Output
from traffic_monitor.runtime.workers import Queues, queues_of
from traffic_monitor.settings import Settings, area_in_frame
from traffic_monitor.shared_utils.constants import ServiceName
from traffic_monitor.shared_utils.custom_types import (
    BoxXyxy,
    Detection,
    DetectionMessage,
    TrackedMessage,
    TrackedObject,
    media_time_of,
)
from traffic_monitor.shared_utils.frame_codec import decode_frame
from traffic_monitor.tracking.prediction import Prediction
from traffic_monitor.tracking.trackers import Tracker, load_without_looks, needs_looks


class VehicleTracker(Service):
    """Gives the vehicles of each frame identities that last."""

    def __init__(self, config: Settings) -> None:
        resumed = config.resume_point
        self._tracker = Tracker(config.vehicle_tracker, resumed.last_track_id if resumed else 0)
        self._prediction = Prediction()
        self._ignored = config.vehicle_counter.ignore

    def process(self, message: DetectionMessage) -> list[TrackedMessage]:
        """Continue the tracks with the detections of one frame."""
        time_s = media_time_of(message)
        if not message.get("is_searched", True):
            predicted = self._prediction.at(time_s, message["frame_width"], message["frame_height"])
            return [self._message(message, predicted, [])]
        detections = message["detections"]
        image = decode_frame(message["frame_data_jpeg"]) if self._tracker.needs_pixels else None
        tracks = self._tracker.update(detections, image, time_s)
        tracked = [_tracked_object(detections[track.detection_index], track.track_id) for track in tracks]
        self._prediction.seen(tracked, time_s)
        in_track = {track.detection_index for track in tracks}
        untracked = [each["bbox_xyxy"] for index, each in enumerate(detections) if index not in in_track]
        return [self._message(message, tracked, untracked)]

    def _message(
        self, message: DetectionMessage, tracked: Sequence[TrackedObject], untracked: Sequence[BoxXyxy]
    ) -> TrackedMessage:
        """The frame with its vehicles; one that stands in an ignored area is none, but its plate is still hidden.

        Its track goes on all the same: it has its number again when it comes out.
        """
        areas = [area_in_frame(area, message["frame_width"], message["frame_height"]) for area in self._ignored]
        in_area = [is_inside_any(areas, bottom_center(vehicle["bbox_xyxy"])) for vehicle in tracked]
        frame = {key: value for key, value in message.items() if key != "detections"}
        counted = [vehicle for vehicle, is_in in zip(tracked, in_area, strict=True) if not is_in]
        ignored = [vehicle["bbox_xyxy"] for vehicle, is_in in zip(tracked, in_area, strict=True) if is_in]
        return cast(
            TrackedMessage, {**frame, "tracked_objects": counted, "untracked_boxes": [*untracked, *ignored]}
        )


def _tracked_object(detection: Detection, track_id: int) -> TrackedObject:
    # The detected box, not the one smoothed by the motion model: crops and crossings want what was seen.
    return TrackedObject(
        bbox_xyxy=detection["bbox_xyxy"],
        track_id=track_id,
        class_id=detection["class_id"],
        class_name=detection["class_name"],
        confidence=detection["confidence"],
    )


def vehicle_tracker_process(
    config: Settings,
    input_q: Queues,
    output_qs: tuple[Queues, MessageQueue, MessageQueue],
    shutdown_event: ShutdownEvent,
    control: ServiceControl | None = None,
) -> None:
    """Run the tracker until its input ends or the shutdown event is set.

    Args:
        config: all settings.
        input_q: ``vehicle_detections``, or one queue per detecting worker.
        output_qs: ``tracked_for_plates`` (or one queue per worker that searches plates), ``tracked_for_counting``
            and ``tracked_for_display``, in this order.
        shutdown_event: when set, leave at once.
        control: wire to the supervisor.
    """
    control = control or ServiceControl()
    source = (
        Resequencer(input_q, partial(control.lost, ServiceName.VEHICLE_DETECTOR), room=config.queue_size)
        if isinstance(input_q, Sequence)
        else input_q
    )
    # Live, plates and pictures may be dropped for the sake of time; what is counted never is.
    droppable = DropPolicy.DROP_OLDEST if config.is_live else DropPolicy.BLOCK
    plates_q, counting_q, display_q = output_qs

    def build() -> PerCamera:
        if not any(needs_looks(camera.vehicle_tracker) for camera in config.each_camera()):
            load_without_looks()
        return PerCamera(config, VehicleTracker)

    # Each worker that searches plates gets all frames: a plate is given to one vehicle of all in the picture.
    to_plates = [
        Output(queue, droppable, partial(control.is_lost, ServiceName.LP_DETECTOR, number))
        for number, queue in enumerate(queues_of(plates_q))
    ]
    run_service(
        ServiceName.VEHICLE_TRACKER,
        build,
        source,
        [*to_plates, Output(counting_q), Output(display_q, droppable)],
        shutdown_event,
        control,
    )

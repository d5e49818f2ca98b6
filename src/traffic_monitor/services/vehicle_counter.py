"""Vehicle counter: ``TrackedMessage`` in, ``CountUpdateMessage`` out."""

from traffic_monitor.counting.crossings import CountTable, CrossingDetector, LineCrossing
from traffic_monitor.counting.lines import CountingLine
from traffic_monitor.shared_utils.constants import ServiceName
from traffic_monitor.shared_utils.control import ServiceControl
from traffic_monitor.shared_utils.custom_types import CountUpdateMessage, Crossing, TrackedMessage
from traffic_monitor.shared_utils.service_loop import Service, ShutdownEvent, run_service
from traffic_monitor.shared_utils.settings import Settings
from traffic_monitor.shared_utils.transport import MessageQueue, Output


class VehicleCounter(Service):
    """Counts vehicles that cross the lines. The lines are placed when the first frame tells its size."""

    def __init__(self, config: Settings) -> None:
        self._camera_id = config.camera_id
        self._line_settings = config.vehicle_counter.lines
        self._detector: CrossingDetector | None = None
        self._table = CountTable([])
        self._last_timestamp = 0.0

    def process(self, message: TrackedMessage) -> list[CountUpdateMessage]:
        """Move every track on; an update when a line was crossed."""
        detector = self._detector or self._place_lines(message["frame_width"], message["frame_height"])
        self._last_timestamp = message["timestamp"]
        crossings: list[Crossing] = []
        for vehicle in message["tracked_objects"]:
            for crossing in detector.update(vehicle["track_id"], vehicle["class_name"], vehicle["bbox_xyxy"]):
                self._table.add(crossing)
                crossings.append(_to_message(crossing, message))
        return [self._update(crossings)] if crossings else []

    def flush(self) -> list[CountUpdateMessage]:
        """The final counts."""
        return [self._update([])]

    def _place_lines(self, width: int, height: int) -> CrossingDetector:
        lines = [CountingLine.in_frame(line, width, height) for line in self._line_settings]
        self._detector = CrossingDetector(lines)
        self._table = CountTable(lines)
        return self._detector

    def _update(self, crossings: list[Crossing]) -> CountUpdateMessage:
        return CountUpdateMessage(
            camera_id=self._camera_id,
            timestamp=self._last_timestamp,
            counts_by_class=self._table.by_class,
            total_count=self._table.total,
            counts_by_line=self._table.by_line,
            crossings=crossings,
        )


def _to_message(crossing: LineCrossing, frame: TrackedMessage) -> Crossing:
    message = Crossing(
        line=crossing.line,
        direction=crossing.direction,
        track_id=crossing.track_id,
        class_name=crossing.class_name,
        timestamp=frame["timestamp"],
    )
    if "frame_index" in frame:
        message["frame_index"] = frame["frame_index"]
    if "media_time" in frame:
        message["media_time"] = frame["media_time"]
    return message


def vehicle_counter_process(
    config: Settings,
    input_q: MessageQueue,
    output_q: MessageQueue,
    shutdown_event: ShutdownEvent,
    control: ServiceControl | None = None,
) -> None:
    """Run the counter until its input ends or the shutdown event is set."""
    run_service(
        ServiceName.VEHICLE_COUNTER,
        lambda: VehicleCounter(config),
        input_q,
        [Output(output_q)],
        shutdown_event,
        control,
    )

"""Vehicle counter: ``TrackedMessage`` in, ``CountUpdateMessage`` out."""

from loguru import logger

from traffic_monitor.counting.continued import continued
from traffic_monitor.counting.journeys import crossing_message
from traffic_monitor.counting.road import RoadCounter, RoadUpdate
from traffic_monitor.counting.vehicles import FrameTime
from traffic_monitor.runtime.cameras import PerCamera
from traffic_monitor.runtime.control import ServiceControl
from traffic_monitor.runtime.service_loop import Service, ShutdownEvent, run_service
from traffic_monitor.runtime.transport import MessageQueue, Output
from traffic_monitor.settings import Settings
from traffic_monitor.settings.outside import shapes_outside
from traffic_monitor.shared_utils.constants import ServiceName
from traffic_monitor.shared_utils.custom_types import (
    CountResults,
    CountUpdateMessage,
    FrameHeader,
    TrackedMessage,
)
from traffic_monitor.shared_utils.soundness import require_sound

NOTHING_SEEN = RoadUpdate(CountResults(counts_by_class={}, total_count=0, counts_by_line={}), [], [], [])


class VehicleCounter(Service):
    """Counts vehicles that cross the lines. The lines are placed when the size of the first frame is known."""

    def __init__(self, config: Settings) -> None:
        self._config = config
        self._camera_id = config.camera_id
        self._settings = config.vehicle_counter
        self._clock = config.frame_grabber.clock
        self._resumed = config.resume_point
        self._has_reported = False
        self._road: RoadCounter | None = None
        self._last_timestamp = 0.0
        self._last_index: int | None = None

    def process(self, message: TrackedMessage) -> list[CountUpdateMessage]:
        """Move every vehicle on; an update when that changes a result, or a vehicle's record has news.

        Raises:
            ValueError: the message holds what is no number, box, id or name.
        """
        require_sound(message)
        size = message["frame_width"], message["frame_height"]
        road = self._road = self._road or self._new_road(*size)
        self._last_timestamp, self._last_index = message["timestamp"], message.get("frame_index")
        if not message.get("is_searched", True):
            return []  # What is predicted has not been seen: vehicles are counted where they are found.
        road.observe(message["tracked_objects"], _frame_time_of(message))
        update = road.pop_update()
        return [] if update is None else [self._message(update)]

    def flush(self) -> list[CountUpdateMessage]:
        """The final counts, with what was undecided when the stream ended."""
        if self._road is None:
            return [self._message(NOTHING_SEEN, is_last=True)]
        self._road.finish()
        return [self._message(self._road.pop_update(is_last=True) or NOTHING_SEEN, is_last=True)]

    def _new_road(self, width: int, height: int) -> RoadCounter:
        for key, problem in shapes_outside(self._config, width, height):
            logger.warning("{}: {}: {}", self._camera_id, key, problem)
        last_id = self._resumed.last_vehicle_id if self._resumed else 0
        return RoadCounter(self._settings, width, height, self._clock, last_id)

    def _message(self, update: RoadUpdate, is_last: bool = False) -> CountUpdateMessage:
        results = update.results
        if self._resumed is not None:
            results = continued(self._resumed.counts, results, everything=is_last or not self._has_reported)
        self._has_reported = True
        return {
            **results,
            "camera_id": self._camera_id,
            "timestamp": self._last_timestamp,
            "frame_index": self._last_index,
            "crossings": [crossing_message(crossing, class_name) for crossing, class_name in update.crossings],
            "journeys": update.journeys,
            "identity_changes": update.identity_changes,
        }


def _frame_time_of(frame: FrameHeader) -> FrameTime:
    return FrameTime(frame["timestamp"], frame.get("frame_index"), frame.get("media_time"))


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
        lambda: PerCamera(config, VehicleCounter),
        input_q,
        [Output(output_q)],
        shutdown_event,
        control,
    )

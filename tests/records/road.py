"""A run of some vehicles, recorded as the visualizer records it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.builders import START, make_ocr_result, make_tracked_message, make_vehicle
from traffic_monitor.records.delivery import Listener
from traffic_monitor.records.recorder import Recorder
from traffic_monitor.services.vehicle_counter import VehicleCounter
from traffic_monitor.settings import Settings

LINE = {"name": "main", "points": [[0.0, 0.5], [1.0, 0.5]]}


def settings(**sections: Any) -> Settings:
    """Settings with one line across the middle of the 320 × 240 frame."""
    counter = {"lines": [LINE], **sections.pop("vehicle_counter", {})}
    return Settings.model_validate({"vehicle_counter": counter, **sections})


class RecordedRoad:
    """Counts vehicles and records them, without a process."""

    def __init__(
        self,
        folder: Path,
        config: Settings | None = None,
        clock: Any = lambda: START,
        listeners: Sequence[Listener] = (),
    ) -> None:
        self.config = config or settings()
        self.folder = folder
        self.counter = VehicleCounter(self.config)
        self.recorder = Recorder(folder, self.config, "clip.mp4", clock, listeners)
        self.frame = 0

    def see(self, *boxes: tuple[int, list[int]], class_name: str = "car") -> None:
        """One frame with these tracks and boxes."""
        vehicles = [make_vehicle(track, box, class_name) for track, box in boxes]
        message = make_tracked_message(vehicles, self.frame)
        self.frame += 1
        self.recorder.take(message)
        for update in self.counter.process(message):
            self.recorder.take(update)

    def drive_down(self, track_id: int, x: int = 100, class_name: str = "car") -> None:
        """A vehicle drives down the picture and over the line."""
        for y in range(40, 230, 6):
            self.see((track_id, [x - 15, y - 30, x + 15, y]), class_name=class_name)

    def read(self, track_id: int, text: str, **changes: Any) -> None:
        """A plate is read now."""
        fields: dict[str, Any] = {
            "vehicle_class_name": "car", "consensus_text": text, "consensus_confidence": 0.9, "readings": 3,
            "unread_reason": None, "plate_fit": 0.8, "frame_index": self.frame,
        }  # fmt: skip
        self.recorder.take(make_ocr_result(text, track_id, self.frame, **{**fields, **changes}))

    def end(self) -> None:
        """The stream ends."""
        for update in self.counter.flush():
            self.recorder.take(update)
        self.recorder.close()


def record_cars(folder: Path, plates: Sequence[str], config: Settings | None = None) -> Path:
    """A run in which one car after the other crosses the line, each with a plate; its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    road = RecordedRoad(folder, config)
    for track_id, plate in enumerate(plates, start=1):
        road.drive_down(track_id)
        if plate:
            road.read(track_id, plate)
        for _ in range(60):
            road.see()
    road.end()
    return folder

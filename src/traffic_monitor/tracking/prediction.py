"""Where tracked vehicles are in a frame that was not searched."""

from collections.abc import Sequence

from traffic_monitor.shared_utils.custom_types import BoxXyxy, TrackedObject


class Prediction:
    """Moves each vehicle on as it moved between the last two searched frames."""

    def __init__(self) -> None:
        self._before: dict[int, BoxXyxy] = {}
        self._before_s = 0.0
        self._now: Sequence[TrackedObject] = []
        self._now_s = 0.0

    def seen(self, vehicles: Sequence[TrackedObject], time_s: float) -> None:
        """The vehicles of a searched frame."""
        self._before = {vehicle["track_id"]: vehicle["bbox_xyxy"] for vehicle in self._now}
        self._before_s = self._now_s
        self._now, self._now_s = vehicles, time_s

    def at(self, time_s: float, width: int, height: int) -> list[TrackedObject]:
        """The vehicles at a later time, as far as they are still in a frame of ``width`` x ``height`` pixels."""
        step_s = self._now_s - self._before_s
        share = (time_s - self._now_s) / step_s if step_s > 0 else 0.0
        moved = []
        for vehicle in self._now:
            box = vehicle["bbox_xyxy"]
            before = self._before.get(vehicle["track_id"], box)
            x1, y1, x2, y2 = (round(now + (now - then) * share) for now, then in zip(box, before, strict=True))
            inside = [max(x1, 0), max(y1, 0), min(x2, width), min(y2, height)]
            if inside[0] < inside[2] and inside[1] < inside[3]:
                moved.append(TrackedObject(**{**vehicle, "bbox_xyxy": inside}))
        return moved

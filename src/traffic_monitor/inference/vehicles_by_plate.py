"""Vehicles that only their plate gives away: so close that they fill the picture, or too dark to be found."""

from collections.abc import Sequence
from dataclasses import replace

from traffic_monitor.inference.detection import DetectedBox, DetectionModel, Size
from traffic_monitor.inference.plate_search import find_plates
from traffic_monitor.plates.crops import box_width
from traffic_monitor.plates.placement import LARGEST_SHARE, USUAL_PLACE
from traffic_monitor.shared_utils.custom_types import BoxXyxy
from traffic_monitor.shared_utils.frame_codec import Image

LEAST_CONFIDENCE = 0.5
LEAST_SHARE = 0.1
"""Of the frame's width. The vehicle of a smaller plate does not fill the picture; what looks like such a plate is
mostly writing on signs and shops."""

SURE_VEHICLE = 0.3
"""Confidence from which a vehicle counts as found."""

PAUSE_S = 0.25
"""Between two searches while there is nothing to be found: a vehicle that fills the picture stays for longer."""

VEHICLE_WIDTH, VEHICLE_HEIGHT = 3.5, 3.0
"""Of the assumed vehicle, in widths of its plate."""


class VehiclesByPlate:
    """Searches whole frames for plates.

    Args:
        model: finds plates.
        class_id: of the vehicles that are only known by their plate.
        always: search every frame, also beside vehicles that were found; else those without any.
    """

    def __init__(self, model: DetectionModel, class_id: int, *, always: bool) -> None:
        self._model = model
        self._class_id = class_id
        self._always = always
        self._next_s = float("-inf")

    def complete(
        self, image: Image, vehicles: Sequence[DetectedBox], size: Size, time_s: float
    ) -> list[DetectedBox]:
        """The vehicles of a frame, with those that were not found or only weakly.

        Args:
            image: BGR pixels of the frame, which may be a smaller copy of it.
            vehicles: found in the frame.
            size: width and height of the frame, in whose pixels all boxes are.
            time_s: of the frame, in seconds from any start.
        """
        all_of_them = list(vehicles)
        is_empty = not any(each.confidence >= SURE_VEHICLE for each in vehicles)
        if self._always or (is_empty and time_s >= self._next_s):
            plates = find_plates(self._model, image, may_be_large=True, size=size)
            believed = [plate for plate in plates if _is_believed(plate, size)]
            for plate in believed:
                self._give_vehicle(plate, all_of_them, size)
            self._next_s = time_s if believed else time_s + PAUSE_S
        return all_of_them

    def _give_vehicle(self, plate: DetectedBox, vehicles: list[DetectedBox], size: Size) -> None:
        """Make a vehicle that has the plate as sure as the plate; add one where there is none."""
        for number, vehicle in enumerate(vehicles):
            if _holds(vehicle.bbox_xyxy, plate.bbox_xyxy):
                sure = max(vehicle.confidence, plate.confidence)
                vehicles[number] = replace(vehicle, confidence=sure)
                return
        vehicles.append(DetectedBox(_vehicle_of(plate.bbox_xyxy, size), plate.confidence, self._class_id))


def _is_believed(plate: DetectedBox, size: Size) -> bool:
    return plate.confidence >= LEAST_CONFIDENCE and box_width(plate.bbox_xyxy) >= LEAST_SHARE * size[0]


def _holds(vehicle: BoxXyxy, plate: BoxXyxy) -> bool:
    """Whether a vehicle's box holds a whole plate, and is no more than a frame around it."""
    x1, y1, x2, y2 = plate
    is_inside = vehicle[0] <= x1 and vehicle[1] <= y1 and x2 <= vehicle[2] and y2 <= vehicle[3]
    return is_inside and box_width(plate) <= LARGEST_SHARE * box_width(vehicle)


def _vehicle_of(plate: BoxXyxy, size: Size) -> BoxXyxy:
    """Where the vehicle is assumed, inside the frame. Even at the upper edge the plate is not too high for it."""
    width, middle, center = box_width(plate), (plate[0] + plate[2]) / 2, (plate[1] + plate[3]) / 2
    above = min(USUAL_PLACE * VEHICLE_HEIGHT * width, center)
    below = min(above / USUAL_PLACE * (1 - USUAL_PLACE), size[1] - center)
    reach = VEHICLE_WIDTH * width / 2
    return [
        max(round(middle - reach), 0),
        round(center - above),
        min(round(middle + reach), size[0]),
        max(round(center + below), plate[3]),
    ]

"""Makes plates unreadable in pictures: BGR images changed in place; boxes in pixels, x2 and y2 exclusive."""

from collections.abc import Sequence

import cv2

from traffic_monitor.plates.crops import crop, grow_box, is_empty
from traffic_monitor.plates.placement import HIGHEST_PLACE, LOWEST_PLACE
from traffic_monitor.shared_utils.custom_types import BoxXyxy, TrackedObject
from traffic_monitor.shared_utils.frame_codec import Image

CELLS_ACROSS = 8
"""Mosaic cells across a vehicle. A car's plate is a quarter as wide, so its text shrinks to two cells."""

FINE_CELLS_ACROSS = 24
"""Above the place of a vehicle's own plate, where one behind it may show its: six cells for that text."""

MARGIN = 0.1
"""A vehicle's box may be too tight; this share of its size is hidden around it as well."""

REMEMBERED_S = 0.5
"""A vehicle that is not detected for a moment stays hidden where it was seen last."""


class PlateHider:
    """Hides the place of the plate on every vehicle, whether a plate was found there or not.

    Plates are found frames after their vehicle comes into sight and are no longer searched when they are settled.
    So not the plates are hidden but the part of each vehicle in which a plate can be.
    """

    def __init__(self) -> None:
        self._seen: dict[int, tuple[float, BoxXyxy]] = {}

    def hide(self, image: Image, vehicles: Sequence[TrackedObject], media_time: float) -> None:
        """Hide the plates of all vehicles of one frame.

        Args:
            image: the frame, changed in place.
            vehicles: tracked in it.
            media_time: of the frame in seconds; a time before the last one starts anew.
        """
        self._seen |= {vehicle["track_id"]: (media_time, vehicle["bbox_xyxy"]) for vehicle in vehicles}
        self._seen = {
            track: (seen, box)
            for track, (seen, box) in self._seen.items()
            if 0 <= media_time - seen <= REMEMBERED_S
        }
        for _, box in self._seen.values():
            hide_plate(image, box)


def hide_plate(image: Image, vehicle: BoxXyxy) -> None:
    """Hide the part of a vehicle in which its plate can be. ``vehicle`` may reach beyond the image."""
    x1, y1, x2, y2 = vehicle
    height = y2 - y1
    place = [x1, y1 + int(HIGHEST_PLACE * height), x2, y1 + int(LOWEST_PLACE * height)]
    _make_coarse(image, grow_box(place, MARGIN, image.shape[1], image.shape[0]), (x2 - x1) / CELLS_ACROSS)


def hide_plates_in_crop(vehicle: Image) -> None:
    """Hide all plates in the picture of one vehicle, also those of others in it."""
    height, width = vehicle.shape[:2]
    _make_coarse(vehicle, [0, 0, width, height], width / FINE_CELLS_ACROSS)
    hide_plate(vehicle, [0, 0, width, height])


def _make_coarse(image: Image, box: BoxXyxy, cell: float) -> None:
    """Replace the pixels of a box by a mosaic of cells of about this size in pixels."""
    if is_empty(box):
        return
    part = crop(image, box)
    height, width = part.shape[:2]
    size = (max(round(width / max(cell, 1)), 1), max(round(height / max(cell, 1)), 1))
    means = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    part[:] = cv2.resize(means, (width, height), interpolation=cv2.INTER_NEAREST)

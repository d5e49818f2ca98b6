"""Makes plates unreadable in pictures: BGR images changed in place; boxes in pixels, x2 and y2 exclusive."""

import cv2

from traffic_monitor.plates.crops import crop, grow_box, is_empty
from traffic_monitor.plates.placement import HIGHEST_PLACE, LOWEST_PLACE
from traffic_monitor.shared_utils.custom_types import BoxXyxy, TrackedMessage, media_time_of
from traffic_monitor.shared_utils.frame_codec import Image

CELLS_ACROSS = 8
"""Mosaic cells across a vehicle. A car's plate is a quarter as wide, so its text shrinks to two cells."""

FINE_CELLS_ACROSS = 24
"""Above the place of a vehicle's own plate, where one behind it may show its: six cells for that text."""

MARGIN = 0.1
"""A vehicle's box may be too tight; this share of its size is hidden around it as well."""

REMEMBERED_S = 0.5
"""A vehicle that is not detected for a moment stays hidden where it was seen last."""

_Seen = tuple[float, BoxXyxy]
"""When, in media seconds, and where."""


class PlateHider:
    """Hides the place of the plate on every detected vehicle, whether a plate was found there or not.

    Plates are found frames after their vehicle comes into sight and are no longer searched when they are settled.
    So not the plates are hidden but the part of each vehicle in which a plate can be. Tracks begin later than
    vehicles too: detections without a track count as well.
    """

    def __init__(self) -> None:
        self._tracked: dict[int, _Seen] = {}
        self._untracked: list[_Seen] = []

    def hide(self, image: Image, message: TrackedMessage) -> None:
        """Hide the plates of all vehicles of one frame.

        Args:
            image: the frame, changed in place.
            message: its vehicles. A media time before the last one starts anew.
        """
        now = media_time_of(message)
        tracked = {vehicle["track_id"]: (now, vehicle["bbox_xyxy"]) for vehicle in message["tracked_objects"]}
        untracked = [(now, box) for box in message.get("untracked_boxes", [])]
        in_sight = [box for _, box in [*tracked.values(), *untracked]]
        # Without an identity, a vehicle is taken for the one that is found in its place.
        lost = [seen for seen in self._untracked if not any(_covers(box, seen[1]) for box in in_sight)]
        self._tracked = {track: seen for track, seen in (self._tracked | tracked).items() if _is_recent(seen, now)}
        self._untracked = [seen for seen in [*lost, *untracked] if _is_recent(seen, now)]
        for _, box in [*self._tracked.values(), *self._untracked]:
            hide_plate(image, box)


def _is_recent(seen: _Seen, now: float) -> bool:
    return 0 <= now - seen[0] <= REMEMBERED_S


def _covers(box: BoxXyxy, other: BoxXyxy) -> bool:
    """Whether a box holds the centre of another."""
    x, y = (other[0] + other[2]) / 2, (other[1] + other[3]) / 2
    return box[0] <= x < box[2] and box[1] <= y < box[3]


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

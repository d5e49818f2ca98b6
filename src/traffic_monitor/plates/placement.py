"""Whose plate is it? Where a plate can be on a vehicle, and which of several vehicles it fits best.

Boxes are ``[x1, y1, x2, y2]`` in pixels of the full frame, x2 and y2 exclusive.
"""

import math
from collections.abc import Sequence

from traffic_monitor.plates.crops import box_width
from traffic_monitor.shared_utils.custom_types import BoxXyxy, TrackedObject

HIGHEST_PLACE, LOWEST_PLACE = 0.3, 1.05
"""A plate's centre lies between these shares of the vehicle's height from its top: what is higher is a roof sign,
a windscreen sticker or a caption burnt into the picture. The highest real one of the shared clips lies at 0.36,
the lowest at 0.96; a box may end a little too early."""

USUAL_PLACE = 0.75
"""Where most plates' centres lie, as a share of the vehicle's height from its top."""

SMALLEST_SHARE, USUAL_SHARE, LARGEST_SHARE = 0.03, 0.25, 0.8
"""Plate width by vehicle width. A car is 1.8 m wide and its plate 0.3 m (USA) to 0.52 m (Europe); seen from the
side its box is 4.5 m wide. The widest share is a motorcycle's, whose plate is half as wide as its handlebar."""


def fit(plate: BoxXyxy, vehicle: BoxXyxy) -> float:
    """How well a plate suits a vehicle's box, 0-1: low, central, of the usual size; 0 where it cannot be.

    The measures are this project's own, set by the plates of the demo clip and of real clips.
    """
    width, height = box_width(vehicle), vehicle[3] - vehicle[1]
    if width <= 0 or height <= 0:
        return 0.0
    across = ((plate[0] + plate[2]) / 2 - vehicle[0]) / width
    down = ((plate[1] + plate[3]) / 2 - vehicle[1]) / height
    share = box_width(plate) / width
    possible = 0 <= across <= 1 and HIGHEST_PLACE <= down <= LOWEST_PLACE
    if not possible or not SMALLEST_SHARE <= share <= LARGEST_SHARE:
        return 0.0
    central = 1 - abs(2 * across - 1) / 2
    low = 1 - abs(down - USUAL_PLACE)
    usual_size = math.sqrt(min(share / USUAL_SHARE, USUAL_SHARE / share))
    return central * low * usual_size


def owner_of(plate: BoxXyxy, vehicles: Sequence[TrackedObject]) -> int | None:
    """The track id of the vehicle that a plate fits best; None when it fits none.

    Where it fits two about alike (to a tenth), it belongs to the one that stands nearer, whose lower edge is
    lower: that one hides the other.
    """
    possible = []
    for vehicle in vehicles:
        suits = fit(plate, vehicle["bbox_xyxy"])
        if suits > 0:
            possible.append((round(suits, 1), vehicle["bbox_xyxy"][3], vehicle["track_id"]))
    return max(possible)[2] if possible else None


def is_whole(plate: BoxXyxy, search_box: BoxXyxy) -> bool:
    """Whether a plate lies inside the crop that was searched; one that touches the crop's border is cut by it."""
    return (
        search_box[0] < plate[0]
        and search_box[1] < plate[1]
        and plate[2] < search_box[2]
        and plate[3] < search_box[3]
    )

"""What a vehicle's box says about its place and size.

Boxes are ``[x1, y1, x2, y2]`` in pixels of the full frame, x to the right, y down.
"""

from math import sqrt

from traffic_monitor.settings import Point
from traffic_monitor.shared_utils.custom_types import BoxXyxy


def bottom_center(box: BoxXyxy) -> Point:
    """The point where a vehicle stands on the road, as far as its box shows."""
    x1, _, x2, y2 = box
    return ((x1 + x2) / 2, float(y2))


def size_of(box: BoxXyxy) -> float:
    """The geometric mean of width and height in pixels: the length by which a vehicle's distances are measured."""
    return sqrt(_area(box))


def overlap(a: BoxXyxy, b: BoxXyxy) -> float:
    """Intersection over union of two boxes, 0-1."""
    common = [max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])]
    shared = _area(common)
    union = _area(a) + _area(b) - shared
    return shared / union if union else 0.0


def _area(box: BoxXyxy) -> int:
    x1, y1, x2, y2 = box
    return max(x2 - x1, 0) * max(y2 - y1, 0)

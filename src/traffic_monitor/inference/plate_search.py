"""Finding the plates in a picture, whatever share of it they take."""

import cv2
import numpy as np

from traffic_monitor.inference.detection import DetectedBox, DetectionModel, Size
from traffic_monitor.plates.crops import box_width
from traffic_monitor.shared_utils.custom_types import BoxXyxy
from traffic_monitor.shared_utils.frame_codec import Image

LARGE_SHARE = 0.4
"""Of the picture's width. Larger plates are often cut by the shipped model or not found: of 303 under 0.4 it boxed
290 well, of 49 over 0.6 only 9."""

REDUCTION = 3
"""A picture is made this many times smaller for large plates: then they take the share that the model knows best.
Of 124 photos of plates from 13 countries 84 are read exactly with it, 78 without; 2 and 4 gain half as much."""

SURROUNDINGS = 114
"""Grey value around the smaller picture, the one with which YOLO models fill their input."""


def find_plates(
    model: DetectionModel, image: Image, *, may_be_large: bool, size: Size | None = None
) -> list[DetectedBox]:
    """The plates in a picture, best first.

    Args:
        model: a plate detector.
        image: BGR pixels of shape (height, width, 3).
        may_be_large: whether large plates are also searched for where nothing was found at first.
        size: of the picture in whose pixels the boxes are wanted, if ``image`` is a smaller copy of it.
    """
    found = model.detect(image, size=size)
    width, height = size or (image.shape[1], image.shape[0])
    large_from = LARGE_SHARE * width
    small = [plate for plate in found if box_width(plate.bbox_xyxy) <= large_from]
    if len(small) == len(found) and (found or not may_be_large):
        return found
    large = _find_large(model, image, width, height)
    if not large:
        return found
    small = [plate for plate in small if not any(_overlap(plate.bbox_xyxy, other.bbox_xyxy) for other in large)]
    return sorted([*large, *small], key=lambda plate: plate.confidence, reverse=True)


def _find_large(model: DetectionModel, image: Image, width: int, height: int) -> list[DetectedBox]:
    """The plates of a picture shown smaller, with grey around it. Boxes: in pixels of ``width`` x ``height``."""
    rows, columns = (max(side // REDUCTION, 1) for side in image.shape[:2])
    shown = np.full((rows * REDUCTION, columns * REDUCTION, 3), SURROUNDINGS, np.uint8)
    first = REDUCTION // 2
    middle = shown[first * rows : (first + 1) * rows, first * columns : (first + 1) * columns]
    cv2.resize(image, (columns, rows), dst=middle, interpolation=cv2.INTER_AREA)
    found = model.detect(shown, size=(width * REDUCTION, height * REDUCTION))
    inside = ((_inside(plate.bbox_xyxy, first * width, first * height, width, height), plate) for plate in found)
    return [DetectedBox(box, plate.confidence, plate.class_id) for box, plate in inside if box is not None]


def _inside(box: BoxXyxy, left: int, top: int, width: int, height: int) -> BoxXyxy | None:
    """The part of a box that lies in a part of the picture, in pixels of that part."""
    x1, y1 = max(box[0] - left, 0), max(box[1] - top, 0)
    x2, y2 = min(box[2] - left, width), min(box[3] - top, height)
    return [x1, y1, x2, y2] if x1 < x2 and y1 < y2 else None


def _overlap(a: BoxXyxy, b: BoxXyxy) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]

"""Cutting boxes out of frames and finding the way back. Pixels, ``[x1, y1, x2, y2]``, x2 and y2 exclusive."""

from traffic_monitor.shared_utils.custom_types import BoxXyxy
from traffic_monitor.shared_utils.frame_codec import Image


def grow_box(box: BoxXyxy, margin: float, frame_width: int, frame_height: int) -> BoxXyxy:
    """The box with ``margin`` of its width and height added on each side, clipped to the frame."""
    x1, y1, x2, y2 = box
    dx, dy = round((x2 - x1) * margin), round((y2 - y1) * margin)
    return [max(x1 - dx, 0), max(y1 - dy, 0), min(x2 + dx, frame_width), min(y2 + dy, frame_height)]


def crop(image: Image, box: BoxXyxy) -> Image:
    """The pixels of the box, as a view. The box must lie inside the image."""
    x1, y1, x2, y2 = box
    return image[y1:y2, x1:x2]


def to_frame(box_in_crop: BoxXyxy, crop_box: BoxXyxy) -> BoxXyxy:
    """A box found inside a crop, in pixels of the frame the crop was cut from."""
    left, top, right, bottom = crop_box
    x1, y1, x2, y2 = box_in_crop
    return [
        min(max(left + x1, left), right),
        min(max(top + y1, top), bottom),
        min(max(left + x2, left), right),
        min(max(top + y2, top), bottom),
    ]


def box_width(box: BoxXyxy) -> int:
    """Width in pixels; 0 when the box is empty."""
    return max(box[2] - box[0], 0)


def is_empty(box: BoxXyxy) -> bool:
    """Whether the box holds no pixel."""
    return box[2] <= box[0] or box[3] <= box[1]

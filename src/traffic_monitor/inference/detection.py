"""What the detecting services know of a model, whatever runs it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from traffic_monitor.shared_utils.custom_types import BoxXyxy
from traffic_monitor.shared_utils.frame_codec import Image

ImageSize = int | tuple[int, int] | None
"""Size in pixels at which a model sees pictures: the longer side, (height, width), or None for the model's own."""


@dataclass(frozen=True)
class DetectedBox:
    """One object found in a picture."""

    bbox_xyxy: BoxXyxy
    """Pixels of the picture that was searched, inside it, at least one pixel wide and high."""
    confidence: float
    class_id: int


PendingBoxes = Callable[[], list[DetectedBox]]
"""A search that has been started. Called once, it waits for the end and gives the objects found, best first."""


class DetectionModel(ABC):
    """What the detecting services need of a model."""

    names: Mapping[int, str]
    """The model's own class names by class id."""

    @abstractmethod
    def detect(self, image: Image, class_ids: Sequence[int] | None = None) -> list[DetectedBox]:
        """Objects of the given classes (None: of all) in a BGR picture of shape (height, width, 3), best first."""

    def start(self, image: Image, class_ids: Sequence[int] | None = None) -> PendingBoxes:
        """Start ``detect``, where the model can do several at a time; else it waits until it is asked for."""
        return partial(self.detect, image, class_ids)


def boxes_inside(rows: Sequence[Sequence[float]], width: int, height: int) -> list[DetectedBox]:
    """Rows of x1, y1, x2, y2, confidence, class id as boxes; what lies outside the picture is cut off.

    Args:
        rows: in pixels of the picture, best first.
        width: of the picture.
        height: of the picture.
    """
    boxes = (DetectedBox(_inside(row[:4], width, height), float(row[4]), int(row[5])) for row in rows)
    return [box for box in boxes if _has_area(box.bbox_xyxy)]


def _inside(corners: Sequence[float], width: int, height: int) -> BoxXyxy:
    x1, y1, x2, y2 = (round(value) for value in corners)
    return [max(x1, 0), max(y1, 0), min(x2, width), min(y2, height)]


def _has_area(box: BoxXyxy) -> bool:
    return box[2] > box[0] and box[3] > box[1]

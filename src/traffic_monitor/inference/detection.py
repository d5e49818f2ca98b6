"""What the detecting services know of a model, whatever runs it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

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


Size = tuple[int, int]
"""Width and height in pixels."""

PendingBoxes = Callable[[], list[DetectedBox]]
"""A search that has been started. Called once, it waits for the end and gives the objects found, best first."""


class DetectionModel(ABC):
    """What the detecting services need of a model."""

    names: Mapping[int, str]
    """The model's own class names by class id."""

    @abstractmethod
    def detect(
        self, image: Image, class_ids: Sequence[int] | None = None, size: Size | None = None
    ) -> list[DetectedBox]:
        """Objects in a picture, best first.

        Args:
            image: BGR pixels of shape (height, width, 3).
            class_ids: of these classes; None: of all.
            size: of the picture in whose pixels the boxes are wanted, if ``image`` is a smaller copy of it.
        """

    def start(
        self, image: Image, class_ids: Sequence[int] | None = None, size: Size | None = None
    ) -> PendingBoxes:
        """Start ``detect``, where the model can do several at a time; else it waits until it is asked for."""
        return partial(self.detect, image, class_ids, size)

    def size_needed(self, size: Size) -> Size:
        """The size to which a picture of this size may be shrunk without loss to the search; here, not at all."""
        return size


def boxes_inside(rows: npt.NDArray[np.float32], searched: Size, size: Size) -> list[DetectedBox]:
    """Rows of x1, y1, x2, y2, confidence, class id as boxes; what lies outside the picture is cut off.

    Args:
        rows: in pixels of the picture that was searched, best first.
        searched: size of that picture.
        size: of the picture in whose pixels the boxes are wanted.
    """
    scaled = rows[:, :4] * np.tile(np.divide(size, searched), 2)
    boxes = (
        DetectedBox(_inside(corners, *size), confidence, int(class_id))
        for corners, (confidence, class_id) in zip(scaled.tolist(), rows[:, 4:6].tolist(), strict=True)
    )
    return [box for box in boxes if _has_area(box.bbox_xyxy)]


def _inside(corners: Sequence[float], width: int, height: int) -> BoxXyxy:
    x1, y1, x2, y2 = (round(value) for value in corners)
    return [max(x1, 0), max(y1, 0), min(x2, width), min(y2, height)]


def _has_area(box: BoxXyxy) -> bool:
    return box[2] > box[0] and box[3] > box[1]

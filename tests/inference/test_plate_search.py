"""Plates of any size in a picture, with a model that only knows small ones."""

from collections.abc import Sequence

import numpy as np
import pytest

from tests.builders import FakeDetectionModel
from traffic_monitor.inference.detection import DetectedBox, Size
from traffic_monitor.inference.plate_search import LARGE_SHARE, find_plates
from traffic_monitor.shared_utils.frame_codec import Image

WIDTH, HEIGHT = 600, 300
BRIGHTEST = 255


class KnowsSmallPlates(FakeDetectionModel):
    """Finds the white rectangle of a picture; of one that is too wide only the left part, or nothing."""

    def __init__(self, cut_to: float | None) -> None:
        super().__init__()
        self.cut_to = cut_to

    def detect(
        self, image: Image, class_ids: Sequence[int] | None = None, size: Size | None = None
    ) -> list[DetectedBox]:
        super().detect(image, class_ids, size)
        rows, columns = np.where(image[..., 0] == BRIGHTEST)
        if not rows.size:
            return []
        x1, y1, x2, y2 = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
        if x2 - x1 > LARGE_SHARE * image.shape[1]:
            if self.cut_to is None:
                return []
            x2 = x1 + round(self.cut_to * image.shape[1])
        wide, high = size or (image.shape[1], image.shape[0])
        across, down = wide / image.shape[1], high / image.shape[0]
        box = [round(x1 * across), round(y1 * down), round(x2 * across), round(y2 * down)]
        return [DetectedBox(box, 0.6, 0)]


def picture(*boxes: list[int]) -> Image:
    image = np.full((HEIGHT, WIDTH, 3), 30, np.uint8)
    for x1, y1, x2, y2 in boxes:
        image[y1:y2, x1:x2] = BRIGHTEST
    return image


def test_a_small_plate_takes_one_look() -> None:
    model = KnowsSmallPlates(cut_to=None)
    (plate,) = find_plates(model, picture([60, 90, 150, 120]), may_be_large=True)
    assert plate.bbox_xyxy == [60, 90, 150, 120]
    assert len(model.images) == 1


@pytest.mark.parametrize("box", [[30, 90, 570, 210], [0, 0, WIDTH, HEIGHT]], ids=["0.9 of the width", "all"])
@pytest.mark.parametrize("cut_to", [None, 0.5], ids=["is not found at first", "is cut at first"])
def test_a_plate_that_fills_the_picture_is_found_whole(box: list[int], cut_to: float | None) -> None:
    (plate,) = find_plates(KnowsSmallPlates(cut_to), picture(box), may_be_large=True)
    assert plate.bbox_xyxy == box


def test_where_no_plate_can_be_large_an_empty_picture_takes_one_look() -> None:
    model = KnowsSmallPlates(cut_to=None)
    assert find_plates(model, picture(), may_be_large=False) == []
    assert len(model.images) == 1
    assert find_plates(model, picture(), may_be_large=True) == []
    assert len(model.images) == 3


def test_a_plate_that_is_only_found_at_first_is_kept() -> None:
    class FindsOnce(FakeDetectionModel):
        def detect(
            self, image: Image, class_ids: Sequence[int] | None = None, size: Size | None = None
        ) -> list[DetectedBox]:
            return [] if size else [DetectedBox([0, 0, 300, 80], 0.5, 0)]

    assert len(find_plates(FindsOnce(), picture(), may_be_large=True)) == 1


def test_a_small_plate_beside_a_large_one_is_kept_and_the_best_comes_first() -> None:
    small, inside = DetectedBox([10, 200, 60, 220], 0.7, 0), DetectedBox([120, 50, 200, 80], 0.8, 0)
    cut, whole = DetectedBox([100, 40, 400, 120], 0.3, 0), [WIDTH + 100, HEIGHT + 40, WIDTH + 500, HEIGHT + 120]

    class FindsBoth(FakeDetectionModel):
        def detect(
            self, image: Image, class_ids: Sequence[int] | None = None, size: Size | None = None
        ) -> list[DetectedBox]:
            return [DetectedBox(whole, 0.5, 0)] if size else [inside, small, cut]

    found = find_plates(FindsBoth(), picture(), may_be_large=False)
    assert [plate.bbox_xyxy for plate in found] == [small.bbox_xyxy, [100, 40, 500, 120]]

"""Tilted plates are made level, others are left as they are."""

import cv2
import numpy as np
import pytest

from traffic_monitor.plates.rectify import level
from traffic_monitor.shared_utils.frame_codec import Image


def drawn_plate(slope: float) -> Image:
    """A plate whose line of letters falls by ``slope`` pixels for each pixel to the right, tightly cut."""
    plate = np.full((50, 200, 3), 225, np.uint8)
    cv2.putText(plate, "34A36837", (12, 38), cv2.FONT_HERSHEY_SIMPLEX, 1.25, (20, 20, 20), 3, cv2.LINE_AA)
    drop = round(abs(slope) * 200)
    canvas = np.full((50 + drop, 200, 3), 90, np.uint8)
    shift = np.array([[1, 0, 0], [slope, 1, drop / 2 - slope * 100]], np.float32)
    return np.asarray(
        cv2.warpAffine(plate, shift, (200, 50 + drop), canvas, borderMode=cv2.BORDER_TRANSPARENT), dtype=np.uint8
    )


@pytest.mark.parametrize("slope", [-0.3, -0.21, 0.21, 0.3])
def test_a_tilted_plate_comes_out_level(slope: float) -> None:
    tilted, straight = drawn_plate(slope), drawn_plate(0)
    levelled = level(tilted)
    assert levelled.shape[0] < tilted.shape[0]

    def likeness(picture: Image) -> float:
        resized = cv2.resize(picture, (200, 50)).astype(np.float32)
        return float(np.corrcoef(resized.ravel(), straight.astype(np.float32).ravel())[0, 1])

    assert likeness(levelled) > likeness(tilted) + 0.2


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(drawn_plate(0), id="a level plate"),
        pytest.param(drawn_plate(0.03), id="a plate that is hardly tilted"),
        pytest.param(np.full((20, 60, 3), 90, np.uint8), id="an even area"),
        pytest.param(np.zeros((1, 1, 3), np.uint8), id="a single pixel"),
        pytest.param(np.zeros((1, 400, 3), np.uint8), id="a strip one pixel high"),
        pytest.param(np.zeros((400, 1, 3), np.uint8), id="a strip one pixel wide"),
        pytest.param(np.random.default_rng(1).integers(0, 255, (40, 120, 3), np.uint8), id="noise"),
    ],
)
def test_is_left_as_it_is(picture: Image) -> None:
    assert level(picture) is picture

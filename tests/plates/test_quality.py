"""How good a crop of a plate is."""

import cv2
import numpy as np
import pytest

from traffic_monitor.plates.quality import FULL_SHARPNESS, FULL_WIDTH_PX, crop_quality, sharpness
from traffic_monitor.shared_utils.frame_codec import Image


def drawn_plate(width: int = 200, blur: float = 0.0, contrast: float = 1.0) -> Image:
    canvas = np.full((100, 400, 3), 230, np.uint8)
    cv2.putText(canvas, "AB 1234", (15, 75), cv2.FONT_HERSHEY_SIMPLEX, 2.6, (20, 20, 20), 8, cv2.LINE_AA)
    if blur:
        canvas = np.asarray(cv2.GaussianBlur(canvas, (0, 0), blur), dtype=np.uint8)
    small = cv2.resize(canvas, (width, width // 4), interpolation=cv2.INTER_AREA)
    return (128 + (small.astype(np.float32) - 128) * contrast).astype(np.uint8)


def test_a_blurred_plate_is_less_sharp() -> None:
    values = [sharpness(drawn_plate(blur=blur)) for blur in (0, 4, 8, 16)]
    assert values == sorted(values, reverse=True)
    assert values[0] > 3 * values[-1]


def test_the_size_of_the_picture_makes_a_sharp_plate_no_sharper() -> None:
    assert sharpness(drawn_plate(300)) == pytest.approx(sharpness(drawn_plate(150)), rel=0.15)


def test_a_faint_plate_is_as_sharp_as_a_strong_one() -> None:
    assert sharpness(drawn_plate(contrast=0.4)) == pytest.approx(sharpness(drawn_plate()), rel=0.15)


def test_noise_is_not_taken_for_sharpness() -> None:
    blurred = drawn_plate(blur=12)
    noise = np.random.default_rng(1).normal(0, 8, blurred.shape)
    noisy = np.clip(blurred + noise, 0, 255).astype(np.uint8)
    assert sharpness(noisy) < sharpness(drawn_plate()) / 2


def test_an_even_area_is_not_sharp() -> None:
    assert sharpness(np.full((20, 60, 3), 90, np.uint8)) == 0


def test_quality_is_a_share_and_grows_with_width_and_sharpness() -> None:
    large, small, blurred = drawn_plate(200), drawn_plate(50), drawn_plate(200, blur=16)
    assert 1 >= crop_quality(large) > crop_quality(small) > 0
    assert crop_quality(large) > crop_quality(blurred) > 0


def test_a_view_half_as_wide_is_worth_a_quarter() -> None:
    near = np.full((FULL_WIDTH_PX // 2, FULL_WIDTH_PX, 3), 90, np.uint8)
    near[::2] = 200
    far = np.ascontiguousarray(near[: FULL_WIDTH_PX // 4, : FULL_WIDTH_PX // 2])
    assert sharpness(near) > FULL_SHARPNESS < sharpness(far)
    assert crop_quality(far) == pytest.approx(crop_quality(near) / 4)

"""Making a tilted plate level before it is read."""

import cv2
import numpy as np

from traffic_monitor.shared_utils.frame_codec import Image

MEASURED_WIDTH = 96
"""Pixels to which a crop is shrunk to measure its tilt: enough for the lines of letters, and quick."""

STEEPEST = 0.36
"""Slope of the steepest tilt that is looked for, about 20 degrees."""
STEP = 0.03

LEAST_GAIN = 1.75
"""How many times as much the rows of the levelled crop must differ: a crop as it comes is the safer one. Tilted
plates of the shared clips gain 2 to 9; the level ones of the shared photos 1.6 at most."""

LEAST_CONTRAST = 100.0
"""Variance of the rows below which there is no line of letters; blurred plates have 500 or more."""


def level(crop: Image) -> Image:
    """The BGR crop sheared so that its line of letters runs level; the crop itself where it does already.

    A camera beside the road sees the letters upright on a sloping line, so columns are shifted up and down and
    not turned. The slope is the one with which bright and dark rows differ most (a projection profile, as in
    H. Baird, "The skew angle of printed documents", 1987). What a tilted plate's box has too much above and below
    is cut off.
    """
    slope = _slope(crop)
    if slope == 0:
        return crop
    height, width = crop.shape[:2]
    levelled = cv2.warpAffine(
        crop, _shear(slope, width), (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    cut = min(round(abs(slope) * width / 2), height // 4)
    return np.asarray(levelled[cut : height - cut], dtype=np.uint8)


def _slope(crop: Image) -> float:
    """By how many pixels the line of letters falls for each pixel to the right."""
    height, width = crop.shape[:2]
    scale = min(MEASURED_WIDTH / width, 1.0)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    small = cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
    strokes = np.abs(cv2.Sobel(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), cv2.CV_32F, 1, 0))
    level_contrast = _row_contrast(strokes, 0.0)
    slopes = np.arange(-STEEPEST, STEEPEST + STEP / 2, STEP)
    contrasts = [_row_contrast(strokes, float(slope)) for slope in slopes]
    best = int(np.argmax(contrasts))
    is_tilted = contrasts[best] > max(level_contrast * LEAST_GAIN, LEAST_CONTRAST)
    return float(slopes[best]) if is_tilted else 0.0


def _row_contrast(strokes: np.ndarray, slope: float) -> float:
    height, width = strokes.shape
    sheared = cv2.warpAffine(strokes, _shear(slope, width), (width, height), borderMode=cv2.BORDER_REPLICATE)
    return float(sheared.mean(axis=1).var())


def _shear(slope: float, width: int) -> np.ndarray:
    return np.array([[1, 0, 0], [-slope, 1, slope * width / 2]], np.float32)

"""How good a crop of a plate is: its size and its sharpness."""

import cv2
import numpy as np

from traffic_monitor.shared_utils.frame_codec import Image

NORMAL_SIZE = (128, 64)
"""Width and height to which a crop is brought before it is measured, so that sharpness does not depend on size."""

NOISE_BLUR = 1.5
"""Sigma in pixels of that size. The Laplacian of noise is larger than that of letters; their strokes are wider."""

FAINT_CONTRAST = 25.0
"""Grey levels squared, added to the variance of the crop: an even area is not sharp because it is even."""

FULL_WIDTH_PX = 100
FULL_SHARPNESS = 0.034
"""From these on a crop is as good as it gets. In benchmarks/plate_consensus.py a fifth of the views is as sharp.
Of two views of one plate the one that is read rightly is the sharper in 78 of 100 pairs, the wider in 69."""


def sharpness(crop: Image) -> float:
    """Variance of the Laplacian of a BGR crop, brought to one size, free of noise and by its contrast.

    After J. Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", ICPR 2000. 0 for an even area;
    0.03 for a sharp plate.
    """
    grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    shrinks = crop.shape[1] > NORMAL_SIZE[0]
    grey = cv2.resize(grey, NORMAL_SIZE, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    smooth = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), NOISE_BLUR)
    edges = cv2.Laplacian(smooth, cv2.CV_32F)
    return float(np.var(edges)) / (float(np.var(smooth)) + FAINT_CONTRAST)


def crop_quality(crop: Image) -> float:
    """0-1: how much a reading of this BGR crop is worth, by its area and sharpness.

    The area goes with the square of the width: one view near by is worth more than several from afar that make the
    same mistake.
    """
    width = int(crop.shape[1])
    return min(width / FULL_WIDTH_PX, 1.0) ** 2 * min(sharpness(crop) / FULL_SHARPNESS, 1.0)

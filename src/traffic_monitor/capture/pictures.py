"""Pictures as they are meant to be seen: upright, with square pixels."""

from fractions import Fraction

import cv2
import numpy as np

from traffic_monitor.shared_utils.frame_codec import Image

NEARLY_SQUARE = 0.02
"""Pixels that differ less from a square are left alone: stretching would only blur the picture."""

TURNS = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}


def upright(image: Image, degrees: int) -> Image:
    """Turn a picture counterclockwise by a multiple of 90 degrees; it is left as it is for other angles."""
    turn = TURNS.get(degrees % 360)
    return image if turn is None else np.asarray(cv2.rotate(image, turn), dtype=np.uint8)


def with_square_pixels(image: Image, aspect: Fraction | None) -> Image:
    """Stretch a picture so that its pixels become square; no side gets shorter.

    Args:
        image: the picture as decoded.
        aspect: width of a pixel divided by its height; ``None`` where that is not known.
    """
    if not aspect or abs(aspect - 1) < NEARLY_SQUARE:
        return image
    height, width = image.shape[:2]
    size = (round(width * aspect), height) if aspect > 1 else (width, round(height / aspect))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)

"""What light and camera make of a training window: night, low sun, shadows, colours, blur, noise and compression.

The student sees the window afterwards, the teacher before, so that in the dark the student learns the answer that
light would have given.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

NIGHT, LOW_SUN, SHADOWS = 0.08, 0.06, 0.15
"""Chances of these lights; at most one in a window."""

NIGHT_GAMMA, NIGHT_GAIN, NIGHT_NOISE = (1.3, 2.2), (0.35, 0.75), (2.0, 9.0)
"""Noise in grey levels."""

MOST_LAMPS, LAMP_RADIUS = 4, (0.01, 0.05)
"""Lamps that dazzle the camera at night; radius as a share of the window's side."""

SUN_GLARE, SUN_CONTRAST = (60.0, 190.0), (0.45, 0.8)
"""Grey levels added where the low sun stands, and what is left of the contrast against it."""

MOST_SHADOWS, SHADOW_LIGHT = 3, (0.25, 0.6)
"""Shadows of trees and houses, and the share of the light that is left in them."""


def jpeg(image: Image, quality: int) -> Image:
    """The picture after JPEG compression of a quality of 1 to 100."""
    _, coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), dtype=np.uint8)


def at_night(rng: np.random.Generator, image: Image) -> Image:
    """Dark, a little warm or cold, noisy, with dazzling lamps."""
    height, width = image.shape[:2]
    tint = np.array([1.0, 1.0, 1.0]) + rng.uniform(-0.15, 0.15) * np.array([-1, 0, 1])
    seen = (image / np.float32(255)) ** np.float32(rng.uniform(*NIGHT_GAMMA))
    seen *= (rng.uniform(*NIGHT_GAIN) * tint).astype(np.float32)
    lamps = np.zeros((height, width), np.float32)
    for _ in range(rng.integers(0, MOST_LAMPS + 1)):
        at = (int(rng.integers(width)), int(rng.integers(height)))
        radius = max(1, int(rng.uniform(*LAMP_RADIUS) * width))
        cv2.circle(lamps, at, radius, float(rng.uniform(0.6, 1.5)), -1)
    if lamps.any():
        seen += cv2.GaussianBlur(lamps, (0, 0), rng.uniform(0.01, 0.03) * width)[..., None]
    seen += rng.normal(0, rng.uniform(*NIGHT_NOISE) / 255, seen.shape).astype(np.float32)
    return np.asarray((seen * 255).clip(0, 255), dtype=np.uint8)


def in_low_sun(rng: np.random.Generator, image: Image) -> Image:
    """Dull against a sun that stands at the upper edge or above it."""
    height, width = image.shape[:2]
    x, y = rng.uniform(0, width), rng.uniform(-0.3, 0.2) * height
    rows, columns = np.ogrid[0:height, 0:width]
    away = np.hypot(columns - x, rows - y) / (rng.uniform(0.4, 0.9) * width)
    glare = (rng.uniform(*SUN_GLARE) * np.exp(-(away**2))).astype(np.float32)[..., None]
    dull = image * np.float32(rng.uniform(*SUN_CONTRAST))
    return np.asarray((dull + glare * np.array([0.85, 0.95, 1.0], np.float32)).clip(0, 255), dtype=np.uint8)


def shadowed(rng: np.random.Generator, image: Image) -> Image:
    """Soft dark patches over parts of the window."""
    height, width = image.shape[:2]
    light = np.ones((height, width), np.float32)
    for _ in range(rng.integers(1, MOST_SHADOWS + 1)):
        centre, spread = rng.uniform(0, 1, 2), rng.uniform(0.15, 0.5)
        corners = (centre + rng.uniform(-spread, spread, (5, 2))) * [width, height]
        cv2.fillConvexPoly(light, cv2.convexHull(corners.astype(np.int32)), float(rng.uniform(*SHADOW_LIGHT)))
    light = cv2.GaussianBlur(light, (0, 0), rng.uniform(0.005, 0.04) * width)
    return np.asarray(image * light[..., None], dtype=np.uint8)


def lit(rng: np.random.Generator, image: Image) -> Image:
    """The window in another light, or as it is."""
    chance = rng.random()
    for share, light in ((NIGHT, at_night), (LOW_SUN, in_low_sun), (SHADOWS, shadowed)):
        if chance < share:
            return light(rng, image)
        chance -= share
    return image


def spoil(rng: np.random.Generator, image: Image) -> Image:
    """Light, colours, blur, sensor noise and compression as they differ from camera to camera; same shape."""
    image = lit(rng, image)
    gains = rng.uniform(0.92, 1.08, 3) * rng.uniform(0.65, 1.35)
    table = np.arange(256)[:, None] / 255.0
    table = np.clip(table ** np.exp(rng.uniform(-0.35, 0.35)) * gains + rng.uniform(-0.08, 0.08), 0, 1)
    image = np.asarray(cv2.LUT(image, (table * 255).astype(np.uint8)[:, None, :]), dtype=np.uint8)
    saturation = 0.0 if rng.random() < 0.06 else rng.uniform(0.4, 1.5)
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    image = np.asarray(cv2.addWeighted(image, saturation, grey, 1 - saturation, 0), dtype=np.uint8)
    if rng.random() < 0.12:
        if rng.random() < 0.5:
            image = np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 1.4)), dtype=np.uint8)
        else:
            length = int(rng.integers(3, 8))
            image = np.asarray(cv2.blur(image, (length, 1)), dtype=np.uint8)
    if rng.random() < 0.12:
        noise = rng.normal(0, rng.uniform(3, 14), image.shape)
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    return jpeg(image, int(rng.integers(20, 75))) if rng.random() < 0.2 else image

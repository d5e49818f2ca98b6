"""Photograph a flat plate: distance, tilt, perspective, a loose crop, light, blur, noise and JPEG.

Also roughens real crops (:func:`recapture`), so that few real photos give many views.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from training.plate_canvas import Picture
from training.plate_ocr_network import HEIGHT, WIDTH

Points = NDArray[Any]
"""(N, 2) pixels x, y."""


def photograph(picture: Picture, centres: Points, rng: np.random.Generator) -> tuple[Picture, Points]:
    """Make a (HEIGHT, WIDTH, 3) crop of a flat plate; also gives its characters' centres in pixels of the crop."""
    height, width = picture.shape[:2]
    seen_width = float(np.exp(rng.uniform(np.log(52), np.log(260))))
    if width < 2.8 * height:
        seen_width *= 0.8
    squeeze = float(rng.uniform(0.75, 1.05)) if rng.random() < 0.4 else 1.0
    seen = np.asarray([seen_width * squeeze, seen_width * height / width], np.float32)
    corners = np.asarray([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32) / 2 * seen
    strong = rng.random() < 0.25
    angle = np.deg2rad(rng.normal(0, 8.0 if strong else 2.5))
    shear = float(rng.normal(0, 0.12 if strong else 0.05))
    turn = np.asarray([[np.cos(angle), -np.sin(angle) + shear], [np.sin(angle), np.cos(angle)]], np.float32)
    quad = corners @ turn.T + rng.normal(0, 0.025 if strong else 0.01, (4, 2)).astype(np.float32) * seen
    low, high = quad.min(0), quad.max(0)
    size = high - low
    margin = cut_margins(rng)
    low, high = low - margin[:2] * size, high + margin[2:] * size
    crop_w, crop_h = (max(12, round(float(v))) for v in high - low)
    shrink = float(np.clip(seen[0] / width, 0.05, 1.0))
    if shrink < 0.85:
        picture = cv2.resize(
            picture,
            (max(8, round(width * shrink)), max(6, round(height * shrink))),
            interpolation=cv2.INTER_AREA,
        )
    h, w = picture.shape[:2]
    source = np.asarray([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, (quad - low).astype(np.float32))
    crop = surroundings(crop_w, crop_h, rng)
    cv2.warpPerspective(picture, matrix, (crop_w, crop_h), crop, cv2.INTER_LINEAR, cv2.BORDER_TRANSPARENT)
    scaled = centres * np.asarray([w / width, h / height], np.float32)
    moved = cv2.perspectiveTransform(scaled[None].astype(np.float32), matrix)[0]
    moved = moved * np.asarray([WIDTH / crop_w, HEIGHT / crop_h], np.float32)
    return to_reader(roughen(crop, rng)), moved.astype(np.float32)


def cut_margins(rng: np.random.Generator) -> Points:
    """What is seen beside the plate at the left, upper, right and lower side, in shares of its size.

    As cut by hand, as cut by a detector (a small margin, shifted to a side, which may cost the rim), or loosely.
    """
    kind = rng.random()
    if kind < 0.35:
        margin = rng.normal(0.045, 0.03, 4)
    elif kind < 0.85:
        shift = np.tile(rng.normal(0, (0.025, 0.04)), 2) * (-1, -1, 1, 1)
        margin = rng.uniform(0.02, 0.12, 2)[[0, 1, 0, 1]] + shift + rng.normal(0, 0.015, 4)
    else:
        margin = rng.normal(0.05, 0.16, 4)
    return np.maximum(margin, -0.03).astype(np.float32)


def recapture(crop: Picture, rng: np.random.Generator, room: float = 0.02) -> Picture:
    """A fresh (HEIGHT, WIDTH, 3) view of a real crop: turned and cut differently, other light, worse quality.

    ``room`` is the share of the crop's size that may be cut off at each side without touching a character.
    """
    limit = 300
    if crop.shape[1] > limit:
        crop = cv2.resize(
            crop, (limit, round(crop.shape[0] * limit / crop.shape[1])), interpolation=cv2.INTER_AREA
        )
    height, width = crop.shape[:2]
    shrink = float(np.exp(rng.uniform(np.log(min(1.0, 50 / width)), 0.0))) if rng.random() < 0.6 else 1.0
    if shrink < 0.95:
        crop = cv2.resize(
            crop,
            (max(16, round(width * shrink)), max(10, round(height * shrink))),
            interpolation=cv2.INTER_AREA,
        )
        height, width = crop.shape[:2]
    size = np.asarray([width, height], np.float32)
    strong = rng.random() < 0.25
    angle = np.deg2rad(rng.normal(0, 7.0 if strong else 2.0))
    shear = float(rng.normal(0, 0.1 if strong else 0.04))
    turn = np.asarray([[np.cos(angle), -np.sin(angle) + shear], [np.sin(angle), np.cos(angle)]], np.float32)
    corners = np.asarray([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32) / 2 * size
    quad = corners @ turn.T + rng.normal(0, 0.025 if strong else 0.008, (4, 2)).astype(np.float32) * size
    spread = 0.03 if rng.random() < 0.7 else 0.1
    margin = np.maximum(rng.normal(0.02, spread, 4), -room).astype(np.float32)
    low, high = quad.min(0) - margin[:2] * size, quad.max(0) + margin[2:] * size
    crop_w, crop_h = (max(12, round(float(v))) for v in high - low)
    source = np.asarray([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, (quad - low).astype(np.float32))
    if rng.random() < 0.5:
        view = cv2.warpPerspective(
            crop, matrix, (crop_w, crop_h), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
    else:
        view = surroundings(crop_w, crop_h, rng)
        cv2.warpPerspective(crop, matrix, (crop_w, crop_h), view, cv2.INTER_LINEAR, cv2.BORDER_TRANSPARENT)
    return to_reader(roughen(view, rng, gentle=True))


def surroundings(width: int, height: int, rng: np.random.Generator) -> Picture:
    """What may be seen beside a plate: a bumper's soft colours, sometimes edges."""
    tone = rng.choice([25, 60, 120, 190]) + rng.normal(0, 20, 3)
    cells = (int(rng.integers(2, 6)), int(rng.integers(2, 8)), 3)
    small = np.clip(tone + rng.normal(0, float(rng.uniform(3, 45)), cells), 0, 255).astype(np.uint8)
    way = cv2.INTER_NEAREST if rng.random() < 0.15 else cv2.INTER_LINEAR
    scene: Picture = cv2.resize(small, (width, height), interpolation=way)
    return scene


def roughen(crop: Picture, rng: np.random.Generator, gentle: bool = False) -> Picture:
    """Light, blur, noise, sharpening and compression, in the order in which a camera adds them."""
    force = 0.6 if gentle else 1.0
    height, width = crop.shape[:2]
    unit = width / 100.0
    """A stroke is about 1.5 units wide: blur beyond that makes a plate illegible."""
    if rng.random() < 0.6 * force:
        sigma = float(rng.uniform(0.25, 1.1)) * max(unit, 0.6)
        crop = cv2.GaussianBlur(crop, (0, 0), sigma)
    if rng.random() < 0.2 * force:
        crop = _motion(crop, max(2.0, float(rng.uniform(1.5, 5.0)) * unit), rng)
    values = crop.astype(np.float32)
    if rng.random() < 0.35:
        ramp = np.linspace(-1, 1, width, dtype=np.float32)[None, :, None] * float(rng.normal(0, 0.25))
        slope = np.linspace(-1, 1, height, dtype=np.float32)[:, None, None] * float(rng.normal(0, 0.25))
        values *= np.maximum(1 + ramp + slope, 0.2)
    if rng.random() < 0.1 * force:
        values = _shadow(values, rng)
    middle = float(values.mean())
    light = min(float(np.exp(rng.normal(-0.2, 0.4 * force))), 215.0 / max(middle, 20.0))
    contrast = float(rng.uniform(0.65 if gentle else 0.4, 1.1)) if rng.random() < 0.4 else 1.0
    cast = 1 + rng.normal(0, 0.08, 3).astype(np.float32)
    values = ((values - middle) * contrast + middle) * light * cast
    if rng.random() < 0.12:
        values += float(rng.uniform(10, 80)) * force
    if rng.random() < 0.12:
        values = _by_night(values, rng)
    if rng.random() < 0.45:
        values += rng.normal(
            0, float(rng.uniform(1, 12 * force)), (height, width, 1 if rng.random() < 0.5 else 3)
        ).astype(np.float32)
    if rng.random() < 0.06:
        values[:] = values.mean(axis=2, keepdims=True)
    crop = np.clip(values, 0, 255).astype(np.uint8)
    if rng.random() < 0.2:
        soft = cv2.GaussianBlur(crop, (0, 0), 1.2)
        crop = cv2.addWeighted(crop, 1 + (amount := float(rng.uniform(0.5, 2.0))), soft, -amount, 0)
    if rng.random() < 0.55:
        quality = int(rng.uniform(18, 90))
        crop = cv2.imdecode(cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
    return crop


def _by_night(values: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Darkness around, and a plate that is dim, or lit by headlights: bright, blooming, with a glaring spot."""
    height, width = values.shape[:2]
    if rng.random() < 0.5:
        dim = values * (float(rng.uniform(25, 90)) / max(float(values.mean()), 1.0))
        return dim + rng.normal(0, float(rng.uniform(2, 9)), values.shape).astype(np.float32)
    bright = values * float(rng.uniform(1.1, 2.0))
    if rng.random() < 0.6:
        across, down = (
            np.arange(n, dtype=np.float32) / n - float(rng.uniform(-0.2, 1.2)) for n in (width, height)
        )
        spot = np.exp(-(across[None, :] ** 2 + down[:, None] ** 2) / float(rng.uniform(0.02, 0.3)))
        bright += spot[..., None] * float(rng.uniform(60, 220)) * np.asarray([0.9, 1.0, 1.0], np.float32)
    spread = max(1.0, width * float(rng.uniform(0.02, 0.08)))
    glow = cv2.GaussianBlur(np.clip(bright - 150, 0, None), (0, 0), spread)
    return np.asarray(bright + glow * float(rng.uniform(0.3, 1.0)), np.float32)


def _motion(crop: Picture, length: float, rng: np.random.Generator) -> Picture:
    size = int(length) | 1
    kernel = np.zeros((size, size), np.float32)
    angle = float(rng.normal(0, 0.3)) if rng.random() < 0.7 else float(rng.uniform(0, np.pi))
    half = size // 2
    dx, dy = round(half * np.cos(angle)), round(half * np.sin(angle))
    cv2.line(kernel, (half - dx, half - dy), (half + dx, half + dy), (1.0,), 1)
    return cv2.filter2D(crop, -1, kernel / kernel.sum())


def _shadow(values: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Darken one side of a slanted line."""
    height, width = values.shape[:2]
    top, bottom = rng.uniform(-0.2, 1.2, 2) * width
    mask = np.ones((height, width), np.float32)
    outline = np.asarray([[0, 0], [top, 0], [bottom, height], [0, height]])
    cv2.fillPoly(mask, [outline.astype(np.int32)], (float(rng.uniform(0.35, 0.75)),), cv2.LINE_AA)
    return values * mask[..., None]


def to_reader(crop: Picture) -> Picture:
    """Stretch a crop to the reader's (HEIGHT, WIDTH, 3), the same way as before reading."""
    shrinking = crop.shape[1] > WIDTH or crop.shape[0] > HEIGHT
    return cv2.resize(crop, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR)

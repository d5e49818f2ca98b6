"""Random training views: square windows cut, scaled and pasted from the cached pictures, then spoiled like
a camera would.

Geometry and appearance are kept apart, because the teacher labels the window before its colours are spoiled
and the student sees it afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.detector_data import CachedPicture, Image, PictureCache

GREY = 114
"""Filling outside a picture, as Ultralytics pads."""

STRETCH = {False: (0.87, 1.15), True: (0.95, 1.65)}
"""Range of a picture's change in width over height; pictures stretched to a square (True) are mostly widened
again.
"""

LARGEST_LONG_SIDE = 900
"""A picture's longer side is scaled up to at most this many pixels: 1.4 times what the application uses."""

LARGEST_FACTOR = 2.2
"""Nor is a picture enlarged more than this: small clips are enlarged 1.8 times when the application looks."""

MIN_VISIBLE = 0.3
"""A box of which less than this share lies inside the window is dropped."""

MIN_BOX_SIDE = 3.0
"""Boxes narrower or lower than this many window pixels are dropped: nothing can be seen of them."""

Boxes = NDArray[np.float32]
"""Rows (class, x1, y1, x2, y2) in pixels of the window."""


@dataclass(frozen=True)
class ViewRecipe:
    """How views are drawn: window side in pixels, chance of a 2×2 mosaic and of a coarse (low resolution)
    camera.
    """

    size: int
    mosaic: float = 0.3
    coarse: float = 0.3


def visible_boxes(boxes: Boxes, width: int, height: int) -> Boxes:
    """Clip boxes to the window and drop those of which too little is left."""
    if len(boxes) == 0:
        return boxes.reshape(0, 5)
    clipped = boxes.copy()
    clipped[:, 1::2] = clipped[:, 1::2].clip(0, width)
    clipped[:, 2::2] = clipped[:, 2::2].clip(0, height)
    sides = clipped[:, 3:5] - clipped[:, 1:3]
    whole = boxes[:, 3:5] - boxes[:, 1:3]
    share = sides.prod(axis=1) / np.maximum(whole.prod(axis=1), 1e-6)
    return np.asarray(clipped[(share >= MIN_VISIBLE) & (sides.min(axis=1) >= MIN_BOX_SIDE)])


def window(
    rng: np.random.Generator,
    image: Image,
    boxes: Boxes,
    squared: bool,
    recipe: ViewRecipe,
    size: int,
    smallest: float,
) -> tuple[Image, Boxes]:
    """Scale a picture at random and cut a size×size window out of it, mirrored half of the time.

    `smallest` is the least length of the picture's longer side after scaling, in pixels.
    """
    height, width = image.shape[:2]
    largest = max(smallest, min(LARGEST_LONG_SIDE, LARGEST_FACTOR * max(height, width)))
    long_side = np.exp(rng.uniform(np.log(smallest), np.log(largest)))
    stretch = np.sqrt(np.exp(rng.uniform(*np.log(STRETCH[squared]))))
    factor = long_side / max(height / stretch, width * stretch)
    fx, fy = factor * stretch, factor / stretch
    # the window's corner in scaled pixels; where the picture is smaller than the window, it floats inside
    spare_x, spare_y = width * fx - size, height * fy - size
    x0 = rng.uniform(min(spare_x, 0), max(spare_x, 0))
    y0 = rng.uniform(min(spare_y, 0), max(spare_y, 0))
    if len(boxes) and rng.random() < 0.5:
        _, bx1, by1, bx2, by2 = boxes[rng.integers(len(boxes))]
        x0 = np.clip((bx1 + bx2) / 2 * fx - size * rng.uniform(0.2, 0.8), min(spare_x, 0), max(spare_x, 0))
        y0 = np.clip((by1 + by2) / 2 * fy - size * rng.uniform(0.2, 0.8), min(spare_y, 0), max(spare_y, 0))
    left, top = max(0, int(x0 / fx)), max(0, int(y0 / fy))
    right = min(width, int(np.ceil((x0 + size) / fx)))
    bottom = min(height, int(np.ceil((y0 + size) / fy)))
    part = image[top:bottom, left:right]
    part_size = (max(1, round((right - left) * fx)), max(1, round((bottom - top) * fy)))
    if rng.random() < recipe.coarse:
        reduce = rng.uniform(0.35, 0.85)
        small = (max(2, int(part_size[0] * reduce)), max(2, int(part_size[1] * reduce)))
        part = np.asarray(cv2.resize(part, small, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    shrinks = part_size[0] < part.shape[1]
    part = np.asarray(
        cv2.resize(part, part_size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR),
        dtype=np.uint8,
    )
    canvas = np.full((size, size, 3), GREY, np.uint8)
    at_x, at_y = max(0, round(left * fx - x0)), max(0, round(top * fy - y0))
    part = part[: size - at_y, : size - at_x]
    canvas[at_y : at_y + part.shape[0], at_x : at_x + part.shape[1]] = part
    moved = boxes.copy().reshape(-1, 5)
    moved[:, 1::2] = (moved[:, 1::2] - left) * fx + at_x
    moved[:, 2::2] = (moved[:, 2::2] - top) * fy + at_y
    if rng.random() < 0.5:
        canvas = np.ascontiguousarray(canvas[:, ::-1])
        moved[:, [1, 3]] = size - moved[:, [3, 1]]
    return canvas, visible_boxes(moved, size, size)


def draw_view(
    rng: np.random.Generator,
    cache: PictureCache,
    pictures: list[CachedPicture],
    cumulative: NDArray[np.float64],
    recipe: ViewRecipe,
) -> tuple[Image, Boxes, int]:
    """One window (size, size, 3) BGR with its boxes and the number of its (first) source.

    `cumulative` is the running sum of the pictures' chances. A mosaic of four is labelled with source −1
    unless all four share a source.
    """

    def one(size: int, smallest: float) -> tuple[Image, Boxes, int]:
        picture = pictures[int(np.searchsorted(cumulative, rng.random() * cumulative[-1]))]
        boxes = np.array(picture.boxes, np.float32).reshape(-1, 5)
        squared = cache.sources[picture.source].squared
        view, seen = window(rng, cache.image(picture), boxes, squared, recipe, size, smallest)
        return view, seen, picture.source

    size = recipe.size
    if rng.random() >= recipe.mosaic:
        return one(size, 0.85 * size)
    canvas = np.empty((size, size, 3), np.uint8)
    split_x, split_y = (int(rng.uniform(0.3, 0.7) * size) for _ in range(2))
    gathered, origins = [], set()
    for x1, y1, x2, y2 in (
        (0, 0, split_x, split_y),
        (split_x, 0, size, split_y),
        (0, split_y, split_x, size),
        (split_x, split_y, size, size),
    ):
        view, boxes, source = one(size, 0.5 * size)
        dx, dy = int(rng.integers(0, size - (x2 - x1) + 1)), int(rng.integers(0, size - (y2 - y1) + 1))
        canvas[y1:y2, x1:x2] = view[dy : dy + y2 - y1, dx : dx + x2 - x1]
        boxes[:, 1::2] -= dx
        boxes[:, 2::2] -= dy
        boxes = visible_boxes(boxes, x2 - x1, y2 - y1)
        boxes[:, 1::2] += x1
        boxes[:, 2::2] += y1
        gathered.append(boxes)
        origins.add(source)
    return canvas, np.concatenate(gathered), origins.pop() if len(origins) == 1 else -1


def spoil(rng: np.random.Generator, image: Image) -> Image:
    """Colours, light, blur, sensor noise and compression as cameras differ in them; same shape."""
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
    if rng.random() < 0.2:
        ok, coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 75))])
        if ok:
            image = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), dtype=np.uint8)
    return image

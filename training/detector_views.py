"""Random training views: square windows cut, scaled, bent and pasted from the cached pictures.

What a camera loses for good (pixels, shape) is lost here, before the teacher labels the window; light and colours
are changed afterwards (`detector_light`), for the student alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from training.detector_data import CachedPicture, Image, PictureCache, Source
from training.detector_light import jpeg

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

CLOSE_FILL = {False: (0.4, 1.0), True: (0.3, 0.95)}
"""Share of a close window's side that the longer side of one vehicle (False) or plate (True) takes."""

LARGEST_CLOSE_FACTOR = 5.0
"""Nor is a picture enlarged more than this for a close window: nothing would be left to recognise."""

CUT, CUT_SHARE = 0.4, 0.4
"""Chance that a close vehicle or plate may be cut by the window's edge, and the largest share cut away."""

PLATE = 0
AROUND_PLATE = np.array([-1.2, -1.9, 1.2, 0.6], np.float32)
"""From a plate's corners to about those of its vehicle, in widths of the plate."""

FISHEYE = (0.15, 0.6)
"""How much more a wide lens shrinks the middle of the edge than the centre of the picture."""

OUTLINE = np.array([(i / 8, j / 8) for i in range(9) for j in range(9) if {i, j} & {0, 8}])
"""Points around a box, in shares of its sides."""

MIN_VISIBLE = 0.3
"""A box of which less than this share lies inside the window is dropped."""

MIN_BOX_SIDE = 3.0
"""Boxes narrower or lower than this many window pixels are dropped: nothing can be seen of them."""

Boxes = NDArray[np.float32]
"""Rows (class, x1, y1, x2, y2) in pixels of the window."""


@dataclass(frozen=True)
class ViewRecipe:
    """How views are drawn: window side in pixels, and the chances of a 2×2 mosaic, of a coarse (low resolution)
    camera, of a window that one vehicle or plate fills, and of a wide lens.

    `plates` says that plates are to be found, not vehicles.
    """

    size: int
    mosaic: float = 0.3
    coarse: float = 0.3
    close: float = 0.0
    fisheye: float = 0.0
    plates: bool = False


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


@dataclass(frozen=True)
class Placement:
    """Where a window lies: scale of the picture, and the window's corner in pixels of the scaled picture."""

    fx: float
    fy: float
    x0: float
    y0: float


def stretched(rng: np.random.Generator, squared: bool) -> float:
    """Square root of a random change in width over height."""
    return float(np.sqrt(np.exp(rng.uniform(*np.log(STRETCH[squared])))))


def placed_anywhere(
    rng: np.random.Generator, shape: tuple[int, int], boxes: Boxes, squared: bool, size: int, smallest: float
) -> Placement:
    """A window at a random scale and place, half of the time around one of the boxes."""
    height, width = shape
    largest = max(smallest, min(LARGEST_LONG_SIDE, LARGEST_FACTOR * max(height, width)))
    long_side = np.exp(rng.uniform(np.log(smallest), np.log(largest)))
    stretch = stretched(rng, squared)
    factor = long_side / max(height / stretch, width * stretch)
    fx, fy = factor * stretch, factor / stretch
    # where the picture is smaller than the window, it floats inside
    spare_x, spare_y = width * fx - size, height * fy - size
    x0 = rng.uniform(min(spare_x, 0), max(spare_x, 0))
    y0 = rng.uniform(min(spare_y, 0), max(spare_y, 0))
    if len(boxes) and rng.random() < 0.5:
        _, bx1, by1, bx2, by2 = boxes[rng.integers(len(boxes))]
        x0 = np.clip((bx1 + bx2) / 2 * fx - size * rng.uniform(0.2, 0.8), min(spare_x, 0), max(spare_x, 0))
        y0 = np.clip((by1 + by2) / 2 * fy - size * rng.uniform(0.2, 0.8), min(spare_y, 0), max(spare_y, 0))
    return Placement(fx, fy, x0, y0)


def placed_close(
    rng: np.random.Generator,
    shape: tuple[int, int],
    box: NDArray[np.float32],
    squared: bool,
    size: int,
    fill: tuple[float, float],
) -> Placement:
    """A window that one box (x1, y1, x2, y2) fills: its longer side is a random share of the window's.

    In CUT of the windows the box may reach beyond the edge.
    """
    height, width = shape
    stretch = stretched(rng, squared)
    sides = np.maximum(box[2:] - box[:2], 1) * [stretch, 1 / stretch]
    share = np.exp(rng.uniform(*np.log(fill)))
    factor = min(share * size / sides.max(), LARGEST_CLOSE_FACTOR)
    beyond = CUT_SHARE if rng.random() < CUT else 0.0
    spare = size - sides * factor
    at = rng.uniform(-beyond * sides * factor, np.maximum(spare, 0) + beyond * sides * factor)
    scale = np.array([stretch, 1 / stretch]) * factor
    room = np.array([width, height]) * scale - size
    x0, y0 = (box[:2] * scale - at).clip(np.minimum(room, 0), np.maximum(room, 0)).tolist()
    return Placement(float(scale[0]), float(scale[1]), x0, y0)


def small_camera(rng: np.random.Generator, part: Image, width: int, height: int) -> Image:
    """The picture as a camera of few pixels gives it when it will be width×height, half of the time strongly
    compressed.
    """
    reduce = rng.uniform(0.3, 0.85)
    small = (max(2, int(width * reduce)), max(2, int(height * reduce)))
    part = np.asarray(cv2.resize(part, small, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return jpeg(part, int(rng.integers(20, 70))) if rng.random() < 0.5 else part


def cut_out(
    rng: np.random.Generator, image: Image, boxes: Boxes, placement: Placement, size: int, coarse: float
) -> tuple[Image, Boxes]:
    """The size×size window at a place, grey outside the picture, and the boxes in its pixels (not clipped)."""
    height, width = image.shape[:2]
    fx, fy, x0, y0 = placement.fx, placement.fy, placement.x0, placement.y0
    left, top = max(0, int(x0 / fx)), max(0, int(y0 / fy))
    right = min(width, int(np.ceil((x0 + size) / fx)))
    bottom = min(height, int(np.ceil((y0 + size) / fy)))
    part = image[top:bottom, left:right]
    part_size = (max(1, round((right - left) * fx)), max(1, round((bottom - top) * fy)))
    if rng.random() < coarse:
        part = small_camera(rng, part, *part_size)
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
    return canvas, moved


def fisheye(rng: np.random.Generator, image: Image, boxes: Boxes) -> tuple[Image, Boxes]:
    """A square window bent like a wide lens bends it; a box becomes the one around its bent outline.

    With distances r from the centre in half windows, what stands at r after bending came from
    r (1 + strength r²) / (1 + strength).
    """
    size, strength = image.shape[0], rng.uniform(*FISHEYE)
    centre = size * rng.uniform(0.4, 0.6, 2)
    rows, columns = np.mgrid[0:size, 0:size].astype(np.float32)
    away_x, away_y = (columns - centre[0]) / size * 2, (rows - centre[1]) / size * 2
    grown = (1 + strength * (away_x**2 + away_y**2)) / (1 + strength) * size / 2
    bent = cv2.remap(
        image,
        (away_x * grown + centre[0]).astype(np.float32),
        (away_y * grown + centre[1]).astype(np.float32),
        cv2.INTER_LINEAR,
        borderValue=(GREY, GREY, GREY),
    )
    moved = boxes.copy()
    for row in moved:
        away = (row[1:3] + OUTLINE * (row[3:5] - row[1:3]) - centre) / size * 2
        wanted = np.maximum(np.hypot(*away.T), 1e-6)
        found = wanted.copy()
        for _ in range(8):  # Newton's method
            found -= (found + strength * found**3 - wanted * (1 + strength)) / (1 + 3 * strength * found**2)
        corners = centre + away * (found / wanted)[:, None] * size / 2
        row[1:3], row[3:5] = corners.min(0), corners.max(0)
    return np.asarray(bent, dtype=np.uint8), moved


def close_box(rng: np.random.Generator, boxes: Boxes, source: Source, recipe: ViewRecipe) -> NDArray[np.float32]:
    """One of the boxes (x1, y1, x2, y2) to fill a window with. Where vehicles are to be found and a photo's labels
    mark plates, it is about the vehicle around a plate.
    """
    kind, *corners = boxes[rng.integers(len(boxes))]
    box = np.array(corners, np.float32)
    if source.plates and not source.drawn and not recipe.plates and kind == PLATE:
        box += AROUND_PLATE * (box[2] - box[0])
    return box


def turned(rng: np.random.Generator, image: Image, boxes: Boxes) -> tuple[Image, Boxes]:
    """A square window as a camera above the road sees it that is mounted another way round."""
    size, boxes = image.shape[0], boxes.copy()
    if rng.random() < 0.5:
        image, boxes[:, [2, 4]] = image[::-1], size - boxes[:, [4, 2]]
    if rng.random() < 0.5:
        image, boxes[:, 1:] = image.transpose(1, 0, 2), boxes[:, [2, 1, 4, 3]]
    return np.ascontiguousarray(image), boxes


def window(
    rng: np.random.Generator, image: Image, boxes: Boxes, source: Source, recipe: ViewRecipe, smallest: float
) -> tuple[Image, Boxes]:
    """A square window of a picture at a random scale, mirrored half of the time; one from above also turned.

    `smallest` is the least length of the picture's longer side after scaling, in pixels.
    """
    size, shape = recipe.size, image.shape[:2]
    if len(boxes) and rng.random() < recipe.close:
        box = close_box(rng, boxes, source, recipe)
        place = placed_close(rng, shape, box, source.squared, size, CLOSE_FILL[recipe.plates])
    else:
        place = placed_anywhere(rng, shape, boxes, source.squared, size, smallest)
    canvas, moved = cut_out(rng, image, boxes, place, size, recipe.coarse)
    if rng.random() < recipe.fisheye:
        canvas, moved = fisheye(rng, canvas, visible_boxes(moved, size, size))
    if rng.random() < 0.5:
        canvas = np.ascontiguousarray(canvas[:, ::-1])
        moved[:, [1, 3]] = size - moved[:, [3, 1]]
    if source.top_view:
        canvas, moved = turned(rng, canvas, moved)
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
        source, sized = cache.sources[picture.source], replace(recipe, size=size)
        view, seen = window(rng, cache.image(picture), boxes, source, sized, smallest)
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

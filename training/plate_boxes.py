"""Which plates a picture shows: its labels completed by the shared plate detector.

The sets' labels miss far plates, and the vehicle sets label none. The shared detector looks at the whole
picture and at four overlapping quarters. What it is sure of and no label holds is added; what it half sees is
blurred away, so that the picture teaches neither "plate" nor "no plate" there.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import openvino as ov  # type: ignore[import-untyped]
from numpy.typing import NDArray

Image = NDArray[np.uint8]

SURE, DOUBT = 0.45, 0.12
"""Confidences from which a found plate is added, and from which it is blurred away."""

TILE = 0.6
"""Share of the picture's width and height that each of the four quarters covers."""

SAME = 0.3
"""Overlap (intersection over the smaller area) from which two boxes are one plate."""

SHAPE = (0.8, 8.0)
"""Width over height a plate can have; anything else the teacher reports is blurred away as doubtful."""

QUARTERS_FROM = 400
"""Pixels: pictures whose longer side is shorter than this are looked at only as a whole."""

SIDE, GREY = 320, 114
"""The teacher's input side in pixels, and the filling around a picture that is not square."""

LARGEST_SHARE = 0.5
"""A plate wider than this share of the picture, found by the teacher alone, is doubtful."""


def shared_area(box: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection of one box (4,) with others (n, 4), divided by the smaller of the two areas."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:4], others[:, 2:4])
    area = (others[:, 2:4] - others[:, :2]).prod(1)
    smaller = np.minimum(area, (box[2:4] - box[:2]).prod())
    return np.asarray((high - low).clip(0).prod(1) / np.maximum(smaller, 1e-6), dtype=np.float32)


class PlateTeacher:
    """The shared plate detector, asked about a picture and its quarters."""

    def __init__(self, file: Path) -> None:
        self._network = ov.Core().compile_model(str(file), "CPU", {"INFERENCE_NUM_THREADS": 1})

    def _boxes(self, tile: Image) -> list[list[float]]:
        """Rows (x1, y1, x2, y2, confidence) in pixels of the tile, overlapping ones merged."""
        height, width = tile.shape[:2]
        factor = SIDE / max(height, width)
        size = (max(1, round(width * factor)), max(1, round(height * factor)))
        canvas = np.full((SIDE, SIDE, 3), GREY, np.uint8)
        canvas[: size[1], : size[0]] = cv2.resize(tile, size, interpolation=cv2.INTER_AREA)
        answers = np.asarray(self._network(cv2.dnn.blobFromImage(canvas, 1 / 255, swapRB=True))[0])[0].T
        answers = answers[answers[:, 4] >= DOUBT]
        corners = np.concatenate([answers[:, :2] - answers[:, 2:4] / 2, answers[:, 2:4]], axis=1)
        chosen = cv2.dnn.NMSBoxes(corners.tolist(), answers[:, 4].tolist(), DOUBT, 0.5)
        rows = []
        for i in np.array(chosen, dtype=int).reshape(-1):
            x, y, w, h = (corners[i] / factor).tolist()
            rows.append([x, y, x + w, y + h, float(answers[i, 4])])
        return rows

    def found(self, image: Image) -> NDArray[np.float32]:
        """Rows (x1, y1, x2, y2, confidence) in picture pixels, the surest first, each plate once."""
        height, width = image.shape[:2]
        wide, high = int(width * TILE), int(height * TILE)
        places = [(0, 0, width, height)]
        if max(width, height) >= QUARTERS_FROM:
            places += [(x, y, wide, high) for x in (0, width - wide) for y in (0, height - high)]
        rows = []
        for x, y, w, h in places:
            tile = np.ascontiguousarray(image[y : y + h, x : x + w])
            for x1, y1, x2, y2, confidence in self._boxes(tile):
                # a plate cut by a quarter's inner edge is left to the other tiles
                inner = (x == 0 or x1 > 2) and (y == 0 or y1 > 2)
                if inner and (x + w == width or x2 < w - 2) and (y + h == height or y2 < h - 2):
                    rows.append([x1 + x, y1 + y, x2 + x, y2 + y, confidence])
        table = np.array(rows, np.float32).reshape(-1, 5)
        table = table[np.argsort(-table[:, 4], kind="stable")]
        kept: list[int] = []
        for i in range(len(table)):
            if not kept or shared_area(table[i, :4], table[kept, :4]).max() < SAME:
                kept.append(i)
        return table[kept]


def blur_away(image: Image, box: tuple[float, float, float, float]) -> None:
    """Make what stands in a box (x1, y1, x2, y2) unrecognisable, in the given picture."""
    x1, y1, x2, y2 = box
    height, width = image.shape[:2]
    margin = 0.15 * (y2 - y1)
    left, top = max(0, int(x1 - margin)), max(0, int(y1 - margin))
    right, bottom = min(width, int(x2 + margin) + 1), min(height, int(y2 + margin) + 1)
    sigma = max(1.0, 0.3 * (bottom - top))
    image[top:bottom, left:right] = cv2.GaussianBlur(image[top:bottom, left:right], (0, 0), sigma)


def completed(image: Image, labelled: list[list[float]], teacher: PlateTeacher) -> tuple[Image, list[list[float]]]:
    """The picture with doubtful places blurred, and its plate boxes as rows (0, x1, y1, x2, y2) in pixels."""
    boxes = [row for row in labelled if row[0] == 0]
    image = image.copy()
    width = image.shape[1]
    for x1, y1, x2, y2, confidence in teacher.found(image).tolist():
        known = np.array([b[1:] for b in boxes], np.float32).reshape(-1, 4)
        if len(known) and shared_area(np.array([x1, y1, x2, y2], np.float32), known).max() >= SAME:
            continue
        likely = SHAPE[0] <= (x2 - x1) / max(y2 - y1, 1) <= SHAPE[1] and x2 - x1 <= LARGEST_SHARE * width
        if confidence >= SURE and likely:
            boxes.append([0.0, x1, y1, x2, y2])
            continue
        blur_away(image, (x1, y1, x2, y2))
    return image, boxes

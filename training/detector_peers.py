"""Which vehicles does a camera see that looks straight down?

YOLO11n sees almost nothing there. Two small crossroad detectors of Intel's do, and where both give the same box it
is right. What only one of them gives is blurred away, so that the picture teaches neither "vehicle" nor "no
vehicle" there.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import openvino as ov  # type: ignore[import-untyped]
from numpy.typing import NDArray

from training.plate_boxes import Image, blur_away

PEERS = {"person-vehicle-bike-detection-crossroad-1016": 1, "person-vehicle-bike-detection-2002": 0}
"""Folder of each network, and its number for "vehicle"."""

SIDE = 512
"""The networks' input side in pixels."""

SURE, DOUBT = 0.3, 0.2
"""Confidences from which both together are believed, and from which one alone is a doubt."""

SAME = 0.6
"""Overlap (intersection over union) from which two boxes agree."""

LARGEST_SHARE = 0.3
"""Both see empty roads as one vehicle: boxes over this share of the picture's area are no boxes."""

Boxes = NDArray[np.float32]
"""Rows (x1, y1, x2, y2, confidence) in pixels of the picture."""


def overlap(box: NDArray[np.float32], others: Boxes) -> NDArray[np.float32]:
    """Intersection of one box (at least 4 numbers) with others, over the union."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:4], others[:, 2:4])
    shared = (high - low).clip(0).prod(1)
    union = (box[2:4] - box[:2]).prod() + (others[:, 2:4] - others[:, :2]).prod(1) - shared
    return np.asarray(shared / np.maximum(union, 1e-6), dtype=np.float32)


def agreed(first: Boxes, second: Boxes) -> tuple[list[list[float]], list[list[float]]]:
    """Boxes (x1, y1, x2, y2) that both give, averaged, and those that only one gives."""
    both, alone = [], []
    free = list(range(len(second)))
    for box in first:
        shared = overlap(box, second[free])
        best = int(shared.argmax()) if len(shared) else -1
        if best >= 0 and shared[best] >= SAME and min(box[4], second[free[best], 4]) >= SURE:
            both.append(((box[:4] + second[free.pop(best), :4]) / 2).tolist())
        else:
            alone.append(box[:4].tolist())
    alone += second[free, :4].tolist()
    return both, [box for box in alone if not any(overlap(np.array(box), np.array([b]))[0] > 0 for b in both)]


class AgreeingPeers:
    """The two detectors, asked about a whole picture."""

    def __init__(self, folder: Path) -> None:
        core, one_thread = ov.Core(), {"INFERENCE_NUM_THREADS": 1}
        self._networks = [
            (core.compile_model(str(folder / name / f"{name}.xml"), "CPU", one_thread), vehicle)
            for name, vehicle in PEERS.items()
        ]

    def _found(self, network: ov.CompiledModel, vehicle: int, image: Image) -> Boxes:
        height, width = image.shape[:2]
        blob = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA).transpose(2, 0, 1)[None]
        rows = np.asarray(network(blob.astype(np.float32))[0]).reshape(-1, 7)
        sides = (rows[:, 5:7] - rows[:, 3:5]).clip(0).prod(1)
        rows = rows[(rows[:, 1] == vehicle) & (rows[:, 2] >= DOUBT) & (sides <= LARGEST_SHARE)]
        corners = rows[:, 3:7].clip(0, 1) * [width, height, width, height]
        return np.concatenate([corners, rows[:, 2:3]], axis=1).astype(np.float32)

    def completed(self, image: Image) -> tuple[Image, list[list[float]]]:
        """The picture with doubtful places blurred, and the boxes (x1, y1, x2, y2) of its vehicles."""
        first, second = (self._found(network, vehicle, image) for network, vehicle in self._networks)
        boxes, doubtful = agreed(first, second)
        image = image.copy()
        for x1, y1, x2, y2 in doubtful:
            blur_away(image, (x1, y1, x2, y2))
        return image, boxes

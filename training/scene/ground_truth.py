"""What is true about a frame? Boxes, classes, plates with corners and texts, and crossings of a named line.

Pixels of the full frame, x right, y down; boxes are [x1, y1, x2, y2].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.scene.camera import Camera
from training.scene.traffic import Drive
from training.scene.traffic_painter import Pose, Vehicle

SMALLEST = 8
"""A vehicle lower than this many pixels is not reported."""


@dataclass(frozen=True)
class Line:
    """A counting line between two points on the road (x, y in metres)."""

    name: str
    start: tuple[float, float]
    end: tuple[float, float]

    def pixels(self, camera: Camera) -> NDArray[np.float64]:
        """Its ends in the picture (2, 2)."""
        return camera.project(np.array([(*self.start, 0.0), (*self.end, 0.0)]))[0]


def full_box(vehicle: Vehicle, pose: Pose, camera: Camera) -> NDArray[np.float64] | None:
    """The box (4,) of the whole vehicle, not cut by the frame or by others; none if it is not before the
    camera.
    """
    matrix = pose.matrix().astype(float)
    pixels, depth = camera.project(vehicle.outline @ matrix[:3, :3].T + matrix[:3, 3])
    pixels = pixels[depth > 1.0]
    if len(pixels) == 0:
        return None
    return np.asarray(np.concatenate([pixels.min(0), pixels.max(0)]), float)


def clip(box: NDArray[np.float64], camera: Camera) -> list[float]:
    """The part of a box inside the frame, rounded to a tenth of a pixel."""
    limit = np.array([camera.width, camera.height] * 2, float)
    return [round(float(v), 1) for v in np.clip(box, 0, limit)]


def visible_box(mask: NDArray[np.bool_]) -> list[int] | None:
    """The box around the true pixels of a mask (H, W)."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if len(rows) == 0:
        return None
    return [int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1]


def area(corners: NDArray[np.float64]) -> float:
    """Area of a polygon (N, 2) in square pixels."""
    x, y = corners[:, 0], corners[:, 1]
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def plate_rows(
    drive: Drive, vehicle: Vehicle, pose: Pose, marks: NDArray[np.uint8], camera: Camera
) -> list[dict[str, Any]]:
    """The plates of a vehicle of which something is seen; marks is the (H, W) plate channel within the
    vehicle's pixels.
    """
    rows = []
    matrix = pose.matrix().astype(float)
    for end, (_, _, corners) in vehicle.plates.items():
        pixels, depth = camera.project(corners @ matrix[:3, :3].T + matrix[:3, 3])
        seen = int((marks == (1 if end == "front" else 2)).sum())
        if seen == 0 or depth.min() < 1.0:
            continue
        width = (np.linalg.norm(pixels[1] - pixels[0]) + np.linalg.norm(pixels[2] - pixels[3])) / 2
        rows.append(
            {
                "end": end,
                "text": drive.plate,
                "corners": [[round(float(v), 2) for v in point] for point in pixels],
                "width_px": round(float(width), 2),
                "visible": round(min(1.0, seen / max(area(pixels), 1.0)), 3),
            }
        )
    return rows


def frame_rows(
    moving: list[tuple[Drive, Vehicle, Pose]], ids: NDArray[np.uint8], camera: Camera, numbers: dict[str, int]
) -> list[dict[str, Any]]:
    """One row per vehicle in the frame; ids (H, W, 2) as Painter.identify gives them for the same list."""
    rows = []
    for place, (drive, vehicle, pose) in enumerate(moving):
        mask = ids[..., 0] == place + 1
        visible = visible_box(mask)
        box = full_box(vehicle, pose, camera)
        if box is None or visible is None or visible[3] - visible[1] < SMALLEST:
            continue
        inside = clip(box, camera)
        marks = np.where(mask, ids[..., 1], 0)
        rows.append(
            {
                "id": numbers[drive.name],
                "class": drive.kind,
                "box": inside,
                "box_whole": [round(float(v), 1) for v in box],
                "box_visible": visible,
                "visible_pixels": int(mask.sum()),
                "plates": plate_rows(drive, vehicle, pose, marks, camera),
            }
        )
    return rows


def side_of(point: NDArray[np.float64], line: NDArray[np.float64]) -> float:
    """Signed side of a point (2,) with respect to a line (2, 2)."""
    (xa, ya), (xb, yb) = line
    return float((xb - xa) * (point[1] - ya) - (yb - ya) * (point[0] - xa))


def crossings(
    drives: list[Drive],
    vehicles: dict[str, Vehicle],
    camera: Camera,
    line: Line,
    rate: float,
    frames: int,
    numbers: dict[str, int],
) -> list[dict[str, Any]]:
    """When the bottom middle of each whole box passes the line: first frame on the far side, exact time,
    direction.
    """
    ends = line.pixels(camera)
    rows = []
    for drive in drives:
        before: float | None = None
        for index in range(frames):
            moment = index / rate
            if not drive.span()[0] <= moment <= drive.span()[1]:
                before = None
                continue
            x, y, heading, driven, braking = drive.at(moment)
            box = full_box(vehicles[drive.name], Pose(x, y, heading, driven, braking), camera) if y > -8 else None
            if box is None:
                before = None
                continue
            side = side_of(np.array([(box[0] + box[2]) / 2, box[3]]), ends)
            if before is not None and (before < 0) != (side < 0):
                share = before / (before - side)
                rows.append(
                    {
                        "line": line.name,
                        "id": numbers[drive.name],
                        "class": drive.kind,
                        "plate": drive.plate,
                        "direction": drive.direction,
                        "frame": index,
                        "time_s": round((index - 1 + share) / rate, 3),
                    }
                )
            before = side
    return sorted(rows, key=lambda row: row["time_s"])

"""Where does a point of the world fall in the picture? A pinhole camera, in pixels of the full frame."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Camera:
    """A fixed camera: place in metres, yaw (to the right) and pitch (down) in degrees, focal length in
    pixels.
    """

    position: tuple[float, float, float]
    yaw: float
    pitch: float
    focal: float
    width: int = 1280
    height: int = 720

    def axes(self) -> Array:
        """Rows: the camera's right, down and forward directions in the world."""
        yaw, pitch = math.radians(self.yaw), math.radians(self.pitch)
        forward = np.array([math.sin(yaw) * math.cos(pitch), math.cos(yaw) * math.cos(pitch), -math.sin(pitch)])
        right = np.array([math.cos(yaw), -math.sin(yaw), 0.0])
        return np.stack([right, np.cross(forward, right), forward])

    def project(self, points: Array) -> tuple[Array, Array]:
        """World points (N, 3) to pixels (N, 2) and depths along the view axis (N,) in metres."""
        local = (np.asarray(points, float) - np.asarray(self.position)) @ self.axes().T
        depth = local[:, 2]
        safe = np.where(np.abs(depth) < 1e-6, 1e-6, depth)
        pixels = local[:, :2] / safe[:, None] * self.focal + np.array([self.width / 2, self.height / 2])
        return pixels, depth

    def ground(self, pixels: Array) -> Array:
        """Pixels (N, 2) to world points (N, 3) on z = 0."""
        rays = np.concatenate(
            [
                (np.asarray(pixels, float) - [self.width / 2, self.height / 2]) / self.focal,
                np.ones((len(pixels), 1)),
            ],
            1,
        )
        directions = rays @ self.axes()
        reach = -self.position[2] / directions[:, 2]
        return np.asarray(np.asarray(self.position) + directions * reach[:, None], float)

"""What is a finished vehicle? Its solids, wheels and plate mounts."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mathutils import Matrix

from training.scene.shapes import Solid


@dataclass(frozen=True)
class Mount:
    """Where a plate sits: centre (x, y, z) in vehicle metres, 'front' or 'rear', and its tilt back in
    radians.
    """

    end: str
    centre: tuple[float, float, float]
    tilt: float = 0.0


@dataclass
class VehicleModel:
    """A finished vehicle: body solid, wheels as (solid, hub x, y, z, radius), plate mounts and its class."""

    kind: str
    style: str
    body: Solid
    wheels: list[tuple[Solid, tuple[float, float, float], float]]
    mounts: list[Mount]
    length: float
    width: float

    def place(self, matrix: Matrix) -> None:
        """Put the vehicle into the current Blender scene."""
        self.body.to_object(self.style).matrix_world = matrix
        for solid, hub, sign in self.wheels:
            turn = Matrix.Rotation(0.0 if sign > 0 else math.pi, 4, "Z")
            solid.to_object("wheel").matrix_world = matrix @ Matrix.Translation(hub) @ turn

"""How do flat details come onto a body? Patches, seams and mirrored pairs laid on by ray casts."""

from __future__ import annotations

import numpy as np
from mathutils.bvhtree import BVHTree

from training.scene import shapes
from training.scene.car_styles import Line
from training.scene.shapes import LEFT, RIGHT, Solid, View


class Dresser:
    """Lays patches onto a body; keeps the surface to cast rays on."""

    def __init__(self, solid: Solid, coarse: float = 1.0) -> None:
        """Take the surface as it is now; patches are added to the same solid, their triangles coarse times
        the usual size.
        """
        self.solid = solid
        self.coarse = coarse
        self.tree: BVHTree = solid.tree()

    def lay(
        self, polygon: Line, view: View, material: str, lift: float, radius: float = 0.0, fine: float = 0.09
    ) -> None:
        """One patch with corner radius, lifted by lift metres."""
        shape = shapes.round_corners(polygon, radius) if radius else polygon
        vertices, faces, uvs = shapes.project_patch(self.tree, shape, view, lift, fine * self.coarse)
        self.solid.add(vertices, faces, material, uvs)

    def both_sides(self, polygon: Line, material: str, lift: float, radius: float = 0.0) -> None:
        """The same patch (x, z) on the left and the right side."""
        for view in (LEFT, RIGHT):
            self.lay(polygon, view, material, lift, radius)

    def seams(self, line: Line, width: float = 0.011, closed: bool = False) -> None:
        """A panel gap along a polyline (x, z) on both sides."""
        for quad in shapes.strip(line, width, closed):
            self.both_sides(quad, "seam", 0.003)

    def mirrored(self, polygon: Line, view: View, material: str, lift: float, radius: float = 0.0) -> None:
        """A patch (y, z) and its mirror image across the vehicle's middle."""
        for sign in (1, -1):
            self.lay([(sign * a, b) for a, b in polygon], view, material, lift, radius, 0.03)


def outset(polygon: Line, by: float) -> Line:
    """The polygon grown about its centre by roughly the given distance."""
    points = np.asarray(polygon)
    centre = points.mean(0)
    span = np.ptp(points, axis=0) / 2
    grown = centre + (points - centre) * (1 + by / span)
    return [(float(a), float(b)) for a, b in grown]

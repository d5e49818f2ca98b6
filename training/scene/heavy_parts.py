"""What do trucks and buses share? Rounded extrusions, lamps and big mirrors."""

from __future__ import annotations

import math

import bmesh
import numpy as np

from training.scene import shapes
from training.scene.dresser import Dresser, outset
from training.scene.shapes import FRONT, REAR, Array, Point2, Solid

Line = list[Point2]
WHEEL_RADIUS = 0.50
"""Radius of a truck's or bus's wheel, metres."""


def extrude(
    profile: Line, half_width: float, radius: float, steps: int = 4
) -> tuple[Array, list[tuple[int, ...]]]:
    """A side profile (x, z), counter-clockwise seen from the right, made half_width wide to both sides,
    edges rounded.
    """
    work = bmesh.new()
    sides = [[work.verts.new((x, sign * half_width, z)) for x, z in profile] for sign in (-1, 1)]
    work.faces.new(sides[0])
    work.faces.new(list(reversed(sides[1])))
    count = len(profile)
    for i in range(count):
        j = (i + 1) % count
        work.faces.new([sides[0][i], sides[1][i], sides[1][j], sides[0][j]])
    bmesh.ops.recalc_face_normals(work, faces=work.faces)
    bmesh.ops.bevel(
        work,
        geom=list(work.edges),
        offset=radius,
        segments=steps,
        profile=0.5,
        affect="EDGES",
        clamp_overlap=True,
    )
    work.verts.index_update()
    vertices = np.array([vertex.co[:] for vertex in work.verts])
    faces = [tuple(vertex.index for vertex in face.verts) for face in work.faces]
    work.free()
    return vertices, faces


def box(
    solid: Solid,
    x: tuple[float, float],
    y: tuple[float, float],
    z: tuple[float, float],
    radius: float,
    material: str,
) -> None:
    """Add a rounded box given by its extents."""
    centre = [(a + b) / 2 for a, b in (x, y, z)]
    size = [abs(b - a) for a, b in (x, y, z)]
    solid.add(*shapes.rounded_box(centre, size, radius), material)


def disc(y: float, z: float, radius: float) -> Line:
    """A round patch outline."""
    return [(y + radius * math.cos(t), z + radius * math.sin(t)) for t in np.linspace(0, 2 * math.pi, 17)[:-1]]


def lamps_front(dress: Dresser, half: float, z: float, height: float) -> None:
    """Head lamps of a truck or bus at height z."""
    frame = [
        (half * 0.58, z - height / 2),
        (half * 0.93, z - height / 2),
        (half * 0.93, z + height / 2),
        (half * 0.62, z + height / 2),
    ]
    dress.mirrored(outset(frame, 0.02), FRONT, "gloss_black", 0.004, 0.04)
    dress.mirrored(frame, FRONT, "lamp_clear", 0.008, 0.04)
    for y in (0.68, 0.83):
        dress.mirrored(disc(half * y, z, height * 0.30), FRONT, "lamp_lens", 0.013)


def lamps_rear(dress: Dresser, half: float, z: float, tall: float) -> None:
    """Tail lamps stacked upright: red, amber, white."""
    parts = (("lamp_red_lit", 0.36), ("lamp_amber", 0.0), ("lamp_clear", -0.36))
    frame = [
        (half * 0.83, z - tall / 2),
        (half * 0.96, z - tall / 2),
        (half * 0.96, z + tall / 2),
        (half * 0.83, z + tall / 2),
    ]
    dress.mirrored(outset(frame, 0.015), REAR, "gloss_black", 0.004, 0.02)
    for material, at in parts:
        dress.mirrored(
            [(y, z + tall * (at + (b - z) / tall * 0.30)) for y, b in frame], REAR, material, 0.008, 0.02
        )


def big_mirrors(solid: Solid, x: float, half: float, z: float) -> None:
    """Mirrors on arms at the front corners."""
    for sign in (1, -1):
        y = sign * (half + 0.16)
        box(solid, (x - 0.05, x + 0.07), (y - 0.10, y + 0.10), (z - 0.25, z + 0.25), 0.04, "trim_black")
        box(solid, (x - 0.07, x - 0.04), (y - 0.08, y + 0.08), (z - 0.22, z + 0.22), 0.01, "glass")
        solid.add(*shapes.tube([(x, sign * half * 0.97, z + 0.2), (x, y, z + 0.2)], 0.02, 6), "trim_black")


def merge(solid: Solid, part: Solid) -> None:
    """Append one solid to another."""
    start, first = len(solid.vertices), len(solid.faces)
    solid.vertices.extend(part.vertices)
    solid.faces.extend(tuple(i + start for i in face) for face in part.faces)
    solid.materials.extend(part.materials)
    solid.uvs.update({index + first: corners for index, corners in part.uvs.items()})

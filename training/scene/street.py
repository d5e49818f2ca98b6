"""What stands at the roadside? Houses, lamps, signs, a bus shelter, kerb stones."""

from __future__ import annotations

import math
from pathlib import Path

import bpy
import numpy as np

from training.scene import shapes, textures
from training.scene.materials import textured
from training.scene.shapes import Solid


def quad(
    solid: Solid,
    corners: list[tuple[float, float, float]],
    material: str,
    repeat: tuple[float, float] = (1, 1),
) -> None:
    """A textured rectangle: corners lower left, lower right, upper right, upper left."""
    uvs = np.array([(0, 0), (repeat[0], 0), repeat, (0, repeat[1])], float)
    solid.add(np.asarray(corners, float), [(0, 1, 2, 3)], material, uvs)


def house(
    folder: Path, rng: np.random.Generator, name: str, width: float, depth: float, storeys: int
) -> bpy.types.Object:
    """A house with gable roof; its front faces +x, its width runs along y."""
    solid = Solid()
    front = textured(
        f"front_{name}",
        textures.save(folder / f"front_{name}.png", textures.facade(rng, storeys, max(2, round(width / 2.6)))),
    )
    gable = textured(
        f"gable_{name}",
        textures.save(folder / f"gable_{name}.png", textures.facade(rng, storeys, max(2, round(depth / 3.4)))),
    )
    tiles = textured(f"roof_{name}", textures.save(folder / f"roof_{name}.png", textures.roof(rng)))
    high, w, d = storeys * 3.0, width / 2, depth / 2
    ridge = high + depth * 0.33
    quad(solid, [(d, -w, 0), (d, w, 0), (d, w, high), (d, -w, high)], front)
    quad(solid, [(-d, w, 0), (-d, -w, 0), (-d, -w, high), (-d, w, high)], front)
    for sign in (1, -1):
        quad(
            solid,
            [
                (-sign * d, sign * w, 0),
                (sign * d, sign * w, 0),
                (sign * d, sign * w, high),
                (-sign * d, sign * w, high),
            ][:: -1 if sign > 0 else 1],
            gable,
        )
        solid.add(
            np.array([(-d, sign * w, high), (d, sign * w, high), (0, sign * w, ridge)]),
            [(0, 1, 2)],
            gable,
            np.array([(0, 0.86), (1, 0.86), (0.5, 0.99)]),
        )
    over = 0.5
    for sign in (1, -1):
        low = [
            (sign * (d + over), -w - over, high - 0.33),
            (sign * (d + over), w + over, high - 0.33),
            (0.0, w + over, ridge),
            (0.0, -w - over, ridge),
        ]
        quad(solid, low, tiles, (width / 5, depth / 9))
    solid.add(*shapes.rounded_box((-d * 0.3, w * 0.4, ridge), (0.6, 0.6, 1.4), 0.02), "brick")
    solid.add(*shapes.tube([(d + 0.05, w - 0.2, 0), (d + 0.05, w - 0.2, high)], 0.05, 6), "steel")
    return solid.to_object(f"house_{name}", smooth=False)


def lamp_post(x: float, y: float, towards: float) -> bpy.types.Object:
    """A street lamp at (x, y) whose arm reaches in the direction of the sign of towards."""
    solid = Solid()
    reach = math.copysign(1.6, towards)
    solid.add(
        *shapes.tube(
            [(x, y, 0), (x, y, 3), (x, y, 7.6), (x + reach * 0.3, y, 8.1), (x + reach, y, 8.25)],
            [0.09, 0.075, 0.055, 0.05, 0.045],
        ),
        "galvanised",
    )
    solid.add(*shapes.rounded_box((x + reach * 1.25, y, 8.25), (0.75, 0.28, 0.12), 0.05), "galvanised")
    return solid.to_object("lamp")


def sign_post(folder: Path, x: float, y: float, kind: str, high: float = 2.5) -> bpy.types.Object:
    """A road sign that faces the camera."""
    solid = Solid()
    solid.add(*shapes.tube([(x, y, 0), (x, y, high + 0.3)], 0.035, 8), "galvanised")
    material = textured(
        f"sign_{kind}", textures.save(folder / f"sign_{kind}.png", textures.sign(kind)), 0.4, alpha=True
    )
    quad(
        solid,
        [
            (x - 0.32, y - 0.05, high - 0.32),
            (x + 0.32, y - 0.05, high - 0.32),
            (x + 0.32, y - 0.05, high + 0.32),
            (x - 0.32, y - 0.05, high + 0.32),
        ],
        material,
    )
    return solid.to_object("sign")


def shelter(x: float, y: float) -> bpy.types.Object:
    """A glass bus shelter, open towards +x, 4 m long."""
    solid = Solid()
    for dy in (-2, 0, 2):
        for dx in (-0.65, 0.55):
            solid.add(*shapes.tube([(x + dx, y + dy, 0), (x + dx, y + dy, 2.5)], 0.035, 8), "post_dark")
    solid.add(*shapes.rounded_box((x, y, 2.55), (1.6, 4.4, 0.12), 0.05), "post_dark")
    quad(
        solid,
        [(x - 0.65, y - 2, 0.3), (x - 0.65, y + 2, 0.3), (x - 0.65, y + 2, 2.3), (x - 0.65, y - 2, 2.3)],
        "pane",
    )
    for dy in (2,):
        quad(
            solid,
            [
                (x - 0.65, y + dy, 0.3),
                (x + 0.3, y + dy, 0.3),
                (x + 0.3, y + dy, 2.3),
                (x - 0.65, y + dy, 2.3),
            ],
            "poster",
        )
    solid.add(*shapes.rounded_box((x - 0.4, y - 0.3, 0.5), (0.4, 2.4, 0.06), 0.02), "wood")
    return solid.to_object("shelter")


def kerb(solid: Solid, start: tuple[float, float], end: tuple[float, float], side: int, high: float) -> None:
    """One kerb stone from start to end (x, y), its body lying to the given side of the line."""
    (xa, ya), (xb, yb) = start, end
    length = math.hypot(xb - xa, yb - ya)
    vertices, faces = shapes.rounded_box((0, 0, high / 2), (0.15, length - 0.015, high + 0.02), 0.025, 2)
    angle = math.atan2(-(xb - xa), yb - ya)
    turn = np.array([[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0], [0, 0, 1]])
    solid.add(vertices @ turn.T + np.array([(xa + xb) / 2 + side * 0.075, (ya + yb) / 2, 0]), faces, "kerb")

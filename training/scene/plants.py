"""What grows at the roadside? Trees, hedges and grass."""

from __future__ import annotations

import math

import bpy
import numpy as np

from training.scene import shapes
from training.scene.shapes import Array, Solid


def leaves(rng: np.random.Generator, centres: Array, size: float) -> tuple[Array, list[tuple[int, ...]]]:
    """One randomly turned leaf quad of about size metres at each centre (N, 3)."""
    count = len(centres)
    normal = rng.normal(size=(count, 3)) + np.array([0, 0, 0.6])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    helper = rng.normal(size=(count, 3))
    u = np.cross(normal, helper)
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    v = np.cross(normal, u)
    scale = size * rng.uniform(0.6, 1.3, (count, 1))
    corners = np.stack(
        [
            centres - u * scale * 0.6,
            centres - v * scale * 0.35,
            centres + u * scale * 0.6,
            centres + v * scale * 0.35,
        ],
        1,
    )
    return corners.reshape(-1, 3), [(4 * i, 4 * i + 1, 4 * i + 2, 4 * i + 3) for i in range(count)]


def make_tree(rng: np.random.Generator, height: float, spread: float, tint: str) -> bpy.types.Object:
    """A broadleaved tree: forked trunk and clumps of leaves."""
    solid = Solid()
    solid.add(
        *shapes.tube(
            [(0, 0, -0.2), (0.05, 0, height * 0.2), (0.0, 0.08, height * 0.45), (0.1, 0, height * 0.7)],
            [0.17, 0.14, 0.11, 0.05],
        ),
        "bark",
    )
    clumps = []
    for _ in range(34):
        angle, level = rng.uniform(0, 2 * math.pi), rng.uniform(0.28, 0.97)
        reach = spread * rng.uniform(0.35, 1.0) * math.sqrt(max(0.06, 1 - ((level - 0.55) / 0.48) ** 2))
        tip = np.array([math.cos(angle) * reach, math.sin(angle) * reach, level * height])
        start = np.array([0.0, 0.0, height * (0.22 + 0.45 * level * rng.uniform(0.6, 1))])
        solid.add(
            *shapes.tube(
                np.stack([start, (start + tip) / 2 + [0, 0, 0.15], tip]).tolist(), [0.05, 0.035, 0.012], 5
            ),
            "bark",
        )
        clumps.append(tip)
    points = [tip + rng.normal(size=(230, 3)) * np.array([0.55, 0.55, 0.42]) * spread / 2.6 for tip in clumps]
    solid.add(*leaves(rng, np.concatenate(points), 0.17), f"leaf_{tint}")
    return solid.to_object("tree", smooth=False)


def hedge(rng: np.random.Generator, length: float, height: float, depth: float) -> bpy.types.Object:
    """A clipped hedge along y, centred on the origin."""
    solid = Solid()
    solid.add(
        *shapes.rounded_box((0, 0, height * 0.45), (depth * 0.8, length - 0.1, height * 0.85), 0.1),
        "hedge_core",
    )
    count = int(length * height * 260)
    points = rng.uniform(-0.5, 0.5, (count, 3))
    face = rng.integers(0, 3, count)
    side = rng.choice([-0.5, 0.5], count)
    points[face == 0, 0] = side[face == 0]
    points[face == 1, 2] = 0.5
    points[face == 2, 0] = side[face == 2]
    points = points * [depth, length, height] + [0, 0, height / 2] + rng.normal(0, 0.05, (count, 3))
    solid.add(*leaves(rng, points, 0.10), "leaf_dark")
    return solid.to_object("hedge", smooth=False)


def lawn(
    rng: np.random.Generator, x: tuple[float, float], y: tuple[float, float], density: float
) -> bpy.types.Object:
    """Blades of grass on a rectangle, density blades per square metre."""
    count = int((x[1] - x[0]) * (y[1] - y[0]) * density)
    root = np.stack([rng.uniform(*x, count), rng.uniform(*y, count), np.full(count, 0.10)], 1)
    lean = rng.normal(0, 0.035, (count, 3))
    tall = rng.uniform(0.03, 0.11, (count, 1)) * np.array([0, 0, 1])
    side = rng.normal(0, 1, (count, 3)) * [1, 1, 0]
    side *= 0.008 / np.linalg.norm(side, axis=1, keepdims=True)
    vertices = np.stack([root - side, root + side, root + tall + lean], 1).reshape(-1, 3)
    solid = Solid()
    solid.add(vertices, [(3 * i, 3 * i + 1, 3 * i + 2) for i in range(count)], "blade")
    return solid.to_object("lawn", smooth=False)

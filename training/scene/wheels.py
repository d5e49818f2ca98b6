"""What does a wheel look like? Tyre, rim and spokes, turned about the y axis."""

from __future__ import annotations

import math
from random import Random

import numpy as np

from training.scene import shapes
from training.scene.shapes import Solid


def wheel(radius: float, width: float, rng: Random, dark: bool = False, heavy: bool = False) -> Solid:
    """A wheel about the y axis, its outer side towards +y, centre at the origin."""
    solid = Solid()
    half, rim = width / 2, radius * (0.62 if heavy else rng.uniform(0.66, 0.74))
    tyre = [
        (rim, -half * 0.9),
        (radius * 0.9, -half),
        (radius * 0.985, -half * 0.8),
        (radius, -half * 0.4),
        (radius, half * 0.4),
        (radius * 0.985, half * 0.8),
        (radius * 0.9, half),
        (rim, half * 0.92),
        (rim * 0.97, half * 0.8),
    ]
    solid.add(*shapes.lathe(tyre, (0, 0, 0), 28), "rubber")
    metal = "steel" if heavy else ("alloy_dark" if dark else "alloy")
    solid.add(
        *shapes.lathe(
            [
                (rim, half * 0.90),
                (rim * 0.93, half * 0.86),
                (rim * 0.90, half * 0.2),
                (rim * 0.88, -half * 0.5),
            ],
            (0, 0, 0),
            24,
        ),
        metal,
    )
    if heavy:
        solid.add(
            *shapes.lathe(
                [
                    (rim * 0.92, half * 0.3),
                    (rim * 0.55, half * 0.1),
                    (rim * 0.5, half * 0.85),
                    (0.001, half * 0.9),
                ],
                (0, 0, 0),
                32,
            ),
            metal,
        )
        return solid
    solid.add(*shapes.lathe([(rim * 0.9, 0.0), (0.001, 0.0)], (0, 0, 0), 18), "seam")
    solid.add(
        *shapes.lathe([(rim * 0.62, half * 0.15), (rim * 0.6, half * 0.25), (0.001, half * 0.25)], (0, 0, 0), 18),
        "brake",
    )
    count = rng.choice([5, 5, 6, 7, 9, 10])
    spoke = rim * min(0.30, 1.7 / count)
    for k in range(count):
        angle = 2 * math.pi * k / count
        box, faces = shapes.rounded_box((rim * 0.5, half * 0.70, 0), (rim * 0.92, half * 0.22, spoke), 0.012, 1)
        box[:, 1] -= half * 0.15 * (box[:, 0] < rim * 0.3)
        turn = np.array([[math.cos(angle), 0, -math.sin(angle)], [0, 1, 0], [math.sin(angle), 0, math.cos(angle)]])
        solid.add(box @ turn.T, faces, metal)
    solid.add(
        *shapes.lathe([(rim * 0.22, half * 0.5), (rim * 0.2, half * 0.84), (0.001, half * 0.86)], (0, 0, 0), 14),
        metal,
    )
    return solid

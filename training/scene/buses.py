"""What do buses look like? City buses and coaches."""

from __future__ import annotations

from random import Random

from training.scene import shapes
from training.scene.dresser import Dresser
from training.scene.heavy_parts import WHEEL_RADIUS, big_mirrors, box, disc, extrude, lamps_front, lamps_rear
from training.scene.materials import paint
from training.scene.shapes import FRONT, REAR, RIGHT, Solid
from training.scene.vehicle_model import Mount, VehicleModel
from training.scene.wheels import wheel

BUS_HALF = 1.26
"""Half a bus's width, metres."""


def make_bus(style: str, paint_name: str, rng: Random) -> VehicleModel:
    """A bus: 'city' (low, doors with glass) or 'coach' (high floor)."""
    material = paint(paint_name)
    second = paint(
        rng.choice([c for c in ("white", "cream", "red", "blue", "green", "yellow", "grey") if c != paint_name])
    )
    length, height = (rng.uniform(10.6, 12.0), 3.05) if style == "city" else (12.0, 3.5)
    nose, rear = length / 2, -length / 2
    glass_low = 1.15 if style == "city" else 1.65
    body = Solid()
    rake = 0.12 if style == "city" else 0.35
    profile = [
        (rear, 0.34),
        (nose - 0.06, 0.34),
        (nose, 0.9),
        (nose - 0.02, 1.2),
        (nose - rake, height - 0.25),
        (nose - rake - 0.15, height),
        (rear + 0.1, height),
        (rear, height - 0.3),
    ]
    body.add(*extrude(profile, BUS_HALF, 0.13, 5), material)
    axles = [nose - 2.65, rear + 3.1]
    work = shapes.cut_wheel_arches(body, [(x, WHEEL_RADIUS, 0.58) for x in axles], BUS_HALF, "well")
    dress = Dresser(work, 2.5)
    top = height - 0.42
    dress.both_sides(
        [
            (rear + 0.5, glass_low - 0.05),
            (nose - 0.35, glass_low - 0.05),
            (nose - 0.35 - rake * 0.6, top + 0.05),
            (rear + 0.5, top + 0.05),
        ],
        "gloss_black",
        0.004,
        0.12,
    )
    count = 7
    step = (length - 1.1) / count
    for k in range(count):
        x0 = rear + 0.58 + k * step
        dress.both_sides(
            [
                (x0 + 0.03, glass_low),
                (x0 + step - 0.03, glass_low),
                (x0 + step - 0.03, top),
                (x0 + 0.03, top),
            ],
            "glass",
            0.008,
            0.06,
        )
    dress.both_sides(
        [
            (rear + 0.02, 0.42),
            (nose - 0.15, 0.42),
            (nose - 0.15, rng.uniform(0.62, 0.95)),
            (rear + 0.02, rng.uniform(0.62, 1.0)),
        ],
        second,
        0.003,
    )
    doors = [nose - 1.35, nose - 1.35 - length * 0.42] if style == "city" else [nose - 1.2]
    for x in doors:
        for leaf in (0, 1):
            x0 = x - 0.62 + leaf * 0.62
            dress.lay(
                [(x0, 0.42), (x0 + 0.60, 0.42), (x0 + 0.60, top + 0.02), (x0, top + 0.02)],
                RIGHT,
                "gloss_black",
                0.010,
                0.03,
            )
            dress.lay(
                [(x0 + 0.06, 0.55), (x0 + 0.54, 0.55), (x0 + 0.54, top - 0.05), (x0 + 0.06, top - 0.05)],
                RIGHT,
                "glass",
                0.014,
                0.04,
            )
    screen = [(-1.14, glass_low - 0.1), (-1.10, top + 0.02), (1.10, top + 0.02), (1.14, glass_low - 0.1)]
    dress.lay(
        [(-1.20, glass_low - 0.18), (-1.16, height - 0.10), (1.16, height - 0.10), (1.20, glass_low - 0.18)],
        FRONT,
        "gloss_black",
        0.004,
        0.16,
    )
    dress.lay(screen, FRONT, "glass", 0.008, 0.12)
    dress.lay(
        [(-0.75, top + 0.07), (0.75, top + 0.07), (0.75, height - 0.13), (-0.75, height - 0.13)],
        FRONT,
        "destination",
        0.012,
        0.0,
    )
    for quad in shapes.strip([(0, glass_low - 0.1), (0, top)], 0.02):
        dress.lay(quad, FRONT, "seam", 0.012)
    for start in (-0.95, 0.1):
        for quad in shapes.strip([(start, glass_low - 0.06), (start + 0.85, glass_low + 0.02)], 0.03):
            dress.lay(quad, FRONT, "seam", 0.016)
    lamps_front(dress, BUS_HALF, 0.72, 0.20)
    dress.lay([(-0.65, 0.40), (0.65, 0.40), (0.65, 0.52), (-0.65, 0.52)], FRONT, "plastic", 0.006, 0.03)
    for quad in shapes.strip([(-1.15, 0.98), (1.15, 0.98)], 0.012):
        dress.lay(quad, FRONT, "seam", 0.005)
    dress.lay(disc(0, 0.86, 0.08), FRONT, "chrome", 0.012, 0.0, 0.03)
    dress.lay(
        [(-0.95, glass_low + 0.35), (0.95, glass_low + 0.35), (0.9, top), (-0.9, top)],
        REAR,
        "glass",
        0.008,
        0.12,
    )
    dress.lay([(-0.85, 0.62), (0.85, 0.62), (0.85, glass_low), (-0.85, glass_low)], REAR, "plastic", 0.005, 0.05)
    for k in range(4):
        z = 0.75 + k * (glass_low - 0.75) / 4
        for quad in shapes.strip([(-0.8, z), (0.8, z)], 0.03):
            dress.lay(quad, REAR, "seam", 0.010)
    lamps_rear(dress, BUS_HALF, 0.95, 0.62)
    for x in (nose - 3.8, rear + 4.4, rear + 1.4):
        dress.seams([(x, 0.45), (x, glass_low - 0.08)], 0.014)
    big_mirrors(work, nose + 0.05, BUS_HALF, 2.25 if style == "city" else 2.6)
    box(work, (rear + 1.0, rear + 3.6), (-0.9, 0.9), (height - 0.03, height + 0.20), 0.08, material)
    box(work, (nose - 4.2, nose - 2.4), (-0.8, 0.8), (height - 0.03, height + 0.16), 0.07, material)
    box(work, (rear + 0.4, nose - 0.4), (-1.1, 1.1), (0.30, 0.40), 0.02, "well")
    wheels = []
    part = wheel(WHEEL_RADIUS, 0.32, rng, heavy=True)
    for x in axles:
        for sign in (1, -1):
            wheels.append((part, (x, sign * (BUS_HALF - 0.19), WHEEL_RADIUS), float(sign)))
    mounts = [Mount("front", (nose + 0.015, 0, 0.56), 0.0), Mount("rear", (rear - 0.02, 0, 0.50), 0.0)]
    return VehicleModel("bus", style, work, wheels, mounts, length, 2 * BUS_HALF)

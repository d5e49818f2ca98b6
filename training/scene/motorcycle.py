"""What does a motorcycle with its rider look like?"""

from __future__ import annotations

import math
from random import Random

import bpy
import numpy as np

from training.scene import shapes
from training.scene.materials import paint, principled
from training.scene.shapes import Array, Solid
from training.scene.vehicle_model import Mount, VehicleModel

WHEEL_RADIUS = 0.315
CLOTHES: dict[str, tuple[float, float, float]] = {
    "cloth_black": (0.012, 0.012, 0.013),
    "cloth_grey": (0.08, 0.08, 0.085),
    "cloth_blue": (0.03, 0.05, 0.12),
    "cloth_brown": (0.10, 0.06, 0.035),
    "cloth_red": (0.28, 0.02, 0.02),
    "cloth_olive": (0.09, 0.09, 0.05),
    "cloth_vest": (0.65, 0.75, 0.03),
}


def fuse(parts: list[tuple[Array, list[tuple[int, ...]]]], material: str, voxel: float = 0.016) -> Solid:
    """Join overlapping closed parts into one smooth skin."""
    rough = Solid()
    for vertices, faces in parts:
        rough.add(vertices, faces, material)
    item = rough.to_object("fuse")
    remesh = item.modifiers.new("remesh", "REMESH")
    remesh.mode, remesh.voxel_size = "VOXEL", voxel
    smooth = item.modifiers.new("smooth", "SMOOTH")
    smooth.factor, smooth.iterations = 0.6, 6
    evaluated = item.evaluated_get(bpy.context.evaluated_depsgraph_get())
    out = Solid()
    out.add_mesh(evaluated.to_mesh())
    out.materials = [material] * len(out.faces)
    evaluated.to_mesh_clear()
    mesh = item.data
    bpy.data.objects.remove(item)
    bpy.data.meshes.remove(mesh)
    return out


def spoked_wheel(width: float) -> Solid:
    """A wheel about the y axis."""
    solid = Solid()
    rim, half = WHEEL_RADIUS * 0.74, width / 2
    tyre = [
        (rim, -half * 0.6),
        (WHEEL_RADIUS * 0.9, -half),
        (WHEEL_RADIUS * 0.97, -half * 0.6),
        (WHEEL_RADIUS, 0),
        (WHEEL_RADIUS * 0.97, half * 0.6),
        (WHEEL_RADIUS * 0.9, half),
        (rim, half * 0.6),
    ]
    solid.add(*shapes.lathe(tyre, (0, 0, 0), 40), "rubber")
    solid.add(*shapes.lathe([(rim, -half * 0.6), (rim * 0.92, 0), (rim, half * 0.6)], (0, 0, 0), 40), "alloy_dark")
    for k in range(6):
        angle = math.pi * k / 3
        end = (rim * 0.95 * math.cos(angle), 0.0, rim * 0.95 * math.sin(angle))
        solid.add(*shapes.tube([(0, 0, 0), end], 0.018, 6), "alloy_dark")
    solid.add(*shapes.lathe([(0.001, half), (0.05, half), (0.05, -half), (0.001, -half)], (0, 0, 0), 20), "alloy")
    for side in (1, -1):
        solid.add(*shapes.lathe([(0.13, side * half * 0.75), (0.07, side * half * 0.8)], (0, 0, 0), 30), "steel")
    return solid


def rider(solid: Solid, rng: Random) -> None:
    """Seated rider: jacket, trousers, boots, gloves, helmet with visor, now and then a backpack."""
    jacket = rng.choice(
        ["cloth_black", "cloth_black", "cloth_grey", "cloth_blue", "cloth_brown", "cloth_red", "cloth_vest"]
    )
    trousers = rng.choice(["cloth_black", "cloth_blue", "cloth_grey", "cloth_olive"])
    for name in (jacket, trousers, "cloth_black"):
        principled(name, CLOTHES[name], roughness=0.85, specular=0.2)
    upper = [
        shapes.ellipsoid((-0.02, 0, 1.22), (0.145, 0.205, 0.20)),
        shapes.ellipsoid((-0.13, 0, 1.02), (0.14, 0.175, 0.20)),
        shapes.tube([(0.02, 0, 1.36), (0.05, 0, 1.47)], 0.065),
    ]
    lower = [shapes.ellipsoid((-0.20, 0, 0.88), (0.17, 0.18, 0.13))]
    for sign in (1, -1):
        upper.append(
            shapes.tube(
                [
                    (0.0, sign * 0.19, 1.34),
                    (0.06, sign * 0.27, 1.24),
                    (0.16, sign * 0.33, 1.12),
                    (0.28, sign * 0.34, 1.06),
                    (0.40, sign * 0.33, 1.02),
                ],
                [0.085, 0.075, 0.062, 0.054, 0.048],
            )
        )
        lower.append(
            shapes.tube(
                [
                    (-0.18, sign * 0.11, 0.88),
                    (0.03, sign * 0.18, 0.83),
                    (0.24, sign * 0.23, 0.76),
                    (0.16, sign * 0.22, 0.56),
                    (0.02, sign * 0.20, 0.36),
                ],
                [0.11, 0.10, 0.085, 0.07, 0.058],
            )
        )
        solid.add(*shapes.ellipsoid((0.43, sign * 0.33, 1.02), (0.06, 0.045, 0.045)), "cloth_black")
        solid.add(*shapes.ellipsoid((0.06, sign * 0.20, 0.29), (0.15, 0.055, 0.065)), "cloth_black")
    for parts, material in ((upper, jacket), (lower, trousers)):
        skin = fuse(parts, material)
        solid.add(np.asarray(skin.vertices), skin.faces, material)
    shell = paint(rng.choice(["white", "black", "red", "black", "silver", "blue", "yellow"]))
    head = shapes.ellipsoid((0.09, 0, 1.60), (0.155, 0.128, 0.155), 28)
    solid.add(*head, shell)
    face, faces = shapes.ellipsoid((0.098, 0, 1.605), (0.155, 0.128, 0.150), 36)
    unit = (face - np.array([0.098, 0, 1.605])) / np.array([0.155, 0.128, 0.150])
    visor = [f for f in faces if all(unit[i][0] > 0.35 and -0.28 < unit[i][2] < 0.42 for i in f)]
    solid.add(face, visor, "gloss_black")
    if rng.random() < 0.3:
        solid.add(
            *shapes.rounded_box((-0.24, 0, 1.18), (0.16, 0.30, 0.42), 0.06),
            rng.choice(["cloth_black", jacket]),
        )


def make_motorcycle(style: str, paint_name: str, rng: Random) -> VehicleModel:
    """A motorcycle with rider: 'naked', 'touring' (screen, cases) or 'sport' (fairing)."""
    solid, colour = Solid(), paint(paint_name)
    front, rear = (0.72, 0.0, WHEEL_RADIUS), (-0.70, 0.0, WHEEL_RADIUS)
    for sign in (1, -1):
        solid.add(*shapes.tube([(0.72, sign * 0.10, 0.315), (0.38, sign * 0.10, 1.0)], 0.026, 10), "alloy")
        solid.add(*shapes.tube([(-0.70, sign * 0.11, 0.315), (-0.22, sign * 0.11, 0.42)], 0.03, 8), "alloy_dark")
        solid.add(
            *shapes.tube(
                [(0.35, sign * 0.05, 0.92), (0.1, sign * 0.12, 0.66), (-0.2, sign * 0.12, 0.45)], 0.028, 8
            ),
            "trim_black",
        )
        solid.add(*shapes.tube([(-0.15, sign * 0.10, 0.75), (-0.62, sign * 0.09, 0.82)], 0.02, 8), "trim_black")
        solid.add(*shapes.tube([(0.38, sign * 0.28, 1.08), (0.36, sign * 0.36, 1.20)], 0.008, 6), "trim_black")
        solid.add(*shapes.ellipsoid((0.35, sign * 0.38, 1.24), (0.02, 0.07, 0.045)), "trim_black")
        solid.add(*shapes.ellipsoid((-0.80, sign * 0.15, 0.74), (0.03, 0.03, 0.025), 10), "lamp_amber")
        solid.add(*shapes.ellipsoid((0.50, sign * 0.18, 0.92), (0.03, 0.03, 0.025), 10), "lamp_amber")
    solid.add(
        *shapes.tube(
            [
                (0.44, 0.36, 1.02),
                (0.40, 0.22, 1.05),
                (0.36, 0, 1.03),
                (0.40, -0.22, 1.05),
                (0.44, -0.36, 1.02),
            ],
            0.018,
        ),
        "trim_black",
    )
    solid.add(*shapes.ellipsoid((0.18, 0, 0.86), (0.27, 0.155, 0.13), 28), colour)
    solid.add(*shapes.rounded_box((-0.28, 0, 0.80), (0.58, 0.25, 0.09), 0.04), "plastic")
    tail, faces = shapes.ellipsoid((-0.60, 0, 0.80), (0.24, 0.115, 0.075), 24)
    solid.add(tail, faces, colour)
    solid.add(*shapes.rounded_box((0.12, 0, 0.50), (0.42, 0.30, 0.32), 0.06), "alloy_dark")
    for z in (0.44, 0.50, 0.56, 0.62):
        solid.add(*shapes.rounded_box((0.16, 0, z), (0.30, 0.34, 0.018), 0.005), "steel")
    solid.add(
        *shapes.tube([(0.30, -0.10, 0.48), (0.25, -0.14, 0.30), (0.0, -0.16, 0.26), (-0.3, -0.18, 0.33)], 0.024),
        "chrome",
    )
    solid.add(
        *shapes.tube([(-0.28, -0.18, 0.33), (-0.72, -0.20, 0.46)], [0.045, 0.055], 14),
        rng.choice(["chrome", "trim_black"]),
    )
    mud = [(0.72 + 0.345 * math.cos(a), 0.0, 0.315 + 0.345 * math.sin(a)) for a in np.linspace(0.1, 2.3, 10)]
    ring, half_guard = np.array(mud), np.array([0, 0.065, 0])
    solid.add(
        np.concatenate([ring + half_guard, ring - half_guard]),
        [(i, i + 1, i + 11, i + 10) for i in range(9)],
        colour,
    )
    solid.add(
        *shapes.ellipsoid((0.50, 0, 0.93), (0.10, 0.10, 0.10), 20),
        "trim_black" if style == "naked" else colour,
    )
    solid.add(*shapes.ellipsoid((0.545, 0, 0.93), (0.065, 0.082, 0.082), 20), "lamp_day")
    if style == "sport":
        solid.add(*shapes.ellipsoid((0.40, 0, 0.90), (0.26, 0.20, 0.19), 28), colour)
        for sign in (1, -1):
            solid.add(*shapes.ellipsoid((0.28, sign * 0.17, 0.60), (0.36, 0.06, 0.25), 24), colour)
        solid.add(*shapes.ellipsoid((0.42, 0, 1.06), (0.13, 0.13, 0.12), 20), "gloss_black")
        solid.add(*shapes.ellipsoid((0.63, 0.0, 0.90), (0.05, 0.10, 0.05), 16), "lamp_day")
    if style == "touring":
        solid.add(*shapes.rounded_box((0.46, 0, 1.20), (0.03, 0.36, 0.34), 0.014), "glass")
        solid.add(*shapes.ellipsoid((0.42, 0, 0.98), (0.20, 0.24, 0.16), 24), colour)
        solid.add(
            *shapes.rounded_box((-0.72, 0, 1.02), (0.34, 0.40, 0.28), 0.07),
            colour if rng.random() < 0.4 else "plastic",
        )
        for sign in (1, -1):
            solid.add(
                *shapes.rounded_box((-0.62, sign * 0.30, 0.68), (0.46, 0.20, 0.32), 0.06),
                colour if rng.random() < 0.5 else "plastic",
            )
    solid.add(*shapes.rounded_box((-0.835, 0, 0.80), (0.03, 0.17, 0.06), 0.014), "lamp_red_lit")
    solid.add(*shapes.rounded_box((-0.84, 0, 0.66), (0.04, 0.05, 0.20), 0.01), "trim_black")
    rider(solid, rng)
    wheels = [(spoked_wheel(0.12), front, 1.0), (spoked_wheel(0.17), rear, 1.0)]
    return VehicleModel("motorcycle", style, solid, wheels, [Mount("rear", (-0.885, 0, 0.60), 0.2)], 2.1, 0.8)

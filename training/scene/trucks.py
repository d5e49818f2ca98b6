"""What do trucks look like? Box bodies, tippers and semi-trailers behind a cab."""

from __future__ import annotations

from random import Random

import numpy as np

from training.scene import shapes
from training.scene.dresser import Dresser, outset
from training.scene.heavy_parts import WHEEL_RADIUS, big_mirrors, box, disc, extrude, lamps_front, merge
from training.scene.materials import paint
from training.scene.shapes import FRONT, REAR, Solid
from training.scene.vehicle_model import Mount, VehicleModel
from training.scene.wheels import wheel

TRUCK_HALF = 1.20
"""Half a truck's width, metres."""


def make_cab(solid: Solid, nose: float, paint_name: str, rng: Random, roof: float) -> Dresser:
    """A cab-over cab whose front is at x = nose; returns its dresser (rays see the cab alone)."""
    material = paint(paint_name)
    back = nose - (2.15 if roof > 2.9 else 1.75)
    cab = Solid()
    profile = [
        (back, 0.95),
        (nose - 0.5, 0.95),
        (nose - 0.05, 0.95),
        (nose, 1.45),
        (nose - 0.06, 1.75),
        (nose - 0.42, roof - 0.25),
        (nose - 0.75, roof),
        (back, roof),
    ]
    cab.add(*extrude(profile, TRUCK_HALF - 0.04, 0.09), material)
    box(
        cab,
        (nose - 0.85, nose + 0.06),
        (-TRUCK_HALF, TRUCK_HALF),
        (0.38, 1.02),
        0.10,
        rng.choice([material, "plastic", "plastic"]),
    )
    dress = Dresser(cab, 1.6)
    screen = [(-1.06, 1.72), (-1.00, roof - 0.32), (1.00, roof - 0.32), (1.06, 1.72)]
    dress.lay(outset(screen, 0.05), FRONT, "gloss_black", 0.004, 0.10)
    dress.lay(screen, FRONT, "glass", 0.008, 0.09)
    for start in (-0.85, -0.1):
        for quad in shapes.strip([(start, 1.74), (start + 0.75, 1.80)], 0.025):
            dress.lay(quad, FRONT, "seam", 0.014)
    pane = [
        (nose - 0.22, 1.62),
        (nose - 0.50, roof - 0.38),
        (nose - 1.25, roof - 0.38),
        (nose - 1.25, 1.55),
        (nose - 0.7, 1.55),
    ]
    dress.both_sides(outset(pane, 0.04), "gloss_black", 0.004, 0.06)
    dress.both_sides(pane, "glass", 0.008, 0.05)
    dress.seams(
        [
            (nose - 0.14, 1.05),
            (nose - 0.14, 1.60),
            (nose - 0.47, roof - 0.32),
            (nose - 1.32, roof - 0.32),
            (nose - 1.32, 1.05),
        ],
        0.014,
    )
    grille_w = rng.uniform(0.55, 0.8)
    dress.lay(
        [(-grille_w, 1.08), (grille_w, 1.08), (grille_w + 0.1, 1.52), (-grille_w - 0.1, 1.52)],
        FRONT,
        "plastic",
        0.006,
        0.05,
    )
    for k in range(3):
        for quad in shapes.strip([(-grille_w, 1.17 + 0.13 * k), (grille_w, 1.17 + 0.13 * k)], 0.03):
            dress.lay(quad, FRONT, rng.choice(["chrome", "gloss_black"]), 0.012)
    dress.lay(disc(0, 1.60, 0.09), FRONT, "chrome", 0.02, 0.0, 0.03)
    lamps_front(dress, TRUCK_HALF, 0.78, 0.18)
    dress.lay([(-0.62, 0.45), (0.62, 0.45), (0.62, 0.58), (-0.62, 0.58)], FRONT, "seam", 0.006, 0.03)
    box(cab, (nose - 0.55, nose - 0.20), (-1.0, 1.0), (roof - 0.12, roof + 0.06), 0.04, "trim_black")
    big_mirrors(cab, nose - 0.05, TRUCK_HALF, 2.05)
    for sign in (1, -1):
        box(
            cab,
            (nose - 1.30, nose - 0.78),
            (sign * (TRUCK_HALF - 0.28), sign * TRUCK_HALF),
            (0.42, 0.62),
            0.04,
            "plastic",
        )
    solid.vertices, solid.faces, solid.materials, solid.uvs = cab.vertices, cab.faces, cab.materials, cab.uvs
    return dress


def chassis(solid: Solid, front: float, rear: float, guards: tuple[float, float]) -> None:
    """Frame rails, side guards, tank, rear bumper bar."""
    for sign in (1, -1):
        box(solid, (rear + 0.1, front), (sign * 0.38, sign * 0.48), (0.72, 0.95), 0.02, "seam")
        for z in (0.55, 0.78):
            box(
                solid,
                guards,
                (sign * (TRUCK_HALF - 0.06), sign * (TRUCK_HALF - 0.02)),
                (z, z + 0.09),
                0.01,
                "steel",
            )
    box(solid, (guards[1] - 1.0, guards[1] - 0.15), (0.55, TRUCK_HALF - 0.1), (0.45, 0.9), 0.12, "steel")
    box(solid, (guards[1] - 0.8, guards[1] - 0.2), (-TRUCK_HALF + 0.12, -0.55), (0.5, 0.9), 0.03, "plastic")
    box(solid, (rear - 0.02, rear + 0.1), (-TRUCK_HALF + 0.05, TRUCK_HALF - 0.05), (0.48, 0.62), 0.02, "steel")
    box(solid, (rear, front), (-1.0, 1.0), (0.70, 0.98), 0.02, "well")


def cargo_box(
    solid: Solid, x: tuple[float, float], base: float, top: float, rng: Random, body: str, stripe: str
) -> None:
    """A closed cargo body with corner posts, a coloured band on its sides and rear doors."""
    part = Solid()
    half = TRUCK_HALF + 0.05
    box(part, x, (-half, half), (base, top), 0.05, body)
    dress = Dresser(part, 4.0)
    rear, front = min(x), max(x)
    middle = (base + top) / 2
    kind = rng.choice(["band", "block", "plain"])
    if kind == "band":
        dress.both_sides(
            [
                (rear + 0.1, middle - 0.3),
                (front - 0.1, middle - 0.3),
                (front - 0.1, middle + 0.25),
                (rear + 0.1, middle + 0.1),
            ],
            stripe,
            0.004,
        )
    if kind == "block":
        dress.both_sides(
            [
                (front - 2.4, base + 0.1),
                (front - 0.1, base + 0.1),
                (front - 0.1, top - 0.1),
                (front - 1.2, top - 0.1),
            ],
            stripe,
            0.004,
        )
    for z in (base + 0.05, top - 0.05):
        for quad in shapes.strip([(rear, z), (front, z)], 0.10):
            dress.both_sides(quad, "steel", 0.006)
    for at in (rear + 0.05, front - 0.05):
        for quad in shapes.strip([(at, base), (at, top)], 0.09):
            dress.both_sides(quad, "steel", 0.008)
    for quad in shapes.strip([(0, base + 0.05), (0, top - 0.05)], 0.025):
        dress.lay(quad, REAR, "seam", 0.006)
    for quad in shapes.strip(
        [
            (-half + 0.05, base + 0.05),
            (half - 0.05, base + 0.05),
            (half - 0.05, top - 0.05),
            (-half + 0.05, top - 0.05),
        ],
        0.07,
        True,
    ):
        dress.lay(quad, REAR, "steel", 0.008)
    for y in (-0.85, -0.3, 0.3, 0.85):
        part.add(*shapes.tube([(rear - 0.035, y, base + 0.1), (rear - 0.035, y, top - 0.1)], 0.018, 6), "alloy")
    for z in (base + 0.4, top - 0.5):
        for sign in (1, -1):
            box(
                part,
                (rear - 0.03, rear),
                (sign * (half - 0.14), sign * (half - 0.02)),
                (z, z + 0.1),
                0.01,
                "steel",
            )
    merge(solid, part)


def tipper_body(solid: Solid, x: tuple[float, float], base: float, top: float, body: str, rng: Random) -> None:
    """An open tub with ribs and a load of gravel."""
    half = TRUCK_HALF + 0.03
    rear, front = min(x), max(x)
    for sign in (1, -1):
        box(solid, x, (sign * (half - 0.06), sign * half), (base, top), 0.02, body)
        for at in np.linspace(rear + 0.3, front - 0.3, 6):
            box(
                solid,
                (at - 0.06, at + 0.06),
                (sign * half, sign * (half + 0.05)),
                (base + 0.05, top - 0.02),
                0.01,
                body,
            )
        box(solid, x, (sign * (half - 0.06), sign * (half + 0.06)), (top - 0.10, top), 0.02, body)
    box(solid, (front - 0.08, front), (-half, half), (base, top + 0.35), 0.02, body)
    box(solid, (rear, rear + 0.08), (-half, half), (base, top - 0.05), 0.02, body)
    box(solid, x, (-half, half), (base - 0.08, base + 0.02), 0.02, body)
    grid = np.stack(np.meshgrid(np.linspace(-1, 1, 60), np.linspace(-1, 1, 34), indexing="ij"), -1)
    rough = np.random.default_rng(rng.randrange(10**6)).normal(0, 0.016, grid.shape[:2])
    heap = top - 0.38 + 0.42 * np.exp(-3.0 * (0.75 * grid[..., 0] ** 2 + grid[..., 1] ** 2)) + rough
    place = np.stack(
        [(front + rear) / 2 + grid[..., 0] * (front - rear) * 0.49, grid[..., 1] * half * 0.96, heap], -1
    )
    solid.add(place.reshape(-1, 3), shapes.grid_faces(60, 34), "gravel")


def make_truck(style: str, paint_name: str, rng: Random) -> VehicleModel:
    """A truck: 'box', 'tipper' or 'semi'."""
    solid = Solid()
    length = {"box": rng.uniform(7.4, 8.6), "tipper": 7.6, "semi": 13.6}[style]
    nose, rear = length / 2, -length / 2
    roof = {"box": rng.choice([2.65, 2.85]), "tipper": 2.85, "semi": 3.25}[style]
    make_cab(solid, nose, paint_name, rng, roof)
    cargo_front = nose - (1.95 if roof <= 2.9 else 2.6)
    white = paint(rng.choice(["white", "white", "silver", "cream", "light_blue"]))
    stripe = paint(rng.choice(["red", "blue", "green", "orange", "navy", "yellow"]))
    if style == "tipper":
        tub = paint(rng.choice(["orange", "yellow", "red", "grey", "blue"]))
        tipper_body(solid, (rear + 0.05, cargo_front), 1.15, 2.25, tub, rng)
    else:
        top = 3.45 if style == "box" else 3.9
        cargo_box(solid, (rear + 0.05, cargo_front), 1.05 if style == "box" else 1.15, top, rng, white, stripe)
    chassis(solid, nose - 0.6, rear, (rear + 2.6, nose - 2.4))
    lights = Solid()
    box(
        lights,
        (rear - 0.01, rear + 0.08),
        (-TRUCK_HALF + 0.04, TRUCK_HALF - 0.04),
        (0.68, 0.90),
        0.02,
        "plastic",
    )
    back = Dresser(lights)
    for material, at in (("lamp_red_lit", 0.93), ("lamp_amber", 0.83), ("lamp_red", 0.74)):
        y = TRUCK_HALF * at
        back.mirrored(
            [(y - 0.05, 0.72), (y + 0.05, 0.72), (y + 0.05, 0.86), (y - 0.05, 0.86)],
            REAR,
            material,
            0.01,
            0.02,
        )
    merge(solid, lights)
    axles = {
        "box": [nose - 1.35, rear + 1.9],
        "tipper": [nose - 1.35, rear + 2.3, rear + 1.1],
        "semi": [nose - 1.35, nose - 4.6, rear + 3.7, rear + 2.5, rear + 1.3],
    }[style]
    wheels = []
    front_wheel = wheel(WHEEL_RADIUS, 0.30, rng, heavy=True)
    rear_wheel = wheel(WHEEL_RADIUS, 0.56, rng, heavy=True)
    for index, x in enumerate(axles):
        single = index == 0
        for sign in (1, -1):
            y = sign * (TRUCK_HALF - (0.17 if single else 0.29))
            wheels.append((front_wheel if single else rear_wheel, (x, y, WHEEL_RADIUS), float(sign)))
            box(
                solid,
                (x - 0.62, x + 0.62),
                (sign * (TRUCK_HALF - 0.45), sign * (TRUCK_HALF - 0.02)),
                (1.06, 1.10),
                0.01,
                "plastic",
            )
    mounts = [Mount("front", (nose + 0.085, 0, 0.52), 0.0), Mount("rear", (rear - 0.04, 0, 0.79), 0.0)]
    return VehicleModel("truck", style, solid, wheels, mounts, length, 2 * TRUCK_HALF + 0.1)

"""What is on a car's body? Glass, doors, lamps, grille, bumpers, and where the plates sit."""

from __future__ import annotations

import math
from random import Random

import numpy as np

from training.scene import shapes
from training.scene.car_styles import Line, Style, along
from training.scene.dresser import Dresser, outset
from training.scene.shapes import FRONT, REAR, View
from training.scene.vehicle_model import Mount


def dress_glass(dress: Dresser, style: Style) -> None:
    """Side windows, windscreen and rear window with their black frames, and the door seams under them."""
    first, last = style.side_glass[0], style.side_glass[-1]
    for pane in style.side_glass:
        dress.both_sides(outset(pane, 0.035), "gloss_black", 0.003, 0.05)
        dress.both_sides(pane, "glass", 0.006, 0.04)
    if len(style.side_glass) > 1:
        pillar = [
            first[-1],
            first[-2],
            last[1] if len(style.side_glass) == 2 else style.side_glass[1][1],
            style.side_glass[1][0],
        ]
        dress.both_sides(outset(pillar, 0.02), "gloss_black", 0.0025)
    roof = float(along(style.roof_half, style.screen_top[0]))
    base, head = style.cowl[1] + 0.05, style.screen_top[1] - 0.03
    screen: Line = [
        (-0.80 * style.half_width, base),
        (-roof - 0.0, head),
        (roof + 0.0, head),
        (0.80 * style.half_width, base),
    ]
    dress.lay(outset(screen, 0.03), FRONT, "gloss_black", 0.003, 0.08)
    dress.lay(screen, FRONT, "glass", 0.007, 0.07)
    wiper = style.cowl[1] + 0.055
    for start in (-0.45, 0.12):
        for quad in shapes.strip([(start, wiper), (start + 0.52, wiper + 0.05)], 0.022):
            dress.lay(quad, FRONT, "seam", 0.012)
    if not style.rear_glass:
        return
    low, high = style.rear_screen[1] + 0.02, style.roof_rear[1] - 0.07
    wide = float(along(style.roof_half, style.roof_rear[0]))
    if style.name == "van":
        for sign in (1, -1):
            pane = [
                (sign * 0.08, low),
                (sign * 0.08, high - 0.15),
                (sign * (wide - 0.14), high - 0.15),
                (sign * (wide - 0.06), low),
            ]
            dress.lay(outset(pane, 0.03), REAR, "gloss_black", 0.003, 0.06)
            dress.lay(pane, REAR, "glass", 0.006, 0.06)
        for quad in shapes.strip([(0, style.clearance + 0.25), (0, high)], 0.014):
            dress.lay(quad, REAR, "seam", 0.004)
        return
    pane = [(-wide - 0.1, low), (-wide + 0.06, high), (wide - 0.06, high), (wide + 0.1, low)]
    dress.lay(outset(pane, 0.03), REAR, "gloss_black", 0.003, 0.08)
    dress.lay(pane, REAR, "glass", 0.007, 0.07)


def dress_doors(dress: Dresser, style: Style) -> None:
    """Door seams, handles, the sill and a crease line."""
    low = style.clearance + 0.16
    panes = style.side_glass
    front_x = panes[0][0][0] + 0.02
    edges = [front_x] + [pane[-1][0] - 0.03 for pane in panes[:2]]
    if style.name == "van":
        edges = [front_x, panes[0][-1][0] - 0.04, panes[0][-1][0] - 1.25]
    for x in edges:
        top = float(along(style.belt, x)) - 0.02
        dress.seams([(x, low + (0.25 if x == edges[-1] else 0.0)), (x, top)])
    dress.seams([(edges[0], low), (edges[-1] + 0.1, low)])
    for x in edges[1:]:
        z = float(along(style.belt, x)) - 0.12
        for sign in (1, -1):
            y = sign * (style.half_width * 0.988)
            dress.solid.add(*shapes.rounded_box((x + 0.14, y, z), (0.19, 0.035, 0.03), 0.012), "handle")
    hood_z = float(along(style.belt, style.cowl[0] + 0.5)) + 0.015
    dress.seams([(style.cowl[0] - 0.05, float(along(style.belt, style.cowl[0]))), (style.cowl[0] + 0.5, hood_z)])
    dress.both_sides(
        [
            (style.axles[0] - 0.45, style.clearance + 0.02),
            (style.axles[1] + 0.45, style.clearance + 0.02),
            (style.axles[1] + 0.45, style.clearance + 0.12),
            (style.axles[0] - 0.45, style.clearance + 0.12),
        ],
        "plastic",
        0.008,
    )


def dress_front(dress: Dresser, style: Style, rng: Random) -> Mount:
    """Headlamps, grille, intake, badge; returns where the front plate sits."""
    edge = style.top[0][1]
    wide = style.half_width
    lamp_z = edge - (0.03 if style.name != "van" else 0.06)
    height = rng.uniform(0.10, 0.15) * (1.6 if style.name == "van" else 1.0)
    lamp: Line = [
        (wide * 0.50, lamp_z),
        (wide * 0.50, lamp_z - height * 0.75),
        (wide * 0.86, lamp_z - height * 0.8),
        (wide * 0.86, lamp_z + height * 0.45),
        (wide * 0.7, lamp_z + height * 0.28),
    ]
    dress.mirrored(outset(lamp, 0.008), FRONT, "seam", 0.003, 0.03)
    dress.mirrored(lamp, FRONT, "lamp_clear", 0.006, 0.03)
    for y in (0.58, 0.74):
        centre = (wide * y, lamp_z - height * 0.26)
        disc = [
            (centre[0] + 0.042 * math.cos(t), centre[1] + 0.042 * math.sin(t))
            for t in np.linspace(0, 6.28, 13)[:-1]
        ]
        dress.mirrored(disc, FRONT, "lamp_lens" if y < 0.7 else "gloss_black", 0.010)
    day = [
        (wide * 0.51, lamp_z - height * 0.70),
        (wide * 0.51, lamp_z - height * 0.56),
        (wide * 0.84, lamp_z - height * 0.56),
        (wide * 0.84, lamp_z - height * 0.70),
    ]
    dress.mirrored(day, FRONT, "lamp_day" if rng.random() < 0.6 else "lamp_lens", 0.010)
    grille_h = rng.uniform(0.10, 0.20)
    grille: Line = [
        (-wide * 0.44, lamp_z),
        (-wide * rng.uniform(0.3, 0.42), lamp_z - grille_h),
        (wide * 0.36, lamp_z - grille_h),
        (wide * 0.44, lamp_z),
    ]
    grille[1] = (-grille[2][0], grille[2][1])
    if rng.random() < 0.7:
        dress.lay(outset(grille, 0.02), FRONT, rng.choice(["chrome", "gloss_black"]), 0.004, 0.04)
    dress.lay(grille, FRONT, "plastic", 0.008, 0.04)
    bars = rng.choice([2, 3, 4])
    for k in range(1, bars + 1):
        z = lamp_z - grille_h * k / (bars + 1)
        for quad in shapes.strip([(-wide * 0.35, z), (wide * 0.35, z)], 0.014):
            dress.lay(quad, FRONT, rng.choice(["chrome", "gloss_black", "gloss_black"]), 0.013)
    badge = [
        (0.055 * math.cos(t), lamp_z - grille_h * 0.45 + 0.055 * math.sin(t))
        for t in np.linspace(0, 6.28, 17)[:-1]
    ]
    dress.lay(badge, FRONT, "chrome", 0.02, 0.0, 0.02)
    low = style.clearance + 0.10
    dress.lay(
        [(-wide * 0.62, low + 0.12), (-wide * 0.68, low), (wide * 0.68, low), (wide * 0.62, low + 0.12)],
        FRONT,
        "plastic",
        0.006,
        0.04,
    )
    fog = [
        (wide * 0.70, low + 0.02),
        (wide * 0.86, low + 0.04),
        (wide * 0.86, low + 0.15),
        (wide * 0.72, low + 0.11),
    ]
    dress.mirrored(fog, FRONT, "plastic", 0.006, 0.03)
    if rng.random() < 0.6:
        fog_z = low + 0.08
        disc = [
            (wide * 0.785 + 0.04 * math.cos(t), fog_z + 0.04 * math.sin(t)) for t in np.linspace(0, 6.28, 13)[:-1]
        ]
        dress.mirrored(disc, FRONT, "lamp_lens", 0.012)
    plate_z = min(low + 0.20, lamp_z - grille_h - 0.08)
    return Mount("front", (surface_x(dress, 0.0, plate_z, FRONT, 0.24) + 0.02, 0.0, plate_z), 0.06)


def dress_rear(dress: Dresser, style: Style, rng: Random) -> Mount:
    """Tail lamps, boot seam, bumper strip, exhaust; returns where the rear plate sits."""
    wide = style.half_width
    belt = float(along(style.belt, style.top[-1][0]))
    upright = style.name in ("mpv", "city", "suv", "hatch", "estate")
    tall = style.name == "van" or (upright and rng.random() < 0.6)
    top, bottom = (belt + 0.12, belt - 0.26) if tall else (belt - 0.03, belt - 0.19)
    inner = 0.70 if tall else rng.uniform(0.48, 0.58)
    if style.name == "van":
        top, bottom, inner = 1.35, 0.78, 0.83
    lamp: Line = [
        (wide * inner, top - 0.02),
        (wide * inner, bottom),
        (wide * 0.93, bottom),
        (wide * 0.93, top),
    ]
    dress.mirrored(outset(lamp, 0.008), REAR, "seam", 0.003, 0.03)
    dress.mirrored(lamp, REAR, "lamp_red", 0.006, 0.03)
    strip_z = bottom + (top - bottom) * 0.25
    dress.mirrored(
        [
            (wide * inner + 0.02, strip_z - 0.02),
            (wide * inner + 0.02, strip_z + 0.03),
            (wide * 0.90, strip_z + 0.03),
            (wide * 0.90, strip_z - 0.02),
        ],
        REAR,
        rng.choice(["lamp_clear", "lamp_amber"]),
        0.009,
    )
    high = strip_z + (top - bottom) * 0.38
    dress.mirrored(
        [
            (wide * inner + 0.02, high - 0.03),
            (wide * inner + 0.02, high + 0.03),
            (wide * 0.90, high + 0.03),
            (wide * 0.90, high - 0.03),
        ],
        REAR,
        "lamp_red_lit",
        0.009,
    )
    for view_z in (style.clearance + 0.34,):
        for quad in shapes.strip([(-wide * 0.86, view_z), (wide * 0.86, view_z)], 0.014):
            dress.lay(quad, REAR, "seam", 0.003)
    dress.lay(
        [
            (-wide * 0.7, style.clearance + 0.13),
            (wide * 0.7, style.clearance + 0.13),
            (wide * 0.78, style.clearance + 0.24),
            (-wide * 0.78, style.clearance + 0.24),
        ],
        REAR,
        "plastic",
        0.006,
        0.05,
    )
    plate_z = (
        style.clearance + 0.45 if style.name in ("sedan", "suv", "pickup") and rng.random() < 0.3 else belt - 0.20
    )
    if style.name == "van":
        plate_z = style.clearance + 0.50
    recess = [
        (-0.32, plate_z - 0.09),
        (0.32, plate_z - 0.09),
        (0.30, plate_z + 0.10),
        (-0.30, plate_z + 0.10),
    ]
    dress.lay(recess, REAR, "plastic", 0.003, 0.03)
    for quad in shapes.strip([(-0.28, plate_z + 0.10), (0.28, plate_z + 0.10)], 0.02):
        dress.lay(quad, REAR, rng.choice(["chrome", "gloss_black"]), 0.014)
    x = surface_x(dress, 0.0, plate_z, REAR, 0.24) - 0.02
    badge_z = plate_z + 0.17
    badge = [(0.045 * math.cos(t), badge_z + 0.045 * math.sin(t)) for t in np.linspace(0, 6.28, 17)[:-1]]
    dress.lay(badge, REAR, "chrome", 0.012, 0.0, 0.02)
    for sign in (1, -1):
        if rng.random() < 0.5:
            dress.solid.add(
                *shapes.tube(
                    [
                        (style.top[-1][0] + 0.25, sign * wide * 0.55, style.clearance + 0.10),
                        (style.top[-1][0] + 0.06, sign * wide * 0.55, style.clearance + 0.10),
                    ],
                    0.035,
                ),
                "chrome",
            )
    return Mount("rear", (x, 0.0, plate_z), 0.0)


def surface_x(dress: Dresser, y: float, z: float, view: View, half: float) -> float:
    """The outermost x of the surface behind a plate of the given half width (metres)."""
    grid: Line = [(y - half, z - 0.05), (y + half, z - 0.05), (y + half, z + 0.05), (y - half, z + 0.05)]
    points, _, _ = shapes.project_patch(dress.tree, grid, view, 0.0, 0.08)
    xs = points[points[:, 2] > 0][:, 0]
    return float(xs.max() if view is FRONT else xs.min())

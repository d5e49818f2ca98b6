"""What do cars and vans look like? Lofted bodies in eight styles with details and wheels."""

from __future__ import annotations

import math
from random import Random

import numpy as np

from training.scene import shapes
from training.scene.car_details import dress_doors, dress_front, dress_glass, dress_rear
from training.scene.car_styles import STYLES, Style, along
from training.scene.dresser import Dresser
from training.scene.materials import paint
from training.scene.shapes import Array, Solid
from training.scene.vehicle_model import VehicleModel
from training.scene.wheels import wheel


def body_net(style: Style) -> Array:
    """The control net (stations, half ring, 3) of a body's left half."""
    front, rear = style.top[0][0], style.top[-1][0]
    stations = [front - d for d in (0.0, 0.05, 0.12, 0.2)]
    stations += list(np.arange(front - 0.32, rear + 0.3, -0.13))
    stations += [rear + d for d in (0.2, 0.12, 0.05, 0.0)]
    rings = []
    for x in stations:
        top, belt, roof = (float(along(line, x)) for line in (style.top, style.belt, style.roof_half))
        nose = math.exp(-(front - x) / 0.30) * 0.11 + math.exp(-(x - rear) / 0.30) * 0.09
        wide = style.half_width * (1 - nose)
        low = style.clearance + 0.06 * math.exp(-(front - x) / 0.25) + 0.10 * math.exp(-(x - rear) / 0.25)
        belt = min(belt, top - 0.03)
        ring = [
            (0.0, low),
            (0.78 * wide, low),
            (0.93 * wide, low + 0.03),
            (0.985 * wide, low + 0.13),
            (1.0 * wide, (low + belt) / 2),
            (0.995 * wide, belt - 0.16),
            (0.985 * wide, belt - 0.05),
            (0.955 * wide, belt + 0.0),
            (0.925 * wide - 0.01, belt + 0.02),
            (roof + 0.35 * (0.925 * wide - roof), belt + (top - belt) * 0.62),
            (roof + 0.035, belt + (top - belt) * 0.90),
            (roof - 0.06, top - 0.012),
            (roof * 0.55, top + 0.008),
            (0.0, top + 0.015),
        ]
        rings.append([(x, y, z) for y, z in ring])
    net = np.asarray(rings)
    net = np.concatenate([cap(net[0], 1), net, cap(net[-1], -1)[::-1]])
    for end, sign, lean in ((front, 1, 0.22), (rear, -1, 0.12)):
        near = np.exp(-np.abs(net[..., 0] - end) / 0.35)
        bow = 0.13 * (net[..., 1] / style.half_width) ** 2
        lift = lean * np.clip(net[..., 2] - 0.55 * along(style.top, end), 0, 0.7)
        net[..., 0] -= sign * near * (bow + lift)
    return net


def cap(ring: Array, sign: int) -> Array:
    """Shrinking rings (4, M, 3) that close the body's end, outermost first."""
    middle = np.array([ring[0, 0], 0.0, (ring[0, 2] + ring[-1, 2]) / 2])
    out = []
    for scale, push in ((0.0, 0.015), (0.35, 0.015), (0.72, 0.012), (0.94, 0.0)):
        shrunk = middle + (ring - middle) * scale
        shrunk[:, 0] += sign * push
        out.append(shrunk)
    return np.asarray(out)


def loft(style: Style, material: str) -> Solid:
    """The closed, symmetric body surface."""
    half = shapes.spline_surface(body_net(style), 104, 40)
    solid = Solid()
    faces = shapes.grid_faces(*half.shape[:2])
    solid.add(half.reshape(-1, 3), [f[::-1] for f in faces], material)
    solid.add((half * np.array([1, -1, 1])).reshape(-1, 3), faces, material)
    return solid


def add_mirrors(solid: Solid, style: Style, material: str) -> None:
    """Wing mirrors at the front corners of the side windows."""
    x, z = style.side_glass[0][0][0] - 0.12, style.side_glass[0][0][1] + 0.09
    big = 1.7 if style.name == "van" else 1.0
    for sign in (1, -1):
        y = sign * (style.half_width + 0.04)
        solid.add(
            *shapes.ellipsoid((x, y + sign * 0.05, z + 0.03 * big), (0.085, 0.115, 0.075 * big), 14), material
        )
        solid.add(
            *shapes.rounded_box((x - 0.06, y + sign * 0.05, z + 0.03 * big), (0.03, 0.18, 0.11 * big), 0.012),
            "glass",
        )
        solid.add(
            *shapes.rounded_box((x + 0.02, y - sign * 0.06, z - 0.03), (0.06, 0.16, 0.04), 0.012),
            "trim_black",
        )


def make_car(style_name: str, paint_name: str, rng: Random) -> VehicleModel:
    """A car, pickup or van of the given style and paint; details (lamps, grille, rims) are drawn by rng."""
    style = STYLES[style_name]
    material = paint(paint_name)
    solid = loft(style, material)
    radius = style.wheel_radius
    arches = [(x, radius, radius * 1.13) for x in style.axles]
    solid = shapes.cut_wheel_arches(solid, arches, style.half_width, "well")
    dress = Dresser(solid)
    dress_glass(dress, style)
    dress_doors(dress, style)
    mounts = [dress_front(dress, style, rng), dress_rear(dress, style, rng)]
    add_mirrors(solid, style, material if rng.random() < 0.7 else "trim_black")
    front, rear = style.top[0][0], style.top[-1][0]
    solid.add(
        *shapes.rounded_box(
            (0, 0, style.clearance + 0.06), (front - rear - 0.9, style.half_width * 1.7, 0.12), 0.03
        ),
        "well",
    )
    if style.rails or (style.name == "van" and rng.random() < 0.3):
        for sign in (1, -1):
            span = np.linspace(style.screen_top[0] - 0.15, style.roof_rear[0] + 0.1, 8)
            line = [
                (x, sign * (float(along(style.roof_half, x)) - 0.05), float(along(style.top, x)) + 0.035)
                for x in span
            ]
            solid.add(*shapes.tube(line, 0.018, 8), rng.choice(["trim_black", "alloy"]))
    if style.name == "pickup":
        bed, faces = shapes.rounded_box((-1.78, 0, 1.12), (1.42, 1.5, 0.06), 0.02)
        solid.add(bed, faces, "plastic")
    dark = rng.random() < 0.3
    wheels = []
    for x in style.axles:
        for sign in (1, -1):
            part = wheel(radius, 0.215, Random(rng.random() if x == style.axles[0] and sign == 1 else 7), dark)
            wheels.append((part, (x, sign * (style.half_width - 0.125), radius), float(sign)))
    shared = wheels[0][0]
    wheels = [(shared, hub, sign) for _, hub, sign in wheels]
    return VehicleModel(
        "car" if style_name != "van" else "truck",
        style_name,
        solid,
        wheels,
        mounts,
        front - rear,
        style.half_width * 2,
    )

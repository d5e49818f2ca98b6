"""What do the flat things of a place look like? Pictures drawn with NumPy: asphalt with markings, pavers,
facades, signs, sky.

Every picture is (H, W, 3) uint8 RGB unless stated; road pictures have x to the right and y upwards (row 0
is far).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Field = NDArray[np.float32]


def noise(
    rng: np.random.Generator,
    shape: tuple[int, int],
    cells: tuple[float, float],
    octaves: int = 4,
    gain: float = 0.5,
) -> Field:
    """Smooth noise (H, W) of about unit spread; cells: number of blobs down and across in the first
    octave.
    """
    total, weight, power = np.zeros(shape, np.float32), 1.0, 0.0
    for octave in range(octaves):
        size = (
            min(shape[1], max(2, int(cells[1] * 2**octave))),
            min(shape[0], max(2, int(cells[0] * 2**octave))),
        )
        small = rng.normal(0, 1, (size[1], size[0])).astype(np.float32)
        total += weight * cv2.resize(small, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
        power += weight**2
        weight *= gain
    return total / np.float32(np.sqrt(power))


def finished(picture: NDArray[Any]) -> Picture:
    """Any picture cut to the range of uint8."""
    return np.asarray(np.clip(picture, 0, 255), np.uint8)


@dataclass(frozen=True)
class RoadPlan:
    """The road surface to draw: its extent in metres, lane lines and extras."""

    x: tuple[float, float]
    y: tuple[float, float]
    edges: tuple[float, ...]
    dashes: tuple[float, ...]
    lanes: tuple[float, ...]
    bay: tuple[float, float, float, float] | None = None
    stop_text: bool = False
    wet: float = 0.0
    scale: tuple[float, float] = (0.0125, 0.025)


def road(plan: RoadPlan, rng: np.random.Generator) -> Picture:
    """Asphalt with wheel tracks, patches, cracks, stains and worn markings."""
    width = round((plan.x[1] - plan.x[0]) / plan.scale[0])
    height = round((plan.y[1] - plan.y[0]) / plan.scale[1])
    shape = (height, width)
    xs = np.linspace(plan.x[0], plan.x[1], width, dtype=np.float32)[None, :]
    ys = np.linspace(plan.y[1], plan.y[0], height, dtype=np.float32)[:, None]
    span = (plan.y[1] - plan.y[0], plan.x[1] - plan.x[0])
    tone = (
        104
        + 7 * noise(rng, shape, (span[0] / 9, span[1] / 2))
        + 3.5 * noise(rng, shape, (span[0] / 1.2, span[1] / 0.4), 2)
    )
    tone += 9 * rng.normal(0, 1, shape).astype(np.float32)
    for lane in plan.lanes:
        for side in (-0.78, 0.78):
            tone -= (
                12
                * np.exp(-(((xs - lane - side) / 0.28) ** 2))
                * (1 + 0.25 * noise(rng, (height, 1), (span[0] / 5, 1)))
            )
        tone -= 12 * np.exp(-(((xs - lane) / 0.35) ** 2)) * (0.8 + 0.3 * noise(rng, (height, 1), (span[0] / 8, 1)))
    warm = np.ones((*shape, 3), np.float32) * np.array([1.0, 0.985, 0.955], np.float32)
    for _ in range(int(span[0] / 11)):
        x0, y0 = rng.uniform(plan.x[0] + 0.5, plan.x[1] - 2.5), rng.uniform(*plan.y)
        w, h = rng.uniform(0.6, 2.2), rng.uniform(1.0, 9.0)
        inside = (xs > x0) & (xs < x0 + w) & (ys > y0) & (ys < y0 + h)
        edge = inside & ~((xs > x0 + 0.04) & (xs < x0 + w - 0.04) & (ys > y0 + 0.05) & (ys < y0 + h - 0.05))
        tone = np.where(inside, tone + rng.uniform(-30, 14), tone)
        tone = np.where(edge, tone - 22, tone)
    cracks = np.zeros(shape, np.uint8)
    for _ in range(int(span[0] / 7)):
        point = np.array([rng.uniform(0, width), rng.uniform(0, height)])
        heading = rng.uniform(0, 2 * np.pi)
        thick = int(rng.integers(1, 3))
        for _ in range(int(rng.integers(10, 70))):
            heading += rng.normal(0, 0.35)
            nxt = point + np.array([np.cos(heading) * 12, np.sin(heading) * 6])
            cv2.line(cracks, tuple(int(v) for v in point), tuple(int(v) for v in nxt), (255,), thick)
            point = nxt
    tone -= cracks * np.float32(0.17)
    for _ in range(int(span[0] / 6)):
        lane = rng.choice(plan.lanes) + rng.normal(0, 0.25)
        centre_y, size = rng.uniform(*plan.y), rng.uniform(0.08, 0.3)
        tone -= 22 * np.exp(-(((xs - lane) / size) ** 2 + ((ys - centre_y) / size / 1.6) ** 2))
    paint = np.zeros(shape, np.float32)
    for x in plan.edges:
        paint = np.maximum(paint, (np.abs(xs - x) < 0.06) * np.ones_like(ys))
    for x in plan.dashes:
        paint = np.maximum(paint, (np.abs(xs - x) < 0.06) * (np.mod(ys, 9.0) < 4.0))
    if plan.bay:
        x0, x1, y0, y1 = plan.bay
        frame = (xs > x0) & (xs < x1) & (ys > y0) & (ys < y1)
        inner = (xs > x0 + 0.12) & (xs < x1 - 0.12) & (ys > y0 + 0.12) & (ys < y1 - 0.12)
        paint = np.maximum(paint, (frame & ~inner).astype(np.float32))
        letters = np.zeros((260, 520), np.uint8)
        cv2.putText(letters, "BUS", (20, 220), cv2.FONT_HERSHEY_SIMPLEX, 7.6, (255,), 52)
        px0, px1 = (int((v - plan.x[0]) / plan.scale[0]) for v in (x0 + 0.5, x1 - 0.5))
        middle = (y0 + y1) / 2
        py0, py1 = (int((plan.y[1] - v) / plan.scale[1]) for v in (middle + 1.9, middle - 1.9))
        paint[py0:py1, px0:px1] = np.maximum(
            paint[py0:py1, px0:px1], cv2.resize(letters[::-1, ::-1], (px1 - px0, py1 - py0)) / np.float32(255)
        )
    worn = np.clip(0.86 + 0.16 * noise(rng, shape, (span[0] / 0.5, span[1] / 0.3), 3) - cracks / 600, 0.15, 1)
    grain = np.clip(0.92 + 0.12 * rng.normal(0, 1, shape), 0.5, 1)
    cover = (cv2.GaussianBlur(paint, (3, 3), 0) * worn * grain)[..., None]
    picture = tone[..., None] * warm * (1 - cover) + np.array([206, 205, 198], np.float32) * cover
    for _ in range(2):
        x, y = (
            rng.choice(plan.lanes) + rng.uniform(-0.9, 0.9),
            rng.uniform(plan.y[0] + 14, min(plan.y[1], 60)),
        )
        px, py = int((x - plan.x[0]) / plan.scale[0]), int((plan.y[1] - y) / plan.scale[1])
        axes = (int(0.33 / plan.scale[0]), int(0.33 / plan.scale[1]))
        cv2.ellipse(picture, (px, py), axes, 0, 0, 360, (66, 63, 60), -1)
        cv2.ellipse(picture, (px, py), axes, 0, 0, 360, (40, 38, 36), 2)
    return finished(picture)


def pavers(rng: np.random.Generator, size: int = 1024) -> Picture:
    """Concrete paving slabs; the picture is 4 by 4 metres of 0.5 m slabs in half bond."""
    cell = size // 8
    picture = np.full((size, size, 3), 150, np.float32) + 8 * noise(rng, (size, size), (6, 6))[..., None]
    for row in range(8):
        for column in range(9):
            x0 = column * cell - (cell // 2 if row % 2 else 0)
            tone = rng.normal(0, 7)
            picture[row * cell : (row + 1) * cell, max(0, x0) : max(0, x0 + cell)] += tone
            cv2.rectangle(picture, (x0, row * cell), (x0 + cell, (row + 1) * cell), (96, 94, 90), 2)
    picture += rng.normal(0, 7, (size, size, 1))
    return finished(picture * np.array([1.0, 0.985, 0.95]))


def grass(rng: np.random.Generator, size: int = 1024) -> Picture:
    """A lawn seen from above."""
    low = noise(rng, (size, size), (8, 8), 6, 0.75)[..., None]
    dry = np.clip(noise(rng, (size, size), (5, 5), 4), 0, 2)[..., None]
    picture = np.array([72, 92, 38], np.float32) + low * np.array([16, 18, 9]) + dry * np.array([26, 16, 10])
    return finished(picture + rng.normal(0, 8, (size, size, 1)))


def facade(rng: np.random.Generator, storeys: int, bays: int) -> Picture:
    """A plastered front with windows; 80 pixels a metre, storeys of 3 m, bays of 2.6 m."""
    scale = 60
    height, width = round(storeys * 3.0 * scale), round(bays * 2.6 * scale)
    wall = np.array(
        [
            (196, 182, 150),
            (188, 168, 140),
            (205, 198, 184),
            (172, 150, 128),
            (198, 160, 120),
            (170, 176, 172),
            (150, 98, 74),
        ][int(rng.integers(7))],
        np.float32,
    )
    picture = np.ones((height, width, 3), np.float32) * wall + 5 * noise(rng, (height, width), (6, 8))[..., None]
    picture += rng.normal(0, 4, (height, width, 1))
    frame = (228, 226, 220) if rng.random() < 0.7 else (70, 56, 48)
    for storey in range(storeys):
        floor = height - storey * 3 * scale
        for bay in range(bays):
            centre = int((bay + 0.5) * 2.6 * scale)
            half, low, high = int(0.62 * scale), floor - int(0.9 * scale), floor - int(2.35 * scale)
            if storey == 0 and bay == bays // 2:
                half, low = int(0.55 * scale), floor
            cv2.rectangle(
                picture,
                (centre - half - 9, high - 9),
                (centre + half + 9, low + 8),
                tuple(float(v) * 0.85 for v in wall),
                -1,
            )
            cv2.rectangle(picture, (centre - half, high), (centre + half, low), frame, -1)
            shade = rng.uniform(20, 70)
            for pane in (0, 1):
                x0 = centre - half + 6 + pane * half
                top = np.linspace(shade * 1.8, shade, low - high - 12)[:, None, None] * np.array([0.9, 1.0, 1.1])
                picture[high + 6 : low - 6, x0 : x0 + half - 9] = top
            if rng.random() < 0.4:
                picture[
                    high + 6 : high + 6 + int(rng.uniform(0.2, 0.7) * (low - high)),
                    centre - half + 6 : centre + half - 6,
                ] = rng.uniform(150, 200)
            cv2.rectangle(
                picture, (centre - half - 10, low + 2), (centre + half + 10, low + 9), (150, 146, 140), -1
            )
        cv2.line(
            picture,
            (0, floor - 3 * scale),
            (width, floor - 3 * scale),
            tuple(float(v) * 0.9 for v in wall),
            5,
        )
    picture[-int(0.5 * scale) :] *= np.float32(0.72)
    return finished(picture)


def roof(rng: np.random.Generator, size: int = 512) -> Picture:
    """Tiles, 5 by 5 metres."""
    base = np.array([(122, 66, 46), (92, 58, 48), (70, 70, 74), (140, 84, 56)][int(rng.integers(4))], np.float32)
    rows = (np.mod(np.arange(size), size / 16) / (size / 16)).astype(np.float32)
    picture = base * (0.72 + 0.4 * rows)[:, None, None] + 9 * noise(rng, (size, size), (16, 20))[..., None]
    return finished(picture + rng.normal(0, 6, (size, size, 1)))


def sign(kind: str) -> NDArray[np.uint8]:
    """A road sign (256, 256, 4) RGBA: 'limit', 'yield', 'bus' or 'parking'."""
    picture = np.zeros((256, 256, 4), np.uint8)
    if kind == "limit":
        cv2.circle(picture, (128, 128), 124, (190, 20, 25, 255), -1, cv2.LINE_AA)
        cv2.circle(picture, (128, 128), 92, (240, 240, 238, 255), -1, cv2.LINE_AA)
        cv2.putText(picture, "50", (62, 162), cv2.FONT_HERSHEY_DUPLEX, 3.3, (15, 15, 15, 255), 12, cv2.LINE_AA)
    elif kind == "yield":
        cv2.fillPoly(picture, [np.array([(6, 20), (250, 20), (128, 236)])], (190, 20, 25, 255), cv2.LINE_AA)
        cv2.fillPoly(picture, [np.array([(52, 46), (204, 46), (128, 182)])], (240, 240, 238, 255), cv2.LINE_AA)
    else:
        picture[:] = (20, 70, 160, 255)
        cv2.rectangle(picture, (24, 24), (232, 232), (240, 240, 238, 255), -1)
        text, x = ("P", 70) if kind == "parking" else ("H", 62)
        cv2.putText(picture, text, (x, 198), cv2.FONT_HERSHEY_DUPLEX, 6, (20, 70, 160, 255), 22, cv2.LINE_AA)
    return picture


@dataclass(frozen=True)
class Light:
    """The light of a scene: sun direction (unit, towards the sun), sun and sky strength, colours, cloud
    cover 0 to 1.
    """

    name: str
    sun: tuple[float, float, float]
    sun_strength: float
    sun_colour: tuple[float, float, float]
    zenith: tuple[float, float, float]
    horizon: tuple[float, float, float]
    cloud: float
    sun_angle: float = 0.0093


def sky(light: Light, rng: np.random.Generator, height: int = 512) -> Field:
    """The sky as a linear equirectangular picture (height, 2 height, 3) float32; below the horizon a dull
    ground.

    Columns follow Blender's environment texture: the middle column looks to +x, a quarter further to -y.
    """
    width = 2 * height
    elevation = (np.pi / 2 - (np.arange(height, dtype=np.float32) + 0.5) / height * np.pi)[:, None]
    azimuth = ((np.arange(width, dtype=np.float32) + 0.5) / width * 2 * np.pi - np.pi)[None, :]
    up = np.clip(np.sin(elevation), 0, 1)
    blend = (1 - up) ** np.float32(3.5)
    picture = (
        np.asarray(light.zenith, np.float32) * (1 - blend[..., None])
        + np.asarray(light.horizon, np.float32) * blend[..., None]
    )
    picture = np.repeat(picture, width, 1)
    towards = np.stack(
        [
            np.cos(elevation) * np.cos(azimuth),
            -np.cos(elevation) * np.sin(azimuth),
            np.sin(elevation) * np.ones_like(azimuth),
        ],
        -1,
    )
    near = np.clip(towards @ np.asarray(light.sun, np.float32), 0, 1)[..., None]
    glow = 0.9 * near**60 + 0.5 * near**8
    picture = picture * (1 + glow * np.float32(1 - 0.6 * light.cloud)) * 1.0
    puffs = noise(rng, (height, width), (9, 14), 6, 0.6) + 0.5 * noise(rng, (height, width), (3, 5), 2)
    cover = (
        np.clip((puffs + 3.2 * light.cloud - 1.6) * 1.1, 0, 1)[..., None]
        * np.clip(np.sin(elevation) * 9, 0, 1)[..., None]
    )
    mean = np.asarray(light.horizon, np.float32) * 1.05
    shade = 1 + 0.22 * noise(rng, (height, width), (12, 18), 4)[..., None] * (1 - 0.5 * light.cloud)
    picture = picture * (1 - cover) + mean * np.clip(shade, 0.4, 1.6) * cover
    ground = np.float32(0.16) * (picture[height // 2 - 2].mean(0))
    picture[height // 2 :] = ground
    return np.ascontiguousarray(picture.astype(np.float32))


def save(path: Path, picture: NDArray[Any]) -> Path:
    """Write RGB or RGBA uint8 as PNG, float RGB as Radiance HDR. Returns the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    code = cv2.COLOR_RGBA2BGRA if picture.shape[-1] == 4 else cv2.COLOR_RGB2BGR
    if not cv2.imwrite(str(path), cv2.cvtColor(picture, code)):
        raise OSError(f"could not write {path}")
    return path


LIGHTS: dict[str, Light] = {
    "day": Light(
        "day", (0.62, -0.50, 0.605), 5.0, (1.0, 0.93, 0.82), (0.16, 0.30, 0.62), (0.62, 0.72, 0.84), 0.42
    ),
    "overcast": Light(
        "overcast",
        (0.3, -0.5, 0.81),
        0.35,
        (1.0, 0.98, 0.95),
        (0.62, 0.66, 0.72),
        (0.78, 0.80, 0.83),
        0.95,
        0.5,
    ),
    "dusk": Light(
        "dusk",
        (0.80, -0.57, 0.20),
        1.6,
        (1.0, 0.60, 0.32),
        (0.08, 0.11, 0.22),
        (0.42, 0.30, 0.26),
        0.55,
        0.012,
    ),
}

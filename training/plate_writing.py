"""Set the characters of a plate: typeface, widths, gaps, marks between them, paint and embossing."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from traffic_monitor.plates.text import SIGN
from training.plate_canvas import Canvas, Picture
from training.plate_glyphs import SMALL_PLACES, Typeface

Point = tuple[float, float]
USUAL_WIDTH = 0.52
"""Width of a character's cell in heights, on plates whose characters all get the same room."""
WIDEST_STRETCH, NARROWEST_STRETCH = 1.45, 0.62
"""How far typefaces are widened or squeezed before the line is set looser or smaller instead."""
LINE_GAP = 0.07
"""Room between two lines, in shares of a line."""
MARK_WIDTHS = {"-": 0.3, ".": 0.17, "*": 0.42, ":": 0.26, "^": 0.12}
WIDEST_SIGN = 1.3
"""Some signs are wide and flat: their width in heights is at most so much."""
RAISED_HEIGHT = 0.66
"""Of what stands after a ``^``, in heights of its line."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A character or mark of a line, or a gap (no symbol)."""

    symbol: str
    width: float
    """In heights of the line."""
    height: float = 1.0
    mask: Picture | None = None


def write(canvas: Canvas, lines: list[str]) -> list[Point]:
    """Write the lines into the canvas's room; returns the characters' centres in pixels, in reading order."""
    face = canvas.atlas.typeface(canvas.layout.fonts, canvas.rng)
    ink = np.zeros((canvas.height, canvas.width), np.uint8)
    span = (canvas.room.bottom - canvas.room.top) * canvas.height
    first = canvas.layout.first_row
    shares = [first, 1 - first] if len(lines) > 1 else [1.0]
    gap = LINE_GAP * len(lines)
    top = canvas.room.top * canvas.height
    centres: list[Point] = []
    for line, share in zip(lines, shares, strict=True):
        centres += _line(canvas, line, face, ink, top + span * share * gap / 2, span * share * (1 - gap))
        top += span * share
    _paint(canvas, ink)
    return centres


def _parts(canvas: Canvas, line: str, face: Typeface) -> list[_Part]:
    """Characters, marks and gaps of a line."""
    evenness = float(canvas.rng.choice([0.0, 0.35, 0.8]))
    gap, space = canvas.between(0.07, 0.17), canvas.between(0.1, 0.5)
    sign_height = canvas.layout.sign_height * canvas.between(0.85, 1.0)
    parts: list[_Part] = []
    size = 1.0
    for symbol in line:
        if symbol == " ":
            parts.append(_Part("", space))
            continue
        if symbol == "^":
            size = RAISED_HEIGHT
        if symbol in MARK_WIDTHS:
            parts.append(_Part(symbol, MARK_WIDTHS[symbol]))
        else:
            mask = canvas.atlas.sign(canvas.layout.scripts, canvas.rng) if symbol == SIGN else face.glyphs[symbol]
            own = mask.shape[1] / mask.shape[0]
            thin = own < 0.3  # an I or a 1 of one stroke stays one
            width = own if thin or symbol == SIGN else own + (USUAL_WIDTH - own) * evenness
            height = size * (sign_height if symbol == SIGN else 1.0)
            parts.append(_Part(symbol, min(width, WIDEST_SIGN) * height, height, mask))
        parts.append(_Part("", gap))
    return parts[:-1]


def _line(canvas: Canvas, line: str, face: Typeface, ink: Picture, top: float, height: float) -> list[Point]:
    """Set one line: all characters are squeezed or widened alike until the line fills its room."""
    room = (canvas.room.right - canvas.room.left) * canvas.width
    parts = _parts(canvas, line, face)
    total = sum(part.width for part in parts)
    stretch = canvas.between(0.86, 1.0) * room / (total * height)
    if stretch > WIDEST_STRETCH:
        stretch = canvas.between(0.9, WIDEST_STRETCH)
    elif stretch < NARROWEST_STRETCH:
        smaller = height * max(0.7, stretch / NARROWEST_STRETCH)
        top, height, stretch = top + (height - smaller) / 2, smaller, stretch * height / smaller
    spare = room - total * height * stretch
    x = canvas.room.left * canvas.width + spare * float(np.clip(canvas.rng.normal(0.5, 0.12), 0.0, 1.0))
    centres = []
    for part in parts:
        width = part.width * height * stretch
        if part.mask is not None:
            lower = (1 - part.height) * height * (0.5 if part.symbol == SIGN else 0.1)
            centres.append(_glyph(part.mask, ink, x, top + lower, width, part.height * height))
        elif part.symbol:
            _mark(canvas, part.symbol, ink, (x + width / 2, top + height / 2), width, height)
        x += width
    return centres


def _glyph(mask: Picture, ink: Picture, x: float, y: float, width: float, height: float) -> Point:
    w, h = max(2, round(width)), max(4, round(height))
    x0, y0 = max(0, round(x)), max(0, round(y))
    way = cv2.INTER_AREA if h < mask.shape[0] else cv2.INTER_LINEAR
    part = ink[y0 : y0 + h, x0 : x0 + w]
    np.maximum(part, cv2.resize(mask, (w, h), interpolation=way)[: part.shape[0], : part.shape[1]], out=part)
    return x0 + w / 2, y0 + h / 2


def _mark(canvas: Canvas, symbol: str, ink: Picture, at: Point, width: float, height: float) -> None:
    """What stands between characters and is not read."""
    x, y = at
    if symbol == "-":
        half, thick = max(2.0, width * 0.36), max(1.0, height * canvas.between(0.03, 0.06))
        cv2.rectangle(ink, (round(x - half), round(y - thick)), (round(x + half), round(y + thick)), (255,), -1)
    elif symbol == ".":
        cv2.circle(
            ink,
            (round(x), round(y)),
            max(1, round(height * canvas.between(0.04, 0.08))),
            (255,),
            -1,
            cv2.LINE_AA,
        )
    elif symbol == "^":
        if canvas.layout.style == "region_box":
            cv2.line(ink, (round(x), 0), (round(x), canvas.height), (255,), max(1, canvas.height // 36))
            place = (min(0.93, x / canvas.width + 0.11), canvas.between(0.84, 0.9))
            canvas.word(SMALL_PLACES, place, canvas.between(0.1, 0.17), 0.12, canvas.ink)
    elif symbol == "*":
        lower = float(canvas.rng.normal(0, 0.08)) * height
        canvas.crest(
            (x / canvas.width, (y + lower) / canvas.height),
            canvas.between(0.35, 0.95) * height / canvas.height,
        )
    else:
        radius, apart = height * canvas.between(0.1, 0.17), height * canvas.between(0.18, 0.3)
        for sign, colour in ((-1, (60, 80, 200)), (1, (80, 130, 60))):
            spot = (x / canvas.width, (y + sign * apart) / canvas.height)
            if sign > 0 or canvas.chance(0.85):
                canvas.disc(spot, radius / canvas.height, canvas.near(colour, 50))
                if canvas.chance(0.5):
                    canvas.disc(spot, radius / 2 / canvas.height, (225.0, 225.0, 225.0))
        if canvas.chance(0.35):
            half = width * 0.4
            thick = max(1, round(height * 0.08))
            cv2.line(ink, (round(x - half), round(y)), (round(x + half), round(y)), (255,), thick)


def _paint(canvas: Canvas, ink: Picture) -> None:
    """Paint the characters: thicker or thinner, embossed or flat, here and there worn off."""
    weight = canvas.rng.random()
    if weight < 0.15:
        ink = cv2.dilate(ink, np.ones((3, 3), np.uint8))
    elif weight < 0.22:
        ink = cv2.erode(ink, np.ones((2, 2), np.uint8))
    if canvas.chance(0.5):
        depth = canvas.between(15, 60) / 255 * (1 if canvas.chance(0.5) else -1)
        slope = np.asarray([[-depth, 0, 0], [0, 0, 0], [0, 0, depth]], np.float32)
        canvas.picture += cv2.filter2D(ink, cv2.CV_32F, slope)[..., None]
    alpha = np.multiply(ink, canvas.between(0.75, 1.0) / 255, dtype=np.float32)
    if canvas.chance(0.12):
        spots = canvas.rng.random((6, 24), np.float32)
        wear = cv2.resize(spots, (canvas.width, canvas.height), interpolation=cv2.INTER_CUBIC)
        alpha *= np.clip(wear * 2.2, canvas.between(0.15, 0.7), 1.0)
    for channel in range(3):
        plane = canvas.picture[..., channel]
        plane += (canvas.ink[channel] - plane) * alpha

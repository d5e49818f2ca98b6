"""All that is not to be read on a plate: bands, crests, states, slogans, cities, stickers, bolts, holders."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from training.plate_canvas import BOARD, LIGHT, Canvas, Picture
from training.plate_glyphs import (
    CITIES,
    DEALERS,
    EXPIRIES,
    MERCOSUR,
    MONTHS,
    SLOGANS,
    SMALL_PLACES,
    SRI_LANKAN,
    STACKS,
    STATES,
    TOWNS,
)
from training.plate_layouts import Colour
from training.plate_scripts import SCRIPTS

PALE: tuple[Colour, ...] = (
    (235, 205, 160), (160, 215, 245), (225, 225, 225), (190, 225, 190), (190, 190, 240), (90, 190, 240),
)  # fmt: skip
STRIPES: tuple[Colour, ...] = ((110, 40, 20), (40, 40, 160), (60, 100, 40), (40, 160, 210))


def band(canvas: Canvas, two_lines: bool) -> None:
    """The blue field at the left edge: a ring of stars or a flag, and the country's code."""
    layout = canvas.layout
    if not layout.band or not canvas.chance(layout.band_chance):
        return
    width = round(canvas.height * canvas.between(0.34, 0.48) * (0.55 if two_lines else 1.0))
    canvas.picture[:, :width] = canvas.near(BOARD, 22)
    light = canvas.near((60, 210, 240) if canvas.chance(0.7) else LIGHT)
    kind = canvas.rng.random()
    if kind < 0.75:
        radius, middle = width * canvas.between(0.26, 0.34), canvas.height * canvas.between(0.26, 0.36)
        for angle in np.arange(12) * (np.pi / 6):
            spot = (round(width / 2 + radius * np.cos(angle)), round(middle + radius * np.sin(angle)))
            cv2.circle(canvas.picture, spot, 1 + (width > 30), light, -1, cv2.LINE_AA)
    elif kind < 0.9:
        top, depth, inset = round(canvas.height * 0.15), round(canvas.height * 0.35), width // 5
        for third in range(3):
            rows = slice(top + third * depth // 3, top + (third + 1) * depth // 3)
            canvas.picture[rows, inset : width - inset] = canvas.any_colour()
    share = width / canvas.width
    code = canvas.near(LIGHT)
    canvas.word(
        layout.band.split(),
        (share / 2, canvas.between(0.68, 0.82)),
        canvas.between(0.16, 0.26),
        0.8 * share,
        code,
    )
    canvas.room.left = share + 2 / canvas.width + canvas.between(0.0, 0.025)


def _american(canvas: Canvas) -> None:
    """State, slogan, coloured ground, hills, month stickers, a picture at one side, small stacked letters."""
    _ground(canvas)
    room = canvas.room
    room.top, room.bottom = canvas.between(0.21, 0.3), canvas.between(0.72, 0.85)
    place = (0.5 + canvas.rng.normal(0, 0.05), 0.1 + canvas.rng.normal(0, 0.015))
    canvas.word(STATES, place, canvas.between(0.11, 0.19), 0.85)
    if canvas.chance(0.7):
        canvas.word(SLOGANS if canvas.chance(0.8) else DEALERS, (0.5, 0.92), canvas.between(0.06, 0.11), 0.8)
    for corner in range(4):
        if canvas.chance(0.28):
            _month(canvas, right=corner % 2 == 1, lower=corner > 1)
    if canvas.chance(0.1):
        room.left = canvas.between(0.17, 0.27)
        canvas.crest((room.left / 2 + 0.01, 0.5), canvas.between(0.3, 0.6))
    if canvas.chance(0.06):
        size = canvas.between(0.28, 0.4)
        canvas.word(STACKS, (0.93, 0.5), size, 0.1, canvas.ink)
        room.right = 0.87
    elif canvas.chance(0.03):
        canvas.word(STACKS, (0.07, 0.5), canvas.between(0.28, 0.4), 0.1, canvas.ink)
        room.left = 0.13


def _ground(canvas: Canvas) -> None:
    """Fades, clouds, hills and stripes behind the characters."""
    rng, height, width = canvas.rng, canvas.height, canvas.width
    kind = rng.random()
    if kind < 0.3:
        other = np.asarray(canvas.near(PALE[int(rng.integers(len(PALE)))], 25), np.float32)
        ramp = np.linspace(0, 1, height, dtype=np.float32)[:, None, None] ** canvas.between(0.7, 3.0)
        ramp = ramp[::-1] if canvas.chance(0.5) else ramp
        canvas.picture += (other - canvas.picture) * ramp * canvas.between(0.3, 0.95)
    elif kind < 0.5:
        clouds = rng.normal(0, canvas.between(8, 38), (4, 7, 3)).astype(np.float32)
        canvas.picture += cv2.resize(clouds, (width, height), interpolation=cv2.INTER_CUBIC)
    if canvas.chance(0.2):
        points = np.stack([np.linspace(-5, width + 5, 9), height * rng.uniform(0.55, 0.95, 9)], 1)
        outline = np.concatenate([points, [[width + 5, height + 5], [-5, height + 5]]])
        colour = canvas.near(PALE[int(rng.integers(len(PALE)))], 45)
        cv2.fillPoly(canvas.picture, [outline.astype(np.int32)], colour)
    if canvas.chance(0.25):
        colour = canvas.near(STRIPES[int(rng.integers(len(STRIPES)))], 25)
        depth = canvas.between(0.16, 0.21) * height
        canvas.picture[: round(depth)] = colour
        if canvas.chance(0.7):
            canvas.picture[-round(depth * 0.85) :] = colour


def _month(canvas: Canvas, right: bool, lower: bool) -> None:
    width, height = 0.1, canvas.between(0.12, 0.19)
    x = canvas.between(0.02, 0.08)
    x = 1 - x - width if right else x
    y = 0.97 - height if lower else 0.03
    rows = slice(int(y * canvas.height), int((y + height) * canvas.height))
    canvas.picture[rows, int(x * canvas.width) : int((x + width) * canvas.width)] = canvas.any_colour()
    canvas.word(MONTHS, (x + width / 2, y + height / 2), 0.08, 0.09)


def _slovak(canvas: Canvas) -> None:
    """Plates of before 2004: crest above the code, both on white."""
    if canvas.room.left < 0.05:
        canvas.crest((0.045, 0.3), 0.36)
        canvas.word(["SK"], (0.045, 0.74), 0.24, 0.06, canvas.ink)
        canvas.room.left = 0.095


def _right_band(canvas: Canvas) -> None:
    if canvas.chance(0.7):
        width = round(canvas.height * 0.4)
        canvas.picture[:, -width:] = canvas.near(BOARD if canvas.chance(0.7) else (40, 190, 230), 20)
        if canvas.chance(0.5):
            spot = (canvas.width - width // 2, canvas.height // 3)
            cv2.circle(canvas.picture, spot, width // 4, (200, 210, 60), 1 + canvas.chance(0.5))
        canvas.room.right = 1 - (width + 3) / canvas.width


def _stripes(canvas: Canvas) -> None:
    for y in (3, 7, canvas.height - 5, canvas.height - 9):
        canvas.picture[y : y + 2] = (40, 30, 190)


def _green_edge(canvas: Canvas) -> None:
    cv2.rectangle(canvas.picture, (1, 1), (canvas.width - 2, canvas.height - 2), (60, 130, 30), 3)


def _makers_name(canvas: Canvas) -> None:
    if canvas.chance(0.5):
        canvas.word(DEALERS, (0.5, 0.93), 0.09, 0.4, canvas.ink)
        canvas.room.bottom = 0.86


def _brazil(canvas: Canvas) -> None:
    """State and city above the number, a seal, a strip of small print."""
    canvas.room.top, canvas.room.bottom = canvas.between(0.29, 0.34), canvas.between(0.84, 0.9)
    place = (0.5 + canvas.rng.normal(0, 0.02), canvas.between(0.13, 0.19))
    canvas.word(CITIES, place, canvas.between(0.11, 0.16), 0.6, canvas.ink)
    if canvas.chance(0.7):
        canvas.disc(
            (canvas.between(0.1, 0.2), canvas.between(0.08, 0.2)),
            canvas.between(0.03, 0.07),
            canvas.any_colour(30, 220),
        )


def _mercosur(canvas: Canvas) -> None:
    depth = canvas.between(0.18, 0.26)
    canvas.picture[: round(depth * canvas.height)] = canvas.near(BOARD, 20)
    canvas.word(MERCOSUR, (0.5, depth / 2), depth * 0.55, 0.6, canvas.near(LIGHT))
    canvas.room.top = depth + canvas.between(0.04, 0.1)


def _white_edge(canvas: Canvas) -> None:
    edge = max(2, round(canvas.height * canvas.between(0.03, 0.12)))
    cv2.rectangle(canvas.picture, (0, 0), (canvas.width - 1, canvas.height - 1), (225.0, 225.0, 225.0), 2 * edge)
    inset = edge / canvas.width + 0.03
    canvas.room.left, canvas.room.right, canvas.room.top, canvas.room.bottom = inset, 1 - inset, 0.2, 0.83


def _city(canvas: Canvas) -> None:
    canvas.word(TOWNS, (0.5, 0.9), 0.13, 0.6, canvas.ink)
    canvas.room.top, canvas.room.bottom = 0.13, 0.76


def _expiry(canvas: Canvas) -> None:
    """Indonesia: the month until which the plate is valid, below the number."""
    canvas.room.top, canvas.room.bottom = canvas.between(0.06, 0.14), canvas.between(0.62, 0.72)
    where = (canvas.between(0.42, 0.72), canvas.between(0.8, 0.87))
    canvas.word(EXPIRIES, where, canvas.between(0.14, 0.22), 0.36, canvas.ink)
    if canvas.chance(0.3):
        canvas.crest((canvas.between(0.06, 0.12), 0.82), canvas.between(0.1, 0.2))


def _words(canvas: Canvas) -> list[str]:
    """Small words in the layout's scripts, and now and then in Latin letters."""
    own = [word for script in canvas.layout.scripts for word in SCRIPTS[script].words]
    return own if own and canvas.chance(0.8) else SMALL_PLACES


def _word_below(canvas: Canvas) -> None:
    canvas.room.top, canvas.room.bottom = canvas.between(0.06, 0.12), canvas.between(0.62, 0.7)
    where = (0.5 + canvas.rng.normal(0, 0.04), canvas.between(0.81, 0.87))
    canvas.word(_words(canvas), where, canvas.between(0.18, 0.26), canvas.between(0.35, 0.7), canvas.ink)


def _word_above(canvas: Canvas) -> None:
    """A country or town above the number or at one side of it."""
    if canvas.chance(0.3):
        on_left = canvas.chance(0.7)
        canvas.room.left, canvas.room.right = (0.25, 0.97) if on_left else (0.03, 0.75)
        canvas.word(_words(canvas), (0.13 if on_left else 0.87, canvas.between(0.25, 0.5)), 0.3, 0.18, canvas.ink)
        return
    canvas.room.top, canvas.room.bottom = canvas.between(0.32, 0.42), canvas.between(0.88, 0.95)
    where = (0.5 + canvas.rng.normal(0, 0.05), canvas.between(0.15, 0.2))
    canvas.word(_words(canvas), where, canvas.between(0.16, 0.26), canvas.between(0.3, 0.7), canvas.ink)
    if canvas.chance(0.3):
        canvas.room.bottom = 0.8
        canvas.word(SMALL_PLACES, (0.5, 0.9), canvas.between(0.1, 0.14), 0.5, canvas.ink)


def _left_stack(canvas: Canvas) -> None:
    """Sri Lanka: a crest above the two small letters of a province, left of the number."""
    if canvas.chance(0.85):
        canvas.room.left = canvas.between(0.11, 0.15) * (1.0 if canvas.width > 2.5 * canvas.height else 1.5)
        middle = canvas.room.left / 2
        if canvas.chance(0.6):
            canvas.crest((middle, 0.25), canvas.between(0.15, 0.25))
        canvas.word(SRI_LANKAN, (middle, 0.62), canvas.between(0.35, 0.55), 0.8 * canvas.room.left, canvas.ink)


STYLES: dict[str, Callable[[Canvas], None]] = {
    "us": _american,
    "slovak": _slovak,
    "right_band": _right_band,
    "stripes": _stripes,
    "green_edge": _green_edge,
    "makers_name": _makers_name,
    "brazil": _brazil,
    "mercosur": _mercosur,
    "white_edge": _white_edge,
    "city": _city,
    "expiry": _expiry,
    "word_below": _word_below,
    "word_above": _word_above,
    "left_stack": _left_stack,
}


def rim_and_bolts(canvas: Canvas) -> None:
    """A line around the plate and the heads of its screws, each now and then."""
    if canvas.chance(0.45):
        inset = int(canvas.rng.integers(0, 3))
        colour = canvas.ink if canvas.chance(0.6) else canvas.near((120, 120, 120), 50)
        far = (canvas.width - 1 - inset, canvas.height - 1 - inset)
        cv2.rectangle(canvas.picture, (inset, inset), far, colour, int(canvas.rng.integers(1, 3)))
    if canvas.chance(0.5):
        tone = float(canvas.rng.integers(10, 200))
        radius = canvas.between(0.015, 0.035)
        if canvas.width < 3.6 * canvas.height:
            x, y = canvas.between(0.12, 0.3), canvas.between(0.05, 0.1)
            spots = [(x, y), (1 - x, y), (x, 1 - y), (1 - x, 1 - y)]
        else:
            spots = [(0.012, 0.5), (0.988, 0.5)]
        for spot in spots:
            canvas.disc(spot, radius, (tone, tone, tone))


def holder(canvas: Canvas, picture: Picture) -> tuple[Picture, tuple[int, int]]:
    """Perhaps put the plate into a holder with a dealer's name, which may cover its rim.

    Returns the wider picture and the pixels by which the plate moved in it.
    """
    if canvas.chance(0.5):
        return picture, (0, 0)
    american = canvas.layout.style == "us"
    left, right, upper = (round(canvas.height * canvas.between(0.0, 0.07)) for _ in range(3))
    lower = round(canvas.height * canvas.between(0.05, 0.2))
    if american and canvas.chance(0.6):
        upper = lower
    tone = float(canvas.rng.choice([15, 25, 40, 120, 190]))
    cover = round(canvas.height * canvas.between(0.04, 0.13)) if american and canvas.chance(0.6) else 0
    framed = cv2.copyMakeBorder(picture, upper, lower, left, right, cv2.BORDER_CONSTANT, value=(tone, tone, tone))
    bars = [(framed.shape[0] - lower - cover, framed.shape[0]), (0, upper + cover)]
    for top, bottom in bars if cover else []:
        framed[top:bottom] = tone
    for top, bottom in bars if canvas.chance(0.6) else []:
        if bottom - top >= 6 and canvas.chance(0.75):
            mask: Picture = canvas.atlas.word(DEALERS, canvas.rng)
            height = max(4, round((bottom - top) * 0.75))
            width = round(mask.shape[1] * height / mask.shape[0] * canvas.between(1.0, 1.8))
            mask = cv2.resize(
                mask, (min(width, round(framed.shape[1] * 0.9)), height), interpolation=cv2.INTER_AREA
            )
            x, y = (framed.shape[1] - mask.shape[1]) // 2, top + (bottom - top - height) // 2
            framed[y : y + height, x : x + mask.shape[1]][mask > 110] = 255 - int(tone)
    return framed, (left, upper)

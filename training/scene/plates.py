"""Which plates do the vehicles carry? Flat drawings of several countries' layouts, two pixels a millimetre.

Typefaces: Roadgeek 2014 (Debian fonts-roadgeek, MIT) and OSP-DIN (fonts-opendin, SIL Open Font License 1.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

SCALE = 2
"""Pixels a millimetre."""
STROKE = 2
"""Pixels added around every character, as embossing widens the strokes."""
LETTERS = "ABCDEFGHJKLMNPRSTUVXYZ"
FONT_FOLDER = Path("/usr/share/fonts")
FONTS = {"road": "RG2014C.ttf", "wide": "RG2014D.ttf", "din": "OSP-DIN.ttf", "narrow": "RG2014B.ttf"}
WHITE, BLACK, YELLOW, BLUE = (236, 237, 234), (18, 18, 20), (246, 196, 30), (16, 52, 150)
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class PlateLayout:
    """A country's layout: pattern (L letter, D digit, space gap, dash; | new line), size in mm, colours and
    extras.
    """

    name: str
    pattern: str
    size: tuple[int, int]
    font: str
    ground: Colour = WHITE
    rear_ground: Colour | None = None
    ink: Colour = BLACK
    band: str = ""
    right_band: bool = False
    extra: str = ""


LAYOUTS: dict[str, PlateLayout] = {
    layout.name: layout
    for layout in (
        PlateLayout("slovakia", "LL*DDDLL", (520, 113), "road", band="SK"),
        PlateLayout("czechia", "DLD DDDD", (520, 111), "road", band="CZ"),
        PlateLayout("germany", "L:LL DDD", (520, 111), "wide", band="D"),
        PlateLayout("poland", "LL DDDDL", (520, 114), "road", band="PL"),
        PlateLayout("france", "LL-DDD-LL", (520, 110), "wide", band="F", right_band=True),
        PlateLayout("austria", "LL DDDLL", (520, 120), "road", band="A", extra="red_lines"),
        PlateLayout("hungary", "LLL-DDD", (520, 110), "wide", band="H"),
        PlateLayout("netherlands", "DD-LLL-D", (520, 110), "wide", ground=YELLOW, band="NL"),
        PlateLayout("britain", "LLDD LLL", (520, 111), "wide", rear_ground=YELLOW, band="GB"),
        PlateLayout("mercosur", "LLLDLDD", (400, 130), "din", extra="mercosur"),
        PlateLayout(
            "us_sunset", "LLL-DDDD", (305, 152), "road", ground=(240, 226, 196), ink=(26, 38, 96), extra="us"
        ),
        PlateLayout(
            "us_dark", "DLLLDDD", (305, 152), "road", ground=(22, 40, 96), ink=(240, 240, 236), extra="us"
        ),
        PlateLayout("slovakia_moto", "LL|DDDLL", (240, 130), "road", band="SK"),
        PlateLayout("germany_moto", "LL|LL DD", (220, 170), "wide", band="D"),
        PlateLayout("poland_moto", "LL|DDDDL", (240, 150), "road", band="PL"),
        PlateLayout("mercosur_moto", "LLL|DLDD", (200, 170), "din", extra="mercosur"),
    )
}


def find_font(name: str) -> Path:
    """The font file of a short name in FONTS. Raises FileNotFoundError with the package to install."""
    found = sorted(FONT_FOLDER.rglob(FONTS[name]))
    if not found:
        raise FileNotFoundError(f"{FONTS[name]} not below {FONT_FOLDER}: apt install fonts-roadgeek fonts-opendin")
    return found[0]


def new_text(layout: PlateLayout, rng: Random, digits: str = "0123456789") -> str:
    """Fill the layout's pattern with letters and the given digits; marks and line ends are kept."""
    source = {"L": LETTERS, "D": digits}
    return "".join(rng.choice(source[c]) if c in source else c for c in layout.pattern)


def plain(writing: str) -> str:
    """The writing's letters and digits alone, as a reader should give them."""
    return "".join(c for c in writing if c.isalnum())


def draw(layout: PlateLayout, writing: str, end: str) -> NDArray[np.uint8]:
    """The plate as a picture (H, W, 3) RGB; end is 'front' or 'rear'."""
    width, height = (v * SCALE for v in layout.size)
    ground = layout.rear_ground if end == "rear" and layout.rear_ground else layout.ground
    picture = Image.new("RGB", (width, height), ground)
    pen = ImageDraw.Draw(picture)
    left, right, top, bottom = 14, width - 14, 0.15, 0.85
    if layout.band:
        left = 44 * SCALE
        pen.rectangle((0, 0, 40 * SCALE, height), fill=BLUE)
        stars(pen, 20 * SCALE, height * 0.34, min(26, height * 0.13))
        word(pen, layout.band, (20 * SCALE, height * 0.78), height * 0.20, 34 * SCALE, "narrow", WHITE)
    if layout.right_band:
        right = width - 44 * SCALE
        pen.rectangle((width - 40 * SCALE, 0, width, height), fill=BLUE)
    if layout.extra == "red_lines":
        for y in (5, 13):
            pen.rectangle((0, y, width, y + 4), fill=(190, 25, 30))
            pen.rectangle((0, height - y - 4, width, height - y), fill=(190, 25, 30))
    if layout.extra == "mercosur":
        pen.rectangle((0, 0, width, height * 0.24), fill=(20, 60, 150))
        word(pen, "BRASIL", (width / 2, height * 0.12), height * 0.15, width, "narrow", WHITE)
        top, bottom = 0.30, 0.92
    if layout.extra == "us":
        for k in range(int(height * 0.35)):
            share = k / (height * 0.35)
            row = tuple(
                int(g * share + t * (1 - share))
                for g, t in zip(ground, (226, 128, 84) if ground[0] > 100 else (70, 120, 190), strict=True)
            )
            pen.line((0, k, width, k), fill=row)
        word(pen, "NORTHFIELD", (width / 2, height * 0.11), height * 0.15, width * 0.7, "narrow", layout.ink)
        word(pen, "LAND OF LAKES", (width / 2, height * 0.91), height * 0.10, width * 0.7, "narrow", layout.ink)
        top, bottom = 0.24, 0.80
        for x in (0.12, 0.88):
            pen.ellipse((width * x - 8, 10, width * x + 8, 26), fill=(110, 110, 110))
    lines = writing.split("|")
    for number, line in enumerate(lines):
        share = (bottom - top) / len(lines)
        low, high = top + number * share, top + (number + 1) * share
        line_left = left if number or not layout.band else left + 4
        write_line(
            picture,
            line,
            layout,
            ((line_left, low * height), (right, high * height)),
            0.93 if len(lines) > 1 else 1.0,
        )
    pen.rounded_rectangle((2, 2, width - 3, height - 3), 14, outline=tuple(int(v * 0.35) for v in ground), width=5)
    return np.asarray(picture)


def write_line(
    picture: Image.Image,
    line: str,
    layout: PlateLayout,
    area: tuple[tuple[float, float], tuple[float, float]],
    fill: float,
) -> None:
    """Write one line of characters spread evenly over the area (pixels: two corners), seals and crests
    between groups.
    """
    (x0, y0), (x1, y1) = area
    tall = (y1 - y0) * fill
    font = ImageFont.truetype(str(find_font(layout.font)), round(tall * 1.40))
    glyphs = []
    for character in line:
        if character.isalnum():
            box = font.getbbox(character, stroke_width=STROKE)
            mask = Image.new("L", (round(box[2] - box[0]), round(box[3] - box[1])), 0)
            ImageDraw.Draw(mask).text((-box[0], -box[1]), character, font=font, fill=255, stroke_width=STROKE)
            glyphs.append(mask.resize((max(4, round(mask.width * tall / mask.height)), round(tall))))
        else:
            glyphs.append(
                Image.new(
                    "L",
                    (round(tall * {" ": 0.22, "-": 0.34, "*": 0.62, ":": 0.42}[character]), round(tall)),
                    0,
                )
            )
    inked = sum(glyph.width for glyph in glyphs)
    room = (x1 - x0) * 0.96
    squeeze = min(1.0, room * 0.86 / inked)
    gap = min(tall * 0.22, (room - inked * squeeze) / max(1, len(glyphs) - 1))
    x = (x0 + x1) / 2 - (inked * squeeze + gap * (len(glyphs) - 1)) / 2
    pen = ImageDraw.Draw(picture)
    middle = (y0 + y1) / 2
    for character, glyph in zip(line, glyphs, strict=True):
        wide = max(3, round(glyph.width * squeeze))
        if character.isalnum():
            picture.paste(
                Image.new("RGB", (wide, glyph.height), layout.ink),
                (round(x), round(middle - tall / 2)),
                glyph.resize((wide, glyph.height)),
            )
        elif character == "-":
            pen.rectangle(
                (x + wide * 0.15, middle - tall * 0.05, x + wide * 0.85, middle + tall * 0.05),
                fill=layout.ink,
            )
        elif character == ":":
            for at, colour in ((-0.25, (230, 120, 40)), (0.25, (120, 120, 130))):
                pen.ellipse(
                    (
                        x + wide / 2 - tall * 0.16,
                        middle + tall * (at - 0.16),
                        x + wide / 2 + tall * 0.16,
                        middle + tall * (at + 0.16),
                    ),
                    fill=colour,
                )
        elif character == "*":
            shield = [(-0.2, -0.28), (0.2, -0.28), (0.2, 0.08), (0, 0.3), (-0.2, 0.08)]
            pen.polygon([(x + wide / 2 + a * tall, middle + b * tall) for a, b in shield], fill=(60, 90, 190))
            pen.rectangle(
                (
                    x + wide / 2 - 0.05 * tall,
                    middle - 0.2 * tall,
                    x + wide / 2 + 0.05 * tall,
                    middle + 0.1 * tall,
                ),
                fill=(220, 60, 60),
            )
        x += wide + gap


def stars(pen: ImageDraw.ImageDraw, x: float, y: float, radius: float) -> None:
    """The ring of twelve gold stars."""
    for k in range(12):
        at = (x + radius * np.cos(k * np.pi / 6), y + radius * np.sin(k * np.pi / 6))
        pen.ellipse((at[0] - 4, at[1] - 4, at[0] + 4, at[1] + 4), fill=(250, 210, 40))


def word(
    pen: ImageDraw.ImageDraw,
    text: str,
    at: tuple[float, float],
    tall: float,
    widest: float,
    font: str,
    colour: Colour,
) -> None:
    """A word centred at a point, of the given height, not wider than widest."""
    face = ImageFont.truetype(str(find_font(font)), max(8, round(tall * 1.35)))
    while face.getlength(text) > widest and face.size > 8:
        face = ImageFont.truetype(str(find_font(font)), face.size - 2)
    pen.text(at, text, font=face, fill=colour, anchor="mm")

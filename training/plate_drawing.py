"""Draw a number plate flat, as it leaves the press, of any of the countries in :mod:`training.plate_layouts`.

:mod:`training.plate_capture` then photographs it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.plate_canvas import Canvas, Picture
from training.plate_decorations import STYLES, band, holder, rim_and_bolts
from training.plate_glyphs import GlyphAtlas
from training.plate_layouts import LAYOUTS, Layout, fill
from training.plate_ocr_network import ALPHABET
from training.plate_writing import write

LONG_HEIGHT, SHORT_HEIGHT = 72, 96
"""Canvas heights in pixels of plates longer than LONG_FROM heights and of all others."""
LONG_FROM = 3.6
TWO_LINES_UP_TO = 2.15
ONE_LINE_FROM = 1.9
"""Widths in heights that two lines need at most and one line at least."""


@dataclass(frozen=True, slots=True)
class DrawnPlate:
    """A flat plate."""

    picture: Picture
    """(H, W, 3) BGR, 0..255."""
    text: str
    centres: NDArray[Any]
    """(len(text), 2) pixels x, y of the characters' centres, in reading order."""
    layout: str


class PlatePress:
    """Draws plates of all layouts with the typefaces of one atlas, about 1.3 ms each."""

    def __init__(self, atlas: GlyphAtlas, layouts: tuple[Layout, ...] = LAYOUTS) -> None:
        self.atlas = atlas
        self.layouts = layouts
        weights = np.asarray([layout.weight for layout in layouts])
        self._steps = np.cumsum(weights / weights.sum())[:-1]

    def draw(
        self, rng: np.random.Generator, layout: Layout | None = None, writing: str | None = None
    ) -> DrawnPlate:
        """Draw one plate, of a random layout and with a random text unless they are given.

        ``writing`` is a filled pattern of :mod:`training.plate_layouts`, such as ``RK*123AB``.
        """
        if layout is None:
            layout = self.layouts[int(np.searchsorted(self._steps, rng.random()))]
        if writing is None:
            writing = fill(layout.patterns[int(rng.integers(len(layout.patterns)))], layout, rng)
        lines = writing.split("/")
        canvas = Canvas(_size(layout, len(lines), rng), layout, self.atlas, rng)
        band(canvas, len(lines) > 1)
        if layout.style in STYLES:
            STYLES[layout.style](canvas)
        centres = np.asarray(write(canvas, lines), np.float32)
        rim_and_bolts(canvas)
        picture, shift = holder(canvas, np.clip(canvas.picture, 0, 255).astype(np.uint8))
        text = "".join(c for c in writing if c in ALPHABET)
        return DrawnPlate(picture, text, centres + np.asarray(shift, np.float32), layout.name)


def _size(layout: Layout, lines: int, rng: np.random.Generator) -> tuple[int, int]:
    """Height and width of the canvas in pixels."""
    aspect = layout.aspect[int(rng.integers(len(layout.aspect)))]
    if lines > 1 and aspect > TWO_LINES_UP_TO:
        aspect = float(rng.uniform(1.25, 1.6))
    elif lines == 1 and aspect < ONE_LINE_FROM:
        aspect = 3.0
    aspect *= float(rng.uniform(0.95, 1.05))
    height = LONG_HEIGHT if aspect > LONG_FROM else SHORT_HEIGHT
    return height, round(height * aspect)

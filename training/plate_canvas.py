"""A flat plate being painted: the picture, the room left for the characters, a few strokes of the brush."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from training.plate_glyphs import GlyphAtlas
from training.plate_layouts import Colour, Layout

Picture = NDArray[Any]
"""(H, W, 3) BGR or (H, W) mask."""
Tone = tuple[float, float, float]
BOARD: Colour = (150, 60, 10)
"""The blue of the country band."""
LIGHT: Colour = (235, 235, 235)


@dataclass(slots=True)
class Room:
    """Where the characters may stand, in shares of the plate."""

    left: float = 0.03
    right: float = 0.97
    top: float = 0.1
    bottom: float = 0.9


class Canvas:
    """The plate's picture (float, 0..255) and what paints it. Positions are shares of the plate."""

    def __init__(self, size: tuple[int, int], layout: Layout, atlas: GlyphAtlas, rng: np.random.Generator) -> None:
        self.height, self.width = size
        self.layout, self.atlas, self.rng = layout, atlas, rng
        ground, ink = layout.schemes[int(rng.integers(len(layout.schemes)))]
        self.ink = self.near(ink)
        self.picture: Picture = np.empty((self.height, self.width, 3), np.float32)
        self.picture[:] = self.near(ground)
        self.room = Room()

    def chance(self, share: float) -> bool:
        """True in a share of the cases."""
        return bool(self.rng.random() < share)

    def between(self, low: float, high: float) -> float:
        """A number between two others."""
        return low + (high - low) * float(self.rng.random())

    def near(self, colour: Colour | Tone, spread: float = 14.0) -> Tone:
        """A colour like the given one: mostly lighter or darker, a little off in hue."""
        shift = self.rng.normal(0, spread) + self.rng.normal(0, spread / 2, 3)
        blue, green, red = (min(255.0, max(0.0, c + s)) for c, s in zip(colour, shift.tolist(), strict=True))
        return blue, green, red

    def any_colour(self, low: int = 0, high: int = 256) -> Tone:
        """Any colour with channels from ``low`` up to ``high``."""
        blue, green, red = self.rng.integers(low, high, 3).tolist()
        return float(blue), float(green), float(red)

    def stamp(self, mask: Picture, x: int, y: int, colour: Tone) -> None:
        """Paint a mask (0..255) with its top left corner at pixel (x, y); what lies outside is lost."""
        x0, y0 = max(x, 0), max(y, 0)
        x1, y1 = min(x + mask.shape[1], self.width), min(y + mask.shape[0], self.height)
        if x1 > x0 and y1 > y0:
            alpha = mask[y0 - y : y1 - y, x0 - x : x1 - x, None].astype(np.float32) / 255.0
            part = self.picture[y0:y1, x0:x1]
            part += (np.asarray(colour, np.float32) - part) * alpha

    def word(
        self,
        words: list[str],
        at: tuple[float, float],
        size: float,
        widest: float,
        colour: Tone | None = None,
    ) -> None:
        """Write one of some words centred at ``at``, ``size`` high, at most ``widest`` wide."""
        mask = self.atlas.word(words, self.rng)
        height = max(4, round(size * self.height))
        width = min(round(mask.shape[1] * height / mask.shape[0]), round(widest * self.width))
        scaled = cv2.resize(mask, (max(width, 3), height), interpolation=cv2.INTER_AREA)
        if colour is None:
            colour = self.ink if self.chance(0.6) else self.near((60, 40, 150), 60)
        self.stamp(scaled, round(at[0] * self.width - width / 2), round(at[1] * self.height - height / 2), colour)

    def disc(self, at: tuple[float, float], radius: float, colour: Tone) -> None:
        """A filled circle; ``radius`` in shares of the height."""
        spot = (round(at[0] * self.width), round(at[1] * self.height))
        cv2.circle(self.picture, spot, max(1, round(radius * self.height)), colour, -1, cv2.LINE_AA)

    def crest(self, at: tuple[float, float], size: float) -> None:
        """A coat of arms, a map or an animal: a coloured blob with some drawing on it, ``size`` high."""
        x, y = round(at[0] * self.width), round(at[1] * self.height)
        pixels = size * self.height
        half_width, half_height = pixels * self.between(0.3, 0.5), pixels / 2
        colour = self.any_colour(0, 230) if self.chance(0.6) else (50.0, 40.0, 190.0)
        kind = self.rng.random()
        if kind < 0.5:
            corners = [[-1, -1], [1, -1], [1, 0.3], [0, 1], [-1, 0.3]]
            shield = np.asarray(corners) * (half_width, half_height) + (x, y)
            cv2.fillPoly(self.picture, [shield.astype(np.int32)], colour, cv2.LINE_AA)
        elif kind < 0.75:
            angles = np.arange(9) * 0.7
            ring = self.rng.uniform(0.35, 1.0, 9)[:, None] * np.stack([np.cos(angles), np.sin(angles)], 1)
            outline = ring * (half_width, half_height) + (x, y)
            cv2.fillPoly(self.picture, [outline.astype(np.int32)], colour, cv2.LINE_AA)
        else:
            axes = (max(2, int(half_width)), max(2, int(half_height)))
            cv2.ellipse(self.picture, (x, y), axes, 0, 0, 360, colour, -1, cv2.LINE_AA)
        light, thick = self.any_colour(120), max(1, round(pixels / 14))
        cv2.line(
            self.picture,
            (x, int(y - 0.6 * half_height)),
            (x, int(y + 0.5 * half_height)),
            light,
            thick,
            cv2.LINE_AA,
        )
        cv2.line(
            self.picture,
            (int(x - half_width / 2), y),
            (int(x + half_width / 2), y),
            light,
            thick,
            cv2.LINE_AA,
        )

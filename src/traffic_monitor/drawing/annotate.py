"""Draws what is known about a frame onto it. Pure: pixels and plain data in, pixels out."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from traffic_monitor.settings import Point
from traffic_monitor.shared_utils.custom_types import BoxXyxy
from traffic_monitor.shared_utils.frame_codec import Image

Color = tuple[int, int, int]

# Okabe and Ito's palette, which colour-blind people can tell apart (https://jfly.uni-koeln.de/color/), as BGR.
CLASS_COLORS: dict[str, Color] = {
    "car": (233, 180, 86),
    "motorcycle": (66, 228, 240),
    "bus": (115, 158, 0),
    "truck": (0, 159, 230),
}
OTHER_CLASS_COLOR: Color = (167, 121, 204)
LINE_COLOR: Color = (0, 94, 213)
PANEL_COLOR: Color = (32, 26, 20)
TEXT_COLOR: Color = (255, 255, 255)
DARK_TEXT_COLOR: Color = (0, 0, 0)

FONT = cv2.FONT_HERSHEY_SIMPLEX
REFERENCE_WIDTH = 1280
"""Frame width at which text and strokes have their nominal size; they grow and shrink with the frame."""


@dataclass(frozen=True)
class VehicleMark:
    """A vehicle to draw."""

    bbox_xyxy: BoxXyxy
    class_name: str
    track_id: int
    plate_text: str = ""


@dataclass(frozen=True)
class LineMark:
    """A counting line to draw, with its counts."""

    start: Point
    end: Point
    label: str


@dataclass(frozen=True)
class Scene:
    """Everything that is drawn onto one frame."""

    vehicles: Sequence[VehicleMark] = ()
    lines: Sequence[LineMark] = ()
    panel: Sequence[str] = field(default=())
    """Lines of text for the corner."""


def annotate(image: Image, scene: Scene) -> Image:
    """A copy of the BGR picture with vehicles, lines and panel drawn onto it."""
    canvas = image.copy()
    pen = _Pen(canvas)
    for line in scene.lines:
        pen.line(line)
    for vehicle in scene.vehicles:
        pen.vehicle(vehicle)
    pen.panel(scene.panel)
    return canvas


def draw_text(canvas: Image, text: str, at: tuple[int, int], background: Color = PANEL_COLOR) -> None:
    """Draw white text on a filled box whose lower left corner is at ``at``, moved into the picture."""
    _Pen(canvas).label(text, *at, background, TEXT_COLOR)


class _Pen:
    """Draws at a scale that suits the width of the canvas."""

    def __init__(self, canvas: Image) -> None:
        self._canvas = canvas
        self._height, self._width = int(canvas.shape[0]), int(canvas.shape[1])
        scale = min(max(self._width / REFERENCE_WIDTH, 0.6), 3)
        self._font_scale = 0.55 * scale
        self._stroke = max(round(2 * scale), 1)
        self._text_stroke = max(round(scale), 1)
        self._pad: int = max(round(4 * scale), 2)

    def vehicle(self, mark: VehicleMark) -> None:
        color = CLASS_COLORS.get(mark.class_name, OTHER_CLASS_COLOR)
        x1, y1, x2, y2 = mark.bbox_xyxy
        cv2.rectangle(self._canvas, (x1, y1), (x2, y2), color, self._stroke)
        top = self.label(f"{mark.class_name} {mark.track_id}", x1, y1, color, DARK_TEXT_COLOR)
        if mark.plate_text:
            self.label(mark.plate_text, x1, top, TEXT_COLOR, DARK_TEXT_COLOR)

    def line(self, mark: LineMark) -> None:
        start, end = _pixel(mark.start), _pixel(mark.end)
        cv2.line(self._canvas, start, end, LINE_COLOR, self._stroke + 1, cv2.LINE_AA)
        # At its start, not in its middle, where the vehicles are.
        self.label(mark.label, *start, LINE_COLOR, TEXT_COLOR)

    def panel(self, rows: Sequence[str]) -> None:
        if not rows:
            return
        sizes = [self._text_size(row) for row in rows]
        row_height = max(height for _, height in sizes) + 2 * self._pad
        width = min(max(width for width, _ in sizes) + 4 * self._pad, self._width)
        height = min(row_height * len(rows) + 2 * self._pad, self._height)
        corner = self._canvas[:height, :width]
        corner[:] = cv2.addWeighted(corner, 0.25, np.full_like(corner, PANEL_COLOR), 0.75, 0)
        for index, row in enumerate(rows, start=1):
            self._text(row, 2 * self._pad, index * row_height, TEXT_COLOR)

    def label(self, text: str, x: int, bottom: int, background: Color, foreground: Color) -> int:
        """Text on a filled box whose lower left corner is at ``(x, bottom)``, moved into the frame; its top."""
        width, height = self._text_size(text)
        box_width, box_height = width + 2 * self._pad, height + 2 * self._pad
        x = min(max(x, 0), max(self._width - box_width, 0))
        bottom = min(max(bottom, box_height), self._height)
        cv2.rectangle(self._canvas, (x, bottom - box_height), (x + box_width, bottom), background, cv2.FILLED)
        self._text(text, x + self._pad, bottom - self._pad, foreground)
        return bottom - box_height

    def _text(self, text: str, x: int, baseline: int, color: Color) -> None:
        cv2.putText(
            self._canvas,
            _printable(text),
            (x, baseline),
            FONT,
            self._font_scale,
            color,
            self._text_stroke,
            cv2.LINE_AA,
        )

    def _text_size(self, text: str) -> tuple[int, int]:
        (width, height), _ = cv2.getTextSize(_printable(text), FONT, self._font_scale, self._text_stroke)
        return int(width), int(height)


def _printable(text: str) -> str:
    """OpenCV's fonts hold ASCII only."""
    return text.encode("ascii", errors="replace").decode("ascii")


def _pixel(point: Point) -> tuple[int, int]:
    return round(point[0]), round(point[1])

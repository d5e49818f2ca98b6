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
ZONE_COLOR: Color = (115, 158, 0)
SPEED_COLOR: Color = (167, 121, 204)
IGNORE_COLOR: Color = (160, 160, 160)
PANEL_COLOR: Color = (32, 26, 20)
TEXT_COLOR: Color = (255, 255, 255)
DARK_TEXT_COLOR: Color = (0, 0, 0)

FONT = cv2.FONT_HERSHEY_SIMPLEX
LARGE_BOX = 20
"""A vehicle with this many times the area of its label may have the label inside its box."""

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
class AreaMark:
    """The outline of a zone or another area."""

    corners: Sequence[Point]
    color: Color


@dataclass(frozen=True)
class Scene:
    """Everything that is drawn onto one frame."""

    vehicles: Sequence[VehicleMark] = ()
    lines: Sequence[LineMark] = ()
    panel: Sequence[str] = field(default=())
    """Lines of text for the corner."""
    areas: Sequence[AreaMark] = ()


def annotate(image: Image, scene: Scene) -> Image:
    """A copy of the BGR picture with areas, lines, vehicles and panel drawn onto it."""
    canvas = image.copy()
    pen = _Pen(canvas)
    for area in scene.areas:
        outline = np.array(area.corners).round().astype(np.int32)
        cv2.polylines(canvas, [outline], isClosed=True, color=area.color, lineType=cv2.LINE_AA)
    line_labels = [pen.line(line) for line in scene.lines]
    pen.vehicles(scene.vehicles, line_labels)
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

    def vehicles(self, marks: Sequence[VehicleMark], taken: Sequence[BoxXyxy]) -> None:
        """Boxes first, then labels beside the boxes and beside what is taken."""
        for mark in marks:
            x1, y1, x2, y2 = mark.bbox_xyxy
            color = CLASS_COLORS.get(mark.class_name, OTHER_CLASS_COLOR)
            cv2.rectangle(self._canvas, (x1, y1), (x2, y2), color, self._stroke)
        boxes = [*taken, *(mark.bbox_xyxy for mark in marks)]
        for mark in marks:
            self._label_vehicle(mark, boxes)

    def _label_vehicle(self, mark: VehicleMark, taken: list[BoxXyxy]) -> None:
        """Write plate, class and number where they hide nothing that is taken.

        Without room the number stands alone or is left out: a vehicle is worth more than its label. A plate is
        always written.
        """
        color = CLASS_COLORS.get(mark.class_name, OTHER_CLASS_COLOR)
        for text in (f"{mark.class_name} {mark.track_id}", str(mark.track_id)):
            place = self._free_place(text, mark.bbox_xyxy, taken)
            if place is not None:
                taken.append(self._write(text, place, color))
                break
        if mark.plate_text:
            place = self._free_place(mark.plate_text, mark.bbox_xyxy, taken)
            place = place or self._label_box(mark.plate_text, *mark.bbox_xyxy[:2])
            taken.append(self._write(mark.plate_text, place, TEXT_COLOR))

    def _write(self, text: str, place: BoxXyxy, background: Color) -> BoxXyxy:
        self.label(text, place[0], place[3], background, DARK_TEXT_COLOR)
        return place

    def _free_place(self, text: str, box: BoxXyxy, taken: Sequence[BoxXyxy]) -> BoxXyxy | None:
        """Above a vehicle's box or below it; inside only where the box is far larger than the label."""
        width, height = self._label_size(text)
        x1, y1, x2, y2 = box
        is_large = (x2 - x1) * (y2 - y1) > LARGE_BOX * width * height
        others = [each for each in taken if each is not box] if is_large else taken
        for left, bottom in ((x1, y1), (x1, y1 - height), (x2 - width, y1), (x1, y2 + height)):
            place = self._label_box(text, left, bottom)
            if _is_free(place, others):
                return place
        return None

    def line(self, mark: LineMark) -> BoxXyxy:
        """Draw a line; the place of its label."""
        start, end = _pixel(mark.start), _pixel(mark.end)
        cv2.line(self._canvas, start, end, LINE_COLOR, self._stroke + 1, cv2.LINE_AA)
        # At its start, not in its middle, where the vehicles are.
        self.label(mark.label, *start, LINE_COLOR, TEXT_COLOR)
        return self._label_box(mark.label, *start)

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

    def label(self, text: str, x: int, bottom: int, background: Color, foreground: Color) -> None:
        """Text on a filled box whose lower left corner is at ``(x, bottom)``, moved into the frame."""
        x1, y1, x2, y2 = self._label_box(text, x, bottom)
        cv2.rectangle(self._canvas, (x1, y1), (x2, y2), background, cv2.FILLED)
        self._text(text, x1 + self._pad, y2 - self._pad, foreground)

    def _label_box(self, text: str, x: int, bottom: int) -> BoxXyxy:
        """Where :meth:`label` writes."""
        width, height = self._label_size(text)
        x = min(max(x, 0), max(self._width - width, 0))
        bottom = min(max(bottom, height), self._height)
        return [x, bottom - height, x + width, bottom]

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

    def _label_size(self, text: str) -> tuple[int, int]:
        width, height = self._text_size(text)
        return width + 2 * self._pad, height + 2 * self._pad

    def _text_size(self, text: str) -> tuple[int, int]:
        (width, height), _ = cv2.getTextSize(_printable(text), FONT, self._font_scale, self._text_stroke)
        return int(width), int(height)


def _is_free(place: BoxXyxy, taken: Sequence[BoxXyxy]) -> bool:
    x1, y1, x2, y2 = place
    return not any(x1 < box[2] and box[0] < x2 and y1 < box[3] and box[1] < y2 for box in taken)


def _printable(text: str) -> str:
    """OpenCV's fonts hold ASCII only."""
    return text.encode("ascii", errors="replace").decode("ascii")


def _pixel(point: Point) -> tuple[int, int]:
    return round(point[0]), round(point[1])

"""The picture of a plan: a frame with a grid of coordinates and what is drawn on it."""

import cv2
import numpy as np

from traffic_monitor.counting.lines import CountingLine
from traffic_monitor.counting.plan import Plan, Shape
from traffic_monitor.drawing.annotate import (
    IGNORE_COLOR,
    LINE_COLOR,
    SPEED_COLOR,
    ZONE_COLOR,
    Color,
    LineMark,
    Scene,
    annotate,
    draw_text,
)
from traffic_monitor.settings import Area, in_frame
from traffic_monitor.shared_utils.frame_codec import Image

GRID_STEPS = 10
GRID_COLOR = (255, 255, 255)
GRID_OPACITY = 0.35
MASK_COLOR = (0, 0, 0)
POINT_COLOR = (66, 228, 240)
ARROW_SHARE = 0.06
"""Length of the arrow that shows where ``in`` leads, as a share of the frame's height."""


def draw_plan(image: Image, plan: Plan) -> Image:
    """A copy of the BGR picture with grid, masks, areas, speed rectangle, lines and unfinished points.

    The grid's numbers are shares of width and height, as in the settings.
    """
    canvas = _with_grid(image)
    width, height = plan.size
    settings = plan.settings
    for mask in plan.privacy.masks:
        _polygon(canvas, _pixels(mask, plan.size), MASK_COLOR, Shape.MASK.label, opacity=1.0)
    for area in settings.ignore:
        _polygon(canvas, _pixels(area, plan.size), IGNORE_COLOR, Shape.IGNORE.label)
    for zone in settings.zones:
        _polygon(canvas, _pixels(zone, plan.size), ZONE_COLOR, zone.name)
    if settings.speed:
        label = f"{settings.speed.width_m:g} m x {settings.speed.length_m:g} m"
        _polygon(canvas, _pixels(settings.speed, plan.size), SPEED_COLOR, label)
    lines = [CountingLine.in_frame(line, width, height) for line in settings.lines]
    canvas = annotate(canvas, Scene(lines=[LineMark(line.start, line.end, line.name) for line in lines]))
    for line in lines:
        _arrow(canvas, line, height)
    for x, y in in_frame("fraction", plan.points, width, height):
        point = round(x), round(y)
        cv2.circle(canvas, point, max(height // 120, 4), POINT_COLOR, cv2.FILLED, cv2.LINE_AA)
    return canvas


def _with_grid(image: Image) -> Image:
    height, width = image.shape[:2]
    lined = image.copy()
    for step in range(1, GRID_STEPS):
        x, y = width * step // GRID_STEPS, height * step // GRID_STEPS
        cv2.line(lined, (x, 0), (x, height), GRID_COLOR)
        cv2.line(lined, (0, y), (width, y), GRID_COLOR)
    canvas = np.asarray(cv2.addWeighted(lined, GRID_OPACITY, image, 1 - GRID_OPACITY, 0), dtype=np.uint8)
    for step in range(1, GRID_STEPS):
        share = f"{step / GRID_STEPS:g}"
        draw_text(canvas, share, (width * step // GRID_STEPS, height))
        draw_text(canvas, share, (width, height * step // GRID_STEPS))
    return canvas


def _pixels(shape: Area, size: tuple[int, int]) -> Image:
    return np.array(in_frame(shape.units, shape.points, *size)).round().astype(np.int32)


def _polygon(canvas: Image, outline: Image, color: Color, label: str, opacity: float = 0.25) -> None:
    filled = cv2.fillPoly(canvas.copy(), [outline], color)
    cv2.addWeighted(filled, opacity, canvas, 1 - opacity, 0, dst=canvas)
    cv2.polylines(canvas, [outline], isClosed=True, color=color, thickness=2, lineType=cv2.LINE_AA)
    x, y = outline[0]
    draw_text(canvas, label, (int(x), int(y)), color)


def _arrow(canvas: Image, line: CountingLine, height: int) -> None:
    """From the middle of the line to its right side, where ``in`` leads."""
    start, end = np.array(line.start), np.array(line.end)
    middle, along = (start + end) / 2, (end - start) / np.linalg.norm(end - start)
    tip = middle + np.array([-along[1], along[0]]) * ARROW_SHARE * height
    cv2.arrowedLine(canvas, _whole(middle), _whole(tip), LINE_COLOR, 3, cv2.LINE_AA, tipLength=0.35)
    draw_text(canvas, line.in_name, _whole(tip), LINE_COLOR)


def _whole(point: np.ndarray) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))

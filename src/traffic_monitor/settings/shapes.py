"""Shapes in a camera's picture: points, areas, and the rules that refuse a slip of the pen."""

from collections.abc import Sequence
from math import dist
from typing import Annotated, Literal, Protocol, Self

from pydantic import Field, model_validator

from traffic_monitor.settings.section import Coordinate, Section

Point = tuple[Coordinate, Coordinate]
Corners = Annotated[list[Point], Field(min_length=3, max_length=100)]
Units = Literal["fraction", "pixels"]

MOST_AREAS = 100
"""Masks, or areas to ignore, of one camera: far more than a picture needs; each is looked at in every frame."""

EDGE = 0.005
"""An area that ends this share of the picture's height above its lower edge, or less, was meant to reach it."""

THINNEST = {"fraction": 0.001, "pixels": 1.0}
"""Length of a line, and thickness of a shape, below which it is a slip: a pixel of a usual frame."""


def check_points(units: Units, points: Sequence[Point]) -> None:
    """Refuse points that lie outside every frame, or whose units are others than said."""
    values = [value for point in points for value in point]
    if units == "fraction" and not all(0 <= value <= 1 for value in values):
        raise ValueError("with units: fraction every coordinate is between 0 and 1 (or set units: pixels)")
    if units == "pixels" and all(0 <= value <= 1 for value in values):
        raise ValueError("with units: pixels all points are in the first pixel (or set units: fraction)")
    if any(all(point[axis] < 0 for point in points) for axis in (0, 1)):
        raise ValueError("all points are outside the frame: their coordinates are negative")


def check_thickness(units: Units, points: Sequence[Point]) -> None:
    """Refuse a shape that is nearly a line: its area is that of a rectangle as long as it, and this thick."""
    turns = ((a[0] * b[1] - b[0] * a[1]) for a, b in zip(points, [*points[1:], points[0]], strict=True))
    area, length = abs(sum(turns)) / 2, max(dist(a, b) for a in points for b in points)
    if area < THINNEST[units] * length or length < THINNEST[units]:
        raise ValueError("the shape has no area, or hardly any")


def _crosses_itself(points: Sequence[Point]) -> bool:
    edges = list(zip(points, [*points[1:], points[0]], strict=True))
    return any(_cross(*one, *other) for number, one in enumerate(edges) for other in edges[:number])


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether two edges cross at a point inside both."""
    return turn(a, b, c) * turn(a, b, d) < 0 and turn(c, d, a) * turn(c, d, b) < 0


def turn(a: Point, b: Point, c: Point) -> float:
    """Twice the signed area of a triangle."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def check_area(units: Units, corners: Sequence[Point]) -> None:
    """Refuse a polygon that crosses itself, has hardly any area, or lies outside every frame."""
    check_points(units, corners)
    if len(set(corners)) < 3:
        raise ValueError("an area needs three different points")
    if _crosses_itself(corners):
        raise ValueError("its edges cross: give the points in the order in which one walks around the area")
    check_thickness(units, corners)


def in_frame(units: Units, points: Sequence[Point], width: int, height: int) -> list[Point]:
    """The points in pixels of a frame of ``width`` x ``height`` pixels."""
    scale_x, scale_y = (width, height) if units == "fraction" else (1, 1)
    return [(x * scale_x, y * scale_y) for x, y in points]


class AreaSettings(Section):
    """A polygon without a name: a privacy mask, or an area in which no vehicle counts."""

    points: Corners
    units: Units = "fraction"

    @model_validator(mode="after")
    def _is_an_area(self) -> Self:
        check_area(self.units, self.points)
        return self


class Area(Protocol):
    """What every polygon of the settings has, with a name or without."""

    @property
    def points(self) -> Sequence[Point]: ...
    @property
    def units(self) -> Units: ...


def area_in_frame(area: Area, width: int, height: int) -> list[Point]:
    """The corners of an area in pixels of a frame of ``width`` x ``height`` pixels.

    Where it reaches the picture's lower edge it goes on below it: there stand the vehicles that the edge cuts off.
    """
    corners = in_frame(area.units, area.points, width, height)
    top = min(y for _, y in corners)  # Stays, or nothing is left of a strip along the edge.
    return [(x, max(y, height) + 1 if y > top and y >= (1 - EDGE) * height else y) for x, y in corners]

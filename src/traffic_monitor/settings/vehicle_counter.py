"""Section ``vehicle_counter``: counting lines, zones and the rectangle for speeds."""

from collections.abc import Sequence
from math import dist
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from traffic_monitor.settings.section import Coordinate, Name, Section, number_as_text

Point = tuple[Coordinate, Coordinate]
DirectionName = Annotated[str, BeforeValidator(number_as_text), Field(min_length=1, max_length=40)]
Units = Literal["fraction", "pixels"]

THINNEST = {"fraction": 0.001, "pixels": 1.0}
"""Length of a line, and thickness of a shape, below which it is a slip: a pixel of a usual frame."""


def _check_points(units: Units, points: Sequence[Point]) -> None:
    values = [value for point in points for value in point]
    if units == "fraction" and not all(0 <= value <= 1 for value in values):
        raise ValueError("with units: fraction every coordinate is between 0 and 1 (or set units: pixels)")
    if units == "pixels" and all(0 <= value <= 1 for value in values):
        raise ValueError("with units: pixels all points are in the first pixel (or set units: fraction)")
    if any(all(point[axis] < 0 for point in points) for axis in (0, 1)):
        raise ValueError("all points are outside the frame: their coordinates are negative")


def _check_thickness(units: Units, points: Sequence[Point]) -> None:
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
    return _turn(a, b, c) * _turn(a, b, d) < 0 and _turn(c, d, a) * _turn(c, d, b) < 0


def _turn(a: Point, b: Point, c: Point) -> float:
    """Twice the signed area of a triangle."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


class LineSettings(Section):
    """One counting line. Walking from the first point to the second, ``in`` is a crossing from left to right."""

    name: Name
    points: tuple[Point, Point]
    units: Units = "fraction"
    in_name: DirectionName = "in"
    out_name: DirectionName = "out"

    @model_validator(mode="after")
    def _is_a_line(self) -> Self:
        if self.points[0] == self.points[1]:
            raise ValueError("the two points are the same")
        _check_points(self.units, self.points)
        if dist(*self.points) < THINNEST[self.units]:
            raise ValueError("the two points are nearly the same")
        if self.in_name == self.out_name:
            raise ValueError("in_name and out_name are the same")
        return self


class ZoneSettings(Section):
    """One zone: a polygon."""

    name: Name
    points: list[Point] = Field(min_length=3, max_length=100)
    units: Units = "fraction"

    @model_validator(mode="after")
    def _is_an_area(self) -> Self:
        _check_points(self.units, self.points)
        if len(set(self.points)) < 3:
            raise ValueError("a zone needs three different points")
        if _crosses_itself(self.points):
            raise ValueError("its edges cross: give the points in the order in which one walks around the zone")
        _check_thickness(self.units, self.points)
        return self


class SpeedSettings(Section):
    """Four corners of a rectangle on the road whose size is known."""

    points: tuple[Point, Point, Point, Point]
    units: Units = "fraction"
    width_m: float = Field(gt=0, le=1000)
    length_m: float = Field(gt=0, le=1000)
    unit: Literal["km/h", "mph"] = "km/h"

    @model_validator(mode="after")
    def _is_a_rectangle_seen_from_somewhere(self) -> Self:
        _check_points(self.units, self.points)
        corners = zip(
            self.points, self.points[1:] + self.points[:1], self.points[2:] + self.points[:2], strict=True
        )
        turns = [_turn(*three) for three in corners]
        if not (all(turn > 0 for turn in turns) or all(turn < 0 for turn in turns)):
            raise ValueError("give the four corners in the order in which one walks around the rectangle")
        _check_thickness(self.units, self.points)
        return self


class VehicleCounterSettings(Section):
    """The counting lines, zones and what else is measured."""

    lines: list[LineSettings] = Field(
        default=[LineSettings(name="main", points=((0.0, 0.77), (1.0, 0.77)))],
    )
    zones: list[ZoneSettings] = Field(default=[])
    interval_minutes: int = Field(default=15, ge=1, le=60)
    speed: SpeedSettings | None = None

    @field_validator("lines", "zones")
    @classmethod
    def _names_differ(cls, named: list[Any], info: ValidationInfo) -> list[Any]:
        names = [each.name for each in named]
        if len(set(names)) < len(names):
            raise ValueError(f"two {info.field_name} have the same name: {', '.join(names)}")
        return named

    @field_validator("interval_minutes")
    @classmethod
    def _divides_the_hour(cls, minutes: int) -> int:
        if 60 % minutes:
            raise ValueError("must divide an hour: 1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30 or 60")
        return minutes

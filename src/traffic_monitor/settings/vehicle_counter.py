"""Section ``vehicle_counter``: counting lines, zones and the rectangle for speeds."""

from collections.abc import Sequence
from typing import Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from traffic_monitor.settings.section import Section

Point = tuple[float, float]


def _check_fractions(units: str, points: Sequence[Point]) -> None:
    if units == "fraction" and not all(0 <= value <= 1 for point in points for value in point):
        raise ValueError("with units: fraction every coordinate is between 0 and 1 (or set units: pixels)")


class LineSettings(Section):
    """One counting line. Walking from the first point to the second, ``in`` is a crossing from left to right."""

    name: str = Field(min_length=1, max_length=60)
    points: tuple[Point, Point]
    units: Literal["fraction", "pixels"] = "fraction"
    in_name: str = Field(default="in", min_length=1, max_length=40)
    out_name: str = Field(default="out", min_length=1, max_length=40)

    @model_validator(mode="after")
    def _is_a_line(self) -> Self:
        if self.points[0] == self.points[1]:
            raise ValueError("the two points are the same")
        _check_fractions(self.units, self.points)
        if self.in_name == self.out_name:
            raise ValueError("in_name and out_name are the same")
        return self


class ZoneSettings(Section):
    """One zone: a polygon."""

    name: str = Field(min_length=1, max_length=60)
    points: list[Point] = Field(min_length=3, max_length=100)
    units: Literal["fraction", "pixels"] = "fraction"

    @model_validator(mode="after")
    def _is_in_the_frame(self) -> Self:
        _check_fractions(self.units, self.points)
        if len(set(self.points)) < 3:
            raise ValueError("a zone needs three different points")
        return self


class SpeedSettings(Section):
    """Four corners of a rectangle on the road whose size is known."""

    points: tuple[Point, Point, Point, Point]
    units: Literal["fraction", "pixels"] = "fraction"
    width_m: float = Field(gt=0, le=1000)
    length_m: float = Field(gt=0, le=1000)
    unit: Literal["km/h", "mph"] = "km/h"

    @model_validator(mode="after")
    def _is_a_rectangle_seen_from_somewhere(self) -> Self:
        _check_fractions(self.units, self.points)
        corners = zip(
            self.points, self.points[1:] + self.points[:1], self.points[2:] + self.points[:2], strict=True
        )
        turns = [(b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0]) for a, b, c in corners]
        if not (all(turn > 0 for turn in turns) or all(turn < 0 for turn in turns)):
            raise ValueError("give the four corners in the order in which one walks around the rectangle")
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

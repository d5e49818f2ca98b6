"""Section ``vehicle_counter``: counting lines, zones, areas to ignore and the rectangle for speeds."""

from math import dist
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from traffic_monitor.settings.section import Name, Section, number_as_text
from traffic_monitor.settings.shapes import (
    MOST_AREAS,
    THINNEST,
    AreaSettings,
    Point,
    Units,
    check_points,
    check_thickness,
    turn,
)

DirectionName = Annotated[str, BeforeValidator(number_as_text), Field(min_length=1, max_length=40)]


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
        check_points(self.units, self.points)
        if dist(*self.points) < THINNEST[self.units]:
            raise ValueError("the two points are nearly the same")
        if self.in_name == self.out_name:
            raise ValueError("in_name and out_name are the same")
        return self


class ZoneSettings(AreaSettings):
    """One zone: a polygon."""

    name: Name


class SpeedSettings(Section):
    """Four corners of a rectangle on the road whose size is known."""

    points: tuple[Point, Point, Point, Point]
    units: Units = "fraction"
    width_m: float = Field(gt=0, le=1000)
    length_m: float = Field(gt=0, le=1000)
    unit: Literal["km/h", "mph"] = "km/h"

    @model_validator(mode="after")
    def _is_a_rectangle_seen_from_somewhere(self) -> Self:
        check_points(self.units, self.points)
        corners = zip(
            self.points, self.points[1:] + self.points[:1], self.points[2:] + self.points[:2], strict=True
        )
        turns = [turn(*three) for three in corners]
        if not (all(turn > 0 for turn in turns) or all(turn < 0 for turn in turns)):
            raise ValueError("give the four corners in the order in which one walks around the rectangle")
        check_thickness(self.units, self.points)
        return self


class VehicleCounterSettings(Section):
    """The counting lines, zones and what else is measured."""

    lines: list[LineSettings] = Field(
        default=[LineSettings(name="main", points=((0.0, 0.77), (1.0, 0.77)))],
    )
    zones: list[ZoneSettings] = Field(default=[])
    ignore: list[AreaSettings] = Field(default=[], max_length=MOST_AREAS)
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

"""What is drawn on a camera's picture: lines, zones and the rectangle for speeds, point by point. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count

from pydantic import ValidationError

from traffic_monitor.settings import (
    LineSettings,
    Point,
    SpeedSettings,
    VehicleCounterSettings,
    ZoneSettings,
)

DECIMALS = 4
"""Of a coordinate as a share of the frame: a tenth of a pixel of a frame 1000 pixels wide."""


class Shape(StrEnum):
    """What the next points belong to."""

    LINE = "line"
    ZONE = "zone"
    SPEED = "speed"


POINTS_OF = {Shape.LINE: 2, Shape.SPEED: 4}
"""Points after which a shape is complete; a zone is when its author says so."""


@dataclass
class Plan:
    """Lines, zones and speed rectangle of one camera while they are drawn.

    Args:
        settings: what there is already.
        size: width and height of the frame in pixels.
        rectangle_m: width and length in metres of the rectangle that may be drawn for speeds; None: none may.
    """

    settings: VehicleCounterSettings
    size: tuple[int, int]
    rectangle_m: tuple[float, float] | None = None
    shape: Shape = Shape.LINE
    points: list[Point] = field(default_factory=list)
    """Of the shape that is not complete yet, as shares of the frame."""
    message: str = ""
    """Why the last step was refused; empty when it was not."""

    def choose(self, shape: Shape) -> None:
        """Draw this kind of shape from now on; points of an unfinished one are dropped."""
        self.points.clear()
        self.message = ""
        if shape is Shape.SPEED and self.rectangle_m is None:
            self.message = "to draw the speed rectangle start with --width-m and --length-m"
            return
        self.shape = shape

    def click(self, x: float, y: float) -> None:
        """Add a point, in pixels of the frame; the last point of a line or rectangle completes it."""
        width, height = self.size
        share = (round(min(max(x / width, 0), 1), DECIMALS), round(min(max(y / height, 0), 1), DECIMALS))
        self.points.append(share)
        if len(self.points) == POINTS_OF.get(self.shape):
            self.complete()

    def complete(self) -> None:
        """Add the shape of the points so far; a shape that is none is refused and begun anew."""
        points, self.points = self.points, []
        self.message = ""
        try:
            self.settings = self._with_shape(points)
        except ValidationError as error:
            self.message = error.errors()[0]["msg"].removeprefix("Value error, ")

    def undo(self) -> None:
        """Take back the last point or, without one, the last shape of the chosen kind."""
        self.message = ""
        if self.points:
            self.points.pop()
        elif self.shape is Shape.LINE:
            self.settings = self.settings.model_copy(update={"lines": self.settings.lines[:-1]})
        elif self.shape is Shape.ZONE:
            self.settings = self.settings.model_copy(update={"zones": self.settings.zones[:-1]})
        else:
            self.settings = self.settings.model_copy(update={"speed": None})

    def _with_shape(self, points: list[Point]) -> VehicleCounterSettings:
        settings = self.settings
        if self.shape is Shape.LINE:
            start, end = points
            line = LineSettings(name=_free_name("line", settings.lines), points=(start, end))
            return settings.model_copy(update={"lines": [*settings.lines, line]})
        if self.shape is Shape.ZONE:
            zone = ZoneSettings(name=_free_name("zone", settings.zones), points=points)
            return settings.model_copy(update={"zones": [*settings.zones, zone]})
        assert self.rectangle_m is not None
        first, second, third, fourth = points
        width_m, length_m = self.rectangle_m
        speed = SpeedSettings(points=(first, second, third, fourth), width_m=width_m, length_m=length_m)
        return settings.model_copy(update={"speed": speed})


def _free_name(kind: str, named: Sequence[LineSettings | ZoneSettings]) -> str:
    taken = {each.name for each in named}
    return next(name for name in (f"{kind} {number}" for number in count(1)) if name not in taken)

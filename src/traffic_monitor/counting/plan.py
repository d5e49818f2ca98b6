"""What is drawn on a camera's picture: lines, zones and the rectangle for speeds, point by point. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from typing import Any

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
    names: list[str] = field(default_factory=list)
    """Names of the next lines and zones, in the order in which they are drawn; without one they are numbered."""
    points: list[Point] = field(default_factory=list)
    """Of the shape that is not complete yet, as shares of the frame."""
    message: str = ""
    """Why the last step was refused; empty when it was not."""
    typed: str | None = None
    """The name that is being typed for the last line or zone; None while none is."""

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
            self._refuse(error)

    @property
    def unfinished(self) -> str:
        """What is to be done about a shape that is begun; empty when there is none."""
        if not self.points:
            return ""
        ending = "Enter closes it" if self.shape is Shape.ZONE else "click its other points"
        return f"the {self.shape} is not finished: {ending}, U takes its points back"

    def begin_name(self) -> None:
        """Type a name for the last line or zone, whichever is chosen."""
        self.message = ""
        if self._last() is None:
            self.message = f"there is no {self.shape} to be named"
        else:
            self.typed = ""

    def end_name(self) -> None:
        """Take the typed name for the last line or zone; one that is taken is refused."""
        name, self.typed = (self.typed or "").strip(), None
        last = self._last()
        if last is None:
            return
        key, shapes = last
        try:
            named = type(shapes[-1]).model_validate({**dict(shapes[-1]), "name": name})
            self.settings = self._with(key, [*shapes[:-1], named])
        except ValidationError as error:
            self._refuse(error)

    def _last(self) -> tuple[str, list[Any]] | None:
        """Key and content of the chosen list, if anything is in it."""
        key = {Shape.LINE: "lines", Shape.ZONE: "zones"}.get(self.shape)
        shapes = getattr(self.settings, key) if key else []
        return (key, shapes) if key and shapes else None

    def _with(self, key: str, shapes: list[Any]) -> VehicleCounterSettings:
        return VehicleCounterSettings.model_validate({**dict(self.settings), key: shapes})

    def _refuse(self, error: ValidationError) -> None:
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
            line = LineSettings(name=self._next_name(settings.lines), points=(start, end))
            return self._with("lines", [*settings.lines, line])
        if self.shape is Shape.ZONE:
            zone = ZoneSettings(name=self._next_name(settings.zones), points=points)
            return self._with("zones", [*settings.zones, zone])
        assert self.rectangle_m is not None
        first, second, third, fourth = points
        width_m, length_m = self.rectangle_m
        speed = SpeedSettings(points=(first, second, third, fourth), width_m=width_m, length_m=length_m)
        return settings.model_copy(update={"speed": speed})

    def _next_name(self, named: Sequence[LineSettings | ZoneSettings]) -> str:
        if self.names:
            return self.names.pop(0)
        taken = {each.name for each in named}
        return next(name for name in (f"{self.shape} {number}" for number in count(1)) if name not in taken)

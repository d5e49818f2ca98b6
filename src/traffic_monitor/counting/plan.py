"""What is drawn on a camera's picture: lines, zones, masks and so on, point by point. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from typing import Any

from pydantic import ValidationError

from traffic_monitor.settings import CameraPrivacySettings, Point, SpeedSettings, VehicleCounterSettings

DECIMALS = 4
"""Of a coordinate as a share of the frame: a tenth of a pixel of a frame 1000 pixels wide."""


class Shape(StrEnum):
    """What the next points belong to."""

    LINE = "line"
    ZONE = "zone"
    IGNORE = "ignore"
    MASK = "mask"
    SPEED = "speed"

    @property
    def label(self) -> str:
        """What to call one of them."""
        return {Shape.IGNORE: "area to ignore", Shape.SPEED: "speed rectangle"}.get(self, self.value)


POINTS_OF = {Shape.LINE: 2, Shape.SPEED: 4}
"""Points after which a shape is complete; an area is when its author says so."""

LISTS = {Shape.LINE: "lines", Shape.ZONE: "zones", Shape.IGNORE: "ignore", Shape.MASK: "masks"}
"""The setting that lists the shapes of a kind; masks are in the section ``privacy``."""

NAMED = (Shape.LINE, Shape.ZONE)


@dataclass
class Plan:
    """The shapes of one camera while they are drawn.

    Args:
        settings: lines, zones, areas to ignore and the speed rectangle that there are already.
        size: width and height of the frame in pixels.
        rectangle_m: width and length in metres of the rectangle that may be drawn for speeds; None: none may.
        privacy: the masks that there are already.
    """

    settings: VehicleCounterSettings
    size: tuple[int, int]
    rectangle_m: tuple[float, float] | None = None
    privacy: CameraPrivacySettings = CameraPrivacySettings()  # noqa: RUF009 - it is immutable
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
            self._add(points)
        except ValidationError as error:
            self._refuse(error)

    @property
    def unfinished(self) -> str:
        """What is to be done about a shape that is begun; empty when there is none."""
        if not self.points:
            return ""
        ending = "click its other points" if self.shape in POINTS_OF else "Enter closes it"
        return f"the {self.shape.label} is not finished: {ending}, U takes its points back"

    def begin_name(self) -> None:
        """Type a name for the last line or zone, whichever is chosen."""
        self.message = ""
        if self.shape not in NAMED:
            self.message = "only lines and zones have names"
        elif not self._drawn:
            self.message = f"there is no {self.shape.label} to be named"
        else:
            self.typed = ""

    def end_name(self) -> None:
        """Take the typed name for the last line or zone; one that is taken is refused."""
        name, self.typed = (self.typed or "").strip(), None
        try:
            *others, last = self._drawn
            self._keep([*others, {**dict(last), "name": name}])
        except ValidationError as error:
            self._refuse(error)

    def _refuse(self, error: ValidationError) -> None:
        self.message = error.errors()[0]["msg"].removeprefix("Value error, ")

    def undo(self) -> None:
        """Take back the last point or, without one, the last shape of the chosen kind."""
        self.message = ""
        if self.points:
            self.points.pop()
        elif self.shape is Shape.SPEED:
            self.settings = self.settings.model_copy(update={"speed": None})
        else:
            self._keep(self._drawn[:-1])

    @property
    def _drawn(self) -> list[Any]:
        """The shapes of the chosen kind."""
        section = self.privacy if self.shape is Shape.MASK else self.settings
        shapes: list[Any] = getattr(section, LISTS[self.shape])
        return shapes

    def _keep(self, shapes: Sequence[Any]) -> None:
        """Have these shapes of the chosen kind."""
        changed = {LISTS[self.shape]: shapes}
        if self.shape is Shape.MASK:
            self.privacy = CameraPrivacySettings.model_validate(changed)
        else:
            self.settings = VehicleCounterSettings.model_validate({**dict(self.settings), **changed})

    def _add(self, points: list[Point]) -> None:
        if self.shape is Shape.SPEED:
            assert self.rectangle_m is not None
            first, second, third, fourth = points
            width_m, length_m = self.rectangle_m
            speed = SpeedSettings(points=(first, second, third, fourth), width_m=width_m, length_m=length_m)
            self.settings = self.settings.model_copy(update={"speed": speed})
            return
        name = {"name": self._next_name()} if self.shape in NAMED else {}
        self._keep([*self._drawn, {**name, "points": points}])

    def _next_name(self) -> str:
        if self.names:
            return self.names.pop(0)
        taken = {each.name for each in self._drawn}
        return next(name for name in (f"{self.shape} {number}" for number in count(1)) if name not in taken)

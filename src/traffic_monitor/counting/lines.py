"""Counting lines: where they are and on which side of them a point is.

Coordinates are pixels of the full frame, x to the right, y down. "Left" and "right" are those of somebody who
walks along the line from its first point to its second and sees the picture as it is shown.
"""

from dataclasses import dataclass
from math import dist
from typing import Self

from traffic_monitor.settings import LineSettings, Point, in_frame


@dataclass(frozen=True)
class CountingLine:
    """A named line segment with a name for each direction."""

    name: str
    start: Point
    end: Point
    in_name: str
    """Direction of a crossing from the left to the right side."""
    out_name: str

    @classmethod
    def in_frame(cls, settings: LineSettings, width: int, height: int) -> Self:
        """The line of the settings in a frame of ``width`` × ``height`` pixels."""
        start, end = in_frame(settings.units, settings.points, width, height)
        return cls(settings.name, start, end, settings.in_name, settings.out_name)

    def crossed(self, before: Point, after: Point) -> str | None:
        """Name of the direction in which the step from ``before`` to ``after`` crosses this segment, if it does.

        A point on the line counts as right of it, so a track that stops on the line has crossed it once when it
        came from the left, and crosses it when it leaves to the left.
        """
        was_left = _turn(self.start, self.end, before) < 0
        is_left = _turn(self.start, self.end, after) < 0
        if was_left == is_left or not self._between_ends(before, after):
            return None
        return self.in_name if was_left else self.out_name

    def distance(self, point: Point) -> float:
        """Pixels from the straight line through both ends: negative on the left side, positive on the right."""
        return _turn(self.start, self.end, point) / dist(self.start, self.end)

    def met_at(self, before: Point, after: Point) -> Point:
        """Where the step from ``before`` to ``after``, which lie on different sides, meets the line."""
        first, last = self.distance(before), self.distance(after)
        share = first / (first - last)
        return (before[0] + share * (after[0] - before[0]), before[1] + share * (after[1] - before[1]))

    def _between_ends(self, before: Point, after: Point) -> bool:
        """Whether the step passes between the two ends of the segment."""
        start_side = _turn(before, after, self.start)
        end_side = _turn(before, after, self.end)
        return start_side * end_side <= 0


def _turn(origin: Point, towards: Point, point: Point) -> float:
    """Twice the signed area of the triangle: negative when ``point`` is left of the way, positive when right."""
    return (towards[0] - origin[0]) * (point[1] - origin[1]) - (towards[1] - origin[1]) * (point[0] - origin[0])

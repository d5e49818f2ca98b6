"""Which vehicle crossed which line, and how many did."""

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from traffic_monitor.counting.lines import CountingLine, bottom_center
from traffic_monitor.shared_utils.custom_types import BoxXyxy, LineCounts
from traffic_monitor.shared_utils.settings import Point

REMEMBERED_TRACKS = 2000
"""Tracks not seen for this many newer tracks are forgotten, so that a week-long run needs no more memory."""


@dataclass(frozen=True)
class LineCrossing:
    """One vehicle has crossed one line."""

    line: str
    direction: str
    track_id: int
    class_name: str


@dataclass
class _TrackState:
    position: Point
    crossed: set[tuple[str, str]] = field(default_factory=set)


class CrossingDetector:
    """Watches the bottom-centre of every track; each counts once per line and direction."""

    def __init__(self, lines: Sequence[CountingLine]) -> None:
        self._lines = lines
        self._tracks: OrderedDict[int, _TrackState] = OrderedDict()

    def update(self, track_id: int, class_name: str, box: BoxXyxy) -> list[LineCrossing]:
        """Move a track to its next box and return the crossings of this step."""
        position = bottom_center(box)
        state = self._tracks.setdefault(track_id, _TrackState(position))
        self._tracks.move_to_end(track_id)
        if len(self._tracks) > REMEMBERED_TRACKS:
            self._tracks.popitem(last=False)
        crossings = []
        for line in self._lines:
            direction = line.crossed(state.position, position)
            if direction is not None and (line.name, direction) not in state.crossed:
                state.crossed.add((line.name, direction))
                crossings.append(LineCrossing(line.name, direction, track_id, class_name))
        state.position = position
        return crossings


class CountTable:
    """Vehicles per line, direction and class."""

    def __init__(self, lines: Sequence[CountingLine]) -> None:
        self._counts: dict[str, dict[str, Counter[str]]] = {
            line.name: {line.in_name: Counter(), line.out_name: Counter()} for line in lines
        }

    def add(self, crossing: LineCrossing) -> None:
        """Count one crossing."""
        self._counts[crossing.line][crossing.direction][crossing.class_name] += 1

    @property
    def by_class(self) -> dict[str, int]:
        """Crossings of all lines and directions, per class."""
        totals: defaultdict[str, int] = defaultdict(int)
        for directions in self._counts.values():
            for classes in directions.values():
                for class_name, number in classes.items():
                    totals[class_name] += number
        return dict(totals)

    @property
    def total(self) -> int:
        """Crossings of all lines, directions and classes."""
        return sum(self.by_class.values())

    @property
    def by_line(self) -> LineCounts:
        """Crossings per line, direction and class; every line and direction is there, also at zero."""
        return {
            line: {direction: dict(classes) for direction, classes in directions.items()}
            for line, directions in self._counts.items()
        }

"""Counts per line, in total and per interval, and movements between lines."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from traffic_monitor.counting.classes import ClassCounts, ClassLedger
from traffic_monitor.counting.crossings import LineCrossing
from traffic_monitor.counting.lines import CountingLine
from traffic_monitor.shared_utils.clock import Clock
from traffic_monitor.shared_utils.custom_types import IntervalCounts, LineCounts, MovementCounts

MAX_FILLED_INTERVALS = 10_000
"""A gap of more intervals is a clock that was set, not a road without vehicles, and is not filled with zeros."""


class CountTable:
    """Vehicles per line, direction and class; every line and direction is there, also at zero."""

    def __init__(self, lines: Sequence[CountingLine]) -> None:
        self._counts: dict[str, dict[str, ClassCounts]] = {
            line.name: {line.in_name: Counter(), line.out_name: Counter()} for line in lines
        }

    def cell(self, crossing: LineCrossing) -> ClassCounts:
        """The counts in which a crossing belongs."""
        return self._counts[crossing.line][crossing.direction]

    @property
    def by_class(self) -> dict[str, int]:
        """Crossings of all lines and directions, per class."""
        totals: ClassCounts = Counter()
        for directions in self._counts.values():
            for classes in directions.values():
                totals.update(classes)
        return dict(totals)

    @property
    def total(self) -> int:
        """Crossings of all lines, directions and classes."""
        return sum(self.by_class.values())

    @property
    def by_line(self) -> LineCounts:
        """Crossings per line, direction and class."""
        return {
            line: {direction: dict(classes) for direction, classes in directions.items()}
            for line, directions in self._counts.items()
        }


class IntervalTable:
    """Counts per interval of the clock, from the first frame's to the last frame's, without gaps.

    Args:
        lines: the counting lines.
        minutes: length of an interval, a divisor of 60, so that intervals begin with every full hour.
        clock: the camera's.
    """

    def __init__(self, lines: Sequence[CountingLine], minutes: int, clock: Clock) -> None:
        self._lines = lines
        self._clock = clock
        self._seconds = minutes * 60
        self._tables: dict[float, CountTable] = {}
        self._latest: float | None = None
        self._changed: set[float] = set()
        """Starts of the intervals that are new or whose counts may have changed."""

    def advance(self, timestamp: float) -> None:
        """A frame was taken at ``timestamp`` (epoch seconds)."""
        start = self._start(timestamp)
        if start == self._latest:
            return
        latest = start if self._latest is None else self._latest
        is_gap = 0 < (start - latest) / self._seconds <= MAX_FILLED_INTERVALS
        starts = self._clock.interval_starts(latest, start, self._seconds) if is_gap else (start,)
        for each in starts:
            self._table(each)
        self._latest = start

    def cell(self, crossing: LineCrossing) -> ClassCounts:
        """The counts of the interval in which a crossing happened, whenever it was confirmed, to be changed."""
        start = self._start(crossing.moment.timestamp)
        self._changed.add(start)
        return self._table(start).cell(crossing)

    @property
    def intervals(self) -> list[IntervalCounts]:
        """All intervals, oldest first."""
        return self._counts_of(self._tables)

    @property
    def changed(self) -> list[IntervalCounts]:
        """The intervals that are new or have changed since ``clear_changed``, oldest first."""
        return self._counts_of(self._changed)

    def clear_changed(self) -> None:
        """What has changed so far has been reported."""
        self._changed.clear()

    def _counts_of(self, starts: Iterable[float]) -> list[IntervalCounts]:
        return [
            IntervalCounts(start=self._clock.local(start).isoformat(), by_line=self._tables[start].by_line)
            for start in sorted(starts)
        ]

    def _table(self, start: float) -> CountTable:
        if start not in self._tables:
            self._tables[start] = CountTable(self._lines)
            self._changed.add(start)
        return self._tables[start]

    def _start(self, timestamp: float) -> float:
        return self._clock.interval_start(timestamp, self._seconds)


class MovementTable:
    """From which line to which line vehicles went (turning movements): the first and the last they crossed."""

    def __init__(self, ledger: ClassLedger) -> None:
        self._ledger = ledger
        self._crossings: dict[int, list[LineCrossing]] = defaultdict(list)
        self._counts: dict[tuple[str, str], ClassCounts] = {}

    def add(self, crossing: LineCrossing, class_name: str) -> None:
        """A vehicle crossed a line: its movement begins, or now ends here."""
        crossings = self._crossings[crossing.vehicle_id]
        if len(crossings) > 1:
            self._ledger.take_back(crossing.vehicle_id, self._cell(crossings))
        crossings.append(crossing)
        # By when it happened: which line's band is left first says nothing.
        crossings.sort(key=lambda known: known.moment.media)
        if len(crossings) > 1:
            self._ledger.count(crossing.vehicle_id, class_name, [self._cell(crossings)])

    def forget(self, vehicle_id: int) -> None:
        """The vehicle cannot come back; its movement stays as it is."""
        self._crossings.pop(vehicle_id, None)

    @property
    def by_origin(self) -> MovementCounts:
        """Vehicles per first line, last line and class; only what was seen."""
        movements: MovementCounts = {}
        for (origin, destination), classes in sorted(self._counts.items()):
            if classes:
                movements.setdefault(origin, {})[destination] = dict(classes)
        return movements

    def _cell(self, crossings: Sequence[LineCrossing]) -> ClassCounts:
        return self._counts.setdefault((crossings[0].line, crossings[-1].line), Counter())

"""What the report shows of a run, gathered in one pass over its passages. Memory hardly grows with the run."""

from array import array
from collections import Counter, deque
from dataclasses import replace
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from traffic_monitor.records.passages import Passage, RunRecords

MOST_IN_GALLERY = 120
"""Vehicles with pictures: each adds some 20 kB to the file."""

MOST_ROWS = 20_000
"""Vehicles in the table, the latest ones: each adds some 200 bytes to the file and to the browser's memory."""

MOST_TRAJECTORIES = 400
"""More lines over one picture cannot be told apart; the heat map is made of all."""

INSIDE = "inside the picture"
"""Where a vehicle came from or went to that was seen at no edge."""

HEAT_CELLS_ACROSS = 80
HEAT_BATCH = 5000
"""Vehicles that are taken into the heat map at once; more would need more memory than they save time."""

Item = TypeVar("Item")


class Evenly(Generic[Item]):
    """Keeps some of many items, evenly chosen: between half of ``most`` and ``most``."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._step = 1
        self.seen = 0
        self.items: list[Item] = []

    def add(self, item: Item) -> None:
        """Take the next item."""
        if self.seen % self._step == 0:
            self.items.append(item)
        self.seen += 1
        if len(self.items) > self._most:
            self.items, self._step = self.items[::2], self._step * 2


class HeatMap:
    """Counts how many vehicles passed through each cell of the picture.

    Args:
        width, height: of the frame in pixels.
    """

    def __init__(self, width: int, height: int) -> None:
        self._height = height
        self._cell = width / HEAT_CELLS_ACROSS
        self._rows = max(round(height / self._cell), 1)
        self._heat: npt.NDArray[np.int64] = np.zeros(self._rows * HEAT_CELLS_ACROSS, dtype=np.int64)
        self._batch: list[Passage] = []

    def add(self, passage: Passage) -> None:
        """Take a vehicle with two places or more."""
        self._batch.append(passage)
        if len(self._batch) == HEAT_BATCH:
            self._count()

    def cells(self) -> npt.NDArray[np.int64]:
        """Vehicles by cell, shape (rows, ``HEAT_CELLS_ACROSS``)."""
        if self._batch:
            self._count()
        return self._heat.reshape(self._rows, -1)

    def _count(self) -> None:
        batch, self._batch, heat = self._batch, [], self._heat
        places = np.concatenate([np.asarray(passage.trajectory)[:, 1:] for passage in batch])
        owner = np.repeat(np.arange(len(batch)), [len(passage.trajectory) for passage in batch])
        start = np.flatnonzero(owner[1:] == owner[:-1])  # of each step of a vehicle to its next place
        way = places[start + 1] - places[start]
        # As many places on the way that no cell is skipped, and its end.
        number = 2 + (np.abs(way).sum(axis=1) / self._cell).astype(int)
        step = np.repeat(np.arange(len(start)), number)
        share = (np.arange(len(step)) - np.repeat(number.cumsum() - number, number)) / (number - 1)[step]
        across, height_px = (places[start][step] + way[step] * share[:, None]).T
        column = (across / self._cell).astype(int).clip(0, HEAT_CELLS_ACROSS - 1)
        row = (height_px * self._rows / self._height).astype(int).clip(0, self._rows - 1)
        visited = np.unique(owner[start][step] * heat.size + row * HEAT_CELLS_ACROSS + column) % heat.size
        self._heat = heat + np.bincount(visited, minlength=heat.size)


class Totals:
    """Everything that the report shows. The passages are iterated once.

    Args:
        records: of the run, with trajectories.
        step_s: length of the intervals in which crossings are counted, in seconds.
    """

    def __init__(self, records: RunRecords, step_s: float) -> None:
        self.facts = records.facts
        self.step_s = step_s
        self.passages = self.crossings = self.with_plate = 0
        self.classes: Counter[str] = Counter()
        self.directions: dict[tuple[str, str], None] = {
            (line.name, direction): None
            for line in records.facts.lines
            for direction in (line.in_name, line.out_name)
        }
        """Lines and directions: those of the settings, and others that were crossed."""
        self.counted: Counter[tuple[tuple[str, str], str, float]] = Counter()
        """Crossings by line and direction, class and start of the interval."""
        self.from_line_to_line: Counter[tuple[str, str]] = Counter()
        self.from_edge_to_edge: Counter[tuple[str, str]] = Counter()
        self.speeds = array("d")
        self.speed_unit = ""
        self.moving: Evenly[Passage] = Evenly(MOST_TRAJECTORIES)
        width, height = records.facts.frame_size
        self.heat = HeatMap(width, height) if width and height else None
        self.gallery: Evenly[Passage] = Evenly(MOST_IN_GALLERY)
        self.latest: deque[Passage] = deque(maxlen=MOST_ROWS)
        """Without trajectories."""
        for passage in records.passages:
            self._add(passage)

    def classes_by_number(self) -> list[str]:
        """Class names, the most frequent first."""
        return [name for name, _ in self.classes.most_common()]

    def _add(self, passage: Passage) -> None:
        self.passages += 1
        self.classes[passage.class_name] += 1
        for crossing in passage.crossings:
            direction = (crossing.line, crossing.direction)
            self.directions[direction] = None
            start = self.facts.clock.interval_start(crossing.time, self.step_s)
            self.counted[direction, passage.class_name, start] += 1
        self.crossings += len(passage.crossings)
        if len(passage.crossings) > 1:
            self.from_line_to_line[passage.crossings[0].line, passage.crossings[-1].line] += 1
        self.from_edge_to_edge[passage.entry_edge or INSIDE, passage.exit_edge or INSIDE] += 1
        if passage.speed is not None:
            self.speeds.append(passage.speed)
            self.speed_unit = passage.speed_unit or ""
        if self.heat is not None and len(passage.trajectory) > 1:
            self.moving.add(passage)
            self.heat.add(passage)
        small = replace(passage, trajectory=[])
        self.latest.append(small)
        if passage.plate is not None:
            self.with_plate += 1
            self.gallery.add(small)

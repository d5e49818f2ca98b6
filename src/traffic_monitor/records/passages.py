"""The records of a run as they are read back: everything about each vehicle in one place."""

import json
import sqlite3
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, Self

from traffic_monitor.records.database import DatabaseError, open_database
from traffic_monitor.records.gaps import Gap, read_gaps
from traffic_monitor.settings import LineSettings, VehicleCounterSettings
from traffic_monitor.shared_utils.clock import Clock, parse_zone


@dataclass(frozen=True)
class CrossingRecord:
    """One crossing of a counting line."""

    line: str
    direction: str
    time: float
    """Epoch seconds."""
    media: float
    """Seconds since the start of the source."""
    frame: int | None
    track_id: int


@dataclass(frozen=True)
class ZoneVisitRecord:
    """One visit to a zone; ``left_*`` is None while it lasts. Units as in :class:`CrossingRecord`."""

    zone: str
    entered_time: float
    entered_media: float
    entered_frame: int | None
    left_time: float | None
    left_media: float | None
    left_frame: int | None


@dataclass(frozen=True)
class Passage:
    """One vehicle that crossed a line, visited a zone or was measured, or whose plate was read.

    Units as in :class:`CrossingRecord`.
    """

    passage_id: int
    class_name: str
    class_certainty: float
    """Share of the vote for the class, 0-1."""
    first_time: float
    last_time: float
    first_media: float
    last_media: float
    first_frame: int | None
    last_frame: int | None
    entry_edge: str | None
    """``left``, ``top``, ``right`` or ``bottom`` of the picture; None where it is not known."""
    exit_edge: str | None
    speed: float | None
    speed_unit: str | None
    plate: str | None
    """The text worth believing; None when the plate is unread."""
    plate_confidence: float | None
    plate_readings: int | None
    unread_reason: str | None
    plate_picture: str | None
    """File in the run's folder, as ``vehicle_picture``."""
    vehicle_picture: str | None
    passed: bool = True
    """False for a vehicle that only was seen: it crossed no line, visited no zone and was not measured."""
    tracks: list[int] = field(default_factory=list)
    crossings: list[CrossingRecord] = field(default_factory=list)
    """In the order of time."""
    zones: list[ZoneVisitRecord] = field(default_factory=list)
    trajectory: list[tuple[float, float, float]] = field(default_factory=list)
    """Media seconds, x and y of the bottom centre in pixels of the full frame."""
    run: str = ""
    """Name of the folder, where the passages of several are read together; pictures are then named with it."""


@dataclass(frozen=True)
class RunFacts:
    """What the database says about the run as a whole."""

    values: Mapping[str, str]

    @property
    def clock(self) -> Clock:
        """How its times are shown."""
        zone = self.values.get("timezone")
        return Clock(known=self.values.get("clock") == "known", zone=parse_zone(zone) if zone else None)

    @property
    def classes(self) -> list[str]:
        """The vehicle classes that the run looked for; none in records of older versions."""
        classes: list[str] = json.loads(self.values.get("classes", "[]"))
        return classes

    @property
    def camera_id(self) -> str:
        """Name of the camera."""
        return self.values.get("camera_id", "")

    @property
    def frame_size(self) -> tuple[int, int]:
        """Width and height of the frames in pixels; zeros before the first one."""
        return int(self.values.get("frame_width", 0)), int(self.values.get("frame_height", 0))

    @property
    def seen_between(self) -> tuple[float, float] | None:
        """Epoch seconds of the first and the last frame; None before the first one."""
        if "first_time" not in self.values:
            return None
        return float(self.values["first_time"]), float(self.values["last_time"])

    @property
    def lines(self) -> list[LineSettings]:
        """The lines counted with, as they were: the rules for lines may have become stricter since."""
        lines = self._counting.get("lines")
        if lines is None:
            return VehicleCounterSettings().lines
        return [LineSettings.model_construct(**line) for line in lines]

    @property
    def interval_minutes(self) -> int:
        """Length of the intervals of the clock in which was counted."""
        return int(self._counting.get("interval_minutes", VehicleCounterSettings().interval_minutes))

    @property
    def _counting(self) -> dict[str, Any]:
        counting: dict[str, Any] = json.loads(self.values.get("vehicle_counter", "{}"))
        return counting

    def check(self) -> None:
        """See that all of it can be understood here.

        Raises:
            DatabaseError: the time zone is not known on this machine, or something else is damaged.
        """
        try:
            _ = self.clock, self.classes, self.frame_size, self.seen_between, self.lines, self.interval_minutes
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise DatabaseError(f"what the records say about the run cannot be understood: {error}") from None


class StoredPassages(Iterable[Passage]):
    """The passages of one run by number, which is about the order in which they came.

    Each iteration reads them anew from the database, one at a time, and may meet more while the run goes on.

    Args:
        folder: of the run.
        trajectories: whether to read where each vehicle went.
        only_passed: whether to leave out vehicles that only were seen.
    """

    def __init__(self, folder: Path, trajectories: bool = False, only_passed: bool = False) -> None:
        self._folder = folder
        self._trajectories = trajectories
        self._only_passed = only_passed

    def __iter__(self) -> Iterator[Passage]:
        with (
            closing(open_database(self._folder)) as connection,
            closing(read_passages(connection, self._trajectories)) as passages,
        ):
            yield from (passage for passage in passages if passage.passed or not self._only_passed)


@dataclass(frozen=True)
class RunRecords:
    """Everything recorded of one run.

    Besides ``traffic.db`` the folder may hold ``scene.jpg``, the first frame, and the passages' pictures.
    """

    folder: Path
    facts: RunFacts
    passages: Iterable[Passage]
    """May be iterated again and again; see :class:`StoredPassages`."""
    scene_folder: Path | None = None
    """Where the first frame is, if it is not in ``folder``."""
    gaps: Sequence[Gap] = ()
    """Times in which the camera was not watched."""

    @classmethod
    def load(cls, folder: Path, trajectories: bool = False, only_passed: bool = False) -> Self:
        """The records of the run in ``folder``; the passages are read when they are iterated.

        Args:
            folder: of the run.
            trajectories: whether to read where each vehicle went.
            only_passed: whether to leave out vehicles that only were seen.

        Raises:
            DatabaseError: there is no database, or it cannot be read.
        """
        with closing(open_database(folder)) as connection:
            facts, gaps = run_facts(connection), list(read_gaps(connection))
        return cls(folder, facts, StoredPassages(folder, trajectories, only_passed), gaps=gaps)


def run_facts(connection: sqlite3.Connection) -> RunFacts:
    """What is known about the run as a whole.

    Raises:
        DatabaseError: it cannot be understood.
    """
    facts = RunFacts(dict(connection.execute("SELECT key, value FROM run").fetchall()))
    facts.check()
    return facts


def read_passages(
    connection: sqlite3.Connection,
    trajectories: bool = False,
    only: Collection[int] | None = None,
    first_seen: tuple[float, float] | None = None,
    folder: Path | None = None,
) -> Generator[Passage, None, None]:
    """All passages, or some of them, by number. One at a time is in memory.

    Args:
        connection: to the database.
        trajectories: whether to read where each vehicle went.
        only: numbers of those that are wanted.
        first_seen: epoch seconds between which they were first seen, the end excluded.
        folder: where they are read from, to be noted in each.
    """
    chosen, between = "", first_seen or ()
    if only is not None:
        chosen = f"WHERE passage_id IN ({','.join(str(int(number)) for number in only)})"
    elif first_seen is not None:
        chosen = "WHERE passage_id IN (SELECT passage_id FROM passages WHERE first_time >= ? AND first_time < ?)"

    def rows(table: str, *then_by: str) -> _RowsByPassage:
        order = ", ".join(("passage_id", *then_by))
        return _RowsByPassage(connection.execute(f"SELECT * FROM {table} {chosen} ORDER BY {order}", between))

    tracks, crossings, zones = (
        rows("tracks", "track_id"),
        rows("crossings", "time"),
        rows("zone_visits", "entered_time"),
    )
    points = rows("trajectories") if trajectories else None
    for row in connection.execute(f"SELECT * FROM passages {chosen} ORDER BY passage_id", between):
        fields = dict(row)
        del fields["recorded_at"]
        if folder is not None:
            fields["run"] = folder.name
            for picture in ("plate_picture", "vehicle_picture"):
                fields[picture] = fields[picture] and f"{folder.name}/{fields[picture]}"
        number = fields["passage_id"]
        yield Passage(
            **fields | {"passed": bool(fields.get("passed", True))},
            tracks=[each["track_id"] for each in tracks.of(number)],
            crossings=[CrossingRecord(*tuple(each)[1:]) for each in crossings.of(number)],
            zones=[ZoneVisitRecord(*tuple(each)[1:]) for each in zones.of(number)],
            trajectory=[
                (media, x, y)
                for each in (points.of(number) if points is not None else ())
                for media, x, y in json.loads(each["points"])
            ],
        )


class _RowsByPassage:
    """Walks through the rows of a table that is sorted by passage, beside the passages themselves."""

    def __init__(self, rows: Iterator[sqlite3.Row]) -> None:
        self._groups = groupby(rows, key=lambda row: int(row["passage_id"]))
        self._next = next(self._groups, None)

    def of(self, passage_id: int) -> list[sqlite3.Row]:
        """The rows of a passage; to be asked for by growing numbers."""
        while self._next is not None and self._next[0] < passage_id:
            self._next = next(self._groups, None)
        return list(self._next[1]) if self._next is not None and self._next[0] == passage_id else []

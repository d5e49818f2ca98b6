"""The records of a run as they are read back: everything about each vehicle in one place."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from traffic_monitor.records.database import open_database
from traffic_monitor.shared_utils.clock import Clock, parse_zone


@dataclass(frozen=True)
class PassedLine:
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
class ZoneStay:
    """One visit to a zone; ``left_*`` is None while it lasts. Units as in :class:`PassedLine`."""

    zone: str
    entered_time: float
    entered_media: float
    entered_frame: int | None
    left_time: float | None
    left_media: float | None
    left_frame: int | None


@dataclass(frozen=True)
class Passage:
    """One vehicle that crossed a line, visited a zone or was measured. Units as in :class:`PassedLine`."""

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
    """``left``, ``top``, ``right`` or ``bottom`` of the picture; None where it cannot be told."""
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
    tracks: list[int] = field(default_factory=list)
    crossings: list[PassedLine] = field(default_factory=list)
    """In the order of time."""
    zones: list[ZoneStay] = field(default_factory=list)
    trajectory: list[tuple[float, float, float]] = field(default_factory=list)
    """Media seconds, x and y of the bottom centre in pixels of the full frame."""


@dataclass(frozen=True)
class RunFacts:
    """What the database says about the run as a whole."""

    values: Mapping[str, str]

    @property
    def clock(self) -> Clock:
        """How its times are to be told."""
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
    def counting(self) -> dict[str, Any]:
        """The settings of lines, zones and intervals counted with (``vehicle_counter``)."""
        counting: dict[str, Any] = json.loads(self.values.get("vehicle_counter", "{}"))
        return counting


@dataclass(frozen=True)
class RunRecords:
    """Everything recorded of one run.

    Besides ``traffic.db`` the folder may hold ``scene.jpg``, the first frame, and the passages' pictures.
    """

    folder: Path
    facts: RunFacts
    passages: list[Passage]
    """By their number, which is about the order in which they came."""

    @classmethod
    def load(cls, folder: Path, trajectories: bool = False) -> Self:
        """Read the records of the run in ``folder``.

        Args:
            folder: of the run.
            trajectories: whether to read where each vehicle went.

        Raises:
            DatabaseError: there is no database, or it cannot be read.
        """
        with closing(open_database(folder)) as connection:
            facts = run_facts(connection)
            return cls(folder, facts, list(read_passages(connection, trajectories)))


def run_facts(connection: sqlite3.Connection) -> RunFacts:
    """What is known about the run as a whole."""
    return RunFacts(dict(connection.execute("SELECT key, value FROM run").fetchall()))


def read_passages(
    connection: sqlite3.Connection, trajectories: bool = False, only: Collection[int] | None = None
) -> Iterator[Passage]:
    """All passages, or ``only`` those of these numbers, by number."""
    chosen = "" if only is None else f"WHERE passage_id IN ({','.join(str(int(number)) for number in only)})"

    def rows(table: str, order: str) -> sqlite3.Cursor:
        return connection.execute(f"SELECT * FROM {table} {chosen} ORDER BY {order}")

    tracks: defaultdict[int, list[int]] = defaultdict(list)
    for row in rows("tracks", "track_id"):
        tracks[row["passage_id"]].append(row["track_id"])
    crossings: defaultdict[int, list[PassedLine]] = defaultdict(list)
    for row in rows("crossings", "time"):
        crossings[row["passage_id"]].append(PassedLine(*tuple(row)[1:]))
    zones: defaultdict[int, list[ZoneStay]] = defaultdict(list)
    for row in rows("zone_visits", "entered_time"):
        zones[row["passage_id"]].append(ZoneStay(*tuple(row)[1:]))
    points = {}
    if trajectories:
        for row in rows("trajectories", "passage_id"):
            points[row["passage_id"]] = [tuple(point) for point in json.loads(row["points"])]
    for row in rows("passages", "passage_id"):
        fields = dict(row)
        del fields["recorded_at"]
        number = fields["passage_id"]
        yield Passage(
            **fields,
            tracks=tracks[number],
            crossings=crossings[number],
            zones=zones[number],
            trajectory=points.get(number, []),
        )

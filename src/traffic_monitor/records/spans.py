"""Spans of time as a user gives them, and the records of a span, which may be in several folders."""

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import inf
from pathlib import Path
from typing import Self

from traffic_monitor.records.database import open_database
from traffic_monitor.records.gaps import Gap, read_gaps
from traffic_monitor.records.passages import Passage, RunFacts, RunRecords, read_passages
from traffic_monitor.records.runs import facts_in, run_folders
from traffic_monitor.shared_utils.clock import Clock
from traffic_monitor.shared_utils.day_names import date_in_name

CLOCK_TIME = re.compile(r"(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)")
DAYS_AGO = {"today": 0, "yesterday": 1}

FIRST_YEAR, LAST_YEAR = 2, 9998
"""Times further away have no epoch seconds in every time zone."""

MARGIN = timedelta(days=2)
"""A day further than this from a span is not looked at: time zones, and who stood there over midnight."""


@dataclass(frozen=True)
class Moment:
    """A point of time as a user gives it: exactly one of the fields is set."""

    since_start_s: float | None = None
    """Seconds since the start of a file whose time of day is not known."""
    at: datetime | None = None
    """Without an offset it is the camera's time."""
    day: date | None = None
    """A whole day of the camera."""
    days_ago: int | None = None
    """The same, counted from today."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ISO 8601, a date, ``today``, ``yesterday``, or seconds, ``m:s`` or ``h:m:s`` since a file's start.

        Raises:
            ValueError: it is none of them.
            OverflowError: it is too far away to be told in epoch seconds.
        """
        if text.lower() in DAYS_AGO:
            return cls(days_ago=DAYS_AGO[text.lower()])
        since_start = CLOCK_TIME.fullmatch(text)
        if since_start:
            hours, minutes, seconds = since_start.groups(default="0")
            return cls(since_start_s=int(hours) * 3600 + int(minutes) * 60 + float(seconds))
        if re.fullmatch(r"\d+(\.\d+)?", text) and len(text) < 8:
            return cls(since_start_s=float(text))
        at = datetime.fromisoformat(text)
        if not FIRST_YEAR <= at.year <= LAST_YEAR:
            raise OverflowError(f"the year {at.year} is too far away")
        is_day = re.fullmatch(r"\d{4}-?\d\d-?\d\d", text) is not None
        return cls(day=at.date()) if is_day else cls(at=at)

    def epoch_s(self, clock: Clock, *, is_end: bool = False) -> float | None:
        """Epoch seconds by a camera's clock; None where it does not know such times.

        Args:
            clock: the camera's.
            is_end: whether the moment ends a span: a whole day does so with its last moment.
        """
        if self.since_start_s is not None or not clock.known:
            return None if clock.known else self.since_start_s
        if self.at is not None:
            return _epoch_s(self.at, clock)
        day = self.day or clock.local(time.time()).date() - timedelta(days=self.days_ago or 0)
        return _epoch_s(datetime(day.year, day.month, day.day) + timedelta(days=is_end), clock)


def _epoch_s(at: datetime, clock: Clock) -> float:
    return (at if at.tzinfo is not None or clock.zone is None else at.replace(tzinfo=clock.zone)).timestamp()


@dataclass(frozen=True)
class TimeSpan:
    """From one moment to another; None where it is open."""

    since: Moment | None = None
    until: Moment | None = None

    @property
    def is_everything(self) -> bool:
        """Whether it is open at both ends."""
        return self.since is None and self.until is None

    def bounds(self, clock: Clock) -> tuple[float, float] | None:
        """Epoch seconds of both ends by a camera's clock; None where it does not know such times."""
        first = float("-inf") if self.since is None else self.since.epoch_s(clock)
        last = float("inf") if self.until is None else self.until.epoch_s(clock, is_end=True)
        return None if first is None or last is None else (first, last)

    def may_meet(self, folder: Path) -> bool:
        """Whether a folder may hold records of this span, as far as its name says."""
        day = date_in_name(folder)
        if day is None or self.is_everything:
            return True
        bounds, margin = self.bounds(Clock(known=True, zone=UTC)), MARGIN.total_seconds()
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp()
        return bounds is not None and bounds[0] - margin <= noon <= bounds[1] + margin


EVERYTHING = TimeSpan()


def runs_in(output_dir: Path, span: TimeSpan, camera_id: str | None = None) -> Iterator[tuple[Path, RunFacts]]:
    """The runs and days that may hold records of a span, oldest first; what cannot be read is logged and left out.

    Args:
        output_dir: where they are.
        span: of time.
        camera_id: of this camera only; None: of all.
    """
    for folder in run_folders(output_dir):
        if not span.may_meet(folder):
            continue
        facts = facts_in(folder)
        if facts is None:
            continue
        bounds, seen = span.bounds(facts.clock), facts.seen_between
        meets = span.is_everything or (bounds and seen and seen[0] <= bounds[1] and bounds[0] <= seen[1])
        if meets and camera_id in (None, facts.camera_id):
            yield folder, facts


class PassagesOfSpan(Iterable[Passage]):
    """The passages of several folders that were first seen in a span; pictures are named from the output folder.

    Args:
        runs: folders and facts.
        span: of time.
        trajectories: whether to read where each vehicle went.
        only_passed: whether to leave out vehicles that only were seen.
    """

    def __init__(
        self, runs: Sequence[tuple[Path, RunFacts]], span: TimeSpan, trajectories: bool, only_passed: bool
    ) -> None:
        self._runs = runs
        self._span = span
        self._trajectories = trajectories
        self._only_passed = only_passed

    def __iter__(self) -> Iterator[Passage]:
        for folder, facts in self._runs:
            with (
                closing(open_database(folder)) as database,
                closing(
                    read_passages(
                        database, self._trajectories, first_seen=self._span.bounds(facts.clock), folder=folder
                    )
                ) as passages,
            ):
                yield from (passage for passage in passages if passage.passed or not self._only_passed)


def records_of(
    runs: Sequence[tuple[Path, RunFacts]], span: TimeSpan, trajectories: bool = False, only_passed: bool = False
) -> RunRecords:
    """The records of one camera in a span, from several folders of one output folder, as if they were of one run.

    Args:
        runs: folders and facts, one or more; the settings of the last one count.
        span: of time.
        trajectories: whether to read where each vehicle went.
        only_passed: whether to leave out vehicles that only were seen.
    """
    folder, latest = runs[-1]
    values = {key: value for key, value in latest.values.items() if key not in ("first_time", "last_time")}
    seen = [facts.seen_between for _, facts in runs if facts.seen_between is not None]
    bounds = span.bounds(latest.clock)
    if seen and bounds is not None:
        values["first_time"] = str(max(min(first for first, _ in seen), bounds[0]))
        values["last_time"] = str(min(max(last for _, last in seen), bounds[1]))
    passages = PassagesOfSpan(runs, span, trajectories, only_passed)
    return RunRecords(folder.parent, RunFacts(values), passages, scene_folder=folder, gaps=_gaps(runs, bounds))


def _gaps(runs: Sequence[tuple[Path, RunFacts]], bounds: tuple[float, float] | None) -> list[Gap]:
    """The gaps of all runs that reach into the span."""
    first, last = bounds or (-inf, inf)
    gaps = []
    for folder, _ in runs:
        with closing(open_database(folder)) as database:
            gaps += [
                gap for gap in read_gaps(database) if gap.started_time < last and (gap.ended_time or inf) > first
            ]
    return gaps


def by_camera(runs: Iterable[tuple[Path, RunFacts]]) -> dict[str, list[tuple[Path, RunFacts]]]:
    """The same by camera id, each in the order of time."""
    cameras: dict[str, list[tuple[Path, RunFacts]]] = {}
    for folder, facts in runs:
        cameras.setdefault(facts.camera_id, []).append((folder, facts))
    for each in cameras.values():
        each.sort(key=_first_time)
    return cameras


def _first_time(run: tuple[Path, RunFacts]) -> float:
    return (run[1].seen_between or (0.0, 0.0))[0]

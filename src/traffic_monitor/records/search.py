"""Finds passages by plate, line and time."""

import re
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from rapidfuzz import process
from rapidfuzz.distance import OSA

from traffic_monitor.plates.text import fold_look_alikes, normalize_plate_text
from traffic_monitor.records.passages import Passage, read_passages, run_facts

FUZZY_SHARE = 0.3
"""Edits that a fuzzy search forgives, as a share of the plate's length: two of seven characters."""

CLOCK_TIME = re.compile(r"(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class SearchTime:
    """A point of time as a user gives it."""

    epoch_s: float
    is_known: bool
    """Whether it is a time of day; else it counts from the start of a file."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ISO 8601 (local without an offset), or seconds, ``m:s`` or ``h:m:s`` since the start of a file.

        Raises:
            ValueError: it is neither.
            OverflowError: it is too far away to be told in epoch seconds.
        """
        since_start = CLOCK_TIME.fullmatch(text)
        if since_start:
            hours, minutes, seconds = since_start.groups(default="0")
            return cls(int(hours) * 3600 + int(minutes) * 60 + float(seconds), is_known=False)
        if re.fullmatch(r"\d+(\.\d+)?", text) and len(text) < 8:
            return cls(float(text), is_known=False)
        return cls(datetime.fromisoformat(text).astimezone().timestamp(), is_known=True)


@dataclass(frozen=True)
class Query:
    """What is looked for; None where it does not matter."""

    plate: str | None = None
    """``A-Z0-9``, with ``*`` for any characters and ``?`` for one."""
    is_fuzzy: bool = False
    """Whether plates that were nearly read like this are found too."""
    line: str | None = None
    since: SearchTime | None = None
    until: SearchTime | None = None
    pseudonym: str | None = None
    """Of the plate, for runs that hold pseudonyms."""


def normalize_plate_pattern(text: str) -> str:
    """The text as plates are recorded, wildcards kept; an ellipsis stands for ``*``."""
    return normalize_plate_text(text.replace("…", "*").replace("...", "*"), keep="*?")


def search(database: sqlite3.Connection, query: Query) -> list[Passage]:
    """The passages of one run that answer a query: the likest plate first, else by time."""
    conditions = ["TRUE"]
    values: list[str | float] = []
    if query.plate is not None:
        conditions.append("plate IS NOT NULL")
        if not query.is_fuzzy:
            conditions.append("(plate GLOB ? OR plate = ?)")
            values += [query.plate, query.pseudonym or query.plate]
    moments = [(query.since, ">="), (query.until, "<=")]
    clock = run_facts(database).clock
    if any(moment is not None and moment.is_known is not clock.known for moment, _ in moments):
        return []
    times = [(f"{sign} ?", moment.epoch_s) for moment, sign in moments if moment is not None]
    if query.line is not None:
        inside = " ".join(f"AND time {condition}" for condition, _ in times)
        conditions.append(f"passage_id IN (SELECT passage_id FROM crossings WHERE line = ? {inside})")
        values += [query.line, *(epoch_s for _, epoch_s in times)]
    else:
        # In sight at some time between both.
        for (condition, epoch_s), column in zip(times, _columns(query), strict=True):
            conditions.append(f"{column} {condition}")
            values.append(epoch_s)
    found = database.execute(
        f"SELECT passage_id, plate FROM passages WHERE {' AND '.join(conditions)} ORDER BY first_time", values
    ).fetchall()
    numbers = [number for number, _ in found]
    if query.plate is not None and query.is_fuzzy:
        plates = [plate for _, plate in found]
        same = [place for place, plate in enumerate(plates) if plate == query.pseudonym]
        numbers = [numbers[place] for place in (*same, *_likest(plates, query.plate))]
    passages = {passage.passage_id: passage for passage in read_passages(database, only=numbers)}
    return [passages[number] for number in numbers]


def _columns(query: Query) -> list[str]:
    return [
        column
        for moment, column in ((query.since, "last_time"), (query.until, "first_time"))
        if moment is not None
    ]


def _likest(plates: list[str], wanted: str) -> list[int]:
    """Places of the plates that are like the wanted one, the likest first."""
    allowed = max(round(len(wanted) * FUZZY_SHARE), 1)
    matches = process.extract(
        fold_look_alikes(wanted),
        [fold_look_alikes(plate) for plate in plates],
        scorer=OSA.distance,
        score_cutoff=allowed,
        limit=None,
    )
    ranked = sorted(matches, key=lambda match: (match[1], OSA.distance(wanted, plates[match[2]]), match[2]))
    return [index for _, _, index in ranked]

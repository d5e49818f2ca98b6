"""Finds passages by plate, line and time."""

import sqlite3
from dataclasses import dataclass

from rapidfuzz import process
from rapidfuzz.distance import OSA

from traffic_monitor.plates.text import fold_look_alikes, normalize_plate_text
from traffic_monitor.records.passages import Passage, read_passages, run_facts
from traffic_monitor.records.spans import EVERYTHING, TimeSpan

FUZZY_SHARE = 0.3
"""Edits that a fuzzy search forgives, as a share of the plate's length: two of seven characters."""


@dataclass(frozen=True)
class Query:
    """What is looked for; None where it does not matter."""

    plate: str | None = None
    """``A-Z0-9``, with ``*`` for any characters and ``?`` for one."""
    is_fuzzy: bool = False
    """Whether plates that were nearly read like this are found too."""
    line: str | None = None
    span: TimeSpan = EVERYTHING
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
    bounds = query.span.bounds(run_facts(database).clock)
    if bounds is None and not query.span.is_everything:
        return []
    first, last = bounds or (float("-inf"), float("inf"))
    if query.line is not None:
        crossed = "SELECT passage_id FROM crossings WHERE line = ? AND time >= ? AND time <= ?"
        conditions.append(f"passage_id IN ({crossed})")
        values += [query.line, first, last]
    else:
        conditions.append("last_time >= ? AND first_time <= ?")  # In sight at some time between both.
        values += [first, last]
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

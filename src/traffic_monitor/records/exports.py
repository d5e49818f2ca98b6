"""The records of a run in formats for other programs: CSV, JSON Lines, Parquet."""

import csv
import itertools
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from traffic_monitor.records.files import replacing
from traffic_monitor.records.gaps import machine_clock
from traffic_monitor.records.passages import Passage, RunFacts, RunRecords
from traffic_monitor.shared_utils.clock import Clock

PASSAGES_FILE, COUNTS_FILE, GAPS_FILE = "passages", "counts", "gaps"

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet runs a cell that begins with one of these (OWASP, CSV Injection)."""

MOST_INTERVALS = 100_000
"""A gap of more is a clock that was set, not a road without vehicles; only what was counted is listed then."""


PARQUET_BATCH = 10_000
"""Rows that are made columns at once: columns need a tenth of the memory."""


class ExportFormat(StrEnum):
    """What ``traffic-monitor export`` writes."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


def export_run(records: RunRecords, kind: ExportFormat, folder: Path, bom: bool = False) -> list[Path]:
    """Write the passages, for CSV and Parquet also the counts, and the gaps if there are any; return the files.

    The passages are iterated once.

    Args:
        records: of the run; with trajectories for JSON Lines.
        kind: the format.
        folder: where the files go.
        bom: begin CSV files with a byte order mark, by which some spreadsheets know UTF-8.

    Raises:
        OSError: a file cannot be written.
    """
    passages, counts = (folder / f"{name}.{kind}" for name in (PASSAGES_FILE, COUNTS_FILE))
    gaps = _write_gaps(folder / f"{GAPS_FILE}.{kind}", records, kind, bom) if records.gaps else []
    if kind is ExportFormat.JSONL:
        _write_jsonl(passages, records)
        return [passages, *gaps]
    intervals = IntervalCounts(records.facts)
    flat = (_flat(passage, records.facts.clock) for passage in intervals.counting(records.passages))
    if kind is ExportFormat.CSV:
        _write_csv(passages, flat, list(PASSAGE_COLUMNS), bom)
        _write_csv(counts, intervals.rows(), list(COUNT_COLUMNS), bom)
    else:
        _write_parquet(passages, flat, PASSAGE_COLUMNS)
        _write_parquet(counts, intervals.rows(), COUNT_COLUMNS)
    return [passages, counts, *gaps]


PASSAGE_COLUMNS: dict[str, type] = {
    "passage": int, "class": str, "class_certainty": float,
    "first_seen": str, "last_seen": str, "clock": str,
    "first_seen_s": float, "last_seen_s": float, "first_frame": int, "last_frame": int,
    "entry_edge": str, "exit_edge": str,
    "line": str, "direction": str, "crossed": str, "crossed_s": float, "crossed_frame": int,
    "crossings": str, "zones": str,
    "speed": float, "speed_unit": str,
    "plate": str, "plate_confidence": float, "plate_readings": int, "unread_reason": str,
    "plate_picture": str, "vehicle_picture": str, "tracks": str, "passed": int, "run": str,
}  # fmt: skip
"""Columns of the flat passages. ``line`` to ``crossed_frame`` hold the first crossing, ``crossings`` all."""

COUNT_COLUMNS: dict[str, type] = {
    "start": str, "end": str, "clock": str, "start_s": float,
    "line": str, "direction": str, "class": str, "vehicles": int,
}  # fmt: skip


GAP_COLUMNS: dict[str, type] = {
    "started": str, "ended": str, "started_s": float, "ended_s": float, "kind": str, "reason": str,
}  # fmt: skip


def _flat(passage: Passage, clock: Clock) -> dict[str, Any]:
    """One row; what happened several times is joined with semicolons."""
    first = passage.crossings[0] if passage.crossings else None
    crossings = [f"{each.line}: {each.direction} {clock.iso(each.time)}" for each in passage.crossings]
    zones = [
        f"{each.zone}: {clock.iso(each.entered_time)} to {clock.iso(each.left_time) if each.left_time else ''}"
        for each in passage.zones
    ]
    values = (
        passage.passage_id, passage.class_name, passage.class_certainty,
        clock.iso(passage.first_time), clock.iso(passage.last_time), clock.name,
        passage.first_media, passage.last_media, passage.first_frame, passage.last_frame,
        passage.entry_edge, passage.exit_edge,
        first and first.line, first and first.direction, first and clock.iso(first.time),
        first and first.media, first and first.frame,
        "; ".join(crossings), "; ".join(zones),
        passage.speed, passage.speed_unit,
        passage.plate, passage.plate_confidence, passage.plate_readings, passage.unread_reason,
        passage.plate_picture, passage.vehicle_picture, " ".join(map(str, passage.tracks)), int(passage.passed),
        passage.run or None,
    )  # fmt: skip
    return dict(zip(PASSAGE_COLUMNS, values, strict=True))


class IntervalCounts:
    """Counts vehicles per interval of the clock, line, direction and class while passages go by.

    Args:
        facts: of the run.
    """

    def __init__(self, facts: RunFacts) -> None:
        self._facts = facts
        self._seconds = facts.interval_minutes * 60
        self._counted: Counter[tuple[float, str, str, str]] = Counter()

    def counting(self, passages: Iterable[Passage]) -> Iterator[Passage]:
        """The same passages; each is counted as it goes by."""
        for passage in passages:
            for crossing in passage.crossings:
                start = self._facts.clock.interval_start(crossing.time, self._seconds)
                self._counted[start, crossing.line, crossing.direction, passage.class_name] += 1
            yield passage

    def rows(self) -> Iterator[dict[str, Any]]:
        """What was counted, zeros included."""
        clock, counted = self._facts.clock, self._counted
        starts = sorted({key[0] for key in counted} | set(self._starts()))
        classes = sorted({key[3] for key in counted}) or self._facts.classes
        for start in starts:
            end = clock.iso(clock.interval_end(start, self._seconds))
            for line, direction in self._directions():
                for class_name in classes:
                    values = (
                        clock.iso(start), end, clock.name, start,
                        line, direction, class_name, counted[start, line, direction, class_name],
                    )  # fmt: skip
                    yield dict(zip(COUNT_COLUMNS, values, strict=True))

    def _directions(self) -> Iterable[tuple[str, str]]:
        """Lines and directions: those of the settings, and others that were crossed before these changed."""
        lines = [(line.name, name) for line in self._facts.lines for name in (line.in_name, line.out_name)]
        return dict.fromkeys([*lines, *sorted(key[1:3] for key in self._counted)])

    def _starts(self) -> Iterable[float]:
        """Starts of the intervals from the first frame to the last."""
        between = self._facts.seen_between
        if between is None:
            return []
        number = (between[1] - between[0]) / self._seconds
        return self._facts.clock.interval_starts(*between, self._seconds) if number <= MOST_INTERVALS else []


def _write_gaps(path: Path, records: RunRecords, kind: ExportFormat, bom: bool) -> list[Path]:
    """When the camera was not watched: a count of that time is too low."""
    clock = machine_clock(records.facts.clock)
    rows = [
        {
            "started": clock.iso(gap.started_time),
            "ended": clock.iso(gap.ended_time) if gap.ended_time is not None else None,
            "started_s": gap.started_time,
            "ended_s": gap.ended_time,
            "kind": gap.kind,
            "reason": gap.reason,
        }
        for gap in records.gaps
    ]
    if kind is ExportFormat.CSV:
        _write_csv(path, rows, list(GAP_COLUMNS), bom)
    elif kind is ExportFormat.PARQUET:
        _write_parquet(path, rows, GAP_COLUMNS)
    else:
        with replacing(path) as part:
            part.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return [path]


def _write_csv(path: Path, rows: Iterable[dict[str, Any]], columns: Sequence[str], bom: bool) -> None:
    with replacing(path) as part, part.open("w", encoding="utf-8-sig" if bom else "utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows([_cell(row[column]) for column in columns] for row in rows)


def _cell(value: Any) -> Any:
    """The value, so that a spreadsheet shows a text as it is instead of running it as a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


def passage_record(passage: Passage, clock: Clock) -> dict[str, Any]:
    """Everything about one vehicle, nested, with its times also as ISO 8601."""
    crossings = [{**vars(crossing), "crossed": clock.iso(crossing.time)} for crossing in passage.crossings]
    zones = [
        {
            **vars(stay),
            "entered": clock.iso(stay.entered_time),
            "left": clock.iso(stay.left_time) if stay.left_time is not None else None,
        }
        for stay in passage.zones
    ]
    return {
        **vars(passage),
        "clock": clock.name,
        "first_seen": clock.iso(passage.first_time),
        "last_seen": clock.iso(passage.last_time),
        "crossings": crossings,
        "zones": zones,
    }


def _write_jsonl(path: Path, records: RunRecords) -> None:
    with replacing(path) as part, part.open("w", encoding="utf-8") as file:
        write_json_lines(file, records.passages, records.facts.clock)


class TextTarget(Protocol):
    """Somewhere text can be written to."""

    def write(self, text: str, /) -> object:
        """Write a text."""


def write_json_lines(file: TextTarget, passages: Iterable[Passage], clock: Clock) -> None:
    """One JSON object per line and passage."""
    for passage in passages:
        file.write(json.dumps(passage_record(passage, clock), ensure_ascii=False) + "\n")


def _write_parquet(path: Path, rows: Iterable[dict[str, Any]], columns: dict[str, type]) -> None:
    import polars  # Loads for a while, and most runs write no Parquet.

    types = {int: polars.Int64, float: polars.Float64, str: polars.String}
    schema = {name: types[kind] for name, kind in columns.items()}
    rows, batches = iter(rows), [polars.DataFrame(schema=schema)]
    while batch := list(itertools.islice(rows, PARQUET_BATCH)):
        batches.append(polars.DataFrame({name: [row[name] for row in batch] for name in columns}, schema=schema))
    with replacing(path) as part:
        polars.concat(batches).write_parquet(part)

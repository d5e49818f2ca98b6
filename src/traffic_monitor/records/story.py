"""One vehicle's story in sentences, with the frame and the time of everything that happened."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from traffic_monitor.records.passages import Passage, read_passages, run_facts
from traffic_monitor.shared_utils.clock import Clock


@dataclass(frozen=True)
class Story:
    """Everything that is known of one vehicle, in the order of time."""

    sentences: list[str]
    pictures: list[Path]
    """Those that exist."""


def story_of(database: sqlite3.Connection, folder: Path, track_id: int) -> Story | None:
    """The story of the vehicle that a track belongs to; None where no passage has the track."""
    row = database.execute("SELECT passage_id FROM tracks WHERE track_id = ?", (track_id,)).fetchone()
    if row is None:
        return None
    passage = next(read_passages(database, only=[row[0]]))
    clock = run_facts(database).clock
    events = sorted([*_events(passage, clock), *_readings(database, passage, clock)])
    pictures = [folder / file for file in (passage.plate_picture, passage.vehicle_picture) if file is not None]
    return Story(
        [_headline(passage), *(sentence for _, sentence in events), _plate(passage)],
        [picture for picture in pictures if picture.is_file()],
    )


def _headline(passage: Passage) -> str:
    tracks = ", ".join(map(str, passage.tracks))
    certainty = f"{passage.class_certainty:.0%} sure"
    seen = "" if passage.passed else "; seen, crossed no line"
    return f"passage {passage.passage_id}: {passage.class_name} ({certainty}), tracks {tracks}{seen}"


def _plate(passage: Passage) -> str:
    if passage.plate is not None:
        return f"plate {passage.plate} ({passage.plate_confidence:.2f}, {passage.plate_readings} readings)"
    return f"plate unread: {passage.unread_reason or 'none was found'}"


def _events(passage: Passage, clock: Clock) -> Iterator[tuple[float, str]]:
    def at(time: float, frame: int | None) -> str:
        return _at(clock, time, frame)

    came = f" coming from the {passage.entry_edge}" if passage.entry_edge else ""
    yield passage.first_time, f"{at(passage.first_time, passage.first_frame)} first seen{came}"
    for crossing in passage.crossings:
        told = f"crossed {crossing.line}: {crossing.direction} (track {crossing.track_id})"
        yield crossing.time, f"{at(crossing.time, crossing.frame)} {told}"
    for stay in passage.zones:
        yield stay.entered_time, f"{at(stay.entered_time, stay.entered_frame)} entered {stay.zone}"
        if stay.left_time is not None:
            yield stay.left_time, f"{at(stay.left_time, stay.left_frame)} left {stay.zone}"
    went = f" going to the {passage.exit_edge}" if passage.exit_edge else ""
    speed = f", {passage.speed:g} {passage.speed_unit}" if passage.speed is not None else ""
    yield passage.last_time, f"{at(passage.last_time, passage.last_frame)} last seen{went}{speed}"


def _readings(database: sqlite3.Connection, passage: Passage, clock: Clock) -> Iterator[tuple[float, str]]:
    tracks = ",".join(map(str, passage.tracks))
    for row in database.execute(f"SELECT * FROM readings WHERE track_id IN ({tracks})"):
        told = f"read {row['text']} ({row['confidence']:.2f})" if row["text"] else "could not be read"
        yield row["time"], f"{_at(clock, row['time'], row['frame'])} {told}"


def _at(clock: Clock, time: float, frame: int | None) -> str:
    return f"{clock.short(time)} frame {frame if frame is not None else '?'}:"

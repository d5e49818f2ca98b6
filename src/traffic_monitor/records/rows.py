"""How what is known of a vehicle becomes rows of the database. Runs inside the caller's transaction."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from traffic_monitor.records.best_shots import PLATES_FOLDER, VEHICLES_FOLDER, picture_file
from traffic_monitor.records.plate_answers import settle_claims
from traffic_monitor.records.plate_log import PlateSighting
from traffic_monitor.shared_utils.constants import UnreadReason
from traffic_monitor.shared_utils.custom_types import FrameMoment, VehicleJourney

TAKEN_OVER = """
INSERT INTO passages (passage_id, class_name, class_certainty, first_time, last_time, first_media, last_media,
    first_frame, last_frame, entry_edge, exit_edge, speed, speed_unit, recorded_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (passage_id) DO UPDATE SET
    class_name = excluded.class_name, class_certainty = excluded.class_certainty,
    last_time = excluded.last_time, last_media = excluded.last_media, last_frame = excluded.last_frame,
    entry_edge = excluded.entry_edge, exit_edge = excluded.exit_edge,
    speed = excluded.speed, speed_unit = excluded.speed_unit
"""
"""What is told of a vehicle replaces what was known; ``recorded_at`` and the plate stay."""


def write_facts(database: sqlite3.Connection, facts: Mapping[str, Any]) -> None:
    """Write what is known about the run as a whole."""
    database.executemany("INSERT OR REPLACE INTO run VALUES (?, ?)", [(key, str(facts[key])) for key in facts])


def write_journey(
    database: sqlite3.Connection, journey: VehicleJourney, speed_unit: str | None, now: float
) -> None:
    """Write one vehicle's passage with its tracks, crossings, zones and trajectory, in place of what was known."""
    number = journey["vehicle_id"]
    first_time, first_media, first_frame = _moment(journey["first_seen"])
    last_time, last_media, last_frame = _moment(journey["last_seen"])
    speed = journey["speed"]["speed"] if "speed" in journey else None
    database.execute(
        TAKEN_OVER,
        (
            number, journey["class_name"], journey["class_share"], first_time, last_time, first_media, last_media,
            first_frame, last_frame, journey["entry_edge"], journey["exit_edge"],
            speed, speed_unit if speed is not None else None, now,
        ),
    )  # fmt: skip
    database.executemany(
        "INSERT OR REPLACE INTO tracks VALUES (?, ?)", [(track, number) for track in journey["track_ids"]]
    )
    database.executemany(
        "INSERT OR REPLACE INTO crossings VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (number, crossing["line"], crossing["direction"], *_moment(crossing), crossing["track_id"])
            for crossing in journey["crossings"]
        ],
    )
    database.executemany(
        "INSERT OR REPLACE INTO zone_visits VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (number, visit["zone"], *_moment(visit["entered"]), *_moment(visit["left"]))
            for visit in journey["zones"]
        ],
    )
    database.execute(
        "INSERT OR REPLACE INTO trajectories VALUES (?, ?)",
        (number, json.dumps(journey["trajectory"], separators=(",", ":"))),
    )


def write_plates(database: sqlite3.Connection, sightings: Iterable[PlateSighting], now: float) -> set[int]:
    """Write what is known of the plates of some tracks, and settle which vehicle keeps each of them.

    Returns:
        the tracks whose answer may be another one now.
    """
    tracks, texts = set(), set()
    for sighting in sightings:
        tracks.add(sighting["track_id"])
        texts.add(sighting["text"])
        for (before,) in database.execute("SELECT text FROM plates WHERE track_id = ?", (sighting["track_id"],)):
            texts.add(before)
        database.execute(
            "INSERT OR REPLACE INTO plates (track_id, text, confidence, readings, unread_reason, fit, class_name,"
            " first_seen, last_seen, recorded_at) VALUES (:track_id, :text, :confidence, :readings,"
            " :unread_reason, :fit, :class_name, :first_seen, :last_seen, :now)",
            {**sighting, "now": now},
        )
    return tracks | {track for text in texts for track in _settle(database, text)}


def passages_of(database: sqlite3.Connection, tracks: Iterable[int]) -> set[int]:
    """The passages to which some tracks belong."""
    found: set[int] = set()
    for track in tracks:
        found.update(
            row[0] for row in database.execute("SELECT passage_id FROM tracks WHERE track_id = ?", (track,))
        )
    return found


def join_plate(database: sqlite3.Connection, passage_id: int, folder: Path) -> None:
    """Give a passage the best plate of its tracks, or the reason why it has none, and the pictures.

    Args:
        database: open for writing.
        passage_id: the passage.
        folder: of the run, in which the pictures are.
    """
    plates = database.execute(
        "SELECT plates.* FROM plates JOIN tracks USING (track_id) WHERE passage_id = ?"
        " ORDER BY unread_reason IS NOT NULL, is_anothers, confidence DESC, readings DESC",
        (passage_id,),
    ).fetchall()
    if not plates:
        return
    best = plates[0]
    reason = UnreadReason.CONTESTED.value if best["is_anothers"] else best["unread_reason"]
    answer = (None, None) if reason else (best["text"], best["confidence"])
    pictures = [
        next(
            (file for plate in plates if (folder / (file := picture_file(kind, plate["track_id"]))).is_file()),
            None,
        )
        for kind in (PLATES_FOLDER, VEHICLES_FOLDER)
    ]
    database.execute(
        "UPDATE passages SET plate = ?, plate_confidence = ?, plate_readings = ?, unread_reason = ?,"
        " plate_picture = ?, vehicle_picture = ? WHERE passage_id = ?",
        (*answer, best["readings"], reason, *pictures, passage_id),
    )


def _settle(database: sqlite3.Connection, text: str) -> list[int]:
    """Note whose plate a text is; the tracks that claim it."""
    rows = database.execute("SELECT * FROM plates WHERE text = ? AND unread_reason IS NULL", (text,)).fetchall()
    claims = [cast(PlateSighting, {key: row[key] for key in PlateSighting.__annotations__}) for row in rows]
    settled = settle_claims(claims)
    database.executemany(
        "UPDATE plates SET is_anothers = ? WHERE track_id = ?",
        [(claim["unread_reason"] is not None, claim["track_id"]) for claim in settled],
    )
    return [claim["track_id"] for claim in settled]


def _moment(moment: FrameMoment | None) -> tuple[float | None, float | None, int | None]:
    """Epoch seconds, media seconds, frame."""
    if moment is None:
        return None, None, None
    timestamp = moment["timestamp"]
    return round(timestamp, 3), round(moment.get("media_time", timestamp), 3), moment.get("frame_index")

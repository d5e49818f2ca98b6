"""Writes what the pipeline finds into the run's database, second by second."""

import json
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from loguru import logger

from traffic_monitor import __version__
from traffic_monitor.records.database import PSEUDONYMS, create_database
from traffic_monitor.records.plate_log import PlateLog, PlateSighting
from traffic_monitor.records.rows import join_plate, passages_of, write_facts, write_journey, write_plates
from traffic_monitor.records.runs import DAY_S, forget_old_records
from traffic_monitor.settings import Settings
from traffic_monitor.shared_utils.custom_types import (
    CountUpdateMessage,
    OcrResultMessage,
    TrackedMessage,
    VehicleJourney,
    media_time_of,
)

WRITE_INTERVAL_S = 0.5
"""Records wait this long at most, so that a kill loses less than a second of them."""

RETENTION_INTERVAL_S = 3600.0
"""How often a run looks for records that are older than it may keep."""


class Recorder:
    """Joins what is told about each vehicle and writes it into ``traffic.db``.

    What is new is gathered and written in one transaction about twice a second. When the disk is full or the file
    is locked, what was gathered is kept and written with the next transaction, and the run goes on.

    Args:
        folder: of the run.
        config: all settings.
        source: the source, as it may be shown.
        clock: epoch seconds, replaceable in tests.

    Raises:
        sqlite3.Error: the database cannot be made.
    """

    def __init__(
        self, folder: Path, config: Settings, source: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._speed_unit = config.vehicle_counter.speed.unit if config.vehicle_counter.speed else None
        self._plates = PlateLog(config.visualizer.plate_ttl_s)
        self._sightings: dict[int, PlateSighting] = {}
        self._journeys: dict[int, VehicleJourney] = {}
        self._readings: list[OcrResultMessage] = []
        self._facts: dict[str, Any] = {
            "camera_id": config.camera_id,
            "source": source,
            "program_version": __version__,
            "started_at": clock(),
            "clock": "known" if config.frame_grabber.knows_time_of_day else "from zero",
            "timezone": config.frame_grabber.clock.zone_name,
            "plates": PSEUDONYMS if config.privacy.hash_plates else "as read",
            "classes": json.dumps(config.vehicle_detector.classes),
            "vehicle_counter": config.vehicle_counter.model_dump_json(),
        }
        self._keep_s = None if config.privacy.keep_days is None else config.privacy.keep_days * DAY_S
        self._next_retention = 0.0
        self._has_frame = False
        self._is_failing = False
        self._next_write = 0.0
        self._database = create_database(folder)

    def take(self, message: TrackedMessage | OcrResultMessage | CountUpdateMessage) -> None:
        """Note what one message of any of the three streams tells."""
        if "tracked_objects" in message:
            self._take_frame(cast(TrackedMessage, message))
        elif "license_plate_text" in message:
            result = cast(OcrResultMessage, message)
            self._plates.read(result)
            self._readings.append(result)
        else:
            self._journeys |= {told["vehicle_id"]: told for told in message.get("journeys", [])}

    def write_when_due(self) -> None:
        """Write what is new if the last time was some moments ago, and forget what is too old."""
        now = self._clock()
        if now >= self._next_write:
            self.write()
        if self._keep_s is not None and now >= self._next_retention:
            self._next_retention = now + RETENTION_INTERVAL_S
            self._forget_before(now - self._keep_s)

    def write(self) -> None:
        """Write what is new."""
        self._next_write = self._clock() + WRITE_INTERVAL_S
        self._sightings |= {sighting["track_id"]: sighting for sighting in self._plates.take_changes()}
        try:
            with self._database:
                self._write_all(self._clock())
        except sqlite3.Error as error:
            if not self._is_failing:
                logger.error("records cannot be written, they are kept until they can: {}", error)
            self._is_failing = True
            return
        if self._is_failing:
            logger.info("records can be written again")
        self._is_failing = False
        self._facts, self._sightings, self._journeys, self._readings = {}, {}, {}, []

    def close(self) -> None:
        """Write the rest and close the database."""
        self.write()
        self._database.close()

    def _take_frame(self, message: TrackedMessage) -> None:
        self._plates.seen(message)
        self._facts["last_time"] = message["timestamp"]
        if not self._has_frame:
            self._has_frame = True
            self._facts |= {
                "first_time": message["timestamp"],
                "frame_width": message["frame_width"],
                "frame_height": message["frame_height"],
            }

    def _forget_before(self, moment: float) -> None:
        try:
            with self._database:
                forget_old_records(self._database, self._folder, moment)
        except (sqlite3.Error, OSError) as error:
            logger.error("records older than privacy.keep_days cannot be deleted: {}", error)

    def _write_all(self, now: float) -> None:
        database = self._database
        write_facts(database, self._facts)
        database.executemany(
            "INSERT INTO readings VALUES (?, ?, ?, ?, ?, ?, ?)",
            [_reading_row(result, now) for result in self._readings],
        )
        for journey in self._journeys.values():
            write_journey(database, journey, self._speed_unit, now)
        changed = write_plates(database, self._sightings.values(), now)
        changed |= {track for journey in self._journeys.values() for track in journey["track_ids"]}
        for passage_id in passages_of(database, changed):
            join_plate(database, passage_id, self._folder)


def _reading_row(result: OcrResultMessage, now: float) -> tuple[Any, ...]:
    return (
        result["vehicle_track_id"],
        result["timestamp"],
        media_time_of(result),
        result.get("frame_index"),
        result["license_plate_text"],
        round(result["ocr_confidence"], 4),
        now,
    )

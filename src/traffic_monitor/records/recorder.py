"""Feeds the passage book with what the pipeline finds, and its listeners with what the book reports."""

import json
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

from loguru import logger

from traffic_monitor import __version__
from traffic_monitor.records.book import PassageBook
from traffic_monitor.records.database import PSEUDONYMS
from traffic_monitor.records.delivery import Delivery, Listener
from traffic_monitor.records.pictures import PLATES_FOLDER, VEHICLES_FOLDER, PictureFolder
from traffic_monitor.records.runs import DAY_S
from traffic_monitor.records.sightings import PlateRecord, UnreadRecord
from traffic_monitor.records.store import PassageStore
from traffic_monitor.settings import Settings
from traffic_monitor.shared_utils.custom_types import (
    CountUpdateMessage,
    OcrResultMessage,
    TrackedMessage,
    media_time_of,
)

WRITE_INTERVAL_S = 0.5
"""Records wait this long at most, so that a kill loses less than a second of them."""

RETENTION_INTERVAL_S = 3600.0
"""How often a run looks for records that are older than it may keep."""


def steady_clock() -> Callable[[], float]:
    """A clock of epoch seconds that nobody can set: the time of day now, and from then on the seconds that pass.

    Records are stamped with it and their age is measured by it, so that setting the system's clock neither stops
    the recorder nor makes its records look old.
    """
    offset = time.time() - time.monotonic()
    return lambda: offset + time.monotonic()


class Recorder:
    """Joins what is reported about each vehicle and records it.

    What is new is gathered and written about twice a second. When the disk is full or the file is locked, what was
    gathered is kept and written later, and the run goes on.

    Args:
        folder: of the run; None: nothing is kept on disk.
        config: all settings.
        source: the source, as it may be shown.
        clock: epoch seconds that grow steadily, replaceable in tests.
        listeners: others to whom each passage that changed is reported.

    Raises:
        sqlite3.Error: the database cannot be made.
    """

    def __init__(
        self,
        folder: Path | None,
        config: Settings,
        source: str = "",
        clock: Callable[[], float] | None = None,
        listeners: Sequence[Listener] = (),
    ) -> None:
        self._clock = clock or steady_clock()
        self._patience_s = config.supervisor.drain_timeout_s
        speed = config.vehicle_counter.speed
        self.book = PassageBook(speed.unit if speed else None)
        if config.resume_point is not None:
            self.book.plates_read = config.resume_point.plates_read
        self._pictures = PictureFolder(folder) if folder is not None else None
        self._keeps_records = folder is not None and config.visualizer.save_records
        self._store = PassageStore(folder if self._keeps_records else None)
        self._deliveries = [Delivery(listener) for listener in (self._store, *listeners)]
        self._facts: dict[str, Any] = {
            "camera_id": config.camera_id,
            "source": source,
            "program_version": __version__,
            "clock": "known" if config.frame_grabber.knows_time_of_day else "from zero",
            "timezone": config.frame_grabber.clock.zone_name,
            "plates": PSEUDONYMS if config.privacy.hash_plates else "as read",
            "classes": json.dumps(config.vehicle_detector.classes),
            "vehicle_counter": config.vehicle_counter.model_dump_json(),
        }
        if config.resume_point is None:
            self._facts["started_at"] = self._clock()
        self._keep_s = None if config.privacy.keep_days is None else config.privacy.keep_days * DAY_S
        self._next_retention = 0.0
        self._has_frame = config.resume_point is not None
        self._next_write = 0.0
        self._plate_records: list[PlateRecord | UnreadRecord] = []

    def take(self, message: TrackedMessage | OcrResultMessage | CountUpdateMessage) -> None:
        """Note what one message of any of the three streams reports."""
        if "tracked_objects" in message:
            self._take_frame(cast(TrackedMessage, message))
        elif "license_plate_text" in message:
            self._take_result(cast(OcrResultMessage, message))
        else:
            self.book.take_counts(message)

    def write_when_due(self) -> None:
        """Write what is new if the last time was some moments ago, and forget what is too old."""
        now = self._clock()
        if now >= self._next_write:
            self._write(now, at_once=False)
        if self._keep_s is not None and now >= self._next_retention:
            self._next_retention = now + RETENTION_INTERVAL_S
            self._forget_before(now - self._keep_s)

    def write(self) -> None:
        """Write what is new."""
        self._write(self._clock(), at_once=True)

    def details(self) -> dict[str, Any]:
        """Numbers for the supervisor; once the recorder is closed also the plates, where no file holds them."""
        details: dict[str, Any] = {"plates_read": self.book.plates_read, "missing_passages": self.missing}
        return details | ({"plates": self._plate_records} if self._plate_records else {})

    @property
    def missing(self) -> int:
        """Passages that are not in the database as they are now, because it could not be written."""
        return self._deliveries[0].missing

    def close(self) -> None:
        """Write the rest, trying again for ``supervisor.drain_timeout_s``, and close the database."""
        self.write()
        if not self._keeps_records:
            self._plate_records = self._store.plates()
        for delivery in self._deliveries:
            delivery.close(self._clock, self._patience_s)

    def _write(self, now: float, at_once: bool) -> None:
        self._next_write = now + WRITE_INTERVAL_S
        for track_id, kind, file in self._pictures.write() if self._pictures is not None else ():
            self.book.take_picture(track_id, kind, file)
        changes = self.book.pop_changes()
        changes.facts, self._facts = self._facts, {}
        for delivery in self._deliveries:
            delivery.deliver(changes, now, at_once=at_once)

    def _take_frame(self, message: TrackedMessage) -> None:
        self.book.take_frame(message)
        self._facts["last_time"], self._facts["last_media"] = message["timestamp"], media_time_of(message)
        self._facts["last_frame"] = message.get("frame_index", 0)
        if not self._has_frame:
            self._has_frame = True
            self._facts |= {
                "first_time": message["timestamp"],
                "frame_width": message["frame_width"],
                "frame_height": message["frame_height"],
            }

    def _take_result(self, result: OcrResultMessage) -> None:
        self.book.take_result(result)
        if self._pictures is not None:
            for kind, jpeg in (
                (PLATES_FOLDER, result.get("plate_picture_jpeg")),
                (VEHICLES_FOLDER, result.get("vehicle_picture_jpeg")),
            ):
                if jpeg is not None:
                    self._pictures.offer(result["vehicle_track_id"], kind, jpeg)

    def _forget_before(self, moment: float) -> None:
        try:
            self.book.forget(self._store.forget_before(moment))
        except (sqlite3.Error, OSError) as error:
            logger.error("records older than privacy.keep_days cannot be deleted: {}", error)

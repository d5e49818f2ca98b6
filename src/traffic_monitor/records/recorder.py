"""Feeds the passage book with what the pipeline finds, and its listeners with what the book reports."""

import contextlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from loguru import logger

from traffic_monitor import __version__
from traffic_monitor.records.book import Changes, PassageBook
from traffic_monitor.records.database import PSEUDONYMS
from traffic_monitor.records.days import make_day_folder
from traffic_monitor.records.delivery import Delivery, Listener
from traffic_monitor.records.pictures import PLATES_FOLDER, VEHICLES_FOLDER, PictureFolder
from traffic_monitor.records.routing import DayRouter
from traffic_monitor.records.runs import DAY_S, forget_old_segments
from traffic_monitor.records.sightings import PlateRecord, UnreadRecord
from traffic_monitor.records.store import PassageStore
from traffic_monitor.settings import Settings
from traffic_monitor.shared_utils.custom_types import (
    CountUpdateMessage,
    OcrResultMessage,
    TrackedMessage,
    media_time_of,
)
from traffic_monitor.shared_utils.day_names import day_in_name, day_of, folder_of_day

WRITE_INTERVAL_S = 0.5
"""Records wait this long at most, so that a kill loses less than a second of them."""

RETENTION_INTERVAL_S = 3600.0
"""How often a run looks for records that are older than it may keep."""

CLOSE_AFTER_S = 600.0
"""The folder of a day that is over is closed when nothing came for it for so long. It is opened again when a
vehicle that was first seen on that day, and has stood there since, moves on."""


def steady_clock() -> Callable[[], float]:
    """A clock of epoch seconds that nobody can set: the time of day now, and from then on the seconds that pass.

    Records are stamped with it and their age is measured by it, so that setting the system's clock neither stops
    the recorder nor makes its records look old.
    """
    offset = time.time() - time.monotonic()
    return lambda: offset + time.monotonic()


class _Part:
    """Where the records of one day go; those of a file's run all go to one.

    Args:
        folder: None: nothing is kept on disk.
        before: the camera's folder until now, for the folder of a day.
        keeps_records: whether there is a database on disk.
    """

    def __init__(self, folder: Path | None, before: Path | None, keeps_records: bool) -> None:
        self.folder = folder
        self.facts: dict[str, Any] = {}
        """Those not yet handed on."""
        self.has_frame = False
        self.last_used = 0.0
        self.pictures = PictureFolder(folder) if folder is not None else None
        self._before = before
        self.store = PassageStore(folder if keeps_records else None, self._make_folder)
        self.delivery = Delivery(self.store)

    def open(self) -> None:
        """Make folder and database now.

        Raises:
            sqlite3.Error, OSError: they cannot be made.
        """
        self._make_folder()
        self.store.open()

    def _make_folder(self) -> None:
        if self.folder is not None and day_in_name(self.folder) is not None:
            make_day_folder(self.folder, self._before)


class Recorder:
    """Joins what is reported about each vehicle and records it.

    What is new is gathered and written about twice a second. When the disk is full or the file is locked, what was
    gathered is kept and written later, and the run goes on. Records of a live camera go into the folder of the day
    on which the vehicle was first seen.

    Args:
        folder: of the run; None: nothing is kept on disk.
        config: all settings.
        source: the source, as it may be shown.
        clock: epoch seconds that grow steadily, replaceable in tests.
        listeners: others to whom each passage that changed is reported.
        keeps_pictures: whether there is room for pictures now.

    Raises:
        sqlite3.Error: the database cannot be made.
        OSError: the folder of the day cannot be made.
    """

    def __init__(
        self,
        folder: Path | None,
        config: Settings,
        source: str = "",
        clock: Callable[[], float] | None = None,
        listeners: Sequence[Listener] = (),
        keeps_pictures: Callable[[], bool] = lambda: True,
    ) -> None:
        self._clock = clock or steady_clock()
        self._patience_s = config.supervisor.drain_timeout_s
        speed = config.vehicle_counter.speed
        self.book = PassageBook(speed.unit if speed else None)
        if config.resume_point is not None:
            self.book.plates_read = config.resume_point.plates_read
        self._keeps_records = folder is not None and config.visualizer.save_records
        self._listeners = [Delivery(listener) for listener in listeners]
        self._facts: dict[str, Any] = {
            "camera_id": config.camera_id,
            "source": source,
            "program_version": __version__,
            "clock": "known" if config.frame_grabber.knows_time_of_day else "from zero",
            "timezone": config.frame_grabber.clock.zone_name,
            "plates": PSEUDONYMS if config.privacy.hash_plates else "as read",
            "classes": json.dumps(config.vehicle_detector.classes),
            "vehicle_counter": config.vehicle_counter.model_dump_json(),
            "exit_reason": None,  # Another run of the same day may have ended.
            "ended_at": None,
        }
        self._keeps_pictures = keeps_pictures
        self._keep_s = None if config.privacy.keep_days is None else config.privacy.keep_days * DAY_S
        self._next_retention = 0.0
        self._next_write = 0.0
        self._plate_records: list[PlateRecord | UnreadRecord] = []
        self._missing_in_closed = 0
        self._camera_clock = config.frame_grabber.clock
        self._has_days = folder is not None and day_in_name(folder) is not None
        self._router = DayRouter(self._day, self._day(self._clock()))
        self._folder = folder
        self._parts: dict[str, _Part] = {}
        """By day; one for a file's run."""
        self._current = self._part(self._day(self._clock()))
        self._current.facts |= {**self._facts, "started_at": self._clock()}
        self._current.open()

    @property
    def folder(self) -> Path | None:
        """Where what is seen now is recorded."""
        return self._current.folder

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
        return self._missing_in_closed + sum(part.delivery.missing for part in self._parts.values())

    def close(self) -> None:
        """Write the rest, trying again for ``supervisor.drain_timeout_s``, and close the database."""
        self.write()
        if not self._keeps_records:
            self._plate_records = self._current.store.plates()
        deadline = time.monotonic() + self._patience_s
        for delivery in (*(part.delivery for part in self._parts.values()), *self._listeners):
            delivery.close(self._clock, deadline - time.monotonic())

    def _day(self, epoch_s: float) -> str:
        return day_of(self._camera_clock, epoch_s) if self._has_days else ""

    def _part(self, day: str) -> _Part:
        """Where the records of this day go."""
        part = self._parts.get(day)
        if part is None:
            before = self._current.folder if self._parts else None
            folder = folder_of_day(self._folder, day) if self._folder is not None and day else self._folder
            part = self._parts[day] = _Part(folder, before, self._keeps_records)
        part.last_used = self._clock()
        return part

    def _write(self, now: float, at_once: bool) -> None:
        self._next_write = now + WRITE_INTERVAL_S
        for part in self._parts.values():
            for track_id, kind, file in part.pictures.write() if part.pictures is not None else ():
                self.book.take_picture(track_id, kind, file)
        changes = self.book.pop_changes()
        by_day = self._router.split(changes)
        for day in by_day:
            self._part(day)
        for day, part in self._parts.items():
            part_changes = by_day.get(day, Changes())
            part_changes.removed |= changes.removed
            part_changes.freed_tracks |= changes.freed_tracks
            part_changes.facts, part.facts = part.facts, {}
            part.delivery.deliver(part_changes, now, at_once=at_once)
        for delivery in self._listeners:
            delivery.deliver(changes, now, at_once=at_once)
        self._close_finished_days(now)

    def _close_finished_days(self, now: float) -> None:
        for day, part in list(self._parts.items()):
            is_idle = part is not self._current and now - part.last_used > CLOSE_AFTER_S
            if is_idle and not part.delivery.missing:
                part.store.close()
                del self._parts[day]

    def _take_frame(self, message: TrackedMessage) -> None:
        self.book.take_frame(message)
        day = self._day(message["timestamp"])
        self._router.see((vehicle["track_id"] for vehicle in message["tracked_objects"]), day)
        part = self._part(day)
        if part is not self._current:
            self._begin_day(part)
        part.facts["last_time"], part.facts["last_media"] = message["timestamp"], media_time_of(message)
        part.facts["last_frame"] = message.get("frame_index", 0)
        if not part.has_frame:
            part.has_frame = True
            part.facts |= {
                "first_time": message["timestamp"],
                "frame_width": message["frame_width"],
                "frame_height": message["frame_height"],
            }

    def _begin_day(self, part: _Part) -> None:
        """What is seen from now on belongs to this day. A folder that cannot be made now is made later."""
        self._current = part
        if not part.has_frame:
            part.facts |= {**self._facts, "started_at": self._clock()}
        with contextlib.suppress(OSError, sqlite3.Error):
            part.open()
        logger.info("records go to {}", part.folder)

    def _take_result(self, result: OcrResultMessage) -> None:
        self.book.take_result(result)
        track_id = result["vehicle_track_id"]
        pictures = self._part(self._router.day_of_track(track_id)).pictures
        if pictures is not None and self._keeps_pictures():
            for kind, jpeg in _pictures_in(result):
                pictures.offer(track_id, kind, jpeg)

    def _forget_before(self, moment: float) -> None:
        for part in self._parts.values():
            try:
                if part.folder is not None:
                    forget_old_segments(part.folder, moment)
                self.book.forget(part.store.forget_before(moment))
            except (sqlite3.Error, OSError) as error:
                logger.error("records older than privacy.keep_days cannot be deleted: {}", error)


def _pictures_in(result: OcrResultMessage) -> Iterator[tuple[str, str]]:
    """Kind and JPEG of the pictures that come with a result."""
    for kind, jpeg in (
        (PLATES_FOLDER, result.get("plate_picture_jpeg")),
        (VEHICLES_FOLDER, result.get("vehicle_picture_jpeg")),
    ):
        if jpeg is not None:
            yield kind, jpeg

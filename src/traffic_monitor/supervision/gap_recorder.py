"""Writes into the records when cameras were not watched: while services were restarted, or a camera was away."""

import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from loguru import logger

from traffic_monitor.records.database import DatabaseError
from traffic_monitor.records.days import newest_day
from traffic_monitor.records.gaps import OUTAGE, RESTART, Gap, record_gap

Place = tuple[Path, int]
"""Folder and number of a gap in the records: one that lasts over midnight stays where it began."""


class GapRecorder:
    """Records each gap of each camera when it begins and again when it has ended.

    A gap that cannot be recorded is logged: it never ends or slows the run.

    Args:
        folders: by camera, in which its run began.
        clock: epoch seconds, replaceable in tests.
    """

    def __init__(self, folders: Mapping[str, Path], clock: Callable[[], float] = time.time) -> None:
        self._folders = folders
        self._clock = clock
        self._restart: tuple[float, str] | None = None
        """Since when, and why, services are being restarted."""
        self._restart_places: dict[str, Place] = {}
        self._outages: dict[tuple[str, float], tuple[Place | None, Gap]] = {}
        """By camera and start: place in the records and the gap as it was recorded last."""

    def restarted(self, noticed_at: float, reason: str) -> None:
        """Services are restarted.

        Args:
            noticed_at: when the failure was noticed, epoch seconds.
            reason: one line for people.
        """
        self._restart = noticed_at, reason
        self._restart_places = {
            camera: place
            for camera in self._folders
            if (place := self._record(camera, Gap(noticed_at, None, RESTART, reason), None)) is not None
        }

    def running(self) -> None:
        """The services run; called again and again."""
        if self._restart is None:
            return
        started, reason = self._restart
        for camera, place in self._restart_places.items():
            self._record(camera, Gap(started, self._clock(), RESTART, reason), place)
        self._restart = None

    def take_outages(self, camera: str, outages: Iterable[Mapping[str, Any]]) -> None:
        """Take what a grabber reports of its latest outages, those that are known included.

        Args:
            camera: whose.
            outages: each with ``started_at`` and ``ended_at`` (epoch seconds, None while it lasts) and ``reason``.
        """
        for outage in outages:
            gap = Gap(outage["started_at"], outage["ended_at"], OUTAGE, outage["reason"])
            place, recorded = self._outages.get((camera, gap.started_time), (None, None))
            if gap != recorded:
                self._outages[camera, gap.started_time] = self._record(camera, gap, place), gap

    def _record(self, camera: str, gap: Gap, place: Place | None) -> Place | None:
        folder, number = place or (newest_day(self._folders[camera]), None)
        try:
            return folder, record_gap(folder, gap, number)
        except (DatabaseError, sqlite3.Error, OSError) as error:
            logger.warning("a gap of camera {} cannot be recorded: {}", camera, error)
            return place

"""The summary of a run, as written to ``summary.json``."""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from loguru import logger

from traffic_monitor.records.database import DATABASE_FILE, DatabaseError
from traffic_monitor.records.sightings import PlateRecord, UnreadRecord
from traffic_monitor.records.store import read_plates
from traffic_monitor.runtime.control import ServiceReport
from traffic_monitor.shared_utils.constants import ServiceName
from traffic_monitor.shared_utils.counts_so_far import CountsSoFar
from traffic_monitor.shared_utils.custom_types import CountResults
from traffic_monitor.shared_utils.resume import ResumePoint


@dataclass(frozen=True)
class FramesBefore:
    """The frames of earlier generations."""

    read: int = 0
    processed: int = 0
    dropped: int = 0
    damaged: int = 0


OF_LIVE_SOURCES = ("source_state", "source_failure", "outages")
"""What the grabber reports of a live source and the summary repeats."""


@dataclass
class CameraResults:
    """What the services have reported about one camera so far: numbers, and nothing for each vehicle."""

    grabber: ServiceReport = field(default_factory=ServiceReport)
    """Latest report of its frame grabber."""
    source: Mapping[str, Any] = field(default_factory=dict)
    """What the grabber reports of its source."""
    processed: int = 0
    """Frames that the present generation has counted."""
    before: FramesBefore = field(default_factory=FramesBefore)
    """Of the generations before it."""
    counts: CountsSoFar = field(default_factory=CountsSoFar)
    plates_read: int = 0
    """Tracks whose plate is worth believing."""
    missing_passages: int = 0
    """Passages that could not be written into the database, or not as they are now."""
    plates: Sequence[PlateRecord | UnreadRecord] = ()
    """The vehicles whose plate was looked for; only at the end, and only where no database holds them."""

    def take(self, name: ServiceName, report: ServiceReport, details: Mapping[str, Any]) -> None:
        """Take in the latest report of one service, with what it reports of this camera alone."""
        if name is ServiceName.FRAME_GRABBER:
            self.grabber, self.source = report, details
        elif name is ServiceName.VEHICLE_COUNTER:
            self.processed = details["processed"]
        if details.get("counts") is not None:
            self.counts.take(details["counts"])
        self.plates_read = details.get("plates_read", self.plates_read)
        self.missing_passages = details.get("missing_passages", self.missing_passages)
        self.plates = details.get("plates", self.plates)

    @property
    def frames_read(self) -> int:
        """Frames the source gave, those dropped later included."""
        reported = self.before.read + self.grabber.processed + int(self.source.get("dropped_at_source", 0))
        # A grabber that was killed has not reported its last second.
        return max(reported, self.frames_processed + self.frames_dropped)

    @property
    def frames_processed(self) -> int:
        """Frames that went through detection, tracking and counting."""
        return self.before.processed + self.processed

    def start_generation(self, resumed: ResumePoint | None, *, is_live: bool) -> None:
        """The processes begin anew. Of a recording, frames behind the point of resumption come again."""
        if is_live or resumed is None:
            self.before = FramesBefore(
                self.frames_read, self.frames_processed, self.frames_dropped, self.frames_damaged
            )
        else:
            again = resumed.frame_index + 1
            self.before = FramesBefore(again, again, 0, self.frames_damaged)
        self.processed, self.grabber, self.source = 0, ServiceReport(), {}

    @property
    def frames_dropped(self) -> int:
        """Frames that were never detected because the pipeline was behind."""
        return self.before.dropped + self.grabber.dropped

    @property
    def frames_damaged(self) -> int:
        """Frames of the source that could not be decoded, or only with damage."""
        return self.before.damaged + int(self.source.get("frames_damaged", 0))

    @property
    def frames_total(self) -> int | None:
        """Frames that are going to come, where that is known."""
        return self.source.get("frames_total")

    @property
    def media_seconds(self) -> float:
        """How much of the source has been read."""
        return float(self.source.get("media_seconds", 0.0))


@dataclass
class RunResults:
    """What the services have reported about the run so far."""

    reports: dict[ServiceName, dict[int, ServiceReport]] = field(default_factory=dict)
    """Latest report by service and number of its process."""
    cameras: dict[str, CameraResults] = field(default_factory=lambda: defaultdict(CameraResults))
    """By camera id."""
    restarts: int = 0
    """Generations before the present one."""
    _earlier: dict[ServiceName, ServiceReport] = field(default_factory=dict)
    """What the services of earlier generations have reported last."""

    def take(self, name: ServiceName, report: ServiceReport, number: int = 0) -> None:
        """Take in the latest report of one process of a service."""
        self.reports.setdefault(name, {})[number] = report
        for camera_id, details in report.details.items():
            self.cameras[camera_id].take(name, report, details)

    def report_of(self, name: ServiceName) -> ServiceReport:
        """The latest report of a service, of all its processes together; zeros before the first one."""
        earlier = [self._earlier[name]] if name in self._earlier else []
        return ServiceReport.of_all([*earlier, *self.reports.get(name, {}).values()])

    def start_generation(self) -> None:
        """The processes begin anew."""
        self._earlier = {name: self.report_of(name) for name in ServiceName}
        self.reports = {}
        self.restarts += 1

    @property
    def frames_processed(self) -> int:
        """Frames of all cameras that went through detection, tracking and counting."""
        return sum(camera.frames_processed for camera in self.cameras.values())


Searched = Callable[[], Iterable[PlateRecord | UnreadRecord]]
"""Gives the vehicles whose plate was looked for, by track id, anew with each call."""


def searched_vehicles(folder: Path, results: CameraResults) -> Iterator[PlateRecord | UnreadRecord]:
    """The vehicles of a finished run whose plate was looked for, by track id: from its database, if it has one.

    A database that cannot be read is reported and gives none.
    """
    if not (folder / DATABASE_FILE).exists():
        yield from results.plates
        return
    try:
        yield from read_plates(folder)
    except (DatabaseError, sqlite3.Error) as error:
        logger.warning("the plates cannot be read back: {}", error)


def frame_rate(results: CameraResults, wall_seconds: float) -> float:
    """Frames per second that one camera's frames were processed at."""
    return round(results.frames_processed / wall_seconds, 1) if wall_seconds > 0 else 0.0


def plates_among(searched: Searched) -> Iterator[PlateRecord]:
    """Those with a plate."""
    return (cast(PlateRecord, vehicle) for vehicle in searched() if "text" in vehicle)


def build_summary(
    run: RunResults,
    camera_id: str,
    source: str,
    exit_reason: str,
    wall_seconds: float,
    searched: Searched = tuple,
) -> Mapping[str, Any]:
    """The content of ``summary.json`` of one camera. ``plates`` and ``unread_plates`` are iterators.

    Args:
        run: what the services reported. Their figures are of all cameras together.
        camera_id: name of the camera.
        source: the source, as it may be shown.
        exit_reason: ``end_of_stream``, ``stopped`` or ``aborted: <why>``.
        wall_seconds: from the first frame to the end.
        searched: the vehicles whose plate was looked for.
    """
    results = run.cameras[camera_id]
    processed = results.frames_processed
    live = {key: results.source[key] for key in OF_LIVE_SOURCES if key in results.source}
    return {
        "camera_id": camera_id,
        "source": source,
        "exit_reason": exit_reason,
        "frames": {
            "read": results.frames_read,
            "processed": processed,
            "dropped": results.frames_dropped,
            **({"damaged": results.frames_damaged} if results.frames_damaged else {}),
        },
        **live,
        "media_seconds": round(results.media_seconds, 3),
        "wall_seconds": round(wall_seconds, 3),
        "fps": frame_rate(results, wall_seconds),
        "counts": counts_summary(results.counts.together),
        "plates": plates_among(searched),
        "unread_plates": (vehicle for vehicle in searched() if "reason" in vehicle),
        "services": {name: _service_summary(run.report_of(name)) for name in ServiceName},
        **({"restarts": run.restarts} if run.restarts else {}),
    }


def counts_summary(counts: CountResults | None) -> dict[str, Any]:
    """All counts of a camera under the names of ``summary.json``."""
    if counts is None:
        return {"total": 0, "by_class": {}, "by_line": {}}
    fields: Mapping[str, Any] = counts
    added = {key: fields[key] for key in ("intervals", "movements", "zones", "speeds") if key in fields}
    return {
        "total": counts["total_count"],
        "by_class": counts["counts_by_class"],
        "by_line": counts.get("counts_by_line", {}),
        **added,
    }


def _service_summary(report: ServiceReport) -> dict[str, Any]:
    return {
        "processed": report.processed,
        "errors": report.errors,
        "dropped": report.dropped,
        "busy_ms_p50": report.busy_ms_p50,
        "busy_ms_p95": report.busy_ms_p95,
    }

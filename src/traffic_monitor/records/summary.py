"""The summary of a run, as written to ``summary.json``."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from traffic_monitor.records.plate_answers import read_plates, unread_plates
from traffic_monitor.records.plate_log import PlateRecord, PlateSighting, UnreadRecord
from traffic_monitor.runtime.control import ServiceReport
from traffic_monitor.shared_utils.constants import ServiceName
from traffic_monitor.shared_utils.custom_types import CountUpdateMessage


@dataclass
class CameraResults:
    """What the services have told about one camera so far."""

    grabber: ServiceReport = field(default_factory=ServiceReport)
    """Latest report of its frame grabber."""
    source: Mapping[str, Any] = field(default_factory=dict)
    """What the grabber tells of its source."""
    frames_processed: int = 0
    """Frames that went through detection, tracking and counting."""
    counts: CountUpdateMessage | None = None
    sightings: dict[int, PlateSighting] = field(default_factory=dict)
    """The vehicles of which a plate was found, by track id."""
    searched_in_vain: dict[int, UnreadRecord] = field(default_factory=dict)
    """The vehicles of which none was found, by track id."""

    def take(self, name: ServiceName, report: ServiceReport, details: Mapping[str, Any]) -> None:
        """Take in the latest report of one service, with what it tells of this camera alone."""
        if name is ServiceName.FRAME_GRABBER:
            self.grabber, self.source = report, details
        elif name is ServiceName.VEHICLE_COUNTER:
            self.frames_processed = details["processed"]
        if details.get("counts") is not None:
            self.counts = details["counts"]
        for record in details.get("plates", ()):
            self.sightings[record["track_id"]] = record
        for unread in details.get("searched_in_vain", ()):
            self.searched_in_vain[unread["track_id"]] = unread

    def forget_old(self, keep_s: float) -> None:
        """Forget vehicles that were last seen longer ago than this, in media seconds."""
        oldest = self.media_seconds - keep_s
        self.sightings = {track: seen for track, seen in self.sightings.items() if seen["last_seen"] >= oldest}
        self.searched_in_vain = {
            track: seen for track, seen in self.searched_in_vain.items() if seen["last_seen"] >= oldest
        }

    @property
    def plates(self) -> list[PlateRecord]:
        """The plates worth believing, by track id."""
        return read_plates(self.sightings)

    @property
    def frames_read(self) -> int:
        """Frames the source gave, those dropped later included."""
        reported = self.grabber.processed + int(self.source.get("dropped_at_source", 0))
        # A grabber that was killed has not reported its last second.
        return max(reported, self.frames_processed + self.frames_dropped)

    @property
    def frames_dropped(self) -> int:
        """Frames that were never detected because the pipeline was behind."""
        return self.grabber.dropped

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
    """What the services have told about the run so far."""

    reports: dict[ServiceName, dict[int, ServiceReport]] = field(default_factory=dict)
    """Latest report by service and number of its process."""
    cameras: dict[str, CameraResults] = field(default_factory=lambda: defaultdict(CameraResults))
    """By camera id."""

    def take(self, name: ServiceName, report: ServiceReport, number: int = 0) -> None:
        """Take in the latest report of one process of a service."""
        self.reports.setdefault(name, {})[number] = report
        for camera_id, details in report.details.items():
            self.cameras[camera_id].take(name, report, details)

    def report_of(self, name: ServiceName) -> ServiceReport:
        """The latest report of a service, of all its processes together; zeros before the first one."""
        return ServiceReport.of_all(list(self.reports.get(name, {}).values()))

    @property
    def frames_processed(self) -> int:
        """Frames of all cameras that went through detection, tracking and counting."""
        return sum(camera.frames_processed for camera in self.cameras.values())


def build_summary(
    run: RunResults, camera_id: str, source: str, exit_reason: str, wall_seconds: float
) -> Mapping[str, Any]:
    """The content of ``summary.json`` of one camera.

    Args:
        run: what the services told. Their figures are of all cameras together.
        camera_id: name of the camera.
        source: the source, as it may be shown.
        exit_reason: ``end_of_stream``, ``stopped`` or ``aborted: <why>``.
        wall_seconds: from the first frame to the end.
    """
    results = run.cameras[camera_id]
    processed = results.frames_processed
    return {
        "camera_id": camera_id,
        "source": source,
        "exit_reason": exit_reason,
        "frames": {"read": results.frames_read, "processed": processed, "dropped": results.frames_dropped},
        "media_seconds": round(results.media_seconds, 3),
        "wall_seconds": round(wall_seconds, 3),
        "fps": round(processed / wall_seconds, 1) if wall_seconds > 0 else 0.0,
        "counts": _counts_summary(results.counts),
        "plates": results.plates,
        "unread_plates": unread_plates(results.sightings, results.searched_in_vain),
        "services": {name: _service_summary(run.report_of(name)) for name in ServiceName},
    }


def _counts_summary(counts: CountUpdateMessage | None) -> dict[str, Any]:
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

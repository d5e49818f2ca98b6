"""The status file of a running program: how it is going, for other programs to read.

``<output_dir>/status-<pid>.json`` is replaced once a second and removed at the end. One of a program that has died
stays until the next start.
"""

import json
import os
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from traffic_monitor import __version__
from traffic_monitor.records.files import replacing
from traffic_monitor.shared_utils.constants import ServiceName
from traffic_monitor.shared_utils.guarded import Guard
from traffic_monitor.supervision.supervisor import RunStatus

INTERVAL_S = 1.0
"""Between two versions of the file."""

RATE_OVER = 10
"""Versions over which frame rates are taken: one second alone would jump."""

SILENT_AFTER_S = 10.0
"""A program that has not replaced its file for so long hangs."""

COMPLETING = "completing"
"""The state in which a program writes reports and exports, however long that takes."""

PATTERN = "status-*.json"


@dataclass(frozen=True)
class WatchedCamera:
    """What of a camera stands in the file and does not change."""

    camera_id: str
    source: str
    """As it may be shown."""
    folder: Path
    """Of the run."""


class StatusFile:
    """Writes the status file of this program. That it cannot be written is reported and ends nothing.

    Args:
        output_dir: an existing folder.
        cameras: the cameras of the run.
        now: monotonic seconds.
    """

    def __init__(
        self, output_dir: Path, cameras: Sequence[WatchedCamera], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._path = output_dir / f"status-{os.getpid()}.json"
        self._cameras = cameras
        self._now = now
        self._guard = Guard("status file", now)
        self._next = 0.0
        self._frames: deque[tuple[float, Mapping[str, int]]] = deque(maxlen=RATE_OVER + 1)
        """Monotonic seconds, and frames done by camera."""
        self._content: dict[str, Any] = {
            "version": __version__,
            "pid": os.getpid(),
            "process": process_mark(os.getpid()),
        }

    def __enter__(self) -> Self:
        for status in read_status_files(self._path.parent):
            if status.answer is Answer.GONE:
                with suppress(OSError):
                    status.path.unlink()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._path.unlink()

    def update(self, status: RunStatus) -> None:
        """Replace the file, if it is time or the run has entered another state."""
        now, state = self._now(), status.state.name.lower()
        if now < self._next and state == self._content.get("state"):
            return
        self._next = now + INTERVAL_S
        results = status.results
        self._frames.append((now, {name: each.frames_processed for name, each in results.cameras.items()}))
        reports = {name: results.report_of(name) for name in ServiceName}
        self._content |= {
            "state": state,
            "running_seconds": round(status.running_seconds, 1),
            "processes": {"ready": status.ready, "of": status.processes},
            "restarts": results.restarts,
            "cameras": {each.camera_id: self._camera(each, status) for each in self._cameras},
            "services": {
                name: {
                    "processed": report.processed,
                    "errors": report.errors,
                    "dropped": report.dropped,
                    "busy_ms_p95": report.busy_ms_p95,
                    "latency_ms_p95": report.latency_ms_p95,
                }
                for name, report in reports.items()
            },
            "queues": dict(status.queue_fill),
        }
        self._write()

    def completing(self) -> None:
        """The run has ended; its reports are being written."""
        self._content["state"] = COMPLETING
        self._write()

    def _camera(self, camera: WatchedCamera, status: RunStatus) -> dict[str, Any]:
        results = status.results.cameras[camera.camera_id]
        (first, before), (last, after) = self._frames[0], self._frames[-1]
        done = after.get(camera.camera_id, 0) - before.get(camera.camera_id, 0)
        outages = results.source.get("outages") or []
        return {
            "source": camera.source,
            "folder": str(camera.folder.resolve()),
            "state": status.ended.get(camera.camera_id) or results.source.get("source_state"),
            "failure": results.source.get("source_failure"),
            "outages": outages[-1]["number"] if outages else 0,
            "frames_per_s": round(done / (last - first), 1) if last > first else None,
            "frames": {
                "read": results.frames_read,
                "processed": results.frames_processed,
                "dropped": results.frames_dropped,
                "total": results.frames_total,
            },
            "counted": results.counts.latest["total_count"] if results.counts.latest else 0,
            "plates": results.plates_read,
            "passages_not_written": results.missing_passages,
        }

    def _write(self) -> None:
        self._content["updated_at"] = time.time()
        text = json.dumps(self._content, ensure_ascii=False, indent=2)
        self._guard.attempt(lambda: self._replace(text))

    def _replace(self, text: str) -> None:
        with replacing(self._path) as part:
            part.write_text(text, encoding="utf-8")


class Answer(StrEnum):
    """Whether a program is there."""

    RUNNING = "running"
    SILENT = "silent"
    """Its process is there, but has not written for long: it hangs."""
    GONE = "gone"
    """Its process is not there any more, and has not removed its file: it was killed."""


@dataclass(frozen=True)
class ProgramStatus:
    """What one status file says."""

    path: Path
    content: Mapping[str, Any]
    answer: Answer


def read_status_files(output_dir: Path, now: Callable[[], float] = time.time) -> list[ProgramStatus]:
    """The status of each program that writes into a folder, by process number; what is no status file is left out.

    Args:
        output_dir: where the programs write.
        now: epoch seconds.
    """
    found = []
    for path in output_dir.glob(PATTERN):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            pid, mark, updated_at = int(content["pid"]), content["process"], float(content["updated_at"])
        except (OSError, ValueError, KeyError, TypeError):  # Removed in this moment, or somebody else's.
            continue
        answer = Answer.RUNNING
        if process_mark(pid) != mark:
            answer = Answer.GONE
        elif now() - updated_at > SILENT_AFTER_S and content.get("state") != COMPLETING:
            answer = Answer.SILENT
        found.append((pid, ProgramStatus(path, content, answer)))
    return [status for _, status in sorted(found, key=lambda each: each[0])]


def process_mark(pid: int) -> str | None:
    """What tells a process from all others that have had its number, whatever the clock does; None: it is gone."""
    stat, boot = Path(f"/proc/{pid}/stat"), Path("/proc/sys/kernel/random/boot_id")
    try:
        if boot.exists():
            state, *fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            return None if state == "Z" else f"{boot.read_text().strip()}:{fields[18]}"  # Started at, in ticks.
        return str(psutil.Process(pid).create_time())
    except (OSError, psutil.Error):
        return None

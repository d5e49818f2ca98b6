"""Shows how a run is going: a status line every few seconds, a progress bar where somebody watches."""

import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from types import TracebackType
from typing import Self

from loguru import logger
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from traffic_monitor.records.sightings import PlateRecord
from traffic_monitor.shared_utils.constants import ServiceName, SourceState
from traffic_monitor.shared_utils.custom_types import CountUpdateMessage
from traffic_monitor.supervision.states import END_OF_STREAM, RunState
from traffic_monitor.supervision.summary import CameraResults
from traffic_monitor.supervision.supervisor import RunStatus

MOST_PLATES = 100
"""Rows of the table at the end; who wants more than fill a few screens searches the records."""


class StatusDisplay:
    """Turns run states into a progress bar on a terminal and status lines in the log.

    Args:
        console: where to show it.
        interval_s: seconds between two status lines.
    """

    def __init__(self, console: Console, interval_s: float) -> None:
        self._console = console
        self._interval_s = interval_s
        self._next_line = 0.0
        self._last_frames = 0
        self._last_time = time.monotonic()
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),  # A camera may be called [gate].
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TextColumn("{task.fields[found]}"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._loading = self._progress.add_task("loading models", total=len(ServiceName), rate="", found="")
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def update(self, status: RunStatus) -> None:
        """Show one state of the run."""
        if status.state is RunState.STARTING:
            self._progress.update(self._loading, completed=status.ready, total=status.processes)
            return
        self._progress.update(self._loading, visible=False)
        for camera_id, results in status.results.cameras.items():
            if camera_id not in self._tasks:
                self._tasks[camera_id] = self._progress.add_task("", total=None, rate="", found="")
            rate = results.frames_processed / status.running_seconds if status.running_seconds > 0 else 0.0
            self._progress.update(
                self._tasks[camera_id],
                description=_description(camera_id, status),
                completed=results.frames_processed,
                total=results.frames_total,
                rate=f"{rate:.1f} frames/s",
                found=_found(results),
            )
        now = time.monotonic()
        if now >= self._next_line:
            self._line(status, now)

    def _line(self, status: RunStatus, now: float) -> None:
        results = status.results
        frames = results.frames_processed
        rate = (frames - self._last_frames) / max(now - self._last_time, 1e-6)
        self._next_line, self._last_frames, self._last_time = now + self._interval_s, frames, now
        fill = " ".join(f"{name}={'?' if fill is None else fill}" for name, fill in status.queue_fill.items())
        drops = sum(report.dropped for report in map(results.report_of, ServiceName))
        cameras = "; ".join(
            f"{_description(camera_id, status)} {_progress(camera)}, {_found(camera)}"
            for camera_id, camera in results.cameras.items()
        )
        logger.info("{}; {:.1f} frames/s, {} drops; queues: {}", cameras, rate, drops, fill)


def _description(camera_id: str, status: RunStatus) -> str:
    """Which camera, where there are several, and what it is doing."""
    doing = "finishing" if status.state in (RunState.DRAINING, RunState.ENDING) else "frames"
    if len(status.results.cameras) == 1:
        return doing
    ended = status.ended.get(camera_id)
    return f"{camera_id}: {doing if ended is None else 'ended' if ended == END_OF_STREAM else 'lost'}"


def _progress(results: CameraResults) -> str:
    return f"{results.frames_processed}" + (f"/{results.frames_total}" if results.frames_total else "")


def _found(results: CameraResults) -> str:
    """What was found so far, in few words."""
    counted = results.counts.latest["total_count"] if results.counts.latest else 0
    dropped = f", {results.frames_dropped} dropped" if results.frames_dropped else ""
    state = results.source.get("source_state", SourceState.RUNNING)
    away = "" if state in (SourceState.RUNNING, SourceState.ENDED) else f", source {state}"
    return f"{counted} counted, {results.plates_read} plates{dropped}{away}"


def _count_rows(counts: CountUpdateMessage) -> Iterator[tuple[str, str]]:
    """What was counted, as rows of label and value."""
    for line, directions in counts.get("counts_by_line", {}).items():
        for direction, classes in directions.items():
            yield f"line {line}, {direction}", _with_parts(classes)
    for origin, destinations in counts.get("movements", {}).items():
        for destination, classes in destinations.items():
            yield f"from {origin} to {destination}", _with_parts(classes)
    for name, zone in counts.get("zones", {}).items():
        yield f"zone {name}", f"{zone['entries']} in, {zone['exits']} out, {zone['max_occupancy']} at once at most"
    if "speeds" in counts:
        speeds = counts["speeds"]
        median = f", median {speeds['median']} {speeds['unit']}" if speeds["median"] is not None else ""
        yield "speed", f"{speeds['measured']} measured, {speeds['refused']} refused{median}"


def _with_parts(classes: Mapping[str, int]) -> str:
    parts = ", ".join(f"{number} {name}" for name, number in sorted(classes.items()))
    return f"{sum(classes.values())}" + (f" ({parts})" if parts else "")


def result_table(results: CameraResults, title: str, plates: Iterable[PlateRecord] = ()) -> Table:
    """What a finished run has counted and read at one camera, as a table."""
    table = Table(title=Text(title), title_justify="left", show_header=True)
    table.add_column("what")
    table.add_column("value")
    counts = results.counts.together
    for label, value in _count_rows(counts) if counts else ():
        table.add_row(label, value)
    shown = list(islice(plates, MOST_PLATES))
    for record in shown:
        label = f"plate of {record['class_name']} {record['track_id']}"
        table.add_row(label, f"{record['text']} ({record['confidence']:.2f}, {record['readings']} readings)")
    more = results.plates_read - len(shown)
    if more > 0:
        where = "see traffic-monitor search" if len(shown) == MOST_PLATES else "not in the records"
        table.add_row("more plates", f"{more}; {where}")
    return table

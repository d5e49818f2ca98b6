"""Measures a run: what each service costs, what waits for what, and how long a frame is under way."""

import json
import multiprocessing
import tempfile
import time
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
from rich.table import Table

from traffic_monitor.records.files import replacing
from traffic_monitor.records.run_folder import create_run_folders
from traffic_monitor.runtime.control import ServiceReport
from traffic_monitor.settings import Settings
from traffic_monitor.shared_utils.constants import ServiceName
from traffic_monitor.supervision.states import RunState
from traffic_monitor.supervision.summary import RunResults
from traffic_monitor.supervision.supervisor import RunOutcome, RunStatus, Supervisor

MEGABYTE = 1e6
SAMPLE_INTERVAL_S = 1.0
"""Queues and reports are looked at this often."""
MEMORY_INTERVAL_S = 4.0
"""Memory less often: the kernel adds up a process's pages one by one, and the process waits meanwhile."""


@dataclass(frozen=True)
class ServiceCost:
    """What one service did in a run. Times of work and waiting are per message, in milliseconds."""

    messages: int
    busy_ms_p50: float
    busy_ms_p95: float
    wait_ms_p50: float
    wait_ms_p95: float
    latency_ms_p50: float
    """From the capture of a frame until this service was done with it."""
    latency_ms_p95: float
    cpu_s: float
    cpu_share: float
    """Of the processor time of all services, 0-1."""
    cpu_ms_per_frame: float
    memory_mb: float
    """Most physical memory seen, pages shared with others in shares (PSS)."""
    dropped: int
    errors: int


@dataclass(frozen=True)
class QueueFill:
    """How full one queue was, looked at once a second."""

    mean: float
    most: int


@dataclass(frozen=True)
class Measurement:
    """One measured run."""

    source: str
    frames: int
    wall_s: float
    """From the first frame until every service is done with the last."""
    frames_per_s: float
    latency_ms_p50: float
    """From the capture of a frame until it was counted."""
    latency_ms_p95: float
    startup_s: float
    """From the start of the run until all services were ready."""
    first_result_s: float | None
    """From the start of the run until the visualizer was done with the first message."""
    memory_mb: float
    """Most physical memory of all processes together, this one included (PSS)."""
    dropped: int
    exit_reason: str
    services: dict[str, ServiceCost]
    queues: dict[str, QueueFill]
    timeline: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    """Per service: seconds since the start, and the share of the time before in which it was busy."""


class RunSampler:
    """Looks at a run from outside while it goes on."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.startup_s = 0.0
        self.memory_mb: dict[str, float] = defaultdict(float)
        self.most_memory_mb = 0.0
        self.fills: dict[str, list[int]] = defaultdict(list)
        self.timeline: dict[str, list[tuple[float, float]]] = defaultdict(list)
        self._busy_before: dict[str, tuple[float, float]] = {}
        self._next_sample = 0.0
        self._next_memory = 0.0

    def look(self, status: RunStatus) -> None:
        """Take a sample if it is time for one."""
        now = time.monotonic()
        if status.state is not RunState.STARTING and not self.startup_s:
            self.startup_s = now - self.started
        if now < self._next_sample:
            return
        self._next_sample = now + SAMPLE_INTERVAL_S
        if now >= self._next_memory:
            self._next_memory = now + MEMORY_INTERVAL_S
            self._look_at_memory()
        if status.state is RunState.STARTING:
            return
        for name, fill in status.queue_fill.items():
            self.fills[name].append(fill or 0)
        self._look_at_reports(status.results, now)

    def _look_at_memory(self) -> None:
        by_service: dict[str, float] = defaultdict(float)
        together = psutil.Process().memory_full_info().pss / MEGABYTE
        for child in multiprocessing.active_children():
            try:
                used = psutil.Process(child.pid).memory_full_info().pss / MEGABYTE
            except psutil.Error:  # It has just ended.
                continue
            by_service[child.name] += used
            together += used
        for name, used in by_service.items():
            self.memory_mb[name] = max(self.memory_mb[name], used)
        self.most_memory_mb = max(self.most_memory_mb, together)

    def _look_at_reports(self, results: RunResults, now: float) -> None:
        for name in ServiceName:
            busy = results.report_of(name).busy_s
            then, busy_then = self._busy_before.get(name, (now, busy))
            if now > then:
                self.timeline[name].append(
                    (round(now - self.started, 2), min((busy - busy_then) / (now - then), 1.0))
                )
            self._busy_before[name] = (now, busy)


def measure_run(settings: Settings, source: str) -> Measurement:
    """Run the pipeline once in a temporary folder and measure it.

    Args:
        settings: of the run.
        source: as it may be shown.
    """
    with tempfile.TemporaryDirectory() as folder:
        cameras = [camera.camera_id for camera in settings.each_camera()]
        run_dirs = create_run_folders(Path(folder), cameras, datetime.now().astimezone())
        sampler = RunSampler()
        outcome = Supervisor(settings, run_dirs, sampler.look).run()
    return _measurement(outcome, sampler, source)


def _measurement(outcome: RunOutcome, sampler: RunSampler, source: str) -> Measurement:
    results = outcome.results
    frames = results.frames_processed
    reports = {name: results.report_of(name) for name in ServiceName}
    cpu_s = sum(report.cpu_s for report in reports.values())
    counter = reports[ServiceName.VEHICLE_COUNTER]
    shown_at = reports[ServiceName.VISUALIZER].first_done_at
    began = reports[ServiceName.FRAME_GRABBER].first_done_at
    done = max((report.last_done_at for report in reports.values() if report.last_done_at), default=None)
    wall_s = done - began if began and done else 0.0
    return Measurement(
        source=source,
        frames=frames,
        wall_s=round(wall_s, 2),
        frames_per_s=round(frames / wall_s, 2) if wall_s else 0.0,
        latency_ms_p50=counter.latency_ms_p50,
        latency_ms_p95=counter.latency_ms_p95,
        startup_s=round(sampler.startup_s, 2),
        first_result_s=None if shown_at is None else round(shown_at - sampler.started, 2),
        memory_mb=round(sampler.most_memory_mb),
        dropped=sum(report.dropped for report in reports.values()),
        exit_reason=outcome.exit_reason,
        services={name: _cost(report, frames, cpu_s, sampler.memory_mb[name]) for name, report in reports.items()},
        queues={
            name: QueueFill(round(sum(fills) / len(fills), 1), max(fills)) for name, fills in sampler.fills.items()
        },
        timeline=dict(sampler.timeline),
    )


def _cost(report: ServiceReport, frames: int, cpu_s: float, memory_mb: float) -> ServiceCost:
    return ServiceCost(
        messages=report.processed,
        busy_ms_p50=report.busy_ms_p50,
        busy_ms_p95=report.busy_ms_p95,
        wait_ms_p50=report.wait_ms_p50,
        wait_ms_p95=report.wait_ms_p95,
        latency_ms_p50=report.latency_ms_p50,
        latency_ms_p95=report.latency_ms_p95,
        cpu_s=round(report.cpu_s, 2),
        cpu_share=round(report.cpu_s / cpu_s, 3) if cpu_s else 0.0,
        cpu_ms_per_frame=round(1000 * report.cpu_s / frames, 2) if frames else 0.0,
        memory_mb=round(memory_mb),
        dropped=report.dropped,
        errors=report.errors,
    )


def as_tables(measured: Measurement) -> list[Table]:
    """The measurement for people: services, then queues and the whole."""
    columns = ("service", "messages", "busy p50", "p95", "wait p50", "p95", "latency p50", "p95")
    services = Table(*columns, "CPU s", "share", "CPU/frame", "memory", "drops", title="milliseconds, megabytes")
    for name, cost in measured.services.items():
        services.add_row(
            name, str(cost.messages), f"{cost.busy_ms_p50:.1f}", f"{cost.busy_ms_p95:.1f}",
            f"{cost.wait_ms_p50:.1f}", f"{cost.wait_ms_p95:.1f}", f"{cost.latency_ms_p50:.0f}",
            f"{cost.latency_ms_p95:.0f}", f"{cost.cpu_s:.1f}", f"{cost.cpu_share:.0%}",
            f"{cost.cpu_ms_per_frame:.1f}", f"{cost.memory_mb:.0f}", str(cost.dropped),
        )  # fmt: skip
    whole = Table("what", "value")
    first = "never" if measured.first_result_s is None else f"{measured.first_result_s:.1f} s"
    cpu = sum(cost.cpu_ms_per_frame for cost in measured.services.values())
    for what, value in (
        ("frames", f"{measured.frames} at {measured.frames_per_s:.1f} frames/s, {measured.dropped} drops"),
        ("capture to count", f"{measured.latency_ms_p50:.0f} ms, p95 {measured.latency_ms_p95:.0f} ms"),
        ("CPU per frame", f"{cpu:.1f} ms"),
        ("memory of all processes", f"{measured.memory_mb:.0f} MB"),
        ("services ready, first result", f"{measured.startup_s:.1f} s, {first}"),
        ("fullest queues", ", ".join(f"{name} {fill.mean:g}" for name, fill in _fullest(measured.queues))),
        ("ended", measured.exit_reason),
    ):
        whole.add_row(what, value)
    return [services, whole]


def _fullest(queues: dict[str, QueueFill]) -> list[tuple[str, QueueFill]]:
    return sorted(queues.items(), key=lambda item: -item[1].mean)[:3]


def write_measurement(measured: Measurement, stem: Path) -> list[Path]:
    """Write ``<stem>.json`` and ``<stem>.png``; the paths.

    Raises:
        OSError: they cannot be written.
    """
    paths = [stem.with_suffix(".json"), stem.with_suffix(".png")]
    content: dict[str, Any] = asdict(measured)
    with replacing(paths[0]) as part:
        part.write_text(json.dumps(content, indent=1), encoding="utf-8")
    with replacing(paths[1]) as part:
        _draw(measured, part)
    return paths


def _draw(measured: Measurement, path: Path) -> None:
    """A timeline of how busy each service was, and the processor time each frame cost."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 7), layout="constrained")
    FigureCanvasAgg(figure)
    timeline, bars = figure.subplots(2, 1, height_ratios=(3, 2))
    names = [str(name) for name in ServiceName]
    for row, name in enumerate(names):
        samples = measured.timeline.get(name, [])
        times, shares = [at for at, _ in samples], [share for _, share in samples]
        base = len(names) - 1 - row
        timeline.fill_between(times, base, [base + 0.9 * share for share in shares], step="pre", color="#0072b2")
        timeline.axhline(base, color="#dfe4e8", linewidth=0.8)
    timeline.set(
        yticks=[row + 0.4 for row in range(len(names))], yticklabels=names[::-1], ylim=(0, len(names)),
        xlabel="seconds since the start", title=f"busy share, {measured.frames_per_s:.1f} frames/s",
    )  # fmt: skip
    costs = [measured.services[name].cpu_ms_per_frame for name in names]
    drawn = bars.barh(names, costs, color="#d55e00")
    bars.bar_label(drawn, fmt="%.1f", padding=3)
    bars.set(xlabel="CPU milliseconds per frame", title=f"{sum(costs):.1f} ms of processor time per frame")
    bars.invert_yaxis()
    figure.savefig(path, dpi=100, format="png")

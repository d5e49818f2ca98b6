"""Whether memory and the supervisor's work stay flat however long a run is.

    python -m benchmarks.long_run [--passages 200000] [--warm 2000] [--status 50000] [--end]

Takes generated passages of a busy road, as the services would report them, into a recorder (book and store, as in
the visualizer) and into the supervisor's results. Prints the memory of this process after WARM, STATUS and
PASSAGES passages, and how long the supervisor then takes for a report of the visualizer and the status line.
With --end summary, exports and report are made of the run, each in a process of its own, of which the time and the
memory are printed.
"""

import argparse
import gc
import multiprocessing
import random
import re
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from io import StringIO
from pathlib import Path

from loguru import logger
from rich.console import Console

from benchmarks.records import MIDNIGHT, frame_at, journey_at, reading_at
from traffic_monitor.app.status import StatusDisplay
from traffic_monitor.records.exports import ExportFormat, export_run
from traffic_monitor.records.passages import RunRecords
from traffic_monitor.records.recorder import Recorder
from traffic_monitor.records.run_folder import write_summary
from traffic_monitor.report.page import write_report
from traffic_monitor.runtime.control import ServiceReport
from traffic_monitor.settings import Settings
from traffic_monitor.shared_utils.constants import ServiceName
from traffic_monitor.shared_utils.custom_types import CountUpdateMessage
from traffic_monitor.supervision.summary import RunResults, build_summary, searched_vehicles
from traffic_monitor.supervision.supervisor import RunState, RunStatus

SECONDS_EACH = 0.9
"""Between two vehicles: 100,000 a day."""
PER_WRITE = 5
"""Passages between two writes."""
PASSES = 200
"""Status passes that are timed; the median counts."""
MEGABYTE = 1e6


class Road:
    """A run without its processes: the visualizer's records and the supervisor's results."""

    def __init__(self, folder: Path) -> None:
        line = {"name": "main", "points": [[0.0, 0.6], [1.0, 0.6]]}
        config = Settings.model_validate(
            {"frame_grabber": {"start_time": "2026-05-28T00:00"}, "vehicle_counter": {"lines": [line]}}
        )
        self.recorder = Recorder(folder, config, "generated")
        self.results = RunResults()
        self.display = StatusDisplay(Console(file=StringIO()), 0)
        self.dice = random.Random(1)
        self.number = 0

    def drive(self, passages: int) -> None:
        """Let so many vehicles pass in all."""
        while self.number < passages:
            self.number += 1
            media = self.number * SECONDS_EACH
            journey = journey_at(self.number, media, self.dice)
            self.recorder.take(CountUpdateMessage(
                camera_id="cam1", timestamp=MIDNIGHT + media, counts_by_class={"car": self.number},
                total_count=self.number, journeys=[journey],
            ))  # fmt: skip
            if self.dice.random() < 0.8:
                self.recorder.take(reading_at(self.number, media, journey["class_name"], self.dice))
            if self.number % PER_WRITE == 0:
                self.recorder.take(frame_at(media))
                self.recorder.write()
                self.pass_status()

    def pass_status(self) -> None:
        """What the supervisor does with one report of the visualizer, and the status shown."""
        counts = CountUpdateMessage(
            camera_id="cam1", timestamp=MIDNIGHT, counts_by_class={"car": self.number}, total_count=self.number
        )
        details = {"cam1": {"processed": self.number, "counts": counts, **self.recorder.details()}}
        self.results.take(ServiceName.VISUALIZER, ServiceReport(details=details))
        self.display.update(RunStatus(RunState.RUNNING, 7, 7, 1.0, self.results, {"raw_frames": 3}))


def memory_mb() -> float:
    """Resident memory of this process, without garbage."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * resource.getpagesize() / MEGABYTE


def peak_mb() -> float:
    """The most memory that this process has had; unlike ``ru_maxrss`` without that of its parent."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    (kilobytes,) = re.findall(r"VmHWM:\s+(\d+) kB", status)
    return int(kilobytes) * 1024 / MEGABYTE


def status_ms(road: Road) -> float:
    """Median time of a status pass."""
    times = []
    for _ in range(PASSES):
        started = time.perf_counter()
        road.pass_status()
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000


def at_the_end(what: str, folder: Path, results: RunResults) -> None:
    """Make one of the files of a finished run, and print what that took of a fresh process."""
    started = time.perf_counter()
    before = peak_mb()
    if what == "summary":
        searched = partial(searched_vehicles, folder, results.cameras["cam1"])
        write_summary(folder, build_summary(results, "cam1", "generated", "end_of_stream", 1.0, searched))
    elif what == "report":
        write_report(folder)
    else:
        export_run(RunRecords.load(folder, trajectories=True), ExportFormat(what), folder)
    seconds, more = time.perf_counter() - started, peak_mb() - before
    print(f"{what + ' at the end':40} {seconds:8.1f} s {more:8.1f} MB more", flush=True)


def alone(work: Callable[[], None]) -> None:
    """Run in a process of its own, which starts small."""
    process = multiprocessing.get_context("spawn").Process(target=work)
    process.start()
    process.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=int, default=200_000)
    parser.add_argument("--warm", type=int, default=2_000)
    parser.add_argument("--status", type=int, default=50_000)
    parser.add_argument("--end", action="store_true")
    arguments = parser.parse_args()
    logger.remove()
    with tempfile.TemporaryDirectory() as name:
        road = Road(Path(name))
        memory, status = {}, {}
        for passages in sorted({arguments.warm, arguments.status, arguments.passages}):
            road.drive(passages)
            memory[passages], status[passages] = memory_mb(), status_ms(road)
            print(
                f"{passages:>10,} passages {memory[passages]:8.1f} MB {status[passages]:8.3f} ms a status pass",
                flush=True,
            )
        growth = memory[arguments.passages] / memory[arguments.warm] - 1
        print(f"growth of memory from {arguments.warm:,} to {arguments.passages:,}: {growth:+.1%}")
        road.recorder.close()
        for what in ("summary", "csv", "jsonl", "report") if arguments.end else ():
            alone(partial(at_the_end, what, Path(name), road.results))


if __name__ == "__main__":
    main()

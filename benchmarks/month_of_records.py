"""Whether one day of a camera's month is searched, exported and reported as fast as if there were no other days.

    python benchmarks/month_of_records.py [--passages 3000000] [--days 30]

Records the passages of a month as a live run does, which begins a new folder at every midnight. Then the functions
of the commands are timed on a day in the middle, in the output folder of the month and in one that holds that day
only.
"""

import argparse
import random
import shutil
import tempfile
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from loguru import logger

from benchmarks.records import DAY_S, MIDNIGHT, frame_at, journey_at, reading_at, seconds, timed
from traffic_monitor.records.database import DATABASE_FILE, open_database
from traffic_monitor.records.days import make_day_folder
from traffic_monitor.records.exports import ExportFormat, export_run
from traffic_monitor.records.recorder import Recorder
from traffic_monitor.records.search import Query, search
from traffic_monitor.records.spans import Moment, TimeSpan, records_of, runs_in
from traffic_monitor.report.page import write_report_of
from traffic_monitor.settings import Settings
from traffic_monitor.shared_utils.custom_types import CountUpdateMessage

BATCH = 500
REPEATS = 3
"""Each time is the best of so many."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=int, default=3_000_000)
    parser.add_argument("--days", type=int, default=30)
    arguments = parser.parse_args()
    logger.remove()
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), arguments.passages, arguments.days)


def measure(folder: Path, passages: int, days: int) -> None:
    """Print one line for each thing that is timed."""
    month, single = folder / "month", folder / "single"
    timed(f"record {passages} passages in {days} days", lambda: record(month, passages, days))
    size = sum(path.stat().st_size for path in month.glob(f"*/{DATABASE_FILE}"))
    print(f"{'size of the databases':40} {size / 1e6:8.1f} MB")
    day = (datetime.fromtimestamp(MIDNIGHT, UTC) + timedelta(days=days // 2)).date()
    chosen = next(month.glob(f"*_{day:%Y%m%d}"))
    shutil.copytree(chosen, single / chosen.name)
    span = TimeSpan(Moment(day=day), Moment(day=day))
    print(f"{'one day':40} {'month':>10} {'alone':>10}")
    for name, action in ACTIONS.items():
        times = [min(seconds(lambda: action(each, span)) for _ in range(REPEATS)) for each in (month, single)]  # noqa: B023
        print(f"{name:40} {times[0]:8.3f} s {times[1]:8.3f} s")


def record(output_dir: Path, passages: int, days: int) -> None:
    """Let the recorder take everything that a live run would tell it."""
    dice = random.Random(1)
    line = {"name": "main", "points": [[0.0, 0.6], [1.0, 0.6]]}
    camera = {"source": "rtsp://camera", "timezone": "UTC"}
    config = Settings.model_validate({"frame_grabber": camera, "vehicle_counter": {"lines": [line]}})
    first = output_dir / f"cam1_{datetime.fromtimestamp(MIDNIGHT, UTC):%Y%m%d}"
    make_day_folder(first)
    now = [MIDNIGHT]
    recorder = Recorder(first, config, "generated", clock=lambda: now[0])
    for number in range(1, passages + 1):
        media = number * days * DAY_S / passages
        now[0] = MIDNIGHT + media
        if number % BATCH == 1:
            recorder.take(frame_at(media))
        journey = journey_at(number, media, dice)
        recorder.take(CountUpdateMessage(
            camera_id="cam1", timestamp=now[0], counts_by_class={}, total_count=number, journeys=[journey],
        ))  # fmt: skip
        if dice.random() < 0.8:
            recorder.take(reading_at(number, media, journey["class_name"], dice))
        if number % BATCH == 0:
            recorder.write()
    recorder.close()


def search_day(output_dir: Path, span: TimeSpan) -> None:
    """As ``search --plate '3*' --from DAY --to DAY`` does."""
    for folder, _ in runs_in(output_dir, span):
        with closing(open_database(folder)) as database:
            search(database, Query(plate="3*", span=span))


def export_day(output_dir: Path, span: TimeSpan) -> None:
    """As ``export --from DAY --to DAY`` does."""
    export_run(records_of(list(runs_in(output_dir, span)), span), ExportFormat.CSV, output_dir)


def report_day(output_dir: Path, span: TimeSpan) -> None:
    """As ``report --from DAY --to DAY`` does."""
    write_report_of(records_of(list(runs_in(output_dir, span)), span, trajectories=True), output_dir)


ACTIONS: dict[str, Callable[[Path, TimeSpan], None]] = {
    "search by the beginning of a plate": search_day,
    "export to csv": export_day,
    "report": report_day,
}


if __name__ == "__main__":
    main()

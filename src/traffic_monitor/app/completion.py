"""Completes the folder of a run that has ended, or of a day that is over: summary, exports, report."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from loguru import logger

from traffic_monitor.records.database import DATABASE_FILE, DatabaseError, open_database
from traffic_monitor.records.days import has_marker
from traffic_monitor.records.exports import ExportFormat, export_run
from traffic_monitor.records.passages import RunFacts, RunRecords, run_facts
from traffic_monitor.records.recorded_counts import recorded_counts
from traffic_monitor.records.run_folder import SUMMARY_FILE, write_summary
from traffic_monitor.records.runs import facts_in, finish_run
from traffic_monitor.records.store import read_plates
from traffic_monitor.report.page import write_report
from traffic_monitor.settings import VehicleCounterSettings
from traffic_monitor.shared_utils.constants import ExitCode
from traffic_monitor.shared_utils.day_names import date_in_name
from traffic_monitor.supervision.summary import counts_summary, plates_among
from traffic_monitor.supervision.supervisor import RunOutcome

END_OF_DAY = "end_of_day"
"""Exit reason of a day at whose end the camera was running, or whose run was killed."""

COMPLETE_AFTER = timedelta(minutes=10)
"""A day is completed that long after midnight: vehicles first seen before it are still in sight then."""


def complete_records(run_dir: Path, camera_id: str, outcome: RunOutcome, patience_s: float) -> None:
    """Write how a run of one camera ended, then its exports and report; what cannot be written is reported.

    After a second Ctrl-C only the first: whoever presses it does not want to wait.

    Args:
        run_dir: of the run.
        camera_id: of the camera.
        outcome: of the run.
        patience_s: how long to wait for somebody else who has locked the database.
    """
    reason, damaged = outcome.reason_of(camera_id), outcome.results.cameras[camera_id].frames_damaged
    _attempt(
        "how the run ended is not recorded",
        lambda: finish_run(run_dir, reason, time.time(), patience_s, frames_damaged=damaged),
    )
    if outcome.exit_code is not ExitCode.INTERRUPTED:
        _attempt("the run's report and exports are not complete", lambda: _export_and_report(run_dir))


def unfinished_days(output_dir: Path, now: float) -> Iterator[Path]:
    """The folders of days that are over and not complete, the oldest first.

    Args:
        output_dir: where they are.
        now: epoch seconds.
    """
    for folder in sorted(output_dir.glob("*_*/")):
        day = date_in_name(folder)
        if day is None or folder.is_symlink() or not (folder / DATABASE_FILE).exists() or not has_marker(folder):
            continue
        facts = facts_in(folder)
        if facts is None:
            continue
        is_complete = "exit_reason" in facts.values and (folder / SUMMARY_FILE).exists()
        if not is_complete and day < (facts.clock.local(now) - COMPLETE_AFTER).date():
            yield folder


def complete_day(folder: Path) -> None:
    """Complete the folder of a day that is over; what cannot be written is reported and tried again later."""
    (folder / SUMMARY_FILE).unlink(missing_ok=True)  # Written last, it says that all of it is complete.

    def complete() -> None:
        finish_run(folder, END_OF_DAY, time.time())
        _export_and_report(folder)
        write_summary(folder, {**day_summary(folder), **_plates(folder)})
        logger.info("{} is complete", folder)

    _attempt(f"the records of {folder.name} are not complete", complete)


def day_summary(folder: Path) -> dict[str, Any]:
    """What the records say about a camera's day, as in ``summary.json``; frames and rates are not among them.

    Raises:
        DatabaseError, sqlite3.Error: they cannot be read.
    """
    with closing(open_database(folder)) as database:
        facts = run_facts(database)
        counts = recorded_counts(database, _counting(facts), facts.clock)
    by_line = counts.get("counts_by_line", {})
    for line in facts.lines:
        directions = by_line.setdefault(line.name, {})
        for direction in (line.in_name, line.out_name):
            directions.setdefault(direction, {})
    return {
        "camera_id": facts.camera_id,
        "source": facts.values.get("source", ""),
        "exit_reason": facts.values.get("exit_reason", END_OF_DAY),
        "counts": counts_summary(counts),
    }


def _counting(facts: RunFacts) -> VehicleCounterSettings:
    return VehicleCounterSettings.model_validate_json(facts.values.get("vehicle_counter", "{}"))


def _plates(folder: Path) -> Mapping[str, Any]:
    searched = partial(read_plates, folder)
    return {
        "plates": plates_among(searched),
        "unread_plates": (vehicle for vehicle in searched() if "reason" in vehicle),
    }


def _export_and_report(run_dir: Path) -> None:
    records = RunRecords.load(run_dir, trajectories=True)
    export_run(records, ExportFormat.CSV, run_dir)
    export_run(records, ExportFormat.JSONL, run_dir)
    write_report(run_dir)


def _attempt(complaint: str, action: Callable[[], object]) -> None:
    """Do what no other result depends on: whatever goes wrong is reported, and the others are still printed."""
    try:
        action()
    except Exception as error:  # noqa: BLE001
        is_known = isinstance(error, DatabaseError | sqlite3.Error | OSError | MemoryError)
        trace = None if is_known else error
        logger.opt(exception=trace).warning("{}: {}", complaint, str(error) or "no memory is left")

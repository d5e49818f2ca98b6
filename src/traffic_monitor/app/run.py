"""One run from its folders to its report: what ``traffic-monitor run`` does with settings that were checked."""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from loguru import logger
from rich.console import Console

from traffic_monitor import __version__
from traffic_monitor.app.completion import complete_records, day_summary
from traffic_monitor.app.housekeeping import Housekeeping, retention_of
from traffic_monitor.app.status import StatusDisplay, result_table
from traffic_monitor.capture.shown import describe_source
from traffic_monitor.records.database import DATABASE_FILE, DatabaseError
from traffic_monitor.records.days import LOG_FILE, newest_day
from traffic_monitor.records.resume import resume_point
from traffic_monitor.records.run_folder import (
    SUMMARY_FILE,
    VIDEO_FILE,
    create_run_folders,
    log_target,
    write_summary,
)
from traffic_monitor.records.runs import forget_old_runs
from traffic_monitor.report.page import REPORT_FILE
from traffic_monitor.settings import Settings
from traffic_monitor.settings.loader import ConfigError
from traffic_monitor.shared_utils.constants import PROGRAM, ExitCode
from traffic_monitor.shared_utils.day_names import day_in_name
from traffic_monitor.shared_utils.guarded import Guard
from traffic_monitor.shared_utils.logging_config import configure_logging
from traffic_monitor.supervision.service_manager import ServiceManager
from traffic_monitor.supervision.signals import StopSignals
from traffic_monitor.supervision.status_file import StatusFile, WatchedCamera
from traffic_monitor.supervision.summary import build_summary, frame_rate, plates_among, searched_vehicles
from traffic_monitor.supervision.supervisor import RunOutcome, RunStatus, Supervisor


def run_and_record(settings: Settings, output: Console, errors: Console) -> ExitCode:
    """Run the pipeline to its end, write summaries, reports and exports, and print what was found.

    Args:
        settings: checked before.
        output: where results are printed.
        errors: where progress and failures are printed.

    Raises:
        ConfigError: no folder can be made for the run.
    """
    with ExitStack() as locks:
        return _run_and_record(settings, output, errors, locks)


def _run_and_record(settings: Settings, output: Console, errors: Console, locks: ExitStack) -> ExitCode:
    retention = retention_of(settings)  # Before this run records anything.
    cameras = settings.each_camera()
    clocks = {camera.camera_id: camera.frame_grabber.clock for camera in cameras if camera.frame_grabber.is_camera}
    try:
        run_dirs = create_run_folders(
            settings.output_dir,
            [camera.camera_id for camera in cameras],
            datetime.now().astimezone(),
            clocks,
            locks,
        )
        settings = _continued(settings, run_dirs)
    except (OSError, DatabaseError, sqlite3.Error) as error:
        raise ConfigError(f"output_dir: {settings.output_dir}: no run folder can be made there: {error}") from None
    log = log_target(run_dirs[0], settings)
    configure_logging(
        "supervisor",
        log,
        console_level="WARNING" if errors.is_terminal else "INFO",
    )
    for camera, run_dir in zip(cameras, run_dirs, strict=True):
        logger.info("{} {} on {}, writing to {}", PROGRAM, __version__, shown_source(camera), run_dir)
    if retention is not None:
        for folder in forget_old_runs(settings.output_dir, retention.before()):
            logger.info("{} is deleted: it is older than privacy.keep_days", folder)
    manager, display_guard = ServiceManager(), Guard("status display")
    housekeeping = Housekeeping(settings, retention, log)
    watched = [
        WatchedCamera(camera.camera_id, shown_source(camera), run_dir)
        for camera, run_dir in zip(cameras, run_dirs, strict=True)
    ]
    with (
        StatusFile(settings.output_dir, watched) as status_file,
        StatusDisplay(errors, settings.supervisor.status_interval_s) as display,
    ):

        def on_status(status: RunStatus) -> None:
            manager.update(status)
            status_file.update(status)
            display_guard.attempt(lambda: display.update(status))
            housekeeping.look()

        with StopSignals():  # Whatever comes now, the summaries are written.
            outcome = Supervisor(settings, run_dirs, on_status).run()
            manager.stopping()
            status_file.completing()
            housekeeping.close()
            pairs = [(camera, newest_day(run_dir)) for camera, run_dir in zip(cameras, run_dirs, strict=True)]
            failures = [failure for camera, run_dir in pairs for failure in _save(camera, run_dir, outcome)]
        for camera, run_dir in pairs:
            if camera.visualizer.save_records:
                complete_records(run_dir, camera.camera_id, outcome, settings.supervisor.drain_timeout_s)
    # Everything is saved before anything is printed: the terminal may be gone.
    aborted = [outcome.exit_reason] if outcome.exit_reason.startswith("aborted") else []
    for failure in (*aborted, *failures):
        _print_failure(failure, errors)
    for camera, run_dir in pairs:
        _print_results(camera, run_dir, outcome, output, errors)
    return outcome.exit_code or (ExitCode.ABORTED if failures else ExitCode.OK)


def _continued(settings: Settings, run_dirs: Sequence[Path]) -> Settings:
    """The same settings, so that counts and numbers of a live camera go on from what its day's folder holds."""
    cameras = zip(settings.for_run(*run_dirs).each_camera(), run_dirs, strict=True)
    points = [resume_point(folder, camera) if day_in_name(folder) else None for camera, folder in cameras]
    return settings.resumed_at(points)


def _save(camera: Settings, run_dir: Path, outcome: RunOutcome) -> list[str]:
    """Write the summary of one camera.

    Returns:
        one line for each result that is lost.
    """
    results, reason = outcome.results.cameras[camera.camera_id], outcome.reason_of(camera.camera_id)
    searched = partial(searched_vehicles, run_dir, results)
    source, path = shown_source(camera), run_dir / SUMMARY_FILE
    failures = []
    try:
        summary = build_summary(outcome.results, camera.camera_id, source, reason, outcome.wall_seconds, searched)
        write_summary(run_dir, {**summary, **_counts_of_day(run_dir)})
        logger.info("{}: {}", reason, path)
    except OSError as error:
        failures.append(f"{path} cannot be written: {error}")
    if results.missing_passages:
        database = run_dir / DATABASE_FILE
        failures.append(f"{database}: {results.missing_passages} passages could not be written and are lost")
    return failures


def _counts_of_day(run_dir: Path) -> Mapping[str, Any]:
    """The counts of a camera's day, to which several runs may have added; nothing for the folder of one run."""
    if day_in_name(run_dir) is None or not (run_dir / DATABASE_FILE).exists():
        return {}
    try:
        return {"counts": day_summary(run_dir)["counts"]}
    except (DatabaseError, sqlite3.Error, ValueError) as error:
        logger.warning("the counts of the day cannot be read back: {}", error)
        return {}


def _print_results(camera: Settings, run_dir: Path, outcome: RunOutcome, output: Console, errors: Console) -> None:
    results, reason = outcome.results.cameras[camera.camera_id], outcome.reason_of(camera.camera_id)
    if reason != outcome.exit_reason and reason.startswith("aborted"):
        _print_failure(reason, errors)
    if results.frames_processed:
        title = "Result" if len(outcome.results.cameras) == 1 else camera.camera_id
        plates = plates_among(partial(searched_vehicles, run_dir, results))
        output.print(result_table(results, title, plates))
    rate = frame_rate(results, outcome.wall_seconds)
    damaged = f"; {results.frames_damaged} of the source damaged or not decoded" if results.frames_damaged else ""
    output.print(f"{results.frames_processed} frames at {rate} frames/s{damaged}", highlight=False, markup=False)
    for path in (run_dir / name for name in (SUMMARY_FILE, REPORT_FILE, VIDEO_FILE, LOG_FILE)):
        if path.exists():
            output.print(str(path), highlight=False, soft_wrap=True, markup=False)


def _print_failure(reason: str, errors: Console) -> None:
    errors.print(reason, style="red", markup=False, highlight=False, soft_wrap=True)


def shown_source(settings: Settings) -> str:
    """The source of one camera, as it may be shown."""
    return describe_source(settings.frame_grabber.source)

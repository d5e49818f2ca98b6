"""One run from its folders to its report: what ``traffic-monitor run`` does with settings that were checked."""

import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from loguru import logger
from rich.console import Console

from traffic_monitor import __version__
from traffic_monitor.app.records_cli import complete_records
from traffic_monitor.app.status import StatusDisplay, result_table
from traffic_monitor.capture.shown import describe_source
from traffic_monitor.records.run_folder import (
    LOG_FILE,
    SUMMARY_FILE,
    VIDEO_FILE,
    create_run_folders,
    write_summary,
)
from traffic_monitor.records.runs import DAY_S, forget_old_runs
from traffic_monitor.records.summary import CameraResults, build_summary
from traffic_monitor.report.page import REPORT_FILE
from traffic_monitor.settings import Settings
from traffic_monitor.settings.loader import ConfigError
from traffic_monitor.shared_utils.constants import PROGRAM, ExitCode
from traffic_monitor.shared_utils.logging_config import LogTarget, configure_logging
from traffic_monitor.supervision.signals import StopSignals
from traffic_monitor.supervision.supervisor import RunOutcome, Supervisor


def run_and_record(settings: Settings, output: Console, errors: Console) -> ExitCode:
    """Run the pipeline to its end, write summaries, reports and exports, and print what was found.

    Args:
        settings: checked before.
        output: where results are printed.
        errors: where progress and failures are printed.

    Raises:
        ConfigError: no folder can be made for the run.
    """
    keep_s = None if settings.privacy.keep_days is None else settings.privacy.keep_days * DAY_S
    cameras = settings.each_camera()
    try:
        run_dirs = create_run_folders(
            settings.output_dir, [camera.camera_id for camera in cameras], datetime.now().astimezone()
        )
    except OSError as error:
        raise ConfigError(f"output_dir: {settings.output_dir}: no run folder can be made there: {error}") from None
    configure_logging(
        "supervisor",
        LogTarget(run_dirs[0] / LOG_FILE, settings.logging.level),
        console_level="WARNING" if errors.is_terminal else "INFO",
    )
    for camera, run_dir in zip(cameras, run_dirs, strict=True):
        logger.info("{} {} on {}, writing to {}", PROGRAM, __version__, shown_source(camera), run_dir)
    if keep_s is not None:
        for folder in forget_old_runs(settings.output_dir, time.time() - keep_s):
            logger.info("{} is deleted: it is older than privacy.keep_days", folder)
    with StatusDisplay(errors, settings.supervisor.status_interval_s) as status:
        with StopSignals():  # Whatever comes now, the summaries are written.
            outcome = Supervisor(settings, run_dirs, status.update).run()
            endings = [
                _write_summary(camera, run_dir, outcome, keep_s)
                for camera, run_dir in zip(cameras, run_dirs, strict=True)
            ]
        for ending in endings:
            if ending.camera.visualizer.save_records:
                complete_records(ending.run_dir, ending.camera.camera_id, outcome)
    # Everything is saved before anything is printed: the terminal may be gone.
    if outcome.exit_reason.startswith("aborted"):
        _print_failure(outcome.exit_reason, errors)
    for ending in endings:
        if ending.reason != outcome.exit_reason and ending.reason.startswith("aborted"):
            _print_failure(ending.reason, errors)
        _print_ending(ending, len(endings) > 1, output)
    if outcome.exit_code is ExitCode.OK and not all(ending.is_saved for ending in endings):
        return ExitCode.ABORTED
    return outcome.exit_code


@dataclass(frozen=True)
class _Ending:
    """What is known of one camera at the end."""

    camera: Settings
    run_dir: Path
    reason: str
    results: CameraResults
    frames_per_s: float
    is_saved: bool
    """Whether the summary could be written."""


def _write_summary(camera: Settings, run_dir: Path, outcome: RunOutcome, keep_s: float | None) -> _Ending:
    """Write the summary of one camera. One that cannot be written takes nothing from the others."""
    results, reason = outcome.results.cameras[camera.camera_id], outcome.reason_of(camera.camera_id)
    if keep_s is not None:
        results.forget_old(keep_s)
    summary = build_summary(outcome.results, camera.camera_id, shown_source(camera), reason, outcome.wall_seconds)
    is_saved = True
    try:
        logger.info("{}: {}", reason, write_summary(run_dir, summary))
    except OSError as error:
        logger.error("the summary of {} cannot be written: {}", camera.camera_id, error)
        is_saved = False
    return _Ending(camera, run_dir, reason, results, float(summary["fps"]), is_saved)


def _print_ending(ending: _Ending, is_one_of_several: bool, output: Console) -> None:
    """Print what was found at one camera, and which files there are."""
    results = ending.results
    if results.frames_processed:
        output.print(result_table(results, ending.camera.camera_id if is_one_of_several else "Result"))
    speed = f"{results.frames_processed} frames at {ending.frames_per_s} frames/s"
    output.print(speed, highlight=False, markup=False)
    for name in (SUMMARY_FILE, REPORT_FILE, VIDEO_FILE, LOG_FILE):
        path = ending.run_dir / name
        if path.exists():
            output.print(str(path), highlight=False, soft_wrap=True, markup=False)


def _print_failure(reason: str, errors: Console) -> None:
    errors.print(reason, style="red", markup=False, highlight=False, soft_wrap=True)


def shown_source(settings: Settings) -> str:
    """The source of one camera, as it may be shown."""
    return describe_source(settings.frame_grabber.source)

"""One file per run; one line per message."""

import logging
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import pytest
from loguru import logger

from tests.builders import START
from traffic_monitor.shared_utils import logging_config as module
from traffic_monitor.shared_utils.clock import Clock
from traffic_monitor.shared_utils.logging_config import LogTarget, configure_logging


@pytest.fixture
def log_file(tmp_path: Path, restored_logging: None) -> Iterator[Path]:
    return tmp_path / "run.log"


def test_a_line_holds_service_process_level_and_message(log_file: Path) -> None:
    configure_logging("ocr_reader", LogTarget(log_file))
    logger.info("read {} plates", 3)
    (line,) = log_file.read_text(encoding="utf-8").splitlines()
    assert f"| INFO    | ocr_reader:{os.getpid()} | read 3 plates" in line


def test_a_name_with_line_breaks_and_control_characters_stays_in_one_line(
    log_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("supervisor", LogTarget(log_file))
    logger.warning("watching {}", "a\nb\x1b[31m\u2028c.mp4")
    (line,) = log_file.read_text(encoding="utf-8").splitlines()
    assert line.endswith(r"watching a\nb\x1b[31m\u2028c.mp4")
    assert r"watching a\nb\x1b[31m\u2028c.mp4" in capsys.readouterr().err


def test_the_level_of_the_settings_decides_what_the_file_holds(log_file: Path) -> None:
    configure_logging("ocr_reader", LogTarget(log_file, "WARNING"))
    logger.info("quiet")
    logger.warning("loud")
    assert [line.rpartition("| ")[2] for line in log_file.read_text(encoding="utf-8").splitlines()] == ["loud"]


def test_a_traceback_arrives_whole_in_the_file_but_not_on_the_terminal(
    log_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("ocr_reader", LogTarget(log_file))
    try:
        raise ValueError("secret of the frame")
    except ValueError as error:
        logger.opt(exception=error).error("failed on frame f-1")
    written = log_file.read_text(encoding="utf-8")
    assert "failed on frame f-1" in written
    assert "Traceback (most recent call last)" in written
    assert "ValueError: secret of the frame" in written
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert "ERROR   ocr_reader: failed on frame f-1" in shown


def test_a_traceback_shows_no_values(log_file: Path) -> None:
    configure_logging("ocr_reader", LogTarget(log_file))
    frame_data_jpeg = "/9j/" + "A" * 50
    try:
        int(frame_data_jpeg[:0])
    except ValueError as error:
        logger.opt(exception=error).error("failed")
    assert "AAAA" not in log_file.read_text(encoding="utf-8").replace('"A" * 50', "")


def test_no_line_and_no_traceback_holds_the_password_of_a_url(
    log_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = "rtsp://admin:geh3im@10.0.0.9/live"
    configure_logging("frame_grabber", LogTarget(log_file))
    try:
        try:
            raise ConnectionRefusedError(111, "Connection refused", url)
        except OSError as error:
            raise RuntimeError(f"{url} cannot be opened") from error
    except RuntimeError as error:
        logger.opt(exception=error).error("reading failed: {}", error)
    written = log_file.read_text(encoding="utf-8")
    assert "Connection refused: 'rtsp://***@10.0.0.9/live'" in written
    assert "reading failed: rtsp://***@10.0.0.9/live cannot be opened" in capsys.readouterr().err
    assert "geh3im" not in written


def test_the_terminal_shows_warnings_and_the_file_everything(
    log_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("supervisor", LogTarget(log_file))
    logger.info("started")
    logger.warning("slow")
    assert len(log_file.read_text(encoding="utf-8").splitlines()) == 2
    assert "started" not in (shown := capsys.readouterr().err)
    assert "slow" in shown


def test_services_append_to_one_file(log_file: Path) -> None:
    for service in ("ocr_reader", "visualizer"):
        configure_logging(service, LogTarget(log_file))
        logger.info("ready")
    services = [
        line.split("| ")[2].partition(":")[0] for line in log_file.read_text(encoding="utf-8").splitlines()
    ]
    assert services == ["ocr_reader", "visualizer"]


def test_libraries_are_heard_from_errors_on(log_file: Path) -> None:
    configure_logging("ocr_reader", LogTarget(log_file))
    library = logging.getLogger("some.library")
    library.warning("chatter")
    library.error("broken {} %s", "pipe")
    (line,) = log_file.read_text(encoding="utf-8").splitlines()
    assert "| ERROR   |" in line
    assert line.endswith("some.library: broken {} pipe")


def test_without_a_file_only_the_terminal_is_told(
    restored_logging: None, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("check", LogTarget(None))
    logger.warning("slow")
    assert "check: slow" in capsys.readouterr().err


@pytest.mark.usefixtures("restored_logging")
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_a_log_that_cannot_be_written_is_reported_once_and_without_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("supervisor", LogTarget(Path("/dev/full")), console_level="ERROR")
    for number in range(3):
        logger.info("status {}", number)
    logger.error("aborting")
    first, second = capsys.readouterr().err.splitlines()
    assert "supervisor: /dev/full cannot be written, messages are lost: " in first
    assert second.endswith("supervisor: aborting")


def test_without_standard_error_the_file_is_written_all_the_same(
    log_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    configure_logging("supervisor", LogTarget(log_file))
    logger.warning("still here")
    assert "still here" in log_file.read_text(encoding="utf-8")


@pytest.mark.usefixtures("restored_logging")
def test_a_library_that_sets_its_own_level_is_silenced_too(tmp_path: Path) -> None:
    configure_logging("x", LogTarget(tmp_path / "run.log"))
    library = logging.getLogger("own.level")
    library.setLevel(logging.INFO)
    library.info("chatter")
    assert "chatter" not in (tmp_path / "run.log").read_text()


@pytest.mark.usefixtures("restored_logging")
def test_a_level_of_a_librarys_own_making_is_logged_as_an_error(tmp_path: Path) -> None:
    configure_logging("x", LogTarget(tmp_path / "run.log"))
    logging.getLogger("odd").log(45, "odd level")
    assert "ERROR" in (tmp_path / "run.log").read_text()


def write_lines(path: Path, kept_files: int, process: int) -> None:
    """What one of several processes of a run does."""
    module.CHECK_INTERVAL_S = 0.0
    configure_logging(f"service{process}", LogTarget(path, max_mb=0.01, kept_files=kept_files))
    for number in range(LINES):
        logger.info("line {}", number)


LINES = 500


@pytest.mark.timeout(60)
def test_several_processes_rotate_one_log_and_lose_no_line(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=write_lines, args=(tmp_path / "run.log", 100, n)) for n in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    files = list(tmp_path.glob("run.log*"))
    assert len(files) > 5
    lines = [line for path in files for line in path.read_text(encoding="utf-8").splitlines()]
    written = Counter((line.split(" | ")[2].split(":")[0], line.split(" | ")[3]) for line in lines)
    assert written == {(f"service{n}", f"line {number}"): 1 for n in range(3) for number in range(LINES)}


@pytest.mark.parametrize("kept", [0, 1, 3])
def test_a_log_is_bounded(log_file: Path, monkeypatch: pytest.MonkeyPatch, kept: int) -> None:
    monkeypatch.setattr(module, "CHECK_INTERVAL_S", 0.0)
    write_lines(log_file, kept, 0)
    names = sorted(path.name for path in log_file.parent.iterdir())
    assert names == ["run.log", *(f"run.log.{number + 1}" for number in range(kept))]
    newest = log_file.read_text(encoding="utf-8").splitlines()[-1]
    assert newest.endswith(f"line {LINES - 1}")


def test_the_log_of_a_day_goes_on_in_the_next_days_folder_once_it_is_there(
    tmp_path: Path, restored_logging: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHECK_INTERVAL_S", 0.0)
    today, tomorrow = tmp_path / "cam1_20231114", tmp_path / "cam1_20231115"
    today.mkdir()
    now = [START]
    monkeypatch.setattr(time, "time", lambda: now[0])
    configure_logging("supervisor", LogTarget(today / "run.log", clock=Clock(True, UTC)))
    logger.info("before midnight")
    now[0] += 24 * 3600
    logger.info("the folder is not there yet")
    tomorrow.mkdir()
    logger.info("after midnight")
    texts = [
        [line.split(" | ")[-1] for line in (folder / "run.log").read_text(encoding="utf-8").splitlines()]
        for folder in (today, tomorrow)
    ]
    assert texts == [["before midnight", "the folder is not there yet"], ["after midnight"]]


def test_a_log_that_was_deleted_begins_anew(log_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHECK_INTERVAL_S", 0.0)
    configure_logging("supervisor", LogTarget(log_file))
    log_file.unlink()
    logger.info("it goes on")
    assert "it goes on" in log_file.read_text(encoding="utf-8")

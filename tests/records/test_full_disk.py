"""Records on a real disk that is full for a while, or from the start."""

import contextlib
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.builders import START
from tests.records.road import RecordedRoad, settings
from traffic_monitor.records.passages import RunRecords
from traffic_monitor.records.run_folder import create_run_folders
from traffic_monitor.shared_utils.clock import Clock

LIVE = {"source": "rtsp://camera", "timezone": "UTC"}


def fill(disk: Path) -> Path:
    """A file that takes all that is free."""
    path = disk / "big"
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"x" * 4096):
            pass
    return path


def folder_of_day(output_dir: Path, locks: ExitStack) -> Path:
    moment, clocks = datetime.fromtimestamp(START, UTC), {"cam1": Clock(True, UTC)}
    (folder,) = create_run_folders(output_dir, ["cam1"], moment, clocks, locks)
    return folder


def test_passages_of_a_full_disk_are_written_when_there_is_room_again(
    small_disk: Path, log_lines: list[str]
) -> None:
    with ExitStack() as locks:
        folder = folder_of_day(small_disk / "output", locks)
        road = RecordedRoad(folder, settings(frame_grabber=LIVE))
        road.drive_down(1)
        road.recorder.write()
        big = fill(small_disk)
        for number in range(2, 40):
            road.drive_down(number)
            road.recorder.write()
        assert road.recorder.missing > 0
        assert len([line for line in log_lines if "cannot be written" in line]) == 1
        big.unlink()
        road.end()
    assert len(list(RunRecords.load(folder).passages)) == 39
    assert road.recorder.missing == 0


def test_midnight_on_a_full_disk_loses_nothing_once_there_is_room(small_disk: Path) -> None:
    with ExitStack() as locks:
        folder = folder_of_day(small_disk / "output", locks)
        road = RecordedRoad(folder, settings(frame_grabber=LIVE))
        big = fill(small_disk)
        road.frame = 25 * 3600 * 2  # 00:13:20 on the next day.
        road.drive_down(1)
        road.recorder.write()
        assert road.recorder.missing == 1
        big.unlink()
        road.end()
    assert len(list(RunRecords.load(small_disk / "output" / "cam1_20231115").passages)) == 1


def test_a_disk_that_is_full_from_the_start_is_an_error_and_no_traceback(small_disk: Path) -> None:
    fill(small_disk)
    with ExitStack() as locks, pytest.raises(OSError, match="No space left"):
        folder_of_day(small_disk / "output", locks)


def test_the_write_ahead_log_stays_small_however_often_a_vehicle_is_written(tmp_path: Path) -> None:
    road = RecordedRoad(tmp_path)
    for number in range(1, 60):
        for y in range(40, 230, 24):
            road.see((number, [85, y - 30, 115, y]))
            road.read(number, "KLM7")
            road.recorder.write()
    assert (tmp_path / "traffic.db-wal").stat().st_size < 700_000
    road.end()

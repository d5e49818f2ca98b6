"""A live camera's folder is a day: what goes into which, across midnight and restarts."""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from tests.builders import FPS, START
from tests.records.road import RecordedRoad, settings
from traffic_monitor.records import recorder as recorder_module
from traffic_monitor.records.database import DATABASE_FILE, create_database, open_database
from traffic_monitor.records.days import LATEST, LOG_FILE, MARKER_FILE, make_day_folder, newest_day
from traffic_monitor.records.gaps import read_gaps
from traffic_monitor.records.passages import Passage, RunRecords
from traffic_monitor.records.resume import resume_point
from traffic_monitor.records.run_folder import create_run_folders
from traffic_monitor.shared_utils.clock import Clock, parse_zone
from traffic_monitor.shared_utils.day_names import day_in_name
from traffic_monitor.shared_utils.frame_codec import encode_frame
from traffic_monitor.supervision.gap_recorder import GapRecorder

LIVE = {"source": "rtsp://camera", "timezone": "+01:46"}
"""It is 23:59:20 there at ``START``."""
MIDNIGHT_FRAME = 40 * FPS
TODAY, TOMORROW = "cam1_20231114", "cam1_20231115"

CLOCK = Clock(known=True, zone=parse_zone("+01:46"))
PICTURE = encode_frame(np.full((20, 60, 3), 90, np.uint8), 92)


def at_start() -> datetime:
    return datetime.fromtimestamp(START, UTC)


@pytest.fixture
def locks() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def folder_of_today(output_dir: Path, locks: ExitStack) -> Path:
    (folder,) = create_run_folders(output_dir, ["cam1"], at_start(), {"cam1": CLOCK}, locks)
    return folder


def passages(folder: Path) -> list[Passage]:
    return list(RunRecords.load(folder).passages)


def live_road(folder: Path, frame: int = 0) -> RecordedRoad:
    config = settings(frame_grabber=LIVE)
    road = RecordedRoad(folder, config.resumed_at([resume_point(folder, config)]))
    road.frame = frame
    return road


def test_the_folder_is_the_cameras_day_and_a_restart_goes_on_in_it(tmp_path: Path) -> None:
    for number in (1, 2):
        with ExitStack() as locks:
            folder = folder_of_today(tmp_path, locks)
            assert folder == tmp_path / TODAY
            assert (tmp_path / LATEST).resolve() == folder.resolve()
            road = live_road(folder, frame=100 * number)
            road.drive_down(number)
            road.end()
    assert [each.passage_id for each in passages(folder)] == [1, 2]
    assert (folder / MARKER_FILE).is_file()
    facts = RunRecords.load(folder).facts
    assert facts.seen_between == pytest.approx((START + 4, START + 8 + 31 / FPS), abs=0.001)


def test_how_an_earlier_run_of_the_day_ended_is_taken_back_when_a_later_one_begins(
    tmp_path: Path, locks: ExitStack
) -> None:
    folder = folder_of_today(tmp_path, locks)
    road = live_road(folder)
    road.end()
    with closing(sqlite3.connect(folder / DATABASE_FILE)) as database, database:
        database.execute("INSERT INTO run VALUES ('exit_reason', 'stopped')")
    road = live_road(folder)
    road.recorder.write()
    assert "exit_reason" not in RunRecords.load(folder).facts.values
    road.end()


def test_at_midnight_the_records_go_on_in_the_next_days_folder(tmp_path: Path, locks: ExitStack) -> None:
    folder = folder_of_today(tmp_path, locks)
    road = live_road(folder)
    road.drive_down(1)
    road.frame = MIDNIGHT_FRAME - 16
    road.drive_down(2)  # Over the line at midnight.
    road.read(2, "KLM2", plate_picture_jpeg=PICTURE)
    road.frame += 100
    road.drive_down(3)
    road.read(3, "KLM3", plate_picture_jpeg=PICTURE)
    road.end()
    today, tomorrow = passages(folder), passages(tmp_path / TOMORROW)
    assert [(each.passage_id, each.plate, each.plate_picture) for each in today] == [
        (1, None, None), (2, "KLM2", "plates/2.jpg"),
    ]  # fmt: skip
    assert [(each.passage_id, each.plate, each.plate_picture) for each in tomorrow] == [
        (3, "KLM3", "plates/3.jpg")
    ]
    assert [len(each.crossings) for each in (*today, *tomorrow)] == [1, 1, 1]
    assert (folder / "plates/2.jpg").is_file()
    assert (tmp_path / TOMORROW / "plates/3.jpg").is_file()
    assert (tmp_path / LATEST).resolve() == (tmp_path / TOMORROW).resolve()
    first, last = RunRecords.load(tmp_path / TOMORROW).facts.seen_between or (0, 0)
    assert (first, last > first) == (pytest.approx(START + 40), True)
    for each, texts in ((folder, ["KLM2"]), (tmp_path / TOMORROW, ["KLM3"])):
        with closing(sqlite3.connect(each / DATABASE_FILE)) as database:
            assert [text for (text,) in database.execute("SELECT text FROM readings")] == texts
            assert [text for (text,) in database.execute("SELECT text FROM plates")] == texts


def test_a_second_track_of_a_vehicle_from_before_midnight_belongs_to_its_day(
    tmp_path: Path, locks: ExitStack
) -> None:
    road = live_road(folder_of_today(tmp_path, locks), MIDNIGHT_FRAME - 20)
    for y in range(40, 160, 6):
        road.see((1, [85, y - 30, 115, y]))
    for y in range(160, 230, 6):
        road.see((2, [85, y - 30, 115, y]))
    road.recorder.write()
    road.read(2, "KLM7")
    road.end()
    assert [(each.tracks, each.plate) for each in passages(tmp_path / TODAY)] == [([1, 2], "KLM7")]
    assert passages(tmp_path / TOMORROW) == []


def test_a_day_that_is_over_is_closed_and_opened_again_for_whoever_stood_there(
    tmp_path: Path, locks: ExitStack
) -> None:
    now = [START]
    road = RecordedRoad(folder_of_today(tmp_path, locks), settings(frame_grabber=LIVE), clock=lambda: now[0])
    for y in range(40, 160, 6):
        road.see((1, [85, y - 30, 115, y]))
    road.frame = MIDNIGHT_FRAME
    road.see((1, [85, 124, 115, 154]), (5, [285, 124, 315, 154]))
    road.recorder.write()
    assert sorted(road.recorder._parts) == ["20231114", "20231115"]
    now[0] += recorder_module.CLOSE_AFTER_S + 1
    road.recorder.write()
    road.recorder.write()
    assert sorted(road.recorder._parts) == ["20231115"]
    for y in range(160, 230, 6):
        road.see((1, [85, y - 30, 115, y]))
    road.end()
    (passage,) = passages(tmp_path / TODAY)
    assert passage.last_time > START + 40


def test_a_folder_that_cannot_be_made_at_midnight_is_made_later_and_nothing_is_lost(
    tmp_path: Path, locks: ExitStack, log_lines: list[str]
) -> None:
    road = live_road(folder_of_today(tmp_path, locks), MIDNIGHT_FRAME)
    (tmp_path / TOMORROW).write_text("a file where the folder should be")
    road.drive_down(1)
    road.recorder.write()
    assert road.recorder.missing == 1
    (tmp_path / TOMORROW).unlink()
    road.drive_down(2)
    road.end()
    assert road.recorder.missing == 0
    assert len(passages(tmp_path / TOMORROW)) == 2
    assert len([line for line in log_lines if "cannot be written" in line]) == 1


def test_a_second_program_that_records_the_same_camera_has_a_folder_of_its_own(
    tmp_path: Path, locks: ExitStack
) -> None:
    first = folder_of_today(tmp_path, locks)
    with ExitStack() as others:
        assert folder_of_today(tmp_path, others).name == f"{TODAY}-2"
    assert first.name == TODAY
    locks.close()
    assert folder_of_today(tmp_path, locks).name == TODAY


def test_records_that_this_version_cannot_continue_are_left_alone(tmp_path: Path, locks: ExitStack) -> None:
    (tmp_path / TODAY).mkdir()
    (tmp_path / TODAY / DATABASE_FILE).write_bytes(b"no database")
    assert folder_of_today(tmp_path, locks).name == f"{TODAY}-2"
    assert (tmp_path / TODAY / DATABASE_FILE).read_bytes() == b"no database"


def test_a_files_run_keeps_a_folder_of_its_own_beside_a_cameras_day(tmp_path: Path, locks: ExitStack) -> None:
    folders = create_run_folders(tmp_path, ["clip", "cam1"], at_start().astimezone(), {"cam1": CLOCK}, locks)
    assert day_in_name(folders[0]) is None
    assert folders[1].name == TODAY
    assert (folders[1] / LOG_FILE).readlink() == Path("..", folders[0].name, LOG_FILE)


def test_all_links_of_a_camera_move_on_to_the_next_day(tmp_path: Path, locks: ExitStack) -> None:
    clocks = {"north": CLOCK, "yard": CLOCK}
    north, yard = create_run_folders(tmp_path, ["north", "yard"], at_start(), clocks, locks)
    for before in (north, yard):
        make_day_folder(before.with_name(before.name.replace("14", "15")), before)
    links = {link.name: link.readlink().name for link in tmp_path.glob("latest*")}
    assert links == {"latest": "north_20231115", "latest_north": "north_20231115", "latest_yard": "yard_20231115"}
    assert (tmp_path / "yard_20231115" / LOG_FILE).readlink() == Path("../north_20231115", LOG_FILE)
    assert newest_day(north) == tmp_path / "north_20231115"


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("cam1_20231114", "20231114"),
        ("cam1_20231114-2", "20231114"),
        ("cam1_20231114-221320", None),
        ("cam1_20231114-221320-2", None),
        ("my folder", None),
    ],
)
def test_the_day_stands_in_the_name(name: str, day: str | None) -> None:
    assert day_in_name(Path(name)) == day


def test_a_gap_that_lasts_over_midnight_stays_in_the_day_it_began_on(tmp_path: Path, locks: ExitStack) -> None:
    folder = folder_of_today(tmp_path, locks)
    live_road(folder).end()
    now = [START]
    gaps = GapRecorder({"cam1": folder}, clock=lambda: now[0])
    gaps.restarted(START, "over midnight")
    make_day_folder(tmp_path / TOMORROW, folder)
    create_database(tmp_path / TOMORROW).close()
    now[0] += 60
    gaps.running()
    gaps.restarted(START + 70, "on the next day")
    for each, reasons in ((folder, ["over midnight"]), (tmp_path / TOMORROW, ["on the next day"])):
        with closing(open_database(each)) as database:
            assert [gap.reason for gap in read_gaps(database)] == reasons

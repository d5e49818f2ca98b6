"""What is told of each vehicle ends up in one row, as it happens."""

import shutil
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.builders import START
from tests.records.road import RecordedRoad, record_cars, settings
from traffic_monitor.records.book import Changes
from traffic_monitor.records.passages import Passage, RunRecords
from traffic_monitor.records.runs import DAY_S
from traffic_monitor.records.store import read_plates
from traffic_monitor.shared_utils.constants import UnreadReason
from traffic_monitor.shared_utils.frame_codec import encode_frame
from traffic_monitor.shared_utils.guarded import Guard

PICTURE = encode_frame(np.full((20, 60, 3), 90, np.uint8), 92)


def passages(folder: Path) -> list[Passage]:
    return list(RunRecords.load(folder, trajectories=True).passages)


def test_count_and_plate_of_a_vehicle_are_one_record(tmp_path: Path) -> None:
    road = RecordedRoad(tmp_path)
    road.drive_down(7, class_name="truck")
    road.read(7, "KLM7")
    road.end()
    (passage,) = passages(tmp_path)
    assert (passage.class_name, passage.tracks, passage.entry_edge) == ("truck", [7], "top")
    assert (passage.plate, passage.plate_confidence, passage.plate_readings) == ("KLM7", 0.9, 3)
    (crossing,) = passage.crossings
    assert (crossing.line, crossing.direction, crossing.frame, crossing.media) == ("main", "in", 14, 0.56)
    assert crossing.time == pytest.approx(START + 0.56, abs=0.001)
    assert passage.trajectory[0] == (0.0, 100, 40)


def test_a_plate_read_before_the_crossing_and_one_after_the_end_belong_to_the_vehicle(tmp_path: Path) -> None:
    road = RecordedRoad(tmp_path)
    for y in (40, 46, 52):
        road.see((1, [85, y - 30, 115, y]))
    road.read(1, "EARLY")
    road.drive_down(1)
    road.recorder.write()
    assert [passage.plate for passage in passages(tmp_path)] == ["EARLY"]
    road.read(1, "LATE", readings=5)
    road.end()
    assert [passage.plate for passage in passages(tmp_path)] == ["LATE"]


def test_what_was_written_can_be_read_while_the_run_goes_on(tmp_path: Path) -> None:
    now = [START]
    road = RecordedRoad(tmp_path, clock=lambda: now[0])
    road.drive_down(1)
    road.recorder.write_when_due()
    assert len(passages(tmp_path)) == 1
    road.drive_down(2, x=250)
    road.recorder.write_when_due()
    assert len(passages(tmp_path)) == 1  # Not due yet.
    now[0] += 0.6
    road.recorder.write_when_due()
    assert len(passages(tmp_path)) == 2


def test_of_two_vehicles_in_sight_together_one_keeps_the_plate_they_both_claim(tmp_path: Path) -> None:
    road = RecordedRoad(tmp_path)
    for y in range(40, 230, 6):
        road.see((1, [85, y - 30, 115, y]), (2, [235, y - 30, 265, y]))
    road.read(1, "KLM7", plate_fit=0.9)
    road.read(2, "KLM7", plate_fit=0.5)
    road.recorder.write()
    assert [(each.plate, each.unread_reason) for each in passages(tmp_path)] == [
        ("KLM7", None),
        (None, UnreadReason.CONTESTED),
    ]
    road.read(1, "XYZ1", plate_fit=0.9)  # It was another plate after all: the second vehicle gets its own back.
    road.end()
    assert [each.plate for each in passages(tmp_path)] == ["XYZ1", "KLM7"]


def test_a_vehicle_of_two_tracks_has_the_surer_plate(tmp_path: Path) -> None:
    road = RecordedRoad(tmp_path)
    for y in range(40, 130, 6):
        road.see((1, [85, y - 30, 115, y]))
    road.read(1, "DIM1", consensus_confidence=0.75)
    for y in range(130, 230, 6):
        road.see((2, [85, y - 30, 115, y]))
    road.read(2, "KLM7", consensus_confidence=0.95)
    road.end()
    (passage,) = passages(tmp_path)
    assert (passage.tracks, passage.plate) == ([1, 2], "KLM7")


def test_an_answer_not_worth_believing_is_a_reason_and_no_plate(tmp_path: Path) -> None:
    road = RecordedRoad(tmp_path)
    road.drive_down(1)
    road.read(1, "KLM7", unread_reason=UnreadReason.TOO_FEW_READINGS)
    road.end()
    (passage,) = passages(tmp_path)
    assert (passage.plate, passage.unread_reason) == (None, UnreadReason.TOO_FEW_READINGS)


def test_signs_that_are_not_in_the_text_stand_beside_it(tmp_path: Path) -> None:
    road = RecordedRoad(tmp_path)
    for track_id, signs in ((7, 1), (8, 0)):
        road.drive_down(track_id)
        road.read(track_id, f"A1234{track_id}", plate_signs=signs)
    road.end()
    chinese, other = read_plates(tmp_path)
    assert (chinese.get("plate_signs"), "plate_signs" in other) == (1, False)


def test_pictures_come_with_the_readings_and_stand_in_the_record(tmp_path: Path) -> None:
    road = RecordedRoad(tmp_path)
    road.drive_down(1)
    road.read(1, "KLM7", plate_picture_jpeg=PICTURE)
    road.end()
    (passage,) = passages(tmp_path)
    assert (passage.plate_picture, passage.vehicle_picture) == ("plates/1.jpg", None)
    assert cv2.imread(str(tmp_path / "plates/1.jpg")).shape == (20, 60, 3)


def test_a_file_that_lies_where_pictures_lie_is_none_of_the_runs(tmp_path: Path) -> None:
    road = RecordedRoad(tmp_path)
    (tmp_path / "plates").mkdir()
    (tmp_path / "plates" / "1.jpg").write_bytes(b"jpeg")
    road.drive_down(1)
    road.read(1, "KLM7")
    road.end()
    assert [passage.plate_picture for passage in passages(tmp_path)] == [None]


def test_a_picture_that_cannot_be_written_costs_no_reading_and_comes_later(
    tmp_path: Path, log_lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    road = RecordedRoad(tmp_path)
    (tmp_path / "plates").write_text("a file where the folder should be")
    road.drive_down(1)
    for _ in range(3):
        road.read(1, "KLM7", plate_picture_jpeg=PICTURE)
        road.recorder.write()
    assert [(each.plate, each.plate_picture) for each in passages(tmp_path)] == [("KLM7", None)]
    assert len([line for line in log_lines if "pictures" in line]) == 1
    (tmp_path / "plates").unlink()
    monkeypatch.setattr(road.recorder._current.pictures, "_guard", Guard("pictures"))  # The pause is over.
    road.recorder.write()
    assert [each.plate_picture for each in passages(tmp_path)] == ["plates/1.jpg"]


def test_every_reading_is_kept_with_its_frame(tmp_path: Path) -> None:
    road = RecordedRoad(tmp_path)
    road.drive_down(1)
    road.read(1, "KLM7")
    road.read(1, "")
    road.end()
    with sqlite3.connect(tmp_path / "traffic.db") as database:
        rows = database.execute("SELECT track_id, text, frame FROM readings").fetchall()
    assert rows == [(1, "KLM7", 32), (1, "", 32)]


def test_records_that_cannot_be_written_now_are_written_later(tmp_path: Path) -> None:
    road = RecordedRoad(tmp_path)
    blocker = sqlite3.connect(tmp_path / "traffic.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    road.drive_down(1)
    road.read(1, "KLM7")
    road.recorder.write()
    road.drive_down(2, x=250)
    road.recorder.write()
    blocker.execute("ROLLBACK")
    assert passages(tmp_path) == []
    road.end()
    assert [passage.plate for passage in passages(tmp_path)] == ["KLM7", None]
    blocker.close()


def test_a_database_that_stays_locked_is_waited_for_at_the_end_and_what_is_lost_is_said(
    tmp_path: Path, log_lines: list[str]
) -> None:
    road = RecordedRoad(tmp_path, settings(supervisor={"drain_timeout_s": 1}))
    with closing(sqlite3.connect(tmp_path / "traffic.db", isolation_level=None)) as blocker:
        blocker.execute("BEGIN IMMEDIATE")
        road.drive_down(1)
        road.drive_down(2, x=250)
        road.end()
    assert road.recorder.details()["missing_passages"] == 2
    assert len([line for line in log_lines if "cannot be written" in line]) == 1
    assert any("2 passages are lost" in line for line in log_lines)


def test_a_database_that_is_freed_after_the_end_of_the_stream_gets_everything(tmp_path: Path) -> None:
    road = RecordedRoad(tmp_path)
    blocker = sqlite3.connect(tmp_path / "traffic.db", isolation_level=None, check_same_thread=False)
    blocker.execute("BEGIN IMMEDIATE")
    road.drive_down(1)
    timer = threading.Timer(0.5, blocker.execute, ("ROLLBACK",))
    timer.start()
    road.end()
    timer.join()
    blocker.close()
    assert len(passages(tmp_path)) == 1
    assert road.recorder.details()["missing_passages"] == 0


def test_a_folder_that_is_deleted_is_noticed_and_not_waited_for(tmp_path: Path, log_lines: list[str]) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    road = RecordedRoad(folder)
    road.drive_down(1)
    road.recorder.write()
    shutil.rmtree(folder)
    road.drive_down(2, x=250)
    started = time.monotonic()
    road.end()
    assert time.monotonic() - started < 5  # supervisor.drain_timeout_s is 60.
    assert road.recorder.details()["missing_passages"] > 0
    assert any("was deleted" in line for line in log_lines)


def test_a_clock_that_is_set_neither_stops_the_records_nor_ages_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall, steady = [START], [1000.0]
    monkeypatch.setattr(time, "time", lambda: wall[0])
    monkeypatch.setattr(time, "monotonic", lambda: steady[0])
    road = RecordedRoad(tmp_path, settings(privacy={"keep_days": 2}), clock=None)
    road.drive_down(1)
    road.recorder.write_when_due()
    for track_id, step_s, pause_s in ((2, -3600.0, 1.0), (3, 40 * DAY_S, 3600.0), (4, 0.0, 1.9 * DAY_S)):
        wall[0] += step_s + pause_s
        steady[0] += pause_s
        road.drive_down(track_id)
        road.recorder.write_when_due()
        assert len(passages(tmp_path)) == track_id
    steady[0] += 0.2 * DAY_S
    road.recorder.write_when_due()
    assert [passage.tracks for passage in passages(tmp_path)] == [[4]]


class Flaky:
    """A listener that fails as often as it is told to."""

    name = "event log"

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.plates: dict[int, str | None] = {}

    def take(self, changes: Changes, now: float) -> None:
        if self.failures:
            self.failures -= 1
            raise RuntimeError("no")
        self.plates |= {number: passage.plate for number, passage in changes.passages.items()}

    def close(self) -> None:
        return


def test_a_listener_that_fails_harms_no_other_and_gets_everything_later(
    tmp_path: Path, log_lines: list[str]
) -> None:
    flaky, steady = Flaky(3), Flaky(0)
    road = RecordedRoad(tmp_path, listeners=(flaky, steady))
    for track_id in (1, 2):
        road.drive_down(track_id)
        road.read(track_id, f"KLM{track_id}")
        road.recorder.write()
    assert steady.plates == {1: "KLM1", 2: "KLM2"}
    assert len(passages(tmp_path)) == 2
    assert flaky.plates == {}
    road.end()
    assert flaky.plates == {1: "KLM1", 2: "KLM2"}
    assert len([line for line in log_lines if "event log cannot be written" in line]) == 1


def test_a_vehicle_that_crossed_no_line_is_recorded_once_its_plate_is_read(tmp_path: Path) -> None:
    road = RecordedRoad(tmp_path)
    for y in range(40, 110, 2):
        road.see((7, [85, y - 30, 115, y]), (8, [235, y - 30, 265, y]))
    road.recorder.write()
    assert passages(tmp_path) == []
    road.read(7, "KLM7")
    road.recorder.write()
    (passage,) = passages(tmp_path)
    assert passage.entry_edge == "top"
    assert (passage.tracks, passage.plate, passage.passed, passage.crossings) == ([7], "KLM7", False, [])
    road.read(7, "KLM7", unread_reason=UnreadReason.CONTESTED)  # It was not worth believing after all.
    road.end()
    assert passages(tmp_path) == []


def test_nothing_is_kept_on_disk_where_the_settings_want_no_records(tmp_path: Path) -> None:
    road = RecordedRoad(tmp_path, settings(visualizer={"save_records": False}))
    road.drive_down(1)
    road.read(1, "KLM7")
    road.read(2, "", unread_reason=UnreadReason.TOO_SMALL, is_attempt=False)
    road.end()
    assert list(tmp_path.iterdir()) == []
    details = road.recorder.details()
    assert [(each.get("text"), each.get("reason")) for each in details["plates"]] == [
        ("KLM7", None),
        (None, UnreadReason.TOO_SMALL),
    ]


def test_the_run_tells_what_it_is(tmp_path: Path) -> None:
    facts = RunRecords.load(record_cars(tmp_path, ["KLM7"])).facts
    assert (facts.camera_id, facts.values["source"], facts.frame_size) == ("cam1", "clip.mp4", (320, 240))
    assert facts.seen_between == pytest.approx((START, START + 91 / 25), abs=0.001)
    assert facts.lines[0].name == "main"
    assert not facts.clock.known


def test_with_a_start_time_the_clock_is_known(tmp_path: Path) -> None:
    config = settings(frame_grabber={"start_time": "2026-05-04T08:00:00+02:00"})
    assert RunRecords.load(record_cars(tmp_path, [], config)).facts.clock.known

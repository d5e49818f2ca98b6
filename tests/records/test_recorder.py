"""What is told of each vehicle ends up in one row, as it happens."""

import sqlite3
from pathlib import Path

import pytest

from tests.builders import START
from tests.records.road import RecordedRoad, record_cars, settings
from traffic_monitor.records.passages import Passage, RunRecords
from traffic_monitor.shared_utils.constants import UnreadReason


def passages(folder: Path) -> list[Passage]:
    return RunRecords.load(folder, trajectories=True).passages


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


def test_pictures_that_were_kept_stand_in_the_record(tmp_path: Path) -> None:
    road = RecordedRoad(tmp_path)
    (tmp_path / "plates").mkdir()
    (tmp_path / "plates" / "1.jpg").write_bytes(b"jpeg")
    road.drive_down(1)
    road.read(1, "KLM7")
    road.end()
    (passage,) = passages(tmp_path)
    assert (passage.plate_picture, passage.vehicle_picture) == ("plates/1.jpg", None)


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


def test_the_run_tells_what_it_is(tmp_path: Path) -> None:
    facts = RunRecords.load(record_cars(tmp_path, ["KLM7"])).facts
    assert (facts.camera_id, facts.values["source"], facts.frame_size) == ("cam1", "clip.mp4", (320, 240))
    assert facts.seen_between == pytest.approx((START, START + 91 / 25), abs=0.001)
    assert facts.counting["lines"][0]["name"] == "main"
    assert not facts.clock.known


def test_with_a_start_time_the_clock_is_known(tmp_path: Path) -> None:
    config = settings(frame_grabber={"start_time": "2026-05-04T08:00:00+02:00"})
    assert RunRecords.load(record_cars(tmp_path, [], config)).facts.clock.known

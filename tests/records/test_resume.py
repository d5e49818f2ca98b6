"""What a restarted run goes on with is what its records hold."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.builders import FPS, START
from tests.records.road import RecordedRoad, settings
from traffic_monitor.records.database import DATABASE_FILE, open_database
from traffic_monitor.records.passages import RunRecords
from traffic_monitor.records.resume import resume_point
from traffic_monitor.shared_utils.resume import ResumePoint

EMPTY_FRAMES = 120


def live(**more: Any) -> Any:
    return settings(frame_grabber={"source": "rtsp://10.0.0.9/live", "timezone": "UTC"}, **more)


def resumed(folder: Path, config: Any) -> ResumePoint:
    point = resume_point(folder, config)
    assert point is not None
    return point


def after(folder: Path, config: Any) -> RecordedRoad:
    """The road of the next generation."""
    road = RecordedRoad(folder, config.resumed_at([resumed(folder, config)]))
    road.frame = resumed(folder, config).frame_index + 1
    return road


def wait(road: RecordedRoad, frames: int = EMPTY_FRAMES) -> None:
    for _ in range(frames):
        road.see()


def test_nothing_recorded_is_no_point(tmp_path: Path) -> None:
    assert resume_point(tmp_path, settings()) is None
    RecordedRoad(tmp_path).recorder.write()
    assert (tmp_path / DATABASE_FILE).exists()
    assert resume_point(tmp_path, settings()) is None


def test_a_camera_goes_on_with_its_next_frame_its_numbers_and_its_counts(tmp_path: Path) -> None:
    road = RecordedRoad(tmp_path, live())
    road.drive_down(7)
    road.drive_down(9, class_name="bus")
    road.read(9, "KLM7")
    road.recorder.write()
    point = resumed(tmp_path, live())
    last = road.frame - 1
    assert (point.frame_index, point.media_time) == (last, pytest.approx(last / FPS))
    assert point.timestamp == pytest.approx(START + last / FPS)
    assert (point.last_vehicle_id, point.last_track_id, point.plates_read) == (2, 9, 1)
    assert point.counts["counts_by_class"] == {"car": 1, "bus": 1}
    assert point.counts.get("counts_by_line") == {"main": {"in": {"car": 1, "bus": 1}}}
    (interval,) = point.counts["intervals"]
    assert interval["by_line"] == {"main": {"in": {"car": 1, "bus": 1}}}


def test_the_next_generation_writes_into_the_same_records_under_new_numbers(tmp_path: Path) -> None:
    config = live()
    road = RecordedRoad(tmp_path, config)
    road.drive_down(1)
    road.recorder.write()
    with closing(open_database(tmp_path)) as database:
        began = dict(database.execute("SELECT key, value FROM run"))
    second = after(tmp_path, config)
    second.drive_down(2, class_name="bus")
    updates = second.counter.flush()
    for update in updates:
        second.recorder.take(update)
    second.recorder.close()
    passages = list(RunRecords.load(tmp_path).passages)
    assert [(each.passage_id, each.class_name, each.tracks) for each in passages] == [
        (1, "car", [1]),
        (2, "bus", [2]),
    ]
    assert updates[-1]["total_count"] == 2
    assert updates[-1]["counts_by_class"] == {"car": 1, "bus": 1}
    with closing(open_database(tmp_path)) as database:
        facts = dict(database.execute("SELECT key, value FROM run"))
    assert facts["started_at"] == began["started_at"]
    assert facts["first_time"] == began["first_time"]
    assert float(facts["last_media"]) > float(began["last_media"])


def test_a_file_goes_on_where_all_is_recorded_and_what_comes_again_replaces_what_was_there(tmp_path: Path) -> None:
    """A run is cut in the middle of the third vehicle; two generations count as one that was not cut."""
    config = settings()
    road = RecordedRoad(tmp_path, config)

    def drive(road: RecordedRoad, number: int, frames: range) -> None:
        for step in frames:
            y = 40 + 6 * step
            road.see((number, [85, y - 30, 115, y]))

    for number in (1, 2):
        drive(road, number, range(32))
        wait(road)
    starts_third = road.frame
    drive(road, 3, range(20))
    road.recorder.write()
    cut = road.frame - 1
    assert [len(each.crossings) for each in RunRecords.load(tmp_path).passages] == [1, 1, 1]
    point = resumed(tmp_path, config)
    assert point.frame_index < cut - config.queue_size, "results of frames in the queues are not recorded"
    assert point.frame_index < starts_third, "nobody is in sight there"
    assert [each.passage_id for each in RunRecords.load(tmp_path).passages] == [1, 2]
    assert point.media_time == pytest.approx(point.frame_index / FPS)
    assert point.timestamp == pytest.approx(START + point.media_time)
    second = RecordedRoad(tmp_path, config.resumed_at([point]))
    second.frame = point.frame_index + 1
    wait(second, starts_third - second.frame)
    drive(second, 3, range(32))
    update = second.counter.flush()[-1]
    second.recorder.take(update)
    second.recorder.close()
    assert update["total_count"] == 3
    crossings = [each.crossings[0] for each in RunRecords.load(tmp_path).passages]
    assert [each.frame for each in crossings] == [14, 14 + 152, 14 + 304]


def test_a_crossing_is_neither_lost_nor_doubled_on_a_road_that_is_never_empty(tmp_path: Path) -> None:
    """A vehicle every 30 frames, each in sight for 32: wherever the cut is, each crossing is recorded once."""
    config = settings()

    def frame_of(number: int) -> list[tuple[int, list[int]]]:
        boxes = []
        for vehicle in range(number // 30 + 1):
            step = number - 30 * vehicle
            if 0 <= step < 32:
                x, y = 60 + 60 * (vehicle % 4), 40 + 6 * step
                boxes.append((vehicle + 1, [x - 15, y - 30, x + 15, y]))
        return boxes

    for cut in (230, 239, 248):
        folder = tmp_path / str(cut)
        folder.mkdir()
        road = RecordedRoad(folder, config)
        for number in range(cut):
            road.see(*frame_of(number))
        road.recorder.write()
        point = resumed(folder, config)
        second = RecordedRoad(folder, config.resumed_at([point]))
        second.frame = point.frame_index + 1
        for number in range(second.frame, 330):
            second.see(*((track + point.last_track_id, box) for track, box in frame_of(number)))
        update = second.counter.flush()[-1]
        second.recorder.take(update)
        second.recorder.close()
        frames = sorted(each.frame for passage in RunRecords.load(folder).passages for each in passage.crossings)
        assert frames == [14 + 30 * number for number in range(11)], cut
        assert update["total_count"] == 11, cut


def test_plates_readings_and_pictures_of_what_comes_again_are_deleted(tmp_path: Path) -> None:
    config = settings()
    road = RecordedRoad(tmp_path, config)
    road.drive_down(1)
    road.read(1, "KEEP1")
    wait(road, 200)
    for y in range(40, 130, 6):
        road.see((2, [85, y - 30, 115, y]))
    road.read(2, "AGAIN")
    road.recorder.write()
    for track in (1, 2):
        (tmp_path / "plates").mkdir(exist_ok=True)
        (tmp_path / "plates" / f"{track}.jpg").write_bytes(b"jpeg")
    point = resumed(tmp_path, config)
    assert (point.last_track_id, point.plates_read) == (1, 1)
    with closing(open_database(tmp_path)) as database:
        for table in ("plates", "readings"):
            assert [row[0] for row in database.execute(f"SELECT DISTINCT track_id FROM {table}")] == [1]
    assert sorted(path.name for path in (tmp_path / "plates").iterdir()) == ["1.jpg"]


def test_zones_speeds_and_movements_are_counted_from_the_records(tmp_path: Path) -> None:
    lines = [{"name": name, "points": [[0.0, y], [1.0, y]]} for name, y in (("first", 0.3), ("second", 0.7))]
    zone = {"name": "middle", "points": [[0.0, 0.4], [1.0, 0.4], [1.0, 0.6], [0.0, 0.6]]}
    config = live(vehicle_counter={"lines": lines, "zones": [zone]})
    road = RecordedRoad(tmp_path, config)
    for number in (1, 2):
        road.drive_down(number)
        wait(road)
    counted = road.counter.flush()[-1]
    road.recorder.take(counted)
    road.recorder.write()
    recorded = resumed(tmp_path, config).counts
    assert recorded["movements"] == counted["movements"] == {"first": {"second": {"car": 2}}}
    assert recorded["zones"] == counted["zones"]
    assert recorded["total_count"] == counted["total_count"] == 4

"""The visualizer alone: three streams in, pictures and records out."""

import queue
import sqlite3
import threading
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import cv2
import pytest

from tests.builders import (
    START,
    make_count_update,
    make_image,
    make_ocr_result,
    make_tracked_message,
    make_vehicle,
    start,
    without_added_fields,
)
from traffic_monitor.drawing.annotate import IGNORE_COLOR, SPEED_COLOR, ZONE_COLOR, Scene
from traffic_monitor.records.database import DATABASE_FILE, open_database
from traffic_monitor.records.passages import run_facts
from traffic_monitor.records.run_folder import SCENE_FILE, VIDEO_FILE
from traffic_monitor.services import visualizer as module
from traffic_monitor.services.visualizer import Visualizer, open_recorder, open_sinks, visualizer_process
from traffic_monitor.settings import FrameGrabberSettings, Settings
from traffic_monitor.shared_utils import guarded
from traffic_monitor.shared_utils.disk_guard import DiskGuard
from traffic_monitor.shared_utils.errors import ServiceError
from traffic_monitor.shared_utils.frame_codec import Image
from traffic_monitor.shared_utils.guarded import Guard
from traffic_monitor.sinks.sink import GuardedSink
from traffic_monitor.sinks.video import VideoFile
from traffic_monitor.sinks.window import Screen, Window

BOX = [100, 80, 200, 180]


class RecordingSink:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.images: list[Image] = []
        self.times: list[float] = []
        self.idled = 0
        self.closed = 0

    def take(self, image: Image, media_time: float) -> None:
        self.images.append(image)
        self.times.append(media_time)

    def idle(self) -> None:
        self.idled += 1

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def scenes(monkeypatch: pytest.MonkeyPatch) -> list[Scene]:
    """What is drawn, instead of pixels."""
    drawn: list[Scene] = []

    def annotate(image: Image, scene: Scene) -> Image:
        drawn.append(scene)
        return image

    monkeypatch.setattr(module, "annotate", annotate)
    return drawn


def test_zones_areas_and_the_rectangle_are_outlined_in_pixels_of_the_frame(scenes: list[Scene]) -> None:
    area = {"points": [[0, 0], [0.5, 0], [0.5, 0.5]]}
    corners = [[10, 10], [90, 10], [90, 90], [10, 90]]
    speed = {"points": corners, "units": "pixels", "width_m": 7, "length_m": 9}
    counter = {"lines": [], "zones": [{"name": "yard", **area}], "ignore": [area], "speed": speed}
    visualizer = Visualizer(Settings.model_validate({"vehicle_counter": counter}), [RecordingSink()])
    for index in range(2):
        visualizer.process(make_tracked_message([], index=index))
    triangle = [(0, 0), (160, 0), (160, 120)]
    assert [(mark.corners, mark.color) for mark in scenes[1].areas] == [
        (triangle, IGNORE_COLOR),
        (triangle, ZONE_COLOR),
        ([tuple(corner) for corner in corners], SPEED_COLOR),
    ]


def test_an_annotated_frame_goes_to_every_sink_with_its_time(settings: Settings) -> None:
    sinks = [RecordingSink(), RecordingSink()]
    Visualizer(settings, sinks).process(make_tracked_message([make_vehicle(1, BOX)], index=5))
    for sink in sinks:
        assert sink.times == [pytest.approx(0.2)]
        assert sink.images[0].shape == (240, 320, 3)
        assert abs(sink.images[0].astype(int) - make_image()).max() > 60


def test_without_sinks_no_frame_is_decoded(settings: Settings) -> None:
    visualizer = Visualizer(settings)
    visualizer.process(make_ocr_result("AB12", track_id=7, index=0))
    visualizer.process(make_tracked_message([make_vehicle(7, BOX)], 5, frame_data_jpeg="no picture at all"))
    visualizer.close()
    assert visualizer.details()["plates"][0]["last_seen"] == 0.2


def test_a_vehicle_is_drawn_with_class_id_and_plate(settings: Settings, scenes: list[Scene]) -> None:
    visualizer = Visualizer(settings, [RecordingSink()])
    visualizer.process(make_ocr_result("AB12", track_id=7))
    visualizer.process(make_tracked_message([make_vehicle(7, BOX, "bus"), make_vehicle(8, BOX)]))
    marks = [(mark.class_name, mark.track_id, mark.plate_text) for mark in scenes[0].vehicles]
    assert marks == [("bus", 7, "AB12"), ("car", 8, "")]


def test_the_line_is_drawn_with_its_counts(settings: Settings, scenes: list[Scene]) -> None:
    visualizer = Visualizer(settings, [RecordingSink()])
    visualizer.process(make_count_update(3))
    visualizer.process(make_tracked_message([]))
    (line,) = scenes[0].lines
    assert (line.start, line.end) == ((0, pytest.approx(184.8)), (320, pytest.approx(184.8)))
    assert line.label == "main: in 3  out 0"


def test_counts_and_plates_are_not_drawn_before_their_frame(settings: Settings, scenes: list[Scene]) -> None:
    visualizer = Visualizer(settings, [RecordingSink()])
    visualizer.process(make_count_update(1, frame_index=2))
    visualizer.process(make_ocr_result("AB12", track_id=7, index=1, frame_index=1))
    for index in range(3):
        visualizer.process(make_tracked_message([make_vehicle(7, BOX)], index))
    assert [scene.vehicles[0].plate_text for scene in scenes] == ["", "AB12", "AB12"]
    assert [scene.panel[1].split()[1] for scene in scenes] == ["0", "0", "1"]
    assert [scene.lines[0].label for scene in scenes] == ["main: in 0  out 0"] * 2 + ["main: in 1  out 0"]
    assert visualizer.details()["counts"]["total_count"] == 1


def test_the_panel_shows_camera_time_and_totals(settings: Settings, scenes: list[Scene]) -> None:
    visualizer = Visualizer(settings, [RecordingSink()])
    visualizer.process(make_count_update(3))
    visualizer.process(make_tracked_message([], index=25 * 75))
    rows = scenes[0].panel
    assert rows[0] == "cam1   01:15.0"
    assert rows[1] == "counted 3   car 3"
    assert "frames/s" in rows[2]


@pytest.mark.parametrize(
    ("indexes", "shown"),
    [
        pytest.param([0, 1, 2], "", id="no drops are not mentioned"),
        pytest.param([0, 3, 4], "dropped 2", id="a gap in the frame numbers is a drop"),
        pytest.param([2], "dropped 2", id="frames lost before the first one are drops"),
    ],
)
def test_the_panel_shows_the_drops(
    settings: Settings, scenes: list[Scene], indexes: list[int], shown: str
) -> None:
    visualizer = Visualizer(settings, [RecordingSink()])
    for index in indexes:
        visualizer.process(make_tracked_message([], index))
    assert scenes[-1].panel[2].partition("frames/s")[2].strip() == shown


def test_messages_with_only_the_fixed_fields_are_shown(settings: Settings, scenes: list[Scene]) -> None:
    visualizer = Visualizer(settings, [RecordingSink()])
    visualizer.process(without_added_fields(make_count_update(2)))
    visualizer.process(without_added_fields(make_ocr_result("AB12", track_id=7)))
    visualizer.process(without_added_fields(make_tracked_message([make_vehicle(7, BOX)])))
    assert scenes[0].vehicles[0].plate_text == "AB12"
    assert "counted 2" in scenes[0].panel[1]
    assert scenes[0].lines[0].label == "main: in 0  out 0"


def test_a_plate_of_a_vehicle_out_of_sight_ages_out(scenes: list[Scene]) -> None:
    config = Settings.model_validate({"visualizer": {"plate_ttl_s": 2}})
    visualizer = Visualizer(config, [RecordingSink()])
    visualizer.process(make_ocr_result("AB12", track_id=7))
    for index in (0, 49, 100):  # The last one comes 2.04 s after the vehicle was last seen.
        visualizer.process(make_tracked_message([make_vehicle(7, BOX)] if index < 50 else [], index))
        visualizer.details()
    visualizer.process(make_tracked_message([make_vehicle(7, BOX)], 101))
    assert [[mark.plate_text for mark in scene.vehicles] for scene in scenes] == [["AB12"], ["AB12"], [], [""]]


def test_the_details_hold_the_latest_counts_and_numbers_but_no_list_of_vehicles(settings: Settings) -> None:
    visualizer = Visualizer(settings)
    for total in (1, 2):
        visualizer.process(make_count_update(total, journeys=[]))
    for track_id in (7, 8):
        visualizer.process(make_ocr_result("AB12", track_id, consensus_text=f"AB{track_id}"))
    visualizer.close()
    details = visualizer.details()
    assert (details["counts"]["total_count"], details["plates_read"], details["missing_passages"]) == (2, 2, 0)
    assert not details["counts"].keys() & {"journeys", "crossings"}


def test_idle_and_close_reach_every_sink(settings: Settings) -> None:
    sinks = [RecordingSink(), RecordingSink()]
    visualizer = Visualizer(settings, sinks)
    visualizer.idle()
    visualizer.close()
    assert [(sink.idled, sink.closed) for sink in sinks] == [(1, 1), (1, 1)]


class FakeScreen:
    """Keeps the pictures that windows are given."""

    def __init__(self) -> None:
        self.images: list[Image] = []

    def show(self, number: int, image: Image) -> None:
        self.images.append(image)

    def take_answers(self) -> None:
        pass


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Monotonic seconds of the visualizer, moved by the test."""
    clock = SimpleNamespace(seconds=1000.0)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.seconds))
    return clock


def test_a_camera_without_frames_has_no_signal_in_window_and_video(
    settings: Settings, now: SimpleNamespace
) -> None:
    live = settings.model_copy(update={"frame_grabber": FrameGrabberSettings(source=0)})
    screen, video = FakeScreen(), RecordingSink()
    visualizer = Visualizer(live, [Window(cast(Screen, screen), 0), video])
    now.seconds += 60
    visualizer.idle()
    assert (len(screen.images), len(video.images)) == (1, 0)
    visualizer.process(make_tracked_message([], index=25))
    for _ in range(40):
        now.seconds += 0.125
        visualizer.idle()
    visualizer.process(make_tracked_message([], index=150))
    assert video.times == [1, 3, 4, 5, 6, 6]
    assert video.images[1].mean() < video.images[0].mean() / 2
    assert len(screen.images) == 1 + len(video.images)


def test_a_file_that_waits_has_no_lack_of_signal(settings: Settings, now: SimpleNamespace) -> None:
    sink = RecordingSink()
    visualizer = Visualizer(settings, [sink])
    visualizer.process(make_tracked_message([], 0))
    now.seconds += 60
    visualizer.idle()
    assert len(sink.images) == 1


def test_with_display_off_and_no_video_there_is_no_sink(settings: Settings) -> None:
    assert open_sinks(settings, None) == []


def test_each_of_window_video_and_records_does_without_the_others(settings: Settings, tmp_path: Path) -> None:
    config = settings.for_run(tmp_path)
    message = make_tracked_message([make_vehicle(7, BOX)])
    sink = RecordingSink()
    Visualizer(config, [sink]).process(message)
    assert len(sink.images) == 1
    assert not (tmp_path / DATABASE_FILE).exists()
    recorder = open_recorder(config)
    visualizer = Visualizer(config, [], recorder)
    visualizer.process(make_ocr_result("AB12", 7))
    visualizer.process(message)
    visualizer.close()
    assert not (tmp_path / VIDEO_FILE).exists()
    with closing(open_database(tmp_path)) as database:
        assert [row["text"] for row in database.execute("SELECT text FROM plates")] == ["AB12"]


def test_a_sink_that_fails_takes_nothing_else_along(
    settings: Settings, tmp_path: Path, log_lines: list[str]
) -> None:
    class BrokenSink(RecordingSink):
        def take(self, image: Image, media_time: float) -> None:
            raise OSError("no space left on the device")

    config, other = settings.for_run(tmp_path), RecordingSink()
    broken = GuardedSink(BrokenSink, Guard("annotated video"))
    visualizer = Visualizer(config, [broken, other], open_recorder(config))
    for index in range(60):
        visualizer.process(make_tracked_message([make_vehicle(7, BOX)], index, timestamp=START + index))
    visualizer.close()
    assert len(other.images) == 60
    with closing(open_database(tmp_path)) as database:
        assert run_facts(database).values["last_time"] == str(START + 59)
    assert [line for line in log_lines if line.startswith("ERROR")] == log_lines[:1]


def test_a_still_that_cannot_be_written_is_made_of_a_later_frame(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log_lines: list[str]
) -> None:
    def fail(*_: object) -> None:
        raise OSError("no space left on the device")

    now = 0.0
    monkeypatch.setattr(guarded, "time", SimpleNamespace(monotonic=lambda: now))
    config = settings.for_run(tmp_path)
    visualizer = Visualizer(config, [], open_recorder(config))
    with monkeypatch.context() as full_disk:
        full_disk.setattr(module, "write_jpeg", fail)
        visualizer.process(make_tracked_message([], 0))
    visualizer.process(make_tracked_message([], 1, frame_data_jpeg="not decoded while it pauses"))
    assert not (tmp_path / SCENE_FILE).exists()
    now = 60.0
    visualizer.process(make_tracked_message([], 2))
    assert (tmp_path / SCENE_FILE).exists()
    assert len([line for line in log_lines if line.startswith("ERROR")]) == 1


def test_the_still_of_the_scene_is_the_first_frame_without_anything_drawn(
    settings: Settings, tmp_path: Path
) -> None:
    config = settings.for_run(tmp_path)
    visualizer = Visualizer(config, [], open_recorder(config))
    for index in range(2):
        visualizer.process(make_tracked_message([make_vehicle(7, BOX)], index))
    visualizer.close()
    assert abs(cv2.imread(str(tmp_path / SCENE_FILE)).astype(int) - make_image()).mean() < 3


def test_records_are_only_kept_where_the_settings_want_them(tmp_path: Path) -> None:
    config = Settings.model_validate({"visualizer": {"save_records": False}}).for_run(tmp_path)
    visualizer = Visualizer(config, [], open_recorder(config))
    visualizer.process(make_tracked_message([make_vehicle(7, BOX)]))
    visualizer.process(make_ocr_result("AB12", 7))
    visualizer.close()
    assert list(tmp_path.iterdir()) == []
    assert [plate["text"] for plate in visualizer.details()["plates"]] == ["AB12"]


def test_a_database_that_cannot_be_made_is_said(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match=r"traffic\.db cannot be made"):
        open_recorder(settings.for_run(tmp_path / "not there"))


def frames_in(path: Path) -> int:
    video = cv2.VideoCapture(str(path))
    try:
        return sum(1 for _ in iter(lambda: video.read()[0], False))
    finally:
        video.release()


def run_process(config: Settings, streams: list[list[Any]]) -> None:
    inputs: list[queue.Queue[Any]] = [queue.Queue() for _ in streams]
    for stream, messages in zip(inputs, streams, strict=True):
        for message in [*messages, None]:
            stream.put(message)
    start(visualizer_process, config, *inputs, threading.Event()).result(timeout=10)


@pytest.mark.parametrize(
    ("source", "mode", "display", "save_video", "written"),
    [
        pytest.param("a.mp4", "auto", "auto", "auto", True, id="a file, and no screen for the window"),
        pytest.param("a.mp4", "live", "auto", "auto", True, id="a file played live ends as well"),
        pytest.param("rtsp://gate/1", "auto", "auto", "auto", False, id="a camera never ends"),
        pytest.param("0", "auto", "auto", "auto", False, id="nor does a webcam"),
        pytest.param("rtsp://gate/1", "auto", "auto", True, True, id="a camera's video was asked for"),
        pytest.param("a.mp4", "auto", "off", "auto", False, id="no window was wanted"),
        pytest.param("a.mp4", "auto", "auto", False, False, id="no video whatever happens"),
        pytest.param("a.mp4", "auto", "off", True, True, id="a video whatever happens"),
    ],
)
def test_when_the_video_is_written(
    source: str, mode: str, display: str, save_video: object, written: bool
) -> None:
    config = Settings.model_validate(
        {
            "frame_grabber": {"source": source, "mode": mode},
            "visualizer": {"display": display, "save_video": save_video},
        }
    )
    assert bool(open_sinks(config, None)) is written


def test_the_video_goes_on_in_another_file_when_the_disk_has_room_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(guarded, "time", SimpleNamespace(monotonic=lambda: now))
    config = Settings.model_validate({"visualizer": {"display": "off", "save_video": True}}).for_run(tmp_path)
    visualizer = Visualizer(config, open_sinks(config, None))
    visualizer.process(make_tracked_message([], 0))
    with monkeypatch.context() as full_disk:
        full_disk.setattr(VideoFile, "take", lambda *_: (_ for _ in ()).throw(OSError("no space left")))
        visualizer.process(make_tracked_message([], 1))
    now = 60.0
    for index in range(2, 5):
        visualizer.process(make_tracked_message([], index))
    visualizer.close()
    assert [frames_in(tmp_path / name) for name in ("annotated.mp4", "annotated_2.mp4")] == [1, 3]


def test_the_process_writes_the_video_into_the_folder_of_the_run(tmp_path: Path) -> None:
    config = Settings.model_validate({"visualizer": {"display": "off", "save_video": True}}).for_run(tmp_path)
    frames = [make_tracked_message([make_vehicle(1, BOX)], index) for index in range(4)]
    run_process(config, [frames, [make_ocr_result("AB12", 1)], [make_count_update(1)]])
    assert frames_in(tmp_path / VIDEO_FILE) == 4


def test_each_camera_has_its_own_records_and_video(tmp_path: Path) -> None:
    cameras = [{"camera_id": name, "frame_grabber": {"source": f"{name}.mp4"}} for name in ("north", "yard")]
    folders = [tmp_path / "north", tmp_path / "yard"]
    for folder in folders:
        folder.mkdir()
    settings = {"cameras": cameras, "visualizer": {"display": "off", "save_video": True}}
    config = Settings.model_validate(settings).for_run(*folders)
    frames = [
        make_tracked_message([make_vehicle(1, BOX)], index, camera_id=name)
        for index, name in enumerate(("north", "yard", "yard"))
    ]
    texts = [make_ocr_result(text, 1, camera_id=name) for name, text in (("north", "AB12"), ("yard", "XY99"))]
    run_process(config, [frames, texts, [make_count_update(1, camera_id="yard")]])
    for folder, text, length in zip(folders, ("AB12", "XY99"), (1, 2), strict=True):
        with closing(open_database(folder)) as database:
            assert run_facts(database).values["camera_id"] == folder.name
            assert [row["text"] for row in database.execute("SELECT text FROM plates")] == [text]
        assert frames_in(folder / VIDEO_FILE) == length


def test_the_process_ends_only_when_all_three_inputs_have_ended(settings: Settings) -> None:
    tracked, readings, counts = (queue.Queue[Any](), queue.Queue[Any](), queue.Queue[Any]())
    future = start(visualizer_process, settings, tracked, readings, counts, threading.Event())
    tracked.put(None)
    counts.put(None)
    with pytest.raises(TimeoutError):
        future.result(timeout=0.4)
    readings.put(make_ocr_result("AB12"))
    readings.put(None)
    future.result(timeout=5)
    assert readings.empty()


def test_the_process_leaves_within_a_second_of_the_shutdown_event(settings: Settings) -> None:
    tracked, shutdown = queue.Queue[Any](), threading.Event()
    future = start(visualizer_process, settings, tracked, queue.Queue(), queue.Queue(), shutdown)
    tracked.put(make_tracked_message([]))
    shutdown.set()
    future.result(timeout=1)


def live_config(tmp_path: Path) -> Settings:
    """Settings of a camera whose day began in a folder of 2026-11-25."""
    config = Settings.model_validate(
        {
            "output_dir": str(tmp_path),
            "frame_grabber": {"source": "rtsp://camera", "timezone": "UTC"},
            "visualizer": {"display": "off", "save_video": True},
        }
    )
    return config.for_run(tmp_path / "cam1_20261125")


def test_a_cameras_video_and_scene_are_in_the_folder_of_the_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = live_config(tmp_path)
    midnight = datetime(2026, 11, 26, tzinfo=UTC).timestamp()
    now = [midnight - 1]
    monkeypatch.setattr(time, "time", lambda: now[0])
    visualizer = Visualizer(config, open_sinks(config, None), open_recorder(config))
    for index in range(3):
        visualizer.process(make_tracked_message([], index, timestamp=now[0]))
        now[0] += 1
    visualizer.close()
    files = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.glob("cam1*/*.[jm]p*"))
    assert files == [
        "cam1_20261125/annotated_20261125-235959.mp4", "cam1_20261125/scene.jpg",
        "cam1_20261126/annotated_20261126-000000.mp4", "cam1_20261126/scene.jpg",
    ]  # fmt: skip


def test_video_and_pictures_stop_before_the_disk_is_full_and_the_records_go_on(tmp_path: Path) -> None:
    config = live_config(tmp_path)
    full = DiskGuard(tmp_path, {module.VIDEO: 1000, module.PICTURES: 300}, lambda _: 1_000_000)
    visualizer = Visualizer(config, open_sinks(config, None, full), open_recorder(config, full))
    frame = make_tracked_message([make_vehicle(7, BOX)], timestamp=time.time())
    visualizer.process(frame)
    visualizer.process(make_ocr_result("AB12", 7, plate_picture_jpeg=frame["frame_data_jpeg"]))
    visualizer.close()
    assert not list(tmp_path.glob("*/annotated*"))
    assert not list(tmp_path.glob("*/plates/*"))
    (database,) = tmp_path.glob("cam1_*/traffic.db")
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT text FROM readings").fetchall() == [("AB12",)]

"""Each of the privacy settings, wherever something is written."""

import json
import os
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import av
import cv2
import numpy as np
import pytest

from tests.builders import (
    START,
    FakeRecognizer,
    make_detection,
    make_detection_message,
    make_image,
    make_ocr_result,
    make_plate_candidate,
    make_tracked_message,
    make_vehicle,
    write_clip,
)
from tests.records.road import RecordedRoad, record_cars, settings
from traffic_monitor.app import line as line_tool
from traffic_monitor.app.cli import run_command_line
from traffic_monitor.capture.frames import CapturedFrame
from traffic_monitor.plates.pseudonym import pseudonym
from traffic_monitor.records.database import open_database
from traffic_monitor.records.days import MARKER_FILE
from traffic_monitor.records.passages import RunRecords
from traffic_monitor.records.recorder import RETENTION_INTERVAL_S
from traffic_monitor.records.run_folder import SCENE_FILE, VIDEO_FILE, create_run_folders
from traffic_monitor.records.runs import DAY_S, forget_old_runs
from traffic_monitor.services import vehicle_detector
from traffic_monitor.services.frame_grabber import FrameGrabber
from traffic_monitor.services.ocr_reader import OcrReader
from traffic_monitor.services.vehicle_tracker import VehicleTracker
from traffic_monitor.services.visualizer import Visualizer
from traffic_monitor.settings import Settings
from traffic_monitor.settings.loader import ConfigError, load_settings
from traffic_monitor.shared_utils.constants import ExitCode
from traffic_monitor.shared_utils.custom_types import DetectionMessage
from traffic_monitor.shared_utils.frame_codec import Image, decode_frame, encode_frame
from traffic_monitor.sinks.video import VideoFile
from traffic_monitor.supervision.summary import CameraResults, searched_vehicles

SECRET = "a secret of this test"
HASHED = {"hash_plates": True, "blur_plates": True, "secret": SECRET}
PLATE, CAR = [100, 100, 160, 120], [60, 40, 200, 140]


def config(**privacy: Any) -> Settings:
    return Settings.model_validate({"privacy": privacy})


def striped() -> Image:
    image = make_image()
    image[:, ::4] = image[:, 1::4] = 255
    return image


def strokes(image: Image, box: list[int]) -> float:
    """Mean difference of neighbouring columns: high where there is fine structure, low in a mosaic."""
    part = image[box[1] : box[3], box[0] : box[2]].astype(float)
    return float(np.abs(np.diff(part, axis=1)).mean())


class FrameKeeper:
    """A sink that keeps the frames."""

    def __init__(self) -> None:
        self.images: list[Image] = []

    def take(self, image: Image, media_time: float) -> None:
        self.images.append(image)

    def idle(self) -> None:
        return

    def close(self) -> None:
        return


# masks


def test_no_window_video_still_or_picture_shows_what_is_masked(tmp_path: Path) -> None:
    yard = [0.5, 0.5, 1.0, 1.0]  # Left, top, right, bottom.
    masks = [{"points": [[0.5, 0.5], [1, 0.5], [1, 1], [0.5, 1]]}]
    changes: dict[str, Any] = {"vehicle_counter": {"lines": []}, "privacy": {"masks": masks}}
    run_config = Settings.model_validate(changes).for_run(tmp_path)
    grabber, tracker, keeper = FrameGrabber(run_config), VehicleTracker(run_config), FrameKeeper()
    video = VideoFile(tmp_path / VIDEO_FILE)
    visualizer = Visualizer(run_config, [keeper, video], RecordedRoad(tmp_path, run_config).recorder)
    reader = OcrReader(run_config, FakeRecognizer(("KLM7", 0.9)))
    car, plate = [170, 130, 310, 230], [200, 180, 260, 200]
    for index in range(3):
        captured = CapturedFrame(np.full((240, 320, 3), 255, np.uint8), index, index / 25, START + index / 25)
        (frame,) = grabber.process(captured)
        (tracked,) = tracker.process(cast(DetectionMessage, {**frame, "detections": []}))
        visualizer.process(tracked)
    candidate = make_plate_candidate(plate, frame_data_jpeg=frame["frame_data_jpeg"], vehicle_bbox_orig=car)
    (reading,) = reader.process(candidate)
    visualizer.close()
    with av.open(tmp_path / VIDEO_FILE) as file:
        filmed = [each.to_ndarray(format="bgr24") for each in file.decode(video=0)]
    assert len(filmed) == 3
    for image in (*keeper.images, *filmed, cv2.imread(str(tmp_path / SCENE_FILE))):
        height, width = image.shape[:2]
        left, top, right, bottom = (
            round(share * size) for share, size in zip(yard, (width, height) * 2, strict=True)
        )
        assert image[top + 1 : bottom, left + 1 : right].max() < 30
        assert image[height // 2 :, : width // 2 - 8].min() > 220
    for picture in ("plate_picture_jpeg", "vehicle_picture_jpeg"):
        assert decode_frame(reading[picture]).max() < 30  # type: ignore[literal-required]


# blur_plates


@pytest.mark.parametrize("blur", [True, False])
def test_frames_and_the_still_of_the_scene_show_no_plate(blur: bool, tmp_path: Path) -> None:
    sink = FrameKeeper()
    run_config = config(blur_plates=blur).for_run(tmp_path)
    road = RecordedRoad(tmp_path, run_config)
    visualizer = Visualizer(run_config, [sink], road.recorder)
    jpeg = encode_frame(striped(), 95)
    visualizer.process(make_tracked_message([make_vehicle(7, CAR)], frame_data_jpeg=jpeg))
    visualizer.close()
    for image in (sink.images[0], cv2.imread(str(tmp_path / SCENE_FILE))):
        assert (strokes(image, PLATE) < 40) is blur


@pytest.mark.parametrize("confidence", [0.9, 0.25], ids=["seen for the first time", "too weak to be tracked"])
def test_vehicles_that_the_tracker_does_not_know_show_no_plate_either(confidence: float, tmp_path: Path) -> None:
    sink = FrameKeeper()
    run_config = config(blur_plates=True).for_run(tmp_path)
    visualizer = Visualizer(run_config, [sink], RecordedRoad(tmp_path, run_config).recorder)
    tracker, jpeg = VehicleTracker(run_config), encode_frame(striped(), 95)
    tracker.process(make_detection_message([], 0))  # ByteTrack believes what the very first frame shows.
    for index in range(1, 4):
        detections = [make_detection(CAR, confidence=confidence)]
        message = make_detection_message([], index, detections=detections, frame_data_jpeg=jpeg)
        visualizer.process(tracker.process(message)[0])
    visualizer.close()
    for image in [*sink.images, cv2.imread(str(tmp_path / SCENE_FILE))]:
        assert strokes(image, PLATE) < 40


@pytest.mark.parametrize(
    ("confidence", "ignore"),
    [
        pytest.param(0.9, [], id="tracked"),
        pytest.param(0.15, [], id="too weak to begin a track"),
        pytest.param(0.9, [{"points": [[0, 0], [1, 0], [1, 1], [0, 1]]}], id="in an ignored area"),
    ],
)
def test_the_very_first_frame_shows_no_plate(confidence: float, ignore: list[Any], tmp_path: Path) -> None:
    sink = FrameKeeper()
    changes: dict[str, Any] = {
        "privacy": {"blur_plates": True},
        "vehicle_counter": {"ignore": ignore, "lines": []},
    }
    run_config = Settings.model_validate(changes).for_run(tmp_path)
    visualizer = Visualizer(run_config, [sink], RecordedRoad(tmp_path, run_config).recorder)
    detections = [make_detection(CAR, confidence=confidence)]
    message = make_detection_message([], 0, detections=detections, frame_data_jpeg=encode_frame(striped(), 95))
    visualizer.process(VehicleTracker(run_config).process(message)[0])
    visualizer.close()
    for image in (sink.images[0], cv2.imread(str(tmp_path / SCENE_FILE))):
        assert strokes(image, PLATE) < 40


def test_the_text_is_not_drawn_either() -> None:
    frames = []
    for text in ("KLM7", ""):
        sink = FrameKeeper()
        visualizer = Visualizer(config(blur_plates=True), [sink])
        visualizer.process(make_ocr_result(text, 7))
        visualizer.process(make_tracked_message([make_vehicle(7, CAR)]))
        frames.append(sink.images[0])
    assert (frames[0] == frames[1]).all()


def test_the_kept_picture_of_a_vehicle_shows_no_plate_and_there_is_none_of_the_plate() -> None:
    reader = OcrReader(config(blur_plates=True), FakeRecognizer(("KLM7", 0.9)))
    jpeg = encode_frame(striped(), 95)
    (result,) = reader.process(make_plate_candidate(PLATE, frame_data_jpeg=jpeg, vehicle_bbox_orig=CAR))
    assert "plate_picture_jpeg" not in result
    assert strokes(decode_frame(result["vehicle_picture_jpeg"]), [0, 0, 140, 100]) < 40


def test_the_still_of_the_line_tool_shows_no_plate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Detector:
        def __init__(self, settings: Settings) -> None:
            return

        def process(self, frame: Any) -> list[Any]:
            return [{"detections": [{"bbox_xyxy": [20, 20, 120, 100]}]}]

    monkeypatch.setattr(vehicle_detector, "VehicleDetector", Detector)
    hidden: list[list[int]] = []
    monkeypatch.setattr(line_tool, "hide_plate", lambda image, box: hidden.append(box))
    clip = write_clip(tmp_path / "clip.mp4", 2)
    for blur in (False, True):
        line_tool.first_frame(
            load_settings(overrides=[f"frame_grabber.source={clip}", f"privacy.blur_plates={blur}"])
        )
    assert hidden == [[20, 20, 120, 100]]


# store_crops


def test_no_pictures_are_kept() -> None:
    reader = OcrReader(config(store_crops=False), FakeRecognizer(("KLM7", 0.9)))
    (result,) = reader.process(make_plate_candidate(PLATE, vehicle_bbox_orig=CAR))
    assert not result.keys() & {"plate_picture_jpeg", "vehicle_picture_jpeg"}


# hash_plates


def test_plates_leave_the_reader_as_pseudonyms() -> None:
    reader = OcrReader(config(**HASHED), FakeRecognizer(("KLM7", 0.9), ("KLM7", 0.9), ("KLN7", 0.6)))
    results = [reader.process(make_plate_candidate(PLATE, index=index))[0] for index in range(3)]
    assert results[0]["license_plate_text"] == pseudonym("KLM7", SECRET)
    assert results[1]["consensus_text"] == pseudonym("KLM7", SECRET)
    assert "KLM7" not in json.dumps(results)
    assert "KLN7" not in json.dumps(results)
    assert results[2]["readings"] == 3  # The readings themselves are still compared letter by letter.


def test_a_plate_that_was_not_read_has_no_pseudonym() -> None:
    (result,) = OcrReader(config(**HASHED), FakeRecognizer(("", 0.9))).process(make_plate_candidate(PLATE))
    assert (result["license_plate_text"], result["consensus_text"]) == ("", "")


def test_a_hashed_plate_is_found_by_who_knows_the_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    run = record_cars(tmp_path / "run", [pseudonym("KLM7", SECRET)], settings(privacy=HASHED))
    command = ["search", "--plate", "klm 7", "--run", str(run)]
    assert run_command_line(command) == ExitCode.OK
    assert "nothing found" in capsys.readouterr().out
    monkeypatch.setenv("TRAFFIC_MONITOR__PRIVACY__SECRET", SECRET)
    for more in ([], ["--fuzzy"]):
        assert run_command_line([*command, *more]) == ExitCode.OK
        assert pseudonym("KLM7", SECRET) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("privacy", "said"),
    [
        ({"hash_plates": True, "blur_plates": True}, "hash_plates needs a secret"),
        ({"hash_plates": True, "secret": SECRET}, "hash_plates needs blur_plates"),
        ({"secret": "short secret"}, "needs 16 characters or more, this one has 12"),
        ({"secret": 1234567890123456789}, "should be a text; put it in quotes"),
    ],
)
def test_a_setting_that_hides_nothing_is_refused_and_no_secret_is_shown(
    privacy: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRAFFIC_MONITOR__PRIVACY", json.dumps(privacy))
    with pytest.raises(ConfigError) as refused:
        load_settings()
    assert said in str(refused.value)
    assert "environment: privacy" in str(refused.value)
    assert str(privacy.get("secret", "no secret")) not in str(refused.value)


def test_the_secret_is_in_no_record(tmp_path: Path) -> None:
    record_cars(tmp_path, ["KLM7"], settings(privacy=HASHED))
    assert not [path for path in tmp_path.iterdir() if SECRET.encode() in path.read_bytes()]
    assert SECRET not in repr(config(**HASHED))


# keep_days


def test_a_long_run_forgets_what_is_too_old_and_its_pictures(tmp_path: Path) -> None:
    now = [START]
    road = RecordedRoad(tmp_path, settings(privacy={"keep_days": 2}), clock=lambda: now[0])
    (tmp_path / "plates").mkdir()
    for track, plate, pause in ((1, "OLD1", 1.9 * DAY_S), (2, "NEW2", 0.2 * DAY_S)):
        (tmp_path / f"plates/{track}.jpg").write_bytes(b"jpeg")
        road.drive_down(track)
        road.read(track, plate)
        road.recorder.write_when_due()
        now[0] += pause
    road.recorder.write_when_due()
    assert [each.plate for each in RunRecords.load(tmp_path, trajectories=True).passages] == ["NEW2"]
    assert [path.name for path in (tmp_path / "plates").iterdir()] == ["2.jpg"]
    with closing(open_database(tmp_path)) as database:
        texts = database.execute("SELECT text FROM plates UNION SELECT text FROM readings").fetchall()
    assert [text for (text,) in texts] == ["NEW2"]
    road.end()
    assert b"OLD1" not in (tmp_path / "traffic.db").read_bytes()


def test_what_is_old_is_looked_for_from_time_to_time_only(tmp_path: Path) -> None:
    now = [START]
    road = RecordedRoad(tmp_path, settings(privacy={"keep_days": 1}), clock=lambda: now[0])
    road.drive_down(1)
    road.recorder.write_when_due()
    statements: list[str] = []
    road.recorder._current.store.open().set_trace_callback(statements.append)
    for _ in range(10):
        now[0] += RETENTION_INTERVAL_S / 10
        road.recorder.write_when_due()
    assert len([each for each in statements if each.startswith("DELETE FROM passages")]) == 1


def old_run(folder: Path, age_days: float, *, marked: bool) -> Path:
    """A run that recorded its last vehicle so many days ago."""
    record_cars(folder, ["KLM7"])
    if marked:
        (folder / MARKER_FILE).touch()
    for path in folder.iterdir():
        os.utime(path, (START - age_days * DAY_S,) * 2)
    return folder


def forgotten(output_dir: Path) -> list[str]:
    """Names of the folders that are deleted when three days are kept."""
    return [folder.name for folder in forget_old_runs(output_dir, START - 3 * DAY_S)]


def test_old_runs_are_deleted_and_nothing_else(tmp_path: Path) -> None:
    for name, age in (("old", 3.1), ("young", 2.9), ("killed", 3.1)):
        (old_run(tmp_path / name, age, marked=True) / "report.html").write_text("made today")
    (tmp_path / "killed" / "traffic.db-wal").touch()
    (tmp_path / "latest").symlink_to("old")
    assert forgotten(tmp_path) == ["old"]
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["killed", "young"]


def test_a_folder_of_a_run_is_marked_when_it_is_made(tmp_path: Path) -> None:
    folders = create_run_folders(tmp_path, ["north", "yard"], datetime(2026, 5, 4, 8, 0))
    assert all((folder / MARKER_FILE).is_file() for folder in folders)


@pytest.mark.parametrize("name", ["thesis", "photos_20260504-080000"])
@pytest.mark.parametrize("file", ["summary.json", "run.log", "annotated.mp4", "traffic.db"])
def test_a_folder_that_no_run_made_is_never_deleted(tmp_path: Path, name: str, file: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / file).write_text("the user's own")
    os.utime(tmp_path / name / file, (0, 0))
    assert forgotten(tmp_path) == []
    assert (tmp_path / name / file).is_file()


@pytest.mark.parametrize(
    ("name", "deleted"),
    [
        pytest.param("cam1_20260504-080000", True, id="with the name of a run"),
        pytest.param("cam1_20260504-080000-2", True, id="with the name of the second run of that second"),
        pytest.param("accident on Monday", False, id="renamed by the user"),
    ],
)
def test_a_run_from_before_there_were_markers_is_known_by_name_and_database(
    tmp_path: Path, name: str, deleted: bool
) -> None:
    old_run(tmp_path / name, 4, marked=False)
    assert forgotten(tmp_path) == ([name] if deleted else [])


def test_links_are_not_followed_out_of_the_output_folder(tmp_path: Path) -> None:
    elsewhere = old_run(tmp_path / "elsewhere", 4, marked=True)
    output = tmp_path / "output"
    run = old_run(output / "run", 4, marked=True)
    (run / "pictures").symlink_to(elsewhere)
    (output / "link").symlink_to(elsewhere)
    (output / "mine").mkdir()
    (output / "mine" / MARKER_FILE).symlink_to(elsewhere / MARKER_FILE)
    assert forgotten(output) == ["run"]
    assert (elsewhere / "traffic.db").is_file()
    assert (output / "mine").is_dir()


def test_the_summary_of_a_long_run_does_not_name_who_passed_too_long_ago(tmp_path: Path) -> None:
    now = [START]
    road = RecordedRoad(tmp_path, settings(privacy={"keep_days": 2}), clock=lambda: now[0])
    for track_id, plate in ((1, "OLD1"), (2, "NEW2")):
        road.drive_down(track_id)
        road.read(track_id, plate)
        road.frame += 1000
        road.see()
        road.recorder.write_when_due()
        now[0] += 1.9 * DAY_S
    road.recorder.write_when_due()
    road.end()
    assert [each.get("text") for each in searched_vehicles(tmp_path, CameraResults())] == ["NEW2"]


def test_a_camera_that_goes_on_deletes_the_segments_of_its_video_that_are_too_old(tmp_path: Path) -> None:
    names = ("annotated_20261125-080000.mp4", "annotated_20261125-080000_2.mp4", "annotated_20261125-190000.mp4")
    for name, age_h in zip(
        (*names, "annotated.mp4", "my annotated_20261125-080000.mp4"), (13, 13, 2, 13, 13), strict=True
    ):
        (tmp_path / name).write_bytes(b"video")
        os.utime(tmp_path / name, (START - age_h * 3600,) * 2)
    road = RecordedRoad(tmp_path, settings(privacy={"keep_days": 0.5}))
    road.recorder.write_when_due()
    assert sorted(path.name for path in tmp_path.glob("*.mp4")) == [
        "annotated.mp4", names[2], "my annotated_20261125-080000.mp4",
    ]  # fmt: skip
    road.end()

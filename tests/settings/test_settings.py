"""The settings' own rules."""

import pickle
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from traffic_monitor.settings import (
    FrameGrabberSettings,
    LineSettings,
    Settings,
    SpeedSettings,
    ZoneSettings,
)

LINE = {"name": "main", "points": [[0, 0.5], [1, 0.5]]}


@pytest.mark.parametrize(
    ("source", "mode", "live"),
    [
        pytest.param("clip.mp4", "auto", False, id="a file is a file"),
        pytest.param("clip.mp4", "live", True, id="a file can be played live"),
        pytest.param(0, "auto", True, id="a webcam is live"),
        pytest.param("0", "auto", True, id="a webcam from the command line is live"),
        pytest.param("rtsp://camera/1", "auto", True, id="a stream is live"),
        pytest.param("HTTPS://camera/1", "auto", True, id="a stream in capitals is live"),
        pytest.param("rtsp://camera/1", "file", False, id="a stream can be read without loss"),
        pytest.param(None, "auto", False, id="nothing is not live"),
    ],
)
def test_what_counts_as_live(source: Any, mode: str, live: bool) -> None:
    assert FrameGrabberSettings.model_validate({"source": source, "mode": mode}).is_live is live


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"points": [[0, 0], [0, 0]]}, id="both points the same"),
        pytest.param({"points": [[0, 0], [1.1, 0]]}, id="a fraction above 1"),
        pytest.param({"points": [[0, -0.1], [1, 0]]}, id="a fraction below 0"),
        pytest.param({"points": [[0, 0]]}, id="one point only"),
        pytest.param({"points": [[0, 0], [1, 1], [0, 1]]}, id="three points"),
        pytest.param({"in_name": "x", "out_name": "x"}, id="both directions of one name"),
        pytest.param({"units": "metres"}, id="unknown units"),
        pytest.param({"points": [[0.5, 0.5], [0.5, 0.5001]]}, id="hardly any length"),
        pytest.param({"units": "pixels", "points": [[0, 0.5], [1, 0.5]]}, id="fractions called pixels"),
        pytest.param({"units": "pixels", "points": [[-90, 5], [-1, 900]]}, id="left of the frame"),
        pytest.param({"units": "pixels", "points": [[0, -9], [900, -1]]}, id="above the frame"),
        pytest.param({"units": "pixels", "points": [[0, float("inf")], [900, 1]]}, id="infinitely far"),
        pytest.param({"units": "pixels", "points": [[0, float("nan")], [900, 1]]}, id="no number"),
        pytest.param({"name": ""}, id="no name"),
    ],
)
def test_lines_that_are_refused(changes: dict[str, Any]) -> None:
    LineSettings.model_validate(LINE)
    with pytest.raises(ValidationError):
        LineSettings.model_validate(LINE | changes)


def test_pixels_may_be_any_number() -> None:
    line = LineSettings.model_validate(LINE | {"units": "pixels", "points": [[-10, 0], [4000, 900]]})
    assert line.points == ((-10, 0), (4000, 900))


ZONE = {"name": "yard", "points": [[0, 0], [1, 0], [1, 1]]}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"points": [[0, 0], [1, 1]]}, id="two points"),
        pytest.param({"points": [[0, 0], [1, 1], [0, 0]]}, id="a point twice, so that no area is left"),
        pytest.param({"points": [[0, 0], [100, 0], [100, 100]]}, id="fractions above 1"),
        pytest.param({"points": [[0.1, 0.1], [0.5, 0.5], [0.9, 0.9]]}, id="all points on a line"),
        pytest.param({"points": [[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]]}, id="edges that cross"),
        pytest.param({"points": [[0.5, 0.5], [0.5001, 0.5], [0.5001, 0.5001]]}, id="of a hair's size"),
        pytest.param({"units": "pixels", "points": [[-9, 0], [-1, 0], [-1, 5]]}, id="outside the frame"),
        pytest.param({"units": "pixels"}, id="fractions called pixels"),
        pytest.param({"name": ""}, id="no name"),
    ],
)
def test_zones_that_are_refused(changes: dict[str, Any]) -> None:
    ZoneSettings.model_validate(ZONE)
    with pytest.raises(ValidationError):
        ZoneSettings.model_validate(ZONE | changes)


AREA = {"points": [[0, 0], [1, 0], [1, 1]]}
ZONE_BELOW = {"points": [[0, 0.5], [1, 0.5], [1, 1]]}


@pytest.mark.parametrize(("section", "key"), [("privacy", "masks"), ("vehicle_counter", "ignore")])
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"points": [[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]]}, "edges cross", id="crossing"),
        pytest.param({"points": [[0.1, 0.1], [0.5, 0.5], [0.9, 0.9]]}, "no area", id="without area"),
        pytest.param({"points": [[0, 0], [100, 0], [100, 100]]}, "units: pixels", id="pixels called fractions"),
        pytest.param({"units": "pixels"}, "units: fraction", id="fractions called pixels"),
        pytest.param({"units": "pixels", "points": [[-9, 0], [-1, 0], [-1, 5]]}, "outside", id="outside"),
        pytest.param({"name": "yard"}, "not permitted", id="a name"),
    ],
)
def test_masks_and_areas_that_are_refused(section: str, key: str, changes: dict[str, Any], words: str) -> None:
    Settings.model_validate({section: {key: [AREA]}})
    with pytest.raises(ValidationError, match=words) as refusal:
        Settings.model_validate({section: {key: [AREA, AREA | changes]}})
    assert refusal.value.errors()[0]["loc"][:3] == (section, key, 1)


def test_a_zone_may_be_bent_in_and_may_end_where_it_begins() -> None:
    bent = [[0.1, 0.1], [0.9, 0.1], [0.5, 0.3], [0.9, 0.9], [0.1, 0.9], [0.1, 0.1]]
    assert len(ZoneSettings.model_validate(ZONE | {"points": bent}).points) == 6


RECTANGLE = {"points": [[0.4, 0.3], [0.6, 0.3], [0.9, 0.9], [0.1, 0.9]], "width_m": 8, "length_m": 30}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param(
            {"points": [[0.4, 0.3], [0.9, 0.9], [0.6, 0.3], [0.1, 0.9]]}, "walks around", id="corners crosswise"
        ),
        pytest.param(
            {"points": [[0.4, 0.3], [0.5, 0.3], [0.6, 0.3], [0.1, 0.9]]}, "walks around", id="three in a row"
        ),
        pytest.param(
            {"points": [[0.4, 0.3], [0.5, 0.4], [0.6, 0.3], [0.5, 0.9]]}, "walks around", id="a corner bent in"
        ),
        pytest.param({"points": [[400, 300], [600, 300], [900, 900], [100, 900]]}, "pixels", id="above 1"),
        pytest.param({"width_m": 0}, "greater than 0", id="no width"),
        pytest.param(
            {"points": [[0.5, 0.5], [0.5005, 0.5], [0.5005, 0.5005], [0.5, 0.5005]]}, "no area", id="a hair's size"
        ),
        pytest.param({"points": [[0, 0.5], [1, 0.5], [1, 0.5001], [0, 0.5001]]}, "no area", id="a hair"),
        pytest.param({"unit": "m/s"}, "'km/h' or 'mph'", id="an unknown unit"),
    ],
)
def test_rectangles_that_are_refused(changes: dict[str, Any], words: str) -> None:
    SpeedSettings.model_validate(RECTANGLE)
    SpeedSettings.model_validate(RECTANGLE | {"points": RECTANGLE["points"][::-1]})  # The other way round.
    with pytest.raises(ValidationError, match=words):
        SpeedSettings.model_validate(RECTANGLE | changes)


@pytest.mark.parametrize("minutes", [0, 7, 45, 120])
def test_intervals_divide_the_hour(minutes: int) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({"vehicle_counter": {"interval_minutes": minutes}})


def test_zone_names_differ() -> None:
    with pytest.raises(ValidationError, match="two zones have the same name: yard, yard"):
        Settings.model_validate({"vehicle_counter": {"zones": [ZONE, ZONE]}})


def test_line_names_differ() -> None:
    with pytest.raises(ValidationError, match="two lines have the same name: main, main"):
        Settings.model_validate({"vehicle_counter": {"lines": [LINE, LINE]}})


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("frame_grabber", "jpeg_quality", 0),
        ("frame_grabber", "jpeg_quality", 101),
        ("frame_grabber", "target_fps", 0),
        ("frame_grabber", "resize_width", 63),
        ("vehicle_detector", "conf_threshold", -0.1),
        ("vehicle_detector", "iou_threshold", 1.1),
        ("vehicle_detector", "imgsz", 31),
        ("vehicle_detector", "classes", []),
        ("lp_detector", "crop_margin", 0.6),
        ("lp_detector", "min_plate_width_px", 0),
        ("ocr_reader", "engine", "tesseract"),
        ("ocr_reader", "min_confidence", 2),
        ("supervisor", "drain_timeout_s", 0),
        ("logging", "level", "LOUD"),
    ],
)
def test_values_out_of_range_are_refused(section: str, key: str, value: object) -> None:
    with pytest.raises(ValidationError) as refusal:
        Settings.model_validate({section: {key: value}})
    assert refusal.value.errors()[0]["loc"][:2] == (section, key)


def test_constructing_settings_reads_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUEUE_SIZE", "3")
    monkeypatch.setenv("TRAFFIC_MONITOR__QUEUE_SIZE", "3")
    assert Settings().queue_size == 16


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Settings().queue_size = 3  # type: ignore[misc]


def test_the_folder_of_the_run_travels_with_the_settings_into_a_process() -> None:
    settings = Settings(queue_size=3)
    for_run = pickle.loads(pickle.dumps(settings.for_run(Path("output/run"))))
    assert (for_run.run_dir, for_run.queue_size) == (Path("output/run"), 3)
    assert settings.run_dir is None


GATE = {"name": "gate", "points": [[0, 0.5], [1, 0.5]]}


def two_cameras(**first: Any) -> Settings:
    cameras = [
        {"camera_id": "north", "frame_grabber": {"source": "rtsp://north/stream"}, **first},
        {"camera_id": "yard", "frame_grabber": {"source": "yard.mp4", "resize_width": 640}},
    ]
    common = {"frame_grabber": {"target_fps": 10, "resize_width": 1280}, "queue_size": 5}
    return Settings.model_validate({"cameras": cameras, **common})


def test_without_cameras_the_settings_are_those_of_the_one() -> None:
    settings = Settings(camera_id="gate")
    assert settings.each_camera() == [settings]


def test_a_camera_has_what_is_its_own_and_else_what_is_common() -> None:
    own = {"vehicle_counter": {"lines": [GATE]}, "vehicle_tracker": {"bytetrack": {"track_buffer_s": 2}}}
    north, yard = two_cameras(**own).each_camera()
    assert [(c.camera_id, c.frame_grabber.resize_width, c.queue_size) for c in (north, yard)] == [
        ("north", 1280, 5),
        ("yard", 640, 5),
    ]
    assert {c.frame_grabber.target_fps for c in (north, yard)} == {10}
    assert [line.name for line in north.vehicle_counter.lines] == ["gate"]
    assert yard.vehicle_counter == Settings().vehicle_counter
    assert (north.vehicle_tracker.bytetrack.track_buffer_s, north.vehicle_tracker.bytetrack.track_thresh) == (
        2.0,
        0.3,
    )


def test_a_camera_has_masks_of_its_own_and_nothing_else_of_privacy() -> None:
    common = {"masks": [AREA], "blur_plates": True}
    for own, points in (
        ({}, AREA["points"]),
        ({"masks": []}, None),
        ({"masks": [ZONE_BELOW]}, ZONE_BELOW["points"]),
    ):
        camera = {"camera_id": "a", "frame_grabber": {"source": 0}, "privacy": own}
        (alone,) = Settings.model_validate({"privacy": common, "cameras": [camera]}).each_camera()
        assert [[list(point) for point in mask.points] for mask in alone.privacy.masks] == (
            [points] if points else []
        )
        assert alone.privacy.blur_plates
    with pytest.raises(ValidationError, match="not permitted"):
        Settings.model_validate({"cameras": [camera | {"privacy": {"blur_plates": False}}]})


@pytest.mark.parametrize(
    ("sources", "live"),
    [
        pytest.param(["a.mp4", "b.mp4"], [False, False], id="files alone are read as fast as they can be"),
        pytest.param(["rtsp://a/b", "b.mp4"], [True, True], id="beside a camera a file is played at its speed"),
        pytest.param(
            [0, {"source": "b.mp4", "mode": "file"}], [True, False], id="but not if it is told to be a file"
        ),
    ],
)
def test_which_cameras_are_live(sources: list[Any], live: list[bool]) -> None:
    grabbers = [source if isinstance(source, dict) else {"source": source} for source in sources]
    cameras = [{"camera_id": str(number), "frame_grabber": grabber} for number, grabber in enumerate(grabbers)]
    settings = Settings.model_validate({"cameras": cameras})
    assert [camera.frame_grabber.is_live for camera in settings.each_camera()] == live
    assert settings.is_live is any(live)


def test_each_camera_has_its_own_folder_of_the_run_also_in_a_process() -> None:
    settings = pickle.loads(pickle.dumps(two_cameras().for_run(Path("out/north"), Path("out/yard"))))
    assert [camera.run_dir for camera in settings.each_camera()] == [Path("out/north"), Path("out/yard")]
    assert [camera.run_dir for camera in two_cameras().each_camera()] == [None, None]


@pytest.mark.parametrize(
    ("cameras", "words"),
    [
        pytest.param([{"camera_id": "a", "frame_grabber": {}}], "needs frame_grabber.source", id="no source"),
        pytest.param([{"camera_id": "a"}], "Field required", id="no section at all"),
        pytest.param(
            [{"camera_id": "a", "frame_grabber": {"source": number}} for number in (0, 1)],
            "same camera_id: a, a",
            id="two of one name",
        ),
        pytest.param(
            [{"camera_id": "a", "frame_grabber": {"source": 0}, "queue_size": 3}],
            "not permitted",
            id="a common key",
        ),
    ],
)
def test_cameras_that_make_no_sense_are_refused(cameras: list[Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Settings.model_validate({"cameras": cameras})


@pytest.mark.parametrize(
    ("kind", "key", "frames_key"),
    [
        pytest.param("bytetrack", "track_buffer_s", "track_buffer", id="bytetrack"),
        pytest.param("ocsort", "max_age_s", "max_age", id="ocsort"),
        pytest.param("botsort", "track_buffer_s", "track_buffer", id="botsort"),
    ],
)
def test_a_tracker_memory_in_frames_is_still_understood(kind: str, key: str, frames_key: str) -> None:
    # The shipped settings file has the new key, too; the old one was written by somebody.
    settings = Settings.model_validate({"vehicle_tracker": {kind: {frames_key: 60, key: 1.0}}})
    assert getattr(getattr(settings.vehicle_tracker, kind), key) == 2.0
    with pytest.raises(ValidationError, match=key):
        Settings.model_validate({"vehicle_tracker": {kind: {key: 0}}})
    with pytest.raises(ValidationError, match=frames_key):
        Settings.model_validate({"vehicle_tracker": {kind: {frames_key: True}}})


@pytest.mark.parametrize("minutes", [0, 7, 2880])
def test_segments_of_the_video_divide_the_day(minutes: int) -> None:
    with pytest.raises(ValidationError, match="divisor of the 1440 minutes"):
        Settings.model_validate({"visualizer": {"video_segment_min": minutes}})


def test_pictures_do_not_stop_before_the_video() -> None:
    with pytest.raises(ValidationError, match="the video stops first"):
        Settings.model_validate({"disk": {"stop_video_below_mb": 100}})
    assert Settings.model_validate({"disk": {"stop_video_below_mb": None}}).disk.stop_pictures_below_mb == 300

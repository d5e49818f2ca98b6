"""The settings' own rules."""

import pickle
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from traffic_monitor.shared_utils.settings import FrameGrabberSettings, LineSettings, Settings

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

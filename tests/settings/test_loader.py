"""Settings from command line, environment, file and defaults; messages about mistakes."""

from pathlib import Path
from typing import Any

import pytest

from traffic_monitor.settings import DisplayMode, Settings
from traffic_monitor.settings.loader import ENV_PREFIX, ConfigError, load_settings


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(text: str) -> Path:
    path = Path("my.yaml")
    path.write_text(text, encoding="utf-8")
    return path


def complaint(*arguments: Any, **options: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        load_settings(*arguments, **options)
    return str(caught.value)


def test_without_anything_the_defaults_hold() -> None:
    assert load_settings().model_dump() == Settings().model_dump()


def test_the_file_of_the_current_folder_is_read_when_none_is_named() -> None:
    Path("config").mkdir()
    Path("config/settings.yaml").write_text("queue_size: 3", encoding="utf-8")
    assert load_settings().queue_size == 3


def test_a_named_file_is_read_instead_of_the_one_in_the_current_folder() -> None:
    Path("config").mkdir()
    Path("config/settings.yaml").write_text("queue_size: 3\ncamera_id: other", encoding="utf-8")
    assert load_settings(write("queue_size: 4")).model_dump() == Settings(queue_size=4).model_dump()


def test_an_empty_file_changes_nothing() -> None:
    assert load_settings(write("# nothing yet\n")).model_dump() == Settings().model_dump()


FILE = "queue_size: 2\nvehicle_detector: {conf_threshold: 0.2, iou_threshold: 0.2}"


@pytest.mark.parametrize(
    ("environment", "overrides", "options", "expected"),
    [
        pytest.param(False, [], {}, 2, id="the file beats the defaults"),
        pytest.param(True, [], {}, 3, id="the environment beats the file"),
        pytest.param(True, ["queue_size=4"], {}, 4, id="--set beats the environment"),
        pytest.param(True, ["queue_size=4", "queue_size=5"], {}, 5, id="the last --set wins"),
        pytest.param(True, ["queue_size=4"], {"queue_size": 6}, 6, id="a named option beats --set"),
    ],
)
def test_the_order_of_places(
    environment: bool,
    overrides: list[str],
    options: dict[str, Any],
    expected: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if environment:
        monkeypatch.setenv(f"{ENV_PREFIX}QUEUE_SIZE", "3")
    assert load_settings(write(FILE), overrides, options).queue_size == expected


def test_sections_are_merged_key_by_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{ENV_PREFIX}VEHICLE_DETECTOR__CONF_THRESHOLD", "0.3")
    detector = load_settings(write(FILE), ["vehicle_detector.device=cuda:0"]).vehicle_detector
    assert (detector.conf_threshold, detector.iou_threshold, detector.device) == (0.3, 0.2, "cuda:0")


def test_every_value_knows_where_it_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{ENV_PREFIX}VEHICLE_DETECTOR__IOU_THRESHOLD", "0.3")
    settings = load_settings(write(FILE), ["lp_detector.device=cuda:0"])
    keys = [
        "queue_size",
        "vehicle_detector.conf_threshold",
        "vehicle_detector.iou_threshold",
        "lp_detector.device",
    ]
    assert [settings.origin_of(key) for key in keys] == ["my.yaml", "my.yaml", "environment", "command line"]
    assert settings.origin_of("camera_id") == "default settings"


def test_class_mapping_is_one_value() -> None:
    path = write("vehicle_detector: {class_mapping: {2: car, 7: truck}}")
    detector = load_settings(path, ["vehicle_detector.class_mapping={5: bus}"]).vehicle_detector
    assert detector.class_mapping == {5: "bus"}


@pytest.mark.parametrize(
    ("override", "section", "key", "expected"),
    [
        pytest.param(
            "vehicle_detector.classes=[car, bus]", "vehicle_detector", "classes", ["car", "bus"], id="a list"
        ),
        pytest.param("vehicle_detector.imgsz=[384, 640]", "vehicle_detector", "imgsz", (384, 640), id="a pair"),
        pytest.param("vehicle_detector.imgsz=null", "vehicle_detector", "imgsz", None, id="null"),
        pytest.param("visualizer.display=off", "visualizer", "display", DisplayMode.OFF, id="off is a word here"),
        pytest.param("visualizer.display=on", "visualizer", "display", DisplayMode.ON, id="on is a word here"),
        pytest.param(
            "visualizer.save_video=on", "visualizer", "save_video", True, id="on is true where true is meant"
        ),
        pytest.param("frame_grabber.source=1", "frame_grabber", "source", 1, id="a number is a webcam"),
        pytest.param(
            "frame_grabber.source=rtsp://h/a=b", "frame_grabber", "source", "rtsp://h/a=b", id="a URL with ="
        ),
        pytest.param("ocr_reader.model_dir=w/ocr", "ocr_reader", "model_dir", Path("w/ocr"), id="a path"),
    ],
)
def test_values_of_set_are_yaml(override: str, section: str, key: str, expected: object) -> None:
    assert getattr(getattr(load_settings(overrides=[override]), section), key) == expected


def test_a_webcam_index_from_the_command_line_or_the_environment_is_a_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert load_settings(options={"frame_grabber": {"source": "0"}}).frame_grabber.source == 0
    monkeypatch.setenv(f"{ENV_PREFIX}FRAME_GRABBER__SOURCE", "2")
    assert load_settings().frame_grabber.source == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(
            "que_size: 4",
            ["my.yaml", "que_size", "unknown setting", "did you mean 'queue_size'"],
            id="an unknown key, with the one that was meant",
        ),
        pytest.param(
            "vehicle_detector: {conf_treshold: 0.4}",
            ["my.yaml", "vehicle_detector.conf_treshold", "did you mean 'conf_threshold'"],
            id="an unknown key in a section",
        ),
        pytest.param(
            "logging: {colour: 1}",
            ["my.yaml", "logging.colour", "known here: level"],
            id="a key like no other, with those there are",
        ),
        pytest.param(
            "vehicle_counter: {lines: [{name: a, points: [[0, 0], [1, 1]], unit: pixels}]}",
            ["vehicle_counter.lines.0.unit", "did you mean 'units'"],
            id="an unknown key of a line",
        ),
        pytest.param("queue_size: many", ["my.yaml", "queue_size", "'many'", "integer"], id="a wrong type"),
        pytest.param(
            "vehicle_detector: {conf_threshold: 1.5}",
            ["my.yaml", "vehicle_detector.conf_threshold", "1.5", "less than or equal to 1"],
            id="a value out of range",
        ),
        pytest.param(
            "vehicle_tracker: {type: sort}",
            ["vehicle_tracker.type", "'sort'", "'bytetrack', 'ocsort' or 'botsort'"],
            id="a word that is not one of the allowed",
        ),
        pytest.param(
            "visualizer: {display: maybe}",
            ["visualizer.display", "'maybe'", "'auto', 'on' or 'off'"],
            id="a display mode there is not",
        ),
        pytest.param(
            "vehicle_detector: {imgsz: [384, x]}",
            ["vehicle_detector.imgsz", "'x'", "integer"],
            id="a wrong part of a pair",
        ),
        pytest.param(
            "vehicle_counter: {lines: [{name: a}]}",
            ["my.yaml", "vehicle_counter.lines.0.points", "required"],
            id="a key that is missing",
        ),
        pytest.param(
            "vehicle_counter: {lines: [{name: a, points: [[0, 0], [0, 0]]}]}",
            ["vehicle_counter.lines.0", "the two points are the same"],
            id="a line without length",
        ),
        pytest.param(
            "vehicle_counter: {lines: [{name: a, points: [[0, 0], [0, 300]]}]}",
            ["vehicle_counter.lines.0", "units: pixels"],
            id="fractions that look like pixels",
        ),
        pytest.param(
            "vehicle_counter: {interval_minutes: 45}",
            ["my.yaml", "vehicle_counter.interval_minutes", "must divide an hour", "45"],
            id="an interval that does not fit the clock",
        ),
        pytest.param(
            "vehicle_counter: {speed: {points: [[0, 0], [1, 0], [1, 1], [0, 1]], width_m: 8}}",
            ["my.yaml", "vehicle_counter.speed.length_m", "required"],
            id="a rectangle of unknown length",
        ),
        pytest.param(
            "vehicle_counter: {zones: [{name: a, points: [[0, 0], [1, 1]]}]}",
            ["my.yaml", "vehicle_counter.zones.0.points", "at least 3"],
            id="a zone without area",
        ),
    ],
)
def test_a_mistake_in_the_file_names_file_key_value_and_what_is_allowed(text: str, words: list[str]) -> None:
    message = complaint(write(text))
    assert [word for word in words if word not in message] == []
    assert "Traceback" not in message
    assert "pydantic" not in message


def test_a_mistake_on_the_command_line_is_blamed_on_it() -> None:
    message = complaint(write("queue_size: 4"), ["queue_size=0"])
    assert message.startswith("command line: queue_size: 0 is not allowed: should be greater than or equal to 1")


def test_a_mistake_in_the_environment_is_blamed_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{ENV_PREFIX}VEHICLE_DETECTOR__CONF_THRESHOLD", "high")
    message = complaint(write("vehicle_detector: {conf_threshold: 0.5}"))
    assert message.startswith("environment: vehicle_detector.conf_threshold: 'high'")


def test_a_mistake_in_the_file_is_blamed_on_it_although_another_key_is_on_the_command_line() -> None:
    message = complaint(write("vehicle_detector: {conf_threshold: 2}"), ["vehicle_detector.iou_threshold=0.4"])
    assert message.startswith("my.yaml: vehicle_detector.conf_threshold: 2")


def test_every_mistake_is_named_at_once() -> None:
    message = complaint(write("queue_size: 0\ncamera: x"), ["visualizer.window_width=1"])
    assert len(message.splitlines()) == 3


@pytest.mark.parametrize(
    ("name", "words"),
    [
        pytest.param("QEUE_SIZE", ["environment", "QEUE_SIZE", "did you mean 'queue_size'"], id="an unknown key"),
        pytest.param(
            "VEHICLE_DETECTOR__CONF", ["environment", "vehicle_detector.conf"], id="an unknown key in a section"
        ),
        pytest.param("VEHICLE_COUNTER__LINES", ["environment", "JSON"], id="a list that is not JSON"),
    ],
)
def test_a_wrong_variable_is_named(name: str, words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENV_PREFIX + name, "x")
    message = complaint()
    assert [word for word in words if word not in message] == []


@pytest.mark.parametrize(
    ("override", "words"),
    [
        pytest.param("queue_size", ["--set queue_size", "KEY=VALUE"], id="no value"),
        pytest.param("=4", ["KEY=VALUE"], id="no key"),
        pytest.param("queue_size=[1", ["--set queue_size", "not YAML"], id="no YAML"),
        pytest.param("queue.size=1", ["command line", "queue", "unknown setting"], id="no such section"),
    ],
)
def test_a_wrong_set_is_explained(override: str, words: list[str]) -> None:
    message = complaint(overrides=[override])
    assert [word for word in words if word not in message] == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"queue_size: [1", ["my.yaml", "not YAML"], id="no YAML"),
        pytest.param(b"- a\n- b", ["my.yaml", "key: value"], id="a list instead of keys"),
        pytest.param(b"just words", ["my.yaml", "key: value"], id="a text instead of keys"),
        pytest.param(b"camera_id: \xff\xfe\x00", ["my.yaml"], id="no text"),
    ],
)
def test_a_file_that_cannot_be_read_is_explained_in_one_line(content: bytes, words: list[str]) -> None:
    Path("my.yaml").write_bytes(content)
    message = complaint(Path("my.yaml"))
    assert [word for word in words if word not in message] == []
    assert "\n" not in message


def test_a_missing_file_is_named() -> None:
    assert complaint(Path("missing.yaml")).startswith("missing.yaml: there is no such settings file")


def test_a_long_value_is_cut_in_the_message() -> None:
    assert len(complaint(overrides=["queue_size=" + "x" * 5000])) < 300


def test_two_entries_of_a_mapping_on_the_command_line_add_up() -> None:
    overrides = ["vehicle_detector.class_mapping.2=car", "vehicle_detector.class_mapping.7=truck"]
    assert load_settings(overrides=overrides).vehicle_detector.class_mapping == {2: "car", 7: "truck"}


def test_a_section_without_keys_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text("logging:\n")
    with pytest.raises(ConfigError, match="logging: is a section: put its keys below it"):
        load_settings(path)


def test_one_wrong_value_is_one_line_although_several_types_are_allowed() -> None:
    with pytest.raises(ConfigError) as explained:
        load_settings(overrides=["vehicle_detector.imgsz=big"])
    assert len(str(explained.value).splitlines()) == 1

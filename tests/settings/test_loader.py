"""Settings from command line, environment, file and defaults; messages about mistakes."""

import json
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import yaml
from hypothesis import given, strategies

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
        pytest.param(
            "ocr_reader.countries=[se, NO, UK]", "ocr_reader", "countries", ["SE", "NO", "UK"], id="NO is Norway"
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


WORDS_OF_PYTHON = ("Traceback", "pydantic", "Settings", "<class", "dictionary", "tuple", "Path(", "True", "None")


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
            ["my.yaml", "logging.colour", "known here: max_mb, keep_files, level"],
            id="a key like no other, with those there are",
        ),
        pytest.param(
            "vehicle_counter: {lines: [{name: a, points: [[0, 0], [1, 1]], unit: pixels}]}",
            ["vehicle_counter.lines.0.unit", "did you mean 'units'"],
            id="an unknown key of a line",
        ),
        pytest.param(
            "queue_size: true", ["my.yaml: queue_size: true and false are switches"], id="true as a number"
        ),
        pytest.param(
            "frame_grabber: {source: true}", ["frame_grabber.source", "are switches"], id="true as a source"
        ),
        pytest.param(
            "vehicle_counter: {lines: [{name: a, points: [[true, 0], [1, 1]]}]}",
            ["vehicle_counter.lines.0.points.0.0", "are switches"],
            id="true as a coordinate",
        ),
        pytest.param(
            "frame_grabber: {source: [a]}",
            ["source: should be a video file, a webcam index or a URL"],
            id="a list as source",
        ),
        pytest.param(
            "frame_grabber: {source: 1000}", ["a webcam index is between 0 and 255"], id="no such webcam"
        ),
        pytest.param("output_dir: ''", ["my.yaml: output_dir: is empty"], id="no folder"),
        pytest.param(
            "output_dir: null",
            ["my.yaml: output_dir: null is not allowed: should be a path"],
            id="null as a folder",
        ),
        pytest.param(
            "vehicle_detector: 5", ["my.yaml: vehicle_detector: is a section"], id="a number as a section"
        ),
        pytest.param(
            "vehicle_detector: {device: quantum}",
            ["vehicle_detector.device: should be auto, cpu, mps, cuda"],
            id="no device",
        ),
        pytest.param(
            "ocr_reader: {device: nonsense}",
            ["ocr_reader.device: should be cpu, gpu"],
            id="no device of the reader",
        ),
        pytest.param(
            "ocr_reader: {countries: [XX]}",
            ["ocr_reader.countries: 'XX' is not one of AR, AT", "use plate_formats instead"],
            id="no country",
        ),
        pytest.param(
            "ocr_reader: {countries: BR}", ["ocr_reader.countries", "list"], id="a country that is no list"
        ),
        pytest.param(
            "ocr_reader: {plate_formats: [AB9]}", ["ocr_reader.plate_formats: 'AB9' is no format"], id="no format"
        ),
        pytest.param(
            "frame_grabber: {start_time: 9999-12-31T23:59:59Z}",
            ["frame_grabber.start_time: should be between 1971 and 2100"],
            id="a time that no calendar goes on after",
        ),
        pytest.param(
            "frame_grabber: {start_time: noon}",
            ["start_time: 'noon' is not allowed: should be a time such as"],
            id="no time",
        ),
        pytest.param(
            "vehicle_detector: {conf_threshold: .nan}",
            ["my.yaml: vehicle_detector.conf_threshold"],
            id="not a number",
        ),
        pytest.param(
            "frame_grabber: {reconnect_for_s: .inf}", ["frame_grabber.reconnect_for_s", "finite"], id="without end"
        ),
        pytest.param(
            "camera_id: true",
            ["camera_id: true is not allowed: should be a text; put it in quotes"],
            id="true as a name",
        ),
        pytest.param(
            "cameras: [{camera_id: a/b, frame_grabber: {source: 0}},"
            " {camera_id: a_b, frame_grabber: {source: 1}}]",
            ["my.yaml: cameras: two cameras would share a folder name, a_b, a_b"],
            id="cameras with one folder",
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
    assert len(message.splitlines()) == 1
    assert [word for word in WORDS_OF_PYTHON if word in message] == []


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
        pytest.param(
            "VEHICLE_DETECTOR_CONF_THRESHOLD",
            ["unknown setting; did you mean 'vehicle_detector'"],
            id="one short inside",
        ),
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
        pytest.param(b"camera_id: \xff\xfe\x00", ["my.yaml", "not UTF-8"], id="no text"),
        pytest.param(
            b"queue_size: 4\nqueue_size: 5", ["my.yaml", "line 2", "'queue_size' stands twice"], id="twice"
        ),
        pytest.param(b"logging: {level: INFO, level: INFO}", ["'level' stands twice"], id="twice in a section"),
        pytest.param(b"frame_grabber: {start_time: 2026-13-01}", ["my.yaml", "does not exist"], id="no such date"),
        pytest.param(b"a: " + b"[" * 600, ["my.yaml", "nested too deeply"], id="far too many brackets"),
        pytest.param(b"a: &a\n  b: *a", ["my.yaml: a: is nested too deeply"], id="a value within itself"),
        pytest.param(b"on: true", ["my.yaml: the key true (or on, yes) is no text"], id="a switch as a key"),
        pytest.param(b"logging: {1: 2}", ["my.yaml: logging: the key 1 is no text"], id="a number as a key"),
        pytest.param(b"2026-05-04: 2", ["my.yaml: the key 2026-05-04 is no text"], id="a date as a key"),
        pytest.param(
            b'camera_id: "a\\0b"', ["my.yaml: camera_id", "valid UTF-8"], id="a character no file can have"
        ),
        pytest.param(b'output_dir: "\\uD800"', ["my.yaml: output_dir", "valid UTF-8"], id="half a character"),
    ],
)
def test_a_file_that_cannot_be_read_is_explained_in_one_line(content: bytes, words: list[str]) -> None:
    Path("my.yaml").write_bytes(content)
    message = complaint(Path("my.yaml"))
    assert [word for word in words if word not in message] == []
    assert "\n" not in message


def test_a_value_that_aliases_repeat_a_billion_times_is_refused_soon() -> None:
    lines = ["a: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"b{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 9)]
    assert "unknown setting" in complaint(write("\n".join([*lines, "camera_id: *a8"])))


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


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("TRAFFIC_MONITOR_QUEUE_SIZE", "TRAFFIC_MONITOR__QUEUE_SIZE"),
        ("TRAFFIC_MONITOR_LOGGING__LEVEL", "TRAFFIC_MONITOR__LOGGING__LEVEL"),
        ("TRAFFIC_MONITOR_LP_DETECTOR_CROP_MARGIN", "TRAFFIC_MONITOR__LP_DETECTOR__CROP_MARGIN"),
    ],
)
def test_a_variable_with_too_few_underscores_is_not_ignored(
    name: str, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "1")
    assert complaint() == f"environment: {name}: has too few underscores; did you mean {meant}?"


def test_a_variable_of_something_else_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAFFIC_MONITOR_SHARED", "/somewhere")
    monkeypatch.setenv("TRAFFIC_MONITORING", "1")
    assert load_settings().model_dump() == Settings().model_dump()


@pytest.mark.parametrize(
    ("text", "name"),
    [("camera_id: 625", "625"), ("camera_id: '007'", "007"), ("camera_id: 6.5", "6.5")],
)
def test_a_number_is_a_name_too(text: str, name: str) -> None:
    assert load_settings(write(text)).camera_id == name


def test_a_number_is_the_name_of_a_line_too() -> None:
    lines = "[{name: 1, points: [[0, 0.5], [1, 0.5]], in_name: 2, out_name: 3}]"
    (line,) = load_settings(write(f"vehicle_counter: {{lines: {lines}}}")).vehicle_counter.lines
    assert (line.name, line.in_name, line.out_name) == ("1", "2", "3")


@pytest.mark.parametrize("source", ["file:///clips/a%20b.mp4", "FILE://localhost/clips/a b.mp4"])
def test_a_file_url_is_the_path_it_names(source: str) -> None:
    assert load_settings(options={"frame_grabber": {"source": source}}).frame_grabber.source == "/clips/a b.mp4"


SECRET = "hunter2-hunter2-hunter2"
SECRET_URL = f"rtsp://bob:{SECRET}@camera/stream"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            f"cameras: [{{camera_id: a, frame_grabber: {{source: '{SECRET_URL}'}}}},"
            " {camera_id: a, frame_grabber: {source: 0}}]",
            id="cameras that are wrong as a whole",
        ),
        pytest.param(f"cameras: [{{frame_grabber: {{source: '{SECRET_URL}'}}}}]", id="a camera without a name"),
        pytest.param(f"cameras: {{a: '{SECRET_URL}'}}", id="cameras that are no list"),
        pytest.param(f"cameras: ['{SECRET_URL}']", id="cameras that are URLs"),
        pytest.param(f"cameras: '{SECRET_URL}'", id="cameras that are one URL"),
        pytest.param(f"frame_grabber: '{SECRET_URL}'", id="a source instead of its section"),
        pytest.param(f"frame_grabber: 'bob:{SECRET}@camera'", id="half a source instead of its section"),
        pytest.param(f"frame_grabber: {{source: ['{SECRET}']}}", id="a list as source"),
        pytest.param(f"frame_grabber: {{source: {{password: '{SECRET}'}}}}", id="a mapping as source"),
        pytest.param(f"cameras: [{{'{SECRET_URL}': {{}}}}]", id="a URL as a camera's key"),
        pytest.param(f"'{SECRET_URL}': 1", id="a URL as a key"),
        pytest.param(f"camera_id: ['{SECRET_URL}']", id="a URL where none belongs"),
        pytest.param(f"frame_grabber: {{mode: '{SECRET_URL}'}}", id="a URL in the wrong key"),
        pytest.param(f"frame_grabber: {{source: '{SECRET_URL}}}", id="a quote that does not end"),
        pytest.param(f"privacy: {{secret: ['{SECRET}']}}", id="a secret of the wrong type"),
        pytest.param(f"privacy: ['{SECRET}']", id="a secret instead of its section"),
        pytest.param(f"privacy: {{hash_plates: true, secret: '{SECRET}'}}", id="a secret that is not enough"),
    ],
)
def test_no_message_shows_a_source_or_a_secret(text: str) -> None:
    assert SECRET not in complaint(write(text))


@pytest.mark.parametrize(
    "override",
    [
        f"frame_grabber.source:{SECRET_URL}",
        f"frame_grabber.source=['{SECRET_URL}",
        f"frame_grabber.source=['{SECRET}']",
        f"privacy.secret=[{SECRET}",
        f"{SECRET_URL}?channel=1",
        f"cameras=[{{camera_id: a, frame_grabber: {{source: '{SECRET_URL}', source: x}}}}]",
    ],
)
def test_no_message_about_the_command_line_shows_a_source_or_a_secret(override: str) -> None:
    assert SECRET not in complaint(overrides=[override])


SCALARS = (
    strategies.none()
    | strategies.booleans()
    | strategies.integers()
    | strategies.floats()
    | strategies.text(max_size=8)
    | strategies.dates()
    | strategies.sampled_from(["auto", "main", 0.5, "0", "rtsp://a/b", [[0, 0], [1, 1]], {"name": "a"}])
)
SECTIONS = [section for section in Settings().model_dump().values() if isinstance(section, dict)]
KNOWN_KEYS = [*Settings.model_fields, *(key for section in SECTIONS for key in section), "points", "name", "units"]
# A key that the file really has is named as it stands there, whatever it means to Python.
WORDS = strategies.text(max_size=6).filter(lambda text: not any(word in text for word in WORDS_OF_PYTHON))
KEYS = WORDS | strategies.sampled_from(KNOWN_KEYS)
VALUES = strategies.recursive(
    SCALARS,
    lambda inner: (
        strategies.lists(inner, max_size=4)
        | strategies.dictionaries(KEYS | strategies.booleans() | strategies.integers(), inner, max_size=4)
    ),
    max_leaves=12,
)


def mistakes(*arguments: Any, **options: Any) -> list[str]:
    """What is wrong, a line for each mistake; anything but a loaded or an explained file fails the test."""
    try:
        load_settings(*arguments, **options)
    except ConfigError as error:
        return str(error).splitlines()
    return []


@given(strategies.dictionaries(KEYS, VALUES, max_size=5))
@hypothesis.settings(suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
def test_whatever_a_file_holds_it_is_loaded_or_explained(values: dict[str, Any]) -> None:
    path = Path("any.yaml")
    path.write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    lines = mistakes(path)
    assert [line for line in lines if not line.startswith("any.yaml: ") or not line.isprintable()] == []
    assert [word for word in WORDS_OF_PYTHON if any(f" {word}" in line for line in lines)] == []


AREA = {"points": [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]], "units": "fraction"}
SPEED = {"points": [[0.4, 0.3], [0.6, 0.3], [0.9, 0.9], [0.1, 0.9]], "width_m": 7, "length_m": 9}
COUNTER = {"zones": [{"name": "yard", **AREA}], "ignore": [AREA], "speed": SPEED}
CAMERA = {
    "camera_id": "gate",
    "frame_grabber": {"source": 0},
    "vehicle_counter": COUNTER,
    "privacy": {"masks": [AREA]},
}
FULL = {
    **Settings().model_dump(mode="json"),
    "vehicle_counter": {"lines": [{"name": "main", "points": [[0, 0.5], [1, 0.5]]}], **COUNTER},
    "privacy": {"masks": [AREA]},
    "cameras": [CAMERA],
}


def places(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands in a tree: keys and numbers of entries."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, inside in pairs for place in [(*above, key), *places(inside, (*above, key))]]


@given(strategies.sampled_from(places(FULL)), VALUES)
@hypothesis.settings(suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
def test_whatever_stands_in_one_place_of_a_whole_file_it_is_loaded_or_explained(
    place: tuple[Any, ...], value: Any
) -> None:
    tree: Any = json.loads(json.dumps(FULL))
    inside = tree
    for key in place[:-1]:
        inside = inside[key]
    inside[place[-1]] = value
    path = Path("any.yaml")
    path.write_text(yaml.safe_dump(tree, allow_unicode=True), encoding="utf-8")
    lines = mistakes(path)
    assert [line for line in lines if not line.startswith("any.yaml: ") or not line.isprintable()] == []
    if not lines:
        assert load_settings(path).each_camera()


@given(strategies.text(max_size=60))
@hypothesis.settings(suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
def test_whatever_is_given_to_set_is_taken_or_explained(text: str) -> None:
    assert [line for line in mistakes(overrides=[text]) if not line.startswith("command line: ")] == []

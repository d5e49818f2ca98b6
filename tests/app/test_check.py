"""What is looked at before a process is started."""

import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.builders import write_checkpoint, write_onnx
from traffic_monitor.app import check as preflight
from traffic_monitor.app.check import check_machine, check_settings
from traffic_monitor.app.check_result import Check
from traffic_monitor.app.check_sources import check_first_frame
from traffic_monitor.app.frames import READ_TIMEOUT_S
from traffic_monitor.capture.live_source import LEAVE_TIMEOUT_S
from traffic_monitor.settings import Settings
from traffic_monitor.shared_utils.errors import ServiceError
from traffic_monitor.sinks import window
from traffic_monitor.tracking.trackers import Tracker


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clip: Path) -> Path:
    """A folder with everything a run needs, as far as can be seen without loading it."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(clip, "clip.mp4")
    write_onnx(Path("plates.onnx"), "plate")
    write_checkpoint(Path("osnet.pt"), {"layer": [1.0]})
    Path("cars_openvino_model").mkdir()
    for name in ("cars.xml", "cars.bin"):
        Path("cars_openvino_model", name).write_bytes(b"1")
    Path("cars_openvino_model/metadata.yaml").write_text("names: {0: car, 1: truck}", encoding="utf-8")
    Path("ocr").mkdir()
    Path("ocr/inference.yml").write_text(yaml.safe_dump({"Global": {"model_name": "PP-OCR"}}), encoding="utf-8")
    for name in ("inference.pdiparams", "inference.json"):
        Path("ocr", name).write_bytes(b"1")
    return tmp_path


METADATA = Path("cars_openvino_model/metadata.yaml")

GOOD: dict[str, Any] = {
    "output_dir": "out/put",
    "frame_grabber": {"source": "clip.mp4"},
    "vehicle_detector": {"model_path": "cars_openvino_model"},
    "lp_detector": {"model_path": "plates.onnx"},
    "ocr_reader": {"model_dir": "ocr"},
    "visualizer": {"display": "off"},
}


def config(**changes: Any) -> Settings:
    sections = {key: {**GOOD.get(key, {}), **value} for key, value in changes.items() if isinstance(value, dict)}
    return Settings.model_validate({**GOOD, **changes, **sections})


def wrong(settings: Settings) -> list[Check]:
    return [check for check in check_settings(settings) if not check.ok]


def test_with_everything_in_its_place_all_is_fine(files: Path) -> None:
    assert wrong(config()) == []
    assert list(Path("out/put").iterdir()) == []


def test_trying_the_output_folder_touches_nothing_of_the_users_own(files: Path) -> None:
    Path("out/put").mkdir(parents=True)
    Path("out/put/.write-test").write_text("mine")
    assert wrong(config()) == []
    assert Path("out/put/.write-test").read_text() == "mine"


def test_without_any_folder_for_temporary_files_a_run_is_refused(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> str:
        raise FileNotFoundError("No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(tempfile, "gettempdir", missing)
    (problem,) = wrong(config())
    assert problem.subject == "temporary folder"
    assert "TMPDIR" in problem.message


def test_each_camera_is_looked_at_and_named_by_its_place(files: Path) -> None:
    cameras = [{"camera_id": name, "frame_grabber": {"source": f"{name}.mp4"}} for name in ("clip", "gone")]
    (problem,) = wrong(config(cameras=cameras))
    assert (problem.subject, problem.message) == ("cameras.1.frame_grabber.source", "gone.mp4 does not exist")


def test_the_first_frame_of_a_camera_is_read_when_the_machine_is_checked(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "REQUIRED_PACKAGES", ())
    grabber = {"source": "rtsp://127.0.0.1:1/x", "open_timeout_s": 0.5}
    (check, _) = check_machine(config(cameras=[{"camera_id": "gate", "frame_grabber": grabber}]))
    assert (check.subject, check.ok) == ("first frame of gate", False)


def test_a_webcam_that_is_not_there_stops_only_a_run_without_other_cameras(files: Path) -> None:
    grabber = {"source": 97}
    alone = {check.subject: check for check in check_settings(config(frame_grabber=grabber))}
    assert not alone["frame_grabber.source"].ok
    cameras = [
        {"camera_id": "gate", "frame_grabber": grabber},
        {"camera_id": "yard", "frame_grabber": {"source": "clip.mp4"}},
    ]
    both = {check.subject: check for check in check_settings(config(cameras=cameras))}
    assert both["cameras.0.frame_grabber.source"].ok
    assert "tried until it is there" in both["cameras.0.frame_grabber.source"].message


def test_a_camera_that_never_answers_is_waited_for_no_longer_than_to_open_it(files: Path) -> None:
    began = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"rtsp://127.0.0.1:{silent.getsockname()[1]}/x"
        (check,) = check_first_frame("first frame", "", config(frame_grabber={"source": url, "open_timeout_s": 1}))
    assert "it does not answer in time" in check.message
    assert time.monotonic() - began < 1 + READ_TIMEOUT_S + LEAVE_TIMEOUT_S + 2


@pytest.mark.parametrize(
    ("changes", "subject", "words"),
    [
        pytest.param({"frame_grabber": {"source": None}}, "frame_grabber.source", "--source", id="no source"),
        pytest.param(
            {"frame_grabber": {"source": "gone.mp4"}},
            "frame_grabber.source",
            "gone.mp4 does not exist",
            id="a file that is not there",
        ),
        pytest.param(
            {"frame_grabber": {"source": "ocr"}},
            "frame_grabber.source",
            "ocr is a folder",
            id="a folder as source",
        ),
        pytest.param(
            {"frame_grabber": {"source": 97}},
            "frame_grabber.source",
            "there is no webcam 97",
            id="a webcam that is not there",
        ),
        pytest.param(
            {"vehicle_detector": {"model_path": None}},
            "vehicle_detector.model_path",
            "is not set",
            id="no detector",
        ),
        pytest.param(
            {"vehicle_detector": {"model_path": "gone.pt"}},
            "vehicle_detector.model_path",
            "gone.pt does not exist",
            id="weights that are not there",
        ),
        pytest.param(
            {"lp_detector": {"model_path": "clip.mp4"}},
            "lp_detector.model_path",
            ".pt or .onnx",
            id="weights of an unknown kind",
        ),
        pytest.param(
            {"lp_detector": {"model_path": "ocr"}},
            "lp_detector.model_path",
            "_openvino_model",
            id="a folder that is no OpenVINO export",
        ),
        pytest.param(
            {"ocr_reader": {"model_dir": None}},
            "ocr_reader.model_dir",
            "neither is ocr_reader.model_name",
            id="no recogniser",
        ),
        pytest.param(
            {"ocr_reader": {"model_dir": "clip.mp4"}},
            "ocr_reader.model_dir",
            "is not a folder",
            id="a file as recogniser",
        ),
        pytest.param(
            {"ocr_reader": {"model_dir": "cars_openvino_model"}},
            "ocr_reader.model_dir",
            "inference.yml",
            id="a folder without a description",
        ),
        pytest.param(
            {"ocr_reader": {"model_name": "Other"}},
            "ocr_reader.model_name",
            "holds PP-OCR",
            id="a name that is not the folder's",
        ),
        pytest.param(
            {"ocr_reader": {"engine": "onnxruntime"}},
            "ocr_reader.model_dir",
            "inference.onnx, which engine onnxruntime needs, is missing",
            id="a folder without the engine's file",
        ),
        pytest.param(
            {"ocr_reader": {"model_dir": "half"}},
            "ocr_reader.model_dir",
            "inference.json, which engine paddle needs, is missing",
            id="half a reader",
        ),
        pytest.param(
            {"ocr_reader": {"model_dir": "empty"}},
            "ocr_reader.model_dir",
            "inference.pdiparams, which engine paddle needs, is missing or empty",
            id="a reader whose weights are empty",
        ),
        pytest.param(
            {"vehicle_detector": {"class_mapping": {7: "car"}}},
            "vehicle_detector.class_mapping",
            "the model has no class 7; its ids are 0 to 1",
            id="a mapping of a class that the model does not have",
        ),
        pytest.param({"output_dir": "clip.mp4"}, "output_dir", "is a file", id="a file as output folder"),
        pytest.param(
            {"vehicle_tracker": {"type": "botsort", "osnet_model_path": "gone.pt"}},
            "vehicle_tracker.osnet_model_path",
            "does not exist",
            id="appearance weights that are not there",
        ),
    ],
)
def test_what_is_wrong_is_named(files: Path, changes: dict[str, Any], subject: str, words: str) -> None:
    shutil.copytree("ocr", "half")
    Path("half/inference.json").unlink()
    shutil.copytree("ocr", "empty")
    Path("empty/inference.pdiparams").write_bytes(b"")
    (check,) = wrong(config(**changes))
    assert check.subject == subject
    assert words in check.message


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"frame_grabber": {"source": "rtsp://camera/1"}}, id="a network camera is not reached for"),
        pytest.param(
            {"ocr_reader": {"model_dir": None, "model_name": "PP-OCR"}},
            id="a name without a folder is PaddleOCR's own",
        ),
        pytest.param({"ocr_reader": {"model_name": "PP-OCR"}}, id="the folder's own name may be said again"),
        pytest.param(
            {"vehicle_tracker": {"osnet_model_path": "gone.pt"}}, id="weights that nobody uses may be missing"
        ),
        pytest.param({"vehicle_detector": {"model_path": "osnet.pt"}}, id="a .pt file is a model"),
    ],
)
def test_what_is_fine(files: Path, changes: dict[str, Any]) -> None:
    assert wrong(config(**changes)) == []


def machine(settings: Settings) -> dict[str, Check]:
    return {check.subject: check for check in check_machine(settings)}


def test_packages_are_listed_with_their_versions(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "REQUIRED_PACKAGES", ("numpy", "no-such-package"))
    checks = machine(config(frame_grabber={"source": None}))
    assert checks["package numpy"].ok
    assert checks["package numpy"].message[0].isdigit()
    assert not checks["package no-such-package"].ok


@pytest.fixture
def no_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "REQUIRED_PACKAGES", ())


def source_check(source: object) -> Check:
    return next(iter(check_settings(config(frame_grabber={"source": source}))))


def test_the_first_frame_of_a_file_is_really_read(files: Path) -> None:
    assert source_check("clip.mp4") == Check("frame_grabber.source", True, "clip.mp4, 160 x 120 pixels")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        pytest.param("/dev/null", "is a device", id="a device"),
        pytest.param("/dev/video97", "there is no webcam /dev/video97", id="the device of a webcam"),
        pytest.param("/dev/v4l/by-id/usb-gone", "there is no webcam /dev/v4l/by-id", id="a webcam by its name"),
        pytest.param("pipe", "is a pipe (FIFO)", id="a FIFO"),
        pytest.param("empty.mp4", "empty.mp4 is empty", id="an empty file"),
        pytest.param("text.mp4", "text.mp4", id="a text that is called a video"),
        pytest.param("x" * 300, "File name too long", id="a name that is too long"),
        pytest.param("ftp://host/a.mp4", "ftp:// is no kind of URL that can be watched; known: rtsp://", id="ftp"),
        pytest.param("srt://host:9", "srt:// is no kind of URL", id="srt"),
        pytest.param("rtps://u:secret@host", "rtps:// is no kind of URL", id="a mistyped scheme"),
        pytest.param("rtsp:/u:secret@host", "a URL is written rtsp://, with two slashes", id="one slash"),
        pytest.param("u:secret@host/x", "***@host/x does not exist", id="a URL without its scheme"),
        pytest.param("rtsp://", "names no host", id="no host"),
        pytest.param("rtsp://u:secret@host:99999/x", "host or port is not valid", id="no such port"),
        pytest.param("rtsp://u:secret@[host/x", "host or port is not valid", id="half a bracket"),
    ],
)
def test_what_a_source_is_instead_is_said(files: Path, source: str, words: str) -> None:
    os.mkfifo("pipe")
    Path("empty.mp4").touch()
    Path("text.mp4").write_text("This is no video, but a text of some length.\n" * 50)
    check = source_check(source)
    assert not check.ok
    assert words in check.message
    assert "secret" not in check.message


@pytest.mark.parametrize("source", ["file://{folder}/clip.mp4", "{folder}/clip.mp4"])
def test_a_file_can_be_named_by_url_too(files: Path, source: str) -> None:
    assert source_check(source.format(folder=files)).ok


SMALL = {"name": "a", "units": "pixels"}
BELOW = [[0, 200], [90, 200], [90, 300], [0, 300]]


OUTSIDE = {"points": [[200, 0], [300, 0], [300, 90]], "units": "pixels"}


@pytest.mark.parametrize(
    ("counter", "subject"),
    [
        ({"lines": [SMALL | {"points": [[160, 0], [400, 90]]}]}, "lines"),
        ({"lines": [SMALL | {"points": [[0, 120], [90, 500]]}]}, "lines"),
        ({"zones": [SMALL | {"points": [[200, 0], [300, 0], [300, 90]]}]}, "zones"),
        ({"ignore": [OUTSIDE]}, "ignore"),
        (
            {
                "speed": {
                    "points": [[0, 200], [90, 200], [90, 300], [0, 300]],
                    "units": "pixels",
                    "width_m": 7,
                    "length_m": 9,
                }
            },
            "speed",
        ),
    ],
    ids=["right of it", "below it", "a zone", "an area", "a rectangle"],
)
def test_what_is_drawn_outside_the_frame_is_named(files: Path, counter: dict[str, Any], subject: str) -> None:
    (check,) = wrong(config(vehicle_counter=counter))
    assert check.subject == f"vehicle_counter.{subject}"
    assert "outside the frame of 160 x 120 pixels" in check.message


def test_a_mask_outside_the_frame_is_named(files: Path) -> None:
    (check,) = wrong(config(privacy={"masks": [OUTSIDE]}))
    assert (check.subject, check.message) == (
        "privacy.masks", "a mask is outside the frame of 160 x 120 pixels"
    )  # fmt: skip


def test_what_begins_inside_the_frame_is_fine_and_the_frame_is_the_shrunken_one(files: Path) -> None:
    line = SMALL | {"points": [[100, 50], [400, 50]]}
    assert wrong(config(vehicle_counter={"lines": [line]})) == []
    shrunken = config(vehicle_counter={"lines": [line]}, frame_grabber={"resize_width": 80})
    assert [check.subject for check in wrong(shrunken)] == ["vehicle_counter.lines"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(lambda: Path("cars_openvino_model/cars.bin").unlink(), "cars.bin is missing", id="no .bin"),
        pytest.param(
            lambda: Path("cars_openvino_model/cars.bin").write_bytes(b""), "or empty", id="an empty .bin"
        ),
        pytest.param(
            lambda: Path("cars_openvino_model/cars.xml").write_bytes(b""), "cars.xml is empty", id="an empty .xml"
        ),
        pytest.param(lambda: Path("cars_openvino_model/b.xml").touch(), "holds 2 networks", id="two .xml"),
        pytest.param(
            lambda: Path("cars_openvino_model/metadata.yaml").unlink(),
            "metadata.yaml is missing",
            id="no metadata",
        ),
        pytest.param(
            lambda: Path("cars_openvino_model/metadata.yaml").write_text("stride: 32"),
            "no class names",
            id="no names",
        ),
        pytest.param(
            lambda: Path("cars_openvino_model/metadata.yaml").write_text("names: {0: cat}"),
            "knows none of car, motorcycle, bus, truck; it knows cat",
            id="other things",
        ),
    ],
)
def test_what_is_wrong_with_an_openvino_folder_is_said(
    files: Path, change: Callable[[], object], words: str
) -> None:
    change()
    (check,) = wrong(config())
    assert check.subject == "vehicle_detector.model_path"
    assert words in check.message


class RunsCode:
    def __reduce__(self) -> Any:
        return os.system, ("touch ran",)


def write_code(path: Path) -> None:
    write_checkpoint(path, RunsCode())


def write_half(path: Path) -> None:
    path.write_bytes(b"half")


def write_four_classes(path: Path) -> None:
    write_onnx(path, *"abcd")


@pytest.mark.parametrize(
    ("name", "write", "words"),
    [
        pytest.param("a.pt", write_half, "is not a PyTorch file, or is damaged", id="a broken .pt"),
        pytest.param("a.onnx", write_half, "is not an ONNX model, or is damaged", id="a broken .onnx"),
        pytest.param("a.onnx", Path.touch, "is empty", id="an empty .onnx"),
        pytest.param("a.onnx", write_four_classes, "finds 4 classes (a, b, c, d)", id="four classes"),
        pytest.param("a.pt", write_code, "would run code", id="code"),
    ],
)
def test_what_is_wrong_with_a_plate_model_is_said(
    files: Path, name: str, write: Callable[[Path], object], words: str
) -> None:
    write(Path(name))
    (check,) = wrong(config(lp_detector={"model_path": name}))
    assert check.subject == "lp_detector.model_path"
    assert words in check.message
    assert not Path("ran").exists()


@pytest.mark.parametrize("name", ["osnet.pt", "osnet.PT"])
def test_appearance_weights_that_run_code_are_refused_and_not_loaded(files: Path, name: str) -> None:
    write_code(Path(name))
    tracker = {"type": "botsort", "osnet_model_path": name}
    (check,) = wrong(config(vehicle_tracker=tracker))
    assert (check.subject, "would run code" in check.message) == ("vehicle_tracker.osnet_model_path", True)
    with pytest.raises(ServiceError, match=r"osnet_model_path: .* would run code"):
        Tracker(config(vehicle_tracker=tracker).vehicle_tracker)
    assert not Path("ran").exists()


def test_the_shipped_weights_are_fine(files: Path) -> None:
    weights = Path(__file__).parents[2] / "weights"
    shipped = config(
        vehicle_detector={"model_path": weights / "vehicle_detector.pt"},
        lp_detector={"model_path": weights / "plate_detector.pt"},
        ocr_reader={"model_dir": weights / "plate_ocr"},
    )
    assert wrong(shipped) == []


@pytest.mark.usefixtures("no_packages")
@pytest.mark.parametrize(
    ("display", "reason", "ok"),
    [
        pytest.param("off", "DISPLAY is not set", True, id="without a window no screen is needed"),
        pytest.param("auto", "DISPLAY is not set", True, id="auto goes without a screen"),
        pytest.param("on", "DISPLAY is not set", False, id="on needs a screen"),
        pytest.param("on", None, True, id="on with a screen is fine"),
    ],
)
def test_the_screen(
    files: Path, monkeypatch: pytest.MonkeyPatch, display: str, reason: str | None, ok: bool
) -> None:
    monkeypatch.setattr(window, "missing_screen_reason", lambda: reason)
    settings = config(visualizer={"display": display}, frame_grabber={"source": None})
    assert machine(settings)["screen"].ok is ok

"""What is looked at before a process is started."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from traffic_monitor.app import check as preflight
from traffic_monitor.app.check import Check, check_machine, check_settings
from traffic_monitor.settings import Settings
from traffic_monitor.sinks import window


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with everything a run needs, as far as can be seen without loading it."""
    monkeypatch.chdir(tmp_path)
    for name in ("clip.mp4", "plates.onnx", "osnet.pt"):
        Path(name).write_bytes(b"x")
    Path("cars_openvino_model").mkdir()
    Path("cars_openvino_model/cars.xml").touch()
    Path("ocr").mkdir()
    Path("ocr/inference.yml").write_text(yaml.safe_dump({"Global": {"model_name": "PP-OCR"}}), encoding="utf-8")
    Path("ocr/inference.pdiparams").touch()
    return tmp_path


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


def test_each_camera_is_looked_at_and_named_by_its_place(files: Path) -> None:
    cameras = [{"camera_id": name, "frame_grabber": {"source": f"{name}.mp4"}} for name in ("clip", "gone")]
    (problem,) = wrong(config(cameras=cameras))
    assert (problem.subject, problem.message) == ("cameras.1.frame_grabber.source", "gone.mp4 does not exist")
    subjects = [check.subject for check in check_machine(config(cameras=cameras))]
    assert {"first frame of clip", "first frame of gone"} < set(subjects)


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
            "inference.onnx is missing",
            id="a folder without the engine's file",
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


@pytest.mark.usefixtures("no_packages")
def test_the_first_frame_is_really_read(files: Path, clip: Path) -> None:
    assert machine(config(frame_grabber={"source": str(clip)}))["first frame"] == Check(
        "first frame", True, "160 x 120 pixels"
    )
    broken = machine(config())["first frame"]
    assert not broken.ok
    assert "clip.mp4 cannot be opened" in broken.message


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

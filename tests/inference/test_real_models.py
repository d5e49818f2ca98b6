"""The adapters around Ultralytics, PaddleOCR and BoxMOT's ReID with real or really built models."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from tests.shared_material import (
    CLIPS,
    PLATE_READER,
    PLATE_WEIGHTS,
    REID_WEIGHTS,
    REPOSITORY,
    SHARED,
    VEHICLE_WEIGHTS,
    need,
)
from traffic_monitor.inference.detection import DetectionModel
from traffic_monitor.inference.environment import use_ordinary_signal_stack
from traffic_monitor.inference.text_recognition import PaddleTextRecognizer
from traffic_monitor.inference.yolo import UltralyticsDetector, load_detector
from traffic_monitor.settings import (
    Backend,
    DetectorSettings,
    OcrEngine,
    OcrReaderSettings,
    TrackerType,
    VehicleTrackerSettings,
)
from traffic_monitor.shared_utils.errors import ServiceError
from traffic_monitor.shared_utils.frame_codec import Image
from traffic_monitor.tracking.trackers import Tracker

pytestmark = pytest.mark.timeout(120)


def first_frame(clip: str, skipped: int = 0) -> Image:
    """First frame of a real clip after those skipped, BGR."""
    capture = cv2.VideoCapture(str(need(CLIPS / clip)))
    capture.set(cv2.CAP_PROP_POS_FRAMES, skipped)
    read, image = capture.read()
    capture.release()
    assert read
    return np.asarray(image, dtype=np.uint8)


def detector(path: Path, conf_threshold: float, **changes: Any) -> DetectionModel:
    """The model as the services load it."""
    settings = {"model_path": path, "conf_threshold": conf_threshold, "device": "cpu", **changes}
    return load_detector("vehicle_detector", DetectorSettings.model_validate(settings))


@pytest.fixture(autouse=True)
def _signals_are_handled() -> Iterator[None]:
    """Ultralytics loads OpenVINO, too; later tests of this process send themselves signals."""
    yield
    use_ordinary_signal_stack()


@pytest.fixture
def no_cache_of_mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Converted models go into the test's own folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.mark.real
def test_an_openvino_folder_finds_the_cars_of_a_street() -> None:
    model = detector(need(VEHICLE_WEIGHTS), 0.4)
    assert model.names[2] == "car"
    image = first_frame("pruthi_traffic.mp4")
    boxes = model.detect(image, class_ids=[2, 3, 5, 7])
    assert len(boxes) >= 3
    assert all(box.confidence >= 0.4 and box.class_id in (2, 3, 5, 7) for box in boxes)
    assert boxes == sorted(boxes, key=lambda box: -box.confidence)
    height, width = image.shape[:2]
    for x1, y1, x2, y2 in (box.bbox_xyxy for box in boxes):
        assert 0 <= x1 < x2 <= width
        assert 0 <= y1 < y2 <= height


@pytest.mark.real
@pytest.mark.usefixtures("no_cache_of_mine")
def test_an_onnx_file_finds_the_plate_of_a_photo_through_openvino(tmp_path: Path) -> None:
    model = detector(need(PLATE_WEIGHTS), 0.4)
    photo, box = plate_photo()
    found = model.detect(photo)
    assert overlap(found[0].bbox_xyxy, box) > 0.5
    assert list((tmp_path / "traffic-monitor").glob("*_openvino_model")), "it ran in ONNX Runtime"


@pytest.mark.real
def test_the_onnxruntime_engine_reads_a_plate() -> None:
    settings = OcrReaderSettings(model_dir=need(PLATE_READER), engine=OcrEngine.ONNXRUNTIME)
    photo, (x1, y1, x2, y2) = plate_photo()
    text, confidence = PaddleTextRecognizer(settings).read(photo[y1:y2, x1:x2])
    assert text.replace("-", "") == "AYO9034"
    assert confidence > 0.8


@pytest.mark.usefixtures("no_cache_of_mine")
def test_a_pt_file_runs_in_openvino_with_its_own_names_and_the_size_asked_for(tmp_path: Path) -> None:
    weights = tmp_path / "untrained.pt"
    from ultralytics import YOLO

    YOLO("yolo11n.yaml").save(weights)
    model = detector(weights, 0.0, imgsz=64)
    assert len(model.names) == 80
    assert model.detect(np.full((48, 64, 3), 90, dtype=np.uint8)), "nothing, although every confidence will do"
    (folder,) = (tmp_path / "traffic-monitor").glob("untrained-*_openvino_model")
    assert yaml.safe_load((folder / "metadata.yaml").read_text())["imgsz"] == [64, 64]


@pytest.mark.real
@pytest.mark.usefixtures("no_cache_of_mine")
@pytest.mark.parametrize("form", ["a folder of fixed size", "a .pt that takes the camera's shape"])
def test_openvino_finds_what_ultralytics_finds(form: str) -> None:
    is_folder = form.startswith("a folder")
    path = need(VEHICLE_WEIGHTS) if is_folder else REPOSITORY / "weights" / "vehicle_detector.pt"
    ours = detector(path, 0.3)
    theirs = UltralyticsDetector(path, conf_threshold=0.3, iou_threshold=0.5, imgsz=None, device="cpu")
    assert dict(ours.names) == theirs.names
    for clip in ("adamridene_demo_video.mp4", "ahmetozlu_input_video.mp4"):
        image = first_frame(clip, skipped=100)
        found, wanted = ours.detect(image), theirs.detect(image)
        sure = [box for box in wanted if box.confidence > 0.4]  # At the threshold either may have one more.
        assert len(sure) >= 2
        for box in sure:
            nearest = max(found, key=lambda other: overlap(other.bbox_xyxy, box.bbox_xyxy))
            assert nearest.class_id == box.class_id
            assert overlap(nearest.bbox_xyxy, box.bbox_xyxy) > 0.9
            assert nearest.confidence == pytest.approx(box.confidence, abs=0.08)


@pytest.mark.usefixtures("no_cache_of_mine")
def test_each_backend_runs_the_same_pt_file(tmp_path: Path) -> None:
    path = REPOSITORY / "weights" / "plate_detector.pt"
    picture = np.full((90, 160, 3), 90, dtype=np.uint8)
    kinds = {backend: type(detector(path, 0.9, backend=backend, imgsz=160)).__name__ for backend in Backend}
    assert kinds == {
        "auto": "OpenVinoDetector",
        "torch": "UltralyticsDetector",
        "openvino": "OpenVinoDetector",
        "onnxruntime": "UltralyticsDetector",
    }
    assert {path.suffix for path in (tmp_path / "traffic-monitor").glob("plate_detector-*")} == {"", ".onnx"}
    assert detector(path, 0.9, backend="onnxruntime", imgsz=160).detect(picture) == []


def test_a_file_that_is_no_model_is_refused_by_name(tmp_path: Path) -> None:
    weights = tmp_path / "rubbish.pt"
    weights.write_bytes(b"rubbish")
    with pytest.raises(ServiceError, match=r"rubbish\.pt cannot be loaded as a YOLO model"):
        detector(weights, 0.4)


@pytest.mark.parametrize("stretch_to", [None, [48, 160]], ids=["crops as they are", "crops stretched"])
def test_the_paddle_engine_runs_a_recogniser_from_a_folder(tmp_path: Path, stretch_to: list[int] | None) -> None:
    build_recognizer(tmp_path / "reader", stretch_to)
    recognizer = PaddleTextRecognizer(OcrReaderSettings(model_dir=tmp_path / "reader"))
    text, confidence = recognizer.read(np.full((40, 120, 3), 200, dtype=np.uint8))
    assert set(text) <= set("0123456789")
    assert 0 <= confidence <= 1


def test_a_recogniser_from_a_folder_does_without_pytorch() -> None:
    program = """
import sys
from traffic_monitor.inference.text_recognition import PaddleTextRecognizer
from traffic_monitor.settings import OcrReaderSettings
PaddleTextRecognizer(OcrReaderSettings())
print(sorted({"torch", "modelscope"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_recogniser_leaves_sigterm_to_the_program() -> None:
    program = """
import os, signal
signal.signal(signal.SIGTERM, lambda *_: print("handled", flush=True))
from traffic_monitor.inference.text_recognition import PaddleTextRecognizer
from traffic_monitor.settings import OcrReaderSettings
PaddleTextRecognizer(OcrReaderSettings())
os.kill(os.getpid(), signal.SIGTERM)
print("alive")
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.splitlines()[-2:] == ["handled", "alive"], done.stderr


def test_a_folder_that_holds_no_recogniser_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match=f"ocr_reader: {tmp_path} cannot be loaded with paddle"):
        PaddleTextRecognizer(OcrReaderSettings(model_dir=tmp_path, model_name="PP-OCRv5_mobile_rec"))


@pytest.mark.real
def test_botsort_follows_vehicles_by_their_looks() -> None:
    settings = VehicleTrackerSettings(type=TrackerType.BOTSORT, osnet_model_path=need(REID_WEIGHTS))
    tracker = Tracker(settings)
    image = first_frame("pruthi_traffic.mp4")
    model = detector(need(VEHICLE_WEIGHTS), 0.5)
    detections = [
        {"bbox_xyxy": b.bbox_xyxy, "confidence": b.confidence, "class_id": b.class_id, "class_name": "car"}
        for b in model.detect(image, class_ids=[2])
    ]
    seen = [{track.track_id for track in tracker.update(detections, image, i / 30)} for i in range(3)]  # type: ignore[arg-type]
    assert len(seen[0]) == len(detections) > 0
    assert seen[0] == seen[1] == seen[2]


def plate_photo() -> tuple[Image, list[int]]:
    """A photo with one plate and the plate's box."""
    folder = need(SHARED / "plates" / "endtoend" / "br")
    x, y, width, height = map(int, (folder / "AYO9034.txt").read_text().split("\t")[1:5])
    image = cv2.imread(str(folder / "AYO9034.jpg"))
    return np.asarray(image, dtype=np.uint8), [x, y, x + width, y + height]


def overlap(a: list[int], b: list[int]) -> float:
    """Intersection over union."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def test_a_folder_that_asks_for_it_gets_every_crop_in_one_shape(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_recognizer(tmp_path / "reader", [48, 160])
    recognizer = PaddleTextRecognizer(OcrReaderSettings(model_dir=tmp_path / "reader"))
    shapes = []

    def predict(input: list[Image], batch_size: int) -> list[dict[str, object]]:  # noqa: A002 - PaddleOCR's name
        shapes.extend(image.shape for image in input)
        return [{"rec_text": "1", "rec_score": 1.0}]

    monkeypatch.setattr(recognizer._recognition, "predict", predict)
    recognizer.read(np.zeros((90, 100, 3), dtype=np.uint8))
    recognizer.read(np.zeros((30, 400, 3), dtype=np.uint8))
    assert shapes == [(48, 160, 3), (48, 160, 3)]


def build_recognizer(folder: Path, stretch_to: list[int] | None) -> None:
    """Save an untrained text recogniser the way PaddleOCR's are saved."""
    import paddle

    characters = list("0123456789")

    class Network(paddle.nn.Layer):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.convolution = paddle.nn.Conv2D(3, len(characters) + 1, kernel_size=8, stride=8)

        def forward(self, images):  # type: ignore[no-untyped-def]
            columns = self.convolution(images).mean(axis=2).transpose([0, 2, 1])
            return paddle.nn.functional.softmax(columns, axis=-1)

    shape = paddle.static.InputSpec([None, 3, 48, 160], "float32")
    paddle.jit.save(Network(), str(folder / "inference"), input_spec=[shape])
    description = {
        "Global": {"model_name": "PP-OCRv5_mobile_rec"} | ({"stretch_to": stretch_to} if stretch_to else {}),
        "PreProcess": {"transform_ops": [{"RecResizeImg": {"image_shape": [3, 48, 160]}}]},
        "PostProcess": {"name": "CTCLabelDecode", "character_dict": characters},
    }
    (folder / "inference.yml").write_text(yaml.safe_dump(description), encoding="utf-8")


SEARCH = """
import ctypes, sys
import numpy as np
from traffic_monitor.inference.environment import SS_DISABLE, _SignalStack
from traffic_monitor.inference.yolo import load_detector
from traffic_monitor.settings import VehicleDetectorSettings
model = load_detector("vehicle_detector", VehicleDetectorSettings(model_path=sys.argv[1]))
model.detect(np.zeros((720, 1280, 3), np.uint8))
stack = _SignalStack()
ctypes.CDLL(None).sigaltstack(None, ctypes.byref(stack))
print(stack.flags == SS_DISABLE)
"""


def test_openvino_leaves_signals_the_ordinary_stack() -> None:
    """Its own is too small on a processor with AMX: a signal could end the process with SIGSEGV."""
    command = [sys.executable, "-c", SEARCH, str(REPOSITORY / "weights" / "vehicle_detector.pt")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr

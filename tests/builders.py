"""Messages, fake models and queues for the tests."""

import pickle
import queue
import threading
import uuid
import zipfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import onnx

from traffic_monitor.inference.detection import DetectedBox, DetectionModel, Size
from traffic_monitor.shared_utils.custom_types import (
    BoxXyxy,
    CountUpdateMessage,
    Detection,
    DetectionMessage,
    FrameMessage,
    OcrResultMessage,
    PlateCandidateMessage,
    TrackedMessage,
    TrackedObject,
)
from traffic_monitor.shared_utils.frame_codec import Image, encode_frame

WIDTH, HEIGHT = 320, 240
START = 1_700_000_000.0
"""Epoch seconds of the first frame."""
FPS = 25

FRAME_FIELDS = {"frame_id", "camera_id", "timestamp", "frame_data_jpeg", "frame_height", "frame_width"}
"""What the contract fixes for every message with a frame."""
ADDED_FIELDS = ("frame_index", "media_time", "counts_by_line", "crossings", "vehicle_class_name", "readings")
ADDED_FIELDS += ("consensus_text", "consensus_confidence", "consensus_state", "alternatives", "unread_reason")
ADDED_FIELDS += ("captured_at", "journeys", "plate_fit", "vehicle_bbox_orig")
ADDED_FIELDS += ("intervals", "movements", "zones", "speeds", "untracked_boxes")


def make_image(width: int = WIDTH, height: int = HEIGHT) -> Image:
    """A smooth BGR picture in which every place looks different."""
    x = np.linspace(0, 255, width, dtype=np.float32)[None, :].repeat(height, axis=0)
    y = np.linspace(0, 255, height, dtype=np.float32)[:, None].repeat(width, axis=1)
    return np.dstack([x, y, 255 - x]).astype(np.uint8)


def make_frame_message(index: int = 0, image: Image | None = None, **changes: Any) -> FrameMessage:
    """The frame ``index`` of a file that runs at 25 frames/s."""
    image = make_image() if image is None else image
    message = FrameMessage(
        frame_id=str(uuid.uuid4()),
        camera_id="cam1",
        timestamp=START + index / FPS,
        frame_index=index,
        media_time=index / FPS,
        frame_data_jpeg=encode_frame(image, 90),
        frame_height=image.shape[0],
        frame_width=image.shape[1],
    )
    return cast(FrameMessage, {**message, **changes})


def make_detection(box: BoxXyxy, class_name: str = "car", confidence: float = 0.9) -> Detection:
    return Detection(bbox_xyxy=box, confidence=confidence, class_id=2, class_name=class_name)


def make_detection_message(boxes: Sequence[BoxXyxy], index: int = 0, **changes: Any) -> DetectionMessage:
    detections = [make_detection(box) for box in boxes]
    return cast(DetectionMessage, {**make_frame_message(index), "detections": detections, **changes})


def make_vehicle(track_id: int, box: BoxXyxy, class_name: str = "car") -> TrackedObject:
    return TrackedObject(bbox_xyxy=box, track_id=track_id, class_id=2, class_name=class_name, confidence=0.9)


def make_tracked_message(vehicles: Sequence[TrackedObject], index: int = 0, **changes: Any) -> TrackedMessage:
    return cast(TrackedMessage, {**make_frame_message(index), "tracked_objects": list(vehicles), **changes})


def make_plate_candidate(box: BoxXyxy, track_id: int = 7, index: int = 0, **changes: Any) -> PlateCandidateMessage:
    frame = make_frame_message(index)
    message = PlateCandidateMessage(
        frame_id=frame["frame_id"],
        camera_id="cam1",
        timestamp=frame["timestamp"],
        frame_index=index,
        media_time=index / FPS,
        frame_data_jpeg=frame["frame_data_jpeg"],
        vehicle_track_id=track_id,
        vehicle_class_name="car",
        plate_bbox_orig=box,
        plate_confidence=0.8,
    )
    return cast(PlateCandidateMessage, {**message, **changes})


def make_ocr_result(text: str, track_id: int = 7, index: int = 0, **changes: Any) -> OcrResultMessage:
    message = OcrResultMessage(
        frame_id=str(uuid.uuid4()),
        camera_id="cam1",
        timestamp=START + index / FPS,
        media_time=index / FPS,
        vehicle_track_id=track_id,
        license_plate_text=text,
        ocr_confidence=0.9 if text else 0.0,
    )
    return cast(OcrResultMessage, {**message, **changes})


def make_count_update(total: int = 0, **changes: Any) -> CountUpdateMessage:
    message = CountUpdateMessage(
        camera_id="cam1",
        timestamp=START,
        counts_by_class={"car": total} if total else {},
        total_count=total,
        counts_by_line={"main": {"in": {"car": total} if total else {}, "out": {}}},
        crossings=[],
    )
    return cast(CountUpdateMessage, {**message, **changes})


def without_added_fields(message: Mapping[str, Any]) -> Any:
    """The message with nothing but the fields the contract fixes."""
    return {key: value for key, value in message.items() if key not in ADDED_FIELDS}


class FakeDetectionModel(DetectionModel):
    """Answers every picture with the same boxes and remembers what it was shown."""

    def __init__(self, boxes: Sequence[DetectedBox] = (), names: Mapping[int, str] | None = None) -> None:
        self.names = names or {0: "person", 2: "car", 3: "motorcycle", 5: "bus", 7: "truck"}
        self.boxes = list(boxes)
        self.images: list[Image] = []
        self.class_ids: list[Sequence[int] | None] = []
        self.sizes: list[Size | None] = []

    def detect(
        self, image: Image, class_ids: Sequence[int] | None = None, size: Size | None = None
    ) -> list[DetectedBox]:
        self.images.append(image)
        self.class_ids.append(class_ids)
        self.sizes.append(size)
        return self.boxes


class FakeRecognizer:
    """Reads the given texts one after the other."""

    def __init__(self, *answers: tuple[str, float]) -> None:
        self.answers = list(answers)
        self.images: list[Image] = []

    def read(self, image: Image) -> tuple[str, float]:
        self.images.append(image)
        return self.answers.pop(0)


class FullQueue:
    """A queue without room; it is noted when somebody wants to put something into it or take something out."""

    def __init__(self) -> None:
        self.tried = threading.Event()
        self.taken_from = threading.Event()

    def put(self, message: Any, /, *, timeout: float) -> None:
        self.tried.set()
        threading.Event().wait(timeout)
        raise queue.Full

    def get(self, *, timeout: float) -> Any:
        self.taken_from.set()
        raise queue.Empty


def start(function: Callable[..., Any], *arguments: Any, **options: Any) -> "Future[Any]":
    """Run a function in a thread that holds up nobody; the future has its result or its exception."""
    future: Future[Any] = Future()

    def work() -> None:
        try:
            future.set_result(function(*arguments, **options))
        except BaseException as error:  # noqa: BLE001 - handed to whoever asks for the result
            future.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return future


def drain(message_queue: Any) -> list[Any]:
    """Everything that waits in a ``queue.Queue``."""
    return [message_queue.get_nowait() for _ in range(message_queue.qsize())]


def write_clip(path: Path, frames: int, fps: int = FPS, width: int = 160, height: int = 120) -> Path:
    """A video whose frame ``i`` is grey of brightness ``20 * i``, 12 frames at most."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for index in range(frames):
            image = np.full((height, width, 3), 20 * index, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))
    return path


def write_checkpoint(path: Path, content: object) -> Path:
    """A ``.pt`` file as PyTorch writes it, without tensors."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/data.pkl", pickle.dumps(content, protocol=2))
    return path


def write_onnx(path: Path, *names: str) -> Path:
    """An ONNX file that does nothing and has the metadata of a YOLO export with these classes."""
    output = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1])
    node = onnx.helper.make_node("Constant", [], ["y"], value_floats=[0.0])
    model = onnx.helper.make_model(onnx.helper.make_graph([node], "nothing", [], [output]))
    onnx.helper.set_model_props(model, {"names": str(dict(enumerate(names)))})
    onnx.save(model, path)
    return path

"""Ultralytics YOLO detectors behind one small interface."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from loguru import logger

from traffic_monitor.inference.environment import prepare_environment, silenced
from traffic_monitor.inference.openvino_cache import ImageSize, as_openvino, default_cache_dir
from traffic_monitor.shared_utils.custom_types import BoxXyxy
from traffic_monitor.shared_utils.frame_codec import Image
from traffic_monitor.shared_utils.service_loop import ServiceError
from traffic_monitor.shared_utils.settings import DetectorSettings

WARM_UP_IMAGE: Image = np.zeros((64, 64, 3), dtype=np.uint8)
"""The first picture costs many times as much as the next: it is spent before the service says it is ready."""


@dataclass(frozen=True)
class DetectedBox:
    """One object found in a picture."""

    bbox_xyxy: BoxXyxy
    """Pixels of the picture that was searched, inside it, at least one pixel wide and high."""
    confidence: float
    class_id: int


class DetectionModel(Protocol):
    """What the detecting services need of a model."""

    names: Mapping[int, str]
    """The model's own class names by class id."""

    def detect(self, image: Image, class_ids: Sequence[int] | None = None) -> list[DetectedBox]:
        """Objects of the given classes (None: of all) in a BGR picture, best first."""


class YoloModel:
    """A YOLO detector from a ``.pt`` or ``.onnx`` file or an OpenVINO folder.

    Boxes are suppressed across classes: a van that looks like a car and like a truck is one vehicle.
    """

    def __init__(
        self,
        model_path: Path,
        conf_threshold: float,
        iou_threshold: float,
        imgsz: ImageSize,
        device: str,
    ) -> None:
        prepare_environment()
        fastest = _fastest_form(model_path, imgsz, device)
        with silenced():
            from ultralytics import YOLO

            try:
                self._model = YOLO(str(fastest), task="detect")
                self.names: dict[int, str] = {int(i): str(n) for i, n in self._model.names.items()}
            except Exception as error:
                raise ServiceError(f"{model_path} cannot be loaded as a YOLO model: {error}") from error
        self._options: dict[str, Any] = {
            "conf": conf_threshold,
            "iou": iou_threshold,
            "device": device,
            "agnostic_nms": True,
            "verbose": False,
        }
        if imgsz is not None:
            self._options["imgsz"] = imgsz
        with silenced():
            self.detect(WARM_UP_IMAGE)

    def detect(self, image: Image, class_ids: Sequence[int] | None = None) -> list[DetectedBox]:
        """Objects of the given classes (None: of all) in a BGR picture of shape (height, width, 3), best first."""
        height, width = image.shape[:2]
        result = self._model.predict(image, classes=class_ids, **self._options)[0]
        rows = result.boxes.data.tolist()
        boxes = (DetectedBox(_inside(row[:4], width, height), row[4], int(row[5])) for row in rows)
        return [box for box in boxes if _has_area(box.bbox_xyxy)]


def load_detector(section: str, settings: DetectorSettings) -> YoloModel:
    """The model that a section of the settings names.

    Raises:
        ServiceError: the section names none, or it cannot be loaded.
    """
    if settings.model_path is None:
        raise ServiceError(f"{section}.model_path is not set")
    return YoloModel(
        settings.model_path, settings.conf_threshold, settings.iou_threshold, settings.imgsz, settings.device
    )


def _fastest_form(model_path: Path, imgsz: ImageSize, device: str) -> Path:
    """The same model in the form that runs fastest on this device."""
    if model_path.is_dir() or device != "cpu":
        return model_path
    try:
        with silenced():
            return as_openvino(model_path, imgsz, default_cache_dir())
    except Exception as error:  # noqa: BLE001 - the original works as well, only slower
        logger.warning("{} could not be converted to OpenVINO and runs as it is, slower: {}", model_path, error)
        return model_path


def _inside(corners: Sequence[float], width: int, height: int) -> BoxXyxy:
    x1, y1, x2, y2 = (round(value) for value in corners)
    return [max(x1, 0), max(y1, 0), min(x2, width), min(y2, height)]


def _has_area(box: BoxXyxy) -> bool:
    return box[2] > box[0] and box[3] > box[1]

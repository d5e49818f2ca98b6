"""Ultralytics YOLO detectors: which library runs a model, and the models that Ultralytics itself runs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from loguru import logger

from traffic_monitor.inference.checkpoint import inspect_checkpoint
from traffic_monitor.inference.detection import DetectedBox, DetectionModel, ImageSize, Size, boxes_inside
from traffic_monitor.inference.environment import has_nvidia_driver, prepare_environment, silenced, thread_budget
from traffic_monitor.inference.model_cache import as_onnx, converted, discard, quantised_form, usable_cache_dir
from traffic_monitor.inference.openvino_model import OpenVinoDetector
from traffic_monitor.settings import Backend, DetectorSettings, LpDetectorSettings
from traffic_monitor.shared_utils.constants import ServiceName
from traffic_monitor.shared_utils.errors import ServiceError
from traffic_monitor.shared_utils.frame_codec import Image

AUTO, CPU, FIRST_GPU = "auto", "cpu", "cuda:0"

WARM_UP_IMAGE: Image = np.zeros((64, 64, 3), dtype=np.uint8)
"""The first picture costs many times as much as the next: it is spent before the service says it is ready."""


class UltralyticsDetector(DetectionModel):
    """A YOLO detector that Ultralytics runs: ``.pt`` in PyTorch, ``.onnx`` in ONNX Runtime, OpenVINO folders.

    Boxes are suppressed across classes: a van that looks like a car and like a truck is one vehicle.

    Raises:
        Exception: the file is no such model.
    """

    def __init__(
        self, model_path: Path, conf_threshold: float, iou_threshold: float, imgsz: ImageSize, device: str
    ) -> None:
        prepare_environment()
        if model_path.suffix == ".pt":
            inspect_checkpoint(model_path)
        with silenced():
            import torch
            from ultralytics import YOLO

            self._model = YOLO(str(model_path), task="detect")
            self.names = {int(i): str(n) for i, n in self._model.names.items()}
            self._options: dict[str, Any] = {
                "conf": conf_threshold,
                "iou": iou_threshold,
                "device": device,
                "agnostic_nms": True,
                "verbose": False,
            }
            if imgsz is not None:
                self._options["imgsz"] = imgsz
            self.detect(WARM_UP_IMAGE)
            torch.set_num_threads(thread_budget())  # Choosing a device, Ultralytics has set its own number.

    def detect(
        self, image: Image, class_ids: Sequence[int] | None = None, size: Size | None = None
    ) -> list[DetectedBox]:
        """Objects in a picture, best first."""
        result = self._model.predict(image, classes=class_ids, **self._options)[0]
        searched = image.shape[1], image.shape[0]
        return boxes_inside(result.boxes.data.cpu().numpy(), searched, size or searched)


def load_detector(section: str, settings: DetectorSettings, searches: int = 1) -> DetectionModel:
    """The model that a section of the settings names, in the library that suits it and this machine.

    Args:
        section: of the settings, for messages.
        settings: of that section.
        searches: number of searches that will overlap.

    Raises:
        ServiceError: the section names none, or it cannot be loaded.
    """
    path = settings.model_path
    if path is None:
        raise ServiceError(f"{section}.model_path is not set")
    try:
        device = _device(settings)
        return _load(settings, path, _backend(settings.backend, path, device), device, searches)
    except Exception as error:
        raise ServiceError(f"{path} cannot be loaded as a YOLO model: {_one_line(error)}") from error


def _device(settings: DetectorSettings) -> str:
    if settings.device != AUTO:
        return settings.device
    if settings.backend not in (Backend.AUTO, Backend.TORCH) or not has_nvidia_driver():
        return CPU
    import torch

    return FIRST_GPU if torch.cuda.is_available() else CPU


def _backend(wanted: Backend, path: Path, device: str) -> Backend:
    """OpenVINO on a processor; elsewhere what the file is made for."""
    if wanted is not Backend.AUTO:
        return wanted
    if path.is_dir() or device == CPU:
        return Backend.OPENVINO
    return Backend.TORCH if path.suffix == ".pt" else Backend.ONNXRUNTIME


def _load(settings: DetectorSettings, path: Path, backend: Backend, device: str, searches: int) -> DetectionModel:
    is_converted = backend is Backend.OPENVINO or (backend is Backend.ONNXRUNTIME and path.suffix == ".pt")
    cache = usable_cache_dir() if is_converted else None
    thresholds = settings.conf_threshold, settings.iou_threshold

    def run(model: Path) -> DetectionModel:
        if backend is Backend.OPENVINO and model.is_dir():
            compiled_dir = None if cache is None else cache / "compiled"
            return OpenVinoDetector(model, *thresholds, settings.imgsz, thread_budget(), searches, compiled_dir)
        return UltralyticsDetector(model, *thresholds, settings.imgsz, device)

    if path.is_dir() or not is_converted:
        return run(path)
    quantised = quantised_form(path) if backend is Backend.OPENVINO else None
    if quantised is not None:
        try:
            return run(quantised)
        except Exception as error:  # noqa: BLE001 - the original works as well, only slower
            logger.warning("{} cannot be loaded, so {} is converted: {}", quantised, path, _one_line(error))
    exported = _exported(path, settings.imgsz, backend, cache)
    try:
        return run(exported)
    except Exception as error:
        if exported == path:
            raise
        logger.warning("{} is damaged and is made anew: {}", exported, _one_line(error))
        discard(exported)
    return run(_exported(path, settings.imgsz, backend, cache))


def _exported(path: Path, imgsz: ImageSize, backend: Backend, cache: Path | None) -> Path:
    """The model in the form a backend needs; as it is, with a warning, where that fails."""
    export = converted if backend is Backend.OPENVINO else as_onnx
    try:
        if cache is None:
            raise OSError("there is no folder to keep the result in")
        with silenced():
            return export(path, imgsz, cache)
    except Exception as error:  # noqa: BLE001 - the original works as well, only slower
        logger.warning(
            "{} could not be converted to {} and runs as it is, slower: {}", path, backend.value, _one_line(error)
        )
        return path


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def load_plate_detector(settings: LpDetectorSettings) -> DetectionModel:
    """The model that finds plates.

    Raises:
        ServiceError: it cannot be loaded, or knows more than one class.
    """
    model = load_detector(ServiceName.LP_DETECTOR, settings)
    if len(model.names) != 1:
        found = ", ".join(list(model.names.values())[:12])
        raise ServiceError(
            f"lp_detector.model_path: {settings.model_path} finds {len(model.names)} classes ({found}),"
            " a plate model has one, the plate"
        )
    return model

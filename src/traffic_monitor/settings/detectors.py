"""Sections ``vehicle_detector`` and ``lp_detector``: which YOLO models find vehicles and plates."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from traffic_monitor.settings.section import Fraction, ImageSize, Section


class Backend(StrEnum):
    """Which library runs a detector."""

    AUTO = "auto"
    """PyTorch or ONNX Runtime on an NVIDIA GPU where there is one, else OpenVINO."""
    TORCH = "torch"
    OPENVINO = "openvino"
    ONNXRUNTIME = "onnxruntime"


FORMS_OF_BACKENDS = {Backend.TORCH: (".pt",), Backend.ONNXRUNTIME: (".pt", ".onnx")}
"""Endings of the files that can be run, or converted to what can; OpenVINO takes all."""


class Search(StrEnum):
    """Which frames are searched for vehicles."""

    EVERY = "every"
    NEEDED = "needed"
    """As many as the fastest vehicle in sight requires; the tracker predicts where vehicles are in the others."""


class WithoutVehicle(StrEnum):
    """When whole frames are searched for plates of vehicles that were not found."""

    AUTO = "auto"
    """While no vehicle is in sight."""
    ON = "on"
    """Always."""
    OFF = "off"


DEVICE = re.compile(r"auto|cpu|mps|cuda(:\d+)?|\d+")


class DetectorSettings(Section):
    """Which YOLO model to run, and how."""

    model_path: Path | None = None
    conf_threshold: Fraction
    iou_threshold: Fraction = 0.5
    imgsz: ImageSize | tuple[ImageSize, ImageSize] | None = None
    backend: Backend = Backend.AUTO
    device: str = "auto"

    @field_validator("device")
    @classmethod
    def _is_a_device(cls, device: str) -> str:
        if not DEVICE.fullmatch(device):
            raise ValueError("should be auto, cpu, mps, cuda or cuda:0, cuda:1, ...")
        return device

    @model_validator(mode="after")
    def _backend_runs_the_file(self) -> Self:
        suffixes = FORMS_OF_BACKENDS.get(self.backend)
        if suffixes and self.model_path is not None and self.model_path.suffix not in suffixes:
            raise ValueError(f"backend {self.backend} runs {' or '.join(suffixes)}, not {self.model_path.name}")
        return self


class VehicleDetectorSettings(DetectorSettings):
    """Which model finds vehicles and which of its answers count."""

    model_path: Path | None = Path("weights/vehicle_detector.pt")
    conf_threshold: Fraction = 0.1
    workers: int = Field(default=1, ge=1, le=16)
    search: Search = Search.EVERY
    skip_still: bool = True
    classes: list[str] = Field(default=["car", "motorcycle", "bus", "truck"], min_length=1)
    class_mapping: dict[int, str] = Field(default_factory=dict)


class LpDetectorSettings(DetectorSettings):
    """Which model finds plates, on which vehicles, and how often."""

    model_path: Path | None = Path("weights/plate_detector.pt")
    conf_threshold: Fraction = 0.2
    imgsz: ImageSize | tuple[ImageSize, ImageSize] | None = (320, 320)
    without_vehicle: WithoutVehicle = WithoutVehicle.AUTO
    min_plate_width_px: int = Field(default=32, ge=1, le=4096)
    min_vehicle_width_px: int = Field(default=120, ge=1, le=7680)
    crop_margin: Annotated[float, Field(ge=0, le=0.5)] = 0.05
    interval_frames: int = Field(default=3, ge=1, le=1000)
    max_candidates: int = Field(default=12, ge=1, le=10000)
    workers: int = Field(default=1, ge=1, le=16)
    live_budget_ms: int = Field(default=400, ge=1, le=1000)

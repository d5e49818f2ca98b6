"""Section ``ocr_reader``: what reads the plates."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field

from traffic_monitor.settings.section import Fraction, Section


class OcrEngine(StrEnum):
    """What runs the text recogniser."""

    PADDLE = "paddle"
    ONNXRUNTIME = "onnxruntime"


PlateFormat = Annotated[str, Field(pattern=r"^[A9*]{2,12}$")]
"""``A`` is a letter, ``9`` a digit, ``*`` either."""


class OcrReaderSettings(Section):
    """Which recogniser reads the plates."""

    model_dir: Path | None = Path("weights/plate_ocr")
    model_name: str | None = None
    engine: OcrEngine = OcrEngine.PADDLE
    device: str = "cpu"
    workers: int = Field(default=1, ge=1, le=16)
    min_confidence: Fraction = 0.3
    crop_margin: Annotated[float, Field(ge=0, le=0.5)] = 0.05
    min_consensus_confidence: Fraction = 0.7
    min_readings: int = Field(default=2, ge=1, le=60)
    plate_formats: list[PlateFormat] = Field(default=[])

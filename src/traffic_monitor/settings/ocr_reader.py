"""Section ``ocr_reader``: what reads the plates."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, field_validator

from traffic_monitor.plates.syntax import ALIASES, COUNTRIES
from traffic_monitor.settings.section import Fraction, Section


class OcrEngine(StrEnum):
    """What runs the text recogniser."""

    PADDLE = "paddle"
    ONNXRUNTIME = "onnxruntime"


PLATE_FORMAT = re.compile(r"[A9*]{2,12}")
"""``A`` is a letter, ``9`` a digit, ``*`` either."""

DEVICE = re.compile(r"cpu|(gpu|npu|xpu|mlu|gcu|dcu)(:\d+)?")
"""As PaddlePaddle names them."""


def _country_code(value: object) -> object:
    """In capital letters. YAML reads a bare ``NO``, Norway, as false."""
    return "NO" if value is False else value.upper() if isinstance(value, str) else value


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
    countries: list[Annotated[str, BeforeValidator(_country_code)]] = Field(default=[])
    plate_formats: list[str] = Field(default=[])

    @field_validator("device")
    @classmethod
    def _is_a_device(cls, device: str) -> str:
        if not DEVICE.fullmatch(device):
            raise ValueError("should be cpu, gpu or gpu:0, gpu:1, ...")
        return device

    @field_validator("countries")
    @classmethod
    def _are_known(cls, codes: list[str]) -> list[str]:
        unknown = [code for code in codes if code not in COUNTRIES and code not in ALIASES]
        if unknown:
            raise ValueError(f"'{unknown[0]}' is not one of {', '.join(COUNTRIES)}: use plate_formats instead")
        return codes

    @field_validator("plate_formats")
    @classmethod
    def _are_formats(cls, formats: list[str]) -> list[str]:
        wrong = [each for each in formats if not PLATE_FORMAT.fullmatch(each)]
        if wrong:
            raise ValueError(f"'{wrong[0]}' is no format: write 2 to 12 of A (letter), 9 (digit) and * (either)")
        return formats

"""PaddleOCR's text recogniser behind one small interface."""

import contextlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml

from traffic_monitor.inference.environment import (
    give_paddle_a_cache,
    leave_signals_alone,
    prepare_environment,
    silenced,
    stubbed_imports,
    thread_budget,
)
from traffic_monitor.settings import OcrReaderSettings
from traffic_monitor.shared_utils.errors import ServiceError
from traffic_monitor.shared_utils.frame_codec import Image

MODEL_DESCRIPTION = "inference.yml"

UNNEEDED = ("modelscope", "sklearn", "pandas", "matplotlib", "aiohttp")
"""Packages that PaddleOCR imports for downloads (which bring PyTorch along), tables, charts and clients: half of
its loading time and of its memory. Reading a line of text with a model from a folder takes none of them."""

WARM_UP_IMAGE: Image = np.zeros((48, 160, 3), dtype=np.uint8)
"""The first picture costs many times as much as the next: it is spent before the service says it is ready."""


class PaddleTextRecognizer:
    """PaddleOCR ``TextRecognition``, from a local folder or by an official model name."""

    def __init__(self, settings: OcrReaderSettings) -> None:
        prepare_environment()
        give_paddle_a_cache()
        name = settings.model_name or (stated_model_name(settings.model_dir) if settings.model_dir else None)
        self._stretch_to = _stretch_size(settings.model_dir) if settings.model_dir else None
        unneeded = stubbed_imports(*UNNEEDED) if settings.model_dir else contextlib.nullcontext()
        with silenced():
            with unneeded:
                from paddleocr import TextRecognition

            try:
                self._recognition = TextRecognition(
                    model_name=name,
                    model_dir=str(settings.model_dir) if settings.model_dir else None,
                    engine=None if settings.engine == "paddle" else str(settings.engine),
                    device=settings.device,
                    # oneDNN in paddlepaddle 3.3 stops on some networks: "ConvertPirAttribute2RuntimeAttribute".
                    enable_mkldnn=False,
                    cpu_threads=thread_budget(),
                )
            except Exception as error:
                where = settings.model_dir or name
                raise ServiceError(
                    f"ocr_reader: {where} cannot be loaded with {settings.engine}: {error}"
                ) from error
            self.read(WARM_UP_IMAGE)
            leave_signals_alone()

    def read(self, image: Image) -> tuple[str, float]:
        """Text and confidence 0-1 of one line of text in a BGR picture of shape (height, width, 3)."""
        if self._stretch_to is not None:
            shrinks = image.shape[1] > self._stretch_to[0]
            interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
            image = np.asarray(cv2.resize(image, self._stretch_to, interpolation=interpolation), dtype=np.uint8)
        result = self._recognition.predict(input=[image], batch_size=1)[0]
        return str(result["rec_text"]), float(result["rec_score"])


def stated_model_name(model_dir: Path) -> str | None:
    """The name a recogniser's folder gives itself, which PaddleOCR must be told; None when it gives none."""
    name = _described(model_dir, "model_name")
    return None if name is None else str(name)


def _stretch_size(model_dir: Path) -> tuple[int, int] | None:
    """Width and height to which a recogniser wants every crop stretched; None for those that keep its shape.

    ``Global.stretch_to: [height, width]`` is this project's own key. PaddleOCR's preprocessing keeps the shape of
    a crop, which suits lines of text; a network for plates of one and two lines sees both stretched to one shape.
    """
    size = _described(model_dir, "stretch_to")
    return None if size is None else (int(size[1]), int(size[0]))


def _described(model_dir: Path, key: str) -> Any:
    """A value of the ``Global`` section of the folder's description; None when it is not there."""
    try:
        description = yaml.safe_load((model_dir / MODEL_DESCRIPTION).read_text(encoding="utf-8"))
        return description["Global"].get(key)
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError):
        return None

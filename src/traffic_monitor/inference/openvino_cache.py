"""YOLO detectors as OpenVINO folders, converted once and kept.

On CPUs OpenVINO runs the same network several times as fast as PyTorch and ONNX Runtime, which is what Ultralytics
would take for a ``.pt`` and an ``.onnx`` file.
"""

import ast
import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import yaml

ImageSize = int | tuple[int, int] | None

FOLDER_SUFFIX = "_openvino_model"
"""Ultralytics knows an OpenVINO export by this ending."""


def default_cache_dir() -> Path:
    """Where converted models are kept between runs."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "traffic-monitor"


def as_openvino(model_path: Path, imgsz: ImageSize, cache_dir: Path) -> Path:
    """The OpenVINO folder of an Ultralytics ``.pt`` or ``.onnx`` model; converted when the cache does not have it.

    Args:
        model_path: the model, with Ultralytics' metadata inside.
        imgsz: size to export a ``.pt`` for, one number or (height, width); None for the one it was trained with.
            An ``.onnx`` file keeps its own.
        cache_dir: folder of all converted models; the name of each holds the hash of what it was made from.

    Raises:
        Exception: the file cannot be read or converted, or the cache cannot be written.
    """
    digest = hashlib.sha256(model_path.read_bytes() + repr(imgsz).encode()).hexdigest()[:16]
    folder = cache_dir / f"{model_path.stem}-{digest}{FOLDER_SUFFIX}"
    if not folder.is_dir():
        cache_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache_dir) as temporary:
            part = Path(temporary) / folder.name
            convert = _export if model_path.suffix == ".pt" else _convert
            convert(model_path, imgsz, part)
            # Another run may have been faster; then its folder is as good as ours.
            if not folder.is_dir():
                shutil.move(part, folder)
    return folder


def _export(model_path: Path, imgsz: ImageSize, folder: Path) -> None:
    """Ultralytics exports beside the model, so it gets a copy of it."""
    from ultralytics import YOLO

    copy = Path(shutil.copy(model_path, folder.with_name(model_path.name)))
    options = {} if imgsz is None else {"imgsz": imgsz}
    shutil.move(YOLO(copy, task="detect").export(format="openvino", verbose=False, **options), folder)


def _convert(onnx_path: Path, _imgsz: ImageSize, folder: Path) -> None:
    import openvino

    folder.mkdir()
    openvino.save_model(openvino.convert_model(onnx_path), folder / f"{onnx_path.stem}.xml")
    (folder / "metadata.yaml").write_text(yaml.safe_dump(_metadata(onnx_path)), encoding="utf-8")


def _metadata(onnx_path: Path) -> dict[str, Any]:
    """What Ultralytics wrote into the file: class names, image size, stride."""
    import onnxruntime

    session = onnxruntime.InferenceSession(onnx_path, providers=["CPUExecutionProvider"])
    return {key: _literal(text) for key, text in session.get_modelmeta().custom_metadata_map.items()}


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text

"""YOLO detectors in the forms that other libraries run, converted once and kept.

On CPUs OpenVINO runs the same network several times as fast as PyTorch and ONNX Runtime.
"""

import ast
import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml
from loguru import logger

if sys.platform != "win32":
    import fcntl

from traffic_monitor.inference.checkpoint import inspect_checkpoint
from traffic_monitor.inference.detection import ImageSize
from traffic_monitor.inference.environment import prepare_environment

FOLDER_SUFFIX = "_openvino_model"
"""Ultralytics knows an OpenVINO export by this ending."""

EXPORT_OPTIONS = {"dynamic": True}
"""Pictures of any shape: it is fixed when the model is loaded, to that of the camera."""


QUANTISED_SUFFIX = "_int8_openvino_model"
MADE_FROM = "made_from"
"""Key in the metadata of a quantised model: the digest of the file it was made from."""


def default_cache_dir() -> Path:
    """Where converted models are kept between runs."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "traffic-monitor"


def usable_cache_dir() -> Path | None:
    """:func:`default_cache_dir`; a temporary folder where that cannot be written; None where neither can."""
    user = os.getuid() if sys.platform != "win32" else 0
    for choose in (default_cache_dir, lambda: Path(tempfile.gettempdir()) / f"traffic-monitor-models-{user}"):
        try:
            folder = choose()
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if choose is not default_cache_dir and sys.platform != "win32" and folder.stat().st_uid != user:
                raise PermissionError(f"{folder} belongs to somebody else")
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except (OSError, RuntimeError) as error:  # RuntimeError: the user has no home.
            logger.warning("converted models cannot be kept: {}", error)
    return None


def as_openvino(model_path: Path, imgsz: ImageSize, cache_dir: Path) -> Path:
    """The OpenVINO folder of an Ultralytics ``.pt`` or ``.onnx`` model; converted when the cache does not have it.

    A quantised form that lies beside the model, and was made from it, is taken as it is. The form of a ``.pt``
    takes pictures of any shape; an ``.onnx`` file keeps its own.

    Args:
        model_path: the model, with Ultralytics' metadata inside.
        imgsz: size to export a ``.pt`` for, one number or (height, width); None for the one it was trained with.
        cache_dir: folder of all converted models; the name of each holds the hash of what it was made from.

    Raises:
        Exception: the file cannot be read or converted, or the cache cannot be written.
    """
    return quantised_form(model_path) or converted(model_path, imgsz, cache_dir)


def quantised_form(model_path: Path) -> Path | None:
    """The quantised form beside a model, if it was made from this very file."""
    folder = quantised_folder(model_path)
    if not folder.is_dir():
        return None
    file = folder / "metadata.yaml"
    try:
        made_from = dict(yaml.safe_load(file.read_text(encoding="utf-8"))).get(MADE_FROM)
    except (OSError, ValueError, TypeError, yaml.YAMLError) as error:
        logger.warning("{} is damaged, so {} is converted: {}", file, model_path, " ".join(str(error).split()))
        return None
    return folder if made_from == digest(model_path) else None


def converted(model_path: Path, imgsz: ImageSize, cache_dir: Path) -> Path:
    """The OpenVINO folder of a model from the cache; arguments and errors as in :func:`as_openvino`."""
    convert = _export_openvino if model_path.suffix == ".pt" else _convert
    return _kept(model_path, imgsz, cache_dir, FOLDER_SUFFIX, convert)


def discard(kept: Path) -> None:
    """Delete a converted model, folder or file, from the cache.

    Raises:
        OSError: it cannot be deleted.
    """
    if kept.is_dir():
        shutil.rmtree(kept)
    else:
        kept.unlink(missing_ok=True)


def quantised_folder(model_path: Path) -> Path:
    """Where the form of a model with eight-bit integers lies, if there is one."""
    return model_path.with_name(model_path.stem + QUANTISED_SUFFIX)


def digest(model_path: Path) -> str:
    """Tells one model file from others."""
    return hashlib.sha256(model_path.read_bytes()).hexdigest()[:16]


def as_onnx(model_path: Path, imgsz: ImageSize, cache_dir: Path) -> Path:
    """The ``.onnx`` file of an Ultralytics ``.pt`` model; arguments and errors as in :func:`as_openvino`."""
    return _kept(model_path, imgsz, cache_dir, ".onnx", _export_onnx)


def _kept(
    model_path: Path,
    imgsz: ImageSize,
    cache_dir: Path,
    suffix: str,
    convert: Callable[[Path, ImageSize, Path], None],
) -> Path:
    made_from = model_path.read_bytes() + f"{imgsz} {EXPORT_OPTIONS}".encode()
    target = cache_dir / f"{model_path.stem}-{hashlib.sha256(made_from).hexdigest()[:16]}{suffix}"
    cache_dir.mkdir(parents=True, exist_ok=True)
    with _alone_in(cache_dir, waits=not target.exists()) as is_alone:
        if is_alone:  # So whoever began these was killed.
            for leftover in cache_dir.glob(f"{tempfile.gettempprefix()}*"):
                shutil.rmtree(leftover, ignore_errors=True)
        if not target.exists():
            with tempfile.TemporaryDirectory(dir=cache_dir) as temporary:
                part = Path(temporary) / target.name
                convert(model_path, imgsz, part)
                # Without a lock another run may have been faster; then what it made is as good as ours.
                if not target.exists():
                    shutil.move(part, target)
    return target


@contextlib.contextmanager
def _alone_in(cache_dir: Path, *, waits: bool) -> Iterator[bool]:
    """Hold the lock of the cache, under which models are converted. The system frees that of a killed process.

    Args:
        cache_dir: an existing folder.
        waits: whether to wait for a process that converts; else go on without the lock.

    Yields:
        Whether the lock is held; never where the system or the folder's file system has none.
    """
    if sys.platform == "win32":
        yield False
        return
    descriptor = os.open(cache_dir, os.O_RDONLY)
    try:
        is_held = True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX if waits else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            is_held = False
        yield is_held
    finally:
        os.close(descriptor)


def _export_openvino(model_path: Path, imgsz: ImageSize, folder: Path) -> None:
    _export(model_path, imgsz, folder, "openvino")


def _export_onnx(model_path: Path, imgsz: ImageSize, file: Path) -> None:
    _export(model_path, imgsz, file, "onnx")


def _export(model_path: Path, imgsz: ImageSize, target: Path, form: str) -> None:
    """Ultralytics exports beside the model, so it gets a copy of it."""
    prepare_environment()
    from ultralytics import YOLO

    inspect_checkpoint(model_path)
    copy = Path(shutil.copy(model_path, target.with_name(model_path.name)))
    options = {} if imgsz is None else {"imgsz": imgsz}
    exported = YOLO(copy, task="detect").export(format=form, verbose=False, **EXPORT_OPTIONS, **options)
    shutil.move(exported, target)


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

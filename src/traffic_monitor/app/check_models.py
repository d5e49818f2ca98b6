"""Whether models are what they should be, as far as that can be seen quickly and without loading them."""

import ast
from collections.abc import Mapping
from pathlib import Path

import yaml

from traffic_monitor.app.check_result import Check
from traffic_monitor.inference.checkpoint import CheckpointError, inspect_checkpoint
from traffic_monitor.inference.text_recognition import MODEL_DESCRIPTION, stated_model_name
from traffic_monitor.settings import OcrEngine, OcrReaderSettings, VehicleDetectorSettings

SHOWN_NAMES = 12
"""Class names in a message."""

OCR_FILES = {
    OcrEngine.PADDLE: (("inference.pdiparams",), ("inference.json", "inference.pdmodel")),
    OcrEngine.ONNXRUNTIME: (("inference.onnx",),),
}
"""Files that each engine needs; of those in one pair of brackets, one."""


class _Mistake(Exception):  # noqa: N818 - becomes a Check
    pass


def check_vehicle_model(settings: VehicleDetectorSettings) -> Check:
    """The model file or folder, and whether it knows a class that counts as a vehicle."""
    subject = "vehicle_detector.model_path"
    check, names = _check_model(subject, settings.model_path)
    if names is None:
        return check
    unknown = sorted(settings.class_mapping.keys() - names.keys())
    if unknown:
        told = f"the model has no class {unknown[0]}; its ids are {min(names)} to {max(names)}"
        return Check("vehicle_detector.class_mapping", False, told)
    known = {**names, **settings.class_mapping}.values()
    if not set(known) & set(settings.classes):
        told = f"it knows none of {', '.join(settings.classes)}; it knows {', '.join(list(known)[:SHOWN_NAMES])}"
        return Check(subject, False, f"{settings.model_path}: {told}")
    return check


def check_plate_model(path: Path | None) -> Check:
    """The model file or folder, and whether it finds one thing only."""
    subject = "lp_detector.model_path"
    check, names = _check_model(subject, path)
    if names is not None and len(names) != 1:
        told = f"it finds {len(names)} classes ({', '.join(list(names.values())[:SHOWN_NAMES])})"
        return Check(subject, False, f"{path}: {told}, a plate model has one, the plate")
    return check


def check_file(subject: str, path: Path) -> Check:
    """Whether there is a file that can be read, and something in it."""
    try:
        if path.is_dir():
            return Check(subject, False, f"{path} is a folder, a file is needed")
        if not path.exists():
            return Check(subject, False, f"{path} does not exist")
        with path.open("rb") as file:
            if not file.read(1):
                return Check(subject, False, f"{path} is empty")
    except OSError as error:
        return Check(subject, False, f"{path} cannot be read: {error.strerror}")
    return Check(subject, True, str(path))


def _is_filled(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def check_checkpoint(subject: str, path: Path) -> Check:
    """Whether a ``.pt`` file is whole, and safe to load."""
    check = check_file(subject, path)
    if not check.ok or path.suffix.lower() != ".pt":
        return check
    try:
        inspect_checkpoint(path)
    except CheckpointError as error:
        return Check(subject, False, f"{path} {error}")
    return check


def _check_model(subject: str, path: Path | None) -> tuple[Check, Mapping[int, str] | None]:
    """What is found about a detector, and its class names where they can be seen."""
    if path is None:
        return Check(subject, False, "is not set"), None
    try:
        if path.is_dir():
            return Check(subject, True, str(path)), _openvino_names(path)
        check = check_file(subject, path)
        if check.ok and path.suffix not in (".pt", ".onnx"):
            raise _Mistake("should be a .pt or .onnx file or an OpenVINO folder")
        if not check.ok:
            return check, None
        return check, inspect_checkpoint(path).names if path.suffix == ".pt" else _onnx_names(path)
    except _Mistake as error:
        return Check(subject, False, f"{path}: {error}"), None
    except CheckpointError as error:
        return Check(subject, False, f"{path} {error}"), None
    except OSError as error:
        return Check(subject, False, f"{path} cannot be read: {error.strerror}"), None


def _openvino_names(folder: Path) -> Mapping[int, str]:
    networks = list(folder.glob("*.xml"))
    if not folder.name.endswith("_openvino_model") or not networks:
        raise _Mistake("a folder must be an OpenVINO export: name ending in _openvino_model, an .xml inside")
    if len(networks) > 1:
        raise _Mistake(
            f"holds {len(networks)} networks ({', '.join(sorted(each.name for each in networks))}), not one"
        )
    weights = networks[0].with_suffix(".bin")
    if not _is_filled(weights):
        raise _Mistake(f"{weights.name} is missing beside {networks[0].name}, or empty")
    if not _is_filled(networks[0]):
        raise _Mistake(f"{networks[0].name} is empty")
    try:
        names = yaml.safe_load((folder / "metadata.yaml").read_text(encoding="utf-8"))["names"]
        return {int(number): str(name) for number, name in names.items()}
    except FileNotFoundError:
        raise _Mistake("metadata.yaml is missing; export the model with Ultralytics") from None
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, ValueError, AttributeError):
        raise _Mistake("metadata.yaml is damaged: it states no class names") from None


def _onnx_names(path: Path) -> Mapping[int, str] | None:
    import onnx  # takes half a second, and is needed for these files only
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        model = onnx.load(path, load_external_data=False)
    except DecodeError:
        model = onnx.ModelProto()
    if not model.graph.node:
        raise _Mistake("is not an ONNX model, or is damaged")
    for property_ in model.metadata_props:
        if property_.key == "names":
            try:
                return {int(number): str(name) for number, name in ast.literal_eval(property_.value).items()}
            except (ValueError, SyntaxError, AttributeError):
                return None
    return None


def check_recognizer(settings: OcrReaderSettings) -> Check:
    """The folder of the text recogniser."""
    subject, folder = "ocr_reader.model_dir", settings.model_dir
    if folder is None:
        if settings.model_name is None:
            return Check(subject, False, "is not set, and neither is ocr_reader.model_name")
        return Check(subject, True, f"{settings.model_name}, fetched by PaddleOCR")
    try:
        if not folder.is_dir():
            return Check(subject, False, f"{folder} is not a folder")
    except OSError as error:
        return Check(subject, False, f"{folder} cannot be read: {error.strerror}")
    stated = stated_model_name(folder)
    if stated is None:
        return Check(subject, False, f"{folder}: {MODEL_DESCRIPTION} with Global.model_name is missing")
    if settings.model_name not in (None, stated):
        way_out = "set ocr_reader.model_dir to null to have PaddleOCR fetch the other one"
        return Check("ocr_reader.model_name", False, f"{settings.model_name}: {folder} holds {stated}; {way_out}")
    for names in OCR_FILES[settings.engine]:
        if not any(_is_filled(folder / name) for name in names):
            told = f"{names[0]}, which engine {settings.engine} needs, is missing or empty"
            return Check(subject, False, f"{folder}: {told}")
    return Check(subject, True, f"{folder} ({stated})")

"""What must be true before the first process is started: files, weights, packages, camera, screen."""

import importlib.metadata
import queue
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from traffic_monitor.inference.text_recognition import MODEL_DESCRIPTION, stated_model_name
from traffic_monitor.settings import (
    DisplayMode,
    FrameGrabberSettings,
    OcrEngine,
    OcrReaderSettings,
    Settings,
    TrackerType,
)

REQUIRED_PACKAGES = (
    "ultralytics",
    "boxmot",
    "paddleocr",
    "paddlepaddle",
    "opencv-python",
    "openvino",
    "onnxruntime",
    "av",
)

OCR_FILES = {
    OcrEngine.PADDLE: ("inference.pdiparams",),
    OcrEngine.ONNXRUNTIME: ("inference.onnx",),
}


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    subject: str
    ok: bool
    message: str


def check_settings(settings: Settings) -> Iterator[Check]:
    """Source, weights and output folder: everything without which a run must not start."""
    for section, camera in _by_section(settings):
        yield _check_source(f"{section}frame_grabber.source", camera.frame_grabber)
    yield _check_model("vehicle_detector.model_path", settings.vehicle_detector.model_path)
    yield _check_model("lp_detector.model_path", settings.lp_detector.model_path)
    yield _check_recognizer(settings.ocr_reader)
    for section, camera in _by_section(settings):
        reid = camera.vehicle_tracker.osnet_model_path
        if reid is not None and camera.vehicle_tracker.type is TrackerType.BOTSORT:
            yield _check_file(f"{section}vehicle_tracker.osnet_model_path", reid)
    yield _check_output(settings.output_dir)


def check_machine(settings: Settings) -> Iterator[Check]:
    """Packages, camera and screen: what ``traffic-monitor check`` looks at on top."""
    for package in REQUIRED_PACKAGES:
        try:
            yield Check(f"package {package}", True, importlib.metadata.version(package))
        except importlib.metadata.PackageNotFoundError:
            yield Check(f"package {package}", False, "not installed: run make install or pixi install")
    for _, camera in _by_section(settings):
        if camera.frame_grabber.source is not None:
            name = f" of {camera.camera_id}" if settings.cameras else ""
            yield _check_first_frame(f"first frame{name}", camera.frame_grabber)
    yield _check_screen(settings.visualizer.display)


def _by_section(settings: Settings) -> list[tuple[str, Settings]]:
    """Each camera's settings, with where in the file its own sections stand."""
    if not settings.cameras:
        return [("", settings)]
    return [(f"cameras.{number}.", camera) for number, camera in enumerate(settings.each_camera())]


def _check_source(subject: str, settings: FrameGrabberSettings) -> Check:
    source = settings.source
    if source is None:
        return Check(subject, False, "is not set: pass --source with a video file, a webcam index or a URL")
    if isinstance(source, int):
        device = Path(f"/dev/video{source}")
        if sys.platform.startswith("linux") and not device.exists():
            found = ", ".join(sorted(path.name.removeprefix("video") for path in Path("/dev").glob("video*")))
            return Check(subject, False, f"there is no webcam {source}; this machine has: {found or 'none'}")
        return Check(subject, True, f"webcam {source}")
    if settings.is_network:
        return Check(subject, True, "a network camera")
    return _check_file(subject, Path(source))


def _check_file(subject: str, path: Path) -> Check:
    if path.is_file():
        return Check(subject, True, str(path))
    what = "is a folder, a file is needed" if path.is_dir() else "does not exist"
    return Check(subject, False, f"{path} {what}")


def _check_model(subject: str, path: Path | None) -> Check:
    if path is None:
        return Check(subject, False, "is not set")
    if path.is_dir():
        if not path.name.endswith("_openvino_model") or not list(path.glob("*.xml")):
            rule = "a folder must be an OpenVINO export: name ending in _openvino_model, an .xml inside"
            return Check(subject, False, f"{path}: {rule}")
        return Check(subject, True, str(path))
    if path.exists() and path.suffix not in (".pt", ".onnx"):
        return Check(subject, False, f"{path}: should be a .pt or .onnx file or an OpenVINO folder")
    return _check_file(subject, path)


def _check_recognizer(settings: OcrReaderSettings) -> Check:
    subject, folder = "ocr_reader.model_dir", settings.model_dir
    if folder is None:
        if settings.model_name is None:
            return Check(subject, False, "is not set, and neither is ocr_reader.model_name")
        return Check(subject, True, f"{settings.model_name}, fetched by PaddleOCR")
    if not folder.is_dir():
        return Check(subject, False, f"{folder} is not a folder")
    stated = stated_model_name(folder)
    if stated is None:
        return Check(subject, False, f"{folder}: {MODEL_DESCRIPTION} with Global.model_name is missing")
    if settings.model_name not in (None, stated):
        way_out = "set ocr_reader.model_dir to null to have PaddleOCR fetch the other one"
        return Check("ocr_reader.model_name", False, f"{settings.model_name}: {folder} holds {stated}; {way_out}")
    for name in OCR_FILES[settings.engine]:
        if not (folder / name).is_file():
            return Check(subject, False, f"{folder}: {name} is missing, which engine {settings.engine} needs")
    return Check(subject, True, f"{folder} ({stated})")


def _check_output(folder: Path) -> Check:
    subject = "output_dir"
    if folder.exists() and not folder.is_dir():
        return Check(subject, False, f"{folder} is a file")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        return Check(subject, False, f"{folder} cannot be written: {error.strerror}")
    return Check(subject, True, str(folder))


def _check_first_frame(subject: str, settings: FrameGrabberSettings) -> Check:
    from traffic_monitor.capture.shown import describe_source
    from traffic_monitor.capture.sources import open_source
    from traffic_monitor.shared_utils.errors import ServiceError

    try:
        source = open_source(settings)
        try:
            frame = source.get(timeout=settings.open_timeout_s)
        finally:
            source.close()
    except ServiceError as error:
        return Check(subject, False, str(error))
    except queue.Empty:
        return Check(subject, False, f"{describe_source(settings.source)} sent none")
    if frame is None:
        return Check(subject, False, f"{describe_source(settings.source)} holds no frame")
    height, width = frame.image.shape[:2]
    return Check(subject, True, f"{width} x {height} pixels")


def _check_screen(mode: DisplayMode) -> Check:
    from traffic_monitor.sinks.window import missing_screen_reason

    if mode is DisplayMode.OFF:
        return Check("screen", True, "not needed: visualizer.display is off")
    reason = missing_screen_reason()
    if reason is None:
        return Check("screen", True, "a window can be shown")
    return Check("screen", mode is not DisplayMode.ON, f"no window: {reason}")

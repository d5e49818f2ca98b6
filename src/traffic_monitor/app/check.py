"""What must be true before the first process is started: files, weights, packages, camera, screen."""

import importlib.metadata
import tempfile
from collections.abc import Iterator
from pathlib import Path

from traffic_monitor.app.check_models import (
    check_checkpoint,
    check_plate_model,
    check_recognizer,
    check_vehicle_model,
)
from traffic_monitor.app.check_result import Check
from traffic_monitor.app.check_sources import check_first_frame, check_source
from traffic_monitor.app.pinned_hashes import check_hashes
from traffic_monitor.settings import DisplayMode, Settings, TrackerType

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


def check_settings(settings: Settings) -> Iterator[Check]:
    """Source, weights and folders: everything without which a run must not start."""
    for section, camera in _by_section(settings):
        for check in check_source(section, camera):
            may_come = bool(settings.cameras) and camera.frame_grabber.is_webcam
            yield check if check.ok or not may_come else _not_yet(check)
    yield check_vehicle_model(settings.vehicle_detector)
    yield check_plate_model(settings.lp_detector.model_path)
    yield check_recognizer(settings.ocr_reader)
    yield from check_hashes("vehicle_detector.model_path", settings.vehicle_detector.model_path)
    yield from check_hashes("lp_detector.model_path", settings.lp_detector.model_path)
    yield from check_hashes("ocr_reader.model_dir", settings.ocr_reader.model_dir)
    for section, camera in _by_section(settings):
        reid = camera.vehicle_tracker.osnet_model_path
        if reid is not None and camera.vehicle_tracker.type is TrackerType.BOTSORT:
            yield check_checkpoint(f"{section}vehicle_tracker.osnet_model_path", reid)
    yield _check_output(settings.output_dir)
    yield _check_temporary()


def check_machine(settings: Settings) -> Iterator[Check]:
    """Packages, cameras and screen: what ``traffic-monitor check`` looks at on top."""
    for package in REQUIRED_PACKAGES:
        try:
            yield Check(f"package {package}", True, importlib.metadata.version(package))
        except importlib.metadata.PackageNotFoundError:
            yield Check(f"package {package}", False, "not installed: run make install or pixi install")
    for section, camera in _by_section(settings):
        if camera.frame_grabber.is_webcam or camera.frame_grabber.is_network:
            name = f" of {camera.camera_id}" if settings.cameras else ""
            yield from check_first_frame(f"first frame{name}", section, camera)
    yield _check_screen(settings.visualizer.display)


def _not_yet(webcam: Check) -> Check:
    """A webcam that is not there does not stop the other cameras: a run tries it until it is."""
    return Check(webcam.subject, True, f"{webcam.message}; it is tried until it is there")


def _by_section(settings: Settings) -> list[tuple[str, Settings]]:
    """Each camera's settings, with where in the file its own sections stand."""
    if not settings.cameras:
        return [("", settings)]
    return [(f"cameras.{number}.", camera) for number, camera in enumerate(settings.each_camera())]


def _check_output(folder: Path) -> Check:
    subject = "output_dir"
    try:
        if folder.exists() and not folder.is_dir():
            return Check(subject, False, f"{folder} is a file")
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        return Check(subject, False, f"{folder} cannot be written: {error.strerror}")
    return Check(subject, True, str(folder))


def _check_temporary() -> Check:
    """PaddlePaddle and Ultralytics keep files there while they run."""
    subject = "temporary folder"
    try:
        return Check(subject, True, tempfile.gettempdir())
    except FileNotFoundError:
        return Check(subject, False, "none can be written: set the environment variable TMPDIR to one that can")


def _check_screen(mode: DisplayMode) -> Check:
    from traffic_monitor.sinks.window import missing_screen_reason

    if mode is DisplayMode.OFF:
        return Check("screen", True, "not needed: visualizer.display is off")
    reason = missing_screen_reason()
    if reason is None:
        return Check("screen", True, "a window can be shown")
    return Check("screen", mode is not DisplayMode.ON, f"no window: {reason}")

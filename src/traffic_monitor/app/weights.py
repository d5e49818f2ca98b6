"""Fetches Ultralytics' official COCO weights for users who are online, and checks what came."""

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from traffic_monitor.inference.checkpoint import inspect_checkpoint
from traffic_monitor.inference.environment import prepare_environment
from traffic_monitor.settings.editor import SettingsFileError, change_settings_file

OFFICIAL_WEIGHTS = "yolo11n.pt"

LEAST_BYTES = 5_000_000
"""The file has 5.6 MB; what is much smaller is an error page or the beginning of the file."""

EXPECTED_CLASSES = ("car", "motorcycle", "bus", "truck")


class FetchError(Exception):
    """The weights could not be had. The message is for people."""


def fetch_official_weights(folder: Path, download: Callable[[Path], object] | None = None) -> Path:
    """Download the official weights into the folder and check them.

    A file of that name that is there already is checked and never changed.

    Args:
        folder: where they go.
        download: fetches one file to the path it is given; Ultralytics' own downloader when None.

    Raises:
        FetchError: they cannot be downloaded or are not what was asked for; then nothing is left of them.
    """
    path = folder / OFFICIAL_WEIGHTS
    if path.exists():
        try:
            _check(path)
        except FetchError as error:
            raise FetchError(
                f"{error}; {path} is left as it is: move it away, or choose another --folder"
            ) from None
        return path
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as temporary:
            fetched = Path(temporary) / OFFICIAL_WEIGHTS  # Ultralytics knows what to fetch by the file's name.
            _fetch(fetched, download or _download)
            fetched.rename(path)
    except OSError as error:
        raise FetchError(f"{folder}: the weights cannot be written there: {error.strerror}") from error
    return path


def _fetch(path: Path, download: Callable[[Path], object]) -> None:
    try:
        download(path)
    except Exception as error:
        raise FetchError(f"{OFFICIAL_WEIGHTS} could not be downloaded: {_first_line(error)}") from error
    _check(path)


def use_for_vehicles(weights: Path, settings_file: Path) -> None:
    """Write the weights' path into a settings file as ``vehicle_detector.model_path``; comments stay.

    Raises:
        FetchError: the file cannot be read or written.
    """

    try:
        change_settings_file(settings_file, {("vehicle_detector", "model_path"): str(weights)})
    except SettingsFileError as error:
        raise FetchError(str(error)) from error


def _download(path: Path) -> None:
    os.environ["YOLO_OFFLINE"] = "false"  # The one place that may reach for the network.
    prepare_environment()
    from ultralytics.utils.downloads import attempt_download_asset

    attempt_download_asset(path)


def _check(path: Path) -> None:
    size = path.stat().st_size if path.is_file() else 0
    if size < LEAST_BYTES:
        raise FetchError(f"{path.name} has {size:,} bytes, at least {LEAST_BYTES:,} were expected")
    names = _class_names(path)
    missing = [name for name in EXPECTED_CLASSES if name not in names.values()]
    if missing:
        raise FetchError(f"{path.name} does not know {', '.join(missing)}")


def _class_names(path: Path) -> Mapping[int, str]:
    prepare_environment()
    from ultralytics import YOLO

    try:
        inspect_checkpoint(path)
        names: Mapping[int, str] = YOLO(path, task="detect").names
    except Exception as error:
        raise FetchError(f"{path.name} cannot be loaded as a YOLO model: {_first_line(error)}") from error
    return names


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]

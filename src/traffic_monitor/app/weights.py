"""Fetches Ultralytics' official COCO weights for users who are online, and checks what came."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from traffic_monitor.inference.environment import prepare_environment
from traffic_monitor.settings.editor import SettingsFileError, change_settings_file

OFFICIAL_WEIGHTS = "yolo11n.pt"

LEAST_BYTES = 5_000_000
"""The file has 5.6 MB; what is much smaller is an error page or the beginning of the file."""

EXPECTED_CLASSES = ("car", "motorcycle", "bus", "truck")


class FetchError(Exception):
    """The weights could not be had. The message is for people."""


def fetch_official_weights(folder: Path, download: Callable[[Path], object] | None = None) -> Path:
    """Download the official weights into the folder and check them; a file that is there already is only checked.

    Args:
        folder: where they go.
        download: fetches one file to the path it is given; Ultralytics' own downloader when None.

    Raises:
        FetchError: they cannot be downloaded, or what came is not what was asked for. Such a file is not kept.
    """
    path = folder / OFFICIAL_WEIGHTS
    folder.mkdir(parents=True, exist_ok=True)
    try:
        (download or _download)(path)
    except Exception as error:
        path.unlink(missing_ok=True)
        raise FetchError(f"{OFFICIAL_WEIGHTS} could not be downloaded: {_first_line(error)}") from error
    try:
        _check(path)
    except FetchError:
        path.unlink(missing_ok=True)
        raise
    return path


def use_for_vehicles(weights: Path, settings_file: Path) -> None:
    """Write the weights' path into a settings file as ``vehicle_detector.model_path``; comments stay.

    Raises:
        FetchError: the file cannot be read or written.
    """

    def point_to_weights(settings: Any) -> None:
        settings.setdefault("vehicle_detector", {})["model_path"] = str(weights)

    try:
        change_settings_file(settings_file, point_to_weights)
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
        names: Mapping[int, str] = YOLO(path, task="detect").names
    except Exception as error:
        raise FetchError(f"{path.name} cannot be loaded as a YOLO model: {_first_line(error)}") from error
    return names


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]

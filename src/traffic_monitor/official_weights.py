"""Fetches Ultralytics' official COCO weights for users who are online, and checks what came."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from ruamel.yaml import YAML

from traffic_monitor.inference.environment import prepare_environment

OFFICIAL_WEIGHTS = "yolo11n.pt"

LEAST_BYTES = 5_000_000
"""The file has 5.6 MB; what is much smaller is an error page or the beginning of the file."""

NULL_TAG = "tag:yaml.org,2002:null"

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
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096  # Else long lines would be folded.
    yaml.indent(mapping=2, sequence=4, offset=2)
    # ruamel.yaml would write nothing for "not set".
    yaml.representer.add_representer(type(None), lambda out, _: out.represent_scalar(NULL_TAG, "null"))
    try:
        settings = yaml.load(settings_file) or {}
        settings.setdefault("vehicle_detector", {})["model_path"] = str(weights)
        yaml.dump(settings, settings_file)
    except OSError as error:
        raise FetchError(f"{settings_file} cannot be changed: {error.strerror}") from error


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

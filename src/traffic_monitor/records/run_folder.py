"""The folder of a run: ``output/<camera_id>_<YYYYmmdd-HHMMSS>/`` and the link ``output/latest`` to it."""

import contextlib
import itertools
import json
import os
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

SUMMARY_FILE = "summary.json"
LOG_FILE = "run.log"
VIDEO_FILE = "annotated.mp4"
SCENE_FILE = "scene.jpg"
LATEST = "latest"

UNSAFE_IN_FILE_NAMES = re.compile(r"[^\w.-]+")


def create_run_folder(output_dir: Path, camera_id: str, now: datetime) -> Path:
    """Make a new folder for a run that starts ``now`` (local time) and let ``latest`` point to it.

    Raises:
        OSError: the folder cannot be made.
    """
    safe_name = UNSAFE_IN_FILE_NAMES.sub("_", camera_id).strip(".") or "camera"
    stem = f"{safe_name}_{now:%Y%m%d-%H%M%S}"
    output_dir.mkdir(parents=True, exist_ok=True)
    folder = _make_first_free(output_dir, stem)
    _point_latest_to(folder)
    return folder


def _make_first_free(output_dir: Path, stem: str) -> Path:
    for number in itertools.count(1):
        folder = output_dir / (stem if number == 1 else f"{stem}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:  # another run of the same second
            continue
        return folder
    raise AssertionError("count() does not end")


def _point_latest_to(folder: Path) -> None:
    link = folder.parent / LATEST
    if link.exists() and not link.is_symlink():
        return  # Something of the user's own.
    temporary = folder.parent / f".{LATEST}-{os.getpid()}"
    with contextlib.suppress(OSError):  # Windows allows links to few; the run is complete without.
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(folder.name, target_is_directory=True)
        temporary.replace(link)


def write_summary(folder: Path, summary: Mapping[str, Any]) -> Path:
    """Write ``summary.json`` so that a reader sees the whole file or none."""
    path = folder / SUMMARY_FILE
    temporary = path.with_suffix(".json.part")
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(summary, file, indent=2, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    return path

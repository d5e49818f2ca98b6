"""The folder of a run: ``output/<camera_id>_<YYYYmmdd-HHMMSS>/`` and the link ``output/latest`` to it."""

import contextlib
import itertools
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from traffic_monitor.records.files import replacing
from traffic_monitor.settings.cameras import folder_name

SUMMARY_FILE = "summary.json"
LOG_FILE = "run.log"
VIDEO_FILE = "annotated.mp4"
SCENE_FILE = "scene.jpg"
MARKER_FILE = ".traffic-monitor-run"
"""Marks a folder as made by a run: only such a folder may be deleted by ``privacy.keep_days``."""
MARKER_TEXT = (
    "This folder was made by Traffic Monitor. With privacy.keep_days set, it is deleted when it is old.\n"
)
LATEST = "latest"


def create_run_folders(output_dir: Path, camera_ids: Sequence[str], now: datetime) -> list[Path]:
    """Make a new folder for each camera of a run that starts ``now`` (local time).

    ``latest`` points to the first. With several cameras ``latest_<camera_id>`` points to each, and the log, which
    is one for all, is in the first folder, with links to it in the others.

    Raises:
        OSError: a folder cannot be made.
    """
    output_dir.mkdir(parents=True, exist_ok=True)
    names = [folder_name(camera_id) for camera_id in camera_ids]
    folders = [_make_first_free(output_dir, f"{name}_{now:%Y%m%d-%H%M%S}") for name in names]
    _point(output_dir / LATEST, folders[0].name)
    if len(folders) > 1:
        for name, folder in zip(names, folders, strict=True):
            _point(output_dir / f"{LATEST}_{name}", folder.name)
        for folder in folders[1:]:
            _point(folder / LOG_FILE, f"../{folders[0].name}/{LOG_FILE}")
    return folders


def _make_first_free(output_dir: Path, stem: str) -> Path:
    for number in itertools.count(1):
        folder = output_dir / (stem if number == 1 else f"{stem}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:  # another run of the same second
            continue
        (folder / MARKER_FILE).write_text(MARKER_TEXT, encoding="utf-8")
        return folder
    raise AssertionError("count() does not end")


def _point(link: Path, target: str) -> None:
    """Make a link, or let one that is there point elsewhere."""
    if link.exists() and not link.is_symlink():
        return  # Something of the user's own.
    temporary = link.with_name(f".{link.name}-{os.getpid()}")
    with contextlib.suppress(OSError):  # Windows allows links to few; the run is complete without.
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(target, target_is_directory=link.name != LOG_FILE)
        temporary.replace(link)


class _Streamed(list[Any]):
    """What an iterator gives, for ``json``: written one by one, so that a long run need not fit into memory."""

    def __init__(self, items: Iterator[Any]) -> None:
        super().__init__(itertools.islice(items, 1))  # An empty list is written as such.
        self._rest = items

    def __iter__(self) -> Iterator[Any]:
        return itertools.chain(super().__iter__(), self._rest)


def write_summary(folder: Path, summary: Mapping[str, Any]) -> Path:
    """Write ``summary.json`` so that a reader sees the whole file or none.

    Args:
        folder: of the run.
        summary: its content; a value may be an iterator, which becomes a list.

    Raises:
        OSError: it cannot be written.
    """
    path = folder / SUMMARY_FILE
    content = {key: _Streamed(value) if isinstance(value, Iterator) else value for key, value in summary.items()}
    with replacing(path) as part, part.open("w", encoding="utf-8") as file:
        json.dump(content, file, indent=2, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    return path

"""The folders of a run and the link ``output/latest`` to the first of them.

A file's run has a folder of its own, ``output/<camera_id>_<YYYYmmdd-HHMMSS>/``; a live camera has one for each
day, see :mod:`traffic_monitor.records.days`.
"""

import itertools
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

from traffic_monitor.records.database import can_be_continued
from traffic_monitor.records.days import LATEST, LOG_FILE, make_day_folder, mark
from traffic_monitor.records.files import point_link, replacing
from traffic_monitor.settings import Settings
from traffic_monitor.settings.cameras import folder_name
from traffic_monitor.shared_utils.clock import Clock
from traffic_monitor.shared_utils.day_names import day_in_name, day_of
from traffic_monitor.shared_utils.logging_config import LogTarget

SUMMARY_FILE = "summary.json"
VIDEO_FILE = "annotated.mp4"
SCENE_FILE = "scene.jpg"


def create_run_folders(
    output_dir: Path,
    camera_ids: Sequence[str],
    now: datetime,
    clocks: Mapping[str, Clock] | None = None,
    locks: ExitStack | None = None,
) -> list[Path]:
    """Make the folder of each camera of a run that starts ``now``, or find the folder of a live camera's day.

    ``latest`` points to the first. With several cameras ``latest_<camera_id>`` points to each, and the log, which
    is one for all, is in the first folder, with links to it in the others.

    Args:
        output_dir: where the folders are.
        camera_ids: of all cameras of the run.
        now: local time.
        clocks: of the live cameras, by id.
        locks: keeps other programs from recording a live camera in the same folder until it is closed.

    Raises:
        OSError: a folder cannot be made.
    """
    output_dir.mkdir(parents=True, exist_ok=True)
    names = [folder_name(camera_id) for camera_id in camera_ids]
    folders = []
    for camera_id, name in zip(camera_ids, names, strict=True):
        clock = (clocks or {}).get(camera_id)
        if clock is None:
            folders.append(_make_first_free(output_dir, f"{name}_{now:%Y%m%d-%H%M%S}"))
        else:
            day = day_of(clock, now.timestamp())
            folders.append(_day_folder(output_dir, name, day, locks or ExitStack()))
    point_link(output_dir / LATEST, folders[0].name)
    if len(folders) > 1:
        for name, folder in zip(names, folders, strict=True):
            point_link(output_dir / f"{LATEST}_{name}", folder.name)
        for folder in folders[1:]:
            point_link(folder / LOG_FILE, f"../{folders[0].name}/{LOG_FILE}")
    return folders


def _make_first_free(output_dir: Path, stem: str) -> Path:
    for number in itertools.count(1):
        folder = output_dir / (stem if number == 1 else f"{stem}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:  # another run of the same second
            continue
        mark(folder)
        return folder
    raise AssertionError("count() does not end")


def _day_folder(output_dir: Path, name: str, day: str, locks: ExitStack) -> Path:
    """The camera's folder of a day; one with another number where a running program records in the first."""
    for number in itertools.count(1):
        suffix = "" if number == 1 else f"-{number}"
        folder = output_dir / f"{name}_{day}{suffix}"
        if can_be_continued(folder) and _lock(output_dir / f".{name}{suffix}.lock", locks):
            make_day_folder(folder)
            return folder
    raise AssertionError("count() does not end")


def _lock(path: Path, locks: ExitStack) -> bool:
    """Lock a file as long as ``locks`` is open and this process lives; False if another program has locked it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    if sys.platform != "win32":
        import fcntl

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
    locks.callback(os.close, descriptor)
    return True


def log_target(folder: Path, settings: Settings) -> LogTarget:
    """Where the processes of a run log to.

    Args:
        folder: of the first camera.
        settings: of the run.
    """
    clock = settings.each_camera()[0].frame_grabber.clock if day_in_name(folder) else None
    log = settings.logging
    return LogTarget(folder / LOG_FILE, log.level, log.max_mb, log.keep_files, clock)


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

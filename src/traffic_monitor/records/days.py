"""The folder of a day: ``output/<camera_id>_<YYYYmmdd>/``, in which a live camera's records of one day are.

Days end at midnight in the camera's time zone. A restart, or another run of the same day, goes on in the same
folder.
"""

from pathlib import Path

from traffic_monitor.records.files import point_link
from traffic_monitor.shared_utils.day_names import day_in_name, folder_of_day

MARKER_FILE = ".traffic-monitor-run"
"""Marks a folder as made by a run: only such a folder may be deleted by ``privacy.keep_days``."""
MARKER_TEXT = (
    "This folder was made by Traffic Monitor. With privacy.keep_days set, it is deleted when it is old.\n"
)
LOG_FILE = "run.log"
LATEST = "latest"


def days_of_camera(folder: Path) -> list[Path]:
    """The existing folders of the camera that a day's folder belongs to, the oldest first."""
    siblings = (path for path in folder.parent.glob("*_*/") if not path.is_symlink())
    return sorted(
        path
        for path in siblings
        if day_in_name(path) and folder_of_day(path, "") == folder_of_day(folder, "") and has_marker(path)
    )


def newest_day(folder: Path) -> Path:
    """Where a run that began in ``folder`` records now: the camera's newest day, or the folder of a file's run."""
    return max([folder, *days_of_camera(folder)], key=lambda path: path.name) if day_in_name(folder) else folder


def make_day_folder(folder: Path, before: Path | None = None) -> None:
    """Make the folder of a day, unless it is there, and let the camera's links point to it.

    Args:
        folder: to be made.
        before: the camera's folder until now; its links, and the link in it to another camera's log, move on.

    Raises:
        OSError: it cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mark(folder)
    if before is None or before == folder:
        return
    for link in folder.parent.glob(f"{LATEST}*"):
        if link.is_symlink() and link.readlink().name == before.name:
            point_link(link, folder.name)
    log = before / LOG_FILE
    if log.is_symlink():
        target, day = log.readlink(), day_in_name(folder)
        if day is not None and not (folder / LOG_FILE).exists():
            point_link(folder / LOG_FILE, str(folder_of_day(target.parent, day) / target.name))


def mark(folder: Path) -> None:
    """Leave the marker."""
    if not (folder / MARKER_FILE).exists():
        (folder / MARKER_FILE).write_text(MARKER_TEXT, encoding="utf-8")


def has_marker(folder: Path) -> bool:
    """Whether the program made this folder."""
    marker = folder / MARKER_FILE
    return marker.is_file() and not marker.is_symlink()

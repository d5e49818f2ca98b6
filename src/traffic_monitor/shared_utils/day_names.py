"""Names of the folders of days, ``<camera>_<YYYYmmdd>``: a live camera records each day in one of its own."""

import re
from datetime import date, datetime
from pathlib import Path

from traffic_monitor.shared_utils.clock import Clock

DAY_FOLDER = re.compile(r"(?P<camera>.+)_(?P<day>\d{8})(?P<number>-\d{1,5})?")
"""``number`` is there where several programs record one camera at the same time. The folder of a file's run has
six more digits in its name, the time of day."""


def day_of(clock: Clock, epoch_s: float) -> str:
    """The camera's date at a moment, as it stands in the folder's name."""
    return f"{clock.local(epoch_s):%Y%m%d}"


def day_in_name(folder: Path) -> str | None:
    """The day that a folder is named after; None for the folder of a file's run."""
    name = DAY_FOLDER.fullmatch(folder.name)
    return name["day"] if name else None


def date_in_name(folder: Path) -> date | None:
    """The same as a date; None also where the digits are none."""
    day = day_in_name(folder)
    try:
        return datetime.strptime(day, "%Y%m%d").date() if day else None
    except ValueError:
        return None


def folder_of_day(folder: Path, day: str) -> Path:
    """The same camera's folder of another day; the folder of a file's run has no other day."""
    name = DAY_FOLDER.fullmatch(folder.name)
    return folder.with_name(f"{name['camera']}_{day}{name['number'] or ''}") if name else folder

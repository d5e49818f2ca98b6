"""Time: when frames arrive, and how the times of a run are told to people."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from loguru import logger

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OFFSET = re.compile(r"[+-]\d\d:\d\d")

CLOCK_STEP_S = 0.5
"""From here on a change against the monotonic clock is a step, not a drift: NTP slews by 0.5 ms a second."""


class ArrivalClock:
    """Times arrivals by the monotonic clock, and stamps them with the system clock.

    Durations, paces and ages come from ``monotonic``. ``epoch`` is only a stamp: it follows the system clock, and
    a step of that clock is logged and counted.

    Args:
        monotonic: seconds of a clock that nobody sets.
        wall: epoch seconds of the system clock.
    """

    def __init__(
        self, monotonic: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time
    ) -> None:
        self.monotonic = monotonic
        self._wall = wall
        self._offset = wall() - monotonic()
        self.steps = 0
        """How often the system clock was set."""

    def epoch(self, arrived: float) -> float:
        """Epoch seconds of an arrival at these monotonic seconds, by the system clock as it is set now."""
        offset = self._wall() - self.monotonic()
        step = offset - self._offset
        if abs(step) >= CLOCK_STEP_S:
            self.steps += 1
            logger.warning("the system clock was set by {:+.1f} s", step)
        self._offset = offset
        return arrived + offset


@dataclass(frozen=True)
class Clock:
    """How the times of a camera are shown and cut into intervals.

    Args:
        known: whether the source's time of day is known; that of a file without a start time counts from zero.
        zone: the camera's time zone; ``None`` is this machine's.
    """

    known: bool
    zone: tzinfo | None = None

    @property
    def name(self) -> str:
        """For exports: the camera's time zone, ``local``, or ``from zero`` where the time of day is not known."""
        if not self.known:
            return "from zero"
        offset = self.zone_name[:1] in ("+", "-")
        return f"UTC{self.zone_name}" if offset else self.zone_name or "local"

    @property
    def zone_name(self) -> str:
        """A name of the zone that ``parse_zone`` understands; empty for this machine's."""
        if isinstance(self.zone, ZoneInfo):
            return self.zone.key
        return "" if self.zone is None else EPOCH.astimezone(self.zone).isoformat()[-6:]

    def local(self, epoch_s: float) -> datetime:
        """Date and time of day at the camera; counted from 1970-01-01T00:00:00+00:00 where it is not known."""
        return local_time(epoch_s, self.zone) if self.known else EPOCH + timedelta(seconds=epoch_s)

    def iso(self, epoch_s: float) -> str:
        """ISO 8601 at the camera, with offset and milliseconds."""
        return self.local(epoch_s).isoformat(timespec="milliseconds")

    def interval_start(self, epoch_s: float, seconds: float) -> float:
        """Start of the interval of ``seconds`` that holds a moment, by the camera's clock; epoch seconds."""
        return interval_start(epoch_s, seconds, self.zone) if self.known else epoch_s - epoch_s % seconds

    def short(self, epoch_s: float) -> str:
        """For tables: date and time of day, or hours, minutes and seconds since the start."""
        if self.known:
            return f"{self.local(epoch_s):%Y-%m-%d %H:%M:%S}"
        minutes, seconds = divmod(epoch_s, 60)
        return f"{int(minutes // 60)}:{int(minutes % 60):02d}:{seconds:04.1f}"


def local_time(epoch_s: float, zone: tzinfo | None = None) -> datetime:
    """In a time zone, by default this machine's as it was then; also near 1970, where Windows fails."""
    if zone is not None:
        return (EPOCH + timedelta(seconds=epoch_s)).astimezone(zone)
    offset = timedelta(seconds=time.localtime(epoch_s).tm_gmtoff)
    return datetime.fromtimestamp(epoch_s, timezone(offset))


def interval_start(timestamp: float, seconds: float, zone: tzinfo | None = None) -> float:
    """Start of the interval of ``seconds`` that holds a moment, aligned to local time; epoch seconds."""
    offset = local_time(timestamp, zone).utcoffset() or timedelta()
    return timestamp - (timestamp + offset.total_seconds()) % seconds


def parse_zone(name: str) -> tzinfo:
    """The time zone of a name.

    Args:
        name: of the IANA data base (``Europe/Berlin``), or an offset (``+02:00``).

    Raises:
        ValueError: there is no such time zone; the message says so.
    """
    if OFFSET.fullmatch(name):
        return datetime.fromisoformat(f"2000-01-01T00:00{name}").tzinfo or UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name} is no time zone: expected a name such as Europe/Berlin, or +02:00") from None

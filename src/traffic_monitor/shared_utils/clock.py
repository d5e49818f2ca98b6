"""Time: when frames arrive, and how the times of a run are shown."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from loguru import logger

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NO_OFFSET = timedelta()
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
        """Start of the interval that holds a moment: a whole number of ``seconds`` after the camera's midnight.

        Args:
            epoch_s: the moment, epoch seconds.
            seconds: length of an interval, a divisor of an hour or whole hours.

        Returns:
            Epoch seconds, the same number for every moment of the interval, also where summer time begins or ends.
        """
        offset = self._offset_s(epoch_s)
        # Whole steps, not a remainder: the residue of a remainder differs from moment to moment.
        on_the_clock = (epoch_s + offset) // seconds * seconds
        return on_the_clock - self._offset_s(on_the_clock - offset)

    def interval_starts(self, first: float, last: float, seconds: float) -> Iterator[float]:
        """Starts of all intervals from the one that holds ``first`` to the one that holds ``last``."""
        start = self.interval_start(first, seconds)
        while start <= last:
            yield start
            start = self.interval_end(start, seconds)

    def interval_end(self, start: float, seconds: float) -> float:
        """Start of the interval after the one that starts at ``start``; not always ``seconds`` later.

        Where summer time begins or ends an interval is shorter, down to half, or longer than the others.
        """
        probes = (self.interval_start(start + share * seconds, seconds) for share in (0.5, 1.0, 1.5))
        return next(probe for probe in probes if probe > start)

    def _offset_s(self, epoch_s: float) -> float:
        return (self.local(epoch_s).utcoffset() or NO_OFFSET).total_seconds()

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


def parse_zone(name: str) -> tzinfo:
    """The time zone of a name.

    Args:
        name: of the IANA data base (``Europe/Berlin``), or an offset (``+02:00``).

    Raises:
        ValueError: there is no such time zone; the message says so.
    """
    try:
        if OFFSET.fullmatch(name):
            return datetime.fromisoformat(f"2000-01-01T00:00{name}").tzinfo or UTC
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name} is no time zone: expected a name such as Europe/Berlin, or +02:00") from None

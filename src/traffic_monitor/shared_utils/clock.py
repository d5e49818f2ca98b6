"""Time: when frames arrive, and how the times of a run are told to people."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from loguru import logger

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

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
    """The clock of a run.

    Args:
        known: whether the source's time of day is known; that of a file without a start time counts from zero.
    """

    known: bool

    @property
    def name(self) -> str:
        """For exports: ``local``, or ``from zero`` where the time of day is not known."""
        return "local" if self.known else "from zero"

    def iso(self, epoch_s: float) -> str:
        """ISO 8601 in local time with its offset; from 1970-01-01T00:00:00+00:00 on where it is not known."""
        moment = local_time(epoch_s) if self.known else EPOCH + timedelta(seconds=epoch_s)
        return moment.isoformat(timespec="milliseconds")

    def interval_start(self, epoch_s: float, seconds: float) -> float:
        """Begin of the interval of ``seconds`` in which a moment lies; aligned to the clock, or to the start."""
        return interval_start(epoch_s, seconds) if self.known else epoch_s - epoch_s % seconds

    def short(self, epoch_s: float) -> str:
        """For tables: date and time of day, or hours, minutes and seconds since the start."""
        if self.known:
            return f"{local_time(epoch_s):%Y-%m-%d %H:%M:%S}"
        minutes, seconds = divmod(epoch_s, 60)
        return f"{int(minutes // 60)}:{int(minutes % 60):02d}:{seconds:04.1f}"


def local_time(epoch_s: float) -> datetime:
    """In the zone of this machine as it was then; also near 1970, where ``astimezone`` fails on Windows."""
    offset = timedelta(seconds=time.localtime(epoch_s).tm_gmtoff)
    return datetime.fromtimestamp(epoch_s, timezone(offset))


def interval_start(timestamp: float, seconds: float) -> float:
    """Begin of the interval of ``seconds`` in which a moment lies, aligned to the local clock; epoch seconds."""
    on_the_clock = timestamp + time.localtime(timestamp).tm_gmtoff
    return timestamp - on_the_clock % seconds

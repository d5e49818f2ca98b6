"""What one running service has done, and how its failures reach the log."""

import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from loguru import logger

from traffic_monitor.runtime.control import ServiceReport
from traffic_monitor.runtime.timing import RecentTimes
from traffic_monitor.runtime.transport import Outgoing
from traffic_monitor.shared_utils.clock import CLOCK_STEP_S

REPEAT_AFTER_S = 60.0
"""A failure of the same kind is logged again after this time at the earliest: a camera that fails on every frame
would fill the disk."""


class WorkLog:
    """Counters of one running service, turned into reports.

    Args:
        monotonic: seconds of a clock that nobody sets, the same for all processes of a machine.
        wall: epoch seconds of the system clock, by which frames are stamped.
    """

    def __init__(
        self, monotonic: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time
    ) -> None:
        self._monotonic, self._wall = monotonic, wall
        self._clock_offset = wall() - monotonic()
        self._clock_set_at = 0.0
        self._processed = self._errors = 0
        self._failures_in_a_row: Counter[str] = Counter()
        self._busy, self._waits, self._latencies = RecentTimes(), RecentTimes(), RecentTimes()
        self._first_done_at: float | None = None
        self._last_done_at: float | None = None
        self._cpu_s_before = time.process_time()

    @property
    def processed(self) -> int:
        """Messages that were processed."""
        return self._processed

    def succeeded(self, message: Any, busy_s: float, wait_s: float) -> None:
        """Note that a message was processed.

        Args:
            message: with a camera and the time of capture, where it has them.
            busy_s: seconds of work.
            wait_s: seconds since the message before.
        """
        self._processed += 1
        self._failures_in_a_row[_camera_of(message)] = 0
        self._busy.add(busy_s)
        self._waits.add(wait_s)
        self._add_latency(_field(message, "captured_at", None))
        self._last_done_at = self._monotonic()
        self._first_done_at = self._first_done_at or self._last_done_at

    def failed(self, message: Any) -> int:
        """Note that a message failed; returns how many of its camera have failed in a row."""
        camera_id = _camera_of(message)
        self._errors += 1
        self._failures_in_a_row[camera_id] += 1
        return self._failures_in_a_row[camera_id]

    def _add_latency(self, captured_at: Any) -> None:
        """The age of a frame, unless the system clock was set since its capture."""
        now = self._wall()
        offset = now - self._monotonic()
        if abs(offset - self._clock_offset) >= CLOCK_STEP_S:
            self._clock_set_at = now
        self._clock_offset = offset
        if isinstance(captured_at, float) and self._clock_set_at <= captured_at <= now:
            self._latencies.add(now - captured_at)

    def report(
        self, outputs: Sequence[Outgoing], dropped_at_source: int, details: Mapping[str, Mapping[str, Any]]
    ) -> ServiceReport:
        """The counters as they stand now."""
        return ServiceReport(
            processed=self._processed,
            errors=self._errors,
            dropped=dropped_at_source + sum(output.dropped for output in outputs),
            busy_ms_p50=round(self._busy.percentile_ms(50), 2),
            busy_ms_p95=round(self._busy.percentile_ms(95), 2),
            wait_ms_p50=round(self._waits.percentile_ms(50), 2),
            wait_ms_p95=round(self._waits.percentile_ms(95), 2),
            latency_ms_p50=round(self._latencies.percentile_ms(50), 2),
            latency_ms_p95=round(self._latencies.percentile_ms(95), 2),
            busy_s=self._busy.total_s,
            cpu_s=time.process_time() - self._cpu_s_before,
            first_done_at=self._first_done_at,
            last_done_at=self._last_done_at,
            details=details,
        )


class FailureLog:
    """Logs messages that failed: each kind of failure at once with its traceback, then at most once a minute.

    Args:
        service: name for the log.
        now: monotonic seconds.
    """

    def __init__(self, service: str, now: Callable[[], float] = time.monotonic) -> None:
        self._service = service
        self._now = now
        self._logged_at: dict[tuple[type, str], float] = {}
        """By kind of failure: the type of the exception and the line of code that raised it."""
        self._left_out: Counter[tuple[type, str]] = Counter()

    def add(self, message: Any, error: BaseException) -> None:
        """Log that a message failed, unless the same kind of failure was logged a moment ago."""
        places = traceback.extract_tb(error.__traceback__)
        kind = type(error), f"{places[-1].filename}:{places[-1].lineno}" if places else ""
        now = self._now()
        if now - self._logged_at.get(kind, -REPEAT_AFTER_S) < REPEAT_AFTER_S:
            self._left_out[kind] += 1
            return
        self._logged_at[kind] = now
        left_out = self._left_out.pop(kind, 0)
        more = f" ({left_out} more since the last such line)" if left_out else ""
        frame_id = _field(message, "frame_id", "?")
        logger.opt(exception=error).error("{} failed on frame {}: {}{}", self._service, frame_id, error, more)


def _camera_of(message: Any) -> str:
    return str(_field(message, "camera_id", ""))  # Of a damaged message it may be anything.


def _field(message: Any, key: str, default: Any) -> Any:
    return message.get(key, default) if isinstance(message, dict) else default

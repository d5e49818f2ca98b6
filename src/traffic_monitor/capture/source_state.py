"""The states of a source, what may follow what, and the times in which it sent nothing."""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from loguru import logger

from traffic_monitor.capture.failures import FailureCode, SourceFailure
from traffic_monitor.shared_utils.constants import SourceState

STALLED_AFTER_S = 2.0
"""A camera that has sent no frame for so long stalls. Slower cameras than one frame in two seconds are no use."""

MOST_OUTAGES = 20
"""Outages that are reported, the latest ones. The supervisor has recorded one long before it is pushed out."""


_LOST = {SourceState.RECONNECTING, SourceState.REFUSED}
_OVER = {SourceState.ENDED, SourceState.FAILED}

TRANSITIONS: Mapping[SourceState, set[SourceState]] = {
    SourceState.CONNECTING: {SourceState.RUNNING} | _LOST | _OVER,
    SourceState.RUNNING: {SourceState.STALLED} | _LOST | _OVER,
    SourceState.STALLED: {SourceState.RUNNING} | _LOST | _OVER,
    SourceState.RECONNECTING: {SourceState.RUNNING, SourceState.REFUSED} | _OVER,
    SourceState.REFUSED: {SourceState.RUNNING, SourceState.RECONNECTING} | _OVER,
    SourceState.ENDED: set(),
    SourceState.FAILED: set(),
}
"""Which states may follow a state."""


@dataclass
class Outage:
    """A time in which a source sent nothing, in epoch seconds."""

    number: int
    """From 1."""
    started_at: float
    """When the last frame came, or the source was first tried."""
    reason: str
    ended_at: float | None = None
    """When the next frame came; None: none has."""


class SourceStatus:
    """The state of one live source. Every change is logged once. Two threads may use it.

    Args:
        shown: the source, as it may be shown.
        epoch: when it is tried for the first time, epoch seconds.
        now: monotonic seconds.
    """

    def __init__(self, shown: str, epoch: float, now: Callable[[], float] = time.monotonic) -> None:
        self._shown = shown
        self._now = now
        self._lock = threading.RLock()
        self.state = SourceState.CONNECTING
        self._failure: SourceFailure | None = None
        self._outages: deque[Outage] = deque(maxlen=MOST_OUTAGES)
        self._named: set[FailureCode] = set()
        """Failures of this outage that are in the log."""
        self._last_frame_epoch = epoch
        self._last_frame_at = now()

    @property
    def lost_for_s(self) -> float:
        """Seconds since the last frame, or since the source was first tried."""
        return self._now() - self._last_frame_at

    def frame_came(self, epoch: float) -> None:
        """A frame has come.

        Args:
            epoch: when, epoch seconds.
        """
        with self._lock:
            lost_for_s = self.lost_for_s
            self._last_frame_epoch, self._last_frame_at = epoch, self._now()
            if self.state is SourceState.RUNNING:
                return
            self._enter(SourceState.RUNNING)
            self._failure = None
            self._named.clear()
            if self._outages and self._outages[-1].ended_at is None:
                self._outages[-1].ended_at = epoch
                logger.warning("{} is back after {:.1f} s", self._shown, lost_for_s)
            else:
                logger.info("{} sends frames", self._shown)

    def check_silence(self) -> None:
        """Notice that a source which was running has sent nothing for a while."""
        with self._lock:
            if self.state is SourceState.RUNNING and self.lost_for_s >= STALLED_AFTER_S:
                self._enter(SourceState.STALLED)
                reason = f"it has sent no frame for {STALLED_AFTER_S:g} s"
                self._begin_outage(reason)
                logger.warning("{} stalls: {}", self._shown, reason)

    def lost(self, failure: SourceFailure, next_try: str) -> None:
        """The source cannot be read.

        Args:
            failure: why.
            next_try: for people: what is done about it.
        """
        is_refused = failure.code is FailureCode.REFUSED_CREDENTIALS
        with self._lock:
            self._enter(SourceState.REFUSED if is_refused else SourceState.RECONNECTING)
            self._failure = failure
            self._begin_outage(failure.sentence)
            if failure.code not in self._named:
                self._named.add(failure.code)
                logger.warning("{} sends no frames: {} ({})", self._shown, failure.sentence, next_try)

    def over(self, state: SourceState) -> None:
        """The source is left: ``ENDED`` or ``FAILED``, which whoever reads it is told and logs."""
        with self._lock:
            self._enter(state)

    def details(self) -> dict[str, Any]:
        """State, failure and the latest outages, for the supervisor."""
        with self._lock:
            return {
                "source_state": self.state.value,
                "source_failure": self._failure and self._failure.sentence,
                "outages": [
                    {
                        "number": outage.number,
                        "started_at": outage.started_at,
                        "ended_at": outage.ended_at,
                        "reason": outage.reason,
                    }
                    for outage in self._outages
                ],
            }

    def _enter(self, state: SourceState) -> None:
        if state is self.state:
            return
        if state not in TRANSITIONS[self.state]:
            raise RuntimeError(f"a source cannot go from {self.state} to {state}")
        self.state = state

    def _begin_outage(self, reason: str) -> None:
        """Begin an outage, or put the reason of the one that lasts right."""
        if self._outages and self._outages[-1].ended_at is None:
            self._outages[-1].reason = reason
        else:
            number = self._outages[-1].number + 1 if self._outages else 1
            self._outages.append(Outage(number, self._last_frame_epoch, reason))

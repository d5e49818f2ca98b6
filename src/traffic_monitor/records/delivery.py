"""Hands changes to a listener of the passage book, and keeps those that it could not take."""

import itertools
import sqlite3
import time
from collections.abc import Callable
from typing import Protocol

from loguru import logger

from traffic_monitor.records.book import Changes

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 8.0
"""Pause after a listener has failed; it doubles with each further failure."""

LAST_PAUSE_S = 0.2
"""Pause between attempts at the end of a run, when nothing else is left to do."""

MOST_WAITING = 10_000
"""Passages that wait for a listener that fails, the latest ones: some 70 MB. A tenfold of readings waits."""


DATA_AT_FAULT = (
    OverflowError,
    TypeError,
    ValueError,
    sqlite3.ProgrammingError,
    sqlite3.InterfaceError,
    sqlite3.IntegrityError,
    sqlite3.DataError,
)
"""What a listener raises because of what it is given; trying again cannot help."""


class Listener(Protocol):
    """Somebody to whom each passage that changed is reported."""

    name: str

    def take(self, changes: Changes, now: float) -> None:
        """Take changes, all or none; any exception means none, and they come again."""

    def close(self) -> None:
        """Nothing more will come."""


class Delivery:
    """Brings changes to one listener. A failure is reported once and harms nobody else.

    Args:
        listener: to whom they go.
        clock: monotonic seconds, replaceable in tests.
    """

    def __init__(self, listener: Listener, clock: Callable[[], float] = time.monotonic) -> None:
        self._listener = listener
        self._clock = clock
        self._waiting = Changes()
        self._lost: set[int] = set()
        self._failures = 0
        self._pause_s = FIRST_PAUSE_S
        self._is_hopeless = False
        self._next_try = 0.0

    @property
    def missing(self) -> int:
        """Passages whose latest state the listener does not have."""
        return len(self._waiting.passages.keys() | self._lost)

    def deliver(self, changes: Changes, now: float, *, at_once: bool = False) -> None:
        """Hand on changes and those that wait, unless the listener has failed a moment ago.

        Args:
            changes: what is new.
            now: epoch seconds, as the listener will note them.
            at_once: try now, whenever it failed.
        """
        self._waiting.add(changes)
        if at_once or self._clock() >= self._next_try:
            self._try(now)
        self._bound()

    def close(self, now: Callable[[], float], patience_s: float) -> None:
        """Hand on the rest, trying again for so long, and close the listener."""
        deadline = self._clock() + patience_s
        while not self._try(now()) and not self._is_hopeless and self._clock() < deadline:
            time.sleep(LAST_PAUSE_S)
        if self._failures:
            logger.error("{}: {} passages are lost", self._listener.name, self.missing)
        try:
            self._listener.close()
        except Exception as error:  # noqa: BLE001 - a listener harms nobody else
            logger.error("{} cannot be closed: {}", self._listener.name, error)

    def _try(self, now: float) -> bool:
        try:
            self._listener.take(self._waiting, now)
        except DATA_AT_FAULT as error:
            self._give_up(error)
            return True
        except Exception as error:  # noqa: BLE001 - a listener harms nobody else
            if not self._failures:
                logger.error("{} cannot be written, it is tried again: {}", self._listener.name, error)
            self._next_try = self._clock() + self._pause_s
            self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
            self._failures += 1
            self._is_hopeless = isinstance(error, FileNotFoundError)  # A deleted folder does not come back.
            return False
        if self._failures:
            logger.info("{} can be written again", self._listener.name)
        self._waiting, self._failures, self._pause_s = Changes(), 0, FIRST_PAUSE_S
        return True

    def _give_up(self, error: Exception) -> None:
        """What waits can never be written: it would hold up all that comes after it."""
        logger.error("{}: {} passages are lost: {}", self._listener.name, len(self._waiting.passages), error)
        self._lost |= self._waiting.passages.keys()
        self._waiting, self._failures, self._pause_s = Changes(), 0, FIRST_PAUSE_S

    def _bound(self) -> None:
        """Give up the oldest of what waits when it is too much."""
        waiting = self._waiting
        surplus = len(waiting.passages) - MOST_WAITING
        for number in list(itertools.islice(waiting.passages, max(surplus, 0))):
            del waiting.passages[number]
            self._lost.add(number)
        for track_id in list(itertools.islice(waiting.plates, max(len(waiting.plates) - MOST_WAITING, 0))):
            del waiting.plates[track_id]
        del waiting.readings[: max(len(waiting.readings) - 10 * MOST_WAITING, 0)]

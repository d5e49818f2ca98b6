"""Outputs that may fail: window, video, pictures. The work goes on without them."""

import time
from collections.abc import Callable

from loguru import logger

FIRST_PAUSE_S, LONGEST_PAUSE_S = 2.0, 60.0
"""Pause after a failure. It doubles with each further failure: a full disk is not tried with every frame."""

STEADY_S = 10.0
"""An output that has worked for this long after a failure is taken for repaired."""


class Guard:
    """Runs the actions of one output. The first failure is reported, once; the output is left alone for a while.

    Args:
        what: the output, as the message names it.
        clock: monotonic seconds; None: this machine's.
    """

    def __init__(self, what: str, clock: Callable[[], float] | None = None) -> None:
        self._what = what
        self._clock = clock or time.monotonic
        self._is_failing = False
        self._pause_s = FIRST_PAUSE_S
        self._next_try = 0.0
        self._works_since: float | None = None

    @property
    def is_pausing(self) -> bool:
        """Whether ``attempt`` would not even try now."""
        return self._is_failing and self._clock() < self._next_try

    def attempt(self, action: Callable[[], object]) -> bool:
        """Run an action, unless the output is in a pause. Never raises an ``Exception``.

        Args:
            action: may return ``False`` to say that it has not failed, but has not reached its target yet either.

        Returns:
            Whether the action ran without an error.
        """
        if self.is_pausing:
            return False
        now = self._clock()
        try:
            result = action()
        except Exception as error:  # noqa: BLE001 - whatever it is, the work must go on
            self._note_failure(error, now)
            return False
        if self._is_failing and result is not False:
            self._note_success(now)
        return True

    def _note_failure(self, error: Exception, now: float) -> None:
        if not self._is_failing:
            trace = None if isinstance(error, OSError) else error
            logger.opt(exception=trace).error("the {} failed, it is tried again later: {}", self._what, error)
            self._pause_s = FIRST_PAUSE_S
        else:
            self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        self._is_failing, self._works_since = True, None
        self._next_try = now + self._pause_s

    def _note_success(self, now: float) -> None:
        if self._works_since is None:
            self._works_since = now
        if now - self._works_since >= STEADY_S:
            self._is_failing, self._works_since = False, None
            logger.warning("the {} works again", self._what)

"""A table of states by number that forgets the ones used longest ago."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

State = TypeVar("State")

REMEMBERED = 2000
"""States not used for this many others are forgotten, so that a week-long run needs no more memory."""


class RecentStates(Generic[State]):
    """States by track or vehicle number, made when first asked for.

    Args:
        new_state: makes the state of a number that is not known, or no longer.
    """

    def __init__(self, new_state: Callable[[], State]) -> None:
        self._new_state = new_state
        self._states: OrderedDict[int, State] = OrderedDict()

    def __getitem__(self, number: int) -> State:
        if number not in self._states:
            self[number] = self._new_state()
        self._states.move_to_end(number)
        return self._states[number]

    def __setitem__(self, number: int, state: State) -> None:
        self._states[number] = state
        self._states.move_to_end(number)
        if len(self._states) > REMEMBERED:
            self._states.popitem(last=False)

    def __contains__(self, number: int) -> bool:
        return number in self._states

"""A table of states by number that forgets the ones used longest ago."""

from collections import OrderedDict
from collections.abc import Callable, ItemsView
from typing import Generic, TypeVar

State = TypeVar("State")

REMEMBERED = 500
"""States not used for this many others are forgotten, so that a week-long run needs no more memory than its first
minutes. It is more than twice as many vehicles as a crowded frame holds, so that none in sight is forgotten."""


class RecentStates(Generic[State]):
    """States by track or vehicle number.

    Args:
        new_state: makes the state of a number that is not known, or no longer; without it that is a KeyError.
        capacity: how many are remembered.
    """

    def __init__(self, new_state: Callable[[], State] | None = None, capacity: int = REMEMBERED) -> None:
        self._new_state = new_state
        self._capacity = capacity
        self._states: OrderedDict[int, State] = OrderedDict()

    def __getitem__(self, number: int) -> State:
        if number not in self._states and self._new_state is not None:
            self[number] = self._new_state()
        self._states.move_to_end(number)
        return self._states[number]

    def __setitem__(self, number: int, state: State) -> None:
        self._states[number] = state
        self._states.move_to_end(number)
        if len(self._states) > self._capacity:
            self._states.popitem(last=False)

    def __contains__(self, number: int) -> bool:
        return number in self._states

    def get(self, number: int) -> State | None:
        """The state of a number, None where it is not known; it is neither made nor used by this."""
        return self._states.get(number)

    def items(self) -> ItemsView[int, State]:
        """Numbers and states, the one used longest ago first; none is used by this."""
        return self._states.items()

    def forget(self, number: int) -> None:
        """Forget one number, known or not."""
        self._states.pop(number, None)

"""A table that forgets what was used longest ago."""

import pytest

from traffic_monitor.shared_utils.recent_states import REMEMBERED, RecentStates


def test_the_state_of_a_new_number_is_made() -> None:
    states: RecentStates[list[int]] = RecentStates(list)
    states[0].append(7)
    assert (states[0], 0 in states, 1 in states) == ([7], True, False)


def test_the_state_used_longest_ago_is_forgotten() -> None:
    states: RecentStates[list[int]] = RecentStates(list)
    for number in range(REMEMBERED):
        states[number].append(number)
    states[0].append(7)
    states[REMEMBERED] = [8]
    assert (states[0], 1 in states, states[REMEMBERED]) == ([0, 7], False, [8])


def test_as_many_are_remembered_as_asked_for() -> None:
    states: RecentStates[str] = RecentStates(capacity=2)
    for number in (1, 2, 3):
        states[number] = "state"
    assert [number in states for number in (1, 2, 3)] == [False, True, True]


def test_without_a_maker_an_unknown_number_is_an_error() -> None:
    with pytest.raises(KeyError):
        RecentStates()[1]


def test_looking_neither_makes_nor_uses_a_state() -> None:
    states = RecentStates(list, capacity=2)
    states[1], states[2] = ["one"], ["two"]
    assert (states.get(1), states.get(3)) == (["one"], None)
    states[3] = ["three"]
    assert 1 not in states


def test_a_forgotten_number_starts_anew() -> None:
    states: RecentStates[list[str]] = RecentStates(list)
    states[1].append("old")
    states.forget(1)
    states.forget(2)
    assert states[1] == []

"""A table that forgets what was used longest ago."""

from traffic_monitor.counting.recent import REMEMBERED, RecentStates


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

"""Which character of one reading stands for which of another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traffic_monitor.plates.alignment import GAP, align, distance

texts = st.text(alphabet="AB8D0O12", max_size=7)


@pytest.mark.parametrize(
    ("first", "second", "pairs"),
    [
        pytest.param("AB", "AB", ["AA", "BB"], id="equal texts"),
        pytest.param("ABC", "AC", ["AA", "B", "CC"], id="a character is missing"),
        pytest.param("AC", "ABC", ["AA", "B", "CC"], id="a character is too much"),
        pytest.param("", "A", ["A"], id="nothing and something"),
        pytest.param("X8C", "BC", ["X", "8B", "CC"], id="look-alikes stand for each other"),
        pytest.param("8XC", "BC", ["8B", "X", "CC"], id="look-alikes stand for each other on either side"),
    ],
)
def test_texts_are_paired(first: str, second: str, pairs: list[str]) -> None:
    assert ["".join(pair) for pair in align(first, second)] == pairs


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [("AB12", "AB12", 0), ("AB12", "A812", 0.5), ("AB12", "AX12", 1), ("AB12", "AB1", 1), ("", "AB", 2)],
)
def test_look_alikes_are_half_a_difference(first: str, second: str, expected: float) -> None:
    assert distance(first, second) == expected


@given(texts, texts)
def test_an_alignment_holds_both_texts_whole_and_in_order(first: str, second: str) -> None:
    pairs = align(first, second)
    assert "".join(pair[0] for pair in pairs) == first
    assert "".join(pair[1] for pair in pairs) == second
    assert (GAP, GAP) not in pairs


@given(texts, texts)
def test_the_distance_is_the_same_both_ways(first: str, second: str) -> None:
    assert distance(first, second) == distance(second, first)

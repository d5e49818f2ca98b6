"""What is left of a text that is a plate."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traffic_monitor.plates.text import normalize_plate_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("AB12CD", "AB12CD", id="letters and digits stay"),
        pytest.param("ab12cd", "AB12CD", id="small letters grow"),
        pytest.param("34a-368.37", "34A36837", id="hyphens and dots go"),
        pytest.param(" AB 12\tCD\n", "AB12CD", id="blanks go"),
        pytest.param("MÜ·ÄB 1", "MUAB1", id="accents go, their letters stay"),
        pytest.param("\uff21\uff22\uff11\uff12", "AB12", id="wide letters become plain ones"),
        pytest.param("京A12345", "A12345", id="other scripts go"),
        pytest.param("٣٤", "", id="other digits go"),
        pytest.param("--*--", "", id="nothing is left of punctuation"),
        pytest.param("", "", id="nothing stays nothing"),
    ],
)
def test_normalizing(text: str, expected: str) -> None:
    assert normalize_plate_text(text) == expected


@given(st.text(alphabet="aZ09 -.\u00df\ufb01\u00bd\u0130\u0131\u00f1\u4eac\u0663\uff21\u00b2", max_size=20))
def test_only_capital_letters_and_digits_are_left_and_doing_it_twice_changes_nothing(text: str) -> None:
    once = normalize_plate_text(text)
    assert re.fullmatch("[A-Z0-9]*", once)
    assert normalize_plate_text(once) == once

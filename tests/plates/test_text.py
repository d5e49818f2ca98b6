"""What is left of a text that is a plate."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traffic_monitor.plates.text import (
    PlateFormats,
    count_signs,
    fold_look_alikes,
    look_alikes_of,
    normalize_plate_text,
)


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
        pytest.param("□A12345", "A12345", id="the recogniser's own sign for them goes"),
        pytest.param("٣٤", "", id="other digits go"),
        pytest.param("--*--", "", id="nothing is left of punctuation"),
        pytest.param("", "", id="nothing stays nothing"),
    ],
)
def test_normalizing(text: str, expected: str) -> None:
    assert normalize_plate_text(text) == expected


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        pytest.param("□□500□12-34", 3, id="the recogniser's own sign"),
        pytest.param("京A12345", 1, id="a sign that a recogniser knows"),
        pytest.param("12가3456", 1, id="one syllable is one sign"),
        pytest.param("٣٤", 2, id="digits of other scripts"),
        pytest.param("MÜ-ÄB 1·2", 0, id="accents and marks are none"),
        pytest.param("", 0, id="nothing has none"),
    ],
)
def test_signs_of_other_scripts_are_counted(text: str, signs: int) -> None:
    assert count_signs(text) == signs


@given(st.text(alphabet="aZ09 -.\u00df\ufb01\u00bd\u0130\u0131\u00f1\u4eac\u0663\uff21\u00b2", max_size=20))
def test_only_capital_letters_and_digits_are_left_and_doing_it_twice_changes_nothing(text: str) -> None:
    once = normalize_plate_text(text)
    assert re.fullmatch("[A-Z0-9]*", once)
    assert normalize_plate_text(once) == once


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        pytest.param("34A36837", True, id="digits where there are nines, a letter where there is an A"),
        pytest.param("AB1CDE", True, id="a star stands for a letter"),
        pytest.param("A11CDE", True, id="a star stands for a digit"),
        pytest.param("3AA36837", False, id="a letter where a digit belongs"),
        pytest.param("34136837", False, id="a digit where a letter belongs"),
        pytest.param("34A368371", False, id="a character too much"),
        pytest.param("34A3683", False, id="a character too little"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_formats_are_input_masks(text: str, fits: bool) -> None:
    assert bool(PlateFormats(["99A99999", "A*9AAA"]).rank(text)) is fits
    assert not PlateFormats().rank(text)


def test_formats_of_the_user_rank_above_those_of_countries() -> None:
    formats = PlateFormats(["AAA9999"], ["BR"])
    assert [formats.rank(text) for text in ("ABC1234", "ABC1D23", "AB1234")] == [2, 1, 0]


@pytest.mark.parametrize(("one", "other"), ["0O", "0D", "1I", "2Z", "5S", "8B"])
def test_look_alikes(one: str, other: str) -> None:
    assert other in look_alikes_of(one)
    assert one in look_alikes_of(other)
    assert fold_look_alikes(f"X{one}") == fold_look_alikes(f"X{other}")


def test_other_characters_look_like_nothing_else() -> None:
    assert look_alikes_of("X") == ""
    assert fold_look_alikes("XYA347") == "XYA347"

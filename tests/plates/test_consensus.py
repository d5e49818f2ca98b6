"""Many readings, one answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traffic_monitor.plates.consensus import Consensus, PlateConsensus


def consensus(*readings: tuple[str, float]) -> Consensus:
    gathered = PlateConsensus()
    for text, confidence in readings:
        gathered.add(text, confidence)
    return gathered.result()


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        pytest.param([], Consensus("", 0, 0), id="no reading is no answer"),
        pytest.param([("", 0.9)], Consensus("", 0, 0), id="an empty text is no reading"),
        pytest.param([("AB12", 0.8)], Consensus("AB12", 0.8, 1), id="one reading is the answer"),
        pytest.param(
            [("AB12", 0.8), ("", 0), ("AB12", 0.6)],
            Consensus("AB12", 0.7, 2),
            id="readings that agree are averaged",
        ),
        pytest.param(
            [("A812", 0.9), ("AB12", 0.5), ("AB12", 0.5)],
            Consensus("AB12", 0.5 / 1.9, 3),
            id="two unsure readings beat one sure one",
        ),
        pytest.param(
            [("A812", 0.9), ("AB12", 0.3), ("AB12", 0.3)],
            Consensus("A812", 0.9 * 0.6, 3),
            id="one sure reading beats two very unsure ones",
        ),
        pytest.param([("AB12", 0.0)], Consensus("AB12", 0, 1), id="a reading without confidence is a reading"),
    ],
)
def test_the_answer_of_some_readings(readings: list[tuple[str, float]], expected: Consensus) -> None:
    answer = consensus(*readings)
    assert (answer.text, answer.readings) == (expected.text, expected.readings)
    assert answer.confidence == pytest.approx(expected.confidence)


readings = st.lists(st.tuples(st.sampled_from(["AB12", "A812", "A8I2", ""]), st.floats(0, 1)), max_size=20)


@given(readings)
def test_the_confidence_is_a_share(given_readings: list[tuple[str, float]]) -> None:
    assert 0 <= consensus(*given_readings).confidence <= 1 + 1e-9


@given(readings)
def test_the_answer_is_one_of_the_readings(given_readings: list[tuple[str, float]]) -> None:
    texts = {text for text, _ in given_readings if text}
    answer = consensus(*given_readings)
    assert (answer.text in texts) or (not texts and answer.text == "")
    assert answer.readings == sum(bool(text) for text, _ in given_readings)

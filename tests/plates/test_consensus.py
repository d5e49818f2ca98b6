"""Many readings, one answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traffic_monitor.plates.consensus import (
    REMEMBERED_READINGS,
    Consensus,
    ConsensusState,
    Evidence,
    PlateConsensus,
    Reading,
    probability,
)
from traffic_monitor.plates.text import PlateFormats

Said = tuple[str, float]


def gathered(
    *readings: Said,
    formats: tuple[str, ...] = (),
    countries: tuple[str, ...] = (),
    contested_below: float = 0.7,
) -> PlateConsensus:
    consensus = PlateConsensus(PlateFormats(formats, countries), contested_below)
    for text, confidence in readings:
        consensus.add(Reading(text, confidence))
    return consensus


def answer(*readings: Said, formats: tuple[str, ...] = (), countries: tuple[str, ...] = ()) -> Consensus:
    return gathered(*readings, formats=formats, countries=countries).result()


@pytest.mark.parametrize(
    ("readings", "text", "number"),
    [
        pytest.param([], "", 0, id="no reading is no answer"),
        pytest.param([("", 0.9)], "", 0, id="an empty text is no reading"),
        pytest.param([("AB12", 0.8)], "AB12", 1, id="one reading is the answer"),
        pytest.param([("AB12", 0.0)], "AB12", 1, id="a reading without confidence is a reading"),
        pytest.param([("AX12", 0.9), ("AB12", 0.85), ("AB12", 0.85)], "AB12", 3, id="two beat one a little surer"),
        pytest.param(
            [("AX12", 0.9), ("AB12", 0.3), ("AB12", 0.3)], "AX12", 3, id="one sure beats two very unsure"
        ),
        pytest.param(
            [("XBC123", 0.9), ("AXC123", 0.9), ("ABX123", 0.9), ("ABCX23", 0.9)],
            "ABC123",
            4,
            id="a text that nobody read whole, one wrong character in each",
        ),
        pytest.param(
            [("KLMWXTP"[:gap] + "KLMWXTP"[gap + 1 :], 0.9) for gap in (0, 3, 6)],
            "KLMWXTP",
            3,
            id="a character missing in each, another one each time",
        ),
        pytest.param(
            [("34A36837", 0.9), ("134A36837", 0.9), ("34A368371", 0.9), ("34AA36837", 0.9)],
            "34A36837",
            4,
            id="a character too much in some",
        ),
        pytest.param(
            [("LZW9715", 0.9), ("ZW9715", 0.95), ("LZW9715", 0.9), ("LZW97151", 0.9)],
            "LZW9715",
            4,
            id="one too short and one too long",
        ),
        pytest.param([("AABB", 0.9), ("AABB", 0.9), ("AAABB", 0.9)], "AABB", 3, id="doubled characters stay"),
        pytest.param([("A1", 0.5), ("BCD", 0.9), ("EFGH", 0.3)], "BCD", 3, id="nothing in common"),
    ],
)
def test_the_answer_of_some_readings(readings: list[Said], text: str, number: int) -> None:
    result = answer(*readings)
    assert (result.text, result.readings) == (text, number)


def test_a_large_sharp_crop_outvotes_two_small_blurred_ones() -> None:
    consensus = PlateConsensus()
    for reading in (Reading("AX12", 0.9, 0.2), Reading("AX12", 0.9, 0.2), Reading("AB12", 0.9, 0.9)):
        consensus.add(reading)
    assert consensus.result().text == "AB12"


@pytest.mark.parametrize(
    ("formats", "text"),
    [
        pytest.param((), "34AO6B37", id="without a format what was read stands"),
        pytest.param(("99A99999",), "34A06837", id="a format decides between look-alikes"),
        pytest.param(("AAA9999", "99A99999"), "34A06837", id="one of several formats is enough"),
        pytest.param(("99A9999",), "34AO6B37", id="a format of another length changes nothing"),
        pytest.param(("9999A999",), "34AO6B37", id="a format that other characters contradict hides nothing"),
    ],
)
def test_a_format_is_a_prior_and_no_filter(formats: tuple[str, ...], text: str) -> None:
    assert answer(*[("34AO6B37", 0.95)] * 6, formats=formats).text == text


def test_a_format_finds_its_text_among_many_look_alikes() -> None:
    assert answer(*[("D0B1B0S", 0.95)] * 6, formats=("AAA9A99",)).text == "DOB1B05"


@pytest.mark.parametrize(
    ("read", "countries", "text"),
    [
        pytest.param("OELI145", ("BR",), "OEL1145", id="positions decide"),
        pytest.param("AMI186", ("CN",), "AM1186", id="letters that are never used decide where either may stand"),
        pytest.param("BB135B0", ("SK", "CZ"), "BB135BO", id="the format of one country is enough"),
        pytest.param("CZI7KOD", ("GB", "US"), "CZI7KOD", id="where any text is usual nothing is decided"),
        pytest.param("0ZK6717", ("BR",), "OZK6717", id="of two that fit the one that looks more like it"),
        pytest.param("X1Y2Z3", ("BR",), "X1Y2Z3", id="a plate of another country is read as it is"),
        pytest.param("BB135B0", (), "BB135B0", id="without a country what was read stands"),
    ],
)
def test_a_countrys_formats_decide_between_look_alikes(read: str, countries: tuple[str, ...], text: str) -> None:
    assert answer(*[(read, 0.95)] * 6, countries=countries).text == text


def test_a_format_that_the_user_wrote_comes_before_those_of_countries() -> None:
    readings = [("RK300AG", 0.95)] * 6
    assert answer(*readings, countries=("SK",)).text == "RK300AG"
    assert answer(*readings, formats=("AA9AAAA",), countries=("SK",)).text == "RK3OOAG"
    assert answer(*readings, formats=("AA9",), countries=("SK",)).text == "RK300AG"


def test_a_country_that_decided_makes_the_answer_surer_and_one_that_did_not_leaves_it() -> None:
    readings = [("OELI145", 0.95), ("OEL1145", 0.95)] * 3
    undecided = answer(*readings).confidence
    assert answer(*readings, countries=("BR",)).confidence > undecided + 0.1
    assert answer(*readings, countries=("US",)).confidence == pytest.approx(undecided)


def test_what_was_seen_stays_among_the_alternatives_when_a_format_decides() -> None:
    result = answer(*[("34AO6837", 0.95)] * 6, formats=("99A99999",))
    assert result.text == "34A06837"
    assert result.alternatives[0].text == "34AO6837"
    assert result.alternatives[0].share > 0.02


def test_readings_that_differ_in_look_alikes_agree_on_what_the_format_chooses() -> None:
    readings = [("34AO6837", 0.95), ("34A06837", 0.95), ("34AD6837", 0.95)] * 3
    assert answer(*readings, formats=("99A99999",)).confidence > answer(*readings).confidence + 0.1


def test_the_alternatives_are_what_else_was_read_best_first_with_shares() -> None:
    result = answer(("KLM7", 0.9), ("KLM7", 0.9), ("KLM7", 0.9), ("KLM4", 0.9), ("KLM4", 0.9), ("KXM7", 0.9))
    assert result.text == "KLM7"
    assert [other.text for other in result.alternatives][:1] == ["KLM4"]
    shares = [other.share for other in result.alternatives]
    assert shares == sorted(shares, reverse=True)
    assert 0 < sum(shares) < 1


def test_confidence_grows_with_readings_that_agree() -> None:
    confidences = [answer(*[("KLM7", 0.95)] * number).confidence for number in (1, 2, 4, 8, 12)]
    assert confidences == sorted(confidences)
    assert confidences[0] < 0.9
    assert confidences[-1] > 0.9


@pytest.mark.parametrize(
    ("readings", "why"),
    [
        ([("KLM7", 0.95)] * 6 + [("KLX7", 0.95)] * 6, "disagree"),
        ([("KLM7", 0.5)] * 12, "were unsure"),
        ([("KLM7", 0.95)], "are few"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_confidence_is_lower_when_the_readings(readings: list[Said], why: str) -> None:
    assert answer(*readings).confidence < answer(*[("KLM7", 0.95)] * 12).confidence - 0.1


@pytest.mark.parametrize(
    ("readings", "state"),
    [
        pytest.param([], ConsensusState.UNREAD, id="nothing read yet"),
        pytest.param([("KLM7", 0.95)] * 2, ConsensusState.OPEN, id="two that agree may still change"),
        pytest.param([("KLM7", 0.95)] * 8, ConsensusState.SETTLED, id="many sure ones that agree are settled"),
        pytest.param([("KLM7", 0.4)] * 8, ConsensusState.CONTESTED, id="many unsure ones are no answer"),
        pytest.param(
            [("KLM7", 0.95), ("WX42", 0.95)], ConsensusState.OPEN, id="two that disagree are too few to tell"
        ),
        pytest.param([("KLM7", 0.95), ("WX42", 0.95)] * 4, ConsensusState.CONTESTED, id="two texts in turn"),
    ],
)
def test_how_far_a_plate_has_been_read(readings: list[Said], state: ConsensusState) -> None:
    assert answer(*readings).state is state


def test_a_settled_answer_is_contested_when_other_readings_follow() -> None:
    consensus = gathered(*[("KLM7", 0.95)] * 8)
    assert consensus.result().state is ConsensusState.SETTLED
    for _ in range(8):
        consensus.add(Reading("WX42", 0.95))
    assert consensus.result().state is ConsensusState.CONTESTED


def test_only_the_latest_readings_vote() -> None:
    consensus = gathered(*[("KLM7", 0.95)] * 10)
    for _ in range(REMEMBERED_READINGS):
        consensus.add(Reading("WX42", 0.95))
    assert consensus.result() == answer(*[("WX42", 0.95)] * REMEMBERED_READINGS)


def test_the_evidence_is_the_vote_the_mean_confidence_and_the_number_that_agree() -> None:
    evidence = gathered(("KLM7", 0.9), ("KLM7", 0.9), ("KLX7", 0.9)).evidence()
    assert evidence is not None
    assert evidence.share == pytest.approx(2 / 3)
    assert (evidence.confidence, evidence.agreeing) == (pytest.approx(0.9), 2)
    assert PlateConsensus().evidence() is None


def test_where_a_format_decides_all_look_alikes_have_said_the_same() -> None:
    readings = [("34AO6837", 0.95), ("34A06837", 0.95), ("34AD6837", 0.95), ("34AX6837", 0.95)]
    with_format = gathered(*readings, formats=("99A99999",)).evidence()
    without = gathered(*readings).evidence()
    assert with_format is not None
    assert without is not None
    assert (with_format.agreeing, without.agreeing) == (3, 1)


def test_the_probability_is_a_logistic_curve_over_the_evidence() -> None:
    assert probability(Evidence(0.0, 0.0, 0), (0, 0, 0, 0)) == 0.5
    assert probability(Evidence(0.5, 1.0, 0), (-2, 2, 1, 0)) == 0.5
    assert probability(Evidence(0.0, 0.0, 1), (0, 0, 0, 1)) == pytest.approx(2 / 3)
    assert probability(Evidence(1.0, 1.0, 9, lead=0.6), (9, 9, 9, 9)) == 0.6


@pytest.mark.parametrize(
    ("readings", "lead"),
    [
        pytest.param([("KLM7", 0.9)] * 3, 1, id="nobody read anything else"),
        pytest.param([("AB81", 0.9)] * 3, 1, id="nobody read the look-alikes"),
        pytest.param([("KLM7", 0.9)] * 3 + [("KLX7", 0.9)], 0.75, id="one of four read something else"),
        pytest.param([("KLM7", 0.9), ("WX42", 0.9)] * 3, 0.5, id="two texts in turn"),
        pytest.param([("KLB7", 0.9), ("KL87", 0.9)] * 3, 0.5, id="two look-alikes in turn"),
    ],
)
def test_the_lead_is_the_vote_between_the_best_two(readings: list[Said], lead: float) -> None:
    evidence = gathered(*readings).evidence()
    assert evidence is not None
    assert evidence.lead == pytest.approx(lead)
    assert answer(*readings).confidence <= evidence.lead


plate_texts = st.sampled_from(["AB12", "A812", "A8I2", "B12", "AB12X", "7", ""])
some_readings = st.lists(st.tuples(plate_texts, st.floats(0, 1)), max_size=12)


@given(some_readings)
def test_any_readings_give_an_answer_made_of_what_was_seen(readings: list[Said]) -> None:
    result = answer(*readings)
    texts = [text for text, _ in readings if text]
    assert result.readings == len(texts)
    assert 0 <= result.confidence <= 1
    assert bool(result.text) == bool(texts)
    assert set(result.text) <= set("".join(texts))


@given(some_readings)
def test_the_order_of_the_readings_does_not_matter(readings: list[Said]) -> None:
    forward, backward = answer(*readings), answer(*readings[::-1])
    assert forward.readings == backward.readings
    if len({text for text, _ in readings if text}) == 1:
        assert forward.text == backward.text


def test_the_signs_beside_the_text_are_those_that_most_readings_saw() -> None:
    consensus = PlateConsensus()
    for signs in (1, 0, 1, 2):
        consensus.add(Reading("A12345", 0.9, signs=signs))
    assert consensus.result().signs == 1
    assert PlateConsensus().result().signs == 0

"""Whose a plate is when two vehicles claim it."""

import pytest

from traffic_monitor.records.sightings import TrackState, settle_claims
from traffic_monitor.shared_utils.constants import UnreadReason


def claim(text: str, first_seen: float, last_seen: float, fit: float, readings: int = 5) -> TrackState:
    return TrackState(
        "car", first_seen, last_seen, text=text, readings=readings, fit=fit, is_searched=True, is_read=True
    )


@pytest.mark.parametrize(
    ("claims", "keeps"),
    [
        pytest.param(
            [claim("AB12", 0, 5, 0.4), claim("AB12", 1, 4, 0.8)],
            [False, True],
            id="of two in sight together the one that the plate suits keeps it",
        ),
        pytest.param(
            [claim("AB12", 0, 5, 0.8), claim("AB12", 5, 9, 0.4)],
            [True, False],
            id="a single frame together is together",
        ),
        pytest.param(
            [claim("AB12", 0, 5, 0.8), claim("AB12", 5.04, 9, 0.4)],
            [True, True],
            id="a vehicle that goes on under another id keeps its plate",
        ),
        pytest.param(
            [claim("AB12", 0, 5, 0.8), claim("AB13", 0, 5, 0.4)],
            [True, True],
            id="two plates are two plates",
        ),
        pytest.param(
            [claim("AB12", 0, 5, 0.8, 3), claim("AB12", 0, 5, 0.8, 9)],
            [False, True],
            id="where it suits both alike the one read more often keeps it",
        ),
        pytest.param(
            [claim("AB12", 0, 9, 0.8), claim("AB12", 0, 4, 0.4), claim("AB12", 5, 9, 0.5)],
            [True, False, False],
            id="one of three",
        ),
    ],
)
def test_two_vehicles_that_claim_one_plate(claims: list[TrackState], keeps: list[bool]) -> None:
    settle_claims(claims)
    assert [not each.belongs_to_other_vehicle for each in claims] == keeps


def test_an_answer_not_worth_believing_claims_nothing() -> None:
    unsure, other = claim("AB12", 0, 5, 0.9), claim("AB12", 0, 5, 0.4)
    unsure.unread_reason = UnreadReason.TOO_FEW_READINGS
    settle_claims([unsure, other])
    assert not unsure.belongs_to_other_vehicle
    assert not other.belongs_to_other_vehicle


def test_a_claim_that_is_given_up_is_the_others() -> None:
    better, other = claim("AB12", 0, 5, 0.9), claim("AB12", 0, 5, 0.4)
    settle_claims([better, other])
    better.text = "AB13"
    settle_claims([better, other])
    assert not other.belongs_to_other_vehicle

"""Which vehicles of a run were read, when two of them claim one plate."""

import pytest

from traffic_monitor.records.plate_answers import read_plates, unread_plates
from traffic_monitor.records.plate_log import PlateSighting
from traffic_monitor.shared_utils.constants import UnreadReason


def sighting(
    track_id: int, text: str, first_seen: float, last_seen: float, fit: float, readings: int = 5
) -> PlateSighting:
    return PlateSighting(
        track_id=track_id,
        class_name="car",
        text=text,
        confidence=0.9,
        readings=readings,
        first_seen=first_seen,
        last_seen=last_seen,
        unread_reason=None,
        fit=fit,
    )


@pytest.mark.parametrize(
    ("sightings", "read"),
    [
        pytest.param(
            [sighting(1, "AB12", 0, 5, 0.4), sighting(2, "AB12", 1, 4, 0.8)],
            [2],
            id="of two in sight together the one that the plate suits keeps it",
        ),
        pytest.param(
            [sighting(1, "AB12", 0, 5, 0.8), sighting(2, "AB12", 5, 9, 0.4)],
            [1],
            id="a single frame together is together",
        ),
        pytest.param(
            [sighting(1, "AB12", 0, 5, 0.8), sighting(2, "AB12", 5.04, 9, 0.4)],
            [1, 2],
            id="a vehicle that goes on under another id keeps its plate",
        ),
        pytest.param(
            [sighting(1, "AB12", 0, 5, 0.8), sighting(2, "AB13", 0, 5, 0.4)],
            [1, 2],
            id="two plates are two plates",
        ),
        pytest.param(
            [sighting(1, "AB12", 0, 5, 0.8, 3), sighting(2, "AB12", 0, 5, 0.8, 9)],
            [2],
            id="where it suits both alike the one read more often keeps it",
        ),
        pytest.param(
            [
                sighting(1, "AB12", 0, 9, 0.8),
                sighting(2, "AB12", 0, 4, 0.4),
                sighting(3, "AB12", 5, 9, 0.5),
            ],
            [1],
            id="one of three",
        ),
    ],
)
def test_two_vehicles_that_claim_one_plate(sightings: list[PlateSighting], read: list[int]) -> None:
    by_track = {entry["track_id"]: entry for entry in sightings}
    assert [record["track_id"] for record in read_plates(by_track)] == read
    unread = unread_plates(by_track, {})
    assert sorted(read + [record["track_id"] for record in unread]) == sorted(by_track)
    assert {record["reason"] for record in unread} <= {UnreadReason.CONTESTED}


def test_an_answer_not_worth_believing_claims_nothing() -> None:
    unsure = sighting(1, "AB12", 0, 5, 0.9)
    unsure["unread_reason"] = UnreadReason.TOO_FEW_READINGS
    by_track = {1: unsure, 2: sighting(2, "AB12", 0, 5, 0.4)}
    assert [record["track_id"] for record in read_plates(by_track)] == [2]
    assert [record["reason"] for record in unread_plates(by_track, {})] == [UnreadReason.TOO_FEW_READINGS]

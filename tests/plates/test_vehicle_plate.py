"""When a vehicle's plate is read once more, and when its answer is worth believing."""

import pytest

from traffic_monitor.plates.consensus import ConsensusState, Reading
from traffic_monitor.plates.text import PlateFormats
from traffic_monitor.plates.vehicle_plate import LOST_AFTER_S, RECHECK_READINGS, VehiclePlate
from traffic_monitor.shared_utils.constants import UnreadReason

SURE = Reading("KLM7", 0.97)
WIDTH = 60


def plate_after(*readings: Reading, min_confidence: float = 0.6, min_readings: int = 2) -> VehiclePlate:
    plate = VehiclePlate(PlateFormats(), min_confidence, min_readings)
    for index, reading in enumerate(readings):
        plate.wants(0.1 * index, 0.5, WIDTH)
        plate.add(reading)
    return plate


def settled_plate() -> tuple[VehiclePlate, float]:
    """A settled plate and the media time of its last candidate."""
    plate = plate_after(*[SURE] * 10)
    assert plate.answer.state is ConsensusState.SETTLED
    return plate, 0.9


def test_a_new_plate_is_wanted() -> None:
    assert plate_after().wants(5.0, 0.5, WIDTH)


@pytest.mark.parametrize(
    ("pause", "wanted"),
    [
        pytest.param(0.1, False, id="a settled plate is left alone"),
        pytest.param(LOST_AFTER_S - 0.1, False, id="also after a short pause"),
        pytest.param(LOST_AFTER_S + 0.1, True, id="but not when its track was lost"),
    ],
)
def test_a_settled_plate(pause: float, wanted: bool) -> None:
    plate, last_time = settled_plate()
    assert plate.wants(last_time + pause, 0.5, WIDTH) is wanted


@pytest.mark.parametrize(
    ("width", "wanted"),
    [
        pytest.param(74, False, id="a little nearer is not enough"),
        pytest.param(75, True, id="a quarter wider it may say something else"),
    ],
)
def test_a_settled_plate_that_comes_nearer(width: int, wanted: bool) -> None:
    plate, last_time = settled_plate()
    assert plate.wants(last_time + 0.1, 0.5, width) is wanted


def test_a_settled_plate_that_came_nearer_is_confirmed_once() -> None:
    plate, last_time = settled_plate()
    for wanted in range(RECHECK_READINGS):
        assert plate.wants(last_time + 0.1 * wanted, 0.5, 75)
        plate.add(SURE)
    assert not plate.wants(last_time + 0.5, 0.5, 75)


def test_a_plate_that_is_left_alone_is_not_lost() -> None:
    plate, last_time = settled_plate()
    assert not any(plate.wants(last_time + step, 0.5, WIDTH) for step in range(1, 10))


def test_a_settled_plate_is_confirmed_by_a_few_readings() -> None:
    plate, last_time = settled_plate()
    wanted = 0
    while plate.wants(last_time + LOST_AFTER_S + 0.1 * wanted, 0.5, WIDTH):
        plate.add(SURE)
        wanted += 1
    assert wanted == RECHECK_READINGS


@pytest.mark.parametrize(
    ("readings", "reason"),
    [
        pytest.param([Reading("", 0.0)] * 5, UnreadReason.TOO_BLURRED, id="nothing could be read"),
        pytest.param([SURE], UnreadReason.TOO_FEW_READINGS, id="one reading"),
        pytest.param([SURE] * 2, None, id="two sure ones"),
        pytest.param([Reading("KLM7", 0.5)] * 2, UnreadReason.TOO_FEW_READINGS, id="two unsure ones"),
        pytest.param([Reading("KLM7", 0.5)] * 8, UnreadReason.CONTESTED, id="many unsure ones"),
        pytest.param([SURE, Reading("WX42", 0.97)] * 4, UnreadReason.CONTESTED, id="two texts in turn"),
    ],
)
def test_why_an_answer_is_not_worth_believing(readings: list[Reading], reason: UnreadReason | None) -> None:
    assert plate_after(*readings).unread_reason is reason


def test_the_thresholds_are_the_callers() -> None:
    assert plate_after(SURE, SURE, min_confidence=0.99).unread_reason is UnreadReason.TOO_FEW_READINGS
    assert plate_after(SURE, SURE, min_readings=3).unread_reason is UnreadReason.TOO_FEW_READINGS
    assert plate_after(SURE, min_readings=1).unread_reason is None


def test_the_fit_is_the_mean_of_all_candidates_read_or_not() -> None:
    plate = plate_after()
    assert plate.fit == 0
    for media_time, fit in enumerate((0.2, 0.4, 0.9)):
        plate.wants(media_time, fit, WIDTH)
    assert plate.fit == pytest.approx(0.5)

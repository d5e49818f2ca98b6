"""Who was seen when, and what its plate says."""

import pytest

from tests.builders import make_ocr_result, make_tracked_message, make_vehicle, without_added_fields
from traffic_monitor.records.plate_log import PlateLog
from traffic_monitor.shared_utils.constants import UnreadReason

BOX = [0, 0, 100, 80]


def see(log: PlateLog, seconds: float, *track_ids: int, class_name: str = "car") -> None:
    vehicles = [make_vehicle(track_id, BOX, class_name) for track_id in track_ids]
    log.seen(make_tracked_message(vehicles, media_time=seconds))


def test_a_record_joins_sightings_and_readings() -> None:
    log = PlateLog(10)
    see(log, 1.0, 7)
    log.read(
        make_ocr_result("A812", 7, media_time=1.0, consensus_text="AB12", consensus_confidence=0.91, readings=3)
    )
    see(log, 2.5, 7)
    assert log.take_changes() == [
        {
            "track_id": 7, "class_name": "car", "text": "AB12", "confidence": 0.91, "readings": 3,
            "first_seen": 1.0, "last_seen": 2.5, "unread_reason": None, "fit": 1.0,
        }
    ]  # fmt: skip


def test_a_vehicle_whose_plate_could_not_be_read_is_recorded_with_the_reason() -> None:
    log = PlateLog(10)
    see(log, 1.0, 7, 8)
    log.read(make_ocr_result("", 7, media_time=1.0))
    see(log, 2.0, 7, 8)
    (record,) = log.take_changes()
    assert (record["track_id"], record["text"], record["readings"]) == (7, "", 0)
    assert (record["unread_reason"], record["last_seen"]) == (UnreadReason.TOO_BLURRED, 2.0)
    assert log.text_of(7) == ""


def test_an_answer_not_worth_believing_is_told_with_its_reason_and_shown_with_a_question_mark() -> None:
    log = PlateLog(10)
    log.read(make_ocr_result("AB12", 7, unread_reason=UnreadReason.CONTESTED, plate_fit=0.4))
    assert log.text_of(7) == "AB12?"
    log.read(make_ocr_result("AB12", 7, unread_reason=None, plate_fit=0.5))
    assert log.text_of(7) == "AB12"
    (record,) = log.take_changes()
    assert (record["unread_reason"], record["fit"]) == (None, 0.5)


def test_an_unreadable_crop_does_not_wipe_out_what_was_read() -> None:
    log = PlateLog(10)
    log.read(make_ocr_result("AB12", 7))
    log.read(make_ocr_result("", 7))
    assert log.text_of(7) == "AB12"


def test_results_with_only_the_fixed_fields_count_their_own_readings() -> None:
    log = PlateLog(10)
    see(log, 1.0, 7, class_name="bus")
    for text in ("AB12", "AB13"):
        log.read(without_added_fields(make_ocr_result(text, 7)))
    (record,) = log.take_changes()
    assert (record["text"], record["readings"], record["confidence"]) == ("AB13", 2, 0.9)
    assert record["class_name"] == "bus"


def test_a_record_is_told_again_only_when_something_is_new() -> None:
    log = PlateLog(10)
    log.read(make_ocr_result("AB12", 7))
    log.read(make_ocr_result("CD34", 8))
    assert [record["track_id"] for record in log.take_changes()] == [7, 8]
    assert log.take_changes() == []
    see(log, 0.5, 8)
    assert [(record["track_id"], record["last_seen"]) for record in log.take_changes()] == [(8, 0.5)]


def test_a_reading_that_comes_after_its_vehicle_has_left_is_recorded() -> None:
    log = PlateLog(10)
    see(log, 1.0, 7)
    see(log, 4.0)
    log.read(make_ocr_result("AB12", 7, media_time=1.0))
    (record,) = log.take_changes()
    assert (record["first_seen"], record["last_seen"]) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("later", "text"),
    [
        pytest.param(11.0, "AB12", id="a vehicle just out of sight is remembered"),
        pytest.param(11.1, "", id="a vehicle long out of sight is forgotten"),
    ],
)
def test_old_entries_age_out(later: float, text: str) -> None:
    log = PlateLog(10)
    see(log, 1.0, 7)
    log.read(make_ocr_result("AB12", 7, media_time=1.0))
    see(log, later)
    log.take_changes()
    assert log.text_of(7) == text


def test_a_vehicle_in_sight_is_never_forgotten() -> None:
    log = PlateLog(10)
    log.read(make_ocr_result("AB12", 7, media_time=0.0))
    for seconds in range(0, 60, 5):
        see(log, seconds, 7)
        log.take_changes()
    assert log.text_of(7) == "AB12"

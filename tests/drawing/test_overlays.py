"""Counts and plates are drawn on the frame they belong to, not before."""

from tests.builders import make_count_update, make_ocr_result, make_tracked_message, make_vehicle
from traffic_monitor.drawing.overlays import MOST_WAITING, Overlays
from traffic_monitor.shared_utils.custom_types import TrackedMessage

BOX = [100, 80, 200, 180]


def frame(index: int, *tracks: int) -> TrackedMessage:
    vehicles = [make_vehicle(track, BOX) for track in tracks]
    return make_tracked_message(vehicles, index, frame_data_jpeg="not looked at")


def test_counts_wait_for_their_frame() -> None:
    overlays = Overlays(10)
    overlays.count(make_count_update(1, frame_index=5))
    overlays.count(make_count_update(2, frame_index=8))
    totals = {}
    for index in (0, 4, 5, 7, 8):
        overlays.advance(frame(index))
        totals[index] = overlays.total
    assert totals == {0: 0, 4: 0, 5: 1, 7: 1, 8: 2}
    assert overlays.by_class == {"car": 2}
    assert overlays.by_line["main"]["in"] == {"car": 2}


def test_a_reading_waits_for_its_frame() -> None:
    overlays = Overlays(10)
    overlays.read(make_ocr_result("AB12", track_id=7, index=3, frame_index=3))
    overlays.advance(frame(2, 7))
    assert overlays.plate_of(7) == ""
    overlays.advance(frame(3, 7))
    assert overlays.plate_of(7) == "AB12"


def test_what_comes_after_its_frame_is_drawn_on_the_next() -> None:
    overlays = Overlays(10)
    overlays.advance(frame(9))
    overlays.count(make_count_update(1, frame_index=5))
    overlays.read(make_ocr_result("AB12", track_id=7, index=5, frame_index=5))
    overlays.advance(frame(10, 7))
    assert (overlays.total, overlays.plate_of(7)) == (1, "AB12")


def test_the_frame_of_a_count_may_have_been_dropped() -> None:
    overlays = Overlays(10)
    overlays.count(make_count_update(1, frame_index=5))
    overlays.advance(frame(4))
    overlays.advance(frame(9))
    assert overlays.total == 1


def test_a_doubtful_plate_has_a_question_mark_and_an_unread_one_is_not_drawn() -> None:
    overlays = Overlays(10)
    overlays.read(make_ocr_result("", 7))
    overlays.read(make_ocr_result("AB1", 8, consensus_text="AB12", unread_reason="too_few_readings"))
    overlays.advance(frame(1, 7, 8))
    assert (overlays.plate_of(7), overlays.plate_of(8)) == ("", "AB12?")
    overlays.read(make_ocr_result("AB1", 8, consensus_text="AB12", unread_reason=None))
    assert overlays.plate_of(8) == "AB12"


def test_a_plate_is_kept_while_its_vehicle_is_in_sight_and_forgotten_later() -> None:
    overlays = Overlays(forget_after_s=1)
    overlays.read(make_ocr_result("AB12", 7))
    for index in range(0, 60, 10):
        overlays.advance(frame(index, 7))
        assert overlays.plate_of(7) == "AB12"
    overlays.advance(frame(50 + 26))
    assert overlays.plate_of(7) == ""


def test_no_more_waits_than_the_bound() -> None:
    overlays = Overlays(10)
    for number in range(MOST_WAITING + 3):
        overlays.count(make_count_update(number, frame_index=1000 + number))
    assert overlays.total == 2

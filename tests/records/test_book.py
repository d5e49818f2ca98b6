"""What the passage book makes of crossings, readings and pictures that come in any order."""

from typing import Any

import pytest

from tests.builders import (
    START,
    make_count_update,
    make_ocr_result,
    make_tracked_message,
    make_vehicle,
    without_added_fields,
)
from traffic_monitor.records.book import REMEMBERED, PassageBook
from traffic_monitor.records.passages import Passage
from traffic_monitor.shared_utils.constants import UnreadReason
from traffic_monitor.shared_utils.custom_types import VehicleJourney

BOX = [0, 0, 100, 80]


def journey(vehicle_id: int, *track_ids: int, **changes: Any) -> VehicleJourney:
    """A vehicle in sight from second 1 to second 3 that crossed a line."""
    first, last = ({"timestamp": START + media, "media_time": media} for media in (1.0, 3.0))
    crossing = {**last, "line": "main", "direction": "in", "track_id": 1, "class_name": "car"}
    fields = {
        "vehicle_id": vehicle_id, "track_ids": list(track_ids), "class_name": "car", "class_share": 1.0,
        "first_seen": first, "last_seen": last, "entry_edge": "top", "exit_edge": None, "crossings": [crossing],
        "zones": [], "trajectory": [[1.0, 5, 6]],
    }  # fmt: skip
    return VehicleJourney(**(fields | changes))  # type: ignore[typeddict-item]


class Book(PassageBook):
    """A book that is fed with few words."""

    def __init__(self) -> None:
        super().__init__()

    def count(self, *journeys: VehicleJourney) -> None:
        self.take_counts(make_count_update(journeys=list(journeys)))

    def see(self, seconds: float, *track_ids: int, class_name: str = "car") -> None:
        vehicles = [make_vehicle(track_id, BOX, class_name) for track_id in track_ids]
        self.take_frame(make_tracked_message(vehicles, media_time=seconds))

    def read(self, text: str, track_id: int, seconds: float = 1.0, **changes: Any) -> None:
        fields = {"consensus_text": text, "consensus_confidence": 0.9, "readings": 3, "unread_reason": None}
        self.take_result(make_ocr_result(text, track_id, media_time=seconds, **(fields | changes)))

    def passages(self) -> dict[int, Passage]:
        return self.pop_changes().passages

    def plates(self) -> dict[int, str | None]:
        return {number: passage.plate for number, passage in self.passages().items()}


def test_a_passage_joins_what_is_counted_seen_and_read() -> None:
    book = Book()
    book.see(1.0, 7)
    book.read("KLM7", 7)
    book.take_picture(7, "vehicles", "vehicles/7.jpg")
    book.count(journey(1, 7, speed={"track_id": 7, "class_name": "car", "speed": 36.0}))
    (passage,) = book.passages().values()
    assert (passage.passage_id, passage.tracks, passage.plate, passage.plate_readings) == (1, [7], "KLM7", 3)
    assert (passage.vehicle_picture, passage.plate_picture, passage.speed) == ("vehicles/7.jpg", None, 36.0)
    assert (passage.first_media, passage.last_media, passage.trajectory) == (1.0, 3.0, [(1.0, 5, 6)])
    assert [(each.line, each.media) for each in passage.crossings] == [("main", 3.0)]


def test_only_what_changed_is_reported() -> None:
    book = Book()
    book.count(journey(1, 7), journey(2, 8))
    assert list(book.passages()) == [1, 2]
    assert list(book.passages()) == []
    book.read("KLM7", 8)
    assert book.plates() == {2: "KLM7"}


def test_a_track_that_leaves_a_vehicle_takes_its_plate_along() -> None:
    """Two boxes began as one vehicle and came apart."""
    book = Book()
    book.count(journey(1, 1, 2))
    book.read("AAA1", 1)
    book.read("BBB2", 2, consensus_confidence=0.95)
    assert book.plates() == {1: "BBB2"}
    book.count(journey(2, 1), journey(1, 2))
    changes = book.pop_changes()
    assert {number: (each.tracks, each.plate) for number, each in changes.passages.items()} == {
        1: ([2], "BBB2"),
        2: ([1], "AAA1"),
    }


@pytest.mark.parametrize("first", [1, 2])
def test_a_track_belongs_to_the_vehicle_that_named_it_last(first: int) -> None:
    book = Book()
    second = 3 - first
    book.count(journey(first, 1))
    book.read("AAA1", 1)
    assert book.plates() == {first: "AAA1"}
    book.count(journey(second, 1))
    assert book.plates() == {first: None, second: "AAA1"}


def test_a_track_whose_vehicle_gave_it_up_belongs_to_nobody() -> None:
    book = Book()
    book.count(journey(1, 1, 2))
    book.read("AAA1", 1)
    book.count(journey(1, 2))
    changes = book.pop_changes()
    assert ({number: each.plate for number, each in changes.passages.items()}, changes.freed_tracks) == (
        {1: None},
        {1},
    )
    book.read("AAA1", 1, readings=5)
    assert book.plates() == {}


def test_a_track_that_is_left_out_of_a_long_list_stays_with_its_vehicle_until_it_is_said_to_leave() -> None:
    book = Book()
    book.count(journey(1, 1, 2))
    book.read("AAA1", 1)
    book.count(journey(1, 2, 3, tracks_left_out=1))
    changes = book.pop_changes()
    assert (changes.passages[1].tracks, changes.passages[1].plate) == ([1, 2, 3], "AAA1")
    assert changes.freed_tracks == set()
    change = {"track_id": 1, "vehicle_id": 2, "left_vehicle_id": 1}
    book.take_counts(make_count_update(identity_changes=[change], journeys=[journey(2, 1)]))
    changes = book.pop_changes()
    assert {number: (each.tracks, each.plate) for number, each in changes.passages.items()} == {
        1: ([2, 3], None),
        2: ([1], "AAA1"),
    }
    assert changes.freed_tracks == {1}


def test_of_two_vehicles_in_sight_together_the_one_that_the_plate_suits_keeps_it_until_it_is_another() -> None:
    book = Book()
    book.count(journey(1, 1), journey(2, 2))
    book.read("KLM7", 1, plate_fit=0.9)
    book.read("KLM7", 2, plate_fit=0.5)
    changes = book.pop_changes()
    assert {number: each.unread_reason for number, each in changes.passages.items()} == {
        1: None,
        2: UnreadReason.CONTESTED,
    }
    assert [each.belongs_to_other_vehicle for each in changes.plates.values()] == [False, True]
    assert book.plates_read == 1
    book.read("XYZ1", 1, plate_fit=0.9)
    assert book.plates() == {1: "XYZ1", 2: "KLM7"}
    assert book.plates_read == 2


def test_a_vehicle_that_has_not_passed_is_a_passage_as_long_as_its_plate_is_believed() -> None:
    book = Book()
    book.count(journey(1, 7, crossings=[], has_passed=False))
    assert book.passages() == {}
    book.read("KLM7", 7)
    (passage,) = book.passages().values()
    assert (passage.plate, passage.passed) == ("KLM7", False)
    book.read("KLM7", 7, unread_reason=UnreadReason.CONTESTED)
    changes = book.pop_changes()
    assert (changes.passages, changes.removed) == ({}, {1})
    book.count(journey(1, 7, has_passed=True))
    assert book.plates() == {1: None}


def test_the_class_of_a_plate_is_the_vehicles_vote() -> None:
    book = Book()
    book.see(1.0, 7, class_name="truck")
    book.read("KLM7", 7, vehicle_class_name="truck")
    assert book.pop_changes().plates[7].class_name == "truck"
    book.count(journey(1, 7, class_name="bus"))
    assert book.pop_changes().plates[7].class_name == "bus"
    book.count(journey(1, 7, class_name="car"))
    assert book.pop_changes().plates[7].class_name == "car"


def test_the_best_plate_of_several_tracks_counts_and_of_each_picture_that_of_the_best_that_has_one() -> None:
    book = Book()
    book.count(journey(1, 1, 2, 3))
    book.read("DIM1", 1, consensus_confidence=0.7)
    book.read("KLM7", 2, consensus_confidence=0.95)
    book.read("SURE", 3, consensus_confidence=0.99, unread_reason=UnreadReason.TOO_FEW_READINGS)
    for track_id, kind in ((1, "plates"), (1, "vehicles"), (2, "vehicles")):
        book.take_picture(track_id, kind, f"{kind}/{track_id}.jpg")
    (passage,) = book.passages().values()
    assert passage.plate == "KLM7"
    assert (passage.plate_picture, passage.vehicle_picture) == ("plates/1.jpg", "vehicles/2.jpg")


def test_a_search_in_vain_is_a_reason_and_no_reading() -> None:
    book = Book()
    book.count(journey(1, 7))

    def search(reason: UnreadReason) -> UnreadReason | None:
        book.read("", 7, unread_reason=reason, readings=0, is_attempt=False)
        changes = book.pop_changes()
        assert changes.readings == []
        return changes.plates[7].reason

    assert search(UnreadReason.NO_PLATE_FOUND) is UnreadReason.NO_PLATE_FOUND
    assert search(UnreadReason.TOO_SMALL) is UnreadReason.TOO_SMALL
    assert search(UnreadReason.NO_PLATE_FOUND) is UnreadReason.TOO_SMALL  # It has one.
    book.read("KLM7", 7)
    assert book.plates() == {1: "KLM7"}
    assert search(UnreadReason.NO_PLATE_FOUND) is None


def test_every_attempt_is_a_reading_and_a_better_picture_is_none() -> None:
    book = Book()
    book.read("AB12", 7)
    book.read("", 7)
    book.read("AB12", 7, is_attempt=False)
    assert [each.text for each in book.pop_changes().readings] == ["AB12", ""]
    assert book.pop_changes().readings == []


def test_results_with_only_the_fixed_fields_count_their_own_readings() -> None:
    book = Book()
    book.see(1.0, 7, class_name="bus")
    for text in ("AB12", "AB13"):
        book.take_result(without_added_fields(make_ocr_result(text, 7)))
    (plate,) = book.pop_changes().plates.values()
    assert (plate.text, plate.readings, plate.confidence, plate.class_name) == ("AB13", 2, 0.9, "bus")


def test_an_unreadable_crop_is_a_reason_and_wipes_nothing_out() -> None:
    book = Book()
    book.take_result(make_ocr_result("", 7))
    assert book.pop_changes().plates[7].reason is UnreadReason.TOO_BLURRED
    book.take_result(make_ocr_result("AB12", 7))
    book.take_result(make_ocr_result("", 7))
    plate = book.pop_changes().plates[7]
    assert (plate.text, plate.reason) == ("AB12", None)


def test_a_plate_knows_how_long_its_vehicle_was_in_sight() -> None:
    book = Book()
    book.see(1.0, 7)
    book.read("AB12", 7)
    book.see(2.5, 7)
    plate = book.pop_changes().plates[7]
    assert (plate.first_seen, plate.last_seen) == (1.0, 2.5)
    book.see(4.0)
    assert book.pop_changes().plates == {}
    book.read("AB12", 7, seconds=1.0)  # A reading that was late.
    assert book.pop_changes().plates[7].last_seen == 2.5


def test_memory_is_bounded_and_a_vehicle_that_stays_is_never_forgotten() -> None:
    book = Book()
    book.read("PARKED", 1)
    for number in range(2, 3 * REMEMBERED):
        book.count(journey(1, 1), journey(number, number))
        book.see(1.0 + number, number)
        book.read(f"P{number}", number, seconds=1.0 + number)
        book.pop_changes()
    assert len(book._tracks.items()) == len(book._vehicles.items()) == len(book._owner.items()) == REMEMBERED
    book.count(journey(1, 1))
    assert book.plates() == {1: "PARKED"}
    assert book.plates_read == 3 * REMEMBERED - 1

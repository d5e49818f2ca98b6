"""Vehicles that were searched for a plate in vain."""

from tests.builders import make_tracked_message, make_vehicle
from traffic_monitor.records.search_log import SearchLog
from traffic_monitor.shared_utils.constants import UnreadReason
from traffic_monitor.shared_utils.recent_states import REMEMBERED

VEHICLE = make_vehicle(7, [0, 0, 100, 80])


def test_a_vehicle_has_a_record_until_it_is_out_of_sight_told_when_something_is_new() -> None:
    log = SearchLog()
    log.searched_in_vain(VEHICLE, 1.0, UnreadReason.NO_PLATE_FOUND)
    assert [record["last_seen"] for record in log.take_changes()] == [1.0]
    assert log.take_changes() == []
    log.seen(make_tracked_message([VEHICLE], media_time=2.5))
    (record,) = log.take_changes()
    assert (record["first_seen"], record["last_seen"]) == (1.0, 2.5)


def test_vehicles_that_were_not_searched_have_none() -> None:
    log = SearchLog()
    log.seen(make_tracked_message([VEHICLE]))
    assert log.take_changes() == []


def test_a_plate_that_was_too_small_once_is_not_missing_later() -> None:
    log = SearchLog()
    for reason in (UnreadReason.NO_PLATE_FOUND, UnreadReason.TOO_SMALL, UnreadReason.NO_PLATE_FOUND):
        log.searched_in_vain(VEHICLE, 1.0, reason)
    assert [record["reason"] for record in log.take_changes()] == [UnreadReason.TOO_SMALL]


def test_a_vehicle_whose_plate_was_found_is_the_readers() -> None:
    log = SearchLog()
    log.searched_in_vain(VEHICLE, 1.0, UnreadReason.NO_PLATE_FOUND)
    log.found(7)
    log.seen(make_tracked_message([VEHICLE]))
    assert log.take_changes() == []


def test_only_the_latest_vehicles_are_followed() -> None:
    log = SearchLog()
    for track_id in range(REMEMBERED + 1):
        log.searched_in_vain(make_vehicle(track_id, [0, 0, 100, 80]), 1.0, UnreadReason.NO_PLATE_FOUND)
    assert len(log.take_changes()) == REMEMBERED + 1
    vehicles = [make_vehicle(track_id, [0, 0, 100, 80]) for track_id in (0, 1)]
    log.seen(make_tracked_message(vehicles, media_time=2.0))
    assert [record["track_id"] for record in log.take_changes()] == [1]

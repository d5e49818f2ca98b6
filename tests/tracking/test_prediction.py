"""Boxes in frames that were not searched."""

from tests.builders import make_vehicle
from traffic_monitor.tracking.prediction import Prediction

WIDTH, HEIGHT = 320, 240


def test_a_vehicle_moves_and_grows_on_as_before() -> None:
    prediction = Prediction()
    prediction.seen([make_vehicle(1, [100, 100, 140, 120])], 1.0)
    prediction.seen([make_vehicle(1, [110, 104, 154, 126])], 1.1)
    (vehicle,) = prediction.at(1.15, WIDTH, HEIGHT)
    assert vehicle["bbox_xyxy"] == [115, 106, 161, 129]
    assert vehicle["track_id"] == 1


def test_a_vehicle_seen_once_stays_where_it_is() -> None:
    prediction = Prediction()
    assert prediction.at(0.5, WIDTH, HEIGHT) == []
    prediction.seen([], 1.0)
    prediction.seen([make_vehicle(1, [100, 100, 140, 120])], 1.1)
    assert [vehicle["bbox_xyxy"] for vehicle in prediction.at(1.2, WIDTH, HEIGHT)] == [[100, 100, 140, 120]]


def test_boxes_end_at_the_frame_and_vehicles_that_left_are_gone() -> None:
    prediction = Prediction()
    prediction.seen([make_vehicle(1, [200, 100, 240, 120]), make_vehicle(2, [60, 0, 100, 20])], 1.0)
    prediction.seen([make_vehicle(1, [260, 100, 300, 120]), make_vehicle(2, [20, 0, 60, 20])], 1.1)
    assert [vehicle["bbox_xyxy"] for vehicle in prediction.at(1.15, WIDTH, HEIGHT)] == [
        [290, 100, 320, 120],
        [0, 0, 40, 20],
    ]
    assert prediction.at(1.3, WIDTH, HEIGHT) == []


def test_times_that_stand_still_move_nothing() -> None:
    prediction = Prediction()
    prediction.seen([make_vehicle(1, [100, 100, 140, 120])], 1.0)
    prediction.seen([make_vehicle(1, [110, 100, 150, 120])], 1.0)
    assert [vehicle["bbox_xyxy"] for vehicle in prediction.at(1.0, WIDTH, HEIGHT)] == [[110, 100, 150, 120]]

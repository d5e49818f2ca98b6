"""Vehicles that only their plate gives away, with a plate model that answers what the test wants."""

import pytest

from tests.builders import FakeDetectionModel, make_image
from traffic_monitor.inference.detection import DetectedBox
from traffic_monitor.inference.vehicles_by_plate import PAUSE_S, VehiclesByPlate
from traffic_monitor.plates.placement import fit

SIZE = WIDTH, HEIGHT = 640, 480
UNKNOWN = 9
IMAGE = make_image(WIDTH, HEIGHT)
PLATE = DetectedBox([200, 300, 420, 350], 0.7, 0)
STRONG_ELSEWHERE = DetectedBox([450, 10, 630, 120], 0.8, 2)


def by_plate(*plates: DetectedBox, always: bool = False) -> VehiclesByPlate:
    return VehiclesByPlate(FakeDetectionModel(plates), UNKNOWN, always=always)


@pytest.mark.parametrize(
    "plate",
    [[200, 300, 420, 350], [0, 20, 300, 90], [300, 2, 620, 60], [20, 430, 200, 478], [100, 200, 600, 300]],
    ids=["in the middle", "at the left", "at the top", "at the bottom", "over most of the width"],
)
def test_a_plate_without_a_vehicle_gets_one_that_it_fits_inside_the_frame(plate: list[int]) -> None:
    (vehicle,) = by_plate(DetectedBox(plate, 0.7, 0)).complete(IMAGE, [], SIZE, 0.0)
    assert (vehicle.class_id, vehicle.confidence) == (UNKNOWN, 0.7)
    x1, y1, x2, y2 = vehicle.bbox_xyxy
    assert 0 <= x1 < x2 <= WIDTH
    assert 0 <= y1 < y2 <= HEIGHT
    assert fit(plate, vehicle.bbox_xyxy) > 0


def test_a_weakly_seen_vehicle_that_has_a_plate_is_as_sure_as_the_plate() -> None:
    weak = DetectedBox([100, 50, 600, 400], 0.15, 7)
    (vehicle,) = by_plate(PLATE).complete(IMAGE, [weak], SIZE, 0.0)
    assert vehicle == DetectedBox(weak.bbox_xyxy, 0.7, 7)


@pytest.mark.parametrize(
    "plate",
    [DetectedBox([200, 300, 420, 350], 0.45, 0), DetectedBox([200, 300, 240, 312], 0.9, 0)],
    ids=["unsure", "small"],
)
def test_what_may_be_writing_on_a_sign_is_no_vehicle(plate: DetectedBox) -> None:
    assert by_plate(plate).complete(IMAGE, [], SIZE, 0.0) == []


def test_while_a_vehicle_is_in_sight_only_always_searches() -> None:
    assert by_plate(PLATE).complete(IMAGE, [STRONG_ELSEWHERE], SIZE, 0.0) == [STRONG_ELSEWHERE]
    assert len(by_plate(PLATE, always=True).complete(IMAGE, [STRONG_ELSEWHERE], SIZE, 0.0)) == 2


def test_an_empty_road_is_searched_now_and_then_and_a_plate_in_every_frame() -> None:
    model = FakeDetectionModel()
    searching = VehiclesByPlate(model, UNKNOWN, always=False)
    looks = 2  # One more at a third of the size.
    for index in range(10):
        searching.complete(IMAGE, [], SIZE, index * PAUSE_S / 5)
    assert len(model.images) == 2 * looks
    model.boxes = [PLATE]
    seen = [len(searching.complete(IMAGE, [], SIZE, 2 + index / 100)) for index in range(5)]
    assert seen == [1] * 5

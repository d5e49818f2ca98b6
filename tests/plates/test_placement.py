"""Whose plate is it?"""

import pytest

from tests.builders import make_vehicle
from traffic_monitor.plates.placement import fit, is_whole, owner_of
from traffic_monitor.shared_utils.custom_types import BoxXyxy

CAR = [100, 100, 300, 260]
PLATE = [175, 210, 225, 225]


@pytest.mark.parametrize(
    "plate",
    [
        pytest.param([175, 210, 225, 225], id="low and in the middle"),
        pytest.param([120, 210, 170, 225], id="low at the side of a car seen from the corner"),
        pytest.param([175, 160, 225, 175], id="half way up, on a motorcycle or a lorry"),
        pytest.param([150, 200, 250, 250], id="half as wide as the vehicle, on a motorcycle"),
        pytest.param([190, 215, 210, 225], id="a tenth of the width, on a lorry or a bus seen from the side"),
        pytest.param([175, 250, 225, 268], id="at the very bottom of a box that ends too early"),
    ],
)
def test_a_plate_can_be(plate: BoxXyxy) -> None:
    assert fit(plate, CAR) > 0


@pytest.mark.parametrize(
    "plate",
    [
        pytest.param([175, 120, 225, 135], id="in the upper part: a sticker, a roof sign, a caption"),
        pytest.param([175, 80, 225, 90], id="above the vehicle"),
        pytest.param([60, 210, 110, 225], id="beside the vehicle"),
        pytest.param([175, 265, 225, 285], id="below the vehicle"),
        pytest.param([105, 180, 295, 240], id="as wide as the vehicle"),
        pytest.param([198, 210, 203, 213], id="a badge, far too small"),
    ],
)
def test_a_plate_cannot_be(plate: BoxXyxy) -> None:
    assert fit(plate, CAR) == 0


def test_a_plate_suits_no_vehicle_without_area() -> None:
    assert fit(PLATE, [100, 100, 100, 260]) == fit(PLATE, [100, 260, 300, 260]) == 0


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        pytest.param([175, 210, 225, 225], [115, 210, 165, 225], id="in the middle rather than at the side"),
        pytest.param([175, 210, 225, 225], [175, 155, 225, 170], id="low rather than half way up"),
        pytest.param([175, 210, 225, 225], [192, 213, 208, 222], id="of the usual size rather than tiny"),
        pytest.param([175, 210, 225, 225], [125, 190, 275, 245], id="of the usual size rather than huge"),
    ],
)
def test_a_plate_is_rather(better: BoxXyxy, worse: BoxXyxy) -> None:
    assert 1 >= fit(better, CAR) > fit(worse, CAR) > 0


@pytest.mark.parametrize(
    ("boxes", "owner"),
    [
        pytest.param([], None, id="without a vehicle there is no owner"),
        pytest.param([[400, 100, 600, 260]], None, id="a vehicle elsewhere is not the owner"),
        pytest.param([CAR], 1, id="the only vehicle there owns it"),
        pytest.param(
            [[150, 190, 450, 420], CAR], 2, id="the car behind, whose plate shows at the top of the nearer box"
        ),
        pytest.param(
            [[20, 20, 520, 300], CAR], 2, id="a car in the box of a lorry: the one nearest to the plate in size"
        ),
        pytest.param(
            [[40, 60, 190, 240], CAR], 2, id="the nearer car that hides the lower corner of the one behind"
        ),
        pytest.param([CAR, [100, 100, 300, 262]], 2, id="of two that it suits alike the nearer one"),
    ],
)
def test_the_owner_of_a_plate(boxes: list[BoxXyxy], owner: int | None) -> None:
    vehicles = [make_vehicle(number, box) for number, box in enumerate(boxes, start=1)]
    assert owner_of(PLATE, vehicles) == owner


@pytest.mark.parametrize(
    ("plate", "whole"),
    [
        pytest.param([101, 101, 299, 259], True, id="a pixel inside on all sides"),
        pytest.param([100, 210, 150, 225], False, id="cut at the left"),
        pytest.param([250, 210, 300, 225], False, id="cut at the right"),
        pytest.param([175, 100, 225, 110], False, id="cut at the top"),
        pytest.param([175, 250, 225, 260], False, id="cut at the bottom"),
    ],
)
def test_a_plate_that_touches_the_border_of_what_was_searched_is_cut(plate: BoxXyxy, whole: bool) -> None:
    assert is_whole(plate, CAR) is whole

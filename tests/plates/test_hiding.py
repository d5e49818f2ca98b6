"""What is hidden of a picture, and what stays."""

from collections.abc import Sequence

import numpy as np
import pytest

from tests.builders import make_tracked_message, make_vehicle
from traffic_monitor.plates.hiding import REMEMBERED_S, PlateHider, hide_plate, hide_plates_in_crop
from traffic_monitor.shared_utils.custom_types import BoxXyxy, TrackedMessage, TrackedObject
from traffic_monitor.shared_utils.frame_codec import Image

CAR = [40, 40, 200, 160]


def stripes() -> Image:
    """Black and white columns of 2 pixels, as fine as the strokes of a plate's letters."""
    image = np.zeros((240, 320, 3), np.uint8)
    image[:, ::4] = image[:, 1::4] = 255
    return image


def contrast(image: Image, box: list[int]) -> float:
    """How much neighbouring columns differ at most."""
    x1, y1, x2, y2 = box
    return float(np.abs(np.diff(image[y1:y2, x1:x2].astype(float), axis=1)).max())


def seen(
    media_time: float, vehicles: Sequence[TrackedObject] = (), boxes: Sequence[BoxXyxy] = ()
) -> TrackedMessage:
    """The vehicles of a frame, with and without a track."""
    return make_tracked_message(
        vehicles, media_time=media_time, untracked_boxes=list(boxes), frame_data_jpeg="not looked at"
    )


@pytest.mark.parametrize(
    "place",
    [
        pytest.param([40, 80, 200, 160], id="the whole front"),
        pytest.param([40, 160, 200, 165], id="just below the box"),
        pytest.param([30, 100, 40, 150], id="just beside it"),
    ],
)
def test_strokes_are_gone_wherever_a_plate_can_be(place: list[int]) -> None:
    image = stripes()
    hide_plate(image, CAR)
    assert contrast(image, place) < 30


def test_the_rest_of_the_picture_is_as_it_was() -> None:
    image = stripes()
    hide_plate(image, CAR)
    assert (image[:60] == stripes()[:60]).all()
    assert (image[:, 220:] == stripes()[:, 220:]).all()


@pytest.mark.parametrize(
    "box",
    [
        pytest.param([-50, -50, 20, 20], id="over the corner"),
        pytest.param([400, 10, 500, 90], id="outside"),
        pytest.param([10, 10, 10, 10], id="without a size"),
        pytest.param([0, 0, 3, 3], id="of three pixels"),
    ],
)
def test_any_box_will_do(box: list[int]) -> None:
    hide_plate(stripes(), box)


def test_every_vehicle_is_hidden_and_for_a_moment_where_it_was_lost() -> None:
    hider = PlateHider()
    hider.hide(stripes(), seen(1.0, [make_vehicle(1, CAR)]))
    image = stripes()
    hider.hide(image, seen(1.0 + REMEMBERED_S, [make_vehicle(2, [220, 40, 300, 160])]))
    assert contrast(image, [*CAR[:1], 90, *CAR[2:]]) < 30
    assert contrast(image, [220, 90, 300, 160]) < 60
    image = stripes()
    hider.hide(image, seen(1.1 + 2 * REMEMBERED_S))
    assert (image == stripes()).all()


def test_a_vehicle_is_hidden_from_its_first_frame_on_and_also_while_it_is_too_weak_to_be_tracked() -> None:
    hider = PlateHider()
    for media_time in (1.0, 1.0 + REMEMBERED_S):  # Found, and missed for a moment.
        image = stripes()
        hider.hide(image, seen(media_time, boxes=[CAR] if media_time == 1.0 else []))
        assert contrast(image, [*CAR[:1], 90, *CAR[2:]]) < 30


@pytest.mark.parametrize("is_tracked", [False, True], ids=["seen again", "tracked now"])
def test_a_vehicle_that_drives_on_is_not_hidden_where_it_was(is_tracked: bool) -> None:
    hider, moved = PlateHider(), [100, 40, 260, 160]
    hider.hide(stripes(), seen(1.0, boxes=[CAR]))
    image = stripes()
    hider.hide(image, seen(1.1, [make_vehicle(1, moved)] if is_tracked else [], [] if is_tracked else [moved]))
    assert contrast(image, [100, 90, 260, 160]) < 60
    assert (image[:, :80] == stripes()[:, :80]).all()


def test_in_the_picture_of_one_vehicle_no_fine_stroke_is_left_anywhere() -> None:
    picture = np.ascontiguousarray(stripes()[:160, :240])
    hide_plates_in_crop(picture)
    assert contrast(picture, [0, 0, 240, 160]) < 60

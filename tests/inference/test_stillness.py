"""Pictures in which something moved, and those in which nothing did."""

import numpy as np
import pytest

from traffic_monitor.inference.stillness import MOST_STILL_FRAMES, StillnessGate
from traffic_monitor.shared_utils.frame_codec import Image, decode_frame, encode_frame


def street(car_at: int | None = None, car_levels: int = 40, noise: float = 0, seed: int = 0) -> Image:
    """A grey street of 1280x720 as it comes out of the codec; on it a car of 24x20 pixels."""
    image = np.full((720, 1280, 3), 100, dtype=np.float64)
    image[300:, :] = 140
    if car_at is not None:
        image[400:420, car_at : car_at + 24] += car_levels
    image += np.random.default_rng(seed).normal(0, noise, image.shape[:2])[..., None]
    return decode_frame(encode_frame(image.clip(0, 255).astype(np.uint8), 90))


def was_searched(gate: StillnessGate, image: Image) -> bool:
    """Search a picture if the gate says so."""
    needed = gate.needs_search(image)
    if needed:
        gate.searched()
    return needed


def test_the_first_picture_is_searched_and_the_same_again_is_not() -> None:
    gate = StillnessGate()
    assert [was_searched(gate, street()) for _ in range(3)] == [True, False, False]


@pytest.mark.parametrize("levels", [-60, 20, 40])
def test_a_small_vehicle_that_comes_moves_or_goes_is_noticed(levels: int) -> None:
    gate = StillnessGate()
    places = [None, 600, 624, 648, 648, None]
    found = [was_searched(gate, street(place, levels)) for place in places]
    assert found == [True, True, True, True, False, True]


def test_slow_movement_adds_up() -> None:
    gate = StillnessGate()
    searched = [was_searched(gate, street(600 + pixel)) for pixel in range(12)]
    assert sum(searched[1:]) >= 2


def test_the_noise_of_a_camera_is_no_movement() -> None:
    gate = StillnessGate()
    assert sum(was_searched(gate, street(noise=3, seed=seed)) for seed in range(8)) == 1


def test_however_still_the_road_is_it_is_searched_now_and_then() -> None:
    gate = StillnessGate()
    picture = street()
    searched = [was_searched(gate, picture) for _ in range(2 * (MOST_STILL_FRAMES + 1) + 1)]
    every = MOST_STILL_FRAMES + 1
    assert [index for index, was in enumerate(searched) if was] == [0, every, 2 * every]


def test_another_size_is_another_picture() -> None:
    gate = StillnessGate()
    assert was_searched(gate, street())
    assert was_searched(gate, np.ascontiguousarray(street()[::2, ::2]))


def test_a_picture_whose_search_could_not_be_started_is_compared_with_nothing() -> None:
    gate = StillnessGate()
    assert [gate.needs_search(street()) for _ in range(3)] == [True, True, True]
    gate.searched()
    assert gate.needs_search(street(600))
    assert not gate.needs_search(street()), "the street is what was searched, not the car"

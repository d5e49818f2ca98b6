"""Camera, traffic and ground truth of the drawn scenes; nothing is rendered."""

import importlib
import importlib.util
import math
import sys
from collections.abc import Iterator
from random import Random
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.scene import plates
from training.scene.camera import Camera
from training.scene.traffic import Drive, Stop

CAMERA = Camera((0.5, 0.0, 5.0), yaw=2.0, pitch=8.0, focal=1500.0)


@pytest.fixture(scope="module")
def ground_truth() -> Iterator[ModuleType]:
    """The module as it is; the graphics it imports but does not use are left out where they are missing."""
    if importlib.util.find_spec("moderngl") is not None:
        yield importlib.import_module("training.scene.ground_truth")
        return
    before = set(sys.modules)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "moderngl", ModuleType("moderngl"))
        yield importlib.import_module("training.scene.ground_truth")
        for name in set(sys.modules) - before:
            if name.startswith("training.scene."):
                del sys.modules[name]


def drive(direction: str, passes: float = 8.0, speed: float = 10.0, stop: Stop | None = None) -> Drive:
    side = 1.7 if direction == "away" else -1.7
    return Drive("d", "m", "car", "AB123", "slovakia", side, direction, passes, speed, stop=stop, drift=0.1)


@given(st.floats(-10, 10), st.floats(10, 120))
def test_a_point_on_the_road_is_found_again_from_its_pixel(x: float, y: float) -> None:
    pixels, depth = CAMERA.project(np.array([[x, y, 0.0]]))
    assert depth[0] > 0
    assert CAMERA.ground(pixels)[0] == pytest.approx([x, y, 0.0], abs=1e-6)


def test_right_is_right_up_is_up_and_far_is_small() -> None:
    places = np.array([[0, 20, 0], [2, 20, 0], [0, 20, 1.5], [0, 60, 0], [2, 60, 0]], float)
    origin, right, up, far, far_right = CAMERA.project(places)[0]
    assert right[0] > origin[0] + 100
    assert up[1] < origin[1] - 50
    assert far[1] < origin[1]
    assert (right[0] - origin[0]) / (far_right[0] - far[0]) == pytest.approx(3, rel=0.05)
    assert CAMERA.project(np.array([[0.0, -20.0, 0.0]]))[1][0] < 0


@pytest.mark.parametrize("stop", [None, Stop(at=90.0, wait=4.0), Stop(at=90.0, wait=4.0, bay=3.0)])
@pytest.mark.parametrize("direction", ["toward", "away"])
def test_a_drive_passes_its_reference_at_the_given_time(direction: str, stop: Stop | None) -> None:
    assert drive(direction, stop=stop).at(8.0)[1] == pytest.approx(20.0, abs=0.05)


@pytest.mark.parametrize("stop", [None, Stop(at=107.0, wait=4.0, bay=3.0)])
@pytest.mark.parametrize("direction", ["toward", "away"])
def test_a_vehicle_heads_where_it_goes(direction: str, stop: Stop | None) -> None:
    driven = drive(direction, stop=stop)
    moved = 0
    for moment in np.linspace(driven.span()[0] + 1, driven.span()[1] - 1, 200):
        (x1, y1, *_), (_, _, heading, *_), (x2, y2, *_) = (driven.at(moment + t) for t in (-0.05, 0.0, 0.05))
        if math.hypot(x2 - x1, y2 - y1) > 0.3:
            moved += 1
            assert math.atan2(y2 - y1, x2 - x1) == pytest.approx(heading, abs=0.02)
    assert moved > 100


@pytest.mark.parametrize(("direction", "sign"), [("toward", -1), ("away", 1)])
def test_a_bus_waits_in_its_bay_and_comes_back(direction: str, sign: int) -> None:
    bus = drive(direction, stop=Stop(at=107.0, wait=4.0, bay=3.0))
    moments = np.arange(*bus.span(), 0.02)
    x, y, _, driven, braking = np.array([bus.at(moment) for moment in moments]).T
    still = np.abs(driven - 107.0) < 0.05
    assert still.sum() * 0.02 == pytest.approx(4.0, abs=0.4)
    assert y[still] == pytest.approx(sign * (107.0 - 150.0), abs=0.1)
    assert x[still] == pytest.approx(sign * (1.7 + 3.0), abs=0.3)  # To the right of its way.
    assert (braking[still][10:-20] == 1.0).all()
    assert x[[0, -1]] == pytest.approx(sign * 1.7, abs=0.11)
    assert (np.diff(driven) >= 0).all()


@pytest.mark.parametrize("name", plates.LAYOUTS)
def test_texts_of_drawn_vehicles_follow_their_layout(name: str) -> None:
    layout = plates.LAYOUTS[name]
    allowed = {"L": plates.LETTERS, "D": "23456789"}
    for seed in range(20):
        text = plates.new_text(layout, Random(seed), "23456789")
        assert text == plates.new_text(layout, Random(seed), "23456789")
        assert len(text) == len(layout.pattern)
        assert all(c in allowed.get(symbol, symbol) for symbol, c in zip(layout.pattern, text, strict=True))
        assert plates.plain(text).isalnum()


@pytest.mark.parametrize(("point", "sign"), [((5, 20), 1), ((5, 5), -1), ((5, 10), 0)])
def test_below_a_line_from_left_to_right_is_its_positive_side(
    ground_truth: ModuleType, point: tuple[int, int], sign: int
) -> None:
    assert np.sign(ground_truth.side_of(np.array(point), np.array([[0, 10], [100, 10]]))) == sign


@pytest.mark.parametrize(("direction", "sooner"), [("toward", 1), ("away", -1)])
def test_a_crossing_is_where_the_nearest_end_of_a_vehicle_passes_the_line(
    ground_truth: ModuleType, direction: str, sooner: int
) -> None:
    line = ground_truth.Line("main", (-4.4, 20.0), (4.2, 20.0))
    camera = Camera((0.0, 0.0, 5.0), 0.0, 8.0, 1500.0)
    corners = [[x, y, z] for x in (-2.0, 2.0) for y in (-0.9, 0.9) for z in (0.0, 1.5)]
    vehicles = {"d": SimpleNamespace(outline=np.array(corners))}
    driven = [drive(direction, 8.013)]
    (row,) = ground_truth.crossings(driven, vehicles, camera, line, 25, 500, {"d": 3})
    assert ground_truth.crossings(driven, vehicles, camera, line, 25, 150, {"d": 3}) == []  # Not yet.
    assert (row["line"], row["id"], row["class"], row["plate"]) == ("main", 3, "car", "AB123")
    assert row["direction"] == direction
    assert row["time_s"] == pytest.approx(8.013 - sooner * 2.0 / 10.0, abs=0.03)
    assert row["frame"] == math.ceil(row["time_s"] * 25)

"""A clock that is set while vehicles are in sight changes stamps, and neither durations nor order."""

import pytest

from tests.counting.scenes import FPS, MIDDLE, count, drive, walk
from tests.counting.test_speeds import RECTANGLE, driving

STEPS = [seconds * sign for seconds in (1.0, 60.0, 3600.0) for sign in (1, -1)]
pytestmark = pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step:+.0f} s")


def test_the_dwell_time_in_a_zone(step: float) -> None:
    zone = {"name": "yard", "points": [[400, 300], [800, 300], [800, 500], [400, 500]], "units": "pixels"}
    frames = walk([(300, 400)] * 5 + [(600, 400)] * (6 * FPS) + [(950, 400)] * 5)
    found = count(frames, steps={50: step}, zones=[zone]).results["zones"]["yard"]
    assert (found["entries"], found["mean_dwell_s"], found["max_dwell_s"]) == (1, 5.96, 5.96)


def test_the_speed(step: float) -> None:
    found = count(driving(0.4), steps={40: step}, speed=RECTANGLE).results["speeds"]
    assert found["vehicles"][0]["speed"] == pytest.approx(36.0, abs=0.5)


def test_from_which_line_to_which_a_vehicle_went(step: float) -> None:
    lines = [
        {"name": n, "points": [[0, y], [1280, y]], "units": "pixels"} for n, y in (("north", 300), ("south", 400))
    ]
    found = count(drive(range(200, 600, 10)), steps={15: step}, lines=lines)
    assert found.results["movements"] == {"north": {"south": {"car": 1}}}


def test_a_vehicle_that_changes_its_track_is_still_one(step: float) -> None:
    bottoms = list(range(200, 500, 5))
    frames = drive(bottoms[:30], track_id=1) + [[]] * 10 + drive(bottoms[40:], track_id=2)
    found = count(frames, steps={35: step}, lines=[MIDDLE])
    assert [crossing.vehicle_id for crossing, _ in found.crossings] == [1]

"""Two detectors look down on a road: what both see is a vehicle, what one sees is a doubt."""

import numpy as np
import pytest

from tests.shared_material import CLIPS, SHARED, need
from training.detector_data import clip_pictures
from training.detector_peers import AgreeingPeers, Boxes, agreed

Row = tuple[float, float, float, float, float]
CAR: Row = (10, 10, 110, 60, 0.9)
NEARLY_CAR: Row = (14, 10, 114, 60, 0.5)
OTHER: Row = (300, 10, 400, 60, 0.9)


def boxes(*rows: Row) -> Boxes:
    return np.array(rows, np.float32).reshape(-1, 5)


@pytest.mark.parametrize(
    ("first", "second", "both", "alone"),
    [
        pytest.param([CAR], [NEARLY_CAR], [[12, 10, 112, 60]], [], id="the mean of two boxes"),
        pytest.param([CAR], [], [], [list(CAR[:4])], id="the first alone"),
        pytest.param([], [OTHER], [], [list(OTHER[:4])], id="the second alone"),
        pytest.param([CAR], [OTHER], [], [list(CAR[:4]), list(OTHER[:4])], id="no overlap"),
        pytest.param([(*CAR[:4], 0.25)], [CAR], [], [list(CAR[:4]), list(CAR[:4])], id="one is not sure"),
        pytest.param([CAR, (*CAR[:4], 0.3)], [CAR], [list(CAR[:4])], [], id="a second box of the same car"),
    ],
)
def test_boxes_agree_or_are_doubtful(
    first: list[Row], second: list[Row], both: list[list[float]], alone: list[list[float]]
) -> None:
    assert agreed(boxes(*first), boxes(*second)) == (both, alone)


def test_the_peers_agree_on_cars_from_above_and_not_on_an_empty_road() -> None:
    frames = [image for _, image, _ in clip_pictures(need(CLIPS / "intel_car-detection.mp4"), 30)]
    peers = AgreeingPeers(need(SHARED / "peers"))
    found = [len(peers.completed(frame)[1]) for frame in frames[:9]]
    assert found[:4] == [0, 0, 1, 1]

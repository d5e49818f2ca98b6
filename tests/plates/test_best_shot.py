"""Which picture of a plate is the best so far."""

import pytest

from traffic_monitor.plates.best_shot import BestShots
from traffic_monitor.shared_utils.recent_states import REMEMBERED


@pytest.mark.parametrize(
    ("score", "is_better"),
    [
        pytest.param(5.0, False, id="a worse one is not"),
        pytest.param(10.5, False, id="one hardly better is not"),
        pytest.param(11.5, True, id="a clearly better one is"),
    ],
)
def test_a_picture_is_better_when_that_can_be_seen(score: float, is_better: bool) -> None:
    shots = BestShots()
    assert shots.is_better(7, 10.0)
    assert shots.is_better(8, 1.0)
    assert shots.is_better(7, score) is is_better


def test_only_the_latest_vehicles_are_remembered() -> None:
    shots = BestShots()
    for track_id in range(REMEMBERED + 1):
        shots.is_better(track_id, 10.0)
    assert shots.is_better(0, 1.0)  # Forgotten.
    assert not shots.is_better(REMEMBERED, 1.0)

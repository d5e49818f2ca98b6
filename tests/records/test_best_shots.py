"""The best picture of each plate and vehicle."""

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from traffic_monitor.records.best_shots import BestShots
from traffic_monitor.shared_utils import guarded
from traffic_monitor.shared_utils.frame_codec import Image
from traffic_monitor.shared_utils.recent_states import REMEMBERED


def picture(grey: int) -> Image:
    return np.full((20, 60, 3), grey, np.uint8)


def brightness(path: Path) -> int:
    return round(float(cv2.imread(str(path)).mean()))


@pytest.mark.parametrize(
    ("score", "kept"),
    [
        pytest.param(5.0, 50, id="a worse one is not taken"),
        pytest.param(10.5, 50, id="one hardly better is not taken"),
        pytest.param(11.5, 200, id="a better one is"),
    ],
)
def test_a_picture_is_replaced_by_a_better_one(tmp_path: Path, score: float, kept: int) -> None:
    shots = BestShots(tmp_path)
    shots.offer(7, 10.0, picture(50), picture(60))
    shots.offer(7, score, picture(200), picture(200))
    assert brightness(tmp_path / "plates" / "7.jpg") == pytest.approx(kept, abs=2)
    assert brightness(tmp_path / "vehicles" / "7.jpg") == pytest.approx({50: 60, 200: 200}[kept], abs=2)
    assert [path.name for path in tmp_path.rglob("*.*")] == ["7.jpg", "7.jpg"]


def test_a_plate_of_an_unknown_vehicle_has_no_picture_of_it(tmp_path: Path) -> None:
    shots = BestShots(tmp_path)
    shots.offer(7, 1.0, picture(50), None)
    shots.offer(8, 1.0, picture(50), picture(50)[:0])
    assert sorted(path.name for path in (tmp_path / "plates").iterdir()) == ["7.jpg", "8.jpg"]
    assert list((tmp_path / "vehicles").iterdir()) == []


def test_only_the_latest_vehicles_are_remembered(tmp_path: Path) -> None:
    shots = BestShots(tmp_path)
    for track_id in range(REMEMBERED + 1):
        shots.offer(track_id, 10.0, picture(50), None)
    for track_id in (0, REMEMBERED):
        shots.offer(track_id, 1.0, picture(200), None)
    assert brightness(tmp_path / "plates" / "0.jpg") == 200  # Forgotten.
    assert brightness(tmp_path / "plates" / f"{REMEMBERED}.jpg") == 50


def test_a_picture_that_cannot_be_written_is_reported_once_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log_lines: list[str]
) -> None:
    now = 0.0
    monkeypatch.setattr(guarded, "time", SimpleNamespace(monotonic=lambda: now))
    shots = BestShots(tmp_path)
    (tmp_path / "plates").rmdir()
    for _ in range(5):
        shots.offer(7, 10.0, picture(50), None)
    assert [line.split()[0] for line in log_lines] == ["ERROR"]
    (tmp_path / "plates").mkdir()
    now = 60.0
    shots.offer(7, 10.0, picture(50), None)  # No better than the one that was lost.
    assert brightness(tmp_path / "plates" / "7.jpg") == pytest.approx(50, abs=2)


def test_a_folder_that_cannot_be_made_keeps_nothing_from_starting(tmp_path: Path, log_lines: list[str]) -> None:
    (tmp_path / "run").touch()
    BestShots(tmp_path / "run").offer(7, 1.0, picture(50), None)
    assert len(log_lines) == 1

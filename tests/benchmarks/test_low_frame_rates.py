"""Counting at low frame rates over detections that are kept."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks import low_frame_rates
from benchmarks.low_frame_rates import Clip, count, detections_of, thinned, wrong
from tests.builders import make_detection_message
from traffic_monitor.settings import Settings

CLIP = Path("videos/a_road.mp4")


@pytest.mark.parametrize(
    ("counted", "errors"),
    [
        pytest.param((7, 8), 0, id="in the range"),
        pytest.param((5, 8), 1, id="one missed"),
        pytest.param((8, 10), 3, id="one and two invented"),
        pytest.param((5, 9), 2, id="one missed does not make up for one invented"),
    ],
)
def test_missed_and_invented_vehicles_are_wrong_per_direction(counted: tuple[int, int], errors: int) -> None:
    assert wrong(counted, ((6, 7), (8, 8))) == errors


@pytest.mark.parametrize(("fps", "kept"), [(0, [0, 1, 2, 3, 4, 5]), (10, [0, 3]), (20, [0, 2, 3, 5])])
def test_a_lower_rate_leaves_out_the_frames_that_the_grabber_does(fps: float, kept: list[int]) -> None:
    frames = [make_detection_message([], index, media_time=index / 30) for index in range(6)]
    passed = list(thinned(frames, fps))
    assert [round(frame["media_time"] * 30) for frame in passed] == kept
    assert [frame["frame_index"] for frame in passed] == list(range(len(kept)))


def test_vehicles_are_counted_by_direction() -> None:
    line = Clip(CLIP, [[0, 0.5], [1, 0.5]], None).settings([])
    down = [make_detection_message([[100, y, 140, y + 30]], y // 8, media_time=y / 240) for y in range(0, 200, 8)]
    assert count(line, iter(down)) == (1, 0)
    assert count(line, iter([])) == (0, 0)


def test_a_clip_is_searched_once_for_all_variants_of_the_tracker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[Any] = []

    class Detector:
        def __init__(self, config: Settings) -> None:
            searched.append(config.vehicle_detector.conf_threshold)

        def process(self, frame: Any) -> list[Any]:
            return [frame]

    monkeypatch.setattr(low_frame_rates, "CACHE", tmp_path)
    monkeypatch.setattr(low_frame_rates, "VehicleDetector", Detector)
    frames = [make_detection_message([[1, 2, 30, 40]], frame_data_jpeg="pixels")]
    monkeypatch.setattr(low_frame_rates, "_frames", lambda _settings: iter(frames))
    clip = Clip(CLIP, None, None)
    for overrides in ([], ["vehicle_tracker.type=ocsort"], ["vehicle_detector.conf_threshold=0.5"]):
        (kept,) = detections_of(clip, overrides)
        assert kept["detections"] == frames[0]["detections"]
        assert kept["frame_data_jpeg"] == ""
    assert searched == [0.1, 0.5]

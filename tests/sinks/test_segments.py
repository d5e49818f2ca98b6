"""The video of a camera: segments of some minutes, each complete on its own."""

from pathlib import Path

import av
import numpy as np
import pytest

from tests.builders import START
from traffic_monitor.shared_utils.clock import Clock, parse_zone
from traffic_monitor.shared_utils.guarded import Guard
from traffic_monitor.sinks.segments import VideoSegments
from traffic_monitor.sinks.sink import GuardedSink

CLOCK = Clock(known=True, zone=parse_zone("+02:00"))
"""It is 00:13:20 on 2023-11-15 there at ``START``."""
IMAGE = np.full((48, 64, 3), 90, np.uint8)


def times(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [float(frame.time) for frame in container.decode(video=0)]


def record(folder: Path, minutes: int | None, moments: list[float]) -> dict[str, list[float]]:
    """Names of the files with their times, when frames come at these seconds after ``START``."""
    now = [START]
    segments = VideoSegments(lambda _: folder, CLOCK, minutes, lambda: now[0])
    for moment in moments:
        now[0] = START + moment
        segments.take(IMAGE, 1000 + moment)
    segments.close()
    return {path.name: times(path) for path in sorted(folder.iterdir())}


def test_a_segment_ends_with_the_interval_of_the_clock_and_the_next_begins(tmp_path: Path) -> None:
    files = record(tmp_path, 15, [0, 1, 99, 100, 101])
    assert list(files) == ["annotated_20231115-001320.mp4", "annotated_20231115-001500.mp4"]
    assert [pytest.approx(each, abs=0.001) for each in ([0, 1, 99], [0, 1])] == list(files.values())


def test_without_a_length_there_is_one_file_for_each_day(tmp_path: Path) -> None:
    files = record(tmp_path, None, [0, 3600, 85_600, 85_700])
    assert list(files) == ["annotated_20231115-001320.mp4", "annotated_20231116-000000.mp4"]


def test_a_segment_of_the_same_second_does_not_replace_the_first(tmp_path: Path) -> None:
    for _ in range(2):
        record(tmp_path, 15, [0, 1])
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["annotated_20231115-001320.mp4", "annotated_20231115-001320_2.mp4"]


def test_a_folder_that_cannot_be_made_costs_the_video_only_until_it_can(tmp_path: Path) -> None:
    now, folder, steady = [START], tmp_path / "day", [0.0]
    sink = GuardedSink(
        lambda: VideoSegments(lambda _: folder, CLOCK, 15, lambda: now[0]), Guard("video", clock=lambda: steady[0])
    )
    sink.take(IMAGE, 0)
    folder.mkdir()
    steady[0] += 60
    for media in (1, 2):
        sink.take(IMAGE, media)
    sink.close()
    assert [times(path) for path in folder.iterdir()] == [pytest.approx([0, 1])]


def test_a_sink_that_may_not_write_is_closed_and_goes_on_in_another_file(tmp_path: Path) -> None:
    now, allowed = [START], [True]
    sink = GuardedSink(
        lambda: VideoSegments(lambda _: tmp_path, CLOCK, 15, lambda: now[0]), Guard("video"), lambda: allowed[0]
    )
    for media, allowed[0] in ((0, True), (1, False), (2, True)):
        now[0] += 1
        sink.take(IMAGE, media)
    sink.close()
    assert [len(times(path)) for path in sorted(tmp_path.iterdir())] == [1, 1]

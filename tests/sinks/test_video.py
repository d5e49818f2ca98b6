"""The annotated video: it opens again, whatever happened."""

import shutil
from pathlib import Path

import av
import numpy as np
import pytest

from traffic_monitor.shared_utils.frame_codec import Image
from traffic_monitor.sinks.video import KEYFRAME_INTERVAL_FRAMES, VideoFile


def picture(brightness: int, width: int = 64, height: int = 48) -> Image:
    return np.full((height, width, 3), brightness, np.uint8)


def read(path: Path) -> list[tuple[float, Image]]:
    """Times and pixels of the frames of a video."""
    with av.open(str(path)) as container:
        return [(float(frame.time), frame.to_ndarray(format="bgr24")) for frame in container.decode(video=0)]


def write(path: Path, images: list[Image], fps: float = 25) -> VideoFile:
    video = VideoFile(path)
    for index, image in enumerate(images):
        video.take(image, index / fps)
    return video


def test_every_frame_comes_back_at_its_time(tmp_path: Path) -> None:
    path = tmp_path / "annotated.mp4"
    write(path, [picture(20 * index) for index in range(10)]).close()
    frames = read(path)
    assert [time for time, _ in frames] == pytest.approx([index / 25 for index in range(10)], abs=1e-3)
    assert [image.mean() for _, image in frames] == pytest.approx([20 * index for index in range(10)], abs=6)


def test_the_pace_of_the_source_is_kept_also_where_it_is_uneven(tmp_path: Path) -> None:
    path = tmp_path / "annotated.mp4"
    times = [0, 0.1, 0.15, 2.0, 2.04]
    video = VideoFile(path)
    for media_time in times:
        video.take(picture(100), media_time)
    video.close()
    assert [time for time, _ in read(path)] == pytest.approx(times, abs=1e-3)


@pytest.mark.parametrize("times", [[0, 0, 0], [1, 0.5, 0.2]], ids=["stands still", "runs backwards"])
def test_no_frame_is_lost_when_the_clock_goes_wrong(tmp_path: Path, times: list[float]) -> None:
    path = tmp_path / "annotated.mp4"
    video = VideoFile(path)
    for media_time in times:
        video.take(picture(100), media_time)
    video.close()
    assert len(read(path)) == 3


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        pytest.param(64, 48, (48, 64), id="even sides are kept"),
        pytest.param(65, 49, (48, 64), id="odd sides lose a pixel"),
        pytest.param(101, 48, (48, 100), id="an odd width loses a pixel"),
    ],
)
def test_the_size_of_the_video(tmp_path: Path, width: int, height: int, expected: tuple[int, int]) -> None:
    path = tmp_path / "annotated.mp4"
    write(path, [picture(100, width, height)] * 3).close()
    assert [image.shape[:2] for _, image in read(path)] == [expected] * 3


def test_a_source_that_changes_its_size_goes_on_in_the_first_one(tmp_path: Path) -> None:
    path = tmp_path / "annotated.mp4"
    write(path, [picture(100), picture(100, 128, 96), picture(100)]).close()
    assert [image.shape for _, image in read(path)] == [(48, 64, 3)] * 3


def test_a_video_that_was_never_closed_can_be_opened(tmp_path: Path) -> None:
    path, after_crash = tmp_path / "annotated.mp4", tmp_path / "copy.mp4"
    written = 4 * KEYFRAME_INTERVAL_FRAMES
    video = write(path, [picture(index % 200) for index in range(written)])
    shutil.copy(path, after_crash)  # What a killed process leaves behind.
    video.close()
    assert len(read(path)) == written
    assert written - 2 * KEYFRAME_INTERVAL_FRAMES <= len(read(after_crash)) < written


def test_without_a_frame_there_is_no_file(tmp_path: Path) -> None:
    path = tmp_path / "annotated.mp4"
    VideoFile(path).close()
    assert not path.exists()


def test_closing_twice_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "annotated.mp4"
    video = write(path, [picture(100)])
    video.close()
    video.close()
    assert len(read(path)) == 1

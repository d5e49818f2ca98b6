"""The annotated video: it opens again, whatever happened."""

import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
import pytest

from traffic_monitor.shared_utils.frame_codec import Image
from traffic_monitor.sinks.video import KEYFRAME_INTERVAL_FRAMES, VideoFile, unused_path


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


@contextmanager
def disk_full_at(size: int) -> Iterator[None]:
    """In here no file can grow beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def noise(frames: int) -> list[Image]:
    """Pictures that take room when they are encoded."""
    generator = np.random.default_rng(0)
    return [generator.integers(0, 255, (48, 64, 3), dtype=np.uint8) for _ in range(frames)]


def test_when_the_disk_is_full_the_video_ends_with_its_last_whole_fragment(tmp_path: Path) -> None:
    path = tmp_path / "annotated.mp4"
    images = noise(5 * KEYFRAME_INTERVAL_FRAMES)
    video = write(path, images[: KEYFRAME_INTERVAL_FRAMES + 10])
    with disk_full_at(path.stat().st_size + 1000):
        with pytest.raises(OSError, match="too large"):  # noqa: PT012 - which frame fails is the encoder's affair
            for index, image in enumerate(images):
                video.take(image, 10 + index / 25)
        with pytest.raises(OSError, match="too large"):
            video.close()
    assert len(read(path)) == KEYFRAME_INTERVAL_FRAMES


@pytest.mark.parametrize("size", [0, 100, 2000], ids=["from the start", "within the header", "within a fragment"])
def test_of_a_video_without_a_whole_fragment_nothing_is_left(tmp_path: Path, size: int) -> None:
    path = tmp_path / "annotated.mp4"
    video = VideoFile(path)
    with disk_full_at(size), pytest.raises(OSError, match="too large"):  # noqa: PT012 - as above
        for index, image in enumerate(noise(2 * KEYFRAME_INTERVAL_FRAMES)):
            video.take(image, index / 25)
    with pytest.raises(OSError, match="too large"):
        video.close()
    assert not path.exists()


def test_a_video_has_written_when_its_first_fragment_is_in_the_file(tmp_path: Path) -> None:
    video, written = VideoFile(tmp_path / "annotated.mp4"), []
    for index in range(KEYFRAME_INTERVAL_FRAMES + 5):
        video.take(picture(100), index / 25)
        written.append(video.has_written)
    video.close()
    assert not any(written[:KEYFRAME_INTERVAL_FRAMES])
    assert written[-1]


def test_a_video_goes_on_in_a_file_of_its_own(tmp_path: Path) -> None:
    names = []
    for _ in range(3):
        path = unused_path(tmp_path / "annotated.mp4")
        path.touch()
        names.append(path.name)
    assert names == ["annotated.mp4", "annotated_2.mp4", "annotated_3.mp4"]


WRITE_UNTIL_KILLED = """
import sys
from pathlib import Path
import numpy as np
from traffic_monitor.sinks.video import VideoFile
video = VideoFile(Path(sys.argv[1]))
for index in range(10_000):
    video.take(np.full((48, 64, 3), index % 200, np.uint8), index / 25)
    print(index, flush=True)
"""


@pytest.mark.timeout(60)
def test_after_a_kill_the_video_lacks_the_last_frames_only(tmp_path: Path) -> None:
    path = tmp_path / "annotated.mp4"
    command = [sys.executable, "-c", WRITE_UNTIL_KILLED, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        written = 0
        for line in process.stdout or ():
            written = int(line)
            if written == 200:
                process.kill()
                break
    assert len(read(path)) >= written - 2 * KEYFRAME_INTERVAL_FRAMES

"""Frames from files and cameras. Cameras are faked, files are real."""

import contextlib
import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.builders import write_clip
from traffic_monitor.capture import sources
from traffic_monitor.capture.sources import (
    CapturedFrame,
    FileSource,
    FrameSource,
    LiveSource,
    open_source,
)
from traffic_monitor.settings import FrameGrabberSettings
from traffic_monitor.shared_utils.errors import ServiceError


def settings(source: Any, **changes: Any) -> FrameGrabberSettings:
    return FrameGrabberSettings.model_validate(
        {"source": source if isinstance(source, int) else str(source), **changes}
    )


def read_all(source: FrameSource) -> list[CapturedFrame]:
    try:
        return list(iter(lambda: source.get(timeout=5), None))
    finally:
        source.close()


class FakeCapture:
    """A ``cv2.VideoCapture`` that yields as many frames as it is told, then is lost."""

    def __init__(self, frames: int, opens: bool = True) -> None:
        self.left = frames
        self.opens = opens
        self.released = 0

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return self.opens

    def get(self, what: int) -> float:
        return 25.0 if what == cv2.CAP_PROP_FPS else 0.0

    def grab(self) -> bool:
        self.left -= 1
        return self.left >= 0

    def retrieve(self) -> tuple[bool, Any]:
        return True, np.zeros((12, 16, 3), np.uint8)

    def release(self) -> None:
        self.released += 1


class FakeCamera:
    """Hands out the captures in turn; when there are no more, the camera cannot be opened."""

    def __init__(self) -> None:
        self.captures: list[FakeCapture] = []
        self.opened: list[FakeCapture] = []

    def open(self, _settings: FrameGrabberSettings) -> FakeCapture:
        self.opened.append(self.captures.pop(0) if self.captures else FakeCapture(0, opens=False))
        return self.opened[-1]


@pytest.fixture
def camera(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCamera]:
    fake = FakeCamera()
    monkeypatch.setattr(sources, "_open_capture", fake.open)
    monkeypatch.setattr(sources, "FIRST_RECONNECT_DELAY_S", 0.001)
    monkeypatch.setattr(sources, "LAST_RECONNECT_DELAY_S", 0.004)
    monkeypatch.setattr(sources, "LIVE_BUFFER_FRAMES", 100)
    yield fake
    assert [capture.released >= 1 for capture in fake.opened] == [True] * len(fake.opened)


def test_a_file_gives_every_frame_with_its_place_in_time(clip: Path) -> None:
    source = FileSource(settings(clip))
    assert source.frames_total == 12
    frames = read_all(source)
    assert [frame.index for frame in frames] == list(range(12))
    assert [frame.media_time for frame in frames] == pytest.approx([i / 25 for i in range(12)], abs=1e-3)
    assert [frame.timestamp for frame in frames] == [frame.media_time for frame in frames]
    assert [frame.image.mean() for frame in frames] == pytest.approx([20 * i for i in range(12)], abs=8)
    assert source.dropped == 0


def test_a_file_with_a_start_time_has_the_clock_of_its_recording(clip: Path) -> None:
    frames = read_all(FileSource(settings(clip, start_time="2026-05-04T06:00:00Z")))
    assert frames[0].timestamp == 1_777_874_400.0
    assert frames[-1].timestamp - frames[0].timestamp == pytest.approx(11 / 25, abs=1e-3)


@pytest.mark.parametrize(
    ("target_fps", "kept"),
    [
        pytest.param(25, list(range(12)), id="its own rate keeps every frame"),
        pytest.param(100, list(range(12)), id="a higher rate invents none"),
        pytest.param(12.5, [0, 2, 4, 6, 8, 10], id="half the rate keeps every second frame"),
        pytest.param(5, [0, 5, 10], id="a fifth of the rate keeps every fifth frame"),
    ],
)
def test_a_file_is_thinned_out_to_the_target_rate(clip: Path, target_fps: float, kept: list[int]) -> None:
    source = FileSource(settings(clip, target_fps=target_fps))
    assert source.frames_total is None
    frames = read_all(source)
    assert [round(frame.media_time * 25) for frame in frames] == kept
    assert [frame.index for frame in frames] == list(range(len(kept)))


def test_the_clock_runs_on_where_the_container_gives_no_positions(camera: FakeCamera) -> None:
    camera.captures = [FakeCapture(4)]
    frames = read_all(FileSource(settings("clip.mp4")))
    assert [frame.media_time for frame in frames] == pytest.approx([0, 0.04, 0.08, 0.12])


def test_a_file_that_ends_early_is_said_so(clip: Path, camera: FakeCamera, log_lines: list[str]) -> None:
    class Truncated(FakeCapture):
        def get(self, what: int) -> float:
            return 9.0 if what == cv2.CAP_PROP_FRAME_COUNT else super().get(what)

    camera.captures = [Truncated(4)]
    read_all(FileSource(settings("clip.mp4")))
    assert any("the file ended after 4 of 9 frames" in line for line in log_lines)


def test_closing_a_file_releases_it_in_the_middle(camera: FakeCamera) -> None:
    camera.captures = [FakeCapture(10)]
    source = FileSource(settings("clip.mp4"))
    source.get(timeout=1)
    source.close()
    assert camera.opened[0].released == 1


@pytest.mark.parametrize("mode", ["file", "live"])
def test_a_file_that_is_no_video_is_refused_by_name(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "notes.mp4"
    path.write_text("no video", encoding="utf-8")
    with pytest.raises(ServiceError, match=r"frame_grabber\.source: .*notes\.mp4 cannot be opened"):
        read_all(open_source(settings(path, mode=mode)))


def test_a_source_that_cannot_be_opened_is_released(camera: FakeCamera) -> None:
    with pytest.raises(ServiceError, match="cannot be opened"):
        FileSource(settings("clip.mp4"))
    assert camera.opened[0].released == 1


def test_the_mode_decides_how_a_file_is_read(clip: Path) -> None:
    for mode, kind in (("file", FileSource), ("live", LiveSource)):
        source = open_source(settings(clip, mode=mode))
        source.close()
        assert type(source) is kind


def test_a_file_in_live_mode_is_played_at_its_own_speed_and_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "LIVE_BUFFER_FRAMES", 100)
    source = LiveSource(settings(write_clip(tmp_path / "fast.mp4", 6, fps=20), mode="live"))
    frames = read_all(source)
    assert [frame.index for frame in frames] == list(range(6))
    assert frames[-1].timestamp - frames[0].timestamp >= 0.2  # 0.25 by the clock of the file
    assert frames[-1].media_time == pytest.approx(frames[-1].timestamp - frames[0].timestamp)


def test_a_camera_that_nobody_reads_drops_its_oldest_frames_and_counts_them(
    camera: FakeCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "LIVE_BUFFER_FRAMES", 2)
    camera.captures = [FakeCapture(10)]
    source = LiveSource(settings(0, reconnect_for_s=0))
    while source.dropped < 8:
        source._closing.wait(0.005)
    first, second = source.get(timeout=1), source.get(timeout=1)
    assert first is not None
    assert second is not None
    assert (first.index, second.index, source.dropped) == (8, 9, 8)
    with pytest.raises(ServiceError):
        source.get(timeout=2)
    source.close()


def test_a_camera_that_is_lost_is_opened_again_and_its_numbers_go_on(
    camera: FakeCamera, log_lines: list[str]
) -> None:
    camera.captures = [FakeCapture(3), FakeCapture(0, opens=False), FakeCapture(2)]
    source = LiveSource(settings("rtsp://user:secret@camera/1", reconnect_for_s=0.2))
    frames = [source.get(timeout=2) for _ in range(5)]
    with pytest.raises(ServiceError, match=r"sent no frames for 0\.2 s"):
        source.get(timeout=5)
    source.close()
    assert [frame and frame.index for frame in frames] == [0, 1, 2, 3, 4]
    times = [frame.media_time for frame in frames if frame]
    assert times == sorted(times)
    assert times[0] == 0
    assert any("is back" in line for line in log_lines)
    assert not any("secret" in line for line in log_lines)


def test_with_no_patience_a_lost_camera_is_given_up_at_once(camera: FakeCamera) -> None:
    camera.captures = [FakeCapture(1)]
    source = LiveSource(settings(0, reconnect_for_s=0))
    source.get(timeout=1)
    with pytest.raises(ServiceError, match=r"frame_grabber\.source: 0 sent no frames"):
        source.get(timeout=2)
    source.close()
    assert len(camera.opened) == 1


def test_a_webcam_that_is_not_there_is_an_error_of_the_first_read(camera: FakeCamera) -> None:
    source = LiveSource(settings(0))
    with pytest.raises(ServiceError, match="0 cannot be opened"):
        source.get(timeout=2)
    source.close()


def test_a_network_camera_that_is_not_there_yet_is_tried_again(camera: FakeCamera) -> None:
    camera.captures = [FakeCapture(0, opens=False), FakeCapture(0, opens=False), FakeCapture(1)]
    source = LiveSource(settings("rtsp://camera/1", reconnect_for_s=60))
    frame = source.get(timeout=2)
    source.close()
    assert frame is not None
    assert frame.index == 0


def test_a_driver_that_never_answers_is_given_up(camera: FakeCamera) -> None:
    released = threading.Event()

    class Hanging(FakeCapture):
        def grab(self) -> bool:
            return not released.wait(10)

    def read_until_it_fails() -> None:
        while True:
            with contextlib.suppress(queue.Empty):
                source.get(timeout=0.02)

    camera.captures = [Hanging(1)]
    source = LiveSource(settings(0, open_timeout_s=0.05, read_timeout_s=0.05, reconnect_for_s=0))
    with pytest.raises(ServiceError, match=r"0 has not sent a frame for 0\.1 s"):
        read_until_it_fails()
    released.set()
    source.close()


def test_a_camera_without_a_frame_yet_is_waited_for(camera: FakeCamera) -> None:
    camera.captures = [FakeCapture(0)]
    source = LiveSource(settings(0, reconnect_for_s=60))
    with pytest.raises(queue.Empty):
        source.get(timeout=0.02)
    source.close()


def test_closing_a_camera_that_tries_to_come_back_does_not_wait_for_it(
    camera: FakeCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "FIRST_RECONNECT_DELAY_S", 30)
    camera.captures = [FakeCapture(1)]
    source = LiveSource(settings(0, reconnect_for_s=60))
    source.get(timeout=1)
    source.close()
    assert not source._thread.is_alive()


def test_a_camera_is_thinned_out_to_the_target_rate(camera: FakeCamera) -> None:
    camera.captures = [FakeCapture(500)]
    source = LiveSource(settings(0, reconnect_for_s=0, target_fps=1))
    taken: list[Any] = []
    with pytest.raises(ServiceError):
        taken.extend(iter(lambda: source.get(timeout=5), None))
    source.close()
    assert 1 <= len(taken) <= 2  # All 500 come within a moment.


def test_an_url_that_cannot_be_opened_keeps_its_password(camera: FakeCamera) -> None:
    with pytest.raises(ServiceError) as refusal:
        read_all(open_source(settings("rtsp://user:secret@camera/1", reconnect_for_s=0)))
    assert "secret" not in str(refusal.value)
    assert "rtsp://***@camera/1" in str(refusal.value)


def test_the_first_interval_gives_one_frame_only(camera: FakeCamera) -> None:
    camera.captures = [FakeCapture(500)]
    source = LiveSource(settings(0, reconnect_for_s=0, target_fps=1))
    taken: list[CapturedFrame | None] = []
    with pytest.raises(ServiceError):
        taken.extend(iter(lambda: source.get(timeout=5), None))
    source.close()
    assert len(taken) == 1


def test_an_error_nobody_foresaw_in_the_reading_thread_ends_the_source(camera: FakeCamera) -> None:
    class Broken(FakeCapture):
        def retrieve(self) -> tuple[bool, Any]:
            raise cv2.error("bad frame")

    camera.captures = [Broken(3)]
    source = LiveSource(settings(0, reconnect_for_s=0))
    with pytest.raises(ServiceError, match="bad frame"):
        source.get(timeout=2)
    source.close()


def test_a_camera_that_opens_again_and_again_but_sends_nothing_is_given_up(camera: FakeCamera) -> None:
    camera.captures = [FakeCapture(1)] + [FakeCapture(0) for _ in range(1000)]
    source = LiveSource(settings(0, reconnect_for_s=0.1, open_timeout_s=60))
    source.get(timeout=1)
    with pytest.raises(ServiceError, match=r"sent no frames for 0\.1 s"):
        source.get(timeout=1.5)
    source.close()

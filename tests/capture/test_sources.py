"""Frames from files and cameras. Cameras are faked, files are real."""

import contextlib
import queue
import threading
import time
from collections.abc import Iterator, Mapping
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.builders import write_clip
from traffic_monitor.capture import late_frames, live_source, opencv_reader, pyav_reader, retries
from traffic_monitor.capture.failures import FailureCode, SourceFailure
from traffic_monitor.capture.file_source import FileSource
from traffic_monitor.capture.frames import CapturedFrame, FrameSource, Place
from traffic_monitor.capture.live_source import LiveSource
from traffic_monitor.capture.sources import is_finite_url, open_source, with_recordings_as_files
from traffic_monitor.settings import FrameGrabberSettings, Settings
from traffic_monitor.shared_utils.clock import ArrivalClock
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


def read_until_lost(source: LiveSource) -> list[CapturedFrame]:
    """All frames of a camera that is given up when it is lost."""
    frames: list[CapturedFrame] = []
    try:
        with pytest.raises(ServiceError):
            frames.extend(frame for frame in iter(lambda: source.get(timeout=5), None))
    finally:
        source.close()
    return frames


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


class SteppedClock(ArrivalClock):
    """A camera's clock: each frame comes 40 ms after the one before; the system clock is set after some frames."""

    def __init__(self, steps: Mapping[int, float]) -> None:
        self.frames = 0
        self._steps = dict(steps)
        self._wall_s = 1_000_000.0
        super().__init__(lambda: self.frames / 25, lambda: self._wall_s + self.frames / 25)

    def next_frame(self) -> None:
        self.frames += 1
        self._wall_s += self._steps.get(self.frames, 0.0)


class ClockedCapture(FakeCapture):
    """A camera whose frames move a clock on."""

    def __init__(self, frames: int, clock: SteppedClock) -> None:
        super().__init__(frames)
        self.clock = clock

    def grab(self) -> bool:
        self.clock.next_frame()
        return super().grab()


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
    monkeypatch.setattr(opencv_reader, "open_capture", fake.open)
    monkeypatch.setattr(pyav_reader, "PyAvReader", opencv_reader.OpenCvReader)
    monkeypatch.setattr(retries, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(retries, "LONGEST_PAUSE_S", 0.004)
    monkeypatch.setattr(late_frames, "LONGEST_BURST_S", -1)  # Its frames come all at once, and none is late.
    monkeypatch.setattr(live_source, "LIVE_BUFFER_FRAMES", 100)
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


def test_a_file_answers_in_time_while_frames_are_left_out(clip: Path) -> None:
    source = FileSource(settings(clip, target_fps=5))
    first, waited = source.get(timeout=0), 0
    while True:
        try:
            second = source.get(timeout=0)
            break
        except queue.Empty:
            waited += 1
    source.close()
    assert first is not None
    assert second is not None
    assert (second.media_time, waited) == (pytest.approx(0.2), 4)


def test_the_clock_runs_on_where_the_container_gives_no_positions(camera: FakeCamera) -> None:
    camera.captures = [FakeCapture(4)]
    frames = read_all(FileSource(settings("clip.mp4")))
    assert [frame.media_time for frame in frames] == pytest.approx([0, 0.04, 0.08, 0.12])


@pytest.mark.parametrize(
    ("source", "changes"),
    [
        pytest.param("clip.mp4", {}, id="file"),
        pytest.param("clip.mp4", {"target_fps": 5}, id="thinned out"),
        pytest.param("clip.mp4", {"mode": "live"}, id="played"),
        pytest.param("https://host/clip.mp4", {"target_fps": 5}, id="URL of a recording that is played"),
    ],
)
def test_a_recording_that_ends_early_is_named(
    camera: FakeCamera, log_lines: list[str], source: str, changes: dict[str, Any]
) -> None:
    class Truncated(FakeCapture):
        def get(self, what: int) -> float:
            return 9.0 if what == cv2.CAP_PROP_FRAME_COUNT else super().get(what)

    camera.captures = [Truncated(4)]
    read_all(open_source(settings(source, **changes)))
    assert "WARNING the recording ended after 4 of 9 frames\n" in log_lines


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
    monkeypatch.setattr(live_source, "LIVE_BUFFER_FRAMES", 100)
    source = LiveSource(settings(write_clip(tmp_path / "fast.mp4", 6, fps=20), mode="live"))
    frames = read_all(source)
    assert [frame.index for frame in frames] == list(range(6))
    assert frames[-1].timestamp - frames[0].timestamp >= 0.2  # 0.25 by the clock of the file
    assert frames[-1].media_time == pytest.approx(frames[-1].timestamp - frames[0].timestamp, abs=0.01)


def test_a_camera_that_nobody_reads_drops_its_oldest_frames_and_counts_them(
    camera: FakeCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_source, "LIVE_BUFFER_FRAMES", 2)
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
    source = LiveSource(settings("rtsp://user:secret@127.0.0.1:1/1", reconnect_for_s=0.2))
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
    with pytest.raises(ServiceError, match=r"frame_grabber\.source: 0 sends no frames: there is no such webcam"):
        source.get(timeout=2)
    source.close()
    assert len(camera.opened) == 1


@pytest.mark.parametrize("which", [0, "rtsp://127.0.0.1:1/1"])
def test_a_camera_that_is_not_there_yet_is_tried_again(camera: FakeCamera, which: int | str) -> None:
    camera.captures = [FakeCapture(0, opens=False), FakeCapture(0, opens=False), FakeCapture(1)]
    source = LiveSource(settings(which, reconnect_for_s=60))
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
    monkeypatch.setattr(retries, "FIRST_PAUSE_S", 30)
    monkeypatch.setattr(retries, "LONGEST_PAUSE_S", 30)
    camera.captures = [FakeCapture(1)]
    source = LiveSource(settings(0, reconnect_for_s=60))
    source.get(timeout=1)
    source.close()
    assert not source._thread.is_alive()


def test_an_url_that_cannot_be_opened_keeps_its_password(camera: FakeCamera) -> None:
    with pytest.raises(ServiceError) as refusal:
        read_all(open_source(settings("rtsp://user:secret@127.0.0.1:1/1", reconnect_for_s=0)))
    assert "secret" not in str(refusal.value)
    assert "rtsp://***@127.0.0.1:1/1" in str(refusal.value)


def test_the_first_interval_gives_one_frame_only(camera: FakeCamera) -> None:
    camera.captures = [FakeCapture(500)]
    source = LiveSource(settings(0, reconnect_for_s=0, target_fps=1))
    taken: list[CapturedFrame | None] = []
    with pytest.raises(ServiceError):
        taken.extend(iter(lambda: source.get(timeout=5), None))
    source.close()
    assert len(taken) == 1


class Broken(FakeCapture):
    """Fails in a way that no reader foresees."""

    def retrieve(self) -> tuple[bool, Any]:
        raise cv2.error("bad frame")


def test_after_an_error_nobody_foresaw_a_camera_is_opened_again(camera: FakeCamera, log_lines: list[str]) -> None:
    camera.captures = [Broken(3), Broken(3), FakeCapture(1)]
    source = LiveSource(settings(0, reconnect_for_s=60))
    frame = source.get(timeout=2)
    source.close()
    assert frame is not None
    assert len([line for line in log_lines if line.startswith("ERROR")]) == 1
    assert "WARNING 0 sends no frames: it cannot be read: bad frame (tried for 60 s)\n" in log_lines


def test_an_error_nobody_foresaw_ends_a_source_that_is_tried_once(camera: FakeCamera) -> None:
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


@pytest.mark.parametrize("step_s", [-3600.0, -120.0, -2.0, 2.0, 120.0, 3600.0])
def test_a_step_of_the_system_clock_loses_no_frame_and_only_moves_the_stamps(
    camera: FakeCamera, log_lines: list[str], step_s: float
) -> None:
    clock = SteppedClock({50: step_s})
    camera.captures = [ClockedCapture(100, clock)]
    frames = read_until_lost(LiveSource(settings(0, reconnect_for_s=0), clock))
    assert [frame.index for frame in frames] == list(range(100))
    assert [frame.media_time for frame in frames] == pytest.approx([number / 25 for number in range(100)])
    expected = [1_000_000 + (number + 1) / 25 + (step_s if number >= 49 else 0) for number in range(100)]
    assert [frame.timestamp for frame in frames] == pytest.approx(expected)
    assert clock.steps == 1
    assert [line for line in log_lines if "the system clock was set by" in line]


def test_a_camera_is_thinned_out_to_the_target_rate_whatever_the_system_clock_does(camera: FakeCamera) -> None:
    clock = SteppedClock({20: -3600.0, 60: 3600.0})
    camera.captures = [ClockedCapture(100, clock)]
    frames = read_until_lost(LiveSource(settings(0, reconnect_for_s=0, target_fps=5), clock))
    assert [round(frame.media_time * 25) for frame in frames] == list(range(0, 100, 5))


def test_frames_that_the_target_rate_leaves_out_show_that_the_camera_lives(camera: FakeCamera) -> None:
    clock = SteppedClock({})
    camera.captures = [ClockedCapture(10**9, clock)]
    source = LiveSource(
        settings(0, target_fps=0.0001, open_timeout_s=0.01, read_timeout_s=0.01, reconnect_for_s=0), clock
    )
    assert source.get(timeout=2) is not None
    with pytest.raises(queue.Empty):
        source.get(timeout=0.1)
    source.close()


def test_frames_that_the_target_rate_leaves_out_show_that_a_played_file_goes_on(camera: FakeCamera) -> None:
    camera.captures = [FakeCapture(10**9)]
    slow = settings(
        "clip.mp4", mode="live", target_fps=0.0001, open_timeout_s=0.1, read_timeout_s=0.1, reconnect_for_s=0
    )
    source = LiveSource(slow)
    assert source.get(timeout=2) is not None
    with pytest.raises(queue.Empty):
        source.get(timeout=0.4)
    source.close()


def test_a_camera_is_tried_again_for_as_long_as_the_settings_say(camera: FakeCamera) -> None:
    camera.captures = [FakeCapture(1)]
    source = LiveSource(settings("rtsp://127.0.0.1:1/1", reconnect_for_s=0.5, open_timeout_s=60))
    source.get(timeout=2)
    started = time.monotonic()
    with pytest.raises(ServiceError, match=r"sent no frames for 0\.[5-9] s"):
        source.get(timeout=5)
    source.close()
    assert time.monotonic() - started == pytest.approx(0.6, abs=0.3)


def test_a_camera_that_did_not_answer_is_opened_when_a_connection_can_be_made(
    camera: FakeCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = SourceFailure(FailureCode.TIMED_OUT, "it does not answer in time")
    answers: list[SourceFailure | None] = [silent, silent, None]
    monkeypatch.setattr(live_source, "classify", lambda *_: silent)
    monkeypatch.setattr(live_source, "why_unreachable", lambda _: answers.pop(0))
    camera.captures = [FakeCapture(0, opens=False), FakeCapture(1)]
    source = LiveSource(settings("rtsp://camera/1"))
    assert source.get(timeout=2) is not None
    source.close()
    assert answers == []
    assert len(camera.opened) == 2


class Recording(FakeCapture):
    """The stream of a finite file: it states its number of frames, then ends."""

    def get(self, what: int) -> float:
        return float(5) if what == cv2.CAP_PROP_FRAME_COUNT else super().get(what)


def test_the_url_of_a_recording_ends_like_the_file(camera: FakeCamera) -> None:
    camera.captures = [Recording(5), Recording(5)]
    frames = read_all(LiveSource(settings("https://host/clip.mp4")))
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    assert len(camera.opened) == 1


def test_a_url_is_finite_if_it_states_its_number_of_frames(camera: FakeCamera) -> None:
    camera.captures = [Recording(5), FakeCapture(5)]
    urls = ["https://host/clip.mp4", "rtsp://camera/1", "rtsp://not-there/1"]
    assert [is_finite_url(settings(url)) for url in urls] == [True, False, False]
    assert not is_finite_url(settings("clip.mp4"))


@pytest.fixture
def served_clip(clip: Path) -> Iterator[str]:
    """The URL of the clip on a web server of this machine."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(clip.parent))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/{clip.name}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_run_reads_the_url_of_a_recording_like_the_file(clip: Path, served_clip: str) -> None:
    given = Settings(frame_grabber=settings(served_clip))
    played = with_recordings_as_files(given).frame_grabber
    assert (given.frame_grabber.is_live, played.is_live) == (True, False)
    served, local = read_all(open_source(played)), read_all(open_source(settings(clip)))
    assert [frame.media_time for frame in served] == [frame.media_time for frame in local]
    assert all((one.image == other.image).all() for one, other in zip(served, local, strict=True))


def test_a_mode_that_was_asked_for_is_kept(served_clip: str) -> None:
    given = Settings(frame_grabber=settings(served_clip, mode="live"))
    assert with_recordings_as_files(given) == given


@pytest.mark.parametrize("mode", ["file", "live"])
def test_a_recording_without_a_single_frame_is_an_error(camera: FakeCamera, mode: str) -> None:
    camera.captures = [Recording(0)]
    with pytest.raises(ServiceError, match="holds no frame that can be decoded"):
        read_all(open_source(settings("clip.mp4", mode=mode)))


@pytest.mark.parametrize("target_fps", [None, 30, 12.5, 10, 7])
def test_a_file_goes_on_behind_any_frame_as_if_it_had_never_been_closed(
    clip: Path, target_fps: float | None
) -> None:
    whole = read_all(FileSource(settings(clip, target_fps=target_fps)))
    for number, frame in enumerate(whole):
        rest = read_all(FileSource(settings(clip, target_fps=target_fps), Place(frame.index, frame.media_time)))
        expected = whole[number + 1 :]
        assert [(one.index, one.media_time) for one in rest] == [(one.index, one.media_time) for one in expected]
        assert all((one.image == other.image).all() for one, other in zip(rest, expected, strict=True))

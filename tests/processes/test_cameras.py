"""Network cameras that fail as real ones do: servers on loopback that are stopped, stalled and killed."""

import json
import queue
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from tests.servers import Mjpeg, RtspCamera, TcpCamera, free_port, http_answer, rtsp_answer, time_in
from tests.shared_material import START_TIMEOUT_S, Program, signal_once
from traffic_monitor.capture.frames import CapturedFrame
from traffic_monitor.capture.live_source import LiveSource
from traffic_monitor.settings import FrameGrabberSettings
from traffic_monitor.shared_utils.constants import ExitCode
from traffic_monitor.shared_utils.errors import ServiceError

BACK_WITHIN_S = 5.0
"""Promised from the return of a camera to its first frame."""
USUAL_DELAY_S = 0.8
"""From the making of a picture to its arrival: less than 0.1 s, but cores may be busy. Pictures that pile up while
a stream is opened are older."""

SECRET = "geh3imnis"

pytestmark = pytest.mark.timeout(180)


def settings(url: str, **changes: Any) -> FrameGrabberSettings:
    return FrameGrabberSettings.model_validate({"source": url, **changes})


class Watcher:
    """Takes all frames of a source and notes how old they were."""

    def __init__(self, source: LiveSource) -> None:
        self.source = source
        self.frames: list[CapturedFrame] = []
        self.delays: list[float] = []

    def watch(self, until: Callable[[], object], timeout_s: float) -> None:
        """Take frames until a condition holds."""
        deadline = time.monotonic() + timeout_s
        while not until():
            assert time.monotonic() < deadline, f"not within {timeout_s:g} s: {self.source.details()}"
            self.take()

    def take(self) -> None:
        """Take one frame, if one comes."""
        try:
            frame = self.source.get(timeout=0.1)
        except queue.Empty:
            return
        assert frame is not None
        self.frames.append(frame)
        self.delays.append(time.monotonic() - time_in(frame.image))

    def frames_again_after_s(self) -> float:
        """Watch until the next frame comes."""
        started, seen = time.monotonic(), len(self.frames)
        self.watch(lambda: len(self.frames) > seen, 30)
        return time.monotonic() - started

    def state(self, name: str) -> Callable[[], bool]:
        """A condition: the source is in a state."""
        return lambda: self.source.details()["source_state"] == name


@pytest.fixture
def rtsp() -> Iterator[RtspCamera]:
    with RtspCamera() as camera:
        yield camera


@pytest.fixture
def rtsp_with_password() -> Iterator[RtspCamera]:
    with RtspCamera(password=SECRET) as camera:
        yield camera


def test_an_rtsp_camera_that_restarts_is_watched_again_without_old_frames(
    rtsp: RtspCamera, log_lines: list[str]
) -> None:
    with closing(LiveSource(settings(rtsp.url))) as source:
        watcher = Watcher(source)
        watcher.watch(lambda: len(watcher.frames) >= 50, 20)
        rtsp.kill()
        watcher.watch(watcher.state("reconnecting"), 10)
        restarted = time.monotonic() + 4
        watcher.watch(lambda: time.monotonic() > restarted, 10)
        rtsp.start()
        assert watcher.frames_again_after_s() < BACK_WITHIN_S
        watcher.watch(lambda: len(watcher.frames) >= 100, 20)
        (outage,) = source.details()["outages"]
    assert max(watcher.delays) < USUAL_DELAY_S
    stamped = [frame.timestamp - time_in(frame.image) for frame in watcher.frames]
    assert max(stamped) - min(stamped) < USUAL_DELAY_S
    numbers = [frame.index for frame in watcher.frames]
    assert numbers == sorted(set(numbers))
    assert outage["ended_at"] - outage["started_at"] > 4
    assert any("is back after" in line for line in log_lines)


def test_an_rtsp_camera_that_stalls_is_noticed_and_no_old_frame_is_taken_for_a_new_one(rtsp: RtspCamera) -> None:
    with closing(LiveSource(settings(rtsp.url, read_timeout_s=2))) as source:
        watcher = Watcher(source)
        watcher.watch(lambda: len(watcher.frames) >= 25, 20)
        rtsp.stall()
        stalled = time.monotonic()
        watcher.watch(watcher.state("reconnecting"), 10)
        assert time.monotonic() - stalled < 2 + 1
        rtsp.go_on()
        assert watcher.frames_again_after_s() < BACK_WITHIN_S
        watcher.watch(lambda: len(watcher.frames) >= 75, 20)
    assert max(watcher.delays) < USUAL_DELAY_S


def test_the_delay_of_an_rtsp_camera_stays_flat_although_it_is_not_read_for_a_while(rtsp: RtspCamera) -> None:
    with closing(LiveSource(settings(rtsp.url))) as source:
        watcher = Watcher(source)
        watcher.watch(lambda: len(watcher.frames) >= 25, 20)
        time.sleep(2)
        watcher.take(), watcher.take()  # Those that the buffer holds.
        del watcher.delays[-2:]
        watcher.watch(lambda: len(watcher.frames) >= 75, 20)
        assert source.dropped > 20
    assert max(watcher.delays) < USUAL_DELAY_S


def test_a_password_that_is_right_opens_and_one_that_is_wrong_is_tried_once(
    rtsp_with_password: RtspCamera, log_lines: list[str]
) -> None:
    address = rtsp_with_password.url.removeprefix("rtsp://")
    with closing(LiveSource(settings(f"rtsp://admin:{SECRET}@{address}"))) as source:
        watcher = Watcher(source)
        watcher.watch(lambda: watcher.frames, 20)
    with closing(LiveSource(settings(f"rtsp://admin:wr0ng@{address}"))) as source:
        watcher = Watcher(source)
        watcher.watch(watcher.state("refused"), 10)
    assert any("refuses user or password" in line and "next try in 5 min" in line for line in log_lines)
    assert not any(SECRET in line or "wr0ng" in line for line in log_lines)


def test_a_camera_is_watched_over_udp_where_the_settings_say_so(rtsp: RtspCamera) -> None:
    with closing(LiveSource(settings(rtsp.url, rtsp_transport="udp"))) as source:
        watcher = Watcher(source)
        watcher.watch(lambda: len(watcher.frames) >= 25, 20)
        assert psutil.Process().net_connections("udp")  # Its packets come to ports of their own.


@pytest.mark.parametrize(
    ("scheme", "handler"),
    [
        ("rtsp", rtsp_answer("401 Unauthorized", 'WWW-Authenticate: Basic realm="camera"')),
        ("http", http_answer("401 Unauthorized", header='WWW-Authenticate: Basic realm="camera"')),
    ],
)
def test_no_camera_locks_us_out(scheme: str, handler: Callable[..., None]) -> None:
    with TcpCamera(handler) as camera, closing(LiveSource(settings(camera.url(scheme, user="a:b")))) as source:
        watcher = Watcher(source)
        watcher.watch(watcher.state("refused"), 10)
        tried, asked = time.monotonic(), len(camera.connections)
        watcher.watch(lambda: time.monotonic() > tried + 3, 10)
        assert len(camera.connections) == asked


def test_a_camera_that_sends_jpegs_over_http_comes_back() -> None:
    jpegs = Mjpeg()
    camera = TcpCamera(jpegs)
    with camera, closing(LiveSource(settings(camera.url("http")))) as source:
        watcher = Watcher(source)
        watcher.watch(lambda: len(watcher.frames) >= 25, 20)
        camera.stop()
        watcher.watch(watcher.state("reconnecting"), 10)
        camera.start()
        assert watcher.frames_again_after_s() < BACK_WITHIN_S


def test_broken_jpegs_among_good_ones_are_skipped_and_counted() -> None:
    jpegs = Mjpeg(broken_every=5)
    with TcpCamera(jpegs) as camera, closing(LiveSource(settings(camera.url("http")))) as source:
        watcher = Watcher(source)
        watcher.watch(lambda: len(watcher.frames) >= 60, 30)
        assert len(camera.connections) == 1
        assert source.details()["outages"] == []
        assert source.damaged >= 10


def test_a_bounded_patience_is_waited_out_and_said(rtsp: RtspCamera) -> None:
    rtsp.kill()
    started = time.monotonic()
    with closing(LiveSource(settings(rtsp.url, reconnect_for_s=2))) as source:
        watcher = Watcher(source)
        with pytest.raises(ServiceError, match=r"sent no frames for 2\.\d s: nothing listens there"):
            watcher.watch(lambda: False, 10)
    assert time.monotonic() - started == pytest.approx(2, abs=0.5)


def test_a_run_goes_on_without_the_camera_that_is_away_and_no_password_is_anywhere(
    tmp_path: Path, rtsp_with_password: RtspCamera
) -> None:
    here = rtsp_with_password.url.replace("rtsp://", f"rtsp://admin:{SECRET}@")
    cameras = [
        {"camera_id": "away", "frame_grabber": {"source": f"http://127.0.0.1:{free_port()}/?pwd={SECRET}"}},
        {"camera_id": "here", "frame_grabber": {"source": here}},
    ]
    settings_file = tmp_path / "cameras.yaml"
    settings_file.write_text(yaml.safe_dump({"cameras": cameras, "supervisor": {"status_interval_s": 0.2}}))
    options = ["--config", str(settings_file), "--display", "off", "--save-video"]
    with Program(tmp_path, options) as program:
        program.wait_until(lambda: re.search(r"here: frames [1-9]", program.log), START_TIMEOUT_S, "frames")
        services = [psutil.Process(int(pid)) for pid in re.findall(r"started .* as process (\d+)", program.log)]
        command_lines = [word for process in services for word in process.cmdline()]
        rtsp_with_password.kill()
        program.wait_until(lambda: "source reconnecting" in here_of(program), 10, "loss of the camera")
        rtsp_with_password.start()
        program.wait_until(lambda: "is back after" in program.log, 15, "return of the camera")
        signal_once(program, signal.SIGTERM)
        assert program.wait_for_end(30) == ExitCode.OK, program.console
        summaries = {
            camera_id: json.loads((program.output / f"latest_{camera_id}" / "summary.json").read_text())
            for camera_id in ("away", "here")
        }
        written = [path for path in tmp_path.rglob("*") if path.is_file() and path != settings_file]
        assert len(written) > 5
        assert [path for path in written if SECRET.encode() in path.read_bytes()] == []
    assert len(command_lines) > 10
    assert not any(SECRET in word for word in command_lines)
    assert summaries["away"]["source_failure"].startswith("nothing listens there")
    assert (summaries["away"]["frames"]["read"], summaries["here"]["source_state"]) == (0, "running")
    assert len(summaries["here"]["outages"]) == 1


def here_of(program: Program) -> str:
    """What the latest status line says of the camera that is here."""
    return program.log.rpartition("here: ")[2]

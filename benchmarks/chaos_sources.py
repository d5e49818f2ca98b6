"""What becomes of a camera whose server is killed, stalled or never right: recovery, delay and promises.

    python -m benchmarks.chaos_sources [--outages 5,40,180] [--times 3] [--delay-s 300] [--run-s 40]

Real servers on loopback, see ``tests/servers.py``. Outages, delay and wrong answers are measured on the live
source alone, without models; ``--run-s`` is the outage of one whole run (0: none). Prints the rows of
docs/RELIABILITY.md.
"""

import argparse
import queue
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from tests.servers import (
    Handler,
    Mjpeg,
    RtspCamera,
    TcpCamera,
    garbage,
    http_answer,
    rtsp_answer,
    silence,
    time_in,
)
from tests.shared_material import START_TIMEOUT_S, Program, signal_once
from traffic_monitor.capture.live_source import LiveSource
from traffic_monitor.settings import FrameGrabberSettings
from traffic_monitor.shared_utils.constants import SourceState

HEADER = "fault | tried | promise | happened | recovery median, worst | records lost"
STEADY_FRAMES = 50
RESTART_TIMEOUT_S = 60.0
WRONG_FOR_S = 12.0
"""How long a server that never gives a video is watched: longer than opening may take."""


class Watch:
    """Takes the frames of a camera whose pictures show when they were made."""

    def __init__(self, url: str) -> None:
        self.source = LiveSource(FrameGrabberSettings(source=url))
        self.frames = 0
        self.ages: list[float] = []
        """Of the frames since the last :meth:`restart`, seconds from their making to their arrival."""

    def take_for(self, seconds: float) -> None:
        """Take all frames that come in this time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._take(min(0.1, max(end - time.monotonic(), 0)))

    def take_frames(self, number: int) -> float:
        """Take so many frames; the seconds until the first of them."""
        started, wanted, first_s = time.monotonic(), self.frames + number, None
        while self.frames < wanted:
            if time.monotonic() - started > RESTART_TIMEOUT_S:
                raise RuntimeError(f"no frames: {self.source.details()}")
            if self._take(0.1) and first_s is None:
                first_s = time.monotonic() - started
        return first_s or 0.0

    def restart(self) -> None:
        """Forget the ages so far."""
        self.ages.clear()

    def _take(self, timeout: float) -> bool:
        try:
            frame = self.source.get(timeout=timeout)
        except queue.Empty:
            return False
        if frame is None:
            raise RuntimeError("the stream ended")
        self.frames += 1
        self.ages.append(time.monotonic() - time_in(frame.image))
        return True


def row(fault: str, tried: int, promise: str, happened: str, recoveries: list[float]) -> str:
    """One row of the table."""
    recovery = f"{statistics.median(recoveries):.1f} s, {max(recoveries):.1f} s" if recoveries else "-"
    return f"{fault} | {tried} | {promise} | {happened} | {recovery} | -"


def outages(
    name: str, url: str, away: Callable[[], None], back: Callable[[], None], seconds: float, times: int
) -> str:
    """A camera that goes away and comes back, again and again."""
    recoveries: list[float] = []
    watch = Watch(url)
    with closing(watch.source):
        watch.take_frames(STEADY_FRAMES)
        for _ in range(times):
            away()
            watch.take_for(seconds)
            back()
            watch.restart()
            recoveries.append(watch.take_frames(STEADY_FRAMES))
        recorded = len(watch.source.details()["outages"])
    in_time = sum(recovery <= 5 for recovery in recoveries)
    happened = (
        f"{in_time} of {times} in time, {recorded} outages reported, oldest frame {max(watch.ages):.2f} s old"
    )
    return row(f"{name} for {seconds:g} s", times, "frames again within 5 s of its return", happened, recoveries)


def camera_outages(seconds: float, times: int) -> Iterator[str]:
    """RTSP killed, RTSP stalled, MJPEG stopped and MJPEG stalled."""
    with RtspCamera() as camera:
        yield outages("RTSP server killed", camera.url, camera.kill, camera.start, seconds, times)
    with RtspCamera() as camera:
        yield outages("RTSP server stopped (SIGSTOP)", camera.url, camera.stall, camera.go_on, seconds, times)
    with TcpCamera(Mjpeg()) as http:
        yield outages("MJPEG server stopped", http.url("http"), http.stop, http.start, seconds, times)
    jpegs = Mjpeg()
    with TcpCamera(jpegs) as http:
        stall, go_on = jpegs.flowing.clear, jpegs.flowing.set
        yield outages("MJPEG stream stalled", http.url("http"), stall, go_on, seconds, times)


def delay(seconds: float) -> str:
    """The age of frames at the start and after a while."""
    with RtspCamera() as camera:
        watch = Watch(camera.url)
        with closing(watch.source):
            watch.take_frames(STEADY_FRAMES)
            watch.restart()
            watch.take_for(10)
            first = statistics.median(watch.ages)
            watch.take_for(max(seconds - 20, 0))
            watch.restart()
            watch.take_for(10)
            last, worst = statistics.median(watch.ages), max(watch.ages)
    happened = (
        f"median {first * 1000:.0f} ms at the start, {last * 1000:.0f} ms at the end (worst {worst * 1000:.0f} ms)"
    )
    return row(f"RTSP watched for {seconds:g} s", 1, "delay no larger than at the start", happened, [])


def wrong_servers() -> Iterator[str]:
    """Servers that never give a video: what is said of each, and how often it is asked."""
    asks = 'WWW-Authenticate: Basic realm="camera"'
    servers: list[tuple[str, str, Handler]] = [
        ("RTSP that answers 401", "rtsp", rtsp_answer("401 Unauthorized", asks)),
        ("HTTP that answers 401", "http", http_answer("401 Unauthorized", header=asks)),
        ("RTSP that answers 404", "rtsp", rtsp_answer("404 Not Found")),
        ("HTTP that answers 404", "http", http_answer("404 Not Found")),
        ("RTSP that sends garbage", "rtsp", garbage),
        ("HTTP that sends garbage", "http", garbage),
        ("RTSP that never answers", "rtsp", silence),
        ("HTTP that never answers", "http", silence),
    ]
    for name, scheme, handler in servers:
        with TcpCamera(handler) as camera:
            watch = Watch(camera.url(scheme, user="admin:secret"))
            with closing(watch.source):
                watch.take_for(WRONG_FOR_S)
                details = watch.source.details()
            refused = details["source_state"] == SourceState.REFUSED
            asked = f"{len(camera.connections)} connections in {WRONG_FOR_S:g} s"
            promise = "named; tried again after 5 min" if refused else "named; tried until it is right"
            yield row(name, 1, promise, f"{details['source_state']}: {details['source_failure']}; {asked}", [])


def broken_pictures() -> str:
    """One broken JPEG in five."""
    jpegs = Mjpeg(broken_every=5)
    with TcpCamera(jpegs) as camera:
        watch = Watch(camera.url("http"))
        with closing(watch.source):
            watch.take_for(20)
            happened = (
                f"{watch.frames} frames of {jpegs.sent} sent, {watch.source.damaged} counted as damaged, "
                f"{len(watch.source.details()['outages'])} outages"
            )
    return row("MJPEG with one broken picture in five, 20 s", 1, "skipped and counted", happened, [])


def whole_run(seconds: float) -> str:
    """One outage of the camera of a whole run, with its models."""
    with RtspCamera() as camera, tempfile.TemporaryDirectory() as folder:
        options = ["--source", camera.url, "--display", "off", "--set", "supervisor.status_interval_s=0.2"]
        with Program(Path(folder), options) as program:

            def frames() -> int:
                found = re.findall(r"frames (\d+)", program.log)
                return int(found[-1]) if found else 0

            program.wait_until(lambda: frames() > STEADY_FRAMES, START_TIMEOUT_S, "frames")
            camera.kill()
            time.sleep(seconds)
            before = frames()
            camera.start()
            back = time.monotonic()
            program.wait_until(lambda: frames() > before, RESTART_TIMEOUT_S, "frames after the return")
            recovery = time.monotonic() - back
            signal_once(program, 15)
            exit_code = program.wait_for_end(60)
            summary = program.summary
    happened = f"exit code {exit_code}, {len(summary['outages'])} outage in the summary, {summary['exit_reason']}"
    promise = "frames counted again within 5 s, plus 0.2 s between status lines"
    return row(f"whole run, RTSP server killed for {seconds:g} s", 1, promise, happened, [recovery])


def main() -> None:
    """Print a row for each fault as soon as it is measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--outages", default="5,40,180", help="lengths in seconds")
    parser.add_argument("--times", type=int, default=3, help="outages of each length")
    parser.add_argument("--delay-s", type=float, default=300.0)
    parser.add_argument("--run-s", type=float, default=40.0)
    options = parser.parse_args()
    print(HEADER, flush=True)
    for line in wrong_servers():
        print(line, flush=True)
    print(broken_pictures(), flush=True)
    for seconds in map(float, options.outages.split(",")):
        for line in camera_outages(seconds, options.times):
            print(line, flush=True)
    if options.run_s:
        print(whole_run(options.run_s), flush=True)
    if options.delay_s:
        print(delay(options.delay_s), flush=True)


if __name__ == "__main__":
    main()

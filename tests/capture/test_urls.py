"""URLs read from real servers on this machine: recordings, playlists, and servers that stall."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from typing import Any

import av
import pytest

from tests.capture.test_readers import BOTH, grabber, number_in, packets_of, read_all, write_video
from tests.servers import RtspCamera
from traffic_monitor.capture import pyav_reader
from traffic_monitor.capture.file_source import FileSource
from traffic_monitor.capture.pyav_reader import PyAvReader
from traffic_monitor.capture.readers import open_reader
from traffic_monitor.capture.sources import is_finite_url, open_source, with_recordings_as_files
from traffic_monitor.settings import FrameGrabberSettings, Settings
from traffic_monitor.shared_utils.clock import ArrivalClock
from traffic_monitor.shared_utils.errors import ServiceError


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """The URL of a web server for the test's folder; it knows no ranges."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: Any) -> None:
            """A test's output is not for requests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def stalling_server(head: bytes, body: bytes, before_body_s: float) -> Iterator[str]:
    """The URL of a server that sends a little, waits, sends some more, and then nothing."""
    leave = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: video/mp2t\r\n\r\n" + head)
            leave.wait(before_body_s)
            connection.sendall(body)
            leave.wait(30)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/live.ts"
        leave.set()
        thread.join()


def as_a_run_reads_it(url: str, reader: str) -> FrameGrabberSettings:
    return with_recordings_as_files(Settings(frame_grabber=grabber(url, reader=reader))).frame_grabber


@BOTH
@pytest.mark.parametrize(
    ("name", "options"),
    [
        pytest.param("clip.mp4", {"movflags": "faststart"}, id="a file whose index stands first"),
        pytest.param("clip.ts", {}, id="a transport stream"),
        pytest.param("list.m3u8", {"hls_time": "1", "hls_playlist_type": "vod"}, id="a playlist that ends"),
    ],
)
def test_the_url_of_a_recording_gives_what_the_file_gives_and_ends(
    tmp_path: Path, web: str, reader: str, name: str, options: dict[str, str]
) -> None:
    path = write_video(tmp_path / name, 60, bf="2", container_options=options)
    settings = as_a_run_reads_it(f"{web}/{name}", reader)
    if reader == "opencv" and name.endswith(".ts"):
        assert settings.is_live  # OpenCV does not say how long it is.
        return
    assert not settings.is_live
    served, local = read_all(FileSource(settings)), read_all(FileSource(grabber(path, reader=reader)))
    assert [number_in(frame.image) for frame in served] == list(range(60))
    assert [frame.media_time for frame in served] == [frame.media_time for frame in local]


def test_a_server_that_does_not_answer_any_more_is_noticed_after_the_read_timeout(tmp_path: Path) -> None:
    content = write_video(tmp_path / "clip.ts", 60).read_bytes()
    with stalling_server(content, b"", 0) as url:
        reader = PyAvReader(grabber(url, open_timeout_s=20, read_timeout_s=0.5))
        began = time.monotonic()
        with pytest.raises(ServiceError, match=r"live\.ts is lost: it did not answer in time") as failure:
            list(reader.live_frames(ArrivalClock()))
        assert time.monotonic() - began < 3
        assert isinstance(failure.value.__cause__, av.error.ExitError)
        reader.release()


def test_a_source_that_opens_slowly_is_given_up_after_the_time_to_open_in_all_its_steps(tmp_path: Path) -> None:
    content = write_video(tmp_path / "clip.ts", 10).read_bytes()
    began = time.monotonic()
    with (
        stalling_server(content[:564], content[564:1128], 0.7) as url,
        pytest.raises(ServiceError, match=r"cannot be opened: it did not answer in time"),
    ):
        PyAvReader(grabber(url, open_timeout_s=1, read_timeout_s=5))
    assert 0.9 < time.monotonic() - began < 1.6


def test_an_mp4_whose_index_stands_last_is_refused_at_once_with_the_reason_where_the_server_knows_no_ranges(
    tmp_path: Path, web: str
) -> None:
    write_video(tmp_path / "clip.mp4", 200)
    began = time.monotonic()
    with pytest.raises(ServiceError, match="does not send parts of a file, and this one has its index at the end"):
        read_all(FileSource(grabber(f"{web}/clip.mp4", mode="file")))
    assert time.monotonic() - began < 5


def test_a_recording_whose_server_breaks_off_is_an_error_after_all_frames_that_came(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", 100, bf="3", container_options={"movflags": "faststart"})
    content, came = path.read_bytes(), packets_of(path)[75][0]

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(4096)
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(content)}\r\n\r\n".encode()
            connection.sendall(head + content[:came])

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        source = FileSource(grabber(f"http://127.0.0.1:{listener.getsockname()[1]}/clip.mp4", mode="file"))
        numbers = []
        with pytest.raises(ServiceError, match=r"clip\.mp4 is lost") as failure:
            numbers.extend(number_in(frame.image) for frame in iter(lambda: source.get(timeout=5), None))
        source.close()
        thread.join()
    assert numbers == sorted(set(numbers))
    assert len(numbers) == 75
    assert isinstance(failure.value.__cause__, av.error.FFmpegError)


@pytest.mark.parametrize(
    ("transport", "expected"), [(None, {"rtsp_transport": "tcp"}), ("udp", {"rtsp_transport": "udp"})]
)
def test_an_rtsp_camera_is_read_over_tcp_unless_udp_is_set(
    monkeypatch: pytest.MonkeyPatch, transport: str | None, expected: dict[str, str]
) -> None:
    asked: list[dict[str, str]] = []

    def refuse(_source: str, _mode: str, options: dict[str, str], timeout: Any) -> None:
        asked.append(options)
        raise av.error.ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(pyav_reader.av, "open", refuse)
    changes = {"rtsp_transport": transport} if transport else {}
    with pytest.raises(ServiceError, match="cannot be opened: Connection refused"):
        PyAvReader(grabber("rtsp://camera/1", **changes))
    assert asked == [expected]


@BOTH
@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_real_rtsp_camera_is_read_over_either_transport(reader: str, transport: str) -> None:
    with RtspCamera() as camera:
        opened = open_reader(grabber(camera.url, reader=reader, rtsp_transport=transport))
        frames = [image for image, _ in islice(opened.live_frames(ArrivalClock()), 20)]
        opened.release()
    assert not opened.is_recording
    assert sum(image is not None for image in frames) >= 15


def test_a_url_that_cannot_be_opened_is_no_recording() -> None:
    assert not is_finite_url(grabber("http://127.0.0.1:1/clip.mp4"))
    with pytest.raises(ServiceError, match="Connection refused"):
        open_source(grabber("http://127.0.0.1:1/clip.mp4", mode="file"))

"""Cameras on this machine, real servers on loopback that tests start, stop, stall and kill."""

import contextlib
import os
import select
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np

from tests.shared_material import skip_or_fail
from traffic_monitor.shared_utils.frame_codec import Image

SYSTEM_PYTHON = Path("/usr/bin/python3")
"""Debian's own, which has GStreamer's bindings; a virtual environment has none."""
RTSP_SCRIPT = Path(__file__).with_name("rtsp_camera.py")
READY_TIMEOUT_S = 20.0

BITS, BIT_WIDTH = 40, 8
"""A picture shows the time of its making as a bar code, see ``rtsp_camera.py``."""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def time_in(image: Image) -> float:
    """When the picture of an RTSP or MJPEG camera was made, monotonic seconds, read from its bar code."""
    row = image[image.shape[0] // 2, :, 1]
    return sum(1 << bit for bit in range(BITS) if row[bit * BIT_WIDTH + BIT_WIDTH // 2] > 128) / 1000


def time_picture(seconds: float) -> Image:
    """A picture of 320x180 that shows monotonic seconds as a bar code."""
    milliseconds = int(seconds * 1000)
    row = np.repeat([235 if milliseconds >> bit & 1 else 16 for bit in range(BITS)], BIT_WIDTH)
    return np.broadcast_to(row[None, :, None], (180, BITS * BIT_WIDTH, 3)).astype(np.uint8)


class RtspCamera:
    """GStreamer's RTSP server in a process of its own, at ``rtsp://127.0.0.1:<port>/live``.

    Args:
        port: the same for a camera that comes back; by default a free one.
        password: of the user ``admin``; by default anybody may watch.
        fps: frames per second.
    """

    def __init__(self, port: int | None = None, password: str = "", fps: int = 25) -> None:
        self.port = port or free_port()
        self._options = ["--fps", str(fps), *(["--password", password] if password else [])]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    @property
    def url(self) -> str:
        """Without user and password."""
        return f"rtsp://127.0.0.1:{self.port}/live"

    def start(self) -> None:
        """Start the server and wait until it listens; the test is skipped where GStreamer is not installed."""
        need_rtsp_server()
        command = [str(SYSTEM_PYTHON), str(RTSP_SCRIPT), str(self.port), *self._options]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self._process.stdout is not None
        readable, _, _ = select.select([self._process.stdout], [], [], READY_TIMEOUT_S)
        assert readable, "the RTSP server does not start"
        assert self._process.stdout.readline() == b"ready\n", "the RTSP server cannot start"

    def kill(self) -> None:
        """The camera loses its power."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def stall(self) -> None:
        """The camera keeps its connections but does nothing."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """The camera works again."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)


def need_rtsp_server() -> None:
    """Skip the test where GStreamer's RTSP server is not installed."""
    check = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    if (
        not SYSTEM_PYTHON.exists()
        or subprocess.run([SYSTEM_PYTHON, "-c", check], capture_output=True, check=False).returncode
    ):
        skip_or_fail("gir1.2-gst-rtsp-server-1.0 and python3-gi are not installed")


Handler = Callable[[socket.socket], None]


class TcpCamera:
    """A server on loopback that hands every connection to a function, in a thread of its own.

    Args:
        handler: serves one connection; it may raise ``OSError``.
        port: the same for a camera that comes back; by default a free one.
    """

    def __init__(self, handler: Handler, port: int | None = None) -> None:
        self._handler = handler
        self.port = port or free_port()
        self.connections: list[socket.socket] = []
        """All that were ever made."""
        self._server = socket.socket()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen, again after a stop."""
        self._server = socket.socket()
        self._server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._server.bind(("127.0.0.1", self.port))
        self._server.listen(16)
        threading.Thread(target=self._accept, args=(self._server,), daemon=True).start()

    def stop(self) -> None:
        """Close everything."""
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def url(self, scheme: str, path: str = "/live", user: str = "") -> str:
        """The address of this server. Args: user: with password, as it stands before the ``@``."""
        return f"{scheme}://{user}{'@' if user else ''}127.0.0.1:{self.port}{path}"

    def _accept(self, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                self.connections.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            self._handler(connection)


def silence(connection: socket.socket) -> None:
    """Accepts and never answers."""
    while connection.recv(4096):
        pass


def garbage(connection: socket.socket) -> None:
    """Answers whatever is asked with noise, and closes."""
    connection.recv(4096)
    connection.sendall(os.urandom(100_000))
    _finish(connection)


def _finish(connection: socket.socket) -> None:
    """Close a connection when the other side has read everything; closed at once it could be reset."""
    connection.shutdown(socket.SHUT_WR)
    silence(connection)
    connection.close()


def http_answer(status: str, body: bytes = b"", content_type: str = "text/html", header: str = "") -> Handler:
    """One HTTP answer to everything."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
    answer = "\r\n".join([*lines, "Connection: close", *([header] if header else []), "", ""]).encode() + body

    def serve(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(answer)
        _finish(connection)

    return serve


def rtsp_answer(status: str, header: str = "") -> Handler:
    """One RTSP answer to everything."""

    def serve(connection: socket.socket) -> None:
        while request := connection.recv(4096).decode(errors="replace"):
            sequence = next((line for line in request.split("\r\n") if line.lower().startswith("cseq")), "CSeq: 1")
            lines = [f"RTSP/1.0 {status}", sequence, *([header] if header else []), "", ""]
            connection.sendall("\r\n".join(lines).encode())

    return serve


class Mjpeg:
    """A handler that sends JPEGs over HTTP for as long as anybody watches; each shows when it was made.

    Args:
        broken_every: each n-th picture is noise; 0: none.
        fps: pictures per second.
    """

    def __init__(self, broken_every: int = 0, fps: float = 25) -> None:
        self._broken_every = broken_every
        self._fps = fps
        self.sent = 0
        self.flowing = threading.Event()
        """Cleared: the camera keeps its connection but sends nothing."""
        self.flowing.set()

    def __call__(self, connection: socket.socket) -> None:
        connection.recv(4096)
        head = "HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"
        connection.sendall(head.encode())
        for part in self._parts():
            self.flowing.wait()
            connection.sendall(part)
            self.sent += 1
            time.sleep(1 / self._fps)

    def _parts(self) -> Iterator[bytes]:
        number = 0
        while True:
            number += 1
            _, encoded = cv2.imencode(".jpg", time_picture(time.monotonic()))
            jpeg = encoded.tobytes()
            if self._broken_every and number % self._broken_every == 0:
                jpeg = jpeg[:20] + os.urandom(len(jpeg) - 20)
            yield b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg) + jpeg + b"\r\n"

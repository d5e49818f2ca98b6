"""The whole program as a service: what its manager hears, and what another terminal sees of it."""

import json
import re
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shared_material import START_TIMEOUT_S, Program, signal_once
from traffic_monitor.app.cli import run_command_line
from traffic_monitor.shared_utils.constants import ExitCode

pytestmark = pytest.mark.timeout(240)

FED_EVERY_S = 1.0


class Manager:
    """The socket of a service manager."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)
        self.heard: list[str] = []

    def listen(self) -> list[str]:
        """All messages so far, each without the text of its status."""
        while True:
            try:
                self.heard.append(re.sub(r"\n?STATUS=.*", "", self._socket.recv(4096).decode()))
            except BlockingIOError:
                return self.heard

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    listening = Manager(tmp_path / "notify")
    yield listening
    listening.close()


def test_a_service_is_ready_feeds_its_watchdog_is_seen_and_finishes_what_is_queued(
    tmp_path: Path, manager: Manager, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--display", "off", "--set", "frame_grabber.mode=live"]  # The demo clip: 21 s.
    with Program(tmp_path, options, {"NOTIFY_SOCKET": str(manager.path)}) as program:
        program.wait_until(lambda: "READY=1\nWATCHDOG=1" in manager.listen(), START_TIMEOUT_S, "readiness")
        assert set(manager.heard[:-1]) <= {"WATCHDOG=1"}  # It was fed before, too.

        assert run_command_line(["status", "--output", str(program.output)]) == ExitCode.OK
        assert f"process {program.process.pid}: running" in capsys.readouterr().out

        program.process.suspend()  # Whoever watches the services hangs: the watchdog starves.
        time.sleep(FED_EVERY_S / 2)
        before = len(manager.listen())
        time.sleep(3 * FED_EVERY_S)
        assert len(manager.listen()) == before
        program.process.resume()
        program.wait_until(lambda: len(manager.listen()) > before, 10, "food for the watchdog")

        signal_once(program, signal.SIGTERM)
        assert program.wait_for_end(30) == ExitCode.OK
        assert manager.listen()[-1] == "STOPPING=1"
        assert manager.heard.count("READY=1\nWATCHDOG=1") == 1
        program.assert_nothing_left(1)
        assert program.summary["exit_reason"] == "stopped"
        assert run_command_line(["status", "--json", "--output", str(program.output)]) == ExitCode.ABORTED
        assert json.loads(capsys.readouterr().out) == []

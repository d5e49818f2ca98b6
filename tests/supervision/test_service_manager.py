"""Messages to the service manager: on a real datagram socket, as systemd has one."""

import os
import socket
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.supervision.fakes import Rehearsal
from tests.supervision.statuses import run_status
from traffic_monitor.supervision.service_manager import INTERVAL_S, ServiceManager
from traffic_monitor.supervision.states import RunState

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="abstract sockets are of Linux")


class Manager:
    """What a service manager hears."""

    def __init__(self, address: str) -> None:
        self.environment = {"NOTIFY_SOCKET": address}
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self._socket.setblocking(False)

    def heard(self) -> list[str]:
        """All messages since the last call, without the text of their status."""
        messages = []
        while True:
            try:
                messages.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return messages

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["a file", pytest.param("abstract", marks=linux_only)])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    address = str(tmp_path / "notify") if request.param == "a file" else f"@traffic-monitor-test-{os.getpid()}"
    listening = Manager(address)
    yield listening
    listening.close()


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_ready_is_said_once_and_the_watchdog_is_fed_from_the_start(manager: Manager) -> None:
    clock = Clock()
    notifying = ServiceManager(manager.environment, clock)
    for state in (RunState.STARTING, RunState.RUNNING, RunState.RUNNING, RunState.DRAINING, RunState.STARTING):
        notifying.update(run_status(state))
        clock.now += INTERVAL_S
    notifying.stopping()
    heard = [message.partition("\nSTATUS=")[0] for message in manager.heard()]
    fed = "WATCHDOG=1"
    assert heard == [fed, f"READY=1\n{fed}", fed, fed, fed, "STOPPING=1"]


def test_it_is_ready_at_once_but_else_writes_once_a_second(manager: Manager) -> None:
    clock = Clock()
    notifying = ServiceManager(manager.environment, clock)
    for state in (RunState.STARTING, RunState.STARTING, RunState.RUNNING, RunState.RUNNING):
        notifying.update(run_status(state))
        clock.now += INTERVAL_S / 10
    assert [message.startswith("READY=1") for message in manager.heard()] == [False, True]


def test_the_status_is_one_line_for_people(manager: Manager) -> None:
    notifying = ServiceManager(manager.environment)
    notifying.update(run_status(RunState.STARTING, ready=3))
    notifying.update(
        run_status(RunState.RUNNING, ended={"yard": "aborted: it is gone"}, frames={"gate": 7, "yard": 5})
    )
    assert [message.partition("STATUS=")[2] for message in manager.heard()] == [
        "loading models: 3 of 7 processes are ready",
        "running, 2 cameras, 1 of them lost, 12 frames, 0 counted, 0 plates, 0 drops",
    ]


def test_without_a_manager_nothing_is_sent() -> None:
    ServiceManager({}).update(run_status(RunState.RUNNING))


def test_a_manager_that_is_gone_is_reported_once_and_is_ready_again_when_it_is_back(
    tmp_path: Path, log_lines: list[str]
) -> None:
    clock = Clock()
    address = tmp_path / "notify"
    notifying = ServiceManager({"NOTIFY_SOCKET": str(address)}, clock)
    for _ in range(5):
        notifying.update(run_status(RunState.RUNNING))
        clock.now += INTERVAL_S
    (line,) = (line for line in log_lines if "service manager" in line)
    assert line.startswith(
        "ERROR the notification of the service manager failed, it is tried again later: [Errno 2]"
    )
    manager = Manager(str(address))
    clock.now += 60
    notifying.update(run_status(RunState.RUNNING))
    assert manager.heard()[0].startswith("READY=1")
    manager.close()


def test_the_watchdog_is_fed_by_the_watch_loop_also_in_the_pause_before_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("traffic_monitor.supervision.restarts.FIRST_PAUSE_S", 30.0)
    monkeypatch.setattr("traffic_monitor.supervision.supervisor.resume_point", lambda *_: None)
    rehearsal = Rehearsal(tmp_path, supervisor={"on_failure": "restart"})
    fed: list[float] = []
    rehearsal.show = lambda _status: fed.append(rehearsal.host.clock)
    for start in (0, 3):  # The first restart comes at once, the second after the pause.
        rehearsal.all_ready_at(start + 1)
        rehearsal.at(start + 2, "vehicle_detector", lambda service: service.end(-9))
    rehearsal.all_ready_at(38)
    rehearsal.all_finish_at(42)
    rehearsal.run()
    pauses = [later - earlier for earlier, later in pairwise(fed)]
    assert fed[-1] - fed[0] > 35
    assert max(pauses) < 5

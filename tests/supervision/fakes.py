"""A run without processes: fake children, a clock that jumps, and a script of what happens when."""

import os
import signal
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from traffic_monitor.runtime.control import Command, Report, ServiceControl, ServiceReport
from traffic_monitor.runtime.service_process import ServiceProcess
from traffic_monitor.settings import Settings
from traffic_monitor.supervision.children import Child, Host
from traffic_monitor.supervision.states import RunState
from traffic_monitor.supervision.supervisor import RunOutcome, RunStatus, Supervisor

TICK_S = 0.1
GIVE_UP_AFTER_S = 5000.0
"""Of the fake clock: a run that goes on for so long never ends."""


class FakeProcess:
    """A service that reports every second and does what the script says."""

    def __init__(self, pid: int, wire: Connection) -> None:
        self.pid = pid
        self.exitcode: int | None = None
        self.wire = wire
        self.control = ServiceControl(wire)
        self.processed = 0
        self.stopped = False
        """By SIGSTOP: it does nothing, and only SIGKILL ends it."""
        self.unkillable = False
        self.keeps_pipe = False
        """A process that it started holds the pipe open after its end."""
        self.ended_by: list[str] = []
        self.next_report = 0.0
        self._commands: list[Any] = []

    def end(self, exit_code: int = 0) -> None:
        self.exitcode = exit_code
        self.received()
        if not self.keeps_pipe:
            self.wire.close()

    def terminate(self) -> None:
        self.ended_by.append("SIGTERM")
        if not self.stopped and not self.unkillable:
            self.end(-signal.SIGTERM)

    def kill(self) -> None:
        self.ended_by.append("SIGKILL")
        if not self.unkillable:
            self.end(-signal.SIGKILL)

    def fail(self, reason: str) -> None:
        """End as a service does that cannot go on."""
        self.control.fail(reason)
        self.end(1)

    def lose_source(self, reason: str) -> None:
        """End as a grabber does whose camera is lost."""
        self.control.stream_ended()
        self.fail(reason)

    def finish(self) -> None:
        """End as a service does whose input has ended."""
        self.control.stream_ended()
        self.end()

    def received(self) -> list[Any]:
        """All commands that it was sent."""
        while not self.wire.closed and self.wire.poll():
            self._commands.append(self.wire.recv())
        return self._commands


class FakeTransport:
    """Queues are their names; the shutdown event is a flag."""

    def __init__(self) -> None:
        self.shutdown = False
        self.closed = False

    def edge(self, name: str, size: int) -> str:
        return name

    def control_wire(self) -> tuple[Connection, Connection]:
        return Pipe()

    def shut_down(self) -> None:
        self.shutdown = True

    def queue_fill(self) -> dict[str, int | None]:
        return {"raw_frames": 3}

    def close(self) -> None:
        self.closed = True


class FakeHost(Host):
    """Fake processes, and a clock that jumps to where the supervisor would have to wait for."""

    def __init__(self) -> None:
        self.transport = FakeTransport()  # type: ignore[assignment]
        self.clock = 100.0
        self.services: dict[str, FakeProcess] = {}
        self.specs: dict[str, ServiceProcess] = {}
        """Of the services started last."""
        self.generations = 0
        """Those that have ended."""
        self.ended: dict[str, FakeProcess] = {}
        """Services of generations that have ended, by label and number of the generation, from 1."""
        self.script: list[tuple[float, Callable[[], object]]] = []
        self.cannot_spawn: str | None = None
        self.listening: dict[Child, Connection] = {}

    def now(self) -> float:
        return self.clock

    def renew(self) -> None:
        self.transport = FakeTransport()  # type: ignore[assignment]
        self.generations += 1
        self.ended.update({f"{label} {self.generations}": each for label, each in self.services.items()})
        self.services.clear()

    def spawn(self, spec: ServiceProcess, wire: Connection) -> FakeProcess:
        if spec.label == self.cannot_spawn:
            raise OSError("Resource temporarily unavailable")
        # The supervisor closes its copy of the child's end, so the child needs one of its own.
        process = FakeProcess(1000 + len(self.services), Connection(os.dup(wire.fileno())))
        self.services[spec.label] = process
        self.specs[spec.label] = spec
        return process

    def at(self, seconds: float, act: Callable[[], object]) -> None:
        """Have something happen so many seconds after the start."""
        self.script.append((100.0 + seconds, act))
        self.script.sort(key=lambda each: each[0])

    def listen(self, child: Child, wire: Connection) -> None:
        self.listening[child] = wire

    def receive(self, timeout: float) -> list[tuple[Child, Report | None]]:
        heard = self._heard()
        if heard:
            return heard
        assert self.clock < 100.0 + GIVE_UP_AFTER_S, "the supervisor waits for ever"
        self.clock += min(timeout, TICK_S)
        while self.script and self.script[0][0] <= self.clock:
            self.script.pop(0)[1]()
        for process in self.services.values():
            self._live(process)
        return self._heard()

    def _heard(self) -> list[tuple[Child, Report | None]]:
        heard: list[tuple[Child, Report | None]] = []
        for child, wire in list(self.listening.items()):
            try:
                while wire.poll():
                    heard.append((child, wire.recv()))
            except (EOFError, OSError):
                heard.append((child, None))
                del self.listening[child]
        return heard

    def _live(self, process: FakeProcess) -> None:
        if process.exitcode is not None or process.stopped:
            return
        if self.transport.shutdown:  # type: ignore[attr-defined]
            process.ended_by.append("event")
            process.end(1)
        elif self.clock >= process.next_report:
            process.next_report = self.clock + 1
            process.control.report(ServiceReport(processed=process.processed))


class Rehearsal:
    """One run of the real supervisor with fake children."""

    def __init__(self, folder: Path, **values: Any) -> None:
        self.host = FakeHost()
        supervisor = {"on_failure": "stop"} | values.pop("supervisor", {})
        self.settings = Settings.model_validate({**values, "supervisor": supervisor})
        self.states: list[RunState] = []
        self.show: Callable[[RunStatus], None] = lambda _status: None
        run_dirs = [folder] * len(self.settings.each_camera())
        self.supervisor = Supervisor(self.settings, run_dirs, self._note_state, self.host)

    def _note_state(self, status: RunStatus) -> None:
        if not self.states or self.states[-1] is not status.state:
            self.states.append(status.state)
        self.show(status)

    def __getitem__(self, label: str) -> FakeProcess:
        return self.host.services[label]

    def at(self, seconds: float, label: str, act: Callable[[FakeProcess], object]) -> None:
        """Have one service do something so many seconds after the start."""
        self.host.at(seconds, lambda: act(self[label]))

    def all_ready_at(self, seconds: float) -> None:
        """Have all services load their models in so many seconds."""
        self.host.at(seconds, lambda: [each.control.ready() for each in self.host.services.values()])

    def all_finish_at(self, seconds: float, *except_for: str) -> None:
        """Have the sources end, and everybody else after them."""
        self.host.at(
            seconds,
            lambda: [
                each.finish()
                for label, each in self.host.services.items()
                if label not in except_for and each.exitcode is None and not each.stopped
            ],
        )

    def finish_on_stop(self) -> None:
        """Have all services finish what is queued as soon as the source has been told to stop."""

        def look() -> None:
            commands = self["frame_grabber"].received()
            if Command.STOP in commands:
                self.all_finish_at(self.host.clock - 100.0 + 1)
            else:
                self.host.at(self.host.clock - 100.0 + TICK_S, look)

        self.host.at(0, look)

    def signal_at(self, seconds: float, number: signal.Signals) -> None:
        """Send a signal to the supervisor."""
        self.host.at(seconds, lambda: signal.raise_signal(number))

    def run(self) -> RunOutcome:
        return self.supervisor.run()

    @property
    def seconds(self) -> float:
        """How long the run took, by the fake clock."""
        return self.host.clock - 100.0

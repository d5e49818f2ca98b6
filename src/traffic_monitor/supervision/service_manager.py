"""Messages to the service manager that started the program, by systemd's protocol ``sd_notify``.

The protocol is one datagram of ``NAME=value`` lines to the socket named in ``NOTIFY_SOCKET``:
https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
"""

import os
import socket
import time
from collections.abc import Callable, Mapping

from traffic_monitor.shared_utils.constants import ServiceName
from traffic_monitor.shared_utils.guarded import Guard
from traffic_monitor.supervision.states import RunState
from traffic_monitor.supervision.supervisor import RunStatus

INTERVAL_S = 1.0
"""Between two messages. A watchdog is fed by every message, and waits for many seconds."""


SEND_TIMEOUT_S = 0.5
"""How long to wait for a manager that is busy: the run must not wait for it."""


class ServiceManager:
    """systemd, or another manager that listens as it does. Without one, nothing is sent.

    Args:
        environment: where the manager has put the name of its socket.
        now: monotonic seconds.
    """

    def __init__(
        self, environment: Mapping[str, str] = os.environ, now: Callable[[], float] = time.monotonic
    ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        # "@" stands for the zero byte with which the name of a socket begins that is no file.
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._now = now
        self._guard = Guard("notification of the service manager", now)
        self._is_ready = False
        self._next = 0.0

    def update(self, status: RunStatus) -> None:
        """Feed the watchdog and say how the run is going. Called by the loop that watches the services.

        So the manager restarts the program when this loop hangs. What the services do is the loop's own concern.
        """
        is_ready = self._is_ready or status.state is not RunState.STARTING
        if is_ready is self._is_ready and self._now() < self._next:
            return
        self._next = self._now() + INTERVAL_S
        ready = ["READY=1"] if is_ready and not self._is_ready else []
        if self._send(*ready, "WATCHDOG=1", f"STATUS={_in_one_line(status)}"):
            self._is_ready = is_ready

    def stopping(self) -> None:
        """The run has ended: what is left is to write its results."""
        self._send("STOPPING=1", "STATUS=writing the results")

    def _send(self, *lines: str) -> bool:
        """Send lines; whether that was tried and did not fail."""
        return bool(self._address) and self._guard.attempt(lambda: self._send_now("\n".join(lines)))

    def _send_now(self, text: str) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(SEND_TIMEOUT_S)
            sender.sendto(text.encode(), self._address)


def _in_one_line(status: RunStatus) -> str:
    if status.state is RunState.STARTING:
        return f"loading models: {status.ready} of {status.processes} processes are ready"
    cameras = status.results.cameras.values()
    plural = "" if len(cameras) == 1 else "s"
    counted = sum(camera.counts.latest["total_count"] for camera in cameras if camera.counts.latest)
    dropped = sum(status.results.report_of(name).dropped for name in ServiceName)
    lost = sum(reason.startswith("aborted") for reason in status.ended.values())
    parts = [
        status.state.name.lower(),
        f"{len(cameras)} camera{plural}" + (f", {lost} of them lost" if lost else ""),
        f"{status.results.frames_processed} frames",
        f"{counted} counted",
        f"{sum(camera.plates_read for camera in cameras)} plates",
        f"{dropped} drops",
    ]
    return ", ".join(parts)

"""Hearing from real pipes."""

import os
import struct
import time
from multiprocessing import Pipe
from typing import Any

import pytest

from traffic_monitor.runtime.control import Failed, Ready
from traffic_monitor.shared_utils.constants import ServiceName
from traffic_monitor.supervision.children import Child, Host, hear_last_words, receive
from traffic_monitor.supervision.wiring import ProcessPlan

PLAN = ProcessPlan(ServiceName.OCR_READER, 0, "ocr_reader", [])


@pytest.fixture
def host() -> Host:
    return Host()


def connect(host: Host) -> tuple[Child, Any]:
    """A child without a process, and its end of the pipe."""
    ours, theirs = Pipe()
    child = Child(PLAN, None, ours, 0.0)  # type: ignore[arg-type]
    host.listen(child, ours)
    return child, theirs


def test_last_words_are_heard_to_the_end_of_the_pipe(host: Host) -> None:
    child, theirs = connect(host)
    theirs.send(Ready())
    theirs.send(Failed("no weights"))
    theirs.close()
    heard: list[object] = []
    hear_last_words([child], host, lambda _child, report: heard.append(report))
    assert heard == [Ready(), Failed("no weights")]
    assert child.wire is None


def test_half_a_report_holds_up_nobody(host: Host) -> None:
    """A service that was stopped while it sent a report never sends the rest."""
    _, stopped = connect(host)
    other, theirs = connect(host)
    os.write(stopped.fileno(), struct.pack("!i", 1000) + b"the first bytes")
    theirs.send(Ready())
    heard: list[tuple[Child, object]] = []
    started = time.monotonic()
    while not heard and time.monotonic() < started + 20:
        receive(host, 0.1, lambda child, report: heard.append((child, report)))
    assert heard == [(other, Ready())]

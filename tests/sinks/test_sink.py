"""A guarded sink: closed when it fails, opened again later, and never a reason to stop."""

import numpy as np
import pytest

from traffic_monitor.shared_utils.frame_codec import Image
from traffic_monitor.shared_utils.guarded import FIRST_PAUSE_S, LONGEST_PAUSE_S, STEADY_S, Guard
from traffic_monitor.sinks.sink import GuardedSink

FRAME = np.zeros((10, 20, 3), np.uint8)


class Sink:
    """Fails in the methods named in ``broken``."""

    def __init__(self, broken: set[str]) -> None:
        self._broken = broken
        self.calls: list[str] = []
        self.has_written = True

    def take(self, image: Image, media_time: float) -> None:
        self._call("take")

    def idle(self) -> None:
        self._call("idle")

    def close(self) -> None:
        self._call("close")

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if name in self._broken:
            raise OSError(f"{name}: no space left on device")


class Opened:
    """Opens sinks and keeps them; the clock is the test's."""

    def __init__(self) -> None:
        self.broken: set[str] = set()
        self.sinks: list[Sink] = []
        self.now = 0.0
        self.guarded = GuardedSink(self._open, Guard("video", clock=lambda: self.now))

    def _open(self) -> Sink:
        if "open" in self.broken:
            raise OSError("no such folder")
        self.sinks.append(Sink(self.broken))
        return self.sinks[-1]

    def take(self, frames: int) -> None:
        for _ in range(frames):
            self.guarded.take(FRAME, 0.0)


def test_frames_go_to_one_sink_opened_with_the_first() -> None:
    opened = Opened()
    opened.guarded.idle()
    assert opened.sinks == []
    opened.take(2)
    opened.guarded.idle()
    opened.guarded.close()
    assert [sink.calls for sink in opened.sinks] == [["take", "take", "idle", "close"]]


@pytest.mark.parametrize("broken", ["open", "take", "idle"])
def test_after_a_failure_the_sink_is_closed_and_another_one_opened_after_a_pause(
    broken: str, log_lines: list[str]
) -> None:
    opened = Opened()
    opened.broken |= {broken, "close"}
    for _ in range(5):
        opened.take(1)
        opened.guarded.idle()
    assert len(opened.sinks) == (broken != "open")
    assert all(sink.calls[-1] == "close" for sink in opened.sinks)
    opened.broken.clear()
    opened.now += FIRST_PAUSE_S
    opened.take(3)
    assert opened.sinks[-1].calls == ["take"] * 3
    assert len(log_lines) == 1


def test_a_sink_that_cannot_be_finished_is_reported(log_lines: list[str]) -> None:
    opened = Opened()
    opened.take(1)
    opened.broken.add("close")
    opened.guarded.close()
    opened.guarded.close()
    assert [line.partition(": ")[2] for line in log_lines] == ["close: no space left on device\n"]


def test_a_sink_is_not_taken_for_repaired_before_it_has_written_something(log_lines: list[str]) -> None:
    opened = Opened()
    for _ in range(3):
        opened.broken.add("take")
        opened.take(1)
        opened.broken.clear()
        opened.now += LONGEST_PAUSE_S
        opened.take(1)
        opened.sinks[-1].has_written = False
        opened.now += STEADY_S
        opened.take(1)
        opened.guarded.idle()
    assert len(log_lines) == 1
    opened.sinks[-1].has_written = True
    opened.take(1)
    opened.now += STEADY_S
    opened.take(1)
    assert [line.split()[0] for line in log_lines] == ["ERROR", "WARNING"]

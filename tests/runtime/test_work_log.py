"""What a service has done, and which of its failures are logged."""

import queue

import pytest

from traffic_monitor.runtime.transport import DropPolicy, Output
from traffic_monitor.runtime.work_log import REPEAT_AFTER_S, FailureLog, WorkLog


class Clocks:
    """A monotonic clock and the system clock, both set by the test."""

    def __init__(self) -> None:
        self.monotonic, self.wall = 50.0, 1_000_000.0

    def pass_time(self, seconds: float) -> None:
        self.monotonic += seconds
        self.wall += seconds


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def work(clocks: Clocks) -> WorkLog:
    return WorkLog(lambda: clocks.monotonic, lambda: clocks.wall)


def test_a_work_log_turns_into_a_report(work: WorkLog, clocks: Clocks) -> None:
    for seconds in (0.01, 0.03):
        clocks.pass_time(1)
        work.succeeded({"captured_at": clocks.wall - seconds}, seconds, 10 * seconds)
    work.failed({})
    waiting: queue.Queue[str] = queue.Queue(maxsize=1)
    output = Output(waiting, DropPolicy.DROP_OLDEST)
    for message in "abc":
        output.send(message, lambda: False)
    report = work.report([output, Output(queue.Queue())], 4, {"cam1": {"answer": 42}})
    assert (report.processed, report.errors, report.dropped) == (2, 1, 6)
    assert (report.busy_ms_p50, report.busy_ms_p95) == (10.0, 30.0)
    assert (report.wait_ms_p50, report.wait_ms_p95) == (100.0, 300.0)
    assert (report.latency_ms_p50, report.latency_ms_p95) == pytest.approx((10, 30))
    assert report.busy_s == pytest.approx(0.04)
    assert (report.first_done_at, report.last_done_at) == (51.0, 52.0)
    assert report.details == {"cam1": {"answer": 42}}


@pytest.mark.parametrize("step", [-3600.0, 3600.0], ids=["back", "forward"])
def test_a_clock_that_is_set_makes_no_latency(work: WorkLog, clocks: Clocks, step: float) -> None:
    captured = [clocks.wall]
    clocks.pass_time(0.1)
    clocks.wall += step  # A frame is on its way.
    for _ in range(3):
        work.succeeded({"captured_at": captured.pop()}, 0.01, 0.01)
        clocks.pass_time(0.2)
        captured.append(clocks.wall - 0.04)
    report = work.report([], 0, {})
    assert (report.latency_ms_p50, report.latency_ms_p95) == pytest.approx((40, 40))
    assert (report.first_done_at, report.last_done_at) == pytest.approx((50.1, 50.5))


def test_a_success_ends_its_own_cameras_row_of_failures_only(work: WorkLog) -> None:
    rows = [work.failed({"camera_id": camera}) for camera in ("north", "north", "yard")]
    work.succeeded({"camera_id": "yard"}, 0.01, 0.0)
    rows += [work.failed({"camera_id": camera}) for camera in ("north", "yard")]
    assert rows == [1, 2, 1, 3, 1]
    assert work.report([], 0, {}).errors == 5


def fail(log: FailureLog, frame_id: str, error: type[Exception] = ValueError) -> None:
    try:
        raise error(f"cannot read {frame_id}")
    except error as failure:
        log.add({"frame_id": frame_id}, failure)


def test_a_failure_of_each_kind_is_logged_at_once_and_then_once_a_minute(
    log_lines: list[str], clocks: Clocks
) -> None:
    log = FailureLog("ocr_reader", lambda: clocks.monotonic)
    for number in range(100):
        fail(log, f"f-{number}")
        clocks.pass_time(0.1)
    fail(log, "other", KeyError)
    clocks.pass_time(REPEAT_AFTER_S)
    fail(log, "later")
    firsts = [line.splitlines()[0] for line in log_lines]
    assert firsts == [
        "ERROR ocr_reader failed on frame f-0: cannot read f-0",
        "ERROR ocr_reader failed on frame other: 'cannot read other'",
        "ERROR ocr_reader failed on frame later: cannot read later (99 more since the last such line)",
    ]
    assert all("Traceback" in line for line in log_lines)


def test_a_message_with_a_damaged_camera_or_time_is_counted_like_any_other() -> None:
    work = WorkLog()
    damaged = {"camera_id": ["a"], "captured_at": "yesterday"}
    assert work.failed(damaged) == 1
    work.succeeded(damaged, 0.1, 0.1)
    assert work.failed(damaged) == 1

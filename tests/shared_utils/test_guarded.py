"""An output that fails harms nothing, and is reported once."""

from collections.abc import Callable

import pytest

from traffic_monitor.shared_utils.guarded import FIRST_PAUSE_S, LONGEST_PAUSE_S, STEADY_S, Guard


class Output:
    """Fails when told to, by a clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.error: Exception | None = None
        self.tried_at: list[float] = []
        self.guard = Guard("picture", clock=lambda: self.now)

    def write(self) -> None:
        self.tried_at.append(self.now)
        if self.error is not None:
            raise self.error

    def run(self, seconds: float, step: float = 0.1) -> None:
        for _ in range(round(seconds / step)):
            self.guard.attempt(self.write)
            self.now += step


def test_an_output_that_works_is_used_every_time_and_nothing_is_said(log_lines: list[str]) -> None:
    output = Output()
    assert all(output.guard.attempt(output.write) for _ in range(5))
    assert (len(output.tried_at), log_lines) == (5, [])


@pytest.mark.parametrize(
    "error", [OSError("no space left on device"), RuntimeError("the screen is gone")], ids=["disk", "anything"]
)
def test_a_failure_is_reported_once_and_never_raised(error: Exception, log_lines: list[str]) -> None:
    output = Output()
    output.error = error
    output.run(1000)
    assert len(log_lines) == 1
    assert log_lines[0].startswith(f"ERROR the picture failed, it is tried again later: {error}")


def test_the_pauses_between_attempts_grow_up_to_a_limit() -> None:
    output = Output()
    output.error = OSError()
    output.run(600, step=0.5)
    pauses = [after - before for before, after in zip(output.tried_at, output.tried_at[1:], strict=False)]
    assert pauses[:3] == [FIRST_PAUSE_S, 2 * FIRST_PAUSE_S, 4 * FIRST_PAUSE_S]
    assert pauses[-1] == LONGEST_PAUSE_S == max(pauses)


def test_an_output_that_works_again_is_reported_when_it_is_steady(log_lines: list[str]) -> None:
    output = Output()
    output.error = OSError()
    output.run(10)
    output.error = None
    output.run(FIRST_PAUSE_S * 4 + STEADY_S / 2)
    assert len(log_lines) == 1
    output.run(STEADY_S)
    assert [line.split(maxsplit=1)[1] for line in log_lines[1:]] == ["the picture works again\n"]
    output.error = OSError("full once more")
    output.run(10)
    assert "full once more" in log_lines[2]


def test_an_output_that_works_for_a_moment_only_is_not_reported_twice(log_lines: list[str]) -> None:
    output = Output()
    for _ in range(20):
        output.error = OSError()
        output.run(1)
        output.error = None
        output.run(STEADY_S / 2)
    assert len(log_lines) == 1


def test_whether_it_pauses_can_be_asked_before_the_work_is_done() -> None:
    output = Output()
    output.error = OSError()
    assert not output.guard.is_pausing
    output.guard.attempt(output.write)
    assert output.guard.is_pausing
    output.now += FIRST_PAUSE_S
    assert not output.guard.is_pausing


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_process_is_not_held_back(end: type[BaseException]) -> None:
    def leave() -> None:
        raise end

    action: Callable[[], None] = leave
    with pytest.raises(end):
        Guard("picture").attempt(action)

"""The states of a source, its outages, and the pauses between tries."""

import pytest

from traffic_monitor.capture.failures import FailureCode, SourceFailure
from traffic_monitor.capture.late_frames import LateFrames
from traffic_monitor.capture.retries import (
    FIRST_REFUSED_PAUSE_S,
    LONGEST_PAUSE_S,
    LONGEST_REFUSED_PAUSE_S,
    Retries,
)
from traffic_monitor.capture.source_state import MOST_OUTAGES, TRANSITIONS, SourceStatus
from traffic_monitor.shared_utils.constants import SourceState

REFUSED = SourceFailure(FailureCode.REFUSED_CREDENTIALS, "it refuses user or password")
GONE = SourceFailure(FailureCode.CONNECTION_REFUSED, "nothing listens there")
SLOW = SourceFailure(FailureCode.TIMED_OUT, "it does not answer in time")


class Clock:
    """Monotonic seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def status(clock: Clock) -> SourceStatus:
    return SourceStatus("rtsp://camera/1", 1000.0, clock)


def test_every_state_is_in_the_table_and_the_last_ones_lead_nowhere() -> None:
    assert set(TRANSITIONS) == set(SourceState)
    assert [state for state, following in TRANSITIONS.items() if not following] == ["ended", "failed"]


def test_a_camera_that_stalls_is_lost_and_comes_back_is_one_outage(
    status: SourceStatus, clock: Clock, log_lines: list[str]
) -> None:
    states = []
    status.frame_came(1001.0)
    clock.now += 1.9
    status.check_silence()
    states.append(status.state)
    clock.now += 0.2
    status.check_silence()
    states.append(status.state)
    for failure in (SLOW, GONE, REFUSED, GONE):
        status.lost(failure, "tried until it is back")
        states.append(status.state)
    clock.now += 10
    status.frame_came(1013.0)
    assert states == ["running", "stalled", "reconnecting", "reconnecting", "refused", "reconnecting"]
    assert status.details() == {
        "source_state": "running",
        "source_failure": None,
        "outages": [
            {"number": 1, "started_at": 1001.0, "ended_at": 1013.0, "reason": "nothing listens there"},
        ],
    }
    assert log_lines == [
        "INFO rtsp://camera/1 sends frames\n",
        "WARNING rtsp://camera/1 stalls: it has sent no frame for 2 s\n",
        "WARNING rtsp://camera/1 sends no frames: it does not answer in time (tried until it is back)\n",
        "WARNING rtsp://camera/1 sends no frames: nothing listens there (tried until it is back)\n",
        "WARNING rtsp://camera/1 sends no frames: it refuses user or password (tried until it is back)\n",
        "WARNING rtsp://camera/1 is back after 12.1 s\n",
    ]


def test_a_failure_that_lasts_for_a_month_is_logged_once(status: SourceStatus, log_lines: list[str]) -> None:
    for _ in range(1000):
        status.lost(GONE, "tried until it is back")
        status.lost(SLOW, "tried until it is back")
    assert len(log_lines) == 2
    assert status.details()["source_failure"] == "it does not answer in time"
    assert status.details()["outages"] == [
        {"number": 1, "started_at": 1000.0, "ended_at": None, "reason": "it does not answer in time"}
    ]


def test_only_the_latest_outages_are_reported(status: SourceStatus) -> None:
    for number in range(50):
        status.lost(GONE, "")
        status.frame_came(1000.0 + number)
    outages = status.details()["outages"]
    assert [outage["number"] for outage in outages] == list(range(51 - MOST_OUTAGES, 51))


def test_what_is_over_stays_over(status: SourceStatus) -> None:
    status.over(SourceState.FAILED)
    with pytest.raises(RuntimeError, match="cannot go from failed to running"):
        status.frame_came(1001.0)


def test_pauses_grow_to_the_longest_one_with_jitter() -> None:
    plain, jittered = Retries(lambda: 0.0), Retries(lambda: 1.0)
    pauses = [plain.next_pause_s(FailureCode.TIMED_OUT) for _ in range(20)]
    assert pauses[0] == 0.25
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE_S
    shorter = [jittered.next_pause_s(FailureCode.TIMED_OUT) for _ in range(20)]
    assert shorter == pytest.approx([0.8 * pause for pause in pauses])


def test_a_camera_that_breaks_off_again_and_again_is_not_hammered() -> None:
    retries = Retries(lambda: 0.0)
    pauses = []
    for worked_for_s in (1, 1, 1, 60):
        retries.worked_for(worked_for_s)
        pauses.append(retries.next_pause_s(FailureCode.CONNECTION_LOST))
    assert pauses == pytest.approx([0.25, 0.4, 0.64, 0.25])


def test_a_refused_password_is_tried_seldom() -> None:
    retries = Retries()
    pauses = [retries.next_pause_s(FailureCode.REFUSED_CREDENTIALS) for _ in range(6)]
    assert pauses == [300, 600, 1200, 2400, 3600, 3600]
    assert (pauses[0], pauses[-1]) == (FIRST_REFUSED_PAUSE_S, LONGEST_REFUSED_PAUSE_S)
    retries.worked_for(1)
    assert retries.next_pause_s(FailureCode.REFUSED_CREDENTIALS) == 300


def late(gaps: list[float], fps: float = 25) -> list[bool]:
    """Which frames are late that come with these gaps."""
    frames, now = LateFrames(fps, 0.0), 0.0
    answers = []
    for gap in gaps:
        now += gap
        answers.append(frames.includes(now))
    return answers


@pytest.mark.parametrize(
    ("gaps", "expected"),
    [
        pytest.param([0.2] + [0.04] * 5, [True] * 3 + [False] * 3, id="a camera that comes at its pace"),
        pytest.param([0.001] * 30 + [0.04] * 5, [True] * 33 + [False] * 2, id="piled up while opening"),
        pytest.param([0.001, 0.5, 0.001] + [0.04] * 5, [True] * 6 + [False] * 2, id="a hitch while catching up"),
        pytest.param(
            [0.04] * 5 + [4.0, 0.001] + [0.04] * 4, [True] * 3 + [False] * 2 + [True] * 5 + [False], id="a pause"
        ),
        pytest.param([3.5] * 5, [False] * 5, id="a camera with a frame every three seconds"),
        pytest.param([0.04] * 5 + [0.35, 0.001, 0.04], [True] * 3 + [False] * 5, id="a short hitch"),
    ],
)
def test_frames_that_waited_on_their_way_are_late(gaps: list[float], expected: list[bool]) -> None:
    assert late(gaps) == expected


def test_a_wrong_frame_rate_does_not_make_all_frames_late() -> None:
    answers = late([0.01] * 500, fps=5)
    assert answers.index(False) == pytest.approx(300, abs=2)
    assert not any(answers[302:])

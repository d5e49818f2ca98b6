"""The picture in place of frames while a camera sends none."""

import numpy as np
import pytest

from tests.builders import make_image
from traffic_monitor.drawing import no_signal as module
from traffic_monitor.drawing.no_signal import AFTER_S, FIRST_FRAME_AFTER_S, STILL_EVERY_S, NoSignal
from traffic_monitor.shared_utils.clock import Clock, parse_zone
from traffic_monitor.shared_utils.frame_codec import Image

NOON_UTC = 1_780_056_000.0


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is written, beside being drawn."""
    written: list[str] = []
    draw = module._with_text

    def note(picture: Image, text: str) -> Image:
        written.append(text)
        return draw(picture, text)

    monkeypatch.setattr(module, "_with_text", note)
    return written


def test_before_the_first_frame_a_plain_picture_is_due(texts: list[str]) -> None:
    no_signal = NoSignal(Clock(True), now=50.0)
    assert no_signal.still(50.0 + FIRST_FRAME_AFTER_S - 0.1) is None
    still = no_signal.still(50.0 + FIRST_FRAME_AFTER_S)
    assert still is not None
    assert still[0].shape == (360, 640, 3)
    assert not no_signal.has_frame
    assert texts == ["waiting for the first frame"]


def test_the_last_frame_is_darkened_under_the_time_of_day_at_the_camera(texts: list[str]) -> None:
    no_signal = NoSignal(Clock(True, parse_zone("Europe/Berlin")), now=0.0)
    frame = make_image()
    before = frame.copy()
    no_signal.frame_came(frame, NOON_UTC, media_time=7.0, now=100.0)
    assert no_signal.still(100.0 + AFTER_S - 0.1) is None
    still = no_signal.still(100.0 + AFTER_S)
    assert still is not None
    picture, media_time = still
    assert media_time == pytest.approx(7.0 + AFTER_S)
    assert texts == ["no signal since 14:00:00"]
    assert (frame == before).all()
    assert picture.shape == frame.shape
    corner = picture[:40].astype(int) - 0.35 * frame[:40]
    assert np.abs(corner).max() < 2
    assert (picture > 200).all(axis=2).any()


def test_one_still_a_second_until_frames_come_again(texts: list[str]) -> None:
    no_signal = NoSignal(Clock(True), now=0.0)
    no_signal.frame_came(make_image(), NOON_UTC, 0.0, now=10.0)
    ticks = [10.0 + number / 10 for number in range(100)]
    times = [still[1] for now in ticks if (still := no_signal.still(now)) is not None]
    assert np.diff(times) == pytest.approx([STILL_EVERY_S] * (len(times) - 1), abs=0.11)
    assert times[-1] == pytest.approx(9, abs=1)
    assert len(texts) == 1
    no_signal.frame_came(make_image(), NOON_UTC + 11, 11.0, now=21.0)
    assert no_signal.still(21.1) is None

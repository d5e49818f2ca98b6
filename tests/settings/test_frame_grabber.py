"""What the section ``frame_grabber`` takes, and what it refuses by name."""

from fractions import Fraction
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from traffic_monitor.settings import FrameGrabberSettings


@pytest.mark.parametrize(
    ("text", "ratio"),
    [
        pytest.param("auto", None, id="as the source states it"),
        pytest.param("16:11", Fraction(16, 11), id="YAML takes this for 16 times 60 plus 11"),
        pytest.param("2:1", Fraction(2), id="two to one"),
        pytest.param('"12:15"', Fraction(4, 5), id="in quotes"),
        pytest.param("64:45", Fraction(64, 45), id="larger numbers"),
    ],
)
def test_the_shape_of_a_pixel(text: str, ratio: Fraction | None) -> None:
    value = yaml.safe_load(text)
    assert FrameGrabberSettings.model_validate({"pixel_aspect": value}).pixel_ratio == ratio


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pixel_aspect": "wide"}, "should be auto or the width and height of a pixel"),
        ({"pixel_aspect": "9:1"}, "should be auto or the width and height of a pixel"),
        ({"pixel_aspect": "1:0"}, "should be auto or the width and height of a pixel"),
        ({"pixel_aspect": 1.5}, "pixel_aspect"),
        ({"width": 640}, "width and height of a webcam are set together"),
        ({"pixel_format": "JPEGS"}, "pixel_format"),
        ({"reader": "ffmpeg"}, "reader"),
        ({"rtsp_transport": "http"}, "rtsp_transport"),
        ({"fps": 0}, "fps"),
    ],
)
def test_what_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        FrameGrabberSettings.model_validate(changes)

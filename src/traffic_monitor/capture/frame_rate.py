"""The frame rate of a recording that holds no times, such as raw H.264."""

import re
from pathlib import PurePath

from loguru import logger

from traffic_monitor.capture.shown import describe_source
from traffic_monitor.capture.timeline import FALLBACK_FPS
from traffic_monitor.settings import FrameGrabberSettings

RATE_IN_NAME = re.compile(r"(?<![A-Za-z0-9])(?:FR(\d{1,3})|(\d{1,3}) ?fps)(?![A-Za-z0-9])", re.IGNORECASE)
"""As in ``junction_FR20_2026-05-04.h264`` or ``junction-25fps.h264``."""


def rate_without_times(settings: FrameGrabberSettings, stated: float | None) -> float:
    """Frames per second: of the settings, else stated by the codec, else in the file's name, else a guess.

    Args:
        settings: with the file's name and ``fps``.
        stated: what the codec's headers say.
    """
    named = RATE_IN_NAME.search(PurePath(str(settings.source)).name)
    rate = settings.fps or stated or (float(named[1] or named[2]) if named else None)
    if rate:
        return rate
    logger.warning(
        "{} states neither times nor a frame rate: {:g} frames/s are assumed, and all times depend on it; "
        "set frame_grabber.fps",
        describe_source(settings.source),
        FALLBACK_FPS,
    )
    return FALLBACK_FPS

"""What is shown instead of frames while a live camera sends none."""

import cv2
import numpy as np

from traffic_monitor.drawing.annotate import FONT, TEXT_COLOR
from traffic_monitor.shared_utils.clock import Clock
from traffic_monitor.shared_utils.frame_codec import Image

AFTER_S = 2.0
"""Seconds without a frame; shorter gaps are hitches of the network."""
FIRST_FRAME_AFTER_S = 10.0
"""The same before the first frame, for which other services still load their models."""
STILL_EVERY_S = 1.0
"""One picture a second keeps the video at real time, and is next to nothing in size."""

BRIGHTNESS = 0.35
PLAIN_SIZE = (360, 640)
PLAIN_GREY = 24


class NoSignal:
    """Decides when a still is due in place of frames, and makes it.

    Args:
        clock: the camera's, for the time of day.
        now: monotonic seconds.
    """

    def __init__(self, clock: Clock, now: float) -> None:
        self._clock = clock
        self._frame: Image | None = None
        self._still: Image | None = None
        self._timestamp = self._media_time = 0.0
        self._frame_at = now
        self._due = now + FIRST_FRAME_AFTER_S

    @property
    def has_frame(self) -> bool:
        """Whether a frame has ever come. The still before the first one has a size of its own."""
        return self._frame is not None

    def frame_came(self, image: Image, timestamp: float, media_time: float, now: float) -> None:
        """A frame is shown. Args: image: as it is shown. timestamp: epoch seconds. now: monotonic seconds."""
        self._frame, self._still = image, None
        self._timestamp, self._media_time = timestamp, media_time
        self._frame_at, self._due = now, now + AFTER_S

    def still(self, now: float) -> tuple[Image, float] | None:
        """The picture that is due and its place in time, seconds since the start of the source; None: none is due.

        Args:
            now: monotonic seconds.
        """
        if now < self._due:
            return None
        self._due = max(self._due + STILL_EVERY_S, now)
        if self._still is None:
            self._still = self._make()
        return self._still, self._media_time + now - self._frame_at

    def _make(self) -> Image:
        if self._frame is None:
            plain = np.full((*PLAIN_SIZE, 3), PLAIN_GREY, np.uint8)
            return _with_text(plain, "waiting for the first frame")
        dark = np.asarray(cv2.convertScaleAbs(self._frame, alpha=BRIGHTNESS), dtype=np.uint8)
        return _with_text(dark, f"no signal since {self._clock.local(self._timestamp):%H:%M:%S}")


def _with_text(picture: Image, text: str) -> Image:
    """Write a line across half the width of a picture, into its middle."""
    height, width = picture.shape[:2]
    (unscaled_width, _), _ = cv2.getTextSize(text, FONT, 1.0, 1)
    scale = 0.5 * width / unscaled_width
    stroke = max(round(2 * scale), 1)
    (text_width, text_height), _ = cv2.getTextSize(text, FONT, scale, stroke)
    place = (width - text_width) // 2, (height + text_height) // 2
    cv2.putText(picture, text, place, FONT, scale, TEXT_COLOR, stroke, cv2.LINE_AA)
    return picture

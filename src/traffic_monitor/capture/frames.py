"""What every source of frames gives: frames with their place in time."""

import time
from dataclasses import dataclass, field
from typing import Protocol

from traffic_monitor.capture.shown import describe_source
from traffic_monitor.settings import FrameGrabberSettings
from traffic_monitor.shared_utils.errors import ServiceError
from traffic_monitor.shared_utils.frame_codec import Image


@dataclass(frozen=True)
class CapturedFrame:
    """One frame as it came from the source."""

    image: Image
    index: int
    """0-based, counting frames that are dropped later."""
    media_time: float
    """Seconds since the first frame; never affected by the system clock."""
    timestamp: float
    """Epoch seconds of capture."""
    captured_at: float = field(default_factory=time.time)
    """When the frame was taken by this machine's clock; that of a file's frame is another than its timestamp."""


class FrameSource(Protocol):
    """A source of frames that can be read like a queue; ``None`` is its end."""

    @property
    def dropped(self) -> int:
        """Frames captured but never handed out."""

    frames_total: int | None
    """Frames that are going to come, where that is known."""

    def get(self, *, timeout: float) -> CapturedFrame | None:
        """Next frame. Raises ``queue.Empty`` after ``timeout``, ``ServiceError`` when the source is lost."""

    def close(self) -> None:
        """Release the capture."""


def no_frames(settings: FrameGrabberSettings) -> ServiceError:
    """The error of a recording that has ended without one frame."""
    return ServiceError(
        f"frame_grabber.source: {describe_source(settings.source)} holds no frame that can be decoded: "
        "the file is damaged or empty, or OpenCV lacks its codec"
    )

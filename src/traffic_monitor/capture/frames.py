"""What every source of frames gives: frames with their place in time."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from loguru import logger

from traffic_monitor.capture.shown import describe_source
from traffic_monitor.settings import FrameGrabberSettings
from traffic_monitor.shared_utils.clock import ArrivalClock
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


@dataclass(frozen=True)
class Place:
    """How far a recording has been processed: the last frame whose results are stored."""

    index: int
    """``CapturedFrame.index`` of that frame."""
    media_time: float
    """``CapturedFrame.media_time`` of that frame, in seconds."""


class Reader(Protocol):
    """An open source that yields frames at ``target_fps`` at most. Whoever opened it must ``release`` it.

    Opening, and reading on, raise ``ServiceError``. Its ``__cause__`` is the library's error where there is one
    (``av.error.FFmpegError``), which says what failed: a refused password, a time-out, an unknown codec.
    """

    fps: float
    """Frames per second that the source states, or a guess."""
    codec: str
    """Name of the codec, for people."""
    frame_count: int | None
    """Frames that a recording states; ``None`` for cameras and for files that do not state it."""
    is_recording: bool
    """Whether the source has an end: it states its length."""
    damaged: int
    """Frames so far that could not be decoded, or only with damage."""

    def media_frames(self, after: float | None = None) -> Iterator[tuple[Image | None, float]]:
        """Frames of a recording with their position in seconds since its start.

        A frame that the target rate leaves out, or that cannot be decoded, comes as ``None``.

        Args:
            after: position of a frame of an earlier reading; the frames behind it come, the same ones as then.
                Damage up to there is not counted again.
        """

    def live_frames(self, clock: ArrivalClock) -> Iterator[tuple[Image | None, float]]:
        """Frames of a camera with the monotonic seconds at which they came; it ends when the stream ends.

        A frame that the target rate leaves out, or that cannot be decoded, comes as ``None``: the camera lives.
        """

    def release(self) -> None:
        """Close the source."""

    def check_length(self) -> None:
        """Log what a recording that has ended lacks: damaged frames, and what is missing of its stated length."""


class FrameSource(Protocol):
    """A source of frames that can be read like a queue; ``None`` is its end."""

    @property
    def dropped(self) -> int:
        """Frames captured but never handed out."""

    @property
    def damaged(self) -> int:
        """Frames so far that could not be decoded, or only with damage."""

    frames_total: int | None
    """Frames that are going to come, where that is known."""

    def get(self, *, timeout: float) -> CapturedFrame | None:
        """Next frame. Raises ``queue.Empty`` after ``timeout``, ``ServiceError`` when the source is lost."""

    def close(self) -> None:
        """Release the capture."""


def log_damage(frames: int) -> None:
    """Log how many frames of a recording were damaged, if any."""
    if frames:
        logger.warning("{} frames of the source could not be decoded, or only with damage", frames)


def no_frames(settings: FrameGrabberSettings, codec: str) -> ServiceError:
    """The error of a recording that has ended without one frame."""
    return ServiceError(
        f"frame_grabber.source: {describe_source(settings.source)} holds no frame that can be decoded "
        f"(codec: {codec}): the file is damaged or empty, or of a kind that cannot be decoded here"
    )

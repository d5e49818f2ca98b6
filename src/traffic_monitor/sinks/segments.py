"""The annotated video of a camera in segments: files of some minutes, each complete on its own."""

import time
from collections.abc import Callable
from pathlib import Path

from traffic_monitor.shared_utils.clock import Clock
from traffic_monitor.shared_utils.frame_codec import Image
from traffic_monitor.sinks.video import VideoFile, unused_path

DAY_MIN = 24 * 60


class VideoSegments:
    """Writes one video file after the other; a new one begins with each interval of the camera's clock.

    Args:
        folder_at: makes the folder of a moment (epoch seconds) and returns it.
        clock: the camera's.
        minutes: length of a segment, a divisor of a day; None: a day.
        wall: epoch seconds, replaceable in tests.
    """

    def __init__(
        self,
        folder_at: Callable[[float], Path],
        clock: Clock,
        minutes: int | None,
        wall: Callable[[], float] | None = None,
    ) -> None:
        self._folder_at = folder_at
        self._clock = clock
        self._seconds = (minutes or DAY_MIN) * 60
        self._wall = wall or time.time
        self._file: VideoFile | None = None
        self._interval = 0.0
        self._begins_at = 0.0
        """Media seconds of the segment's first frame."""

    def take(self, image: Image, media_time: float) -> None:
        """Append one frame that belongs ``media_time`` seconds after the start of the source.

        Raises:
            OSError: the file cannot be written. Nothing but ``close`` may follow.
        """
        now = self._wall()
        interval = self._clock.interval_start(now, self._seconds)
        if self._file is not None and interval != self._interval:
            self.close()
        if self._file is None:
            path = self._folder_at(now) / segment_file(self._clock, now)
            self._file, self._interval, self._begins_at = VideoFile(unused_path(path)), interval, media_time
        self._file.take(image, media_time - self._begins_at)

    @property
    def has_written(self) -> bool:
        """Whether a part that can be played is in the present file."""
        return self._file is not None and self._file.has_written

    def idle(self) -> None:
        """Nothing to do: a file needs no care between frames."""

    def close(self) -> None:
        """Finish the present file.

        Raises:
            OSError: its end cannot be written.
        """
        file, self._file = self._file, None
        if file is not None:
            file.close()


def segment_file(clock: Clock, epoch_s: float) -> str:
    """Name of the segment that begins at a moment: the camera's date and time of day."""
    return f"annotated_{clock.local(epoch_s):%Y%m%d-%H%M%S}.mp4"

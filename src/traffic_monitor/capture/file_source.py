"""A recording that is read as fast as its frames are wanted."""

import queue
import time

from traffic_monitor.capture.frames import CapturedFrame, Place, no_frames
from traffic_monitor.capture.readers import open_reader
from traffic_monitor.settings import FrameGrabberSettings


class FileSource:
    """A video file, or the URL of one, read as fast as it is wanted; no frame is lost.

    Args:
        settings: which file, and its target rate.
        start_after: last frame of an earlier reading; this one goes on behind it, with the same numbers and times.
    """

    def __init__(self, settings: FrameGrabberSettings, start_after: Place | None = None) -> None:
        self._settings = settings
        self._reader = open_reader(settings)
        self._frames = self._reader.media_frames(start_after.media_time if start_after else None)
        self._start = settings.start_epoch_s
        self._next_index = start_after.index + 1 if start_after else 0
        self.dropped = 0
        self.frames_total = None if settings.target_fps else self._reader.frame_count

    @property
    def damaged(self) -> int:
        """Frames so far that could not be decoded, or only with damage."""
        return self._reader.damaged

    def get(self, *, timeout: float) -> CapturedFrame | None:
        """Next frame; ``None`` at the end of the file.

        Raises:
            queue.Empty: ``timeout`` seconds have passed with frames that the target rate leaves out.
            ServiceError: the file ended without a single frame.
        """
        deadline = time.monotonic() + timeout
        for image, position in self._frames:
            if image is not None:
                index, self._next_index = self._next_index, self._next_index + 1
                return CapturedFrame(image, index, position, self._start + position)
            if time.monotonic() >= deadline:
                raise queue.Empty
        if not self._next_index:
            raise no_frames(self._settings, self._reader.codec)
        self._reader.check_length()
        return None

    def close(self) -> None:
        """Release the file."""
        self._reader.release()

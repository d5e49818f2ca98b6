"""A recording that is read as fast as its frames are wanted."""

import queue
import time

from traffic_monitor.capture.frames import CapturedFrame, no_frames
from traffic_monitor.capture.opencv_reader import OpenCvReader
from traffic_monitor.settings import FrameGrabberSettings


class FileSource:
    """A video file, or the URL of one, read as fast as it is wanted; no frame is lost."""

    def __init__(self, settings: FrameGrabberSettings) -> None:
        self._settings = settings
        self._reader = OpenCvReader(settings)
        self._frames = self._reader.media_frames()
        self._start = settings.start_epoch_s
        self._next_index = 0
        self.dropped = 0
        self.frames_total = None if settings.target_fps else self._reader.frame_count

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
            raise no_frames(self._settings)
        self._reader.check_length()
        return None

    def close(self) -> None:
        """Release the file."""
        self._reader.release()

"""Which reader opens a source."""

from traffic_monitor.capture.frames import Reader
from traffic_monitor.capture.opencv_reader import OpenCvReader
from traffic_monitor.settings import FrameGrabberSettings


def open_reader(settings: FrameGrabberSettings) -> Reader:
    """Open the source with the reader that the settings name.

    Raises:
        ServiceError: the source cannot be opened.
    """
    return OpenCvReader(settings)

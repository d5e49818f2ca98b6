"""Which reader opens a source."""

from traffic_monitor.capture.frames import Reader
from traffic_monitor.settings import FrameGrabberSettings, ReaderType


def open_reader(settings: FrameGrabberSettings) -> Reader:
    """Open the source with the reader that the settings name; the other one's library is not loaded.

    Raises:
        ServiceError: the source cannot be opened.
    """
    if settings.reader is ReaderType.OPENCV or settings.is_webcam:
        from traffic_monitor.capture.opencv_reader import OpenCvReader

        return OpenCvReader(settings)
    from traffic_monitor.capture.pyav_reader import PyAvReader

    return PyAvReader(settings)

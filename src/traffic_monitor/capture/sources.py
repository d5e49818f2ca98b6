"""Which kind of source the settings name, and opening it."""

from traffic_monitor.capture.file_source import FileSource
from traffic_monitor.capture.frames import FrameSource, Place
from traffic_monitor.capture.live_source import LiveSource
from traffic_monitor.capture.readers import open_reader
from traffic_monitor.settings import FrameGrabberSettings, Settings, SourceMode
from traffic_monitor.shared_utils.errors import ServiceError
from traffic_monitor.shared_utils.resume import ResumePoint


def open_source(settings: FrameGrabberSettings, after: ResumePoint | None = None) -> FrameSource:
    """Open the source the settings name.

    Args:
        settings: which source.
        after: the frame behind which its frames go on; None: at the first one.

    Raises:
        ServiceError: it cannot be opened. For a live source this comes with the first ``get``.
    """
    if settings.is_live:
        return LiveSource(settings, after=after)
    return FileSource(settings, Place(after.frame_index, after.media_time) if after else None)


def with_recordings_as_files(settings: Settings) -> Settings:
    """The settings for a run: the URL of a recording is read like the file, so that no frame of it is dropped.

    Beside other cameras it stays live, because they share their queues; it is played at its own speed then.
    """
    grabber = settings.frame_grabber
    if settings.cameras or grabber.mode is not SourceMode.AUTO or not is_finite_url(grabber):
        return settings
    as_file = grabber.model_copy(update={"mode": SourceMode.FILE})
    return settings.model_copy(update={"frame_grabber": as_file})


def is_finite_url(settings: FrameGrabberSettings) -> bool:
    """Whether the source is the URL of a recording: one that states its length.

    Opens it, which takes ``open_timeout_s`` at most. What cannot be opened is taken for a camera.
    """
    if not settings.is_network:
        return False
    try:
        reader = open_reader(settings)
    except ServiceError:
        return False
    reader.release()
    return reader.is_recording

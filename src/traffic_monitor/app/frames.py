"""Frames of one source without a process, and pictures of them: for tools that look at a source."""

import queue
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2

from traffic_monitor.capture.shown import describe_source
from traffic_monitor.capture.sources import open_source
from traffic_monitor.services.frame_grabber import FrameGrabber
from traffic_monitor.settings import Settings
from traffic_monitor.settings.loader import ConfigError
from traffic_monitor.shared_utils.custom_types import FrameMessage
from traffic_monitor.shared_utils.errors import ServiceError

READ_TIMEOUT_S = 0.5


def frames_of(
    settings: Settings, on_frame: Callable[[int, int | None], None] = lambda _done, _total: None
) -> Iterator[FrameMessage]:
    """The frames of a source as the grabber sends them on.

    Args:
        settings: of one camera.
        on_frame: called after each frame with the number of frames done, and of all, if that is known.

    Raises:
        ServiceError: the source cannot be opened, or sends nothing for ``frame_grabber.open_timeout_s``. A camera
            is tried once: somebody waits for the answer.
    """
    grabber = FrameGrabber(settings)
    source = open_source(settings.frame_grabber.model_copy(update={"reconnect_for_s": 0}))
    # A little longer than the source itself waits, so that it can say what is wrong.
    patience = settings.frame_grabber.open_timeout_s + 2 * READ_TIMEOUT_S
    try:
        heard = time.monotonic()
        while time.monotonic() - heard < patience:
            try:
                captured = source.get(timeout=READ_TIMEOUT_S)
            except queue.Empty:
                continue
            if captured is None:
                return
            yield from grabber.process(captured)
            on_frame(captured.index + 1, source.frames_total)
            heard = time.monotonic()
    finally:
        source.close()
    shown = describe_source(settings.frame_grabber.source)
    raise ServiceError(f"frame_grabber.source: no frame came from {shown} within {patience:g} s")


def first_frame_of(settings: Settings) -> FrameMessage:
    """The first frame of a source.

    Raises:
        ServiceError: there is none, or the source cannot be opened.
    """
    frames = frames_of(settings)
    try:
        return next(frames)
    except StopIteration:
        shown = describe_source(settings.frame_grabber.source)
        raise ServiceError(f"frame_grabber.source: {shown} holds no frame") from None
    finally:
        frames.close()  # type: ignore[attr-defined]


def check_can_write(picture: Path) -> None:
    """Refuse a file that no picture can be written to, before there is a picture to lose.

    Raises:
        ConfigError: its folder does not exist, or its name does not end like that of a picture.
    """
    where = f"--to: {picture}: the picture cannot be written there"
    if not picture.parent.is_dir():
        raise ConfigError(f"{where}: the folder does not exist")
    if not cv2.haveImageWriter(str(picture)):
        raise ConfigError(f"{where}: its name must end in .png or .jpg")

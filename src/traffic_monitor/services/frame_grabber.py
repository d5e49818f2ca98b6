"""Frame grabber: a video file, webcam or network camera in, ``FrameMessage`` out."""

import queue
import time
import uuid
from collections.abc import Mapping
from functools import partial
from typing import Any

import cv2
import numpy as np
from loguru import logger

from traffic_monitor.capture.frames import CapturedFrame, FrameSource
from traffic_monitor.capture.live_source import LiveSource
from traffic_monitor.capture.masks import paint_masks
from traffic_monitor.capture.shown import describe_source
from traffic_monitor.capture.sources import open_source
from traffic_monitor.runtime.control import ServiceControl
from traffic_monitor.runtime.service_loop import Service, ShutdownEvent, run_service
from traffic_monitor.runtime.transport import DropPolicy
from traffic_monitor.runtime.workers import Queues, open_output
from traffic_monitor.settings import Settings
from traffic_monitor.shared_utils.constants import ServiceName
from traffic_monitor.shared_utils.custom_types import FrameMessage
from traffic_monitor.shared_utils.frame_codec import Image, encode_frame


class FrameGrabber(Service):
    """Turns captured frames into messages."""

    def __init__(self, config: Settings, source: "GrabberSource | None" = None) -> None:
        self._config = config.frame_grabber
        self._camera_id = config.camera_id
        self._masks = config.privacy.masks
        self._source = source
        self._media_seconds = 0.0
        self._size: tuple[int, int] | None = None
        """Width and height of the pictures that are sent on."""
        self._came = (0, 0)
        """Width and height of the latest picture of the source."""

    def process(self, message: CapturedFrame) -> list[FrameMessage]:
        """Resize, mask, encode and label one frame."""
        image = paint_masks(self._resized(message.image), self._masks)
        # The last frame lasts as long as the frames before it did on average.
        self._media_seconds = message.media_time * (1 + 1 / message.index) if message.index else 0.0
        return [
            FrameMessage(
                frame_id=str(uuid.uuid4()),
                camera_id=self._camera_id,
                timestamp=message.timestamp,
                frame_index=message.index,
                media_time=message.media_time,
                captured_at=message.captured_at,
                frame_data_jpeg=encode_frame(image, self._config.jpeg_quality),
                frame_height=image.shape[0],
                frame_width=image.shape[1],
            )
        ]

    def _resized(self, image: Image) -> Image:
        """The picture in the size of the first one, which is that of the source or ``resize_width``.

        A source may change its size midway. Lines, zones, masks and tracks then keep their places in the picture.
        """
        came = image.shape[1], image.shape[0]
        if self._size is None:
            width = min(self._config.resize_width or came[0], came[0])
            self._came = came
            self._size = width, max(round(came[1] * width / came[0]), 1)
        if came != self._came:
            logger.warning(
                "{}: the size of the picture has changed from {} x {} to {} x {} pixels; "
                "it is sent on as {} x {}, with lines, zones and masks in their places",
                self._camera_id, *self._came, *came, *self._size,
            )  # fmt: skip
            self._came = came
        if came == self._size:
            return image
        interpolation = cv2.INTER_AREA if self._size[0] < came[0] else cv2.INTER_LINEAR
        return np.asarray(cv2.resize(image, self._size, interpolation=interpolation), dtype=np.uint8)

    def details(self) -> Mapping[str, Any]:
        """The source, how far it is, how many frames it has and were damaged; of a live one its state."""
        live = self._source.live_details() if self._source else {}
        return {
            "source": describe_source(self._config.source),
            "media_seconds": self._media_seconds,
            "frames_total": self._source.frames_total if self._source else None,
            "dropped_at_source": self._source.dropped if self._source else 0,
            "frames_damaged": self._source.damaged if self._source else 0,
            **live,
        }

    def details_by_camera(self) -> Mapping[str, Mapping[str, Any]]:
        """The details of its only camera."""
        return {self._camera_id: self.details()}

    def close(self) -> None:
        """Release the capture."""
        if self._source is not None:
            self._source.close()


class GrabberSource:
    """The frame source as the supervisor allows it: read from start to stop.

    A file is opened right away, so that a bad one is noticed before the models are loaded; a camera only on start,
    because its first frames would be old by then.
    """

    def __init__(self, settings: Settings, control: ServiceControl) -> None:
        self._config = config = settings.frame_grabber
        self._resumed = settings.resume_point
        self._control = control
        self._source: FrameSource | None = None if config.is_live else open_source(config, self._resumed)

    def get(self, *, timeout: float) -> CapturedFrame | None:
        """Next frame; ``None`` at the end of the source or when the run is to stop. None comes in a pause."""
        if self._control.stop_requested:
            return None
        if not self._control.started or (self._control.paused and not self._config.is_live):
            time.sleep(min(timeout, 0.02))
            raise queue.Empty
        if self._source is None:
            self._source = open_source(self._config, self._resumed)
        return self._source.get(timeout=timeout)

    @property
    def dropped(self) -> int:
        """Frames captured but never handed out."""
        return self._source.dropped if self._source else 0

    @property
    def damaged(self) -> int:
        """Frames so far that could not be decoded, or only with damage."""
        return self._source.damaged if self._source else 0

    @property
    def frames_total(self) -> int | None:
        """Frames that are going to come, where that is known."""
        return self._source.frames_total if self._source else None

    def live_details(self) -> Mapping[str, Any]:
        """What a live source reports of itself; nothing of a file, and before the start."""
        return self._source.details() if isinstance(self._source, LiveSource) else {}

    def close(self) -> None:
        """Release the source if it was opened."""
        if self._source is not None:
            self._source.close()


def frame_grabber_process(
    config: Settings,
    output_q: Queues,
    shutdown_event: ShutdownEvent,
    control: ServiceControl | None = None,
) -> None:
    """Run the frame grabber until its source ends, a stop is requested, or the shutdown event is set.

    Args:
        config: the settings of one camera.
        output_q: ``raw_frames``, or one queue per detecting worker.
        shutdown_event: when set, leave at once.
        control: wire to the supervisor.
    """
    control = control or ServiceControl()
    policy = DropPolicy.DROP_OLDEST if config.frame_grabber.is_live else DropPolicy.BLOCK
    source = GrabberSource(config, control)
    output = open_output(output_q, policy, partial(control.lost, ServiceName.VEHICLE_DETECTOR))
    run_service(
        ServiceName.FRAME_GRABBER,
        lambda: FrameGrabber(config, source),
        source,
        [output],
        shutdown_event,
        control,
    )

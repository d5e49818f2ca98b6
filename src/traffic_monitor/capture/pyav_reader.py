"""Reading a video file or network stream with PyAV, which hands FFmpeg's errors on."""

import time
from collections.abc import Iterator
from itertools import chain
from typing import Any, cast

import av
import av.error
import numpy as np
from av.container import InputContainer
from av.stream import Discard, Disposition
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, VideoReformatter
from av.video.stream import VideoStream
from loguru import logger

from traffic_monitor.capture.frame_rate import rate_without_times
from traffic_monitor.capture.frames import log_damage
from traffic_monitor.capture.pictures import upright, with_square_pixels
from traffic_monitor.capture.shown import describe_source
from traffic_monitor.capture.timeline import FALLBACK_FPS, Beat, LivePace, Timeline
from traffic_monitor.settings import FrameGrabberSettings
from traffic_monitor.shared_utils.clock import ArrivalClock
from traffic_monitor.shared_utils.errors import ServiceError
from traffic_monitor.shared_utils.frame_codec import Image

NO_TIMES = 0x80
"""FFmpeg's ``AVFMT_NOTIMESTAMPS``: the container states no times."""

LIVE_DECODER_THREADS = 2
"""Each further one delays a live picture by a frame. A recording is decoded with as many as there are cores."""

MOST_READ_FAILURES = 100
"""Failed reads one after the other, after which a damaged file is taken to be at its end."""

SEEK_FROM_S = 5.0
"""A place nearer to the start is reached by decoding all that is before it."""

SEEK_EARLIER_S = (0.0, 2.0, 10.0, 60.0)
"""A container may put one behind the place that was asked for: then an earlier one is asked for."""

SAME_TIME_S = 1e-6
"""Times this close are those of one frame."""

SHORTEST_LOSS_S = 1.0
"""A recording is cut off if at least this much of its stated length is missing; its last frame lasts a while."""

NO_RANGES = "its server does not send parts of a file, and this one has its index at the end: download it first"


class PyAvReader:
    """See ``Reader``.

    Raises:
        ServiceError: the source cannot be opened, holds no video, or its codec is not known.
    """

    def __init__(self, settings: FrameGrabberSettings) -> None:
        self._settings = settings
        self._shown = f"frame_grabber.source: {describe_source(settings.source)}"
        self.damaged = 0
        self._packets = 0
        self._position = 0.0
        self._reformatter = VideoReformatter()
        self._open()
        stream = self._stream
        self.codec = stream.codec_context.codec.canonical_name
        self._has_times = not self._container.format.flags & NO_TIMES
        if self._has_times or settings.is_live:
            self.fps = float(stream.average_rate or stream.base_rate or FALLBACK_FPS)
        else:
            self.fps = rate_without_times(settings, float(stream.codec_context.framerate or 0))
        self._duration = _duration(self._container, stream)
        self.frame_count = stream.frames or (round(self._duration * self.fps) if self._duration else None)
        # A server that states the size of what it sends sends a file, even where nobody knows its length in time.
        self.is_recording = settings.is_file or self.frame_count is not None or self._container.size > 0

    def media_frames(self, after: float | None = None) -> Iterator[tuple[Image | None, float]]:
        """Frames of a recording, see ``Reader``."""
        timeline, beat = Timeline(self.fps), Beat(self._settings.target_fps, after)
        for frame in self._frames_around(after) if after else self._decoded():
            position = self._position if frame is None else timeline.place(self._stated(frame))
            self._position = position
            is_known = after is not None and position <= after + SAME_TIME_S
            if is_known:
                self.damaged = 0  # It was counted in the earlier reading.
            wanted = frame is not None and not is_known and beat.wants(position)
            yield self._image(frame) if frame is not None and wanted else None, position

    def live_frames(self, clock: ArrivalClock) -> Iterator[tuple[Image | None, float]]:
        """Frames of a camera, see ``Reader``."""
        pace = LivePace(self._settings.target_fps)
        for frame in self._decoded():
            now = clock.monotonic()
            yield self._image(frame) if frame is not None and pace.wants(now) else None, now

    def release(self) -> None:
        """Close the source."""
        self._container.close()

    def check_length(self) -> None:
        """Log what a recording that has ended lacks."""
        log_damage(self.damaged)
        stated = 0 if self._sought else self._stream.frames
        if stated and self._packets < stated:
            logger.warning("the recording ended after {} of {} frames", self._packets, stated)
        elif not stated and self._duration and self._position < self._duration - SHORTEST_LOSS_S:
            logger.warning("the recording ended after {:.1f} of {:.1f} s", self._position, self._duration)

    def _open(self) -> None:
        self._sought = False
        try:
            self._container = _open_container(self._settings)
        except av.error.FFmpegError as error:
            raise ServiceError(f"{self._shown} cannot be opened: {_reason(error)}") from error
        try:
            self._stream = self._video_stream()
        except ServiceError:
            self._container.close()
            raise

    def _video_stream(self) -> VideoStream:
        """The video of the container, ready to be decoded; its other streams are left out."""
        pictures = Disposition.attached_pic | Disposition.still_image
        found = [stream for stream in self._container.streams.video if not stream.disposition & pictures]
        if not found:
            raise ServiceError(f"{self._shown} holds no video")
        best = self._container.streams.best("video")
        stream = next((one for one in found if one is best), found[0])
        if stream.codec_context is None:
            raise ServiceError(f"{self._shown} cannot be decoded: there is no decoder for its codec")
        for other in self._container.streams:
            other.discard = Discard.default if other is stream else Discard.all
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = LIVE_DECODER_THREADS if self._settings.is_live else 0
        return stream

    def _decoded(self) -> Iterator[VideoFrame | None]:
        """Frames in their order; ``None`` for a packet that the decoder refuses."""
        for packet in self._demuxed():
            try:
                frames = packet.decode()
            except av.error.EOFError:
                return
            except av.error.FFmpegError:
                self.damaged += 1
                yield None
                continue
            for frame in frames:
                self.damaged += frame.is_corrupt
                yield frame

    def _demuxed(self) -> "Iterator[av.Packet[VideoStream]]":
        """Packets, with an empty one at the end that gets the last frames out of the decoder.

        In a file, reading goes on behind a place that cannot be read.
        """
        failures: list[av.error.FFmpegError] = []
        while len(failures) < (1 if self._settings.is_network else MOST_READ_FAILURES):
            try:
                for packet in self._container.demux(self._stream):
                    failures = []
                    self._packets += packet.size > 0
                    yield packet
            except av.error.FFmpegError as error:
                self.damaged += self._settings.is_file
                failures.append(error)
            else:
                return
        if self.is_recording:  # The last frames of a camera would be old by now.
            last = cast("av.Packet[VideoStream]", av.Packet())
            last.stream = self._stream
            yield last
        if self._settings.is_network:
            reason = NO_RANGES if self.is_recording and not self._packets else _reason(failures[-1])
            raise ServiceError(f"{self._shown} is lost: {reason}") from failures[-1]

    def _frames_around(self, after: float) -> Iterator[VideoFrame | None]:
        """Frames from one at or before a position on: from the keyframe before it where one can seek."""
        for earlier in SEEK_EARLIER_S if self._has_times and after >= SEEK_FROM_S else ():
            frames = self._seek(after - earlier)
            first = next((frame for frame in frames if frame is not None), None)
            stated = self._stated(first) if first is not None else None
            if stated is not None and stated <= after + SAME_TIME_S:
                return chain([first], frames)
        if self._sought:
            self._container.close()
            self._open()
        return self._decoded()

    def _seek(self, position: float) -> Iterator[VideoFrame | None]:
        """Frames from the keyframe before a position on; none where the container cannot be sought in."""
        self._sought = True
        try:
            at = int((max(position, 0) + self._started()) / float(self._stream.time_base or 1))
            self._container.seek(at, stream=self._stream)
        except av.error.FFmpegError:
            return iter(())
        return self._decoded()

    def _started(self) -> float:
        """Time in the container of its first frame, in seconds."""
        stream = self._stream
        return float((stream.start_time or 0) * (stream.time_base or 0))

    def _stated(self, frame: VideoFrame) -> float | None:
        """Position of a frame in seconds, if the container states it."""
        if not self._has_times or frame.pts is None:
            return None
        return float(frame.pts * (frame.time_base or 0)) - self._started()

    def _image(self, frame: VideoFrame) -> Image | None:
        """The frame as a picture; ``None`` if its pixels cannot be converted."""
        # BT.601 whatever the stream states, as OpenCV's capture has it: both readers give the same pixels.
        colors: dict[str, Any] = {"src_colorspace": Colorspace.ITU601, "dst_colorspace": Colorspace.ITU601}
        try:
            converted = self._reformatter.reformat(frame, format="bgr24", threads=1, **colors)
        except av.error.FFmpegError:
            self.damaged += 1
            return None
        plane = converted.planes[0]
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[
            : frame.height, : frame.width * 3
        ]
        image = np.ascontiguousarray(rows).reshape(frame.height, frame.width, 3)
        aspect = self._settings.pixel_ratio or self._stream.codec_context.sample_aspect_ratio
        return upright(with_square_pixels(image, aspect), frame.rotation)


class _TimeLeft:
    """Seconds until a deadline, as a number that PyAV asks for at every step of opening."""

    def __init__(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds

    def __float__(self) -> float:
        return max(self._deadline - time.monotonic(), 0.0)


def _open_container(settings: FrameGrabberSettings) -> InputContainer:
    source = str(settings.source)
    if not settings.is_network:
        return av.open(f"file:{source}", "r")  # The scheme keeps a colon in the name from being taken for one.
    limits: Any = (_TimeLeft(settings.open_timeout_s), settings.read_timeout_s)
    options = {"rtsp_transport": settings.rtsp_transport.value} if source.lower().startswith("rtsp") else {}
    return av.open(source, "r", options=options, timeout=limits)


def _duration(container: InputContainer, stream: VideoStream) -> float | None:
    """Length of a recording in seconds, if it is stated."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else None


def _reason(error: av.error.FFmpegError) -> str:
    """Why FFmpeg gave up, in words. Its own texts hold no address."""
    if isinstance(error, av.error.ExitError):
        return "it did not answer in time"
    if isinstance(error, av.error.InvalidDataError):
        return "not a video, or damaged"
    return str(error.strerror or error)

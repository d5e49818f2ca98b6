"""The annotated video file."""

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from traffic_monitor.shared_utils.frame_codec import Image

TIME_BASE = Fraction(1, 90_000)
"""The usual clock of MP4 video, fine enough for every frame rate."""

KEYFRAME_INTERVAL_FRAMES = 50
"""A fragment ends with each key frame: a killed process loses this many frames at most."""

CONTAINER_OPTIONS = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "flush_packets": "1"}
CODEC_OPTIONS = {"preset": "ultrafast", "qp": "27", "tune": "fastdecode"}
"""A constant quantiser: with ``crf`` the encoder spends a quarter of its time on judging frames beforehand."""


class VideoFile:
    """Writes BGR frames as H.264 into a fragmented MP4, which can be opened at any moment, also after a crash."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._container: av.container.OutputContainer | None = None
        self._stream: av.VideoStream | None = None
        self._last_pts = -1

    def take(self, image: Image, media_time: float) -> None:
        """Append one frame that belongs ``media_time`` seconds after the start."""
        if self._stream is None:
            self._stream = self._open(image)
        size = (self._stream.width, self._stream.height)
        if (image.shape[1], image.shape[0]) != size:
            image = np.asarray(cv2.resize(image, size), dtype=np.uint8)
        # OpenCV halves the colours in a tenth of the time that PyAV's own conversion takes.
        planes = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420), dtype=np.uint8)
        frame = av.VideoFrame.from_numpy_buffer(planes, format="yuv420p")  # Without a copy.
        self._last_pts = max(round(media_time / TIME_BASE), self._last_pts + 1)
        frame.pts = self._last_pts
        frame.time_base = TIME_BASE
        self._mux(frame)

    def idle(self) -> None:
        """Nothing to do: a file needs no care between frames."""

    def close(self) -> None:
        """Finish the file."""
        if self._container is not None:
            self._mux(None)
            self._container.close()
            self._container = self._stream = None

    def _open(self, image: Image) -> av.VideoStream:
        self._container = av.open(str(self._path), mode="w", format="mp4", options=CONTAINER_OPTIONS)
        stream = self._container.add_stream("libx264", rate=30, options=CODEC_OPTIONS)
        # H.264 with halved colour resolution needs even sides.
        stream.width, stream.height = image.shape[1] // 2 * 2, image.shape[0] // 2 * 2
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = TIME_BASE
        stream.thread_count = 1  # More wait for each other and for the other services.
        stream.codec_context.gop_size = KEYFRAME_INTERVAL_FRAMES
        return stream

    def _mux(self, frame: av.VideoFrame | None) -> None:
        if self._container is not None and self._stream is not None:
            self._container.mux(self._stream.encode(frame))

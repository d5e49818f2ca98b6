"""The annotated video file."""

import contextlib
import itertools
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


def unused_path(path: Path) -> Path:
    """``path``, or the first of ``<stem>_2``, ``<stem>_3`` … that does not exist yet."""
    names = (path.with_stem(f"{path.stem}_{number}") for number in itertools.count(2))
    return next(each for each in itertools.chain([path], names) if not each.exists())


class VideoFile:
    """Writes BGR frames as H.264 into a fragmented MP4, which can be opened at any moment, also after a crash.

    After an error the file ends with the last whole fragment; one without any is removed.

    Args:
        path: of a file that does not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: _FragmentFile | None = None
        self._container: av.container.OutputContainer | None = None
        self._stream: av.VideoStream | None = None
        self._last_pts = -1

    def take(self, image: Image, media_time: float) -> None:
        """Append one frame that belongs ``media_time`` seconds after the start.

        Raises:
            OSError: the file cannot be written. Nothing but ``close`` may follow.
        """
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

    @property
    def has_written(self) -> bool:
        """Whether a whole fragment is in the file."""
        return self._file is not None and self._file.has_fragment

    def idle(self) -> None:
        """Nothing to do: a file needs no care between frames."""

    def close(self) -> None:
        """Finish the file.

        Raises:
            OSError: its end cannot be written.
        """
        if self._file is None or self._container is None:
            return
        try:
            self._mux(None)
        finally:
            with contextlib.closing(self._file) as file:
                self._container.close()
                self._file = self._container = self._stream = None
            file.check()

    def _open(self, image: Image) -> av.VideoStream:
        self._file = _FragmentFile(self._path)
        self._container = av.open(self._file, mode="w", format="mp4", options=CONTAINER_OPTIONS)
        stream = self._container.add_stream("libx264", rate=30, options=CODEC_OPTIONS)
        # H.264 with halved colour resolution needs even sides.
        stream.width, stream.height = image.shape[1] // 2 * 2, image.shape[0] // 2 * 2
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = TIME_BASE
        stream.thread_count = 1  # More wait for each other and for the other services.
        stream.codec_context.gop_size = KEYFRAME_INTERVAL_FRAMES
        return stream

    def _mux(self, frame: av.VideoFrame | None) -> None:
        if self._file is not None and self._container is not None and self._stream is not None:
            self._container.mux(self._stream.encode(frame))
            self._file.check()


class _FragmentFile:
    """The file under a muxer. It keeps the first error for :meth:`check`.

    libav never gets over an error of its own file layer, and with a full disk it ends the process with SIGSEGV.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("xb", buffering=0)
        self._error: OSError | None = None
        self._header: int | None = None
        self._whole = 0
        """Bytes up to the end of the last whole fragment."""

    @property
    def has_fragment(self) -> bool:
        """Whether frames are in the file, not its header only."""
        return self._whole > (self._header or 0)

    def write(self, data: bytes) -> int:
        """Write all of ``data``; after an error nothing."""
        rest = memoryview(data)
        try:
            while rest and self._error is None:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            self._error = error
        return len(data)

    def check(self) -> None:
        """Raise the error, if there was one. Called between fragments: the muxer writes each at once."""
        if self._error is not None:
            raise self._error
        if not self._file.closed:
            self._whole = self._file.tell()
            self._header = self._header or self._whole

    def close(self) -> None:
        """Close the file; what was written of a broken fragment is cut off."""
        with self._file as file:
            if self._error is not None:
                with contextlib.suppress(OSError):
                    file.truncate(self._whole)
        if self._error is not None and not self.has_fragment:
            self._path.unlink(missing_ok=True)

"""Frames as text: BGR pixels to base64 JPEG and back. The only place that knows how.

simplejpeg (libjpeg-turbo) decodes in about half the time of OpenCV, pybase64 takes a thirtieth of the standard
library's; a frame is decoded up to four times on its way.
"""

import binascii

import numpy as np
import numpy.typing as npt
import pybase64
import simplejpeg

Image = npt.NDArray[np.uint8]
"""Pixels of shape (height, width, 3), BGR, 0-255."""


LEAST_REDUCTION = 4
"""A quarter of the width saves a fifth of the decoding. Half of it saves a tenth, and the network notices what was
left out: on the demo clip one plate less is read."""


class FrameCodecError(ValueError):
    """The pixels could not be encoded, or the text is not a picture."""


def encode_frame(image: Image, quality: int) -> str:
    """Encode BGR pixels as base64 text of a JPEG of ``quality`` 1-100."""
    if image.size == 0:
        raise FrameCodecError("an empty picture cannot be encoded")
    jpeg = simplejpeg.encode_jpeg(np.ascontiguousarray(image), quality, colorspace="BGR", colorsubsampling="420")
    return pybase64.b64encode_as_string(jpeg)


def decode_frame(data: str, least: tuple[int, int] = (0, 0)) -> Image:
    """Decode base64 text of a JPEG into BGR pixels.

    Args:
        data: the text.
        least: width and height that will do. A picture of four times the size and more is decoded in part, to a
            smaller one that is not below; (0, 0) for the picture as it is.

    Raises:
        FrameCodecError: the text is not base64, or what it holds is not a picture.
    """
    jpeg = jpeg_bytes(data)
    try:
        return np.asarray(
            simplejpeg.decode_jpeg(
                jpeg,
                colorspace="BGR",
                fastdct=True,
                fastupsample=True,
                min_width=least[0],
                min_height=least[1],
                min_factor=LEAST_REDUCTION if any(least) else 1,
            )
        )
    except ValueError as error:
        raise FrameCodecError(f"the frame data ({len(jpeg)} bytes) is not a JPEG picture: {error}") from error


def jpeg_bytes(data: str) -> bytes:
    """The JPEG that base64 text stands for.

    Raises:
        FrameCodecError: the text is not base64.
    """
    try:
        return pybase64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise FrameCodecError(f"the frame data is not base64: {error}") from error


class FrameDecoder:
    """Decodes frames and remembers the last one, for messages that share a frame."""

    def __init__(self) -> None:
        self._frame_id: str | None = None
        self._image: Image | None = None

    def decode(self, frame_id: str, data: str) -> Image:
        """Pixels of the frame ``frame_id``. Callers must not write into them."""
        if self._image is None or frame_id != self._frame_id:
            self._image = decode_frame(data)
            self._frame_id = frame_id
        return self._image

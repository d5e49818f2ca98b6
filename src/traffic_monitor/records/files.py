"""Files that a reader sees whole or not at all, and links."""

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2

from traffic_monitor.shared_utils.frame_codec import Image

JPEG_QUALITY = 92


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path`` to write to; it takes ``path``'s place when all went well."""
    part = path.with_name(f"{path.name}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_jpeg(path: Path, image: Image) -> None:
    """Write a BGR image, not empty, as JPEG.

    Raises:
        OSError: it cannot be written.
    """
    _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    with replacing(path) as part:
        part.write_bytes(jpeg.tobytes())


def point_link(link: Path, target: str) -> None:
    """Make a link, or let one that is there point elsewhere."""
    if link.exists() and not link.is_symlink():
        return  # Something of the user's own.
    temporary = link.with_name(f".{link.name}-{os.getpid()}")
    with contextlib.suppress(OSError):  # Windows allows links to few; the run is complete without.
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(target, target_is_directory=not link.suffix)
        temporary.replace(link)

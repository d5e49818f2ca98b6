"""Pictures inside the report, as data URLs."""

import base64
from pathlib import Path

import cv2

WIDEST_PX = 360
"""Of a picture in the gallery: twice its place on the page, for dense screens."""

JPEG_QUALITY = 82


def data_url(path: Path, widest_px: int | None = WIDEST_PX) -> str | None:
    """A picture as a ``data:`` URL, made smaller where it is too wide; None where it cannot be read."""
    image = cv2.imread(str(path)) if path.is_file() else None
    if image is None:
        return None
    if widest_px is not None and image.shape[1] > widest_px:
        height = max(round(image.shape[0] * widest_px / image.shape[1]), 1)
        image = cv2.resize(image, (widest_px, height), interpolation=cv2.INTER_AREA)
    _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg.tobytes()).decode('ascii')}"

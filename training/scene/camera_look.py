"""What does the camera make of the light? Exposure curve, lens softness, sharpening, sensor noise, JPEG and
H.264.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Look:
    """A camera's character: exposure gain, saturation, contrast, lens blur (pixels), sharpening, noise, JPEG
    quality.

    Noise is the standard deviation at mid grey, of 255; warmth above 1 tints towards red.
    """

    exposure: float = 0.92
    saturation: float = 0.95
    contrast: float = 0.28
    blur: float = 0.55
    sharpen: float = 0.55
    noise: float = 2.2
    jpeg: int = 84
    warmth: float = 1.0


def develop(light: Floats, look: Look) -> Picture:
    """Linear RGB (H, W, 3) to display BGR uint8, before sharpening and noise."""
    x = np.clip(light * np.float32(look.exposure), 0, None) * np.array(
        [look.warmth, 1.0, 1 / look.warmth], np.float32
    )
    grey = x @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    x = np.clip(grey[..., None] + (x - grey[..., None]) * np.float32(look.saturation), 0, None)
    curve = (x * (2.0 * x + 0.10)) / (x * (1.95 * x + 0.72) + 0.12)
    shown = np.clip(curve, 0, 1) ** np.float32(1 / 2.2)
    shown = shown - look.contrast * np.sin(2 * np.pi * shown).astype(np.float32) / (2 * np.pi)
    shown = 0.02 + 0.97 * shown
    return np.ascontiguousarray((shown[..., ::-1] * 255 + 0.5).astype(np.uint8))


def capture(picture: Picture, look: Look, rng: np.random.Generator) -> Picture:
    """Lens, sharpening, noise and JPEG on a developed BGR picture."""
    x = picture.astype(np.float32)
    if look.blur > 0:
        x = np.asarray(cv2.GaussianBlur(x, (0, 0), look.blur), np.float32)
    if look.sharpen > 0:
        x = x + look.sharpen * (x - cv2.GaussianBlur(x, (0, 0), 1.4))
    height, width = x.shape[:2]
    fine = rng.normal(0, 1, (height, width, 1)).astype(np.float32)
    colour = cv2.resize(rng.normal(0, 1, (height // 2, width // 2, 3)).astype(np.float32), (width, height))
    level = look.noise * (0.65 + 0.9 * np.sqrt(np.clip(x.mean(2, keepdims=True), 0, 255) / 255))
    x = np.clip(x + level * (0.8 * fine + 0.5 * colour), 0, 255).astype(np.uint8)
    _, packed = cv2.imencode(".jpg", x, [cv2.IMWRITE_JPEG_QUALITY, look.jpeg])
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)


def encode(frames: Iterable[Path], target: Path, rate: int, bits: int, look: Look, seed: int) -> None:
    """Stored developed frames to an H.264 clip of about bits per second; noise of frame n depends on (seed,
    n).
    """
    container = av.open(str(target), "w", options={"movflags": "faststart"})
    stream = container.add_stream("libx264", rate=rate)
    stream.pix_fmt, stream.bit_rate = "yuv420p", bits
    stream.options = {
        "preset": "medium",
        "profile": "high",
        "maxrate": str(int(bits * 1.6)),
        "bufsize": str(bits * 2),
        "threads": "1",
    }
    for number, path in enumerate(frames):
        picture = np.asarray(cv2.imread(str(path)), np.uint8)
        if number == 0:
            stream.height, stream.width = picture.shape[:2]
        shot = capture(picture, look, np.random.default_rng((seed, number)))
        for packet in stream.encode(av.VideoFrame.from_ndarray(shot, format="bgr24")):
            container.mux(packet)
    for packet in stream.encode():
        container.mux(packet)
    container.close()

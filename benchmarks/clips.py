"""Clips for measuring, made of the demo clip: at another size, or with as many vehicles as asked for."""

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import count, islice
from pathlib import Path

import av
import cv2
import numpy as np

from traffic_monitor.shared_utils.frame_codec import Image

FRAMES_PER_S = 25
CAR = (673, 307, 839, 438)
"""Left, top, right and bottom of a car in the demo clip's frame ``CAR_FRAME``."""
CAR_FRAME = 517
MOST_MOVED = 24
"""Pixels; so far that the cars of a row never touch."""
EMPTY_FROM = 40
"""The middle of so many frames of the clip is the street without its vehicles."""


def scaled_clip(folder: Path, clip: Path, height: int, frames: int) -> Path:
    """The clip's first frames at another height."""
    path = folder / f"{height}p_{frames}.mp4"
    if not path.exists():
        _write(path, (_scaled(image, height) for image in islice(_frames(clip), frames)))
    return path


def camera_clip(folder: Path, clip: Path, fps: int, seconds: int) -> Path:
    """The clip as a camera of so many frames a second would have taken it, again and again, for so long."""
    path = folder / f"{clip.stem}_{fps}fps.mp4"
    if not path.exists():
        with av.open(str(clip)) as container:
            step = float(container.streams.video[0].average_rate or FRAMES_PER_S) / fps
        pictures = (
            image
            for _ in count()
            for number, image in enumerate(_frames(clip))
            if int(number / step) != int((number - 1) / step) or not number
        )
        _write(path, islice(pictures, fps * seconds), fps)
    return path


def looped_clip(folder: Path, clip: Path, seconds: float) -> Path:
    """The clip again and again, as it is, for at least so long."""
    path = folder / f"{clip.stem}_looped.mp4"
    with av.open(str(path), "w") as target:
        stream, started, end = None, 0, 0
        while stream is None or float(end * stream.time_base) < seconds:
            with av.open(str(clip)) as source:
                video = source.streams.video[0]
                stream = stream or target.add_stream_from_template(video)
                for packet in source.demux(video):
                    if packet.dts is None or packet.pts is None:
                        continue
                    packet.pts, packet.dts = packet.pts + started, packet.dts + started
                    end = max(end, packet.pts + (packet.duration or 0))
                    packet.stream = stream
                    target.mux(packet)
            started = end
    return path


def street_with_vehicles(folder: Path, clip: Path, vehicles: int, frames: int = 100) -> Path:
    """The clip's street, empty but for copies of one car that roll along it in rows."""
    street, car = _street_and_car(clip)
    path = folder / f"{vehicles}_vehicles.mp4"
    _write(path, (_with_cars(street, car, vehicles, 2 * number) for number in range(frames)))
    return path


@cache
def _street_and_car(clip: Path) -> tuple[Image, Image]:
    """The clip's street without its vehicles, and one of them."""
    pictures = list(_frames(clip))
    street = np.median(pictures[:: len(pictures) // EMPTY_FROM], axis=0).astype(np.uint8)
    left, top, right, bottom = CAR
    return street, pictures[CAR_FRAME][top:bottom, left:right].copy()


def _with_cars(street: Image, car: Image, vehicles: int, moved: int) -> Image:
    """Cars in rows of eight, each as wide as a ninth of the picture, moved to the right and back again."""
    image = street.copy()
    height, width = image.shape[:2]
    car_width = width // 9
    small = cv2.resize(car, (car_width, car.shape[0] * car_width // car.shape[1]), interpolation=cv2.INTER_AREA)
    for number in range(vehicles):
        row, column = divmod(number, 8)
        x = column * (width - car_width - MOST_MOVED) // 7 + moved % MOST_MOVED
        y = 10 + row * (height - 20) // 5
        image[y : y + small.shape[0], x : x + car_width] = small
    return image


def _scaled(image: Image, height: int) -> Image:
    width = image.shape[1] * height // image.shape[0] // 2 * 2
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _frames(clip: Path) -> Iterator[Image]:
    with av.open(str(clip)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="bgr24")


def _write(path: Path, images: Iterable[Image], fps: int = FRAMES_PER_S) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options={"preset": "veryfast"})
        stream.pix_fmt = "yuv420p"
        for image in images:
            if not stream.codec_context.is_open:
                stream.height, stream.width = image.shape[:2]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode())

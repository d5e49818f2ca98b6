"""Whether anything moved between two pictures. Where nothing did, there is nothing new to search for."""

from dataclasses import dataclass

import cv2
import numpy as np

from traffic_monitor.shared_utils.frame_codec import Image

SAMPLED = (320, 180)
"""Width and height at which pixels are picked out, unaveraged: that takes a tenth of averaging all of them."""
GRID = (80, 45)
"""Width and height of what is compared: one place is 16x16 pixels of 1280x720. It is the mean of 16 sampled
pixels, which leaves a quarter of a camera's noise."""

MOVED_LEVELS = 6
"""Grey levels, of 255, by which one place must have changed. A vehicle changes its places by tens, averaged noise
by one or two."""

MOST_STILL_FRAMES = 12
"""So many pictures in a row may be taken for the same; then one is searched whatever it looks like."""


class StillnessGate:
    """Compares each picture with the last one that was searched, so that slow movement adds up and is seen."""

    def __init__(self) -> None:
        self._searched: _Picture | None = None
        self._latest: _Picture | None = None
        self._still_frames = 0

    def needs_search(self, image: Image) -> bool:
        """Whether a BGR picture differs from the last one that was searched, or has to be searched anyway."""
        self._latest = picture = _Picture(image.shape, _places(image))
        searched = self._searched
        if (
            searched is not None
            and picture.shape == searched.shape
            and self._still_frames < MOST_STILL_FRAMES
            and cv2.absdiff(picture.places, searched.places).max() < MOVED_LEVELS
        ):
            self._still_frames += 1
            return False
        return True

    def searched(self) -> None:
        """The search in the latest picture has begun: later ones are compared with it."""
        self._searched, self._still_frames = self._latest, 0

    def failed(self) -> None:
        """A search has failed: the next picture is searched whatever it looks like. Any thread may call this."""
        self._searched = None


@dataclass(frozen=True)
class _Picture:
    shape: tuple[int, ...]
    places: Image
    """Grey levels of the grid's places."""


def _places(image: Image) -> Image:
    sampled = cv2.resize(image, SAMPLED, interpolation=cv2.INTER_NEAREST)
    places = cv2.resize(sampled, GRID, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(places, cv2.COLOR_BGR2GRAY), dtype=np.uint8)

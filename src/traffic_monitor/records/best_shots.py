"""The best picture of each plate and of its vehicle, kept in the run's folder."""

from pathlib import Path

import cv2

from traffic_monitor.shared_utils.frame_codec import Image
from traffic_monitor.shared_utils.recent_states import RecentStates

PLATES_FOLDER, VEHICLES_FOLDER = "plates", "vehicles"

JPEG_QUALITY = 92

WORTHWHILE_GAIN = 1.1
"""A picture is replaced by one that is this many times better; less cannot be seen."""

REMEMBERED_TRACKS = 500
"""Vehicles offered longer ago than this many others start anew; their files are replaced by what comes next."""


def picture_file(kind: str, track_id: int) -> str:
    """Path inside the run's folder of a track's best picture, ``kind`` being one of the two folders."""
    return f"{kind}/{track_id}.jpg"


class BestShots:
    """Writes ``plates/<track_id>.jpg`` and ``vehicles/<track_id>.jpg`` and replaces them by better ones.

    A picture is written when it comes, so that a run that is killed has its pictures, and to a temporary file
    first, so that a reader sees all of it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._scores: RecentStates[float] = RecentStates(capacity=REMEMBERED_TRACKS)
        for name in (PLATES_FOLDER, VEHICLES_FOLDER):
            (folder / name).mkdir(parents=True, exist_ok=True)

    def offer(self, track_id: int, score: float, plate: Image, vehicle: Image | None) -> None:
        """Keep the BGR crops if they are clearly better than those kept so far.

        Args:
            track_id: whose they are.
            score: how good the plate's crop is: larger is better, any unit.
            plate: not empty.
            vehicle: of the same frame; None or empty where it is not known.
        """
        if track_id in self._scores and score < self._scores[track_id] * WORTHWHILE_GAIN:
            return
        self._scores[track_id] = score
        self._write(PLATES_FOLDER, track_id, plate)
        if vehicle is not None and vehicle.size:
            self._write(VEHICLES_FOLDER, track_id, vehicle)

    def _write(self, kind: str, track_id: int, picture: Image) -> None:
        path = self._folder / picture_file(kind, track_id)
        temporary = path.with_suffix(".part")
        _, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        temporary.write_bytes(jpeg.tobytes())
        temporary.replace(path)

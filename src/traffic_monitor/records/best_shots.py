"""The best picture of each plate and of its vehicle, kept in the run's folder."""

from pathlib import Path

from traffic_monitor.records.files import write_jpeg
from traffic_monitor.shared_utils.frame_codec import Image
from traffic_monitor.shared_utils.guarded import Guard
from traffic_monitor.shared_utils.recent_states import RecentStates

PLATES_FOLDER, VEHICLES_FOLDER = "plates", "vehicles"

WORTHWHILE_GAIN = 1.1
"""A picture is replaced by one that is this many times better; less cannot be seen."""


def picture_file(kind: str, track_id: int) -> str:
    """Path inside the run's folder of a track's best picture, ``kind`` being one of the two folders."""
    return f"{kind}/{track_id}.jpg"


class BestShots:
    """Writes ``plates/<track_id>.jpg`` and ``vehicles/<track_id>.jpg`` and replaces them by better ones.

    A picture is written when it comes, so that a run that is killed has its pictures. One that cannot be written
    is lost, and the next picture of its vehicle takes its place.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._scores: RecentStates[float] = RecentStates()
        self._guard = Guard("pictures of plates and vehicles")
        self._guard.attempt(self._make_folders)

    def offer(self, track_id: int, score: float, plate: Image | None, vehicle: Image | None) -> None:
        """Keep the BGR crops if they are clearly better than those kept so far.

        Args:
            track_id: whose they are.
            score: how good the plate's crop is: larger is better, any unit.
            plate: None where it is not to be kept.
            vehicle: of the same frame; None or empty where it is not known.
        """
        if track_id in self._scores and score < self._scores[track_id] * WORTHWHILE_GAIN:
            return
        if self._guard.attempt(lambda: self._write(track_id, plate, vehicle)):
            self._scores[track_id] = score

    def _make_folders(self) -> None:
        for name in (PLATES_FOLDER, VEHICLES_FOLDER):
            (self._folder / name).mkdir(parents=True, exist_ok=True)

    def _write(self, track_id: int, plate: Image | None, vehicle: Image | None) -> None:
        for kind, picture in ((PLATES_FOLDER, plate), (VEHICLES_FOLDER, vehicle)):
            if picture is not None and picture.size:
                write_jpeg(self._folder / picture_file(kind, track_id), picture)

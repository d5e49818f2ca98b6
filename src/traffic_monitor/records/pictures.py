"""The pictures of plates and vehicles in the run's folder."""

from collections.abc import Callable
from pathlib import Path

from traffic_monitor.records.files import replacing
from traffic_monitor.shared_utils.frame_codec import jpeg_bytes
from traffic_monitor.shared_utils.guarded import Guard

PLATES_FOLDER, VEHICLES_FOLDER = "plates", "vehicles"

MOST_WAITING = 500
"""Pictures that wait for a disk that is full, the latest ones: some 10 MB."""


def picture_file(kind: str, track_id: int) -> str:
    """Path inside the run's folder of a track's best picture, ``kind`` being one of the two folders."""
    return f"{kind}/{track_id}.jpg"


class PictureFolder:
    """Writes ``plates/<track_id>.jpg`` and ``vehicles/<track_id>.jpg``, and replaces them by better ones.

    A picture that cannot be written is tried again with the next ones.

    Args:
        folder: of the run.
        clock: monotonic seconds, replaceable in tests.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] | None = None) -> None:
        self._folder = folder
        self._waiting: dict[str, tuple[int, str, bytes]] = {}
        """Track, kind and JPEG, by file."""
        self._guard = Guard("pictures of plates and vehicles", clock=clock)

    def offer(self, track_id: int, kind: str, jpeg: str) -> None:
        """Keep a picture until the next ``write``.

        Args:
            track_id: whose it is.
            kind: one of the two folders.
            jpeg: base64 text of a JPEG.

        Raises:
            FrameCodecError: the text is not base64.
        """
        file = picture_file(kind, track_id)
        self._waiting.pop(file, None)
        self._waiting[file] = (track_id, kind, jpeg_bytes(jpeg))
        if len(self._waiting) > MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]

    def write(self) -> list[tuple[int, str, str]]:
        """Write what waits; track, kind and file of each picture that is written."""
        written: list[tuple[int, str, str]] = []
        if self._waiting:
            self._guard.attempt(lambda: self._write_into(written))
        return written

    def _write_into(self, written: list[tuple[int, str, str]]) -> None:
        for file, (track_id, kind, jpeg) in list(self._waiting.items()):
            (self._folder / kind).mkdir(exist_ok=True)
            with replacing(self._folder / file) as part:
                part.write_bytes(jpeg)
            del self._waiting[file]
            written.append((track_id, kind, file))

"""How often frames have to be searched: as often as the fastest vehicle in sight requires."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from traffic_monitor.inference.detection import DetectedBox

Places = npt.NDArray[np.float64]
"""(N, 3): centre and size of boxes, in pixels."""

MOST_MOVED = 0.2
"""Box sizes that the fastest vehicle may move between two searches."""

LONGEST_S = 0.07
"""Between two searches, also while nothing moves: a vehicle may come at any time."""

LEAST_CONFIDENCE = 0.2
"""What is seen more weakly comes and goes."""

FARTHEST = 1.0
"""Box sizes between two sightings from which they are no longer taken for one vehicle."""

TINY = 1e-6
EARLY_S = 1e-6
"""Times are rounded: a frame this little early is on time."""


class SearchPace:
    """Says which frames to search, by how the vehicles moved between the last two searches."""

    def __init__(self) -> None:
        self._wait_s = 0.0
        self._started_s: float | None = None
        self._found: tuple[float, Places] | None = None

    def is_due(self, time_s: float) -> bool:
        """Whether a frame has to be searched. Where the sender's clock is set back, it has."""
        if self._started_s is None or time_s < self._started_s:
            return True
        return time_s + EARLY_S >= self._started_s + self._wait_s

    def started(self, time_s: float) -> None:
        """The search in the frame of a time, in seconds, has begun. The next may begin before it has ended."""
        self._started_s = time_s

    def found(self, boxes: Sequence[DetectedBox], time_s: float) -> None:
        """What the search in the frame of that time has found."""
        places = np.array([_place(box) for box in boxes if box.confidence >= LEAST_CONFIDENCE]).reshape(-1, 3)
        before, self._found = self._found, (time_s, places)
        if not len(places):
            self._wait_s = LONGEST_S
        elif before is None or before[0] >= time_s:
            self._wait_s = 0.0
        else:
            moved = _most_moved(before[1], places)
            if moved >= FARTHEST:
                self._wait_s = 0.0  # The speed of a new vehicle is not known yet.
            else:
                self._wait_s = min(MOST_MOVED * (time_s - before[0]) / max(moved, TINY), LONGEST_S)


def _place(box: DetectedBox) -> tuple[float, float, float]:
    x1, y1, x2, y2 = box.bbox_xyxy
    return (x1 + x2) / 2, (y1 + y2) / 2, float(np.sqrt((x2 - x1) * (y2 - y1)))


def _most_moved(before: Places, now: Places) -> float:
    """Box sizes that the fastest vehicle has moved; each has come from the nearest place where one was."""
    apart = np.linalg.norm(now[:, None, :2] - before[None, :, :2], axis=2) / now[:, None, 2]
    return float(apart.min(axis=1, initial=FARTHEST).max())

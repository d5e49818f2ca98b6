"""The space-time picture of a counting line: one row of pixels per frame, with the crossings marked."""

import cv2
import numpy as np

from traffic_monitor.counting.lines import CountingLine
from traffic_monitor.drawing.annotate import FONT, LINE_COLOR, TEXT_COLOR
from traffic_monitor.settings import Point
from traffic_monitor.shared_utils.frame_codec import Image

AXIS_PX, TICK_PX = 56, 6
"""Width of the time axis and of its ticks."""
ROWS_PER_TICK = 40
"""Rows between two ticks, or more, so that their labels stand apart."""
TICK_STEPS_S = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)

MARK_RADIUS = 6
OUT_COLOR = (178, 114, 0)
"""Blue of Okabe and Ito's palette; crossings ``in`` have the lines' own colour."""


class SlitPicture:
    """Gathers the pixels under a line, frame by frame: time runs down, the line from left to right.

    A vehicle that passes leaves one blob, so every blob must carry one mark: a missing mark is a vehicle that
    was not counted, a second one a vehicle counted twice.
    """

    def __init__(self, line: CountingLine) -> None:
        self._line = line
        (x1, y1), (x2, y2) = line.start, line.end
        samples = max(round(float(np.hypot(x2 - x1, y2 - y1))), 2)
        self._map_x = np.linspace(x1, x2, samples, dtype=np.float32)[None, :]
        self._map_y = np.linspace(y1, y2, samples, dtype=np.float32)[None, :]
        self._rows: list[Image] = []
        self._times: list[float] = []
        self._marks: list[tuple[int, float, str, int]] = []

    def add(self, image: Image, media_time: float) -> None:
        """Add the next frame (BGR), ``media_time`` seconds after the start of the source."""
        self._times.append(media_time)
        row = cv2.remap(image, self._map_x, self._map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        self._rows.append(np.asarray(row, dtype=np.uint8))

    def mark(self, frame: int, position: Point, direction: str, track_id: int) -> None:
        """Mark a crossing.

        Args:
            frame: number of the frame; 0 is the first one added.
            position: where the vehicle stood, in pixels of the frame; marked at the nearest place of the line.
            direction: name of the direction.
            track_id: the vehicle.
        """
        (x1, y1), (x2, y2) = self._line.start, self._line.end
        along = (position[0] - x1) * (x2 - x1) + (position[1] - y1) * (y2 - y1)
        share = min(max(along / ((x2 - x1) ** 2 + (y2 - y1) ** 2), 0.0), 1.0)
        self._marks.append((frame, share, direction, track_id))

    def picture(self) -> Image:
        """The picture, as high as there were frames; as wide as the line is long, and a time axis on the right.

        Raises:
            ValueError: no frame was added.
        """
        if not self._rows:
            raise ValueError("no frame was added")
        canvas = np.ascontiguousarray(np.concatenate(self._rows))
        width = canvas.shape[1]
        for frame, share, direction, track_id in self._marks:
            centre = (round(share * (width - 1)), frame)
            color = LINE_COLOR if direction == self._line.in_name else OUT_COLOR
            cv2.circle(canvas, centre, MARK_RADIUS, TEXT_COLOR, cv2.FILLED, cv2.LINE_AA)
            cv2.circle(canvas, centre, MARK_RADIUS - 2, color, cv2.FILLED, cv2.LINE_AA)
            beside = (centre[0] + MARK_RADIUS + 2, centre[1] + 4)
            cv2.putText(canvas, f"{direction} {track_id}", beside, FONT, 0.4, (0, 0, 0), 3, cv2.LINE_AA)
            cv2.putText(canvas, f"{direction} {track_id}", beside, FONT, 0.4, TEXT_COLOR, 1, cv2.LINE_AA)
        return np.hstack([canvas, self._axis()])

    def _axis(self) -> Image:
        """Ticks at round times, with minutes and seconds since the start."""
        axis = np.zeros((len(self._rows), AXIS_PX, 3), dtype=np.uint8)
        length = self._times[-1] - self._times[0]
        ticks = max(len(self._rows) / ROWS_PER_TICK, 1)
        step = next((step for step in TICK_STEPS_S if length / step <= ticks), TICK_STEPS_S[-1])
        for row, (before, now) in enumerate(zip([-1.0, *self._times], self._times, strict=False)):
            if before // step < now // step:
                cv2.line(axis, (0, row), (TICK_PX, row), TEXT_COLOR)
                label = f"{int(now // step * step) // 60}:{int(now // step * step) % 60:02d}"
                baseline = min(max(row + 4, 10), len(self._rows))
                cv2.putText(axis, label, (TICK_PX + 3, baseline), FONT, 0.4, TEXT_COLOR, 1, cv2.LINE_AA)
        return axis

"""Counts one source without processes and draws the space-time pictures of counting lines."""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2

from traffic_monitor.app.frames import check_can_write, frames_of
from traffic_monitor.counting.boxes import bottom_center
from traffic_monitor.counting.lines import CountingLine
from traffic_monitor.drawing.slit import SlitPicture
from traffic_monitor.plates.hiding import PlateHider
from traffic_monitor.services.vehicle_counter import VehicleCounter
from traffic_monitor.services.vehicle_detector import VehicleDetector
from traffic_monitor.services.vehicle_tracker import VehicleTracker
from traffic_monitor.settings import LineSettings, Point, Settings
from traffic_monitor.settings.loader import ConfigError
from traffic_monitor.shared_utils.custom_types import Crossing, media_time_of
from traffic_monitor.shared_utils.frame_codec import decode_frame

Positions = dict[int, dict[int, Point]]
"""Track id -> frame index -> bottom centre of its box in pixels."""


@dataclass(frozen=True)
class DrawnLine:
    """The picture of one line."""

    name: str
    picture: Path
    crossings: list[Crossing]
    """All of them are marked."""


def draw_slits(
    settings: Settings,
    names: Sequence[str],
    target: Path,
    on_frame: Callable[[int, int | None], None] = lambda _done, _total: None,
) -> list[DrawnLine]:
    """Count the whole source with the services' own code and write the pictures of some lines.

    Args:
        settings: of one camera.
        names: of the lines; none: all lines.
        target: file of the picture. Those of several lines are put beside it, with the line's name at their end.
        on_frame: called after each frame with the number done and of all, if that is known.

    Raises:
        ConfigError: there is no such line, the source is live, or a picture cannot be written.
        ServiceError: the source or the model cannot be opened.
    """
    chosen = [_line_named(name, settings) for name in dict.fromkeys(names)] or settings.vehicle_counter.lines
    if settings.frame_grabber.is_live:
        raise ConfigError("frame_grabber.source: a camera has no end; make the picture of a recorded file")
    if not chosen:
        raise ConfigError("vehicle_counter.lines: there is no line to draw; traffic-monitor line draws one")
    check_can_write(target)
    detector, tracker, counter = VehicleDetector(settings), VehicleTracker(settings), VehicleCounter(settings)
    hider = PlateHider() if settings.privacy.blur_plates else None
    slits: list[SlitPicture] = []
    crossings: list[Crossing] = []
    positions: Positions = defaultdict(dict)
    for frame in frames_of(settings, on_frame):
        size = frame["frame_width"], frame["frame_height"]
        slits = slits or [SlitPicture(CountingLine.in_frame(line, *size)) for line in chosen]
        (tracked,) = tracker.process(detector.process(frame)[0])
        image = decode_frame(frame["frame_data_jpeg"])
        if hider is not None:
            hider.hide(image, tracked)
        for slit in slits:
            slit.add(image, media_time_of(frame))
        for vehicle in tracked["tracked_objects"]:
            positions[vehicle["track_id"]][frame.get("frame_index", 0)] = bottom_center(vehicle["bbox_xyxy"])
        for update in counter.process(tracked):
            crossings += update.get("crossings", [])
    for update in counter.flush():
        crossings += update.get("crossings", [])
    drawn = []
    for line, slit, path in zip(chosen, slits, _files(target, chosen), strict=True):
        own = [crossing for crossing in crossings if crossing["line"] == line.name]
        _mark(slit, own, positions)
        if not cv2.imwrite(str(path), slit.picture()):
            raise ConfigError(f"{path}: the picture cannot be written there")
        drawn.append(DrawnLine(line.name, path, own))
    return drawn


def _files(target: Path, lines: Sequence[LineSettings]) -> list[Path]:
    """The picture of each line. Names that differ only in signs that no file name should hold get numbers."""
    if len(lines) == 1:
        return [target]
    endings = [re.sub(r"\W+", "_", line.name) for line in lines]
    if len({ending.casefold() for ending in endings}) < len(endings):
        endings = [f"{number}_{ending}" for number, ending in enumerate(endings, start=1)]
    return [target.with_stem(f"{target.stem}_{ending}") for ending in endings]


def _line_named(name: str, settings: Settings) -> LineSettings:
    for line in settings.vehicle_counter.lines:
        if line.name == name:
            return line
    names = ", ".join(line.name for line in settings.vehicle_counter.lines)
    raise ConfigError(f"vehicle_counter.lines: there is no line '{name}'; there is: {names}")


def _mark(slit: SlitPicture, crossings: list[Crossing], positions: Positions) -> None:
    """Mark each crossing where its vehicle was seen nearest in time."""
    for crossing in crossings:
        frame_index = crossing.get("frame_index", 0)
        track = positions[crossing["track_id"]]
        at = track[min(track, key=lambda index: abs(index - frame_index))]
        slit.mark(frame_index, at, crossing["direction"], crossing["track_id"])

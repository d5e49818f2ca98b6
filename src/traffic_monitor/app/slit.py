"""Counts one source without processes and draws the space-time picture of a counting line."""

import queue
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import cv2

from traffic_monitor.capture.sources import open_source
from traffic_monitor.counting.boxes import bottom_center
from traffic_monitor.counting.lines import CountingLine
from traffic_monitor.drawing.slit import SlitPicture
from traffic_monitor.plates.hiding import PlateHider
from traffic_monitor.services.frame_grabber import FrameGrabber
from traffic_monitor.services.vehicle_counter import VehicleCounter
from traffic_monitor.services.vehicle_detector import VehicleDetector
from traffic_monitor.services.vehicle_tracker import VehicleTracker
from traffic_monitor.settings import LineSettings, Point, Settings
from traffic_monitor.settings.loader import ConfigError
from traffic_monitor.shared_utils.custom_types import Crossing, FrameMessage
from traffic_monitor.shared_utils.frame_codec import decode_frame

READ_TIMEOUT_S = 0.5

Positions = dict[int, dict[int, Point]]
"""Track id -> frame index -> bottom centre of its box in pixels."""


def draw_slit(settings: Settings, line_name: str, target: Path) -> list[Crossing]:
    """Count the whole source with the services' own code and write the picture of one line.

    Returns:
        The crossings of the line, all of them marked.

    Raises:
        ConfigError: there is no such line, the source is live or empty, or the picture cannot be written.
        ServiceError: the source or the model cannot be opened.
    """
    line_settings = _line_named(line_name, settings)
    if settings.frame_grabber.is_live:
        raise ConfigError("frame_grabber.source: a camera has no end; make the picture of a recorded file")
    detector, tracker, counter = VehicleDetector(settings), VehicleTracker(settings), VehicleCounter(settings)
    hider = PlateHider() if settings.privacy.blur_plates else None
    slit: SlitPicture | None = None
    crossings: list[Crossing] = []
    positions: Positions = defaultdict(dict)
    for frame_index, frame in _frames(settings):
        slit = slit or SlitPicture(
            CountingLine.in_frame(line_settings, frame["frame_width"], frame["frame_height"])
        )
        (tracked,) = tracker.process(detector.process(frame)[0])
        image = decode_frame(frame["frame_data_jpeg"])
        if hider is not None:
            hider.hide(image, tracked)
        slit.add(image)
        for vehicle in tracked["tracked_objects"]:
            positions[vehicle["track_id"]][frame_index] = bottom_center(vehicle["bbox_xyxy"])
        for update in counter.process(tracked):
            crossings += update.get("crossings", [])
    if slit is None:
        raise ConfigError(f"frame_grabber.source: {settings.frame_grabber.source} holds no frame")
    for update in counter.flush():
        crossings += update.get("crossings", [])
    own = [crossing for crossing in crossings if crossing["line"] == line_name]
    _mark(slit, own, positions)
    if not cv2.imwrite(str(target), slit.picture()):
        raise ConfigError(f"{target}: the picture cannot be written there")
    return own


def _line_named(name: str, settings: Settings) -> LineSettings:
    for line in settings.vehicle_counter.lines:
        if line.name == name:
            return line
    names = ", ".join(line.name for line in settings.vehicle_counter.lines)
    raise ConfigError(f"vehicle_counter.lines: there is no line '{name}'; there is: {names}")


def _frames(settings: Settings) -> Iterator[tuple[int, FrameMessage]]:
    """The frames of the source as the grabber sends them, each with its index."""
    grabber = FrameGrabber(settings)
    source = open_source(settings.frame_grabber)
    try:
        while True:
            try:
                captured = source.get(timeout=READ_TIMEOUT_S)
            except queue.Empty:
                continue
            if captured is None:
                return
            (frame,) = grabber.process(captured)
            yield captured.index, frame
    finally:
        source.close()


def _mark(slit: SlitPicture, crossings: list[Crossing], positions: Positions) -> None:
    """Mark each crossing where its vehicle was seen nearest in time."""
    for crossing in crossings:
        frame_index = crossing.get("frame_index", 0)
        track = positions[crossing["track_id"]]
        at = track[min(track, key=lambda index: abs(index - frame_index))]
        slit.mark(frame_index, at, crossing["direction"], crossing["track_id"])

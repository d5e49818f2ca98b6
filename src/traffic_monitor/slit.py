"""Counts one source without processes and draws the space-time picture of a counting line."""

import queue
from collections import defaultdict
from pathlib import Path

import cv2

from traffic_monitor.capture.sources import open_source
from traffic_monitor.counting.boxes import bottom_center
from traffic_monitor.counting.lines import CountingLine
from traffic_monitor.drawing.slit import SlitPicture
from traffic_monitor.services.frame_grabber import FrameGrabber
from traffic_monitor.services.vehicle_counter import VehicleCounter
from traffic_monitor.services.vehicle_detector import VehicleDetector
from traffic_monitor.services.vehicle_tracker import VehicleTracker
from traffic_monitor.shared_utils.config_loader import ConfigError
from traffic_monitor.shared_utils.custom_types import Crossing
from traffic_monitor.shared_utils.frame_codec import decode_frame
from traffic_monitor.shared_utils.settings import Point, Settings

READ_TIMEOUT_S = 0.5


def draw_slit(settings: Settings, line_name: str, target: Path) -> list[Crossing]:
    """Count the whole source with the services' own code and write the picture of one line.

    Returns:
        The crossings of the line, all of them marked.

    Raises:
        ConfigError: there is no such line, the source is live or empty, or the picture cannot be written.
        ServiceError: the source or the model cannot be opened.
    """
    line_settings = next((line for line in settings.vehicle_counter.lines if line.name == line_name), None)
    if line_settings is None:
        names = ", ".join(line.name for line in settings.vehicle_counter.lines)
        raise ConfigError(f"vehicle_counter.lines: there is no line '{line_name}'; there is: {names}")
    if settings.frame_grabber.is_live:
        raise ConfigError("frame_grabber.source: a camera has no end; make the picture of a recorded file")
    grabber, detector = FrameGrabber(settings), VehicleDetector(settings)
    tracker, counter = VehicleTracker(settings), VehicleCounter(settings)
    source = open_source(settings.frame_grabber)
    slit: SlitPicture | None = None
    line: CountingLine | None = None
    crossings: list[Crossing] = []
    positions: defaultdict[int, dict[int, Point]] = defaultdict(dict)
    try:
        while True:
            try:
                captured = source.get(timeout=READ_TIMEOUT_S)
            except queue.Empty:
                continue
            if captured is None:
                break
            (frame,) = grabber.process(captured)
            if slit is None or line is None:
                line = CountingLine.in_frame(line_settings, frame["frame_width"], frame["frame_height"])
                slit = SlitPicture(line)
            slit.add(decode_frame(frame["frame_data_jpeg"]))
            (tracked,) = tracker.process(detector.process(frame)[0])
            for vehicle in tracked["tracked_objects"]:
                positions[vehicle["track_id"]][captured.index] = bottom_center(vehicle["bbox_xyxy"])
            for update in counter.process(tracked):
                crossings += update.get("crossings", [])
    finally:
        source.close()
    if slit is None or line is None:
        raise ConfigError(f"frame_grabber.source: {settings.frame_grabber.source} holds no frame")
    for update in counter.flush():
        crossings += update.get("crossings", [])
    own = [crossing for crossing in crossings if crossing["line"] == line_name]
    for crossing in own:
        frame_index = crossing.get("frame_index", 0)
        track = positions[crossing["track_id"]]
        at = track[min(track, key=lambda index: abs(index - frame_index))]
        slit.mark(frame_index, at, crossing["direction"], crossing["track_id"])
    if not cv2.imwrite(str(target), slit.picture()):
        raise ConfigError(f"{target}: the picture cannot be written there")
    return own

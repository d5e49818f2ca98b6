"""Visualizer: tracked vehicles, OCR results and counts in; window, annotated video and records out."""

import sqlite3
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

from traffic_monitor.capture.shown import describe_source
from traffic_monitor.counting.lines import CountingLine
from traffic_monitor.drawing.annotate import (
    IGNORE_COLOR,
    SPEED_COLOR,
    ZONE_COLOR,
    AreaMark,
    Color,
    LineMark,
    Scene,
    VehicleMark,
    annotate,
)
from traffic_monitor.drawing.no_signal import NoSignal
from traffic_monitor.drawing.overlays import Overlays
from traffic_monitor.plates.hiding import PlateHider
from traffic_monitor.records.database import DATABASE_FILE, DatabaseError
from traffic_monitor.records.days import make_day_folder
from traffic_monitor.records.files import write_jpeg
from traffic_monitor.records.recorder import Recorder
from traffic_monitor.records.run_folder import SCENE_FILE, VIDEO_FILE
from traffic_monitor.runtime.cameras import PerCamera
from traffic_monitor.runtime.control import ServiceControl
from traffic_monitor.runtime.service_loop import Service, ShutdownEvent, run_service
from traffic_monitor.runtime.transport import FanIn, MessageQueue
from traffic_monitor.runtime.workers import Queues, open_input
from traffic_monitor.settings import Area, DisplayMode, Settings, VehicleCounterSettings, in_frame
from traffic_monitor.shared_utils.constants import ServiceName
from traffic_monitor.shared_utils.counts_so_far import CountsSoFar
from traffic_monitor.shared_utils.custom_types import (
    CountUpdateMessage,
    OcrResultMessage,
    TrackedMessage,
    media_time_of,
)
from traffic_monitor.shared_utils.day_names import day_in_name, day_of, folder_of_day
from traffic_monitor.shared_utils.disk_guard import DiskGuard
from traffic_monitor.shared_utils.errors import ServiceError
from traffic_monitor.shared_utils.frame_codec import Image, decode_frame
from traffic_monitor.shared_utils.guarded import Guard
from traffic_monitor.shared_utils.soundness import require_sound
from traffic_monitor.sinks.segments import VideoSegments
from traffic_monitor.sinks.sink import BufferedSink, FrameSink, GuardedSink
from traffic_monitor.sinks.video import VideoFile, unused_path
from traffic_monitor.sinks.window import Window, open_screen

FPS_FRAMES = 30
"""The shown frame rate is the mean over this many frames."""


OF_VEHICLES = ("crossings", "journeys", "identity_changes")
"""Fields of the counts that are for the records and not for the supervisor."""


class Visualizer(Service):
    """Gathers what the pipeline found, shows it and records it.

    Args:
        config: all settings.
        sinks: where annotated frames go; without any, no frame is decoded or drawn.
        recorder: where everything else goes; None: one that keeps nothing on disk.
    """

    def __init__(
        self, config: Settings, sinks: Sequence[FrameSink] = (), recorder: Recorder | None = None
    ) -> None:
        self._config = config
        self._sinks = list(sinks)
        self._recorder = recorder or Recorder(None, config)
        self._hider = PlateHider() if config.privacy.blur_plates else None
        self._scene_folder: Path | None = None
        """Folder in which the scene is written."""
        self._scene_guard = Guard("still of the scene")
        self._new_counts = CountsSoFar()
        """Counts since the last report."""
        self._overlays = Overlays(config.visualizer.plate_ttl_s) if self._sinks else None
        watches = self._sinks and config.frame_grabber.is_live
        self._no_signal = NoSignal(config.frame_grabber.clock, time.monotonic()) if watches else None
        self._lines: list[CountingLine] = []
        self._areas: list[AreaMark] = []
        self._frame_times: deque[float] = deque(maxlen=FPS_FRAMES)
        self._next_index = config.resume_point.frame_index + 1 if config.resume_point else 0
        self._dropped = 0

    def process(self, message: TrackedMessage | OcrResultMessage | CountUpdateMessage) -> list[Any]:
        """Take in one message of any of the three streams."""
        if "tracked_objects" in message:
            require_sound(cast(TrackedMessage, message))
        self._recorder.take(message)
        self._recorder.write_when_due()
        if "tracked_objects" in message:
            self._take_frame(cast(TrackedMessage, message))
        elif self._overlays is not None and "license_plate_text" in message:
            self._overlays.read(cast(OcrResultMessage, message))
        elif "counts_by_class" in message:
            self._take_counts(cast(CountUpdateMessage, message))
        return []

    def idle(self) -> None:
        """Keep the window alive, say when a camera sends nothing, and write what there is to write."""
        self._recorder.write_when_due()
        for sink in self._sinks:
            sink.idle()
        if self._no_signal is not None:
            self._show_no_signal(self._no_signal)

    def _show_no_signal(self, no_signal: NoSignal) -> None:
        still = no_signal.still(time.monotonic())
        if still is None:
            return
        for sink in self._sinks:
            # A video begins with the first frame, which decides the size of its pictures.
            if no_signal.has_frame or isinstance(sink, Window):
                sink.take(*still)

    def details(self) -> Mapping[str, Any]:
        """The counts since the last report, if there are new ones, and the recorder's numbers."""
        latest, self._new_counts = self._new_counts.together, CountsSoFar()
        counts = latest and {key: value for key, value in latest.items() if key not in OF_VEHICLES}
        return {"counts": counts, **self._recorder.details()}

    def close(self) -> None:
        """Complete the records and the video, and close the window."""
        self._recorder.close()
        for sink in self._sinks:
            sink.close()

    def _take_counts(self, message: CountUpdateMessage) -> None:
        self._new_counts.take(message)
        if self._overlays is not None:
            self._overlays.count(message)

    def _take_frame(self, message: TrackedMessage) -> None:
        self._frame_times.append(time.monotonic())
        index = message.get("frame_index", self._next_index)
        self._dropped += max(index - self._next_index, 0)
        self._next_index = index + 1
        folder = self._recorder.folder if self._config.visualizer.save_records else None
        wants_scene = folder != self._scene_folder and not self._scene_guard.is_pausing
        if not self._sinks and not wants_scene:
            return
        image = decode_frame(message["frame_data_jpeg"])
        if self._hider is not None:
            self._hider.hide(image, message)
        if wants_scene:
            self._write_scene(image)
        if self._overlays is None:
            return
        self._overlays.advance(message)
        image = annotate(image, self._scene(message, self._overlays))
        if self._no_signal is not None:
            self._no_signal.frame_came(image, message["timestamp"], media_time_of(message), time.monotonic())
        for sink in self._sinks:
            sink.take(image, media_time_of(message))

    def _write_scene(self, image: Image) -> None:
        """Keep the first frame of the run or day, over which the report draws where vehicles went.

        If that fails it is a later one.
        """
        folder = self._recorder.folder
        if folder is None or self._scene_guard.attempt(lambda: write_jpeg(folder / SCENE_FILE, image)):
            self._scene_folder = folder

    def _scene(self, message: TrackedMessage, overlays: Overlays) -> Scene:
        if not (self._lines or self._areas):
            size = (message["frame_width"], message["frame_height"])
            self._lines = [CountingLine.in_frame(line, *size) for line in self._config.vehicle_counter.lines]
            self._areas = _area_marks(self._config.vehicle_counter, *size)
        vehicles = [
            VehicleMark(
                vehicle["bbox_xyxy"],
                vehicle["class_name"],
                vehicle["track_id"],
                overlays.plate_of(vehicle["track_id"]) if self._hider is None else "",
            )
            for vehicle in message["tracked_objects"]
        ]
        lines = [LineMark(line.start, line.end, _line_label(line, overlays)) for line in self._lines]
        return Scene(vehicles, lines, self._panel(message, overlays), self._areas)

    def _panel(self, message: TrackedMessage, overlays: Overlays) -> list[str]:
        classes = "  ".join(f"{name} {number}" for name, number in sorted(overlays.by_class.items()))
        media_time = media_time_of(message)
        clock = f"{int(media_time // 60):02d}:{media_time % 60:04.1f}"
        rows = [f"{message['camera_id']}   {clock}", f"counted {overlays.total}   {classes}".rstrip()]
        dropped = f"   dropped {self._dropped}" if self._dropped else ""
        return [*rows, f"{self._fps():.0f} frames/s{dropped}"]

    def _fps(self) -> float:
        if len(self._frame_times) < 2:
            return 0.0
        return (len(self._frame_times) - 1) / max(self._frame_times[-1] - self._frame_times[0], 1e-6)


def _line_label(line: CountingLine, overlays: Overlays) -> str:
    directions = overlays.by_line.get(line.name, {})
    numbers = (f"{name} {sum(directions.get(name, {}).values())}" for name in (line.in_name, line.out_name))
    return f"{line.name}: {'  '.join(numbers)}"


def _area_marks(settings: VehicleCounterSettings, width: int, height: int) -> list[AreaMark]:
    colored: list[tuple[Area, Color]] = [(each, IGNORE_COLOR) for each in settings.ignore]
    colored += [(each, ZONE_COLOR) for each in settings.zones]
    if settings.speed is not None:
        colored.append((settings.speed, SPEED_COLOR))
    return [AreaMark(in_frame(each.units, each.points, width, height), color) for each, color in colored]


VIDEO, PICTURES = "video files", "pictures of plates and vehicles"
"""Outputs that stop before the disk is full, as messages name them."""


def disk_guard(config: Settings) -> DiskGuard:
    """Watches the disk of the output folder."""
    limits = {VIDEO: config.disk.stop_video_below_mb, PICTURES: config.disk.stop_pictures_below_mb}
    return DiskGuard(config.output_dir, limits)


def open_sinks(config: Settings, window: Window | None, disk: DiskGuard | None = None) -> list[FrameSink]:
    """The sinks that the settings of one camera ask for.

    Args:
        config: settings of the camera.
        window: its window; None: this machine can show none, or none is wanted.
        disk: says when the video has to stop.
    """
    disk = disk or disk_guard(config)
    sinks: list[FrameSink] = [] if window is None else [window]
    settings = config.visualizer
    misses_screen = settings.display is DisplayMode.AUTO and window is None
    # A camera never ends, and a video that nobody asked for would fill the disk.
    wants_video = misses_screen and config.frame_grabber.is_file
    if settings.save_video is True or (settings.save_video == "auto" and wants_video):
        sinks.append(GuardedSink(_video_of(config), Guard("annotated video"), partial(disk.allows, VIDEO)))
    return sinks


def _video_of(config: Settings) -> Callable[[], BufferedSink]:
    """Opens the video of one camera: in segments where its folder is a day, else one file."""
    folder = config.run_dir or config.output_dir
    if day_in_name(folder) is None:
        return lambda: VideoFile(unused_path(folder / VIDEO_FILE))
    clock = config.frame_grabber.clock

    def folder_at(now: float) -> Path:
        of_day = folder_of_day(folder, day_of(clock, now))
        make_day_folder(of_day)
        return of_day

    return lambda: VideoSegments(folder_at, clock, config.visualizer.video_segment_min)


def open_recorder(config: Settings, disk: DiskGuard | None = None) -> Recorder:
    """The recorder of this run.

    Args:
        config: settings of the camera.
        disk: says when pictures have to stop.

    Raises:
        ServiceError: the database cannot be made.
    """
    try:
        disk = disk or disk_guard(config)
        source = describe_source(config.frame_grabber.source)
        return Recorder(config.run_dir, config, source, keeps_pictures=partial(disk.allows, PICTURES))
    except (sqlite3.Error, DatabaseError, OSError) as error:
        raise ServiceError(f"{config.run_dir or ''}/{DATABASE_FILE} cannot be made: {error}") from error


def visualizer_process(
    config: Settings,
    tracked_vehicles_q_in: MessageQueue,
    ocr_results_q_in: Queues,
    counting_updates_q_in: MessageQueue,
    shutdown_event: ShutdownEvent,
    control: ServiceControl | None = None,
) -> None:
    """Run the visualizer until all three inputs have ended or the shutdown event is set.

    Args:
        config: all settings.
        tracked_vehicles_q_in: ``tracked_for_display``.
        ocr_results_q_in: ``ocr_results``, or one queue per reading worker.
        counting_updates_q_in: ``counting_updates``.
        shutdown_event: when set, leave at once.
        control: wire to the supervisor.
    """
    control = control or ServiceControl()
    readings = open_input(ocr_results_q_in, partial(control.lost, ServiceName.OCR_READER))

    def build() -> PerCamera:
        ids = [camera.camera_id for camera in config.each_camera()]
        on_pause = None if config.is_live else control.request_pause
        disk = disk_guard(config)  # One for all cameras: it reports each change once.
        screen = open_screen(config.visualizer, ids, control.request_stop, on_pause)

        def of_camera(camera: Settings) -> Visualizer:
            window = None if screen is None else Window(screen, ids.index(camera.camera_id))
            return Visualizer(camera, open_sinks(camera, window, disk), open_recorder(camera, disk))

        return PerCamera(config, of_camera)

    run_service(
        ServiceName.VISUALIZER,
        build,
        # Readings and counts first, so that they are here when their frame is drawn.
        FanIn([readings, counting_updates_q_in, tracked_vehicles_q_in]),
        [],
        shutdown_event,
        control,
        low_priority=config.is_live,
    )

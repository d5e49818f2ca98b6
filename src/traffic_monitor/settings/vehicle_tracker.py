"""Section ``vehicle_tracker``: what follows the vehicles from frame to frame."""

from enum import StrEnum
from pathlib import Path

from pydantic import Field

from traffic_monitor.settings.section import Fraction, Section


class TrackerType(StrEnum):
    """The BoxMOT trackers on offer."""

    BYTETRACK = "bytetrack"
    OCSORT = "ocsort"
    BOTSORT = "botsort"


class ByteTrackSettings(Section):
    """BoxMOT ``ByteTrack``; lengths of time in frames."""

    min_conf: Fraction = 0.1
    track_thresh: Fraction = 0.3
    match_thresh: Fraction = 0.8
    track_buffer: int = Field(default=30, ge=1, le=1000)


class OcSortSettings(Section):
    """BoxMOT ``OcSort``; lengths of time in frames."""

    det_thresh: Fraction = 0.3
    min_conf: Fraction = 0.1
    max_age: int = Field(default=30, ge=1, le=1000)
    min_hits: int = Field(default=2, ge=1, le=100)
    iou_threshold: Fraction = 0.3
    delta_t: int = Field(default=3, ge=1, le=30)
    inertia: Fraction = 0.2
    use_byte: bool = True


class BotSortSettings(Section):
    """BoxMOT ``BotSort``; lengths of time in frames."""

    track_high_thresh: Fraction = 0.3
    track_low_thresh: Fraction = 0.1
    new_track_thresh: Fraction = 0.4
    track_buffer: int = Field(default=30, ge=1, le=1000)
    match_thresh: Fraction = 0.8
    proximity_thresh: Fraction = 0.5
    appearance_thresh: Fraction = 0.25
    camera_motion: bool = False


class VehicleTrackerSettings(Section):
    """Which tracker follows the vehicles, and its parameters."""

    type: TrackerType = TrackerType.BYTETRACK
    osnet_model_path: Path | None = None
    bytetrack: ByteTrackSettings = ByteTrackSettings()
    ocsort: OcSortSettings = OcSortSettings()
    botsort: BotSortSettings = BotSortSettings()

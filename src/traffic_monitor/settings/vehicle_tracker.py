"""Section ``vehicle_tracker``: what follows the vehicles from frame to frame."""

from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, model_validator

from traffic_monitor.settings.section import Fraction, Section


class TrackerType(StrEnum):
    """The BoxMOT trackers on offer."""

    BYTETRACK = "bytetrack"
    OCSORT = "ocsort"
    BOTSORT = "botsort"


FRAMES_PER_S = 30
"""Lengths of time were frames before they were seconds, meant for cameras of this frame rate."""


class _TrackerSection(Section):
    """Parameters of one tracker. The length of time that was called ``frames_key`` is still understood."""

    frames_key: ClassVar[str] = "track_buffer"

    @model_validator(mode="before")
    @classmethod
    def _frames_as_seconds(cls, values: Any) -> Any:
        if not isinstance(values, dict) or type(values.get(cls.frames_key)) is not int:  # true is no number here
            return values
        rest = {key: value for key, value in values.items() if key != cls.frames_key}
        return {**rest, f"{cls.frames_key}_s": values[cls.frames_key] / FRAMES_PER_S}


class ByteTrackSettings(_TrackerSection):
    """BoxMOT ``ByteTrack``."""

    min_conf: Fraction = 0.1
    track_thresh: Fraction = 0.3
    match_thresh: Fraction = 0.8
    track_buffer_s: float = Field(default=1, gt=0, le=60)


class OcSortSettings(_TrackerSection):
    """BoxMOT ``OcSort``."""

    frames_key: ClassVar[str] = "max_age"

    det_thresh: Fraction = 0.3
    min_conf: Fraction = 0.1
    max_age_s: float = Field(default=1, gt=0, le=60)
    min_hits: int = Field(default=2, ge=1, le=100)
    iou_threshold: Fraction = 0.3
    delta_t: int = Field(default=3, ge=1, le=30)
    inertia: Fraction = 0.2
    use_byte: bool = True


class BotSortSettings(_TrackerSection):
    """BoxMOT ``BotSort``."""

    track_high_thresh: Fraction = 0.3
    track_low_thresh: Fraction = 0.1
    new_track_thresh: Fraction = 0.4
    track_buffer_s: float = Field(default=1, gt=0, le=60)
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

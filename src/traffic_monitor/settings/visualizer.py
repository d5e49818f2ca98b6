"""Section ``visualizer``: what is shown and recorded."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator

from traffic_monitor.settings.section import Section, yaml_switch

MINUTES_OF_A_DAY = 24 * 60


class DisplayMode(StrEnum):
    """Whether the live window is shown."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


class VisualizerSettings(Section):
    """What is shown and recorded."""

    display: Annotated[DisplayMode, BeforeValidator(yaml_switch)] = DisplayMode.AUTO
    save_video: bool | Literal["auto"] = "auto"
    window_width: int = Field(default=1280, ge=160, le=7680)
    plate_ttl_s: float = Field(default=10, ge=1, le=3600)
    save_records: bool = True
    video_segment_min: int | None = 15

    @field_validator("video_segment_min")
    @classmethod
    def _divides_a_day(cls, value: int | None) -> int | None:
        if value is not None and (not 1 <= value <= MINUTES_OF_A_DAY or MINUTES_OF_A_DAY % value):
            raise ValueError("should be a divisor of the 1440 minutes of a day, such as 5, 15 or 60")
        return value

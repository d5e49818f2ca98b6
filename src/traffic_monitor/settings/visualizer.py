"""Section ``visualizer``: what is shown and recorded."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from traffic_monitor.settings.section import Section, yaml_switch


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

"""Section ``frame_grabber``: where frames come from."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, field_validator

from traffic_monitor.settings.section import Section
from traffic_monitor.shared_utils.clock import Clock, parse_zone

NETWORK_SCHEMES = ("rtsp://", "rtsps://", "rtmp://", "http://", "https://", "udp://", "tcp://")


class SourceMode(StrEnum):
    """Whether a source waits for us (a file) or not (a camera)."""

    AUTO = "auto"
    FILE = "file"
    LIVE = "live"


class FrameGrabberSettings(Section):
    """Where frames come from and how they are sent on."""

    source: int | str | None = "demo/street.mp4"
    mode: SourceMode = SourceMode.AUTO
    start_time: datetime | None = None
    timezone: str | None = None
    resize_width: Annotated[int, Field(ge=64, le=7680)] | None = None
    target_fps: Annotated[float, Field(gt=0, le=240)] | None = None
    jpeg_quality: int = Field(default=90, ge=1, le=100)
    open_timeout_s: float = Field(default=10, gt=0, le=120)
    read_timeout_s: float = Field(default=5, gt=0, le=120)
    reconnect_for_s: float = Field(default=60, ge=0)

    @field_validator("source", mode="before")
    @classmethod
    def _webcam_index(cls, value: object) -> object:
        """``"0"`` from a command line or the environment is webcam 0, not a file."""
        return int(value) if isinstance(value, str) and value.isdecimal() else value

    @property
    def is_webcam(self) -> bool:
        """Whether the source is the index of a local camera."""
        return isinstance(self.source, int)

    @property
    def is_network(self) -> bool:
        """Whether the source is a URL."""
        return isinstance(self.source, str) and self.source.lower().startswith(NETWORK_SCHEMES)

    @field_validator("timezone")
    @classmethod
    def _is_a_time_zone(cls, value: str | None) -> str | None:
        if value is not None:
            parse_zone(value)
        return value

    @property
    def start_epoch_s(self) -> float:
        """Epoch seconds of a file's first frame; a ``start_time`` without offset is in ``timezone``, none is 0."""
        if self.start_time is None:
            return 0.0
        if self.start_time.tzinfo is None and self.timezone is not None:
            return self.start_time.replace(tzinfo=parse_zone(self.timezone)).timestamp()
        return self.start_time.timestamp()

    @property
    def clock(self) -> Clock:
        """The camera's clock: in ``timezone``, else with the offset of ``start_time``, else this machine's."""
        zone = parse_zone(self.timezone) if self.timezone is not None else None
        if zone is None and self.start_time is not None and not self.is_live:
            zone = self.start_time.tzinfo
        return Clock(self.knows_time_of_day, zone)

    @property
    def knows_time_of_day(self) -> bool:
        """Whether timestamps are real times; those of a file without ``start_time`` count from zero."""
        return self.is_live or self.start_time is not None

    @property
    def is_file(self) -> bool:
        """Whether the source is a file, in whatever mode it is played."""
        return not self.is_webcam and not self.is_network

    @property
    def is_live(self) -> bool:
        """Whether frames come at their own pace, so that dropping beats falling behind."""
        if self.mode is SourceMode.AUTO:
            return not self.is_file
        return self.mode is SourceMode.LIVE

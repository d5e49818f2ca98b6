"""Section ``frame_grabber``: where frames come from."""

import re
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Self
from urllib.parse import unquote

from pydantic import BeforeValidator, Field, field_validator, model_validator

from traffic_monitor.settings.section import Section
from traffic_monitor.shared_utils.clock import Clock, parse_zone

NETWORK_SCHEMES = ("rtsp://", "rtsps://", "rtmp://", "http://", "https://", "udp://", "tcp://")

FILE_SCHEME = "file://"

HIGHEST_WEBCAM = 255
"""Linux has no more devices of this kind."""

FIRST_YEAR, LAST_YEAR = 1971, 2100
"""Of ``start_time``: whole days around it must exist in every time zone, counted from 1970."""


ASPECT = re.compile(r"([1-9]\d{0,4}):([1-9]\d{0,4})")

WEBCAM_PATH = re.compile(r"/dev/(video\d+|v4l/.+)")


def sexagesimal(value: object) -> object:
    """YAML reads a bare ``16:11`` as the number 16 * 60 + 11."""
    return f"{value // 60}:{value % 60}" if isinstance(value, int) and not isinstance(value, bool) else value


class SourceMode(StrEnum):
    """Whether a source waits for us (a file) or not (a camera)."""

    AUTO = "auto"
    FILE = "file"
    LIVE = "live"


class ReaderType(StrEnum):
    """Which library reads the source; auto: OpenCV for webcams, PyAV for files and network streams."""

    AUTO = "auto"
    OPENCV = "opencv"
    PYAV = "pyav"


class RtspTransport(StrEnum):
    """How an RTSP camera sends its pictures."""

    TCP = "tcp"
    UDP = "udp"


class FrameGrabberSettings(Section):
    """Where frames come from and how they are sent on."""

    source: int | str | None = "demo/street.mp4"
    mode: SourceMode = SourceMode.AUTO
    reader: ReaderType = ReaderType.AUTO
    start_time: datetime | None = None
    timezone: str | None = None
    resize_width: Annotated[int, Field(ge=64, le=7680)] | None = None
    target_fps: Annotated[float, Field(gt=0, le=240)] | None = None
    jpeg_quality: int = Field(default=90, ge=1, le=100)
    open_timeout_s: float = Field(default=10, gt=0, le=120)
    read_timeout_s: float = Field(default=5, gt=0, le=120)
    reconnect_for_s: Annotated[float, Field(ge=0)] | None = None
    rtsp_transport: RtspTransport = RtspTransport.TCP
    fps: Annotated[float, Field(gt=0, le=240)] | None = None
    width: Annotated[int, Field(ge=16, le=7680)] | None = None
    height: Annotated[int, Field(ge=16, le=7680)] | None = None
    pixel_format: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{4}$")] | None = None
    pixel_aspect: Annotated[str, BeforeValidator(sexagesimal)] = "auto"

    @field_validator("source", mode="before")
    @classmethod
    def _as_index_or_path(cls, value: object) -> object:
        """``"0"`` from a command line or the environment is webcam 0, not a file; ``file://`` names a path."""
        if value is not None and not isinstance(value, int | str):
            raise ValueError("should be a video file, a webcam index or a URL")
        if isinstance(value, str) and value.isdecimal() and value.isascii():
            return int(value)
        if isinstance(value, str) and value.lower().startswith(FILE_SCHEME):
            return unquote(value[len(FILE_SCHEME) :].removeprefix("localhost"))
        return value

    @field_validator("source")
    @classmethod
    def _index_is_possible(cls, value: int | str | None) -> int | str | None:
        if isinstance(value, int) and not 0 <= value <= HIGHEST_WEBCAM:
            raise ValueError(f"a webcam index is between 0 and {HIGHEST_WEBCAM}")
        return value

    @field_validator("start_time")
    @classmethod
    def _is_of_this_age(cls, value: datetime | None) -> datetime | None:
        if value is not None and not FIRST_YEAR <= value.year <= LAST_YEAR:
            raise ValueError(f"should be between {FIRST_YEAR} and {LAST_YEAR}")
        return value

    @model_validator(mode="after")
    def _width_and_height_go_together(self) -> Self:
        if (self.width is None) != (self.height is None):
            raise ValueError("width and height of a webcam are set together")
        return self

    @field_validator("pixel_aspect")
    @classmethod
    def _is_a_ratio(cls, value: str) -> str:
        ratio = ASPECT.fullmatch(value)
        if value != "auto" and not (ratio and 1 / 4 <= Fraction(int(ratio[1]), max(int(ratio[2]), 1)) <= 4):
            raise ValueError("should be auto or the width and height of a pixel, for example 16:11")
        return value

    @property
    def pixel_ratio(self) -> Fraction | None:
        """Width of a pixel divided by its height, as it was set; ``None``: as the source states it."""
        ratio = ASPECT.fullmatch(self.pixel_aspect)
        return Fraction(int(ratio[1]), int(ratio[2])) if ratio else None

    @property
    def is_webcam(self) -> bool:
        """Whether the source is the index or the device path of a local camera."""
        return isinstance(self.source, int) or WEBCAM_PATH.fullmatch(str(self.source)) is not None

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

    @property
    def is_camera(self) -> bool:
        """Whether the source is a camera, which may run for months, and not a recording."""
        return self.is_live and not self.is_file

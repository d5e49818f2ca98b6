"""Every setting with its type, range and default. ``config/settings.yaml`` documents them for users."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from traffic_monitor.shared_utils.clock import Clock, parse_zone

NETWORK_SCHEMES = ("rtsp://", "rtsps://", "rtmp://", "http://", "https://", "udp://", "tcp://")

DEFAULT_SETTINGS = "default settings"
"""Where a value comes from that nobody has set."""

SHORTEST_SECRET = 16
"""Characters. All plates are soon tried through; a secret that can be guessed would hide none of them."""


def _yaml_switch(value: object) -> object:
    """YAML reads a bare ``on`` or ``off`` as a boolean; here they are words."""
    return {True: "on", False: "off"}.get(value, value) if isinstance(value, bool) else value


class DisplayMode(StrEnum):
    """Whether the live window is shown."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


class SourceMode(StrEnum):
    """Whether a source waits for us (a file) or not (a camera)."""

    AUTO = "auto"
    FILE = "file"
    LIVE = "live"


class TrackerType(StrEnum):
    """The BoxMOT trackers on offer."""

    BYTETRACK = "bytetrack"
    OCSORT = "ocsort"
    BOTSORT = "botsort"


class OcrEngine(StrEnum):
    """What runs the text recogniser."""

    PADDLE = "paddle"
    ONNXRUNTIME = "onnxruntime"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


Fraction = Annotated[float, Field(ge=0, le=1)]
ImageSize = Annotated[int, Field(ge=32, le=4096)]
PlateFormat = Annotated[str, Field(pattern=r"^[A9*]{2,12}$")]
"""``A`` is a letter, ``9`` a digit, ``*`` either."""


class FrameGrabberSettings(_Section):
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


class Backend(StrEnum):
    """Which library runs a detector."""

    AUTO = "auto"
    """PyTorch or ONNX Runtime on an NVIDIA GPU where there is one, else OpenVINO."""
    TORCH = "torch"
    OPENVINO = "openvino"
    ONNXRUNTIME = "onnxruntime"


FORMS_OF_BACKENDS = {Backend.TORCH: (".pt",), Backend.ONNXRUNTIME: (".pt", ".onnx")}
"""Endings of the files that can be run, or converted to what can; OpenVINO takes all."""


class DetectorSettings(_Section):
    """Which YOLO model to run, and how."""

    model_path: Path | None = None
    conf_threshold: Fraction
    iou_threshold: Fraction = 0.5
    imgsz: ImageSize | tuple[ImageSize, ImageSize] | None = None
    backend: Backend = Backend.AUTO
    device: str = "auto"

    @model_validator(mode="after")
    def _backend_runs_the_file(self) -> Self:
        suffixes = FORMS_OF_BACKENDS.get(self.backend)
        if suffixes and self.model_path is not None and self.model_path.suffix not in suffixes:
            raise ValueError(f"backend {self.backend} runs {' or '.join(suffixes)}, not {self.model_path.name}")
        return self


class VehicleDetectorSettings(DetectorSettings):
    """Which model finds vehicles and which of its answers count."""

    model_path: Path | None = Path("weights/vehicle_detector.pt")
    conf_threshold: Fraction = 0.1
    workers: int = Field(default=1, ge=1, le=16)
    skip_still: bool = True
    classes: list[str] = Field(default=["car", "motorcycle", "bus", "truck"], min_length=1)
    class_mapping: dict[int, str] = Field(default_factory=dict)


class ByteTrackSettings(_Section):
    """BoxMOT ``ByteTrack``; lengths of time in frames."""

    min_conf: Fraction = 0.1
    track_thresh: Fraction = 0.3
    match_thresh: Fraction = 0.8
    track_buffer: int = Field(default=30, ge=1, le=1000)


class OcSortSettings(_Section):
    """BoxMOT ``OcSort``; lengths of time in frames."""

    det_thresh: Fraction = 0.3
    min_conf: Fraction = 0.1
    max_age: int = Field(default=30, ge=1, le=1000)
    min_hits: int = Field(default=2, ge=1, le=100)
    iou_threshold: Fraction = 0.3
    delta_t: int = Field(default=3, ge=1, le=30)
    inertia: Fraction = 0.2
    use_byte: bool = True


class BotSortSettings(_Section):
    """BoxMOT ``BotSort``; lengths of time in frames."""

    track_high_thresh: Fraction = 0.3
    track_low_thresh: Fraction = 0.1
    new_track_thresh: Fraction = 0.4
    track_buffer: int = Field(default=30, ge=1, le=1000)
    match_thresh: Fraction = 0.8
    proximity_thresh: Fraction = 0.5
    appearance_thresh: Fraction = 0.25
    camera_motion: bool = False


class VehicleTrackerSettings(_Section):
    """Which tracker follows the vehicles, and its parameters."""

    type: TrackerType = TrackerType.BYTETRACK
    osnet_model_path: Path | None = None
    bytetrack: ByteTrackSettings = ByteTrackSettings()
    ocsort: OcSortSettings = OcSortSettings()
    botsort: BotSortSettings = BotSortSettings()


class LpDetectorSettings(DetectorSettings):
    """Which model finds plates, on which vehicles, and how often."""

    model_path: Path | None = Path("weights/plate_detector.pt")
    conf_threshold: Fraction = 0.2
    imgsz: ImageSize | tuple[ImageSize, ImageSize] | None = (320, 320)
    min_plate_width_px: int = Field(default=32, ge=1, le=4096)
    min_vehicle_width_px: int = Field(default=120, ge=1, le=7680)
    crop_margin: Annotated[float, Field(ge=0, le=0.5)] = 0.05
    interval_frames: int = Field(default=3, ge=1, le=1000)
    max_candidates: int = Field(default=12, ge=1, le=10000)
    workers: int = Field(default=1, ge=1, le=16)
    live_budget_ms: int = Field(default=400, ge=1, le=1000)


class OcrReaderSettings(_Section):
    """Which recogniser reads the plates."""

    model_dir: Path | None = Path("weights/plate_ocr")
    model_name: str | None = None
    engine: OcrEngine = OcrEngine.PADDLE
    device: str = "cpu"
    workers: int = Field(default=1, ge=1, le=16)
    min_confidence: Fraction = 0.3
    crop_margin: Annotated[float, Field(ge=0, le=0.5)] = 0.05
    min_consensus_confidence: Fraction = 0.7
    min_readings: int = Field(default=2, ge=1, le=60)
    plate_formats: list[PlateFormat] = Field(default=[])


Point = tuple[float, float]


def _check_fractions(units: str, points: Sequence[Point]) -> None:
    if units == "fraction" and not all(0 <= value <= 1 for point in points for value in point):
        raise ValueError("with units: fraction every coordinate is between 0 and 1 (or set units: pixels)")


class LineSettings(_Section):
    """One counting line. Walking from the first point to the second, ``in`` is a crossing from left to right."""

    name: str = Field(min_length=1, max_length=60)
    points: tuple[Point, Point]
    units: Literal["fraction", "pixels"] = "fraction"
    in_name: str = Field(default="in", min_length=1, max_length=40)
    out_name: str = Field(default="out", min_length=1, max_length=40)

    @model_validator(mode="after")
    def _is_a_line(self) -> Self:
        if self.points[0] == self.points[1]:
            raise ValueError("the two points are the same")
        _check_fractions(self.units, self.points)
        if self.in_name == self.out_name:
            raise ValueError("in_name and out_name are the same")
        return self


class ZoneSettings(_Section):
    """One zone: a polygon."""

    name: str = Field(min_length=1, max_length=60)
    points: list[Point] = Field(min_length=3, max_length=100)
    units: Literal["fraction", "pixels"] = "fraction"

    @model_validator(mode="after")
    def _is_in_the_frame(self) -> Self:
        _check_fractions(self.units, self.points)
        if len(set(self.points)) < 3:
            raise ValueError("a zone needs three different points")
        return self


class SpeedSettings(_Section):
    """Four corners of a rectangle on the road whose size is known."""

    points: tuple[Point, Point, Point, Point]
    units: Literal["fraction", "pixels"] = "fraction"
    width_m: float = Field(gt=0, le=1000)
    length_m: float = Field(gt=0, le=1000)
    unit: Literal["km/h", "mph"] = "km/h"

    @model_validator(mode="after")
    def _is_a_rectangle_seen_from_somewhere(self) -> Self:
        _check_fractions(self.units, self.points)
        corners = zip(
            self.points, self.points[1:] + self.points[:1], self.points[2:] + self.points[:2], strict=True
        )
        turns = [(b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0]) for a, b, c in corners]
        if not (all(turn > 0 for turn in turns) or all(turn < 0 for turn in turns)):
            raise ValueError("give the four corners in the order in which one walks around the rectangle")
        return self


class VehicleCounterSettings(_Section):
    """The counting lines, zones and what else is measured."""

    lines: list[LineSettings] = Field(
        default=[LineSettings(name="main", points=((0.0, 0.77), (1.0, 0.77)))],
    )
    zones: list[ZoneSettings] = []
    interval_minutes: int = Field(default=15, ge=1, le=60)
    speed: SpeedSettings | None = None

    @field_validator("lines", "zones")
    @classmethod
    def _names_differ(cls, named: list[Any], info: ValidationInfo) -> list[Any]:
        names = [each.name for each in named]
        if len(set(names)) < len(names):
            raise ValueError(f"two {info.field_name} have the same name: {', '.join(names)}")
        return named

    @field_validator("interval_minutes")
    @classmethod
    def _divides_the_hour(cls, minutes: int) -> int:
        if 60 % minutes:
            raise ValueError("must divide an hour: 1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30 or 60")
        return minutes


class VisualizerSettings(_Section):
    """What is shown and recorded."""

    display: Annotated[DisplayMode, BeforeValidator(_yaml_switch)] = DisplayMode.AUTO
    save_video: bool | Literal["auto"] = "auto"
    window_width: int = Field(default=1280, ge=160, le=7680)
    plate_ttl_s: float = Field(default=10, ge=1, le=3600)
    save_records: bool = True


class PrivacySettings(_Section):
    """What is kept of the people in the picture, and for how long."""

    blur_plates: bool = False
    store_crops: bool = True
    hash_plates: bool = False
    secret: SecretStr | None = None
    keep_days: Annotated[float, Field(ge=0.01, le=36_500)] | None = None

    @field_validator("secret")
    @classmethod
    def _cannot_be_guessed(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret) < SHORTEST_SECRET:
            raise ValueError(f"a secret needs {SHORTEST_SECRET} characters or more, this one has {len(secret)}")
        return secret

    @model_validator(mode="after")
    def _hides_what_it_hashes(self) -> Self:
        if self.hash_plates and self.secret is None:
            raise ValueError(
                f"hash_plates needs a secret of {SHORTEST_SECRET} characters or more; give it in the environment,"
                " as TRAFFIC_MONITOR__PRIVACY__SECRET"
            )
        if self.hash_plates and not self.blur_plates:
            raise ValueError("hash_plates needs blur_plates: true, else the pictures still show the plates")
        return self


class SupervisorSettings(_Section):
    """How the seven services are started, watched and stopped."""

    startup_timeout_s: float = Field(default=120, gt=0, le=3600)
    drain_timeout_s: float = Field(default=7, gt=0, le=3600)
    status_interval_s: float = Field(default=5, gt=0, le=3600)


class LoggingSettings(_Section):
    """How much is written to the run's log."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


CameraId = Annotated[str, Field(min_length=1, max_length=60)]


class CameraSettings(_Section):
    """One of several cameras: where its frames come from, and what is set for it alone.

    A key that is left out has the value of the section of the same name at the top.
    """

    camera_id: CameraId
    frame_grabber: FrameGrabberSettings
    vehicle_tracker: VehicleTrackerSettings = VehicleTrackerSettings()
    vehicle_counter: VehicleCounterSettings = VehicleCounterSettings()

    @model_validator(mode="after")
    def _has_a_source(self) -> Self:
        if "source" not in self.frame_grabber.model_fields_set:
            raise ValueError("each camera needs frame_grabber.source")
        return self


OF_ONE_CAMERA = ("frame_grabber", "vehicle_tracker", "vehicle_counter")
"""The sections that a camera can have of its own."""


def _with_own(common: _Section, own: _Section) -> _Section:
    """The common section with what was given for one camera alone."""
    given: dict[str, Any] = {name: getattr(own, name) for name in own.model_fields_set}
    for name, value in given.items():
        present = getattr(common, name)
        if isinstance(value, _Section) and isinstance(present, _Section):
            given[name] = _with_own(present, value)
    return common.model_copy(update=given)


class Settings(BaseSettings):
    """All settings of a run, validated. Constructed directly it reads neither environment nor file."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    camera_id: CameraId = "cam1"
    output_dir: Path = Path("output")
    queue_size: int = Field(default=16, ge=1, le=1000)
    frame_grabber: FrameGrabberSettings = FrameGrabberSettings()
    vehicle_detector: VehicleDetectorSettings = VehicleDetectorSettings()
    vehicle_tracker: VehicleTrackerSettings = VehicleTrackerSettings()
    lp_detector: LpDetectorSettings = LpDetectorSettings()
    ocr_reader: OcrReaderSettings = OcrReaderSettings()
    vehicle_counter: VehicleCounterSettings = VehicleCounterSettings()
    visualizer: VisualizerSettings = VisualizerSettings()
    privacy: PrivacySettings = PrivacySettings()
    supervisor: SupervisorSettings = SupervisorSettings()
    logging: LoggingSettings = LoggingSettings()
    cameras: list[CameraSettings] = []

    _run_dirs: tuple[Path, ...] = PrivateAttr(default=())
    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    @field_validator("cameras")
    @classmethod
    def _ids_differ(cls, cameras: list[CameraSettings]) -> list[CameraSettings]:
        ids = [camera.camera_id for camera in cameras]
        if len(set(ids)) < len(ids):
            raise ValueError(f"two cameras have the same camera_id: {', '.join(ids)}")
        return cameras

    @property
    def run_dir(self) -> Path | None:
        """Folder of the current run, for the services that write into it; None outside a run."""
        return self._run_dirs[0] if self._run_dirs else None

    @property
    def is_live(self) -> bool:
        """Whether a camera's frames come at their own pace."""
        return any(camera.frame_grabber.is_live for camera in self.each_camera())

    def each_camera(self) -> list[Self]:
        """The settings of each camera as if it were alone; without ``cameras``, these settings.

        Beside a live camera a file is played at its own speed if its mode is ``auto``: read as fast as possible it
        would leave the camera no time, and waiting for the file's plates would make the camera wait.
        """
        if not self.cameras:
            return [self]
        each = [self._of(camera, self._run_dirs[number:][:1]) for number, camera in enumerate(self.cameras)]
        if any(camera.frame_grabber.is_live for camera in each):
            each = [camera._played_at_its_speed() for camera in each]
        return each

    def _played_at_its_speed(self) -> Self:
        if self.frame_grabber.mode is not SourceMode.AUTO:
            return self
        return self.model_copy(
            update={"frame_grabber": self.frame_grabber.model_copy(update={"mode": SourceMode.LIVE})}
        )

    def _of(self, camera: CameraSettings, run_dirs: tuple[Path, ...]) -> Self:
        own = {section: _with_own(getattr(self, section), getattr(camera, section)) for section in OF_ONE_CAMERA}
        copy = self.model_copy(update={"camera_id": camera.camera_id, "cameras": [], **own})
        copy._run_dirs = run_dirs
        return copy

    def origin_of(self, key: str) -> str:
        """Where the value of ``section.key`` was set, for messages: a file, the environment, the command line."""
        whole_key = key.partition(".")[0]  # A list, such as the cameras, is set as a whole.
        return self._origins.get(key) or self._origins.get(whole_key, DEFAULT_SETTINGS)

    def with_origins(self, origins: Mapping[str, str]) -> Self:
        """The same settings, knowing where each key was set."""
        copy = self.model_copy()
        copy._origins = dict(origins)
        return copy

    def for_run(self, *run_dirs: Path) -> Self:
        """The same settings for a run that writes into these folders, one for each camera."""
        copy = self.model_copy()
        copy._run_dirs = run_dirs
        return copy

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic-settings calls it with these names
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The loader merges the sources, because it must be able to say where a wrong value stands."""
        return (init_settings,)

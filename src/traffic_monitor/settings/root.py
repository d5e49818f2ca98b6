"""All settings of a run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from pydantic import Field, PrivateAttr, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from traffic_monitor.settings.cameras import CameraSettings, each_cameras_own, folder_name
from traffic_monitor.settings.detectors import LpDetectorSettings, VehicleDetectorSettings
from traffic_monitor.settings.disk import DiskSettings
from traffic_monitor.settings.frame_grabber import FrameGrabberSettings
from traffic_monitor.settings.ocr_reader import OcrReaderSettings
from traffic_monitor.settings.privacy import PrivacySettings
from traffic_monitor.settings.section import Name, refuse_lookalikes
from traffic_monitor.settings.supervisor import LoggingSettings, SupervisorSettings
from traffic_monitor.settings.vehicle_counter import VehicleCounterSettings
from traffic_monitor.settings.vehicle_tracker import VehicleTrackerSettings
from traffic_monitor.settings.visualizer import VisualizerSettings
from traffic_monitor.shared_utils.constants import ServiceName
from traffic_monitor.shared_utils.resume import ResumePoint

DEFAULT_SETTINGS = "default settings"
"""Where a value comes from that nobody has set."""


class Settings(BaseSettings):
    """All settings of a run, validated. Constructed directly it reads neither environment nor file."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    camera_id: Name = "cam1"
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
    disk: DiskSettings = DiskSettings()
    supervisor: SupervisorSettings = SupervisorSettings()
    logging: LoggingSettings = LoggingSettings()
    cameras: list[CameraSettings] = []

    _run_dirs: tuple[Path, ...] = PrivateAttr(default=())
    _resume_points: tuple[ResumePoint | None, ...] = PrivateAttr(default=())
    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    _refuse_lookalikes = field_validator("*", mode="before")(refuse_lookalikes)

    @field_validator("cameras")
    @classmethod
    def _ids_differ(cls, cameras: list[CameraSettings]) -> list[CameraSettings]:
        ids = [camera.camera_id for camera in cameras]
        if len(set(ids)) < len(ids):
            raise ValueError(f"two cameras have the same camera_id: {', '.join(ids)}")
        if len({folder_name(each) for each in ids}) < len(ids):
            raise ValueError(
                f"two cameras would share a folder name, {', '.join(map(folder_name, ids))}; rename one"
            )
        return cameras

    @property
    def run_dir(self) -> Path | None:
        """Folder of the current run, for the services that write into it; None outside a run."""
        return self._run_dirs[0] if self._run_dirs else None

    @property
    def resume_point(self) -> ResumePoint | None:
        """Where the camera's work goes on; None where it begins."""
        return self._resume_points[0] if self._resume_points else None

    @property
    def is_live(self) -> bool:
        """Whether a camera's frames come at their own pace."""
        return any(camera.frame_grabber.is_live for camera in self.each_camera())

    def each_camera(self) -> list[Self]:
        """The settings of each camera as if it were alone; without ``cameras``, these settings."""
        if not self.cameras:
            return [self]
        each = [self.model_copy(update=own) for own in each_cameras_own(self, self.cameras)]
        for number, camera in enumerate(each):
            camera._run_dirs = self._run_dirs[number : number + 1]
            camera._resume_points = self._resume_points[number : number + 1]
        return each

    def for_service(self, service: ServiceName) -> Self:
        """The same settings without what this service must not know: only the reader makes pseudonyms."""
        if service is ServiceName.OCR_READER:
            return self
        return self.model_copy(update={"privacy": self.privacy.model_copy(update={"secret": None})})

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

    def resumed_at(self, points: Sequence[ResumePoint | None]) -> Self:
        """The same settings for work that goes on at these points, one for each camera."""
        copy = self.model_copy()
        copy._resume_points = tuple(points)
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

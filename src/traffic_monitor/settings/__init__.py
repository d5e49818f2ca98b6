"""Every setting with its type, range and default. ``config/settings.yaml`` documents them for users."""

from traffic_monitor.settings.cameras import CameraSettings
from traffic_monitor.settings.detectors import (
    Backend,
    DetectorSettings,
    LpDetectorSettings,
    Search,
    VehicleDetectorSettings,
    WithoutVehicle,
)
from traffic_monitor.settings.frame_grabber import (
    NETWORK_SCHEMES,
    FrameGrabberSettings,
    ReaderType,
    RtspTransport,
    SourceMode,
)
from traffic_monitor.settings.ocr_reader import OcrEngine, OcrReaderSettings
from traffic_monitor.settings.privacy import SHORTEST_SECRET, CameraPrivacySettings, PrivacySettings
from traffic_monitor.settings.root import DEFAULT_SETTINGS, Settings
from traffic_monitor.settings.shapes import Area, AreaSettings, Point, area_in_frame, in_frame
from traffic_monitor.settings.supervisor import LoggingSettings, SupervisorSettings
from traffic_monitor.settings.vehicle_counter import (
    LineSettings,
    SpeedSettings,
    VehicleCounterSettings,
    ZoneSettings,
)
from traffic_monitor.settings.vehicle_tracker import (
    BotSortSettings,
    ByteTrackSettings,
    OcSortSettings,
    TrackerType,
    VehicleTrackerSettings,
)
from traffic_monitor.settings.visualizer import DisplayMode, VisualizerSettings

__all__ = [
    "DEFAULT_SETTINGS",
    "NETWORK_SCHEMES",
    "SHORTEST_SECRET",
    "Area",
    "AreaSettings",
    "Backend",
    "BotSortSettings",
    "ByteTrackSettings",
    "CameraPrivacySettings",
    "CameraSettings",
    "DetectorSettings",
    "DisplayMode",
    "FrameGrabberSettings",
    "LineSettings",
    "LoggingSettings",
    "LpDetectorSettings",
    "OcSortSettings",
    "OcrEngine",
    "OcrReaderSettings",
    "Point",
    "PrivacySettings",
    "ReaderType",
    "RtspTransport",
    "Search",
    "Settings",
    "SourceMode",
    "SpeedSettings",
    "SupervisorSettings",
    "TrackerType",
    "VehicleCounterSettings",
    "VehicleDetectorSettings",
    "VehicleTrackerSettings",
    "VisualizerSettings",
    "WithoutVehicle",
    "ZoneSettings",
    "area_in_frame",
    "in_frame",
]

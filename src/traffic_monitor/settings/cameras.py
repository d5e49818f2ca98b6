"""Several cameras in one run: what each has of its own, and the settings of each as if it were alone."""

import re
from collections.abc import Sequence
from typing import Any, Self

from pydantic import BaseModel, model_validator

from traffic_monitor.settings.frame_grabber import FrameGrabberSettings, SourceMode
from traffic_monitor.settings.privacy import CameraPrivacySettings
from traffic_monitor.settings.section import Name, Section
from traffic_monitor.settings.vehicle_counter import VehicleCounterSettings
from traffic_monitor.settings.vehicle_tracker import VehicleTrackerSettings

UNSAFE_IN_FILE_NAMES = re.compile(r"[^\w.-]+")


def folder_name(camera_id: str) -> str:
    """The name of a camera as a part of file names."""
    return UNSAFE_IN_FILE_NAMES.sub("_", camera_id).strip(".") or "camera"


class CameraSettings(Section):
    """One of several cameras: where its frames come from, and what is set for it alone.

    A key that is left out has the value of the section of the same name at the top.
    """

    camera_id: Name
    frame_grabber: FrameGrabberSettings
    vehicle_tracker: VehicleTrackerSettings = VehicleTrackerSettings()
    vehicle_counter: VehicleCounterSettings = VehicleCounterSettings()
    privacy: CameraPrivacySettings = CameraPrivacySettings()

    @model_validator(mode="after")
    def _has_a_source(self) -> Self:
        if "source" not in self.frame_grabber.model_fields_set:
            raise ValueError("each camera needs frame_grabber.source")
        return self


OF_ONE_CAMERA = ("frame_grabber", "vehicle_tracker", "vehicle_counter", "privacy")
"""The sections that a camera can have of its own."""


def each_cameras_own(common: BaseModel, cameras: Sequence[CameraSettings]) -> list[dict[str, Any]]:
    """For each camera the values that make the common settings those of this camera alone.

    Beside a live camera a file is played at its own speed if its mode is ``auto``: read as fast as possible it
    would leave the camera no time, and waiting for the file's plates would make the camera wait.
    """
    each = [
        {section: _with_own(getattr(common, section), getattr(camera, section)) for section in OF_ONE_CAMERA}
        for camera in cameras
    ]
    if any(own["frame_grabber"].is_live for own in each):
        for own in each:
            own["frame_grabber"] = _played_at_its_speed(own["frame_grabber"])
    return [
        {"camera_id": camera.camera_id, "cameras": [], **own} for camera, own in zip(cameras, each, strict=True)
    ]


def _played_at_its_speed(grabber: FrameGrabberSettings) -> FrameGrabberSettings:
    return grabber.model_copy(update={"mode": SourceMode.LIVE}) if grabber.mode is SourceMode.AUTO else grabber


def _with_own(common: Section, own: Section) -> Any:
    """The common section with what was given for one camera alone."""
    given: dict[str, Any] = {name: getattr(own, name) for name in own.model_fields_set}
    for name, value in given.items():
        present = getattr(common, name)
        if isinstance(value, Section) and isinstance(present, Section):
            given[name] = _with_own(present, value)
    return common.model_copy(update=given)

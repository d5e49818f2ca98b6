"""Sections ``supervisor`` and ``logging``: how a run is started, watched, stopped and logged."""

from typing import Literal

from pydantic import Field

from traffic_monitor.settings.section import Section


class SupervisorSettings(Section):
    """How the seven services are started, watched and stopped."""

    startup_timeout_s: float = Field(default=120, gt=0, le=3600)
    drain_timeout_s: float = Field(default=7, gt=0, le=3600)
    status_interval_s: float = Field(default=5, gt=0, le=3600)
    on_failure: Literal["restart", "stop"] = "restart"
    max_restarts: int = Field(default=5, ge=0, le=1000)
    restart_window_min: float = Field(default=10, gt=0, le=1440)


class LoggingSettings(Section):
    """How much is written to the run's log."""

    max_mb: float = Field(default=20, ge=0.01, le=100_000)
    keep_files: int = Field(default=5, ge=0, le=1000)
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

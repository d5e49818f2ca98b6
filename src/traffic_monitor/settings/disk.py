"""Section ``disk``: what stops before the disk is full."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from traffic_monitor.settings.section import Section

Megabytes = Annotated[float, Field(ge=0, le=100_000_000)]


class DiskSettings(Section):
    """Free space, in MB, below which outputs stop, so that the records can go on."""

    stop_video_below_mb: Megabytes | None = 1000
    stop_pictures_below_mb: Megabytes | None = 300

    @model_validator(mode="after")
    def _video_stops_first(self) -> Self:
        video, pictures = self.stop_video_below_mb, self.stop_pictures_below_mb
        if video is not None and pictures is not None and pictures > video:
            raise ValueError(
                f"stop_pictures_below_mb ({pictures:g}) should not be more than stop_video_below_mb ({video:g}):"
                " pictures are small, and the video stops first"
            )
        return self

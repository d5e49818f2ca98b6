"""From where a camera's work goes on after its processes were restarted."""

from dataclasses import dataclass

from traffic_monitor.shared_utils.custom_types import CountResults


@dataclass(frozen=True)
class ResumePoint:
    """What the records hold of a camera so far, for the services of the next generation."""

    frame_index: int
    """Of the last frame that need not be processed again."""
    media_time: float
    """Of that frame, seconds since the start of the source."""
    timestamp: float
    """Of that frame, epoch seconds."""
    last_vehicle_id: int
    last_track_id: int
    """The highest numbers in use; new vehicles and tracks get higher ones."""
    plates_read: int
    """Tracks so far whose plate is worth believing."""
    counts: CountResults
    """All counts so far."""

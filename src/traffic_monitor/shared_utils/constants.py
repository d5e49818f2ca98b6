"""Names and timings that more than one module must agree on."""

from enum import IntEnum, StrEnum
from typing import Final

PROGRAM: Final = "traffic-monitor"

POLL_INTERVAL_S: Final = 0.1
"""Longest a service waits on a queue before it looks at the shutdown event again."""

REPORT_INTERVAL_S: Final = 1.0
"""How often a service reports to the supervisor."""


class ServiceName(StrEnum):
    """The seven services, by the names used in settings, logs and summaries."""

    FRAME_GRABBER = "frame_grabber"
    VEHICLE_DETECTOR = "vehicle_detector"
    VEHICLE_TRACKER = "vehicle_tracker"
    LP_DETECTOR = "lp_detector"
    OCR_READER = "ocr_reader"
    VEHICLE_COUNTER = "vehicle_counter"
    VISUALIZER = "visualizer"


class UnreadReason(StrEnum):
    """Why a vehicle that was looked at has no plate in the records."""

    TOO_SMALL = "too_small"
    """Its plate was found, but never wide enough to be read."""
    TOO_BLURRED = "too_blurred"
    """Its plate was found, but no crop of it could be read."""
    NO_PLATE_FOUND = "no_plate_found"
    """No plate was found where a plate of this vehicle can be."""
    TOO_FEW_READINGS = "too_few_readings"
    """What was read is not yet worth believing, and there were no more readings."""
    CONTESTED = "contested"
    """The readings disagree, or the same plate fits another vehicle better."""


class ExitCode(IntEnum):
    """Exit codes of the program, as documented in the README."""

    OK = 0
    """The source ended, or the run was stopped and drained."""
    ABORTED = 1
    """A service died, could not start, or the pipeline did not drain in time."""
    USAGE = 2
    """The settings or the command line are wrong; nothing was started."""
    INTERRUPTED = 130
    """A second Ctrl-C cut the draining short."""


class SourceState(StrEnum):
    """Where a live source is."""

    CONNECTING = "connecting"
    """Opened for the first time; no frame yet."""
    RUNNING = "running"
    STALLED = "stalled"
    """Connected, but no frame has come for a while."""
    RECONNECTING = "reconnecting"
    """The connection is lost, or was never made; it is tried again and again."""
    REFUSED = "refused"
    """User or password are refused. Tried seldom, because cameras lock accounts."""
    ENDED = "ended"
    """A recording was played to its end."""
    FAILED = "failed"
    """Given up."""

"""The messages that travel between services.

Boxes are ``[x1, y1, x2, y2]`` integers in pixels of the full frame: x to the right, y down, x2 and y2
exclusive. Frames travel as base64 text of a JPEG. Fields marked ``NotRequired`` were added to the fixed
contract; a service must work without them.
"""

from typing import Any, NotRequired, TypedDict, cast

from traffic_monitor.shared_utils.constants import UnreadReason

BoxXyxy = list[int]


class FrameHeader(TypedDict):
    """What identifies a frame, carried by every message derived from it."""

    frame_id: str
    camera_id: str
    timestamp: float
    """Epoch seconds of capture; for a file, its start time plus the position in it."""
    frame_index: NotRequired[int]
    """0-based per camera and counting dropped frames, so that a gap shows a drop."""
    media_time: NotRequired[float]
    """Seconds since the first frame of the source."""
    captured_at: NotRequired[float]
    """Epoch seconds at which the grabber took the frame, by this machine's clock: the start of every latency."""


class FrameMessage(FrameHeader):
    """One frame of a camera. Sent by the frame grabber."""

    frame_data_jpeg: str
    frame_height: int
    frame_width: int


class Detection(TypedDict):
    """One vehicle found in one frame."""

    bbox_xyxy: BoxXyxy
    confidence: float
    class_id: int
    class_name: str


class DetectionMessage(FrameMessage):
    """A frame and the vehicles in it. Sent by the vehicle detector."""

    detections: list[Detection]
    is_searched: NotRequired[bool]
    """False for a frame that need not be searched; its vehicles are predicted."""


class TrackedObject(TypedDict):
    """One vehicle in one frame with an identity that lasts over frames."""

    bbox_xyxy: BoxXyxy
    track_id: int
    """Starts at 1, never reused within a run."""
    class_id: int
    class_name: str
    confidence: float


class TrackedMessage(FrameMessage):
    """A frame and its tracked vehicles. Sent by the vehicle tracker to three consumers."""

    tracked_objects: list[TrackedObject]
    untracked_boxes: NotRequired[list[BoxXyxy]]
    """The other detections of this frame: new, weak or doubtful ones, and vehicles in areas to ignore."""
    is_searched: NotRequired[bool]
    """False where the vehicles' boxes are predicted, not found."""


class PlateCandidateMessage(FrameHeader):
    """One plate found on one vehicle. Sent by the plate detector."""

    frame_data_jpeg: str
    vehicle_track_id: int
    vehicle_class_name: str
    plate_bbox_orig: BoxXyxy
    plate_confidence: float
    vehicle_bbox_orig: NotRequired[BoxXyxy]
    plate_fit: NotRequired[float]
    """How well the plate suits the vehicle's box by place and size, 0-1."""


class PlateSearchMessage(FrameHeader):
    """A search that found no plate to read. Sent by the plate detector, once per vehicle and reason."""

    vehicle_track_id: int
    vehicle_class_name: str
    unread_reason: UnreadReason
    """``no_plate_found`` or ``too_small``."""


class PlateAlternative(TypedDict):
    """Another text that the readings of a vehicle allow."""

    text: str
    share: float
    """Of the vote, 0-1."""


class OcrResultMessage(FrameHeader):
    """One attempt to read one plate. Sent by the OCR reader, also when nothing could be read.

    Also sent without an attempt (``is_attempt`` false): with a better picture of a settled plate, and for a
    vehicle on which no plate was found.
    """

    vehicle_track_id: int
    license_plate_text: str
    """``A-Z0-9`` only; empty when the crop could not be read."""
    ocr_confidence: float
    vehicle_class_name: NotRequired[str]
    consensus_text: NotRequired[str]
    """What all readings of this vehicle so far say together."""
    consensus_confidence: NotRequired[float]
    """Probability 0-1 that this is exactly the plate's text."""
    consensus_state: NotRequired[str]
    """``unread``, ``open``, ``settled`` or ``contested``."""
    readings: NotRequired[int]
    plate_signs: NotRequired[int]
    """Signs on the plate that are no Latin letters or digits, and not in its text."""
    """Number of non-empty readings behind the consensus."""
    alternatives: NotRequired[list[PlateAlternative]]
    unread_reason: NotRequired[UnreadReason | None]
    """Why the consensus is not worth believing yet; None when it is."""
    plate_fit: NotRequired[float]
    """How well the vehicle's plates suited its box, 0-1, the mean of all."""
    is_attempt: NotRequired[bool]
    """False where no plate was read for this message; its texts are then those of the consensus so far."""
    plate_picture_jpeg: NotRequired[str]
    """Base64 text of a JPEG: the best picture of the plate so far, where this frame has shown it."""
    vehicle_picture_jpeg: NotRequired[str]
    """The vehicle in the same frame."""


class FrameMoment(TypedDict):
    """The frame in which something happened; fields as in :class:`FrameHeader`."""

    timestamp: float
    frame_index: NotRequired[int]
    media_time: NotRequired[float]


class Crossing(FrameMoment):
    """One vehicle passing one counting line."""

    line: str
    direction: str
    track_id: int
    class_name: str


LineCounts = dict[str, dict[str, dict[str, int]]]
"""Line name -> direction name -> class name -> number of vehicles."""


MovementCounts = dict[str, dict[str, dict[str, int]]]
"""Name of the first line crossed -> name of the last one -> class name -> number of vehicles."""


class IntervalCounts(TypedDict):
    """The counts of one interval."""

    start: str
    """ISO 8601, local time with its offset."""
    by_line: LineCounts


class ZoneCounts(TypedDict):
    """What happened in one zone. Dwell times are those of vehicles that have left; null while none has."""

    entries: int
    exits: int
    occupancy: int
    """Vehicles in it now."""
    max_occupancy: int
    mean_dwell_s: float | None
    max_dwell_s: float | None


class VehicleSpeed(TypedDict):
    """The speed of one vehicle, or why there is none."""

    track_id: int
    class_name: str
    speed: float | None
    reason: NotRequired[str]
    """Why ``speed`` is null."""


class VisitedZone(TypedDict):
    """One vehicle's stay in one zone."""

    zone: str
    entered: FrameMoment
    left: FrameMoment | None
    """The last frame inside; None while the vehicle is."""


Trajectory = list[list[float]]
"""Media seconds, x and y of the bottom centre of a vehicle's box, pixels of the full frame."""


class VehicleJourney(TypedDict):
    """What is known about one vehicle so far, over all its tracks."""

    vehicle_id: int
    """From 1; unlike a track's number it stays when a lost vehicle is found again."""
    track_ids: list[int]
    class_name: str
    class_share: float
    """Of the vote for its class, 0-1."""
    first_seen: FrameMoment
    last_seen: FrameMoment
    entry_edge: str | None
    """``left``, ``top``, ``right`` or ``bottom``: the edge it came from; None while it has not moved."""
    exit_edge: str | None
    """The edge its latest way points at."""
    crossings: list[Crossing]
    zones: list[VisitedZone]
    trajectory: Trajectory
    speed: NotRequired[VehicleSpeed]
    has_passed: NotRequired[bool]
    """Whether it crossed a line, visited a zone or was measured, or there is none of them; true where not given. A
    vehicle that has not passed is recorded only if its plate is read."""
    tracks_left_out: NotRequired[int]
    """How many of its tracks are not in ``track_ids`` because there are too many; absent where none."""
    zones_left_out: NotRequired[int]
    """How many of its stays are not in ``zones``; absent where none."""


class IdentityChange(TypedDict):
    """A track that belongs to another vehicle than was reported before.

    Two vehicles were taken for one: the track goes on as the other one. One was taken for two: all tracks of a
    vehicle go over to another one, and nothing more is reported of the vehicle without tracks.
    """

    track_id: int
    vehicle_id: int
    """Whose it is now."""
    left_vehicle_id: int
    """Whose it was; its record comes again without the track."""


class SpeedResults(TypedDict):
    """The speeds of the vehicles that have left the rectangle."""

    unit: str
    measured: int
    refused: int
    median: float | None
    """Of the vehicles listed below, as ``p85``, the speed that 85 % of them do not exceed."""
    p85: float | None
    vehicles: list[VehicleSpeed]
    """The latest ones."""


class CountResults(TypedDict):
    """The counts so far. A vehicle's class may still be corrected, everywhere it was counted."""

    counts_by_class: dict[str, int]
    total_count: int
    counts_by_line: NotRequired[LineCounts]
    intervals: NotRequired[list[IntervalCounts]]
    """Those that are new or have changed since the update before, oldest first. The last update has all, from the
    interval of the first frame to that of the last one; ``counts_so_far.CountsSoFar`` puts updates together."""
    movements: NotRequired[MovementCounts]
    """Only with two lines or more."""
    zones: NotRequired[dict[str, ZoneCounts]]
    """By name; only with zones."""
    speeds: NotRequired[SpeedResults]
    """Only where a rectangle is given, in the first update, in the last, and where they have changed."""


class CountUpdateMessage(CountResults):
    """The counts so far. Sent by the vehicle counter when they change and once at the end."""

    camera_id: str
    timestamp: float
    frame_index: NotRequired[int | None]
    """Of the last frame that was counted; None where frames have none."""
    crossings: NotRequired[list[Crossing]]
    """The crossings that are new in this update, as they were; a class that is corrected later stays here."""
    journeys: NotRequired[list[VehicleJourney]]
    """Full records of the vehicles that changed; each replaces the previous record."""
    identity_changes: NotRequired[list[IdentityChange]]
    """Tracks that have changed vehicles, in the order in which that was noticed; ``journeys`` has the outcome."""


def header_of(message: FrameHeader) -> FrameHeader:
    """Copy the fields that identify a frame, for a message derived from it."""
    keys = ("frame_id", "camera_id", "timestamp", "frame_index", "media_time", "captured_at")
    fields = cast(dict[str, Any], message)
    return cast(FrameHeader, {key: fields[key] for key in keys if key in fields})


def media_time_of(message: FrameHeader) -> float:
    """Seconds since the start of the source; the timestamp where a sender did not say."""
    return message.get("media_time", message["timestamp"])

"""Whether a message holds what its fields promise, for services that keep parts of it."""

from collections.abc import Sequence

from traffic_monitor.shared_utils.custom_types import TrackedMessage

MOST_PIXELS = 1_000_000
"""Of a frame's side; a box may reach over the frame, but not that far."""
LATEST_S = 1e11
"""Epoch seconds, in the year 5138."""
LARGEST_ID = 2**62
"""SQLite's numbers have 63 bits."""


def require_sound(message: TrackedMessage) -> None:
    """Refuse a damaged message as a whole: half of it would stay in counts and records, and make later ones fail.

    Raises:
        ValueError: it holds what is no number, box, id or name.
    """
    times = message["timestamp"], message.get("media_time", 0.0)
    size = message["frame_width"], message["frame_height"]
    index = message.get("frame_index")
    is_sound = _are_numbers(times, LATEST_S) and _are_numbers(size, MOST_PIXELS) and min(size) > 0
    is_sound = is_sound and (index is None or isinstance(index, int))
    for vehicle in message["tracked_objects"]:
        box = vehicle["bbox_xyxy"]
        is_sound = is_sound and len(box) == 4 and _are_numbers(box, MOST_PIXELS)
        is_sound = is_sound and isinstance(vehicle["track_id"], int) and abs(vehicle["track_id"]) <= LARGEST_ID
        is_sound = is_sound and isinstance(vehicle["class_name"], str) and _are_numbers([vehicle["confidence"]], 1)
    if not is_sound:
        raise ValueError("the message is damaged: a time, size, box, id, class or confidence is none")


def _are_numbers(values: Sequence[object], largest: float) -> bool:
    return all(isinstance(value, int | float) and abs(value) <= largest for value in values)

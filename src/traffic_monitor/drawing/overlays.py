"""Counts and plate texts as they were at each frame: what is drawn beside the boxes. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from traffic_monitor.shared_utils.custom_types import (
    CountUpdateMessage,
    LineCounts,
    OcrResultMessage,
    TrackedMessage,
    media_time_of,
)

MOST_WAITING = 512
"""News kept for frames that are still to be drawn. The frames behind them wait in queues, so there are few;
with more, the oldest are drawn early."""


@dataclass(frozen=True)
class _Counts:
    total: int = 0
    by_class: Mapping[str, int] | None = None
    by_line: LineCounts | None = None


@dataclass(frozen=True)
class _Plate:
    track_id: int
    text: str
    seen_at: float
    """Media seconds."""


class Overlays:
    """Holds counts and readings back until the frame they belong to is drawn.

    Counter and reader may be done with a frame long before it is drawn: it waits in the visualizer's queue.

    Args:
        forget_after_s: media seconds after which the plate of a vehicle out of sight is forgotten.
    """

    def __init__(self, forget_after_s: float) -> None:
        self._forget_after_s = forget_after_s
        self._waiting: list[tuple[int, _Counts | _Plate]] = []
        """With the frame's index, in order of arrival."""
        self._counts = _Counts()
        self._plates: dict[int, _Plate] = {}

    @property
    def total(self) -> int:
        """Vehicles counted up to the current frame."""
        return self._counts.total

    @property
    def by_class(self) -> Mapping[str, int]:
        """The same by class."""
        return self._counts.by_class or {}

    @property
    def by_line(self) -> LineCounts:
        """The same by line, direction and class."""
        return self._counts.by_line or {}

    def plate_of(self, track_id: int) -> str:
        """A vehicle's plate, with a question mark while it is not worth believing; empty when unread."""
        plate = self._plates.get(track_id)
        return "" if plate is None else plate.text

    def count(self, update: CountUpdateMessage) -> None:
        """Take new counts. Without a frame's index they hold from the next frame on."""
        counts = _Counts(update["total_count"], update["counts_by_class"], update.get("counts_by_line"))
        self._add(update.get("frame_index"), counts)

    def read(self, result: OcrResultMessage) -> None:
        """Take what a vehicle's readings say so far."""
        text = result.get("consensus_text", result["license_plate_text"])
        if text:
            doubt = "" if result.get("unread_reason") is None else "?"
            plate = _Plate(result["vehicle_track_id"], text + doubt, media_time_of(result))
            self._add(result.get("frame_index"), plate)

    def advance(self, message: TrackedMessage) -> None:
        """Go on to a frame."""
        index = message.get("frame_index")
        due = [news for at, news in self._waiting if index is None or at <= index]
        self._waiting = [(at, news) for at, news in self._waiting if index is not None and at > index]
        for news in due:
            self._apply(news)
        now = media_time_of(message)
        for vehicle in message["tracked_objects"]:
            plate = self._plates.get(vehicle["track_id"])
            if plate is not None:
                self._plates[plate.track_id] = _Plate(plate.track_id, plate.text, now)
        oldest = now - self._forget_after_s
        self._plates = {track: plate for track, plate in self._plates.items() if plate.seen_at >= oldest}

    def _add(self, frame_index: int | None, news: _Counts | _Plate) -> None:
        if frame_index is None:
            self._apply(news)
            return
        self._waiting.append((frame_index, news))
        if len(self._waiting) > MOST_WAITING:
            self._apply(self._waiting.pop(0)[1])

    def _apply(self, news: _Counts | _Plate) -> None:
        if isinstance(news, _Counts):
            self._counts = news
        else:
            self._plates[news.track_id] = news

"""The class of a vehicle, and counts per class that follow it."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

ClassCounts = Counter[str]
"""Number of vehicles per class name."""


class ClassVotes:
    """The class of each vehicle: the vote of all its boxes so far, weighted by their confidence."""

    def __init__(self) -> None:
        self._votes: dict[int, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))

    def add(self, vehicle_id: int, class_name: str, confidence: float) -> None:
        """One box of the vehicle, with the confidence (0-1) of its class."""
        self._votes[vehicle_id][class_name] += confidence

    def winner(self, vehicle_id: int) -> str:
        """The class with the most votes; at a tie the one that was seen first."""
        votes = self._votes[vehicle_id]
        return max(votes, key=votes.__getitem__)

    def share(self, vehicle_id: int) -> float:
        """The winner's share of all votes, 0-1."""
        votes = self._votes[vehicle_id].values()
        return max(votes) / sum(votes) if sum(votes) else 0.0

    def forget(self, vehicle_id: int) -> None:
        """The vehicle cannot come back."""
        self._votes.pop(vehicle_id, None)


@dataclass
class _Booking:
    class_name: str = ""
    counts: list[ClassCounts] = field(default_factory=list)


class ClassLedger:
    """Remembers in which counts each vehicle was counted, and corrects them when its class changes."""

    def __init__(self) -> None:
        self._bookings: dict[int, _Booking] = defaultdict(_Booking)

    def count(self, vehicle_id: int, class_name: str, counts: Sequence[ClassCounts]) -> None:
        """Count the vehicle once in each of ``counts``, which stay the ledger's to correct."""
        self.reclassify(vehicle_id, class_name)
        booking = self._bookings[vehicle_id]
        for cell in counts:
            cell[class_name] += 1
        booking.class_name = class_name
        booking.counts += counts

    def take_back(self, vehicle_id: int, cell: ClassCounts) -> None:
        """Undo that the vehicle was counted in ``cell``."""
        booking = self._bookings[vehicle_id]
        for index, counted in enumerate(booking.counts):
            if counted is cell:  # Not equal: other counts may happen to hold the same numbers.
                del booking.counts[index]
                _remove(cell, booking.class_name)
                return

    def reclassify(self, vehicle_id: int, class_name: str) -> bool:
        """Count the vehicle as another class wherever it was counted; whether that changed anything."""
        if vehicle_id not in self._bookings or self._bookings[vehicle_id].class_name == class_name:
            return False
        booking = self._bookings[vehicle_id]
        for cell in booking.counts:
            _remove(cell, booking.class_name)
            cell[class_name] += 1
        booking.class_name = class_name
        return bool(booking.counts)

    def forget(self, vehicle_id: int) -> None:
        """The vehicle cannot come back; where it was counted stays as it is."""
        self._bookings.pop(vehicle_id, None)


def _remove(cell: ClassCounts, class_name: str) -> None:
    cell[class_name] -= 1
    if not cell[class_name]:
        del cell[class_name]

"""All counts of one camera: what becomes of each frame's tracks. Pure: no process, no queue, no pixels."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from traffic_monitor.counting.classes import ClassLedger, ClassVotes
from traffic_monitor.counting.crossings import CrossingDetector, LineCrossing
from traffic_monitor.counting.journeys import JourneyLog
from traffic_monitor.counting.lines import CountingLine
from traffic_monitor.counting.speeds import SpeedMeter
from traffic_monitor.counting.tables import CountTable, IntervalTable, MovementTable
from traffic_monitor.counting.vehicles import FrameTime, Sighting, VehicleRegistry
from traffic_monitor.counting.zones import Zone, ZoneVisit, ZoneWatch
from traffic_monitor.settings import VehicleCounterSettings, area_in_frame
from traffic_monitor.shared_utils.clock import Clock
from traffic_monitor.shared_utils.custom_types import CountResults, IdentityChange, TrackedObject, VehicleJourney


@dataclass(frozen=True)
class RoadUpdate:
    """What is new about a camera."""

    results: CountResults
    """As in the message: not all intervals, and speeds only if they changed."""
    crossings: list[tuple[LineCrossing, str]]
    """New ones, each with its vehicle's class."""
    journeys: list[VehicleJourney]
    """Records of vehicles of which something new is known."""
    identity_changes: list[IdentityChange]
    """Tracks that have changed vehicles."""


class _PerVehicle(Protocol):
    def forget(self, vehicle_id: int) -> None:
        """The vehicle cannot come back."""


class RoadCounter:
    """Counts the vehicles of one camera.

    Args:
        settings: lines, zones and the rectangle for speeds.
        width, height: size of the frame in pixels.
        clock: the camera's.
        last_vehicle_id: the highest vehicle id in use already.
    """

    def __init__(
        self, settings: VehicleCounterSettings, width: int, height: int, clock: Clock, last_vehicle_id: int = 0
    ) -> None:
        lines = [CountingLine.in_frame(line, width, height) for line in settings.lines]
        zones = [Zone.in_frame(zone, width, height) for zone in settings.zones]
        self._vehicles = VehicleRegistry((width, height), last_vehicle_id)
        self._votes = ClassVotes()
        self._ledger = ClassLedger()
        self._crossings = CrossingDetector(lines, [area_in_frame(area, width, height) for area in settings.ignore])
        self._table = CountTable(lines)
        self._intervals = IntervalTable(lines, settings.interval_minutes, clock)
        self._movements = MovementTable(self._ledger) if len(lines) > 1 else None
        self._zones = ZoneWatch(zones) if zones else None
        self._speeds = SpeedMeter(settings.speed, width, height) if settings.speed else None
        self._journeys = JourneyLog((width, height), records_all=not (lines or zones or settings.speed))
        self._per_vehicle: list[_PerVehicle | None] = [
            self._votes, self._ledger, self._crossings, self._movements, self._zones, self._speeds, self._journeys,
        ]  # fmt: skip
        self._now = 0.0
        self._has_changed = False
        self._has_new_speeds = True
        # What is still to be done or reported stays here, so that it outlives a frame that fails.
        self._to_decide: deque[int] = deque()
        self._to_forget: deque[int] = deque()
        self._new_crossings: list[tuple[LineCrossing, str]] = []

    def observe(self, tracks: Sequence[TrackedObject], moment: FrameTime) -> None:
        """Take in the tracks of the next frame."""
        self._now = moment.media
        self._intervals.advance(moment.timestamp)
        frame = self._vehicles.update(tracks, moment)
        self._to_decide += frame.lost
        self._to_forget += frame.forgotten
        for track in tracks:
            self._votes.add(frame.vehicle_of[track["track_id"]], track["class_name"], track["confidence"])
        for sighting in frame.seen:
            self._follow(sighting)
        for track_id, vehicle_id in frame.vehicle_of.items():
            self._has_changed |= self._journeys.owns(vehicle_id, track_id)
        while self._to_decide:
            vehicle_id = self._to_decide.popleft()
            if self._zones:
                self._note_visits(self._zones.lost(vehicle_id))
            self._decide(vehicle_id)
        while self._to_forget:
            vehicle_id = self._to_forget.popleft()
            for table in self._per_vehicle:
                if table is not None:
                    table.forget(vehicle_id)

    def finish(self) -> None:
        """The stream has ended: decide what was open.

        Vehicles that are in a zone stay in it, because nobody knows when they would have left.
        """
        for vehicle_id in self._vehicles.in_sight:
            self._decide(vehicle_id)

    def pop_update(self, is_last: bool = False) -> RoadUpdate | None:
        """What is new since the last call; None if nothing is, and this is not the last call."""
        due = self._journeys.due(self._now)
        if not (self._has_changed or due or is_last):
            return None
        update = RoadUpdate(
            self._results(everything=is_last),
            self._new_crossings,
            self._journeys.pop(due, self._now),
            self._journeys.pop_identity_changes(),
        )
        self._has_changed, self._new_crossings = False, []
        self._intervals.clear_changed()
        self._has_new_speeds = False
        return update

    def _results(self, everything: bool) -> CountResults:
        """All results so far; intervals and speeds, which are many, only as far as they changed, or everything."""
        results = CountResults(
            counts_by_class=self._table.by_class,
            total_count=self._table.total,
            counts_by_line=self._table.by_line,
            intervals=self._intervals.intervals if everything else self._intervals.changed,
        )
        if self._movements:
            results["movements"] = self._movements.by_origin
        if self._zones:
            results["zones"] = self._zones.by_name
        if self._speeds and (everything or self._has_new_speeds):
            results["speeds"] = self._speeds.results
        return results

    def _follow(self, sighting: Sighting) -> None:
        """Move a vehicle on to where it is seen."""
        class_name = self._votes.winner(sighting.vehicle_id)
        if self._ledger.reclassify(sighting.vehicle_id, class_name):
            self._has_changed = True
            for crossing in self._journeys.crossings_of(sighting.vehicle_id):
                self._intervals.cell(crossing)
        self._journeys.see(sighting, class_name, self._votes.share(sighting.vehicle_id))
        self._count(self._crossings.update(sighting))
        if self._zones:
            self._note_visits(self._zones.update(sighting))
        if self._speeds:
            self._speeds.update(sighting)

    def _count(self, crossings: Sequence[LineCrossing]) -> None:
        for crossing in crossings:
            class_name = self._votes.winner(crossing.vehicle_id)
            self._new_crossings.append((crossing, class_name))
            cells = [self._table.cell(crossing), self._intervals.cell(crossing)]
            self._ledger.count(crossing.vehicle_id, class_name, cells)
            if self._movements:
                self._movements.add(crossing, class_name)
            self._journeys.crossed(crossing)
            self._has_changed = True

    def _decide(self, vehicle_id: int) -> None:
        """Crossings and speed of a vehicle of which no more is known."""
        if self._speeds:
            speed = self._speeds.lost(vehicle_id, self._votes.winner(vehicle_id))
            if speed is not None:
                self._journeys.measured(vehicle_id, speed)
                self._has_changed = self._has_new_speeds = True
        self._journeys.lost(vehicle_id)
        self._count(self._crossings.lost(vehicle_id))

    def _note_visits(self, visits: Sequence[ZoneVisit]) -> None:
        for visit in visits:
            self._journeys.visited(visit)
            self._has_changed = True

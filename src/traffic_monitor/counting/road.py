"""All counts of one camera: what becomes of each frame's tracks. Pure: no process, no queue, no pixels."""

from collections.abc import Sequence

from traffic_monitor.counting.classes import ClassLedger, ClassVotes
from traffic_monitor.counting.crossings import CrossingDetector, LineCrossing
from traffic_monitor.counting.journeys import JourneyLog
from traffic_monitor.counting.lines import CountingLine
from traffic_monitor.counting.speeds import SpeedMeter
from traffic_monitor.counting.tables import CountTable, IntervalTable, MovementTable
from traffic_monitor.counting.vehicles import Moment, VehicleRegistry
from traffic_monitor.counting.zones import Zone, ZoneVisit, ZoneWatch
from traffic_monitor.settings import VehicleCounterSettings
from traffic_monitor.shared_utils.clock import Clock
from traffic_monitor.shared_utils.custom_types import CountResults, TrackedObject, VehicleJourney


class RoadCounter:
    """Counts the vehicles of one camera.

    Args:
        settings: lines, zones and the rectangle for speeds.
        width, height: size of the frame in pixels.
        clock: the camera's.
    """

    def __init__(self, settings: VehicleCounterSettings, width: int, height: int, clock: Clock) -> None:
        lines = [CountingLine.in_frame(line, width, height) for line in settings.lines]
        zones = [Zone.in_frame(zone, width, height) for zone in settings.zones]
        self._vehicles = VehicleRegistry()
        self._votes = ClassVotes()
        self._ledger = ClassLedger()
        self._crossings = CrossingDetector(lines)
        self._table = CountTable(lines)
        self._intervals = IntervalTable(lines, settings.interval_minutes, clock)
        self._movements = MovementTable(self._ledger) if len(lines) > 1 else None
        self._zones = ZoneWatch(zones) if zones else None
        self._speeds = SpeedMeter(settings.speed, width, height) if settings.speed else None
        self._journeys = JourneyLog((width, height), records_all=not (lines or zones or settings.speed))
        self._now = 0.0
        self._has_changed = False

    def observe(self, tracks: Sequence[TrackedObject], moment: Moment) -> list[tuple[LineCrossing, str]]:
        """Take in the tracks of the next frame; the crossings that it confirms, each with its vehicle's class."""
        self._now = moment.media
        self._intervals.advance(moment.timestamp)
        frame = self._vehicles.update(tracks, moment)
        for track in tracks:
            self._votes.add(frame.vehicle_of[track["track_id"]], track["class_name"], track["confidence"])
        crossings = []
        for sighting in frame.seen:
            class_name = self._votes.winner(sighting.vehicle_id)
            self._has_changed |= self._ledger.reclassify(sighting.vehicle_id, class_name)
            self._journeys.see(sighting, class_name, self._votes.share(sighting.vehicle_id))
            crossings += self._crossings.update(sighting)
            if self._zones:
                self._note_visits(self._zones.update(sighting))
            if self._speeds:
                self._speeds.update(sighting)
        for vehicle_id in frame.lost:
            crossings += self._lose(vehicle_id)
        return [self._count(crossing) for crossing in crossings]

    def finish(self) -> list[tuple[LineCrossing, str]]:
        """The stream has ended: decide what was open; the crossings that this adds.

        Vehicles that are in a zone stay in it, because nobody knows when they would have left.
        """
        crossings = [crossing for vehicle_id in self._vehicles.in_sight for crossing in self._decide(vehicle_id)]
        return [self._count(crossing) for crossing in crossings]

    def take_journeys(self) -> list[VehicleJourney]:
        """The records of vehicles that have news since the last call."""
        return self._journeys.take_news(self._now)

    def take_change(self) -> bool:
        """Whether any result has changed since the last call."""
        has_changed, self._has_changed = self._has_changed, False
        return has_changed

    def results(self) -> CountResults:
        """All results so far."""
        results = CountResults(
            counts_by_class=self._table.by_class,
            total_count=self._table.total,
            counts_by_line=self._table.by_line,
            intervals=self._intervals.intervals,
        )
        if self._movements:
            results["movements"] = self._movements.by_origin
        if self._zones:
            results["zones"] = self._zones.by_name
        if self._speeds:
            results["speeds"] = self._speeds.results
        return results

    def _count(self, crossing: LineCrossing) -> tuple[LineCrossing, str]:
        class_name = self._votes.winner(crossing.vehicle_id)
        cells = [self._table.cell(crossing), self._intervals.cell(crossing)]
        self._ledger.count(crossing.vehicle_id, class_name, cells)
        if self._movements:
            self._movements.add(crossing, class_name)
        self._journeys.crossed(crossing)
        self._has_changed = True
        return crossing, class_name

    def _lose(self, vehicle_id: int) -> list[LineCrossing]:
        """A vehicle is gone, as far as one can tell."""
        if self._zones:
            self._note_visits(self._zones.lost(vehicle_id))
        return self._decide(vehicle_id)

    def _decide(self, vehicle_id: int) -> list[LineCrossing]:
        """Crossings and speed of a vehicle of which no more is known."""
        if self._speeds:
            speed = self._speeds.lost(vehicle_id, self._votes.winner(vehicle_id))
            if speed is not None:
                self._journeys.measured(vehicle_id, speed)
                self._has_changed = True
        self._journeys.lost(vehicle_id)
        return self._crossings.lost(vehicle_id)

    def _note_visits(self, visits: Sequence[ZoneVisit]) -> None:
        for visit in visits:
            self._journeys.visited(visit)
            self._has_changed = True

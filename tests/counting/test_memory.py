"""What is remembered of vehicles: everything of those in sight, and of those gone a bounded number."""

from collections.abc import Sized

import pytest

from tests.counting.scenes import FPS, HEIGHT, MIDDLE, START, UTC_CLOCK, WIDTH, box_at, count, seen
from traffic_monitor.counting.crossings import CrossingDetector, LineCrossing
from traffic_monitor.counting.road import RoadCounter
from traffic_monitor.counting.vehicles import MOST_TRACKS, REMEMBERED_GONE, FrameTime, Sighting
from traffic_monitor.settings import VehicleCounterSettings
from traffic_monitor.shared_utils.custom_types import TrackedObject

ZONE = {"name": "all", "points": [[0, 0], [1, 0], [1, 1], [0, 1]]}
RECTANGLE = {"points": [[0, 0], [1, 0], [1, 1], [0, 1]], "width_m": 100, "length_m": 50}


def column(number: int, bottom: float, first_track: int = 1) -> list[TrackedObject]:
    """That many small vehicles beside and behind each other; all have the same way to the line."""
    return [
        seen(first_track + index, box_at(4 + 6 * (index % 200), bottom - 10 * (index // 200), 4, 4))
        for index in range(number)
    ]


def everything(**settings: object) -> RoadCounter:
    given = {"lines": [MIDDLE, {**MIDDLE, "name": "low", "points": [[0, 500], [1280, 500]]}], **settings}
    return RoadCounter(VehicleCounterSettings.model_validate(given), WIDTH, HEIGHT, UTC_CLOCK)


def see(counter: RoadCounter, frame: int, tracks: list[TrackedObject]) -> None:
    counter.observe(tracks, FrameTime(START + frame / FPS, frame, frame / FPS))


@pytest.mark.parametrize("number", [201, 400])
def test_any_number_of_vehicles_in_sight_is_counted(number: int) -> None:
    found = count([column(number, bottom) for bottom in range(350, 400, 4)], zones=[ZONE], speed=RECTANGLE)
    assert found.total == number
    assert found.results["zones"]["all"]["occupancy"] == number
    assert found.results["speeds"]["refused"] + found.results["speeds"]["measured"] == number


def test_more_glimpses_than_are_remembered_harm_no_vehicle() -> None:
    """Thirty boxes per frame that are nobody the next time, and one vehicle that drives through."""
    frames = [
        [*column(30, 100 + 200 * (index % 2) + 5 * index, 1000 + 30 * index), seen(1, box_at(640, bottom))]
        for index, bottom in enumerate(range(250, 450, 10))
    ]
    assert count([*frames, *[[]] * (3 * FPS)], zones=[ZONE], speed=RECTANGLE).directions == ["in"]


def test_of_vehicles_that_are_gone_a_bounded_number_is_remembered() -> None:
    counter = everything(zones=[ZONE], speed=RECTANGLE)
    for number in range(3 * REMEMBERED_GONE):
        see(counter, 3 * FPS * number, [seen(number, box_at(640, 300))])
        counter.pop_update()
    sizes = {
        f"{type(holder).__name__}.{name}": len(value)
        for holder in (counter, *vars(counter).values(), *vars(counter)["_zones"]._states)
        for name, value in getattr(holder, "__dict__", {}).items()
        if isinstance(value, Sized)
    }
    assert sizes["VehicleRegistry._gone"] == REMEMBERED_GONE
    assert max(size for name, size in sizes.items() if name != "SpeedMeter._vehicles") <= REMEMBERED_GONE + 2


def test_of_one_vehicle_the_latest_tracks_are_remembered() -> None:
    counter = everything()
    for track in range(3 * MOST_TRACKS):
        see(counter, track, [seen(track, box_at(640, 300))])
    assert len(vars(vars(counter)["_vehicles"])["_of_track"]) == MOST_TRACKS


def test_a_frame_that_fails_loses_no_crossing_that_was_confirmed(monkeypatch: pytest.MonkeyPatch) -> None:
    counter = everything()
    rightly = CrossingDetector.update
    confirmed = []

    def failing(self: CrossingDetector, sighting: Sighting) -> list[LineCrossing]:
        crossings = rightly(self, sighting)
        confirmed.extend(crossings)
        if sighting.track_id == 2 and len(confirmed) == 1:
            raise KeyError("made up")
        return crossings

    monkeypatch.setattr(CrossingDetector, "update", failing)
    found, failures = [], 0
    for frame in range(30):
        try:
            see(counter, frame, [seen(1, box_at(200, 290 + 6 * frame)), seen(2, box_at(600, 284 + 6 * frame))])
        except KeyError:
            failures += 1
            continue
        update = counter.pop_update()
        found += [crossing.track_id for crossing, _ in update.crossings] if update else []
    assert (found, failures > 0) == ([1, 2], True)


def test_vehicles_that_are_lost_while_a_frame_fails_are_decided_with_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counter = everything()
    for frame in range(16):  # Past the line with the last sighting, and not confirmed.
        see(counter, frame, [seen(1, box_at(200, 322 + 3 * frame)), seen(2, box_at(900, 100))])
    with monkeypatch.context() as broken:
        broken.setattr(CrossingDetector, "update", lambda *_: [][0])
        with pytest.raises(IndexError):
            see(counter, 16 + 3 * FPS, [seen(2, box_at(900, 100))])
    see(counter, 17 + 3 * FPS, [seen(2, box_at(900, 100))])
    update = counter.pop_update()
    assert update is not None
    assert [crossing.track_id for crossing, _ in update.crossings] == [1]

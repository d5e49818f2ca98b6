"""One record per vehicle: when it is told, and what it says."""

import pytest

from tests.counting.scenes import UTC_CLOCK
from traffic_monitor.counting.journeys import MOST_PLACES, MOST_VISITS, edge_ahead
from traffic_monitor.counting.road import RoadCounter, RoadUpdate
from traffic_monitor.counting.vehicles import MOST_TRACKS, FrameTime
from traffic_monitor.settings import VehicleCounterSettings
from traffic_monitor.shared_utils.custom_types import IdentityChange, TrackedObject, VehicleJourney

WIDTH, HEIGHT, FPS = 1000, 500, 25
LINE = {"name": "main", "points": [[0.0, 0.5], [1.0, 0.5]]}


def track(track_id: int, x: float, y: float, class_name: str = "car") -> TrackedObject:
    """A vehicle of 40 × 40 pixels that stands at ``(x, y)``."""
    box = [round(x - 20), round(y - 40), round(x + 20), round(y)]
    return TrackedObject(bbox_xyxy=box, track_id=track_id, class_id=2, class_name=class_name, confidence=0.9)


class Road:
    """A road that keeps what it tells of each vehicle."""

    def __init__(self, **settings: object) -> None:
        self.counter = RoadCounter(VehicleCounterSettings.model_validate(settings), WIDTH, HEIGHT, UTC_CLOCK)
        self.frame = 0
        self.told: dict[int, VehicleJourney] = {}
        self.identity_changes: list[IdentityChange] = []
        self.tellings = 0

    def see(self, *tracks: TrackedObject) -> None:
        self.counter.observe(tracks, FrameTime(1000 + self.frame / FPS, self.frame, self.frame / FPS))
        self.frame += 1
        self._take(self.counter.pop_update())

    def end(self) -> None:
        self.counter.finish()
        self._take(self.counter.pop_update(is_last=True))

    def _take(self, update: RoadUpdate | None) -> None:
        self.identity_changes += update.identity_changes if update is not None else []
        for journey in update.journeys if update is not None else []:
            self.told[journey["vehicle_id"]] = journey
            self.tellings += 1


def drive_down(road: Road, track_id: int = 7, start: int = 20, stop: int = 500, step: int = 6) -> None:
    for y in range(start, stop, step):
        road.see(track(track_id, 500, y))


def test_a_vehicle_that_crosses_a_line_has_one_record_with_everything() -> None:
    road = Road(lines=[LINE])
    drive_down(road)
    road.end()
    (journey,) = road.told.values()
    assert journey["track_ids"] == [7]
    assert (journey["class_name"], journey["class_share"]) == ("car", 1.0)
    assert (journey["entry_edge"], journey["exit_edge"]) == ("top", "bottom")
    assert journey["first_seen"] == {"timestamp": 1000.0, "frame_index": 0, "media_time": 0.0}
    assert journey["last_seen"]["frame_index"] == road.frame - 1
    (crossing,) = journey["crossings"]
    # It stands at 20 + 6 n: the first place at or past 250 is that of frame 39.
    assert (crossing["line"], crossing["direction"], crossing.get("frame_index")) == ("main", "in", 39)
    assert journey["trajectory"][0] == [0.0, 500, 20]
    assert journey["trajectory"][-1][2] == 20 + 6 * (road.frame - 1)


@pytest.mark.parametrize(
    ("lines", "stop", "has_passed"),
    [
        pytest.param([LINE], 500, True, id="it crossed a line"),
        pytest.param([LINE], 200, False, id="it did not"),
        pytest.param([], 200, True, id="there is no line, zone or rectangle"),
    ],
)
def test_every_vehicle_is_told_about_with_whether_it_has_passed(
    lines: list[object], stop: int, has_passed: bool
) -> None:
    road = Road(lines=lines)
    drive_down(road, stop=stop)
    road.end()
    assert [journey.get("has_passed") for journey in road.told.values()] == [has_passed]


def test_a_vehicle_that_goes_on_under_another_track_keeps_its_record() -> None:
    road = Road(lines=[LINE])
    drive_down(road, 7, 20, 300)
    drive_down(road, 9, 300, 400)
    road.end()
    (journey,) = road.told.values()
    assert journey["track_ids"] == [7, 9]
    assert len(journey["crossings"]) == 1


def test_a_track_that_leaves_a_vehicle_leaves_its_record() -> None:
    """Two vehicles begin as one (a queue far away), the second track carries it once, then they come apart."""
    road = Road(lines=[LINE])
    for y in range(180, 230, 5):
        boxes = [track(1, 500, y), track(2, 504, y)]
        road.see(*(boxes if y != 200 else boxes[1:]))
    for y in range(230, 300, 5):
        road.see(track(1, 470, y), track(2, 534, y))
    road.end()
    assert {number: journey["track_ids"] for number, journey in road.told.items()} == {1: [2], 2: [1]}
    assert {c["track_id"] for journey in road.told.values() for c in journey["crossings"]} == {1, 2}
    assert road.identity_changes == [{"track_id": 1, "vehicle_id": 2, "left_vehicle_id": 1}]


def test_the_tracks_of_all_boxes_of_a_vehicle_stand_in_its_record() -> None:
    road = Road(lines=[LINE])
    for y in range(180, 300, 5):
        road.see(track(1, 500, y), track(2, 504, y, "truck"))
    road.end()
    assert road.told[1]["track_ids"] == [1, 2]
    assert road.identity_changes == []


def test_a_class_that_is_corrected_later_is_corrected_in_the_record() -> None:
    road = Road(lines=[LINE])
    drive_down(road, 7, 20, 300)
    for y in range(300, 310):
        for _ in range(12):
            road.see(track(7, 500, y, "truck"))
    road.end()
    (journey,) = road.told.values()
    assert journey["class_name"] == journey["crossings"][0]["class_name"] == "truck"
    assert 0.5 < journey["class_share"] < 1


def test_a_vehicle_that_is_merely_seen_is_told_about_every_second_and_not_more_often() -> None:
    road = Road(lines=[LINE])
    drive_down(road, 7, 20, 300)
    before = road.tellings
    for _ in range(4 * FPS):
        road.see(track(7, 500, 299))
    assert road.tellings - before == 4


def test_a_visit_to_a_zone_is_told_when_it_begins_and_when_it_ends() -> None:
    zone = {"name": "stop", "points": [[0.0, 0.4], [1.0, 0.4], [1.0, 0.6], [0.0, 0.6]]}
    road = Road(lines=[], zones=[zone])
    drive_down(road, stop=250)
    (visit,) = road.told[1]["zones"]
    assert visit["left"] is None
    assert visit["entered"].get("frame_index") == 30  # The first place at or past 200.
    drive_down(road, start=250)
    (visit,) = road.told[1]["zones"]
    assert visit["left"] is not None
    assert visit["left"].get("frame_index", 0) > 30


def test_a_speed_stands_in_the_record() -> None:
    rectangle = {"points": [[0, 0], [1, 0], [1, 1], [0, 1]], "width_m": 100, "length_m": 50}  # 10 pixels are 1 m.
    road = Road(lines=[], speed=rectangle)
    drive_down(road)
    road.end()
    assert road.told[1].get("speed", {}).get("speed") == pytest.approx(6 / 10 * FPS * 3.6, rel=0.02)


def test_a_long_trajectory_becomes_coarse_but_keeps_both_ends() -> None:
    road = Road(lines=[LINE])
    for lap in range(10):
        for y in range(20, 480, 6) if lap % 2 == 0 else range(480, 20, -6):
            road.see(track(7, 500, y))
    places = road.told[1]["trajectory"]
    assert len(places) <= MOST_PLACES + 1
    assert places[0] == [0.0, 500, 20]


def test_the_record_of_a_vehicle_that_comes_and_goes_for_hours_is_bounded() -> None:
    zone = {"name": "stop", "points": [[0.0, 0.4], [1.0, 0.4], [1.0, 0.6], [0.0, 0.6]]}
    road = Road(lines=[], zones=[zone])
    laps = MOST_VISITS + 20
    for lap in range(laps):
        for y in (100, 100, 250, 250):
            road.see(track(1, 500, y), track(100 + lap, 500, y))
    journey = road.told[1]
    assert (len(journey["zones"]), journey.get("zones_left_out")) == (MOST_VISITS, 20)
    entered = [visit["entered"].get("frame_index") for visit in journey["zones"]]
    assert entered == [2, *range(4 * 21 + 2, 4 * laps, 4)]
    assert (len(journey["track_ids"]), journey.get("tracks_left_out")) == (MOST_TRACKS, laps + 1 - MOST_TRACKS)
    assert journey["track_ids"][:2] == [1, 100 + laps + 1 - MOST_TRACKS]


def test_a_vehicle_that_has_not_moved_comes_from_nowhere() -> None:
    road = Road(lines=[])
    for _ in range(50):
        road.see(track(7, 500, 250))
    assert (road.told[1]["entry_edge"], road.told[1]["exit_edge"]) == (None, None)


@pytest.mark.parametrize(
    ("start", "through", "edge"),
    [
        ((500, 100), (500, 200), "bottom"),
        ((500, 200), (500, 100), "top"),
        ((500, 200), (600, 210), "right"),
        ((500, 200), (400, 210), "left"),
        ((0, 0), (10, 9), "bottom"),
        ((0, 0), (30, 10), "right"),
    ],
)
def test_the_edge_ahead_is_the_first_one_that_the_way_meets(start, through, edge) -> None:
    assert edge_ahead(start, through, WIDTH, HEIGHT) == edge


def cut_track(track_id: int, box: list[float]) -> TrackedObject:
    """A vehicle of which the detector sees what is inside the picture."""
    x1, y1, x2, y2 = box
    inside = [round(max(x1, 0)), round(max(y1, 0)), round(min(x2, WIDTH)), round(min(y2, HEIGHT))]
    return {**track(track_id, 0, 0, "bus"), "bbox_xyxy": inside}


def test_a_bus_that_comes_in_over_a_corner_came_from_the_top_and_goes_straight() -> None:
    road = Road(lines=[LINE])
    for step in range(45):  # From above, 200 wide and 160 high, at first beyond the right edge too.
        left, bottom = 900 - 9 * step, 12 * step
        road.see(cut_track(3, [left, bottom - 160, left + 200, bottom]))
    road.end()
    (journey,) = road.told.values()
    assert (journey["entry_edge"], journey["exit_edge"]) == ("top", "bottom")
    xs = [x for _, x, _ in journey["trajectory"]]
    assert xs == sorted(xs, reverse=True)
    assert all(x == pytest.approx(1000 - 0.75 * y, abs=2) for _, x, y in journey["trajectory"])


def test_a_vehicle_that_is_cut_off_all_the_time_has_a_way_all_the_same() -> None:
    road = Road(lines=[{"name": "main", "points": [[0.5, 0.0], [0.5, 1.0]]}])
    for left in range(-200, 1000, 12):
        road.see(cut_track(3, [left, 380, left + 200, 540]))
    road.end()
    (journey,) = road.told.values()
    assert (journey["entry_edge"], journey["exit_edge"]) == ("left", "right")
    assert journey["trajectory"][0][1] < 100
    assert journey["trajectory"][-1][1] > 900

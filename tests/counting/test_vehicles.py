"""Which tracks are one vehicle: ids that change, and double boxes."""

import random
from collections.abc import Sequence

import pytest

from tests.counting.scenes import FPS, HEIGHT, WIDTH, box_at, count, drive, seen
from traffic_monitor.counting.vehicles import FrameTime, VehicleRegistry
from traffic_monitor.shared_utils.custom_types import BoxXyxy, TrackedObject

Frames = list[list[TrackedObject]]


def together(*scenes: Frames) -> Frames:
    """All scenes at the same time."""
    length = max(len(scene) for scene in scenes)
    return [[track for scene in scenes if index < len(scene) for track in scene[index]] for index in range(length)]


def changing_id(bottoms: Sequence[float], last: int, unseen: int) -> Frames:
    """A vehicle that is track 1 up to frame ``last``, then not seen for some frames, then track 2."""
    frames = drive(bottoms[: last + 1], track_id=1) + [[]] * unseen
    return frames + drive(bottoms[last + 1 + unseen :], track_id=2)


def jitter(number: int, around: float = 360) -> list[float]:
    noise = random.Random(5)
    return [around + noise.randint(-6, 6) for _ in range(number)]


@pytest.mark.parametrize("place", [-60, -20, -1, 0, 20, 60], ids=lambda y: f"{y} px past the line")
@pytest.mark.parametrize(
    ("speed", "unseen"),
    [(speed, unseen) for speed in (2, 5, 10) for unseen in (0, 5, FPS - 1)]
    + [(40, 0), (40, 5), (100, 0), (100, 1)],
    ids=lambda number: str(number),
)
def test_an_id_that_changes_near_the_line_is_one_vehicle(speed: int, unseen: int, place: int) -> None:
    """``speed`` in pixels per frame; ``unseen`` frames, up to a second, before the new id begins."""
    before = (280 + place) // speed
    bottoms = range(360 + place - before * speed, 715, speed)
    assert count(changing_id(bottoms, before, unseen)).directions == ["in"]


@pytest.mark.parametrize("unseen", [0, 10, FPS - 1])
def test_an_id_that_changes_during_a_stop_on_the_line_is_one_vehicle(unseen: int) -> None:
    stop = [*range(200, 360, 8), *jitter(200), *range(360, 560, 8)]
    assert count(changing_id(stop, 100, unseen)).directions == ["in"]


def test_an_id_that_changes_again_and_again_on_the_line_is_one_vehicle() -> None:
    bottoms = [*range(200, 350, 8), *jitter(300), *range(370, 560, 8)]
    frames = [[seen(1 + index // 20, box_at(640, bottom))] for index, bottom in enumerate(bottoms)]
    assert count(frames).directions == ["in"]


def test_a_vehicle_that_follows_the_one_lost_at_the_line_is_another() -> None:
    first = drive(range(100, 370, 8), track_id=1)
    behind = [[]] * len(first) + drive(range(280, 600, 8), track_id=2)
    assert count(together(first, behind)).directions == ["in", "in"]


def test_a_vehicle_on_the_next_lane_is_another() -> None:
    first = drive(range(100, 370, 8), track_id=1)
    beside = [[]] * (len(first) + 3) + drive(range(340, 600, 8), x=740, track_id=2)
    assert count(together(first, beside)).directions == ["in", "in"]


@pytest.mark.parametrize(
    ("box", "is_same"),
    [
        pytest.param(box_at(640, 380), True, id="less than half its size away"),
        pytest.param(box_at(640, 390), False, id="more than half its size away"),
        pytest.param(box_at(640, 350, 150, 110), True, id="less than twice as large"),
        pytest.param(box_at(640, 350, 170, 130), False, id="more than twice as large"),
        pytest.param(box_at(640, 350, 36, 28), False, id="less than half as large"),
    ],
)
def test_what_is_taken_for_a_standing_vehicle_that_was_lost(box: BoxXyxy, is_same: bool) -> None:
    registry = VehicleRegistry((WIDTH, HEIGHT))
    (before,) = registry.update([seen(1, box_at(640, 350))], FrameTime(0.0)).seen  # Its size is 69 pixels.
    (after,) = registry.update([seen(2, box)], FrameTime(0.1)).seen
    assert (before.vehicle_id == after.vehicle_id) == is_same


@pytest.mark.parametrize(
    ("short_of", "is_same"),
    [
        pytest.param(0, True, id="at its speed"),
        pytest.param(60, True, id="a little slower, after a long way"),
        pytest.param(80, False, id="more than its size behind"),
        pytest.param(250, False, id="where it was lost, which is where the next one comes from"),
    ],
)
def test_what_is_taken_for_a_driving_vehicle_that_was_lost(short_of: int, is_same: bool) -> None:
    registry = VehicleRegistry((WIDTH, HEIGHT))
    for index, tracks in enumerate(drive(range(100, 310, 10))):  # Ends at 300, at 250 pixels per second.
        (before,) = registry.update(tracks, FrameTime(index / FPS)).seen
    (after,) = registry.update([seen(2, box_at(640, 550 - short_of))], FrameTime((index + FPS) / FPS)).seen
    assert (before.vehicle_id == after.vehicle_id) == is_same


def test_jitter_does_not_carry_a_standing_vehicle_away() -> None:
    registry = VehicleRegistry((WIDTH, HEIGHT))
    for index in range(20):
        registry.update([seen(1, box_at(640, 350 + 4 * (-1) ** index))], FrameTime(index / FPS))
    (after,) = registry.update([seen(2, box_at(640, 350))], FrameTime(19 / FPS + 1)).seen
    assert after.vehicle_id == 1


def test_a_vehicle_that_comes_nearer_is_expected_farther_on_than_its_speed_says() -> None:
    registry = VehicleRegistry((WIDTH, HEIGHT))
    size, bottom, gone = 80.0, 100.0, range(15, 55)
    for index in range(60):
        if index not in gone:
            box = box_at(640, bottom, round(size), round(size))
            registry.update([seen(2 if index >= gone.stop else 1, box)], FrameTime(index / FPS))
        size, bottom = size * 1.015, bottom + size * 1.015 / 12
    assert registry.in_sight == [1]


def boxes(track_id: int, class_name: str, *places: BoxXyxy) -> Frames:
    return [[seen(track_id, box, class_name)] for box in places]


def test_the_next_vehicle_at_the_edge_is_another_than_the_one_that_left_there() -> None:
    bus = boxes(1, "bus", *([0, 132 + 4 * i, 152, 444 + 4 * i] for i in [*[0] * 60, *range(20)]))
    assert bus[-1][0]["bbox_xyxy"] == [0, 208, 152, 520]
    car = boxes(2, "car", *([10 * i, 356 - 10 * i, 167 + 10 * i, 720 - 10 * i] for i in range(50)))
    found = count(bus + [[]] * 28 + car)
    assert found.results["counts_by_line"] == {"main": {"in": {}, "out": {"car": 1}}}
    assert [crossing.vehicle_id for crossing, _ in found.crossings] == [2]


ENTERING, LEAVING, ALONG = [0, 10, 20, 30, 40], [40, 30, 20, 10, 0], [20] * 5


@pytest.mark.parametrize("edge", ["left", "right", "top", "bottom"])
@pytest.mark.parametrize(
    ("visible", "unseen_s", "now_visible", "is_same"),
    [
        pytest.param(ENTERING, 1.0, 80, True, id="coming in"),
        pytest.param(LEAVING[:4], 0.2, 8, True, id="leaving, for a moment not seen"),
        pytest.param(LEAVING[:4], 0.8, 10, False, id="leaving, and the next one after it"),
        pytest.param(ALONG, 1.0, 20, False, id="standing, and one there a second later"),
        pytest.param(ALONG, 0.4, 20, True, id="standing, for a moment not seen"),
    ],
)
def test_who_is_expected_back_at_the_edge(
    edge: str, visible: list[int], unseen_s: float, now_visible: int, is_same: bool
) -> None:
    """A vehicle of which so many pixels are in the picture, at one of its edges."""

    def box(pixels: int) -> BoxXyxy:
        return {
            "left": [0, 300, 20 + pixels, 360],
            "right": [WIDTH - 20 - pixels, 300, WIDTH, 360],
            "top": [600, 0, 660, 20 + pixels],
            "bottom": [600, HEIGHT - 20 - pixels, 660, HEIGHT],
        }[edge]

    registry = VehicleRegistry((WIDTH, HEIGHT))
    for index, pixels in enumerate(visible):
        registry.update([seen(1, box(pixels))], FrameTime(index / 5))
    last = (len(visible) - 1) / 5
    (after,) = registry.update([seen(2, box(now_visible))], FrameTime(last + unseen_s)).seen
    assert (after.vehicle_id == 1) == is_same


def test_a_vehicle_that_begins_long_after_another_was_lost_is_another() -> None:
    frames = drive(range(200, 370, 8), track_id=1) + [[]] * (3 * FPS) + drive(range(350, 600, 8), track_id=2)
    assert count(frames).directions == ["in", "in"]


def test_a_known_track_goes_on_after_any_time() -> None:
    frames = drive(range(200, 350, 8)) + [[]] * (10 * FPS) + drive(range(380, 600, 8))
    assert count(frames).directions == ["in"]


def van(bottoms: Sequence[int], track_id: int, class_name: str, grown: int = 0) -> Frames:
    return [[seen(track_id, box_at(640, y, 80 + grown, 60 + grown), class_name, 0.6)] for y in bottoms]


DOWN = range(200, 520, 10)


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param(together(van(DOWN, 1, "car"), van(DOWN, 2, "truck", 8)), id="from the first frame on"),
        pytest.param(
            together(van(DOWN, 1, "car"), [[]] * 8 + van(DOWN[8:], 2, "truck", 8)), id="from a later frame on"
        ),
        pytest.param(
            together(van(DOWN, 1, "car"), [[]] * 16 + van(DOWN[16:], 2, "truck", 8)), id="from the line on"
        ),
        pytest.param(
            together(van(DOWN[:16], 1, "car"), [[]] * 8 + van(DOWN[8:], 2, "truck", 8)),
            id="and only the second one goes on over the line",
        ),
        pytest.param(
            [van([y], *((1, "car") if index % 2 else (2, "truck", 8)))[0] for index, y in enumerate(DOWN)],
            id="by turns",
        ),
    ],
)  # fmt: skip
def test_a_van_seen_as_car_and_truck_is_one_vehicle(frames: Frames) -> None:
    found = count(frames)
    assert (found.directions, found.total) == (["in"], 1)


def test_two_vehicles_that_hide_each_other_on_the_line_are_two() -> None:
    slow = [[seen(1, box_at(640, y))] for y in range(300, 500, 4)]
    fast = [[seen(2, box_at(644, y))] for y in range(200, 600, 8)]
    assert max(a[0]["bbox_xyxy"][3] - b[0]["bbox_xyxy"][3] == 0 for a, b in zip(slow, fast, strict=True))
    assert count(together(slow, fast)).directions == ["in", "in"]


def test_two_boxes_that_come_apart_are_two_vehicles_from_then_on() -> None:
    stays = drive([250] * 20 + list(range(250, 500, 10)), x=640, track_id=1)
    comes_out = [[]] * 5 + drive([250] * 5, x=650, track_id=2) + drive(range(250, 600, 10), x=720, track_id=2)
    assert count(together(stays, comes_out)).directions == ["in", "in"]


def slipping(bottoms: Sequence[int], slips: Sequence[int], by: int = 44) -> Frames:
    """A second box of a van that stands some pixels beside it in the given frames."""
    return [
        [seen(2, box_at(640 + by * (index in slips), y, 84, 64), "truck", 0.6)] for index, y in enumerate(bottoms)
    ]


@pytest.mark.parametrize("slips", [[5], [8], [14, 15], [3, 9, 14], [17]], ids=lambda slips: f"in frames {slips}")
@pytest.mark.parametrize("by", [44, 120])
def test_a_second_box_that_slips_is_no_vehicle(slips: list[int], by: int) -> None:
    found = count(together(van(DOWN, 1, "car"), slipping(DOWN, slips, by)))
    assert (found.directions, found.total) == (["in"], 1)


def test_a_second_box_that_slipped_can_go_on_as_the_vehicle() -> None:
    found = count(together(van(DOWN[:11], 1, "car"), slipping(DOWN, [8])))
    assert (found.directions, found.total) == (["in"], 1)


def test_a_vehicle_that_comes_apart_at_the_line_has_crossed_it() -> None:
    stays = drive([330] * 40)
    drives_on = drive([330] * 5, x=642, track_id=2) + drive([345, 375, 405, 435], x=700, track_id=2)
    found = count(together(stays, drives_on))
    assert [(crossing.track_id, crossing.moment.frame_index) for crossing, _ in found.crossings] == [(2, 6)]


def test_every_track_id_is_a_track_also_0() -> None:
    assert count(drive(range(200, 500, 10), track_id=0)).directions == ["in"]


def test_a_vehicle_has_one_sighting_per_frame_with_the_track_that_carries_it() -> None:
    registry = VehicleRegistry((WIDTH, HEIGHT))
    box, larger = box_at(640, 300), box_at(640, 302, 86, 64)
    frames = [[seen(1, box)], [seen(2, larger), seen(1, box)], [seen(2, larger)], [seen(1, box), seen(2, larger)]]
    found = [registry.update(tracks, FrameTime(index / FPS)) for index, tracks in enumerate(frames)]
    assert [[sighting.track_id for sighting in frame.seen] for frame in found] == [[1], [1], [2], [2]]
    assert found[1].vehicle_of == {1: 1, 2: 1}


def test_a_vehicle_is_told_as_lost_once() -> None:
    registry = VehicleRegistry((WIDTH, HEIGHT))
    registry.update([seen(1, box_at(640, 300))], FrameTime(10.0))
    lost = [registry.update([], FrameTime(10.0 + seconds)).lost for seconds in (1.0, 2.1, 2.2)]
    assert lost == [[], [1], []]


def test_a_clock_that_is_set_back_loses_vehicles_instead_of_waiting_for_them() -> None:
    registry = VehicleRegistry((WIDTH, HEIGHT))
    registry.update([seen(1, box_at(640, 300))], FrameTime(5000.0))
    assert registry.update([], FrameTime(10.0)).lost == [1]

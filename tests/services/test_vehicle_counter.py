"""The vehicle counter alone: messages in, counts out."""

import queue
import threading
from collections.abc import Iterable
from typing import Any

import pytest

from tests.builders import FPS, FullQueue, drain, make_tracked_message, make_vehicle, start, without_added_fields
from traffic_monitor.services.vehicle_counter import VehicleCounter, vehicle_counter_process
from traffic_monitor.settings import Settings
from traffic_monitor.shared_utils.counts_so_far import CountsSoFar

FIXED_FIELDS = {"camera_id", "timestamp", "counts_by_class", "total_count"}


def config(**line: Any) -> Settings:
    """One line across the middle of the frame, from left to right: downwards is ``in``."""
    line = {"name": "main", "points": [[0, 0.5], [1, 0.5]], **line}
    return Settings.model_validate({"vehicle_counter": {"lines": [line]}})


def drive(counter: VehicleCounter, bottoms: Iterable[int], track_id: int = 1, **changes: Any) -> list[Any]:
    """Move one vehicle through the frame by the lower edges of its boxes; all updates."""
    updates = []
    for index, bottom in enumerate(bottoms):
        vehicle = make_vehicle(track_id, [100, bottom - 40, 160, bottom])
        updates += counter.process(make_tracked_message([vehicle], index, **changes))
    return updates


THROUGH = [90, 110, 130, 150, 170]
"""Lower edges of a vehicle driving down over the line at 120: across with the third, confirmed with the last."""


def test_an_update_comes_with_the_frame_that_confirms_a_crossing_and_no_other() -> None:
    counter = VehicleCounter(config())
    vehicle = [make_vehicle(1, [100, bottom - 40, 160, bottom]) for bottom in [*THROUGH, 190]]
    updates = [counter.process(make_tracked_message([v], i)) for i, v in enumerate(vehicle)]
    assert [len(each) for each in updates] == [0, 0, 0, 0, 1, 0]
    assert updates[4][0]["frame_index"] == 4


def test_a_line_beside_the_picture_is_reported_with_the_first_frame(log_lines: list[str]) -> None:
    settings = config(points=[[0, 500], [320, 500]], units="pixels")
    drive(VehicleCounter(settings), THROUGH)
    assert log_lines == [
        "WARNING cam1: vehicle_counter.lines: line 'main' is outside the frame of 320 x 240 pixels\n"
    ]


def test_what_is_predicted_is_not_counted() -> None:
    assert drive(VehicleCounter(config()), THROUGH, is_searched=False) == []


def test_an_update_holds_every_field_of_the_contract() -> None:
    (update,) = drive(VehicleCounter(config()), THROUGH)
    assert update.keys() >= FIXED_FIELDS
    assert update["camera_id"] == "cam1"
    assert (update["counts_by_class"], update["total_count"]) == ({"car": 1}, 1)
    assert update["counts_by_line"] == {"main": {"in": {"car": 1}, "out": {}}}


def test_an_update_says_who_crossed_what_and_when_it_did() -> None:
    (update,) = drive(VehicleCounter(config()), THROUGH, track_id=9)
    (crossing,) = update["crossings"]
    assert (crossing["line"], crossing["direction"], crossing["track_id"]) == ("main", "in", 9)
    # Two frames before the one that confirmed it.
    assert update["timestamp"] - crossing["timestamp"] == pytest.approx(2 / FPS, abs=1e-6)
    assert (crossing["frame_index"], crossing["media_time"]) == (2, pytest.approx(2 / FPS))


@pytest.mark.parametrize(
    ("bottoms", "expected"),
    [
        pytest.param(
            THROUGH, {"in": {"car": 1}, "out": {}}, id="downwards over a line drawn from left to right is in"
        ),
        pytest.param(THROUGH[::-1], {"in": {}, "out": {"car": 1}}, id="upwards is out"),
        pytest.param(
            THROUGH + THROUGH[::-1],
            {"in": {"car": 1}, "out": {"car": 1}},
            id="there and back counts once each way",
        ),
        pytest.param([119, 121] * 5, {"in": {}, "out": {}}, id="a box that jitters on the line counts nothing"),
        pytest.param([100, 140], {"in": {"car": 1}, "out": {}}, id="two sightings far enough apart count"),
        pytest.param([100, 110, 119], {"in": {}, "out": {}}, id="stopping short of the line counts nothing"),
        pytest.param([140], {"in": {}, "out": {}}, id="appearing behind the line counts nothing"),
    ],
)
def test_counts_by_direction(bottoms: list[int], expected: dict[str, Any]) -> None:
    counter = VehicleCounter(config())
    drive(counter, bottoms)
    (final,) = counter.flush()
    assert final["counts_by_line"]["main"] == expected


def test_the_directions_have_the_names_of_the_settings() -> None:
    (update,) = drive(VehicleCounter(config(in_name="south", out_name="north")), THROUGH)
    assert update["counts_by_line"]["main"] == {"south": {"car": 1}, "north": {}}
    assert update["crossings"][0]["direction"] == "south"


def test_several_lines_count_apart_and_the_total_is_their_sum() -> None:
    lines = [{"name": n, "points": [[0, y], [320, y]], "units": "pixels"} for n, y in (("a", 100), ("b", 150))]
    counter = VehicleCounter(Settings.model_validate({"vehicle_counter": {"lines": lines}}))
    updates = drive(counter, range(80, 220, 10))
    assert [[c["line"] for c in update["crossings"]] for update in updates] == [["a"], ["b"]]
    assert updates[-1]["total_count"] == 2


def test_two_vehicles_in_one_frame_make_one_update_with_both() -> None:
    counter = VehicleCounter(config())
    updates = []
    for bottom in THROUGH:
        vehicles = [make_vehicle(1, [10, 50, 60, bottom]), make_vehicle(2, [200, 50, 260, bottom], "truck")]
        updates += counter.process(make_tracked_message(vehicles))
    (update,) = updates
    assert update["counts_by_class"] == {"car": 1, "truck": 1}
    assert [crossing["track_id"] for crossing in update["crossings"]] == [1, 2]


def test_the_final_update_repeats_the_counts_and_has_no_new_crossings() -> None:
    counter = VehicleCounter(config())
    (last,) = drive(counter, THROUGH)
    (final,) = counter.flush()
    assert final["crossings"] == []
    assert (final["total_count"], final["timestamp"]) == (1, last["timestamp"])


def test_the_final_update_has_the_crossings_that_were_not_confirmed_when_the_stream_ended() -> None:
    counter = VehicleCounter(config())
    assert drive(counter, THROUGH[:4]) == []
    (final,) = counter.flush()
    assert [crossing["frame_index"] for crossing in final["crossings"]] == [2]
    assert final["total_count"] == 1


def test_a_vehicle_that_leaves_the_picture_behind_the_line_is_counted_before_the_stream_ends() -> None:
    counter = VehicleCounter(config())
    assert drive(counter, THROUGH[:3]) == []
    frames = [make_tracked_message([], index) for index in range(3, 3 + 3 * FPS)]
    updates = [update for frame in frames for update in counter.process(frame)]
    assert [len(update["crossings"]) for update in updates if update["crossings"]] == [1]


def test_a_class_that_is_corrected_later_makes_an_update_without_a_new_crossing() -> None:
    counter = VehicleCounter(config())
    updates = drive(counter, THROUGH)
    for index, bottom in enumerate(range(175, 235, 5), start=5):
        bus = make_vehicle(1, [100, bottom - 40, 160, bottom], "bus")
        updates += counter.process(make_tracked_message([bus], index))
    crossed, corrected = updates
    assert (crossed["counts_by_class"], crossed["crossings"][0]["class_name"]) == ({"car": 1}, "car")
    assert (corrected["counts_by_class"], corrected["total_count"]) == ({"bus": 1}, 1)
    assert (corrected["counts_by_line"], corrected["crossings"]) == ({"main": {"in": {"bus": 1}, "out": {}}}, [])


def test_intervals_are_always_there_and_the_rest_where_it_is_configured() -> None:
    (plain,) = drive(VehicleCounter(config()), THROUGH)
    assert [interval["by_line"] for interval in plain["intervals"]] == [{"main": {"in": {"car": 1}, "out": {}}}]
    assert not {"zones", "movements", "speeds"} & plain.keys()
    frame = [[0, 0], [1, 0], [1, 1], [0, 1]]
    full = {
        "lines": [{"name": n, "points": [[0, y], [1, y]]} for n, y in (("a", 0.5), ("b", 0.6))],
        "zones": [{"name": "frame", "points": frame}],
        "speed": {"points": frame, "width_m": 10, "length_m": 30, "unit": "mph"},
    }
    counter = VehicleCounter(Settings.model_validate({"vehicle_counter": full}))
    drive(counter, [*range(90, 200, 5)])
    (final,) = counter.flush()
    assert final["movements"] == {"a": {"b": {"car": 1}}}
    assert final["zones"]["frame"]["entries"] == 1
    assert (final["speeds"]["unit"], final["speeds"]["measured"]) == ("mph", 1)


def test_a_measured_speed_makes_an_update() -> None:
    rectangle = {"points": [[0, 0], [1, 0], [1, 1], [0, 1]], "width_m": 10, "length_m": 24}  # 10 pixels are 1 m.
    counter = VehicleCounter(Settings.model_validate({"vehicle_counter": {"lines": [], "speed": rectangle}}))
    assert [update["speeds"]["measured"] for update in drive(counter, range(50, 200, 4))] == [0]  # It is seen.
    updates = [counter.process(make_tracked_message([], 100 + index)) for index in range(3)]
    (update,) = [update for group in updates for update in group]
    assert update["speeds"]["vehicles"][0]["speed"] == 36  # 4 pixels per frame at 25 frames/s.


def test_a_vehicle_that_enters_a_zone_makes_an_update() -> None:
    zone = {"name": "yard", "points": [[0, 100], [320, 100], [320, 200], [0, 200]], "units": "pixels"}
    counter = VehicleCounter(Settings.model_validate({"vehicle_counter": {"lines": [], "zones": [zone]}}))
    updates = drive(counter, [80, 90, 110, 120, 130])
    assert [update["zones"]["yard"]["occupancy"] for update in updates] == [1]


def test_a_stream_without_frames_still_ends_with_a_count_of_zero() -> None:
    (final,) = VehicleCounter(config()).flush()
    assert (final["total_count"], final["counts_by_class"]) == (0, {})


def test_messages_with_only_the_fixed_fields_are_counted() -> None:
    counter = VehicleCounter(config())
    updates = []
    for bottom in THROUGH:
        message = without_added_fields(make_tracked_message([make_vehicle(1, [100, 50, 160, bottom])]))
        updates += counter.process(message)
    (crossing,) = updates[0]["crossings"]
    assert "frame_index" not in crossing
    assert "media_time" not in crossing


def test_the_counter_never_looks_at_the_pixels() -> None:
    assert len(drive(VehicleCounter(config()), THROUGH, frame_data_jpeg="no picture at all")) == 1


def test_a_line_in_fractions_fits_the_size_the_message_states() -> None:
    counter = VehicleCounter(config())
    assert len(drive(counter, range(420, 490, 10), frame_width=1600, frame_height=900)) == 1


def test_the_process_counts_a_stream_and_ends_it_once() -> None:
    incoming: queue.Queue[Any] = queue.Queue()
    outgoing: queue.Queue[Any] = queue.Queue()
    for index, bottom in enumerate(THROUGH):
        incoming.put(make_tracked_message([make_vehicle(1, [100, 50, 160, bottom])], index))
    incoming.put(None)
    start(vehicle_counter_process, config(), incoming, outgoing, threading.Event()).result(timeout=5)
    update, final, end = drain(outgoing)
    assert (update["total_count"], final["total_count"], end) == (1, 1, None)
    assert final["crossings"] == []


def test_the_process_leaves_within_a_second_when_its_output_is_full() -> None:
    incoming: queue.Queue[Any] = queue.Queue()
    full, shutdown = FullQueue(), threading.Event()
    for bottom in THROUGH:
        incoming.put(make_tracked_message([make_vehicle(1, [100, 50, 160, bottom])]))
    future = start(vehicle_counter_process, config(), incoming, full, shutdown)
    assert full.tried.wait(5)
    shutdown.set()
    future.result(timeout=1)


QUARTER_S = 900.0


def test_an_update_has_only_the_intervals_that_changed_and_the_last_one_has_all() -> None:
    counter, together = VehicleCounter(config()), CountsSoFar()
    sent = []
    for number in range(4):
        # The second vehicle is taken for a car while it crosses, and for a truck with the first frames after it.
        for index, bottom in enumerate([*THROUGH, *[180] * 6]):
            name = "truck" if number == 1 and index >= len(THROUGH) else "car"
            vehicle = make_vehicle(number + 1, [100, bottom - 40, 160, bottom], name)
            media = number * QUARTER_S + index / FPS
            message = make_tracked_message([vehicle], timestamp=media, media_time=media)
            for update in counter.process(message):
                sent.append([interval["start"][11:16] for interval in update["intervals"]])
                together.take(update)
    (final,) = counter.flush()
    starts = ["00:00", "00:15", "00:30", "00:45"]
    assert [interval["start"][11:16] for interval in final["intervals"]] == starts
    # One when the vehicle before is lost (a new interval), one with the crossing, one with the corrected class.
    assert [each for each in sent if each] == [[starts[n]] for n in (0, 1, 1, 1, 2, 2, 3, 3)]
    assert together.together is not None
    assert together.together.get("intervals") == final["intervals"]
    by_class = [interval["by_line"]["main"]["in"] for interval in final["intervals"]]
    assert by_class == [{"car": 1}, {"truck": 1}, {"car": 1}, {"car": 1}]

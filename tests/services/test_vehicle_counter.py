"""The vehicle counter alone: messages in, counts out."""

import queue
import threading
from typing import Any

import pytest

from tests.builders import FullQueue, drain, make_tracked_message, make_vehicle, start, without_added_fields
from traffic_monitor.services.vehicle_counter import VehicleCounter, vehicle_counter_process
from traffic_monitor.shared_utils.settings import Settings

FIXED_FIELDS = {"camera_id", "timestamp", "counts_by_class", "total_count"}


def config(**line: Any) -> Settings:
    """One line across the middle of the frame, from left to right: downwards is ``in``."""
    line = {"name": "main", "points": [[0, 0.5], [1, 0.5]], **line}
    return Settings.model_validate({"vehicle_counter": {"lines": [line]}})


def drive(counter: VehicleCounter, bottoms: list[int], track_id: int = 1, **changes: Any) -> list[Any]:
    """Move one vehicle through the frame by the lower edges of its boxes; all updates."""
    updates = []
    for index, bottom in enumerate(bottoms):
        vehicle = make_vehicle(track_id, [100, bottom - 40, 160, bottom])
        updates += counter.process(make_tracked_message([vehicle], index, **changes))
    return updates


def test_an_update_comes_with_the_frame_of_the_crossing_and_no_other() -> None:
    counter = VehicleCounter(config())
    vehicle = [make_vehicle(1, [100, bottom - 40, 160, bottom]) for bottom in (100, 115, 130, 145)]
    numbers = [len(counter.process(make_tracked_message([v], i))) for i, v in enumerate(vehicle)]
    assert numbers == [0, 0, 1, 0]


def test_an_update_holds_every_field_of_the_contract() -> None:
    (update,) = drive(VehicleCounter(config()), [100, 140])
    assert update.keys() >= FIXED_FIELDS
    assert update["camera_id"] == "cam1"
    assert (update["counts_by_class"], update["total_count"]) == ({"car": 1}, 1)
    assert update["counts_by_line"] == {"main": {"in": {"car": 1}, "out": {}}}


def test_an_update_says_who_crossed_what_and_when() -> None:
    (update,) = drive(VehicleCounter(config()), [100, 140], track_id=9)
    (crossing,) = update["crossings"]
    assert (crossing["line"], crossing["direction"], crossing["track_id"]) == ("main", "in", 9)
    assert crossing["timestamp"] == update["timestamp"]
    assert (crossing["frame_index"], crossing["media_time"]) == (1, pytest.approx(0.04))


@pytest.mark.parametrize(
    ("bottoms", "expected"),
    [
        pytest.param(
            [100, 140], {"in": {"car": 1}, "out": {}}, id="downwards over a line drawn from left to right is in"
        ),
        pytest.param([140, 100], {"in": {}, "out": {"car": 1}}, id="upwards is out"),
        pytest.param(
            [100, 140, 100], {"in": {"car": 1}, "out": {"car": 1}}, id="there and back counts once each way"
        ),
        pytest.param(
            [119, 121] * 5, {"in": {"car": 1}, "out": {"car": 1}}, id="a box that jitters on the line counts once"
        ),
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
    (update,) = drive(VehicleCounter(config(in_name="south", out_name="north")), [100, 140])
    assert update["counts_by_line"]["main"] == {"south": {"car": 1}, "north": {}}
    assert update["crossings"][0]["direction"] == "south"


def test_several_lines_count_apart_and_the_total_is_their_sum() -> None:
    lines = [{"name": n, "points": [[0, y], [320, y]], "units": "pixels"} for n, y in (("a", 100), ("b", 150))]
    counter = VehicleCounter(Settings.model_validate({"vehicle_counter": {"lines": lines}}))
    updates = drive(counter, [90, 120, 160])
    assert [[c["line"] for c in update["crossings"]] for update in updates] == [["a"], ["b"]]
    assert updates[-1]["total_count"] == 2


def test_two_vehicles_in_one_frame_make_one_update_with_both() -> None:
    counter = VehicleCounter(config())
    for bottom in (100, 140):
        vehicles = [make_vehicle(1, [10, 50, 60, bottom]), make_vehicle(2, [200, 50, 260, bottom], "truck")]
        updates = counter.process(make_tracked_message(vehicles))
    (update,) = updates
    assert update["counts_by_class"] == {"car": 1, "truck": 1}
    assert [crossing["track_id"] for crossing in update["crossings"]] == [1, 2]


def test_the_final_update_repeats_the_counts_and_has_no_new_crossings() -> None:
    counter = VehicleCounter(config())
    (last,) = drive(counter, [100, 140])
    (final,) = counter.flush()
    assert final["crossings"] == []
    assert (final["total_count"], final["timestamp"]) == (1, last["timestamp"])


def test_a_stream_without_frames_still_ends_with_a_count_of_zero() -> None:
    (final,) = VehicleCounter(config()).flush()
    assert (final["total_count"], final["counts_by_class"]) == (0, {})


def test_messages_with_only_the_fixed_fields_are_counted() -> None:
    counter = VehicleCounter(config())
    updates = []
    for bottom in (100, 140):
        message = without_added_fields(make_tracked_message([make_vehicle(1, [100, 50, 160, bottom])]))
        updates += counter.process(message)
    (crossing,) = updates[0]["crossings"]
    assert "frame_index" not in crossing
    assert "media_time" not in crossing


def test_the_counter_never_looks_at_the_pixels() -> None:
    assert len(drive(VehicleCounter(config()), [100, 140], frame_data_jpeg="no picture at all")) == 1


def test_a_line_in_fractions_fits_the_size_the_message_states() -> None:
    counter = VehicleCounter(config())
    assert len(drive(counter, [440, 460], frame_width=1600, frame_height=900)) == 1


def test_the_process_counts_a_stream_and_ends_it_once() -> None:
    incoming: queue.Queue[Any] = queue.Queue()
    outgoing: queue.Queue[Any] = queue.Queue()
    for index, bottom in enumerate([100, 140]):
        incoming.put(make_tracked_message([make_vehicle(1, [100, 50, 160, bottom])], index))
    incoming.put(None)
    start(vehicle_counter_process, config(), incoming, outgoing, threading.Event()).result(timeout=5)
    update, final, end = drain(outgoing)
    assert (update["total_count"], final["total_count"], end) == (1, 1, None)
    assert final["crossings"] == []


def test_the_process_leaves_within_a_second_when_its_output_is_full() -> None:
    incoming: queue.Queue[Any] = queue.Queue()
    full, shutdown = FullQueue(), threading.Event()
    for bottom in (100, 140):
        incoming.put(make_tracked_message([make_vehicle(1, [100, 50, 160, bottom])]))
    future = start(vehicle_counter_process, config(), incoming, full, shutdown)
    assert full.tried.wait(5)
    shutdown.set()
    future.result(timeout=1)

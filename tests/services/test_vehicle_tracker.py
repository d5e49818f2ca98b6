"""The vehicle tracker alone, on the real ByteTrack."""

import queue
import threading
from typing import Any

import pytest
import torch  # noqa: F401 - the process would leave it out, and tests of ReID in this process need it

from tests.builders import (
    FRAME_FIELDS,
    FullQueue,
    drain,
    make_detection,
    make_detection_message,
    start,
    without_added_fields,
)
from traffic_monitor.services.vehicle_tracker import VehicleTracker, vehicle_tracker_process
from traffic_monitor.settings import Settings
from traffic_monitor.shared_utils.frame_codec import FrameCodecError


def box_at(index: int, left: int = 20) -> list[int]:
    """A vehicle that drives four pixels to the right in every frame."""
    return [left + 4 * index, 60, left + 60 + 4 * index, 110]


def test_a_tracked_vehicle_holds_every_field_of_the_contract(settings: Settings) -> None:
    detection = make_detection(box_at(0), "bus", 0.8)
    (message,) = VehicleTracker(settings).process(make_detection_message([], detections=[detection]))
    assert message["tracked_objects"] == [
        {"bbox_xyxy": box_at(0), "track_id": 1, "class_id": 2, "class_name": "bus", "confidence": 0.8}
    ]


def test_the_frame_travels_on_without_the_detections(settings: Settings) -> None:
    frame = make_detection_message([box_at(0)], index=5)
    (message,) = VehicleTracker(settings).process(frame)
    kept = {key: value for key, value in frame.items() if key != "detections"}
    assert {key: message[key] for key in kept} == kept  # type: ignore[literal-required]
    assert message.keys() == kept.keys() | {"tracked_objects", "untracked_boxes"}


def test_a_message_with_only_the_fixed_fields_is_enough(settings: Settings) -> None:
    (message,) = VehicleTracker(settings).process(without_added_fields(make_detection_message([box_at(0)])))
    assert message.keys() == FRAME_FIELDS | {"tracked_objects", "untracked_boxes"}
    assert len(message["tracked_objects"]) == 1


def test_a_frame_that_was_not_searched_has_predicted_boxes_and_the_tracks_go_on(settings: Settings) -> None:
    tracker = VehicleTracker(settings)
    for index in (0, 2):
        tracker.process(make_detection_message([box_at(index)], index))
    (between,) = tracker.process(make_detection_message([], 3, is_searched=False))
    (found,) = tracker.process(make_detection_message([box_at(4)], 4))
    assert [(each["track_id"], each["bbox_xyxy"]) for each in between["tracked_objects"]] == [(1, box_at(3))]
    assert between["is_searched"] is False
    assert [(each["track_id"], each["bbox_xyxy"]) for each in found["tracked_objects"]] == [(1, box_at(4))]


def test_detections_without_a_track_travel_on_as_boxes(settings: Settings) -> None:
    tracker = VehicleTracker(settings)
    tracker.process(make_detection_message([box_at(0)], 0))
    weak, new = make_detection([200, 100, 260, 150], confidence=0.15), make_detection([20, 150, 80, 200])
    detections = [weak, make_detection(box_at(1)), new]
    (message,) = tracker.process(make_detection_message([], 1, detections=detections))
    assert [vehicle["bbox_xyxy"] for vehicle in message["tracked_objects"]] == [box_at(1)]
    assert message["untracked_boxes"] == [weak["bbox_xyxy"], new["bbox_xyxy"]]


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param({"media_time": float("nan")}, id="a time that is none"),
        pytest.param({"media_time": 1e18}, id="a time far ahead"),
        pytest.param({"detections": [make_detection([0, 0, 10**18, 10**18])]}, id="a huge box"),
        pytest.param({"detections": [make_detection(box_at(2), confidence=float("nan"))]}, id="no confidence"),
    ],
)
def test_a_damaged_message_does_not_stay_in_the_tracks(settings: Settings, damage: dict[str, Any]) -> None:
    tracker = VehicleTracker(settings)
    for index in (0, 1):
        tracker.process(make_detection_message([box_at(index)], index))
    tracker.process(make_detection_message([box_at(2)], 2, **damage))
    for index in (3, 4, 5, 6):
        (message,) = tracker.process(make_detection_message([box_at(index)], index))
    assert [vehicle["bbox_xyxy"] for vehicle in message["tracked_objects"]] == [box_at(6)]


def ignoring(left: float, right: float) -> VehicleTracker:
    """A tracker that ignores a strip of the picture, from top to bottom."""
    area = {"points": [[left, 0], [right, 0], [right, 240], [left, 240]], "units": "pixels"}
    return VehicleTracker(Settings.model_validate({"vehicle_counter": {"ignore": [area]}}))


def test_a_vehicle_whose_bottom_centre_is_in_an_ignored_area_is_none_until_it_comes_out() -> None:
    tracker = ignoring(60, 80)
    messages = [tracker.process(make_detection_message([box_at(index)], index))[0] for index in range(10)]
    centres = [50 + 4 * index for index in range(10)]
    ids = [[each["track_id"] for each in message["tracked_objects"]] for message in messages]
    assert ids == [[] if 60 <= x < 80 else [1] for x in centres]
    hidden = [message["untracked_boxes"] for message in messages]
    assert hidden == [[box_at(index)] if 60 <= x < 80 else [] for index, x in enumerate(centres)]


def test_a_vehicle_that_is_predicted_into_an_ignored_area_is_none_either() -> None:
    tracker = ignoring(60, 300)
    for index in (0, 2):
        tracker.process(make_detection_message([box_at(index)], index))
    (ignored,) = tracker.process(make_detection_message([], 3, is_searched=False))
    assert (ignored["tracked_objects"], ignored["untracked_boxes"]) == ([], [box_at(3)])


def test_a_vehicle_keeps_its_id_and_its_detected_box(settings: Settings) -> None:
    tracker = VehicleTracker(settings)
    messages = [tracker.process(make_detection_message([box_at(i)], i))[0] for i in range(6)]
    vehicles = [message["tracked_objects"][0] for message in messages]
    assert [vehicle["track_id"] for vehicle in vehicles] == [1] * 6
    assert [vehicle["bbox_xyxy"] for vehicle in vehicles] == [box_at(i) for i in range(6)]


def test_a_motion_only_tracker_never_looks_at_the_pixels(settings: Settings) -> None:
    frame = make_detection_message([box_at(0)], frame_data_jpeg="no picture at all")
    (message,) = VehicleTracker(settings).process(frame)
    assert message["frame_data_jpeg"] == "no picture at all"
    assert len(message["tracked_objects"]) == 1


def test_a_tracker_that_follows_the_camera_looks_at_the_pixels() -> None:
    config = Settings.model_validate({"vehicle_tracker": {"type": "botsort", "botsort": {"camera_motion": True}}})
    with pytest.raises(FrameCodecError):
        VehicleTracker(config).process(make_detection_message([box_at(0)], frame_data_jpeg="no picture at all"))


def test_a_frame_without_vehicles_is_a_message_with_none(settings: Settings) -> None:
    (message,) = VehicleTracker(settings).process(make_detection_message([]))
    assert message["tracked_objects"] == []


def test_the_process_sends_every_frame_to_all_three_consumers_and_ends_each_once(settings: Settings) -> None:
    incoming: queue.Queue[Any] = queue.Queue()
    outgoing: list[queue.Queue[Any]] = [queue.Queue() for _ in range(3)]
    for index in range(4):
        incoming.put(make_detection_message([box_at(index)], index))
    incoming.put(None)
    start(vehicle_tracker_process, settings, incoming, outgoing, threading.Event()).result(timeout=20)
    for received in map(drain, outgoing):
        assert [message and message["frame_index"] for message in received] == [0, 1, 2, 3, None]


@pytest.mark.parametrize("full", [0, 1, 2], ids=["plates", "counting", "display"])
def test_the_process_leaves_within_a_second_when_an_output_is_full(settings: Settings, full: int) -> None:
    incoming: queue.Queue[Any] = queue.Queue()
    incoming.put(make_detection_message([box_at(0)]))
    outgoing: list[Any] = [queue.Queue() for _ in range(3)]
    outgoing[full], shutdown = FullQueue(), threading.Event()
    future = start(vehicle_tracker_process, settings, incoming, outgoing, shutdown)
    assert outgoing[full].tried.wait(20)
    shutdown.set()
    future.result(timeout=1)


def test_live_pictures_and_plates_are_dropped_for_the_latest() -> None:
    config = Settings.model_validate({"frame_grabber": {"source": 0}})
    incoming: queue.Queue[Any] = queue.Queue()
    plates: queue.Queue[Any] = queue.Queue(maxsize=2)
    counting: queue.Queue[Any] = queue.Queue()
    display: queue.Queue[Any] = queue.Queue(maxsize=2)
    shutdown = threading.Event()
    future = start(vehicle_tracker_process, config, incoming, [plates, counting, display], shutdown)
    for index in range(6):
        incoming.put(make_detection_message([box_at(index)], index))
    assert [counting.get(timeout=20)["frame_index"] for _ in range(6)] == list(range(6))
    incoming.put(None)
    # The end is never dropped: it waits until there is room for it.
    left = [
        [message["frame_index"] for message in iter(lambda q=q: q.get(timeout=5), None)] for q in (plates, display)
    ]
    future.result(timeout=5)
    assert left[0] == [4, 5]
    assert left[1][-2:] == [4, 5]
    assert left[1][0] >= 3
    assert drain(counting) == [None]


def test_a_full_counting_queue_holds_the_tracker_up_also_live() -> None:
    config = Settings.model_validate({"frame_grabber": {"source": 0}})
    incoming: queue.Queue[Any] = queue.Queue()
    plates, counting, display = queue.Queue[Any](), queue.Queue[Any](maxsize=1), queue.Queue[Any]()
    for index in range(5):
        incoming.put(make_detection_message([box_at(index)], index))
    incoming.put(None)
    future = start(vehicle_tracker_process, config, incoming, [plates, counting, display], threading.Event())
    assert [plates.get(timeout=20)["frame_index"] for _ in range(2)] == [0, 1]
    with pytest.raises(queue.Empty):  # Frame 1 waits for room to be counted.
        plates.get(timeout=0.2)
    assert [message["frame_index"] for message in iter(lambda: counting.get(timeout=5), None)] == list(range(5))
    future.result(timeout=5)

"""Which processes a run has, and how queues join them."""

import pickle
from typing import Any

import pytest

from traffic_monitor.settings import Settings
from traffic_monitor.shared_utils.constants import ServiceName
from traffic_monitor.supervision.wiring import ProcessPlan, wire


def wired(**values: Any) -> dict[str, ProcessPlan]:
    """Each plan by its label, with queue names for queues."""
    plans = wire(Settings.model_validate(values), lambda name, _size: name)
    return {plan.label: plan for plan in plans}


def edges(plan: ProcessPlan) -> Any:
    return plan.arguments[1:]


CAMERAS = [{"camera_id": name, "frame_grabber": {"source": f"{name}.mp4"}} for name in ("north", "yard")]


def test_seven_processes_and_the_queues_of_the_contract() -> None:
    plans = wired()
    assert list(plans) == [str(name) for name in ServiceName]
    assert {label: edges(plan) for label, plan in plans.items()} == {
        "frame_grabber": ["raw_frames"],
        "vehicle_detector": ["raw_frames", "vehicle_detections"],
        "vehicle_tracker": [
            "vehicle_detections",
            ("tracked_for_plates", "tracked_for_counting", "tracked_for_display"),
        ],
        "lp_detector": ["tracked_for_plates", "lp_candidates"],
        "ocr_reader": ["lp_candidates", "ocr_results"],
        "vehicle_counter": ["tracked_for_counting", "counting_updates"],
        "visualizer": ["tracked_for_display", "ocr_results", "counting_updates"],
    }


def test_each_camera_has_a_grabber_with_its_own_settings_and_queue() -> None:
    plans = wired(cameras=CAMERAS)
    assert len(plans) == 8
    for number, name in enumerate(("north", "yard")):
        grabber = plans[f"frame_grabber {name}"]
        assert grabber.number == number
        assert grabber.arguments[0].camera_id == name
        assert grabber.arguments[0].frame_grabber.source == f"{name}.mp4"
        assert edges(grabber) == [f"raw_frames_{name}"]
    assert edges(plans["vehicle_detector"]) == [["raw_frames_north", "raw_frames_yard"], "vehicle_detections"]


def test_with_cameras_and_workers_every_pair_has_a_queue_of_its_own() -> None:
    plans = wired(cameras=CAMERAS, vehicle_detector={"workers": 2})
    assert edges(plans["frame_grabber yard"]) == [["raw_frames_yard_1", "raw_frames_yard_2"]]
    second = plans["vehicle_detector 2"]
    assert second.number == 1
    assert edges(second) == [["raw_frames_north_2", "raw_frames_yard_2"], "vehicle_detections_2"]
    assert edges(plans["vehicle_tracker"])[0] == ["vehicle_detections_1", "vehicle_detections_2"]


def test_workers_for_plates_are_joined_each_with_each() -> None:
    plans = wired(lp_detector={"workers": 2}, ocr_reader={"workers": 3})
    assert edges(plans["vehicle_tracker"])[1][0] == ["tracked_for_plates_1", "tracked_for_plates_2"]
    candidates = ["lp_candidates_2_1", "lp_candidates_2_2", "lp_candidates_2_3"]
    assert edges(plans["lp_detector 2"]) == ["tracked_for_plates_2", candidates]
    assert edges(plans["ocr_reader 3"]) == [["lp_candidates_1_3", "lp_candidates_2_3"], "ocr_results_3"]
    assert edges(plans["visualizer"])[1] == ["ocr_results_1", "ocr_results_2", "ocr_results_3"]


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"cameras": CAMERAS, "vehicle_detector": {"workers": 3}},
        {"lp_detector": {"workers": 3}, "ocr_reader": {"workers": 2}},
    ],
    ids=["one of each", "cameras and workers", "workers for plates"],
)
def test_every_queue_has_one_process_at_each_end(values: dict[str, Any]) -> None:
    ends: list[str] = []
    made: list[str] = []

    def edge(name: str, _size: int) -> str:
        made.append(name)
        return name

    def collect(value: Any) -> None:
        if isinstance(value, str):
            ends.append(value)
        else:
            for each in value:
                collect(each)

    for plan in wire(Settings.model_validate(values), edge):
        collect(edges(plan))
    assert sorted(ends) == sorted([*made, *made])
    assert len(made) == len(set(made))


@pytest.mark.parametrize(
    ("size", "cameras", "share"),
    [(16, 1, 16), (16, 2, 8), (16, 4, 4), (4, 4, 2), (1, 4, 1)],
)
def test_cameras_share_the_room_for_frames_that_wait(size: int, cameras: int, share: int) -> None:
    sizes: dict[str, int] = {}
    listed = [{"camera_id": str(number), "frame_grabber": {"source": number}} for number in range(cameras)]
    wire(Settings.model_validate({"queue_size": size, "cameras": listed}), sizes.__setitem__)
    frames = {sizes.pop(name) for name in list(sizes) if name.startswith("raw_frames")}
    assert (frames, set(sizes.values())) == ({share}, {size})


def test_only_the_reader_knows_the_secret_of_the_pseudonyms() -> None:
    privacy = {"hash_plates": True, "blur_plates": True, "secret": "sixteen letters or more"}
    plans = wire(Settings.model_validate({"privacy": privacy, "cameras": CAMERAS}), lambda name, _size: name)
    told = {plan.service for plan in plans if b"sixteen letters" in pickle.dumps(plan.arguments[0])}
    assert told == {ServiceName.OCR_READER}
    assert {plan.arguments[0].privacy.hash_plates for plan in plans} == {True}

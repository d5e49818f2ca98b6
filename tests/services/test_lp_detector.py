"""The plate detector alone, with a model that answers what the test wants."""

import itertools
import queue
import threading
from itertools import pairwise
from typing import Any, cast

import numpy as np
import pytest

from tests.builders import (
    HEIGHT,
    WIDTH,
    FakeDetectionModel,
    drain,
    make_image,
    make_tracked_message,
    make_vehicle,
    without_added_fields,
)
from traffic_monitor.inference import yolo
from traffic_monitor.inference.detection import DetectedBox
from traffic_monitor.runtime.control import ServiceControl
from traffic_monitor.services import lp_detector
from traffic_monitor.services.lp_detector import LPDetector, lp_detector_process, search_budget
from traffic_monitor.settings import Settings
from traffic_monitor.shared_utils.constants import UnreadReason
from traffic_monitor.shared_utils.custom_types import PlateCandidateMessage, TrackedMessage
from traffic_monitor.shared_utils.errors import ServiceError
from traffic_monitor.shared_utils.frame_codec import FrameCodecError, encode_frame

FIXED_FIELDS = {
    "frame_id", "camera_id", "timestamp", "frame_data_jpeg",
    "vehicle_track_id", "vehicle_class_name", "plate_bbox_orig", "plate_confidence",
}  # fmt: skip
VEHICLE_BOX = [100, 60, 260, 180]
PLATE = DetectedBox([20, 30, 70, 45], 0.8, 0)


def config(**changes: Any) -> Settings:
    return Settings.model_validate({"lp_detector": {"crop_margin": 0, **changes}})


def plates_of(detector: LPDetector, message: TrackedMessage) -> list[PlateCandidateMessage]:
    """The plates that are found in one frame, without what is said of vehicles that have none."""
    return [
        cast(PlateCandidateMessage, result) for result in detector.process(message) if "plate_bbox_orig" in result
    ]


def test_a_candidate_holds_every_field_of_the_contract() -> None:
    frame = make_tracked_message([make_vehicle(4, VEHICLE_BOX, "bus")], index=12)
    (candidate,) = LPDetector(config(), FakeDetectionModel([PLATE])).process(frame)
    assert candidate.keys() >= FIXED_FIELDS
    for key in ("frame_id", "camera_id", "timestamp", "frame_data_jpeg", "frame_index", "media_time"):
        assert candidate[key] == frame[key]  # type: ignore[literal-required]
    assert (candidate["vehicle_track_id"], candidate["vehicle_class_name"]) == (4, "bus")
    assert candidate["plate_confidence"] == 0.8


def test_the_plate_is_given_in_pixels_of_the_full_frame() -> None:
    (candidate,) = LPDetector(config(), FakeDetectionModel([PLATE])).process(
        make_tracked_message([make_vehicle(4, VEHICLE_BOX)])
    )
    assert candidate["plate_bbox_orig"] == [120, 90, 170, 105]


class PlateFinder(FakeDetectionModel):
    """Finds the one white rectangle in a dark picture, to the pixel."""

    def detect(self, image: np.ndarray, *_: Any, **__: Any) -> list[DetectedBox]:
        rows, columns = np.where(image[..., 1] > 128)
        box = [int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1]
        return [DetectedBox(box, 0.9, 0)]


@pytest.mark.parametrize("margin", [0, 0.05, 0.3], ids=lambda margin: f"with a margin of {margin}")
@pytest.mark.parametrize(
    ("vehicle_box", "plate_box"),
    [
        pytest.param([0, 64, 160, 192], [16, 96, 64, 112], id="a vehicle at the left border"),
        pytest.param([160, 64, 320, 192], [256, 96, 304, 112], id="a vehicle at the right border"),
        pytest.param([80, 0, 240, 128], [96, 48, 144, 64], id="a vehicle at the upper border"),
        pytest.param([80, 112, 240, 240], [96, 208, 144, 224], id="a vehicle at the lower border"),
        pytest.param([0, 0, 160, 120], [16, 48, 64, 64], id="a vehicle in the upper left corner"),
        pytest.param([160, 120, 320, 240], [256, 208, 304, 224], id="a vehicle in the lower right corner"),
        pytest.param([-30, -20, 400, 300], [16, 208, 64, 224], id="a box that reaches out of the frame"),
        pytest.param([81, 51, 241, 171], [144, 96, 192, 112], id="a vehicle in the middle"),
    ],
)
def test_a_plate_is_found_where_it_is_at_every_border(
    vehicle_box: list[int], plate_box: list[int], margin: float
) -> None:
    # Blocks of 16 pixels survive JPEG exactly enough to be found again to the pixel.
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    x1, y1, x2, y2 = plate_box
    image[y1:y2, x1:x2] = 255
    message = make_tracked_message([make_vehicle(1, vehicle_box)], frame_data_jpeg=encode_frame(image, 100))
    (candidate,) = LPDetector(config(crop_margin=margin), PlateFinder()).process(message)
    assert candidate["plate_bbox_orig"] == plate_box


def test_a_plate_too_small_to_read_is_skipped() -> None:
    small = DetectedBox([20, 30, 51, 45], 0.9, 0)  # 31 pixels wide
    message = make_tracked_message([make_vehicle(1, VEHICLE_BOX)])
    assert plates_of(LPDetector(config(min_plate_width_px=32), FakeDetectionModel([small])), message) == []
    assert len(LPDetector(config(min_plate_width_px=31), FakeDetectionModel([small])).process(message)) == 1


def test_a_wide_plate_behind_a_surer_narrow_one_is_taken() -> None:
    model = FakeDetectionModel([DetectedBox([0, 0, 10, 5], 0.95, 0), PLATE])
    (candidate,) = LPDetector(config(), model).process(make_tracked_message([make_vehicle(1, VEHICLE_BOX)]))
    assert candidate["plate_confidence"] == 0.8


@pytest.mark.parametrize(
    "box",
    [
        pytest.param([20, 10, 70, 25], id="in the upper part of the vehicle"),
        pytest.param([0, 80, 50, 95], id="cut by the border of what was searched"),
        pytest.param([5, 60, 155, 100], id="as wide as the vehicle"),
    ],
)
def test_a_box_that_cannot_be_this_vehicles_plate_is_left_out(box: list[int]) -> None:
    model = FakeDetectionModel([DetectedBox(box, 0.95, 0)])
    assert plates_of(LPDetector(config(), model), make_tracked_message([make_vehicle(1, VEHICLE_BOX)])) == []


def test_the_plate_is_preferred_to_a_surer_sticker() -> None:
    sticker, plate = DetectedBox([10, 45, 45, 60], 0.9, 0), DetectedBox([55, 85, 105, 100], 0.6, 0)
    model = FakeDetectionModel([sticker, plate])
    (candidate,) = LPDetector(config(), model).process(make_tracked_message([make_vehicle(1, VEHICLE_BOX)]))
    assert candidate["plate_confidence"] == 0.6


def test_the_plate_of_the_car_behind_is_not_this_vehicles() -> None:
    behind, nearer = make_vehicle(1, [100, 20, 260, 130]), make_vehicle(2, [80, 60, 300, 240])
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[112:128, 160:208] = 255  # Low on the car behind, and in the upper part of the nearer one's box.
    message = make_tracked_message([behind, nearer], frame_data_jpeg=encode_frame(image, 100))
    candidates = plates_of(LPDetector(config(crop_margin=0.05), PlateFinder()), message)
    assert [candidate["vehicle_track_id"] for candidate in candidates] == [1]


def test_nested_boxes_do_not_claim_one_plate() -> None:
    lorry, car = make_vehicle(1, [10, 10, 310, 230]), make_vehicle(2, [100, 120, 260, 225])
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[192:208, 160:208] = 255
    message = make_tracked_message([lorry, car], frame_data_jpeg=encode_frame(image, 100))
    candidates = plates_of(LPDetector(config(), PlateFinder()), message)
    assert [candidate["vehicle_track_id"] for candidate in candidates] == [2]


def test_a_candidate_tells_the_vehicles_box_and_how_well_the_plate_suits_it() -> None:
    message = make_tracked_message([make_vehicle(1, VEHICLE_BOX)])
    (candidate,) = LPDetector(config(), FakeDetectionModel([PLATE])).process(message)
    assert candidate["vehicle_bbox_orig"] == VEHICLE_BOX
    assert 0 < candidate["plate_fit"] < 1


@pytest.mark.parametrize(
    ("boxes", "reason"),
    [
        pytest.param([], UnreadReason.NO_PLATE_FOUND, id="nothing was found"),
        pytest.param(
            [DetectedBox([20, 10, 70, 25], 0.9, 0)], UnreadReason.NO_PLATE_FOUND, id="only a sticker was found"
        ),
        pytest.param(
            [DetectedBox([60, 80, 80, 88], 0.9, 0)], UnreadReason.TOO_SMALL, id="the plate is too narrow"
        ),
    ],
)
def test_a_vehicle_searched_in_vain_is_reported_with_the_reason(
    boxes: list[DetectedBox], reason: UnreadReason
) -> None:
    detector = LPDetector(config(), FakeDetectionModel(boxes))
    results = [
        result
        for index in (25, 40, 55)
        for result in detector.process(make_tracked_message([make_vehicle(4, VEHICLE_BOX, "bus")], index))
    ]
    (search,) = results  # Once is enough.
    assert (search["vehicle_track_id"], search["vehicle_class_name"], search["media_time"]) == (4, "bus", 1.0)
    assert search.get("unread_reason") == reason
    assert "frame_data_jpeg" not in search


def test_what_was_found_before_a_search_failed_is_not_lost() -> None:
    class FailsAtTheSecond(FakeDetectionModel):
        def detect(self, *arguments: Any, **options: Any) -> list[DetectedBox]:
            if next(searches) == 1:
                raise RuntimeError("out of memory")
            return super().detect(*arguments, **options)

    searches = itertools.count()
    detector = LPDetector(config(), FailsAtTheSecond([DetectedBox([50, 70, 100, 85], 0.8, 0)]))
    vehicles = [make_vehicle(4, [150, 100, 310, 230]), make_vehicle(5, [0, 0, 150, 100])]
    with pytest.raises(RuntimeError):
        detector.process(make_tracked_message(vehicles, index=0))
    found = plates_of(detector, make_tracked_message(vehicles, index=1))
    assert [(each["vehicle_track_id"], each["frame_index"]) for each in found] == [(4, 0), (5, 1)]


def test_vehicles_with_a_plate_and_vehicles_never_searched_are_not_reported() -> None:
    detector = LPDetector(config(), FakeDetectionModel([PLATE]))
    vehicles = [make_vehicle(1, VEHICLE_BOX), make_vehicle(2, [0, 0, 50, 50])]
    (result,) = detector.process(make_tracked_message(vehicles))
    assert (result["vehicle_track_id"], "unread_reason" in result) == (1, False)


def test_every_vehicle_is_searched_on_its_own_crop() -> None:
    model = FakeDetectionModel([DetectedBox([50, 70, 100, 85], 0.8, 0)])
    vehicles = [make_vehicle(2, [150, 100, 310, 230]), make_vehicle(1, [0, 0, 150, 100])]
    candidates = LPDetector(config(), model).process(make_tracked_message(vehicles))
    assert [candidate["vehicle_track_id"] for candidate in candidates] == [2, 1]
    image = make_image()
    assert [shown.shape for shown in model.images] == [(130, 160, 3), (100, 150, 3)]
    assert abs(model.images[0].astype(int) - image[100:230, 150:310]).mean() < 3


def test_a_vehicle_too_narrow_is_not_searched_and_its_frame_not_decoded() -> None:
    message = make_tracked_message([make_vehicle(1, [0, 0, 119, 80])], frame_data_jpeg="no picture at all")
    assert LPDetector(config(min_vehicle_width_px=120), FakeDetectionModel([PLATE])).process(message) == []


def test_a_frame_with_a_vehicle_that_is_due_is_decoded() -> None:
    message = make_tracked_message([make_vehicle(1, [0, 0, 120, 80])], frame_data_jpeg="no picture at all")
    with pytest.raises(FrameCodecError):
        LPDetector(config(min_vehicle_width_px=120), FakeDetectionModel([PLATE])).process(message)


@pytest.mark.parametrize("optional_fields", [True, False], ids=["with frame_index", "with the fixed fields only"])
def test_a_vehicle_with_a_plate_is_searched_in_every_third_frame(optional_fields: bool) -> None:
    detector = LPDetector(config(interval_frames=3), FakeDetectionModel([PLATE]))
    found = []
    for index in range(7):
        message = make_tracked_message([make_vehicle(1, VEHICLE_BOX)], index)
        found.append(len(detector.process(message if optional_fields else without_added_fields(message))))
    assert found == [1, 0, 0, 1, 0, 0, 1]


def test_a_vehicle_with_enough_plates_is_left_alone() -> None:
    detector = LPDetector(config(interval_frames=1, max_candidates=2), FakeDetectionModel([PLATE]))
    messages = [make_tracked_message([make_vehicle(1, VEHICLE_BOX)], index) for index in range(5)]
    assert [len(detector.process(message)) for message in messages] == [1, 1, 0, 0, 0]


@pytest.mark.parametrize(
    ("vehicle_box", "looks"),
    [([100, 60, 250, 150], 1), ([0, 60, 150, 150], 2), ([100, 60, 250, HEIGHT], 2), ([60, 20, 250, 150], 2)],
    ids=["small", "cut at the left", "cut below", "large"],
)
def test_only_close_vehicles_without_a_plate_get_a_second_look(vehicle_box: list[int], looks: int) -> None:
    model = FakeDetectionModel()
    LPDetector(config(), model).process(make_tracked_message([make_vehicle(1, vehicle_box)]))
    assert len(model.images) == looks


def test_a_plate_that_the_box_of_a_close_vehicle_cuts_is_found_whole() -> None:
    image = np.full((HEIGHT, WIDTH, 3), 20, np.uint8)
    image[160:176, 112:224] = 255
    message = make_tracked_message([make_vehicle(1, [0, 0, 208, 208])], frame_data_jpeg=encode_frame(image, 100))
    (plate,) = plates_of(LPDetector(config(), PlateFinder()), message)
    assert plate["plate_bbox_orig"] == [112, 160, 224, 176]


@pytest.mark.parametrize(
    ("vehicle_box", "plate_box"),
    [
        ([0, 0, 224, 208], [16, 96, 272, 160]),
        ([0, 0, WIDTH, HEIGHT], [16, 32, 304, 112]),
        ([0, 0, WIDTH, HEIGHT], [0, 16, WIDTH, 224]),
    ],
    ids=["its box is too small for the plate", "its plate takes most of the frame", "its plate fills the frame"],
)
def test_a_plate_that_takes_most_of_the_frame_is_the_vehicles(
    vehicle_box: list[int], plate_box: list[int]
) -> None:
    image = np.full((HEIGHT, WIDTH, 3), 20, np.uint8)
    x1, y1, x2, y2 = plate_box
    image[y1:y2, x1:x2] = 255
    message = make_tracked_message([make_vehicle(1, vehicle_box)], frame_data_jpeg=encode_frame(image, 100))
    (plate,) = plates_of(LPDetector(config(), PlateFinder()), message)
    assert plate["plate_bbox_orig"] == plate_box


def test_a_plate_that_the_edge_of_the_frame_cuts_is_not_read() -> None:
    image = np.full((HEIGHT, WIDTH, 3), 20, np.uint8)
    image[160:176, 240:WIDTH] = 255
    vehicle = make_vehicle(1, [160, 40, WIDTH, 208])
    message = make_tracked_message([vehicle], frame_data_jpeg=encode_frame(image, 100))
    assert plates_of(LPDetector(config(), PlateFinder()), message) == []


def test_predicted_boxes_are_not_searched() -> None:
    model = FakeDetectionModel([PLATE])
    message = make_tracked_message([make_vehicle(4, VEHICLE_BOX)], is_searched=False)
    assert LPDetector(config(), model).process(message) == []
    assert model.images == []


def test_a_vehicle_outside_the_frame_is_no_error() -> None:
    message = make_tracked_message([make_vehicle(1, [400, 60, 560, 180])])
    model = FakeDetectionModel([PLATE])
    assert plates_of(LPDetector(config(), model), message) == []
    assert model.images == []


def test_without_a_model_the_service_says_which_key_is_missing() -> None:
    config = Settings.model_validate({"lp_detector": {"model_path": None}})
    with pytest.raises(ServiceError, match=r"lp_detector\.model_path is not set"):
        LPDetector(config)


class SlowModel(FakeDetectionModel):
    """Takes 30 ms of a clock of its own for each search."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__([DetectedBox([20, 30, 48, 38], 0.8, 0)])
        self.now = 100.0
        monkeypatch.setattr(lp_detector.time, "perf_counter", lambda: self.now)

    def detect(self, *arguments: Any, **named: Any) -> list[DetectedBox]:
        self.now += 0.03
        return super().detect(*arguments, **named)


def crowd(index: int) -> Any:
    """Four vehicles side by side, each a little nearer than the one to its left."""
    edges = [0, 75, 153, 234, 318]
    boxes = [[left, 60, right, 180] for left, right in pairwise(edges)]
    return make_tracked_message([make_vehicle(track, box) for track, box in enumerate(boxes, start=1)], index)


@pytest.mark.parametrize(("mode", "searched"), [("file", [[4, 3, 2, 1], [], []]), ("live", [[4, 3], [2], [1]])])
def test_a_live_source_has_a_budget_spent_on_the_nearest_first(
    mode: str, searched: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = SlowModel(monkeypatch)
    searching = {"crop_margin": 0, "live_budget_ms": 50, "interval_frames": 100, "min_vehicle_width_px": 50}
    searching["min_plate_width_px"] = 20
    settings = Settings.model_validate({"frame_grabber": {"mode": mode}, "lp_detector": searching})
    detector = LPDetector(settings, model, search_budget(settings))
    found = []
    for index in range(3):
        found.append([candidate["vehicle_track_id"] for candidate in detector.process(crowd(index))])
        model.now += 0.5
    assert found == searched


def test_a_model_of_several_classes_is_no_plate_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yolo, "load_detector", lambda *_: FakeDetectionModel([PLATE], {0: "car", 1: "bus"}))
    with pytest.raises(ServiceError, match=r"lp_detector\.model_path: .* finds 2 classes \(car, bus\)"):
        lp_detector_process(Settings(), queue.Queue(), queue.Queue(), threading.Event())


def test_workers_search_their_own_vehicles_and_together_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yolo, "load_detector", lambda *_: FakeDetectionModel([PLATE], {0: "plate"}))
    settings = Settings.model_validate(
        {"lp_detector": {"workers": 3, "crop_margin": 0, "min_vehicle_width_px": 50}, "ocr_reader": {"workers": 2}}
    )
    found: list[list[int]] = []
    readers: list[queue.Queue[Any]] = [queue.Queue(), queue.Queue()]
    for number in range(3):
        frames: queue.Queue[Any] = queue.Queue()
        frames.put(crowd(0))
        frames.put(None)
        lp_detector_process(settings, frames, readers, threading.Event(), ServiceControl(number=number))
        found.append([plate["vehicle_track_id"] for reader in readers for plate in drain(reader) if plate])
    assert sorted(vehicle for each in found for vehicle in each) == [1, 2, 3, 4]
    assert sorted(map(len, found)) == [1, 1, 2]


def test_the_plates_of_a_vehicle_go_to_one_reader_whoever_found_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yolo, "load_detector", lambda *_: FakeDetectionModel([PLATE], {0: "plate"}))
    settings = Settings.model_validate({"lp_detector": {"crop_margin": 0, "min_vehicle_width_px": 50}})
    readers: list[queue.Queue[Any]] = [queue.Queue(), queue.Queue()]
    frames: queue.Queue[Any] = queue.Queue()
    for index in (0, 10, 20):
        frames.put(crowd(index))
    frames.put(None)
    lp_detector_process(settings, frames, readers, threading.Event())
    read = [{plate["vehicle_track_id"] for plate in drain(reader) if plate} for reader in readers]
    assert read in ([{1, 3}, {2, 4}], [{2, 4}, {1, 3}])

"""The vehicle detector alone, with a model that answers what the test wants."""

import queue
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from tests.builders import (
    FRAME_FIELDS,
    FakeDetectionModel,
    make_frame_message,
    make_image,
    start,
    without_added_fields,
)
from traffic_monitor.inference.detection import DetectedBox, PendingBoxes, Size
from traffic_monitor.services import vehicle_detector as module
from traffic_monitor.services.vehicle_detector import (
    VehicleDetector,
    choose_classes,
    vehicle_detector_process,
)
from traffic_monitor.settings import Settings, VehicleDetectorSettings
from traffic_monitor.shared_utils.custom_types import FrameMessage
from traffic_monitor.shared_utils.errors import ServiceError
from traffic_monitor.shared_utils.frame_codec import FrameCodecError, Image, encode_frame

COCO = {0: "person", 2: "car", 3: "motorcycle", 5: "bus", 7: "truck"}


def test_a_detection_holds_every_field_of_the_contract(settings: Settings) -> None:
    detector = VehicleDetector(settings, FakeDetectionModel([DetectedBox([10, 20, 110, 90], 0.75, 7)]))
    (message,) = detector.process(make_frame_message())
    assert message["detections"] == [
        {"bbox_xyxy": [10, 20, 110, 90], "confidence": 0.75, "class_id": 7, "class_name": "truck"}
    ]


def test_the_frame_travels_on_unchanged(settings: Settings) -> None:
    frame = make_frame_message(3)
    (message,) = VehicleDetector(settings, FakeDetectionModel()).process(frame)
    assert {key: message[key] for key in frame} == frame
    assert message.keys() == frame.keys() | {"detections"}


def test_a_frame_without_vehicles_is_a_message_with_none(settings: Settings) -> None:
    (message,) = VehicleDetector(settings, FakeDetectionModel()).process(make_frame_message())
    assert message["detections"] == []


def test_a_message_with_only_the_fixed_fields_is_enough(settings: Settings) -> None:
    frame = without_added_fields(make_frame_message())
    assert frame.keys() == FRAME_FIELDS
    (message,) = VehicleDetector(settings, FakeDetectionModel()).process(frame)
    assert message.keys() == FRAME_FIELDS | {"detections"}


def test_the_model_sees_the_pixels_of_the_frame(settings: Settings) -> None:
    model = FakeDetectionModel()
    VehicleDetector(settings, model).process(make_frame_message())
    assert model.images[0].shape == (240, 320, 3)
    assert abs(model.images[0].astype(int) - make_image()).mean() < 3


def test_a_frame_prepared_ahead_is_searched_once_and_gets_its_own_boxes(settings: Settings) -> None:
    model = FakeDetectionModel([DetectedBox([10, 20, 110, 90], 0.75, 7)])
    detector = VehicleDetector(settings, model)
    frames = [moved(index, 40 * index) for index in range(3)]
    detector.prepare(frames[0])
    detector.prepare(frames[1])
    answers = [message for frame in frames for message in detector.process(frame)]
    assert [(answer["frame_index"], len(answer["detections"])) for answer in answers] == [(0, 1), (1, 1), (2, 1)]
    assert len(model.images) == 3


def test_a_vehicle_that_only_its_plate_gives_away_is_a_vehicle(settings: Settings) -> None:
    plates = FakeDetectionModel([DetectedBox([100, 150, 200, 175], 0.7, 0)], {0: "plate"})
    (message,) = VehicleDetector(settings, FakeDetectionModel(names={0: "car"}), plates).process(
        make_frame_message()
    )
    (vehicle,) = message["detections"]
    assert (vehicle["class_name"], vehicle["class_id"], vehicle["confidence"]) == ("vehicle", 1, 0.7)


@pytest.mark.parametrize(("without_vehicle", "found"), [("auto", 1), ("on", 1), ("off", 0)])
def test_the_service_searches_for_plates_as_set(
    without_vehicle: str, found: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    plates = FakeDetectionModel([DetectedBox([100, 150, 200, 175], 0.7, 0)], {0: "plate"})
    monkeypatch.setattr(module, "load_detector", lambda *_: FakeDetectionModel())
    monkeypatch.setattr(module, "load_plate_detector", lambda *_: plates)
    settings = Settings.model_validate({"lp_detector": {"without_vehicle": without_vehicle}})
    frames: queue.Queue[Any] = queue.Queue()
    sent: queue.Queue[Any] = queue.Queue()
    frames.put(make_frame_message())
    frames.put(None)
    vehicle_detector_process(settings, frames, sent, threading.Event())
    assert len(sent.get(timeout=5)["detections"]) == found


@pytest.mark.parametrize(("search", "searches"), [("every", 10), ("needed", 6)])
def test_frames_in_which_nothing_moves_far_need_no_search(search: str, searches: int) -> None:
    model = FakeDetectionModel([DetectedBox([10, 20, 110, 90], 0.75, 7)])
    detector = VehicleDetector(
        Settings.model_validate({"vehicle_detector": {"search": search, "skip_still": False}}), model
    )
    answers = [detector.process(make_frame_message(index))[0] for index in range(10)]  # 25 frames/s
    assert len(model.images) == searches
    searched = [answer for answer in answers if answer.get("is_searched", True)]
    assert len(searched) == searches
    assert all(len(answer["detections"]) == answer.get("is_searched", True) for answer in answers)


class QuarterSizeModel(FakeDetectionModel):
    """Sees no more than a quarter of the width."""

    def size_needed(self, size: Size) -> Size:
        return size[0] // 4, size[1] // 4


def test_no_more_is_decoded_than_the_model_needs(settings: Settings) -> None:
    model = QuarterSizeModel()
    VehicleDetector(settings, model).process(make_frame_message())
    assert (model.images[0].shape, model.sizes) == ((60, 80, 3), [(320, 240)])


def moved(index: int, brightness: int) -> FrameMessage:
    """A grey frame with one brighter place, 16 pixels wide."""
    image = np.full((240, 320, 3), 90, dtype=np.uint8)
    image[100:116, 100:116] += np.uint8(brightness)
    return make_frame_message(index, frame_data_jpeg=encode_frame(image, 95))


@pytest.mark.parametrize(("skip_still", "searches"), [(True, 2), (False, 4)])
def test_a_frame_in_which_nothing_moved_has_the_vehicles_of_the_last_search(
    skip_still: bool, searches: int, settings: Settings
) -> None:
    model = FakeDetectionModel([DetectedBox([10, 20, 110, 90], 0.75, 7)])
    settings = Settings.model_validate({"vehicle_detector": {"skip_still": skip_still}})
    detector = VehicleDetector(settings, model)
    answers = [detector.process(moved(index, level))[0] for index, level in enumerate((0, 0, 40, 40))]
    assert len(model.images) == searches
    assert [(answer["frame_index"], len(answer["detections"])) for answer in answers] == [
        (0, 1), (1, 1), (2, 1), (3, 1),
    ]  # fmt: skip


class FailingModel(FakeDetectionModel):
    """Cannot start a search, as a network that does not fit into the memory."""

    def start(
        self, image: Image, class_ids: Sequence[int] | None = None, size: Size | None = None
    ) -> PendingBoxes:
        raise MemoryError("no room for this shape")


def test_searches_that_cannot_be_started_are_errors_and_not_empty_roads(settings: Settings) -> None:
    detector = VehicleDetector(settings, FailingModel())
    for index, level in enumerate((0, 0, 40, 80)):
        with pytest.raises(MemoryError):
            detector.process(moved(index, level))
        with pytest.raises(MemoryError):
            detector.prepare(moved(index, level))


class InterruptedModel(FakeDetectionModel):
    """Its first search begins and fails; whoever asks for its result once more gets an empty one."""

    def start(
        self, image: Image, class_ids: Sequence[int] | None = None, size: Size | None = None
    ) -> PendingBoxes:
        found = self.detect(image, class_ids, size)
        failures = [RuntimeError("inference failed")] if len(self.images) == 1 else []

        def boxes() -> list[DetectedBox]:
            if failures:
                raise failures.pop()
            return found if len(self.images) > 1 else []

        return boxes


def test_after_a_search_that_failed_the_next_frame_is_searched_though_nothing_moved(settings: Settings) -> None:
    model = InterruptedModel([DetectedBox([10, 20, 110, 90], 0.75, 7)])
    detector = VehicleDetector(settings, model)
    frames = [moved(index, 0) for index in range(4)]
    for frame in frames[:2]:
        detector.prepare(frame)  # Both by one search.
    for frame in frames[:2]:
        with pytest.raises(RuntimeError, match="inference failed"):
            detector.process(frame)
    answers = [detector.process(frame)[0] for frame in frames[2:]]
    assert [len(answer["detections"]) for answer in answers] == [1, 1]
    assert len(model.images) == 2


def test_the_model_is_asked_for_vehicles_only(settings: Settings) -> None:
    model = FakeDetectionModel()
    VehicleDetector(settings, model).process(make_frame_message())
    assert model.class_ids == [[2, 3, 5, 7]]


def test_a_frame_that_is_no_picture_is_an_error_of_this_message(settings: Settings) -> None:
    detector = VehicleDetector(settings, FakeDetectionModel())
    with pytest.raises(FrameCodecError):
        detector.process(make_frame_message(frame_data_jpeg="rubbish"))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, {2: "car", 3: "motorcycle", 5: "bus", 7: "truck"}, id="vehicles are chosen by name"),
        pytest.param({"classes": ["bus"]}, {5: "bus"}, id="only the classes of the settings are kept"),
        pytest.param(
            {"classes": ["bus", "tram"]}, {5: "bus"}, id="a class the model lacks is no mistake beside others"
        ),
        pytest.param(
            {"class_mapping": {7: "car"}},
            {2: "car", 3: "motorcycle", 5: "bus", 7: "car"},
            id="two ids may share a name",
        ),
        pytest.param(
            {"class_mapping": {0: "walker"}, "classes": ["walker"]},
            {0: "walker"},
            id="a mapped name can be chosen",
        ),
        pytest.param(
            {"class_mapping": {2: "limousine"}},
            {3: "motorcycle", 5: "bus", 7: "truck"},
            id="a name mapped away is gone",
        ),
    ],
)
def test_classes_are_chosen_by_name_after_mapping(changes: dict[str, object], expected: dict[int, str]) -> None:
    assert choose_classes(COCO, VehicleDetectorSettings.model_validate(changes)) == expected


def test_the_mapped_name_is_the_one_in_the_message(settings: Settings) -> None:
    config = Settings.model_validate({"vehicle_detector": {"class_mapping": {0: "car"}}})
    detector = VehicleDetector(config, FakeDetectionModel([DetectedBox([0, 0, 9, 9], 0.5, 0)]))
    (message,) = detector.process(make_frame_message())
    assert message["detections"][0]["class_name"] == "car"
    assert message["detections"][0]["class_id"] == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param(
            {"classes": ["tram"]}, ["vehicle_detector.classes", "tram", "person"], id="no class is known"
        ),
        pytest.param(
            {"class_mapping": {99: "car"}},
            ["vehicle_detector.class_mapping", "99", "0 to 7"],
            id="an id is unknown",
        ),
    ],
)
def test_classes_that_cannot_be_are_refused_with_what_the_model_knows(
    changes: dict[str, object], words: list[str]
) -> None:
    with pytest.raises(ServiceError) as refusal:
        choose_classes(COCO, VehicleDetectorSettings.model_validate(changes))
    assert all(word in str(refusal.value) for word in words)


def test_without_a_model_the_service_says_which_key_is_missing() -> None:
    config = Settings.model_validate({"vehicle_detector": {"model_path": None}})
    with pytest.raises(ServiceError, match=r"vehicle_detector\.model_path is not set"):
        VehicleDetector(config)


def two_cameras() -> Settings:
    cameras = [{"camera_id": name, "frame_grabber": {"source": f"{name}.mp4"}} for name in ("north", "yard")]
    return Settings.model_validate({"cameras": cameras})


def test_the_process_searches_each_cameras_frames_with_one_model_and_ends_with_the_last_camera(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = FakeDetectionModel([DetectedBox([10, 20, 110, 90], 0.75, 7)])
    loaded: list[Any] = []
    monkeypatch.setattr(module, "load_detector", lambda *arguments: loaded.append(arguments) or model)
    north, yard, found = queue.Queue[Any](), queue.Queue[Any](), queue.Queue[Any]()
    future = start(vehicle_detector_process, two_cameras(), [north, yard], found, threading.Event())
    for index in range(3):
        north.put({**moved(index, 0), "camera_id": "north"})
    north.put(None)
    # The first picture of the yard is new, although nothing moves in the north.
    yard.put({**moved(0, 0), "camera_id": "yard"})
    received = [found.get(timeout=10) for _ in range(4)]
    with pytest.raises(queue.Empty):
        found.get(timeout=0.2)
    yard.put(None)
    assert found.get(timeout=5) is None
    future.result(timeout=5)
    assert [m["frame_index"] for m in received if m["camera_id"] == "north"] == [0, 1, 2]
    assert all(len(message["detections"]) == 1 for message in received)
    assert (len(loaded), len(model.images)) == (1, 2)

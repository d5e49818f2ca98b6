"""The OCR reader alone, with a recogniser that reads what the test wants."""

from typing import Any

import cv2
import numpy as np
import pytest

from tests.builders import (
    HEIGHT,
    WIDTH,
    FakeRecognizer,
    make_image,
    make_plate_candidate,
    without_added_fields,
)
from traffic_monitor.services.ocr_reader import OcrReader
from traffic_monitor.settings import Settings
from traffic_monitor.shared_utils.constants import UnreadReason
from traffic_monitor.shared_utils.custom_types import OcrResultMessage, PlateSearchMessage
from traffic_monitor.shared_utils.frame_codec import decode_frame, encode_frame
from traffic_monitor.shared_utils.recent_states import REMEMBERED

FIXED_FIELDS = {
    "frame_id", "camera_id", "timestamp", "vehicle_track_id", "license_plate_text", "ocr_confidence",
}  # fmt: skip
BOX = [100, 100, 160, 120]


def config(**changes: Any) -> Settings:
    return Settings.model_validate({"ocr_reader": {"crop_margin": 0, **changes}})


def test_a_result_holds_every_field_of_the_contract() -> None:
    candidate = make_plate_candidate(BOX, track_id=7, index=5)
    (result,) = OcrReader(config(), FakeRecognizer(("AB 12-cd", 0.8))).process(candidate)
    assert result.keys() >= FIXED_FIELDS
    for key in ("frame_id", "camera_id", "timestamp", "frame_index", "media_time", "vehicle_track_id"):
        assert result[key] == candidate[key]  # type: ignore[literal-required]
    assert (result["license_plate_text"], result["ocr_confidence"]) == ("AB12CD", 0.8)


def test_the_pixels_do_not_travel_on() -> None:
    (result,) = OcrReader(config(), FakeRecognizer(("AB12", 0.8))).process(make_plate_candidate(BOX))
    assert "frame_data_jpeg" not in result


def test_candidates_with_only_the_fixed_fields_are_read() -> None:
    reader = OcrReader(config(), FakeRecognizer(("AB12", 0.8)))
    candidate = without_added_fields(make_plate_candidate(BOX)) | {"vehicle_class_name": "car"}
    (result,) = reader.process(candidate)
    assert result["license_plate_text"] == "AB12"
    assert "frame_index" not in result


@pytest.mark.parametrize(
    ("answer", "box"),
    [
        pytest.param(("", 0.9), BOX, id="nothing was read"),
        pytest.param(("---", 0.9), BOX, id="nothing but punctuation was read"),
        pytest.param(("AB12", 0.29), BOX, id="the reading is too uncertain"),
        pytest.param(("AB12", 0.9), [100, 100, 100, 120], id="the box is empty"),
        pytest.param(("AB12", 0.9), [500, 100, 560, 120], id="the box lies outside the frame"),
    ],
)
def test_an_unreadable_crop_is_a_result_with_empty_text_and_confidence_0(
    answer: tuple[str, float], box: list[int]
) -> None:
    (result,) = OcrReader(config(min_confidence=0.3), FakeRecognizer(answer)).process(make_plate_candidate(box))
    assert (result["license_plate_text"], result["ocr_confidence"], result["readings"]) == ("", 0.0, 0)


def test_the_recogniser_sees_the_pixels_of_the_plate() -> None:
    recognizer = FakeRecognizer(("AB12", 0.8))
    OcrReader(config(), recognizer).process(make_plate_candidate(BOX))
    assert recognizer.images[0].shape == (20, 60, 3)
    assert abs(recognizer.images[0].astype(int) - make_image()[100:120, 100:160]).mean() < 3


def test_a_margin_is_added_around_the_plate_and_ends_at_the_frame() -> None:
    recognizer = FakeRecognizer(("AB12", 0.8), ("AB12", 0.8))
    reader = OcrReader(config(crop_margin=0.1), recognizer)
    reader.process(make_plate_candidate(BOX))
    reader.process(make_plate_candidate([0, 220, 60, 240]))
    assert [image.shape[:2] for image in recognizer.images] == [(24, 72), (22, 66)]


def test_the_readings_of_a_vehicle_are_gathered() -> None:
    reader = OcrReader(config(), FakeRecognizer(("AB12", 0.9), ("A812", 0.5), ("", 0), ("AB12", 0.7)))
    results = [reader.process(make_plate_candidate(BOX, track_id=7))[0] for _ in range(4)]
    assert [result["license_plate_text"] for result in results] == ["AB12", "A812", "", "AB12"]
    assert [result["consensus_text"] for result in results] == ["AB12"] * 4
    assert [result["readings"] for result in results] == [1, 2, 2, 3]
    assert 0 < results[-1]["consensus_confidence"] < 0.9
    assert results[-1]["consensus_state"] == "open"
    assert {"text", "share"} == results[-1]["alternatives"][0].keys()
    assert results[-1]["alternatives"][0]["text"] == "A812"


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        pytest.param([("KLM7", 0.97)] * 4, None, id="readings that agree are an answer"),
        pytest.param([("", 0)] * 6, UnreadReason.TOO_BLURRED, id="crops that cannot be read are too blurred"),
        pytest.param([("KLM7", 0.97)], UnreadReason.TOO_FEW_READINGS, id="a single reading is too little"),
        pytest.param(
            [("KLM7", 0.6), ("WX42", 0.6)] * 4, UnreadReason.CONTESTED, id="readings that disagree are contested"
        ),
    ],
)
def test_unread_is_an_answer_with_a_reason(answers: list[tuple[str, float]], reason: UnreadReason | None) -> None:
    reader = OcrReader(config(), FakeRecognizer(*answers))
    results = [reader.process(make_plate_candidate(BOX))[0] for _ in answers]
    assert results[-1]["unread_reason"] == reason


def test_the_threshold_and_the_number_of_readings_are_settings() -> None:
    for changes in ({"min_consensus_confidence": 0.99}, {"min_readings": 7}):
        reader = OcrReader(config(**changes), FakeRecognizer(*[("KLM7", 0.97)] * 6))
        results = [result for _ in range(6) for result in reader.process(make_plate_candidate(BOX))]
        assert results[-1]["unread_reason"] is not None


@pytest.mark.parametrize("usual", [{"plate_formats": ["99A99999"]}, {"countries": ["VN"]}])
def test_a_countrys_format_decides_between_look_alikes(usual: dict[str, list[str]]) -> None:
    reader = OcrReader(config(**usual), FakeRecognizer(*[("34AO6837", 0.95)] * 4))
    results = [reader.process(make_plate_candidate(BOX))[0] for _ in range(4)]
    assert results[-1]["license_plate_text"] == "34AO6837"
    assert results[-1]["consensus_text"] == "34A06837"


def settle(reader: OcrReader, text: str = "KLM7") -> int:
    """Give candidates, three frames apart, until one is not read; the number of those that were."""
    for number in range(40):
        if not reader.process(make_plate_candidate(BOX, index=3 * number)):
            return number
    raise AssertionError(f"{text} never settled")


def test_a_settled_plate_is_left_alone() -> None:
    reader = OcrReader(config(), FakeRecognizer(*[("KLM7", 0.97)] * 12))
    assert 5 <= settle(reader) <= 12
    assert reader.process(make_plate_candidate(BOX, index=50)) == []


def test_a_contested_plate_is_read_on() -> None:
    reader = OcrReader(config(), FakeRecognizer(*[("KLM7", 0.6), ("WX42", 0.6)] * 10))
    assert all(reader.process(make_plate_candidate(BOX, index=3 * number)) for number in range(20))


def test_a_settled_plate_is_read_again_when_its_track_was_lost() -> None:
    recognizer = FakeRecognizer(*[("KLM7", 0.97)] * 40)
    reader = OcrReader(config(), recognizer)
    settle(reader)
    later = [reader.process(make_plate_candidate(BOX, index=1000 + 3 * number)) for number in range(6)]
    assert [len(results) for results in later] == [1, 1, 1, 0, 0, 0]


def test_a_settled_plate_is_contested_when_another_vehicle_comes_back_under_its_track() -> None:
    reader = OcrReader(config(), FakeRecognizer(*[("KLM7", 0.97)] * 12))
    settle(reader)
    reader._recognizer = FakeRecognizer(*[("WX42", 0.97)] * 12)
    results = [reader.process(make_plate_candidate(BOX, index=1000 + 3 * number)) for number in range(6)]
    assert all(results)
    assert results[-1][0]["unread_reason"] == UnreadReason.CONTESTED


def test_a_tilted_plate_is_read_level_too_and_the_surer_reading_counts() -> None:
    image = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    plate = np.full((60, 200, 3), 225, np.uint8)
    cv2.putText(plate, "34A36837", (12, 42), cv2.FONT_HERSHEY_SIMPLEX, 1.25, (20, 20, 20), 3, cv2.LINE_AA)
    shear = np.array([[1, 0, 50], [0.25, 1, 80]], np.float32)
    cv2.warpAffine(plate, shear, (WIDTH, HEIGHT), image, borderMode=cv2.BORDER_TRANSPARENT)
    candidate = make_plate_candidate([50, 80, 250, 190], frame_data_jpeg=encode_frame(image, 95))
    for raw, levelled, text in ((0.5, 0.9, "LEVEL1"), (0.9, 0.5, "RAW1")):
        recognizer = FakeRecognizer(("RAW1", raw), ("LEVEL1", levelled))
        (result,) = OcrReader(config(), recognizer).process(candidate)
        assert result["license_plate_text"] == text
        assert recognizer.images[1].shape[0] < recognizer.images[0].shape[0]


def test_a_sharp_crop_outvotes_blurred_ones() -> None:
    image = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    cv2.putText(image, "KLM7", (60, 120), cv2.FONT_HERSHEY_SIMPLEX, 1.5, (240, 240, 240), 3, cv2.LINE_AA)
    blurred = cv2.GaussianBlur(image, (0, 0), 12)
    reader = OcrReader(config(), FakeRecognizer(("KXM7", 0.9), ("KXM7", 0.9), ("KLM7", 0.9)))
    for index, picture in enumerate((blurred, blurred, image)):
        frame = encode_frame(np.asarray(picture, dtype=np.uint8), 95)
        (result,) = reader.process(make_plate_candidate([50, 75, 200, 135], index=index, frame_data_jpeg=frame))
    assert result["consensus_text"] == "KLM7"


def shape(result: OcrResultMessage, kind: str = "plate") -> tuple[int, ...] | None:
    """Of a picture that a result brings; None where it brings none."""
    jpeg: Any = result.get(f"{kind}_picture_jpeg")
    return None if jpeg is None else decode_frame(jpeg).shape


def test_a_result_brings_the_best_pictures_of_plate_and_vehicle() -> None:
    reader = OcrReader(config(), FakeRecognizer(*[("KLM7", 0.9)] * 2))
    candidate = make_plate_candidate(BOX, track_id=7, vehicle_bbox_orig=[80, 40, 180, 140])
    (first,), (second,) = reader.process(candidate), reader.process(candidate)
    assert (shape(first), shape(first, "vehicle")) == ((20, 60, 3), (100, 100, 3))
    assert (shape(second), shape(second, "vehicle")) == (None, None)  # It is no better.


def test_a_vehicle_that_is_not_known_or_outside_the_frame_has_no_picture() -> None:
    reader = OcrReader(config(), FakeRecognizer(*[("KLM7", 0.9)] * 2))
    for track_id, more in ((7, {}), (8, {"vehicle_bbox_orig": [500, 0, 600, 100]})):
        (result,) = reader.process(make_plate_candidate(BOX, track_id, **more))
        assert (shape(result), shape(result, "vehicle")) == ((20, 60, 3), None)


@pytest.mark.parametrize(
    ("answer", "changes"),
    [
        pytest.param(("", 0.0), {}, id="nothing was read in it"),
        pytest.param(("KLM7", 0.9), {"plate_confidence": 0.3}, id="the detector is not sure"),
        pytest.param(("KLM7", 0.9), {"plate_fit": 0.3}, id="it is not where plates are"),
    ],
)
def test_a_larger_picture_that_is_hardly_a_plate_takes_no_plates_place(
    answer: tuple[str, float], changes: dict[str, float]
) -> None:
    reader = OcrReader(config(), FakeRecognizer(("KLM7", 0.9), answer))
    reader.process(make_plate_candidate(BOX))
    (result,) = reader.process(make_plate_candidate([100, 100, 180, 127], index=1, **changes))
    assert shape(result) is None


def test_a_better_picture_of_a_plate_that_is_left_alone_comes_without_an_attempt_to_read_it() -> None:
    reader = OcrReader(config(), FakeRecognizer(*[("KLM7", 0.97)] * 12))
    settle(reader)
    (result,) = reader.process(make_plate_candidate([100, 100, 174, 121], index=60))
    assert (shape(result), result.get("is_attempt")) == ((21, 74, 3), False)
    assert result["license_plate_text"] == result["consensus_text"] == "KLM7"


def test_that_a_vehicle_was_searched_in_vain_is_passed_on() -> None:
    search = PlateSearchMessage(
        frame_id="f", camera_id="cam1", timestamp=5.0, vehicle_track_id=7, vehicle_class_name="bus",
        unread_reason=UnreadReason.TOO_SMALL,
    )  # fmt: skip
    (result,) = OcrReader(config(), FakeRecognizer()).process(search)
    assert (result["vehicle_track_id"], result["license_plate_text"], result.get("readings")) == (7, "", 0)
    assert (result.get("unread_reason"), result.get("is_attempt")) == (UnreadReason.TOO_SMALL, False)
    assert result["timestamp"] == 5.0


def test_vehicles_do_not_share_their_readings() -> None:
    reader = OcrReader(config(), FakeRecognizer(("AB12", 0.9), ("XY99", 0.9)))
    reader.process(make_plate_candidate(BOX, track_id=7))
    (result,) = reader.process(make_plate_candidate(BOX, track_id=8))
    assert (result["consensus_text"], result["readings"]) == ("XY99", 1)


def test_only_the_latest_vehicles_are_remembered() -> None:
    number = REMEMBERED + 1
    reader = OcrReader(config(), FakeRecognizer(*[("AB12", 0.9)] * (number + 2)))
    candidate = make_plate_candidate(BOX)
    for track_id in range(1, number + 1):
        reader.process({**candidate, "vehicle_track_id": track_id})  # type: ignore[typeddict-item]
    (latest,) = reader.process({**candidate, "vehicle_track_id": number})  # type: ignore[typeddict-item]
    (oldest,) = reader.process({**candidate, "vehicle_track_id": 1})  # type: ignore[typeddict-item]
    assert (latest["readings"], oldest["readings"]) == (2, 1)

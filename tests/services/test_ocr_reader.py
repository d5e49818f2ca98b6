"""The OCR reader alone, with a recogniser that reads what the test wants."""

from typing import Any

import pytest

from tests.builders import FakeRecognizer, make_image, make_plate_candidate, without_added_fields
from traffic_monitor.services.ocr_reader import REMEMBERED_TRACKS, OcrReader
from traffic_monitor.shared_utils.settings import Settings

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


def test_vehicles_do_not_share_their_readings() -> None:
    reader = OcrReader(config(), FakeRecognizer(("AB12", 0.9), ("XY99", 0.9)))
    reader.process(make_plate_candidate(BOX, track_id=7))
    (result,) = reader.process(make_plate_candidate(BOX, track_id=8))
    assert (result["consensus_text"], result["readings"]) == ("XY99", 1)


def test_only_the_latest_vehicles_are_remembered() -> None:
    number = REMEMBERED_TRACKS + 1
    reader = OcrReader(config(), FakeRecognizer(*[("AB12", 0.9)] * (number + 2)))
    candidate = make_plate_candidate(BOX)
    for track_id in range(1, number + 1):
        reader.process({**candidate, "vehicle_track_id": track_id})  # type: ignore[typeddict-item]
    (latest,) = reader.process({**candidate, "vehicle_track_id": number})  # type: ignore[typeddict-item]
    (oldest,) = reader.process({**candidate, "vehicle_track_id": 1})  # type: ignore[typeddict-item]
    assert (latest["readings"], oldest["readings"]) == (2, 1)

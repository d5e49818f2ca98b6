"""Whole photos by the services, with models that answer what the test wants."""

from pathlib import Path

import cv2

from tests.builders import FakeDetectionModel, FakeRecognizer, make_image
from traffic_monitor.inference.detection import DetectedBox
from traffic_monitor.settings import Settings
from training.evaluate_photos import PhotoReader, measure


def test_a_photo_is_read_as_the_services_read_a_first_frame(tmp_path: Path) -> None:
    settings = Settings.model_validate({"lp_detector": {"crop_margin": 0}, "ocr_reader": {"crop_margin": 0}})
    vehicles = FakeDetectionModel(
        [DetectedBox([20, 40, 220, 180], 0.8, 2), DetectedBox([230, 40, 310, 90], 0.2, 2)]
    )
    plates = FakeDetectionModel([DetectedBox([60, 90, 120, 110], 0.7, 0)], {0: "plate"})
    recognizer = FakeRecognizer(("AB-123", 0.9), ("AB-124", 0.9))
    for name in "ab":
        cv2.imwrite(str(tmp_path / f"{name}.png"), make_image())
    photos = {"eu": [(tmp_path / "a.png", ("AB123",)), (tmp_path / "b.png", ("AB123",))]}
    figures = measure(photos, PhotoReader(settings, vehicles, plates, recognizer))
    assert figures == {"eu": {"right": 1, "found": 2, "of": 2, "wrong": {"b.png": ["AB123", "AB124"]}}}
    assert [image.shape[:2] for image in recognizer.images] == [(20, 60), (20, 60)]


def test_a_photo_without_a_plate_has_no_text(tmp_path: Path) -> None:
    vehicles = FakeDetectionModel([DetectedBox([20, 40, 220, 180], 0.8, 2)])
    plates = FakeDetectionModel(names={0: "plate"})
    assert PhotoReader(Settings(), vehicles, plates, FakeRecognizer()).read(make_image()) is None

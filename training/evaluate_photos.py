"""Exact texts of whole photos, found by the application's own services: vehicles, their plates, their texts.

    python -m training.evaluate_photos --shared ../shared [--model runs/export/plate_ocr]

Each photo is the first and only frame of a camera. What counts is the plate that suits its vehicle best; it is
read once. ``evaluate_world_plates`` asks the plate detector alone, on the whole photo.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np

from traffic_monitor.inference.detection import DetectionModel
from traffic_monitor.inference.text_recognition import PaddleTextRecognizer
from traffic_monitor.inference.yolo import load_detector, load_plate_detector
from traffic_monitor.plates.crops import crop, grow_box
from traffic_monitor.plates.reading import TextRecognizer, read_plate
from traffic_monitor.services.lp_detector import LPDetector
from traffic_monitor.services.vehicle_detector import VehicleDetector
from traffic_monitor.settings import Settings
from traffic_monitor.settings.loader import load_settings
from traffic_monitor.shared_utils.custom_types import FrameMessage, PlateCandidateMessage, TrackedMessage
from traffic_monitor.shared_utils.frame_codec import Image, encode_frame
from training import evaluate_plate_ocr, evaluate_world_plates

SURE_VEHICLE = 0.3
"""Confidence from which a vehicle of the very first frame gets a track, as with the shipped settings."""

JPEG_QUALITY = 95

Photos = Mapping[str, Sequence[tuple[Path, Sequence[str]]]]
"""By set: files and the texts that are right."""


class PhotoReader:
    """Reads photos one by one as the services would."""

    def __init__(
        self, settings: Settings, vehicles: DetectionModel, plates: DetectionModel, reader: TextRecognizer
    ) -> None:
        self._settings, self._vehicles, self._plates, self._reader = settings, vehicles, plates, reader

    def read(self, image: Image) -> str | None:
        """The text of the best plate of a photo, BGR; None where no plate is found."""
        height, width = image.shape[:2]
        frame = FrameMessage(
            frame_id="photo",
            camera_id=self._settings.camera_id,
            timestamp=0.0,
            frame_data_jpeg=encode_frame(image, JPEG_QUALITY),
            frame_height=height,
            frame_width=width,
        )
        (found,) = VehicleDetector(self._settings, self._vehicles, self._plates).process(frame)
        tracked = [
            {**vehicle, "track_id": number}
            for number, vehicle in enumerate(found["detections"], start=1)
            if vehicle["confidence"] >= SURE_VEHICLE
        ]
        message = cast(TrackedMessage, {**frame, "tracked_objects": tracked})
        results = LPDetector(self._settings, self._plates).process(message)
        plates = [cast(PlateCandidateMessage, each) for each in results if "plate_bbox_orig" in each]
        if not plates:
            return None
        best = max(plates, key=lambda plate: plate["plate_confidence"] * plate["plate_fit"])
        settings = self._settings.ocr_reader
        box = grow_box(best["plate_bbox_orig"], settings.crop_margin, width, height)
        return read_plate(self._reader, crop(image, box), settings.min_confidence).text


def photos_of(shared: Path) -> Photos:
    """All photos with texts."""
    sets = {"world": [(each.file, each.texts) for each in evaluate_world_plates.load(shared / "plates/world")]}
    for region in evaluate_plate_ocr.REGIONS:
        folder = shared / "plates/endtoend" / region
        sets[region] = [(folder / each.name, (each.text,)) for each in evaluate_plate_ocr.load(folder, 0.0)]
    return sets


def measure(photos: Photos, reader: PhotoReader) -> dict[str, dict[str, Any]]:
    """Per set: photos read exactly, with a plate, and in all; what the others are read as."""
    figures: dict[str, dict[str, Any]] = {}
    for name, these in photos.items():
        texts = [reader.read(np.asarray(cv2.imread(str(file)), dtype=np.uint8)) for file, _ in these]
        wrong = {
            file.name: ["|".join(right), text]
            for (file, right), text in zip(these, texts, strict=True)
            if text not in right
        }
        found = sum(text is not None for text in texts)
        figures[name] = {"right": len(these) - len(wrong), "found": found, "of": len(these), "wrong": wrong}
    return figures


def measure_shared(shared: Path, settings: Settings) -> dict[str, dict[str, Any]]:
    """All photos with the models of the settings."""
    vehicles = load_detector("vehicle_detector", settings.vehicle_detector)
    plates = load_plate_detector(settings.lp_detector)
    reader = PhotoReader(settings, vehicles, plates, PaddleTextRecognizer(settings.ocr_reader))
    return measure(photos_of(shared), reader)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--model", type=Path, help="another recogniser than the shipped one")
    arguments = parser.parse_args()
    settings = load_settings(None, [f"ocr_reader.model_dir={arguments.model}"] if arguments.model else [])
    for name, figures in measure_shared(arguments.shared, settings).items():
        print(f"{name}: {figures['right']} of {figures['of']}, a plate found on {figures['found']}")
        for file, (truth, text) in figures["wrong"].items():
            print(f"    {file}: {truth} > {text}")


if __name__ == "__main__":
    main()

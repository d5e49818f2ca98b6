"""Exact texts of the photos in ``plates/world``, from the whole photo, by country and by what makes them hard.

    python -m training.evaluate_world_plates --shared ../shared [--model runs/export/plate_ocr]

The photos have texts but no boxes: the surest plate that the shipped detector finds is cut and read as in the
application. Only Latin letters and digits count. Pictures that are crops already are also read as they are. Also
counted: the texts that are exact when ``ocr_reader.countries`` names the photo's country.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from traffic_monitor.inference.detection import DetectionModel
from traffic_monitor.inference.plate_search import find_plates
from traffic_monitor.inference.text_recognition import PaddleTextRecognizer
from traffic_monitor.inference.yolo import load_detector
from traffic_monitor.plates.consensus import PlateConsensus, Reading
from traffic_monitor.plates.crops import crop, grow_box
from traffic_monitor.plates.reading import TextRecognizer, read_plate
from traffic_monitor.plates.text import PlateFormats, normalize_plate_text
from traffic_monitor.settings import Settings
from traffic_monitor.settings.loader import load_settings
from traffic_monitor.shared_utils.frame_codec import Image

CROP, TWO_LINES = "crop", "twoline"
"""Tags of pictures that show a plate and no more, and of plates with two lines."""
PLAIN, ALL = "plain", "all"
"""Groups of the photos without a tag, and of all."""


@dataclass(frozen=True, slots=True)
class WorldPhoto:
    """A photo and the texts of the plates it shows."""

    file: Path
    texts: tuple[str, ...]
    country: str
    tags: tuple[str, ...]

    @property
    def groups(self) -> tuple[str, ...]:
        """All that it is counted in."""
        return (ALL, *(self.tags or (PLAIN,)), self.country)


def load(folder: Path) -> list[WorldPhoto]:
    """The photos of a folder with a ``labels.csv``."""
    with (folder / "labels.csv").open(encoding="utf-8") as file:
        return [
            WorldPhoto(
                folder / row["file"],
                tuple(normalize_plate_text(text) for text in row["text"].split("|")),
                row["country"],
                tuple(row["tags"].split()),
            )
            for row in csv.DictReader(file)
        ]


def read_photo(
    image: Image, detector: DetectionModel, reader: TextRecognizer, settings: Settings
) -> Reading | None:
    """Reading of the surest plate of a photo; None where no plate is found."""
    height, width = image.shape[:2]
    for found in find_plates(detector, image, may_be_large=True)[:1]:
        box = grow_box(found.bbox_xyxy, settings.ocr_reader.crop_margin, width, height)
        return read_plate(reader, crop(image, box), settings.ocr_reader.min_confidence)
    return None


def in_formats_of(countries: Sequence[str], reading: Reading) -> str:
    """What the application makes of one reading where ``ocr_reader.countries`` names these countries."""
    consensus = PlateConsensus(PlateFormats(countries=countries))
    consensus.add(reading)
    return consensus.result().text


def measure(
    photos: list[WorldPhoto], detector: DetectionModel, reader: TextRecognizer, settings: Settings
) -> dict[str, Any]:
    """How many photos each group has, on how many a plate is found, how many are read exactly; what is wrong."""
    groups: dict[str, dict[str, int]] = {}
    wrong: dict[str, list[str | None]] = {}
    crops_as_they_are = 0
    for photo, image in _opened(photos):
        reading = read_photo(image, detector, reader, settings)
        text = reading and reading.text
        right = text in photo.texts
        if not right:
            wrong[photo.file.name] = ["|".join(photo.texts), text]
        if CROP in photo.tags:
            as_it_is = read_plate(reader, image, settings.ocr_reader.min_confidence).text
            crops_as_they_are += as_it_is in photo.texts
        for name in photo.groups:
            group = groups.setdefault(name, {"right": 0, "right_with_country": 0, "found": 0, "of": 0})
            group["right"] += right
            group["right_with_country"] += (
                reading is not None and in_formats_of([photo.country], reading) in photo.texts
            )
            group["found"] += text is not None
            group["of"] += 1
    return {"groups": dict(sorted(groups.items())), "crops_as_they_are": crops_as_they_are, "wrong": wrong}


def _opened(photos: list[WorldPhoto]) -> Iterator[tuple[WorldPhoto, Image]]:
    for photo in photos:
        yield photo, np.asarray(cv2.imread(str(photo.file)), dtype=np.uint8)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--model", type=Path, help="another recogniser than the shipped one")
    parser.add_argument("--out", type=Path, help="JSON file for all figures")
    arguments = parser.parse_args()
    settings = load_settings()
    if arguments.model:
        ocr_reader = settings.ocr_reader.model_copy(update={"model_dir": arguments.model})
        settings = settings.model_copy(update={"ocr_reader": ocr_reader})
    detector = load_detector("lp_detector", settings.lp_detector)
    reader = PaddleTextRecognizer(settings.ocr_reader)
    figures = measure(load(arguments.shared / "plates/world"), detector, reader, settings)
    for name, group in figures["groups"].items():
        print(
            f"{name:10s} {group['right']} of {group['of']}, {group['right_with_country']} with the country given,"
            f" a plate found on {group['found']}"
        )
    print(f"crops read as they are: {figures['crops_as_they_are']}")
    for name, (truth, text) in figures["wrong"].items():
        print(f"{name}: {truth} > {text}")
    if arguments.out:
        arguments.out.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()

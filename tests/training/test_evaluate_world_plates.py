"""Photos of plates from many countries: what counts as read, and in which groups."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.builders import FakeDetectionModel, FakeRecognizer, make_image
from traffic_monitor.inference.detection import DetectedBox
from traffic_monitor.plates.consensus import Reading
from traffic_monitor.settings import Settings
from training.evaluate_world_plates import in_formats_of, load, measure

LABELS = """file,country,text,tags
a.png,CN,A12345,night tilted
b.png,VN,59V179379|61T32222,
c.png,ID,B 1234-CD,crop
"""


class DetectorOfWidths(FakeDetectionModel):
    """Finds plates of some widths, on one photo after the other."""

    def __init__(self, *widths: Sequence[int]) -> None:
        super().__init__()
        self.widths = list(widths)

    def detect(self, *_: Any, **__: Any) -> list[DetectedBox]:
        return [DetectedBox((0, 0, width, 20), 0.9, 0) for width in self.widths.pop(0)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "labels.csv").write_text(LABELS)
    for name in "abc":
        cv2.imwrite(str(tmp_path / f"{name}.png"), make_image(200, 100))
    return tmp_path


def test_the_surest_plate_counts_and_one_of_the_texts_is_enough(folder: Path) -> None:
    settings = Settings.model_validate({"ocr_reader": {"crop_margin": 0}})
    reader = FakeRecognizer(("□A·12345", 0.9), ("61-T3 2222", 0.9), ("B1234CD", 0.9))
    figures = measure(load(folder), DetectorOfWidths([80, 60], [40], [], []), reader, settings)
    full = {"right": 1, "right_with_country": 1, "found": 1, "of": 1}
    none = dict.fromkeys(full, 0) | {"of": 1}
    assert figures["groups"] == {
        "all": {"right": 2, "right_with_country": 2, "found": 2, "of": 3},
        "CN": full, "night": full, "tilted": full, "VN": full, "plain": full, "ID": none, "crop": none,
    }  # fmt: skip
    assert figures["wrong"] == {"c.png": ["B1234CD", None]}
    assert figures["crops_as_they_are"] == 1
    assert [image.shape[1] for image in reader.images] == [80, 40, 200]
    assert not np.array_equal(reader.images[2], reader.images[0])


def test_the_photos_country_decides_between_look_alikes() -> None:
    assert in_formats_of(["UK"], Reading("CZI7KOD", 0.94)) == "CZ17KOD"
    assert in_formats_of(["US"], Reading("CZI7KOD", 0.94)) == "CZI7KOD"

"""One crop, one reading: when it is looked at once more, and which look counts."""

import cv2
import numpy as np
import pytest

from tests.builders import FakeRecognizer, make_image
from traffic_monitor.plates.reading import SURE, read_plate

HEIGHT, WIDTH = 40, 100
CLOSER_SHAPE = (36, 92)
"""4.5 % of it left out on each side, in whole pixels."""


def level_crop() -> np.ndarray:
    return make_image()[:HEIGHT, :WIDTH]


def tilted_crop() -> np.ndarray:
    crop = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    for left in range(8, WIDTH - 8, 8):
        cv2.line(crop, (left, 10 + left // 6), (left, 20 + left // 6), (0, 0, 0), 2)
    return crop


def test_a_sure_reading_is_enough() -> None:
    recognizer = FakeRecognizer(("AB12", SURE))
    assert read_plate(recognizer, level_crop(), 0.3).text == "AB12"
    assert [image.shape[:2] for image in recognizer.images] == [(HEIGHT, WIDTH)]


@pytest.mark.parametrize(
    ("closer", "text", "confidence"),
    [
        pytest.param(("AB12", 0.97), "AB12", 0.97, id="the closer look is surer"),
        pytest.param(("AB12", 0.5), "IAB12", 0.8, id="the closer look is less sure"),
        pytest.param(("", 0.0), "IAB12", 0.8, id="the closer look reads nothing"),
    ],
)
def test_of_an_unsure_reading_and_a_closer_look_the_surer_counts(
    closer: tuple[str, float], text: str, confidence: float
) -> None:
    recognizer = FakeRecognizer(("IAB12", 0.8), closer)
    reading = read_plate(recognizer, level_crop(), 0.3)
    assert (reading.text, reading.confidence) == (text, confidence)
    assert [image.shape[:2] for image in recognizer.images] == [(HEIGHT, WIDTH), CLOSER_SHAPE]


def test_a_tilted_crop_is_read_level_too_and_the_level_one_looked_at_closely() -> None:
    recognizer = FakeRecognizer(("A", 0.4), ("AB1", 0.7), ("AB12", 0.9))
    assert read_plate(recognizer, tilted_crop(), 0.3).text == "AB12"
    as_it_is, levelled, closer = (image.shape[:2] for image in recognizer.images)
    assert levelled[0] < as_it_is[0]
    assert closer[0] < levelled[0]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(("AB12", 0.29), id="too unsure"),
        pytest.param(("--", 0.97), id="nothing but punctuation"),
    ],
)
def test_what_cannot_be_read_is_empty(answer: tuple[str, float]) -> None:
    reading = read_plate(FakeRecognizer(answer, answer), level_crop(), 0.3)
    assert (reading.text, reading.confidence) == ("", 0.0)


def test_a_crop_of_few_pixels_is_not_cut_away() -> None:
    recognizer = FakeRecognizer(("", 0.0), ("", 0.0))
    read_plate(recognizer, make_image()[:2, :3], 0.3)
    assert recognizer.images[1].size > 0

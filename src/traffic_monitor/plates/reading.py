"""One crop of a plate, one reading."""

from typing import Protocol

from traffic_monitor.plates.consensus import Reading
from traffic_monitor.plates.quality import crop_quality
from traffic_monitor.plates.rectify import level
from traffic_monitor.plates.text import count_signs, normalize_plate_text
from traffic_monitor.shared_utils.frame_codec import Image


class TextRecognizer(Protocol):
    """What reading a plate needs of a text recogniser."""

    def read(self, image: Image) -> tuple[str, float]:
        """Text and confidence 0-1 of one line of text in a BGR picture that is not empty."""


def read_plate(recognizer: TextRecognizer, picture: Image, min_confidence: float) -> Reading:
    """The surer reading of a BGR crop as it is and, where it is tilted, of the levelled one.

    Empty, with confidence 0, where neither reaches ``min_confidence`` (0-1).
    """
    raw_text, confidence = recognizer.read(picture)
    levelled = level(picture)
    if levelled is not picture:
        raw_text, confidence = max((raw_text, confidence), recognizer.read(levelled), key=lambda answer: answer[1])
    text = normalize_plate_text(raw_text)
    if not text or confidence < min_confidence:
        return Reading("", 0.0)
    return Reading(text, confidence, crop_quality(picture), count_signs(raw_text))

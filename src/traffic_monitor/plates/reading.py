"""One crop of a plate, one reading."""

from traffic_monitor.inference.text_recognition import TextRecognizer
from traffic_monitor.plates.consensus import Reading
from traffic_monitor.plates.quality import crop_quality
from traffic_monitor.plates.rectify import level
from traffic_monitor.plates.text import normalize_plate_text
from traffic_monitor.shared_utils.frame_codec import Image

SURE = 0.95
"""From this confidence (0-1) a crop is not looked at more closely. benchmarks/RESULTS.md says what that gains."""

CLOSER = 0.045
"""Share of a crop's width and height that a closer look leaves out on each side: the 5 % of the plate that
``ocr_reader.crop_margin`` adds by default."""


def read_plate(recognizer: TextRecognizer, picture: Image, min_confidence: float) -> Reading:
    """The surest reading of a BGR crop: as it is, levelled where it is tilted, and cut closer while unsure.

    Empty, with confidence 0, where none reaches ``min_confidence`` (0-1).
    """
    answers = [recognizer.read(picture)]
    levelled = level(picture)
    if levelled is not picture:
        answers.append(recognizer.read(levelled))
    if max(confidence for _, confidence in answers) < SURE:
        answers.append(recognizer.read(_cut_closer(levelled)))
    raw_text, confidence = max(answers, key=lambda answer: answer[1])
    text = normalize_plate_text(raw_text)
    if not text or confidence < min_confidence:
        return Reading("", 0.0)
    return Reading(text, confidence, crop_quality(picture))


def _cut_closer(picture: Image) -> Image:
    height, width = picture.shape[:2]
    dx, dy = round(width * CLOSER), round(height * CLOSER)
    return picture[dy : height - dy, dx : width - dx]

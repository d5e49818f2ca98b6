"""One crop read once, and twice where it is tilted."""

import pytest

from tests.builders import FakeRecognizer, make_image
from traffic_monitor.plates.reading import read_plate


@pytest.mark.parametrize(
    ("raw", "text", "signs"),
    [
        pytest.param("□A·12345", "A12345", 1, id="a province sign"),
        pytest.param("□□500□1234", "5001234", 3, id="signs amid digits"),
        pytest.param("AB 123", "AB123", 0, id="none"),
    ],
)
def test_signs_of_other_scripts_are_left_out_and_counted(raw: str, text: str, signs: int) -> None:
    reading = read_plate(FakeRecognizer((raw, 0.9)), make_image(80, 20), 0.3)
    assert (reading.text, reading.confidence, reading.signs) == (text, 0.9, signs)


@pytest.mark.parametrize("answer", [("□□□", 0.9), ("□A1", 0.2)], ids=["only signs", "unsure"])
def test_what_cannot_be_read_is_empty(answer: tuple[str, float]) -> None:
    reading = read_plate(FakeRecognizer(answer), make_image(80, 20), 0.3)
    assert (reading.text, reading.confidence, reading.signs) == ("", 0.0, 0)

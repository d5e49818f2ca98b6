"""Frames to text and back."""

import base64
import string

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import make_image
from traffic_monitor.shared_utils import frame_codec
from traffic_monitor.shared_utils.frame_codec import FrameCodecError, FrameDecoder, decode_frame, encode_frame


@given(st.integers(1, 70), st.integers(1, 70))
def test_a_frame_of_any_size_comes_back(width: int, height: int) -> None:
    image = np.full((height, width, 3), (40, 90, 200), np.uint8)
    back = decode_frame(encode_frame(image, 90))
    assert back.shape == image.shape
    assert abs(back.astype(int) - image).max() <= 6


def test_colours_are_bgr_and_the_text_is_base64_of_a_jpeg_anybody_can_read() -> None:
    blue = np.zeros((32, 32, 3), np.uint8)
    blue[..., 0] = 255
    text = encode_frame(blue, 95)
    assert set(text) <= set(string.ascii_letters + string.digits + "+/=")
    seen = cv2.imdecode(np.frombuffer(base64.b64decode(text), np.uint8), cv2.IMREAD_COLOR)
    assert seen[16, 16].tolist() == pytest.approx([255, 0, 0], abs=6)
    assert decode_frame(text)[16, 16].tolist() == pytest.approx([255, 0, 0], abs=6)


def test_a_view_into_a_larger_picture_can_be_encoded() -> None:
    image = make_image()
    view = image[10:90, 20:200]
    assert abs(decode_frame(encode_frame(view, 95)).astype(int) - view).mean() < 3


def test_a_grey_jpeg_of_somebody_else_becomes_bgr() -> None:
    _, jpeg = cv2.imencode(".jpg", np.full((20, 30), 100, np.uint8))
    assert decode_frame(base64.b64encode(jpeg.tobytes()).decode()).shape == (20, 30, 3)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("***", "not base64", id="no base64"),
        pytest.param("bm8gcGljdHVyZQ==", "not a JPEG", id="base64 of something else"),
        pytest.param("", "not a JPEG", id="nothing"),
        pytest.param("/9j/4AAQSkZJRgABAQAAAQABAAD", "not base64", id="base64 cut off"),
    ],
)
def test_what_is_no_picture_is_refused(text: str, why: str) -> None:
    with pytest.raises(FrameCodecError, match=why):
        decode_frame(text)


def test_an_empty_picture_cannot_be_encoded() -> None:
    with pytest.raises(FrameCodecError, match="empty"):
        encode_frame(np.zeros((0, 10, 3), np.uint8), 90)


def test_the_decoder_decodes_messages_of_one_frame_once(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[str] = []

    def decode(text: str) -> frame_codec.Image:
        decoded.append(text)
        return make_image()

    monkeypatch.setattr(frame_codec, "decode_frame", decode)
    decoder = FrameDecoder()
    for frame_id, data in [("1", "a"), ("1", "a"), ("2", "b"), ("1", "a")]:
        decoder.decode(frame_id, data)
    assert decoded == ["a", "b", "a"]


def test_the_decoder_does_not_remember_a_picture_that_failed() -> None:
    decoder = FrameDecoder()
    good = encode_frame(make_image(), 90)
    decoder.decode("1", good)
    for _ in range(2):
        with pytest.raises(FrameCodecError):
            decoder.decode("2", "rubbish")
    assert decoder.decode("1", good).shape == (240, 320, 3)


@pytest.mark.parametrize(
    ("least", "decoded"),
    [
        ((40, 30), (30, 40)),
        ((39, 29), (30, 40)),
        ((41, 30), (120, 160)),
        ((160, 120), (120, 160)),
        ((20, 9), (15, 20)),
    ],
)
def test_a_picture_is_decoded_smaller_where_a_quarter_of_it_or_less_will_do(
    least: tuple[int, int], decoded: tuple[int, int]
) -> None:
    gradient = np.repeat(np.linspace(0, 255, 160, dtype=np.uint8)[None, :, None], 120, axis=0).repeat(3, axis=2)
    image = decode_frame(encode_frame(gradient, 95), least)
    assert image.shape[:2] == decoded
    assert np.abs(image[10, ::4].astype(int) - np.linspace(0, 255, decoded[1])[::4, None]).max() < 6

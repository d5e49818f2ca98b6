"""What is done around the network: shapes, padding, suppression."""

import numpy as np
import numpy.typing as npt
import pytest

from traffic_monitor.inference.openvino_model import PADDING_GREY, _rows, fit_into, input_shape


@pytest.mark.parametrize(
    ("size", "shape"),
    [
        pytest.param((1280, 720), (416, 640), id="16:9"),
        pytest.param((640, 480), (512, 640), id="4:3"),
        pytest.param((720, 1280), (640, 416), id="upright"),
        pytest.param((500, 500), (640, 640), id="square"),
        pytest.param((4000, 10), (64, 640), id="a strip"),
    ],
)
def test_the_input_has_the_shape_of_the_picture_and_some_padding(
    size: tuple[int, int], shape: tuple[int, int]
) -> None:
    assert input_shape(*size, longer_side=640, stride=32) == shape


@pytest.mark.parametrize("size", [(720, 1280), (33, 57), (640, 320), (1, 1)])
def test_a_picture_fits_into_a_shape_with_even_padding(size: tuple[int, int]) -> None:
    image = np.full((*size, 3), 7, dtype=np.uint8)
    picture, scale, left, top = fit_into(image, (416, 640))
    assert picture.shape == (416, 640, 3)
    height, width = round(size[0] * scale), round(size[1] * scale)
    assert (picture[top : top + height, left : left + width] == 7).all()
    padding = np.ones((416, 640), dtype=bool)
    padding[top : top + height, left : left + width] = False
    assert (picture[padding] == PADDING_GREY).all()
    assert abs(left - (640 - width) / 2) <= 0.5
    assert abs(top - (416 - height) / 2) <= 0.5


def test_a_raw_answer_becomes_corners_with_the_best_class_of_each_place() -> None:
    answer: npt.NDArray[np.float32] = np.array(
        [[50, 20], [60, 30], [20, 4], [10, 6], [0.2, 0.05], [0.9, 0.08]], dtype=np.float32
    )
    assert _rows(answer, 0.1) == pytest.approx(np.array([[40, 55, 60, 65, 0.9, 1]], dtype=np.float32))

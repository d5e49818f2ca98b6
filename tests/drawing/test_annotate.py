"""What is drawn onto a frame, and where."""

import numpy as np
import pytest

from traffic_monitor.drawing.annotate import (
    CLASS_COLORS,
    LINE_COLOR,
    OTHER_CLASS_COLOR,
    Color,
    LineMark,
    Scene,
    VehicleMark,
    annotate,
)
from traffic_monitor.shared_utils.frame_codec import Image


def grey(width: int = 640, height: int = 360) -> Image:
    return np.full((height, width, 3), 60, np.uint8)


def painted(before: Image, after: Image) -> Image:
    """Rows and columns of the pixels that changed, as a mask."""
    return np.any(before != after, axis=2)


def test_the_frame_itself_is_not_painted_on() -> None:
    image = grey()
    annotate(image, Scene([VehicleMark([50, 50, 150, 150], "car", 1)], [LineMark((0, 9), (99, 9), "a")], ["row"]))
    assert (image == 60).all()


def test_an_empty_scene_changes_nothing() -> None:
    assert np.array_equal(annotate(grey(), Scene()), grey())


@pytest.mark.parametrize(
    ("class_name", "color"),
    [*CLASS_COLORS.items(), pytest.param("tram", OTHER_CLASS_COLOR, id="a class of no own colour")],
)
def test_a_vehicle_has_a_box_in_the_colour_of_its_class(class_name: str, color: Color) -> None:
    after = annotate(grey(), Scene([VehicleMark([200, 150, 300, 250], class_name, 1)]))
    for x, y in ((200, 200), (300, 200), (250, 250)):
        assert tuple(after[y, x]) == color
    assert tuple(after[200, 250]) == (60, 60, 60)


def test_the_label_stands_above_the_box_and_the_plate_above_the_label() -> None:
    plain = annotate(grey(), Scene([VehicleMark([200, 150, 300, 250], "car", 1)]))
    with_plate = annotate(grey(), Scene([VehicleMark([200, 150, 300, 250], "car", 1, "AB12")]))
    rows = np.where(painted(grey(), plain).any(axis=1))[0]
    rows_of_plate = np.where(painted(plain, with_plate).any(axis=1))[0]
    assert rows.min() < 150
    assert rows_of_plate.max() <= rows.min() + 1
    assert rows_of_plate.size > 5


def test_another_id_or_another_plate_is_another_picture() -> None:
    box = [200, 150, 300, 250]
    pictures = [
        annotate(grey(), Scene([mark]))
        for mark in (
            VehicleMark(box, "car", 1, "AB12"),
            VehicleMark(box, "car", 2, "AB12"),
            VehicleMark(box, "car", 1, "AB13"),
        )
    ]
    assert not np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[0], pictures[2])


SMALL = [[100 + 30 * column, 100 + 24 * row, 122 + 30 * column, 116 + 24 * row]
         for row in range(6) for column in range(8)]  # fmt: skip


def test_labels_of_small_vehicles_side_by_side_hide_none_of_them() -> None:
    marks = [VehicleMark(box, "motorcycle", number) for number, box in enumerate(SMALL)]
    after = annotate(grey(), Scene(marks))
    for x1, y1, x2, y2 in SMALL:
        inside = after[y1 + 3 : y2 - 3, x1 + 3 : x2 - 3]
        assert (inside == grey()[0, 0]).all()


def test_a_vehicle_without_room_for_its_class_still_has_its_number_where_that_fits() -> None:
    crowd = [VehicleMark(box, "motorcycle", 5) for box in ([100, 100, 130, 120], [140, 84, 170, 104])]
    alone = annotate(grey(), Scene(crowd[:1]))
    together = annotate(grey(), Scene(crowd))
    assert painted(grey(), alone)[80:100, 136:160].any()  # The class reaches over the neighbour's place.
    assert not painted(grey(), together)[87:101, 143:167].any()
    assert painted(grey(), together)[85:98, 100:112].any()


def test_a_plate_is_written_although_there_is_no_room_for_it() -> None:
    marks = [VehicleMark(box, "car", 1, "AB12") for box in SMALL]
    without = annotate(grey(), Scene([VehicleMark(box, "car", 1) for box in SMALL]))
    assert painted(without, annotate(grey(), Scene(marks))).any()


def test_the_counts_of_a_line_are_not_hidden_by_a_vehicles_label() -> None:
    line = LineMark((0, 200), (640, 200), "main: in 3  out 0")
    only_line = annotate(grey(), Scene(lines=[line]))
    with_car = annotate(grey(), Scene([VehicleMark([10, 205, 90, 260], "car", 1)], [line]))
    assert not painted(only_line, with_car)[180:200, :150].any()


def test_a_line_goes_from_end_to_end() -> None:
    after = annotate(grey(), Scene(lines=[LineMark((40.4, 100), (600, 300.2), "")]))
    for share in (0.02, 0.25, 0.75, 0.98):
        x, y = round(40 + share * 560), round(100 + share * 200)
        assert tuple(after[y, x]) == LINE_COLOR


def test_the_label_of_a_line_stands_at_its_start() -> None:
    without, with_label = (
        annotate(grey(), Scene(lines=[LineMark((100, 200), (640, 200), label)])) for label in ("", "main: in 3")
    )
    rows, columns = np.where(painted(without, with_label))
    assert columns.min() == pytest.approx(100, abs=15)
    assert columns.max() < 320
    assert 150 < rows.min() < rows.max() <= 205


def test_the_panel_is_in_the_upper_left_corner_and_grows_with_its_rows() -> None:
    heights = []
    for number in (1, 3):
        mask = painted(grey(), annotate(grey(), Scene(panel=["cam1 00:01.0"] * number)))
        rows, columns = np.where(mask)
        assert (rows.min(), columns.min()) == (0, 0)
        assert columns.max() < 320
        heights.append(rows.max())
    assert heights[1] > 2 * heights[0]


@pytest.mark.parametrize(
    "box",
    [
        pytest.param([0, 0, 40, 30], id="in the upper left corner"),
        pytest.param([600, 330, 640, 360], id="in the lower right corner"),
        pytest.param([-50, -50, 700, 400], id="larger than the frame"),
        pytest.param([700, 400, 800, 500], id="outside the frame"),
        pytest.param([100, 100, 100, 100], id="without area"),
    ],
)
def test_a_label_stays_in_the_frame_wherever_the_vehicle_is(box: list[int]) -> None:
    plain = annotate(grey(), Scene([VehicleMark(box, "car", 1)]))
    with_plate = annotate(grey(), Scene([VehicleMark(box, "car", 1, "AB12CD")]))
    assert plain.shape == (360, 640, 3)
    assert painted(grey(), plain).sum() > 200
    assert not np.array_equal(plain, with_plate)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (16, 9), (33, 21), (1920, 1080)])
def test_frames_of_any_size_can_be_drawn_on(width: int, height: int) -> None:
    scene = Scene(
        [VehicleMark([0, 0, width, height], "car", 1, "AB12")],
        [LineMark((0, 0), (width, height), "main")],
        ["cam1"],
    )
    assert annotate(grey(width, height), scene).shape == (height, width, 3)


def test_text_is_larger_on_larger_frames() -> None:
    def panel_height(width: int, height: int) -> int:
        image = grey(width, height)
        return int(np.where(painted(image, annotate(image, Scene(panel=["cam1"]))))[0].max())

    assert panel_height(2560, 1440) > 1.6 * panel_height(1280, 720)


def test_letters_the_font_lacks_become_question_marks() -> None:
    pictures = [annotate(grey(), Scene(panel=[text])) for text in ("caméra", "cam?ra")]
    assert np.array_equal(*pictures)

"""How detections are held against a reference."""

from pathlib import Path

import numpy as np
import pytest

from training.detector_data import VEHICLE_SOURCES
from training.evaluate_detector import (
    APART,
    Detections,
    Tally,
    compare,
    cut_around,
    is_whole,
    measured_clips,
    overlaps,
    pairs,
)

Row = tuple[float, float, float, float, float, float]
CAR, TRUCK = 0.0, 3.0


def box(x: float = 0, height: float = 40, confidence: float = 0.9, kind: float = CAR) -> Row:
    """A box 100 pixels wide."""
    return (x, 0, x + 100, height, confidence, kind)


def detections(*rows: Row) -> Detections:
    return np.array(rows, np.float32).reshape(-1, 6)


def test_overlap_is_the_shared_area_over_the_area_of_both() -> None:
    others = detections(box(), box(50), box(100), box(300), box(height=20))
    assert overlaps(detections(box()), others)[0] == pytest.approx([1, 1 / 3, 0, 0, 0.5])


@pytest.mark.parametrize(
    ("found", "wanted", "expected"),
    [
        pytest.param([], [box()], [], id="nothing found"),
        pytest.param([box()], [], [], id="nothing wanted"),
        pytest.param([box(confidence=0.5), box(10)], [box()], [(1, 0)], id="the surer one gets the reference"),
        pytest.param([box(20)], [box(), box(30)], [(0, 1)], id="the reference with most overlap is taken"),
        pytest.param([box(60)], [box()], [], id="too little overlap"),
        pytest.param(
            [box(9, confidence=0.8), box(10)],
            [box(), box(30)],
            [(1, 0), (0, 1)],
            id="the second takes the free reference that it overlaps less",
        ),
        pytest.param([box(), box(300)], [box(300), box()], [(0, 1), (1, 0)], id="both have a partner"),
    ],
)
def test_pairs(found: list[Row], wanted: list[Row], expected: list[tuple[int, int]]) -> None:
    assert pairs(detections(*found), detections(*wanted), 0.5) == expected


@pytest.mark.parametrize(
    ("found", "teacher", "expected"),
    [
        pytest.param([box()], [box()], Tally(1, 1, 0, 0, 1), id="a hit"),
        pytest.param([], [box()], Tally(wanted=1), id="a miss"),
        pytest.param([box()], [], Tally(false=1, lenient_false=1), id="a false box"),
        pytest.param([box(confidence=0.29)], [box()], Tally(wanted=1), id="not sure enough"),
        pytest.param([box(confidence=0.3)], [box()], Tally(1, 1, 0, 0, 1), id="just sure enough"),
        pytest.param([box(height=23)], [box(height=23)], Tally(), id="too low to count at all"),
        pytest.param([box(height=24)], [box(height=24)], Tally(1, 1, 0, 0, 1), id="just high enough"),
        pytest.param([], [box(confidence=0.39)], Tally(), id="a doubtful reference is not wanted"),
        pytest.param([box()], [box(confidence=0.2)], Tally(false=1), id="a doubtful one is forgiven"),
        pytest.param([box(height=25)], [box(height=20)], Tally(false=1), id="so is finding a low one"),
        pytest.param([box()], [box(kind=TRUCK)], Tally(1, 1), id="merged: the wrong class is a hit"),
    ],
)
def test_the_tally_of_one_frame(found: list[Row], teacher: list[Row], expected: Tally) -> None:
    assert compare(detections(*found), detections(*teacher), 0.3, by_class=False) == expected


@pytest.mark.parametrize(("by_class", "expected"), [(False, (2, 2, 1)), (True, (2, 1, 2))])
def test_a_second_box_is_false_and_so_is_a_wrong_class_where_classes_count(
    by_class: bool, expected: tuple[int, int, int]
) -> None:
    found, teacher = detections(box(), box(4), box(300)), detections(box(), box(300, kind=TRUCK))
    tally = compare(found, teacher, 0.3, by_class)
    assert (tally.wanted, tally.hit, tally.false) == expected


def test_figures_of_added_tallies_are_shares_of_all_frames() -> None:
    total = Tally(wanted=4, hit=3, false=2, lenient_false=1, right_class=3)
    total.add(Tally(wanted=6, hit=3, false=2, lenient_false=1, right_class=0))
    assert total.figures() == {
        "reference": 10,
        "recall": 0.6,
        "precision": 0.6,
        "lenient_precision": 0.75,
        "class_right": 0.5,
    }


def test_clips_that_were_trained_on_or_are_measured_apart_are_left_out(tmp_path: Path) -> None:
    trained = [Path(source.path).relative_to("videos") for source in VEHICLE_SOURCES if source.frame_step]
    assert trained
    apart = [Path(folder) / "c.mp4" for folder in APART]
    for clip in (*trained, *apart, Path("b.mp4"), Path("otvision/a.mp4"), Path("notes.txt")):
        (tmp_path / clip).parent.mkdir(exist_ok=True)
        (tmp_path / clip).touch()
    assert measured_clips(tmp_path) == [tmp_path / "b.mp4", tmp_path / "otvision/a.mp4"]


@pytest.mark.parametrize("share", [0.25, 0.5, 0.9])
@pytest.mark.parametrize("x", [500, 2, 838], ids=["in the middle", "at the left edge", "at the right edge"])
def test_a_plate_takes_its_share_of_the_part_cut_out_around_it(x: int, share: float) -> None:
    photo = np.zeros((600, 1000, 3), np.uint8)
    plate = np.array([x, 300, x + 160, 340], np.float32)
    photo[300:340, x : x + 160] = 255
    part, inside = cut_around(photo, plate, share)
    assert 160 / part.shape[1] == pytest.approx(share, abs=0.01)
    assert part.shape[1] / part.shape[0] == pytest.approx(4 / 3, abs=0.05)
    rows, columns = np.nonzero(part[..., 0])
    assert inside.tolist() == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def test_a_plate_in_a_small_photo_takes_more() -> None:
    part, inside = cut_around(np.zeros((90, 200, 3), np.uint8), np.array([20, 30, 120, 60], np.float32), 0.3)
    assert part.shape == (90, 200, 3)
    assert inside.tolist() == [20, 30, 120, 60]


@pytest.mark.parametrize(
    ("found", "whole"),
    [
        pytest.param([(0, 0, 200, 50)], True, id="the plate itself"),
        pytest.param([(15, 0, 215, 50)], True, id="nearly all of it"),
        pytest.param([(30, 0, 200, 50)], False, id="a letter cut away"),
        pytest.param([(-300, -50, 400, 100)], False, id="far too large"),
        pytest.param([(30, 0, 200, 50), (0, 0, 200, 50)], False, id="a surer box is cut"),
        pytest.param([], False, id="nothing"),
    ],
)
def test_a_plate_is_whole_when_the_surest_box_covers_its_width(found: list[tuple[int, ...]], whole: bool) -> None:
    rows = detections(*((*map(float, corners), 0.9, 0.0) for corners in found))
    assert is_whole(rows, np.array([0, 0, 200, 50], np.float32)) == whole

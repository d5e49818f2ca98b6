"""Pictures from disk to training windows: a box stays on what it marks."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from training.detector_data import (
    CAR,
    CachedPicture,
    Image,
    PictureCache,
    Source,
    pictures_of,
    read_boxes,
    scaled,
)
from training.detector_light import at_night, in_low_sun, jpeg, shadowed, spoil
from training.detector_views import CLOSE_FILL, Boxes, ViewRecipe, draw_view, visible_boxes

RED, BLUE = (0, 0, 255), (255, 0, 0)
SIZE = 192
Drawn = tuple[Image, Boxes]


def grey_picture(width: int, height: int) -> Image:
    return np.full((height, width, 3), 90, np.uint8)


def write_cache(folder: Path, pictures: list[tuple[Source, Image, list[list[float]], bool]]) -> PictureCache:
    """What `build_cache` writes, each picture of a source of its own."""
    rows, offset = [], 0
    with (folder / "pixels.bin").open("wb") as pixels:
        for number, (_, image, boxes, kept) in enumerate(pictures):
            picture = CachedPicture(number, f"p{number}", offset, *image.shape[:2], kept, boxes)
            pixels.write(image.tobytes())
            rows.append(asdict(picture))
            offset += image.size
    index = {"sources": [asdict(source) for source, *_ in pictures], "pictures": rows}
    (folder / "index.json").write_text(json.dumps(index))
    return PictureCache(folder)


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> PictureCache:
    """Two pictures with one marker each: its left half red, its right half blue, its box around both."""
    pictures = []
    for width, height, (x, y), squared in ((320, 200, (50, 60), False), (150, 170, (80, 40), True)):
        image = grey_picture(width, height)
        image[y : y + 50, x : x + 30] = RED
        image[y : y + 50, x + 30 : x + 60] = BLUE
        boxes = [[2.0, x, y, x + 60, y + 50]]
        pictures.append((Source(f"s{width}", 1.0, squared=squared), image, boxes, False))
    return write_cache(tmp_path_factory.mktemp("cache"), pictures)


def view(cache: PictureCache, seed: int, mosaic: float, **chances_of: float) -> Drawn:
    """A view without a coarse camera, unless asked for."""
    pictures, chances = cache.chances(validation=False)
    recipe = replace(ViewRecipe(SIZE, mosaic, coarse=0.0), **chances_of)
    image, boxes, _ = draw_view(np.random.default_rng(seed), cache, pictures, np.cumsum(chances), recipe)
    return image, boxes


def coloured(image: Image) -> NDArray[np.bool_]:
    return np.asarray(image.max(2).astype(int) - image.min(2) > 110)


def test_the_box_of_a_window_ends_where_its_marker_ends(marked: PictureCache) -> None:
    mirrored = []
    for seed in range(150):
        image, boxes = view(marked, seed, mosaic=0.0)
        assert image.shape == (SIZE, SIZE, 3)
        rows, columns = np.nonzero(coloured(image))
        if len(boxes) == 0:  # Cut away for the most part.
            continue
        ((kind, *corners),) = boxes.tolist()
        assert kind == 2
        ends = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        assert corners == pytest.approx(ends, abs=3.5), seed
        red, blue = (np.flatnonzero((image[..., c] > 200).any(0) & coloured(image).any(0)) for c in (2, 0))
        if len(red) and len(blue):
            mirrored.append(bool(red.mean() > blue.mean()))
    assert len(mirrored) > 100
    assert 0.35 < np.mean(mirrored) < 0.65


def ends_of(image: Image) -> list[int]:
    """The corners of everything coloured."""
    rows, columns = np.nonzero(coloured(image))
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def test_a_close_window_is_filled_by_its_box_and_sometimes_cuts_it(marked: PictureCache) -> None:
    shares, cut = [], 0
    for seed in range(150):
        image, boxes = view(marked, seed, mosaic=0.0, close=1.0)
        ((_, *corners),) = boxes.tolist()
        assert corners == pytest.approx(ends_of(image), abs=4.5), seed
        at_the_edge = min(corners) < 0.5 or max(corners) > SIZE - 0.5
        cut += at_the_edge
        if not at_the_edge:
            shares.append(max(corners[2] - corners[0], corners[3] - corners[1]) / SIZE)
    low, high = CLOSE_FILL[False]
    assert low - 0.02 < min(shares) < low + 0.1
    assert high - 0.1 < max(shares) <= high
    assert 15 < cut < 75


@pytest.mark.parametrize(
    ("drawn", "plates", "width"),
    [
        pytest.param(False, False, 0.63 / 3.4, id="the vehicle around a photo's plate"),
        pytest.param(True, False, 0.63, id="a drawn car"),
        pytest.param(False, True, 0.53, id="a plate"),
    ],
)
def test_what_fills_a_close_window(tmp_path: Path, drawn: bool, plates: bool, width: float) -> None:
    image = grey_picture(640, 480)
    image[300:320, 300:360] = RED
    source = Source("pictures", 1.0, plates=True, drawn=drawn)
    cache = write_cache(tmp_path, [(source, image, [[0.0, 300, 300, 360, 320]], False)])
    found: list[float] = []
    for seed in range(60):
        _, boxes = view(cache, seed, mosaic=0.0, close=1.0, plates=plates)
        found += [(x2 - x1) / SIZE for _, x1, _, x2, _ in boxes.tolist()]
    assert np.median(found) == pytest.approx(width, abs=0.08)


def test_views_from_above_are_turned_and_the_box_with_them(tmp_path: Path) -> None:
    image = grey_picture(320, 200)
    image[60:110, 50:80], image[60:110, 80:110] = RED, BLUE
    boxes = [[0.0, 50, 60, 110, 110]]
    ways = set()
    for top_view in (False, True):
        folder = tmp_path / str(top_view)
        folder.mkdir()
        cache = write_cache(folder, [(Source("above", 1.0, top_view=top_view), image, boxes, False)])
        for seed in range(40):
            seen, found = view(cache, seed, mosaic=0.0)
            red, blue = (np.argwhere((seen[..., c] > 200) & coloured(seen)) for c in (2, 0))
            if len(found) == 0 or min(len(red), len(blue)) < 50:
                continue
            assert found[0, 1:].tolist() == pytest.approx(ends_of(seen), abs=3.5)
            down, right = np.sign(np.round((blue.mean(0) - red.mean(0)) / 10))
            ways.add((top_view, int(right), int(down)))
    assert ways == {(top, right, 0) for top in (False, True) for right in (-1, 1)} | {(True, 0, -1), (True, 0, 1)}


def test_a_wide_lens_bends_the_picture_and_the_box_follows(marked: PictureCache) -> None:
    compared = 0
    for seed in range(80):
        image, boxes = view(marked, seed, mosaic=0.0, fisheye=1.0)
        for _, *corners in boxes.tolist():
            # the middle of a bent side bulges, so the box around the outline is the box around the marker
            assert corners == pytest.approx(ends_of(image), abs=4.5), seed
            compared += 1
    assert compared > 40
    plain, bent = (view(marked, 3, mosaic=0.0, fisheye=chance)[0] for chance in (0.0, 1.0))
    assert not np.array_equal(plain, bent)


def test_a_coarse_camera_leaves_less_detail_and_the_box_where_it_was(marked: PictureCache) -> None:
    def detail(image: Image) -> float:
        return float(np.abs(np.diff(image.astype(int), axis=1)).max())

    sharper = 0
    for seed in range(40):
        fine, boxes = view(marked, seed, mosaic=0.0)
        dull, same = view(marked, seed, mosaic=0.0, coarse=1.0)
        if len(boxes) == 1 == len(same):
            sharper += detail(fine) > detail(dull)
    assert sharper > 25


def test_the_boxes_of_a_mosaic_lie_on_markers_and_most_markers_have_one(marked: PictureCache) -> None:
    marks, boxed, count = 0, 0, 0
    for seed in range(100):
        image, boxes = view(marked, seed, mosaic=1.0)
        mask = coloured(image)
        assert boxes[:, 1:].min(initial=0) >= 0
        assert boxes[:, 1:].max(initial=0) <= SIZE
        inside = np.zeros_like(mask)
        for x1, y1, x2, y2 in boxes[:, 1:].round().astype(int).tolist():
            inside[y1:y2, x1:x2] = True
            core = mask[y1 + 3 : y2 - 3, x1 + 3 : x2 - 3]
            assert core.size == 0 or core.mean() > 0.95, seed
        marks, boxed, count = marks + int(mask.sum()), boxed + int((mask & inside).sum()), count + len(boxes)
    assert boxed / marks > 0.85
    assert count > 100  # More than one of the four parts shows a marker.


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        pytest.param((-10, -20, 30, 30), (0, 0, 30, 30), id="clipped to the window"),
        pytest.param((90, 10, 110, 30), (90, 10, 100, 30), id="half of it visible"),
        pytest.param((95, 10, 120, 30), None, id="a fifth of it visible"),
        pytest.param((10, 10, 12, 30), None, id="too narrow to see"),
        pytest.param((10, 75, 40, 90), (10, 75, 40, 80), id="the height is the window's"),
    ],
)
def test_visible_boxes(box: tuple[int, ...], expected: tuple[int, ...] | None) -> None:
    left = visible_boxes(np.array([[1, *box]], np.float32), 100, 80)
    assert left.tolist() == ([] if expected is None else [[1, *expected]])


def test_spoiling_keeps_shape_and_type_and_the_given_picture() -> None:
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    before = image.copy()
    spoiled = [spoil(np.random.default_rng(seed), image) for seed in range(60)]
    assert {(s.shape, s.dtype) for s in spoiled} == {((40, 60, 3), np.dtype(np.uint8))}
    assert np.array_equal(image, before)
    assert not any(np.array_equal(s, image) for s in spoiled)
    assert np.array_equal(spoiled[7], spoil(np.random.default_rng(7), image))


def test_a_night_is_dark_and_noisy() -> None:
    image = np.full((64, 64, 3), 140, np.uint8)
    nights = [at_night(np.random.default_rng(seed), image) for seed in range(20)]
    assert all(np.median(night) < 100 for night in nights)
    assert all(night.std() > 1 for night in nights)
    assert any(night.max() > 200 for night in nights)  # Lamps.


def test_low_sun_takes_contrast_and_brightens_the_upper_part() -> None:
    image = np.zeros((64, 64, 3), np.uint8)
    image[:, ::2] = 200
    for seed in range(20):
        seen = in_low_sun(np.random.default_rng(seed), image).astype(int)
        assert seen[0].mean() > seen[-1].mean()
        assert np.abs(np.diff(seen, axis=1)).max() <= 165


def test_a_shadow_darkens_a_part_and_nothing_else() -> None:
    image = np.full((64, 64, 3), 200, np.uint8)
    shares = []
    for seed in range(20):
        seen = shadowed(np.random.default_rng(seed), image)
        assert seen.max() <= 200
        shares.append(float((seen < 150).mean()))
    assert 0.05 < np.mean(shares) < 0.7


def test_strong_compression_changes_more_than_a_weak_one() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (64, 64, 1), np.uint8)
    image = np.repeat(grey, 3, axis=2)
    strong, weak = (np.abs(jpeg(image, quality).astype(int) - image).mean() for quality in (20, 95))
    assert strong > 2 * weak


def test_large_pictures_are_shrunk_and_small_ones_stay() -> None:
    assert scaled(grey_picture(1280, 720)).shape == (360, 640, 3)
    assert scaled(grey_picture(300, 900)).shape == (640, 213, 3)
    small = grey_picture(640, 100)
    assert scaled(small) is small


def test_yolo_shares_become_pixels(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("2 0.5 0.5 0.2 0.4\n0 0.1 0.1 0.2 0.2 0.9\n")
    boxes = read_boxes(tmp_path / "a.txt", 200, 100)
    assert boxes[0] == pytest.approx([2, 80, 30, 120, 70])
    assert boxes[1] == pytest.approx([0, 0, 0, 40, 20])
    assert read_boxes(tmp_path / "missing.txt", 200, 100) == []


def test_only_what_needs_no_teacher_is_learned_from_boxes(tmp_path: Path) -> None:
    sources = [Source("photos", 1.0), Source("scenes", 1.0, drawn=True), Source("from above", 1.0, top_view=True)]
    cache = write_cache(tmp_path, [(source, grey_picture(9, 9), [], False) for source in sources])
    names = {exact: [p.name for p in cache.chances(False, exact)[0]] for exact in (None, False, True)}
    assert names == {None: ["p0", "p1", "p2"], False: ["p0"], True: ["p1", "p2"]}


def test_every_vehicle_seen_from_above_is_a_car(tmp_path: Path) -> None:
    for folder in ("images", "labels"):
        (tmp_path / "above" / folder).mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "above/images/a.jpg"), grey_picture(100, 50))
    (tmp_path / "above/labels/a.txt").write_text("4 0.5 0.5 0.2 0.4\n")
    classes = {
        top_view: [
            box[0]
            for _, _, boxes in pictures_of(Source("above", 1.0, top_view=top_view), "vehicles", tmp_path)
            for box in boxes
        ]
        for top_view in (False, True)
    }
    assert classes == {False: [4], True: [CAR]}


def test_a_cache_gives_back_its_pictures_and_draws_sources_by_weight(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    images = [rng.integers(0, 256, (height, 9, 3), np.uint8) for height in (5, 7, 4)]
    sources = [Source("a", 1.0), Source("b", 3.0), Source("c", 9.0)]
    boxes = [[[0.0, 1.0, 1.0, 4.0, 4.0]], [], []]
    cache = write_cache(tmp_path, list(zip(sources, images, boxes, (False, False, True), strict=True)))
    assert cache.sources == sources
    assert [picture.boxes for picture in cache.pictures] == boxes
    assert all(np.array_equal(cache.image(p), i) for p, i in zip(cache.pictures, images, strict=True))
    part, chances = cache.chances(validation=False)
    assert [picture.name for picture in part] == ["p0", "p1"]
    assert chances == pytest.approx([0.25, 0.75])

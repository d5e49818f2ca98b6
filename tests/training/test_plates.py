"""Drawn plates, the crops made of them, and the network that reads them."""

from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from training.plate_capture import cut_margins, photograph
from training.plate_drawing import PlatePress
from training.plate_glyphs import CHARACTERS, GROUPS, GlyphAtlas, Typeface
from training.plate_layouts import DIGITS, LAYOUTS, Layout, fill
from training.plate_ocr_growth import grown
from training.plate_ocr_network import ALPHABET, CLASSES, SLOTS, PlateReader
from training.plate_real_crops import clean, load_real_crops, with_thai_letters
from training.plate_scripts import SCRIPTS
from training.plate_text_data import UNKNOWN, Sample, assemble
from training.train_plate_ocr import Schedule, Trainer, compact, decode

BLOCK = np.full((64, 32), 255, np.uint8)
"""Every character of the tests' only typeface: no font is needed."""
CELLS = 8 * 16


@pytest.fixture(scope="module")
def press() -> PlatePress:
    face = Typeface("block", dict.fromkeys(CHARACTERS, BLOCK))
    signs = dict.fromkeys(SCRIPTS, (BLOCK,))
    return PlatePress(GlyphAtlas(dict.fromkeys(GROUPS, (face,)), defaultdict(lambda: (BLOCK,)), signs))


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_a_filled_pattern_keeps_its_format_and_can_be_read(layout: Layout) -> None:
    allowed = {"D": DIGITS, "L": layout.letters, "A": DIGITS + layout.letters}
    for seed, pattern in enumerate(layout.patterns * 3):
        writing = fill(pattern, layout, np.random.default_rng(seed))
        assert writing == fill(pattern, layout, np.random.default_rng(seed))
        if "#" in pattern:
            length = len(writing) - len(pattern) + 1
            before = pattern.index("#")
            code = writing[before : before + length]
            assert code in layout.codes.split()
            pattern = pattern.replace("#", code)
        assert len(writing) == len(pattern)
        assert all(c in allowed.get(symbol, symbol) + symbol for symbol, c in zip(pattern, writing, strict=True))
        text = [c for c in writing if c in ALPHABET]
        assert {c for c in writing if c.isalnum()} <= set(text)
        assert 2 <= len(text) <= SLOTS


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_every_layout_can_be_drawn(press: PlatePress, layout: Layout) -> None:
    for seed in range(3):
        plate, again = (press.draw(np.random.default_rng(seed), layout) for _ in range(2))
        height, width = plate.picture.shape[:2]
        assert (plate.picture.shape[2], plate.picture.dtype, plate.layout) == (3, np.uint8, layout.name)
        assert plate.centres.shape == (len(plate.text), 2)
        assert (plate.centres > 0).all()
        assert (plate.centres < (width, height)).all()
        assert (plate.text, plate.picture.tobytes()) == (again.text, again.picture.tobytes())


def test_what_stands_in_a_small_upper_row_is_read_first(press: PlatePress) -> None:
    japan = next(layout for layout in LAYOUTS if layout.name == "japan")
    plate = press.draw(np.random.default_rng(1), japan, "□□ 500/□ 12-34")
    assert plate.text == "□□500□1234"
    rows = plate.centres[:, 1] / plate.picture.shape[0]
    assert rows[:5].max() < 0.4 < 0.5 < rows[5:].min()
    for row in (plate.centres[:5], plate.centres[5:]):
        assert (np.diff(row[:, 0]) > 0).all()


def test_a_font_that_lacks_characters_is_told_by_its_boxes() -> None:
    whole = {c: np.full((64, 8 + i), 255, np.uint8) for i, c in enumerate(CHARACTERS)}
    assert Typeface("whole", whole).is_whole
    assert not Typeface("latin letters only", whole | dict.fromkeys("0123456789", BLOCK)).is_whole


def test_cuts_hardly_ever_cost_more_than_the_rim() -> None:
    rng = np.random.default_rng(0)
    margins = np.stack([cut_margins(rng) for _ in range(2000)])
    assert margins.min() >= -0.031
    assert 0.03 < np.median(margins) < 0.09


def test_a_photograph_says_where_the_characters_went() -> None:
    centres = np.array([[40, 40], [120, 40], [200, 40], [280, 40]], np.float32)
    flat = np.full((80, 320, 3), 230, np.uint8)
    for x, y in centres.astype(int).tolist():
        cv2.circle(flat, (x, y), 20, (20, 20, 20), -1)
    lighter = (centres[:-1] + centres[1:]) / 2
    hits = []
    for seed in range(60):
        crop, moved = photograph(flat, np.concatenate([centres, lighter]), np.random.default_rng(seed))
        assert (crop.shape, crop.dtype, moved.shape) == ((64, 128, 3), np.uint8, (7, 2))
        x, y = moved.round().astype(int).clip(0, (127, 63)).T
        tones = crop[y, x].mean(1)
        hits.append(tones[:4].max() < tones[4:].min())
    assert np.mean(hits) > 0.9


def test_the_network_answers_for_slots_cells_and_pointing() -> None:
    network = PlateReader().eval()
    with torch.no_grad():
        reading = network(torch.zeros(2, 3, 64, 128))
    assert reading.slots.shape == (2, SLOTS, CLASSES)
    assert reading.cells.shape == (2, CELLS, CLASSES)
    assert reading.pointing.shape == (2, SLOTS, CELLS)
    assert 1.0e6 < sum(p.numel() for p in network.parameters()) < 1.2e6


def test_the_best_class_of_every_slot_makes_the_text() -> None:
    slots = torch.zeros(2, SLOTS, CLASSES)
    slots[..., 0] = 1.0
    for place, character in enumerate("A00Z"):
        slots[0, place, 1 + ALPHABET.index(character)] = 2.0
    assert decode(slots) == ["A00Z", ""]


def test_targets_say_the_text_and_where_its_characters_lie() -> None:
    picture = np.zeros((64, 128, 3), np.uint8)
    centres = np.array([[4.0, 20.0], [200.0, 63.0]], np.float32)  # The second lies outside of the crop.
    batch = assemble([Sample(picture, "7B", centres), Sample(picture, "7B", None)])
    classes = [1 + ALPHABET.index(c) for c in "7B"]
    assert batch.slots.tolist() == [classes + [0] * (SLOTS - 2)] * 2
    assert batch.pointing[0, :3].tolist() == [2 * 16, 7 * 16 + 15, UNKNOWN]
    assert batch.cells[0, [2 * 16, 7 * 16 + 15]].tolist() == classes
    assert int((batch.cells[0] == 0).sum()) == CELLS - 2
    assert bool((batch.cells[1] == UNKNOWN).all())
    assert bool((batch.pointing[1] == UNKNOWN).all())
    assert (tuple(batch.images.shape), float(batch.images.min())) == ((2, 3, 64, 128), -1.0)


@pytest.mark.parametrize(
    ("seen", "minutes", "share"),
    [
        pytest.param(0, 0, 500 / 6000, id="begins low"),
        pytest.param(50_000, 10, 1.0, id="plateau"),
        pytest.param(80_000, 0, 0.505, id="falls with the samples"),
        pytest.param(10_000, 48, 0.505, id="falls with the minutes"),
        pytest.param(500_000, 900, 0.01, id="stays there"),
    ],
)
def test_learning_rate_of_the_plate_reader(seen: int, minutes: float, share: float) -> None:
    schedule = Schedule(peak=2e-3, total=100_000, minutes=60, decay_from=0.6)
    assert schedule.rate(seen, minutes) == pytest.approx(2e-3 * share)


@pytest.mark.parametrize(
    ("label", "text"),
    [
        pytest.param("ab-12 ö3", "AB12O3", id="accents go"),
        pytest.param("京PL3N67", "□PL3N67", id="a Chinese province"),
        pytest.param("12가 3456", "12□3456", id="a Korean syllable"),
        pytest.param("١٢ب", "□□□", id="Arabic digits"),
    ],
)
def test_what_is_not_latin_becomes_the_sign(label: str, text: str) -> None:
    assert clean(label) == text


@pytest.mark.parametrize(
    ("note", "text"),
    [
        pytest.param("two Thai letters (after the first digit, before the number), not transcribed", "6□□4070"),
        pytest.param("two Thai letters (before the number), not transcribed", "□□64070"),
        pytest.param("small province letters left of it", "64070"),
    ],
)
def test_thai_letters_stand_where_the_note_says(note: str, text: str) -> None:
    assert with_thai_letters("64070", note) == text


def earlier_network() -> dict[str, torch.Tensor]:
    """The state of a network with ten slots and no class for other scripts."""
    torch.manual_seed(3)
    state = PlateReader().state_dict()
    state["queries"] = state["queries"][:, :10]
    for name in ("order.one.weight", "order.two.weight"):
        state[name] = state[name][:, :10]
    for name in ("cell_head.weight", "cell_head.bias", "slot_head.weight", "slot_head.bias"):
        state[name] = state[name][:37]
    return state


def test_a_grown_network_keeps_what_was_learned() -> None:
    old = earlier_network()
    state = grown(old)
    PlateReader().load_state_dict(state)
    assert torch.equal(state["queries"][:, :10], old["queries"])
    assert torch.equal(state["slot_head.weight"][:37], old["slot_head.weight"])
    assert torch.allclose(state["slot_head.bias"][37], old["slot_head.bias"][1:37].mean())
    assert len({tuple(query.tolist()) for query in state["queries"][0]}) == SLOTS
    assert torch.equal(state["stem.conv.weight"], old["stem.conv.weight"])


def test_a_network_of_the_same_size_stays_as_it_is() -> None:
    state = PlateReader().state_dict()
    assert all(torch.equal(value, state[name]) for name, value in grown(state).items())


def test_a_compact_checkpoint_lies_between_the_training_and_the_earlier_network(tmp_path: Path) -> None:
    schedule, old = Schedule(1e-3, 1000, 60, 0.6), earlier_network()
    trainer = Trainer(tmp_path, schedule, torch.device("cpu"))
    trainer.save()
    torch.save({"average": old}, tmp_path / "old.pt")
    compact(tmp_path / "last.pt", tmp_path / "small.pt", tmp_path / "old.pt", 0.25)
    small = torch.load(tmp_path / "small.pt", weights_only=True)
    expected = 0.75 * grown(old)["queries"] + 0.25 * trainer.average.state_dict()["queries"]
    assert torch.allclose(small["average"]["queries"], expected)
    (tmp_path / "next").mkdir()
    (tmp_path / "small.pt").rename(tmp_path / "next/last.pt")
    resumed = Trainer(tmp_path / "next", schedule, torch.device("cpu"))
    assert torch.equal(resumed.network.state_dict()["queries"], small["average"]["queries"])


def test_a_network_with_other_layers_cannot_grow() -> None:
    old = earlier_network()
    del old["place"]
    with pytest.raises(ValueError, match="place"):
        grown(old)
    with pytest.raises(ValueError, match="stem"):
        grown(earlier_network() | {"stem.conv.weight": torch.zeros(8, 3, 5, 5)})


def test_a_training_begins_with_an_earlier_network_and_goes_on_from_its_own(tmp_path: Path) -> None:
    old, run = earlier_network(), tmp_path / "run"
    run.mkdir()
    torch.save({"average": old}, tmp_path / "old.pt")
    schedule, cpu = Schedule(1e-3, 1000, 60, 0.6), torch.device("cpu")
    trainer = Trainer(run, schedule, cpu, tmp_path / "old.pt")
    for kept in (trainer.network, trainer.average):
        assert torch.equal(kept.state_dict()["queries"], grown(old)["queries"])
    picture = np.random.default_rng(0).integers(0, 255, (64, 128, 3)).astype(np.uint8)
    trainer.step(
        assemble([Sample(picture, "□AB12", np.full((5, 2), 30.0, np.float32)), Sample(picture, "", None)])
    )
    trainer.save()
    resumed = Trainer(run, schedule, cpu, tmp_path / "old.pt")
    assert resumed.seen == 2
    for mine, its in ((resumed.network, trainer.network), (resumed.average, trainer.average)):
        state = its.state_dict()
        assert all(torch.equal(value, state[name]) for name, value in mine.state_dict().items())
    assert not torch.equal(resumed.network.state_dict()["queries"], grown(old)["queries"])


def test_texts_of_the_set_aside_photos_are_never_trained_on(tmp_path: Path) -> None:
    photos, crops = tmp_path / "plates/endtoend/us", tmp_path / "plates/us_crops"
    for folder in (photos, crops):
        folder.mkdir(parents=True)
    (photos / "a.txt").write_text("a.jpg\t1\t2\t3\t4\tABC 123\n")
    world = tmp_path / "plates/world"
    world.mkdir()
    (world / "labels.csv").write_text("file,text\nb.jpg,DEF456|GHI789\n")
    texts = ("ABC123", "abc-124", "X", "ABCDEFGHIJKLMNO", "GHI-789", "京ABC123")
    (crops / "groundtruth.csv").write_text("".join(f"{i}.png,us,{text}\n" for i, text in enumerate(texts)))
    for number in range(len(texts)):
        cv2.imwrite(str(crops / f"{number}.png"), BLOCK)
    assert [(crop.text, crop.source) for crop in load_real_crops(tmp_path)] == [("ABC124", "us")]

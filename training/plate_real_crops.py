"""Real plate crops to train on: which folders, which texts, which are held out, and places without a plate.

Never read here: the photos ``plates/endtoend`` and ``plates/world``; crops that show one of their texts
are left out too.
"""

from __future__ import annotations

import csv
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from traffic_monitor.plates.text import SIGN
from training.plate_canvas import Picture
from training.plate_ocr_network import ALPHABET, SLOTS

HELD_OUT = 8
"""One real crop in so many is never trained on (chosen by a checksum of its file name)."""
NOTHING = "nothing"
"""Source of the places without a plate; their text is empty."""
SOURCE_SHARES = {
    "us": 0.32,
    "brazil_openalpr_train_detector": 0.13,
    "argentina_cnn_ocr_lp": 0.05,
    "lprnet_chinese": 0.09,
    "agreed": 0.11,
    "europe_one_line": 0.07,
    "europe_two_lines": 0.07,
    "india_punjab": 0.05,
    "indonesia": 0.05,
    "sri_lanka": 0.02,
    "thailand_digits": 0.01,
    "turkey": 0.03,
    "vietnam_motorcycles": 0.05,
    NOTHING: 0.05,
}
"""How often each source is drawn among real crops, before the shares are scaled to a sum of 1."""
THAI_FORMS = {"two Thai letters (after the first digit": "D□□", "two Thai letters (before the number)": "□□"}
"""How the notes on Thai crops say where signs stand that the texts lack: D is the text's first digit."""
ROOM = {"agreed": 0.06, "brazil_openalpr_train_detector": 0.02}
DEFAULT_ROOM = 0.005
DOUBTFUL = "doubtful.txt"
"""File beside ``agreed.csv`` with names of labelled crops whose label is doubted."""
"""Share of a crop that may be cut off at a side; most are cut close to the plate already."""


@dataclass(frozen=True, slots=True)
class RealCrop:
    """A photographed plate (or, with an empty text, a place without one)."""

    picture: Picture
    text: str
    source: str
    name: str
    """File name."""

    @property
    def held_out(self) -> bool:
        """True where the crop is never trained on."""
        return zlib.crc32(self.name.encode()) % HELD_OUT == 0

    @property
    def room(self) -> float:
        """Share of the picture that may be cut off at each side."""
        return ROOM.get(self.source, DEFAULT_ROOM)


def clean(text: str) -> str:
    """Letters and digits without their accents, and SIGN for those of other alphabets."""
    plain = ((unicodedata.normalize("NFKD", character)[0], character) for character in text.upper())
    return "".join(base if base in ALPHABET else SIGN for base, c in plain if base in ALPHABET or c.isalnum())


def with_thai_letters(text: str, note: str) -> str:
    """The text with SIGN where a crop's note says that Thai letters stand."""
    for words, form in THAI_FORMS.items():
        if note.startswith(words):
            first = form.count("D")
            return text[:first] + form.replace("D", "") + text[first:]
    return text


def vanity(text: str) -> str:
    """Write O for 0 where 0 is the only digit: the US crops have both IRONY and IR0NY."""
    rest = text.replace("0", "")
    return text.replace("0", "O") if len(rest) >= 3 and rest.isalpha() else text


def benchmark_texts(shared: Path) -> set[str]:
    """Texts of the photos that are only measured with, without signs."""
    files = sorted((shared / "plates/endtoend").rglob("*.txt"))
    rows = (line.split("\t") for path in files for line in path.read_text().splitlines())
    texts = {clean(row[5]) for row in rows if len(row) > 5}
    world = shared / "plates/world/labels.csv"
    if world.exists():
        with world.open(encoding="utf-8") as file:
            texts |= {clean(text) for row in csv.DictReader(file) for text in row["text"].split("|")}
    return {text.replace(SIGN, "") for text in texts}


def load_real_crops(shared: Path, agreed: Path | None = None) -> list[RealCrop]:
    """Load all real crops with texts of 2 to SLOTS characters, and places without a plate (about 5,800; 6 s).

    ``agreed`` is the ``agreed.csv`` of :mod:`training.plate_agreement`. Folders that are missing are skipped.
    """
    forbidden = benchmark_texts(shared)
    doubtful = agreed.with_name(DOUBTFUL) if agreed is not None else None
    doubted = set(doubtful.read_text().split()) if doubtful is not None and doubtful.exists() else set()
    crops = []
    for path, written, source in _listed(shared, agreed):
        text = vanity(clean(written))
        picture = cv2.imread(str(path))
        usable = 2 <= len(text) <= SLOTS and text.replace(SIGN, "") not in forbidden and path.name not in doubted
        if picture is not None and usable:
            crops.append(RealCrop(picture, text, source, path.name))
    return crops + list(_without_plates(shared))


def _listed(shared: Path, agreed: Path | None) -> Iterator[tuple[Path, str, str]]:
    """Picture, text and source of every labelled crop."""
    us = shared / "plates/us_crops/groundtruth.csv"
    if us.exists():
        with us.open(encoding="utf-8") as file:
            yield from ((us.parent / row[0], row[2], "us") for row in csv.reader(file) if len(row) > 2)
    for labels in sorted((shared / "train").glob("plate_text*/*/labels.csv")):
        pictures = {path.name: path for path in labels.parent.rglob("*") if path.suffix in {".jpg", ".png"}}
        with labels.open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row["file"] in pictures:
                    text = with_thai_letters(row["text"], row.get("other_characters") or "")
                    yield pictures[row["file"]], text, labels.parent.name
    if agreed is not None and agreed.exists():
        with agreed.open(encoding="utf-8") as file:
            yield from ((agreed.parent / row["file"], row["text"], "agreed") for row in csv.DictReader(file))


def _without_plates(shared: Path) -> Iterator[RealCrop]:
    """One place without a plate from each photo of ``train/plates``: what a detector may wrongly offer."""
    for labels in sorted((shared / "train/plates").glob("*/labels/*.txt")):
        photo = cv2.imread(str(labels.parent.parent / "images" / f"{labels.stem}.jpg"))
        if photo is None:
            continue
        rng = np.random.default_rng(zlib.crc32(labels.stem.encode()))
        height, width = photo.shape[:2]
        size = np.asarray([2.0, 1.0]) * rng.uniform(0.08, 0.2) * min(height, width)
        rows = [line.split()[1:] for line in labels.read_text().splitlines() if line.startswith("0 ")]
        boxes = np.asarray(rows, float).reshape(-1, 4) * [width, height, width, height]
        for _ in range(10):
            corner = rng.random(2) * (np.asarray([width, height]) - size)
            apart = np.abs(boxes[:, :2] - corner - size / 2) > (boxes[:, 2:] * 1.2 + size) / 2
            if bool(apart.any(axis=1).all()):
                (x, y), (w, h) = corner.astype(int), size.astype(int)
                yield RealCrop(photo[y : y + h, x : x + w].copy(), "", NOTHING, labels.stem)
                break

"""Texts for photos whose plates have boxes but no texts: kept where two independent readers agree.

    python -m training.plate_agreement --shared ../shared --out runs/plate_ocr/agreed

The peer reader (fast-plate-ocr, MIT) must read the same at three crop margins, and PP-OCRv6 (Apache-2.0) the
same as the peer. Writes one crop per plate, with room around it, and ``agreed.csv`` (file, text); look at the
crops before training on them. Also lists labelled Brazilian crops whose label the peer doubts in one letter
(``doubtful.txt``).
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from pathlib import Path

import cv2

from training.evaluate_plate_ocr import Reader, paddle_ocr_reader, peer_reader
from training.plate_canvas import Picture
from training.plate_real_crops import DOUBTFUL, RealCrop, benchmark_texts, clean, load_real_crops

SETS = ("openimages_license_plates", "experiment_plates", "romanian_dashcam")
PLATE_CLASS = 0
SMALLEST = (28, 9)
"""Width and height in pixels below which no text is trusted."""
MARGINS = (0.0, 0.05, 0.1)
NOISY_SOURCE = "brazil_openalpr_train_detector"
"""About 5 % of its labels have one wrong letter (see the set's own notes)."""
LOOK_ALIKE = ("HDOQ0U", "EF", "VY", "MNW")
VIEWS_PER_TEXT = 3
"""Crops kept of one text: video neighbours look alike."""
ROOM = 0.07
"""Margin of the written crops, in shares of the box at each side."""


def cut(photo: Picture, box: tuple[float, float, float, float], margin: float) -> Picture:
    """Cut a normalised (centre x, centre y, width, height) box, with a margin in shares of its size."""
    height, width = photo.shape[:2]
    x, y, w, h = (
        box[0] * width,
        box[1] * height,
        box[2] * width * (1 + 2 * margin),
        box[3] * height * (1 + 2 * margin),
    )
    x0, y0 = max(0, round(x - w / 2)), max(0, round(y - h / 2))
    return photo[y0 : round(y + h / 2), x0 : round(x + w / 2)]


def boxes(labels: Path) -> list[tuple[float, float, float, float]]:
    """Plate boxes of one YOLO label file."""
    rows = (line.split() for line in labels.read_text().splitlines())
    return [
        (float(r[1]), float(r[2]), float(r[3]), float(r[4]))
        for r in rows
        if len(r) == 5 and int(r[0]) == PLATE_CLASS
    ]


def doubtful_labels(peer: Reader, crops: list[RealCrop]) -> list[str]:
    """Names of crops with noisy labels where the peer reads one look-alike letter differently."""
    noisy = [crop for crop in crops if crop.source == NOISY_SOURCE]
    doubted = []
    for crop, text in zip(noisy, peer([crop.picture for crop in noisy]), strict=True):
        pairs = [{a, b} for a, b in zip(crop.text, text, strict=False) if a != b]
        alike = len(pairs) == 1 and any(pairs[0] <= set(group) for group in LOOK_ALIKE)
        if alike and len(text) == len(crop.text):
            doubted.append(crop.name)
    return doubted


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--out", type=Path, default=Path("runs/plate_ocr/agreed"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    peer = peer_reader(arguments.shared / "peers/cct_xs_v1_global.onnx")
    second = paddle_ocr_reader(arguments.shared / "weights/plate_ocr_ppocrv6_small")
    doubted = doubtful_labels(peer, load_real_crops(arguments.shared))
    (arguments.out / DOUBTFUL).write_text("\n".join(doubted) + "\n")
    print(f"{len(doubted)} labelled crops are doubted")
    forbidden = benchmark_texts(arguments.shared)
    kept: list[tuple[str, str]] = []
    views_of: Counter[str] = Counter()
    seen = 0
    for name in SETS:
        folder = arguments.shared / "train/plates" / name
        for labels in sorted((folder / "labels").glob("*.txt")):
            photo = cv2.imread(str(folder / "images" / f"{labels.stem}.jpg"))
            if photo is None:
                continue
            for number, box in enumerate(boxes(labels)):
                seen += 1
                views = [cut(photo, box, margin) for margin in MARGINS]
                if views[0].shape[1] < SMALLEST[0] or views[0].shape[0] < SMALLEST[1]:
                    continue
                texts = set(peer(views))
                text = texts.pop()
                doubtful = bool(texts) or len(text) < 4 or clean(second([views[1]])[0]) != text
                if doubtful or text in forbidden or views_of[text] == VIEWS_PER_TEXT:
                    continue
                file = f"{name}_{len(kept):04d}_{number}.png"
                cv2.imwrite(str(arguments.out / file), cut(photo, box, ROOM))
                kept.append((file, text))
                views_of[text] += 1
    with (arguments.out / "agreed.csv").open("w", newline="") as out:
        csv.writer(out).writerows([("file", "text"), *kept])
    print(f"{len(kept)} of {seen} plates: the readers agree")


if __name__ == "__main__":
    main()

"""Exact texts of the plate recogniser on the set-aside photos' plate boxes, beside two other readers.

    python -m training.evaluate_plate_ocr --model runs/export/plate_ocr --shared ../shared

Every reader sees the same crops: the labelled box with a margin of 5 % of its size at each side.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml

from traffic_monitor.plates.text import normalize_plate_text
from training.plate_canvas import Picture

Reader = Callable[[Sequence[Picture]], list[str]]
REGIONS = ("us", "eu", "br")
PEER_SIZE = (128, 64)
PEER_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_"


@dataclass(frozen=True, slots=True)
class LabelledCrop:
    """A plate cut out of a set-aside photo."""

    name: str
    picture: Picture
    text: str


def load(folder: Path, margin: float) -> list[LabelledCrop]:
    """Cut the plates of one region; ``margin`` is in shares of the box's size, at each side."""
    crops = []
    for labels in sorted(folder.glob("*.txt")):
        for line in labels.read_text().splitlines():
            name, *box, text = line.split("\t")[:6]
            photo = cv2.imread(str(folder / name))
            if photo is None:
                raise FileNotFoundError(folder / name)
            x, y, width, height = (int(v) for v in box)
            x0, y0 = max(0, round(x - margin * width)), max(0, round(y - margin * height))
            x1, y1 = round(x + (1 + margin) * width), round(y + (1 + margin) * height)
            crops.append(LabelledCrop(name, photo[y0:y1, x0:x1], text))
    return crops


def stretch(crop: Picture, size: tuple[int, int]) -> Picture:
    """The picture of the width and height that a recogniser is made for."""
    shrinking = crop.shape[1] > size[0] or crop.shape[0] > size[1]
    return cv2.resize(crop, size, interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR)


def _described(folder: Path) -> dict[str, Any]:
    description: dict[str, Any] = yaml.safe_load((folder / "inference.yml").read_text())["Global"]
    return description


def _recognition(folder: Path, **options: Any) -> Any:
    from paddleocr import TextRecognition  # slow to import, and not needed for the peer alone

    name = _described(folder)["model_name"]
    return TextRecognition(model_name=name, model_dir=str(folder), device="cpu", **options)


def own_reader(folder: Path, enable_mkldnn: bool = False) -> Reader:
    """The exported folder through PaddleOCR, on the paddle engine."""
    recognition = _recognition(folder, enable_mkldnn=enable_mkldnn, cpu_threads=1)
    height, width = _described(folder)["stretch_to"]

    def read(crops: Sequence[Picture]) -> list[str]:
        stretched = [stretch(crop, (width, height)) for crop in crops]
        texts = (r["rec_text"] for r in recognition.predict(input=stretched, batch_size=16))
        return [normalize_plate_text(text) for text in texts]

    return read


def paddle_ocr_reader(folder: Path) -> Reader:
    """PP-OCRv6 small, general text; what is no letter or digit is dropped."""
    recognition = _recognition(folder, engine="onnxruntime")

    def read(crops: Sequence[Picture]) -> list[str]:
        texts = (r["rec_text"] for crop in crops for r in recognition.predict(input=[crop], batch_size=1))
        return ["".join(c for c in text.upper() if c in PEER_ALPHABET[:36]) for text in texts]

    return read


def peer_reader(file: Path) -> Reader:
    """The reader of fast-plate-ocr."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(file), options)
    entry = session.get_inputs()[0].name

    def read(crops: Sequence[Picture]) -> list[str]:
        texts = []
        for crop in crops:
            image = cv2.cvtColor(cv2.resize(crop, PEER_SIZE, interpolation=cv2.INTER_LINEAR), cv2.COLOR_BGR2RGB)
            best = (
                np.asarray(session.run(None, {entry: image[None]})[0])[0]
                .reshape(-1, len(PEER_ALPHABET))
                .argmax(-1)
            )
            texts.append("".join(PEER_ALPHABET[i] for i in best).replace("_", ""))
        return texts

    return read


def measure(reader: Reader, regions: dict[str, list[LabelledCrop]]) -> dict[str, Any]:
    """Exact share, time per crop and what was read wrongly, by region."""
    result: dict[str, Any] = {}
    for region, crops in regions.items():
        reader([crops[0].picture])
        started = time.perf_counter()
        texts = reader([crop.picture for crop in crops])
        spent = (time.perf_counter() - started) / len(crops)
        wrong = {
            crop.name: [crop.text, text] for crop, text in zip(crops, texts, strict=True) if text != crop.text
        }
        result[region] = {
            "exact": round(1 - len(wrong) / len(crops), 4),
            "right": len(crops) - len(wrong),
            "of": len(crops),
            "ms_per_crop": round(1000 * spent, 2),
            "wrong": wrong,
        }
    return result


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=Path("runs/export/plate_ocr"))
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--out", type=Path, default=Path("runs/export/plate_ocr.json"))
    parser.add_argument("--margin", type=float, default=0.05)
    parser.add_argument("--alone", action="store_true", help="leave the two other readers out")
    parser.add_argument("--mkldnn", action="store_true", help="let PaddlePaddle use oneDNN")
    parser.add_argument("--show", action="store_true", help="list what was read wrongly")
    arguments = parser.parse_args()
    regions = {region: load(arguments.shared / "plates/endtoend" / region, arguments.margin) for region in REGIONS}
    readers: dict[str, Reader] = {"own": own_reader(arguments.model, arguments.mkldnn)}
    if not arguments.alone:
        readers["peer cct_xs_v1_global"] = peer_reader(arguments.shared / "peers/cct_xs_v1_global.onnx")
        readers["PP-OCRv6_small_rec"] = paddle_ocr_reader(arguments.shared / "weights/plate_ocr_ppocrv6_small")
    figures = {name: measure(reader, regions) for name, reader in readers.items()}
    for name, by_region in figures.items():
        print(
            f"{name:24s}"
            + "  ".join(
                f"{r} {v['right']}/{v['of']} {v['exact']:.3f} {v['ms_per_crop']:.1f} ms"
                for r, v in by_region.items()
            )
        )
        if arguments.show and name == "own":
            for region, value in by_region.items():
                print(region, "  ".join(f"{truth}>{text}" for truth, text in value["wrong"].values()))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps({"margin": arguments.margin, "readers": figures}, indent=1) + "\n")


if __name__ == "__main__":
    main()

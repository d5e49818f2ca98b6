"""Measure the two detectors on material never trained on.

`vehicles`: every clip of `../shared/videos` that no training used; the reference are the boxes of the shared
YOLO11n with confidence ≥ 0.4 and height ≥ 24 px (issue 3's table). `plates`: the photos of
`../shared/plates/endtoend`.

`python -m training.evaluate_detector vehicles --weights runs/export/vehicle_detector.pt`
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from ultralytics import YOLO

from training.detector_data import VEHICLE_SOURCES
from training.detector_teacher import COCO_VEHICLES

Detections = NDArray[np.float32]
"""Rows (x1, y1, x2, y2, confidence, class) in pixels of the full frame; classes 0 car, 1 motorcycle, 2 bus, 3
truck.
"""

REFERENCE_CONFIDENCE = 0.4
REFERENCE_HEIGHT = 24.0
"""Pixels: what counts as a vehicle of the reference."""

DOUBT_CONFIDENCE = 0.1
"""The teacher's boxes down to here mark what may be a vehicle: in the lenient figure finding one is no
mistake.
"""

MATCH = 0.5
PLATE_MATCH = 0.4
FALSE_PLATES_PER_PHOTO = 0.1
APART = {"world", "plates_nl"}
"""Folders of clips that are measured by crossings and plates counted by eye, not by the reference's boxes."""

WIDTHS = {"under 0.4": (0.15, 0.25, 0.35), "0.4 to 0.6": (0.42, 0.5, 0.58), "over 0.6": (0.65, 0.8, 0.9)}
"""Shares of the searched picture's width that a plate takes, by class."""

SEARCHED_SHAPE = 4 / 3
"""Width over height of the picture cut out around a plate; that of a close car is about the same."""

PLATE_INPUT = 320
"""Pixels: the side at which the application searches a vehicle for its plate."""

WHOLE = 0.9
"""Share of a plate's width that a box must cover for no letter to be lost."""

PLATE_CONFIDENCE = 0.2
"""Least confidence of a plate in the application."""


def overlaps(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union of every pair of boxes (n, ≥4) and (m, ≥4), shape (n, m)."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:4], second[None, :, 2:4])
    shared = (high - low).clip(0).prod(-1)
    area = (first[:, 2:4] - first[:, :2]).prod(-1)[:, None] + (second[:, 2:4] - second[:, :2]).prod(-1)[None]
    return np.asarray(shared / np.maximum(area - shared, 1e-9), dtype=np.float32)


def pairs(found: Detections, wanted: Detections, least: float) -> list[tuple[int, int]]:
    """Greedy one-to-one matches, the surest detection first; each takes the free reference it overlaps
    most.
    """
    if len(found) == 0 or len(wanted) == 0:
        return []
    table = overlaps(found, wanted)
    taken: set[int] = set()
    matched = []
    for i in np.argsort(-found[:, 4], kind="stable"):
        for j in np.argsort(-table[i], kind="stable"):
            if table[i, j] < least:
                break
            if int(j) not in taken:
                taken.add(int(j))
                matched.append((int(i), int(j)))
                break
    return matched


@dataclass
class Tally:
    """Counts over frames. `lenient_false` leaves out what the teacher itself half sees or what is just too
    low.
    """

    wanted: int = 0
    hit: int = 0
    false: int = 0
    lenient_false: int = 0
    right_class: int = 0

    def add(self, other: Tally) -> None:
        for name in vars(self):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def figures(self) -> dict[str, float]:
        """Recall and precision as shares; of an empty reference the recall is 1."""
        found, lenient = self.hit + self.false, self.hit + self.lenient_false
        return {
            "reference": self.wanted,
            "recall": round(self.hit / self.wanted, 4) if self.wanted else 1.0,
            "precision": round(self.hit / found, 4) if found else 1.0,
            "lenient_precision": round(self.hit / lenient, 4) if lenient else 1.0,
            "class_right": round(self.right_class / max(1, self.hit), 4),
        }


def tall(boxes: Detections) -> NDArray[np.bool_]:
    return np.asarray(boxes[:, 3] - boxes[:, 1] >= REFERENCE_HEIGHT)


def compare(found: Detections, teacher: Detections, confidence: float, by_class: bool) -> Tally:
    """One frame. `found` and `teacher` go down to low confidences; the limits are applied here."""
    is_sure = (teacher[:, 4] >= REFERENCE_CONFIDENCE) & tall(teacher)
    sure, doubtful = teacher[is_sure], teacher[~is_sure]
    mine = found[(found[:, 4] >= confidence) & tall(found)]
    tally = Tally(wanted=len(sure))
    groups = [(mine, sure)]
    if by_class:
        groups = [(mine[mine[:, 5] == c], sure[sure[:, 5] == c]) for c in range(len(COCO_VEHICLES))]
    for some, reference in groups:
        matched = pairs(some, reference, MATCH)
        tally.hit += len(matched)
        tally.right_class += sum(int(some[i, 5] == reference[j, 5]) for i, j in matched)
        wrong = np.delete(some, [i for i, _ in matched], axis=0)
        tally.false += len(wrong)
        tally.lenient_false += len(wrong) - len(pairs(wrong, doubtful, MATCH))
    return tally


class Detector:
    """An Ultralytics detector answering with rows of `Detections`."""

    def __init__(
        self, weights: Path, size: int, classes: tuple[int, ...], confidence: float, overlap: float
    ) -> None:
        self._network = YOLO(str(weights), task="detect")
        self._classes = classes
        self._how = {
            "imgsz": size,
            "conf": confidence,
            "iou": overlap,
            "agnostic_nms": True,
            "verbose": False,
        }

    def __call__(self, frame: NDArray[np.uint8]) -> Detections:
        """BGR frame in, detections out, classes renumbered to the positions in `classes`."""
        boxes = self._network.predict(frame, classes=list(self._classes), **self._how)[0].boxes
        rows = np.asarray(boxes.data.cpu().numpy(), dtype=np.float32).reshape(-1, 6)
        rows[:, 5] = [self._classes.index(int(c)) for c in rows[:, 5]]
        return rows


def measured_clips(videos: Path) -> list[Path]:
    """The clips that no training used and that are not measured apart, in the order of their names."""
    trained = {Path(s.path).name for s in VEHICLE_SOURCES if s.frame_step}
    return [f for f in sorted(videos.rglob("*.mp4")) if f.name not in trained and f.parent.name not in APART]


def frames(clip: Path, step: int) -> list[NDArray[np.uint8]]:
    """Every `step`-th frame of a clip, BGR."""
    capture = cv2.VideoCapture(str(clip))
    found = []
    number = 0
    while capture.grab():
        if number % step == 0:
            ok, frame = capture.retrieve()
            if ok:
                found.append(np.asarray(frame, dtype=np.uint8))
        number += 1
    capture.release()
    return found


def teacher_boxes(args: argparse.Namespace, clip: Path) -> list[Detections]:
    """The reference detector's boxes for the measured frames of a clip; kept on disk, because they never
    change.
    """
    store = args.store / f"{clip.stem}_every{args.step}.npz"
    if store.exists():
        with np.load(store) as kept:
            return [kept[str(i)] for i in range(len(kept.files))]
    folder = args.shared / "weights/yolo11n_coco_int8_openvino_model"
    teacher = Detector(folder, 640, COCO_VEHICLES, DOUBT_CONFIDENCE, 0.7)
    torch.set_num_threads(args.threads)
    boxes = [teacher(frame) for frame in frames(clip, args.step)]
    args.store.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {str(i): b for i, b in enumerate(boxes)}
    np.savez(store, **arrays)
    return boxes


def evaluate_vehicles(args: argparse.Namespace) -> dict[str, object]:
    """Figures per clip and over all clips, at each confidence asked for."""
    detector = Detector(args.weights, args.size, (0, 1, 2, 3), min(args.confidence), args.overlap)
    torch.set_num_threads(args.threads)
    results: dict[str, object] = {}
    clips = measured_clips(args.shared / "videos")
    boxes = {c: ([detector(f) for f in frames(c, args.step)], teacher_boxes(args, c)) for c in clips}
    for confidence in args.confidence:
        for by_class in (False, True):
            rows: dict[str, dict[str, float]] = {}
            total = Tally()
            for clip, (found, wanted) in boxes.items():
                tally = Tally()
                for mine, teacher in zip(found, wanted, strict=True):
                    tally.add(compare(mine, teacher, confidence, by_class))
                total.add(tally)
                rows[clip.stem] = tally.figures()
            rows["all"] = total.figures()
            rows["mean of clips"] = {
                key: round(float(np.mean([r[key] for n, r in rows.items() if n != "all"])), 4)
                for key in ("recall", "precision", "lenient_precision")
            }
            results[f"confidence {confidence:g}, {'class-wise' if by_class else 'classes merged'}"] = rows
    return results


def plate_photos(folder: Path) -> list[tuple[Path, NDArray[np.float32]]]:
    """Photo and its one plate box (x1, y1, x2, y2) in pixels."""
    photos = []
    for note in sorted(folder.glob("*.txt")):
        name, x, y, w, h, _ = note.read_text().strip().split("\t")
        box = np.array([float(x), float(y), float(x) + float(w), float(y) + float(h)], np.float32)
        photos.append((folder / name, box))
    return photos


def cut_around(
    image: NDArray[np.uint8], box: NDArray[np.float32], share: float
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The part of a photo of which a plate takes this share of the width, and the plate's box in it.

    The part is moved into the photo where it can be; where the photo is too small the plate takes more.
    """
    height, width = image.shape[:2]
    wanted = (box[2] - box[0]) / share
    size = np.array([min(wanted, width), min(wanted / SEARCHED_SHAPE, height)])
    corner = ((box[:2] + box[2:]) / 2 - size / 2).clip(0, [width, height] - size)
    left, top = corner.astype(int)
    right, bottom = np.ceil(corner + size).astype(int)
    return image[top:bottom, left:right], box - np.array([left, top, left, top], np.float32)


def is_whole(found: Detections, box: NDArray[np.float32]) -> bool:
    """Whether the surest box is the plate and covers it from end to end."""
    if len(found) == 0 or overlaps(found[:1], box[None])[0, 0] < PLATE_MATCH:
        return False
    covered = min(found[0, 2], box[2]) - max(found[0, 0], box[0])
    return bool(covered >= WHOLE * (box[2] - box[0]))


def evaluate_plate_widths(args: argparse.Namespace) -> dict[str, dict[str, float]]:
    """How many plates are found whole, by the share of the searched picture's width that they take."""
    detector = Detector(args.weights, PLATE_INPUT, (0,), PLATE_CONFIDENCE, args.overlap)
    torch.set_num_threads(args.threads)
    found = {name: [0, 0] for name in WIDTHS}
    for folder in sorted((args.shared / "plates/endtoend").iterdir()):
        for photo, box in plate_photos(folder):
            image = np.asarray(cv2.imread(str(photo)), dtype=np.uint8)
            for share in (share for shares in WIDTHS.values() for share in shares):
                part, inside = cut_around(image, box, share)
                reached = (inside[2] - inside[0]) / part.shape[1]
                name = "under 0.4" if reached < 0.4 else "0.4 to 0.6" if reached <= 0.6 else "over 0.6"
                found[name][0] += is_whole(detector(part), inside)
                found[name][1] += 1
    return {name: {"whole": whole, "of": of, "share": round(whole / of, 4)} for name, (whole, of) in found.items()}


def evaluate_plates(args: argparse.Namespace) -> dict[str, object]:
    """Recall per region, with the confidence at which there is at most one false box per ten photos
    overall; and plates found whole by their width.
    """
    detector = Detector(args.weights, args.size, (0,), 0.01, args.overlap)
    torch.set_num_threads(args.threads)
    hits: list[tuple[str, float]] = []
    wrong: list[float] = []
    photos = 0
    sizes: dict[str, int] = {}
    for region in ("us", "eu", "br"):
        found = plate_photos(args.shared / "plates/endtoend" / region)
        sizes[region] = len(found)
        photos += len(found)
        for photo, box in found:
            image = cv2.imread(str(photo))
            if image is None:
                raise FileNotFoundError(photo)
            answers = detector(np.asarray(image, dtype=np.uint8))
            matched = pairs(answers, box[None], PLATE_MATCH)
            hits += [(region, float(answers[i, 4])) for i, _ in matched]
            wrong += [float(c) for c in np.delete(answers[:, 4], [i for i, _ in matched])]
    allowed = int(photos * FALSE_PLATES_PER_PHOTO)
    ranked = sorted(wrong, reverse=True)
    limit = ranked[allowed] if len(ranked) > allowed else 0.01
    recall = {r: round(sum(1 for where, c in hits if where == r and c > limit) / n, 4) for r, n in sizes.items()}
    return {
        "photos": photos,
        "confidence": round(limit, 4),
        "recall": round(sum(1 for _, c in hits if c > limit) / photos, 4),
        **{f"recall {r}": v for r, v in recall.items()},
        "recall at any confidence": round(len(hits) / photos, 4),
        "whole by width": evaluate_plate_widths(args),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=["vehicles", "plates"])
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument(
        "--store", type=Path, default=Path("runs/detectors/reference"), help="reference boxes, kept"
    )
    parser.add_argument("--size", type=int, default=640, help="network input, longer side in pixels")
    parser.add_argument("--step", type=int, default=3, help="measure every n-th frame")
    parser.add_argument("--confidence", type=float, nargs="+", default=[0.2, 0.25, 0.3, 0.35, 0.4])
    parser.add_argument("--overlap", type=float, default=0.6, help="overlap at which two boxes are one vehicle")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    args = parser.parse_args()
    figures = evaluate_vehicles(args) if args.task == "vehicles" else evaluate_plates(args)
    text = json.dumps(figures, indent=1)
    if args.out:
        args.out.write_text(text)
    print(text)


if __name__ == "__main__":
    main()

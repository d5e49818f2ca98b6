"""Measure the shipped weights on everything that was never trained on: `make evaluate`.

Writes `weights/metrics.json` and the table of the model card, `weights/README.md`. Takes about 5 minutes on two
cores; needs the real clips and photos (`--shared`).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml

from traffic_monitor.inference.model_cache import as_openvino, default_cache_dir
from traffic_monitor.inference.plate_search import find_plates
from traffic_monitor.inference.text_recognition import PaddleTextRecognizer
from traffic_monitor.inference.yolo import load_detector
from traffic_monitor.plates.crops import crop, grow_box
from traffic_monitor.plates.reading import read_plate
from traffic_monitor.plates.text import normalize_plate_text
from traffic_monitor.settings import DetectorSettings, Settings
from traffic_monitor.settings.loader import load_settings
from training import evaluate_detector, evaluate_photos, evaluate_plate_ocr, evaluate_world_plates
from training.evaluate_application import compare, line_across, run_application
from training.evaluate_detector import PLATE_INPUT

MODEL_CARD = Path("weights/README.md")
METRICS = Path("weights/metrics.json")
TABLE_BEGINS, TABLE_ENDS = "<!-- make evaluate writes from here -->", "<!-- to here -->"

DEMO_CLIP, DEMO_TRUTH = Path("demo/street.mp4"), Path("demo/street.json")
COUNTED_CLIPS = ("adamridene_demo_video", "ahmetozlu_input_video")
CONFIDENCES = tuple(round(0.1 + 0.05 * i, 2) for i in range(9))
FRAME_STEP = 10

Figures = dict[str, Any]


def _as_run(settings: DetectorSettings) -> Path:
    """The form of a detector that the application runs on a CPU."""
    assert settings.model_path is not None
    return as_openvino(settings.model_path, settings.imgsz, default_cache_dir())


def measure_demo(_: Path, __: Settings) -> Figures:
    """Counts and plates of the demo clip through the whole application."""
    result = compare(run_application(DEMO_CLIP), json.loads(DEMO_TRUTH.read_text()))
    return {**asdict(result), "counts_exact": result.counts_exact, "plates_exact": round(result.plates_exact, 4)}


def measure_crossings(shared: Path, _: Settings) -> Figures:
    """Crossings of real clips through the whole application, beside those counted by eye."""
    truth = yaml.safe_load((shared / "videos/ground_truth.yaml").read_text())
    figures = {}
    for name in COUNTED_CLIPS:
        wanted = truth[f"{name}.mp4"]
        summary = run_application(shared / f"videos/{name}.mp4", line_across(wanted["line_y"]))
        found = {d: sum(c.values()) for d, c in summary["counts"]["by_line"]["main"].items()}
        by_eye = {"in": wanted["crossings"]["down"], "out": wanted["crossings"]["up"]}
        figures[name] = {"by_eye": by_eye, "found": found, "error": sum(abs(found[d] - by_eye[d]) for d in by_eye)}
    return figures


def measure_vehicles(shared: Path, settings: Settings) -> Figures:
    """Recall and precision against the reference detector; `balanced` is where the smaller is largest."""
    args = argparse.Namespace(
        shared=shared, weights=_as_run(settings.vehicle_detector), size=640, step=FRAME_STEP,
        confidence=list(CONFIDENCES), overlap=settings.vehicle_detector.iou_threshold, threads=2,
        store=Path("runs/detectors/reference"),
    )  # fmt: skip
    figures = evaluate_detector.evaluate_vehicles(args)
    merged = {c: figures[f"confidence {c:g}, classes merged"]["all"] for c in CONFIDENCES}
    best = max(CONFIDENCES, key=lambda c: min(merged[c]["recall"], merged[c]["precision"]))
    return {
        "balanced": {"confidence": best, **merged[best]},
        "balanced_by_class": figures[f"confidence {best:g}, class-wise"]["all"],
        "by_confidence": {f"{c:g}": row for c, row in merged.items()},
        "clips": figures[f"confidence {best:g}, classes merged"],
    }


def measure_plate_boxes(shared: Path, settings: Settings) -> Figures:
    """Recall of plates on whole photos with at most one false box per ten photos."""
    args = argparse.Namespace(
        shared=shared, weights=settings.lp_detector.model_path, size=640,
        overlap=settings.lp_detector.iou_threshold, threads=2,
    )  # fmt: skip
    return evaluate_detector.evaluate_plates(args)


def measure_texts(shared: Path, settings: Settings) -> Figures:
    """Exact texts of labelled plate boxes with 5 % margin, by this reader and the peer."""
    assert settings.ocr_reader.model_dir is not None
    regions = {
        r: evaluate_plate_ocr.load(shared / "plates/endtoend" / r, 0.05) for r in evaluate_plate_ocr.REGIONS
    }
    readers = {
        "own": evaluate_plate_ocr.own_reader(settings.ocr_reader.model_dir),
        "peer": evaluate_plate_ocr.peer_reader(shared / "peers/cct_xs_v1_global.onnx"),
    }
    return {name: evaluate_plate_ocr.measure(reader, regions) for name, reader in readers.items()}


COUNTRIES_OF = {"us": ("US",), "eu": ("SK", "CZ", "GB"), "br": ("BR",)}
"""Countries of almost all photos of a region."""


def measure_photos(shared: Path, settings: Settings) -> Figures:
    """Exact texts of whole photos: the surest plate of the photo, cut and read as the application does."""
    detector = load_detector("lp_detector", settings.lp_detector)
    reader = PaddleTextRecognizer(settings.ocr_reader)
    figures: Figures = {}
    for region in evaluate_plate_ocr.REGIONS:
        photos = evaluate_plate_ocr.load(shared / "plates/endtoend" / region, 0.0)
        wrong: dict[str, list[str]] = {}
        right_at_once = right_with_countries = 0
        for photo in photos:
            image = np.asarray(cv2.imread(str(shared / "plates/endtoend" / region / photo.name)), dtype=np.uint8)
            height, width = image.shape[:2]
            text = ""
            for found in find_plates(detector, image, may_be_large=True)[:1]:
                box = grow_box(found.bbox_xyxy, settings.ocr_reader.crop_margin, width, height)
                plate = crop(image, box)
                reading = read_plate(reader, plate, settings.ocr_reader.min_confidence)
                text = reading.text
                with_countries = evaluate_world_plates.in_formats_of(COUNTRIES_OF[region], reading)
                right_with_countries += with_countries == photo.text
                right_at_once += normalize_plate_text(reader.read(plate)[0]) == photo.text
            if text != photo.text:
                wrong[photo.name] = [photo.text, text]
        figures[region] = {
            "exact": round(1 - len(wrong) / len(photos), 4),
            "exact_at_one_look": round(right_at_once / len(photos), 4),
            "right": len(photos) - len(wrong),
            "right_with_countries": right_with_countries,
            "of": len(photos),
            "wrong": wrong,
        }
    return figures


def measure_world(shared: Path, settings: Settings) -> Figures:
    """Exact texts of whole photos from many countries."""
    photos = evaluate_world_plates.load(shared / "plates/world")
    detector = load_detector("lp_detector", settings.lp_detector)
    return evaluate_world_plates.measure(photos, detector, PaddleTextRecognizer(settings.ocr_reader), settings)


SETS: dict[str, Callable[[Path, Settings], Figures]] = {
    "demo": measure_demo,
    "crossings": measure_crossings,
    "vehicles": measure_vehicles,
    "plate_boxes": measure_plate_boxes,
    "texts": measure_texts,
    "photos": measure_photos,
    "world": measure_world,
    "services": evaluate_photos.measure_shared,
}


def _regions(figures: Figures, key: str = "exact") -> str:
    return " / ".join(f"{figures[r][key]:.2f}" for r in evaluate_plate_ocr.REGIONS)


def _demo_rows(demo: Figures) -> list[tuple[str, str, str, str]]:
    invented = f"{len(demo['invented'])} invented" if demo["invented"] else "none invented"
    counts = "exact" if demo["counts_exact"] else f"not exact: {demo['counts']}"
    return [
        ("demo clip, whole application", "counts per line, direction and class", "exact", counts),
        (
            "the same",
            f"plates of the {len(demo['wanted_plates'])} vehicles whose plate is 60 px wide for 10 frames or more",
            "0.95, none invented",
            f"{demo['plates_exact']:.2f}, {invented}",
        ),
    ]


def _world_rows(groups: dict[str, dict[str, int]]) -> list[tuple[str, str, str, str]]:
    def share(group: dict[str, int], key: str) -> str:
        return f"{group[key] / group['of']:.2f} ({group[key]} of {group['of']})"

    photos = groups[evaluate_world_plates.ALL]
    where = f"{photos['of']} photos of `plates/world`, whole photo to text"
    return [
        (where, "exact texts", "0.75", share(photos, "right")),
        ("the same", "a plate is found", "", share(photos, "found")),
        ("the same", "plates of two lines", "0.65", share(groups[evaluate_world_plates.TWO_LINES], "right")),
    ]


def table(metrics: Figures) -> str:
    """The model card's table in Markdown."""
    rows = _demo_rows(metrics["demo"])
    for name, row in metrics["crossings"].items():
        counted = f"{sum(row['found'].values())} of {sum(row['by_eye'].values())}"
        rows.append((f"`{name}`, whole application", "crossings counted", "error of 1", counted))
    vehicles, by_class = metrics["vehicles"]["balanced"], metrics["vehicles"]["balanced_by_class"]
    clips = len(metrics["vehicles"]["clips"]) - 2
    where = f"every {FRAME_STEP}th frame of the {clips} clips never trained on, {vehicles['reference']:.0f} boxes"
    how = f"recall / precision at confidence {vehicles['confidence']:g}, IoU 0.5"
    rows += [
        (where, how, "0.80 / 0.80", f"{vehicles['recall']:.2f} / {vehicles['precision']:.2f}"),
        ("the same", "with the right class", "", f"{by_class['recall']:.2f} / {by_class['precision']:.2f}"),
        (
            "the same",
            "precision when boxes that the reference half sees (confidence 0.1 to 0.4) are left out",
            "",
            f"{vehicles['lenient_precision']:.2f}",
        ),
    ]
    boxes = metrics["plate_boxes"]
    rows += [
        (
            f"{boxes['photos']} photos of `plates/endtoend`",
            "plate box recall, IoU 0.4, at most one false box per ten photos (us / eu / br)",
            "0.85",
            f"{boxes['recall']:.2f} ("
            + " / ".join(f"{boxes[f'recall {r}']:.2f}" for r in evaluate_plate_ocr.REGIONS)
            + ")",
        ),
        (
            "the same, plate boxes with 5 % margin",
            "exact texts us / eu / br",
            "0.80 / 0.83 / 0.85",
            _regions(metrics["texts"]["own"]),
        ),
        ("the same, by the peer fast-plate-ocr CCT-XS", "", "", _regions(metrics["texts"]["peer"])),
        ("the same, whole photo to text", "exact texts", "0.80 / 0.90 / 0.97", _regions(metrics["photos"])),
        (
            "the same",
            "not levelled",
            "",
            _regions(metrics["photos"], "exact_at_one_look"),
        ),
        (
            f"parts of these photos at {PLATE_INPUT} px, plates under 0.4 / 0.4 to 0.6 / over 0.6 of the width",
            "plates found whole: 0.9 of the width covered",
            "",
            " / ".join(f"{row['share']:.2f}" for row in boxes["whole by width"].values()),
        ),
        *_world_rows(metrics["world"]["groups"]),
        (
            "all these photos through the services (world / us / eu / br)",
            "exact texts",
            "",
            " / ".join(f"{row['right']} of {row['of']}" for row in metrics["services"].values()),
        ),
    ]
    lines = ["| set | figure | at least | reached |", "|---|---|---|---|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def write_table(card: Path, metrics: Figures) -> None:
    """Replace the model card's table.

    Raises:
        ValueError: the card has lost its markers.
    """
    text = card.read_text()
    before, begins, rest = text.partition(TABLE_BEGINS)
    _, ends, after = rest.partition(TABLE_ENDS)
    if not begins or not ends:
        raise ValueError(f"{card} has no '{TABLE_BEGINS}' ... '{TABLE_ENDS}'")
    card.write_text(f"{before}{begins}\n\n{table(metrics)}\n\n{ends}{after}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument(
        "--only", nargs="+", choices=list(SETS), default=list(SETS), help="leave the others as they are"
    )
    args = parser.parse_args()
    settings = load_settings()
    metrics: Figures = json.loads(METRICS.read_text()) if METRICS.exists() else {}
    for name in args.only:
        metrics[name] = SETS[name](args.shared, settings)
        print(f"{name}: done", flush=True)
        METRICS.write_text(json.dumps(metrics, indent=1) + "\n")
    write_table(MODEL_CARD, metrics)
    print(table(metrics))


if __name__ == "__main__":
    main()

"""Counts of every clip in a folder, ours beside Ultralytics' ObjectCounter: same weights, same line.

    python -m benchmarks.count_peers --clips FOLDER --out FOLDER [--truth ground_truth.yaml] [--set KEY=VALUE ...]

Writes a space-time picture per clip into --out: every vehicle is a blob and must carry one mark. A clip's line is
across the picture at `line_y` of the truth file, else at --line-y. ObjectCounter follows the box's middle, this
program the middle of its lower edge, so a vehicle near the clip's begin or end may count for one of them only.
"""

import argparse
from pathlib import Path
from typing import Any

import cv2
import yaml

from benchmarks.peers import ultralytics_counter
from traffic_monitor.app.slit import draw_slit
from traffic_monitor.inference.environment import prepare_environment
from traffic_monitor.settings import Settings
from traffic_monitor.settings.loader import load_settings
from traffic_monitor.shared_utils.logging_config import LogTarget, configure_logging


def count_with_object_counter(settings: Settings, clip: Path, line_y: float) -> tuple[int, int]:
    """Crossings down and up, by Ultralytics' ObjectCounter."""
    prepare_environment()
    capture = cv2.VideoCapture(str(clip))
    width, height = (capture.get(key) for key in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
    region = [(0, int(line_y * height)), (int(width), int(line_y * height))]
    weights = settings.vehicle_detector.model_path
    assert weights is not None
    counter = ultralytics_counter(weights, region)
    while True:
        read, image = capture.read()
        if not read:
            return counter.in_count, counter.out_count
        counter.process(image)


def count_ourselves(clip: Path, line_y: float, overrides: list[str], picture: Path) -> tuple[int, int]:
    """Crossings down and up, by this program."""
    line = f"vehicle_counter.lines=[{{name: main, points: [[0, {line_y}], [1, {line_y}]]}}]"
    settings = load_settings(None, [*overrides, line], {"frame_grabber": {"source": str(clip)}})
    crossings = draw_slit(settings, "main", picture)
    down = sum(crossing["direction"] == "in" for crossing in crossings)
    return down, len(crossings) - down


def main() -> None:
    """Count every clip both ways and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--line-y", type=float, default=0.6)
    parser.add_argument("--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE")
    arguments = parser.parse_args()
    configure_logging("count_peers", LogTarget(None))
    arguments.out.mkdir(parents=True, exist_ok=True)
    truth: dict[str, Any] = yaml.safe_load(arguments.truth.read_text()) if arguments.truth else {}
    settings = load_settings(None, arguments.overrides)
    print(f"{'clip':50s} {'by eye':>9s} {'ours':>9s} {'ObjectCounter':>14s}   (down up)", flush=True)
    for clip in sorted(arguments.clips.rglob("*.mp4")):
        known = truth.get(clip.name, {})
        line_y = known.get("line_y", arguments.line_y)
        by_eye = "{down} {up}".format(**known["crossings"]) if "crossings" in known else "-"
        ours = count_ourselves(clip, line_y, arguments.overrides, arguments.out / f"{clip.stem}.png")
        theirs = count_with_object_counter(settings, clip, line_y)
        columns = (f"{a} {b}" for a, b in (ours, theirs))
        print(f"{clip.stem:50s} {by_eye:>9s} {next(columns):>9s} {next(columns):>14s}", flush=True)


if __name__ == "__main__":
    main()

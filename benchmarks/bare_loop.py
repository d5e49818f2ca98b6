"""How fast the whole application is, compared with the bare detector loop on the same clip and weights.

    python benchmarks/bare_loop.py --source CLIP --config SETTINGS [--runs 3] [--set KEY=VALUE ...]

Both run in turn, each in processes of its own; the medians and their ratio are printed. The bare loop decodes the
clip and calls Ultralytics' ``predict`` on each frame, nothing else. Loading models is not counted on either side.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from traffic_monitor.inference.environment import prepare_environment
from traffic_monitor.shared_utils.config_loader import load_settings

WARM_UP_FRAMES = 5


def measure_bare_loop(source: str, config: Path, overrides: list[str]) -> float:
    """Frames per second of decoding and detecting alone."""
    prepare_environment()
    import cv2
    from ultralytics import YOLO

    settings = load_settings(config, overrides).vehicle_detector
    model = YOLO(str(settings.model_path), task="detect")
    capture = cv2.VideoCapture(source)
    frames, started = 0, 0.0
    while True:
        read, image = capture.read()
        if not read:
            break
        model.predict(image, conf=settings.conf_threshold, iou=settings.iou_threshold, verbose=False)
        frames += 1
        if frames == WARM_UP_FRAMES:
            started = time.perf_counter()
    return (frames - WARM_UP_FRAMES) / (time.perf_counter() - started)


def measure_application(source: str, config: Path, overrides: list[str]) -> float:
    """Frames per second of all seven services, as their summary states it."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "traffic_monitor.main_supervisor", "run", "--source", source]
        command += ["--config", str(config), "--output", folder, "--display", "off"]
        for override in overrides:
            command += ["--set", override]
        subprocess.run(command, check=True, capture_output=True)
        return float(json.loads((Path(folder) / "latest" / "summary.json").read_text())["fps"])


def main() -> None:
    """Alternate the two and print medians and ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", required=True)
    parser.add_argument("--config", type=Path, default=Path("config/settings.yaml"))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE")
    parser.add_argument("--bare", action="store_true", help="measure the bare loop once and print its frames/s")
    arguments = parser.parse_args()
    if arguments.bare:
        print(measure_bare_loop(arguments.source, arguments.config, arguments.overrides))
        return
    bare, whole = [], []
    for run in range(arguments.runs):
        again = [sys.executable, *sys.argv, "--bare"]
        printed = subprocess.run(again, check=True, capture_output=True, text=True).stdout
        bare.append(float(printed.split()[-1]))
        whole.append(measure_application(arguments.source, arguments.config, arguments.overrides))
        print(f"run {run + 1}: bare loop {bare[-1]:.1f} frames/s, application {whole[-1]:.1f} frames/s")
    ratio = statistics.median(whole) / statistics.median(bare)
    print(f"medians: {statistics.median(bare):.1f} and {statistics.median(whole):.1f} frames/s, ratio {ratio:.2f}")


if __name__ == "__main__":
    main()

"""How fast the application is: beside others on the same material, and along what may differ on a road.

    python -m benchmarks.speed [--shared ../shared] [--runs 3] [--only compare|cameras|curves] [--to runs/speed]

Every run is a process of its own, and the runs of a comparison alternate, because a machine's speed drifts; what
counts is the ratio of the medians. Prints tables and writes TO.json. ``make bench`` runs it in under ten minutes.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.clips import camera_clip, scaled_clip, street_with_vehicles
from traffic_monitor.inference.model_cache import as_openvino, default_cache_dir
from traffic_monitor.settings.loader import load_settings

Figures = dict[str, Any]

SETTINGS = Path("config/settings.yaml")
STREET = Path("demo/street.mp4")
NO_PLATES = ["--set", "lp_detector.min_vehicle_width_px=7680"]
"""No vehicle is that wide, so none is searched for its plate."""
CAMERA_SECONDS = 12
"""How long several cameras are watched."""


@dataclass(frozen=True)
class Comparison:
    """Two kinds of run whose ratio is wanted."""

    what: str
    ours: str
    theirs: str
    floor: float
    aim: float


COMPARISONS = [
    Comparison("ObjectCounter, same OpenVINO export", "application", "ObjectCounter, export", 1.2, 1.6),
    Comparison("ObjectCounter, .pt", "application", "ObjectCounter, .pt", 2.5, 4),
    Comparison("the same int8 640x640 model", "application, int8", "ObjectCounter, int8", 0.9, 1.1),
    Comparison("the application without video", "application, video", "application", 0.8, 0.95),
    Comparison("OpenVINO's limit, no plates", "application, no plates", "OpenVINO", 0.6, 0.85),
    Comparison("one process, plates", "application, street", "one process, street", 2, 4),
]


def application(source: Path, *options: str, may_drop: bool = False) -> Figures:
    """One measured run of all seven services."""
    return _measured("--source", str(source), *options, may_drop=may_drop)


def _measured(*options: str, may_drop: bool) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        to = Path(folder) / "bench"
        _run("-m", "traffic_monitor.main_supervisor", "bench", "--to", to, *options)
        figures: Figures = json.loads(to.with_suffix(".json").read_text())
    if figures["exit_reason"] != "end_of_stream" or (figures["dropped"] and not may_drop):
        raise SystemExit(f"not a whole run: {figures['exit_reason']}, {figures['dropped']} frames dropped")
    return figures


def peer(name: str, source: Path, weights: Path, *options: str) -> Figures:
    """One measured run of something else."""
    figures: Figures = json.loads(
        _run("-m", "benchmarks.peers", name, "--source", source, "--weights", weights, *options).splitlines()[-1]
    )
    return figures


def _run(*arguments: object) -> str:
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def compare(shared: Path, runs: int) -> Figures:
    """Alternate all kinds of run, and put their medians in relation."""
    clip = shared / "videos/adamridene_demo_video.mp4"
    int8 = shared / "weights/yolo11n_coco_int8_openvino_model"
    detector = load_settings(SETTINGS).vehicle_detector
    assert detector.model_path is not None
    export = as_openvino(detector.model_path, detector.imgsz, default_cache_dir())
    kinds: dict[str, Callable[[], Figures]] = {
        "application": lambda: application(clip),
        "ObjectCounter, export": lambda: peer("object_counter", clip, export),
        "application, video": lambda: application(clip, "--save-video"),
        "ObjectCounter, .pt": lambda: peer("object_counter", clip, detector.model_path, "--frames", "50"),
        "application, no plates": lambda: application(clip, *NO_PLATES),
        "OpenVINO": lambda: peer("openvino_limit", clip, export),
        "application, int8": lambda: application(clip, "--weights", int8),
        "ObjectCounter, int8": lambda: peer("object_counter", clip, int8),
        "application, street": lambda: application(STREET),
        "one process, street": lambda: peer("one_process", STREET, export, "--frames", "40"),
    }
    speeds: dict[str, list[float]] = {kind: [] for kind in kinds}
    for number in range(runs):
        for kind, run in kinds.items():
            speeds[kind].append(run()["frames_per_s"])
            print(f"run {number + 1}: {kind}: {speeds[kind][-1]:.1f} frames/s", flush=True)
    medians = {kind: statistics.median(measured) for kind, measured in speeds.items()}
    print("\n| against | frames/s | theirs | ratio | at least | aim |\n|---|---|---|---|---|---|")
    for row in COMPARISONS:
        ours, theirs = medians[row.ours], medians[row.theirs]
        print(f"| {row.what} | {ours:.1f} | {theirs:.1f} | {ours / theirs:.2f} | {row.floor} | {row.aim} |")
    return {"speeds": speeds, "ratios": {row.what: medians[row.ours] / medians[row.theirs] for row in COMPARISONS}}


def live(shared: Path) -> Figures:
    """A clip of 30 frames/s played at its own speed, as a camera would send it."""
    clip = shared / "videos/adamridene_demo_video.mp4"
    figures = application(clip, "--set", "frame_grabber.mode=live", may_drop=True)
    told = ("frames", "dropped", "latency_ms_p50", "latency_ms_p95", "memory_mb", "startup_s", "first_result_s")
    print("\nlive:", ", ".join(f"{name} {figures[name]}" for name in told), flush=True)
    return {name: figures[name] for name in told}


def cameras(shared: Path) -> Figures:
    """One to four cameras at 10 frames/s, then four at 15: different streets, played at their own speed."""
    clips = [
        shared / "videos/adamridene_demo_video.mp4",
        STREET,
        shared / "videos/parkpow_cars.mp4",
        shared / "videos/pruthi_traffic.mp4",
    ]
    points: list[Figures] = []
    print(
        "\n| cameras | frames/s each | frames | frames dropped | plate work dropped | capture to count p50, p95 |",
        end="",
    )
    print(" CPU ms per frame | MB |\n|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, fps in ((1, 10), (2, 10), (3, 10), (4, 10), (4, 15)):
            listed = []
            for clip in clips[:number]:
                source = str(camera_clip(folder, clip, fps, CAMERA_SECONDS))
                listed.append({"camera_id": clip.stem, "frame_grabber": {"source": source, "mode": "live"}})
            settings = folder / "cameras.yaml"
            settings.write_text(yaml.safe_dump({"cameras": listed}), encoding="utf-8")
            figures = _measured("--config", str(settings), may_drop=True)
            cpu = sum(service["cpu_ms_per_frame"] for service in figures["services"].values())
            lost = figures["services"]["frame_grabber"]["dropped"]
            point = {"cameras": number, "fps": fps, "frames": figures["frames"], "dropped": lost}
            point |= {"plates_dropped": figures["dropped"] - lost, "cpu_ms": cpu}
            point |= {name: figures[name] for name in ("latency_ms_p50", "latency_ms_p95", "memory_mb")}
            points.append(point)
            print(
                f"| {number} | {fps} | {point['frames']} | {lost} | {point['plates_dropped']} "
                f"| {point['latency_ms_p50']:.0f}, {point['latency_ms_p95']:.0f} ms | {cpu:.1f} "
                f"| {point['memory_mb']} |",
                flush=True,
            )
    return {"points": points}


def curves() -> Figures:
    """One run each along vehicles per frame, resolution, queue size and length of the clip."""
    points: list[Figures] = []
    print("\n| curve | at | frames/s | CPU ms per frame | memory MB |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for curve, at, source, options in _points(Path(folder)):
            figures = application(source, *options)
            cpu = sum(service["cpu_ms_per_frame"] for service in figures["services"].values())
            speed, memory = figures["frames_per_s"], figures["memory_mb"]
            points.append({"curve": curve, "at": at, "frames_per_s": speed, "cpu_ms": cpu, "memory_mb": memory})
            print(f"| {curve} | {at} | {speed:.1f} | {cpu:.1f} | {memory} |", flush=True)
    return {"points": points}


def _points(folder: Path) -> Iterator[tuple[str, str, Path, list[str]]]:
    """Curve, place on it, clip, options."""
    for vehicles in (0, 5, 10, 20, 40):
        yield "vehicles per frame", str(vehicles), street_with_vehicles(folder, STREET, vehicles), []
    for height in (360, 720, 1080, 2160):
        yield "resolution", f"{height}p", scaled_clip(folder, STREET, height, frames=100), []
    short = scaled_clip(folder, STREET, 720, frames=150)
    for size in (1, 4, 64):
        yield "queue size", str(size), short, ["--set", f"queue_size={size}"]
    for frames in (100, 400):
        yield "frames of the clip", str(frames), scaled_clip(folder, STREET, 720, frames=frames), []


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--only", choices=["compare", "cameras", "curves"])
    parser.add_argument("--to", type=Path, default=Path("runs/speed"), help="the .json to write, without ending")
    arguments = parser.parse_args()
    figures: Figures = {}
    if arguments.only in (None, "compare"):
        figures["comparisons"] = compare(arguments.shared, arguments.runs)
        figures["live"] = live(arguments.shared)
    if arguments.only in (None, "cameras"):
        figures["cameras"] = cameras(arguments.shared)
    if arguments.only in (None, "curves"):
        figures["curves"] = curves()
    arguments.to.parent.mkdir(parents=True, exist_ok=True)
    arguments.to.with_suffix(".json").write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()

"""Counts at low frame rates: the detector runs once per clip, then tracker and counter at every frame rate.

    python -m benchmarks.low_frame_rates --shared ../shared [--only NAME ...] [--fps 0 12 8] [--needed]
        [--set KEY=VALUE ...]

Detections are kept in runs/detections, a file per clip and model, so that a variant of the tracker is measured in
seconds; delete the folder when the weights have changed. A frame rate below the clip's own leaves out the frames
that `frame_grabber.target_fps` leaves out; 0 is the clip's own. Wrong are vehicles missed or invented, per
direction. The truth is that of the shared truth files and of the demo clip; for the clips counted by eye in
RESULTS.md, to about one vehicle each way, there is a sum of its own.
"""

import argparse
import hashlib
import json
import queue
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from traffic_monitor.capture.sources import open_source
from traffic_monitor.inference.detection import DetectedBox
from traffic_monitor.inference.search_pace import SearchPace
from traffic_monitor.services.frame_grabber import FrameGrabber
from traffic_monitor.services.vehicle_counter import VehicleCounter
from traffic_monitor.services.vehicle_detector import VehicleDetector
from traffic_monitor.services.vehicle_tracker import VehicleTracker
from traffic_monitor.settings import Settings
from traffic_monitor.settings.loader import load_settings
from traffic_monitor.shared_utils.custom_types import CountUpdateMessage, DetectionMessage, media_time_of
from traffic_monitor.shared_utils.logging_config import LogTarget, configure_logging

DEMO = Path("demo/street.mp4")
CACHE = Path("runs/detections")
LINE_Y = 0.6
READ_TIMEOUT_S = 0.5
EARLY_S = 1e-6
"""Times are rounded: a frame this little early is on time, as in the grabber."""

BY_EYE = {
    "iacv_foreste": (0, 5),
    "opencv4nodejs_traffic": (0, 0),
    "625_201707221316": (13, 11),
    "625_201709211001": (13, 15),
    "625_201709211556": (23, 3),
    "625_201709281121": (12, 17),
    "625_201709301058": (9, 13),
}
"""In and out over a line at 0.6 of the height, from RESULTS.md."""

Range = tuple[int, int]


@dataclass(frozen=True)
class Clip:
    """A clip, the line to count over, and how many vehicles cross it."""

    path: Path
    line: Sequence[Sequence[float]] | None
    """Two points, fractions of the frame; None: that of the settings."""
    truth: tuple[Range, Range] | None
    """Fewest and most vehicles in, and out."""
    is_exact: bool = True

    def settings(self, overrides: Sequence[str]) -> Settings:
        """The program's settings for this clip."""
        lines = [f"vehicle_counter.lines=[{{name: main, points: {json.dumps(self.line)}}}]"] if self.line else []
        return load_settings(None, [*overrides, *lines], {"frame_grabber": {"source": str(self.path)}})


def clips_of(shared: Path) -> list[Clip]:
    """The demo clip and all shared clips, those with a truth first."""
    videos = shared / "videos"
    here: dict[str, Any] = yaml.safe_load((videos / "ground_truth.yaml").read_text(encoding="utf-8"))
    world: dict[str, Any] = yaml.safe_load((videos / "world" / "ground_truth.yaml").read_text(encoding="utf-8"))
    demo = [row["direction"] for row in json.loads(DEMO.with_suffix(".json").read_text())["crossings"]]
    clips = [Clip(DEMO, None, (_range(demo.count("toward")), _range(demo.count("away"))))]
    for path in sorted(videos.rglob("*.mp4")):
        told = {**here, **world}.get(path.name, {})
        line_y = told.get("line_y", LINE_Y)
        line = told.get("line", [[0, line_y], [1, line_y]])
        if "in" in told:
            clips.append(Clip(path, line, (_range(told["in"]), _range(told["out"]))))
        elif "crossings" in told:
            clips.append(Clip(path, line, (_range(told["crossings"]["down"]), _range(told["crossings"]["up"]))))
        else:
            by_eye = BY_EYE.get(path.stem)
            clips.append(Clip(path, line, (_range(by_eye[0]), _range(by_eye[1])) if by_eye else None, False))
    return sorted(clips, key=lambda clip: (not clip.is_exact, clip.truth is None))


def wrong(counted: tuple[int, int], truth: tuple[Range, Range]) -> int:
    """Vehicles missed or invented, per direction."""
    return sum(max(low - n, n - high, 0) for n, (low, high) in zip(counted, truth, strict=True))


def detections_of(clip: Clip, overrides: Sequence[str]) -> list[DetectionMessage]:
    """What the detector finds in every frame of the clip, from the file that keeps it where there is one."""
    settings = clip.settings(overrides)
    model = json.dumps(settings.vehicle_detector.model_dump(mode="json", exclude={"search"}), sort_keys=True)
    kept = CACHE / f"{clip.path.stem}_{hashlib.sha256(model.encode()).hexdigest()[:8]}.json"
    if not kept.exists():
        detector = VehicleDetector(settings)
        found = [detector.process(frame)[0] for frame in _frames(settings)]
        CACHE.mkdir(parents=True, exist_ok=True)
        without_pixels = [{**message, "frame_data_jpeg": ""} for message in found]
        part = kept.with_suffix(".part")
        part.write_text(json.dumps(without_pixels))
        part.replace(kept)
    return cast(list[DetectionMessage], json.loads(kept.read_text()))


def thinned(frames: Sequence[DetectionMessage], fps: float) -> Iterator[DetectionMessage]:
    """The frames that `frame_grabber.target_fps` passes on, numbered as the grabber does; 0: all."""
    interval, due, index = 1 / fps if fps else 0.0, 0.0, 0
    for frame in frames:
        position = media_time_of(frame)
        if position + EARLY_S >= due:
            due = (due if position - due < interval else position) + interval
            yield {**frame, "frame_index": index}
            index += 1


def paced(frames: Sequence[DetectionMessage]) -> Iterator[DetectionMessage]:
    """The frames that `vehicle_detector.search: needed` searches, and who is found in them."""
    pace = SearchPace()
    for frame in frames:
        time_s = media_time_of(frame)
        if pace.is_due(time_s):
            pace.started(time_s)
            boxes = [DetectedBox(d["bbox_xyxy"], d["confidence"], d["class_id"]) for d in frame["detections"]]
            pace.found(boxes, time_s)
            yield frame


def count(settings: Settings, frames: Iterator[DetectionMessage]) -> tuple[int, int]:
    """Vehicles in and out, by the services' own tracker and counter."""
    tracker, counter = VehicleTracker(settings), VehicleCounter(settings)
    updates: list[CountUpdateMessage] = []
    for frame in frames:
        updates += counter.process(tracker.process(frame)[0])
    updates += counter.flush()
    names = [crossing["direction"] for update in updates for crossing in update["crossings"]]
    return names.count("in"), names.count("out")


def main() -> None:
    """Count, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="clips with this in their names")
    parser.add_argument("--fps", type=float, nargs="+", default=[0, 12, 8])
    parser.add_argument("--needed", action="store_true", help="also with vehicle_detector.search=needed")
    parser.add_argument("--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE")
    parser.add_argument("--all", action="store_true", help="also clips without a truth")
    arguments = parser.parse_args()
    configure_logging("low_frame_rates", LogTarget(None))
    rates = [f"{fps:g} frames/s" if fps else "as it is" for fps in arguments.fps]
    if arguments.needed:
        rates.append("as often as needed")
    print(f"| clip | truth | {' | '.join(rates)} |\n|---|---|{'---|' * len(rates)}", flush=True)
    sums: dict[bool, list[int]] = {}
    for clip in clips_of(arguments.shared):
        if not _wanted(clip, arguments.only, everything=arguments.all):
            continue
        frames = detections_of(clip, arguments.overrides)
        settings = clip.settings(arguments.overrides)
        cells = [count(settings, thinned(frames, fps)) for fps in arguments.fps]
        if arguments.needed:
            cells.append(count(settings, paced(frames)))
        print(_row(clip, cells), flush=True)
        if clip.truth is not None:
            known = sums.setdefault(clip.is_exact, [0] * (1 + len(cells)))
            known[0] += sum(high for _, high in clip.truth)
            for place, cell in enumerate(cells, 1):
                known[place] += wrong(cell, clip.truth)
    for is_exact, (vehicles, *errors) in sums.items():
        name = "wrong" if is_exact else "wrong, counted by eye"
        print(f"| {name} | {vehicles} | {' | '.join(map(str, errors))} |")


def _wanted(clip: Clip, names: Sequence[str], *, everything: bool) -> bool:
    if names:
        return any(name in str(clip.path) for name in names)
    return everything or clip.truth is not None


def _row(clip: Clip, cells: Sequence[tuple[int, int]]) -> str:
    columns = ["{} {}".format(*cell) for cell in cells]
    if clip.truth is None:
        return f"| `{clip.path.stem}` | ? | {' | '.join(columns)} |"
    errors = [wrong(cell, clip.truth) for cell in cells]
    columns = [f"{each} **({error})**" if error else each for each, error in zip(columns, errors, strict=True)]
    truth = " ".join(str(low) if low == high else f"{low}-{high}" for low, high in clip.truth)
    return f"| `{clip.path.stem}` | {truth} | {' | '.join(columns)} |"


def _range(value: int | Sequence[int]) -> Range:
    low, high = (value, value) if isinstance(value, int) else value
    return low, high


def _frames(settings: Settings) -> Iterator[Any]:
    """The frames of the source as the grabber sends them."""
    grabber, source = FrameGrabber(settings), open_source(settings.frame_grabber)
    try:
        while True:
            try:
                captured = source.get(timeout=READ_TIMEOUT_S)
            except queue.Empty:
                continue
            if captured is None:
                return
            yield from grabber.process(captured)
    finally:
        source.close()


if __name__ == "__main__":
    main()

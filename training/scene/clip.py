"""How does a scenario become frames with ground truth? Paints frame by frame; frames already there are
kept.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import cv2
import numpy as np

from training.scene import plates
from training.scene.camera import Camera
from training.scene.camera_look import Look, develop
from training.scene.ground_truth import Line, crossings, frame_rows
from training.scene.traffic import Drive
from training.scene.traffic_painter import Painter, Pose, Vehicle

NEAR, FAR_LIMIT = -9.0, 140.0
"""Vehicles whose middle lies outside these distances (metres) are not drawn."""


@dataclass(frozen=True)
class Scenario:
    """What happens: drives, frame rate, number of frames, exposure (seconds), line, camera and its look."""

    name: str
    drives: list[Drive]
    camera: Camera
    line: Line
    rate: int = 25
    frames: int = 600
    exposure: float = 1 / 300
    look: Look = field(default_factory=Look)


def load_vehicles(painter: Painter, fleet: Path, drives: list[Drive]) -> dict[str, Vehicle]:
    """One vehicle per drive, with the drive's plates."""
    out = {}
    for drive in drives:
        layout, writing = plates.LAYOUTS[drive.layout], drive.plate
        size = (layout.size[0] / 1000, layout.size[1] / 1000)
        pictures = {end: (plates.draw(layout, writing, end), size) for end in drive.plates_at}
        out[drive.name] = Vehicle(painter, fleet / f"{drive.model}.npz", pictures)
    return out


def poses(scenario: Scenario, vehicles: dict[str, Vehicle], moment: float) -> list[tuple[Drive, Vehicle, Pose]]:
    """Who is where at a moment (seconds)."""
    out = []
    for drive in scenario.drives:
        first, last = drive.span()
        if first <= moment <= last:
            pose = Pose(*drive.at(moment))
            if NEAR < pose.y < FAR_LIMIT:
                out.append((drive, vehicles[drive.name], pose))
    return out


def smear(scenario: Scenario, drive: Drive, moment: float) -> tuple[float, float]:
    """Pixels (x, y) that a drive's middle moves in the picture during the exposure around a moment."""
    ends = [drive.at(moment + share * scenario.exposure) for share in (-0.5, 0.5)]
    pixels, depth = scenario.camera.project(np.array([(end[0], end[1], 0.7) for end in ends]))
    if depth.min() < 6.0:
        return 0.0, 0.0
    return float(pixels[1, 0] - pixels[0, 0]), float(pixels[1, 1] - pixels[0, 1])


def paint_frames(scenario: Scenario, place: Path, fleet: Path, out: Path, only: range | None = None) -> None:
    """Write out/frames/NNNNN.png (developed, noise-free) and out/truth/NNNNN.json for every frame not there
    yet.
    """
    painter = Painter(place, scenario.camera)
    vehicles = load_vehicles(painter, fleet, scenario.drives)
    numbers = {drive.name: index + 1 for index, drive in enumerate(scenario.drives)}
    for part in ("frames", "truth"):
        (out / part).mkdir(parents=True, exist_ok=True)
    started, done = time.time(), 0
    for index in only or range(scenario.frames):
        truth_path, picture_path = out / "truth" / f"{index:05d}.json", out / "frames" / f"{index:05d}.png"
        if truth_path.exists():
            continue
        moment = index / scenario.rate
        moving = poses(scenario, vehicles, moment)
        smears = [smear(scenario, drive, moment) for drive, _, _ in moving]
        light, ids = painter.paint([(vehicle, pose) for _, vehicle, pose in moving], smears)
        cv2.imwrite(str(picture_path), develop(light, scenario.look), [cv2.IMWRITE_PNG_COMPRESSION, 2])
        rows = frame_rows(
            [(_plain(drive), vehicle, pose) for drive, vehicle, pose in moving], ids, scenario.camera, numbers
        )
        truth_path.write_text(json.dumps(rows))
        done += 1
        if done % 10 == 0:
            print(f"frame {index}: {(time.time() - started) / done:.2f} s a frame", flush=True)


def _plain(drive: Drive) -> Drive:
    """The drive with its plate as a reader should give it."""
    return replace(drive, plate=plates.plain(drive.plate))


def gather(scenario: Scenario, place: Path, fleet: Path, out: Path) -> dict[str, Any]:
    """The whole clip's ground truth from the stored frames' truths."""
    painter = Painter(place, scenario.camera)
    vehicles = load_vehicles(painter, fleet, scenario.drives)
    numbers = {drive.name: index + 1 for index, drive in enumerate(scenario.drives)}
    frames = [json.loads((out / "truth" / f"{index:05d}.json").read_text()) for index in range(scenario.frames)]
    about = []
    for drive in scenario.drives:
        widths = [
            plate["width_px"]
            for rows in frames
            for row in rows
            if row["id"] == numbers[drive.name]
            for plate in row["plates"]
            if plate["visible"] > 0.9
        ]
        about.append(
            {
                "id": numbers[drive.name],
                "name": drive.name,
                "class": drive.kind,
                "model": drive.model,
                "plate": plates.plain(drive.plate),
                "plate_layout": drive.layout,
                "direction": drive.direction,
                "speed_kmh": round(drive.speed * 3.6, 1),
                "stops": drive.stop is not None,
                "widest_plate_px": max(widths, default=0.0),
                "frames_plate_60px": sum(width >= 60 for width in widths),
            }
        )
    ends = scenario.line.pixels(scenario.camera)
    plain = [_plain(drive) for drive in scenario.drives]
    return {
        "clip": scenario.name,
        "width": scenario.camera.width,
        "height": scenario.camera.height,
        "frames_per_second": scenario.rate,
        "frame_count": scenario.frames,
        "coordinates": "pixels of the full frame, x right, y down; boxes x1 y1 x2 y2",
        "line": {
            "name": scenario.line.name,
            "points": [[round(float(v), 1) for v in point] for point in ends],
        },
        "vehicles": about,
        "crossings": crossings(
            plain, vehicles, scenario.camera, scenario.line, scenario.rate, scenario.frames, numbers
        ),
        "frames": [
            {"index": index, "time_s": round(index / scenario.rate, 3), "vehicles": rows}
            for index, rows in enumerate(frames)
        ],
    }


def fresh_plate(layout: str, rng: Random, digits: str = "0123456789") -> str:
    """New writing for a layout by name, with the given digits."""
    return plates.new_text(plates.LAYOUTS[layout], rng, digits)

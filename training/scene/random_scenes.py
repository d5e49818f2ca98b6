"""Training pictures: random places, cameras, light and traffic with YOLO labels, all drawn from one seed.

    python -m training.scene.random_scenes --out FOLDER --seed 0 --places 4 --pictures 60

Every place gets its own camera, light and pool of vehicles, then many pictures of random traffic. Parts
already written are kept, so a stopped run goes on. Labels: vehicles/labels (0 car, 1 motorcycle, 2 bus,
3 truck) and plates/labels (0 plate) for the same images, 'class x y w h' in shares of the picture;
plates/texts holds corners and texts as JSON.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import cv2
import numpy as np

from training.scene.camera import Camera
from training.scene.camera_look import Look, capture, develop
from training.scene.clip import fresh_plate, load_vehicles
from training.scene.fleet import build_all
from training.scene.ground_truth import frame_rows
from training.scene.place import LANE, PlaceSpec
from training.scene.plates import LAYOUTS, plain
from training.scene.render_place import render
from training.scene.textures import LIGHTS
from training.scene.traffic import Drive
from training.scene.traffic_painter import Painter, Pose, Vehicle

CLASSES = {"car": 0, "motorcycle": 1, "bus": 2, "truck": 3}
SIZE = (1280, 720)
EXPOSURE = {"day": 0.8, "overcast": 0.85, "dusk": 1.7}
CAR_STYLES = ("sedan", "sedan", "hatch", "hatch", "estate", "suv", "suv", "city", "mpv", "pickup")
PAINTS = (
    "white",
    "white",
    "silver",
    "silver",
    "grey",
    "dark_grey",
    "black",
    "black",
    "blue",
    "navy",
    "red",
    "wine",
    "green",
    "beige",
    "brown",
    "light_blue",
    "pearl",
    "orange",
    "yellow",
)
SMALLEST_LABEL = 10
"""Vehicles lower than this many pixels, and plates narrower, get no label."""
LEAST_SEEN = 0.15
"""Share of a vehicle's box that must show it; of one hidden more than that nobody could say what it is."""


def random_place(rng: Random) -> tuple[PlaceSpec, Camera]:
    """A place and a camera above or beside its road."""
    light = LIGHTS[rng.choice(["day", "day", "overcast", "dusk"])]
    angle, steep = rng.uniform(0, 6.28), rng.uniform(0.35, 0.8) if light.name != "dusk" else 0.2
    flat = (1 - steep**2) ** 0.5
    light = replace(
        light,
        sun=(float(flat * np.cos(angle)), float(flat * np.sin(angle)), steep),
        cloud=light.cloud * rng.uniform(0.7, 1.05),
    )
    lanes = rng.choice([2, 2, 3, 4])
    moods = [rng.choice(["houses", "trees"]) for _ in range(2)]
    spec = PlaceSpec(
        rng.randrange(10**6),
        light,
        (24, 62) if lanes == 2 and rng.random() < 0.4 else None,
        moods[0],
        moods[1],
        lanes,
        parked=False,
    )
    height = rng.uniform(3.5, 8.5)
    focal = rng.uniform(1000, 2200)
    horizon = rng.uniform(-0.05, 0.28) * SIZE[1]
    pitch = float(np.degrees(np.arctan((SIZE[1] / 2 - horizon) / focal)))
    x = rng.uniform(-spec.half - 2, spec.half + 2)
    return spec, Camera((x, 0.0, height), -x * rng.uniform(0.6, 1.8), pitch, focal, *SIZE)


def random_fleet(rng: Random, count: int) -> list[dict[str, object]]:
    """Vehicle specifications: fewer cars than on a road, because photos have hardly anything else."""
    rows: list[dict[str, object]] = []
    for number in range(count):
        kind = rng.choices(["car", "motorcycle", "bus", "truck", "van"], [38, 20, 12, 25, 5])[0]
        styles = {
            "car": CAR_STYLES,
            "motorcycle": ("naked", "touring", "sport"),
            "bus": ("city", "coach"),
            "truck": ("box", "tipper", "semi"),
            "van": ("van",),
        }
        rows.append(
            {
                "name": f"v{number}",
                "kind": kind,
                "style": rng.choice(styles[kind]),
                "paint": rng.choice(PAINTS),
                "seed": rng.randrange(10**6),
            }
        )
    return rows


def random_drives(rows: list[dict[str, object]], spec: PlaceSpec, rng: Random) -> list[Drive]:
    """One parked-in-time drive per vehicle of the pool: its lane, direction and plate."""
    drives = []
    for row in rows:
        kind = "truck" if row["kind"] == "van" else str(row["kind"])
        lane = rng.randrange(spec.lanes)
        direction = (
            "away"
            if spec.lane_centre(lane) > 0 or (spec.lane_centre(lane) == 0 and rng.random() < 0.5)
            else "toward"
        )
        layout = rng.choice([name for name in LAYOUTS if name.endswith("_moto") == (kind == "motorcycle")])
        drives.append(
            Drive(
                str(row["name"]),
                str(row["name"]),
                kind,
                fresh_plate(layout, rng),
                layout,
                spec.lane_centre(lane),
                direction,
                0.0,
                10.0,
                plates_at=("rear",) if kind == "motorcycle" else ("front", "rear"),
            )
        )
    return drives


def random_traffic(
    drives: list[Drive], vehicles: dict[str, Vehicle], rng: Random
) -> list[tuple[Drive, Vehicle, Pose]]:
    """Some of the vehicles at random places along their lanes, none overlapping."""
    out: list[tuple[Drive, Vehicle, Pose]] = []
    for drive in rng.sample(drives, rng.randint(2, min(len(drives), 9))):
        vehicle = vehicles[drive.name]
        x = drive.lane_x + rng.uniform(-0.45, 0.45)
        y = rng.uniform(7, 60) if rng.random() < 0.75 else rng.uniform(60, 120)
        heading = drive.sign * np.pi / 2 + rng.gauss(0, 0.03)
        clear = all(
            abs(x - pose.x) > (LANE - 1.0) or abs(y - pose.y) > (vehicle.length + other.length) / 2 + 1.5
            for _, other, pose in out
        )
        if clear:
            out.append((drive, vehicle, Pose(x, y, heading, rng.uniform(0, 2), float(rng.random() < 0.2))))
    return out


def label(box: list[float], number: int) -> str:
    """A YOLO label line of a pixel box."""
    x1, y1, x2, y2 = box
    shares = ((x1 + x2) / 2 / SIZE[0], (y1 + y2) / 2 / SIZE[1], (x2 - x1) / SIZE[0], (y2 - y1) / SIZE[1])
    return " ".join([str(number), *(f"{share:.6f}" for share in shares)])


def write_labels(rows: list[dict[str, Any]], stem: str, out: Path) -> None:
    """The label files of one picture."""
    vehicles, plates, texts = [], [], []
    for row in rows:
        x1, y1, x2, y2 = row["box"]
        seen = row["visible_pixels"] >= LEAST_SEEN * (x2 - x1) * (y2 - y1)
        if seen and row["box_visible"][3] - row["box_visible"][1] >= SMALLEST_LABEL:
            vehicles.append(label(row["box_visible"], CLASSES[row["class"]]))
        for plate in row["plates"]:
            if plate["width_px"] < SMALLEST_LABEL or plate["visible"] < 0.6:
                continue
            corners = np.asarray(plate["corners"])
            low, high = np.clip(corners.min(0), 0, SIZE), np.clip(corners.max(0), 0, SIZE)
            plates.append(label([*low, *high], 0))
            texts.append({"picture": stem, **plate})
    (out / "vehicles" / "labels" / f"{stem}.txt").write_text("\n".join(vehicles) + "\n" if vehicles else "")
    (out / "plates" / "labels" / f"{stem}.txt").write_text("\n".join(plates) + "\n" if plates else "")
    (out / "plates" / "texts" / f"{stem}.json").write_text(json.dumps(texts))


PLACE_SCALE = 0.5
"""The empty place is rendered at half the size: pictures are shrunk to 640 pixels for training anyway."""


def make_place(out: Path, seed: int, pool: int, pictures: int, samples: int) -> None:
    """One place with its pictures."""
    rng = Random(seed)
    spec, camera = random_place(rng)
    work = out / "work" / f"{seed:06d}"
    rows = random_fleet(rng, pool)
    drives = random_drives(rows, spec, rng)
    build_all(rows, work / "fleet")
    render(spec, camera, work / "place", samples, PLACE_SCALE)
    painter = Painter(work / "place", camera)
    vehicles = load_vehicles(painter, work / "fleet", drives)
    numbers = {drive.name: index for index, drive in enumerate(drives)}
    for number in range(pictures):
        stem = f"{seed:06d}_{number:03d}"
        dice = Random(f"{seed}/{number}")
        moving = random_traffic(drives, vehicles, dice)
        look = Look(
            EXPOSURE[spec.light.name] * dice.uniform(0.75, 1.25),
            dice.uniform(0.6, 1.05),
            dice.uniform(0.0, 0.45),
            dice.uniform(0.3, 1.3),
            dice.uniform(0, 0.9),
            dice.uniform(0.5, 7.0),
            dice.randint(45, 92),
            dice.uniform(0.94, 1.07),
        )
        target = out / "images" / f"{stem}.jpg"
        if target.exists():
            continue
        smears = [(0.0, dice.uniform(0, 6.0) * 14 / max(14, pose.y)) for _, _, pose in moving]
        light, ids = painter.paint([(vehicle, pose) for _, vehicle, pose in moving], smears)
        plain_moving = [
            (replace(drive, plate=plain(drive.plate)), vehicle, pose) for drive, vehicle, pose in moving
        ]
        write_labels(frame_rows(plain_moving, ids, camera, numbers), stem, out)
        cv2.imwrite(
            str(target),
            capture(develop(light, look), look, np.random.default_rng((seed, number))),
            [cv2.IMWRITE_JPEG_QUALITY, 92],
        )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0, help="seed of the first place; the next ones count up")
    parser.add_argument("--places", type=int, default=1)
    parser.add_argument("--pictures", type=int, default=60, help="per place")
    parser.add_argument("--pool", type=int, default=14, help="vehicles built per place")
    parser.add_argument("--samples", type=int, default=16, help="light samples per pixel of the empty place")
    wanted = parser.parse_args()
    for part in ("images", "vehicles/labels", "plates/labels", "plates/texts"):
        (wanted.out / part).mkdir(parents=True, exist_ok=True)
    for number in range(wanted.places):
        make_place(wanted.out, wanted.seed + number, wanted.pool, wanted.pictures, wanted.samples)


if __name__ == "__main__":
    main()

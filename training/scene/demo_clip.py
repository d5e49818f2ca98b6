"""The shipped demo clip: a street with a bus stop, 21 seconds, 20 vehicles, with exact ground truth.

python -m training.scene.demo_clip fleet  --out FOLDER      vehicles as arrays (Blender, once)
python -m training.scene.demo_clip place  --out FOLDER      the empty street (Blender's Cycles, once)
python -m training.scene.demo_clip frames --out FOLDER      frames and their truth (OpenGL); goes on where
it stopped
python -m training.scene.demo_clip finish --out FOLDER --clip demo.mp4 --truth demo.json
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from random import Random

from training.scene.camera import Camera
from training.scene.clip import Scenario, fresh_plate, gather, paint_frames
from training.scene.ground_truth import Line
from training.scene.traffic import Drive, Stop

SEED = 20
CAMERA = Camera((0.35, 0.0, 4.3), -0.5, 7.1, 2200.0)
PLACE = {
    "place": {"seed": 11, "light": "day", "bay": [24, 62], "left": "houses", "right": "trees"},
    "camera": asdict(CAMERA),
}
LANE_X = 1.7
CLEAR_DIGITS = "23456789"
"""0 and 1 look like O and I in the plates' typefaces: no reader could be right about them."""
SIDE_STEP = {"coach_white": 0.25}
"""Metres to the right of where it would drive: seen edge-on, a flank takes the painter minutes a frame."""
FRAMES = 525
SAMPLES = 20
BITS = 2_350_000
LINE = Line("main", (-4.4, 20.0), (4.2, 20.0))
BUS_STOP = Stop(at=150.0 - 43.0, wait=4.5, bay=3.0)

Row = tuple[str, str, str, str, str, str, float, float, str]
ROWS: list[Row] = [
    # model, kind, style, paint, plate layout, direction, passes the line (s), speed (m/s), kind of stop
    ("sedan_silver", "car", "sedan", "silver", "slovakia", "toward", 1.2, 10.5, ""),
    ("hatch_red", "car", "hatch", "red", "czechia", "toward", 3.2, 10.5, ""),
    ("box_white", "truck", "box", "white", "slovakia", "toward", 5.2, 10.4, ""),
    ("city_yellow", "car", "city", "yellow", "hungary", "toward", 7.0, 10.5, ""),
    ("moto_tour", "motorcycle", "touring", "blue", "germany_moto", "toward", 10.2, 11.0, ""),
    ("suv_white", "car", "suv", "white", "germany", "toward", 12.2, 10.5, ""),
    ("estate_navy", "car", "estate", "navy", "poland", "toward", 14.3, 10.5, ""),
    ("bus_red", "bus", "city", "red", "slovakia", "toward", 18.6, 9.5, "bay"),
    ("mpv_grey", "car", "mpv", "grey", "austria", "toward", 20.3, 9.0, ""),
    ("sedan_green", "car", "sedan", "green", "slovakia", "toward", 23.4, 10.0, ""),
    ("estate_beige", "car", "estate", "beige", "slovakia", "away", -1.6, 10.2, ""),
    ("hatch_blue", "car", "hatch", "light_blue", "slovakia", "away", 0.9, 10.2, ""),
    ("tipper_orange", "truck", "tipper", "orange", "czechia", "away", 3.3, 10.0, ""),
    ("moto_black", "motorcycle", "naked", "red", "slovakia_moto", "away", 5.4, 10.4, ""),
    ("sedan_black", "car", "sedan", "black", "poland", "away", 11.0, 22.0, ""),
    ("pickup_grey", "car", "pickup", "dark_grey", "france", "away", 12.7, 10.4, ""),
    ("coach_white", "bus", "coach", "white", "austria", "away", 14.9, 10.2, ""),
    ("suv_wine", "car", "suv", "wine", "slovakia", "away", 17.2, 10.3, ""),
    ("moto_sport", "motorcycle", "sport", "yellow", "poland_moto", "away", 18.6, 10.6, ""),
    ("hatch_white", "car", "hatch", "pearl", "netherlands", "away", 19.9, 10.4, ""),
]


def fleet_rows() -> list[dict[str, object]]:
    """The vehicles to build."""
    return [
        {"name": name, "kind": kind, "style": style, "paint": paint, "seed": SEED + 7 * number}
        for number, (name, kind, style, paint, *_) in enumerate(ROWS)
    ]


def scenario() -> Scenario:
    """The demo's drives."""
    rng = Random(SEED)
    drives = []
    for name, kind, _, _, layout, direction, passes, speed, halt in ROWS:
        side = (LANE_X + SIDE_STEP.get(name, 0.0)) * (1 if direction == "away" else -1)
        plates_at = ("rear",) if kind == "motorcycle" else ("front", "rear")
        drives.append(
            Drive(
                name,
                name,
                kind,
                fresh_plate(layout, rng, CLEAR_DIGITS),
                layout,
                side + rng.uniform(-0.12, 0.12),
                direction,
                passes,
                speed,
                stop=BUS_STOP if halt else None,
                plates_at=plates_at,
                drift=rng.uniform(-0.08, 0.08),
            )
        )
    return Scenario("demo", drives, CAMERA, LINE, frames=FRAMES)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["fleet", "place", "frames", "finish"])
    parser.add_argument("--out", type=Path, required=True, help="work folder")
    parser.add_argument("--clip", type=Path, default=Path("demo.mp4"))
    parser.add_argument("--truth", type=Path, default=Path("demo.json"))
    parser.add_argument("--frames", default="", help="only these, as first:last:step")
    wanted = parser.parse_args()
    wanted.out.mkdir(parents=True, exist_ok=True)
    if wanted.step == "fleet":
        from training.scene.fleet import build_all

        build_all(fleet_rows(), wanted.out / "fleet")
    elif wanted.step == "place":
        from training.scene.render_place import load_spec, render

        path = wanted.out / "place_spec.json"
        path.write_text(json.dumps(PLACE))
        spec, camera = load_spec(path)
        render(spec, camera, wanted.out / "place", SAMPLES)
    elif wanted.step == "frames":
        only = range(*(int(v) for v in wanted.frames.split(":"))) if wanted.frames else None
        paint_frames(scenario(), wanted.out / "place", wanted.out / "fleet", wanted.out, only)
    else:
        from training.scene.camera_look import encode

        story = scenario()
        truth = gather(story, wanted.out / "place", wanted.out / "fleet", wanted.out)
        wanted.truth.write_text(json.dumps(truth, separators=(",", ":")))
        pictures = [wanted.out / "frames" / f"{index:05d}.png" for index in range(story.frames)]
        encode(pictures, wanted.clip, story.rate, BITS, story.look, SEED)


if __name__ == "__main__":
    main()

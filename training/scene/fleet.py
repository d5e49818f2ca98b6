"""Which vehicles are there? Builds each once with Blender and keeps it as plain arrays for the painter.

    python -m training.scene.fleet --spec demo_fleet.json --out FOLDER

The specification is a list of {"name", "kind", "style", "paint", "seed"}; a vehicle whose file exists is
kept.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

import bpy
import numpy as np

from training.scene import materials
from training.scene.buses import make_bus
from training.scene.cars import make_car
from training.scene.motorcycle import make_motorcycle
from training.scene.trucks import make_truck
from training.scene.vehicle_mesh import ground_shade, triangles
from training.scene.vehicle_model import VehicleModel

MATERIAL_FIELDS = ("Roughness", "Metallic", "Specular IOR Level", "Coat Weight", "Emission Strength")


@dataclass(frozen=True)
class VehicleSpec:
    """One vehicle to build; the seed draws its details."""

    name: str
    kind: str
    style: str
    paint: str
    seed: int


def build(spec: VehicleSpec) -> VehicleModel:
    """The model of a specification."""
    rng = Random(spec.seed)
    makers = {
        "car": make_car,
        "truck": make_truck,
        "bus": make_bus,
        "motorcycle": make_motorcycle,
        "van": make_car,
    }
    return makers[spec.kind](spec.style, spec.paint, rng)


def material_rows(names: list[str]) -> np.ndarray:
    """Colour (3), roughness, metallic, specular, coat, emission of each named Blender material: (N, 8)
    float32.
    """
    rows = []
    for name in names:
        node = bpy.data.materials[name].node_tree.nodes["Principled BSDF"]
        rows.append(
            [
                *node.inputs["Base Color"].default_value[:3],
                *(node.inputs[field].default_value for field in MATERIAL_FIELDS),
            ]
        )
    return np.asarray(rows, np.float32)


def write(spec: VehicleSpec, path: Path) -> None:
    """Build a vehicle and store arrays: bodies, wheel, materials, road shade and mounts."""
    model = build(spec)
    names: list[str] = []
    shade = ground_shade(model)
    body = triangles(model.body, names, bake=True, half=(model.length / 2, model.width / 2))
    arrays: dict[str, Any] = {"body_vertex": body["vertex"], "body_index": body["index"], "shade": shade}
    parts: list[dict[str, object]] = []
    drawn: dict[int, int] = {}
    for solid, hub, sign in model.wheels:
        if id(solid) not in drawn:
            drawn[id(solid)] = len(drawn)
            wheel = triangles(solid, names, bake=False)
            wheel["vertex"][:, 8] = 0.55
            arrays[f"wheel{drawn[id(solid)]}_vertex"], arrays[f"wheel{drawn[id(solid)]}_index"] = (
                wheel["vertex"],
                wheel["index"],
            )
        parts.append({"mesh": drawn[id(solid)], "hub": hub, "sign": sign})
    arrays["materials"] = material_rows(names)
    about = {
        "spec": asdict(spec),
        "wheels": parts,
        "mounts": [asdict(mount) for mount in model.mounts],
        "length": model.length,
        "width": model.width,
        "material_names": names,
        "kind": model.kind,
    }
    np.savez_compressed(path, about=np.array(json.dumps(about)), **arrays)


def build_all(rows: list[dict[str, Any]], out: Path) -> None:
    """Build every vehicle of the list whose file is not in the folder yet."""
    out.mkdir(parents=True, exist_ok=True)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    materials.make_shared()
    for row in rows:
        spec = VehicleSpec(**row)
        path = out / f"{spec.name}.npz"
        if path.exists():
            continue
        started = time.time()
        write(spec, path)
        print(f"{spec.name}: {time.time() - started:.1f} s, {path.stat().st_size / 1e6:.1f} MB", flush=True)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spec", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    wanted = parser.parse_args()
    build_all(json.loads(wanted.spec.read_text()), wanted.out)


if __name__ == "__main__":
    main()

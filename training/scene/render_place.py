"""How does the empty place look? Cycles renders its sky share, its sun share, depth, surroundings and sun
depth once.

    python -m training.scene.render_place --spec place.json --out FOLDER [--samples 64] [--scale 1.0]

The shares are linear light; traffic is added to them frame by frame by :mod:`training.scene.traffic_painter`.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any

import bpy
import cv2
import numpy as np
import OpenEXR
from mathutils import Matrix, Vector
from numpy.typing import NDArray

from training.scene import materials, place
from training.scene.camera import Camera
from training.scene.cars import make_car
from training.scene.place import PlaceSpec
from training.scene.textures import LIGHTS
from training.scene.vehicle_mesh import parked

SUN_SPAN = 90.0
"""Side of the square the sun depth picture covers, metres across the sun's direction."""


def read_exr(path: Path) -> dict[str, NDArray[np.float32]]:
    """Channel groups of an EXR file as arrays."""
    with OpenEXR.File(str(path)) as file:
        return {name: np.asarray(channel.pixels, np.float32) for name, channel in file.channels().items()}


def set_camera(camera: Camera, scale: float) -> None:
    """Make the Blender camera equal to ours; scale shrinks the picture."""
    scene = bpy.context.scene
    data = bpy.data.cameras.new("view")
    item = bpy.data.objects.new("view", data)
    scene.collection.objects.link(item)
    right, down, forward = camera.axes()
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1], matrix[:3, 2], matrix[:3, 3] = right, -down, -forward, camera.position
    item.matrix_world = Matrix(matrix.tolist())
    data.sensor_fit, data.sensor_width = "HORIZONTAL", 36.0
    data.lens = camera.focal / camera.width * 36.0
    data.clip_end, data.clip_start = 2000.0, 0.05
    scene.camera = item
    scene.render.resolution_x, scene.render.resolution_y = (
        round(camera.width * scale),
        round(camera.height * scale),
    )


def engine(threads: int) -> None:
    """Cycles on the CPU, linear EXR output."""
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.device = "CPU"
    scene.render.threads_mode, scene.render.threads = "FIXED", threads
    scene.render.use_persistent_data = True
    scene.cycles.max_bounces, scene.cycles.diffuse_bounces, scene.cycles.glossy_bounces = 3, 2, 2
    scene.cycles.sample_clamp_indirect = 4.0
    scene.render.image_settings.file_format = "OPEN_EXR"
    scene.render.image_settings.color_depth = "32"
    scene.view_settings.view_transform = "Raw"


def shoot(path: Path, samples: int, denoise: bool) -> NDArray[np.float32]:
    """Render the scene into path; returns linear RGB (H, W, 3)."""
    scene = bpy.context.scene
    scene.cycles.samples, scene.cycles.use_denoising = samples, denoise
    scene.render.filepath = str(path)
    started = time.time()
    bpy.ops.render.render(write_still=True)
    print(f"{path.name}: {time.time() - started:.0f} s", flush=True)
    groups = read_exr(path)
    name = next(key for key in groups if groups[key].ndim == 3)
    return groups[name][..., :3]


def depth_picture(path: Path) -> NDArray[np.float32]:
    """Distance along the view axis (H, W), float32 metres, one exact sample a pixel; the sky is 1e6."""
    scene, layer = bpy.context.scene, bpy.context.view_layer
    material = bpy.data.materials.new("depth")
    material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()
    view, light, out = (
        tree.nodes.new(f"ShaderNode{kind}") for kind in ("CameraData", "Emission", "OutputMaterial")
    )
    tree.links.new(view.outputs["View Z Depth"], light.inputs["Strength"])
    tree.links.new(light.outputs[0], out.inputs["Surface"])
    layer.material_override = material
    background = scene.world.node_tree.nodes["Background"].inputs["Strength"]
    strength, background.default_value = background.default_value, 0.0
    width, scene.cycles.filter_width = scene.cycles.filter_width, 0.01
    picture = shoot(path.with_suffix(".exr"), 1, False)[..., 0].copy()
    layer.material_override, background.default_value, scene.cycles.filter_width = None, strength, width
    bpy.data.materials.remove(material)
    picture[picture <= 0] = 1e6
    return picture


def sun_depth(
    light: tuple[float, float, float], centre: tuple[float, float, float], folder: Path
) -> dict[str, NDArray[np.float32]]:
    """How far from the sun's plane each ray of sunlight ends: picture (2048, 2048) and the plane's axes."""
    scene = bpy.context.scene
    data = bpy.data.cameras.new("sunview")
    item = bpy.data.objects.new("sunview", data)
    scene.collection.objects.link(item)
    direction = Vector(light).normalized()
    item.rotation_euler = direction.to_track_quat("Z", "Y").to_euler()
    item.location = Vector(centre) + direction * 120
    data.type, data.ortho_scale = "ORTHO", SUN_SPAN
    data.clip_end = 400
    old, size = scene.camera, (scene.render.resolution_x, scene.render.resolution_y)
    scene.camera = item
    scene.render.resolution_x = scene.render.resolution_y = 2048
    picture = depth_picture(folder / "sun_depth")
    scene.camera, (scene.render.resolution_x, scene.render.resolution_y) = old, size
    bpy.context.view_layer.update()
    axes = np.array(item.matrix_world.to_3x3()).T.astype(np.float32)
    return {
        "depth": picture,
        "axes": axes,
        "origin": np.array(item.location, np.float32),
        "span": np.array([SUN_SPAN], np.float32),
    }


def surroundings(folder: Path, at: tuple[float, float, float], samples: int) -> NDArray[np.float32]:
    """The view all around from a point on the road, equirectangular (512, 1024, 3), middle column
    along +y.
    """
    scene = bpy.context.scene
    data = bpy.data.cameras.new("around")
    item = bpy.data.objects.new("around", data)
    scene.collection.objects.link(item)
    item.location, item.rotation_euler = at, (math.pi / 2, 0, 0)
    data.type, data.panorama_type = "PANO", "EQUIRECTANGULAR"
    old, size = scene.camera, (scene.render.resolution_x, scene.render.resolution_y)
    scene.camera, scene.render.resolution_x, scene.render.resolution_y = item, 640, 320
    picture = shoot(folder / "around.exr", samples, True)
    scene.camera, (scene.render.resolution_x, scene.render.resolution_y) = old, size
    return np.asarray(cv2.resize(picture, (1024, 512)), np.float32)


PARTS = ("sky", "sun", "depth", "around", "sun_depth")
"""What is rendered of a place, in this order."""


def render(
    spec: PlaceSpec,
    camera: Camera,
    folder: Path,
    samples: int,
    scale: float = 1.0,
    threads: int = 1,
    parts: tuple[str, ...] = PARTS,
) -> None:
    """Build the place and render the named parts; those found in the folder are kept, so a stopped run goes
    on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    materials.make_shared()
    engine(threads)
    place.build(spec, folder / "textures")
    if spec.parked:
        for index, (style, paint_name, x, y, turn) in enumerate(parked(spec)):
            model = make_car(style, paint_name, Random(spec.seed + index))
            model.place(Matrix.Translation((x, y, 0.0)) @ Matrix.Rotation(turn, 4, "Z"))
    set_camera(camera, scale)
    light = spec.light
    missing = [part for part in parts if not any(folder.glob(f"{part}.np[yz]"))]
    for part in missing:
        place.light_up(light, folder, spec.seed, sun=part != "sky", sky=part != "sun")
        if part == "sky":
            np.save(folder / "sky.npy", shoot(folder / "sky.exr", samples, True).astype(np.float16))
        elif part == "sun":
            np.save(
                folder / "sun.npy",
                shoot(folder / "sun.exr", max(8, samples * 2 // 3), True).astype(np.float16),
            )
        elif part == "depth":
            np.save(folder / "depth.npy", depth_picture(folder / "depth"))
        elif part == "around":
            np.save(
                folder / "around.npy",
                surroundings(folder, (0.0, 24.0, 1.0), max(10, samples // 2)).astype(np.float16),
            )
        else:
            seen: dict[str, Any] = sun_depth(light.sun, (0.0, 38.0, 0.0), folder)
            np.savez_compressed(folder / "sun_depth.npz", **seen)
    (folder / "place.json").write_text(
        json.dumps({"camera": asdict(camera), "light": asdict(light), "seed": spec.seed}, indent=1)
    )


def load_spec(path: Path) -> tuple[PlaceSpec, Camera]:
    """Read a place and its camera from JSON: {"place": {..., "light": name}, "camera": {...}}."""
    content = json.loads(path.read_text())
    wanted = dict(content["place"])
    wanted["light"] = LIGHTS[wanted["light"]]
    if wanted.get("bay"):
        wanted["bay"] = tuple(wanted["bay"])
    camera = dict(content["camera"])
    camera["position"] = tuple(camera["position"])
    return PlaceSpec(**wanted), Camera(**camera)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spec", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--samples", type=int, default=64)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    wanted = parser.parse_args()
    spec, camera = load_spec(wanted.spec)
    render(spec, camera, wanted.out, wanted.samples, wanted.scale, wanted.threads, tuple(wanted.parts))


if __name__ == "__main__":
    main()

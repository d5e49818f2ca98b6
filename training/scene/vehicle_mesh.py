"""How does a vehicle model become plain arrays? Triangles with normals, materials, texture corners and baked
sky visibility.
"""

from __future__ import annotations

from random import Random

import bpy
import numpy as np
from mathutils import Vector
from mathutils.bvhtree import BVHTree
from numpy.typing import NDArray

from training.scene.place import PlaceSpec
from training.scene.shapes import Solid
from training.scene.vehicle_model import VehicleModel

Floats = NDArray[np.float32]
RAYS = 28
"""Rays per vertex for sky visibility."""


def parked(spec: PlaceSpec) -> list[tuple[str, str, float, float, float]]:
    """Cars that stand in the driveways: style, paint, x, y in metres, turn in radians."""
    dice = Random(spec.seed + 99)
    out = []
    for y in (52.0, 71.0, 96.0, 118.0):
        side = dice.choice([-1, 1])
        x = side * (spec.half + (7.4 if side < 0 else 5.8) + 3.5)
        out.append(
            (
                dice.choice(["sedan", "hatch", "suv", "estate", "mpv"]),
                dice.choice(["silver", "white", "navy", "red", "grey"]),
                x,
                y + dice.uniform(-4, 4),
                (0.0 if side < 0 else 3.14159) + dice.uniform(-0.06, 0.06),
            )
        )
    return out


def sphere_rays(count: int) -> NDArray[np.float64]:
    """Evenly spread unit vectors (count, 3)."""
    index = np.arange(count) + 0.5
    polar, around = np.arccos(1 - 2 * index / count), np.pi * (1 + 5**0.5) * index
    return np.stack([np.cos(around) * np.sin(polar), np.sin(around) * np.sin(polar), np.cos(polar)], 1)


def sky_visibility(
    points: Floats, normals: Floats, tree: BVHTree, half: tuple[float, float], ground: float
) -> Floats:
    """Share (N,) of the cosine-weighted hemisphere that the vehicle itself and the ground under it do not
    cover.

    half is half the vehicle's length and width, ground the height of the road, metres in the vehicle's frame.
    """
    rays = sphere_rays(2 * RAYS)
    out = np.ones(len(points), np.float32)
    vectors = [Vector(ray) for ray in rays]
    weights = normals @ rays.T
    for i, (point, normal) in enumerate(zip(points, normals, strict=True)):
        origin = Vector(point + normal * 0.012)
        total = free = 0.0
        for k in np.flatnonzero(weights[i] > 0.05):
            weight = float(weights[i, k])
            total += weight
            hit = tree.ray_cast(origin, vectors[k], 3.0)[0]
            if hit is not None:
                continue
            if rays[k, 2] < 0:
                reach = (origin.z - ground) / -rays[k, 2]
                x, y = origin.x + rays[k, 0] * reach, origin.y + rays[k, 1] * reach
                if abs(x) < half[0] and abs(y) < half[1]:
                    continue
            free += weight
        out[i] = free / max(total, 1e-6)
    return out


def triangles(
    solid: Solid, materials: list[str], bake: bool, half: tuple[float, float] = (9, 9)
) -> dict[str, NDArray[np.generic]]:
    """Arrays of a solid: 'vertex' (N, 10) float32 x y z, normal, u v, sky share, material; 'index' (T, 3)
    uint32.

    New material names are appended to materials.
    """
    item = solid.to_object("bake")
    mesh = item.data
    mesh.calc_loop_triangles()
    loops = np.empty(len(mesh.loop_triangles) * 3, np.int64)
    mesh.loop_triangles.foreach_get("loops", loops)
    owner = np.empty(len(mesh.loop_triangles), np.int64)
    mesh.loop_triangles.foreach_get("polygon_index", owner)
    corner_vertex = np.empty(len(mesh.loops), np.int64)
    mesh.loops.foreach_get("vertex_index", corner_vertex)
    normal = np.empty(len(mesh.loops) * 3, np.float32)
    mesh.corner_normals.foreach_get("vector", normal)
    place = np.empty(len(mesh.vertices) * 3, np.float32)
    mesh.vertices.foreach_get("co", place)
    uv = np.zeros((len(mesh.loops), 2), np.float32)
    if mesh.uv_layers:
        flat = np.zeros(len(mesh.loops) * 2, np.float32)
        mesh.uv_layers[0].data.foreach_get("uv", flat)
        uv = flat.reshape(-1, 2)
    slot = np.empty(len(mesh.polygons), np.int64)
    mesh.polygons.foreach_get("material_index", slot)
    names = [material.name for material in mesh.materials]
    for name in names:
        if name not in materials:
            materials.append(name)
    number = np.array([materials.index(name) for name in names], np.float32)[slot]
    xyz = place.reshape(-1, 3)[corner_vertex[loops]]
    rows = np.concatenate(
        [xyz, normal.reshape(-1, 3)[loops], uv[loops], np.repeat(number[owner], 3)[:, None]], 1
    ).astype(np.float32)
    keys = np.round(rows * np.array([1e4, 1e4, 1e4, 40, 40, 40, 500, 500, 1], np.float32))
    _, first, index = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    rows = rows[first]
    share = np.ones(len(rows), np.float32)
    if bake:
        tree = BVHTree.FromPolygons([v.co[:] for v in mesh.vertices], [tuple(p.vertices) for p in mesh.polygons])
        cells = np.round(np.concatenate([rows[:, :3] / 0.04, rows[:, 3:6] * 2], 1))
        _, lead, back = np.unique(cells, axis=0, return_index=True, return_inverse=True)
        share = sky_visibility(rows[lead, :3], rows[lead, 3:6], tree, half, 0.0)[back.ravel()]
    bpy.data.objects.remove(item)
    bpy.data.meshes.remove(mesh)
    vertex = np.concatenate([rows[:, :8], share[:, None], rows[:, 8:]], 1).astype(np.float32)
    return {"vertex": vertex, "index": index.reshape(-1, 3).astype(np.uint32)}


def ground_shade(model: VehicleModel, size: tuple[int, int] = (48, 28), margin: float = 1.2) -> Floats:
    """Share of the sky that road points see past a vehicle: (28, 48) over its length and width plus margin
    metres.

    Row 0 is the right side, column 0 the rear.
    """
    solid = model.body
    tree = BVHTree.FromPolygons(solid.vertices, solid.faces)
    rays = sphere_rays(140)
    rays = rays[rays[:, 2] > 0.04]
    vectors = [Vector(ray) for ray in rays]
    xs = np.linspace(-model.length / 2 - margin, model.length / 2 + margin, size[0])
    ys = np.linspace(-model.width / 2 - margin, model.width / 2 + margin, size[1])
    out = np.ones((size[1], size[0]), np.float32)
    total = float(rays[:, 2].sum())
    for row, y in enumerate(ys):
        for column, x in enumerate(xs):
            hidden = sum(
                ray[2]
                for ray, vector in zip(rays, vectors, strict=True)
                if tree.ray_cast(Vector((x, y, 0.01)), vector, 6.0)[0] is not None
            )
            out[row, column] = 1 - hidden / total
    return out

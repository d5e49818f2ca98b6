"""How is a smooth solid made? Meshes from B-spline nets, lathes, tubes, rounded boxes and projected patches.

Coordinates are metres. A vehicle's own frame has x forward, y left, z up, the origin on the ground under
its middle.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import bmesh
import bpy
import numpy as np
from mathutils import Vector
from mathutils.bvhtree import BVHTree
from mathutils.geometry import delaunay_2d_cdt
from numpy.typing import NDArray

Array = NDArray[np.float64]
Point2 = tuple[float, float]
SMOOTH_ANGLE = math.radians(38)


@dataclass
class Solid:
    """A mesh being put together: vertices (metres), faces with a material name each and optional texture
    corners.
    """

    vertices: list[tuple[float, float, float]] = field(default_factory=list)
    faces: list[tuple[int, ...]] = field(default_factory=list)
    materials: list[str] = field(default_factory=list)
    uvs: dict[int, list[Point2]] = field(default_factory=dict)

    def add(
        self, vertices: Array, faces: Sequence[Sequence[int]], material: str, uvs: Array | None = None
    ) -> None:
        """Append a part: vertices (N, 3), faces as index tuples, uvs (N, 2) per vertex or none."""
        start = len(self.vertices)
        self.vertices.extend((float(a), float(b), float(c)) for a, b, c in vertices)
        for face in faces:
            if uvs is not None:
                self.uvs[len(self.faces)] = [(float(uvs[i][0]), float(uvs[i][1])) for i in face]
            self.faces.append(tuple(int(i) + start for i in face))
            self.materials.append(material)

    def add_mesh(self, mesh: bpy.types.Mesh) -> None:
        """Append a Blender mesh with its materials."""
        vertices = np.empty(len(mesh.vertices) * 3)
        mesh.vertices.foreach_get("co", vertices)
        names = [material.name for material in mesh.materials]
        start = len(self.vertices)
        self.vertices.extend((float(a), float(b), float(c)) for a, b, c in vertices.reshape(-1, 3))
        for polygon in mesh.polygons:
            self.faces.append(tuple(i + start for i in polygon.vertices))
            self.materials.append(names[polygon.material_index])

    def to_object(self, name: str, smooth: bool = True) -> bpy.types.Object:
        """Make the Blender object; edges sharper than 38 degrees stay sharp."""
        mesh = bpy.data.meshes.new(name)
        mesh.from_pydata(self.vertices, [], self.faces)
        slots = {key: index for index, key in enumerate(dict.fromkeys(self.materials))}
        for key in slots:
            mesh.materials.append(bpy.data.materials[key])
        mesh.polygons.foreach_set("material_index", [slots[key] for key in self.materials])
        if self.uvs:
            layer = mesh.uv_layers.new(name="UVMap")
            for index, corners in self.uvs.items():
                polygon = mesh.polygons[index]
                for loop, corner in zip(polygon.loop_indices, corners, strict=True):
                    layer.data[loop].uv = corner
        mesh.validate()
        if smooth:
            mesh.polygons.foreach_set("use_smooth", [True] * len(mesh.polygons))
            mesh.set_sharp_from_angle(angle=SMOOTH_ANGLE)
        mesh.update()
        item = bpy.data.objects.new(name, mesh)
        bpy.context.scene.collection.objects.link(item)
        return item

    def tree(self) -> BVHTree:
        """A search tree for ray casts onto the surface as it is now."""
        return BVHTree.FromPolygons(self.vertices, self.faces)


def spline_basis(controls: int, samples: int) -> Array:
    """Cubic B-spline weights (samples, controls), uniform knots, ends clamped."""
    knots = np.concatenate([np.zeros(3), np.linspace(0, 1, controls - 2), np.ones(3)])
    at = np.linspace(0, 1 - 1e-9, samples)
    basis = ((at[:, None] >= knots[None, :-1]) & (at[:, None] < knots[None, 1:])).astype(float)
    for degree in range(1, 4):
        count = len(knots) - 1 - degree
        nxt = np.zeros((samples, count))
        for i in range(count):
            left, right = knots[i + degree] - knots[i], knots[i + degree + 1] - knots[i + 1]
            if left > 0:
                nxt[:, i] += (at - knots[i]) / left * basis[:, i]
            if right > 0:
                nxt[:, i] += (knots[i + degree + 1] - at) / right * basis[:, i + 1]
        basis = nxt
    return np.asarray(basis, float)


def spline_surface(net: Array, rows: int, columns: int) -> Array:
    """Points (rows, columns, 3) of the cubic B-spline surface over a control net (R, C, 3)."""
    u, v = spline_basis(net.shape[0], rows), spline_basis(net.shape[1], columns)
    return np.asarray(np.einsum("ur,vc,rck->uvk", u, v, net))


def grid_faces(rows: int, columns: int, wrap: bool = False) -> list[tuple[int, int, int, int]]:
    """Quads between neighbouring points of a (rows, columns) grid; wrap joins the last column to the
    first.
    """
    last = columns if wrap else columns - 1
    return [
        (
            r * columns + c,
            r * columns + (c + 1) % columns,
            (r + 1) * columns + (c + 1) % columns,
            (r + 1) * columns + c,
        )
        for r in range(rows - 1)
        for c in range(last)
    ]


def lathe(
    profile: Sequence[Point2], centre: Sequence[float], segments: int = 40
) -> tuple[Array, list[tuple[int, ...]]]:
    """Turn a profile of (radius, y) about the y axis through centre."""
    angle = np.linspace(0, 2 * math.pi, segments, endpoint=False)
    rings = [np.stack([r * np.cos(angle), np.full(segments, y), r * np.sin(angle)], 1) for r, y in profile]
    vertices = np.concatenate(rings) + np.asarray(centre)
    return vertices, list(grid_faces(len(profile), segments, wrap=True))


def tube(
    points: Sequence[Sequence[float]], radii: float | Sequence[float], segments: int = 10
) -> tuple[Array, list[tuple[int, ...]]]:
    """A round tube with closed, domed ends along points (N, 3)."""
    path = np.asarray(points, float)
    size = np.broadcast_to(np.asarray(radii, float), (len(path),)).copy()
    tangent = np.gradient(path, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    cap = [(-0.95, 0.3), (-0.7, 0.72)]
    head = [(path[0] + tangent[0] * size[0] * a, size[0] * b, tangent[0]) for a, b in cap]
    tail = [(path[-1] - tangent[-1] * size[-1] * a, size[-1] * b, tangent[-1]) for a, b in reversed(cap)]
    body = list(zip(path, size, tangent, strict=True))
    angle = np.linspace(0, 2 * math.pi, segments, endpoint=False)
    vertices = []
    for centre, radius, along in head + body + tail:
        helper = np.array([0.0, 0, 1]) if abs(along[2]) < 0.9 else np.array([1.0, 0, 0])
        side = np.cross(along, helper)
        side /= np.linalg.norm(side)
        up = np.cross(side, along)
        vertices.append(centre + radius * (np.cos(angle)[:, None] * side + np.sin(angle)[:, None] * up))
    count = len(vertices)
    faces: list[tuple[int, ...]] = list(grid_faces(count, segments, wrap=True))
    faces.append(tuple(reversed(range(segments))))
    faces.append(tuple(range((count - 1) * segments, count * segments)))
    return np.concatenate(vertices), faces


def rounded_box(
    centre: Sequence[float], size: Sequence[float], radius: float, steps: int = 3
) -> tuple[Array, list[tuple[int, ...]]]:
    """A box with rounded edges of the given radius."""
    work = bmesh.new()
    bmesh.ops.create_cube(work, size=1.0)
    for vertex in work.verts:
        vertex.co = Vector([vertex.co[i] * size[i] + centre[i] for i in range(3)])
    if radius > 0:
        bmesh.ops.bevel(
            work,
            geom=list(work.edges),
            offset=min(radius, min(size) * 0.49),
            segments=steps,
            profile=0.5,
            affect="EDGES",
        )
    work.verts.index_update()
    vertices = np.array([vertex.co[:] for vertex in work.verts])
    faces = [tuple(vertex.index for vertex in face.verts) for face in work.faces]
    work.free()
    return vertices, faces


def ellipsoid(
    centre: Sequence[float], radii: Sequence[float], segments: int = 20
) -> tuple[Array, list[tuple[int, ...]]]:
    """An ellipsoid with its axes along x, y, z."""
    rings = segments // 2 + 1
    polar, around = np.linspace(0, math.pi, rings), np.linspace(0, 2 * math.pi, segments, endpoint=False)
    unit = np.stack(
        [
            np.outer(np.sin(polar), np.cos(around)),
            np.outer(np.sin(polar), np.sin(around)),
            np.outer(np.cos(polar), np.ones(segments)),
        ],
        -1,
    )
    return unit.reshape(-1, 3) * np.asarray(radii) + np.asarray(centre), list(
        grid_faces(rings, segments, wrap=True)
    )


def round_corners(polygon: Sequence[Point2], radius: float, steps: int = 5) -> list[Point2]:
    """The polygon with every corner replaced by an arc-like quadratic curve of about the given radius."""
    corners = np.asarray(polygon, float)
    out: list[Point2] = []
    for i, corner in enumerate(corners):
        before, after = corners[i - 1] - corner, corners[(i + 1) % len(corners)] - corner
        reach_b = min(radius, np.linalg.norm(before) * 0.45)
        reach_a = min(radius, np.linalg.norm(after) * 0.45)
        start = corner + before / np.linalg.norm(before) * reach_b
        end = corner + after / np.linalg.norm(after) * reach_a
        for t in np.linspace(0, 1, steps):
            point = (1 - t) ** 2 * start + 2 * t * (1 - t) * corner + t * t * end
            out.append((float(point[0]), float(point[1])))
    return out


@dataclass(frozen=True)
class View:
    """A direction to project patches from: plane axes right and up, and the way the rays travel."""

    right: tuple[float, float, float]
    up: tuple[float, float, float]
    ray: tuple[float, float, float]


FRONT = View((0, 1, 0), (0, 0, 1), (-1, 0, 0))
REAR = View((0, 1, 0), (0, 0, 1), (1, 0, 0))
LEFT = View((1, 0, 0), (0, 0, 1), (0, -1, 0))
RIGHT = View((1, 0, 0), (0, 0, 1), (0, 1, 0))
TOP = View((1, 0, 0), (0, 1, 0), (0, 0, -1))


def flat_patch(polygon: Sequence[Point2], spacing: float) -> tuple[Array, list[tuple[int, ...]]]:
    """Triangles (points (N, 2), faces) filling a polygon, finer than the spacing in metres."""
    ring: list[Point2] = []
    for (x0, y0), (x1, y1) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        steps = max(1, math.ceil(math.hypot(x1 - x0, y1 - y0) / spacing))
        ring += [(x0 + (x1 - x0) * k / steps, y0 + (y1 - y0) * k / steps) for k in range(steps)]
    edge = np.asarray(ring)
    low, high = edge.min(0), edge.max(0)
    xs, ys = (
        np.arange(low[0] + spacing / 2, high[0], spacing),
        np.arange(low[1] + spacing / 2, high[1], spacing),
    )
    inner = [(float(a), float(b)) for a in xs for b in ys]
    count = len(ring)
    points = [Vector(p) for p in ring + inner]
    result = delaunay_2d_cdt(points, [(i, (i + 1) % count) for i in range(count)], [list(range(count))], 1, 1e-5)
    return np.array([p[:] for p in result[0]]), [tuple(face) for face in result[2]]


def project_patch(
    tree: BVHTree, polygon: Sequence[Point2], view: View, offset: float, spacing: float = 0.05
) -> tuple[Array, list[tuple[int, ...]], Array]:
    """Lay a flat polygon (plane coordinates of the view, metres) onto a surface, lifted by offset metres.

    Returns vertices (N, 3), faces, and texture coordinates (N, 2) in the polygon's bounding box.
    Points whose ray misses are dropped with their faces.
    """
    flat, faces = flat_patch(polygon, spacing)
    right, up, ray = (np.asarray(v, float) for v in (view.right, view.up, view.ray))
    low, span = flat.min(0), np.ptp(flat, axis=0)
    vertices, good = np.zeros((len(flat), 3)), np.zeros(len(flat), bool)
    for i, (a, b) in enumerate(flat):
        origin = a * right + b * up - ray * 20
        hit, normal, _, _ = tree.ray_cast(Vector(origin), Vector(ray))
        if hit is None:
            continue
        outward = np.asarray(normal) * (-1 if np.dot(np.asarray(normal), ray) > 0 else 1)
        vertices[i], good[i] = np.asarray(hit) + outward * offset, True
    kept = [face for face in faces if all(good[i] for i in face)]
    return vertices, kept, (flat - low) / span


def strip(points: Sequence[Point2], width: float, closed: bool = False) -> list[list[Point2]]:
    """Thin quads (plane coordinates) along a polyline, each of the given width: seams and trim lines."""
    path = [*points, points[0]] if closed else list(points)
    quads = []
    for (x0, y0), (x1, y1) in pairwise(path):
        length = math.hypot(x1 - x0, y1 - y0)
        nx, ny = -(y1 - y0) / length * width / 2, (x1 - x0) / length * width / 2
        quads.append([(x0 + nx, y0 + ny), (x1 + nx, y1 + ny), (x1 - nx, y1 - ny), (x0 - nx, y0 - ny)])
    return quads


def cut_wheel_arches(
    body: Solid, arches: Sequence[tuple[float, float, float]], half_width: float, well: str
) -> Solid:
    """The body with round wheel wells cut out; arches are (x, z, radius), wells take the material named
    well.
    """
    item = body.to_object("cut")
    cutter = Solid()
    for x, z, radius in arches:
        for side in (1, -1):
            ring = [(0.001, -0.34), (radius, -0.34), (radius, 0.5), (0.001, 0.5)]
            cutter.add(*lathe([(r, y * side + side * half_width) for r, y in ring], (x, 0, z), 56), well)
    knife = cutter.to_object("knife", smooth=False)
    for work in (item, knife):
        fix = bmesh.new()
        fix.from_mesh(work.data)
        bmesh.ops.remove_doubles(fix, verts=fix.verts, dist=0.0005)
        bmesh.ops.recalc_face_normals(fix, faces=fix.faces)
        fix.to_mesh(work.data)
        fix.free()
    modifier = item.modifiers.new("arches", "BOOLEAN")
    modifier.operation, modifier.object, modifier.solver = "DIFFERENCE", knife, "EXACT"
    modifier.material_mode = "TRANSFER"
    evaluated = item.evaluated_get(bpy.context.evaluated_depsgraph_get())
    out = Solid()
    out.add_mesh(evaluated.to_mesh())
    evaluated.to_mesh_clear()
    for gone in (item, knife):
        mesh = gone.data
        bpy.data.objects.remove(gone)
        bpy.data.meshes.remove(mesh)
    return out

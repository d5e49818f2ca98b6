"""How does a frame with traffic look? OpenGL (Mesa's software renderer will do) draws vehicles into the
rendered empty place.

The place's sky share is darkened beneath vehicles, its sun share is cut out by their shadows, and the
vehicles are shaded by the
place's own surroundings. All light is linear; motion is softened along each vehicle's
movement.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import moderngl
import numpy as np
from numpy.typing import NDArray

from training.scene import shaders
from training.scene.camera import Camera

Floats = NDArray[np.float32]
SHADOW_AREA = (-14.0, 14.0, 2.0, 112.0)
"""x low, x high, y low, y high of the traffic's shadow picture, metres on the road."""
SHADOW_SIZE = (1536, 3584)
OVERSAMPLE = 1.5
"""Vehicles are drawn this many times wider and higher, then shrunk: soft edges."""
PLANES = (0.5, 400.0)
"""Nearest and farthest drawn distance, metres."""
SLOTS = 32
"""Most vehicles at a time."""
SHADE_SIZE = (48, 28)
"""Columns and rows of a vehicle's road shade (vehicle_mesh.ground_shade)."""
STRIDE = "3f 3f 2f 1f 1f"
NAMES = ("place", "normal", "corner", "share", "material")


@dataclass(frozen=True)
class Pose:
    """Where a vehicle is: centre on the road (metres), heading (radians from +x), distance driven, brake
    lamps 0 to 1.
    """

    x: float
    y: float
    heading: float
    driven: float = 0.0
    braking: float = 0.0

    def matrix(self) -> Floats:
        """Vehicle frame to world, 4x4."""
        c, s = math.cos(self.heading), math.sin(self.heading)
        return np.array([[c, -s, 0, self.x], [s, c, 0, self.y], [0, 0, 1, 0], [0, 0, 0, 1]], np.float32)


class Vehicle:
    """A stored vehicle and its plates: geometry on the graphics side, outline points and plate corners for
    ground truth.
    """

    def __init__(
        self, painter: Painter, path: Path, plates: dict[str, tuple[NDArray[np.uint8], tuple[float, float]]]
    ) -> None:
        """Load from path; plates per mount end: picture (H, W, 3) RGB and size (width, height) in metres."""
        with np.load(path) as stored:
            arrays = {key: stored[key] for key in stored.files}
        self.about: dict[str, Any] = json.loads(str(arrays["about"]))
        self.kind: str = self.about["kind"]
        self.length, self.width = float(self.about["length"]), float(self.about["width"])
        self.shade: Floats = arrays["shade"]
        names = self.about["material_names"]
        self.destination = names.index("destination") if "destination" in names else -1
        self.brake_lamp = names.index("lamp_red_lit") if "lamp_red_lit" in names else -1
        self.materials = painter.table(arrays["materials"])
        self.body = painter.mesh(arrays["body_vertex"], arrays["body_index"])
        count = len({part["mesh"] for part in self.about["wheels"]})
        self.wheels = [painter.mesh(arrays[f"wheel{k}_vertex"], arrays[f"wheel{k}_index"]) for k in range(count)]
        self.wheel_radius = [
            float(np.linalg.norm(arrays[f"wheel{k}_vertex"][:, [0, 2]], axis=1).max()) for k in range(count)
        ]
        points = [arrays["body_vertex"][:, :3]]
        for part in self.about["wheels"]:
            points.append(arrays[f"wheel{part['mesh']}_vertex"][:, :3] + np.asarray(part["hub"], np.float32))
        self.outline = thin(np.concatenate(points))
        self.plates: dict[str, tuple[Any, Any, NDArray[np.float64]]] = {}
        for mount in self.about["mounts"]:
            if mount["end"] not in plates:
                continue
            picture, size = plates[mount["end"]]
            corners = plate_corners(mount, size)
            self.plates[mount["end"]] = (painter.plate_mesh(corners), painter.picture(picture), corners)

    def parts(self, pose: Pose) -> list[tuple[Any, Floats]]:
        """Meshes with their matrices at a pose."""
        base = pose.matrix()
        out = [(self.body, base)]
        for part in self.about["wheels"]:
            turn = -pose.driven / self.wheel_radius[part["mesh"]] * part["sign"]
            c, s = math.cos(-turn), math.sin(-turn)
            flip = np.diag([part["sign"], part["sign"], 1, 1]).astype(np.float32)
            roll = np.array([[c, 0, s, 0], [0, 1, 0, 0], [-s, 0, c, 0], [0, 0, 0, 1]], np.float32)
            shift = np.eye(4, dtype=np.float32)
            shift[:3, 3] = part["hub"]
            out.append((self.wheels[part["mesh"]], (base @ shift @ flip @ roll).astype(np.float32)))
        return out


def thin(points: Floats, cell: float = 0.03) -> Floats:
    """One point per cell of cell metres, enough for exact boxes to a pixel fraction."""
    _, first = np.unique(np.round(points / cell), axis=0, return_index=True)
    return points[first]


def plate_corners(mount: dict[str, Any], size: tuple[float, float]) -> NDArray[np.float64]:
    """Corners (4, 3) in the vehicle frame as read: top left, top right, bottom right, bottom left."""
    w, h = size[0] / 2, size[1] / 2
    sign = 1 if mount["end"] == "front" else -1
    lean = math.sin(mount["tilt"]) * h
    x, y, z = mount["centre"]
    flat = [(-w, h), (w, h), (w, -h), (-w, -h)]
    return np.array(
        [(x - sign * lean * math.copysign(1, b), y + sign * a, z + b * math.cos(mount["tilt"])) for a, b in flat]
    )


class Painter:
    """Draws frames of one place."""

    def __init__(self, folder: Path, camera: Camera) -> None:
        """Load the rendered place from its folder and prepare the programs."""
        self.camera = camera
        self.context = moderngl.create_context(standalone=True, backend="egl")
        self.size = (camera.width, camera.height)
        place = json.loads((folder / "place.json").read_text())
        self.light = place["light"]
        parts = {
            name: self._fit(np.load(folder / f"{name}.npy").astype(np.float32), cv2.INTER_CUBIC)
            for name in ("sky", "sun")
        }
        depth = self._fit(np.load(folder / "depth.npy"), cv2.INTER_NEAREST)
        self.sky_part, self.sun_part = (self._texture(parts[name], 3) for name in ("sky", "sun"))
        self.still_depth = self._texture(depth[..., None], 1, nearest=True)
        around = np.load(folder / "around.npy").astype(np.float32)
        self.around = self._texture(octahedral(around, 512), 3)
        self.around.build_mipmaps()
        self.around.filter = (moderngl.LINEAR_MIPMAP_NEAREST, moderngl.LINEAR)
        self.soft = self._texture(octahedral(diffuse_map(around), 64), 3)
        far = np.load(folder / "sun_depth.npz")
        self.far_shadow = self._texture(far["depth"][..., None], 1, nearest=True)
        self.far = far
        self.shadow = self.context.depth_texture(SHADOW_SIZE)
        self.shadow.compare_func = ""
        self.shadow.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self.shadow_frame = self.context.framebuffer(depth_attachment=self.shadow)
        large = self.large_size = (round(self.size[0] * OVERSAMPLE), round(self.size[1] * OVERSAMPLE))
        self.large = self.context.framebuffer(
            [self.context.texture(large, 4, dtype="f2"), self.context.texture(large, 4, dtype="f1")],
            self.context.depth_texture(large),
        )
        self.small = self.context.framebuffer([self.context.texture(self.size, 4, dtype="f2")])
        self.ground_frame = self.context.framebuffer([self.context.texture(self.size, 4, dtype="f4")])
        program = self.context.program
        self.shadow_program = program(vertex_shader=shaders.SHADOW_VERTEX, fragment_shader=shaders.SHADOW_FRAGMENT)
        self.vehicle_program = program(
            vertex_shader=shaders.VEHICLE_VERTEX, fragment_shader=shaders.VEHICLE_FRAGMENT
        )
        self.ground_program = program(vertex_shader=shaders.SCREEN_VERTEX, fragment_shader=shaders.GROUND_FRAGMENT)
        self.shrink_program = program(vertex_shader=shaders.SCREEN_VERTEX, fragment_shader=shaders.SHRINK_FRAGMENT)
        screen = self.context.buffer(np.array([-1, -1, 1, -1, -1, 1, 1, 1], np.float32))
        self.ground_screen = self.context.vertex_array(self.ground_program, [(screen, "2f", "at")])
        self.depth_program = program(vertex_shader=shaders.SCREEN_VERTEX, fragment_shader=shaders.DEPTH_FRAGMENT)
        self.depth_screen = self.context.vertex_array(self.depth_program, [(screen, "2f", "at")])
        self.shrink_screen = self.context.vertex_array(self.shrink_program, [(screen, "2f", "at")])
        self.shades = self.context.texture_array((*SHADE_SIZE, SLOTS), 1, dtype="f4")
        self.shades.filter = (moderngl.LINEAR, moderngl.LINEAR)
        self._constants()

    def _fit(self, picture: Floats, how: int) -> Floats:
        """A place rendered smaller than the frame (for tries) is enlarged."""
        if picture.shape[1::-1] == self.size:
            return picture
        return np.maximum(cv2.resize(picture, self.size, interpolation=how), 0)

    def _texture(self, picture: Floats, channels: int, nearest: bool = False) -> moderngl.Texture:
        data = np.ascontiguousarray(picture, np.float32)
        texture = self.context.texture(data.shape[1::-1], channels, data.tobytes(), dtype="f4", alignment=4)
        texture.filter = (moderngl.NEAREST, moderngl.NEAREST) if nearest else (moderngl.LINEAR, moderngl.LINEAR)
        return texture

    def _constants(self) -> None:
        """Uniforms that never change; picture rows are stored top first, as (0, 0) of the texture."""
        axes = self.camera.axes().astype(np.float32)
        light = np.asarray(self.light["sun"], np.float32)
        shared: dict[str, Any] = {
            "sun": tuple(light / np.linalg.norm(light)),
            "sun_light": tuple(np.asarray(self.light["sun_colour"]) * self.light["sun_strength"]),
            "area": SHADOW_AREA,
            "far_origin": tuple(self.far["origin"]),
            "far_span": float(self.far["span"][0]),
            "eye": self.camera.position,
            "planes": PLANES,
            "half_size": (
                self.camera.width / 2 / self.camera.focal,
                self.camera.height / 2 / self.camera.focal,
            ),
        }
        units = {
            "near_shadow": 0,
            "far_shadow": 1,
            "materials": 2,
            "around": 3,
            "soft": 4,
            "still_depth": 5,
            "plate": 6,
            "sky_part": 7,
            "sun_part": 8,
            "shades": 9,
            "source": 10,
        }
        for program in (
            self.shadow_program,
            self.vehicle_program,
            self.ground_program,
            self.shrink_program,
            self.depth_program,
        ):
            for name, value in {**shared, **units}.items():
                if name in program:
                    program[name].value = value
            if "far_axes" in program:
                program["far_axes"].write(np.ascontiguousarray(self.far["axes"].T, np.float32).tobytes())
            if "axes" in program:
                program["axes"].write(np.ascontiguousarray(axes, np.float32).tobytes())
        for unit, texture in (
            (0, self.shadow),
            (1, self.far_shadow),
            (3, self.around),
            (4, self.soft),
            (5, self.still_depth),
            (7, self.sky_part),
            (8, self.sun_part),
            (9, self.shades),
        ):
            texture.use(unit)

    def mesh(self, vertex: Floats, index: NDArray[np.uint32]) -> tuple[Any, Any]:
        """Vertex arrays (for shading, for shadows) of a mesh; outer patches, which come last, are drawn
        first.
        """
        flat = index[::-1].ravel()
        _, first, back = np.unique(flat, return_index=True, return_inverse=True)
        rank = np.argsort(np.argsort(first))
        vertex, index = vertex[flat[np.sort(first)]], rank[back.ravel()].reshape(-1, 3).astype(np.uint32)
        data, order = (
            self.context.buffer(vertex.astype(np.float32).tobytes()),
            self.context.buffer(index.tobytes()),
        )
        shading = self.context.vertex_array(self.vehicle_program, [(data, STRIDE, *NAMES)], order)
        shadow = self.context.vertex_array(self.shadow_program, [(data, "3f 28x", "place")], order)
        return shading, shadow

    def plate_mesh(self, corners: NDArray[np.float64]) -> Any:
        """The quad of a plate."""
        normal = np.cross(corners[1] - corners[0], corners[3] - corners[0])
        normal = -normal / np.linalg.norm(normal)
        uvs = [(0, 0), (1, 0), (1, 1), (0, 1)]
        rows = np.array(
            [[*corner, *normal, *uv, 0.8, 0] for corner, uv in zip(corners, uvs, strict=True)], np.float32
        )
        return self.mesh(rows, np.array([0, 1, 2, 0, 2, 3], np.uint32))[0]

    def picture(self, picture: NDArray[np.uint8]) -> moderngl.Texture:
        """A plate picture as texture."""
        data = np.ascontiguousarray(picture)
        texture = self.context.texture(data.shape[1::-1], 3, data.tobytes(), alignment=1)
        texture.build_mipmaps()
        texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
        texture.anisotropy = 8.0
        texture.repeat_x = texture.repeat_y = False
        return texture

    def table(self, rows: Floats) -> moderngl.Texture:
        """A material table (N, 8) as a texture two texels wide."""
        return self._texture(rows.reshape(-1, 2, 4), 4, nearest=True)

    def view(self, shift: tuple[float, float] = (0.0, 0.0)) -> Floats:
        """World to clip coordinates; row 0 of the picture is the bottom of clip space, so pictures need no
        flip.
        """
        camera, (near, far) = self.camera, PLANES
        axes = camera.axes()
        local = np.eye(4)
        local[:3, :3], local[:3, 3] = axes, -axes @ np.asarray(camera.position)
        project = np.zeros((4, 4))
        project[0, 0], project[1, 1] = 2 * camera.focal / camera.width, 2 * camera.focal / camera.height
        project[0, 2], project[1, 2] = 2 * shift[0] / camera.width, 2 * shift[1] / camera.height
        project[2, 2], project[2, 3], project[3, 2] = (
            (far + near) / (far - near),
            -2 * far * near / (far - near),
            1.0,
        )
        return (project @ local).astype(np.float32)

    def _draw(self, vehicles: list[tuple[Vehicle, Pose]]) -> None:
        """Draw the vehicles and who they are; the place's own depth hides what passes behind lamp posts and
        trees.
        """
        frame, program = self.large, self.vehicle_program
        frame.use()
        frame.clear(0, 0, 0, 0)
        self.context.enable_only(moderngl.DEPTH_TEST)
        frame.color_mask = ((False,) * 4, (False,) * 4)
        self.depth_screen.render(moderngl.TRIANGLE_STRIP)
        frame.color_mask = ((True,) * 4, (True,) * 4)
        program["view"].write(np.ascontiguousarray(self.view().T).tobytes())
        order = sorted(range(len(vehicles)), key=lambda k: vehicles[k][1].y)
        for number in order:
            vehicle, pose = vehicles[number]
            vehicle.materials.use(2)
            program["kind"].value, program["destination"].value = 0, vehicle.destination
            program["brake_lamp"].value, program["braking"].value = vehicle.brake_lamp, pose.braking
            program["identity"].value = ((number + 1) / 255, 0, 0, 1)
            for (shading, _), matrix in vehicle.parts(pose):
                program["model"].write(np.ascontiguousarray(matrix.T).tobytes())
                shading.render()
            program["kind"].value = 1
            program["model"].write(np.ascontiguousarray(pose.matrix().T).tobytes())
            for end, (mesh, texture, _) in vehicle.plates.items():
                program["identity"].value = ((number + 1) / 255, (1 if end == "front" else 2) / 255, 0, 1)
                texture.use(6)
                mesh.render()

    def paint(
        self, vehicles: list[tuple[Vehicle, Pose]], smears: list[tuple[float, float]]
    ) -> tuple[Floats, NDArray[np.uint8]]:
        """Linear RGB (H, W, 3) of a frame, and who is seen: (H, W, 2) with 1 + place in the list, and 1 on
        its front, 2 on its rear plate.

        smears are the pixels (x, y) each vehicle moves during the exposure.
        """
        self._shadows(vehicles)
        self._ground(vehicles)
        self._draw(vehicles)
        self.small.use()
        self.context.enable_only(moderngl.NOTHING)
        self.large.color_attachments[0].use(10)
        self.shrink_screen.render(moderngl.TRIANGLE_STRIP)
        height, width = self.size[1], self.size[0]
        traffic = (
            np.frombuffer(self.small.read(components=4, dtype="f2"), np.float16)
            .reshape(height, width, 4)
            .astype(np.float32)
        )
        still = np.frombuffer(self.ground_frame.read(components=3, dtype="f4"), np.float32).reshape(
            height, width, 3
        )
        flat = np.frombuffer(self.large.read(components=4, attachment=1), np.uint8)
        rows, columns = (((np.arange(count) + 0.5) * OVERSAMPLE).astype(int) for count in (height, width))
        ids = flat.reshape(self.large_size[1], self.large_size[0], 4)[rows[:, None], columns[None, :], :2]
        for number, smear in enumerate(smears):
            smear_region(traffic, ids[..., 0] == number + 1, smear)
        return traffic[..., :3] + still * (1 - np.clip(traffic[..., 3:], 0, 1)), ids

    def _shadows(self, vehicles: list[tuple[Vehicle, Pose]]) -> None:
        self.shadow_frame.use()
        self.shadow_frame.clear(depth=1.0)
        self.context.enable_only(moderngl.DEPTH_TEST)
        for vehicle, pose in vehicles:
            for (_, shadow), matrix in vehicle.parts(pose):
                self.shadow_program["model"].write(np.ascontiguousarray(matrix.T).tobytes())
                shadow.render()

    def _ground(self, vehicles: list[tuple[Vehicle, Pose]]) -> None:
        program = self.ground_program
        poses, extents = np.zeros((SLOTS, 4), np.float32), np.ones((SLOTS, 2), np.float32)
        for slot, (vehicle, pose) in enumerate(vehicles[:SLOTS]):
            poses[slot] = pose.x, pose.y, math.cos(pose.heading), math.sin(pose.heading)
            extents[slot] = vehicle.length / 2 + 1.2, vehicle.width / 2 + 1.2
            self.shades.write(np.ascontiguousarray(vehicle.shade).tobytes(), (0, 0, slot, *SHADE_SIZE, 1))
        program["pose"].write(poses.tobytes())
        program["extent"].write(extents.tobytes())
        program["count"].value = min(len(vehicles), SLOTS)
        self.ground_frame.use()
        self.context.enable_only(moderngl.NOTHING)
        self.ground_screen.render(moderngl.TRIANGLE_STRIP)


def smear_region(traffic: Floats, mask: NDArray[np.bool_], smear: tuple[float, float]) -> None:
    """Blur the region around a mask of premultiplied RGBA (H, W, 4) along the smear (pixels x, y), in
    place.
    """
    length = math.hypot(*smear)
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if length < 0.7 or len(rows) == 0:
        return
    reach = math.ceil(length / 2) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    for share in np.linspace(-0.5, 0.5, 4 * reach + 1):
        x, y = reach + share * smear[0], reach + share * smear[1]
        x0, y0 = int(x), int(y)
        for i, j, weight in (
            (0, 0, (1 - x + x0) * (1 - y + y0)),
            (1, 0, (x - x0) * (1 - y + y0)),
            (0, 1, (1 - x + x0) * (y - y0)),
            (1, 1, (x - x0) * (y - y0)),
        ):
            if weight > 0:
                kernel[y0 + j, x0 + i] += weight
    kernel /= kernel.sum()
    part = (
        slice(max(0, rows[0] - reach), rows[-1] + reach + 1),
        slice(max(0, columns[0] - reach), columns[-1] + reach + 1),
    )
    traffic[part] = cv2.filter2D(traffic[part], -1, kernel, borderType=cv2.BORDER_REPLICATE)


def octahedral(around: Floats, size: int) -> Floats:
    """An equirectangular picture (middle column along +y) as an octahedral map (size, size, 3)."""
    at = (np.stack(np.meshgrid(np.arange(size), np.arange(size)), -1) + 0.5) / size * 2 - 1
    z = 1 - np.abs(at).sum(-1)
    folded = (1 - np.abs(at[..., ::-1])) * np.where(at < 0, -1.0, 1.0)
    xy = np.where(z[..., None] < 0, folded, at)
    ray = np.concatenate([xy, z[..., None]], -1)
    ray /= np.linalg.norm(ray, axis=-1, keepdims=True)
    height, width = around.shape[:2]
    columns = (0.5 + np.arctan2(ray[..., 0], ray[..., 1]) / (2 * np.pi)) * width - 0.5
    rows = np.arccos(np.clip(ray[..., 2], -1, 1)) / np.pi * height - 0.5
    shown = cv2.remap(
        around,
        columns.astype(np.float32),
        rows.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_WRAP,
    )
    return np.asarray(shown, np.float32)


def diffuse_map(around: Floats, height: int = 32) -> Floats:
    """Mean light (32, 64, 3) a surface facing each direction receives from the surroundings
    (equirectangular).
    """
    small = cv2.resize(around, (2 * height, height), interpolation=cv2.INTER_AREA)
    polar = (np.arange(height) + 0.5) / height * np.pi
    azimuth = ((np.arange(2 * height) + 0.5) / (2 * height) - 0.5) * 2 * np.pi
    ray = np.stack(
        [
            np.outer(np.sin(polar), np.sin(azimuth)),
            np.outer(np.sin(polar), np.cos(azimuth)),
            np.outer(np.cos(polar), np.ones(2 * height)),
        ],
        -1,
    ).reshape(-1, 3)
    weight = np.clip(ray @ ray.T, 0, None) * np.repeat(np.sin(polar), 2 * height)[None, :]
    out = weight @ small.reshape(-1, 3) / weight.sum(1, keepdims=True)
    return np.asarray(out.reshape(height, 2 * height, 3), np.float32)

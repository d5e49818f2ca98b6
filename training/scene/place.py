"""What does the place look like? A street with kerbs, verges, trees, hedges, houses, lamps, signs and a bus
stop.

World coordinates in metres: y along the road away from the camera, x to the right, z up; the road's middle
is x = 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from random import Random

import bpy
import numpy as np
from mathutils import Matrix, Vector

from training.scene import shapes, textures
from training.scene.materials import principled, textured
from training.scene.plants import hedge, lawn, make_tree
from training.scene.shapes import Solid
from training.scene.street import house, kerb, lamp_post, quad, shelter, sign_post
from training.scene.textures import Light, RoadPlan

LANE = 3.4
"""Lane width in metres."""
FAR = 230.0
"""Where the road ends, metres from the camera."""


@dataclass(frozen=True)
class PlaceSpec:
    """What to build: a seed, the light, whether there is a bus bay (y from, y to) on the left, and the mood
    of the sides.
    """

    seed: int
    light: Light
    bay: tuple[float, float] | None = None
    left: str = "houses"
    right: str = "trees"
    lanes: int = 2
    parked: bool = True

    @property
    def half(self) -> float:
        """Half the carriageway's width in metres."""
        return self.lanes * LANE / 2 + 0.35

    def lane_centre(self, index: int) -> float:
        """x of a lane's middle, lane 0 leftmost."""
        return (index - (self.lanes - 1) / 2) * LANE


def make_materials(folder: Path, spec: PlaceSpec, rng: np.random.Generator) -> None:
    """Everything the place is made of."""
    principled("bark", (0.09, 0.065, 0.045), 0.95, specular=0.1)
    for tint, colour in {
        "green": (0.055, 0.115, 0.018),
        "dark": (0.03, 0.07, 0.014),
        "lime": (0.10, 0.15, 0.022),
        "olive": (0.08, 0.10, 0.03),
    }.items():
        principled(f"leaf_{tint}", colour, 0.55, specular=0.3)
        node = bpy.data.materials[f"leaf_{tint}"].node_tree.nodes["Principled BSDF"]
        node.inputs["Subsurface Weight"].default_value = 0.0
    principled("hedge_core", (0.01, 0.018, 0.006), 1.0, specular=0.0)
    principled("blade", (0.085, 0.125, 0.028), 0.7, specular=0.2)
    principled("kerb", (0.40, 0.385, 0.355), 0.85, specular=0.2)
    principled("galvanised", (0.33, 0.34, 0.35), 0.45, metallic=0.6)
    principled("post_dark", (0.03, 0.035, 0.04), 0.4)
    principled("pane", (0.05, 0.06, 0.065), 0.03, specular=0.8)
    principled("poster", (0.45, 0.20, 0.12), 0.3)
    principled("hill", (0.06, 0.085, 0.06), 1.0, specular=0.0)
    principled("poster_white", (0.6, 0.6, 0.6), 0.4)
    principled("wood", (0.20, 0.12, 0.06), 0.6)
    principled("brick", (0.26, 0.10, 0.07), 0.9)
    principled("fence", (0.42, 0.40, 0.36), 0.8)
    half = spec.half
    plan = RoadPlan(
        (-half - 3.4, half + 0.2),
        (-5, FAR),
        (-half + 0.25, half - 0.25),
        tuple((spec.lane_centre(i) + LANE / 2) for i in range(spec.lanes - 1)),
        tuple(spec.lane_centre(i) for i in range(spec.lanes)),
        (-half - 3.05, -half - 0.1, spec.bay[0] + 7, spec.bay[1] - 7) if spec.bay else None,
    )
    name = textured("road", textures.save(folder / "road.png", textures.road(plan, rng)), 0.82, 0.35)
    tree = bpy.data.materials[name].node_tree
    bump, grain = tree.nodes.new("ShaderNodeBump"), tree.nodes.new("ShaderNodeTexNoise")
    where = tree.nodes.new("ShaderNodeTexCoord")
    grain.inputs["Scale"].default_value = 60.0
    bump.inputs["Distance"].default_value = 0.012
    bump.inputs["Strength"].default_value = 0.5
    tree.links.new(where.outputs["Object"], grain.inputs["Vector"])
    tree.links.new(grain.outputs["Fac"], bump.inputs["Height"])
    tree.links.new(bump.outputs["Normal"], tree.nodes["Principled BSDF"].inputs["Normal"])
    textured("pavers", textures.save(folder / "pavers.png", textures.pavers(rng)), 0.9, 0.2)
    textured("grass", textures.save(folder / "grass.png", textures.grass(rng)), 0.95, 0.1)


def ground(spec: PlaceSpec) -> None:
    """Carriageway, kerbs, pavement and lawns."""
    solid, half = Solid(), spec.half
    left, right = -half - 3.4, half + 0.2
    quad(solid, [(left, -5, 0), (right, -5, 0), (right, FAR, 0), (left, FAR, 0)], "road")
    step = 0.12
    outline: list[tuple[float, float]] = [(-half, -5.0)]
    if spec.bay:
        y0, y1 = spec.bay
        outline += [(-half, y0), (-half - 3.1, y0 + 6), (-half - 3.1, y1 - 6), (-half, y1)]
    outline.append((-half, FAR))
    deep = left - 4.2
    for (xa, ya), (xb, yb) in pairwise(outline):
        quad(
            solid,
            [(deep, ya, step), (xa - 0.15, ya, step), (xb - 0.15, yb, step), (deep, yb, step)],
            "pavers",
            ((xa - deep) / 4, (yb - ya) / 4),
        )
        length = math.hypot(xb - xa, yb - ya)
        for k in range(max(1, round(length / 2.0))):
            n = max(1, round(length / 2.0))
            p, q = (
                (xa + (xb - xa) * k / n, ya + (yb - ya) * k / n),
                (xa + (xb - xa) * (k + 1) / n, ya + (yb - ya) * (k + 1) / n),
            )
            kerb(solid, p, q, -1, step)
    for k in range(int((FAR + 5) / 2)):
        kerb(solid, (half, -5 + 2.0 * k), (half, -3 + 2.0 * k), 1, step)
    quad(
        solid,
        [
            (half + 0.14, -5, step - 0.02),
            (half + 1.8, -5, step - 0.02),
            (half + 1.8, FAR, step - 0.02),
            (half + 0.14, FAR, step - 0.02),
        ],
        "grass",
        (0.5, 60),
    )
    quad(
        solid,
        [(half + 1.8, -5, step), (half + 3.8, -5, step), (half + 3.8, FAR, step), (half + 1.8, FAR, step)],
        "pavers",
        (0.5, 58),
    )
    quad(
        solid,
        [
            (half + 3.8, -20, step - 0.02),
            (150, -20, step - 0.02),
            (150, 400, step - 0.02),
            (half + 3.8, 400, step - 0.02),
        ],
        "grass",
        (36, 105),
    )
    quad(
        solid,
        [
            (-150, -20, step - 0.02),
            (deep, -20, step - 0.02),
            (deep, 400, step - 0.02),
            (-150, 400, step - 0.02),
        ],
        "grass",
        (36, 105),
    )
    quad(
        solid,
        [(left, FAR, 0.05), (right + 2, FAR, 0.05), (right + 2, 400, 0.05), (left, 400, 0.05)],
        "grass",
        (3, 40),
    )
    solid.to_object("ground", smooth=False)


def copy_at(item: bpy.types.Object, x: float, y: float, turn: float, scale: float) -> None:
    """Place an instance of an object."""
    twin = bpy.data.objects.new(item.name, item.data)
    twin.matrix_world = Matrix.Translation((x, y, 0.1)) @ Matrix.Rotation(turn, 4, "Z") @ Matrix.Scale(scale, 4)
    bpy.context.scene.collection.objects.link(twin)


def far_away(item: bpy.types.Object) -> bpy.types.Object:
    """Hide a template under the ground, out of sight."""
    item.hide_render = True
    return item


def build(spec: PlaceSpec, folder: Path) -> None:
    """Build the whole place in the current Blender scene; its textures are written to the folder."""
    rng, dice = np.random.default_rng(spec.seed), Random(spec.seed)
    make_materials(folder, spec, rng)
    ground(spec)
    half = spec.half
    trees = [
        far_away(make_tree(rng, h, s, t))
        for h, s, t in ((7.5, 2.6, "green"), (6.2, 2.3, "lime"), (9.0, 3.2, "dark"), (7.0, 2.8, "olive"))
    ]
    far_left = -half - 3.4 - 4.2
    sides = {"right": (half + 2.8 + 2.6, spec.right, 1), "left": (far_left - 1.4, spec.left, -1)}
    for edge, mood, sign in sides.values():
        y = 16.0 + dice.uniform(0, 6)
        while y < 150:
            if mood == "trees" or dice.random() < 0.35:
                copy_at(
                    dice.choice(trees),
                    edge + sign * dice.uniform(0, 1.2),
                    y,
                    dice.uniform(0, 6.28),
                    dice.uniform(0.85, 1.2),
                )
            y += dice.uniform(7, 13) if mood == "trees" else dice.uniform(12, 22)
        y = 24.0
        number = 0
        while y < 210:
            width, depth = dice.uniform(9, 14), dice.uniform(9, 11)
            block = house(folder, rng, f"{'r' if sign > 0 else 'l'}{number}", width, depth, dice.choice([2, 2, 3]))
            set_back = (7.5 if mood == "houses" else 15.0) + dice.uniform(0, 3)
            block.matrix_world = Matrix.Translation((edge + sign * set_back, y + width / 2, 0)) @ Matrix.Rotation(
                0 if sign < 0 else math.pi, 4, "Z"
            )
            y += width + dice.uniform(4, 9)
            number += 1
        fence = far_away(hedge(rng, 8.0, 1.3 if sign > 0 else 1.0, 0.7))
        for k in range(20):
            if dice.random() < 0.8:
                copy_at(fence, edge + sign * 1.9, 14 + k * 8.3, 0.0, 1.0)
    for _ in range(70):
        copy_at(
            dice.choice(trees),
            dice.uniform(-70, 70),
            dice.uniform(FAR - 15, FAR + 60),
            dice.uniform(0, 6.28),
            dice.uniform(1.0, 1.9),
        )
    for _ in range(40):
        x = dice.choice([-1, 1]) * dice.uniform(26, 60)
        copy_at(dice.choice(trees), x, dice.uniform(40, 200), dice.uniform(0, 6.28), dice.uniform(1.0, 1.6))
    hill = Solid()
    crest = [(x, 395.0, 7 + 3 * math.sin(x / 37) + 2 * math.sin(x / 11 + 1)) for x in range(-200, 201, 8)]
    hill.add(
        np.array([(x, y, -1) for x, y, _ in crest] + crest),
        [(i, i + 1, i + 1 + len(crest), i + len(crest)) for i in range(len(crest) - 1)],
        "hill",
    )
    hill.to_object("hill", smooth=False)
    for y in (33.0, 58.0):
        bin_ = Solid()
        bin_.add(*shapes.tube([(-half - 4.0, y, 0.1), (-half - 4.0, y, 0.95)], [0.22, 0.25], 20), "post_dark")
        bin_.to_object("bin")
    for k in range(10):
        post = Solid()
        post.add(
            *shapes.tube([(-half - 0.45, 9.5 + 1.5 * k, 0.1), (-half - 0.45, 9.5 + 1.5 * k, 0.95)], 0.055, 12),
            "post_dark",
        )
        post.add(
            *shapes.tube([(-half - 0.45, 9.5 + 1.5 * k, 0.78), (-half - 0.45, 9.5 + 1.5 * k, 0.86)], 0.057, 12),
            "poster_white",
        )
        post.to_object("bollard")
    for k in range(7):
        lamp_post(half + 1.0, 22 + 30 * k, -1)
        if k % 2:
            lamp_post(-half - 3.9, 22 + 30 * k, 1)
    sign_post(folder, half + 0.7, 38, "limit", 2.4)
    sign_post(folder, half + 0.7, 84, "parking", 2.4)
    if spec.bay:
        sign_post(folder, -half - 3.6, spec.bay[0] + 8, "bus", 2.6)
        shelter(-half - 4.9, sum(spec.bay) / 2)
    lawn(rng, (half + 0.16, half + 1.78), (8, 44), 900)
    lawn(rng, (half + 3.9, half + 7.5), (12, 40), 350)


def light_up(light: Light, folder: Path, seed: int, sun: bool, sky: bool) -> None:
    """World and sun lamp; either can be left dark to render its share alone."""
    path = folder / f"sky_{light.name}.hdr"
    if not path.exists():
        textures.save(path, textures.sky(light, np.random.default_rng(seed)))
    scene = bpy.context.scene
    world = scene.world or bpy.data.worlds.new("world")
    scene.world = world
    world.use_nodes = True
    tree = world.node_tree
    background = tree.nodes["Background"]
    if "sky" not in tree.nodes:
        image = tree.nodes.new("ShaderNodeTexEnvironment")
        image.name = "sky"
        image.image = bpy.data.images.load(str(path))
        tree.links.new(image.outputs["Color"], background.inputs["Color"])
    background.inputs["Strength"].default_value = 1.0 if sky else 0.0
    lamp = bpy.data.objects.get("sun")
    if lamp is None:
        lamp = bpy.data.objects.new("sun", bpy.data.lights.new("sun", "SUN"))
        scene.collection.objects.link(lamp)
        lamp.rotation_euler = Vector(light.sun).to_track_quat("Z", "Y").to_euler()
    lamp.data.energy = light.sun_strength if sun else 0.0
    lamp.data.color = light.sun_colour
    lamp.data.angle = light.sun_angle

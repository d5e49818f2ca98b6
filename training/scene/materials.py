"""What do surfaces look like? Cycles materials by name, made once and shared."""

from __future__ import annotations

from pathlib import Path

import bpy

Colour = tuple[float, float, float]

PAINTS: dict[str, tuple[Colour, float]] = {
    # name: linear RGB, metallic share; weights of the real fleet are in vehicles.PAINT_SHARE
    "white": ((0.78, 0.78, 0.76), 0.0),
    "pearl": ((0.66, 0.66, 0.63), 0.15),
    "silver": ((0.42, 0.43, 0.44), 0.7),
    "grey": ((0.13, 0.135, 0.14), 0.6),
    "dark_grey": ((0.045, 0.048, 0.052), 0.5),
    "black": ((0.008, 0.008, 0.009), 0.1),
    "blue": ((0.018, 0.06, 0.22), 0.4),
    "navy": ((0.008, 0.018, 0.06), 0.4),
    "light_blue": ((0.10, 0.24, 0.42), 0.4),
    "red": ((0.42, 0.012, 0.012), 0.15),
    "wine": ((0.11, 0.008, 0.014), 0.4),
    "green": ((0.015, 0.075, 0.04), 0.4),
    "beige": ((0.42, 0.35, 0.25), 0.4),
    "brown": ((0.09, 0.05, 0.03), 0.5),
    "orange": ((0.62, 0.15, 0.015), 0.1),
    "yellow": ((0.72, 0.45, 0.02), 0.0),
    "cream": ((0.72, 0.66, 0.50), 0.0),
}


def principled(
    name: str,
    colour: Colour,
    roughness: float = 0.5,
    metallic: float = 0.0,
    coat: float = 0.0,
    emission: float = 0.0,
    specular: float = 0.5,
) -> str:
    """Make (or find) a plain material; emission is the strength of light in the same colour. Returns its
    name.
    """
    if name in bpy.data.materials:
        return name
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    node = material.node_tree.nodes["Principled BSDF"]
    node.inputs["Base Color"].default_value = (*colour, 1)
    node.inputs["Roughness"].default_value = roughness
    node.inputs["Metallic"].default_value = metallic
    node.inputs["Specular IOR Level"].default_value = specular
    node.inputs["Coat Weight"].default_value = coat
    node.inputs["Coat Roughness"].default_value = 0.04
    if emission > 0:
        node.inputs["Emission Color"].default_value = (*colour, 1)
        node.inputs["Emission Strength"].default_value = emission
    return name


def paint(name: str) -> str:
    """A car paint by name of PAINTS: a base coat under a clear, sharp coat."""
    colour, metallic = PAINTS[name]
    return principled(f"paint_{name}", colour, roughness=0.42, metallic=metallic, coat=1.0)


def textured(
    name: str,
    image: Path,
    roughness: float = 0.8,
    specular: float = 0.3,
    alpha: bool = False,
    coat: float = 0.0,
) -> str:
    """A material whose colour is an image laid by the mesh's texture coordinates. Returns its name."""
    if name in bpy.data.materials:
        return name
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    tree = material.node_tree
    node = tree.nodes["Principled BSDF"]
    texture = tree.nodes.new("ShaderNodeTexImage")
    texture.image = bpy.data.images.load(str(image), check_existing=True)
    tree.links.new(texture.outputs["Color"], node.inputs["Base Color"])
    if alpha:
        tree.links.new(texture.outputs["Alpha"], node.inputs["Alpha"])
    node.inputs["Roughness"].default_value = roughness
    node.inputs["Specular IOR Level"].default_value = specular
    node.inputs["Coat Weight"].default_value = coat
    return name


def make_shared() -> None:
    """The materials every vehicle uses."""
    principled("glass", (0.012, 0.015, 0.016), roughness=0.02, specular=0.75)
    principled("trim_black", (0.012, 0.012, 0.013), roughness=0.45)
    principled("plastic", (0.028, 0.028, 0.03), roughness=0.65)
    principled("gloss_black", (0.006, 0.006, 0.007), roughness=0.12)
    principled("seam", (0.004, 0.004, 0.004), roughness=0.9, specular=0.1)
    principled("well", (0.006, 0.006, 0.006), roughness=1.0, specular=0.0)
    principled("rubber", (0.018, 0.018, 0.018), roughness=0.85, specular=0.2)
    principled("alloy", (0.48, 0.49, 0.50), roughness=0.28, metallic=0.9)
    principled("alloy_dark", (0.05, 0.05, 0.055), roughness=0.3, metallic=0.7)
    principled("steel", (0.22, 0.22, 0.22), roughness=0.5, metallic=0.6)
    principled("brake", (0.05, 0.045, 0.04), roughness=0.7, metallic=0.4)
    principled("chrome", (0.75, 0.75, 0.76), roughness=0.1, metallic=1.0)
    principled("lamp_clear", (0.55, 0.57, 0.6), roughness=0.08, metallic=0.5, coat=1.0)
    principled("lamp_lens", (0.95, 0.95, 0.9), roughness=0.1, emission=0.6)
    principled("lamp_day", (1.0, 0.97, 0.9), roughness=0.1, emission=4.0)
    principled("lamp_red", (0.32, 0.006, 0.006), roughness=0.12, coat=1.0)
    principled("lamp_red_lit", (0.8, 0.02, 0.015), roughness=0.2, emission=1.2)
    principled("lamp_brake", (1.0, 0.03, 0.02), roughness=0.2, emission=6.0)
    principled("lamp_amber", (0.8, 0.25, 0.02), roughness=0.2, coat=1.0)
    principled("skin", (0.45, 0.27, 0.19), roughness=0.6)
    principled("handle", (0.012, 0.012, 0.013), roughness=0.45)
    principled("gravel", (0.16, 0.14, 0.12), roughness=1.0, specular=0.1)
    principled("destination", (0.006, 0.006, 0.007), roughness=0.2)

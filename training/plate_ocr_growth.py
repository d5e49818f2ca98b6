"""Start a grown network from the weights of a smaller one: what was learned is kept where it still fits.

Old classes and slots keep their weights, new ones begin like old ones.
"""

from __future__ import annotations

import torch
from torch import Tensor

from training.plate_ocr_network import PlateReader

SLOTWISE = {"queries": 1, "order.one.weight": 1, "order.two.weight": 1}
"""Weights with one entry for each slot, and the dimension in which the slots lie."""
NEW_SLOTS_DIFFER = 0.5
"""How far a new slot begins from the last old one, in lengths of its weights."""
CLASSWISE = ("cell_head.weight", "cell_head.bias", "slot_head.weight", "slot_head.bias")
"""Weights with one row for each class; a new one begins as the average of the old ones, without the blank."""


def grown(old: dict[str, Tensor]) -> dict[str, Tensor]:
    """The state of a whole PlateReader, made from that of an earlier one with fewer slots or classes.

    Raises:
        ValueError: the earlier network has another width or other layers.
    """
    new = PlateReader().state_dict()
    if new.keys() != old.keys():
        raise ValueError(f"the earlier network has other layers: {sorted(new.keys() ^ old.keys())}")
    for name, value in old.items():
        if name in SLOTWISE:
            value = _with_more_slots(value, new[name], SLOTWISE[name])
        elif name in CLASSWISE:
            value = torch.cat([value, value[1:].mean(dim=0, keepdim=True).expand_as(new[name][len(value) :])])
        if value.shape != new[name].shape:
            raise ValueError(f"{name}: {tuple(value.shape)} does not fit into {tuple(new[name].shape)}")
        new[name] = value
    return new


def blended(earlier: dict[str, Tensor], later: dict[str, Tensor], share: float) -> dict[str, Tensor]:
    """The weights between two states, ``share`` (0-1) of the way to the later one.

    A network that has just learned something new reads what it knew before better so (Wortsman et al., "Robust
    fine-tuning of zero-shot models", CVPR 2022).
    """
    return {
        name: torch.lerp(earlier[name], value, share) if value.dtype.is_floating_point else value
        for name, value in later.items()
    }


def _with_more_slots(old: Tensor, new: Tensor, dim: int) -> Tensor:
    """Append slots like the last old one, which says "no character" on nearly all plates, each a little off.

    A slot is off in the same direction in all weights, so that it points at its own place from the beginning.
    """
    more = new.shape[dim] - old.shape[dim]
    if more == 0:
        return old
    slots = old.transpose(0, dim)
    last = slots[-1:]
    directions = torch.randn(more, last.numel(), generator=torch.Generator().manual_seed(0))
    away = directions / directions.norm(dim=1, keepdim=True) * last.norm() * NEW_SLOTS_DIFFER
    return torch.cat([slots, last + away.reshape(more, *last.shape[1:])]).transpose(0, dim).contiguous()

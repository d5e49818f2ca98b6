"""The plate recogniser's network in PyTorch: convolutions, one look round, fourteen slots in reading order.

A crop stretched to 64x128 becomes an 8x16 grid of features. Fourteen learned slots each point at one place of the
grid (soft attention), so a plate of two lines is read line by line like one of one line. The grid also
carries a dense classification (which character has its centre in this cell?) that is trained on drawn plates,
where every centre is known: it makes the network learn in minutes rather than hours, and counting it in
reading order helps the slots to point.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from traffic_monitor.plates.text import SIGN

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ" + SIGN
BLANK = 0
"""Class 0 is "no character" in slots and cells; class ``1 + i`` is ``ALPHABET[i]``, as in PaddleOCR's CTC."""
CLASSES = len(ALPHABET) + 1
SLOTS = 14
"""Longest text that can be read: Saudi plates have seven signs in Arabic and the same seven in Latin."""
HEIGHT, WIDTH = 64, 128
GRID_HEIGHT, GRID_WIDTH = 8, 16
STRIDE = 8
PRIOR = 3.9
"""Taken from a cell's log odds of a character: the loss weighs written cells like the many blank ones."""


class Reading(NamedTuple):
    """What one forward pass says about a batch of N crops."""

    slots: Tensor
    """(N, SLOTS, CLASSES) logits, text first, blanks after it."""
    cells: Tensor
    """(N, GRID_HEIGHT * GRID_WIDTH, CLASSES) logits of the character centred in each cell."""
    pointing: Tensor
    """(N, SLOTS, GRID_HEIGHT * GRID_WIDTH) attention logits of each slot over the cells."""


class ConvBlock(nn.Module):
    """3x3 convolution, batch normalisation, ReLU."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1, size: int = 3) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H / stride, W / stride)."""
        return torch.relu_(self.norm(self.conv(x)))


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside an identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = ConvBlock(channels, channels)
        self.conv = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Keeps the shape (N, channels, H, W)."""
        return torch.relu_(self.norm(self.conv(self.first(x))) + x)


class Attention(nn.Module):
    """Plain multi-head self-attention with separate projections (easy to rebuild in another framework)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Keeps the shape (N, T, width)."""
        n, t, width = x.shape
        q, k, v = self.qkv(x).reshape(n, t, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        mixed = nn.functional.scaled_dot_product_attention(q, k, v)
        out: Tensor = self.out(mixed.transpose(1, 2).reshape(n, t, width))
        return out


class TransformerLayer(nn.Module):
    """Pre-norm transformer layer."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.up = nn.Linear(width, hidden)
        self.down = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """Keeps the shape (N, T, width)."""
        x = x + self.attention(self.norm1(x))
        change: Tensor = self.down(torch.relu(self.up(self.norm2(x))))
        return x + change


def even_light(images: Tensor) -> Tensor:
    """Give every crop of (N, 3, H, W) mean 0 and deviation 1: a plate at dusk then looks like one at noon."""
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    centred = images - mean
    return centred / torch.sqrt((centred * centred).mean(dim=(1, 2, 3), keepdim=True) + 1e-3)


def reading_order() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Which cells come before which: two (cells, cells) weights ``w[j, i]`` of cell j before cell i.

    The first is for one line (all columns further left), the second for two (the rows above, and the columns
    further left in nearly the same row). Summed over the characters' chances they tell a cell how many
    characters precede it.
    """
    row, column = np.divmod(np.arange(GRID_HEIGHT * GRID_WIDTH), GRID_WIDTH)
    left = (column[:, None] < column[None, :]).astype(np.float32)
    drop = (row[None, :] - row[:, None]).astype(np.float32)
    above = 1 / (1 + np.exp(-4.0 * (drop - 2.0)))
    below = 1 / (1 + np.exp(-4.0 * (-drop - 2.0)))
    return left, (above + left * (1 - above) * (1 - below)).astype(np.float32)


class ReadingOrder(nn.Module):
    """Keys that tell every cell which place in the text it would have: doubles then do not confuse."""

    before_one: Tensor
    before_two: Tensor
    places: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        one, two = reading_order()
        self.register_buffer("before_one", torch.from_numpy(one), persistent=False)
        self.register_buffer("before_two", torch.from_numpy(two), persistent=False)
        self.register_buffer("places", torch.arange(SLOTS, dtype=torch.float32), persistent=False)
        self.one = nn.Linear(SLOTS, width, bias=False)
        self.two = nn.Linear(SLOTS, width, bias=False)
        self.lines = nn.Linear(width, 1)

    def forward(self, grid: Tensor, cells: Tensor) -> Tensor:
        """Keys (N, cells, width) from a grid of that shape and the cells' logits (N, cells, CLASSES)."""
        others = torch.logsumexp(cells[..., 1:], dim=-1)
        written = torch.sigmoid(others - cells[..., BLANK] - PRIOR).detach()
        marks = [
            torch.exp(-2.0 * ((written @ before)[..., None] - self.places) ** 2)
            for before in (self.before_one, self.before_two)
        ]
        two_lines = torch.sigmoid(self.lines(grid.mean(dim=1, keepdim=True)))
        keys: Tensor = self.one(marks[0]) * (1 - two_lines) + self.two(marks[1]) * two_lines
        return keys


class PlateReader(nn.Module):
    """About 1.3 million parameters; see the module's docstring."""

    def __init__(self, width: int = 128) -> None:
        super().__init__()
        self.stem = ConvBlock(3, 32, stride=2, size=5)
        self.stage1 = nn.Sequential(ConvBlock(32, 64, stride=2), ResidualBlock(64))
        self.stage2 = nn.Sequential(ConvBlock(64, width, stride=2), ResidualBlock(width), ResidualBlock(width))
        self.place = nn.Parameter(torch.zeros(1, GRID_HEIGHT * GRID_WIDTH, width))
        self.look = TransformerLayer(width, 4, 2 * width)
        self.grid_norm = nn.LayerNorm(width)
        self.cell_head = nn.Linear(width, CLASSES)
        self.queries = nn.Parameter(torch.randn(1, SLOTS, width) * 0.02)
        self.key = nn.Linear(width, width)
        self.order = ReadingOrder(width)
        self.value = nn.Linear(width, width)
        self.language = TransformerLayer(width, 4, 2 * width)
        self.slot_norm = nn.LayerNorm(width)
        self.slot_head = nn.Linear(width, CLASSES)
        nn.init.trunc_normal_(self.place, std=0.02)

    def forward(self, images: Tensor) -> Reading:
        """Read (N, 3, HEIGHT, WIDTH) crops, BGR, values in -1..1."""
        images = even_light(images)
        features = self.stage2(self.stage1(self.stem(images)))
        grid = features.flatten(2).transpose(1, 2) + self.place
        grid = self.grid_norm(self.look(grid))
        cells = self.cell_head(grid)
        keys = self.key(grid) + self.order(grid, cells)
        pointing = torch.matmul(self.queries, keys.transpose(1, 2)) * keys.shape[-1] ** -0.5
        slots = torch.matmul(torch.softmax(pointing, dim=-1), self.value(grid)) + self.queries
        slots = self.slot_head(self.slot_norm(self.language(slots)))
        return Reading(slots, cells, pointing)

"""Write a trained plate recogniser as a folder that PaddleOCR's ``TextRecognition`` loads offline.

    python -m training.export_plate_ocr --checkpoint runs/plate_ocr/last.pt --out ../main/weights/plate_ocr

The network is rebuilt in PaddlePaddle with the same weights and checked against PyTorch's answers before
anything is kept. Between every two character slots a certain blank is put, so that PaddleOCR's CTC decoding
reads the slots as they are, doubled characters included. Any input width is taken and squeezed to 128, so
crops should come as 2:1 pictures.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

import numpy as np
import paddle
import torch
import yaml
from paddle import nn
from paddle.nn import functional

from training.plate_ocr_network import (
    ALPHABET,
    CLASSES,
    GRID_HEIGHT,
    GRID_WIDTH,
    HEIGHT,
    PRIOR,
    SLOTS,
    WIDTH,
    PlateReader,
    reading_order,
)

MODEL_NAME = "en_PP-OCRv5_mobile_rec"
"""A name PaddleOCR 3.7 has a text recogniser registered for; ours stands in the folder under it."""
TOLERANCE = 2e-3
"""Largest difference allowed between the two frameworks' probabilities."""


class _ConvBlock(nn.Layer):
    def __init__(self, inputs: int, outputs: int, stride: int = 1, size: int = 3) -> None:
        super().__init__()
        self.conv = nn.Conv2D(inputs, outputs, size, stride, size // 2, bias_attr=False)
        self.norm = nn.BatchNorm2D(outputs)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return functional.relu(self.norm(self.conv(x)))


class _ResidualBlock(nn.Layer):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _ConvBlock(channels, channels)
        self.conv = nn.Conv2D(channels, channels, 3, 1, 1, bias_attr=False)
        self.norm = nn.BatchNorm2D(channels)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return functional.relu(x + self.norm(self.conv(self.first(x))))


class _Attention(nn.Layer):
    def __init__(self, tokens: int, width: int, heads: int) -> None:
        super().__init__()
        self.tokens, self.width, self.heads = tokens, width, heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        head = self.width // self.heads
        qkv = self.qkv(x).reshape([-1, self.tokens, 3, self.heads, head]).transpose([2, 0, 3, 1, 4])
        weights = functional.softmax((qkv[0] * head**-0.5) @ qkv[1].transpose([0, 1, 3, 2]), axis=-1)
        mixed = (weights @ qkv[2]).transpose([0, 2, 1, 3])
        out: paddle.Tensor = self.out(mixed.reshape([-1, self.tokens, self.width]))
        return out


class _TransformerLayer(nn.Layer):
    def __init__(self, tokens: int, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = _Attention(tokens, width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.up = nn.Linear(width, hidden)
        self.down = nn.Linear(hidden, width)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        x = x + self.attention(self.norm1(x))
        change: paddle.Tensor = self.down(functional.relu(self.up(self.norm2(x))))
        return x + change


class _ReadingOrder(nn.Layer):
    def __init__(self, width: int) -> None:
        super().__init__()
        one, two = reading_order()
        self.register_buffer("before_one", paddle.to_tensor(one), persistable=False)
        self.register_buffer("before_two", paddle.to_tensor(two), persistable=False)
        self.register_buffer("places", paddle.arange(SLOTS, dtype="float32"), persistable=False)
        self.one = nn.Linear(SLOTS, width, bias_attr=False)
        self.two = nn.Linear(SLOTS, width, bias_attr=False)
        self.lines = nn.Linear(width, 1)

    def forward(self, grid: paddle.Tensor, cells: paddle.Tensor) -> paddle.Tensor:
        others = paddle.logsumexp(cells[:, :, 1:], axis=-1)
        written = functional.sigmoid(others - cells[:, :, 0] - PRIOR)
        one = paddle.exp(-2.0 * ((written @ self.before_one).unsqueeze(-1) - self.places).square())
        two = paddle.exp(-2.0 * ((written @ self.before_two).unsqueeze(-1) - self.places).square())
        two_lines = functional.sigmoid(self.lines(grid.mean(axis=1, keepdim=True)))
        keys: paddle.Tensor = self.one(one) * (1 - two_lines) + self.two(two) * two_lines
        return keys


def _squeezing(width: paddle.Tensor) -> paddle.Tensor:
    """Weights (width, WIDTH): a triangle filter over the columns. Paddle's oneDNN cannot interpolate."""
    span = width.astype("float32") / WIDTH
    centres = (paddle.arange(WIDTH, dtype="float32") + 0.5) * span - 0.5
    distance = (paddle.arange(width).astype("float32").unsqueeze(1) - centres).abs()
    weights = functional.relu(1 - distance / paddle.clip(span, min=1.0))
    return weights / weights.sum(axis=0, keepdim=True)


class PaddlePlateReader(nn.Layer):
    """The PlateReader of :mod:`training.plate_ocr_network` for reading only, layers named alike."""

    def __init__(self, width: int = 128) -> None:
        super().__init__()
        cells = GRID_HEIGHT * GRID_WIDTH
        zeros = nn.initializer.Constant(0.0)
        self.width = width
        self.stem = _ConvBlock(3, 32, 2, 5)
        self.stage1 = nn.Sequential(_ConvBlock(32, 64, 2), _ResidualBlock(64))
        self.stage2 = nn.Sequential(_ConvBlock(64, width, 2), _ResidualBlock(width), _ResidualBlock(width))
        self.place = self.create_parameter([1, cells, width], default_initializer=zeros)
        self.look = _TransformerLayer(cells, width, 4, 2 * width)
        self.grid_norm = nn.LayerNorm(width)
        self.queries = self.create_parameter([1, SLOTS, width], default_initializer=zeros)
        self.cell_head = nn.Linear(width, CLASSES)
        self.key = nn.Linear(width, width)
        self.order = _ReadingOrder(width)
        self.value = nn.Linear(width, width)
        self.language = _TransformerLayer(SLOTS, width, 4, 2 * width)
        self.slot_norm = nn.LayerNorm(width)
        self.slot_head = nn.Linear(width, CLASSES)
        self.register_buffer("certain_blank", paddle.eye(1, CLASSES), persistable=False)

    def forward(self, images: paddle.Tensor) -> paddle.Tensor:
        """(N, 3, HEIGHT, any width) BGR, -1..1, to (N, 2 * SLOTS - 1, CLASSES) probabilities for CTC."""
        images = images @ _squeezing(paddle.shape(images)[3])
        centred = images - images.mean(axis=[1, 2, 3], keepdim=True)
        images = centred / paddle.sqrt((centred * centred).mean(axis=[1, 2, 3], keepdim=True) + 1e-3)
        features = self.stage2(self.stage1(self.stem(images)))
        grid = features.flatten(2).transpose([0, 2, 1]) + self.place
        grid = self.grid_norm(self.look(grid))
        keys = self.key(grid) + self.order(grid, self.cell_head(grid))
        pointing = (self.queries @ keys.transpose([0, 2, 1])) * self.width**-0.5
        slots = (functional.softmax(pointing, axis=-1) @ self.value(grid)) + self.queries
        slots = self.slot_head(self.slot_norm(self.language(slots)))
        read = functional.softmax(slots, axis=-1).unsqueeze(2)
        certain = paddle.zeros_like(read) + self.certain_blank
        return paddle.concat([read, certain], axis=2).reshape([-1, 2 * SLOTS, CLASSES])[:, :-1]


def converted(state: dict[str, torch.Tensor]) -> PaddlePlateReader:
    """Rebuild the network with PyTorch's weights (linear layers are stored the other way round there)."""
    reader = PaddlePlateReader()
    linears = {name for name, layer in reader.named_sublayers() if isinstance(layer, nn.Linear)}
    weights: dict[str, paddle.Tensor] = {}
    for name, tensor in state.items():
        owner, _, kind = name.rpartition(".")
        if kind == "num_batches_tracked":
            continue
        value = tensor.detach().float().cpu().numpy()
        name = name.replace("running_mean", "_mean").replace("running_var", "_variance")
        weights[name] = paddle.to_tensor(value.T if owner in linears and kind == "weight" else value)
    missing, unexpected = reader.set_state_dict(weights)
    if missing or unexpected:
        raise ValueError(f"the two networks differ: missing {missing}, unexpected {unexpected}")
    reader.eval()
    return reader


def _check(reader: PaddlePlateReader, state: dict[str, torch.Tensor]) -> float:
    """Largest difference of probabilities between the frameworks; raises ValueError above TOLERANCE."""
    network = PlateReader()
    network.load_state_dict(state)
    network.eval()
    images = np.random.default_rng(0).uniform(-1, 1, (4, 3, HEIGHT, WIDTH)).astype(np.float32)
    with torch.no_grad():
        expected = network(torch.from_numpy(images)).slots.softmax(-1).numpy()
    got = reader(paddle.to_tensor(images)).numpy()[:, ::2]
    difference = float(np.abs(expected - got).max())
    if difference > TOLERANCE:
        raise ValueError(f"PaddlePaddle and PyTorch differ by {difference:.4f}")
    return difference


def description() -> dict[str, object]:
    """What PaddleOCR reads from inference.yml."""
    return {
        # The application stretches every crop to this size first, see inference/text_recognition.py.
        "Global": {"model_name": MODEL_NAME, "stretch_to": [HEIGHT, WIDTH]},
        "PreProcess": {
            "transform_ops": [
                {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}},
                {"RecResizeImg": {"image_shape": [3, HEIGHT, WIDTH]}},
                {"KeepKeys": {"keep_keys": ["image"]}},
            ]
        },
        "PostProcess": {"name": "CTCLabelDecode", "character_dict": list(ALPHABET)},
    }


def export(checkpoint: Path, out: Path) -> float:
    """Write the folder; the weights' running average is what is exported. Returns the check's difference."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)["average"]
    reader = converted(state)
    difference = _check(reader, state)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        spec = [paddle.static.InputSpec([None, 3, HEIGHT, None], "float32", "images")]
        paddle.jit.save(paddle.jit.to_static(reader, input_spec=spec), str(folder / "inference"))
        out.mkdir(parents=True, exist_ok=True)
        for name in ("inference.json", "inference.pdiparams"):
            shutil.copyfile(folder / name, out / name)
    (out / "inference.yml").write_text(yaml.safe_dump(description(), sort_keys=False))
    return difference


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, default=Path("runs/plate_ocr/last.pt"))
    parser.add_argument("--out", type=Path, default=Path("runs/export/plate_ocr"))
    arguments = parser.parse_args()
    difference = export(arguments.checkpoint, arguments.out)
    size = sum(path.stat().st_size for path in arguments.out.iterdir())
    print(f"{arguments.out}: {size / 1e6:.2f} MB, differs from PyTorch by at most {difference:.1e}")


if __name__ == "__main__":
    main()

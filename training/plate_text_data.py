"""Batches to train the plate recogniser on: drawn plates, and real crops roughened anew each time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import IterableDataset

from training.plate_canvas import Picture
from training.plate_capture import Points, photograph, recapture
from training.plate_drawing import PlatePress
from training.plate_glyphs import build_atlas
from training.plate_ocr_network import ALPHABET, GRID_HEIGHT, GRID_WIDTH, SLOTS, STRIDE
from training.plate_real_crops import SOURCE_SHARES, RealCrop, load_real_crops

UNKNOWN = -100
"""Target value that the loss skips."""
VIEWS_PER_DRAWING = 2


@dataclass(frozen=True, slots=True)
class Sample:
    """One crop as the network sees it."""

    picture: Picture
    """(HEIGHT, WIDTH, 3) BGR."""
    text: str
    centres: Points | None
    """(len(text), 2) pixels x, y of the characters' centres; None where they are not known."""


@dataclass(frozen=True, slots=True)
class Batch:
    """N samples as tensors."""

    images: Tensor
    """(N, 3, HEIGHT, WIDTH) float, BGR, -1..1."""
    slots: Tensor
    """(N, SLOTS) classes, 0 after the text's end."""
    cells: Tensor
    """(N, GRID_HEIGHT * GRID_WIDTH) classes, UNKNOWN where the centres are not known."""
    pointing: Tensor
    """(N, SLOTS) the cell each character's centre lies in, UNKNOWN likewise and after the text's end."""


class PlateBatches(IterableDataset[Batch]):
    """Endless batches; with ``DataLoader(..., batch_size=None)`` drawing runs in a process of its own."""

    def __init__(
        self, fonts: list[str], shared: Path, agreed: Path | None, batch: int, real_share: float, seed: int
    ) -> None:
        super().__init__()
        self.fonts, self.shared, self.agreed = fonts, shared, agreed
        self.batch, self.real_share, self.seed = batch, real_share, seed

    def __iter__(self) -> Iterator[Batch]:
        """Each worker builds its own atlas and draws from its own seed."""
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng((self.seed, worker.id if worker else 0))
        cv2.setNumThreads(1)
        press = PlatePress(build_atlas(self.fonts))
        real = _RealPile([c for c in load_real_crops(self.shared, self.agreed) if not c.held_out])
        while True:
            samples: list[Sample] = []
            while len(samples) < self.batch:
                if real.groups and rng.random() < self.real_share:
                    crop = real.draw(rng)
                    centres = None if crop.text else np.zeros((0, 2), np.float32)
                    samples.append(Sample(recapture(crop.picture, rng, crop.room), crop.text, centres))
                else:
                    plate = press.draw(rng)
                    views = (photograph(plate.picture, plate.centres, rng) for _ in range(VIEWS_PER_DRAWING))
                    samples += [Sample(view, plate.text, spots) for view, spots in views]
            yield assemble(samples[: self.batch])


class _RealPile:
    """Real crops by source, drawn with the sources' shares."""

    def __init__(self, crops: list[RealCrop]) -> None:
        sources = sorted({crop.source for crop in crops})
        self.groups = [[crop for crop in crops if crop.source == source] for source in sources]
        shares = np.cumsum([SOURCE_SHARES[source] for source in sources])
        self._steps = shares[:-1] / shares[-1] if sources else shares

    def draw(self, rng: np.random.Generator) -> RealCrop:
        group = self.groups[int(np.searchsorted(self._steps, rng.random()))]
        return group[int(rng.integers(len(group)))]


def assemble(samples: list[Sample]) -> Batch:
    """Turn samples into a batch."""
    count = len(samples)
    slots = np.zeros((count, SLOTS), np.int64)
    cells = np.full((count, GRID_HEIGHT * GRID_WIDTH), UNKNOWN, np.int64)
    pointing = np.full((count, SLOTS), UNKNOWN, np.int64)
    for i, sample in enumerate(samples):
        classes = [1 + ALPHABET.index(c) for c in sample.text[:SLOTS]]
        slots[i, : len(classes)] = classes
        if sample.centres is not None:
            spots = sample.centres[: len(classes)] / STRIDE
            column = np.clip(spots[:, 0], 0, GRID_WIDTH - 1).astype(int)
            row = np.clip(spots[:, 1], 0, GRID_HEIGHT - 1).astype(int)
            where = row * GRID_WIDTH + column
            cells[i] = 0
            cells[i, where] = classes
            pointing[i, : len(classes)] = where
    pictures = np.stack([sample.picture for sample in samples]).transpose(0, 3, 1, 2)
    images = torch.from_numpy(pictures.astype(np.float32) / 127.5 - 1.0)
    return Batch(images, torch.from_numpy(slots), torch.from_numpy(cells), torch.from_numpy(pointing))

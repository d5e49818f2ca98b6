"""Train the plate recogniser; stop at any time and run the same command again to go on.

    python -m training.train_plate_ocr --fonts /usr/share/fonts --shared ../shared --samples 600000

One process trains (one thread on a CPU, the GPU where there is one), one draws. Writes ``last.pt``
(resumable) and ``log.csv`` into the run's folder; ``--compact small.pt`` writes a smaller file, to be put as
``last.pt`` elsewhere.
"""

from __future__ import annotations

import argparse
import copy
import csv
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader

from training.plate_capture import to_reader
from training.plate_ocr_growth import blended, grown
from training.plate_ocr_network import ALPHABET, PlateReader, Reading
from training.plate_real_crops import RealCrop, load_real_crops
from training.plate_text_data import UNKNOWN, Batch, PlateBatches, Sample, assemble

SAVE_EVERY_S = 420.0
CHECK_EVERY_SAMPLES = 5_000
"""The held-out crops are read after so many samples: by the clock it would take most of a busy machine's time."""
AVERAGE_DECAY = 0.998
WARM_UP_SAMPLES = 6_000
SLOT_WEIGHT, CELL_WEIGHT, POINTING_WEIGHT = 2.0, 0.4, 0.15
"""Shares of the loss: the text counts most, where its characters lie only shows the way."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Learning rate: a warm-up, a plateau, then a straight line to a hundredth at the end.

    The end is reached with ``total`` samples or ``minutes`` of this run, whichever is first: nobody knows how
    many samples fit into a sitting on a shared machine.
    """

    peak: float
    total: int
    minutes: float
    decay_from: float

    def progress(self, seen: int, minutes: float) -> float:
        """How far training is, 0..1, after ``seen`` samples of all runs and minutes of this one."""
        return min(1.0, max(seen / self.total, minutes / self.minutes))

    def rate(self, seen: int, minutes: float) -> float:
        """Learning rate at that time."""
        past = self.progress(seen, minutes) - self.decay_from
        falling = max(0.0, past / (1.0 - self.decay_from))
        return self.peak * min(1.0, (seen + 500) / WARM_UP_SAMPLES) * (1 - 0.99 * falling)


def loss_of(reading: Reading, batch: Batch) -> tuple[Tensor, dict[str, float]]:
    """Slots say the text; on drawn plates the cells and the pointing are told too."""
    slots = functional.cross_entropy(reading.slots.flatten(0, 1), batch.slots.flatten())
    total = SLOT_WEIGHT * slots
    parts = {"slots": float(slots.detach())}
    drawn = batch.cells[:, 0] != UNKNOWN
    if bool(drawn.any()):
        cells, targets = reading.cells[drawn].flatten(0, 1), batch.cells[drawn].flatten()
        each = functional.cross_entropy(cells, targets, reduction="none")
        written = targets > 0
        dense = each[written].mean() + each[~written].mean()
        pointing = functional.cross_entropy(
            reading.pointing.flatten(0, 1), batch.pointing.flatten(), ignore_index=UNKNOWN
        )
        total = total + CELL_WEIGHT * dense + POINTING_WEIGHT * pointing
        parts |= {"cells": float(dense.detach()), "pointing": float(pointing.detach())}
    return total, parts


def decode(slots: Tensor) -> list[str]:
    """Texts of (N, SLOTS, CLASSES) logits: the best class of each slot, blanks left out."""
    return ["".join(ALPHABET[c - 1] for c in row if c > 0) for row in slots.argmax(-1).tolist()]


@torch.no_grad()
def read(network: nn.Module, batch: Batch, device: torch.device) -> list[str]:
    """Texts of a batch."""
    network.eval()
    return decode(network(batch.images.to(device)).slots)


def check(network: nn.Module, crops: list[RealCrop], device: torch.device) -> dict[str, float]:
    """Share of exactly read held-out real crops, by source."""
    hits: dict[str, list[bool]] = {}
    for start in range(0, len(crops), 64):
        part = crops[start : start + 64]
        batch = assemble([Sample(to_reader(crop.picture), crop.text, None) for crop in part])
        for crop, text in zip(part, read(network, batch, device), strict=True):
            hits.setdefault(crop.source, []).append(text == crop.text)
    return {source: float(np.mean(found)) for source, found in sorted(hits.items())}


class Trainer:
    """Network, optimiser, running average of the weights and how far they have come."""

    def __init__(
        self, run: Path, schedule: Schedule, device: torch.device, start_from: Path | None = None
    ) -> None:
        self.run, self.schedule, self.device = run, schedule, device
        self.network = PlateReader()
        if start_from is not None:
            earlier = torch.load(start_from, map_location="cpu", weights_only=True)["average"]
            self.network.load_state_dict(grown(earlier))
        self.network.to(device)
        self.network.to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network)
        decayed = [p for p in self.network.parameters() if p.ndim > 1]
        plain = [p for p in self.network.parameters() if p.ndim <= 1]
        self.optimiser = torch.optim.AdamW(
            [{"params": decayed, "weight_decay": 0.02}, {"params": plain, "weight_decay": 0.0}], lr=1e-3
        )
        self.seen, self.seconds = 0, 0.0
        self._begun = time.monotonic()
        if (run / "last.pt").exists():
            state: dict[str, Any] = torch.load(run / "last.pt", map_location=device, weights_only=True)
            self.average.load_state_dict(state["average"])
            self.network.load_state_dict(state.get("network", state["average"]))
            self.optimiser.load_state_dict(state["optimiser"])
            self.seen, self.seconds = int(state["seen"]), float(state["seconds"])

    def minutes(self) -> float:
        """Minutes since this run began."""
        return (time.monotonic() - self._begun) / 60

    def finished(self) -> bool:
        """True when the schedule's end is reached."""
        return self.schedule.progress(self.seen, self.minutes()) >= 1.0

    def save(self) -> None:
        """Write last.pt (18 MB) without ever leaving half a file."""
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "seen": self.seen,
            "seconds": self.seconds,
        }
        torch.save(state, self.run / "last.tmp")
        (self.run / "last.tmp").replace(self.run / "last.pt")

    def step(self, batch: Batch) -> dict[str, float]:
        """Learn from one batch."""
        batch = Batch(
            *(
                t.to(self.device)
                for t in (
                    batch.images.contiguous(memory_format=torch.channels_last),
                    batch.slots,
                    batch.cells,
                    batch.pointing,
                )
            )
        )
        rate = self.schedule.rate(self.seen, self.minutes())
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.network.train()
        loss, parts = loss_of(self.network(batch.images), batch)
        self.optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.network.parameters(), 2.0)
        self.optimiser.step()
        self._follow()
        self.seen += len(batch.images)
        return parts

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the running average; it starts as a short one, so that it is of use early."""
        decay = min(AVERAGE_DECAY, (1 + self.seen / 64) / (10 + self.seen / 64))
        for kept, new in zip(self.average.state_dict().values(), self.network.state_dict().values(), strict=True):
            if kept.dtype.is_floating_point:
                kept.lerp_(new, 1 - decay)
            else:
                kept.copy_(new)


def compact(checkpoint: Path, out: Path, earlier: Path | None = None, share: float = 1.0) -> None:
    """Write a checkpoint of half the size (9 MB) to go on from: averaged weights, rounded moments.

    With an ``earlier`` checkpoint the weights lie only ``share`` of the way from that one's.
    """
    state: dict[str, Any] = torch.load(checkpoint, map_location="cpu", weights_only=True)
    if earlier is not None:
        before = grown(torch.load(earlier, map_location="cpu", weights_only=True)["average"])
        state["average"] = blended(before, state["average"], share)
    state.pop("network", None)
    for moments in state["optimiser"]["state"].values():
        for name in ("exp_avg", "exp_avg_sq"):
            moments[name] = moments[name].to(torch.bfloat16)
    torch.save(state, out)


def train(arguments: argparse.Namespace) -> None:
    """Run until ``--samples`` have been seen."""
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(arguments.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    arguments.run.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(
        arguments.run,
        Schedule(arguments.rate, arguments.samples, arguments.minutes, arguments.decay_from),
        device,
        arguments.start_from,
    )
    data = PlateBatches(
        arguments.fonts,
        arguments.shared,
        arguments.agreed,
        arguments.batch,
        arguments.real_share,
        arguments.seed + trainer.seen,
    )
    loader = DataLoader(
        data, batch_size=None, num_workers=arguments.workers, prefetch_factor=4 if arguments.workers else None
    )
    held_out = [crop for crop in load_real_crops(arguments.shared, arguments.agreed) if crop.held_out]
    saved, checked = time.monotonic(), trainer.seen
    means = {"slots": 4.0, "cells": 8.0, "pointing": 5.0}
    print(
        f"{sum(p.numel() for p in trainer.network.parameters())} parameters, "
        f"{trainer.seen} samples seen, {len(held_out)} held out",
        flush=True,
    )
    begun, before = time.monotonic() - trainer.seconds, trainer.seen
    for batch in loader:
        for name, value in trainer.step(batch).items():
            means[name] += (value - means[name]) * 0.03
        if (trainer.seen // arguments.batch) % 50 == 0:
            print(
                f"{trainer.seen} {time.monotonic() - begun:.0f} s "
                + " ".join(f"{k} {v:.3f}" for k, v in means.items()),
                flush=True,
            )
        finished = trainer.finished()
        if finished or time.monotonic() - saved > SAVE_EVERY_S:
            trainer.seconds, saved = time.monotonic() - begun, time.monotonic()
            trainer.save()
        if finished or trainer.seen - checked >= CHECK_EVERY_SAMPLES:
            checked = trainer.seen
            figures = check(trainer.average, held_out, device)
            print(f"== {trainer.seen} {figures}", flush=True)
            with (arguments.run / "log.csv").open("a", newline="") as file:
                csv.writer(file).writerow(
                    [
                        trainer.seen,
                        round(time.monotonic() - begun),
                        *(f"{v:.4f}" for v in means.values()),
                        *(f"{k}={v:.3f}" for k, v in figures.items()),
                    ]
                )
        if finished:
            break
    print(f"{trainer.seen - before} samples in this run", flush=True)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"), help="folder with plates/ and train/")
    parser.add_argument(
        "--fonts",
        nargs="+",
        default=["/usr/share/fonts"],
        help="folders with fonts (README_plate_ocr.md lists them)",
    )
    parser.add_argument("--run", type=Path, default=Path("runs/plate_ocr"))
    parser.add_argument("--agreed", type=Path, default=None, help="agreed.csv of training.plate_agreement")
    parser.add_argument(
        "--start-from",
        type=Path,
        help="checkpoint of an earlier, smaller network to begin a new run with; a run's own last.pt comes first",
    )
    parser.add_argument("--samples", type=int, default=600_000, help="stop after so many, earlier runs counted in")
    parser.add_argument("--minutes", type=float, default=1e9, help="stop this run after so long")
    parser.add_argument(
        "--decay-from", type=float, default=0.6, help="share of the samples after which the rate falls"
    )
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--real-share", type=float, default=0.3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument(
        "--compact", type=Path, help="only write last.pt smaller, to this file, to go on from elsewhere"
    )
    parser.add_argument("--blend-with", type=Path, help="checkpoint of an earlier network, for --compact")
    parser.add_argument(
        "--share", type=float, default=0.5, help="how far the blend lies from the earlier network, 0-1"
    )
    arguments = parser.parse_args()
    if arguments.compact:
        compact(arguments.run / "last.pt", arguments.compact, arguments.blend_with, arguments.share)
    else:
        train(arguments)


if __name__ == "__main__":
    main()

"""Train the vehicle or the plate detector: YOLO11n from scratch, on a CPU of one core or on a GPU.

`python -m training.train_detector vehicles --cache runs/detectors/vehicles --run runs/detectors/vehicle_a`

The rate rises for a hundred steps, stays, and falls to zero over the last `--fall` steps. The state before
the fall is kept as `before_fall.pt`: a later sitting continues from it (`--resume`, a larger `--steps`) as if
nothing had ended.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import signal
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from ultralytics import __version__
from ultralytics.cfg import get_cfg
from ultralytics.nn.tasks import DetectionModel
from ultralytics.utils import DEFAULT_CFG_DICT

from training.detector_data import Image, PictureCache
from training.detector_light import spoil
from training.detector_losses import LabelLoss, teacher_loss
from training.detector_teacher import VehicleTeacher
from training.detector_views import ViewRecipe, draw_view

NAMES = {
    "vehicles": {0: "car", 1: "motorcycle", 2: "bus", 3: "truck", 4: "person", 5: "bicycle"},
    "plates": {0: "plate"},
}

LABELLED_CLASSES = {"vehicles": 4, "plates": 1}
"""Labels know the first of the classes; the others are learned from the teacher alone."""

CLOSE, FISHEYE = {"vehicles": 0.2, "plates": 0.35}, {"vehicles": 0.06, "plates": 0.03}
"""Chances that one vehicle or plate fills the window, and of a wide lens."""

TEACHER = "weights/yolo11n_coco_int8_openvino_model"

Loader = DataLoader[dict[str, Any]]

EXACT_SHARE = 0.3
"""Share of the vehicle batches that are drawn scenes and views from above, learned from their boxes instead of the
teacher.
"""


@dataclass(frozen=True)
class Wanted:
    """One view to make: its number, the side of its window in pixels, and whether learned from exact boxes."""

    number: int
    size: int
    exact: bool = False


WARM_UP = 100
"""Steps over which the learning rate rises."""

AVERAGE_DECAY, AVERAGE_RAMP = 0.998, 400
"""The averaged network forgets over 500 steps; early on faster, with this ramp in steps."""

VALIDATION_VIEWS = 96
"""Fixed views of pictures kept back, on which the loss is watched."""


WINDOWS = ((256, 8, 0.35), (384, 4, 0.3), (512, 2, 0.2), (640, 2, 0.15))
"""Window sides in pixels, windows in a batch of that size (about as many pixels each), shares of the batches.

Small windows are cheap and carry most lessons; without large ones the detector sees vehicles in large empty
areas, because its widest view was always filled with what a small window shows.
"""


def is_exact(step: int, seed: int) -> bool:
    """Whether the batch of one step is learned from exact boxes, where there are any."""
    return bool(np.random.default_rng([seed, step, 2]).random() < EXACT_SHARE)


def windows_of(step: int, seed: int) -> tuple[int, int]:
    """Side and number of the windows in the batch of one step."""
    shares = np.cumsum([share for _, _, share in WINDOWS])
    place = int(np.searchsorted(shares, np.random.default_rng([seed, step, 1]).random() * shares[-1]))
    return WINDOWS[place][:2]


class Views(Dataset[dict[str, Any]]):
    """Random views, reproducible: view number i depends on the seed and i alone."""

    def __init__(
        self,
        cache: Path,
        recipe: ViewRecipe,
        teacher: Path | None,
        wanted: list[Wanted],
        seed: int,
        kept: bool,
    ) -> None:
        """`recipe` holds for all views but for their size; `kept` takes the pictures kept for validation."""
        self._cache = PictureCache(cache)
        by_teacher = teacher is not None
        self._pools = {exact: self._cache.chances(kept, exact if by_teacher else None) for exact in (False, True)}
        self._recipe = recipe
        self._teacher_folder = teacher
        self._teachers: dict[int, VehicleTeacher] = {}
        self._wanted = wanted
        self._seed = seed

    def __len__(self) -> int:
        return len(self._wanted)

    def _taught(self, image: Image, size: int) -> Tensor:
        """The teacher's answer; built at the first question, in a worker process where there are any."""
        assert self._teacher_folder is not None
        if size not in self._teachers:
            self._teachers[size] = VehicleTeacher(self._teacher_folder, size)
        return torch.from_numpy(self._teachers[size](image))

    def __getitem__(self, index: int) -> dict[str, Any]:
        wanted = self._wanted[index]
        rng = np.random.default_rng([self._seed, wanted.number])
        pictures, chances = self._pools[wanted.exact]
        recipe = replace(self._recipe, size=wanted.size)
        image, boxes, _ = draw_view(rng, self._cache, pictures, np.cumsum(chances), recipe)
        view: dict[str, Any] = {"boxes": torch.from_numpy(np.ascontiguousarray(boxes))}
        if self._teacher_folder is not None and not wanted.exact:
            view["taught"] = self._taught(image, wanted.size)
        seen = spoil(rng, image)
        view["image"] = torch.from_numpy(np.ascontiguousarray(seen[..., ::-1].transpose(2, 0, 1)))
        return view


def gather(views: list[dict[str, Any]]) -> dict[str, Any]:
    """A batch of images (B, 3, S, S) RGB bytes, teacher's answers (B, 68, cells) if any, and boxes."""
    batch: dict[str, Any] = {
        "image": torch.stack([v["image"] for v in views]),
        "boxes": [v["boxes"] for v in views],
    }
    if "taught" in views[0]:
        batch["taught"] = torch.stack([v["taught"] for v in views])
    return batch


def orthogonal(update: Tensor) -> Tensor:
    """Roughly the nearest matrix of equal singular values: five Newton-Schulz steps as in Muon.

    In single precision: without matrix units in the processor half precision takes three times as long.
    """
    matrix = update.flatten(1)
    tall = matrix.shape[0] > matrix.shape[1]
    if tall:
        matrix = matrix.T
    matrix = matrix / (matrix.norm() + 1e-7)
    for _ in range(5):
        square = matrix @ matrix.T
        matrix = 3.4445 * matrix + torch.addmm(square, square, square, beta=-4.7750, alpha=2.0315) @ matrix
    if tall:
        matrix = matrix.T
    scale = max(1.0, matrix.shape[0] / matrix.shape[1]) ** 0.5
    result: Tensor = matrix.reshape(update.shape) * scale
    return result


class Optimiser:
    """Muon for the inner convolutions, AdamW for everything else.

    Everything else: first layer, depthwise convolutions, scales, offsets and the last layers of the head.

    Muon: K. Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks".
    """

    MUON_RATE, ADAM_RATE, MUON_DECAY, ADAM_DECAY = 0.02, 2e-3, 0.02, 0.01
    MOMENTUM = 0.95

    def __init__(self, model: nn.Module) -> None:
        last = {id(p) for m in model.model[-1].modules() if type(m) is nn.Conv2d for p in m.parameters()}  # type: ignore[index,union-attr]
        conv_weights = [m.weight for m in model.modules() if isinstance(m, nn.Conv2d) and m.groups == 1]
        plain_last = {id(w) for w in conv_weights if w.shape[2:] == (1, 1) and id(w) in last and w.shape[0] <= 64}
        self._inner = [w for w in conv_weights if w.shape[1] >= 16 and id(w) not in plain_last]
        inner = {id(w) for w in self._inner}
        self._momentum = [torch.zeros_like(w) for w in self._inner]
        rest = [p for p in model.parameters() if p.requires_grad and id(p) not in inner]
        self._adam = torch.optim.AdamW(
            [
                {"params": [p for p in rest if p.ndim > 1], "weight_decay": self.ADAM_DECAY},
                {"params": [p for p in rest if p.ndim <= 1], "weight_decay": 0.0},
            ],
            lr=self.ADAM_RATE,
            betas=(0.9, 0.98),
        )
        self._all = [*self._inner, *rest]

    def step(self, factor: float) -> None:
        """One step at `factor` times the full rates; gradients are cleared."""
        torch.nn.utils.clip_grad_norm_(self._all, 10.0)
        for group in self._adam.param_groups:
            group["lr"] = self.ADAM_RATE * factor
        self._adam.step()
        rate = self.MUON_RATE * factor
        with torch.no_grad():
            for weight, momentum in zip(self._inner, self._momentum, strict=True):
                momentum.lerp_(weight.grad, 1 - self.MOMENTUM)  # type: ignore[arg-type]
                update = orthogonal(torch.lerp(weight.grad, momentum, self.MOMENTUM))  # type: ignore[arg-type]
                weight.mul_(1 - rate * self.MUON_DECAY).add_(update, alpha=-rate)
        for p in self._all:
            p.grad = None

    def state(self) -> dict[str, Any]:
        return {"momentum": self._momentum, "adam": self._adam.state_dict()}

    def load(self, state: dict[str, Any]) -> None:
        for mine, stored in zip(self._momentum, state["momentum"], strict=True):
            mine.copy_(stored)
        self._adam.load_state_dict(state["adam"])


def rate_factor(step: int, steps: int, fall: int) -> float:
    """Share of the full learning rate at a step."""
    return min(1.0, (step + 1) / WARM_UP, max(0.0, (steps - step) / max(1, fall)))


def new_model(task: str) -> DetectionModel:
    """An untrained YOLO11n with the task's classes."""
    model = DetectionModel("yolo11n.yaml", nc=len(NAMES[task]), verbose=False)
    model.args = get_cfg(overrides={"task": "detect", "imgsz": 640})
    model.names = NAMES[task]
    for p in model.parameters():
        p.requires_grad_(True)
    return model


def average_into(average: nn.Module, model: nn.Module, step: int) -> None:
    """Move the averaged network a little towards the trained one."""
    decay = AVERAGE_DECAY * (1 - math.exp(-(step + 1) / AVERAGE_RAMP))
    with torch.no_grad():
        for mine, new in zip(average.state_dict().values(), model.state_dict().values(), strict=True):
            if mine.dtype.is_floating_point:
                mine.lerp_(new.detach(), 1 - decay)
            else:
                mine.copy_(new)


def export(average: DetectionModel, path: Path) -> None:
    """Write the averaged network in half precision, as `YOLO(path)` loads it (about 5.4 MB)."""
    stripped = copy.deepcopy(average).cpu().eval().half()
    stripped.to(memory_format=torch.contiguous_format)
    stripped.args = dict(vars(stripped.args))
    stripped.criterion = None
    for p in stripped.parameters():
        p.requires_grad_(False)
    checkpoint = {
        "epoch": -1,
        "model": stripped,
        "ema": None,
        "optimizer": None,
        "train_args": {**DEFAULT_CFG_DICT, "task": "detect", "imgsz": 640},
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": __version__,
        "license": "AGPL-3.0",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(checkpoint, path)


class Training:
    """One run: network, its average, optimiser and the number of steps done."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        torch.manual_seed(args.seed)
        self.model = new_model(args.task).to(self.device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.model).eval()
        self.optimiser = Optimiser(self.model)
        self.label_loss = LabelLoss(self.model, LABELLED_CLASSES[args.task])
        self.step = 0
        self.asked_to_end: bool = False
        exact = any(source.exact for source in PictureCache(args.cache).sources)
        self._has_exact = exact and args.task == "vehicles"
        self.strides: Tensor = self.model.stride.to(self.device)

    def load(self, path: Path) -> None:
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load(state["optimiser"])
        self.step = int(state["step"])

    def start_from(self, path: Path) -> None:
        """Take over what fits from an own run's checkpoint or from own shipped weights, at step 0.

        Between the two tasks everything fits but the class layers. Weights that know only the first of this task's
        classes give those; the other classes begin untaught.
        """
        state = torch.load(path, map_location=self.device, weights_only=False)
        known = state["average"] if "average" in state else state["model"].float().state_dict()
        mine = self.model.state_dict()
        fitting = {k: v for k, v in known.items() if v.shape == mine[k].shape}
        names = getattr(state.get("model"), "names", {})
        if len(names) < len(NAMES[self.args.task]) and names.items() <= NAMES[self.args.task].items():
            for k in known.keys() - fitting.keys():
                fitting[k] = torch.cat([known[k], mine[k][len(names) :]])
        self.model.load_state_dict({**mine, **fitting})
        self.average.load_state_dict(self.model.state_dict())

    def save(self, path: Path) -> None:
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state(),
            "step": self.step,
        }
        torch.save(state, path.with_suffix(".tmp"))
        path.with_suffix(".tmp").replace(path)

    def _loader(self, wanted: list[list[Wanted]], recipe: ViewRecipe, kept: bool) -> Loader:
        """Batches of the views listed for each."""
        recipe = replace(recipe, plates=self.args.task == "plates")
        args = self.args
        teacher = args.shared / TEACHER if args.task == "vehicles" else None
        views = Views(args.cache, recipe, teacher, [view for batch in wanted for view in batch], args.seed, kept)
        ends = np.cumsum([len(batch) for batch in wanted]).tolist()
        places = [list(range(end - len(batch), end)) for end, batch in zip(ends, wanted, strict=True)]
        return DataLoader(views, batch_sampler=places, num_workers=args.workers, collate_fn=gather)

    def batches(self, steps: int) -> Loader:
        """The batches of the next steps; the same after an interruption."""
        wanted = []
        for step in range(self.step, self.step + steps):
            size, count = windows_of(step, self.args.seed)
            exact = self._has_exact and is_exact(step, self.args.seed)
            wanted.append([Wanted(step * 64 + i, size, exact) for i in range(count)])
        recipe = ViewRecipe(0, self.args.mosaic, close=CLOSE[self.args.task], fisheye=FISHEYE[self.args.task])
        return self._loader(wanted, recipe, kept=False)

    def loss(self, network: nn.Module, batch: dict[str, Any]) -> Tensor:
        images = batch["image"].to(self.device, memory_format=torch.channels_last).float() / 255
        with torch.autocast("cuda", torch.bfloat16, enabled=self.device.type == "cuda"):
            answers = network(images)
        answers = answers[1] if isinstance(answers, tuple) else answers
        if "taught" in batch:
            return teacher_loss(answers, batch["taught"].to(self.device), self.strides)
        return self.label_loss(answers, batch["boxes"], images.shape[-1])

    @torch.no_grad()
    def validate(self) -> float:
        """Mean loss of the averaged network on the views kept back, at 320 pixels."""
        wanted = [[Wanted(start + i, 320) for i in range(16)] for start in range(0, VALIDATION_VIEWS, 16)]
        batches = self._loader(wanted, ViewRecipe(0, mosaic=0.0), kept=True)
        return float(np.mean([float(self.loss(self.average, batch)) for batch in batches]))

    def train_step(self, batch: dict[str, Any], factor: float) -> float:
        loss = self.loss(self.model, batch)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step(factor)
        average_into(self.average, self.model, self.step)
        self.step += 1
        return float(loss.detach())

    def ask_to_end(self, *_: object) -> None:
        """Let the step in progress be the last."""
        self.asked_to_end = True

    def run(self) -> None:
        """Train to the last step, saving, validating and exporting on the way; SIGTERM saves and ends."""
        args = self.args
        signal.signal(signal.SIGTERM, self.ask_to_end)
        self.model.train()
        while self.step < args.steps and not self.asked_to_end:
            since, losses = time.monotonic(), []
            for batch in self.batches(min(args.every - self.step % args.every, args.steps - self.step)):
                if self.step == args.steps - args.fall:
                    self.save(args.run / "before_fall.pt")
                losses.append(self.train_step(batch, args.peak * rate_factor(self.step, args.steps, args.fall)))
                if self.asked_to_end:
                    break
            self.save(args.run / "last.pt")
            export(self.average, args.run / "export.pt")
            if self.asked_to_end:
                return
            row = {"step": self.step, "loss": float(np.mean(losses)), "validation": self.validate()}
            row["seconds"] = time.monotonic() - since
            with (args.run / "log.jsonl").open("a") as log:
                print(json.dumps({k: round(v, 4) for k, v in row.items()}), file=log)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=sorted(NAMES))
    parser.add_argument("--cache", type=Path, required=True, help="folder made by training.detector_data")
    parser.add_argument("--run", type=Path, required=True, help="folder of this run's checkpoints and log")
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument(
        "--fall", type=int, default=1500, help="steps over which the rate falls to zero at the end"
    )
    parser.add_argument(
        "--peak", type=float, default=1.0, help="share of the full learning rate, to train on gently"
    )
    parser.add_argument("--every", type=int, default=100, help="steps between two checkpoints")
    parser.add_argument("--mosaic", type=float, default=0.3)
    parser.add_argument("--resume", type=Path, help="checkpoint to continue: last.pt or before_fall.pt")
    parser.add_argument("--start-from", type=Path, help="own checkpoint or shipped weights to begin with")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int, default=0, help="loader processes: 0 on one core, 8 beside a GPU")
    parser.add_argument("--seed", type=int, default=11)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    args.run.mkdir(parents=True, exist_ok=True)
    (args.run / "arguments.json").write_text(json.dumps({k: str(v) for k, v in vars(args).items()}, indent=1))
    training = Training(args)
    if args.resume:
        training.load(args.resume)
    elif args.start_from:
        training.start_from(args.start_from)
    training.run()


if __name__ == "__main__":
    main()

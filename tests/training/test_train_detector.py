"""Rates, windows, optimiser, average and export of the detector training."""

import argparse
import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from ultralytics import YOLO
from ultralytics.nn.tasks import DetectionModel

from tests.training.test_detector_views import grey_picture, write_cache
from training import train_detector
from training.detector_data import Source
from training.detector_losses import LabelLoss
from training.train_detector import (
    LABELLED_CLASSES,
    NAMES,
    WARM_UP,
    WINDOWS,
    Training,
    average_into,
    export,
    new_model,
    orthogonal,
    rate_factor,
    windows_of,
)


def test_the_learning_rate_rises_stays_and_falls_to_zero() -> None:
    factors = [rate_factor(step, steps=1000, fall=400) for step in (0, 49, 99, 600, 800, 1000, 1200)]
    assert factors == pytest.approx([1 / WARM_UP, 0.5, 1, 1, 0.5, 0, 0])


def test_the_windows_of_a_step_depend_on_step_and_seed_alone() -> None:
    drawn = [windows_of(step, 11) for step in range(40)]
    assert drawn == [windows_of(step, 11) for step in range(40)]
    assert drawn != [windows_of(step, 12) for step in range(40)]


def test_window_sides_have_their_shares_of_the_batches() -> None:
    drawn = Counter(windows_of(step, 3) for step in range(3000))
    assert {window: pytest.approx(count / 3000, abs=0.04) for window, count in drawn.items()} == {
        (side, count): share for side, count, share in WINDOWS
    }


@pytest.mark.parametrize("shape", [(12, 40), (40, 12), (16, 8, 3, 3)])
def test_an_update_is_made_orthogonal_without_turning_it(shape: tuple[int, ...]) -> None:
    update = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    result = orthogonal(update)
    assert result.shape == update.shape
    scale = max(1.0, shape[0] / update.flatten(1).shape[1]) ** 0.5
    values = torch.linalg.svdvals(result.flatten(1) / scale)
    assert 0.6 < float(values.min()) <= float(values.max()) < 1.3
    left, _, right = torch.linalg.svd(update.flatten(1), full_matrices=False)
    assert float(torch.cosine_similarity((left @ right).flatten(), result.flatten(), dim=0)) > 0.97


def network(value: float, batches: int) -> nn.BatchNorm1d:
    layer = nn.BatchNorm1d(2)
    nn.init.constant_(layer.weight, value)
    layer.num_batches_tracked.fill_(batches)
    return layer


@pytest.mark.parametrize(("step", "expected"), [(0, 0.9975), (100_000, 0.002)])
def test_the_average_follows_quickly_at_first_and_slowly_later(step: int, expected: float) -> None:
    average, trained = network(0.0, 1), network(1.0, 7)
    average_into(average, trained, step)
    assert average.weight.tolist() == pytest.approx([expected] * 2, abs=1e-4)
    assert int(average.num_batches_tracked) == 7
    assert trained.weight.tolist() == [1.0, 1.0]


def test_an_export_is_a_yolo_detector_with_the_class_names(tmp_path: Path) -> None:
    model = new_model("vehicles")
    export(model, tmp_path / "new" / "export.pt")
    assert (tmp_path / "new" / "export.pt").stat().st_size < 6e6
    loaded = YOLO(tmp_path / "new" / "export.pt")
    assert (loaded.task, loaded.names) == ("detect", NAMES["vehicles"])
    weights = loaded.model.state_dict()
    assert all(torch.allclose(weights[k].float(), v.float(), 1e-3, 1e-3) for k, v in model.state_dict().items())
    assert next(model.parameters()).dtype == torch.float32  # The network itself is trained on.


def training(tmp_path: Path, task: str) -> Training:
    source = {"path": "none", "weight": 1.0}
    (tmp_path / "index.json").write_text(json.dumps({"sources": [source], "pictures": []}))
    (tmp_path / "pixels.bin").write_bytes(b"0")
    return Training(argparse.Namespace(task=task, cache=tmp_path, seed=0))


def test_weights_of_the_four_vehicle_classes_are_kept_when_classes_are_added(tmp_path: Path) -> None:
    old = DetectionModel("yolo11n.yaml", nc=4, verbose=False)
    old.names = {number: NAMES["vehicles"][number] for number in range(4)}
    torch.save({"model": old.half()}, tmp_path / "old.pt")
    grown = training(tmp_path, "vehicles")
    grown.start_from(tmp_path / "old.pt")
    before, after = old.float().state_dict(), grown.model.state_dict()
    assert all(torch.equal(after[k][: len(v)] if v.ndim else after[k], v) for k, v in before.items())
    assert len(after["model.23.cv3.0.2.bias"]) == 6
    assert all(torch.equal(v, grown.average.state_dict()[k]) for k, v in after.items())


def test_plates_take_over_all_but_the_class_layers_of_vehicles(tmp_path: Path) -> None:
    vehicles = training(tmp_path, "vehicles")
    export(vehicles.average, tmp_path / "export.pt")
    plates = training(tmp_path, "plates")
    untaught = {k: v.clone() for k, v in plates.model.state_dict().items()}
    plates.start_from(tmp_path / "export.pt")
    for name, value in plates.model.state_dict().items():
        known = vehicles.model.state_dict()[name]
        wanted = known.half().float() if known.shape == value.shape else untaught[name]
        assert torch.equal(value, wanted if value.is_floating_point() else known), name


def test_labels_teach_nothing_about_the_classes_they_do_not_know() -> None:
    model = new_model("vehicles")
    answers = model.train()(torch.rand(1, 3, 64, 64))
    scores = answers["scores"]
    scores.retain_grad()
    boxes = [torch.tensor([[2.0, 8.0, 8.0, 56.0, 40.0]])]
    LabelLoss(model, LABELLED_CLASSES["vehicles"])(answers, boxes, 64).backward()
    assert scores.grad[:, :4].abs().min() > 0
    assert not scores.grad[:, 4:].any()


@pytest.fixture
def sigterm() -> Iterator[None]:
    """A run takes SIGTERM for itself: give it back."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def run_of(cache: Path, run: Path, **changes: object) -> Training:
    """A training of plates on one small window a step, to the third step."""
    given = {"task": "plates", "cache": cache, "run": run, "seed": 0, "shared": cache, "mosaic": 0.0, "workers": 0}
    ends = {"steps": 3, "fall": 1, "every": 2, "peak": 1.0}
    run.mkdir(exist_ok=True)
    return Training(argparse.Namespace(**{**given, **ends, **changes}))


@pytest.mark.usefixtures("sigterm")
def test_a_run_that_is_ended_and_resumed_becomes_the_one_that_was_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_detector, "WINDOWS", ((64, 2, 1.0),))
    monkeypatch.setattr(Training, "validate", lambda self: 0.0)
    boxes = [[0.0, 20.0, 20.0, 60.0, 40.0]]
    write_cache(tmp_path, [(Source("s", 1.0, plates=True), grey_picture(96, 64), boxes, False)])
    whole = run_of(tmp_path, tmp_path / "whole")
    whole.run()

    ended = run_of(tmp_path, tmp_path / "ended")
    train_step = ended.train_step

    def step_and_be_asked_to_end(batch: dict[str, Any], factor: float) -> float:
        os.kill(os.getpid(), signal.SIGTERM)
        return train_step(batch, factor)

    monkeypatch.setattr(ended, "train_step", step_and_be_asked_to_end)
    ended.run()
    assert ended.step == 1
    resumed = run_of(tmp_path, tmp_path / "ended")
    resumed.load(tmp_path / "ended/last.pt")
    resumed.run()
    assert resumed.step == whole.step == 3
    wanted = whole.average.state_dict()
    assert all(torch.equal(v, wanted[k]) for k, v in resumed.average.state_dict().items())
    logged = [json.loads(line)["step"] for line in (tmp_path / "ended/log.jsonl").read_text().splitlines()]
    assert logged == [2, 3]


@pytest.mark.usefixtures("sigterm")
def test_a_run_asked_to_end_while_it_validates_does_no_further_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_detector, "WINDOWS", ((64, 1, 1.0),))
    write_cache(tmp_path, [(Source("s", 1.0, plates=True), grey_picture(96, 64), [], False)])
    training = run_of(tmp_path, tmp_path / "run", every=1)

    def validate() -> float:
        training.ask_to_end()
        return 0.0

    monkeypatch.setattr(training, "validate", validate)
    training.run()
    assert training.step == 1

"""Rates, windows, optimiser, average and export of the detector training."""

import argparse
import json
from collections import Counter
from pathlib import Path

import pytest
import torch
from torch import nn
from ultralytics import YOLO
from ultralytics.nn.tasks import DetectionModel

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

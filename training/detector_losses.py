"""What the detectors learn from: a teacher's answer at every grid cell, or labelled boxes.

Both losses keep the gains of Ultralytics' own detection loss (7.5 box overlap, 0.5 class, 1.5 distance
distribution), so that they can be added.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional
from ultralytics.nn.tasks import DetectionModel
from ultralytics.utils.loss import v8DetectionLoss
from ultralytics.utils.metrics import bbox_iou
from ultralytics.utils.tal import dist2bbox, make_anchors

BOX_GAIN, CLASS_GAIN, DISTANCE_GAIN = 7.5, 0.5, 1.5

WORTH_A_BOX = 0.05
"""Cells where the teacher is less sure of a vehicle than this teach no box."""

DISTANCES = 16
"""Bins of a side's distance distribution, in strides."""


def distance(logits: Tensor) -> Tensor:
    """Expected distances (n, 4) in strides from logits (n, 64)."""
    bins = torch.arange(DISTANCES, dtype=logits.dtype, device=logits.device)
    return (logits.view(-1, 4, DISTANCES).softmax(-1) * bins).sum(-1)


def teacher_loss(answers: dict[str, Tensor], taught: Tensor, strides: Tensor) -> Tensor:
    """Distance of the student's answers from the teacher's, one number.

    `answers` are an Ultralytics head's raw answers: boxes (B, 64, cells) and scores (B, classes, cells);
    `taught` is (B, 64 + classes, cells) of the teacher's logits for the same cells.
    """
    scores = answers["scores"].float().transpose(1, 2)
    sides = answers["boxes"].float().transpose(1, 2)
    taught = taught.float().transpose(1, 2)
    wanted_sides, wanted_scores = taught[..., : 4 * DISTANCES], taught[..., 4 * DISTANCES :].sigmoid()
    sureness = wanted_scores.amax(-1)
    chosen = sureness > WORTH_A_BOX
    total = wanted_scores[chosen].sum().clamp(min=1.0)
    # the entropy of the teacher's own answer is subtracted: a perfect student reaches zero
    own = functional.binary_cross_entropy(wanted_scores, wanted_scores, reduction="sum")
    classes = functional.binary_cross_entropy_with_logits(scores, wanted_scores, reduction="sum") - own
    points, _ = make_anchors(answers["feats"], strides, 0.5)
    points = points.expand(len(scores), -1, -1)[chosen]
    said, wanted = sides[chosen], wanted_sides[chosen]
    weight = sureness[chosen]
    overlap = bbox_iou(
        dist2bbox(distance(said), points, xywh=False),
        dist2bbox(distance(wanted), points, xywh=False),
        xywh=False,
        CIoU=True,
    ).squeeze(-1)
    boxes = ((1 - overlap) * weight).sum()
    spread = functional.kl_div(
        said.view(-1, 4, DISTANCES).log_softmax(-1),
        wanted.view(-1, 4, DISTANCES).log_softmax(-1),
        reduction="none",
        log_target=True,
    )
    distances = (spread.sum(-1).mean(-1) * weight).sum()
    loss: Tensor = (BOX_GAIN * boxes + CLASS_GAIN * classes + DISTANCE_GAIN * distances) / total
    return loss


class LabelLoss:
    """Ultralytics' own loss on labelled boxes.

    Labels know the first `classes` of the model's classes; about the others they teach nothing.
    """

    def __init__(self, model: DetectionModel, classes: int) -> None:
        self._loss = v8DetectionLoss(model)
        self._classes = classes
        self._loss.assigner.num_classes = classes

    def __call__(self, answers: dict[str, Tensor], boxes: list[Tensor], size: int) -> Tensor:
        """`boxes` holds per window rows (class, x1, y1, x2, y2) in window pixels; returns one number."""
        rows = torch.cat(boxes) if boxes else torch.zeros(0, 5)
        owner = torch.cat([torch.full((len(b),), float(i)) for i, b in enumerate(boxes)])
        centre = (rows[:, 1:3] + rows[:, 3:5]) / 2 / size
        sides = (rows[:, 3:5] - rows[:, 1:3]) / size
        batch = {"batch_idx": owner, "cls": rows[:, 0], "bboxes": torch.cat([centre, sides], 1)}
        known = {**answers, "scores": answers["scores"][:, : self._classes]}
        parts = self._loss.get_assigned_targets_and_loss(known, batch)[1]
        total: Tensor = parts.sum()
        return total

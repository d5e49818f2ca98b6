"""The shared YOLO11n as a teacher: its raw answers at every grid cell, for windows of any size.

The exported network is fixed at 640×640. Its backbone is convolutional; only three reshapes inside the
attention block hold the fixed size. They are rebuilt here from the running shape, and the answers are taken
before the boxes are decoded, so that a window of 256 pixels costs a sixth of a 640 one. Only outputs are
used: no weight of the teacher enters the student.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import openvino as ov  # type: ignore[import-untyped]
from numpy.typing import NDArray
from openvino import opset13 as ops

from training.detector_data import Image

COCO_VEHICLES = (2, 3, 5, 7)
"""COCO's class numbers of car, motorcycle, bus and truck, in the order of the student's classes."""

COCO_TAUGHT = (*COCO_VEHICLES, 0, 1)
"""The same for all classes of the student: person and bicycle come after the vehicles."""

DISTANCE_CHANNELS = 64
"""Four sides, each a distribution over 16 distances (in strides), come before the class scores."""

ATTENTION = "__module.model.10.m.0.attn/"
HEAD = "__module.model.23/aten::cat/Concat"


def resizable(model: ov.Model) -> ov.Model:
    """The same network with the three raw outputs (strides 8, 16, 32) and an input of free size."""
    by_name = {op.get_friendly_name(): op for op in model.get_ops()}

    def constant(values: list[int]) -> ov.Node:
        return ops.constant(np.array(values, np.int64))

    shape = ops.shape_of(by_name[ATTENTION + "aten::view/Reshape"].input_value(0))
    batch = ops.gather(shape, constant([0]), constant([0]))
    area = ops.gather(shape, constant([2, 3]), constant([0]))
    # two heads; 32 + 32 + 64 channels of query, key and value each
    split_heads = ops.concat([batch, constant([2, 128, -1])], 0)
    join_heads = ops.concat([batch, constant([128]), area], 0)
    targets = {
        "aten::view/Reshape": split_heads,
        "aten::reshape/Reshape": join_heads,
        "aten::view/Reshape_1": join_heads,
    }
    for name, target in targets.items():
        old = by_name[ATTENTION + name]
        new = ops.reshape(old.input_value(0), target, special_zero=False)
        for user in list(old.output(0).get_target_inputs()):
            user.replace_source_output(new.output(0))
    outputs = [ops.result(by_name[HEAD + suffix].output(0)) for suffix in ("", "_1", "_2")]
    return ov.Model(outputs, model.get_parameters(), "teacher")


class VehicleTeacher:
    """Answers of the shared vehicle detector for square windows of one size (a multiple of 32 pixels)."""

    def __init__(self, folder: Path, size: int) -> None:
        core = ov.Core()
        model = resizable(core.read_model(next(folder.glob("*.xml"))))
        model.reshape([1, 3, size, size])
        self._network = core.compile_model(
            model, "CPU", {"INFERENCE_NUM_THREADS": 1, "PERFORMANCE_HINT": "LATENCY"}
        )

    def __call__(self, window: Image) -> NDArray[np.float16]:
        """BGR window in, raw answers out: (70, cells) of 64 distance logits and 6 class logits.

        Cells are ordered stride 8, 16, 32, each row by row, as in an Ultralytics head.
        """
        blob = cv2.dnn.blobFromImage(window, 1 / 255, swapRB=True)
        levels = [np.asarray(level).reshape(144, -1) for level in self._network(blob).values()]
        answers = np.concatenate(levels, axis=1)
        rows = [*range(DISTANCE_CHANNELS), *(DISTANCE_CHANNELS + c for c in COCO_TAUGHT)]
        return np.asarray(answers[rows], dtype=np.float16)

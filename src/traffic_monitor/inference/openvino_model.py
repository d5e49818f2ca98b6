"""YOLO detectors in OpenVINO, without the libraries they were trained with.

Ultralytics' ``predict`` spends a third of its time around the network, and its libraries are half a gigabyte of
memory in each process. What it does around the network is done here in the same way: the picture is shrunk to fit
and padded with grey, weak boxes are left out, overlapping ones suppressed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import openvino as ov
import yaml
from openvino.preprocess import ColorFormat, PrePostProcessor

from traffic_monitor.inference.detection import (
    DetectedBox,
    DetectionModel,
    ImageSize,
    PendingBoxes,
    Size,
    boxes_inside,
)
from traffic_monitor.inference.environment import use_ordinary_signal_stack
from traffic_monitor.shared_utils.frame_codec import Image

PADDING_GREY = 114
MOST_BOXES = 300
"""As in Ultralytics."""

WARM_UP_SHAPE = (720, 1280)
"""Most cameras are 16:9; a network for another shape is compiled when the first picture of it comes."""

COMPILED_SHAPES = 6
"""Networks kept for pictures of different shapes. The one used longest ago makes room."""

Shape = tuple[int, int]
"""Height and width in pixels."""


class OpenVinoDetector(DetectionModel):
    """A YOLO detector from an OpenVINO folder as Ultralytics exports it.

    A network with free sizes is compiled for the shape of the pictures, so that nothing is spent on padding.

    Args:
        folder: holds one ``.xml`` with its ``.bin``, and ``metadata.yaml``.
        conf_threshold: least confidence, 0-1.
        iou_threshold: overlap from which the weaker of two boxes is dropped, 0-1, also across classes.
        imgsz: longer side, or (height, width); None for the size of the export.
            A network of fixed size keeps its own.
        threads: processor threads to use.
        searches: number of searches that will overlap.
        compiled_dir: where compiled networks are kept for the next start; None: nowhere.

    Raises:
        Exception: the folder does not hold such a model.
    """

    def __init__(
        self,
        folder: Path,
        conf_threshold: float,
        iou_threshold: float,
        imgsz: ImageSize,
        threads: int,
        searches: int,
        compiled_dir: Path | None,
    ) -> None:
        metadata = yaml.safe_load((folder / "metadata.yaml").read_text(encoding="utf-8"))
        self.names = {int(number): str(name) for number, name in metadata["names"].items()}
        self._stride = int(metadata.get("stride", 32))
        self._conf_threshold = conf_threshold
        self._iou_threshold = iou_threshold
        self._core = ov.Core()
        if compiled_dir is not None:
            self._core.set_property({"CACHE_DIR": str(compiled_dir)})
        self._options = {
            "PERFORMANCE_HINT": "LATENCY" if searches == 1 else "THROUGHPUT",
            "PERFORMANCE_HINT_NUM_REQUESTS": searches,
            "INFERENCE_NUM_THREADS": threads,
            "ENABLE_CPU_PINNING": False,  # Several processes would be pinned to the same first core.
        }
        (self._xml,) = folder.glob("*.xml")
        shape = self._core.read_model(self._xml).input().partial_shape
        self._fixed: Shape | None = None
        if shape.is_static:
            self._fixed = (shape[2].get_length(), shape[3].get_length())
        elif isinstance(imgsz, tuple):
            self._fixed = imgsz
        self._longer_side = imgsz if isinstance(imgsz, int) else int(max(metadata["imgsz"]))
        self._networks: dict[Shape, _CompiledNetwork] = {}
        self.detect(np.zeros((*WARM_UP_SHAPE, 3), dtype=np.uint8))

    def detect(
        self, image: Image, class_ids: Sequence[int] | None = None, size: Size | None = None
    ) -> list[DetectedBox]:
        """Objects in a picture, best first."""
        return self.start(image, class_ids, size)()

    def start(
        self, image: Image, class_ids: Sequence[int] | None = None, size: Size | None = None
    ) -> PendingBoxes:
        """Start ``detect``. Searches that overlap share the threads, which all of them then keep busy."""
        searched = image.shape[1], image.shape[0]
        target = self._input_for(size or searched)
        picture, scale, left, top = fit_into(image, target)
        network = self._compiled(target)
        request = network.free.pop() if network.free else network.model.create_infer_request()
        request.start_async({0: picture[None]}, share_inputs=True)

        def boxes() -> list[DetectedBox]:
            request.wait()
            rows = self._best(request.get_output_tensor().data[0], class_ids)
            network.free.append(request)
            rows[:, [0, 2]] = (rows[:, [0, 2]] - left) / scale
            rows[:, [1, 3]] = (rows[:, [1, 3]] - top) / scale
            return boxes_inside(rows, searched, size or searched)

        return boxes

    def size_needed(self, size: Size) -> Size:
        """The size at which a picture of this size is searched; no more than its own."""
        height, width = self._input_for(size)
        scale = min(width / size[0], height / size[1], 1)
        return math.ceil(size[0] * scale), math.ceil(size[1] * scale)

    def _input_for(self, size: Size) -> Shape:
        return self._fixed or input_shape(*size, self._longer_side, self._stride)

    def _compiled(self, shape: Shape) -> "_CompiledNetwork":
        """The network for inputs of this shape, compiled on first use."""
        if shape not in self._networks:
            if len(self._networks) == COMPILED_SHAPES:
                self._networks.pop(next(iter(self._networks)))
            model = self._core.compile_model(self._network(shape), "CPU", self._options)
            use_ordinary_signal_stack()
            self._networks[shape] = _CompiledNetwork(model, [])
        else:
            self._networks[shape] = self._networks.pop(shape)  # The last one now.
        return self._networks[shape]

    def _network(self, shape: Shape) -> ov.Model:
        """The network, taking BGR bytes as they are."""
        model = self._core.read_model(self._xml)
        if model.input().partial_shape.is_dynamic:
            model.reshape([1, 3, *shape])
        steps = PrePostProcessor(model)
        tensor = steps.input().tensor()
        tensor.set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC")).set_color_format(ColorFormat.BGR)
        steps.input().model().set_layout(ov.Layout("NCHW"))
        steps.input().preprocess().convert_element_type(ov.Type.f32).convert_color(ColorFormat.RGB).scale(255.0)
        return steps.build()

    def _best(self, answer: npt.NDArray[np.float32], class_ids: Sequence[int] | None) -> npt.NDArray[np.float32]:
        """Rows of x1, y1, x2, y2, confidence, class in input pixels, best first, without overlapping ones."""
        if answer.shape[1] == 6:  # Already suppressed inside the network, as YOLO26 exports do.
            rows = answer[answer[:, 4] >= self._conf_threshold]
        else:
            rows = _rows(answer, self._conf_threshold)
        if class_ids is not None:
            rows = rows[np.isin(rows[:, 5], class_ids)]
        sizes = rows[:, 2:4] - rows[:, :2]
        xywh = np.hstack([rows[:, :2], sizes]).tolist()
        kept = cv2.dnn.NMSBoxes(xywh, rows[:, 4].tolist(), 0.0, self._iou_threshold)
        best: npt.NDArray[np.float32] = rows[np.asarray(kept, dtype=int)][:MOST_BOXES]
        return best


@dataclass(frozen=True)
class _CompiledNetwork:
    model: ov.CompiledModel
    free: list[Any]
    """Requests that wait for their next picture."""


def _rows(answer: npt.NDArray[np.float32], conf_threshold: float) -> npt.NDArray[np.float32]:
    """From a raw answer of shape (4 + classes, places), with centres and sizes, those of enough confidence."""
    scores = answer[4:]
    best = scores.max(axis=0)
    sure = np.flatnonzero(best >= conf_threshold)
    x, y, width, height = answer[:4, sure]
    classes = scores[:, sure].argmax(axis=0)
    return np.stack(
        [x - width / 2, y - height / 2, x + width / 2, y + height / 2, best[sure], classes.astype(np.float32)],
        axis=1,
    )


def input_shape(width: int, height: int, longer_side: int, stride: int) -> Shape:
    """The input that holds a picture of this size with its longer side at ``longer_side``.

    Across the longer side there is half a stride of padding, or more, at either edge. Networks are trained on
    square inputs, where a wide picture ends in grey; without any they see double at the edges of the demo clip.
    """
    scale = longer_side / max(width, height)
    spare = (0, stride) if height > width else (stride, 0) if width > height else (0, 0)
    return (_up_to(height * scale + spare[0], stride), _up_to(width * scale + spare[1], stride))


def _up_to(pixels: float, stride: int) -> int:
    return max(math.ceil(round(pixels, 3) / stride), 1) * stride


def fit_into(image: Image, shape: Shape) -> tuple[Image, float, int, int]:
    """The picture at the size that fits into a shape, padded evenly; its scale, and the padding left and above."""
    height, width = image.shape[:2]
    scale = min(shape[0] / height, shape[1] / width)
    new_width, new_height = max(round(width * scale), 1), max(round(height * scale), 1)
    if (new_width, new_height) != (width, height):
        image = np.asarray(
            cv2.resize(image, (new_width, new_height), interpolation=cv2.INTER_LINEAR), dtype=np.uint8
        )
    left, top = (shape[1] - new_width) // 2, (shape[0] - new_height) // 2
    if (new_height, new_width) != shape:
        padded = np.full((*shape, 3), PADDING_GREY, dtype=np.uint8)
        padded[top : top + new_height, left : left + new_width] = image
        image = padded
    return image, scale, left, top

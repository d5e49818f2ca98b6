"""Messages whose fields are damaged in any way never end a service, and it works on as before."""

import base64
import copy
import math
import queue
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch  # noqa: F401 - the process would leave it out, and tests of ReID in this process need it
from hypothesis import given
from hypothesis import settings as patience
from hypothesis import strategies as st
from loguru import logger

from tests.builders import (
    FakeDetectionModel,
    FakeRecognizer,
    drain,
    make_count_update,
    make_detection_message,
    make_frame_message,
    make_ocr_result,
    make_plate_candidate,
    make_tracked_message,
    make_vehicle,
)
from traffic_monitor.inference.detection import DetectedBox
from traffic_monitor.records.recorder import Recorder
from traffic_monitor.runtime.cameras import PerCamera
from traffic_monitor.runtime.control import ServiceControl
from traffic_monitor.runtime.service_loop import Service, run_service
from traffic_monitor.runtime.transport import Output
from traffic_monitor.services.lp_detector import LPDetector
from traffic_monitor.services.ocr_reader import OcrReader
from traffic_monitor.services.vehicle_counter import VehicleCounter
from traffic_monitor.services.vehicle_detector import VehicleDetector
from traffic_monitor.services.vehicle_tracker import VehicleTracker
from traffic_monitor.services.visualizer import Visualizer
from traffic_monitor.settings import Settings
from traffic_monitor.shared_utils.constants import ServiceName
from traffic_monitor.shared_utils.frame_codec import Image
from traffic_monitor.sinks.sink import FrameSink

GOOD_MESSAGES = 6
BOX = [40, 40, 200, 140]
PLATE = DetectedBox([10, 60, 90, 80], 0.9, 0)
CAR = DetectedBox(BOX, 0.9, 2)

CONFIG = Settings.model_validate(
    {
        "vehicle_counter": {"zones": [{"name": "yard", "points": [[0, 0], [1, 0], [1, 1]]}]},
        "privacy": {"blur_plates": True},
    }
)


class _FrameKeeper:
    def take(self, image: Image, media_time: float) -> None:
        assert image.size

    def idle(self) -> None:
        return

    def close(self) -> None:
        return


@contextmanager
def _visualizer() -> Iterator[Callable[[Settings], Service]]:
    with tempfile.TemporaryDirectory() as folder:
        sinks: list[FrameSink] = [_FrameKeeper()]
        config = CONFIG.for_run(Path(folder))
        yield lambda _camera: Visualizer(config, sinks, Recorder(Path(folder), config, "clip.mp4"))


@contextmanager
def _always(build: Callable[[Settings], Service]) -> Iterator[Callable[[Settings], Service]]:
    yield build


READER = FakeRecognizer(*[("KLM7", 0.9)] * 100_000)

SERVICES: dict[str, tuple[Callable[[], Any], list[Callable[[int], Any]]]] = {
    "vehicle_detector": (
        lambda: _always(lambda camera: VehicleDetector(camera, FakeDetectionModel([CAR]))),
        [make_frame_message],
    ),
    "vehicle_tracker": (lambda: _always(VehicleTracker), [lambda index: make_detection_message([BOX], index)]),
    "lp_detector": (
        lambda: _always(lambda camera: LPDetector(camera, FakeDetectionModel([PLATE], {0: "plate"}))),
        [lambda index: make_tracked_message([make_vehicle(index + 1, BOX)], index)],
    ),
    "ocr_reader": (
        lambda: _always(lambda camera: OcrReader(camera, READER)),
        [lambda index: make_plate_candidate([60, 100, 160, 120], index + 1, index, vehicle_bbox_orig=BOX)],
    ),
    "vehicle_counter": (
        lambda: _always(VehicleCounter),
        [
            lambda index: make_tracked_message(
                [make_vehicle(7, [40, 60 + 20 * index, 120, 120 + 20 * index])], index
            )
        ],
    ),
    "visualizer": (
        _visualizer,
        [
            lambda index: make_tracked_message([make_vehicle(7, BOX)], index, untracked_boxes=[BOX]),
            lambda index: make_ocr_result("KLM7", 7, index, consensus_text="KLM7", consensus_confidence=0.9),
            lambda index: make_count_update(index, frame_index=index),
        ],
    ),
}

HUGE = 10**18
JUNK = st.sampled_from(
    [
        None, True, "", "x" * 5000, b"bytes", -1, 0, HUGE, -HUGE, 2**70, 0.5, math.nan, math.inf, -math.inf, 1e308,
        [], {}, [[]], [None] * 4, [math.nan] * 4, ["a"] * 4, [1, 2], [200, 140, 40, 40], [0, 0, HUGE, HUGE],
        [-HUGE, -HUGE, HUGE, HUGE], [10, 10, 10, 10], [math.inf] * 4, {"a": 1}, object,
    ]
)  # fmt: skip


def _places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in a message: keys and numbers of entries."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inside in pairs:
        yield (*above, key)
        yield from _places(inside, (*above, key))


def _damaged_picture(data: st.DataObject, text: str) -> str:
    jpeg = bytearray(base64.b64decode(text))
    kind = data.draw(st.sampled_from(["cut off", "bits flipped", "another size", "no base64"]))
    if kind == "no base64":
        return text[:100] + "*" + text[100:]
    if kind == "cut off":
        del jpeg[data.draw(st.integers(0, len(jpeg) - 1)) :]
    elif kind == "bits flipped":
        for _ in range(data.draw(st.integers(1, 20))):
            jpeg[data.draw(st.integers(0, len(jpeg) - 1))] ^= data.draw(st.integers(1, 255))
    else:
        return make_frame_message(0, image=_small()).get("frame_data_jpeg", "")
    return base64.b64encode(bytes(jpeg)).decode()


def _small() -> Image:
    import numpy as np

    return np.full((3, 2, 3), 90, np.uint8)


def _damage(data: st.DataObject, message: Any) -> Any:
    damaged = copy.deepcopy(message)
    places = list(_places(damaged))
    for _ in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from(places))
        try:
            parent = damaged
            for key in way:
                parent = parent[key]
            if last == "frame_data_jpeg" and data.draw(st.booleans()):
                parent[last] = _damaged_picture(data, message["frame_data_jpeg"])
            elif data.draw(st.integers(0, 4)) == 0 and isinstance(parent, dict):
                parent.pop(last, None)
            else:
                parent[last] = data.draw(JUNK)
        except (TypeError, KeyError, IndexError):
            continue  # What was above it is damaged already.
    return damaged


def _run(name: str, build: Callable[[Settings], Service], messages: Sequence[Any]) -> tuple[list[Any], int]:
    """What a service makes of messages, and how many of them it has processed."""
    incoming: queue.Queue[Any] = queue.Queue()
    outgoing: queue.Queue[Any] = queue.Queue()
    for message in (*messages, None):
        incoming.put(message)
    reports: list[Any] = []
    control = ServiceControl()
    control.report = reports.append  # type: ignore[method-assign]
    run_service(
        ServiceName(name),
        lambda: PerCamera(CONFIG, build),
        incoming,
        [Output(outgoing)],
        threading.Event(),
        control,
    )
    *sent, end = drain(outgoing)
    assert end is None
    return sent, reports[-1].processed


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Formatting a traceback for each failure takes far longer than what is tested."""
    logger.disable("traffic_monitor")
    yield
    logger.enable("traffic_monitor")


@pytest.mark.parametrize("name", SERVICES)
@patience(max_examples=6, deadline=None)
@given(data=st.data())
@pytest.mark.filterwarnings("ignore")
def test_a_service_survives_damaged_messages_and_works_on(name: str, data: st.DataObject) -> None:
    opened, kinds = SERVICES[name]
    good = [make(index) for index in range(GOOD_MESSAGES) for make in kinds]
    bad = [_damage(data, data.draw(st.sampled_from(good))) for _ in range(data.draw(st.integers(1, 6)))]
    bad += data.draw(st.lists(JUNK.filter(lambda each: each is not None), max_size=2))
    split = data.draw(st.integers(0, len(good)))
    with opened() as build:
        sent, processed = _run(name, build, [*good[:split], *bad, *good[split:]])
    assert processed >= len(good)
    if name != "visualizer":
        assert len(sent) >= 1

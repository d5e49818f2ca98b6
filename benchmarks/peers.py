"""What the application is compared with: other ways to watch the same clip, each in a process of its own.

    python -m benchmarks.peers {object_counter,one_process,openvino_limit} --source CLIP --weights MODEL
        [--config SETTINGS] [--set KEY=VALUE ...]

Prints one line of JSON: frames, seconds, frames per second. Loading and the first frames, in which libraries warm
up, are not counted. ``traffic-monitor bench`` does not count its loading either.
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, cast

from traffic_monitor.inference.environment import prepare_environment
from traffic_monitor.settings import Settings
from traffic_monitor.settings.loader import load_settings

Figures = dict[str, Any]

WARM_UP_FRAMES = 5
LIMIT = "openvino_limit"
VEHICLES = {"car", "motorcycle", "bus", "truck"}
LONGER_SIDE = 640
"""What the detectors were trained at."""


def ultralytics_counter(weights: Path, region: list[tuple[int, int]]) -> Any:
    """``solutions.ObjectCounter`` at its fastest: ByteTrack in place of BoT-SORT, and only the vehicle classes."""
    from ultralytics import YOLO, solutions

    names = YOLO(str(weights), task="detect").names
    classes = [number for number, name in names.items() if name in VEHICLES]
    return solutions.ObjectCounter(
        model=str(weights), region=region, classes=classes, tracker="bytetrack.yaml", show=False, verbose=False
    )


def object_counter(source: str, weights: Path, _settings: Settings) -> Callable[[Any], object]:
    """Ultralytics' counter: detect, track, count, draw."""
    import cv2

    capture = cv2.VideoCapture(source)
    width, height = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    return cast(Callable[[Any], object], ultralytics_counter(weights, [(0, height // 2), (width, height // 2)]))


def one_process(_source: str, weights: Path, settings: Settings) -> Callable[[Any], object]:
    """The four models one after the other on each frame, in the same forms as in the application."""
    from boxmot import ByteTrack
    from ultralytics import YOLO

    from traffic_monitor.inference.model_cache import as_openvino, default_cache_dir
    from traffic_monitor.inference.text_recognition import PaddleTextRecognizer
    from traffic_monitor.plates.crops import crop

    vehicles = YOLO(str(weights), task="detect")
    plate_model = settings.lp_detector.model_path
    assert plate_model is not None
    plates = YOLO(str(as_openvino(plate_model, settings.lp_detector.imgsz, default_cache_dir())), task="detect")
    reader = PaddleTextRecognizer(settings.ocr_reader)
    tracker = ByteTrack()

    def watch(image: Any) -> None:
        found = vehicles.predict(image, conf=settings.vehicle_detector.conf_threshold, verbose=False)[0]
        tracks = tracker.update(found.boxes.data.numpy(), image)
        for track in tracks:
            vehicle = crop(image, [int(value) for value in track[:4]])
            for box in plates.predict(vehicle, conf=settings.lp_detector.conf_threshold, verbose=False)[0].boxes:
                reader.read(crop(vehicle, box.xyxy[0].int().tolist()))

    return watch


def openvino_limit(source: str, weights: Path, settings: Settings, seconds: float = 6) -> Figures:
    """OpenVINO alone at the application's input shape, with as many requests at a time as it likes."""
    import cv2
    import openvino as ov

    from traffic_monitor.inference.openvino_model import input_shape

    capture = cv2.VideoCapture(source)
    size = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    core = ov.Core()
    network = core.read_model(next(weights.glob("*.xml")))
    if network.input().partial_shape.is_dynamic:
        longer_side = settings.vehicle_detector.imgsz or LONGER_SIDE
        network.reshape([1, 3, *input_shape(*size, longer_side, stride=32)])
    compiled = core.compile_model(network, "CPU", {"PERFORMANCE_HINT": "THROUGHPUT"})
    requests = ov.AsyncInferQueue(compiled)
    picture = ov.Tensor(compiled.input().element_type, compiled.input().shape)

    def searched(until: Callable[[int], bool]) -> int:
        done = 0
        while not until(done):
            requests.start_async({0: picture})
            done += 1
        requests.wait_all()
        return done

    searched(lambda done: done >= WARM_UP_FRAMES)
    started = time.perf_counter()
    return _figures(searched(lambda _done: time.perf_counter() - started > seconds), started)


def watched(peer: str, source: str, weights: Path, settings: Settings, frames: int | None) -> Figures:
    """One of the peers on a clip, or on no more than so many frames of it."""
    watch = PEERS[peer](source, weights, settings)
    images = frames_of(source)
    for image in islice(images, WARM_UP_FRAMES):
        watch(image)
    done, started = 0, time.perf_counter()
    for image in islice(images, frames):
        watch(image)
        done += 1
    return _figures(done, started)


def _figures(frames: int, started: float) -> Figures:
    seconds = time.perf_counter() - started
    return {"frames": frames, "seconds": seconds, "frames_per_s": frames / seconds}


PEERS = {"object_counter": object_counter, "one_process": one_process}


def frames_of(source: str) -> Iterator[Any]:
    """The pictures of a clip, decoded by OpenCV."""
    import cv2

    capture = cv2.VideoCapture(source)
    while True:
        read, image = capture.read()
        if not read:
            return
        yield image


def main() -> None:
    """Run one peer over a clip and print its speed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", choices=[*PEERS, LIMIT])
    parser.add_argument("--source", required=True)
    parser.add_argument("--frames", type=int, help="measure no more than these")
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--config", type=Path, default=Path("config/settings.yaml"))
    parser.add_argument("--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE")
    arguments = parser.parse_args()
    prepare_environment()
    os.environ["YOLO_VERBOSE"] = "False"
    settings = load_settings(arguments.config, arguments.overrides)
    if arguments.peer == LIMIT:
        figures = openvino_limit(arguments.source, arguments.weights, settings)
    else:
        figures = watched(arguments.peer, arguments.source, arguments.weights, settings, arguments.frames)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()

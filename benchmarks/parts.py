"""What the parts of a frame's way cost: reading, coding, searching, sending, recording.

    python -m benchmarks.parts [--source demo/street.mp4] [--frames 100] [--config SETTINGS] [--set KEY=VALUE ...]
    python -m benchmarks.parts --readers [--source demo/street.mp4]

Milliseconds of processor time of one frame, the least of three rounds, alone on one thread but for the search,
which has the threads that the detector has in a run. A hop is a message with a frame through a queue, both ends.
With --readers the two readers in turn read the whole source: frames/s and milliseconds of processor time of a
frame, the best of three rounds, with as many threads as there are cores.
"""

import argparse
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import cv2

from benchmarks.peers import frames_of
from traffic_monitor.capture.masks import paint_masks
from traffic_monitor.capture.readers import open_reader
from traffic_monitor.inference.yolo import load_detector
from traffic_monitor.runtime.cores import available_cores, limit_threads, share_cores
from traffic_monitor.runtime.service_process import keep_freed_memory
from traffic_monitor.runtime.transport import widen_pipe
from traffic_monitor.services.vehicle_detector import SEARCHES
from traffic_monitor.services.vehicle_tracker import VehicleTracker
from traffic_monitor.settings import AreaSettings, FrameGrabberSettings, ReaderType, Settings
from traffic_monitor.settings.loader import load_settings
from traffic_monitor.shared_utils.constants import ServiceName
from traffic_monitor.shared_utils.frame_codec import decode_frame, encode_frame
from traffic_monitor.sinks.video import VideoFile

ROUNDS = 3
FRAMES_PER_S = 25
"""For the tracker, which goes by time."""

HALF = AreaSettings(points=[(0, 0), (1, 0), (1, 0.5), (0, 0.5)])


def cost(work: Callable[[Any], object], items: Sequence[Any]) -> float:
    """Milliseconds of processor time of this process for one item."""
    rounds = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for item in items:
            work(item)
        rounds.append((time.process_time() - started) / len(items) * 1000)
    return min(rounds)


def hop(texts: Sequence[str]) -> float:
    """Milliseconds of processor time for one message with a frame from process to process."""
    context = multiprocessing.get_context("spawn")
    waiting = context.Queue(16)
    widen_pipe(waiting)
    spent = context.Queue()
    reader = context.Process(target=_read, args=(waiting, spent))
    reader.start()
    assert spent.get() == "ready"
    started = time.process_time()
    for number, text in enumerate(texts):
        waiting.put({"frame_index": number, "frame_data_jpeg": text})
    waiting.put(None)
    waiting.close()
    waiting.join_thread()
    ours = time.process_time() - started
    theirs = float(spent.get())
    reader.join()
    return (ours + theirs) / len(texts) * 1000


def _read(waiting: Any, spent: Any) -> None:
    keep_freed_memory()
    spent.put("ready")
    waiting.get()
    started = time.process_time()
    while waiting.get() is not None:
        pass
    spent.put(time.process_time() - started)


def parts(source: str, frames: int, settings: Settings) -> dict[str, float]:
    """Each part's cost by its name."""
    quality = settings.frame_grabber.jpeg_quality
    began = time.process_time()
    pictures = list(islice(frames_of(source), frames))
    found = {"decode the video": (time.process_time() - began) / len(pictures) * 1000}
    texts = [encode_frame(picture, quality) for picture in pictures]
    found["paint half of the picture black"] = cost(
        lambda picture: paint_masks(picture, [HALF]), [pictures[-1].copy()] * frames
    )
    found["encode a JPEG"] = cost(lambda picture: encode_frame(picture, quality), pictures)
    found["decode a JPEG"] = cost(decode_frame, texts)
    found["a hop"] = hop(texts)
    detector = load_detector(ServiceName.VEHICLE_DETECTOR, settings.vehicle_detector, SEARCHES)
    boxes = []
    found["search for vehicles"] = cost(lambda picture: boxes.append(detector.detect(picture)), pictures)
    messages = [
        {
            "detections": [{**vars(box), "class_name": "car"} for box in each],
            "frame_data_jpeg": "",
            "timestamp": number / FRAMES_PER_S,
        }
        for number, each in enumerate(boxes)
    ]
    found["track"] = cost(VehicleTracker(settings).process, messages)
    with tempfile.TemporaryDirectory() as folder:
        video = VideoFile(Path(folder) / "video.mp4")
        found["encode the video"] = cost(lambda picture: video.take(picture, 0.0), pictures)
        video.close()
    return found


def readers(source: str) -> dict[str, tuple[float, float]]:
    """Frames per second and milliseconds of processor time of a frame, by reader."""
    best = {name: (0.0, float("inf")) for name in (ReaderType.OPENCV, ReaderType.PYAV)}
    for _ in range(ROUNDS):
        for name, (rate, milliseconds) in best.items():
            reader = open_reader(FrameGrabberSettings(source=source, reader=name))
            wall, busy = time.perf_counter(), time.process_time()
            frames = sum(image is not None for image, _ in reader.media_frames())
            wall, busy = time.perf_counter() - wall, time.process_time() - busy
            reader.release()
            best[name] = max(rate, frames / wall), min(milliseconds, busy / frames * 1000)
    return {str(name): figures for name, figures in best.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", default="demo/street.mp4")
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--config", type=Path, default=Path("config/settings.yaml"))
    parser.add_argument("--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE")
    parser.add_argument("--readers", action="store_true", help="compare the two readers, nothing else")
    arguments = parser.parse_args()
    keep_freed_memory()
    if arguments.readers:
        for name, (rate, milliseconds) in readers(arguments.source).items():
            print(f"| {name} | {rate:.0f} frames/s | {milliseconds:.2f} ms |")
        return
    limit_threads(share_cores(available_cores())[ServiceName.VEHICLE_DETECTOR])
    os.environ["OPENCV_FOR_THREADS_NUM"] = "1"
    cv2.setNumThreads(1)
    found = parts(arguments.source, arguments.frames, load_settings(arguments.config, arguments.overrides))
    for name, milliseconds in found.items():
        print(f"| {name} | {milliseconds:.2f} |")


if __name__ == "__main__":
    main()

"""The processes of a run and the queues between them. Starts none of them."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from traffic_monitor.settings import Settings
from traffic_monitor.shared_utils.constants import ServiceName


@dataclass(frozen=True)
class ProcessPlan:
    """One process of a run."""

    service: ServiceName
    number: int
    """Number of the process among those of its service, from 0. Grabbers are in the order of the cameras."""
    label: str
    """Its name for people."""
    arguments: Sequence[Any]
    """Arguments of the service's entry point before the shutdown event."""


def wire(settings: Settings, edge: Callable[[str, int], Any]) -> list[ProcessPlan]:
    """Plan all processes of a run, from the source to the records.

    If several processes of one service are at an end of an edge, each has a queue of its own: a process that is
    killed leaves the locks of its queues locked.

    Args:
        settings: of the run.
        edge: makes the queue of this name and size. Cameras share one ``queue_size``, so that a frame waits no
            longer for the detector than with one camera.
    """
    cameras = settings.each_camera()
    ids = [f"_{camera.camera_id}" for camera in cameras] if len(cameras) > 1 else [""]
    detectors = _suffixes(settings.vehicle_detector.workers)
    searchers = _suffixes(settings.lp_detector.workers)
    readers = _suffixes(settings.ocr_reader.workers)
    size = settings.queue_size
    share = max(size // len(cameras), min(size, 2))
    frames = [[edge(f"raw_frames{camera}{worker}", share) for worker in detectors] for camera in ids]
    found = [edge(f"vehicle_detections{worker}", size) for worker in detectors]
    for_plates = [edge(f"tracked_for_plates{worker}", size) for worker in searchers]
    for_counting, for_display = edge("tracked_for_counting", size), edge("tracked_for_display", size)
    plates = [[edge(f"lp_candidates{searcher}{reader}", size) for reader in readers] for searcher in searchers]
    texts = [edge(f"ocr_results{reader}", size) for reader in readers]
    counts = edge("counting_updates", size)
    tracked = (_joined(for_plates), for_counting, for_display)

    plans: list[tuple[ServiceName, Sequence[Any]]] = [
        *((ServiceName.FRAME_GRABBER, [camera, _joined(out)])
          for camera, out in zip(cameras, frames, strict=True)),
        *((ServiceName.VEHICLE_DETECTOR, [settings, _joined(column), out])
          for column, out in zip(_columns(frames), found, strict=True)),
        (ServiceName.VEHICLE_TRACKER, [settings, _joined(found), tracked]),
        *((ServiceName.LP_DETECTOR, [settings, frame, _joined(out)])
          for frame, out in zip(for_plates, plates, strict=True)),
        *((ServiceName.OCR_READER, [settings, _joined(column), out])
          for column, out in zip(_columns(plates), texts, strict=True)),
        (ServiceName.VEHICLE_COUNTER, [settings, for_counting, counts]),
        (ServiceName.VISUALIZER, [settings, for_display, _joined(texts), counts]),
    ]  # fmt: skip
    together = Counter(service for service, _ in plans)
    seen: Counter[ServiceName] = Counter()
    wired = []
    for service, arguments in plans:
        number = seen[service]
        seen[service] += 1
        which = cameras[number].camera_id if service is ServiceName.FRAME_GRABBER else str(number + 1)
        label = f"{service} {which}" if together[service] > 1 else str(service)
        config, *ends = arguments
        wired.append(ProcessPlan(service, number, label, [config.for_service(service), *ends]))
    return wired


def _suffixes(workers: int) -> list[str]:
    return [f"_{number + 1}" for number in range(workers)] if workers > 1 else [""]


def _columns(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _joined(queues: list[Any]) -> Any:
    """An entry point takes the queue of an edge, or the queues where there are several."""
    return queues if len(queues) > 1 else queues[0]

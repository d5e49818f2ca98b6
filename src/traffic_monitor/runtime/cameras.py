"""Several cameras behind one input: each has a service object of its own, so that they share no state."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

from loguru import logger

from traffic_monitor.runtime.service_loop import Service
from traffic_monitor.settings import Settings

IDLE_INTERVAL_S = 0.5
"""How often cameras without messages are idle while others have some."""


class PerCamera(Service):
    """One service object per camera. A message goes to the one of its ``camera_id``.

    Args:
        config: all settings.
        build: makes the service of one camera from the settings of that camera alone.
    """

    def __init__(self, config: Settings, build: Callable[[Settings], Service]) -> None:
        self._services = {camera.camera_id: build(camera) for camera in config.each_camera()}
        self._processed = dict.fromkeys(self._services, 0)
        self._next_idle = time.monotonic() + IDLE_INTERVAL_S

    def prepare(self, message: Any) -> None:
        """Start background work on a message of one camera."""
        self._services[message["camera_id"]].prepare(message)

    def process(self, message: Any) -> list[Any]:
        """Handle one message of one camera."""
        camera_id = message["camera_id"]
        results = list(self._services[camera_id].process(message))
        self._processed[camera_id] += 1
        self._let_others_idle(camera_id)
        return results

    def _let_others_idle(self, camera_id: str) -> None:
        """While one camera is busy the loop is never idle; the others must be all the same, now and then."""
        now = time.monotonic()
        if now < self._next_idle:
            return
        self._next_idle = now + IDLE_INTERVAL_S
        for other, service in self._services.items():
            if other != camera_id:
                service.idle()

    def flush(self) -> Iterator[Any]:
        """Remaining messages of each camera's service. If one fails, the others are flushed all the same."""
        failure: Exception | None = None
        for camera_id, service in self._services.items():
            try:
                yield from service.flush()
            except Exception as error:  # noqa: BLE001 - raised after the others were flushed
                logger.error("the end of camera {} is incomplete: {}", camera_id, error)
                failure = error
        if failure is not None:
            raise failure

    def idle(self) -> None:
        """Let each camera's service idle."""
        for service in self._services.values():
            service.idle()

    def details_by_camera(self) -> Mapping[str, Mapping[str, Any]]:
        """By camera: the number of messages processed, and the details of its service."""
        return {
            camera_id: {"processed": self._processed[camera_id], **service.details()}
            for camera_id, service in self._services.items()
        }

    def close(self) -> None:
        """Close each camera's service, also when closing one fails."""
        with ExitStack() as stack:
            for service in self._services.values():
                stack.callback(service.close)

"""Several cameras behind one input: a service of its own for each, so that they share no state."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

from loguru import logger

from traffic_monitor.runtime.service_loop import Service
from traffic_monitor.settings import Settings


class PerCamera(Service):
    """The same service once for each camera; a message goes to that of its ``camera_id``.

    Args:
        config: all settings.
        build: makes the service of one camera from the settings of that camera alone.
    """

    def __init__(self, config: Settings, build: Callable[[Settings], Service]) -> None:
        self._services = {camera.camera_id: build(camera) for camera in config.each_camera()}
        self._processed = dict.fromkeys(self._services, 0)

    def prepare(self, message: Any) -> None:
        """Begin with a message."""
        self._services[message["camera_id"]].prepare(message)

    def process(self, message: Any) -> list[Any]:
        """Handle one message of one camera."""
        camera_id = message["camera_id"]
        results = list(self._services[camera_id].process(message))
        self._processed[camera_id] += 1
        return results

    def flush(self) -> Iterator[Any]:
        """What each camera's service still has to send; one that fails takes nothing from the others."""
        failure: Exception | None = None
        for camera_id, service in self._services.items():
            try:
                yield from service.flush()
            except Exception as error:  # noqa: BLE001 - raised when the others have had their turn
                logger.error("the end of camera {} is incomplete: {}", camera_id, error)
                failure = error
        if failure is not None:
            raise failure

    def idle(self) -> None:
        """Let each camera's service do what it does meanwhile."""
        for service in self._services.values():
            service.idle()

    def details_by_camera(self) -> Mapping[str, Mapping[str, Any]]:
        """By camera: how many messages were processed, and what only its service knows."""
        return {
            camera_id: {"processed": self._processed[camera_id], **service.details()}
            for camera_id, service in self._services.items()
        }

    def close(self) -> None:
        """Release what each camera's service holds, also when one fails to."""
        with ExitStack() as stack:
            for service in self._services.values():
                stack.callback(service.close)

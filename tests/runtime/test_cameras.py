"""One service per camera behind one input."""

from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from traffic_monitor.runtime import cameras
from traffic_monitor.runtime.cameras import PerCamera
from traffic_monitor.runtime.service_loop import Service
from traffic_monitor.settings import Settings

TWO = Settings.model_validate(
    {
        "cameras": [
            {"camera_id": "north", "frame_grabber": {"source": 0}},
            {"camera_id": "yard", "frame_grabber": {"source": 1}},
        ]
    }
)


class Notebook(Service):
    """Keeps what it was given; cannot end well when it was given a 13."""

    def __init__(self, config: Settings) -> None:
        self.camera_id = config.camera_id
        self.prepared: list[int] = []
        self.seen: list[int] = []
        self.idled = self.closed = 0

    def prepare(self, message: Any) -> None:
        self.prepared.append(message["value"])

    def process(self, message: Any) -> Iterable[Any]:
        if message["value"] < 0:
            raise ValueError("negative")
        self.seen.append(message["value"])
        return [(self.camera_id, sum(self.seen))]

    def flush(self) -> Iterable[Any]:
        if 13 in self.seen:
            raise RuntimeError("unlucky")
        return [(self.camera_id, "end")]

    def idle(self) -> None:
        self.idled += 1

    def details(self) -> Mapping[str, Any]:
        return {"seen": len(self.seen)}

    def close(self) -> None:
        self.closed += 1
        if 13 in self.seen:
            raise RuntimeError("unlucky")


@pytest.fixture
def built() -> list[Notebook]:
    return []


@pytest.fixture
def service(built: list[Notebook]) -> PerCamera:
    def build(camera: Settings) -> Notebook:
        built.append(Notebook(camera))
        return built[-1]

    return PerCamera(TWO, build)


def message(camera_id: str, value: int) -> dict[str, Any]:
    return {"camera_id": camera_id, "value": value}


def test_cameras_share_no_state(service: PerCamera) -> None:
    results = [service.process(message(*each)) for each in (("north", 1), ("yard", 10), ("north", 2))]
    assert results == [[("north", 1)], [("yard", 10)], [("north", 3)]]
    assert list(service.flush()) == [("north", "end"), ("yard", "end")]


def test_each_camera_tells_its_own_details_and_how_much_it_has_processed(service: PerCamera) -> None:
    service.process(message("yard", 1))
    with pytest.raises(ValueError, match="negative"):
        service.process(message("yard", -1))
    assert service.details_by_camera() == {
        "north": {"processed": 0, "seen": 0},
        "yard": {"processed": 1, "seen": 1},
    }


def test_what_is_done_ahead_or_meanwhile_reaches_the_right_ones(service: PerCamera, built: list[Notebook]) -> None:
    service.prepare(message("yard", 7))
    service.idle()
    assert [(each.prepared, each.idled) for each in built] == [([], 1), ([7], 1)]


def test_a_camera_that_cannot_end_well_takes_nothing_from_the_others(
    service: PerCamera, built: list[Notebook]
) -> None:
    service.process(message("north", 13))
    flushed = iter(service.flush())
    assert next(flushed) == ("yard", "end")
    with pytest.raises(RuntimeError, match="unlucky"):
        next(flushed)
    with pytest.raises(RuntimeError, match="unlucky"):
        service.close()
    assert [each.closed for each in built] == [1, 1]


def test_one_camera_is_the_same_with_one_service(built: list[Notebook]) -> None:
    service = PerCamera(Settings(camera_id="gate"), Notebook)
    assert service.process(message("gate", 4)) == [("gate", 4)]
    assert service.details_by_camera() == {"gate": {"processed": 1, "seen": 1}}


def test_a_camera_without_messages_is_idle_while_another_is_busy(
    built: list[Notebook], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(cameras, "time", SimpleNamespace(monotonic=lambda: now))
    service = PerCamera(TWO, lambda config: built.append(Notebook(config)) or built[-1])
    for _ in range(17):
        service.process({"camera_id": "north", "value": 1})
        now += 0.125
    assert [notebook.idled for notebook in built] == [0, 4]

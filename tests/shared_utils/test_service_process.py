"""What travels into a service's own process."""

import pickle

import pytest

from traffic_monitor.shared_utils.constants import ServiceName
from traffic_monitor.shared_utils.logging_config import LogTarget
from traffic_monitor.shared_utils.service_process import ServiceProcess
from traffic_monitor.shared_utils.settings import Settings


@pytest.mark.parametrize("name", ServiceName, ids=lambda name: name.value)
def test_every_service_has_its_entry_point_also_after_travelling(name: ServiceName) -> None:
    spec = pickle.loads(pickle.dumps(ServiceProcess(name, [Settings()], LogTarget(None))))
    entry_point = spec.entry_point()
    assert entry_point.__name__ == f"{name.value}_process"
    assert entry_point.__module__ == f"traffic_monitor.services.{name.value}"

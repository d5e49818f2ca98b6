"""What travels into a service's own process."""

import pickle
import subprocess
import sys

import pytest

from traffic_monitor.runtime.service_process import ServiceProcess
from traffic_monitor.settings import Settings
from traffic_monitor.shared_utils.constants import ServiceName
from traffic_monitor.shared_utils.logging_config import LogTarget


@pytest.mark.parametrize("name", ServiceName, ids=lambda name: name.value)
def test_every_service_has_its_entry_point_also_after_travelling(name: ServiceName) -> None:
    spec = pickle.loads(pickle.dumps(ServiceProcess(name, [Settings()], LogTarget(None))))
    entry_point = spec.entry_point()
    assert entry_point.__name__ == f"{name.value}_process"
    assert entry_point.__module__ == f"traffic_monitor.services.{name.value}"


FAULTS = """
import resource, sys
from traffic_monitor.runtime.service_process import keep_freed_memory
if sys.argv[1] == "keep":
    keep_freed_memory()
def use(rounds):
    for _ in range(rounds):
        frames = [bytearray(3_000_000) for _ in range(3)]
use(3)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
use(20)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc only")
def test_memory_of_one_frame_is_used_for_the_next() -> None:
    faults = [
        int(
            subprocess.run([sys.executable, "-c", FAULTS, how], capture_output=True, check=True, timeout=60).stdout
        )
        for how in ("leave", "keep")
    ]
    assert faults[1] < faults[0] / 10

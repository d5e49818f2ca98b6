"""The cores of the machine, shared out among the services."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from traffic_monitor.runtime import cores
from traffic_monitor.runtime.cores import (
    NICENESS,
    THREADS,
    VARIABLES,
    available_cores,
    give_way,
    limit_threads,
    share_cores,
)
from traffic_monitor.shared_utils.constants import ServiceName


@pytest.mark.parametrize(
    ("cores", "detector", "plates"), [(1, 1, 1), (2, 2, 1), (4, 2, 1), (8, 4, 2), (32, 16, 8)]
)
def test_the_busiest_have_most_and_all_together_no_more_than_there_are(
    cores: int, detector: int, plates: int
) -> None:
    shares = share_cores(cores)
    assert set(shares) == set(ServiceName)
    assert shares[ServiceName.VEHICLE_DETECTOR] == detector
    assert shares[ServiceName.LP_DETECTOR] == shares[ServiceName.OCR_READER] == plates
    assert shares[ServiceName.VEHICLE_COUNTER] == 1
    assert detector + 2 * plates <= max(cores, 4)


def test_libraries_are_told_unless_the_user_has_told_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (*VARIABLES, "OMP_WAIT_POLICY"):
        monkeypatch.setenv(variable, "")
        monkeypatch.delenv(variable)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    limit_threads(2)
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert os.environ["OPENCV_FOR_THREADS_NUM"] == "2"
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"


def test_there_is_a_core() -> None:
    assert 1 <= available_cores() <= (os.cpu_count() or 1)


NICENESSES = """
import os, threading
from traffic_monitor.runtime.cores import THREADS, give_way
done = threading.Event()
thread = threading.Thread(target=done.wait)
thread.start()
give_way()
print(*(os.getpriority(os.PRIO_PROCESS, int(each.name)) for each in THREADS.iterdir()))
done.set()
"""


@pytest.mark.skipif(not THREADS.is_dir(), reason="threads have priorities of their own on Linux only")
def test_a_service_gives_way_with_all_its_threads() -> None:
    done = subprocess.run(
        [sys.executable, "-c", NICENESSES], capture_output=True, check=True, timeout=60, text=True
    )
    assert done.stdout.split() == [str(NICENESS)] * 2


def test_where_threads_cannot_be_told_apart_nothing_is_done(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cores, "THREADS", tmp_path / "none")
    give_way()
    assert os.getpriority(os.PRIO_PROCESS, 0) == 0

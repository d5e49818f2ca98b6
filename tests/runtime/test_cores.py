"""The cores of the machine, shared out among the services."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from traffic_monitor.runtime import cores as cores_module
from traffic_monitor.runtime.cores import (
    NICENESS,
    THREADS,
    VARIABLES,
    available_cores,
    cgroup_quota,
    limit_threads,
    lower_priority,
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


@pytest.mark.parametrize(
    ("own", "files", "quota"),
    [
        pytest.param("0::/", {"cpu.max": "200000 100000"}, 2.0, id="version 2, in a container"),
        pytest.param("0::/", {"cpu.max": "max 100000"}, None, id="version 2 without a limit"),
        pytest.param("0::/", {}, None, id="version 2 at the root of the host"),
        pytest.param(
            "0::/user/app",
            {"user/app/cpu.max": "max 100000", "user/cpu.max": "150000 100000"},
            1.5,
            id="the limit of a group above",
        ),
        pytest.param(
            "5:memory:/a\n4:cpu,cpuacct:/",
            {"cpu/cpu.cfs_quota_us": "50000", "cpu/cpu.cfs_period_us": "100000"},
            0.5,
            id="version 1",
        ),
        pytest.param(
            "4:cpu,cpuacct:/docker/abc\n0::/",
            {"cpu/cpu.cfs_quota_us": "400000", "cpu/cpu.cfs_period_us": "100000"},
            4.0,
            id="version 1 with the host's path in a container",
        ),
        pytest.param(
            "4:cpu:/",
            {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"},
            None,
            id="version 1, none",
        ),
        pytest.param("0::/", {"cpu.max": "rubbish"}, None, id="something else"),
    ],
)
def test_a_containers_quota_is_known(own: str, files: dict[str, str], quota: float | None, tmp_path: Path) -> None:
    (tmp_path / "cgroup").write_text(own + "\n")
    for name, content in files.items():
        path = tmp_path / "mount" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content + "\n")
    assert cgroup_quota(tmp_path / "cgroup", tmp_path / "mount") == quota


@pytest.mark.parametrize(("quota", "cores"), [("100", 1), ("150000", 2), ("6400000", 3)])
def test_a_quota_limits_the_cores(quota: str, cores: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "cgroup").write_text("0::/\n")
    (tmp_path / "cpu.max").write_text(f"{quota} 100000\n")
    monkeypatch.setattr(cores_module, "OWN_CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(cores_module, "CGROUP_MOUNT", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 1, 2}, raising=False)
    assert available_cores() == cores


def test_without_control_groups_there_is_no_quota(tmp_path: Path) -> None:
    assert cgroup_quota(tmp_path / "cgroup", tmp_path) is None


NICENESSES = """
import os, threading
from traffic_monitor.runtime.cores import THREADS, lower_priority
done = threading.Event()
thread = threading.Thread(target=done.wait)
thread.start()
lower_priority()
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
    monkeypatch.setattr(cores_module, "THREADS", tmp_path / "none")
    lower_priority()
    assert os.getpriority(os.PRIO_PROCESS, 0) == 0

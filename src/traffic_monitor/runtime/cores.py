"""Sharing the cores of the machine among the services.

By default every library starts a thread per core. Seven processes would then have many times more threads than
cores, and threads that spin while they wait would take the processor from those they wait for.
"""

import contextlib
import math
import os
from collections.abc import Mapping
from pathlib import Path

from traffic_monitor.shared_utils.constants import ServiceName

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")
"""Environment variables from which libraries take their number of threads when they are imported."""

NICENESS = 10
"""Of services whose work may be dropped: roughly 10 % of a contended core, all of an idle one."""

THREADS = Path("/proc/self/task")
"""Linux only: there each thread has a priority of its own."""

OWN_CGROUPS = Path("/proc/self/cgroup")
CGROUP_MOUNT = Path("/sys/fs/cgroup")
"""Linux only; containers limit processor time with control groups, not with the cores one may run on."""


def available_cores() -> int:
    """Cores this program may use: those it may run on, or fewer where a container's quota allows less."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = cgroup_quota(OWN_CGROUPS, CGROUP_MOUNT)
    return cores if quota is None else min(cores, max(math.ceil(quota), 1))


def cgroup_quota(own_cgroups: Path, mount: Path) -> float | None:
    """Cores' worth of time that control groups grant this process; None where there is no limit.

    Both versions are read, because a system may mount the CPU controller with either. A group is limited by the
    groups above it, too; in a container its path may be that of the host, of which only the root can be seen.

    Args:
        own_cgroups: the groups of this process, one a line: ``id:controllers:path``.
        mount: where control groups are mounted.
    """
    try:
        lines = own_cgroups.read_text().splitlines()
    except OSError:
        return None
    quotas = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        root = mount / "cpu" if controllers else mount
        own = root / path.lstrip("/")
        quotas += [_quota_of(group) for group in (own, *own.parents) if group.is_relative_to(root)]
    return min((quota for quota in quotas if quota is not None), default=None)


def _quota_of(group: Path) -> float | None:
    """Cores' worth of time of one control group, of version 2 or 1."""
    try:
        if (group / "cpu.max").exists():
            quota, period = (group / "cpu.max").read_text().split()
        else:
            quota, period = ((group / f"cpu.cfs_{what}_us").read_text() for what in ("quota", "period"))
        return int(quota) / int(period) if int(quota) > 0 else None
    except (OSError, ValueError, ZeroDivisionError):  # No such group, or "max".
        return None


def share_cores(cores: int) -> Mapping[ServiceName, int]:
    """Threads for the libraries of each service, 1 or more.

    Half of the cores, and two where there are two, go to the vehicle detector, which works on every frame; a
    quarter each to plate detector and OCR reader. The other services work on one thread anyway.
    """
    threads = dict.fromkeys(ServiceName, 1)
    threads[ServiceName.VEHICLE_DETECTOR] = max(cores // 2, min(cores, 2))
    threads[ServiceName.LP_DETECTOR] = threads[ServiceName.OCR_READER] = max(cores // 4, 1)
    return threads


def limit_threads(threads: int) -> None:
    """Limit the threads of each library of this process, before it is imported. What the user has set is kept.

    Threads that wait for each other sleep. By default they spin, and on a busy machine keep the processor from the
    thread that they wait for: PyTorch fell to one frame a second.
    """
    for variable in VARIABLES:
        os.environ.setdefault(variable, str(threads))
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def lower_priority() -> None:
    """Lower the priority of all threads that this process has now, where the system can."""
    if not THREADS.is_dir():
        return
    for thread in THREADS.iterdir():
        with contextlib.suppress(OSError):  # It has just ended.
            os.setpriority(os.PRIO_PROCESS, int(thread.name), NICENESS)

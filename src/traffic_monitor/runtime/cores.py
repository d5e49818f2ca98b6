"""How the cores of the machine are shared out among the services.

Every library would take all cores for itself: seven processes would then have many times as many threads as there
are cores, which wait for each other and, spinning, take from each other what they wait for.
"""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from traffic_monitor.shared_utils.constants import ServiceName

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")
"""Where the libraries look for their number of threads when they are imported."""

NICENESS = 10
"""Of services whose work may be left undone: about a tenth of a share of a busy core, and all of an idle one."""

THREADS = Path("/proc/self/task")
"""Linux only; there every thread has a priority of its own."""


def available_cores() -> int:
    """Cores this program may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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
    """Tell the libraries of this process, before they are imported; what the user has set stays.

    Threads that wait for each other sleep. By default they spin, and on a busy machine take the turn of the very
    thread that they wait for: PyTorch came down to one frame a second.
    """
    for variable in VARIABLES:
        os.environ.setdefault(variable, str(threads))
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def give_way() -> None:
    """Let other services go first from now on, with all threads that this process has; where the system can."""
    if not THREADS.is_dir():
        return
    for thread in THREADS.iterdir():
        with contextlib.suppress(OSError):  # It has just ended.
            os.setpriority(os.PRIO_PROCESS, int(thread.name), NICENESS)

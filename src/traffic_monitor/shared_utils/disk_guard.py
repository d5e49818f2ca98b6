"""Keeps room on the disk for the records: video, then pictures, stop before it is full."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from loguru import logger

CHECK_INTERVAL_S = 15.0
"""How often the free space is looked at. A video grows by some MB in that time."""

RESUME_FACTOR = 1.25
"""An output goes on when this many times its threshold is free again, or it would stop again at once."""

BYTES_PER_MB = 1_000_000


class DiskGuard:
    """Says which outputs may write, by the free space. The records are none of them: they go on to the end.

    Args:
        folder: on the disk that is looked at.
        stop_below_mb: by output, as messages name it: the least free space with which it writes; None: none.
        free_bytes: of the disk of a folder, replaceable in tests.
        clock: monotonic seconds, replaceable in tests.
    """

    def __init__(
        self,
        folder: Path,
        stop_below_mb: dict[str, float | None],
        free_bytes: Callable[[Path], int] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._thresholds = {output: limit for output, limit in stop_below_mb.items() if limit is not None}
        self._free_bytes = free_bytes or (lambda path: shutil.disk_usage(path).free)
        self._clock = clock
        self._next_check = 0.0
        self._stopped: set[str] = set()

    def allows(self, output: str) -> bool:
        """Whether an output may write now."""
        if self._clock() >= self._next_check:
            self._next_check = self._clock() + CHECK_INTERVAL_S
            self._check()
        return output not in self._stopped

    def _check(self) -> None:
        try:
            free_mb = self._free_bytes(self._folder) / BYTES_PER_MB
        except OSError:  # The folder is away; whoever writes there reports that.
            return
        for output, limit in self._thresholds.items():
            if output in self._stopped and free_mb >= limit * RESUME_FACTOR:
                self._stopped.remove(output)
                logger.warning("{:.0f} MB are free on the disk of {}: {} go on", free_mb, self._folder, output)
            elif output not in self._stopped and free_mb < limit:
                self._stopped.add(output)
                logger.warning(
                    "only {:.0f} MB are free on the disk of {}: {} stop until {:.0f} MB are free",
                    free_mb, self._folder, output, limit * RESUME_FACTOR,
                )  # fmt: skip

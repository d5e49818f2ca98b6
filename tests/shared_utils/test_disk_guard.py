"""Video, then pictures, stop before the disk is full."""

from pathlib import Path

from traffic_monitor.shared_utils.disk_guard import CHECK_INTERVAL_S, DiskGuard

LIMITS: dict[str, float | None] = {"video": 1000, "pictures": 300}


class Disk:
    """A disk whose free space is set, and a clock that goes on with each look."""

    def __init__(self, limits: dict[str, float | None] = LIMITS) -> None:
        self.free_mb = 5000.0
        self.now = 0.0
        self.looks = 0
        self.guard = DiskGuard(Path("output"), limits, self._free, lambda: self.now)

    def _free(self, _folder: Path) -> int:
        self.looks += 1
        return int(self.free_mb * 1e6)

    def allowed_at(self, free_mb: float) -> tuple[bool, bool]:
        self.free_mb = free_mb
        self.now += CHECK_INTERVAL_S
        return self.guard.allows("video"), self.guard.allows("pictures")


def test_video_stops_first_then_pictures_and_they_go_on_with_room_to_spare(log_lines: list[str]) -> None:
    disk = Disk()
    steps = [
        (1001, (True, True)), (999, (False, True)), (998, (False, True)), (299, (False, False)),
        (310, (False, False)), (375, (False, True)), (1200, (False, True)), (1250, (True, True)),
    ]  # fmt: skip
    assert [(free, disk.allowed_at(free)) for free, _ in steps] == steps
    assert len(log_lines) == 4  # Once for each change.


def test_the_disk_is_looked_at_a_few_times_a_minute() -> None:
    disk = Disk()
    for second in range(60):
        disk.now = float(second)
        disk.guard.allows("video")
    assert disk.looks == 4


def test_without_thresholds_nothing_stops() -> None:
    assert Disk({"video": None, "pictures": None}).allowed_at(0) == (True, True)


def test_a_folder_that_is_away_stops_nothing(tmp_path: Path) -> None:
    assert DiskGuard(tmp_path / "gone", LIMITS).allows("video")


def test_on_a_real_disk(small_disk: Path) -> None:
    now = [0.0]
    guard = DiskGuard(small_disk, {"video": 4}, clock=lambda: now[0])
    assert guard.allows("video")
    (small_disk / "big").write_bytes(b"x" * 5_000_000)
    now[0] += CHECK_INTERVAL_S
    assert not guard.allows("video")
    (small_disk / "big").unlink()
    now[0] += CHECK_INTERVAL_S
    assert guard.allows("video")

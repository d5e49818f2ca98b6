"""The parts of a frame's way, measured on a few frames with the shipped weights."""

from pathlib import Path

from benchmarks.parts import parts, readers
from traffic_monitor.settings.loader import load_settings

REPOSITORY = Path(__file__).parents[2]


def test_every_part_costs_something() -> None:
    found = parts(str(REPOSITORY / "demo" / "street.mp4"), 3, load_settings())
    assert {"search for vehicles", "track", "a hop"} <= found.keys()
    assert all(milliseconds > 0 for milliseconds in found.values())


def test_both_readers_are_measured(clip: Path) -> None:
    found = readers(str(clip))
    assert list(found) == ["opencv", "pyav"]
    assert all(rate > 0 and milliseconds > 0 for rate, milliseconds in found.values())

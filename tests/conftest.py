"""Fixtures for all tests."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from loguru import logger

from tests.builders import write_clip
from traffic_monitor.settings import Settings
from traffic_monitor.settings.loader import ENV_PREFIX

# A busy machine is no mistake in the code, and a test that fails must fail again.
hypothesis.settings.register_profile("patient", deadline=None, max_examples=60, derandomize=True)
hypothesis.settings.load_profile("patient")


@pytest.fixture(autouse=True)
def _no_settings_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.upper().startswith(ENV_PREFIX):
            monkeypatch.delenv(name)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Default settings of a run without a window that writes into the test's own folder."""
    return Settings.model_validate({"output_dir": tmp_path / "output", "visualizer": {"display": "off"}})


@pytest.fixture
def log_lines() -> Iterator[list[str]]:
    """What the program logs during a test, from DEBUG on, as ``LEVEL message``."""
    lines: list[str] = []
    number = logger.add(lambda message: lines.append(str(message)), format="{level} {message}", level="DEBUG")
    yield lines
    logger.remove(number)


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 12 frames at 25 frames/s, 160 x 120 pixels, each brighter than the one before it."""
    return write_clip(tmp_path_factory.mktemp("clips") / "grey.mp4", frames=12)


@pytest.fixture
def restored_logging() -> Iterator[None]:
    """Undo what a test does to logging, loguru's and the standard library's."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    logger.remove()
    logger.configure(extra={})
    logger.add(sys.stderr)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting a tmpfs needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)

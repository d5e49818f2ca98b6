"""Real clips and weights for tests, and the running program for tests that need all of it."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

import psutil
import pytest

REPOSITORY = Path(__file__).parents[1]
SHARED = Path(os.environ.get("TRAFFIC_MONITOR_SHARED") or REPOSITORY.parent / "shared").resolve()
SKIPS_FORBIDDEN = os.environ.get("TRAFFIC_MONITOR_NO_SKIPS") == "1"

CLIPS = SHARED / "videos"
VEHICLE_WEIGHTS = SHARED / "weights" / "yolo11n_coco_int8_openvino_model"
PLATE_WEIGHTS = SHARED / "weights" / "license_plate_detector_320_int8.onnx"
PLATE_READER = SHARED / "weights" / "plate_ocr_ppocrv6_small"
REID_WEIGHTS = SHARED / "weights" / "osnet_x0_25_msmt17.pt"

START_TIMEOUT_S = 90
"""Seven processes that import their libraries on two slow cores."""


def skip_or_fail(reason: str) -> NoReturn:
    """Skip the test, or fail it where nothing may be skipped."""
    if SKIPS_FORBIDDEN:
        pytest.fail(f"{reason} (TRAFFIC_MONITOR_NO_SKIPS is set)")
    pytest.skip(reason)


def need(path: Path) -> Path:
    """The path, if it exists; else the test is skipped with a reason."""
    if not path.exists():
        skip_or_fail(f"real material is missing: {path}; set TRAFFIC_MONITOR_SHARED to the folder that has it")
    return path


def need_tool(name: str) -> str:
    """The program, if it is installed; else the test is skipped with a reason."""
    found = shutil.which(name)
    if found is None:
        skip_or_fail(f"{name} is not installed")
    return found


def real_weights() -> list[str]:
    """``--set`` options for the real models."""
    values = {
        "vehicle_detector.model_path": need(VEHICLE_WEIGHTS),
        "lp_detector.model_path": need(PLATE_WEIGHTS),
        "ocr_reader.model_dir": need(PLATE_READER),
        "ocr_reader.engine": "onnxruntime",
    }
    return [option for key, value in values.items() for option in ("--set", f"{key}={value}")]


def line_across(height: float) -> list[str]:
    """``--set`` options for one line ``main`` across the frame at a fraction of its height."""
    return ["--set", f"vehicle_counter.lines=[{{name: main, points: [[0, {height}], [1, {height}]]}}]"]


class Program:
    """The whole program as a user starts it, in a session of its own, with everything it leaves in a folder."""

    def __init__(self, folder: Path, arguments: Sequence[str], environment: dict[str, str] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.output = folder / "output"
        self._console = folder / "console.txt"
        command = [sys.executable, "-m", "traffic_monitor.main_supervisor", "run", "--output", str(self.output)]
        with self._console.open("w") as console:
            self.process = psutil.Popen(
                [*command, *arguments],
                cwd=REPOSITORY,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, **(environment or {})},
            )
        self._family: dict[int, psutil.Process] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in [self.process, *self.family()]:
            if process.is_running():
                process.kill()
        self.process.wait(timeout=10)

    @property
    def console(self) -> str:
        """Everything the program has printed so far."""
        return self._console.read_text()

    @property
    def run_dir(self) -> Path:
        """The run's own folder."""
        return self.output / "latest"

    @property
    def log(self) -> str:
        """The run's log so far."""
        path = self.run_dir / "run.log"
        return path.read_text() if path.exists() else ""

    @property
    def summary(self) -> dict[str, Any]:
        """The run's summary."""
        content: dict[str, Any] = json.loads((self.run_dir / "summary.json").read_text())
        return content

    def family(self) -> list[psutil.Process]:
        """Every process the program has ever been seen to have started."""
        if self.process.is_running():
            self._family |= {child.pid: child for child in self.process.children(recursive=True)}
        return list(self._family.values())

    def service(self, name: str) -> psutil.Process:
        """The present process of one service."""
        found = re.findall(rf"started {name} as process (\d+)", self.log)
        assert found, f"{name} was not started:\n{self.console}"
        return psutil.Process(int(found[-1]))

    def wait_until(self, condition: Callable[[], object], timeout_s: float, what: str) -> None:
        """Wait for a condition of the running program; fails early when the program ends."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            self.family()
            assert self.process.poll() is None, f"the program ended before {what}:\n{self.console}"
            assert time.monotonic() < deadline, f"no {what} within {timeout_s} s:\n{self.console}"
            time.sleep(0.05)

    def wait_for_full_queues(self) -> None:
        """Wait until frames pile up in front of the detector (with ``queue_size=4`` and frequent status lines)."""
        self.wait_until(lambda: "raw_frames=4" in self.log, START_TIMEOUT_S, "full queue in front of the detector")
        self.family()

    def wait_for_end(self, timeout_s: float) -> int:
        """The exit code; fails when the program is still there after ``timeout_s``."""
        try:
            return int(self.process.wait(timeout=timeout_s))
        except psutil.TimeoutExpired:
            pytest.fail(f"still running after {timeout_s} s:\n{self.console}")

    def assert_nothing_left(self, timeout_s: float) -> None:
        """Every process that was ever started must be gone, and none may be a zombie of ours."""
        _, alive = psutil.wait_procs(self._family.values(), timeout=timeout_s)
        left = [process for process in alive if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
        assert not left, f"still there after {timeout_s} s: {left}"


def signal_once(program: Program, number: signal.Signals) -> None:
    """Send a signal to the supervisor only, as ``kill`` does."""
    os.kill(program.process.pid, number)


def press_ctrl_c(program: Program) -> None:
    """Send SIGINT to the whole process group, as a terminal does."""
    os.killpg(program.process.pid, signal.SIGINT)


def virtual_screen() -> Iterator[str]:
    """A virtual screen; yields the value for ``DISPLAY``."""
    server = need_tool("Xvfb")
    need_tool("xdotool")
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [server, "-displayfd", str(writing), "-screen", "0", "1400x900x24", "-nolisten", "tcp"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as answer:
            yield f":{answer.readline().strip()}"
    finally:
        process.terminate()
        process.wait(timeout=10)

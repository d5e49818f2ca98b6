"""Whether starting and stopping the program again and again leaves anything on the machine.

    python -m benchmarks.start_stop [--times 1000]

Each start is stopped by SIGTERM, by turns while models load and a moment after the first frame. Counts processes
of this user, semaphores and shared memory, temporary files, and the descriptors of this process, before and after.
"""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

SHARED_MEMORY = Path("/dev/shm")
START_TIMEOUT_S, END_TIMEOUT_S = 120, 60


def left_over() -> dict[str, int]:
    """What a program that was not careful would leave."""
    return {
        "processes": sum("traffic_monitor" in " ".join(_command_of(each)) for each in psutil.process_iter()),
        "semaphores and shared memory": len(list(SHARED_MEMORY.iterdir())),
        "temporary files": len(list(Path(tempfile.gettempdir()).iterdir())),
        "descriptors": psutil.Process().num_fds(),
    }


def _command_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def start_and_stop(output: Path, after_frames: bool, pause_s: float) -> int:
    """One start and stop; the exit code."""
    command = [sys.executable, "-m", "traffic_monitor.main_supervisor", "run", "--display", "off"]
    command += ["--output", str(output), "--set", "supervisor.status_interval_s=0.2"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:
        wanted = "frames 1" if after_frames else "started visualizer"
        deadline = time.monotonic() + START_TIMEOUT_S
        log = output / "latest" / "run.log"
        while not (log.exists() and wanted in log.read_text()):
            if program.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the program did not get to '{wanted}'")
            time.sleep(0.05)
        time.sleep(pause_s)
        program.send_signal(signal.SIGTERM)
        return program.wait(timeout=END_TIMEOUT_S)


def main() -> None:
    """Start, stop, count and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=1000)
    times = parser.parse_args().times
    chance = random.Random(1)
    before = left_over()
    wrong = 0
    for number in range(times):
        with tempfile.TemporaryDirectory() as folder:
            wrong += start_and_stop(Path(folder), number % 2 == 1, chance.uniform(0, 1)) != 0
    after = left_over()
    print("| what | before | after |\n|---|---|---|")
    for what, number in before.items():
        print(f"| {what} | {number} | {after[what]} |")
    print(f"{times} starts and stops, {wrong} with an exit code other than 0")


if __name__ == "__main__":
    main()

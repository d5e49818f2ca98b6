"""What gives way when a camera sends far more than the machine can do.

    python -m benchmarks.overload [--fps 240] [--vehicles 40] [--queue-size 1] [--seconds 20]

Plays a street full of cars at FPS frames per second. Prints what was dropped where: plates and pictures have to
give way first, then frames; what was detected is counted, memory stays, and nothing ends.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.clips import camera_clip, street_with_vehicles
from traffic_monitor.shared_utils.constants import ServiceName

STREET = Path("demo/street.mp4")
MEGABYTE = 1e6


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fps", type=int, default=240)
    parser.add_argument("--vehicles", type=int, default=40)
    parser.add_argument("--queue-size", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=20)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        street = street_with_vehicles(Path(folder), STREET, arguments.vehicles)
        clip = camera_clip(Path(folder), street, arguments.fps, arguments.seconds)
        output = Path(folder) / "output"
        command = [sys.executable, "-m", "traffic_monitor.main_supervisor", "run", "--source", str(clip)]
        command += ["--display", "off", "--output", str(output), "--set", "frame_grabber.mode=live"]
        command += ["--set", f"queue_size={arguments.queue_size}"]
        memory = []
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:
            family = psutil.Process(program.pid)
            try:
                while program.poll() is None:
                    used = [each.memory_info().rss for each in family.children() if each.is_running()]
                    memory.append(sum(used) / MEGABYTE)
                    time.sleep(1)
            except psutil.NoSuchProcess:
                pass
            except KeyboardInterrupt:
                program.send_signal(signal.SIGINT)
        summary = json.loads((output / "latest" / "summary.json").read_text())
    frames = summary["frames"]
    print(f"exit code {program.returncode}, {summary['exit_reason']}")
    print(f"frames: {frames['read']} read, {frames['processed']} processed, {frames['dropped']} dropped")
    dropped = {name: summary["services"][name]["dropped"] for name in ServiceName}
    print(
        "messages dropped at the output of " + ", ".join(f"{name}: {number}" for name, number in dropped.items())
    )
    print(f"memory of the services, resident: {max(memory[len(memory) // 3 :]):.0f} MB at most")


if __name__ == "__main__":
    main()

"""Whether memory, descriptors, latency, log or database of the application grow in a long run.

    python -m benchmarks.soak [--minutes 30] [--begin 2] [--fps 25] [--set KEY=VALUE ...] [--to runs/soak]

Plays the demo clip in a loop at its own speed, as a camera would send it, and looks at the memory of all processes
once a minute: physical memory, with pages that others share counted in shares (PSS), and private memory without a
file behind it (``RssAnon``), which does not change when other programs load the same libraries. Growth is from
minute ``--begin`` on, when models, queues and tables of fixed size are filled. Slopes are those of a straight line
through the values, with the 95 % interval of a regression. Writes TO.json.
"""

import argparse
import json
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.clips import looped_clip
from traffic_monitor.supervision.status_file import read_status_files

STREET = Path("demo/street.mp4")
MEGABYTE = 1e6
START_S = 60
"""Longest that loading takes here; the clip is that much longer."""
KINDS = ("pss", "anonymous")


def memory_of(program: psutil.Process, log: str) -> dict[str, float]:
    """Megabytes of all processes together, by kind, and of each service without what files stand behind."""
    used = dict.fromkeys(KINDS, 0.0)
    services = {int(pid): label for label, pid in re.findall(r"started (.+) as process (\d+)", log)}
    for process in [program, *program.children(recursive=True)]:
        used["pss"] += process.memory_full_info().pss / MEGABYTE
        found = re.search(r"RssAnon:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
        anonymous = float(found[1]) * 1024 / MEGABYTE if found else 0.0
        used["anonymous"] += anonymous
        label = services.get(process.pid, "supervisor")  # Which has a helper process of Python's beside it.
        used[label] = used.get(label, 0.0) + anonymous
        used["descriptors"] = used.get("descriptors", 0) + process.num_fds()
    return used


def figures_of(output: Path) -> dict[str, float]:
    """Milliseconds from capture to count (95th percentile), and megabytes of log and database."""
    run = output / "latest"
    (status,) = read_status_files(output)
    return {
        "latency_ms_p95": status.content["services"]["vehicle_counter"]["latency_ms_p95"],
        "log": sum(path.stat().st_size for path in run.glob("run*.log*")) / MEGABYTE,
        "database": sum(path.stat().st_size for path in run.glob("traffic.db*")) / MEGABYTE,
    }


def slope(rows: Sequence[Mapping[str, float]], name: str) -> tuple[float, float]:
    """Growth per hour, and half the width of its 95 % interval (1.96 standard errors of a linear regression)."""
    minutes = np.array([row["minute"] for row in rows])
    values = np.array([row[name] for row in rows])
    if len(rows) < 3:
        return 0.0, float("inf")
    per_minute, start = np.polyfit(minutes, values, 1)
    rest = values - (start + per_minute * minutes)
    error = np.sqrt((rest**2).sum() / (len(rows) - 2) / ((minutes - minutes.mean()) ** 2).sum())
    return float(per_minute * 60), float(1.96 * error * 60)


def watch(minutes: int, begin: int, source: Path, options: list[str], output: Path) -> list[dict[str, float]]:
    """Run the application for so many minutes; what it used at the end of each."""
    command = [sys.executable, "-m", "traffic_monitor.main_supervisor", "run", "--source", str(source)]
    command += ["--display", "off", "--output", str(output), "--set", "frame_grabber.mode=live", *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        program = psutil.Process(running.pid)
        try:
            log = output / "latest" / "run.log"
            while not (log.exists() and "frame_grabber is ready" in log.read_text()):
                if running.poll() is not None:
                    raise SystemExit(f"the application ended before it began: {' '.join(command)}")
                time.sleep(0.5)
            started = time.monotonic()
            rows: list[dict[str, float]] = []
            for minute in range(1, minutes + 1):
                time.sleep(max(started + 60 * minute - time.monotonic(), 0))
                rows.append({"minute": minute} | memory_of(program, log.read_text()) | figures_of(output))
                first = rows[min(begin, minute) - 1]
                told = (
                    f"{kind} {rows[-1][kind]:.0f} MB ({rows[-1][kind] / first[kind] - 1:+.1%})" for kind in KINDS
                )
                print(f"minute {minute}: {', '.join(told)}", flush=True)
        finally:
            running.send_signal(signal.SIGINT)
    return rows


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=30)
    parser.add_argument("--begin", type=int, default=2)
    parser.add_argument("--fps", type=float, default=25)
    parser.add_argument("--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE")
    parser.add_argument("--to", type=Path, default=Path("runs/soak"), help="the .json to write, without ending")
    arguments = parser.parse_args()
    settings = [f"frame_grabber.target_fps={arguments.fps}", *arguments.overrides]
    options = [word for setting in settings for word in ("--set", setting)]
    with tempfile.TemporaryDirectory() as folder:
        clip = looped_clip(Path(folder), STREET, 60 * arguments.minutes + START_S)
        rows = watch(arguments.minutes, arguments.begin, clip, options, Path(folder) / "output")
        summary = json.loads((Path(folder) / "output/latest/summary.json").read_text())
        figures: dict[str, Any] = {"rows": rows, "frames": summary["frames"]}
    watched = rows[min(arguments.begin, len(rows)) - 1 :]
    figures["slopes"] = {name: slope(watched, name) for name in rows[-1] if name != "minute"}
    print("| what | first | last | per hour |\n|---|---|---|---|")
    for name, (each, either_way) in figures["slopes"].items():
        print(f"| {name} | {watched[0][name]:.1f} | {watched[-1][name]:.1f} | {each:+.2f} ± {either_way:.2f} |")
    print(f"frames: {figures['frames']}")
    arguments.to.parent.mkdir(parents=True, exist_ok=True)
    arguments.to.with_suffix(".json").write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()

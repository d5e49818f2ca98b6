"""Whether the application's memory grows in a long run.

    python -m benchmarks.growth [--minutes 30] [--begin 2] [--fps 25] [--set KEY=VALUE ...] [--to runs/growth]

Plays the demo clip in a loop at its own speed, as a camera would send it, and looks at the memory of all processes
once a minute: physical memory, with pages that others share counted in shares (PSS), and private memory without a
file behind it (``RssAnon``), which does not change when other programs load the same libraries. Growth is from
minute ``--begin`` on, when models, queues and tables of fixed size are filled. Writes TO.json.
"""

import argparse
import json
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.clips import looped_clip

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
    return used


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
                rows.append({"minute": minute} | memory_of(program, log.read_text()))
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
    parser.add_argument("--to", type=Path, default=Path("runs/growth"), help="the .json to write, without ending")
    arguments = parser.parse_args()
    settings = [f"frame_grabber.target_fps={arguments.fps}", *arguments.overrides]
    options = [word for setting in settings for word in ("--set", setting)]
    with tempfile.TemporaryDirectory() as folder:
        clip = looped_clip(Path(folder), STREET, 60 * arguments.minutes + START_S)
        rows = watch(arguments.minutes, arguments.begin, clip, options, Path(folder) / "output")
        summary = json.loads((Path(folder) / "output/latest/summary.json").read_text())
        figures = {"rows": rows, "frames": summary["frames"]}
    first, last = rows[min(arguments.begin, len(rows)) - 1], rows[-1]
    grown = {name: last[name] - first[name] for name in last if name not in ("minute", *KINDS)}
    print(", ".join(f"{name} {more:+.1f} MB" for name, more in grown.items()))
    print(f"frames: {figures['frames']}")
    arguments.to.parent.mkdir(parents=True, exist_ok=True)
    arguments.to.with_suffix(".json").write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()

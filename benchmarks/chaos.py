"""What becomes of a run whose services are killed or stopped at random moments.

    python -m benchmarks.chaos [--shared ../shared] [--times 50] [--only file|live] [--seed 1] [--to runs/chaos]

Each fault hits one service, the services in turn. A recording is run once per fault, and its counts are compared
with those of an undisturbed run. A camera (a real RTSP server on loopback) is one run with all faults.
``make chaos`` runs it with TIMES faults of each kind. Prints the rows of docs/RELIABILITY.md and writes TO.json;
with a recording it goes on from there when it is started again.
"""

import argparse
import json
import os
import random
import re
import shlex
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psutil

from tests.servers import RtspCamera
from traffic_monitor.records.database import open_database
from traffic_monitor.records.gaps import RESTART, read_gaps
from traffic_monitor.shared_utils.constants import ServiceName

SIGNALS = {"SIGKILL": signal.SIGKILL, "SIGSTOP": signal.SIGSTOP}
NOTICED_WITHIN_S, RUNNING_WITHIN_S = 10.0, 8.0
PATIENCE_S = 10.0
"""How long a database is waited for that is being recovered after a kill."""
START_TIMEOUT_S, END_TIMEOUT_S = 120.0, 600.0
BETWEEN_FAULTS_S = 4.0
"""How long a camera's run is left alone after it has recovered, at least."""

Trial = dict[str, Any]


class Run:
    """The program on one source, as a user starts it."""

    def __init__(self, folder: Path, options: list[str]) -> None:
        command = [sys.executable, "-m", "traffic_monitor.main_supervisor", "run", "--output", str(folder)]
        self.folder = folder / "latest"
        self._console = folder / "console.txt"
        with self._console.open("w") as console:
            self.process = psutil.Popen(
                [*command, "--display", "off", *options], stdout=console, stderr=subprocess.STDOUT
            )
        self.family: set[psutil.Process] = set()

    @property
    def console(self) -> str:
        """What it has printed."""
        return self._console.read_text()

    @property
    def log(self) -> str:
        path = self.folder / "run.log"
        return path.read_text() if path.exists() else ""

    def frames(self) -> int:
        """Frames that are processed, by the last status line."""
        found = re.findall(r"frames (\d+)", self.log)
        return int(found[-1]) if found else 0

    def wait_for_frames(self, number: int) -> None:
        """Wait until so many frames are processed."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while self.frames() < number:
            self.note_family()
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"no {number} frames: {self.log[-2000:]}")
            time.sleep(0.1)

    def note_family(self) -> None:
        """Remember the processes of the run, to see later whether one is left."""
        self.family |= set(self.process.children(recursive=True))

    def hit(self, service: ServiceName, number: signal.Signals) -> float:
        """Send a signal to the present process of a service; the time of that, epoch seconds."""
        pid = int(re.findall(rf"started {service} as process (\d+)", self.log)[-1])
        self.note_family()
        os.kill(pid, number)
        return time.time()

    def restarts(self) -> list[tuple[float, float | None]]:
        """When each restart began and was over, epoch seconds."""
        with closing(open_database(self.folder, PATIENCE_S)) as database:
            return [(gap.started_time, gap.ended_time) for gap in read_gaps(database) if gap.kind == RESTART]

    def crossings(self) -> Counter[str]:
        """Crossings by line, direction and class."""
        with closing(open_database(self.folder, PATIENCE_S)) as database:
            rows = database.execute(
                "SELECT line || ' ' || direction || ' ' || class_name"
                " FROM crossings JOIN passages USING (passage_id)"
            )
            return Counter(row[0] for row in rows)

    def left(self) -> list[str]:
        """Processes that should be gone, zombies included."""
        _, alive = psutil.wait_procs(self.family, timeout=2)
        return [str(process) for process in alive]


@contextmanager
def running(options: list[str]) -> Iterator[Run]:
    """A run in a folder that is deleted afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder), options)
        try:
            yield run
        finally:
            if run.process.poll() is None:
                run.process.terminate()
                run.process.wait(timeout=60)


def disturb_file(clip: Path, options: list[str], kind: str, service: ServiceName, at_frame: int) -> Trial:
    """One run of a recording with one fault."""
    with running(["--source", str(clip), "--set", "supervisor.status_interval_s=0.2", *options]) as run:
        run.wait_for_frames(at_frame)
        hit_at = run.hit(service, SIGNALS[kind])
        exit_code = run.process.wait(timeout=END_TIMEOUT_S)
        restarts = run.restarts()
        return {
            "exit_code": exit_code,
            "noticed_s": restarts[0][0] - hit_at if restarts else None,
            "running_s": (restarts[0][1] or time.time()) - restarts[0][0] if restarts else None,
            "crossings": run.crossings(),
            "left": run.left(),
        }


def disturb_camera(url: str, options: list[str], faults: list[tuple[str, ServiceName, float]]) -> Iterator[Trial]:
    """One run of a camera with all faults, each as soon as the one before is over."""
    # Each fault as if it were the first: pauses grow with the restarts within the window.
    more = ["--set", "supervisor.status_interval_s=0.2", "--set", "supervisor.restart_window_min=0.05"]
    with running(["--source", url, *more, *options]) as run:
        run.wait_for_frames(20)
        for kind, service, pause in faults:
            time.sleep(BETWEEN_FAULTS_S + pause)
            before, frames = len(run.restarts()), run.frames()
            hit_at = run.hit(service, SIGNALS[kind])
            deadline = time.time() + START_TIMEOUT_S
            while True:
                new = run.restarts()[before:]
                if new and new[0][1] is not None:
                    break
                if time.time() > deadline or run.process.poll() is not None:
                    yield {"exit_code": run.process.poll(), "noticed_s": None, "running_s": None, "left": []}
                    return
                time.sleep(0.1)
            run.wait_for_frames(frames + 5)
            started, ended = new[0]
            yield {"exit_code": 0, "noticed_s": started - hit_at, "running_s": (ended or 0) - started, "left": []}
        run.process.terminate()
        exit_code = run.process.wait(timeout=60)
        yield {"exit_code": exit_code, "left": run.left()}


def row(what: str, trials: list[Trial], undisturbed: Counter[str] | None) -> str:
    """A row of docs/RELIABILITY.md."""
    noticed = [each["noticed_s"] for each in trials if each["noticed_s"] is not None]
    back = [each["running_s"] for each in trials if each["running_s"] is not None]
    went_on = sum(each["exit_code"] == 0 for each in trials)
    happened = (
        f"{went_on} went on, {len(trials) - went_on} ended; {sum(map(len, (t['left'] for t in trials)))} left"
    )
    if undisturbed is not None:
        errors = Counter(_difference(Counter(each["crossings"]), undisturbed) for each in trials)
        shown = ", ".join(f"{error}: {number}" for error, number in sorted(errors.items()))
        happened += f"; crossings wrong: times {shown}"
    late = sum(s > NOTICED_WITHIN_S for s in noticed) + sum(s > RUNNING_WITHIN_S for s in back)
    times = f"noticed {_spread(noticed)}, running {_spread(back)}, {late} late"
    return f"| {what} | {len(trials)} | {happened} | {times} |"


def _difference(one: Counter[str], other: Counter[str]) -> int:
    return sum(abs(one[key] - other[key]) for key in one.keys() | other.keys())


def _spread(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.1f} s, worst {max(seconds):.1f} s" if seconds else "never"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--clip", type=Path, help="recording to disturb; by default a short one of SHARED")
    parser.add_argument("--options", default="", help="options of the runs, as in a shell")
    parser.add_argument("--times", type=int, default=50, help="faults of each kind, for file and camera each")
    parser.add_argument("--only", choices=["file", "live"])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--to", type=Path, default=Path("runs/chaos"))
    arguments = parser.parse_args()
    results = arguments.to.with_suffix(".json")
    done: dict[str, Any] = json.loads(results.read_text()) if results.exists() else {}
    results.parent.mkdir(parents=True, exist_ok=True)
    clip = arguments.clip or arguments.shared / "videos" / "adamridene_demo_video.mp4"
    options = shlex.split(arguments.options)
    chance = random.Random(arguments.seed)

    def save() -> None:
        results.write_text(json.dumps(done, indent=1))

    if arguments.only != "live":
        if "undisturbed" not in done:
            with running(["--source", str(clip), "--set", "supervisor.status_interval_s=0.2", *options]) as run:
                if run.process.wait(timeout=END_TIMEOUT_S) != 0:
                    raise SystemExit(run.console)
                done |= {"undisturbed": run.crossings(), "frames": run.frames()}
            save()
        for number in range(arguments.times):
            for kind in SIGNALS:
                service = list(ServiceName)[number % len(ServiceName)]
                at_frame = chance.randrange(10, max(done["frames"] - 20, 11))
                trials = done.setdefault(f"file {kind}", [])
                if number < len(trials):
                    continue
                trial = disturb_file(clip, options, kind, service, at_frame)
                trials.append({"service": service, "at_frame": at_frame, **trial})
                print(kind, trials[-1], flush=True)
                save()
    if arguments.only != "file":
        faults = [
            (kind, list(ServiceName)[number % len(ServiceName)], chance.uniform(0, 3))
            for number in range(arguments.times)
            for kind in SIGNALS
        ]
        for kind in SIGNALS:
            done[f"live {kind}"] = []
        with RtspCamera(fps=10) as camera:
            for (kind, service, _), trial in zip(
                faults, disturb_camera(camera.url, options, faults), strict=False
            ):
                done[f"live {kind}"].append({"service": service, **trial})
                print(kind, done[f"live {kind}"][-1], flush=True)
                save()
    print("| fault | times | what happened | noticed after, running again after |\n|---|---|---|---|")
    for key in sorted(key for key in done if key.startswith(("file", "live"))):
        print(row(key, done[key], Counter(done["undisturbed"]) if key.startswith("file") else None))


if __name__ == "__main__":
    main()

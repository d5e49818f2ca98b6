"""Whether being fast costs answers: counts and plates of the program as shipped and of the unoptimised chain.

    python -m benchmarks.same_counts --shared ../shared [--only NAME ...] [--set KEY=VALUE ...] [--to TO]

Runs the whole program twice on every shared clip and on the demo clip: once as a user starts it (with what --set
adds), and once with the detectors in PyTorch at Ultralytics' own size and every frame searched. The line is across
the picture at `line_y` of the shared truth file, else at 0.6 of its height; the demo clip has the settings' line.
Prints a table, and writes TO.json after every run. Runs that stand there are not repeated: after an interruption
go on with the same command; delete the file when the program or its weights have changed. Takes half an hour.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

DEMO = Path("demo/street.mp4")
LINE = "main"
LINE_Y = 0.6
UNOPTIMISED = (
    "vehicle_detector.backend=torch",
    "vehicle_detector.imgsz=[640,640]",
    "vehicle_detector.skip_still=false",
    "lp_detector.backend=torch",
)


@dataclass(frozen=True)
class Answer:
    """What a run over one clip says."""

    going_in: int
    going_out: int
    plates: tuple[str, ...]

    @property
    def counts(self) -> str:
        """As in the table."""
        return f"{self.going_in} {self.going_out}"


def answer_of(summary: dict[str, Any]) -> Answer:
    """The counts of the line and the plates, in alphabetical order, in a run's summary."""
    counts = summary["counts"]["by_line"][LINE]
    going_in, going_out = (sum(counts[direction].values()) for direction in ("in", "out"))
    return Answer(going_in, going_out, tuple(sorted(plate["text"] for plate in summary["plates"])))


def row(clip: str, now: Answer, unoptimised: Answer) -> str:
    """A clip's line of the table; plates of one side only are named."""
    lost, gained = (
        sorted(set(these.plates) - set(those.plates)) for these, those in ((unoptimised, now), (now, unoptimised))
    )
    plates = [f"{len(now.plates)}, {len(unoptimised.plates)}"]
    plates += [f"only now {' '.join(gained)}"] if gained else []
    plates += [f"only unoptimised {' '.join(lost)}"] if lost else []
    verdict = "same" if now == unoptimised else "different"
    return f"| `{clip}` | {now.counts} | {unoptimised.counts} | {'; '.join(plates)} | {verdict} |"


class Runs:
    """Runs of the program, and a file of those that were done."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._done: list[dict[str, Any]] = json.loads(file.read_text()) if file.exists() else []

    def answer(self, clip: Path, overrides: Sequence[str]) -> Answer:
        """What the program says with these settings, run unless the file has it."""
        for done in self._done:
            if (done["clip"], done["set"]) == (clip.stem, list(overrides)):
                return Answer(done["going_in"], done["going_out"], tuple(done["plates"]))
        answer = answer_of(_run(clip, overrides))
        self._done.append({"clip": clip.stem, "set": list(overrides), **asdict(answer)})
        self._file.write_text(json.dumps(self._done, indent=1) + "\n")
        return answer


def _run(clip: Path, overrides: Sequence[str]) -> dict[str, Any]:
    """The summary of a run over a whole clip."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "traffic_monitor.main_supervisor", "run", "--source", str(clip)]
        command += ["--output", folder, "--display", "off", "--no-save-video"]
        command += [word for override in overrides for word in ("--set", override)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        summary: dict[str, Any] = json.loads((Path(folder) / "latest" / "summary.json").read_text())
    if summary["exit_reason"] != "end_of_stream" or summary["frames"]["dropped"]:
        raise SystemExit(f"not a whole run: {clip}: {summary['exit_reason']}, {summary['frames']}")
    return summary


def line_of(clip: Path, truth: dict[str, Any]) -> list[str]:
    """The setting of a clip's line, unless it has that of the settings file."""
    if clip == DEMO:
        return []
    line_y = truth.get(clip.name, {}).get("line_y", LINE_Y)
    return [f"vehicle_counter.lines=[{{name: {LINE}, points: [[0, {line_y}], [1, {line_y}]]}}]"]


def main() -> None:
    """Run, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="clips with this in their names")
    parser.add_argument("--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE")
    parser.add_argument("--to", type=Path, default=Path("runs/same_counts"), help="the .json, without ending")
    arguments = parser.parse_args()
    videos = arguments.shared / "videos"
    truth: dict[str, Any] = yaml.safe_load((videos / "ground_truth.yaml").read_text(encoding="utf-8"))
    arguments.to.parent.mkdir(parents=True, exist_ok=True)
    runs = Runs(arguments.to.with_suffix(".json"))
    print("| clip | now | unoptimised | plates now, unoptimised | |\n|---|---|---|---|---|", flush=True)
    for clip in (DEMO, *sorted(videos.rglob("*.mp4"))):
        if not arguments.only or any(name in clip.stem for name in arguments.only):
            line = line_of(clip, truth)
            now = runs.answer(clip, [*line, *arguments.overrides])
            print(row(clip.stem, now, runs.answer(clip, [*line, *UNOPTIMISED])), flush=True)


if __name__ == "__main__":
    main()

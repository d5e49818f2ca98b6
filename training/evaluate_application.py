"""Run the whole application on a clip and compare what it found with the truth.

`python -m training.evaluate_application --clip demo/street.mp4 --truth demo/street.json`
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DIRECTIONS = {"toward": "in", "away": "out"}
"""What the application calls the truth's directions on a line drawn from left to right."""

READABLE_FRAMES = 10
"""Frames with a plate of 60 px width or more from which a plate is expected to be read (issue 3's table)."""

Counts = dict[str, dict[str, int]]
"""Direction → class → crossings."""


def run_application(clip: Path, options: Sequence[str] = ()) -> dict[str, Any]:
    """The summary of a run over a whole clip, with the settings of the working folder and no window.

    Raises:
        RuntimeError: the application failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "traffic_monitor.main_supervisor", "run", "--source", str(clip)]
        command += ["--output", folder, "--display", "off", *options]
        finished = subprocess.run(command, capture_output=True, text=True, check=False)
        if finished.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with {finished.returncode}:\n{finished.stderr}")
        summary: dict[str, Any] = json.loads((Path(folder) / "latest" / "summary.json").read_text())
        return summary


def line_across(height: float) -> list[str]:
    """Options for one line `main` across the whole picture at a share of its height."""
    return ["--set", f"vehicle_counter.lines=[{{name: main, points: [[0, {height}], [1, {height}]]}}]"]


@dataclass(frozen=True)
class ClipResult:
    """What the application found in a clip, beside the truth."""

    wanted_counts: Counts
    counts: Counts
    wanted_plates: tuple[str, ...]
    """Of the vehicles whose plate is wide enough for long enough."""
    missed: tuple[str, ...]
    """Those of them that no vehicle was given."""
    invented: tuple[str, ...]
    """Texts given to a vehicle that stand on no plate of the clip."""

    @property
    def counts_exact(self) -> bool:
        return self.counts == self.wanted_counts

    @property
    def plates_exact(self) -> float:
        """Share of the wanted plates that were read; 1 where none are wanted."""
        return 1 - len(self.missed) / max(1, len(self.wanted_plates))


def true_counts(truth: dict[str, Any]) -> Counts:
    """Crossings of a clip's truth by the application's directions and by class."""
    counted = Counter((DIRECTIONS[row["direction"]], row["class"]) for row in truth["crossings"])
    return {d: {c: n for (where, c), n in counted.items() if where == d} for d in DIRECTIONS.values()}


def compare(summary: dict[str, Any], truth: dict[str, Any]) -> ClipResult:
    """A run's summary against a clip's truth."""
    vehicles = truth["vehicles"]
    wanted = sorted(v["plate"] for v in vehicles if v["frames_plate_60px"] >= READABLE_FRAMES)
    read = [row["text"] for row in summary["plates"]]
    known = {v["plate"] for v in vehicles}
    return ClipResult(
        true_counts(truth),
        summary["counts"]["by_line"][truth["line"]["name"]],
        tuple(wanted),
        tuple(text for text in wanted if text not in read),
        tuple(text for text in read if text not in known),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clip", type=Path, default=Path("demo/street.mp4"))
    parser.add_argument("--truth", type=Path, default=Path("demo/street.json"))
    parser.add_argument("--set", dest="options", action="append", default=[], metavar="KEY=VALUE")
    args = parser.parse_args()
    options = [word for option in args.options for word in ("--set", option)]
    summary = run_application(args.clip, options)
    result = compare(summary, json.loads(args.truth.read_text()))
    print(f"wanted {result.wanted_counts}\nfound  {result.counts}")
    print(f"plates read {result.plates_exact:.1%}, missed {result.missed}, invented {result.invented}")
    for row in summary["plates"]:
        print(row)


if __name__ == "__main__":
    main()

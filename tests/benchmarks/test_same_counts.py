"""The table of answers with and without what makes the program fast."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks import same_counts
from benchmarks.same_counts import DEMO, Answer, Runs, answer_of, line_of, row

CLIP = Path("videos/a_road.mp4")
SUMMARY: dict[str, Any] = {
    "counts": {"by_line": {"main": {"in": {"car": 3, "bus": 1}, "out": {"car": 2}}}},
    "plates": [{"text": "LZW9715"}, {"text": "34A36837"}],
}
ANSWER = Answer(4, 2, ("34A36837", "LZW9715"))


def test_an_answer_adds_up_the_classes_and_sorts_the_plates() -> None:
    assert answer_of(SUMMARY) == ANSWER


@pytest.mark.parametrize(
    ("unoptimised", "ending"),
    [
        pytest.param(ANSWER, "4 2 | 4 2 | 2, 2 | same |", id="the same"),
        pytest.param(Answer(4, 3, ANSWER.plates), "4 2 | 4 3 | 2, 2 | different |", id="another count"),
        pytest.param(
            Answer(4, 2, ("34A36837", "LZW971S")),
            "4 2 | 4 2 | 2, 2; only now LZW9715; only unoptimised LZW971S | different |",
            id="another plate",
        ),
    ],
)
def test_a_row_says_in_what_the_two_differ(unoptimised: Answer, ending: str) -> None:
    assert row("a_road", ANSWER, unoptimised) == f"| `a_road` | {ending}"


def test_a_clip_has_the_line_of_the_truth_file_and_the_demo_that_of_the_settings() -> None:
    assert line_of(CLIP, {CLIP.name: {"line_y": 0.7}}) == [
        "vehicle_counter.lines=[{name: main, points: [[0, 0.7], [1, 0.7]]}]"
    ]
    assert "0.6" in line_of(CLIP, {})[0]
    assert line_of(DEMO, {}) == []


def test_a_run_is_not_repeated_after_an_interruption(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []

    def run(_clip: Path, overrides: list[str]) -> dict[str, Any]:
        started.append(overrides)
        return SUMMARY

    monkeypatch.setattr(same_counts, "_run", run)
    assert Runs(tmp_path / "runs.json").answer(CLIP, ["a=1"]) == ANSWER
    again = Runs(tmp_path / "runs.json")
    assert again.answer(CLIP, ["a=1"]) == ANSWER
    again.answer(CLIP, ["a=2"])
    assert started == [["a=1"], ["a=2"]]

"""What a newcomer sees first: the shipped settings, weights and clip."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.shared_material import REPOSITORY, Program
from traffic_monitor.records.passages import Passage, RunRecords
from traffic_monitor.shared_utils.constants import ExitCode
from training.evaluate_application import DIRECTIONS, compare

pytestmark = pytest.mark.timeout(400)

AT_ONCE_S = 0.1
"""A record's crossing may be this far from the true one."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A finished run as shipped."""
    with Program(tmp_path_factory.mktemp("demo"), [], {"DISPLAY": "", "WAYLAND_DISPLAY": ""}) as program:
        assert program.wait_for_end(360) == ExitCode.OK, program.console
        yield program


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((REPOSITORY / "demo" / "street.json").read_text())
    return content


@pytest.fixture(scope="module")
def passages(run: Program) -> list[Passage]:
    return RunRecords.load(run.run_dir, trajectories=False).passages


def test_the_demo_clip_runs_out_of_the_box_and_is_counted_and_read_nearly_right(
    run: Program, truth: dict[str, Any]
) -> None:
    result = compare(run.summary, truth)
    for direction, wanted in result.wanted_counts.items():
        found = sum(result.counts[direction].values())
        assert sum(wanted.values()) - 1 <= found <= sum(wanted.values()), result.counts
    assert result.plates_exact >= 0.75, result.missed
    assert len(result.invented) <= 1, result.invented
    assert (run.run_dir / "annotated.mp4").stat().st_size > 1_000_000
    assert "line main, in" in run.console
    assert str(run.run_dir.resolve() / "annotated.mp4") in run.console


def test_every_vehicle_that_passed_has_one_record_and_nothing_else_has(
    passages: list[Passage], truth: dict[str, Any]
) -> None:
    wanted = sorted((row["time_s"], DIRECTIONS[row["direction"]], row["class"]) for row in truth["crossings"])
    found = sorted(
        (each.media, each.direction, passage.class_name) for passage in passages for each in passage.crossings
    )
    assert [row[1:] for row in found] == [row[1:] for row in wanted]
    assert [row[0] for row in found] == pytest.approx([row[0] for row in wanted], abs=AT_ONCE_S)
    assert [len(passage.crossings) for passage in passages] == [1] * len(wanted)


def test_each_record_has_its_own_vehicles_plate_or_none(passages: list[Passage], truth: dict[str, Any]) -> None:
    right = 0
    for row in truth["crossings"]:
        (passage,) = (
            passage
            for passage in passages
            if abs(passage.crossings[0].media - row["time_s"]) <= AT_ONCE_S
            and passage.crossings[0].direction == DIRECTIONS[row["direction"]]
        )
        assert passage.plate in (row["plate"], None)
        right += passage.plate is not None
    assert right >= 13  # Of 18, three of which are motorcycles too far away to be read.


def test_records_and_summary_tell_the_same(run: Program, passages: list[Passage]) -> None:
    crossings = Counter((each.direction, p.class_name) for p in passages for each in p.crossings)
    by_line = run.summary["counts"]["by_line"]["main"]
    assert crossings == {(way, name): n for way, counts in by_line.items() for name, n in counts.items() if n}
    plates = {row["track_id"]: row["text"] for row in run.summary["plates"]}
    recorded = {plates[track] for passage in passages for track in passage.tracks if track in plates}
    assert {passage.plate for passage in passages if passage.plate is not None} == recorded


def test_exports_and_report_lie_beside_the_records(run: Program) -> None:
    for name in ("passages.csv", "counts.csv", "passages.jsonl", "report.html", "scene.jpg"):
        assert (run.run_dir / name).stat().st_size > 0, name

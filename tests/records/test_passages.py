"""Passages are read back one by one."""

import itertools
import tracemalloc
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.records.road import RecordedRoad, record_cars, settings
from tests.records.test_delivery import passage
from traffic_monitor.records.book import Changes
from traffic_monitor.records.database import open_database
from traffic_monitor.records.exports import ExportFormat, export_run
from traffic_monitor.records.passages import CrossingRecord, RunRecords, ZoneVisitRecord, read_passages
from traffic_monitor.records.store import PassageStore


def crossing(line: str, time: float) -> CrossingRecord:
    return CrossingRecord(line, "in", time, time, 5, 7)


def test_what_is_written_is_what_is_read_back(tmp_path: Path) -> None:
    """Also where some tables have no row of a passage, and rows are not in the order of time."""
    written = [
        passage(1, "KLM1"),
        replace(
            passage(3),
            tracks=[4, 9],
            crossings=[crossing("a", 2.0), crossing("b", 1.0)],
            zones=[ZoneVisitRecord("z", 1.0, 1.0, 25, None, None, None)],
        ),
        replace(passage(4, "KLM4"), tracks=[5], trajectory=[(1.0, 2.0, 3.0)], passed=False),
        replace(passage(9), crossings=[crossing("a", 7.0)], trajectory=[(4.0, 5.0, 6.0), (5.0, 6.0, 7.0)]),
    ]
    store = PassageStore(tmp_path)
    store.take(Changes({each.passage_id: each for each in reversed(written)}), 0.0)
    store.close()
    written[1] = replace(written[1], crossings=[crossing("b", 1.0), crossing("a", 2.0)])
    assert list(RunRecords.load(tmp_path, trajectories=True).passages) == written
    assert list(RunRecords.load(tmp_path).passages) == [replace(each, trajectory=[]) for each in written]
    assert list(RunRecords.load(tmp_path, True, only_passed=True).passages) == [
        each for each in written if each.passed
    ]
    with closing(open_database(tmp_path)) as database:
        assert list(read_passages(database, True, only=[9, 3])) == [written[1], written[3]]


def test_a_track_that_leaves_its_passage_is_nobodys_or_the_next_ones(tmp_path: Path) -> None:
    store = PassageStore(tmp_path)
    first, second = replace(passage(1), tracks=[4, 5, 6]), replace(passage(2), tracks=[5])
    store.take(Changes({1: first}), 0.0)
    store.take(Changes({1: replace(first, tracks=[4]), 2: second}, freed_tracks={5, 6}), 0.0)
    store.take(Changes({1: replace(first, tracks=[7])}), 0.0)  # One that is left out has not left.
    store.close()
    assert [each.tracks for each in RunRecords.load(tmp_path).passages] == [[4, 7], [5]]


def test_passages_can_be_iterated_again_and_left_halfway(tmp_path: Path) -> None:
    passages = RunRecords.load(record_cars(tmp_path, ["A1", "B2", "C3"])).passages
    for _ in range(2):
        assert [each.plate for each in itertools.islice(passages, 2)] == ["A1", "B2"]
    assert [each.plate for each in passages] == ["A1", "B2", "C3"]


@pytest.fixture(scope="module")
def long_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run with 4,000 passages."""
    folder = tmp_path_factory.mktemp("long")
    RecordedRoad(folder, settings()).end()  # For the facts.
    (folder / "traffic.db").rename(folder / "facts.db")
    store = PassageStore(folder)
    store.open().execute("ATTACH ? AS facts", (str(folder / "facts.db"),))
    store.open().execute("INSERT INTO run SELECT * FROM facts.run")
    points = [(float(number), 1.0, 2.0) for number in range(33)]
    passages = {
        number: replace(
            passage(number, f"P{number}"), tracks=[number], crossings=[crossing("main", 1.0)], trajectory=points
        )
        for number in range(1, 4001)
    }
    store.take(Changes(passages), 0.0)
    store.close()
    return folder


@pytest.mark.parametrize("kind", [ExportFormat.CSV, ExportFormat.JSONL])
def test_an_export_holds_one_passage_at_a_time(long_run: Path, kind: ExportFormat) -> None:
    export_run(RunRecords.load(long_run, trajectories=True), kind, long_run)
    tracemalloc.start()
    try:
        export_run(RunRecords.load(long_run, trajectories=True), kind, long_run)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000  # All of them are 20 MB.
    lines = (long_run / f"passages.{kind}").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 4000 + (kind is ExportFormat.CSV)

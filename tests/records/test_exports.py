"""Exports open right in other programs and say what the records say."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import polars
import pytest

from tests.records.road import RecordedRoad, record_cars, settings
from traffic_monitor.records.exports import ExportFormat, export_run
from traffic_monitor.records.gaps import OUTAGE, RESTART, Gap, record_gap
from traffic_monitor.records.passages import RunRecords

KNOWN = {"frame_grabber": {"start_time": "2026-05-04T08:00:00+00:00"}}


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def export(folder: Path, kind: ExportFormat = ExportFormat.CSV, bom: bool = False) -> list[Path]:
    return export_run(RunRecords.load(folder, trajectories=True), kind, folder, bom)


def test_csv_has_one_row_per_passage_with_what_is_known_of_it(tmp_path: Path) -> None:
    passages, _ = export(record_cars(tmp_path, ["KLM7", ""], settings(**KNOWN)))
    first, second = rows_of(passages)
    assert (first["class"], first["plate"], first["line"], first["direction"]) == ("car", "KLM7", "main", "in")
    assert (first["crossed_s"], first["crossed_frame"], first["tracks"]) == ("0.56", "14", "1")
    assert first["clock"] == "UTC+00:00"
    assert first["crossed"].startswith("2023-11-14T")
    assert second["plate"] == ""


def test_times_of_a_file_without_a_start_time_count_from_zero_and_say_so(tmp_path: Path) -> None:
    passages, counts = export(record_cars(tmp_path, ["KLM7"]))
    assert {row["clock"] for row in [*rows_of(passages), *rows_of(counts)]} == {"from zero"}
    assert all(row["crossed"].endswith("+00:00") for row in rows_of(passages))


def test_counts_are_per_interval_line_direction_and_class_with_zeros(tmp_path: Path) -> None:
    config = settings(vehicle_counter={"interval_minutes": 1}, **KNOWN)
    road = RecordedRoad(tmp_path, config)
    road.drive_down(1)
    road.frame = 2 * 60 * 25
    road.see()
    road.drive_down(2, class_name="bus")
    road.end()
    _, counts = export(tmp_path)
    rows = rows_of(counts)
    starts = sorted({row["start"] for row in rows})
    assert len(starts) == 3
    told = {(row["start"], row["direction"], row["class"]): int(row["vehicles"]) for row in rows}
    assert len(told) == 3 * 2 * 2
    assert {key for key, number in told.items() if number} == {(starts[0], "in", "car"), (starts[2], "in", "bus")}


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_a_name_is_never_a_formula(tmp_path: Path, name: str) -> None:
    config = settings(vehicle_counter={"lines": [{"name": name, "points": [[0, 0.5], [1, 0.5]]}]})
    passages, counts = export(record_cars(tmp_path, ["KLM7"], config))
    assert rows_of(passages)[0]["line"] == f"'{name}"
    assert rows_of(counts)[0]["line"] == f"'{name}"


def test_a_byte_order_mark_only_if_asked_for(tmp_path: Path) -> None:
    record_cars(tmp_path, ["KLM7"])
    assert not export(tmp_path)[0].read_bytes().startswith(b"\xef\xbb\xbf")
    assert all(path.read_bytes().startswith(b"\xef\xbb\xbf") for path in export(tmp_path, bom=True))


def test_json_lines_hold_everything_nested(tmp_path: Path) -> None:
    (path,) = export(record_cars(tmp_path, ["KLM7"]), ExportFormat.JSONL)
    (record,) = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    assert record["plate"] == "KLM7"
    assert record["crossings"][0]["line"] == "main"
    assert record["trajectory"][0] == [0.0, 100, 40]
    assert record["clock"] == "from zero"


def test_parquet_has_the_columns_and_types_of_the_csv(tmp_path: Path) -> None:
    passages, counts = export(record_cars(tmp_path, ["KLM7", ""]), ExportFormat.PARQUET)
    frame = polars.read_parquet(passages)
    assert frame["plate"].to_list() == ["KLM7", None]
    assert frame.schema["crossed_s"] == polars.Float64
    assert frame.columns == list(rows_of(export(tmp_path)[0])[0])
    assert polars.read_parquet(counts)["vehicles"].sum() == 2


def test_a_run_without_vehicles_has_files_with_headers_only(tmp_path: Path) -> None:
    passages, _ = export(record_cars(tmp_path, []))
    assert passages.read_text(encoding="utf-8").startswith("passage,")
    assert rows_of(passages) == []
    assert polars.read_parquet(export(tmp_path, ExportFormat.PARQUET)[0]).is_empty()


def test_an_export_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    (path,) = export(record_cars(tmp_path, ["KLM7"]), ExportFormat.JSONL)
    before = path.read_bytes()
    records = RunRecords.load(tmp_path)
    broken = replace(records, passages=[*records.passages, None])  # type: ignore[list-item]
    with pytest.raises(AttributeError):
        export_run(broken, ExportFormat.JSONL, tmp_path)
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("*.part"))


def test_a_run_without_vehicles_has_every_interval_at_zero(tmp_path: Path) -> None:
    given = settings(**KNOWN)
    road = RecordedRoad(tmp_path, given)
    road.see()
    road.end()
    _, counts = export(tmp_path)
    rows = rows_of(counts)
    assert {row["class"] for row in rows} == set(given.vehicle_detector.classes)
    assert {row["vehicles"] for row in rows} == {"0"}


def with_gap(folder: Path) -> RunRecords:
    record_cars(folder, ["KLM7"], settings(**KNOWN))
    record_gap(folder, Gap(1_700_000_100.0, 1_700_000_107.5, RESTART, "vehicle_tracker was killed by SIGKILL"))
    record_gap(folder, Gap(1_700_000_200.0, None, OUTAGE, "no frames"))
    return RunRecords.load(folder, trajectories=True)


@pytest.mark.parametrize("kind", list(ExportFormat))
def test_times_without_a_camera_are_exported_in_every_format(kind: ExportFormat, tmp_path: Path) -> None:
    *_, path = export_run(with_gap(tmp_path), kind, tmp_path)
    assert path.name == f"gaps.{kind}"
    if kind is ExportFormat.CSV:
        first, second = rows_of(path)
    elif kind is ExportFormat.JSONL:
        first, second = map(json.loads, path.read_text().splitlines())
    else:
        first, second = polars.read_parquet(path).to_dicts()
    assert first["started"] == "2023-11-14T22:15:00.000+00:00"
    assert first["ended"] == "2023-11-14T22:15:07.500+00:00"
    assert (first["kind"], first["reason"]) == ("restart", "vehicle_tracker was killed by SIGKILL")
    assert (second["kind"], second["ended"] or None) == ("outage", None)


def test_a_run_without_gaps_has_no_file_of_them(tmp_path: Path) -> None:
    export(record_cars(tmp_path, ["KLM7"]))
    assert not (tmp_path / "gaps.csv").exists()

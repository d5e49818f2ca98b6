"""The figures of the report, without a browser."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.records.road import RecordedRoad, record_cars, settings
from traffic_monitor.records.passages import RunRecords
from traffic_monitor.report import charts, totals
from traffic_monitor.report.page import render_report
from traffic_monitor.report.totals import Totals


def recorded(road: RecordedRoad) -> RunRecords:
    road.end()
    return RunRecords.load(road.folder, trajectories=True)


@pytest.fixture
def records(tmp_path: Path) -> RunRecords:
    """A car and a truck that drive down the picture at the same time, then a car alone."""
    road = RecordedRoad(tmp_path)
    for y in range(40, 230, 6):
        road.see((1, [85, y - 30, 115, y]))
    road.drive_down(2, x=250, class_name="truck")
    road.drive_down(3)
    return recorded(road)


def counted(figure: charts.Figure, meta: int) -> dict[str, int]:
    return {trace["name"]: sum(trace["y"]) for trace in figure["data"] if trace["meta"] == meta}


def test_bars_hold_every_crossing_by_class_for_all_together_and_for_each_direction(records: RunRecords) -> None:
    figure = charts.counts_over_time(Totals(records, 1.0))
    assert list(Totals(records, 1.0).directions) == [("main", "in"), ("main", "out")]
    assert counted(figure, -1) == {"car": 2, "truck": 1}
    assert counted(figure, 0) == {"car": 2, "truck": 1}
    assert counted(figure, 1) == {"car": 0, "truck": 0}
    assert [trace["visible"] for trace in figure["data"]] == [trace["meta"] == -1 for trace in figure["data"]]


def test_bars_stand_at_the_time_of_the_crossing(records: RunRecords) -> None:
    (car, _truck) = (
        trace for trace in charts.counts_over_time(Totals(records, 1.0))["data"] if trace["meta"] == -1
    )
    filled = [x[11:] for x, number in zip(car["x"], car["y"], strict=True) if number]
    assert filled == ["22:13:20.500", "22:13:23.500"]  # The middle of the first second and of the fourth.


def test_intervals_without_vehicles_have_an_empty_bar_of_their_own(tmp_path: Path) -> None:
    run = RunRecords.load(record_cars(tmp_path, ["A1", "B2", "C3"]), trajectories=True)
    (trace,) = (each for each in charts.counts_over_time(Totals(run, 1.0))["data"] if each["meta"] == -1)
    assert sum(trace["y"]) == 3
    assert 0 in trace["y"]


@pytest.mark.parametrize(
    ("duration", "usual", "step"),
    [
        pytest.param(6 * 3600, 900, 900, id="the usual one where it suits"),
        pytest.param(20, 900, 1, id="short ones for a short clip"),
        pytest.param(30 * 86400, 900, 14400, id="long ones for a month"),
        pytest.param(0, 900, 1, id="of nothing"),
    ],
)
def test_the_length_of_an_interval_fits_the_run(duration: float, usual: float, step: float) -> None:
    assert charts.step_for(duration, usual) == step


def test_movements_lead_from_edge_to_edge_where_vehicles_cross_one_line(records: RunRecords) -> None:
    figure, told = charts.movements(Totals(records, 1.0))
    assert figure is not None
    assert "edge" in told
    assert figure["data"][0]["node"]["label"] == ["from top", "to bottom"]
    assert figure["data"][0]["link"]["value"] == [3]


def test_movements_lead_from_line_to_line_where_vehicles_cross_several(tmp_path: Path) -> None:
    lines = [
        {"name": "north", "points": [[0, 0.3], [1, 0.3]]},
        {"name": "south <b>", "points": [[0, 0.8], [1, 0.8]]},
    ]
    road = RecordedRoad(tmp_path, settings(vehicle_counter={"lines": lines}))
    road.drive_down(1)
    figure, told = charts.movements(Totals(recorded(road), 1.0))
    assert figure is not None
    assert "line" in told
    assert figure["data"][0]["node"]["label"] == ["from north", "to south &lt;b&gt;"]


def test_every_vehicle_has_its_path_and_warms_each_cell_once(records: RunRecords) -> None:
    figure = charts.trajectories(Totals(records, 1.0), None)
    assert figure is not None
    *paths, heat = figure["data"]
    assert [path["x"].count(None) for path in paths] == [2, 1]
    assert heat["visible"] is False
    assert max(value for row in heat["z"] for value in row if value) == 2  # Two cars, one after the other.
    assert figure["layout"]["xaxis"]["range"] == [0, 320]
    assert [shape["y0"] for shape in figure["layout"]["shapes"]] == [120]


def test_of_very_many_only_some_are_drawn(records: RunRecords, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(totals, "MOST_TRAJECTORIES", 2)
    figure = charts.trajectories(Totals(records, 1.0), None)
    assert figure is not None
    assert sum(path["x"].count(None) for path in figure["data"][:-1]) == 2


def test_a_run_without_vehicles_has_no_figures_to_show(tmp_path: Path) -> None:
    records = recorded(RecordedRoad(tmp_path))
    assert charts.movements(Totals(records, 1.0))[0] is None
    assert charts.trajectories(Totals(records, 1.0), None) is None
    assert charts.counts_over_time(Totals(records, 60.0))["data"] == []


def test_colours_are_those_of_the_video() -> None:
    assert charts.color_of("car") == "#56b4e9"
    assert charts.color_of("hovercraft") == charts.color_of("spaceship")


@pytest.mark.parametrize(("number", "kept"), [(3, [0, 1, 2]), (4, [0, 1, 2, 3]), (5, [0, 2, 4]), (20, [0, 8, 16])])
def test_of_many_items_some_are_kept_evenly(number: int, kept: list[int]) -> None:
    some: totals.Evenly[int] = totals.Evenly(4)
    for item in range(number):
        some.add(item)
    assert (some.items, some.seen) == (kept, number)


def test_the_table_has_the_latest_vehicles_and_the_passages_are_read_once(
    records: RunRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(totals, "MOST_ROWS", 2)
    read = list(records.passages)
    once = replace(records, passages=iter(read))
    page = render_report(once)
    assert f'<script type="application/json" id="rows">[[{read[1].passage_id}, ' in page
    assert "The latest 2 of 3 vehicles" in page

"""The table at the end of a run."""

from io import StringIO
from typing import Any

from rich.console import Console

from tests.builders import make_count_update
from traffic_monitor.app.status import MOST_PLATES, StatusDisplay, result_table
from traffic_monitor.records.sightings import PlateRecord
from traffic_monitor.runtime.control import ServiceReport
from traffic_monitor.shared_utils.constants import ServiceName
from traffic_monitor.supervision.states import RunState
from traffic_monitor.supervision.summary import CameraResults, RunResults
from traffic_monitor.supervision.supervisor import RunStatus


def rows(**counts: Any) -> list[tuple[str, str]]:
    """Label and value of each row for a run with these counts."""
    results = CameraResults()
    results.counts.take(make_count_update(3, **counts))
    table = result_table(results, "Result")
    labels, values = (column.cells for column in table.columns)
    return [(str(label), str(value)) for label, value in zip(labels, values, strict=True)]


def test_a_row_per_line_and_direction() -> None:
    assert rows() == [("line main, in", "3 (3 car)"), ("line main, out", "0")]


def test_rows_for_what_else_was_counted() -> None:
    found = rows(
        counts_by_line={},
        movements={"north": {"south": {"truck": 1, "car": 2}}},
        zones={"yard": {"entries": 3, "exits": 2, "occupancy": 1, "max_occupancy": 2}},
        speeds={"unit": "mph", "measured": 5, "refused": 1, "median": 31.5, "p85": 40.0, "vehicles": []},
    )
    assert found == [
        ("from north to south", "3 (2 car, 1 truck)"),
        ("zone yard", "3 in, 2 out, 2 at once at most"),
        ("speed", "5 measured, 1 refused, median 31.5 mph"),
    ]


def test_without_a_measured_speed_there_is_no_median() -> None:
    speeds = {"unit": "mph", "measured": 0, "refused": 2, "median": None, "p85": None, "vehicles": []}
    assert rows(counts_by_line={}, speeds=speeds) == [("speed", "0 measured, 2 refused")]


def test_before_anything_was_counted_the_table_is_empty() -> None:
    assert result_table(CameraResults(), "Result").row_count == 0


def test_the_table_has_the_first_plates_and_says_how_many_more_there_are() -> None:
    plates = [
        PlateRecord(
            track_id=track_id, class_name="bus", text=f"P{track_id}", confidence=0.9, readings=4, first_seen=0.0,
            last_seen=1.0,
        )
        for track_id in range(1, MOST_PLATES + 21)
    ]  # fmt: skip
    table = result_table(CameraResults(plates_read=len(plates)), "Result", iter(plates))
    labels, values = ([str(cell) for cell in column.cells] for column in table.columns)
    assert table.row_count == MOST_PLATES + 1
    assert (labels[0], values[0]) == ("plate of bus 1", "P1 (0.90, 4 readings)")
    assert (labels[-1], values[-1]) == ("more plates", "20; see traffic-monitor search")


def test_plates_that_could_not_be_recorded_are_counted() -> None:
    table = result_table(CameraResults(plates_read=3), "Result")
    labels, values = ([str(cell) for cell in column.cells] for column in table.columns)
    assert (labels, values) == (["more plates"], ["3; not in the records"])


def test_each_of_several_cameras_has_its_row_and_the_log_a_line_for_all(log_lines: list[str]) -> None:
    results = RunResults()
    for number, (camera, total) in enumerate((("north", None), ("yard", 40), ("[gate]", 9))):
        source = {camera: {"frames_total": total}}
        results.take(ServiceName.FRAME_GRABBER, ServiceReport(dropped=number, details=source), number)
    counted = {"north": {"processed": 20}, "yard": {"processed": 30}, "[gate]": {"processed": 9}}
    results.take(ServiceName.VEHICLE_COUNTER, ServiceReport(details=counted))
    results.take(
        ServiceName.VISUALIZER, ServiceReport(details={"yard": {"counts": make_count_update(4), "plates_read": 3}})
    )
    ended = {"[gate]": "end_of_stream", "north": "aborted: lost"}
    screen = Console(file=StringIO(), force_terminal=True, width=160)
    with StatusDisplay(screen, 60) as display:
        display.update(RunStatus(RunState.STARTING, 3, 9, 0.0, RunResults(), {}))
        display.update(RunStatus(RunState.RUNNING, 9, 9, 10.0, results, {"raw_frames_yard": 2}, ended))
    (line,) = log_lines
    assert "north: lost 20, 0 counted, 0 plates; yard: frames 30/40, 4 counted, 3 plates, 1 dropped" in line
    assert "[gate]: ended 9/9" in line
    assert "raw_frames_yard=2" in line
    shown = screen.file.getvalue()  # type: ignore[attr-defined]
    words = ("north: lost", "20/?", "yard: frames", "2.0 frames/s", "3.0 frames/s", "30/40", "[gate]: ended")
    assert [word for word in words if word not in shown] == []

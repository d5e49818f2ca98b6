"""The table at the end of a run."""

from typing import Any

from tests.builders import make_count_update
from traffic_monitor.main_supervisor import RunOutcome
from traffic_monitor.records.summary import RunResults
from traffic_monitor.shared_utils.constants import ExitCode
from traffic_monitor.status import result_table


def rows(**counts: Any) -> list[tuple[str, str]]:
    """Label and value of each row for a run with these counts."""
    results = RunResults(counts=make_count_update(3, **counts))
    table = result_table(RunOutcome("end_of_stream", ExitCode.OK, 1.0, results))
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
    assert result_table(RunOutcome("stopped", ExitCode.OK, 1.0, RunResults())).row_count == 0

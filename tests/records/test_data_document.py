"""``docs/DATA.md`` says what the database is, and its queries run."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.records.road import RecordedRoad, settings
from traffic_monitor.records.database import SCHEMA_VERSION, open_database

DOCUMENT = (Path(__file__).parents[2] / "docs" / "DATA.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"```sql\n(.*?)```", DOCUMENT, re.DOTALL)


@pytest.fixture
def database(tmp_path: Path):
    """Four cars down over both lines of a road whose speeds are measured; each is faster than the one before."""
    lines = [{"name": name, "points": [[0, y], [1, y]]} for name, y in (("north", 0.4), ("south", 0.7))]
    rectangle = {"points": [[0, 0], [1, 0], [1, 1], [0, 1]], "width_m": 32, "length_m": 24}
    road = RecordedRoad(tmp_path, settings(vehicle_counter={"lines": lines, "speed": rectangle}))
    for track_id in range(1, 5):
        for y in range(40, 230, 3 + track_id):
            road.see((track_id, [85, y - 30, 115, y]))
        for _ in range(60):
            road.see()
    road.end()
    with closing(open_database(tmp_path)) as database:
        yield database


def test_the_document_names_the_version_and_every_table_and_column(database: sqlite3.Connection) -> None:
    assert f"schema: {SCHEMA_VERSION}." in DOCUMENT
    tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for table in tables:
        assert f"`{table}`" in DOCUMENT
        for column in database.execute(f"PRAGMA table_info({table})"):
            told = column["name"].replace("left_media", "left_*")
            assert f"`{told}`" in DOCUMENT or f"`{column['name']}`" in DOCUMENT, (table, column["name"])


def test_the_five_queries_answer_the_five_questions(database: sqlite3.Connection) -> None:
    answers = [[tuple(row) for row in database.execute(query)] for query in QUERIES]
    assert len(answers) == 5
    volume, peak, mix, movements, p85 = answers
    assert sum(row[3] for row in volume) == 8
    assert [row[1] for row in peak] == [8]
    assert mix == [("car", 4, 100.0)]
    assert movements == [("north", "south", 4)]
    # The third of four: 6 pixels of a tenth of a metre, 25 times a second.
    assert p85[0][0] == pytest.approx(0.6 * 25 * 3.6, rel=0.03)

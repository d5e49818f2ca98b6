"""What the documents name exists."""

import ast
import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
REPOSITORY = TESTS.parent
REQUIREMENTS = (REPOSITORY / "REQUIREMENTS.md").read_text(encoding="utf-8")


def names_of_all_tests() -> set[str]:
    files = TESTS.rglob("test_*.py")
    nodes = (node for file in files for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_every_test_that_the_requirements_name_exists() -> None:
    stated = set(re.findall(r"`([\w*]*test_[\w*]+|\*_[\w*]+)`", REQUIREMENTS))
    assert len(stated) > 50
    existing = names_of_all_tests()
    missing = {name for name in stated if not any(fnmatchcase(test, name) for test in existing)}
    assert not missing


def test_every_test_file_that_the_requirements_name_exists() -> None:
    stated = set(re.findall(r"`([\w/]+\.py)`", REQUIREMENTS))
    assert len(stated) > 20
    assert not {path for path in stated if not any((folder / path).is_file() for folder in (TESTS, REPOSITORY))}


DOCUMENTS = [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md"), *REPOSITORY.glob("weights/*.md")]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_table_has_a_head_and_rows_of_its_columns(document: Path) -> None:
    lines = [*document.read_text(encoding="utf-8").splitlines(), ""]
    columns = None
    for number, line in enumerate(lines):
        if not line.startswith("|"):
            columns = None
            continue
        cells = len(re.findall(r"(?<!\\)\|", re.sub(r"`[^`]*`", "", line)))
        if columns is None:
            columns = cells
            assert re.fullmatch(r"\|( *:?-+:? *\|)+", lines[number + 1]), f"no head: line {number + 1}"
        assert cells == columns, f"line {number + 1}"


def parts_of_log_lines() -> list[str]:
    """What stands between the dots in the lines that OPERATION.md quotes from the log."""
    text = (REPOSITORY / "docs" / "OPERATION.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?`) \|", text.partition("## What the log says")[2], re.MULTILINE)
    lines = [line for row in rows for line in re.findall(r"`([^`]+)`", row)]
    return sorted({part.strip() for line in lines for part in line.split("…") if len(part.strip()) > 3})


def test_every_line_of_the_log_that_the_page_on_operation_explains_is_written_somewhere() -> None:
    files = (REPOSITORY / "src").rglob("*.py")
    texts = [
        node.value
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert len(parts_of_log_lines()) > 20
    assert [part for part in parts_of_log_lines() if not any(part in text for text in texts)] == []

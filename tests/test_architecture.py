"""The rooms of the code: who imports whom stands in ARCHITECTURE.md, and there is no circle of modules."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PACKAGE = REPOSITORY / "src" / "traffic_monitor"
ROW = re.compile(r"^\| `(?P<room>\w+)` \| .* \| (?P<imports>.*)\|$", re.MULTILINE)


def module_name(file: Path) -> str:
    """As ``counting.lines``; that of a package's ``__init__`` is the package's."""
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(file: Path, modules: set[str]) -> set[str]:
    """Modules of the project that a file imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("traffic_monitor"):
            module = (node.module or "").removeprefix("traffic_monitor").removeprefix(".")
            names = {f"{module}.{alias.name}".removeprefix(".") for alias in node.names}
            found |= {name if name in modules else module for name in names}
        if isinstance(node, ast.Import):
            found |= {alias.name.removeprefix("traffic_monitor.") for alias in node.names} & modules
    return found - {""}


FILES = {module_name(file): file for file in PACKAGE.rglob("*.py")}
IMPORTS = {module: imported_modules(file, set(FILES)) - {module} for module, file in FILES.items() if module}


def room_of(module: str) -> str:
    return module.partition(".")[0]


def rooms_of_the_document() -> dict[str, set[str]]:
    text = (REPOSITORY / "ARCHITECTURE.md").read_text(encoding="utf-8")
    section = text.partition("## Rooms")[2].partition("\n## ")[0]
    rooms = {row["room"]: set(re.findall(r"`(\w+)`", row["imports"])) for row in ROW.finditer(section)}
    everything = set(rooms)
    return {room: imports or (everything if room == "app" else set()) for room, imports in rooms.items()}


ROOMS = rooms_of_the_document()


def test_every_room_stands_in_the_document() -> None:
    assert set(ROOMS) == {room_of(module) for module in IMPORTS}


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_a_room_imports_what_the_document_allows_and_no_more_is_allowed(room: str) -> None:
    imported = {
        room_of(target) for module, targets in IMPORTS.items() if room_of(module) == room for target in targets
    }
    assert imported - {room} <= ROOMS[room]
    if room != "app":
        assert ROOMS[room] <= imported, "the document allows what nobody imports"


def test_no_service_imports_another() -> None:
    services = {module: targets for module, targets in IMPORTS.items() if room_of(module) == "services"}
    assert not {module for module, targets in services.items() if "services" in map(room_of, targets)}


def test_there_is_no_circle_of_modules() -> None:
    TopologicalSorter(IMPORTS).prepare()

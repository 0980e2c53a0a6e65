"""Every import of the library goes down: data flow from files to the report, one way."""

import ast
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[2] / "src/hall2net"
FLOORS = [
    {"errors", "units", "files", "job", "tables", "measurement", "sources"},
    {"readers"},
    {"physics"},
    {"synapse"},
    {"networks", "study"},
    {"figures"},
    {"report"},
    {"emulate", "__main__"},
]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
FILES = sorted({*LIBRARY.rglob("*.py")} - {LIBRARY / "__init__.py"})


def imported_rooms(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("hall2net."):
            yield node.module.split(".")[1]
        if isinstance(node, ast.ImportFrom) and node.module == "hall2net":
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(LIBRARY).as_posix())
def test_every_import_goes_down(path):
    room = path.relative_to(LIBRARY).parts[0].removesuffix(".py")
    for other in imported_rooms(path):
        assert other == room or FLOOR[other] < FLOOR[room] or FLOOR[other] == FLOOR[room] == 0


def test_figures_do_not_import_the_readers():
    for path in LIBRARY.glob("figures/*.py"):
        assert "readers" not in imported_rooms(path), path.name

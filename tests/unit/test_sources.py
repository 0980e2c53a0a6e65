"""Which files of the library a script runs, against Python's own syntax tree and its imports."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from hall2net.sources import LIBRARY, WITHOUT_NUMBERS, reached

SCRIPTS = sorted((Path(__file__).parents[2] / "workflow/scripts").glob("*.py"))
MOST_FILES = 13
"""Of the library, reached by a script on average: 23 before the rooms were put in order."""


def imported(path):
    """Files of the library that a file imports, by the syntax tree."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        assert not isinstance(node, ast.Import) or "hall2net" not in ast.dump(node)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("hall2net"):
            folder = LIBRARY.joinpath(*node.module.split(".")[1:])
            for alias in node.names:
                inner = folder / f"{alias.name}.py"
                yield inner if inner.is_file() else folder.with_suffix(".py")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_every_import_is_followed(script):
    seen, todo = set(), [script]
    while todo:
        found = {file for file in imported(todo.pop()) if file.is_file()} - seen
        seen |= found
        todo += found
    assert set(reached([script])) == seen - WITHOUT_NUMBERS


@pytest.mark.parametrize("name", ["fit_loops", "variation", "report"])
def test_what_python_loads_is_reached(name):
    script = next(path for path in SCRIPTS if path.stem == name)
    command = (
        f"import runpy, sys; runpy.run_path({str(script)!r}); "
        "print(*(m.__file__ for n, m in sys.modules.items() if n.startswith('hall2net.')))"
    )
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True)
    loaded = {Path(file) for file in done.stdout.split()} - WITHOUT_NUMBERS
    loaded = {file for file in loaded if file.name != "__init__.py"}
    assert len(loaded) > 3 and loaded <= set(reached([script]))


def test_scripts_reach_few_files():
    """What one edit makes again stays small."""
    whole = sum(len(reached([script])) + len(WITHOUT_NUMBERS) for script in SCRIPTS)
    assert whole <= MOST_FILES * len(SCRIPTS)


def test_a_file_that_is_edited_is_its_own(tmp_path):
    script = tmp_path / "own.py"
    script.write_text("from hall2net.units import (\n    to_si,  # a comment, with a comma\n)\n")
    assert reached([script]) == [LIBRARY / "units.py"]
    assert LIBRARY / "units.py" in reached([LIBRARY / "units.py"])

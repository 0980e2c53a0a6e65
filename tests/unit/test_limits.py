"""Functions short enough to read in one go; ruff holds their complexity (pyproject.toml)."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST = 80
"""Lines of a function's body, its docstring not counted."""
MOST_ROOMS = 18
"""Files and folders at the top of the library: what one sees at a glance."""


def too_long(source):
    """Name and length of every function whose body is longer than `LONGEST`."""
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        body = function.body[1:] if ast.get_docstring(function) else function.body
        lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0
        if lines > LONGEST:
            yield function.name, lines


@pytest.mark.parametrize("folder", ["src", "workflow/scripts"])
def test_no_function_is_long(folder):
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files
    assert {
        str(f.relative_to(ROOT)): found for f in files if (found := [*too_long(f.read_text())])
    } == {}


def test_a_long_function_is_found():
    body = "\n".join("    x = 1" for _ in range(LONGEST))
    assert list(too_long(f'def f():\n    """Doc."""\n{body}')) == []
    assert list(too_long(f"def f():\n{body}\n    x = 2")) == [("f", LONGEST + 1)]


def test_the_top_of_the_library_is_seen_at_a_glance():
    rooms = [
        p for p in (ROOT / "src/hall2net").iterdir() if p.name not in ("__pycache__", "__init__.py")
    ]
    assert len(rooms) <= MOST_ROOMS

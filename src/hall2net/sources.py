"""Which files of the library a script runs, read from the import statements."""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

LIBRARY = Path(__file__).resolve().parent
WITHOUT_NUMBERS = frozenset(LIBRARY / name for name in ("errors.py", "files.py", "job.py"))
"""Left out: every script runs them, and no number in a result depends on them."""

# Parsing to a syntax tree would take thirty times as long, at the start of every job.
_IMPORT = re.compile(r"^ *from (hall2net[\w.]*) import (?:\(([^)]*)\)|(.*))$", re.MULTILINE)


def reached(scripts: Iterable[str | Path]) -> list[Path]:
    """Files of the library that scripts import, and that those import in turn.

    Parameters
    ----------
    scripts : Python files; one that belongs to the library is reached too

    Returns
    -------
    Sorted paths, without `WITHOUT_NUMBERS`.
    """
    todo = [Path(script).resolve() for script in scripts]
    seen: set[Path] = set()
    while todo:
        if (path := todo.pop()) not in seen:
            seen.add(path)
            todo.extend(_imported(path))
    return sorted(path for path in seen - WITHOUT_NUMBERS if LIBRARY in path.parents)


@cache
def _imported(path: Path) -> frozenset[Path]:
    found = []
    for module, wrapped, plain in _IMPORT.findall(path.read_text(encoding="utf-8")):
        names = re.sub(r"#.*", "", wrapped or plain).split(",")
        for name in (words.split()[0] for words in names if words.strip()):
            found.append(_file(f"{module}.{name}") or _file(module))
    return frozenset(file for file in found if file is not None)


@cache
def _file(module: str) -> Path | None:
    path = LIBRARY.joinpath(*module.split(".")[1:])
    return next((f for f in (path.with_suffix(".py"), path / "__init__.py") if f.is_file()), None)

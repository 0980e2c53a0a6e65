"""Whether two results folders hold the same tables, by checksum; renamed files and keys allowed.

    python bench/compare_tables.py OLD NEW [--renames FILE]

`FILE` is YAML with up to three mappings: `files` (old to new path in the folder), `columns` (new
name of a CSV table to the mapping of its columns) and `keys` (of JSON objects, at any depth). They
are applied to the old tables before the checksums are taken. The exit code is 1 where a table
differs or is in one folder alone. What holds times (logs, benchmarks, provenance) is left out.
"""

import argparse
import csv
import io
import json
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

TABLES = {".csv", ".json", ".txt"}
WITH_TIMES = ("logs/", "benchmarks/", "checkpoints/", "provenance")


def tables(folder: Path) -> dict[str, Path]:
    """Path in the folder to the file, for all tables."""
    found = (path for path in sorted(folder.rglob("*")) if path.suffix in TABLES)
    names = {path.relative_to(folder).as_posix(): path for path in found}
    return {name: path for name, path in names.items() if not name.startswith(WITH_TIMES)}


def renamed(path: Path, columns: Mapping[str, str], keys: Mapping[str, str]) -> bytes:
    """Content of a table under its new names."""
    content = path.read_bytes()
    if path.suffix == ".csv" and columns:
        head, _, rows = content.partition(b"\n")
        names = next(csv.reader([head.decode()]))
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow([columns.get(n, n) for n in names])
        return line.getvalue().encode() + rows
    if path.suffix == ".json" and keys:
        new = json.dumps(_renamed_keys(json.loads(content), keys), sort_keys=True, indent=2)
        return new.encode() + b"\n"
    return content


def _renamed_keys(content: Any, keys: Mapping[str, str]) -> Any:  # noqa: ANN401
    if isinstance(content, dict):
        return {keys.get(k, k): _renamed_keys(value, keys) for k, value in content.items()}
    if isinstance(content, list):
        return [_renamed_keys(value, keys) for value in content]
    return content


def difference(old: bytes, new: bytes) -> str:
    """In words, where two CSV tables differ."""
    one, two = (list(csv.reader(io.StringIO(text.decode()))) for text in (old, new))
    if not one or not two or one[0] != two[0]:
        lost, added = (sorted({*a[0]} - {*b[0]}) for a, b in ((one, two), (two, one)))
        return f"columns lost: {', '.join(lost) or 'none'}; added: {', '.join(added) or 'none'}"
    if len(one) != len(two):
        return f"{len(one) - 1} rows, now {len(two) - 1}"
    rows = list(zip(one[1:], two[1:], strict=True))
    changed = {
        name: sum(a[k] != b[k] for a, b in rows)
        for k, name in enumerate(one[0])
        if any(a[k] != b[k] for a, b in rows)
    }
    return f"of {len(rows)} rows " + ", ".join(f"{n} in {name}" for name, n in changed.items())


def compare(old: Path, new: Path, renames: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """One line for every table that is not the same under its new name."""
    files, columns, keys = (renames.get(kind, {}) for kind in ("files", "columns", "keys"))
    before = {files.get(name, name): path for name, path in tables(old).items()}
    after = tables(new)
    lines = [f"only in {old}: {name}" for name in sorted(before.keys() - after.keys())]
    lines += [f"only in {new}: {name}" for name in sorted(after.keys() - before.keys())]
    for name in sorted(before.keys() & after.keys()):
        its_columns = columns.get(name.rsplit("/", 1)[-1], {})
        was, now = renamed(before[name], its_columns, keys), after[name].read_bytes()
        if sha256(was).digest() != sha256(now).digest():
            words = f" ({difference(was, now)})" if name.endswith(".csv") else ""
            lines.append(f"differs: {name}{words}")
    same = len(before.keys() & after.keys()) - sum(line.startswith("differs") for line in lines)
    return [*lines, f"{same} of {len(before.keys() | after.keys())} tables are the same bytes"]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--renames", type=Path, metavar="FILE")
    chosen = parser.parse_args()
    renames = yaml.safe_load(chosen.renames.read_text(encoding="utf-8")) if chosen.renames else {}
    lines = compare(chosen.old, chosen.new, renames or {})
    print("\n".join(lines))
    return int(len(lines) > 1)


if __name__ == "__main__":
    sys.exit(main())

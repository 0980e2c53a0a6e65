"""`measurements.csv`, the list of a study's raw files, and their checksums."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path

import pandas as pd

from hall2net.errors import ConfigError, FileError, Hall2netError
from hall2net.units import SI_FACTORS

REQUIRED = ("id", "file", "format", "kind", "sample")
CHOICES = {
    "format": ("multivu", "lakeshore8600", "micromag", "delimited"),
    "kind": (
        "ahe_loop", "loop_shift", "sot_switching", "pulse_train", "vsm_loop", "resistivity",
    ),
    "orientation": ("oop", "ip"),
    "y_quantity": ("resistance", "voltage", "voltage_per_current", "moment", "resistivity"),
    "x_unit": tuple({**SI_FACTORS["field"], **SI_FACTORS["current"]}),
    "y_unit": tuple(
        unit
        for quantity in ("resistance", "voltage", "moment", "resistivity")
        for unit in SI_FACTORS[quantity]
    ),
    "time_unit": tuple(SI_FACTORS["time"]),
}  # fmt: skip
NUMBERS = (
    "temperature_k", "field_x_oe", "prefield_x_oe", "initial_field_z_oe", "current_ma",
    "pulse_width_s",
)  # fmt: skip
TEXTS = ("x_column", "y_column", "pulse_column", "time_column")
COLUMNS = (*REQUIRED, *NUMBERS, *TEXTS, *(name for name in CHOICES if name not in REQUIRED))
UNKNOWN = "?"
"""A cell that a draft leaves to be filled in."""

_HINTS = 10
_NAME = re.compile(r"[a-z0-9_]+")


def read_sheet(path: str | Path) -> pd.DataFrame:
    """Read and check `measurements.csv`.

    Parameters
    ----------
    path : `raw/<study>/measurements.csv`; the files it names stand beside it

    Returns
    -------
    DataFrame, one row a measurement; numbers as floats, empty cells as NaN.

    Raises
    ------
    FileError
        If the sheet is missing or no CSV.
    ConfigError
        One line for every problem of the sheet: file, line, column, what was found, what is
        allowed, the nearest match. A raw file that is missing is one of them.
    """
    path = Path(path)
    try:
        sheet = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise FileError(path, "no such file", "one row a raw file") from error
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise FileError(
            path, f"no readable CSV ({error})", f"columns {', '.join(REQUIRED)}"
        ) from error
    sheet = sheet.apply(lambda column: column.str.strip())
    problems = list(_column_problems(path, sheet)) or list(_cell_problems(path, sheet))
    if problems:
        raise ConfigError("\n".join(problems))
    for name in NUMBERS:
        if name in sheet:
            sheet[name] = pd.to_numeric(sheet[name])
    return sheet.replace("", None)


def checksums(folder: str | Path, names: Iterable[str]) -> str:
    """What `SHA256SUMS` of a folder holds: a line a file, by name.

    Parameters
    ----------
    folder : of the files
    names : of the files, relative to it
    """
    return "".join(f"{_sha256(Path(folder, name))}  {name}\n" for name in sorted(names))


def verify_checksums(folder: str | Path) -> dict[str, str]:
    """Compare every file that `SHA256SUMS` of a folder lists with its checksum.

    Returns
    -------
    File name to SHA-256 in hexadecimal, sorted by name.

    Raises
    ------
    Hall2netError
        One line that names every file that is missing or changed, or a line that is no checksum.
    """
    sums = Path(folder, "SHA256SUMS")
    try:
        lines = sums.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(sums, "cannot be read", "the output of `sha256sum`") from error
    expected = {}
    for number, line in enumerate(lines, start=1):
        match = re.fullmatch(r"([0-9a-f]{64}) [ *](.+)", line)
        if not match:
            raise FileError(sums, f"{line[:80]!r}", "<sha256>  <file>", number)
        expected[match[2]] = match[1]
    missing = [name for name in expected if not Path(folder, name).is_file()]
    changed = [
        name
        for name, digest in expected.items()
        if name not in missing and _sha256(Path(folder, name)) != digest
    ]
    problems = [
        f"{word}: {', '.join(names[:10])}{' and more' if len(names) > 10 else ''}"
        for word, names in (("missing", missing), ("changed", changed))
        if names
    ]
    if problems:
        raise Hall2netError(
            f"{sums}: {'; '.join(problems)}; restore the files, or if the change is meant, "
            f"write SHA256SUMS anew with `sha256sum`"
        )
    return dict(sorted(expected.items()))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _column_problems(path: Path, sheet: pd.DataFrame) -> Iterator[str]:
    for name in REQUIRED:
        if name not in sheet:
            yield f"{path}, line 1: column {name!r} is missing"
    for name in sheet:
        if name not in COLUMNS:
            yield f"{path}, line 1: unknown column {name!r}{_nearest(str(name), COLUMNS)}"
    if sheet.empty:
        yield f"{path}: no rows; expected one row a raw file"


def _cell_problems(path: Path, sheet: pd.DataFrame) -> Iterator[str]:
    seen: dict[str, int] = {}
    missing: list[tuple[int, str]] = []
    for line, row in enumerate(sheet.to_dict("records"), start=2):
        unknown = [name for name in COLUMNS if row.get(name) == UNKNOWN]
        for name in unknown:
            yield f"{path}, line {line}: {name}: '?' is to be filled in; expected {_allowed(name)}"
        for name in ("id", "sample"):
            if name not in unknown and not _NAME.fullmatch(row[name]):
                yield f"{path}, line {line}: {name} {row[name]!r}; expected letters a-z, 0-9 and _"
        if row["id"] in seen:
            yield f"{path}, line {line}: id {row['id']!r} is that of line {seen[row['id']]} too"
        seen.setdefault(row["id"], line)
        for name, allowed in CHOICES.items():
            value = row.get(name, "")
            if name in unknown:
                continue
            if value not in allowed and (value or name in REQUIRED):
                yield f"{path}, line {line}: {name} {value!r}{_nearest(value, allowed)}"
        for name in NUMBERS:
            value = row.get(name, "")
            if value and name not in unknown and not _is_number(value):
                yield f"{path}, line {line}: {name} {value!r}; expected a finite number"
        if "file" not in unknown:
            yield from _file_problems(path, line, row["file"], missing)
    yield from _missing_problems(path, missing)


def _file_problems(
    path: Path, line: int, cell: str, missing: list[tuple[int, str]]
) -> Iterator[str]:
    """Names that lead nowhere or out of the folder; those of no file are added to `missing`."""
    folder = path.parent.resolve()
    for name in (part.strip() for part in cell.split(";")):
        if not name:
            yield f"{path}, line {line}: file is empty"
            continue
        if not name.isprintable() or set(name) & set("{}"):
            # Which Snakemake takes for a wildcard, and SHA256SUMS for two lines.
            yield f"{path}, line {line}: file {name!r} has braces or control characters; rename it"
            continue
        try:
            file = (folder / name).resolve()
        except (OSError, RuntimeError, ValueError) as error:
            yield f"{path}, line {line}: file {name!r} leads nowhere ({error})"
            continue
        if not file.is_relative_to(folder):
            yield f"{path}, line {line}: file {name!r} is outside {path.parent}"
        elif not file.is_file():
            missing.append((line, name))


def _missing_problems(path: Path, missing: list[tuple[int, str]]) -> Iterator[str]:
    files = path.parent.rglob("*") if missing else ()
    known = [str(file.relative_to(path.parent)) for file in files]
    for number, (line, name) in enumerate(missing):
        # Where a whole folder is missing, a few hints tell it; each takes as long as the folder.
        near = _near(name, known) if number < _HINTS else ""
        yield f"{path}, line {line}: raw file {name!r} is missing{near}"


def _allowed(name: str) -> str:
    if name in CHOICES:
        return f"one of {', '.join(CHOICES[name])}"
    if name in NUMBERS:
        return "a number"
    return "a column of the file" if name in TEXTS else "letters a-z, 0-9 and _"


def _is_number(text: str) -> bool:
    try:
        return abs(float(text)) < float("inf")
    except ValueError:
        return False


def _near(found: str, allowed: list[str]) -> str:
    near = get_close_matches(found, allowed, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _nearest(found: str, allowed: tuple[str, ...]) -> str:
    return _near(found, list(allowed)) or f"; expected one of {', '.join(allowed)}"

"""`measurements.csv`, the list of a study's raw files."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from hall2net.errors import ConfigError, Problem, nearest, one_of
from hall2net.measurement import AMPLITUDES, CONDITIONS, KINDS, REFERENCES
from hall2net.study.cells import UNKNOWN, Sheet, read_cells
from hall2net.units import SI_FACTORS

REQUIRED = ("id", "file", "format", "kind", "sample")
CHOICES = {
    "format": (
        "multivu", "lakeshore8600", "micromag", "microsense", "igor", "hdf5", "delimited",
    ),
    "kind": tuple(KINDS),
    "orientation": ("oop", "ip"),
    "y_quantity": ("resistance", "voltage", "voltage_per_current", "moment", "resistivity"),
    "x_unit": tuple(
        unit
        for quantity in ("field", "current", "time", "angle")
        for unit in SI_FACTORS[quantity]
    ),
    "y_unit": tuple(
        unit
        for quantity in ("resistance", "voltage", "moment", "resistivity")
        for unit in SI_FACTORS[quantity]
    ),
    "time_unit": tuple(SI_FACTORS["time"]),
    "current_amplitude": AMPLITUDES,
    "voltage_amplitude": AMPLITUDES,
    "lock_in_reference": REFERENCES,
}  # fmt: skip
NUMBERS = (*(column for column, *_ in CONDITIONS.values()), "cycle", "coil_t_per_a")
TEXTS = (
    "x_column", "y_column", "rxx_column", "sigma_column", "pulse_column", "time_column",
    "temperature_column", "current_column", "cycle_column", "first_y_column", "second_x_column",
    "second_y_column",
)  # fmt: skip
COLUMNS = (*REQUIRED, *NUMBERS, *TEXTS, *(name for name in CHOICES if name not in REQUIRED))

NAME = re.compile(r"[a-z0-9_]+")
"""What an id or a sample is made of: both become parts of paths."""

TO_FILL_IN = "'?' is to be filled in"

_HINTS = 10


def read_sheet(path: str | Path) -> pd.DataFrame:
    """Read and check `measurements.csv`.

    Parameters
    ----------
    path : `raw/<study>/measurements.csv`; the files it names stand beside it

    Returns
    -------
    DataFrame, one row a measurement; numbers as floats, empty cells as NaN. The index is the line
    in the file.

    Raises
    ------
    FileError
        If the sheet is missing or no CSV.
    ConfigError
        Every problem of the sheet: file, lines, column, what was found, what is allowed, the
        nearest match. A raw file that is missing is one of them.
    """
    sheet = read_cells(path, COLUMNS, NUMBERS, "a raw file")
    problems = column_problems(sheet, COLUMNS, REQUIRED, "a raw file")
    if problems := problems or list(_cell_problems(sheet)):
        raise ConfigError(problems=problems)
    cells = sheet.cells
    for name in NUMBERS:
        if name in cells:
            cells[name] = pd.to_numeric(cells[name])
    return cells.replace("", None)


def has_pulse_widths(measurements: pd.DataFrame) -> bool:
    """Whether a sample's switching loops have three pulse widths: a line through them takes three.

    Parameters
    ----------
    measurements : as of `read_sheet`; a sheet without the column has none
    """
    return _values_of_a_sample(measurements, "sot_switching", "pulse_width_s") >= 3


def has_temperatures(measurements: pd.DataFrame) -> bool:
    """Whether a sample's Hall loops were taken at several temperatures.

    Parameters
    ----------
    measurements : as of `read_sheet`; a sheet without the column has none
    """
    return _values_of_a_sample(measurements, "ahe_loop", "temperature_k") >= 2


def _values_of_a_sample(measurements: pd.DataFrame, kind: str, condition: str) -> int:
    """Most values of a condition that the measurements of one kind have of one sample."""
    rows = measurements[measurements["kind"] == kind]
    if condition not in rows or rows.empty:
        return 0
    return int(rows.groupby("sample")[condition].nunique().max())


def column_problems(
    sheet: Sheet, columns: Iterable[str], required: Iterable[str], rows: str
) -> list[Problem]:
    """Columns that a sheet lacks, and those that it should not have.

    Parameters
    ----------
    sheet : the cells
    columns : that it may have
    required : that it must have
    rows : what one row stands for
    """
    where, lines = str(sheet.path), (sheet.head,)
    problems = [
        Problem(where, f"column {name!r} is missing", lines=lines)
        for name in required
        if name not in sheet.cells
    ]
    problems += [
        replace(one_of(where, name, columns, "unknown column"), lines=lines)
        for name in sheet.cells
        if name not in columns
    ]
    if sheet.cells.empty and not problems:
        problems.append(Problem(where, "no rows", f"one row {rows}"))
    return problems


def name_problem(sheet: Sheet, line: int, column: str, name: str) -> Iterator[Problem]:
    """The problem of an id or sample that cannot be one.

    Parameters
    ----------
    sheet : whose cell it is
    line, column : of the cell
    name : what it holds
    """
    if not NAME.fullmatch(name):
        expected = "letters a-z, 0-9 and _"
        yield Problem(str(sheet.path), repr(name), expected, key=column, lines=(line,))


def finite(text: str) -> float | None:
    """A cell's number; none where it holds no finite one."""
    try:
        value = float(text.replace("_", "?"))
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None


def _cell_problems(sheet: Sheet) -> Iterator[Problem]:
    where = str(sheet.path)
    seen: dict[str, int] = {}
    missing: list[tuple[int, str]] = []
    for line, row in zip(sheet.cells.index, sheet.cells.to_dict("records"), strict=True):
        lines = (line,)
        unknown = [name for name in COLUMNS if row.get(name) == UNKNOWN]
        for name in unknown:
            yield Problem(where, TO_FILL_IN, _allowed(name), key=name, lines=lines)
        for name in ("id", "sample"):
            if name not in unknown:
                yield from name_problem(sheet, line, name, row[name])
        if row["id"] in seen:
            found = f"{row['id']!r} is that of line {seen[row['id']]} too"
            yield Problem(where, found, key="id", lines=lines)
        seen.setdefault(row["id"], line)
        for name, allowed in CHOICES.items():
            value = row.get(name, "")
            if name not in unknown and value not in allowed and (value or name in REQUIRED):
                yield replace(one_of(where, value, allowed, name), lines=lines)
        for name in NUMBERS:
            value = row.get(name, "")
            if value and name not in unknown and finite(value) is None:
                yield Problem(where, repr(value), "a finite number", key=name, lines=lines)
        yield from _coil_problems(where, row, lines)
        if "file" not in unknown:
            yield from _file_problems(sheet.path, line, row["file"], missing)
    yield from _missing_problems(sheet.path, missing)


def _coil_problems(where: str, row: Mapping[str, str], lines: tuple[int, ...]) -> Iterator[Problem]:
    """A coil's current in place of a field takes a calibration, and nothing else does."""
    kind, unit, coil = KINDS.get(row["kind"]), row.get("x_unit", ""), row.get("coil_t_per_a", "")
    swept = kind.x if kind else ""
    if swept == "field" and unit in SI_FACTORS["current"] and not coil:
        expected = f"the coil's field in tesla per ampere, since x_unit is {unit}; or a field as x"
        yield Problem(where, "is empty", expected, key="coil_t_per_a", lines=lines)
    elif coil and (swept == "write_current" or unit in SI_FACTORS["field"]):
        expected = "nothing, since x is no coil's current that stands for a field"
        yield Problem(where, repr(coil), expected, key="coil_t_per_a", lines=lines)
    elif finite(coil) == 0:
        yield Problem(where, repr(coil), "a number other than 0", key="coil_t_per_a", lines=lines)


def _file_problems(
    path: Path, line: int, cell: str, missing: list[tuple[int, str]]
) -> Iterator[Problem]:
    """Names that lead nowhere or out of the folder; those of no file are added to `missing`."""
    folder, lines = path.parent.resolve(), (line,)
    for name in (part.strip() for part in cell.split(";")):
        if not name:
            yield Problem(str(path), "is empty", key="file", lines=lines)
            continue
        if not name.isprintable() or set(name) & set("{}"):
            # Which Snakemake takes for a wildcard, and SHA256SUMS for two lines.
            found = f"{name!r} has braces or control characters; rename it"
            yield Problem(str(path), found, key="file", lines=lines)
            continue
        try:
            file = (folder / name).resolve()
        except (OSError, RuntimeError, ValueError) as error:
            found = f"{name!r} leads nowhere ({error})"
            yield Problem(str(path), found, key="file", lines=lines)
            continue
        if not file.is_relative_to(folder):
            found = f"{name!r} is outside {path.parent}"
            yield Problem(str(path), found, key="file", lines=lines)
        elif not file.is_file():
            missing.append((line, name))


def _missing_problems(path: Path, missing: list[tuple[int, str]]) -> Iterator[Problem]:
    files = path.parent.rglob("*") if missing else ()
    known = [str(file.relative_to(path.parent)) for file in files]
    for number, (line, name) in enumerate(missing):
        # Where a whole folder is missing, a few hints do; each takes as long as the folder.
        near = nearest(name, known) if number < _HINTS else ""
        yield Problem(str(path), f"raw file {name!r} is missing", near=near, lines=(line,))


def _allowed(name: str) -> str:
    if name in CHOICES:
        return f"one of {', '.join(CHOICES[name])}"
    if name in NUMBERS:
        return "a number"
    return "a column of the file" if name in TEXTS else "letters a-z, 0-9 and _"

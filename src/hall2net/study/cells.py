"""Cells of a sheet as text, whichever way a spreadsheet saved them.

Comma, semicolon or tab between the cells, decimal commas, a line `sep=;`, a byte order mark,
UTF-8 or the system's old encoding, any line ends, empty rows and columns at the end.
"""

import csv
import io
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from hall2net.errors import FileError
from hall2net.readers.text import read_text

UNKNOWN = "?"
"""A cell that a draft leaves to be filled in."""

_DELIMITERS = (",", ";", "\t")
_SEPARATOR_LINE = re.compile(r"\s*\"?sep=(.)\"?\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Sheet:
    """A sheet's cells.

    Attributes
    ----------
    path : the file
    cells : text without outer blanks, one row a row; the index is the line in the file
    head : line of the column names
    """

    path: Path
    cells: pd.DataFrame
    head: int


def read_cells(
    path: str | Path, columns: Sequence[str], numbers: Collection[str], rows: str
) -> Sheet:
    """Read a sheet as text.

    Parameters
    ----------
    path : the file
    columns : every column that it may have
    numbers : those of them that hold numbers; their decimal commas become points
    rows : what one row stands for, for messages

    Raises
    ------
    FileError
        If there is no such file, it is no table, a column stands twice, or a row has more cells
        than there are columns.
    """
    path = Path(path)
    if not path.exists():
        raise FileError(path, "no such file", f"one row {rows}")
    text = read_text(path).content.decode()
    delimiter, records = _records(path, text, {name.casefold() for name in columns})
    if not records:
        raise FileError(path, "no rows", f"columns {', '.join(columns)}")
    (head, names), *body = records
    names = [_column(name, columns) for name in names]
    width = len(names)
    # A spreadsheet saves the empty columns that it shows.
    kept = [k for k in range(width) if names[k] or any("".join(c[k : k + 1]) for _, c in body)]
    for name in {names[k] for k in kept}:
        if (times := [names[k] for k in kept].count(name)) > 1:
            raise FileError(path, f"{times} columns {name!r}", "each column once", head)
    lines, table = [], []
    for line, cells in body:
        if any(cells[width:]):
            found = f"{len(cells)} cells"
            fix = f"{width}, as the column names; a cell with a comma stands in quotes"
            raise FileError(path, found, fix, line)
        padded = cells + [""] * (width - len(cells))
        lines.append(line)
        table.append([padded[k] for k in kept])
    frame = pd.DataFrame(table, columns=[names[k] for k in kept], index=lines, dtype=object)
    for name in set(numbers) & set(frame):
        frame[name] = [_with_point(cell, delimiter) for cell in frame[name]]
    return Sheet(path, frame, head)


def _records(path: Path, text: str, known: set[str]) -> tuple[str, list[tuple[int, list[str]]]]:
    """The delimiter, and every row that is not empty with the line it begins in."""
    found: list[tuple[int, str, list[tuple[int, list[str]]] | csv.Error]] = []
    first = text.split("\n", 1)[0]
    stated = _SEPARATOR_LINE.fullmatch(first)
    for delimiter in [stated[1]] if stated else _DELIMITERS:
        try:
            records = _parted(text, delimiter, skip=int(bool(stated)))
        except csv.Error as error:
            found.append((-1, delimiter, error))
            continue
        names = {cell.casefold() for cell in records[0][1]} if records else set()
        found.append((len(names & known), delimiter, records))
    # The one that finds the most columns; the comma where none finds any.
    _, delimiter, best = max(found, key=lambda one: one[0])
    if isinstance(best, csv.Error):
        raise FileError(path, f"no readable CSV ({best})", "cells in closed quotes")
    return delimiter, best


def _parted(text: str, delimiter: str, skip: int) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records, line = [], 1
    for cells in reader:
        cells = [cell.strip() for cell in cells]
        if line > skip and any(cells):
            records.append((line, cells))
        line = reader.line_num + 1
    return records


def _column(name: str, columns: Sequence[str]) -> str:
    """A column's name as it is spelt here, without regard to case and blanks."""
    plain = "_".join(name.casefold().split())
    return plain if plain in columns else name


def _with_point(cell: str, delimiter: str) -> str:
    """A number with a decimal point and a plain minus sign.

    `1,234` where commas part the cells may be one thousand or one: it stays, and is refused.
    """
    cell = cell.replace("\N{MINUS SIGN}", "-")
    whole, comma, rest = cell.partition(",")
    thousands = delimiter == "," and len(rest) == 3
    if not comma or "." in cell or "," in rest or thousands:
        return cell
    return f"{whole}.{rest}"

"""Numbers of a table in a text file.

Plain rows go straight through pandas' parser. Where there are quotes, words between the numbers
or rows of unequal length, each row is looked at by itself, so that what is wrong has its line.
"""

import csv
import io
import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hall2net.errors import FileError
from hall2net.readers.text import Text

MAX_COLUMNS = 1000
BLANKS = " "
"""The delimiter that stands for any blanks and tabs."""

_MAX_RECORD_LINES = 100
_BLOCK = 2**22
_HUGE = 1e100
_NUMBER_BEGINS = re.compile(r"[+-]?[.,]?\d")
# Python takes 1_5 for a number; a point beside a decimal comma parts thousands.
_DECIMAL_COMMA = str.maketrans(",._", ".??")
_NO_NUMBER = "#"  # as in "1.#QNAN" and "#DIV/0!"


@dataclass(frozen=True)
class Header:
    """Column names of a table, and where its rows begin.

    Attributes
    ----------
    names : without line ends and outer blanks
    delimiter : one character; `BLANKS` for any number of blanks
    line : line of the names, from 1
    body : first line below them, from 1
    """

    names: list[str]
    delimiter: str
    line: int
    body: int


@dataclass(frozen=True)
class Table:
    """Numbers of a file as they stand in it.

    Attributes
    ----------
    columns : place of a column (from 0) to its numbers, (rows,); NaN where a cell is empty, a
        word or not finite
    lines : (rows,) line of the file that each row begins in, from 1
    """

    columns: dict[int, np.ndarray]
    lines: np.ndarray


def folded(name: str) -> str:
    """A column name without regard to case, kind of mu, line ends and outer blanks."""
    return " ".join(name.split()).casefold()


def header_at(text: Text, number: int, delimiter: str) -> Header:
    """Column names that begin in a line; quoted ones may run over lines.

    Parameters
    ----------
    text : the file
    number : of the line, from 1
    delimiter : one character

    Raises
    ------
    FileError
        If quotes do not close or there are more than 1,000 columns.
    """
    last = min(len(text.ends), number + _MAX_RECORD_LINES)
    reader = csv.reader(
        (text.line(k) + "\n" for k in range(number, last + 1)), delimiter=delimiter, strict=True
    )
    try:
        cells = next(reader)
    except csv.Error as error:
        raise FileError(text.path, f"quotes that do not close ({error})", "CSV", number) from error
    if len(cells) > MAX_COLUMNS:
        raise FileError(text.path, f"{len(cells)} columns", f"at most {MAX_COLUMNS}", number)
    names = [" ".join(cell.split()) for cell in cells]
    return Header(names, delimiter, number, number + reader.line_num)


def read_columns(text: Text, header: Header, places: Sequence[int]) -> Table:
    """Numbers of some columns.

    Parameters
    ----------
    text : the file
    header : its column names
    places : of the columns, from 0

    Raises
    ------
    FileError
        If a row has more cells than there are names, quotes do not close, a cell begins as a
        number but is none or is beyond 1e100, decimal points and commas are mixed, other names
        follow further down, or no row holds a number.
    """
    places = sorted(set(places))
    table = _at_once(text, header, places) or _row_by_row(text, header, places)
    for place, values in table.columns.items():
        # Beyond all units: nothing that follows has to mind overflow.
        huge = np.flatnonzero(np.isfinite(values) & (np.abs(values) > _HUGE))
        if huge.size:
            found = f"{values[huge[0]]:.4g} in the column {header.names[place]!r}"
            raise FileError(text.path, found, "a measured number", int(table.lines[huge[0]]))
    columns = {
        place: np.where(np.isfinite(values), values, np.nan)
        for place, values in table.columns.items()
    }
    if all(np.isnan(values).all() for values in columns.values()):
        expected = "rows of numbers below the column names"
        raise FileError(text.path, "no data rows", expected, header.line)
    return Table(columns, table.lines)


def _at_once(text: Text, header: Header, places: Sequence[int]) -> Table | None:
    """The table as pandas' parser reads it; None if some row needs a closer look."""
    width, start = len(header.names), text.start(header.body)
    if (
        header.delimiter == BLANKS
        or text.content.find(b'"', start) >= 0
        or _widest(text, header) > width
    ):
        return None
    for decimal in ".,":
        if decimal == header.delimiter:
            continue
        stream = io.BytesIO(text.content)
        stream.seek(start)
        try:
            data = pd.read_csv(
                stream,
                sep=header.delimiter,
                decimal=decimal,
                header=None,
                names=range(width),
                usecols=places,
                index_col=False,
                dtype=float,
                quoting=csv.QUOTE_NONE,
                skip_blank_lines=False,
            )
        except ValueError:
            continue
        columns = {place: data[place].to_numpy() for place in places}
        return Table(columns, np.arange(header.body, header.body + len(data)))
    return None


def _widest(text: Text, header: Header) -> int:
    """Cells of the longest row; pandas would drop those beyond the column names."""
    content = np.frombuffer(text.content, np.uint8)
    ends = text.ends[header.body - 1 :]
    before, total = np.zeros(len(ends), dtype=int), 0
    for begin in range(text.start(header.body), len(content), _BLOCK):
        found = begin + np.flatnonzero(content[begin : begin + _BLOCK] == ord(header.delimiter))
        lines = slice(*np.searchsorted(ends, [begin, begin + _BLOCK]))
        before[lines] = total + np.searchsorted(found, ends[lines])
        total += len(found)
    # The last line may end where the file ends.
    before[ends == len(content)] = total
    return int(np.diff(before, prepend=0).max(initial=0)) + 1


def _row_by_row(text: Text, header: Header, places: Sequence[int]) -> Table:
    """The table cell by cell, told where something is wrong."""
    values, lines, marks = array("d"), array("q"), set()
    width = len(header.names)
    for line, cells in _records(text, header):
        if len(cells) > width and (len(cells) > MAX_COLUMNS or any(map(str.strip, cells[width:]))):
            expected = f"{width}, as the column names"
            raise FileError(text.path, f"{len(cells)} cells", expected, line)
        lines.append(line)
        for place in places:
            cell = cells[place] if place < len(cells) else ""
            try:
                value, mark = float(cell.replace("_", "?")), "."
            except ValueError:
                value, mark = _comma_or_word(text, header, place, cells, line), ","
            values.append(value)
            if mark in cell and value == value:
                marks.add(mark)
        if len(marks) > 1:
            found = "decimal points and decimal commas in one table"
            raise FileError(text.path, found, "one of the two, and no thousands separators", line)
    data = np.array(values).reshape(-1, len(places))
    return Table(dict(zip(places, data.T, strict=True)), np.array(lines))


def _records(text: Text, header: Header) -> Iterator[tuple[int, list[str]]]:
    """Rows as cells, with the line each begins in."""
    stream = io.BytesIO(text.content)
    stream.seek(text.start(header.body))
    rows = io.TextIOWrapper(stream, encoding="utf-8", newline="\n")
    if header.delimiter == BLANKS:
        for line, row in enumerate(rows, start=header.body):
            yield line, row.split()
        return
    reader, last = csv.reader(rows, delimiter=header.delimiter, strict=True), 0
    try:
        for cells in reader:
            if reader.line_num - last > _MAX_RECORD_LINES:
                raise csv.Error(f"a cell over {reader.line_num - last} lines")
            yield header.body + last, cells
            last = reader.line_num
    except csv.Error as error:
        found = f"quotes that do not close ({error})"
        raise FileError(text.path, found, "CSV", header.body + last) from error


def _comma_or_word(text: Text, header: Header, place: int, cells: list[str], line: int) -> float:
    """Number with a decimal comma; NaN where a cell holds a word or nothing."""
    cell = cells[place].strip() if place < len(cells) else ""
    if not cell:
        return np.nan
    if _NUMBER_BEGINS.match(cell) and _NO_NUMBER not in cell:
        try:
            return float(cell.translate(_DECIMAL_COMMA))
        except ValueError:
            found = f"{cell[:40]!r} in the column {header.names[place]!r}"
            raise FileError(text.path, found, "a number", line) from None
    names = [folded(name) for name in header.names]
    if folded(cell) in names and [folded(name) for name in cells] != names:
        found = f"other column names than those of line {header.line}"
        raise FileError(text.path, found, "one table a file", line)
    return np.nan

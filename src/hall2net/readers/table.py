"""Numbers of a table in a text file.

Plain rows go straight through pandas' parser. Where there are quotes, words between the numbers
or rows of unequal length, each row is looked at by itself, so that what is wrong has its line.
"""

import csv
import io
import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from hall2net.errors import FileError
from hall2net.readers.text import Text

MAX_COLUMNS = 1000
BLANKS = " "
"""The delimiter that stands for any blanks and tabs."""

_MAX_RECORD_LINES = 100
_BLOCK = 2**22
_SAMPLE = 2000  # lines, enough to meet each value that a twentieth of a table has
_HUGE = 1e100
_NUMBER_BEGINS = re.compile(r"[+-]?[.,]?\d")
_NUMBER = r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?"
# A number and its unit in one cell, as an instrument answered: "+1.2E-03VDC", "12.5 mV".
_WITH_UNIT = re.compile(rf"({_NUMBER})\s*(?![eE][+-]?$)([A-Za-zµμΩΩ][^\d\s,;]*)")
_ALONE = re.compile(_NUMBER)
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
    line : line of the names, from 1; of the first row where there are none
    body : first line below them, from 1
    units : of each column, where they stand apart from the names; empty if not known
    """

    names: list[str]
    delimiter: str
    line: int
    body: int
    units: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Table:
    """Numbers of a file as they stand in it.

    Attributes
    ----------
    columns : place of a column (from 0) to its numbers, (rows,); NaN where a cell is empty, a
        word or not finite
    lines : (rows,) line of the file that each row begins in, from 1
    letters : place of a column to the letters that follow each of its numbers, such as `VDC`
    words : place of a column to how many of its cells hold words
    """

    columns: dict[int, np.ndarray]
    lines: np.ndarray
    letters: dict[int, str] = field(default_factory=dict)
    words: dict[int, int] = field(default_factory=dict)


def folded(name: str) -> str:
    """A column name without regard to case, kind of mu and minus, line ends and outer blanks."""
    return " ".join(name.replace("\N{MINUS SIGN}", "-").split()).casefold()


def is_number(cell: str) -> bool:
    """Whether a cell holds a number, with a decimal point or comma, alone or with its unit."""
    try:
        float(cell)
    except ValueError:
        return bool(_ALONE.fullmatch(cell) or _WITH_UNIT.fullmatch(cell))
    return "_" not in cell


def letters_of(cell: str) -> str:
    """The letters behind a number in one cell; empty if there are none."""
    match = _WITH_UNIT.fullmatch(cell)
    return match[2] if match else ""


def cut(text: Text, number: int, delimiter: str) -> tuple[list[str], int]:
    """Cells of the row that begins in a line, and the line below it.

    Quoted cells may hold delimiters and line ends. Quotes that do not close are plain signs.

    Parameters
    ----------
    text : the file
    number : of the line, from 1
    delimiter : one character; `BLANKS` for any number of blanks
    """
    line = text.line(number)
    if '"' not in line:
        cells = line.split() if delimiter == BLANKS else line.split(delimiter)
        return cells, number + 1
    last = min(len(text.ends), number + _MAX_RECORD_LINES)
    lines = (text.line(k) + "\n" for k in range(number, last + 1))
    blanks = delimiter == BLANKS
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=blanks, strict=True)
    try:
        cells = next(reader)
    except csv.Error:
        return line.split(None if blanks else delimiter), number + 1
    return cells, number + reader.line_num


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
    return checked(text.path, header, table)


def sample_columns(text: Text, header: Header, places: Sequence[int]) -> dict[int, np.ndarray]:
    """Numbers of some columns in lines spread evenly over the table; no cell is refused.

    Parameters
    ----------
    text, header, places : as of `read_columns`
    """
    rows = []
    last = len(text.ends)
    lines = np.linspace(header.body, last, _SAMPLE) if places and header.body <= last else ()
    for number in np.unique(np.array(lines, dtype=int)):
        cells, _ = cut(text, int(number), header.delimiter)
        # The middle of a quoted cell is no row.
        if len(cells) == len(header.names):
            rows.append([_plain(cells[place].strip()) for place in places])
    data = np.array(rows, dtype=float).reshape(-1, len(places))
    return dict(zip(places, data.T, strict=True))


def _plain(cell: str) -> float:
    try:
        return float(cell.replace(",", "."))
    except ValueError:
        return np.nan


def checked(path: Path, header: Header, table: Table) -> Table:
    """The table with NaN for what is not finite.

    Parameters
    ----------
    path : the file
    header : its column names
    table : its numbers

    Raises
    ------
    FileError
        If a number is beyond 1e100, or no column holds one.
    """
    columns = {}
    for place, values in table.columns.items():
        # Beyond all units: nothing that follows has to mind overflow.
        huge = np.flatnonzero(np.isfinite(values) & (np.abs(values) > _HUGE))
        if huge.size:
            found = f"{values[huge[0]]:.4g} in the column {header.names[place]!r}"
            raise FileError(path, found, "a measured number", int(table.lines[huge[0]]))
        columns[place] = np.where(np.isfinite(values), values, np.nan)
    if all(np.isnan(values).all() for values in columns.values()):
        expected = "rows of numbers below the column names"
        raise FileError(path, "no data rows", expected, header.line or None)
    return replace(table, columns=columns)


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
    """The table cell by cell, so that what is wrong has its line."""
    values, lines, marks = array("d"), array("q"), set()
    width, other = len(header.names), _OtherCells(text, header)
    for line, cells in _records(text, header):
        if len(cells) > width and _too_long(cells, header, places):
            expected = f"{width}, as the column names"
            raise FileError(text.path, f"{len(cells)} cells", expected, line)
        lines.append(line)
        for place in places:
            cell = cells[place] if place < len(cells) else ""
            try:
                value, mark = float(cell.replace("_", "?")), "."
            except ValueError:
                value, mark = other.value(place, cells, line), ","
            values.append(value)
            if mark in cell and value == value:
                marks.add(mark)
        if len(marks) > 1:
            found = "decimal points and decimal commas in one table"
            raise FileError(text.path, found, "one of the two, and no thousands separators", line)
    data = np.array(values).reshape(-1, len(places))
    columns = dict(zip(places, data.T, strict=True))
    for place in other.letters:
        # The last number of a file that was cut lacks its letters.
        if lines and other.is_cut(place, cells, line) and not letters_of(cells[place].strip()):
            columns[place][-1] = np.nan
    other.refuse_mixed(columns)
    return Table(columns, np.array(lines), other.letters, other.words)


def _too_long(cells: list[str], header: Header, places: Sequence[int]) -> bool:
    """Whether a row with more cells than names is of numbers; words may be of any length."""
    if len(cells) > MAX_COLUMNS or not any(map(str.strip, cells[len(header.names) :])):
        return len(cells) > MAX_COLUMNS
    if header.delimiter == BLANKS:
        return sum(map(is_number, cells)) > len(cells) / 2
    return any(is_number(cells[place].strip()) for place in places)


def _records(text: Text, header: Header) -> Iterator[tuple[int, list[str]]]:
    """Rows as cells, with the line each begins in."""
    stream = io.BytesIO(text.content)
    stream.seek(text.start(header.body))
    rows = io.TextIOWrapper(stream, encoding="utf-8", newline="\n")
    if header.delimiter == BLANKS:
        for line, row in enumerate(rows, start=header.body):
            yield line, row.replace('"', " ").split()
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


class _OtherCells:
    """Cells that are no plain numbers: with a decimal comma, a unit behind, words, or empty."""

    def __init__(self, text: Text, header: Header) -> None:
        self.text, self.header = text, header
        self.names = [folded(name) for name in header.names]
        self.letters: dict[int, str] = {}
        self.words: dict[int, int] = {}
        self._lettered: dict[int, tuple[int, int]] = {}  # the first line, and how many

    def value(self, place: int, cells: list[str], line: int) -> float:
        """The number of a cell; NaN where it holds a word or nothing."""
        cell = cells[place].strip() if place < len(cells) else ""
        if not cell:
            return np.nan
        if letters := letters_of(cell):
            if self.letters.get(place, letters) != letters and self.is_cut(place, cells, line):
                return np.nan
            return self._with_letters(place, cell, letters, line)
        if _NUMBER_BEGINS.match(cell) and _NO_NUMBER not in cell:
            try:
                return float(cell.translate(_DECIMAL_COMMA))
            except ValueError:
                if self.is_cut(place, cells, line):
                    return np.nan
                raise self._error(place, repr(cell[:40]), "a number", line) from None
        if folded(cell) in self.names and [folded(name) for name in cells] != self.names:
            found = f"other column names than those of line {self.header.line}"
            raise FileError(self.text.path, found, "one table a file", line)
        self.words[place] = self.words.get(place, 0) + 1
        return np.nan

    def _with_letters(self, place: int, cell: str, letters: str, line: int) -> float:
        if self.letters.setdefault(place, letters) != letters:
            expected = f"a number with {self.letters[place]!r} behind it, as above"
            raise self._error(place, repr(cell[:40]), expected, line)
        first, count = self._lettered.get(place, (line, 0))
        self._lettered[place] = first, count + 1
        return float(cell[: -len(letters)].replace(",", "."))

    def is_cut(self, place: int, cells: list[str], line: int) -> bool:
        """Whether a cell is where the file ends, without the end of its line."""
        at_end = line == len(self.text.ends) and not self.text.content.endswith(b"\n")
        return at_end and place == len(cells) - 1

    def refuse_mixed(self, columns: dict[int, np.ndarray]) -> None:
        """Refuse letters behind some numbers of a column and none behind the others."""
        for place, (first, count) in self._lettered.items():
            if count != np.isfinite(columns[place]).sum():
                found = f"a number with {self.letters[place]!r} behind it"
                raise self._error(place, found, "a number, as in other rows", first)

    def _error(self, place: int, found: str, expected: str, line: int) -> FileError:
        found = f"{found} in the column {self.header.names[place]!r}"
        return FileError(self.text.path, found, expected, line)

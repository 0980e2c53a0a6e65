"""Any laboratory's table as text: comma, semicolon, tab or blanks between columns."""

import re

from hall2net.errors import FileError
from hall2net.readers.table import BLANKS, MAX_COLUMNS, Header, folded, header_at
from hall2net.readers.text import Text
from hall2net.units import SI_FACTORS, unit_spelt

DEFAULT_COLUMNS: dict[str, tuple[str, ...]] = {}
"""None: the sheet says which column is what."""

_DELIMITERS = (",", ";", "\t")
_COMMENT = "#%! "
_UNITS = {unit for factors in SI_FACTORS.values() for unit in factors}


def recognises(head: list[str]) -> bool:
    """Any text may be a table."""
    return True


def find_table(text: Text, head: list[str], wanted: list[str]) -> Header:
    """The first line that names the `wanted` columns.

    Names are compared without regard to case and outer blanks; a comment sign may stand before
    them. Lines above are the logging program's own words. Where all wanted names are whole
    numbers, they count the columns of a table without names.

    Parameters
    ----------
    text : the file
    head : its first lines
    wanted : column names that it must have, or numbers of columns

    Raises
    ------
    FileError
        If no line names all wanted columns; the message shows what the likeliest header has.
    """
    names = [folded(name) for name in wanted]
    if names and all(name.isdecimal() for name in names):
        return _without_names(text, head, max(map(int, names)))
    for number, line in enumerate(head, 1):
        for header in _candidates(text, number, line):
            if set(names) <= {folded(name) for name in header.names}:
                return header
    likely = next((line for line in head if any(d in line for d in _DELIMITERS)), head[0])
    found = ", ".join(repr(name) for name in wanted)
    raise FileError(
        text.path, f"no line names the columns {found}", f"e.g. those of {likely[:200]!r}"
    )


def likely_table(text: Text, head: list[str]) -> tuple[Header, list[str]]:
    """Column names where no sheet tells them, with the unit of each column (empty if none).

    They are the first line that has words over the numbers below it; a line of units may stand
    between. A table without names has its columns counted from 1.

    Raises
    ------
    FileError
        If no two columns of numbers are found.
    """
    for number, line in enumerate(head, 1):
        if max(map(line.count, (*_DELIMITERS, BLANKS))) > MAX_COLUMNS:
            continue
        if _is_data(text, number):
            break
        for header in _candidates(text, number, line):
            if any(map(_is_number, header.names)) or len(header.names) < 2:
                continue
            units = [unit_of(name) for name in header.names]
            if _is_data(text, header.body, header):
                return header, units
            below = [cell.strip("()[] ") for cell in _cells(text, header.body, header.delimiter)]
            names_units = any(below) and all(unit_spelt(unit) in _UNITS for unit in below)
            if names_units and _is_data(text, header.body + 1, header):
                return header, [below[k] or unit for k, unit in enumerate(units)]
    try:
        header = _without_names(text, head, 2)
    except FileError:
        expected = "column names above rows of numbers"
        raise FileError(text.path, "no table of numbers", expected) from None
    return header, [""] * len(header.names)


def _is_data(text: Text, number: int, header: Header | None = None) -> bool:
    """Whether two numbers or more stand in this line, and under the names of `header`."""
    for delimiter in [header.delimiter] if header else [*_DELIMITERS, BLANKS]:
        cells = _cells(text, number, delimiter)
        width = len(header.names) if header else len(cells)
        numbers = sum(map(_is_number, cells))
        words = sum(bool(cell.strip()) for cell in cells) - numbers
        if numbers >= 2 and len(cells) == width and (header or not words):
            return True
    return False


def _cells(text: Text, number: int, delimiter: str) -> list[str]:
    if number > len(text.ends):
        return []
    line = text.line(number)
    if delimiter == BLANKS:
        return line.split()
    return [cell.strip().strip('"') for cell in line.split(delimiter)]


def _candidates(text: Text, number: int, line: str) -> list[Header]:
    """Ways to cut a line into column names."""
    found = []
    for delimiter in _DELIMITERS:
        if delimiter in line or line.startswith('"'):
            try:
                header = header_at(text, number, delimiter)
            except FileError:
                continue
            first = header.names[0].lstrip(_COMMENT)
            found.append(Header([first, *header.names[1:]], delimiter, number, header.body))
    plain = line.strip().lstrip(_COMMENT)
    for names in (re.split(r"\s{2,}|\t", plain), plain.split()):
        found.append(Header(names, BLANKS, number, number + 1))
    return found


def _without_names(text: Text, head: list[str], width: int) -> Header:
    """A table of at least `width` columns below the first line that is all numbers."""
    for number, line in enumerate(head, 1):
        for delimiter in (*_DELIMITERS, None):
            cells = line.split(delimiter)
            if len(cells) >= width and all(_is_number(cell) for cell in cells):
                names = [str(k) for k in range(1, len(cells) + 1)]
                return Header(names, delimiter or BLANKS, number, number)
    raise FileError(text.path, f"no line of {width} numbers", "column names in measurements.csv")


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True


def unit_of(column: str) -> str:
    """The unit that a column name ends with, in round or square brackets; empty if none."""
    match = re.search(r"[(\[]([^()\[\]]*)[)\]]\s*$", column)
    return match.group(1) if match else ""

"""Any laboratory's table as text: comma, semicolon, tab or blanks between columns."""

import re

from hall2net.errors import FileError
from hall2net.readers.table import BLANKS, Header, folded, header_at
from hall2net.readers.text import Text

DEFAULT_COLUMNS: dict[str, tuple[str, ...]] = {}
"""None: the sheet says which column is what."""

_DELIMITERS = (",", ";", "\t")
_COMMENT = "#%! "


def recognises(head: list[str]) -> bool:
    """Any text may be a table."""
    return True


def find_table(text: Text, head: list[str], wanted: list[str]) -> Header:
    """The first line that names the `wanted` columns.

    Names are compared without regard to case and outer blanks; a comment sign may stand before
    them. Lines above are the logging program's own words. Where all wanted names are whole
    numbers, they count the columns of a table without names.

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

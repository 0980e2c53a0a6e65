"""Any laboratory's table as text: comma, semicolon, tab or blanks between columns."""

import csv
import re
from pathlib import Path

from hall2net.errors import FileError
from hall2net.readers.text import Table, parse_table

DEFAULT_COLUMNS: dict[str, tuple[str, ...]] = {}
"""None: the sheet says which column is what."""

_DELIMITERS = (",", ";", "\t")


def read(path: Path, lines: list[str], wanted: list[str]) -> Table:
    """The table whose header names the `wanted` columns, wherever it begins.

    Names are compared without regard to case and outer blanks. Lines before the header are the
    logging program's own words.

    Raises
    ------
    FileError
        If no line names all wanted columns; the message lists what the likeliest header has.
    """
    folded = [name.strip().casefold() for name in wanted]
    for number, line in enumerate(lines):
        for delimiter in _DELIMITERS:
            if delimiter not in line and len(folded) > 1:
                continue
            names = [
                name.strip().casefold() for name in next(csv.reader([line], delimiter=delimiter))
            ]
            if all(name in names for name in folded):
                return _renamed(parse_table(path, lines, number, delimiter), wanted)
    likely = next((line for line in lines if sum(d in line for d in _DELIMITERS)), lines[0])
    found = ", ".join(repr(name) for name in wanted)
    raise FileError(path, f"no line names the columns {found}", f"e.g. those of {likely[:200]!r}")


def _renamed(table: Table, wanted: list[str]) -> Table:
    """The table with the wanted names spelt as the sheet spells them."""
    spelt = {name.strip().casefold(): name for name in wanted}
    names = {name: spelt.get(str(name).casefold(), name) for name in table.data.columns}
    return Table(table.data.rename(columns=names), table.lines, table.header)


def unit_of(column: str) -> str:
    """The unit that a column name ends with, in round or square brackets; empty if none."""
    match = re.search(r"[(\[]([^()\[\]]*)[)\]]\s*$", column)
    return match.group(1) if match else ""

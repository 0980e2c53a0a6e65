"""Lake Shore 8600 VSM exports: `#SECTION` lines, a `##DATA TABLE` line, then a CSV table."""

from pathlib import Path

from hall2net.errors import FileError
from hall2net.readers.text import Table, parse_table

DEFAULT_COLUMNS = {
    "field": ("Field [Oe]", "Field [T]"),
    "moment": ("Moment (m) [emu]", "Moment (m) [A m2]"),
    "temperature": ("Temperature [K]",),
    "time": ("Time Stamp [s]",),
}


def read(path: Path, lines: list[str]) -> Table:
    """The table below `##DATA TABLE`; the words "Lake Shore" never appear in such a file.

    Raises
    ------
    FileError
        If there is no `##DATA TABLE` line with column names after it.
    """
    for number, line in enumerate(lines):
        if line.startswith("##DATA TABLE"):
            if number + 1 == len(lines) or not lines[number + 1].strip(" ,"):
                raise FileError(path, "nothing after ##DATA TABLE", "column names", number + 1)
            return parse_table(path, lines, number + 1, ",")
    raise FileError(path, "no ##DATA TABLE line", "a Lake Shore 8600 export")

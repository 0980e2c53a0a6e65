"""Lake Shore 8600 VSM exports: `#SECTION` lines, a `##DATA TABLE` line, then a CSV table."""

from collections.abc import Sequence

from hall2net.readers.sections import plain, table_below
from hall2net.readers.table import Header
from hall2net.readers.text import Text

# The words "Lake Shore" never appear in such a file.
MARK = "a line ##DATA TABLE"

DEFAULT_COLUMNS = {
    "field": ("Field [Oe]", "Field [T]"),
    "moment": ("Moment (m) [emu]", "Moment (m) [A m2]"),
    "temperature": ("Temperature [K]",),
    "time": ("Time Stamp [s]",),
}


_TABLE = "##DATA TABLE"


def recognises(head: list[str]) -> bool:
    """Whether these first lines of a file are a Lake Shore 8600's."""
    return any(plain(line).startswith(_TABLE) for line in head)


def find_table(text: Text, head: list[str], wanted: Sequence[str]) -> Header:
    """The column names below `##DATA TABLE`.

    Parameters
    ----------
    text : the file
    head : its first lines
    wanted : not used: the file says where its names are

    Raises
    ------
    FileError
        If nothing follows that line, or there are two: two measurements in one file.
    """
    number = next(k for k, line in enumerate(head, 1) if plain(line).startswith(_TABLE))
    return table_below(text, head, number, _TABLE)

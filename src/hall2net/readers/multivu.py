"""Quantum Design MultiVu files (VersaLab, PPMS, MPMS3): `[Header]`, `[Data]`, then a CSV table."""

from collections.abc import Sequence

from hall2net.readers.sections import plain, table_below
from hall2net.readers.table import Header
from hall2net.readers.text import Text

MARK = "the lines [Header] and [Data]"

DEFAULT_COLUMNS = {
    "field": ("Magnetic Field (Oe)", "Field (Oe)"),
    "moment": ("Moment (emu)", "DC Moment Free Ctr (emu)", "DC Moment Fixed Ctr (emu)"),
    "temperature": ("Temperature (K)",),
    "time": ("Time Stamp (sec)",),
}
"""Columns that MultiVu's options name; the first that the file has is meant."""


def recognises(head: list[str]) -> bool:
    """Whether these first lines of a file are MultiVu's."""
    first = next((line for line in head if line.strip()), "")
    return _section(first) == "[header]" and any(_section(line) == "[data]" for line in head)


def find_table(text: Text, head: list[str], wanted: Sequence[str]) -> Header:
    """The column names below `[Data]`.

    Parameters
    ----------
    text : the file
    head : its first lines
    wanted : not used: the file says where its names are

    Raises
    ------
    FileError
        If nothing follows `[Data]`, or there is a second `[Data]`: two measurements in one file.
    """
    number = next(number for number, line in enumerate(head, 1) if _section(line) == "[data]")
    return table_below(text, head, number, "[Data]")


def _section(line: str) -> str:
    return plain(line).lower()

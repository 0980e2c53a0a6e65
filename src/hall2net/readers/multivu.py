"""Quantum Design MultiVu files (VersaLab, PPMS, MPMS3): `[Header]`, `[Data]`, then a CSV table."""

from pathlib import Path

from hall2net.errors import FileError
from hall2net.readers.text import Table, parse_table

DEFAULT_COLUMNS = {
    "field": ("Magnetic Field (Oe)", "Field (Oe)"),
    "moment": ("Moment (emu)", "DC Moment Free Ctr (emu)", "DC Moment Fixed Ctr (emu)"),
    "temperature": ("Temperature (K)",),
    "time": ("Time Stamp (sec)",),
}
"""Columns that MultiVu's options name; the first that the file has is meant."""


def read(path: Path, lines: list[str]) -> Table:
    """The table below `[Data]`.

    Raises
    ------
    FileError
        If there is no `[Data]` line with column names after it.
    """
    for number, line in enumerate(lines):
        if line.strip().strip(",").lower() == "[data]":
            if number + 1 == len(lines) or not lines[number + 1].strip():
                raise FileError(path, "nothing after [Data]", "column names", number + 1)
            return parse_table(path, lines, number + 1, ",")
    raise FileError(path, "no [Data] line", "a MultiVu file with [Header] and [Data]")

"""Quantum Design MultiVu files (VersaLab, PPMS, MPMS3): `[Header]`, `[Data]`, then a CSV table."""

from hall2net.errors import FileError
from hall2net.readers.table import Header, header_at
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


def find_table(text: Text, head: list[str], wanted: list[str]) -> Header:
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
    sections = [number for number, line in enumerate(head, 1) if _section(line) == "[data]"]
    number = sections[0]
    if number == len(text.ends) or not text.line(number + 1).strip(" ,"):
        raise FileError(text.path, "nothing after [Data]", "column names", number)
    later = text.content.find(b"\n[Data]", text.start(number + 1))
    if later >= 0:
        line = text.content.count(b"\n", 0, later) + 2
        raise FileError(text.path, "a second [Data]", "one measurement a file; split it", line)
    return header_at(text, number + 1, ",")


def _section(line: str) -> str:
    return line.strip(" ,\t").lower()

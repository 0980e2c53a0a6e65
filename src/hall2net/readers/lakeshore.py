"""Lake Shore 8600 VSM exports: `#SECTION` lines, a `##DATA TABLE` line, then a CSV table."""

from hall2net.errors import FileError
from hall2net.readers.table import Header, header_at
from hall2net.readers.text import Text

# The words "Lake Shore" never appear in such a file.
MARK = "a line ##DATA TABLE"

DEFAULT_COLUMNS = {
    "field": ("Field [Oe]", "Field [T]"),
    "moment": ("Moment (m) [emu]", "Moment (m) [A m2]"),
    "temperature": ("Temperature [K]",),
    "time": ("Time Stamp [s]",),
}


def recognises(head: list[str]) -> bool:
    """Whether these first lines of a file are a Lake Shore 8600's."""
    return any(line.startswith(_TABLE) for line in head)


def find_table(text: Text, head: list[str], wanted: list[str]) -> Header:
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
    number = next(k for k, line in enumerate(head, 1) if line.startswith(_TABLE))
    if number == len(text.ends) or not text.line(number + 1).strip(" ,"):
        raise FileError(text.path, f"nothing after {_TABLE}", "column names", number)
    later = text.content.find(b"\n" + _TABLE.encode(), text.start(number + 1))
    if later >= 0:
        line = text.content.count(b"\n", 0, later) + 2
        raise FileError(text.path, f"a second {_TABLE}", "one measurement a file; split it", line)
    return header_at(text, number + 1, ",")


_TABLE = "##DATA TABLE"

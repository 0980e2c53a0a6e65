"""What instrument files with marked sections share: the table below a line that marks it."""

from collections.abc import Sequence

from hall2net.errors import FileError
from hall2net.readers.table import Header, header_at
from hall2net.readers.text import Text
from hall2net.units import unit_in

_DELIMITERS = (",", "\t", ";")  # a spreadsheet that saves the file again writes its own


def plain(line: str) -> str:
    """A line without the delimiters and quotes that a spreadsheet adds to it."""
    return line.strip(' ,;\t"')


def table_below(text: Text, head: Sequence[str], number: int, mark: str) -> Header:
    """The column names below the line that marks the table.

    Parameters
    ----------
    text : the file
    head : its first lines
    number : of the line that marks the table, from 1
    mark : how that line begins

    Raises
    ------
    FileError
        If nothing follows that line, or there are two: two measurements in one file.
    """
    if number == len(text.ends) or not plain(text.line(number + 1)):
        raise FileError(text.path, f"nothing after {mark}", "column names", number)
    later = text.content.find(b"\n" + mark.encode(), text.start(number + 1))
    if later >= 0:
        line = text.content.count(b"\n", 0, later) + 2
        raise FileError(text.path, f"a second {mark}", "one measurement a file; split it", line)
    names = text.line(number + 1)
    header = header_at(text, number + 1, max(_DELIMITERS, key=names.count))
    units = [unit_in(name) for name in header.names]
    return Header(header.names, header.delimiter, header.line, header.body, units)

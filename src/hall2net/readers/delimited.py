"""Any laboratory's table as text: comma, semicolon, tab, bar or blanks between columns."""

from collections.abc import Sequence

from hall2net.errors import FileError
from hall2net.readers.layout import counted, cuts, layouts
from hall2net.readers.table import Header, folded
from hall2net.readers.text import Text
from hall2net.units import unit_in, without_unit

DEFAULT_COLUMNS: dict[str, tuple[str, ...]] = {}
"""None: the sheet says which column is what."""


def recognises(head: list[str]) -> bool:
    """Any text may be a table."""
    return True


def find_table(text: Text, head: list[str], wanted: Sequence[str]) -> Header:
    """The table that has the `wanted` columns; without any, the likeliest.

    Names are compared without regard to case and outer blanks, and may lack their unit. A name
    that is a whole number counts the columns from 1. Lines above the names are the logging
    program's own words.

    Parameters
    ----------
    text : the file
    head : its first lines
    wanted : column names that it must have, or numbers of columns; `a|b` is either of two

    Raises
    ------
    FileError
        If no line names all wanted columns, or it has more or fewer names than the rows below it
        have numbers; the message shows what the likeliest header has.
    """
    found = layouts(text)
    if not wanted:
        if not found:
            expected = "column names above rows of numbers"
            raise FileError(text.path, "no table of numbers", expected)
        return found[0]
    if header := _having(found, wanted) or _having(layouts(text, everywhere=True), wanted):
        return header
    numbers = [int(name) for name in wanted if name.isdecimal()]
    if len(numbers) == len(wanted):
        if header := counted(text, max(numbers)):
            return header
        expected = "numbers of the columns that the rows have, in measurements.csv"
        raise FileError(text.path, f"no line of {max(numbers)} numbers", expected)
    return _misfit(text, head, wanted, found)


def places_of(header: Header, wanted: str) -> list[int]:
    """Columns of a name, as it is spelt, or else without regard to case and blanks, or its unit.

    Parameters
    ----------
    header : of the table
    wanted : a name, several joined by `|`, of which the first that is there is meant, or the
        number of a column from 1
    """
    names = header.names
    for name in dict.fromkeys([wanted, *wanted.split("|")]):
        if name in names:
            return [k for k, word in enumerate(names) if word == name]
        spelt = folded(name)
        for plain in (folded, lambda own: folded(without_unit(own))):
            if found := [k for k, own in enumerate(names) if plain(own) == spelt]:
                return found
        if spelt.isdecimal() and 0 < int(spelt) <= len(names):
            return [int(spelt) - 1]
    return []


def _having(headers: Sequence[Header], wanted: Sequence[str]) -> Header | None:
    named = [name for name in wanted if not name.isdecimal()]
    fitting = [h for h in headers if all(places_of(h, name) for name in wanted)]
    if not named:
        return fitting[0] if fitting else None
    return min(fitting, key=lambda header: header.line, default=None)


def _misfit(text: Text, head: list[str], wanted: Sequence[str], found: list[Header]) -> Header:
    """A line that names the columns where no row of numbers shows whether it is their header.

    Raises
    ------
    FileError
        If no line names them, or rows below it have another number of cells.
    """
    for number in range(1, len(head) + 1):
        for names, delimiter, below in cuts(text, number):
            header = Header(names, delimiter, number, below, [unit_in(name) for name in names])
            if not all(places_of(header, name) for name in wanted):
                continue
            if not found or delimiter == found[0].delimiter != " ":
                return header
            width = len(found[0].names)
            trouble = f"{len(names)} names over {width} numbers in a row"
            cure = "as many names as numbers, or numbers of columns from 1 in measurements.csv"
            raise FileError(text.path, trouble, cure, number)
    likely = found[0].names if found else head[0][:200].split(",")
    missing = ", ".join(repr(name) for name in wanted)
    expected = f"names in measurements.csv among: {', '.join(likely[:30])}"
    raise FileError(text.path, f"no line names the columns {missing}", expected)

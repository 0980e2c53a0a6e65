"""Princeton MicroMag files (2900 AGM, 3900 VSM): sections of settings, then an unquoted CSV table.

Column names and units stand on separate lines above the numbers, each word over its column.
"""

import re

from hall2net.errors import FileError
from hall2net.readers.table import Header
from hall2net.readers.text import Text

MARK = "a first line 'MicroMag … Data File'"

DEFAULT_COLUMNS = {
    "field": ("Field (T)", "Field (Oe)"),
    "moment": ("Moment (Am²)", "Moment (emu)"),
}
"""As measured; `Adjusted Moment (Am²)` is what the instrument's program made of it."""

_UNITS = re.compile(r"\s*(\([^()]*\)\s*)+")
_WORDS = re.compile(r"\S+(?: \S+)*")


def recognises(head: list[str]) -> bool:
    """Whether these first lines of a file are MicroMag's."""
    return bool(re.match(r"\s*MicroMag\b.*Data File", head[0]))


def find_table(text: Text, head: list[str], wanted: list[str]) -> Header:
    """The column names above the last table: those before it describe its segments.

    Parameters
    ----------
    text : the file
    head : its first lines
    wanted : not used: the file says where its names are

    Raises
    ------
    FileError
        If no line of units, with names above it, is found.
    """
    units = [number for number, line in enumerate(head) if _UNITS.fullmatch(line)]
    if not units:
        found = "no line of units, such as (T) (Am²)"
        raise FileError(text.path, found, "a MicroMag file with column names")
    number = units[-1]
    columns = [[_middle(word), [word.group()]] for word in re.finditer(r"\([^()]*\)", head[number])]
    for line in reversed(head[:number]):
        if not line.strip() or "," in line:
            break
        for word in _WORDS.finditer(line):
            nearest = min(columns, key=lambda column: abs(column[0] - _middle(word)))
            nearest[1].insert(0, word.group())
    names = [" ".join(words) for _, words in columns]
    return Header(names, ",", number + 1, number + 2)


def _middle(word: re.Match) -> float:
    return sum(word.span()) / 2

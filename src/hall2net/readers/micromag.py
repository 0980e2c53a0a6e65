"""Princeton MicroMag files (2900 AGM, 3900 VSM): sections of settings, then an unquoted CSV table.

Column names and units stand on separate lines above the numbers, each word over its column. Files
of older series have no line of units: the head says which system they are of.
"""

import re
from collections.abc import Sequence

from hall2net.errors import FileError
from hall2net.readers.table import Header
from hall2net.readers.text import Text
from hall2net.units import unit_in

MARK = "a first line 'MicroMag … Data File'"

DEFAULT_COLUMNS = {
    "field": ("Field (T)", "Field (Oe)", "Field", "Raw Field"),
    "moment": ("Moment (Am²)", "Moment (emu)", "Moment", "Raw Moment"),
}
"""As measured; `Adjusted Moment (Am²)` is what the instrument's program made of it."""

_UNITS = re.compile(r"\s*(\([^()]*\)\s*)+")
_WORDS = re.compile(r"\S+(?: \S+)*")
_NUMBERS = re.compile(r"\s*[+-]?[\d.]+(?:[eE][+-]\d+)?\s*,")
_SYSTEM = re.compile(r"Units of measure\s+(.*\S)")
_SYSTEMS = {
    "hybrid si": {"field": "T", "moment": "A m2"},
    "si": {"field": "A/m", "moment": "A m2"},
    "cgs": {"field": "Oe", "moment": "emu"},
}


def recognises(head: list[str]) -> bool:
    """Whether these first lines of a file are MicroMag's."""
    first = next((line for line in head if line.strip()), "")
    return bool(re.match(r"\s*MicroMag\b.*Data File", first))


def find_table(text: Text, head: list[str], wanted: Sequence[str]) -> Header:
    """The column names above the last table: those before it describe its segments.

    Parameters
    ----------
    text : the file
    head : its first lines
    wanted : not used: the file says where its names are

    Raises
    ------
    FileError
        If no line of words is found above rows of numbers, or it has not one word a column.
    """
    number = _last_names(head)
    if number is None:
        found = "no column names above rows of numbers"
        raise FileError(text.path, found, "a MicroMag file with column names")
    pattern = re.compile(r"\([^()]*\)") if _UNITS.fullmatch(head[number]) else _WORDS
    columns = [(_middle(word), [word.group()]) for word in pattern.finditer(head[number])]
    width = head[number + 1].count(",") + 1 if number + 1 < len(head) else len(columns)
    if width != len(columns):
        found = f"{len(columns)} column names over {width} numbers"
        raise FileError(text.path, found, "a word over each column", number + 1)
    for line in reversed(head[:number]):
        if not line.strip() or "," in line:
            break
        for word in _WORDS.finditer(line):
            nearest = min(columns, key=lambda column: abs(column[0] - _middle(word)))
            nearest[1].insert(0, word.group())
    names = [" ".join(words) for _, words in columns]
    return Header(names, ",", number + 1, number + 2, _units(names, head))


def _last_names(head: list[str]) -> int | None:
    """Place of the last line of words that stands right above rows of numbers, or ends the head."""
    for number in range(len(head) - 1, -1, -1):
        if not head[number].strip() or "," in head[number]:
            continue
        units = _UNITS.fullmatch(head[number])
        above_numbers = number + 1 < len(head) and _NUMBERS.match(head[number + 1])
        if units or above_numbers:
            return number
    return None


def _units(names: list[str], head: list[str]) -> list[str]:
    """Unit of each column: in its name, or that of the head's system."""
    system = next((match[1] for line in head if (match := _SYSTEM.match(line))), "")
    units = _SYSTEMS.get(system.lower(), {})
    return [
        unit_in(name) or next((unit for word, unit in units.items() if word in name.lower()), "")
        for name in names
    ]


def _middle(word: re.Match) -> float:
    return sum(word.span()) / 2

"""Igor text (`.itx`): blocks `WAVES … BEGIN … END`, each with one wave or several side by side."""

import re
from collections.abc import Callable, Sequence

import numpy as np

from hall2net.errors import FileError
from hall2net.readers.table import MAX_COLUMNS, Header, Table, checked
from hall2net.readers.text import Text

MARK = "a first line IGOR"
DEFAULT_COLUMNS: dict[str, tuple[str, ...]] = {}
"""None: the sheet says which wave is what."""

_WAVES = re.compile(r"(?i)\s*WAVES\s*(?:/[A-Z](?:=\(?[\d,\s]*\)?)?\s*)*")
_NAME = re.compile(r"'[^']*'|[^\s,']+")
_UNIT = re.compile(r"(?i)SetScale\s*(?:/\w+)?\s*d\s*,?[^;\"]*,\s*\"([^\"]*)\"\s*,\s*([^;]+)")


def recognises(head: list[str]) -> bool:
    """Whether these first lines of a file are an Igor text's."""
    first = next((line for line in head if line.strip()), "")
    return first.strip().upper() == "IGOR"


def open_waves(text: Text, head: list[str]) -> tuple[Header, Callable[[Sequence[int]], Table]]:
    """Waves of the same length, as the columns of one table.

    Parameters
    ----------
    text : the file
    head : its first lines

    Returns
    -------
    Names and units, and what reads the columns at some places.

    Raises
    ------
    FileError
        If a block does not end, or holds what is no number; if there is no wave of numbers.
    """
    waves: dict[str, tuple[int, list[float]]] = {}
    units: dict[str, str] = {}
    number, count = 1, len(text.ends)
    while number <= count:
        line = text.line(number)
        if match := _WAVES.match(line):
            number = _block(text, number, line[match.end() :], waves)
            continue
        for unit, names in _UNIT.findall(line):
            units |= {name.strip("' "): unit for name in names.split(",")}
        number += 1
    lengths = [len(values) for _, values in waves.values()]
    longest = max(lengths, key=lengths.count, default=0)
    if not longest:
        raise FileError(text.path, "no wave of numbers", "WAVES, BEGIN, rows, END")
    kept = {name: wave for name, wave in waves.items() if len(wave[1]) == longest}
    first = min(line for line, _ in kept.values())
    header = Header(list(kept), "\t", first, first, [units.get(name, "") for name in kept])
    columns = [np.array(values) for _, values in kept.values()]

    def read(places: Sequence[int]) -> Table:
        chosen = Table({k: columns[k] for k in places}, np.arange(first, first + longest))
        return checked(text.path, header, chosen)

    return header, read


def _block(text: Text, number: int, named: str, waves: dict[str, tuple[int, list[float]]]) -> int:
    """Take the waves of the block whose names stand in a line; the line below the block."""
    names = [name.strip("'") for name in _NAME.findall(named)][:MAX_COLUMNS]
    while number < len(text.ends) and text.line(number).strip().upper() != "BEGIN":
        number += 1
    first, rows = number + 1, []
    number += 1
    while number <= len(text.ends) and text.line(number).strip().upper() != "END":
        cells = text.line(number).replace(",", ".").split()
        try:
            if cells:
                rows.append([float(cell) for cell in cells])
        except ValueError:
            found = f"{text.line(number).strip()[:40]!r} among the numbers of a wave"
            raise FileError(text.path, found, "numbers, or END", number) from None
        number += 1
    widths = {len(row) for row in rows}
    if len(widths) > 1:
        raise FileError(text.path, "rows of unequal length in a wave", "equal rows", first)
    width = widths.pop() if widths else 0
    if len(names) == 1 and width > 1:
        names = [f"{names[0]}[{k}]" for k in range(width)]
    if width and width != len(names):
        found = f"{len(names)} names over {width} numbers"
        raise FileError(text.path, found, "one name a column", first)
    for name, values in zip(names, zip(*rows, strict=True), strict=bool(rows)):
        waves[name] = first, list(values)
    return number + 1

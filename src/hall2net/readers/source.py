"""Any instrument file, opened: its format, columns, units, and the words above its table.

The one way in: readers, drafts and checks all ask here what a file holds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from hall2net.errors import FileError
from hall2net.readers import (
    delimited,
    hdf5,
    igor,
    lakeshore,
    micromag,
    microsense,
    multivu,
)
from hall2net.readers.delimited import places_of
from hall2net.readers.table import Header, Table, read_columns, sample_columns
from hall2net.readers.text import read_start, read_text, starts_as
from hall2net.units import unit_spelt

# The last one takes any text.
_TEXTS = {
    "multivu": multivu, "lakeshore8600": lakeshore, "micromag": micromag, "igor": igor,
    "microsense": microsense, "delimited": delimited,
}  # fmt: skip
_MODULES = {"hdf5": hdf5, **_TEXTS}
FORMATS = tuple(_MODULES)
"""Names for `format` in `measurements.csv`."""

_WORD_LINES = 200
_STARTS = 2**12, 2**16  # bytes in which the names of most files stand


@dataclass(frozen=True)
class Source:
    """An instrument file, opened.

    Attributes
    ----------
    path : the file
    format : one of `FORMATS`
    header : column names
    units : of each column, as `SI_FACTORS` spells them; empty if the file does not say
    words : lines above the table
    read : numbers of the columns at these places (from 0)
    sample : the same of some rows, spread over the file
    """

    path: Path
    format: str
    header: Header
    units: list[str]
    words: list[str]
    read: Callable[[Sequence[int]], Table]
    sample: Callable[[Sequence[int]], dict[int, np.ndarray]]

    @property
    def names(self) -> list[str]:
        """Names of the columns; numbers from 1 where the file has none."""
        return self.header.names

    @property
    def line(self) -> int | None:
        """Line of the names, where the file has lines."""
        return self.header.line or None

    @property
    def defaults(self) -> dict[str, tuple[str, ...]]:
        """Quantity to the columns that the format knows for it, the best first."""
        return _MODULES[self.format].DEFAULT_COLUMNS

    def places(self, name: str) -> list[int]:
        """Places of the columns with this name, or of `a|b` the first; as `places_of`."""
        return places_of(self.header, name)

    def numbers(self, places: Sequence[int]) -> dict[int, np.ndarray]:
        """Numbers of those of the columns that can be read, by their places.

        One bad column, such as a date, does not take the others with it.
        """
        if not places:
            return {}
        try:
            return self.read(places).columns
        except FileError:
            if len(places) == 1:
                return {}
        parts = [self.numbers([place]) for place in places]
        return {place: values for part in parts for place, values in part.items()}


def open_source(path: str | Path, wanted: Sequence[str] = (), stated: str = "") -> Source:
    """Open a file and find its table.

    Parameters
    ----------
    path : the file
    wanted : columns that the table must have, where a text may hold several tables
    stated : the format that it should have; empty for any

    Raises
    ------
    FileError
        If it cannot be read, is of another format, or has no table of numbers.
    """
    path = Path(path)
    if starts_as(path, *hdf5.STARTS):
        _check_format(path, "hdf5", stated)
        header, read = hdf5.open_arrays(path)
        return Source(path, "hdf5", header, _spelt(header), [], read, lambda k: read(k).columns)
    text = read_text(path)
    head = text.head()
    name = _format_of(head)
    _check_format(path, name, stated)
    if name == "igor":
        header, read = igor.open_waves(text, head)
        words = [line for line in head[: header.line - 1] if line.strip()]
        return Source(path, name, header, _spelt(header), words, read, lambda k: read(k).columns)
    header = _TEXTS[name].find_table(text, head, wanted)
    words = head[: min(header.line - 1, _WORD_LINES)]
    read, sample = partial(read_columns, text, header), partial(sample_columns, text, header)
    return Source(path, name, header, _spelt(header), words, read, sample)


def header_of(path: str | Path, wanted: Sequence[str], seen: dict[bytes, Header]) -> Header:
    """Column names of a file, from its first lines where these are enough.

    Parameters
    ----------
    path : the file
    wanted : columns that it should have; more of the file is read until they are found
    seen : lines down to the first row, to their column names; a file that begins with the same
        lines has the same names. What is found is added

    Raises
    ------
    FileError
        If it cannot be read or has no table of numbers.
    """
    for most in () if starts_as(path, *hdf5.STARTS) else _STARTS:
        text, whole = read_start(path, most)
        known = next((seen[lines] for lines in seen if text.content.startswith(lines)), None)
        if known and all(places_of(known, one) for one in wanted):
            return known
        head = text.head()
        name = _format_of(head)
        # MicroMag's names stand below a table of segments, Igor's anywhere.
        if name in ("igor", "micromag"):
            break
        try:
            header = _TEXTS[name].find_table(text, head, ())
        except FileError:
            if whole:
                raise
            continue
        if all(places_of(header, one) for one in wanted):
            if header.body > header.line:
                seen[text.content[: text.start(header.body)]] = header
            return header
    return open_source(path).header


def _format_of(head: list[str]) -> str:
    return next(name for name, module in _TEXTS.items() if module.recognises(head))


def _check_format(path: Path, found: str, stated: str) -> None:
    general = stated == "delimited" and getattr(_MODULES[found], "AS_DELIMITED", False)
    if found == stated or not stated or general:
        return
    if found == "delimited":
        trouble = f"lacks what marks {stated}: {_MODULES[stated].MARK}"
    else:
        trouble = f"looks like {found} ({_MODULES[found].MARK})"
    fix = f"the format {found} in measurements.csv, or a {stated} file"
    raise FileError(path, trouble, fix)


def _spelt(header: Header) -> list[str]:
    units = header.units or [""] * len(header.names)
    return [unit_spelt(unit, name) for unit, name in zip(units, header.names, strict=True)]

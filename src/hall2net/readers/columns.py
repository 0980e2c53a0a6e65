"""Which columns of a file hold what a row of the sheet asks for, and their numbers in SI."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hall2net.errors import FileError
from hall2net.readers.conditions import cycle_columns, temperature_columns
from hall2net.readers.source import Source, open_source
from hall2net.readers.table import Table
from hall2net.units import SI_FACTORS, is_unit, to_si, unit_spelt

KEYS = (
    "x", "y", "rxx", "sigma", "pulse", "time", "temperature", "current", "cycle", "first_y",
    "second_x", "second_y",
)  # fmt: skip
"""`<key>_column` in the sheet names the column."""

_WITH_SIGNAL = ("first_y", "second_x", "second_y")
"""Columns that have the signal's unit where their own names say none."""

CYCLED = ("ahe_loop", "loop_shift", "vsm_loop", "sot_switching")
"""Kinds whose file may hold several cycles."""

NONE = "none"
"""`temperature_column` where the file's own channel is not to be used."""

COIL = "coil_t_per_a"
"""Column of the sheet: field of a coil in tesla per ampere, where x is the coil's current."""

_NEEDED = ("x", "y")


def given(row: Mapping[str, Any], key: str) -> str:
    """A cell of the sheet as text; empty if there is none."""
    value = row.get(key)
    return "" if value is None or value != value else str(value)


def number_given(row: Mapping[str, Any], key: str) -> float | None:
    """A cell of the sheet as a number; None if there is none."""
    text = given(row, key)
    value = float(text) if text else np.nan
    return value if np.isfinite(value) else None


class Columns:
    """The columns of one file that a row of the sheet asks for.

    Attributes
    ----------
    source : the file
    row : of the sheet
    candidates : key to the columns that may be meant, the best first
    places : key to the column that is meant, once `read` has looked at the numbers
    table : the numbers of all of them
    """

    def __init__(
        self, source: Source, row: Mapping[str, Any], candidates: dict[str, list[int]]
    ) -> None:
        self.source, self.row, self.candidates = source, row, candidates
        self.places: dict[str, int] = {}
        self.table = Table({}, np.array([], dtype=int))

    @property
    def path(self) -> Path:
        """The file."""
        return self.source.path

    def name(self, key: str) -> str:
        """Name of the column that is meant."""
        return self.source.names[self.places[key]]

    def read(self, more: Sequence[int] = ()) -> None:
        """Read all candidates and take, of each key, the first that holds numbers.

        Parameters
        ----------
        more : places of other columns to read at the same time

        Raises
        ------
        FileError
            As of `read_columns`.
        """
        needed = [k for key, places in self.candidates.items() for k in places if self._named(key)]
        others = {k for places in self.candidates.values() for k in places} - set(needed)
        try:
            self.table = self.source.read([*needed, *others, *more])
        except FileError:
            # A column that nobody asked for does not take the others with it.
            if not needed or not others | set(more):
                raise
            self.table = self.source.read(needed)
            self.candidates = {
                key: [k for k in places if k in self.table.columns]
                for key, places in self.candidates.items()
            }
        self.places = {
            key: next((k for k in places if self._filled(k)), places[0])
            for key, places in self.candidates.items()
            if places
        }

    def _named(self, key: str) -> bool:
        return key in _NEEDED or bool(given(self.row, f"{key}_column"))

    def _filled(self, place: int) -> bool:
        return bool(np.isfinite(self.table.columns[place]).any())

    def raw(self, key: str) -> np.ndarray:
        """Numbers as they stand in the file."""
        return self.table.columns[self.places[key]]

    def si(self, key: str, quantity: str) -> np.ndarray:
        """Numbers in SI.

        Raises
        ------
        FileError
            If the column's unit is none of the quantity.
        """
        return to_si(self.raw(key), self.unit(key, quantity), quantity)

    def swept(self, quantity: str) -> np.ndarray:
        """Numbers of what is swept, in SI; the current of a coil gives a field by its calibration.

        Raises
        ------
        FileError
            If the unit is none of the quantity, or a current stands for a field without
            `coil_t_per_a`.
        """
        coil = number_given(self.row, COIL)
        if quantity != "field" or coil is None:
            if quantity == "field" and self.is_of("x", "current"):
                cure = f"a field, or {COIL} in measurements.csv: tesla per ampere of the coil"
                found = f"a current in the column {self.name('x')!r}"
                raise FileError(self.path, found, cure, self.source.line)
            return self.si("x", quantity)
        if self.is_of("x", "field"):
            found = f"{COIL} with the column {self.name('x')!r}, which is a field"
            raise FileError(self.path, found, f"no {COIL}, or the coil's current as x_column")
        return to_si(coil * self.si("x", "current"), "T", "field")

    def unit(self, key: str, quantity: str) -> str:
        """The unit of a column: the sheet's, else the file's.

        Raises
        ------
        FileError
            If it is none of the quantity, or the file itself has two.
        """
        place = self.places[key]
        name, own = self.source.names[place], self.source.units[place]
        stated = given(self.row, f"{key}_unit")
        letters = unit_spelt(self.table.letters.get(place, ""))
        if not stated and is_unit(own) and is_unit(letters) and own != letters:
            found = f"numbers in {letters} in the column {name!r}"
            raise FileError(self.path, found, f"one unit; {key}_unit says it", self.source.line)
        unit = unit_spelt(stated) or own or letters
        if not unit and key in _WITH_SIGNAL:
            return self.unit("y", quantity)
        if unit not in SI_FACTORS[quantity]:
            found = f"unit {stated or unit!r}" if unit else "no unit"
            allowed = ", ".join(SI_FACTORS[quantity])
            cure = f"for {quantity} one of {allowed}, as {key}_unit in measurements.csv"
            raise FileError(self.path, f"{found} of column {name!r}", cure, self.source.line)
        return unit

    def is_of(self, key: str, quantity: str) -> bool:
        """Whether a column has a unit of the quantity."""
        try:
            self.unit(key, quantity)
        except FileError:
            return False
        return True


def open_columns(
    path: Path,
    row: Mapping[str, Any],
    variables: Mapping[str, str],
    before: Columns | None = None,
) -> Columns:
    """Open a file and find the columns that a row of the sheet asks for.

    Parameters
    ----------
    path : the file
    row : of `measurements.csv`
    variables : of `x` and `y`: quantity by which the format may know the column
    before : columns of the file that this one is joined to; they give the places where the file
        has none of the names

    Raises
    ------
    FileError
        If the file cannot be read, or has no such column.
    """
    chosen = {key: given(row, f"{key}_column") for key in KEYS}
    wanted = [name for name in chosen.values() if name and name != NONE]
    try:
        source = open_source(path, wanted, row["format"])
        missing = [name for name in wanted if not source.places(name)]
    except FileError:
        if before is None:
            raise
        source, missing = open_source(path, (), row["format"]), wanted
    if missing and before is not None and _same_columns(before, source):
        return Columns(source, row, dict(before.candidates))
    defaults = source.defaults
    known = {
        "x": defaults.get(variables["x"], ()),
        "y": defaults.get(variables["y"], ()),
        "time": defaults.get("time", ()),
        "temperature": defaults.get("temperature", ()),
    }
    candidates = {key: _places(source, key, chosen[key], known.get(key, ())) for key in KEYS}
    if not chosen["temperature"] and not candidates["temperature"]:
        found = temperature_columns(source.names, source.units)
        taken = {k for key in KEYS if chosen[key] for k in candidates[key]}
        candidates["temperature"] = [k for k in found if k not in taken]
    if not chosen["cycle"] and row["kind"] in CYCLED:
        candidates["cycle"] = cycle_columns(source.names)[:1]
    return Columns(source, row, candidates)


def _same_columns(before: Columns, source: Source) -> bool:
    """Whether another file has as many columns, with the same units where they are told."""
    first = before.source
    return len(first.names) == len(source.names) and all(
        first.units[k] == source.units[k] for key in _NEEDED for k in before.candidates[key]
    )


def _places(source: Source, key: str, name: str, known: Sequence[str]) -> list[int]:
    """Where the sheet's column is, or else each of the format's own."""
    shown = f"one of: {', '.join(source.names[:30])}"
    if name == NONE and key == "temperature":
        return []
    if not name:
        found = [k for other in known for k in source.places(other)]
        if key in _NEEDED and not found:
            cure = f"{key}_column in measurements.csv, {shown}"
            raise FileError(source.path, f"no known column for {key}", cure, source.line)
        return list(dict.fromkeys(found))
    found = source.places(name)
    if len(found) != 1:
        times = "no" if not found else f"{len(found)} times the"
        raise FileError(source.path, f"{times} column {name!r}", shown, source.line)
    return found

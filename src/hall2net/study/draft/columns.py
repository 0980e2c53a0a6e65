"""What the columns of an unknown file hold: quantity, unit and numbers."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from hall2net.readers.conditions import CYCLE_NAME
from hall2net.readers.source import Source, open_source
from hall2net.readers.table import BLANKS
from hall2net.units import SI_FACTORS, to_si, unit_spelt

_QUANTITY_OF_UNIT = {
    unit: quantity
    for quantity, units in SI_FACTORS.items()
    if quantity not in ("length", "dimensionless")
    for unit in units
}
# The first that a name matches; by its case T is temperature and t time.
_QUANTITY_OF_NAME = {
    "pulse": r"(?i)^(n_?)?puls|shot|^write (no|number|#)",
    "time": r"(?i:time|elapsed|^zeit|^temps\b)|^t$|時間|时间",
    "temperature": r"(?i:temp)|^T(?![a-z])|温度|溫度",
    "resistivity": r"(?i)rho|resistivity|résistivité",
    "resistance": r"(?i)r[eé]sist|widerstand|^r([xyhs_ ]|$)|^res\b|^hall r|抵抗|电阻|電阻",
    "voltage": r"(?i)volt|spannung|tension|^[vu]([xyh_ ]|$)|^hall v|電圧|电压|電壓",
    "current": r"(?i)current|strom\b|courant|corrente|corriente|^i([xyp_ ]|$)|excitation|電流|电流",
    "moment": r"(?i)moment|^m$|magneti[sz]ation|磁化|磁矩",
    "field": r"(?i)field|feld|champ|campo|^[µμ]_?0 ?h|^mu_?0 ?h|^[hb]([xyz_ ]|$)|磁場|磁场",
    "cycle": CYCLE_NAME.pattern,
    "counter": r"(?i)^(#|no\.?|n|index|step|number|cycle|count|k)$",
}
_LOCK_IN = ("x", "y", "r")
_SIGNALS = ("moment", "resistance", "voltage", "resistivity")
_SAMPLE_NAME = re.compile(r"(?i)(?:sample|device|bar|specimen)(?:[ _]?(?:name|id|label))?")
_MAGNET = re.compile(r"(?i)magnet|coil|psu|kepco|bop\b|solenoid")
_SUPPLY = re.compile(r"(?i)output|supply|leak|gate")
"""Currents that neither write nor read."""
_IN_PLANE = re.compile(
    r"(?i)(?:^|[^a-z])(?:[µμ]_?0|mu_?0)?[ _]?[hb][ _]?(?:x|ip|par|inplane)(?![a-z])|in.?plane|"
    r"field.?x\b|\bx.?field|assist"
)
_FOLLOWS = 0.99
"""Correlation with a swept field above which a current is the magnet's: a read or write current
is set without regard to the field, a power supply's follows it but for the magnet's remanence."""
_NO_SIGNAL = re.compile(
    r"(?i)\bstd|std\.|\berr|\bdev\b|phase|freq|\bm(in|ax)\.|\bavg|average|averaging|quad|raw|"
    r"set.?point|\bset\b|range|compliance|drive|position|sensitivity|critical|status|offset|gain"
)
_PHASE = re.compile(r"(?i)phase|theta_?r|\bstd|err|set.?point")
"""Of names in degrees: of a lock-in, and not of a rotator."""
_UNIT_AT_END = re.compile(r"^(.+?)(?: ?/ ?| ?, ?|[ _])([^\s/,_]+)$")


@dataclass(frozen=True)
class Column:
    """One column of a file; `values` are NaN where it holds no number, `unit` empty if unknown."""

    name: str
    quantity: str
    unit: str
    values: np.ndarray

    @property
    def filled(self) -> bool:
        """Whether there are numbers."""
        return bool(np.isfinite(self.values).any())

    @property
    def changes(self) -> bool:
        """Whether the numbers are not all the same: what is held is a condition, no signal."""
        values = self.values[np.isfinite(self.values)]
        return bool(values.size) and bool((values != values[0]).any())

    @property
    def in_plane(self) -> bool:
        """Whether the name says that this field lies in the film's plane."""
        return bool(_IN_PLANE.search(self.name))

    def is_of_a_magnet(self, fields: Sequence["Column"]) -> bool:
        """Whether this current makes one of these fields, or is a supply's."""
        return (
            self.is_of_a_coil
            or bool(_SUPPLY.search(self.name))
            or any(follows(self.values, field.values) for field in fields)
        )

    @property
    def is_of_a_coil(self) -> bool:
        """Whether the name says that this current makes a field."""
        return self.quantity == "current" and bool(_MAGNET.search(self.name))

    @property
    def span(self) -> float:
        """Largest less smallest number."""
        return float(np.nanmax(self.values) - np.nanmin(self.values)) if self.filled else 0.0

    @property
    def sweeps(self) -> bool:
        """Whether the column runs through values, beyond the noise about one."""
        values = self.values[np.isfinite(self.values)]
        if len(values) < 3 or self.span <= 0.05 * np.abs(values).max():
            return False
        if self.quantity == "field" and self.unit and self.oersted_span < 5:
            return False
        return len(np.unique(values)) > 2

    @property
    def oersted_span(self) -> float:
        """Span of a field in Oe."""
        return self.span * self.in_oersted

    @property
    def in_oersted(self) -> float:
        """The unit of a field in Oe."""
        return SI_FACTORS["field"][self.unit] / SI_FACTORS["field"]["Oe"]


@dataclass(frozen=True)
class RawFile:
    """An instrument file as it shows itself; `words` are the lines above the table."""

    name: str
    format: str
    columns: list[Column]
    words: list[str]

    def of(self, *quantities: str) -> list[Column]:
        """Columns of these quantities that hold numbers."""
        return [c for c in self.columns if c.quantity in quantities and c.filled]


def follows(values: np.ndarray, x: np.ndarray) -> bool:
    """Whether one column is a straight line of another."""
    both = np.isfinite(values) & np.isfinite(x)
    if both.sum() < 3 or np.ptp(values[both]) == 0 or np.ptp(x[both]) == 0:
        return False
    return bool(abs(np.corrcoef(values[both], x[both])[0, 1]) > _FOLLOWS)


def look_at(folder: Path, name: str) -> RawFile:
    """Read a file that no sheet describes.

    Parameters
    ----------
    folder, name : the file is `folder/name`

    Raises
    ------
    FileError
        If it is no text, or has no table of numbers.
    """
    source = open_source(folder / name)
    found = [
        (place, column, *_quantity(column, unit))
        for place, (column, unit) in enumerate(zip(source.names, source.units, strict=True))
    ]
    if {"x", "y", "r"} <= {column.strip().lower() for column in source.names}:
        # A lock-in amplifier's voltage in parts; its r is no resistance.
        found = [
            (place, column, "voltage" if column.strip().lower() in _LOCK_IN else quantity, unit)
            for place, column, quantity, unit in found
        ]
    if not any(quantity in _SIGNALS for _, _, quantity, _ in found):
        # The signal may be called anything: what has no known meaning is looked at as well.
        found = [
            (place, name, quantity or ("" if _is_no_signal(name) else "unknown"), unit)
            for place, name, quantity, unit in found
        ]
    values = source.numbers([place for place, _, quantity, _ in found if quantity])
    columns = [
        _column(column, quantity, unit, values[place])
        for place, column, quantity, unit in found
        if place in values
    ]
    # A spreadsheet that saves a file again puts its lines of words in quotes.
    words = [line.replace('"', "") for line in source.words]
    return RawFile(name, source.format, columns, [*words, *_sample_in_rows(source)])


def _column(name: str, quantity: str, unit: str, values: np.ndarray) -> Column:
    """A column, a temperature in kelvin whatever the file's unit."""
    if quantity == "temperature" and unit:
        return Column(name, quantity, "K", to_si(values, unit, quantity))
    return Column(name, quantity, unit, values)


def _sample_in_rows(source: Source) -> list[str]:
    """What a column for the sample's name says in its first row, as words above a table say it."""
    places = [k for k, name in enumerate(source.names) if _SAMPLE_NAME.fullmatch(name.strip())]
    if not places or source.line is None or source.header.delimiter == BLANKS:
        return []
    with source.path.open(encoding="utf-8", errors="replace") as file:
        lines = islice(file, source.header.body - 1, source.header.body + 5)
        row = next(csv.reader(lines, delimiter=source.header.delimiter), [])
    words = [row[k].strip() for k in places if k < len(row)]
    return [f"sample: {word}" for word in words if re.search("[A-Za-z]", word)]


def _is_no_signal(name: str) -> bool:
    # An underscore is a letter to "\b".
    return bool(_NO_SIGNAL.search(name.replace("_", " ")))


def _quantity(name: str, unit: str) -> tuple[str, str]:
    """What a column holds, by its unit or else its name, and the unit."""
    if unit in SI_FACTORS["angle"] and not _PHASE.search(name):
        return "angle", unit
    if _is_no_signal(name):
        return "", ""
    if name.isdecimal():
        return "unknown", ""
    if unit and unit not in _QUANTITY_OF_UNIT:
        return "", ""
    bare = re.sub(r"\s*[(\[][^()\[\]]*[)\]]\s*$", "", name).strip()
    if not unit and (match := _UNIT_AT_END.match(bare)):
        # A single letter may be an index: R_H.
        spelt = unit_spelt(match[2])
        if spelt in _QUANTITY_OF_UNIT and (len(spelt) > 1 or "/" in bare or "," in bare):
            bare, unit = match[1], spelt
    if unit:
        return _QUANTITY_OF_UNIT[unit], unit
    for quantity, pattern in _QUANTITY_OF_NAME.items():
        if re.search(pattern, bare):
            return quantity, "V" if re.match("(?i)volts", bare) else ""
    return "", ""

"""What was held while a signal was read: columns that say it, and the rows of one value.

A column that stays at one value is a condition. One that stays at several in turn parts a file
into several measurements, of which a row of the sheet takes one.
"""

import re
from collections.abc import Callable, Sequence

import numpy as np

from hall2net.units import OERSTED, SI_FACTORS, TEMPERATURE_NAME

LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE = 0.01, 1500.0
"""In K; what a channel shows beyond these is no temperature: it is not connected."""

SAME_CURRENT = 0.02
"""Relative difference up to which two read currents are one: sources are set better than this."""

_SAME_FIELD = 5 * OERSTED  # remanence of a magnet's poles
_SAME_ANGLE = 1.0  # degree; play of a rotator
_FOLLOWS = 0.99  # correlation of a magnet's current with its field
_ALTERNATES = 0.9  # share of rows whose current has the other sign than the row before
_SHARE = 0.05  # of the rows, that a set point has at least; fewer are on the way to the next

_NO_TEMPERATURE = re.compile(r"(?i)set|target|std|err|dev|rate|ramp|coil|magnet|heater|power")
_NO_CONDITION = re.compile(
    r"(?i)\bstd|std\.|\berr|dev\b|phase|freq|quad|magnet|coil|output|supply|leak|gate|compl|range|"
    r"limit|write|puls|crit|heat|noise|\bmin|\bmax|offset|gain|photo"
)
CYCLE_NAME = re.compile(
    r"(?i)^(?:cycle|loop|sweep|scan|run|repeat|repetition|iteration)s?[ _]?"
    r"(?:no\.?|nr\.?|number|#|index|id|count|counter)?$"
)
"""Names of columns that count the cycles of a measurement."""

_ANGLE = re.compile(r"(?i)angle|theta|phi\b|position|rotat|azimut")
_ANGLE_UNITS = {"deg", "degree", "degrees", "°", "rad"}
_IN_PLANE = re.compile(
    r"(?i)(?:^|[^a-z])(?:mu0|u0)?[hb][_ ]?(?:x|ip|par)(?![a-z])|in.?plane|field.?x\b|\bx.?field"
)


def temperature_columns(names: Sequence[str], units: Sequence[str]) -> list[int]:
    """Columns that may hold the temperature, by unit and name; measured ones first."""
    found = [
        place
        for place, (name, unit) in enumerate(zip(names, units, strict=True))
        if unit in SI_FACTORS["temperature"] or (not unit and TEMPERATURE_NAME.search(name))
    ]
    return sorted(found, key=lambda place: bool(_NO_TEMPERATURE.search(names[place])))


def cycle_columns(names: Sequence[str]) -> list[int]:
    """Columns that may count cycles, by their names."""
    return [place for place, name in enumerate(names) if CYCLE_NAME.match(name.strip())]


def condition_columns(names: Sequence[str], units: Sequence[str]) -> dict[int, str]:
    """Columns that may hold a condition besides temperature: `current`, `field_x` or `angle`."""
    found = {}
    for place, (name, unit) in enumerate(zip(names, units, strict=True)):
        if _NO_CONDITION.search(name.replace("_", " ")):
            continue
        if unit in SI_FACTORS["current"]:
            found[place] = "current"
        elif unit in SI_FACTORS["field"] and _IN_PLANE.search(name):
            found[place] = "field_x"
        elif unit in _ANGLE_UNITS and _ANGLE.search(name):
            found[place] = "angle"
    return found


def of_channel(places: Sequence[int], names: Sequence[str], signal: str) -> list[int]:
    """Of several channels' columns those with the signal's number; all where none has it.

    Parameters
    ----------
    places : of the columns
    names : of all columns of the file
    signal : name of the signal's column
    """
    own = [k for k in places if re.findall(r"\d+", names[k]) == re.findall(r"\d+", signal)]
    return own or list(places)


def follows(values: np.ndarray, x: np.ndarray) -> bool:
    """Whether a column is a straight line of what is swept: a magnet's current, the set field."""
    both = np.isfinite(values) & np.isfinite(x)
    if both.sum() < 3 or np.ptp(values[both]) == 0 or np.ptp(x[both]) == 0:
        return False
    return bool(abs(np.corrcoef(values[both], x[both])[0, 1]) > _FOLLOWS)


def tolerance_of(condition: str, values: np.ndarray) -> float:
    """How far two values of a condition may lie apart and be one, in SI or degree."""
    largest = float(np.nanmax(np.abs(values))) if np.isfinite(values).any() else 0.0
    if condition == "angle":
        return _SAME_ANGLE
    if condition in ("field_x", "field_in_plane"):
        return max(_SAME_FIELD, 0.02 * largest)
    return SAME_CURRENT * largest


def set_points(
    values: np.ndarray, tolerance: float | Callable[[np.ndarray], np.ndarray]
) -> list[float]:
    """Values at which a column stays, ascending; none where it only passes through.

    Parameters
    ----------
    values : of the column, any order; NaN is left out
    tolerance : gap between two set points at least, or a function that gives it
    """
    values = np.sort(values[np.isfinite(values)])
    if not values.size:
        return []
    wide = tolerance(values[:-1]) if callable(tolerance) else tolerance
    parts = np.split(values, np.flatnonzero(np.diff(values) > wide) + 1)
    least = max(2, _SHARE * len(values)) if len(values) > 3 else 1
    return [float(np.median(part)) for part in parts if len(part) >= least]


def alternates(current: np.ndarray) -> bool:
    """Whether a read current changes its sign from row to row, at one magnitude."""
    known = current[np.isfinite(current) & (current != 0)]
    if len(known) < 4 or np.mean(known[1:] * known[:-1] < 0) < _ALTERNATES:
        return False
    size = np.abs(known)
    return bool(np.ptp(size) <= 2 * SAME_CURRENT * size.max())


def pairs(current: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows that belong together as +I and -I: places of the one and of the other."""
    first, k = [], 0
    signs = np.sign(current)
    while k + 1 < len(signs):
        if signs[k] * signs[k + 1] < 0:
            first.append(k)
            k += 1
        k += 1
    places = np.array(first, dtype=int)
    return places, places + 1

"""Instrument files to labelled arrays in SI units.

A row of `measurements.csv` says which file it is and which columns hold what; from here on a
measurement looks the same whichever instrument wrote it.
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from hall2net.errors import FileError
from hall2net.measurement import CONDITIONS, HARMONIC, KINDS, LOCK_IN, POINT_VARIABLES
from hall2net.readers.columns import Columns, given, open_columns
from hall2net.readers.conditions import alternates, pairs
from hall2net.readers.lock_in import PARTS, peak_current, resistance_factor, to_sine
from hall2net.readers.selection import (
    NO_CURRENT,
    Conditions,
    Say,
    choose_signal,
    condition_si,
    find_conditions,
    of_conditions,
    of_cycle,
    of_temperature,
    read_current,
    temperature_of,
)
from hall2net.units import MU_0, to_si

# Beyond these an instrument was misread, or a unit mistaken.
_PLAUSIBLE = {
    "field": (-20 / MU_0, 20 / MU_0),
    "write_current": (-1.0, 1.0),
    "resistance": (-1e9, 1e9),
    "resistance_u": (0.0, 1e9),
    "resistance_xx": (-1e9, 1e9),
    "moment": (-1.0, 1.0),
    "resistivity": (-1e3, 1e3),
    "time": (-1e10, 1e10),
    "pulse": (0.0, 1e9),
    "angle": (-1e3, 1e3),
    "resistance_1y": (-1e9, 1e9),
    "resistance_2x": (-1e9, 1e9),
    "resistance_2y": (-1e9, 1e9),
}
_SWEPT = {"field": "field", "write_current": "current", "time": "time", "angle": "angle"}
"""Quantity of what is swept, by its variable."""
_QUANTITIES = {
    "voltage": ("voltage", "resistance"),
    "resistance": ("resistance", "resistance"),
    "voltage_per_current": ("resistance", "resistance"),
    "moment": ("moment", "moment"),
    "resistivity": ("resistivity", "resistivity"),
}
_WRITTEN = ("sot_switching", "pulse_train", "endurance")
"""Kinds in which a row without a reading says that a current was written."""


_MANY_WORDS = 0.05  # share of rows with words for numbers, above which it is said

_log = logging.getLogger(__name__)


def read_measurement(folder: str | Path, row: Mapping[str, Any]) -> pd.DataFrame:
    """Read one row of the sheet.

    Parameters
    ----------
    folder : the study's folder, which `file` is relative to
    row : a row of `measurements.csv`; `file` may name several files joined by `;`, such as the
        two branches of a loop, read one after the other

    Returns
    -------
    DataFrame, one row a point, columns among `POINT_VARIABLES` in SI units. In a switching
    measurement a row without a reading has NaN for it. `attrs["remarks"]` says what the user
    should know of the file.

    Raises
    ------
    FileError
        If a file cannot be read as the row says, or a value is out of all reason.
    """
    names = [name.strip() for name in str(row["file"]).split(";")]
    parts: list[pd.DataFrame] = []
    columns: Columns | None = None
    remarks: dict[str, None] = {}
    for name in names:
        part, columns = _read_file(Path(folder, name), row, columns, remarks)
        parts.append(part)
    points = pd.concat(parts, ignore_index=True)
    points.attrs["remarks"] = list(remarks)
    return points


def read_sample(folder: str | Path, rows: pd.DataFrame) -> xr.Dataset:
    """Read all measurements of one sample.

    Returns
    -------
    Dataset with the dimensions `measurement` and `point`: the points of all files one after the
    other, `start` and `count` saying which are whose. Units stand in the attributes. `remarks`
    say what the user should know of a file.
    """
    tables = [read_measurement(folder, row) for row in rows.to_dict("records")]
    remarks = ["; ".join(table.attrs.pop("remarks")) for table in tables]
    for identifier, remark in zip(rows["id"], remarks, strict=True):
        if remark:
            _log.info("%s: %s", identifier, remark)
    counts = np.array([len(table) for table in tables])
    points = pd.concat(tables, ignore_index=True)
    variables: dict[str, Any] = {
        name: ("measurement", rows[name].astype(str).to_numpy(object)) for name in ("id", "kind")
    }
    orientation = rows.get("orientation", pd.Series("", index=rows.index)).fillna("").astype(str)
    variables["orientation"] = ("measurement", orientation.to_numpy(object))
    variables["remarks"] = ("measurement", np.array(remarks, dtype=object))
    variables["start"] = ("measurement", np.cumsum(counts) - counts)
    variables["count"] = ("measurement", counts)
    for name, (column, unit, quantity, sheet_unit) in CONDITIONS.items():
        values = rows.get(column, pd.Series(np.nan, index=rows.index)).astype(float)
        si = to_si(values.to_numpy(), sheet_unit, quantity)
        if name == "current":
            si = np.array(list(map(peak_current, rows.to_dict("records"), si)))
        variables[name] = ("measurement", si, {"units": unit})
    for name, unit in POINT_VARIABLES.items():
        if name in LOCK_IN and name not in points:
            continue
        values = points.get(name, pd.Series(np.nan, index=points.index)).to_numpy(float)
        variables[name] = ("point", values, {"units": unit})
    return xr.Dataset(variables, attrs={"sample": str(rows["sample"].iloc[0])})


def _read_file(
    path: Path, row: Mapping[str, Any], before: Columns | None, remarks: dict[str, None]
) -> tuple[pd.DataFrame, Columns]:
    """Points of one file, and its columns for the next one that is joined to it."""

    def say(remark: str) -> None:
        remarks.setdefault(remark)

    x_variable = KINDS[row["kind"]].x
    quantity = given(row, "y_quantity") or KINDS[row["kind"]].quantity
    columns = open_columns(path, row, {"x": x_variable, "y": quantity}, before)
    conditions = find_conditions(columns)
    more = set(conditions.changing)
    if not given(row, "current_ma") and len(conditions.current) == 1:
        more |= set(conditions.current)
    columns.read(sorted(more))
    x = columns.swept(_SWEPT[x_variable])
    choose_signal(columns, x, say)
    quantity = quantity or _quantity(columns)
    y_variable = _QUANTITIES[quantity][1]
    points = pd.DataFrame({x_variable: x})
    points[y_variable] = _signal(columns, conditions, "y", quantity, x, say)
    if "rxx" in columns.places:
        along = "voltage" if columns.is_of("rxx", "voltage") else "resistance"
        points["resistance_xx"] = _signal(columns, conditions, "rxx", along, x, say)
    if "sigma" in columns.places:
        # Its unit is that of the signal where it has none of its own.
        own = "sigma" if columns.is_of("sigma", _QUANTITIES[quantity][0]) else "y"
        spread = _signal(columns, conditions, "sigma", quantity, x, say, unit_of=own)
        points["resistance_u"] = np.abs(spread)
    if row["kind"] in HARMONIC:
        points = _harmonics(columns, conditions, points, quantity == "voltage", say)
    if "pulse" in columns.places:
        points["pulse"] = columns.raw("pulse")
    if "time" in columns.places and (given(row, "time_column") or columns.is_of("time", "time")):
        points["time"] = columns.si("time", "time")
    _refuse_implausible(columns, points)
    _say_words(columns, say)
    kept = _measured(columns, points, [x_variable, y_variable])
    kept &= of_temperature(columns, kept, say)
    kept &= of_cycle(columns, kept, say)
    kept = of_conditions(columns, conditions, x, kept)
    if columns.candidates["temperature"]:
        temperature = temperature_of(columns, kept, lambda _: None)
        if np.isfinite(temperature).any():
            points["point_temperature"] = temperature
    current = _alternating(columns, conditions, kept)
    points = points[kept].reset_index(drop=True)
    if current is not None:
        points = _of_both_signs(points, current)
        say("read at +I and -I in turn: points are the means of both")
    return _without_stalls(points, y_variable), columns


def _signal(
    columns: Columns,
    conditions: Conditions,
    key: str,
    quantity: str,
    x: np.ndarray,
    say: Say,
    unit_of: str | None = None,
) -> np.ndarray:
    """A signal in SI; a voltage is divided by the current that it was read at."""
    unit = columns.unit(unit_of or key, _QUANTITIES[quantity][0])
    values = to_si(columns.raw(key), unit, _QUANTITIES[quantity][0])
    if quantity != "voltage":
        return values
    # The current that flowed while the voltage was read: the swept one only in an I-V curve.
    if columns.row["kind"] == "resistivity":
        current: np.ndarray | float = x
    else:
        current = read_current(columns, conditions, say)
    return values / np.where(np.abs(current) < NO_CURRENT, np.nan, current)


def _harmonics(
    columns: Columns, conditions: Conditions, points: pd.DataFrame, voltage: bool, say: Say
) -> pd.DataFrame:
    """The other parts of a lock-in signal, all as amplitude over amplitude."""
    points["resistance"] *= resistance_factor(columns, voltage)
    for key, name in PARTS.items():
        if key in columns.places:
            of_voltage = columns.is_of(key, "voltage")
            quantity = "voltage" if of_voltage else "resistance"
            signal = _signal(columns, conditions, key, quantity, np.array([]), say)
            points[name] = signal * resistance_factor(columns, of_voltage)
    return to_sine(columns, points)


def _quantity(columns: Columns) -> str:
    """What a signal is, by its unit."""
    for quantity in ("resistance", "voltage", "resistivity", "moment"):
        if columns.is_of("y", quantity):
            return quantity
    found = f"column {columns.name('y')!r}, and no y_quantity"
    cure = f"y_quantity in measurements.csv, one of {', '.join(_QUANTITIES)}"
    raise FileError(columns.path, found, cure, columns.source.line)


def _refuse_implausible(columns: Columns, points: pd.DataFrame) -> None:
    for name in points:
        values = points[name].to_numpy()
        low, high = _PLAUSIBLE[name]
        wrong = np.flatnonzero((values < low) | (values > high))
        if wrong.size:
            unit = POINT_VARIABLES[name]
            found = f"{name} of {values[wrong[0]]:.4g} {unit}"
            limits = f"{low:.4g} to {high:.4g} {unit}; check the unit in measurements.csv"
            raise FileError(columns.path, found, limits, int(columns.table.lines[wrong[0]]))


def _say_words(columns: Columns, say: Say) -> None:
    """Say it where many rows hold a word in place of a number."""
    for key in ("x", "y"):
        count = columns.table.words.get(columns.places[key], 0)
        if count > _MANY_WORDS * len(columns.table.lines):
            rows = len(columns.table.lines)
            say(f"{count} of {rows} rows hold no number in {columns.name(key)!r}; left out")


def _measured(columns: Columns, points: pd.DataFrame, needed: list[str]) -> np.ndarray:
    """Which rows are points: both coordinates, or a write without a reading."""
    known = np.isfinite(points[needed].to_numpy())
    if not known.all(axis=1).any():
        found = f"no row with both {' and '.join(needed)}"
        cure = "x_column and y_column of one channel in measurements.csv"
        raise FileError(columns.path, found, cure)
    return known[:, 0] if columns.row["kind"] in _WRITTEN else known.all(axis=1)


def _alternating(columns: Columns, conditions: Conditions, kept: np.ndarray) -> np.ndarray | None:
    """Current of the kept rows where each second one was read at -I; None elsewhere."""
    if columns.row["kind"] != "ahe_loop":
        return None
    for place, condition in conditions.changing.items():
        values = condition_si(columns, place, condition)
        if condition == "current" and values is not None and alternates(values[kept]):
            return values[kept]
    return None


def _of_both_signs(points: pd.DataFrame, current: np.ndarray) -> pd.DataFrame:
    """Means of the points at +I and -I: a thermal voltage falls out of the resistance."""
    first, second = pairs(current)
    values = points.to_numpy()
    return pd.DataFrame((values[first] + values[second]) / 2, columns=points.columns)


def _without_stalls(points: pd.DataFrame, y_variable: str) -> pd.DataFrame:
    """Points without those that a logger that stalls wrote twice."""
    new = np.zeros(len(points), dtype=bool)
    new[:1] = True
    for values in (points[name].to_numpy() for name in points):
        both_missing = np.isnan(values[1:]) & np.isnan(values[:-1])
        new[1:] |= (values[1:] != values[:-1]) & ~both_missing
    new |= np.isnan(points[y_variable].to_numpy())  # each write counts
    return points[new].reset_index(drop=True)

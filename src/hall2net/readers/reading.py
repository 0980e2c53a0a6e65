"""Instrument files to labelled arrays in SI units.

A row of `measurements.csv` says which file it is and which columns hold what; from here on a
measurement looks the same whichever instrument wrote it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.constants import mu_0

from hall2net.errors import FileError
from hall2net.measurement import CONDITIONS, KINDS, POINT_VARIABLES, temperature_tolerance
from hall2net.readers import delimited, lakeshore, micromag, multivu
from hall2net.readers.table import Header, folded, read_columns
from hall2net.readers.text import Text, read_text
from hall2net.units import SI_FACTORS, to_si, unit_spelt

# Beyond these an instrument was misread, or a unit mistaken.
_PLAUSIBLE = {
    "field": (-20 / mu_0, 20 / mu_0),
    "write_current": (-1.0, 1.0),
    "resistance": (-1e9, 1e9),
    "moment": (-1.0, 1.0),
    "resistivity": (-1e3, 1e3),
    "point_temperature": (0.0, 1500.0),
    "time": (-1e10, 1e10),
    "pulse": (0.0, 1e9),
}
_NO_CURRENT = 1e-15
_QUANTITIES = {
    "voltage": ("voltage", "resistance"),
    "resistance": ("resistance", "resistance"),
    "voltage_per_current": ("resistance", "resistance"),
    "moment": ("moment", "moment"),
    "resistivity": ("resistivity", "resistivity"),
}
# The last one takes any text.
_FORMATS = {
    "multivu": multivu, "lakeshore8600": lakeshore, "micromag": micromag, "delimited": delimited,
}  # fmt: skip


def read_measurement(folder: str | Path, row: Mapping[str, Any]) -> pd.DataFrame:
    """Read one row of the sheet.

    Parameters
    ----------
    folder : the study's folder, which `file` is relative to
    row : a row of `measurements.csv`; `file` may name several files joined by `;`, such as the
        two branches of a loop, read one after the other

    Returns
    -------
    DataFrame, one row a point, columns among `POINT_VARIABLES` in SI units.

    Raises
    ------
    FileError
        If a file cannot be read as the row says, or a value is out of all reason.
    """
    names = [name.strip() for name in str(row["file"]).split(";")]
    parts = [_read_file(Path(folder, name), row) for name in names]
    return pd.concat(parts, ignore_index=True)


def read_sample(folder: str | Path, rows: pd.DataFrame) -> xr.Dataset:
    """Read all measurements of one sample.

    Returns
    -------
    Dataset with the dimensions `measurement` and `point`: the points of all files one after the
    other, `start` and `count` saying which are whose. Units stand in the attributes.
    """
    tables = [read_measurement(folder, row) for row in rows.to_dict("records")]
    counts = np.array([len(table) for table in tables])
    points = pd.concat(tables, ignore_index=True)
    variables: dict[str, Any] = {
        name: ("measurement", rows[name].astype(str).to_numpy(object)) for name in ("id", "kind")
    }
    orientation = rows.get("orientation", pd.Series("", index=rows.index)).fillna("").astype(str)
    variables["orientation"] = ("measurement", orientation.to_numpy(object))
    variables["start"] = ("measurement", np.cumsum(counts) - counts)
    variables["count"] = ("measurement", counts)
    for name, (column, unit, quantity, sheet_unit) in CONDITIONS.items():
        values = rows.get(column, pd.Series(np.nan, index=rows.index)).astype(float)
        si = to_si(values.to_numpy(), sheet_unit, quantity)
        variables[name] = ("measurement", si, {"units": unit})
    for name, unit in POINT_VARIABLES.items():
        values = points.get(name, pd.Series(np.nan, index=points.index)).to_numpy(float)
        variables[name] = ("point", values, {"units": unit})
    return xr.Dataset(variables, attrs={"sample": str(rows["sample"].iloc[0])})


def unknown_table(text: Text) -> tuple[str, Header, list[str]]:
    """What a file that no sheet describes yet shows of itself.

    Returns
    -------
    Its format, its column names, and the unit of each column (empty if none).

    Raises
    ------
    FileError
        If the file has no table of numbers.
    """
    head = text.head()
    name = _format_of(head)
    if name == "delimited":
        header, units = delimited.likely_table(text, head)
    else:
        header = _FORMATS[name].find_table(text, head, [])
        units = [delimited.unit_of(name) for name in header.names]
    return name, header, [unit_spelt(unit) for unit in units]


def _read_file(path: Path, row: Mapping[str, Any]) -> pd.DataFrame:
    text = read_text(path)
    chosen = {key: _given(row, f"{key}_column") for key in ("x", "y", "pulse", "time")}
    header = _find_table(text, row["format"], [name for name in chosen.values() if name])
    defaults = _FORMATS[row["format"]].DEFAULT_COLUMNS
    x_variable = KINDS[row["kind"]].x
    quantity = _given(row, "y_quantity") or KINDS[row["kind"]].quantity
    candidates = {
        "x": _places(path, header, chosen["x"], defaults.get(x_variable), "x_column"),
        "y": _places(path, header, chosen["y"], defaults.get(quantity), "y_column"),
        "pulse": _places(path, header, chosen["pulse"], None),
        "time": _places(path, header, chosen["time"], defaults.get("time")),
        "temperature": _places(path, header, "", defaults.get("temperature")),
    }
    table = read_columns(text, header, [k for places in candidates.values() for k in places])
    # An instrument's file has the columns of all its modes, those of other modes empty.
    places = {
        key: next((k for k in found if np.isfinite(table.columns[k]).any()), found[0])
        for key, found in candidates.items()
        if found
    }

    def si(key: str, quantity: str) -> np.ndarray:
        unit = _unit(path, header, places[key], _given(row, f"{key}_unit"), quantity)
        return to_si(table.columns[places[key]], unit, quantity)

    x = si("x", "field" if x_variable == "field" else "current")
    if not quantity:
        quantity = _quantity(path, header, places["y"], _given(row, "y_unit"))
    raw_quantity, y_variable = _QUANTITIES[quantity]
    y = si("y", raw_quantity)
    if quantity == "voltage":
        # The current that flowed while the voltage was read: the swept one only in an I-V curve.
        if row["kind"] == "resistivity":
            y = y / np.where(np.abs(x) < _NO_CURRENT, np.nan, x)
        else:
            y = y / _probe_current(path, row)
    points = pd.DataFrame({x_variable: x, y_variable: y})
    if "pulse" in places:
        points["pulse"] = table.columns[places["pulse"]]
    if "time" in places:
        points["time"] = si("time", "time")
    if "temperature" in places:
        points["point_temperature"] = table.columns[places["temperature"]]
    return _usable(path, points, table.lines, [x_variable, y_variable], row)


def _find_table(text: Text, stated: str, wanted: list[str]) -> Header:
    """Column names of the file, whose format is what its content says."""
    head = text.head()
    found = _format_of(head)
    if found != stated:
        if found == "delimited":
            trouble = f"lacks what marks {stated}: {_FORMATS[stated].MARK}"
        else:
            trouble = f"looks like {found} ({_FORMATS[found].MARK})"
        fix = f"the format {found} in measurements.csv, or a {stated} file"
        raise FileError(text.path, trouble, fix)
    return _FORMATS[found].find_table(text, head, wanted)


def _format_of(head: list[str]) -> str:
    return next(name for name, module in _FORMATS.items() if module.recognises(head))


def _usable(
    path: Path, points: pd.DataFrame, lines: np.ndarray, needed: list[str], row: Mapping[str, Any]
) -> pd.DataFrame:
    """Points with both coordinates, of the row's temperature, none out of all reason."""
    for name in points:
        values = points[name].to_numpy()
        low, high = _PLAUSIBLE[name]
        wrong = np.flatnonzero((values < low) | (values > high))
        if wrong.size:
            unit = POINT_VARIABLES[name]
            found = f"{name} of {values[wrong[0]]:.4g} {unit}"
            limits = f"{low:.4g} to {high:.4g} {unit}; check the unit in measurements.csv"
            raise FileError(path, found, limits, int(lines[wrong[0]]))
    kept = np.isfinite(points[needed].to_numpy()).all(axis=1)
    if not kept.any():
        found = f"no row with both {' and '.join(needed)}"
        raise FileError(path, found, "x_column and y_column of one channel in measurements.csv")
    if "point_temperature" in points:
        kept &= _at_temperature(path, points["point_temperature"].to_numpy(), kept, row)
    points = points[kept]
    # A logger that stalls writes the same row twice.
    new = np.zeros(len(points), dtype=bool)
    new[:1] = True
    for values in (points[name].to_numpy() for name in points):
        both_missing = np.isnan(values[1:]) & np.isnan(values[:-1])
        new[1:] |= (values[1:] != values[:-1]) & ~both_missing
    return points[new].reset_index(drop=True)


def _at_temperature(
    path: Path, temperature: np.ndarray, kept: np.ndarray, row: Mapping[str, Any]
) -> np.ndarray:
    """Which points are of the row's temperature, where a file may hold several."""
    wanted = row.get("temperature_k")
    present = temperature[kept & np.isfinite(temperature)]
    if not present.size:
        return kept
    low, high = present.min(), present.max()
    if wanted is not None and np.isfinite(float(wanted)):
        tolerance = temperature_tolerance(float(wanted))
        near = np.abs(temperature - float(wanted)) <= tolerance
        if not (kept & near).any():
            found = f"no point within {tolerance:g} K of {float(wanted):g} K"
            raise FileError(path, found, f"a temperature from {low:.2f} to {high:.2f} K")
        return near
    if row["kind"] != "resistivity" and high - low > 2 * temperature_tolerance(low):
        found = f"temperatures from {low:.2f} to {high:.2f} K"
        raise FileError(path, found, "temperature_k in measurements.csv, to choose one")
    return kept


def _given(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    return "" if value is None or value != value else str(value)


def _places(
    path: Path, header: Header, name: str, defaults: Sequence[str] | None, key: str = ""
) -> list[int]:
    """Where the sheet's column is, or else each of the format's own; `key` if one is needed."""
    shown = f"one of: {', '.join(header.names[:30])}"
    if not name:
        found = [k for known in defaults or () for k in _named(header, known)]
        if key and not found:
            trouble = f"no known column for {key[0]}"
            raise FileError(path, trouble, f"{key} in measurements.csv, {shown}", header.line)
        return found
    found = _named(header, name)
    if len(found) != 1:
        times = "no" if not found else f"{len(found)} times the"
        raise FileError(path, f"{times} column {name!r}", shown, header.line)
    return found


def _named(header: Header, name: str) -> list[int]:
    """Columns of this name, as it is spelt or else without regard to case and blanks."""
    exactly = [k for k, other in enumerate(header.names) if other == name]
    return exactly or [k for k, other in enumerate(header.names) if folded(other) == folded(name)]


def _unit(path: Path, header: Header, place: int, given: str, quantity: str) -> str:
    """The unit of a column: the sheet's, else the one in its name."""
    name = header.names[place]
    found = given or delimited.unit_of(name)
    unit = unit_spelt(found)
    if unit not in SI_FACTORS[quantity]:
        allowed = f"for {quantity} one of {', '.join(SI_FACTORS[quantity])}"
        raise FileError(path, f"unit {found!r} of column {name!r}", allowed, header.line)
    return unit


def _quantity(path: Path, header: Header, place: int, given: str) -> str:
    """What a signal is, by its unit."""
    for quantity in ("resistance", "voltage", "resistivity", "moment"):
        try:
            _unit(path, header, place, given, quantity)
        except FileError:
            continue
        return quantity
    found = f"column {header.names[place]!r}, and no y_quantity"
    raise FileError(
        path, found, f"y_quantity in measurements.csv, one of {', '.join(_QUANTITIES)}", header.line
    )


def _probe_current(path: Path, row: Mapping[str, Any]) -> float:
    value = row.get("current_ma")
    if value is None or not np.isfinite(float(value)) or abs(float(value)) < _NO_CURRENT * 1e3:
        raise FileError(path, f"current_ma is {value}", "the current that the voltage is read at")
    return float(value) * 1e-3

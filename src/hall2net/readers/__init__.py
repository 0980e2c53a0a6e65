"""Instrument files to labelled arrays in SI units.

A row of `measurements.csv` says which file it is and which columns hold what; from here on a
measurement looks the same whichever instrument wrote it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from hall2net.errors import FileError
from hall2net.files import atomic
from hall2net.readers import delimited, lakeshore, multivu
from hall2net.readers.delimited import unit_of
from hall2net.readers.text import Table, check_lines, read_text
from hall2net.units import SI_FACTORS, to_si

POINT_VARIABLES = {
    "field": "A m-1",
    "write_current": "A",
    "resistance": "ohm",
    "moment": "A m2",
    "resistivity": "ohm m",
    "point_temperature": "K",
    "time": "s",
    "pulse": "1",
}
"""Variables on the points of a measurement, and their units."""

CONDITIONS = {
    "temperature": ("temperature_k", "K", "temperature", "K"),
    "field_x": ("field_x_oe", "A m-1", "field", "Oe"),
    "prefield_x": ("prefield_x_oe", "A m-1", "field", "Oe"),
    "initial_field_z": ("initial_field_z_oe", "A m-1", "field", "Oe"),
    "current": ("current_ma", "A", "current", "mA"),
    "pulse_width": ("pulse_width_s", "s", "time", "s"),
}
"""Variables on measurements: column of the sheet, unit in the data, quantity and unit there."""

# Beyond these an instrument was misread, or a unit mistaken.
_PLAUSIBLE = {
    "field": 50 / (4e-7 * np.pi),
    "write_current": 10.0,
    "resistance": 1e12,
    "moment": 1.0,
    "resistivity": 1e6,
    "point_temperature": 2000.0,
    "time": 1e12,
    "pulse": 1e9,
}
_X_VARIABLES = {
    "ahe_loop": "field",
    "loop_shift": "field",
    "vsm_loop": "field",
    "sot_switching": "write_current",
    "pulse_train": "write_current",
    "resistivity": "write_current",
}
_QUANTITIES = {
    "voltage": ("voltage", "resistance"),
    "resistance": ("resistance", "resistance"),
    "voltage_per_current": ("resistance", "resistance"),
    "moment": ("moment", "moment"),
    "resistivity": ("resistivity", "resistivity"),
}
_FORMATS = {
    "multivu": multivu.DEFAULT_COLUMNS,
    "lakeshore8600": lakeshore.DEFAULT_COLUMNS,
    "delimited": delimited.DEFAULT_COLUMNS,
}
_UNIT_SPELLINGS = {
    "Ohm": "ohm", "Ohms": "ohm", "ohms": "ohm", "Ω": "ohm", "mOhm": "mohm", "sec": "s",
    "Ohm-m": "ohm m", "ohm-cm": "ohm cm", "A·m2": "A m2", "Am2": "A m2", "Am²": "A m2",
    "uohm-cm": "uohm cm", "µV": "uV", "µA": "uA",
}  # fmt: skip
_TEMPERATURE_TOLERANCE_K = 1.0


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


def select(dataset: xr.Dataset, identifier: str) -> xr.Dataset:
    """One measurement: its conditions as scalars, its points alone.

    Raises
    ------
    Hall2netError
        If the sample has no such measurement.
    """
    found = np.flatnonzero(dataset["id"].values == identifier)
    if not found.size:
        known = ", ".join(map(str, dataset["id"].values[:20]))
        raise FileError(
            dataset.attrs.get("sample", "dataset"), f"no measurement {identifier!r}", known
        )
    one = dataset.isel(measurement=int(found[0]))
    start = int(one["start"])
    return one.isel(point=slice(start, start + int(one["count"])))


def write_dataset(dataset: xr.Dataset, path: str | Path) -> None:
    """Write NetCDF-4, whole or not at all."""
    with atomic(path) as temporary:
        dataset.to_netcdf(temporary, engine="h5netcdf")


def open_dataset(path: str | Path) -> xr.Dataset:
    """Read what `write_dataset` wrote, into memory.

    Raises
    ------
    FileError
        If the file is missing or broken.
    """
    try:
        return xr.load_dataset(path, engine="h5netcdf")
    except (OSError, ValueError, KeyError) as error:
        found = f"no readable NetCDF file ({error})"
        raise FileError(path, found, "the file that `read_measurements` makes") from error


def _read_file(path: Path, row: Mapping[str, Any]) -> pd.DataFrame:
    lines = read_text(path).splitlines()
    check_lines(path, lines)
    defaults = _FORMATS[row["format"]]
    columns = {key: _given(row, f"{key}_column") for key in ("x", "y", "pulse", "time")}
    if row["format"] == "multivu":
        table = multivu.read(path, lines)
    elif row["format"] == "lakeshore8600":
        table = lakeshore.read(path, lines)
    else:
        table = delimited.read(path, lines, [name for name in columns.values() if name])
    quantity = _given(row, "y_quantity") or ("moment" if row["kind"] == "vsm_loop" else "")
    x_variable = _X_VARIABLES[row["kind"]]
    x_name = columns["x"] or _default(path, table, defaults, "field", "x_column")
    y_name = columns["y"] or _default(path, table, defaults, quantity, "y_column")
    x_quantity = "field" if x_variable == "field" else "current"
    x = _column(path, table, x_name, _given(row, "x_unit"), x_quantity)
    raw_quantity, y_variable = _QUANTITIES[quantity]
    y = _column(path, table, y_name, _given(row, "y_unit"), raw_quantity)
    if quantity == "voltage":
        # The current that flowed while the voltage was read: the swept one only in an I-V curve.
        if row["kind"] == "resistivity":
            y = np.where(x == 0, np.nan, y / np.where(x == 0, np.nan, x))
        else:
            y = y / _probe_current(path, row)
    points = pd.DataFrame({x_variable: x, y_variable: y})
    if columns["pulse"]:
        points["pulse"] = table.data[columns["pulse"]].to_numpy()
    time = columns["time"] or _default(path, table, defaults, "time")
    if time:
        points["time"] = _column(path, table, time, _given(row, "time_unit"), "time")
    temperature = _default(path, table, defaults, "temperature")
    if temperature:
        points["point_temperature"] = table.data[temperature].to_numpy()
    return _usable(path, points, table.lines, [x_variable, y_variable], row)


def _usable(
    path: Path, points: pd.DataFrame, lines: np.ndarray, needed: list[str], row: Mapping[str, Any]
) -> pd.DataFrame:
    """Points with both coordinates, of the row's temperature, none out of all reason."""
    for name, values in points.items():
        wrong = np.abs(values) > _PLAUSIBLE[name]
        if wrong.any():
            first = int(np.flatnonzero(wrong)[0])
            found = f"{name} of {values[first]:.4g} {POINT_VARIABLES[name]}"
            limit = f"at most {_PLAUSIBLE[name]:.4g}; check the unit in measurements.csv"
            raise FileError(path, found, limit, int(lines[first]))
    kept = np.isfinite(points[needed]).all(axis=1)
    if "point_temperature" in points and kept.any():
        temperature = points["point_temperature"]
        wanted = row.get("temperature_k")
        if wanted is not None and np.isfinite(float(wanted)):
            near = (temperature - float(wanted)).abs() <= _TEMPERATURE_TOLERANCE_K
            if not (kept & near).any():
                low, high = temperature[kept].min(), temperature[kept].max()
                found = f"no point within {_TEMPERATURE_TOLERANCE_K:g} K of {wanted:g} K"
                raise FileError(path, found, f"a temperature from {low:.1f} to {high:.1f} K")
            kept &= near
        elif (spread := np.ptp(temperature[kept])) > 2 * _TEMPERATURE_TOLERANCE_K and (
            row["kind"] != "resistivity"
        ):
            raise FileError(
                path, f"temperatures over {spread:.1f} K", "temperature_k in measurements.csv"
            )
    if not kept.any():
        raise FileError(path, "no data rows with both columns", "rows of numbers")
    # A logger that stalls writes the same row twice.
    return points[kept].pipe(lambda t: t[(t != t.shift()).any(axis=1)]).reset_index(drop=True)


def _given(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    return "" if value is None or value != value else str(value)


def _default(
    path: Path,
    table: Table,
    defaults: Mapping[str, tuple[str, ...]],
    quantity: str,
    required: str = "",
) -> str:
    names = [str(name) for name in table.data.columns]
    for candidate in defaults.get(quantity, ()):
        if candidate in names:
            return candidate
    if required:
        shown = ", ".join(names[:30])
        raise FileError(
            path,
            f"no known column for {quantity or 'the signal'}",
            f"{required} in measurements.csv, one of: {shown}",
            table.header,
        )
    return ""


def _column(path: Path, table: Table, name: str, unit: str, quantity: str) -> np.ndarray:
    """A column in SI; its unit is the sheet's, else the one in its name."""
    names = [str(column) for column in table.data.columns]
    if names.count(name) != 1:
        times = "no" if name not in names else f"{names.count(name)} times the"
        raise FileError(
            path, f"{times} column {name!r}", f"one of: {', '.join(names[:30])}", table.header
        )
    found = unit or unit_of(name)
    found = _UNIT_SPELLINGS.get(found, found)
    if found not in SI_FACTORS[quantity]:
        allowed = ", ".join(SI_FACTORS[quantity])
        raise FileError(
            path, f"unit {found!r} of column {name!r}", f"for {quantity} one of {allowed}",
            table.header,
        )  # fmt: skip
    return to_si(table.data[name].to_numpy(), found, quantity)


def _probe_current(path: Path, row: Mapping[str, Any]) -> float:
    value = row.get("current_ma")
    if value is None or not np.isfinite(float(value)) or float(value) == 0:
        raise FileError(path, f"current_ma is {value}", "the current that the voltage is read at")
    return float(value) * 1e-3

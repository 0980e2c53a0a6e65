"""What a measurement is: its kind, variables and conditions, and the NetCDF file that keeps it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from hall2net.errors import FileError
from hall2net.files import DELETE, atomic

if TYPE_CHECKING:
    # Imported where it is used: `hall2net check` reads the tables below and starts without it.
    import xarray as xr

POINT_VARIABLES = {
    "field": "A m-1",
    "write_current": "A",
    "resistance": "ohm",
    "resistance_u": "ohm",
    "resistance_xx": "ohm",
    "moment": "A m2",
    "resistivity": "ohm m",
    "point_temperature": "K",
    "time": "s",
    "pulse": "1",
    "angle": "rad",
    "resistance_1y": "ohm",
    "resistance_2x": "ohm",
    "resistance_2y": "ohm",
}
"""Variables on the points of a measurement, and their units.

`resistance_1y`, `_2x` and `_2y` are the other parts of a lock-in signal: out of phase at the first
harmonic, in phase and out of phase at the second; `resistance` is that in phase at the first.
"""

AMPLITUDES = {"rms": 2**0.5, "peak": 1.0}
"""What a lock-in signal and its current may be given as, and the peak over it."""

REFERENCES = ("sin", "cos")
"""What a lock-in's X is in phase with, of the second harmonic too; `sin` where nothing is said."""

LOCK_IN = ("angle", "resistance_1y", "resistance_2x", "resistance_2y")
"""Variables that a sample without harmonic measurements does not have."""

CONDITIONS = {
    "temperature": ("temperature_k", "K", "temperature", "K"),
    "field_x": ("field_x_oe", "A m-1", "field", "Oe"),
    "prefield_x": ("prefield_x_oe", "A m-1", "field", "Oe"),
    "initial_field_z": ("initial_field_z_oe", "A m-1", "field", "Oe"),
    "current": ("current_ma", "A", "current", "mA"),
    "pulse_width": ("pulse_width_s", "s", "time", "s"),
    "field_in_plane": ("field_oe", "A m-1", "field", "Oe"),
    "direction": ("direction_deg", "rad", "angle", "deg"),
}
"""Variables on measurements: column of the sheet, unit in the data, quantity and unit there."""


@dataclass(frozen=True)
class Kind:
    """A kind of measurement: what is swept, what must be known, and what comes of it.

    Attributes
    ----------
    words : what it is, for the docs
    x : the variable that is swept, of `POINT_VARIABLES`
    conditions : columns of the sheet that may say what was held
    required : those of them without which the measurement cannot be used
    quantity : what its signal is where the sheet does not say; empty if its unit decides
    facts : columns of `samples.csv` that its tables need
    purpose : what these facts are for
    tables : made of it, `results/<study>/<name>.csv`
    row_each : whether the first of the tables has a row for each measurement
    lut_source : the `lut.source` whose states it can give; empty if none
    """

    words: str
    x: str
    conditions: tuple[str, ...]
    required: tuple[str, ...] = ()
    quantity: str = ""
    facts: tuple[str, ...] = ()
    purpose: str = ""
    tables: tuple[str, ...] = ()
    row_each: bool = False
    lut_source: str = ""


KINDS: dict[str, Kind] = {
    "ahe_loop": Kind(
        words="Hall resistance against an out-of-plane field",
        x="field",
        conditions=("temperature_k", "field_x_oe", "current_ma"),
        tables=("loops",),
        row_each=True,
    ),
    "loop_shift": Kind(
        words="the same at several currents in an in-plane field: the loop's centre moves",
        x="field",
        conditions=("temperature_k", "field_x_oe", "current_ma"),
        required=("field_x_oe", "current_ma"),
        facts=("thickness_nm", "width_um", "stack_nm", "heavy_metal_nm"),
        purpose="torque of its loop_shift measurements",
        tables=("loops", "torque"),
        row_each=True,
    ),
    "sot_switching": Kind(
        words="Hall resistance after write pulses of a current that sweeps",
        x="write_current",
        conditions=(
            "temperature_k", "field_x_oe", "prefield_x_oe", "initial_field_z_oe", "current_ma",
            "pulse_width_s",
        ),
        facts=("width_um", "stack_nm"),
        purpose="current density of its sot_switching measurements",
        tables=("switching", "switching_map", "joule_heating"),
        row_each=True,
        lut_source="loop",
    ),
    "pulse_train": Kind(
        words="Hall resistance after write pulses one by one, several reads after each",
        x="write_current",
        conditions=("temperature_k", "field_x_oe", "current_ma", "pulse_width_s"),
        lut_source="train",
    ),
    "retention": Kind(
        words="Hall resistance of one state against the time since its write",
        x="time",
        conditions=("temperature_k", "field_x_oe", "current_ma"),
        tables=("retention",),
    ),
    "endurance": Kind(
        words="Hall resistance after writes of either sign, against the number of the cycle",
        x="write_current",
        conditions=("temperature_k", "field_x_oe", "current_ma", "pulse_width_s"),
        tables=("endurance",),
    ),
    "vsm_loop": Kind(
        words="moment of a film against a field out of its plane or in it",
        x="field",
        conditions=("temperature_k", "orientation"),
        required=("orientation",),
        quantity="moment",
        facts=("film_area_mm2", "ferromagnet_nm"),
        purpose="magnetisation of its vsm_loop measurements",
        tables=("magnetometry",),
    ),
    "resistivity": Kind(
        words="voltage along the bar against a small current",
        x="write_current",
        conditions=("temperature_k",),
        facts=("width_um", "length_um", "stack_nm"),
        purpose="resistivity of its resistivity measurement",
        tables=("resistivity",),
    ),
    "harmonic_field": Kind(
        words="first and second harmonic of the Hall voltage against a small field in the plane, "
        "along and across the current",
        x="field",
        conditions=(
            "temperature_k", "current_ma", "direction_deg", "initial_field_z_oe",
            "current_amplitude", "voltage_amplitude",
        ),
        required=("current_ma", "direction_deg", "initial_field_z_oe", "current_amplitude"),
        facts=("width_um", "stack_nm", "heavy_metal_nm"),
        purpose="Oersted field and efficiencies of its harmonic measurements",
        tables=("harmonic", "torque_methods"),
    ),
    "harmonic_angle": Kind(
        words="the same while a field that saturates the magnet in the plane turns in it",
        x="angle",
        conditions=(
            "temperature_k", "current_ma", "field_oe", "direction_deg", "current_amplitude",
            "voltage_amplitude",
        ),
        required=("current_ma", "field_oe", "current_amplitude"),
        facts=("width_um", "stack_nm", "heavy_metal_nm"),
        purpose="Oersted field and efficiencies of its harmonic measurements",
        tables=("harmonic", "torque_methods"),
    ),
}  # fmt: skip
"""Every kind of measurement; sheet, draft, check, readers and rules read this table."""

HARMONIC = ("harmonic_field", "harmonic_angle")
"""Kinds that are read by lock-in amplifiers."""


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


def temperature_tolerance(temperature: ArrayLike) -> np.ndarray:
    """How far from its set point, in K, a point may be: set points lie closer when it is cold."""
    return np.clip(0.02 * np.asarray(temperature), 0.05, 1.0)


def write_samples(datasets: Sequence[xr.Dataset], path: str | Path) -> None:
    """Write samples into one file, whole or not at all.

    Parameters
    ----------
    datasets : one a sample, as `hall2net.readers.read_sample` gives them
    path : the file; it has the dimensions of a dataset, and `sample` on `measurement`

    Raises
    ------
    FileError
        If the file cannot be written.
    """
    import xarray as xr

    datasets = _alike(datasets)
    joined: dict[Hashable, tuple] = {
        name: (
            variable.dims,
            np.concatenate([dataset[name].values for dataset in datasets]),
            variable.attrs,
        )
        for name, variable in datasets[0].variables.items()
    }
    points = [dataset.sizes["point"] for dataset in datasets]
    measurements = [dataset.sizes["measurement"] for dataset in datasets]
    names = np.array([dataset.attrs["sample"] for dataset in datasets], dtype=object)
    joined["sample"] = ("measurement", np.repeat(names, measurements))
    whole = xr.Dataset(joined)
    whole["start"] += np.repeat(np.cumsum(points) - points, measurements)
    # By way of the memory, since HDF5 ends the whole process where a disk is full.
    # A copy: collecting an error that holds xarray's view of a buffer crashes Python 3.12.1.
    content = bytes(whole.to_netcdf(engine="h5netcdf"))
    with atomic(path) as temporary:
        temporary.write_bytes(content)


def _alike(datasets: Sequence[xr.Dataset]) -> list[xr.Dataset]:
    """Datasets with the variables of all of them; what one has not measured is NaN there."""
    more = [name for name in LOCK_IN if any(name in dataset for dataset in datasets)]
    return [
        dataset.assign(
            {
                name: ("point", np.full(dataset.sizes["point"], np.nan), _units(name))
                for name in more
                if name not in dataset
            }
        )
        for dataset in datasets
    ]


def _units(name: str) -> dict[str, str]:
    return {"units": POINT_VARIABLES[name]}


def open_samples(paths: Iterable[str | Path]) -> dict[str, xr.Dataset]:
    """Read what `write_samples` wrote, into memory.

    Parameters
    ----------
    paths : files with one sample or several each

    Returns
    -------
    Sample to its dataset, as `hall2net.readers.read_sample` gave it.

    Raises
    ------
    FileError
        If a file is missing or broken.
    """
    samples = {}
    for path in paths:
        whole = _open(path)
        names = whole["sample"].values
        changes = np.flatnonzero(names[1:] != names[:-1]) + 1
        whole = whole.drop_vars("sample")
        ends = (whole["start"] + whole["count"]).values
        for first, last in pairwise([0, *changes.tolist(), names.size]):
            begin = int(whole["start"][first])
            own = whole.isel(
                measurement=slice(first, last), point=slice(begin, int(ends[last - 1]))
            )
            own["start"] = own["start"] - begin
            samples[str(names[first])] = own.assign_attrs(sample=str(names[first]))
    return samples


def open_measurement(path: str | Path, identifier: str) -> xr.Dataset:
    """One measurement of a file that `write_samples` wrote, its sample as a scalar.

    Parameters
    ----------
    path : the file
    identifier : `id` of the measurement

    Returns
    -------
    Dataset as of `hall2net.readers.select`, with `sample`.

    Raises
    ------
    FileError
        If the file is missing or broken, or has no such measurement.
    """
    return select(_open(path), identifier)


def _open(path: str | Path) -> xr.Dataset:
    import xarray as xr

    try:
        return xr.load_dataset(path, engine="h5netcdf")
    except (OSError, ValueError, KeyError) as error:
        found = f"no readable NetCDF file ({error})"
        expected = f"the file that rule read_measurements makes; {DELETE}"
        raise FileError(path, found, expected) from error

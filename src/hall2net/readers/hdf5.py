"""HDF5 and NetCDF files with named columns: arrays of one length, or one table with fields."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hall2net.errors import FileError
from hall2net.readers.table import MAX_COLUMNS, Header, Table, checked
from hall2net.readers.text import MAX_LINES
from hall2net.units import unit_in

if TYPE_CHECKING:
    # Imported where a file is of this format: it takes longer than to read many others.
    import h5py

MARK = "an HDF5 file"
DEFAULT_COLUMNS: dict[str, tuple[str, ...]] = {}
"""None: the sheet says which array is what."""

STARTS = (b"\x89HDF\r\n\x1a\n",)
"""Bytes that such a file begins with."""

_UNITS = ("units", "unit", "Units", "Unit", "UNITS")
_NAMES = ("column_names", "columns", "names", "channel_names", "Channel names", "labels")


def open_arrays(path: Path) -> tuple[Header, Callable[[Sequence[int]], Table]]:
    """Arrays of numbers of the same length, as the columns of one table.

    An array is one column; a compound array is one a field; an array of two dimensions is one
    column for each name that it carries in an attribute.

    Parameters
    ----------
    path : the file

    Returns
    -------
    Names and units, and what reads the columns at some places.

    Raises
    ------
    FileError
        If the file is broken, or holds no two arrays of one length.
    """
    import h5py

    try:
        with h5py.File(path) as file:
            columns = _columns(file)
    except (OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
        found = f"no readable HDF5 file ({' '.join(str(error).split())[:200]})"
        raise FileError(path, found, "arrays with names") from error
    lengths = Counter(len(values) for _, _, values in columns)
    length = max(lengths, key=lambda n: (lengths[n] > 1, lengths[n], n), default=0)
    columns = [column for column in columns if len(column[2]) == length][:MAX_COLUMNS]
    if len(columns) < 2:
        raise FileError(path, "no two arrays of one length", "arrays of numbers with names")
    names = _short([name for name, _, _ in columns])
    header = Header(names, "", 0, 0, [unit for _, unit, _ in columns])

    def read(places: Sequence[int]) -> Table:
        chosen = {place: columns[place][2] for place in places}
        return checked(path, header, Table(chosen, np.arange(1, length + 1)))

    return header, read


def _columns(file: h5py.File) -> list[tuple[str, str, np.ndarray]]:
    """Name, unit and numbers of every column of a file."""
    import h5py

    found: list[tuple[str, str, np.ndarray]] = []

    def visit(name: str, item: object) -> None:
        if not isinstance(item, h5py.Dataset) or not 0 < item.size <= MAX_LINES:
            return
        if sum(len(values) for _, _, values in found) > MAX_LINES:
            return
        if item.dtype.names and item.ndim == 1:
            values = item[()]
            found.extend(
                (field, unit_in(field), values[field].astype(float))
                for field in item.dtype.names
                if values[field].dtype.kind in "iuf" and values[field].ndim == 1
            )
        elif item.dtype.kind in "iuf" and item.ndim == 1:
            unit = next((_word(item.attrs[key]) for key in _UNITS if key in item.attrs), "")
            found.append((name, unit or unit_in(name), item[()].astype(float)))
        elif item.dtype.kind in "iuf" and item.ndim == 2:
            names = _labels(item)
            for axis in (1, 0):
                if len(names) == item.shape[axis]:
                    values = item[()] if axis else item[()].T
                    found.extend(
                        (label, unit_in(label), values[:, k].astype(float))
                        for k, label in enumerate(names)
                    )
                    return

    file.visititems(visit)
    return found


def _labels(item: h5py.Dataset) -> list[str]:
    labels = next((item.attrs[key] for key in _NAMES if key in item.attrs), ())
    return [_word(label) for label in np.atleast_1d(labels)]


def _word(value: object) -> str:
    value = value.item() if isinstance(value, np.ndarray) and value.size == 1 else value
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _short(names: list[str]) -> list[str]:
    """Names without the groups that all of them are in."""
    parts = [name.split("/") for name in names]
    while all(len(part) > 1 for part in parts) and len({part[0] for part in parts}) == 1:
        parts = [part[1:] for part in parts]
    return ["/".join(part) for part in parts]

"""Which kind of measurement a file is, from its columns and the way they run."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from hall2net.errors import FileError
from hall2net.measurement import temperature_tolerance
from hall2net.study.cells import UNKNOWN
from hall2net.study.draft.columns import Column, RawFile
from hall2net.study.draft.names import in_sheet_units

_HALL = re.compile(r"(?i)xy|yx|hall|ahe|transv|\br_?h\b")
_ALONG = re.compile(r"(?i)xx|long|4.?p|four")
_STRAIGHT = 0.999  # correlation of a current-voltage curve
_MANY_TURNS = 0.1  # turning points to points, beyond which a current jumps and does not sweep
_SIGNALS = ("resistance", "voltage", "resistivity")  # loops are fitted to resistances


@dataclass
class Measurement:
    """A row of the sheet in the making.

    Attributes
    ----------
    file : name relative to the folder; two branches joined by `;`
    cells : columns of the sheet
    choices : for a cell that is `?`, the columns of the file that it may be
    opening : difference of the branches over their noise, of a swept signal; 0 if not known
    branch : +1 or -1 for one rising or falling branch alone, 0 for a closed loop
    largest_x : largest field (Oe) or write current (mA)
    named : what was read from the names of file and folders: cell to words
    facts : dimensions of the sample that the file tells
    """

    file: str
    cells: dict[str, str | float]
    choices: dict[str, list[str]] = field(default_factory=dict)
    opening: float = 0.0
    branch: int = 0
    largest_x: float = np.nan
    named: dict[str, str] = field(default_factory=dict)
    facts: dict[str, float] = field(default_factory=dict)


def measurements_in(file: RawFile) -> list[Measurement]:
    """Measurements that a file holds: one, or one at each of its temperatures.

    Raises
    ------
    FileError
        If its columns are those of no kind of measurement.
    """
    fields = [column for column in file.of("field") if column.sweeps]
    currents = [column for column in file.of("current") if column.sweeps]
    moments, signals = file.of("moment"), file.of(*_SIGNALS)
    if moments and fields:
        return _at_each_temperature(file, "vsm_loop", fields[0], moments)
    if signals and fields and not currents:
        return _at_each_temperature(file, "ahe_loop", fields[0], signals)
    if signals and currents and not fields:
        return _against_current(file, currents[0], signals)
    pulses = _pulse_columns(file)
    if signals and pulses and not fields:
        return [_measurement(file, "pulse_train", None, signals, pulses=pulses)]
    if signals and any(column.sweeps for column in file.of("temperature")):
        constant = file.of("current")
        if constant:
            along = _at_each_temperature(file, "resistivity", constant[0], signals)
            if len(along) == 1:
                return along
        raise _no_kind(file, "a temperature sweep; resistivity is read at one temperature")
    unnamed = file.of("unknown")
    if len(unnamed) == 2:
        return [_without_names(file, *unnamed)]
    raise _no_kind(file)


def _at_each_temperature(
    file: RawFile, kind: str, x: Column, signals: Sequence[Column]
) -> list[Measurement]:
    """One measurement at each set point; readers part them where the format tells temperature."""
    measured = np.isfinite(x.values) & np.any([np.isfinite(s.values) for s in signals], axis=0)
    found = [
        column for column in file.of("temperature") if np.isfinite(column.values[measured]).any()
    ]
    if not found:
        return [_measurement(file, kind, x, signals)]
    temperature = np.where(measured, found[0].values, np.nan)
    points = _set_points(temperature)
    parted = file.format in ("multivu", "lakeshore8600")
    if len(points) == 1:
        return [_measurement(file, kind, x, signals, temperature=points[0])]
    if not points or not parted:
        low, high = np.nanmin(temperature), np.nanmax(temperature)
        raise _no_kind(file, f"temperatures from {low:.4g} to {high:.4g} K in one table; split it")
    rows = []
    for point in points:
        near = np.abs(temperature - point) <= temperature_tolerance(point)
        part = Column(x.name, x.quantity, x.unit, np.where(near, x.values, np.nan))
        if part.sweeps or kind == "resistivity":
            rows.append(_measurement(file, kind, x, signals, temperature=point, near=near))
    return rows


def _set_points(temperature: np.ndarray) -> list[float]:
    """Temperatures at which a table stays; none if it drifts."""
    values = np.sort(temperature[np.isfinite(temperature)])
    tolerances = np.array([temperature_tolerance(value) for value in values[1:]])
    parts = np.split(values, np.flatnonzero(np.diff(values) > tolerances) + 1)
    points = []
    for part in parts:
        # A few points on the way from one set point to the next are none.
        if len(part) < max(3, 0.02 * len(values)):
            continue
        point = float(np.median(part))
        if np.ptp(part) > 2 * temperature_tolerance(point):
            return []
        points.append(round(point, 1 if point >= 10 else 2))
    return points


def _against_current(file: RawFile, x: Column, signals: Sequence[Column]) -> list[Measurement]:
    """A current-voltage curve, a pulse train, or a switching loop."""
    pulses = _pulse_columns(file)
    known = np.isfinite(x.values) & np.any([np.isfinite(s.values) for s in signals], axis=0)
    current = x.values[known]
    if not _jumps(current):
        straight = [s for s in signals if s.quantity == "voltage" and _straight(x, s)]
        along = [s for s in signals if _ALONG.search(s.name) and not _HALL.search(s.name)]
        single = _branch_of(current) != 0 and len(along) == len(signals)
        if straight or single:
            return _at_each_temperature(file, "resistivity", x, straight or along)
        return _at_each_temperature(file, "sot_switching", x, signals)
    if not pulses:
        raise _no_kind(file, "a current that jumps, and no column that counts the pulses")
    return [_measurement(file, "pulse_train", x, signals, pulses=pulses)]


def _measurement(
    file: RawFile,
    kind: str,
    x: Column | None,
    signals: Sequence[Column],
    *,
    pulses: Sequence[Column] = (),
    temperature: float | None = None,
    near: np.ndarray | None = None,
) -> Measurement:
    made = Measurement(file.name, {"format": file.format, "kind": kind})
    cells = made.cells
    if temperature is not None:
        cells["temperature_k"] = temperature
    if kind == "vsm_loop" and file.format != "delimited" and len(signals) > 1:
        y = signals[0]  # of raw and corrected moments the format knows its own
    else:
        if x is None:
            cells["x_column"] = cells["x_unit"] = UNKNOWN
        else:
            cells["x_column"], cells["x_unit"] = x.name, x.unit or UNKNOWN
        y = _signal(made, kind, signals)
        if pulses:
            cells["pulse_column"] = pulses[0].name
        times = [column for column in file.of("time") if column.unit]
        if times and file.format == "delimited":
            cells["time_column"], cells["time_unit"] = times[0].name, times[0].unit
    if x is not None:
        _constants(made, file, x, y, near)
        values = x.values if near is None else np.where(near, x.values, np.nan)
        if x.unit:
            cell = "field_x_oe" if x.quantity == "field" else "current_ma"
            made.largest_x = in_sheet_units(float(np.nanmax(np.abs(values))), x.unit, cell)
        if y is not None:
            both = np.isfinite(values) & np.isfinite(y.values)
            made.branch = _branch_of(values[both])
            made.opening = _opening(values[both], y.values[both])
    return made


def _signal(made: Measurement, kind: str, signals: Sequence[Column]) -> Column | None:
    """Choose the column of the signal, or leave it open where several may be it."""
    cells = made.cells
    for preferred in (
        [s for s in signals if s.quantity == "moment"],
        [s for s in signals if (_ALONG if kind == "resistivity" else _HALL).search(s.name)],
        *([s for s in signals if s.quantity == quantity] for quantity in _SIGNALS),
    ):
        found = preferred or []
        if found and len({s.quantity for s in found}) == 1:
            break
    else:
        found = list(signals)
    if len(found) > 1:
        cells["y_column"] = UNKNOWN
        made.choices["y_column"] = [s.name for s in found]
    else:
        cells["y_column"] = found[0].name
    units = {s.unit for s in found}
    cells["y_unit"] = (units.pop() or UNKNOWN) if len(units) == 1 else UNKNOWN
    cells["y_quantity"] = found[0].quantity
    return found[0] if len(found) == 1 else None


def _constants(
    made: Measurement, file: RawFile, x: Column, y: Column | None, near: np.ndarray | None
) -> None:
    """Conditions that a column tells by staying at one value."""
    kind = made.cells["kind"]
    currents = {}
    for column in file.columns:
        values = column.values if near is None else column.values[near]
        if column is x or column.sweeps or not column.unit or not np.isfinite(values).any():
            continue
        value = float(np.nanmedian(values))
        if column.quantity == "current" and kind not in ("vsm_loop", "resistivity") and value:
            currents[column.name] = in_sheet_units(value, column.unit, "current_ma")
        if column.quantity == "field" and x.quantity == "current" and kind != "resistivity":
            oersted = in_sheet_units(value, column.unit, "field_x_oe")
            made.cells.setdefault("field_x_oe", round(oersted, 1))
    # Of several channels' currents, that of the signal's own.
    if y is not None and len(set(currents.values())) > 1:
        channel = re.findall(r"\d+", y.name)
        currents = {c: v for c, v in currents.items() if re.findall(r"\d+", c) == channel}
    if len(set(currents.values())) == 1:
        made.cells["current_ma"] = next(iter(currents.values()))


def _pulse_columns(file: RawFile) -> list[Column]:
    """Columns that count: whole numbers that never fall, or begin again."""
    counting = []
    for quantity in ("pulse", "counter"):
        for column in file.columns:
            if column.quantity != quantity or not column.filled:
                continue
            values = column.values[np.isfinite(column.values)]
            steps = np.diff(values)
            whole = (values == np.round(values)).all()
            if whole and len(np.unique(values)) > 2 and np.mean(steps >= 0) > 0.8:
                counting.append(column)
    return counting


def _without_names(file: RawFile, x: Column, y: Column) -> Measurement:
    """Two columns of numbers: nobody but the user knows what they are."""
    cells: dict[str, str | float] = {"format": file.format, "kind": UNKNOWN}
    cells |= {"x_column": x.name, "y_column": y.name, "y_quantity": UNKNOWN}
    return Measurement(file.name, cells | {"x_unit": UNKNOWN, "y_unit": UNKNOWN})


def _no_kind(file: RawFile, why: str = "") -> FileError:
    held = ", ".join(f"{c.name} ({c.quantity})" for c in file.columns[:8] if c.filled)
    found = why or f"no kind of measurement has these columns: {held or 'none known'}"
    return FileError(file.name, found)


def _jumps(current: np.ndarray) -> bool:
    """Whether a current goes from pulse to pulse, and not step by step through a sweep."""
    steps = np.diff(current)
    steps = steps[steps != 0]
    if len(steps) < 4:
        return True
    turns = np.mean(np.sign(steps[1:]) != np.sign(steps[:-1]))
    return bool(turns > _MANY_TURNS or len(steps) < 0.3 * (len(current) - 1))


def _straight(x: Column, y: Column) -> bool:
    both = np.isfinite(x.values) & np.isfinite(y.values)
    if both.sum() < 3 or np.ptp(y.values[both]) == 0:
        return False
    return abs(np.corrcoef(x.values[both], y.values[both])[0, 1]) > _STRAIGHT


def _branch_of(x: np.ndarray) -> int:
    """+1 or -1 where x runs one way alone; 0 where it comes back."""
    if len(x) < 3:
        return 0
    coarse = x[np.linspace(0, len(x) - 1, min(len(x), 60)).astype(int)]
    steps = np.diff(coarse)
    up, down = steps[steps > 0].sum(), -steps[steps < 0].sum()
    if min(up, down) > 0.3 * np.ptp(x):
        return 0
    return 1 if up > down else -1


def _opening(x: np.ndarray, y: np.ndarray) -> float:
    """How far the two branches lie apart where they are furthest, over the signal's noise."""
    if len(x) < 12:
        return 0.0
    steps = np.gradient(x)
    edges = np.linspace(x.min(), x.max(), 13)[1:-1]
    bins = np.digitize(x, edges)
    apart = [
        np.median(y[(bins == k) & (steps > 0)]) - np.median(y[(bins == k) & (steps < 0)])
        for k in range(12)
        if ((bins == k) & (steps > 0)).sum() > 1 and ((bins == k) & (steps < 0)).sum() > 1
    ]
    noise = np.median(np.abs(np.diff(y))) or 1e-30
    return float(np.max(np.abs(apart)) / noise) if apart else 0.0

"""Rows of a file that a row of the sheet means: of its channel, temperature, current, direction."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hall2net.errors import FileError
from hall2net.measurement import CONDITIONS, HARMONIC, KINDS, temperature_tolerance
from hall2net.readers.columns import NONE, Columns, number_given
from hall2net.readers.conditions import (
    HIGHEST_TEMPERATURE,
    LOWEST_TEMPERATURE,
    SAME_CURRENT,
    alternates,
    condition_columns,
    follows,
    of_channel,
    set_points,
    tolerance_of,
)
from hall2net.units import SI_FACTORS, to_si

# Of two candidates for the signal, one that has fewer points than this share of the other's, or
# sweeps over less, is a rest of another measurement.
_REST = 0.1

_CURE = {
    "angle": "one angle a file; split it",
    "field_x": "field_x_oe in measurements.csv, to choose one",
    "current": "current_ma in measurements.csv, to choose one",
    "field_in_plane": "field_oe in measurements.csv, to choose one",
}
_SHOWN = {
    "angle": ("deg", 1.0), "field_x": ("Oe", SI_FACTORS["field"]["Oe"]), "current": ("mA", 1e-3),
    "field_in_plane": ("Oe", SI_FACTORS["field"]["Oe"]),
}  # fmt: skip

LEAST_CYCLE = 12
"""Rows of a closed loop; a column that counts faster counts no cycles."""

NO_CURRENT = 1e-15
"""In A; a current below it is none."""

Say = Callable[[str], None]


def choose_signal(columns: Columns, x: np.ndarray, say: Say) -> None:
    """Of several columns that the format knows for the signal, take that of the rows asked for.

    Parameters
    ----------
    columns : already read; `places["y"]` is set
    x : (rows,) what is swept
    say : takes a remark for the user

    Raises
    ------
    FileError
        If two of them hold a measurement each, in different rows.
    """
    candidates = columns.candidates["y"]
    if len(candidates) < 2:
        return
    near = of_temperature(columns, np.isfinite(x), lambda _: None, choosing=True)
    rows = {k: near & np.isfinite(x) & np.isfinite(columns.table.columns[k]) for k in candidates}
    rows = {k: own for k, own in rows.items() if own.any()}
    if not rows:
        return
    counts = {k: own.sum() for k, own in rows.items()}
    spans = {k: np.ptp(x[own]) for k, own in rows.items()}
    likely = [
        k
        for k in rows
        if counts[k] >= _REST * max(counts.values()) and spans[k] >= _REST * max(spans.values())
    ]
    moving = [k for k in likely if np.ptp(columns.table.columns[k][rows[k]]) > 0]
    chosen = (moving or likely or list(rows))[0]
    names = columns.source.names
    for k in moving:
        if (rows[k] & rows[chosen]).sum() < _REST * counts[k]:
            found = f"a measurement in {names[chosen]!r} and another one in {names[k]!r}"
            raise FileError(columns.path, found, "y_column in measurements.csv, to choose one")
    columns.places["y"] = chosen
    for k in rows:
        if k not in likely and k != chosen:
            say(f"{names[k]!r} has {counts[k]} points too, of another measurement; left out")


def of_temperature(
    columns: Columns, kept: np.ndarray, say: Say, choosing: bool = False
) -> np.ndarray:
    """Which points are of the row's temperature, where a file may hold several.

    Parameters
    ----------
    columns : already read
    kept : (rows,) points with both coordinates
    say : takes a remark for the user
    choosing : whether only to choose among columns: nothing is refused

    Raises
    ------
    FileError
        If no point is of `temperature_k`, or there are several set points and it is empty.
    """
    wanted = number_given(columns.row, "temperature_k")
    temperature = temperature_of(columns, kept, say)
    present = temperature[kept & np.isfinite(temperature)]
    if not present.size:
        if wanted is not None and not choosing:
            say("no temperature in the file; temperature_k is as the sheet says")
        return np.ones_like(kept)
    low, high = present.min(), present.max()
    if wanted is not None:
        tolerance = temperature_tolerance(wanted)
        near = np.abs(temperature - wanted) <= tolerance
        if not (kept & near).any() and not choosing:
            found = f"no point within {tolerance:g} K of {wanted:g} K"
            cure = f"a temperature from {low:.2f} to {high:.2f} K, or temperature_column: {NONE}"
            raise FileError(columns.path, found, cure)
        return near
    if columns.row["kind"] != "resistivity" and high - low > 2 * temperature_tolerance(low):
        values = set_points(present, temperature_tolerance)
        gaps = np.diff(np.sort(present)) > temperature_tolerance(np.sort(present)[:-1])
        if not choosing and (gaps.any() or len(values) > 1):
            some = ", ".join(f"{value:.4g}" for value in values[:10])
            found = f"temperatures from {low:.2f} to {high:.2f} K ({some or 'no set points'})"
            raise FileError(columns.path, found, "temperature_k in measurements.csv, to choose one")
        if not choosing:
            say(f"the temperature drifts from {low:.4g} to {high:.4g} K without set points")
    return np.ones_like(kept)


def temperature_of(columns: Columns, kept: np.ndarray, say: Say) -> np.ndarray:
    """Temperature of each row in K; NaN where the channel shows none.

    Parameters
    ----------
    columns : already read; `places["temperature"]` is set
    kept : (rows,) points that count
    say : takes a remark for the user
    """
    for place in columns.candidates["temperature"]:
        unit = columns.source.units[place]
        unit = unit if unit in SI_FACTORS["temperature"] else "K"
        values = to_si(columns.table.columns[place], unit, "temperature")
        alive = (values >= LOWEST_TEMPERATURE) & (values <= HIGHEST_TEMPERATURE)
        if (alive & kept).any():
            columns.places["temperature"] = place
            return np.where(alive, values, np.nan)
        if (kept & np.isfinite(values)).any():
            name = columns.source.names[place]
            some = values[kept & np.isfinite(values)]
            say(f"{name!r} shows {some.min():.4g} to {some.max():.4g}: no temperature; left out")
    columns.places.pop("temperature", None)
    return np.full(len(kept), np.nan)


def of_cycle(columns: Columns, kept: np.ndarray, say: Say) -> np.ndarray:
    """Which points are of the row's cycle, where a column counts cycles; all without one.

    Parameters
    ----------
    columns : already read
    kept : (rows,) points taken so far
    say : takes a remark for the user

    Raises
    ------
    FileError
        If `cycle` is given and no column counts cycles, or it counts no such cycle.
    """
    wanted, places = number_given(columns.row, "cycle"), columns.candidates["cycle"]
    if not places:
        if wanted is None:
            return np.ones_like(kept)
        found = f"cycle is {wanted:g}, and no column counts cycles"
        shown = ", ".join(columns.source.names[:30])
        raise FileError(columns.path, found, f"cycle_column in measurements.csv, one of: {shown}")
    name, values = columns.source.names[places[0]], columns.table.columns[places[0]]
    present = np.unique(values[kept & np.isfinite(values)])
    some = ", ".join(f"{value:g}" for value in present[:8]) + ", …" * (len(present) > 8)
    if wanted is None:
        if 1 < len(present) <= kept.sum() / LEAST_CYCLE:
            say(f"{name!r} is {some}: taken together; cycle in measurements.csv chooses one")
        return np.ones_like(kept)
    if wanted not in present:
        raise FileError(columns.path, f"no row of cycle {wanted:g} in {name!r}", f"one of {some}")
    return values == wanted


@dataclass
class Conditions:
    """Columns of a file that say what was held, besides temperature.

    Attributes
    ----------
    changing : place to condition of the columns that do not stay at one value
    current : places that may hold the read current of the signal's channel
    held : the current in A that these show, where it is one value; else NaN
    """

    changing: dict[int, str]
    current: list[int]
    held: float


def find_conditions(columns: Columns) -> Conditions:
    """Look at some rows of a file for what was held, before any column is read."""
    kind = columns.row["kind"]
    if kind not in ("ahe_loop", "loop_shift", "sot_switching", *HARMONIC):
        return Conditions({}, list(columns.candidates["current"]), np.nan)
    source, named = columns.source, columns.candidates["current"]
    taken = {k for key, places in columns.candidates.items() if key != "current" for k in places}
    found = condition_columns(source.names, source.units) | dict.fromkeys(named, "current")
    if KINDS[kind].x == "angle":
        fields = [k for k, unit in enumerate(source.units) if unit in SI_FACTORS["field"]]
        found |= dict.fromkeys(fields, "field_in_plane")
    found = {place: what for place, what in found.items() if place not in taken}
    # A switching loop's currents are written ones.
    if kind == "sot_switching":
        found = {k: what for k, what in found.items() if what != "current" or k in named}
    if not found:
        return Conditions({}, [], np.nan)
    x, *_ = columns.candidates["x"]
    sample = source.sample([x, *(k for k in found if k != x)])
    found = {k: what for k, what in found.items() if not follows(sample[k], sample[x])}
    si = {k: sample[k] * _factor(columns, k, what) for k, what in found.items()}
    signal = source.names[columns.candidates["y"][0]]
    currents = [k for k, what in found.items() if what == "current"]
    currents = named or of_channel(currents, source.names, signal)
    several = {
        k: what
        for k, what in found.items()
        if len(set_points(si[k], tolerance_of(what, si[k]))) > 1
        and (what != "current" or k in currents)
    }
    held = np.nan
    if len(currents) == 1 and np.isfinite(si.get(currents[0], np.nan)).any():
        held = float(np.nanmedian(np.abs(si[currents[0]])))
    return Conditions(several, currents, held)


def of_conditions(
    columns: Columns, conditions: Conditions, x: np.ndarray, kept: np.ndarray
) -> np.ndarray:
    """Which points are of the row's in-plane field, current and angle.

    Parameters
    ----------
    columns : already read, with the columns of `conditions.changing`
    conditions : of the file
    x : (rows,) what is swept
    kept : (rows,) points taken so far

    Raises
    ------
    FileError
        If a condition has several set points within them, and the sheet chooses none.
    """
    kept = kept.copy()
    for place, condition in conditions.changing.items():
        values = condition_si(columns, place, condition)
        if values is None:
            continue
        present = np.where(kept, values, np.nan)
        paired = condition == "current" and columns.row["kind"] == "ahe_loop"
        if follows(present, x) or (paired and alternates(present[kept])):
            continue
        tolerance = tolerance_of(condition, present)
        points = set_points(present, tolerance)
        if len(points) < 2:
            continue
        wanted = _wanted(columns, condition)
        near = np.abs(values - wanted) <= tolerance if wanted is not None else kept & False
        if not (kept & near).any():
            raise _several(columns, place, condition, points)
        kept &= near
    return kept


def read_current(columns: Columns, conditions: Conditions, say: Say) -> np.ndarray | float:
    """The current in A that a voltage was read at: a number, or (rows,) where a column says it.

    It is `current_column`; else `current_ma`, unless it is empty or the file has one column of a
    read current that changes.

    Parameters
    ----------
    columns : already read
    conditions : of the file
    say : takes a remark for the user

    Raises
    ------
    FileError
        If neither the sheet nor a column says it.
    """
    stated = number_given(columns.row, "current_ma")
    if "current" in columns.places:
        return columns.si("current", "current")
    if len(conditions.current) == 1:
        (place,) = conditions.current
        own = condition_si(columns, place, "current")
        if own is not None and (stated is None or place in conditions.changing):
            return own
    if not stated or abs(stated * 1e-3) < NO_CURRENT:
        cure = "current_ma in measurements.csv, the current that the voltage is read at"
        names = [columns.source.names[place] for place in conditions.current]
        cure += f", or current_column, one of: {', '.join(names)}" if names else ""
        raise FileError(columns.path, f"current_ma is {columns.row.get('current_ma')}", cure)
    if abs(conditions.held - abs(stated * 1e-3)) > SAME_CURRENT * conditions.held:
        name = columns.source.names[conditions.current[0]]
        say(f"{name!r} shows {conditions.held * 1e3:.4g} mA, the sheet says {stated:g} mA")
    return stated * 1e-3


def condition_si(columns: Columns, place: int, condition: str) -> np.ndarray | None:
    """Numbers of a condition's column in SI or degree; None where it was not read.

    Parameters
    ----------
    columns : already read
    place : of the column
    condition : `current`, `field_x` or `angle`
    """
    values = columns.table.columns.get(place)
    return None if values is None else values * _factor(columns, place, condition)


def _factor(columns: Columns, place: int, condition: str) -> float:
    unit = columns.source.units[place]
    if condition == "angle":
        return float(np.rad2deg(1.0)) if unit == "rad" else 1.0
    return SI_FACTORS["current" if condition == "current" else "field"].get(unit, 1.0)


def _wanted(columns: Columns, condition: str) -> float | None:
    if condition == "angle":
        chosen = columns.row["kind"] == "harmonic_field"
        return number_given(columns.row, "direction_deg") if chosen else None
    cell, _, quantity, unit = CONDITIONS[condition]
    value = number_given(columns.row, cell)
    return None if value is None else float(to_si(value, unit, quantity))


def _several(columns: Columns, place: int, condition: str, points: list[float]) -> FileError:
    unit, size = _SHOWN[condition]
    some = ", ".join(f"{value / size:.4g}" for value in points[:8])
    more = f" and {len(points) - 8} more" if len(points) > 8 else ""
    found = f"{columns.source.names[place]!r} is at {some}{more} {unit} in turn"
    return FileError(columns.path, found, _CURE[condition])

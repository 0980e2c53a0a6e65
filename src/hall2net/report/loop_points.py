"""Points of a measurement for the inspector: as measured, less what, and what the fit expects."""

import base64
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
import xarray as xr

from hall2net.errors import Hall2netError
from hall2net.physics.aging import endurance_levels, living, log_line, retention_points
from hall2net.physics.current_loops import fit_current_loop
from hall2net.physics.loops import corrected_loop
from hall2net.physics.noise import point_noise, spikes
from hall2net.physics.sweeps import find_runs, find_sweeps

RISING, FALLING, USED, LEFT_OUT = 1, 2, 4, 8
"""Flags of a point: its branch, whether the background is fitted to it, whether it is a spike.

In an endurance measurement the higher level counts as rising, the lower one as falling.
"""


@dataclass(frozen=True)
class LoopPoints:
    """Points of a measurement in their order.

    Attributes
    ----------
    x, y : (n,), as measured, in SI
    background : (n,), what the fit takes off; nan where nothing was fitted
    model : (n,), what the fit expects of `y`, of a loop where it is saturated; nan elsewhere
    flags : (n,), sums of `RISING`, `FALLING`, `USED` and `LEFT_OUT`
    """

    x: np.ndarray
    y: np.ndarray
    background: np.ndarray
    model: np.ndarray
    flags: np.ndarray

    def part(self, index: np.ndarray) -> "LoopPoints":
        """Some of the points."""
        return LoopPoints(*(getattr(self, field.name)[index] for field in fields(self)))

    def thinned(self, most: int) -> "LoopPoints":
        """At most `most` points: the smallest and the largest `y` of each run of neighbours.

        Extremes are kept, so that no spike and no jump is lost.
        """
        if len(self.x) <= most:
            return self
        runs = np.array_split(np.arange(len(self.y)), most // 2)
        kept = [run[[np.argmin(self.y[run]), np.argmax(self.y[run])]] for run in runs]
        return self.part(np.unique(np.concatenate(kept)))

    def encoded(self) -> str:
        """Base64 of x, y, background and model as little-endian float32 and flags as bytes.

        The last three are less the first `y`: an offset of many ohms then costs no digits.
        """
        origin = self.y[0] if len(self.y) else 0.0
        columns = (self.x, self.y - origin, self.background - origin, self.model - origin)
        data = b"".join(column.astype("<f4").tobytes() for column in columns)
        return base64.b64encode(data + self.flags.astype("u1").tobytes()).decode()


def hall_points(measurement: xr.Dataset, row: pd.Series) -> LoopPoints:
    """Points of a Hall loop.

    Parameters
    ----------
    measurement : one field loop
    row : its row of the table of `hall2net.physics.loops.fit_loops`; empty if it has none
    """
    field, y = measurement["field"].values, measurement["resistance"].values
    if not np.isfinite(row.get("r_ahe_ohm", np.nan)):
        return _measured(_unfitted(field, y))
    loop = corrected_loop(measurement, row)
    background = y - loop["resistance_ohm"].to_numpy()
    flags = np.zeros(len(y), int)
    measured = np.isfinite(field) & np.isfinite(y)
    flags[measured] = _branch_flags(field[measured], y[measured])
    model = background + np.where(flags & (RISING | FALLING), loop["level_ohm"], np.nan)
    flags += np.where(np.isfinite(model), USED, 0)
    return _measured(LoopPoints(field, y, background, model, flags))


def switching_points(measurement: xr.Dataset) -> LoopPoints:
    """Points of a switching loop; without background where it is refused.

    Several reads after a pulse are one point, their mean.

    Parameters
    ----------
    measurement : one `sot_switching` measurement
    """
    current, y = measurement["write_current"].values, measurement["resistance"].values
    try:
        loop = fit_current_loop(measurement)
    except Hall2netError:
        return _measured(_unfitted(current, y))
    points, place = loop.points, loop.points["point"].to_numpy()
    below = loop.terms @ loop.value[2:]
    if (points["n_reads"] > 1).any():
        current, y, place = np.zeros(len(points)), np.zeros(len(points)), np.arange(len(points))
    current, y = current.copy(), y.copy()
    current[place] = 1e-3 * points["write_current_ma"]
    y[place] = points["resistance_ohm"] + below
    background, model = np.full((2, len(y)), np.nan)
    background[place] = below
    rising = np.array([sweep.direction for sweep in loop.sweeps])[points["sweep"]] > 0
    level = np.where(rising, loop.value[0], loop.value[1])
    model[place] = np.where(points["at_rest"], below + level, np.nan)
    flags = np.full(len(y), LEFT_OUT)
    flags[place] = _branches(points["branch"]) + np.where(points["at_rest"], USED, 0)
    return _measured(LoopPoints(current, y, background, model, flags))


def moment_points(measurement: xr.Dataset) -> LoopPoints:
    """Points of a magnetometer loop, as measured."""
    return _measured(_unfitted(measurement["field"].values, measurement["moment"].values))


def retained_points(measurement: xr.Dataset, row: pd.Series) -> LoopPoints:
    """Reads of a state against the time since its write, and their line in log t.

    What is taken off is the state's resistance at the first time.

    Parameters
    ----------
    measurement : one `retention` measurement
    row : its row of the table of `hall2net.physics.aging.retention_table`; empty if it has none
    """
    time, y = retention_points(measurement)
    start = np.full(len(y), row.get("resistance_ohm", np.nan))
    decades = np.log10(time / row.get("first_s", np.nan))
    model = start + row.get("drift_per_decade_ohm", np.nan) * decades
    return LoopPoints(time, y, start, model, np.where(np.isfinite(model), USED, 0))


def cycled_points(measurement: xr.Dataset) -> LoopPoints:
    """Both levels against the number of write cycles, each with its line in log n.

    What is taken off is the middle of the window.

    Parameters
    ----------
    measurement : one `endurance` measurement
    """
    try:
        levels = endurance_levels(measurement)
    except Hall2netError:
        cycle = measurement["pulse"].values
        cycle = np.where(cycle > 0, cycle, np.nan)
        nothing = np.full(len(cycle), np.nan)
        flags = np.zeros(len(cycle), int)
        return _measured(
            LoopPoints(cycle, measurement["resistance"].values, nothing, nothing, flags)
        )
    alive, decades = living(levels), np.log10(levels["cycle"])
    lines = np.full((2, len(levels)), np.nan)
    try:
        for line, name in zip(lines, ("high", "low"), strict=True):
            fit, _ = log_line(alive["cycle"].to_numpy(), alive[name].to_numpy())
            line[: len(alive)] = (fit.value[0] + fit.value[1] * decades)[: len(alive)]
    except Hall2netError:
        lines[:] = np.nan
    flags = (
        np.repeat([RISING, FALLING], len(levels)) + np.where(np.isfinite(lines), USED, 0).ravel()
    )
    return LoopPoints(
        np.tile(levels["cycle"].to_numpy(float), 2),
        levels[["high", "low"]].to_numpy().T.ravel(),
        np.tile(lines.mean(axis=0), 2),
        lines.ravel(),
        flags,
    )


def _branch_flags(field: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Flags of whole branches and of the spikes in them; 0 in initial curves and minor loops."""
    sweeps = find_sweeps(field)
    sigma = point_noise([(field[run.points], y[run.points]) for run in sweeps.runs])
    flags = np.zeros(len(field), int)
    for run in sweeps.runs:
        branch = RISING if run.rising else FALLING
        flags[run.points] = np.where(spikes(y[run.points], sigma), LEFT_OUT, branch)
    return flags


def _unfitted(x: np.ndarray, y: np.ndarray) -> LoopPoints:
    nothing, flags = np.full(len(x), np.nan), np.zeros(len(x), int)
    known = np.flatnonzero(np.isfinite(x))
    for run in find_runs(x[known]) if known.size > 1 else ():
        flags[known[run.points]] = RISING if run.rising else FALLING
    return LoopPoints(x, y, nothing, nothing, flags)


def _branches(names: pd.Series) -> np.ndarray:
    return RISING * (names == "up").to_numpy(int) + FALLING * (names == "down").to_numpy(int)


def _measured(points: LoopPoints) -> LoopPoints:
    return points.part(np.isfinite(points.x) & np.isfinite(points.y))

"""Scatter of a device's states from one measurement to the next, and from bar to bar."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import ndtr

from hall2net.errors import Hall2netError
from hall2net.physics.current_loops import switching_loop
from hall2net.physics.lines import student_factor
from hall2net.synapse.lut import MIN_SEPARATION, one_read_sigma, state_sigma
from hall2net.synapse.states import CLOSE, lut_from_train

_SAME_REACH = 0.01
"""Of the largest current: a sweep that turns elsewhere writes other states."""


def with_repeats(
    lut: pd.DataFrame, repeats: Sequence[xr.Dataset], min_separation: float = MIN_SEPARATION
) -> pd.DataFrame:
    """The look-up table with the scatter from one measurement of the device to the next.

    A measurement in which every state was written once says nothing of the scatter of writes; the
    same measurement repeated does. States whose own scatter was measured keep it.

    Parameters
    ----------
    lut : look-up table of one measurement
    repeats : further measurements of the same kind on the same device, under the same conditions;
        one with another largest current, or without as many states, is left out
    min_separation : in sigma; states closer than this to the next are flagged

    Returns
    -------
    The table with `cycle_sigma_ohm` (read noise taken off), and with what follows from it:
    `resistance_u_ohm`, `separation_sigma`, `error_rate`, `status`, `reason`.
    """
    once = lut["cycle_sigma_ohm"].isna()
    every = _with(lut, repeats) if once.any() else np.empty((1, 0))
    count = len(every) - 1
    if not count:
        return lut
    of_read = np.nan_to_num(lut["read_sigma_ohm"].to_numpy(float))
    cycle = np.sqrt(np.maximum(np.var(every, axis=0, ddof=1) - of_read**2, 0.0))
    u = np.hypot(lut["resistance_u_ohm"], cycle * student_factor(count))
    lut = lut.assign(
        cycle_sigma_ohm=lut["cycle_sigma_ohm"].where(~once, cycle),
        resistance_u_ohm=lut["resistance_u_ohm"].where(~once, u),
        n_visits=lut["n_visits"].where(~once, lut["n_visits"] + count),
    )
    sigma = one_read_sigma(lut)
    gap = np.diff(lut["resistance_ohm"])
    separation = np.append(gap / ((sigma[1:] + sigma[:-1]) / 2), np.nan)
    close = (separation < min_separation) & (lut["status"] == "ok")
    words = [CLOSE.format(one, min_separation) for one in separation]
    return lut.assign(
        separation_sigma=separation,
        error_rate=ndtr(-separation / 2),
        status=lut["status"].mask(close, "flagged"),
        reason=lut["reason"].mask(close, pd.Series(words, lut.index)),
    )


def with_devices(lut: pd.DataFrame, others: Sequence[xr.Dataset]) -> pd.DataFrame:
    """The look-up table with the scatter between devices.

    Parameters
    ----------
    lut : look-up table of one device
    others : the same measurement of further devices, one each; one with another largest current,
        or without as many states, is left out

    Returns
    -------
    The table with `device_sigma_ohm` (1 sigma between devices, what the scatter of writes and the
    noise of reads explain taken off; empty for one device) and `n_devices`.
    """
    every = _with(lut, others)
    if len(every) < 2:
        return lut.assign(device_sigma_ohm=np.nan, n_devices=1)
    # Of each device the mean over its visits was compared.
    visits = lut["n_visits"].to_numpy(float)
    cycle, read = (
        np.nan_to_num(state_sigma(lut, column)) for column in ("cycle_sigma_ohm", "read_sigma_ohm")
    )
    explained = cycle**2 / visits + read**2 / lut["n_reads"].to_numpy(float)
    sigma = np.sqrt(np.maximum(np.var(every, axis=0, ddof=1) - explained, 0.0))
    return lut.assign(device_sigma_ohm=sigma, n_devices=len(every))


def _with(lut: pd.DataFrame, measurements: Sequence[xr.Dataset]) -> np.ndarray:
    """Resistances of the states (N, K) in the table and in those measurements that have them."""
    rows = [lut["resistance_ohm"].to_numpy(float)]
    reach = lut["write_current_ma"].abs().max()
    for measurement in measurements:
        largest = float(np.abs(measurement["write_current"]).max()) * 1e3
        if abs(largest - reach) > _SAME_REACH * reach:
            continue
        try:
            rows.append(resistances_in(measurement, lut))
        except Hall2netError:
            continue
    return np.array(rows)


def resistances_in(measurement: xr.Dataset, lut: pd.DataFrame) -> np.ndarray:
    """Resistances of the table's states in another measurement of the same kind, (K,) in ohm.

    In a pulse train states are matched in the order of their resistance. In a switching loop a
    state is what its write current led to on its branch, between the points measured.

    Raises
    ------
    Hall2netError
        If that measurement has not as many states that can be distinguished.
    """
    if "branch" not in lut:
        return lut_from_train(measurement, states=len(lut))["resistance_ohm"].to_numpy(float)
    loop = switching_loop(measurement)
    found = np.empty(len(lut))
    for branch, states in lut.groupby("branch"):
        points = loop[loop["branch"] == branch]
        points = points.groupby("write_current_ma")["resistance_ohm"].mean().sort_index()
        rows = lut.index.get_indexer(states.index)
        found[rows] = np.interp(
            states["write_current_ma"], points.index.to_numpy(), points.to_numpy()
        )
    return found

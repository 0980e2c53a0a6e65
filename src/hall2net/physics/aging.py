"""How states age: retention against time, and endurance against write cycles.

Both are straight lines in a logarithm, R = a + b log10(t) with the time t since the write and
R = a + b log10(n) with the number n of the cycle, as magnetic relaxation over a spread of barriers
gives them (Street, Woolley, Proc. Phys. Soc. A 62, 562 (1949)). What lies beyond the last point is
an extrapolation of that line, which a bend in the data rules out.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import fdtrc, ndtr

from hall2net.errors import Hall2netError
from hall2net.measurement import select
from hall2net.physics.current_loops import write_currents
from hall2net.physics.lines import LinearFit, student_factor, weighted_line
from hall2net.tables import with_left_out

TEN_YEARS_S = 3.156e8
"""Time that retention is asked for: ten years of 365.25 days."""

_FEWEST = 6  # points of a line: its bend is then tested with two degrees of freedom
_SHORTEST = 1.0  # decade of time or cycles; a shorter record says nothing of a logarithm
BENT = 0.01
"""Probability of residuals as systematic by chance, below which a line is rejected."""

_LOST = 0.5  # of the first window: half way, where high and low are taken for each other
_SAME_FIELD = 1e-6  # relative: conditions of the sheet are typed, not measured

_BENT_WORDS = (
    "not straight in log {}, or noise slower than the reads: do not trust what is extrapolated"
)

_CONDITIONS = ("temperature", "field_x", "prefield_x")


def log_line(x: np.ndarray, y: np.ndarray) -> tuple[LinearFit, float]:
    """Line y = a + b log10(x), widened for residuals that depend on each other.

    Parameters
    ----------
    x, y : (n,); x above 0

    Returns
    -------
    The fit, +-1.96 of whose sigma is the 95 % interval, and the probability of residuals as
    systematic by chance: of a bend, or of noise that is slower than the reads.

    Raises
    ------
    Hall2netError
        If there are too few points, or they span less than a decade.
    """
    if len(x) < _FEWEST:
        raise Hall2netError(f"{len(x)} usable points, expected at least {_FEWEST}")
    decades = np.log10(x)
    if np.ptp(decades) < _SHORTEST:
        raise Hall2netError(
            f"points from {x.min():.3g} to {x.max():.3g} are {np.ptp(decades):.2g} decade; "
            f"expected {_SHORTEST:g} or more, counted from the write"
        )
    order = np.argsort(decades, kind="stable")
    decades, y = decades[order], y[order]
    fit = weighted_line(decades, y)
    residual = y - fit.value[0] - fit.value[1] * decades
    factor = _correlation_factor(residual)
    covariance = fit.covariance * factor**2
    line = LinearFit(fit.value, covariance, fit.chi2, fit.dof, fit.widened * factor)
    return line, _bend(decades, y, residual)


def _bend(decades: np.ndarray, y: np.ndarray, residual: np.ndarray) -> float:
    """Probability that white noise about a line looks so systematic by chance.

    The smaller one, doubled, of an F test for a cubic and of the correlation of neighbours: a bend
    shows in both, noise that is slower than the reads in the second, and neither may be
    extrapolated by a line.
    """
    scaled = 2 * (decades - decades.mean()) / np.ptp(decades)
    design = np.vander(scaled, 4)
    left = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    dof = len(y) - 4
    if not left @ left > 0:
        return np.nan
    square, n = residual @ residual, len(y)
    ratio = (square - left @ left) / 2 / (left @ left / dof)
    # Of white noise about a line the correlation is -2/n, with a variance of 1/n.
    neighbours = (residual[1:] @ residual[:-1] / square + 2 / n) * np.sqrt(n)
    return float(min(1.0, 2 * min(fdtrc(2, dof, ratio), ndtr(-neighbours))))


def _correlation_factor(residual: np.ndarray) -> float:
    """Factor on the sigmas of a fit whose residuals follow each other (first order)."""
    square = float(residual @ residual)
    if square <= 0:
        return 1.0
    n = len(residual)
    rho = float(residual[1:] @ residual[:-1]) / square
    # The estimate is biased by -(1 + 4 rho)/n (Kendall, Biometrika 41, 403 (1954)), and by as much
    # as the line takes off.
    rho = float(np.clip((rho + 2 / n) / (1 - 4 / n), 0.0, 0.9)) if n > _FEWEST else 0.0
    independent = n * (1 - rho) / (1 + rho)
    student = student_factor(max(independent - 2, 1)) / student_factor(n - 2)
    return float(np.sqrt((1 + rho) / (1 - rho))) * student


def _at(fit: LinearFit, decade: float) -> tuple[float, float]:
    """Value of a line and its 1 sigma."""
    design = np.array([1.0, decade])
    return float(design @ fit.value), float(np.sqrt(design @ fit.covariance @ design))


def _rows_of(
    datasets: Sequence[xr.Dataset], kind: str, fitted: Callable[[xr.Dataset], dict[str, Any]]
) -> list[dict[str, Any]]:
    """One row a measurement of a kind; one that `fitted` cannot take is refused in words."""
    rows = []
    for dataset in datasets:
        for identifier in _of_kind(dataset, kind):
            measurement = select(dataset, identifier)
            row: dict[str, Any] = {
                "id": identifier,
                "sample": str(dataset.attrs["sample"]),
                "temperature_k": float(measurement["temperature"]),
                "status": "ok",
                "reason": "",
            }
            try:
                row |= fitted(measurement)
            except Hall2netError as error:
                row |= {"status": "refused", "reason": str(error)}
            rows.append(row)
    return rows


def retention_table(
    datasets: Sequence[xr.Dataset], left_out: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Retention of states: R against the logarithm of the time since the write.

    Parameters
    ----------
    datasets : one a sample; measurements of kind `retention` count, one a state
    left_out : id of each measurement that a person left out to the reason; it is no part of a
        window

    Returns
    -------
    DataFrame, one row a measurement: `id, sample, temperature_k`, `n_points`, `first_s`, `last_s`,
    `resistance_ohm` (of the line at the first time), `drift_per_decade_ohm`, `resistance_10y_ohm`
    (extrapolated), each with `_u` (+-1.96 of it is the 95 % interval), `extrapolated_decades`,
    `bend_p` (probability of residuals as systematic by chance), `window_10y` with `_u`
    (extrapolated distance of this sample's highest and lowest state under the same conditions, over
    that at the time when all of them were first read; empty for one state, or where one is
    flagged), `status, reason`.
    """
    fits = {}

    def fitted(measurement: xr.Dataset) -> dict[str, Any]:
        fit, found = _retention(measurement)
        fits[str(measurement["id"].item())] = fit, found["first_s"], _conditions_of(measurement)
        return found

    rows = _rows_of(datasets, "retention", fitted)
    left_out = left_out or {}
    table = with_left_out(pd.DataFrame(rows, columns=_RETENTION), left_out)
    counted = table["id"].isin([name for name in fits if name not in left_out])
    for _, group in table[counted].groupby("sample"):
        for same in _same_conditions(group["id"].tolist(), fits):
            straight = table.loc[table["id"].isin(same), "status"] == "ok"
            if len(same) > 1 and straight.all():
                left = _window([fits[name][0] for name in same], max(fits[n][1] for n in same))
                table.loc[table["id"].isin(same), ["window_10y", "window_10y_u"]] = left
    return table


_RETENTION = [
    "id", "sample", "temperature_k", "n_points", "first_s", "last_s", "resistance_ohm",
    "resistance_u_ohm", "drift_per_decade_ohm", "drift_per_decade_u_ohm", "resistance_10y_ohm",
    "resistance_10y_u_ohm", "extrapolated_decades", "bend_p", "window_10y", "window_10y_u",
    "status", "reason",
]  # fmt: skip


def _retention(measurement: xr.Dataset) -> tuple[LinearFit, dict[str, Any]]:
    time, r = retention_points(measurement)
    fit, bend_p = log_line(time, r)
    first, first_u = _at(fit, np.log10(time.min()))
    later, later_u = _at(fit, np.log10(TEN_YEARS_S))
    bent = bend_p < BENT
    return fit, {
        "n_points": len(time),
        "first_s": time.min(),
        "last_s": time.max(),
        "resistance_ohm": first,
        "resistance_u_ohm": first_u,
        "drift_per_decade_ohm": fit.value[1],
        "drift_per_decade_u_ohm": fit.sigma[1],
        "resistance_10y_ohm": later,
        "resistance_10y_u_ohm": later_u,
        "extrapolated_decades": np.log10(TEN_YEARS_S / time.max()),
        "bend_p": bend_p,
        "status": "flagged" if bent else "ok",
        "reason": _BENT_WORDS.format("t") if bent else "",
    }


def retention_points(measurement: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Times since the write in s, and resistances in ohm, of what was read after it."""
    time, r = measurement["time"].to_numpy(), measurement["resistance"].to_numpy()
    usable = np.isfinite(time) & np.isfinite(r) & (time > 0)
    return time[usable], r[usable]


def _window(fits: Sequence[LinearFit], first_s: float) -> tuple[float, float]:
    """Distance of the outer states after ten years over that at the first time, and 1 sigma."""
    start = [_at(fit, np.log10(first_s))[0] for fit in fits]
    low, high = fits[int(np.argmin(start))], fits[int(np.argmax(start))]
    gap, slope = high.value - low.value, high.covariance + low.covariance
    ends = np.array([[1.0, np.log10(first_s)], [1.0, np.log10(TEN_YEARS_S)]])
    begin, end = ends @ gap
    covariance = ends @ slope @ ends.T
    gradient = np.array([-end / begin**2, 1 / begin])
    return end / begin, float(np.sqrt(gradient @ covariance @ gradient))


def endurance_table(datasets: Sequence[xr.Dataset]) -> pd.DataFrame:
    """Endurance: both levels, and the window between them, against the number of write cycles.

    Parameters
    ----------
    datasets : one a sample; measurements of kind `endurance` count

    Returns
    -------
    DataFrame, one row a measurement: `id, sample, temperature_k`, `n_points` (cycles read),
    `first_cycle`, `last_cycle`; `high_per_decade_ohm`, `low_per_decade_ohm` (change of the level
    after the pulse that leads to the higher, the lower resistance, per decade of cycles);
    `window_first_ohm`, `window_last_ohm`, `window_per_decade_ohm`, each with `_u` (+-1.96 of it is
    the 95 % interval); `half_window_cycle` (from which on the window is below half of its first
    value; empty if it was not within the cycles measured), `bend_p`, `status, reason`.
    """
    rows = _rows_of(datasets, "endurance", lambda one: _endurance(endurance_levels(one)))
    return pd.DataFrame(rows, columns=_ENDURANCE)


_ENDURANCE = [
    "id", "sample", "temperature_k", "n_points", "first_cycle", "last_cycle",
    "high_per_decade_ohm", "high_per_decade_u_ohm", "low_per_decade_ohm", "low_per_decade_u_ohm",
    "window_first_ohm", "window_first_u_ohm", "window_last_ohm", "window_last_u_ohm",
    "window_per_decade_ohm", "window_per_decade_u_ohm", "half_window_cycle", "bend_p",
    "status", "reason",
]  # fmt: skip


def endurance_levels(measurement: xr.Dataset) -> pd.DataFrame:
    """Levels after the two writes of each cycle that was read: `cycle, high, low, window`, in ohm.

    `high` is after the sign of current that leads to the higher resistance in the first cycles, so
    that the window of a device that no longer switches is zero, and may be negative by noise.

    Raises
    ------
    Hall2netError
        If no cycle was read after both signs of current.
    """
    cycle, r = measurement["pulse"].to_numpy(), measurement["resistance"].to_numpy()
    current = write_currents(measurement["write_current"].to_numpy(), r, cycle)
    reads = pd.DataFrame({"cycle": cycle, "sign": np.sign(current), "resistance": r})
    # A row without a reading is the pulse itself.
    reads = reads.dropna()[lambda rows: (rows["cycle"] > 0) & (rows["sign"] != 0)]
    levels = reads.pivot_table(index="cycle", columns="sign", values="resistance", aggfunc="mean")
    both = levels.dropna() if levels.shape[1] == 2 else levels.iloc[:0]
    if both.empty:
        raise Hall2netError(
            "no cycle was read after a write of either sign; expected the number of the cycle in "
            "pulse_column and the write current in x_column"
        )
    rises = (both[1.0] - both[-1.0]).iloc[: max(1, len(both) // 4)].median() > 0
    high, low = (both[1.0], both[-1.0]) if rises else (both[-1.0], both[1.0])
    return pd.DataFrame(
        {"cycle": both.index, "high": high, "low": low, "window": high - low}
    ).reset_index(drop=True)


def living(levels: pd.DataFrame) -> pd.DataFrame:
    """The cycles of `endurance_levels` before the window fell below half for good."""
    begun = float(levels["window"].iloc[: max(1, len(levels) // 4)].median())
    above = np.flatnonzero(levels["window"] > _LOST * begun)
    return levels.iloc[: above[-1] + 1] if begun > 0 and above.size else levels


def _endurance(levels: pd.DataFrame) -> dict[str, Any]:
    cycle, alive = levels["cycle"].to_numpy(), living(levels)
    lost = len(alive) < len(levels)
    found: dict[str, Any] = {
        "n_points": len(levels),
        "first_cycle": cycle.min(),
        "last_cycle": cycle.max(),
        "half_window_cycle": float(cycle[len(alive)]) if lost else np.nan,
    }
    doubts = [f"the window fell below half at cycle {found['half_window_cycle']:.3g}"] * lost
    try:
        lines = _lines_of(alive)
    except Hall2netError as error:
        if not lost:
            raise
        doubts.append(f"no line before that: {error}")
    else:
        found |= lines
        doubts += [_BENT_WORDS.format("n")] * (lines["bend_p"] < BENT)
    return found | {"status": "flagged" if doubts else "ok", "reason": "; ".join(doubts)}


def _lines_of(levels: pd.DataFrame) -> dict[str, float]:
    """Slopes of both levels and of their window, and the window at both ends."""
    cycle = levels["cycle"].to_numpy()
    found = {}
    for name in ("high", "low", "window"):
        line, bend_p = log_line(cycle, levels[name].to_numpy())
        found[f"{name}_per_decade_ohm"] = line.value[1]
        found[f"{name}_per_decade_u_ohm"] = line.sigma[1]
    for name, at in (("first", cycle.min()), ("last", cycle.max())):
        value, u = _at(line, np.log10(at))
        found |= {f"window_{name}_ohm": value, f"window_{name}_u_ohm": u}
    return found | {"bend_p": bend_p}


def _of_kind(dataset: xr.Dataset, kind: str) -> list[str]:
    return dataset["id"].to_numpy()[dataset["kind"].to_numpy() == kind].tolist()


def _conditions_of(measurement: xr.Dataset) -> np.ndarray:
    return np.array([float(measurement[name]) for name in _CONDITIONS])


def _same_conditions(names: list[str], fits: dict[str, Any]) -> list[list[str]]:
    """Names in groups of the same conditions."""
    groups: list[list[str]] = []
    for name in names:
        for group in groups:
            if np.allclose(fits[name][2], fits[group[0]][2], rtol=_SAME_FIELD, equal_nan=True):
                group.append(name)
                break
        else:
            groups.append([name])
    return groups

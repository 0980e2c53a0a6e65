"""How the weight changes from pulse to pulse: non-linearity of potentiation and depression.

Runs of identical pulses and of pulses with growing current are kept apart: a simulator that steps
a weight with identical pulses needs the first, and the second says more of the current than of the
device.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike
from scipy.optimize import isotonic_regression, minimize_scalar
from scipy.special import fdtrc

from hall2net.physics.current_loops import switching_loop, turning_points
from hall2net.physics.lines import student_factor
from hall2net.synapse.plateaus import average_pulses, read_train

LABEL_SCALE = 10.1015
"""Non-linearity label of NeuroSim per unit of the curve's largest distance from a straight line."""

DIRECTIONS = ("potentiation", "depression")
PULSES = ("identical", "stepped", "not known")
"""Whether all pulses of a run have one current, whether it changes, or is not in the file."""

_SHORTEST_RUN = 4  # points of a potentiation or depression: the fewest that show a curvature
_WAY_BACK = 0.25  # of the range of resistance: larger than noise, smaller than any reset
_BRANCH = 0.02, 0.98  # of the swing of a branch: beyond, the change drowns in the noise
_ONE_CURRENT = 0.01  # of the current: sources hold an amplitude to better than that
_STEEPEST = 44.0  # largest |1/A| that is fitted; beyond, the curve is a single step
_PARAMETERS = 3  # of the exponential of a run: both ends and the curvature
_REJECTED = 0.01  # probability of residuals as systematic by chance, below which it is rejected
_SMALL = 1e-3  # step of curvature for its derivatives, where labels change by 1e-3 too
_DRAWS = 1999  # of white noise: a probability of 1 % is then known to 0.2 %

_COLUMNS = [
    "direction", "pulses", "n_runs", "n_pulses", "first_current_ma", "last_current_ma",
    "nonlinearity", "nonlinearity_u", "alpha", "alpha_u", "misfit", "p_value", "status", "reason",
]  # fmt: skip


def nonlinearity_label(a: ArrayLike) -> np.ndarray:
    """NeuroSim's non-linearity label of the update curve with the normalised parameter A.

    The conductance after P of P_max pulses is G = G_min + B [1 - exp(-P/(A P_max))], with B such
    that it ends at G_max (Chen, Peng, Yu, IEEE TCAD 37, 3067 (2018)). NeuroSim tabulates a label
    from 0 (a straight line) to 9 against A; the label is 10.1015 times the largest vertical
    distance of the normalised curve from the straight line, which this returns.

    Parameters
    ----------
    a : A per number of pulses, dimensionless; positive bends up first (concave), negative convex
    """
    a = np.asarray(a, dtype=float)
    with np.errstate(over="ignore"):
        end = -np.expm1(-1 / a)
        at = -a * np.log(a * end)
        distance = -np.expm1(-at / a) / end - at
    return np.copysign(LABEL_SCALE * np.abs(distance), a)


def update_curve(step: ArrayLike, curvature: float) -> np.ndarray:
    """Fraction of the change after a fraction `step` of the pulses, for 1/A = `curvature`."""
    step = np.asarray(step, dtype=float)
    return np.expm1(-curvature * step) / np.expm1(-curvature) if abs(curvature) > 1e-6 else step


def update_curves(measurement: xr.Dataset) -> pd.DataFrame:
    """Potentiation and depression curves of a pulse train or a switching loop.

    A run is a stretch of pulses of one sign, and of these one between two turns of the resistance
    (a way back of a quarter of the range) if their current changes. A single jump, such as a reset,
    is not a run. In a loop every sweep of a branch is a run, from 2 to 98 % of its swing.

    Returns
    -------
    DataFrame, one row a pulse: `run`, `direction` (potentiation: rising resistance; depression),
    `pulses` (one of `PULSES`), `write_current_ma`, `step` (pulse number over the number of pulses,
    0 to 1), `fraction` (of the run's change, 0 to 1). The first point of a run is the state before
    its first pulse.
    """
    train = "pulse" in measurement and np.isfinite(measurement["pulse"]).any()
    rows: list[dict[str, Any]] = []
    for run in _runs_of_train(measurement) if train else _runs_of_loop(measurement):
        r = run["mean"].to_numpy()
        if len(r) < _SHORTEST_RUN or r[-1] == r[0]:
            continue
        rows.append(
            pd.DataFrame(
                {
                    "run": len(rows) + 1,
                    "direction": DIRECTIONS[int(r[-1] < r[0])],
                    "pulses": _pulses(run["write_current_ma"].to_numpy()[1:])
                    if train
                    else "stepped",
                    "write_current_ma": run["write_current_ma"].to_numpy(),
                    "step": np.linspace(0, 1, len(r)),
                    "fraction": (r - r[0]) / (r[-1] - r[0]),
                }
            )
        )
    columns = ["run", "direction", "pulses", "write_current_ma", "step", "fraction"]
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=columns)


def _pulses(current: np.ndarray) -> str:
    if not np.isfinite(current).all():
        return "not known"
    return "identical" if np.ptp(current) <= _ONE_CURRENT * np.abs(current).max() else "stepped"


def _runs_of_train(measurement: xr.Dataset) -> Iterator[pd.DataFrame]:
    """Runs of a train, one row a pulse: `mean`, `write_current_ma`."""
    pulses = average_pulses(read_train(measurement))
    pulses["write_current_ma"] = pulses["write_current"] * 1e3
    # Repeats of a pulse that change nothing count once where the current changes.
    grouped = pulses.groupby("write")
    writes = pd.DataFrame(
        {"mean": grouped["mean"].mean(), "write_current_ma": grouped["write_current_ma"].first()}
    )
    sign = np.sign(writes["write_current_ma"].to_numpy())
    ends = (
        np.flatnonzero(np.diff(sign) != 0) if np.isfinite(sign).all() else np.array([], dtype=int)
    )
    edges = [0, *(ends + 1), len(writes)]
    span = np.ptp(writes["mean"])
    for start, stop in zip(edges[:-1], edges[1:], strict=True):
        # The state before the first pulse of this sign belongs to the run.
        block = writes.iloc[max(start - 1, 0) : stop]
        if len(block) < 2:
            continue
        if _pulses(block["write_current_ma"].to_numpy()[1:]) == "identical" and len(ends):
            inside = np.flatnonzero((pulses["write"] >= start) & (pulses["write"] < stop))
            run = pulses.iloc[max(inside[0] - 1, 0) : inside[-1] + 1]
            if abs(run["mean"].iloc[-1] - run["mean"].iloc[0]) > _WAY_BACK * span:
                yield run
            continue
        turns = turning_points(block["mean"].to_numpy(), _WAY_BACK)
        for first, last in zip(turns[:-1], turns[1:], strict=True):
            yield block.iloc[first : last + 1]


def _runs_of_loop(measurement: xr.Dataset) -> Iterator[pd.DataFrame]:
    """The flanks of a loop, one row a pulse: `mean`, `write_current_ma`."""
    loop = switching_loop(measurement).rename(columns={"resistance_ohm": "mean"})
    for _, sweep in loop[loop["branch"].isin(["up", "down"])].groupby("sweep"):
        rising_current = sweep["branch"].iloc[0] == "up"
        sweep = sweep.sort_values("write_current_ma", ascending=rising_current)
        r = sweep["mean"].to_numpy()
        rising = bool(np.median(r[-len(r) // 5 :]) > np.median(r[: len(r) // 5]))
        fit = isotonic_regression(r, increasing=rising).x
        fraction = (fit - fit[0]) / (fit[-1] - fit[0])
        yield sweep[(fraction > _BRANCH[0]) & (fraction < _BRANCH[1])]


def updates_table(measurement: xr.Dataset) -> pd.DataFrame:
    """Non-linearity of each direction, of identical pulses and of stepped ones.

    Parameters
    ----------
    measurement : pulse train or switching loop

    Returns
    -------
    DataFrame, one row a direction and kind of pulses (`direction, pulses`) that was measured:
    `n_runs`, `n_pulses` (of a run, median), `first_current_ma`, `last_current_ma`; `nonlinearity`
    (largest distance of the mean curve from a straight line as a fraction of the change; positive
    if the change is fast first; no model); `alpha` (NeuroSim's label of the exponential, the same
    sign); both with `_u`, 1 sigma (+-1.96 of it is the 95 % interval); `misfit` (root mean square
    distance from the exponential); `p_value` (of residuals as systematic by chance); `status`
    (ok; flagged where the exponential is rejected or cannot be tested) and `reason`.
    """
    curves = update_curves(measurement)
    rows = [
        _update(direction, pulses, own)
        for direction in DIRECTIONS
        for pulses in PULSES
        for own in [curves[(curves["direction"] == direction) & (curves["pulses"] == pulses)]]
        if len(own)
    ]
    return pd.DataFrame(rows, columns=_COLUMNS)


@dataclass(frozen=True)
class UpdateFit:
    """The exponential of one run, its two ends and its curvature fitted by least squares."""

    curvature: float
    """1/A; 0 for a straight line."""
    start: float
    """Fraction before the first pulse."""
    change: float
    """Fraction from there to the last pulse."""
    per_residual: float
    """1 sigma of NeuroSim's label for residuals of 1 sigma."""
    basis: np.ndarray
    """(points, 3): orthonormal, what the parameters can take up."""
    residual: np.ndarray
    """(points,) as a fraction of the change."""

    @property
    def label(self) -> float:
        """NeuroSim's label."""
        return _label(self.curvature)

    def at(self, step: ArrayLike) -> np.ndarray:
        """Fraction of the change after a fraction `step` of the pulses."""
        return self.start + self.change * update_curve(step, self.curvature)


def fit_update(run: pd.DataFrame) -> UpdateFit:
    """Fit the exponential to one run of `update_curves`."""
    step, fraction = run["step"].to_numpy(float), run["fraction"].to_numpy(float)

    def ends(curvature: float) -> np.ndarray:
        design = np.column_stack([np.ones_like(step), update_curve(step, curvature)])
        return np.linalg.lstsq(design, fraction, rcond=None)[0]

    def residual(curvature: float) -> np.ndarray:
        start, change = ends(curvature)
        return fraction - start - change * update_curve(step, curvature)

    found = minimize_scalar(
        lambda curvature: float(np.sum(residual(curvature) ** 2)),
        bounds=(-_STEEPEST, _STEEPEST), method="bounded", options={"xatol": 1e-6},
    ).x  # fmt: skip
    curvature = float(found)
    ahead, behind = (update_curve(step, curvature + d) for d in (_SMALL, -_SMALL))
    bend = (ahead - behind) / (2 * _SMALL)
    basis, triangle = np.linalg.qr(
        np.column_stack([np.ones_like(step), update_curve(step, curvature), bend])
    )
    # The last diagonal element is what of the bend the free ends cannot take up.
    slope = (_label(curvature + _SMALL) - _label(curvature - _SMALL)) / (2 * _SMALL)
    per_residual = abs(slope / triangle[2, 2])
    start, change = ends(curvature)
    return UpdateFit(curvature, start, change, per_residual, basis, residual(curvature))


def _label(curvature: float) -> float:
    return float(nonlinearity_label(1 / curvature)) if curvature else 0.0


def _update(direction: str, pulses: str, curves: pd.DataFrame) -> dict[str, float | str]:
    """One row of the table."""
    runs = [run for _, run in curves.groupby("run")]
    fits = [fit_update(run) for run in runs]
    dof = sum(max(len(fit.residual) - _PARAMETERS, 1) for fit in fits)
    sigma = float(np.sqrt(sum(fit.residual @ fit.residual for fit in fits) / dof))
    labels = np.array([fit.label for fit in fits])
    distance, distance_u = _distance(runs, sigma * student_factor(dof))
    of_one = sigma * fits[0].per_residual * student_factor(dof)
    p = _chance(fits)
    misfit = float(np.sqrt(np.mean(np.concatenate([fit.residual for fit in fits]) ** 2)))
    doubts = {
        "too few pulses to test the exponential": np.isnan(p),
        f"the exponential is rejected: it misses by {100 * misfit:.2g} % of the change": (
            p < _REJECTED
        ),
    }
    reason = "; ".join(words for words, doubt in doubts.items() if doubt)
    return {
        "direction": direction,
        "pulses": pulses,
        "n_runs": len(runs),
        "n_pulses": float(np.median([len(run) - 1 for run in runs])),
        "first_current_ma": float(np.mean([run["write_current_ma"].iloc[1] for run in runs])),
        "last_current_ma": float(np.mean([run["write_current_ma"].iloc[-1] for run in runs])),
        "nonlinearity": distance,
        "nonlinearity_u": distance_u,
        "alpha": float(labels.mean()),
        "alpha_u": _mean_u(labels) if len(runs) > 1 else of_one,
        "misfit": misfit,
        "p_value": p,
        "status": "flagged" if reason else "ok",
        "reason": reason,
    }


def _mean_u(values: np.ndarray) -> float:
    """1 sigma of a mean, from the scatter of its values."""
    n = len(values)
    return float(values.std(ddof=1)) / np.sqrt(n) * student_factor(n - 1)


def _distance(runs: list[pd.DataFrame], sigma: float) -> tuple[float, float]:
    """Largest distance of the mean curve from a straight line, and its 1 sigma."""
    grid = runs[0]["step"].to_numpy()
    curves = np.array([np.interp(grid, run["step"], run["fraction"]) for run in runs])
    away = curves.mean(axis=0) - grid
    at = int(np.argmax(np.abs(away)))
    if len(runs) > 1:
        return float(away[at]), _mean_u(curves[:, at])
    # Of the point, and of both ends that it is measured from.
    return float(away[at]), sigma * float(np.sqrt(1 + (1 - grid[at]) ** 2 + grid[at] ** 2))


def _chance(fits: list[UpdateFit]) -> float:
    """Probability of residuals as systematic by chance; NaN where too few points can tell.

    Of several runs with as many pulses, the F test of the mean residual after each pulse against
    the scatter between runs. Else the correlation of neighbouring residuals, against that of white
    noise that was fitted in the same way.
    """
    lengths = {len(fit.residual) for fit in fits}
    if min(lengths) <= _PARAMETERS + 1:
        return np.nan
    n = len(fits)
    if n > 1 and len(lengths) == 1:
        table = np.array([fit.residual for fit in fits])
        dof = table.shape[1] - _PARAMETERS
        lack, pure = n * np.sum(table.mean(0) ** 2), np.sum((table - table.mean(0)) ** 2)
        return float(fdtrc(dof, (n - 1) * dof, lack * (n - 1) / pure)) if pure > 0 else np.nan
    rng = np.random.default_rng(0)
    found, noise = np.zeros(2), np.zeros((2, _DRAWS))
    for fit in fits:
        found += _neighbours(fit.residual)
        white = rng.standard_normal((_DRAWS, len(fit.residual)))
        noise += _neighbours(white - white @ fit.basis @ fit.basis.T)
    larger = np.sum(noise[0] / noise[1] >= found[0] / found[1])
    return float((1 + larger) / (1 + _DRAWS))


def _neighbours(residual: np.ndarray) -> np.ndarray:
    """Sum of products of neighbours, and sum of squares, along the last axis: (2, ...)."""
    products = np.sum(residual[..., 1:] * residual[..., :-1], axis=-1)
    return np.array([products, np.sum(residual**2, axis=-1)])

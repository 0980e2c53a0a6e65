"""Anomalous Hall loops: switching fields, centre, amplitude and slope, each with an uncertainty.

Offset, amplitude, ordinary Hall slope, even pick-up and drift are fitted jointly in the saturated
windows of both branches; then each branch's switching field is read where it crosses the middle
between the two saturated levels. Nothing is re-centred, and H_c keeps its sign.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.optimize import least_squares
from scipy.special import erf

from hall2net.errors import ConfigError
from hall2net.physics.background import (
    SLOPES,
    Background,
    Refused,
    fit_background,
    rising_branch,
    spikes,
)
from hall2net.physics.crossing import Crossing, interval, locate
from hall2net.tables import uncertainty_column
from hall2net.units import OERSTED

CRITERIA = {
    "half": "interpolated crossing of the half height",
    "erf": "centre of a fitted error function",
    "tanh": "centre of a fitted hyperbolic tangent",
}
"""Ways to read a switching field."""

VALUES = (
    "h_up_oe", "h_dn_oe", "h_c_oe", "h_0_oe", "r_ahe_ohm", "r_offset_ohm", "slope_ohm_per_oe",
    "even_ohm", "drift_ohm",
)  # fmt: skip
FIELDS = VALUES[:4]
"""Those with an interval: its shape is not normal where a branch jumps within a field step."""

_FEWEST_POINTS = 12
_SHAPES = {"erf": lambda z: erf(z / np.sqrt(2)), "tanh": np.tanh}


def fit_loops(
    datasets: Sequence[xr.Dataset],
    *,
    criterion: str = "half",
    window: float = 0.25,
    slope: str = "fitted",
) -> pd.DataFrame:
    """Fit every field loop of a study.

    Parameters
    ----------
    datasets : one dataset a sample; measurements of kind `ahe_loop` and `loop_shift` are fitted
    criterion : key of `CRITERIA`, how a switching field is read
    window : fraction of the sweep that counts as saturated, half of it at each end, 0 to 0.5
    slope : key of `SLOPES`

    Returns
    -------
    DataFrame, one row a loop: `id, kind, sample, temperature_k, field_x_oe, current_ma`, then
    `h_up_oe` and `h_dn_oe` (signed switching fields of the increasing and the decreasing branch),
    `h_c_oe` = (H_up - H_dn)/2, `h_0_oe` = (H_up + H_dn)/2, `r_ahe_ohm` (half swing, signed),
    `r_offset_ohm`, `slope_ohm_per_oe`, `even_ohm` (at the largest field), `drift_ohm` (over the
    whole sweep), each with its 1-sigma statistical uncertainty `_u`; for the four fields the
    ends `_lo95` and `_hi95` of the 95 % interval of noise and field step together; `h_step_u_oe`
    (1-sigma of one switching field from the field step alone), `noise_ohm`, `n_points`,
    `criterion`, `status` (ok, flagged, refused) and `reason`.

    Raises
    ------
    ConfigError
        If `criterion`, `window` or `slope` has no meaning.
    """
    if slope not in SLOPES:
        raise ConfigError(f"loops.slope {slope!r}: expected one of {', '.join(SLOPES)}")
    if criterion not in CRITERIA:
        raise ConfigError(f"loops.criterion {criterion!r}: expected one of {', '.join(CRITERIA)}")
    if not 0 < window < 0.5:
        raise ConfigError(f"loops.window {window}: expected a fraction between 0 and 0.5")
    rows = [
        conditions | fit_loop(field, resistance, criterion=criterion, window=window, slope=slope)
        for dataset in datasets
        for conditions, field, resistance in _field_loops(dataset)
    ]
    return pd.DataFrame(rows, columns=[*_CONDITIONS, *_RESULTS])


def fit_loop(
    field: np.ndarray,
    resistance: np.ndarray,
    *,
    criterion: str = "half",
    window: float = 0.25,
    slope: str = "fitted",
) -> dict[str, Any]:
    """Fit one loop.

    Parameters
    ----------
    field : (n,), in Oe, in the order of the measurement
    resistance : (n,), in ohm
    criterion, window, slope : see `fit_loops`

    Returns
    -------
    The columns of `fit_loops` that are not conditions of the measurement.
    """
    result: dict[str, Any] = dict.fromkeys(_RESULTS, np.nan)
    result |= {"n_points": len(field), "criterion": criterion, "status": "ok", "reason": ""}
    try:
        kept = np.isfinite(field) & np.isfinite(resistance)
        field, resistance = field[kept], resistance[kept]
        result["n_points"] = int(kept.sum())
        if field.size < _FEWEST_POINTS:
            raise Refused("too few points")
        rising = rising_branch(field)
        progress = np.linspace(-0.5, 0.5, field.size)
        good = ~spikes(resistance)
        background = fit_background(
            field[good], resistance[good], rising[good], progress[good], window, slope
        )
        found = [
            _switching_field(field[part], progress[part], resistance[part], background, criterion)
            for part in (rising & good, ~rising & good)
        ]
        if None in found:
            raise Refused("no hysteresis" if found == [None, None] else "one crossing")
        at = [
            float(progress[part][np.argmin(np.abs(field[part] - branch.value))])
            for part, branch in zip((rising, ~rising), found, strict=True)
        ]
        _fill(result, found, background, _correlation(found, background, at))
        reasons = list(_doubts(result))
        if reasons:
            result |= {"status": "flagged", "reason": "; ".join(reasons)}
    except Refused as refused:
        result |= {"status": "refused", "reason": str(refused)}
    return result


def corrected_loop(measurement: xr.Dataset, row: pd.Series) -> pd.DataFrame:
    """A loop less its offset, slope, even part and drift.

    Parameters
    ----------
    measurement : one field loop
    row : its row of the table of `fit_loops`

    Returns
    -------
    DataFrame with `field_oe`, `resistance_ohm` and `branch` (`up` or `down`), in the order of the
    measurement.
    """
    field = measurement["field"].values / OERSTED
    progress = np.linspace(-0.5, 0.5, field.size)
    even = row["even_ohm"] * (field / np.nanmax(np.abs(field))) ** 2
    background = row["r_offset_ohm"] + row["slope_ohm_per_oe"] * field + even
    background = background + row["drift_ohm"] * progress
    branch = np.where(rising_branch(field), "up", "down")
    return pd.DataFrame(
        {
            "field_oe": field,
            "resistance_ohm": measurement["resistance"].values - background,
            "branch": branch,
        }
    )


def interval_columns(column: str) -> tuple[str, str]:
    """Names of the ends of a 95 % interval: `h_c_oe` gives `h_c_lo95_oe` and `h_c_hi95_oe`."""
    name = column.removesuffix("_oe")
    return f"{name}_lo95_oe", f"{name}_hi95_oe"


_CONDITIONS = ("id", "kind", "sample", "temperature_k", "field_x_oe", "current_ma")
_RESULTS = (
    *(name for value in VALUES for name in (value, uncertainty_column(value))),
    *(name for value in FIELDS for name in interval_columns(value)),
    "h_step_u_oe", "noise_ohm", "n_points", "criterion", "status", "reason",
)  # fmt: skip


def _field_loops(dataset: xr.Dataset) -> Iterator[tuple[dict[str, Any], np.ndarray, np.ndarray]]:
    """Conditions, field in Oe and resistance in ohm of every loop."""
    names = ("id", "kind", "temperature", "field_x", "current", "start", "count")
    field, resistance = dataset["field"].values / OERSTED, dataset["resistance"].values
    for identifier, kind, temperature, field_x, current, start, count in zip(
        *(dataset[name].values for name in names), strict=True
    ):
        if kind in ("ahe_loop", "loop_shift"):
            conditions = {
                "id": str(identifier),
                "kind": str(kind),
                "sample": dataset.attrs["sample"],
                "temperature_k": float(temperature),
                "field_x_oe": round(float(field_x) / OERSTED, 6),
                "current_ma": round(float(current) * 1e3, 9),
            }
            points = slice(start, start + count)
            yield conditions, field[points], resistance[points]


def _switching_field(
    field: np.ndarray,
    progress: np.ndarray,
    resistance: np.ndarray,
    background: Background,
    criterion: str,
) -> Crossing | None:
    """Where a branch crosses zero; None where it does not go from -1 to 1."""
    order = np.argsort(field, kind="stable")
    h, progress = field[order], progress[order]
    m = background.normalised(h, progress, resistance[order])
    split = _best_split(m)
    if split is None:
        return None
    below, above = split
    near = slice(max(below - 2, 0), above + 3)
    if np.ptp(h[near]) == 0:
        raise Refused("field stands still where the loop switches")
    gradient = background.gradient(h[near], progress[near], m[near])
    noise = background.sigma / abs(background.values[1])
    shared = gradient @ background.covariance @ gradient.T
    shared = shared + background.correlation * noise**2
    crossing = locate(h[near], m[near], noise, shared, widest=np.ptp(h))
    if criterion == "half":
        return crossing
    value, statistical = _fitted_centre(h, m, noise, criterion, crossing)
    total = float(np.hypot(statistical, crossing.step))
    fields = value + (crossing.fields - crossing.value) * total / crossing.total
    return replace(crossing, value=value, statistical=statistical, total=total, fields=fields)


def _best_split(m: np.ndarray) -> tuple[int, int] | None:
    """Neighbours between which a branch changes from mostly negative to mostly positive.

    The split with the fewest points of the wrong sign, so that noise near the middle or a single
    bad point elsewhere does not move it. None where the branch does not go from -1 to 1.
    """
    wrong = np.cumsum(m > 0)[:-1] + np.cumsum((m < 0)[::-1])[::-1][1:]
    best = np.flatnonzero(wrong == wrong.min())
    k = int(best[len(best) // 2])
    if np.median(m[: k + 1]) > -0.5 or np.median(m[k + 1 :]) < 0.5 or wrong[k] > 0.1 * m.size:
        return None
    if m[k] < 0 < m[k + 1]:
        return k, k + 1
    crossing = np.flatnonzero((m[:-1] < 0) & (m[1:] > 0))
    near = int(crossing[np.argmin(np.abs(crossing - k))])
    return near, near + 1


def _fitted_centre(
    h: np.ndarray, m: np.ndarray, noise: float, criterion: str, crossing: Crossing
) -> tuple[float, float]:
    shape, width = _SHAPES[criterion], max(crossing.width, 1e-12)
    fit = least_squares(
        lambda p: (shape((h - p[0]) / abs(p[1])) - m) / max(noise, 1e-12),
        np.array([crossing.value, width]),
        x_scale=width,
    )
    inverse = np.linalg.pinv(fit.jac.T @ fit.jac)
    return float(fit.x[0]), float(np.sqrt(inverse[0, 0]))


def _correlation(found: list[Crossing], background: Background, progress: list[float]) -> float:
    """Correlation of H_up and H_dn, which share the errors of what was subtracted.

    From the Fisher information of both fields, both widths and the background's values about
    their best values.
    """
    fitted = np.flatnonzero(np.diag(background.covariance))
    precision = np.zeros((4 + fitted.size,) * 2)
    precision[4:, 4:] = np.linalg.inv(background.covariance[np.ix_(fitted, fitted)])
    for k, (branch, at) in enumerate(zip(found, progress, strict=True)):
        z = (branch.near - branch.value) / branch.width
        steepness = np.sqrt(2 / np.pi) / branch.width * np.exp(-(z**2) / 2)
        gradient = np.zeros((z.size, len(precision)))
        gradient[:, 2 * k : 2 * k + 2] = np.stack([-steepness, -steepness * z], axis=-1)
        gradient[:, 4:] = background.gradient(branch.near, at, erf(z / np.sqrt(2)))[:, fitted]
        precision += gradient.T @ gradient / branch.noise**2
        # Where no point lies on the slope, these alone say where the crossing can be.
        precision[2 * k, 2 * k] += 1 / branch.total**2
        precision[2 * k + 1, 2 * k + 1] += 1 / branch.width**2
    covariance = np.linalg.inv(precision)
    return float(covariance[0, 2] / np.sqrt(covariance[0, 0] * covariance[2, 2]))


def _fill(
    result: dict[str, Any], found: list[Crossing], background: Background, correlation: float
) -> None:
    up, down = found
    shapes = {
        "h_up_oe": (np.array([1.0, 0.0]), up.fields),
        "h_dn_oe": (np.array([0.0, 1.0]), down.fields),
        "h_c_oe": (np.array([0.5, -0.5]), np.subtract.outer(up.fields, down.fields) / 2),
        "h_0_oe": (np.array([0.5, 0.5]), np.add.outer(up.fields, down.fields) / 2),
    }
    values = np.array([up.value, down.value])
    step = np.array([up.step, down.step]) ** 2
    total = np.diag([up.total**2, down.total**2])
    total[0, 1] = total[1, 0] = correlation * up.total * down.total
    for name, (weights, fields) in shapes.items():
        value, variance = float(weights @ values), float(weights @ total @ weights)
        result[name] = value
        result[uncertainty_column(name)] = np.sqrt(max(variance - weights**2 @ step, 0.0))
        scale = np.sqrt(variance / (weights**2 @ np.diag(total)))
        result |= dict(zip(interval_columns(name), interval(value, fields, scale), strict=True))
    errors = np.sqrt(np.diag(background.covariance))
    offset, amplitude, slope, even, drift = zip(background.values, errors, strict=True)
    for name, (value, spread) in {
        "r_ahe_ohm": amplitude, "r_offset_ohm": offset, "slope_ohm_per_oe": slope,
        "even_ohm": even, "drift_ohm": drift,
    }.items():  # fmt: skip
        result[name] = float(value)
        result[uncertainty_column(name)] = float(spread)
    result["h_step_u_oe"] = float(np.sqrt((up.step**2 + down.step**2) / 2))
    result["noise_ohm"] = background.sigma


def _doubts(result: dict[str, Any]) -> Iterator[str]:
    if abs(result["drift_ohm"]) > 0.5 * abs(result["r_ahe_ohm"]):
        yield "drift too large"
    if result["noise_ohm"] > 0.3 * abs(result["r_ahe_ohm"]):
        yield "noise too large"
    if abs(result["h_c_oe"]) < 2 * np.hypot(result["h_c_u_oe"], result["h_step_u_oe"]):
        yield "no hysteresis beyond the uncertainty"

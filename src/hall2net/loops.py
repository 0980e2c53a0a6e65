"""Anomalous Hall loops: switching fields, centre, amplitude and slope, each with an uncertainty.

Offset, amplitude, ordinary Hall slope and drift are fitted jointly in the saturated windows of
both branches; then each branch's switching field is read where it crosses the middle between the
two saturated levels. Nothing is re-centred, and H_c keeps its sign.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.ndimage import median_filter
from scipy.optimize import least_squares
from scipy.special import erf

from hall2net.errors import ConfigError
from hall2net.readers import select
from hall2net.units import OERSTED, uncertainty_column

LEVELS = {
    "half": "interpolated crossing of the half height",
    "erf": "centre of a fitted error function",
    "tanh": "centre of a fitted hyperbolic tangent",
}
"""Ways to read a switching field."""

VALUES = (
    "h_up_oe", "h_dn_oe", "h_c_oe", "h_0_oe", "r_ahe_ohm", "r_offset_ohm", "slope_ohm_per_oe",
    "drift_ohm",
)  # fmt: skip
_FEWEST_POINTS = 12
_FEWEST_IN_WINDOW = 3
_SPIKE_SIGMA = 6.0
_SIGNIFICANT = 5.0
_SHAPES = {"erf": lambda z: erf(z / np.sqrt(2)), "tanh": np.tanh}


class _Refused(Exception):
    """Why a loop gives no number."""


@dataclass(frozen=True)
class _Background:
    """Joint fit of the saturated windows: R0, R_A, slope (ohm/Oe), drift (ohm over the sweep)."""

    values: np.ndarray
    covariance: np.ndarray
    sigma: float

    def normalised(
        self, field: np.ndarray, progress: np.ndarray, resistance: np.ndarray
    ) -> np.ndarray:
        """Magnetisation m(H) from -1 to 1."""
        offset, amplitude, slope, drift = self.values
        return (resistance - offset - slope * field - drift * progress) / amplitude


def fit_loops(
    datasets: Sequence[xr.Dataset], *, level: str = "half", window: float = 0.25
) -> pd.DataFrame:
    """Fit every field loop of a study.

    Parameters
    ----------
    datasets : one dataset a sample; measurements of kind `ahe_loop` and `loop_shift` are fitted
    level : key of `LEVELS`, how a switching field is read
    window : share of the sweep at either end that counts as saturated, 0 to 0.5

    Returns
    -------
    DataFrame, one row a loop: `id, kind, sample, temperature_k, field_x_oe, current_ma`, then
    `h_up_oe` and `h_dn_oe` (signed switching fields of the increasing and the decreasing branch),
    `h_c_oe` = (H_up - H_dn)/2, `h_0_oe` = (H_up + H_dn)/2, `r_ahe_ohm` (half swing, signed),
    `r_offset_ohm`, `slope_ohm_per_oe`, `drift_ohm` (over the whole sweep), each with its 1-sigma
    statistical uncertainty `_u`; `h_step_u_oe` (1-sigma of one switching field from the field
    step alone), `noise_ohm`, `n_points`, `level`, `status` (ok, flagged, refused) and `reason`.

    Raises
    ------
    ConfigError
        If `level` or `window` has no meaning.
    """
    if level not in LEVELS:
        raise ConfigError(f"loops.level {level!r}: expected one of {', '.join(LEVELS)}")
    if not 0 < window < 0.5:
        raise ConfigError(f"loops.window {window}: expected a share between 0 and 0.5")
    rows = [
        _conditions(dataset, measurement) | fit_loop(
            measurement["field"].values / OERSTED, measurement["resistance"].values,
            level=level, window=window,
        )
        for dataset in datasets
        for measurement in _field_loops(dataset)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=[*_CONDITIONS, *_RESULTS])


def fit_loop(
    field: np.ndarray, resistance: np.ndarray, *, level: str = "half", window: float = 0.25
) -> dict[str, Any]:
    """Fit one loop.

    Parameters
    ----------
    field : (n,), in Oe, in the order of the measurement
    resistance : (n,), in ohm
    level, window : see `fit_loops`

    Returns
    -------
    The columns of `fit_loops` that are not conditions of the measurement.
    """
    result: dict[str, Any] = dict.fromkeys(_RESULTS, np.nan)
    result |= {"n_points": len(field), "level": level, "status": "ok", "reason": ""}
    try:
        kept = np.isfinite(field) & np.isfinite(resistance)
        field, resistance = field[kept], resistance[kept]
        result["n_points"] = int(kept.sum())
        if field.size < _FEWEST_POINTS:
            raise _Refused("too few points")
        rising = rising_branch(field)
        progress = np.linspace(-0.5, 0.5, field.size)
        good = ~_spikes(resistance)
        background = _fit_background(
            field[good], resistance[good], rising[good], progress[good], window
        )
        m = background.normalised(field, progress, resistance)
        noise = background.sigma / abs(background.values[1])
        found = {
            name: _switching_field(field[part & good], m[part & good], noise, level)
            for name, part in (("h_up_oe", rising), ("h_dn_oe", ~rising))
        }
        if found["h_up_oe"] is None or found["h_dn_oe"] is None:
            crossed = [name for name, value in found.items() if value is not None]
            raise _Refused("one crossing" if crossed else "no hysteresis")
        _fill(result, found, background)
        reasons = list(_doubts(result, found))
        if reasons:
            result |= {"status": "flagged", "reason": "; ".join(reasons)}
    except _Refused as refused:
        result |= {"status": "refused", "reason": str(refused)}
    return result


def corrected_loop(measurement: xr.Dataset, row: pd.Series) -> pd.DataFrame:
    """A loop less its offset, slope and drift.

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
    background = row["r_offset_ohm"] + row["slope_ohm_per_oe"] * field + row["drift_ohm"] * progress
    branch = np.where(rising_branch(field), "up", "down")
    return pd.DataFrame(
        {
            "field_oe": field,
            "resistance_ohm": measurement["resistance"].values - background,
            "branch": branch,
        }
    )


def compensation_temperature(loops: pd.DataFrame, sample: str) -> tuple[float, float]:
    """Magnetic compensation temperature T_M of a ferrimagnet, in K, with its 1-sigma uncertainty.

    The coercive field diverges as 1/|T - T_M|, so that sign(R_A)/H_c is a straight line through
    zero at T_M; the line is fitted to the four loops around the sign change of R_A. Where there
    are fewer, T_M is the middle of the two temperatures around it, uniform between them.

    Returns
    -------
    NaN, NaN where R_A does not change sign.
    """
    rows = loops[
        (loops["sample"] == sample) & (loops["kind"] == "ahe_loop") & (loops["status"] == "ok")
    ].sort_values("temperature_k")
    temperature = rows["temperature_k"].to_numpy(float)
    sign = np.sign(rows["r_ahe_ohm"].to_numpy(float))
    change = np.flatnonzero(sign[1:] != sign[:-1])
    if change.size != 1:
        return np.nan, np.nan
    k = int(change[0])
    near = slice(max(k - 1, 0), k + 3)
    if len(temperature[near]) < 4:
        return float(temperature[k : k + 2].mean()), float(np.ptp(temperature[k : k + 2]) / 12**0.5)
    h_c = rows["h_c_oe"].to_numpy(float)[near]
    spread = np.hypot(rows["h_c_u_oe"], rows["h_step_u_oe"]).to_numpy(float)[near] / h_c**2
    (slope, offset), covariance = np.polyfit(
        temperature[near], sign[near] / h_c, 1, w=1 / spread, cov="unscaled"
    )
    t_m = -offset / slope
    gradient = np.array([offset / slope**2, -1 / slope])
    misfit = (sign[near] / h_c - slope * temperature[near] - offset) / spread
    scale = max(1.0, float(np.sum(misfit**2) / 2))
    return float(t_m), float(np.sqrt(gradient @ covariance @ gradient * scale))


_CONDITIONS = ("id", "kind", "sample", "temperature_k", "field_x_oe", "current_ma")
_RESULTS = (
    *(name for value in VALUES for name in (value, uncertainty_column(value))),
    "h_step_u_oe", "noise_ohm", "n_points", "level", "status", "reason",
)  # fmt: skip


def _field_loops(dataset: xr.Dataset) -> Iterator[xr.Dataset]:
    for name, kind in zip(dataset["id"].values, dataset["kind"].values, strict=True):
        if kind in ("ahe_loop", "loop_shift"):
            yield select(dataset, name)


def _conditions(dataset: xr.Dataset, measurement: xr.Dataset) -> dict[str, Any]:
    return {
        "id": str(measurement["id"].values),
        "kind": str(measurement["kind"].values),
        "sample": dataset.attrs["sample"],
        "temperature_k": float(measurement["temperature"]),
        "field_x_oe": round(float(measurement["field_x"]) / OERSTED, 6),
        "current_ma": round(float(measurement["current"]) * 1e3, 9),
    }


def rising_branch(field: np.ndarray) -> np.ndarray:
    """Whether the field rises at each point, judged over five points so that jitter is no matter.

    A branch may lie at both ends of the file: 0 to +H to -H to 0 has its rising branch there.
    """
    smooth = median_filter(field, 5, mode="nearest")
    step = smooth[np.minimum(np.arange(field.size) + 2, field.size - 1)]
    step = step - smooth[np.maximum(np.arange(field.size) - 2, 0)]
    return step > 0


def _spikes(resistance: np.ndarray) -> np.ndarray:
    """Points far off the median of their neighbours; a switching edge is kept by the median."""
    rest = resistance - median_filter(resistance, 5, mode="nearest")
    scale = 1.4826 * np.median(np.abs(rest - np.median(rest)))
    # The median of five normal numbers leaves a little less than their own scatter.
    return np.abs(rest) > _SPIKE_SIGMA * 1.15 * scale if scale else np.zeros(rest.size, bool)


def _fit_background(
    field: np.ndarray,
    resistance: np.ndarray,
    rising: np.ndarray,
    progress: np.ndarray,
    window: float,
) -> _Background:
    low, high = field.min(), field.max()
    span = high - low
    if low >= 0 or high <= 0 or min(-low, high) < 0.25 * span:
        raise _Refused("one-sided sweep")
    upper, lower = field > high - window * span / 2, field < low + window * span / 2
    for part in (rising, ~rising):
        if (upper & part).sum() < _FEWEST_IN_WINDOW or (lower & part).sum() < _FEWEST_IN_WINDOW:
            raise _Refused("open loop: a branch does not reach both ends of the field range")
    saturated = upper | lower
    design = np.column_stack([np.ones(field.size), np.where(upper, 1.0, -1.0), field, progress])
    a, y = design[saturated], resistance[saturated]
    values, _, rank, _ = np.linalg.lstsq(a, y, rcond=None)
    if rank < a.shape[1]:
        raise _Refused("too few points")
    rest = y - a @ values
    sigma = float(np.sqrt(rest @ rest / (y.size - a.shape[1])))
    inverse = np.linalg.inv(a.T @ a)
    # Correlated noise widens the errors: by (1 + r)/(1 - r) at a lag-one correlation r.
    r = np.clip(rest[1:] @ rest[:-1] / (rest @ rest), 0, 0.9) if sigma else 0.0
    covariance = inverse * sigma**2 * (1 + r) / (1 - r)
    background = _Background(values, covariance, sigma)
    if abs(values[1]) < _SIGNIFICANT * np.sqrt(covariance[1, 1]) or not values[1]:
        raise _Refused("no hysteresis")
    _check_saturated(background, field, resistance, rising, progress, upper, lower)
    return background


def _check_saturated(
    background: _Background,
    field: np.ndarray,
    resistance: np.ndarray,
    rising: np.ndarray,
    progress: np.ndarray,
    upper: np.ndarray,
    lower: np.ndarray,
) -> None:
    """Branches must have met inside both windows, else the loop is still open there."""
    m = background.normalised(field, progress, resistance)
    noise = background.sigma / abs(background.values[1])
    for side in (upper, lower):
        gap = m[side & rising].mean() - m[side & ~rising].mean()
        share = 1 / (side & rising).sum() + 1 / (side & ~rising).sum()
        if abs(gap) > max(0.1, _SIGNIFICANT * noise * np.sqrt(share)):
            raise _Refused("not saturated: the branches differ at the end of the field range")


def _switching_field(
    field: np.ndarray, m: np.ndarray, noise: float, level: str
) -> tuple[float, float, float] | None:
    """Where a branch crosses zero: the field, its statistical and its field-step uncertainty."""
    order = np.argsort(field, kind="stable")
    h, m = field[order], m[order]
    split = _best_split(m)
    if split is None:
        return None
    below, above = split
    gap = h[above] - h[below]
    # Between two points half a step high the crossing may lie anywhere; with points on the slope
    # the interpolation finds it.
    height = min(1.0, abs(m[above] - m[below]) / 2)
    step = abs(gap) / 12**0.5 * height**2
    if level != "half":
        return _fitted_centre(h, m, noise, level, below, above, step)
    near = np.arange(max(below - 2, 0), min(above + 3, h.size))
    near = near[np.abs(m[near]) < 0.9]
    if near.size >= 2 and np.ptp(h[near]) > 0:
        # arctanh straightens a branch whatever its exact shape. A line through m itself would be
        # off by an amount that depends on where between two points the crossing falls.
        (slope, offset), covariance = np.polyfit(
            h[near], np.arctanh(m[near]), 1, w=1 - m[near] ** 2, cov="unscaled"
        )
        if slope > 0 and h[below] - gap <= -offset / slope <= h[above] + gap:
            gradient = np.array([offset / slope**2, -1 / slope])
            statistical = noise * np.sqrt(gradient @ covariance @ gradient)
            return -offset / slope, float(statistical), step
    share = -m[below] / (m[above] - m[below])
    weight = np.hypot(1 - share, share)
    return float(h[below] + share * gap), float(noise * weight * gap / (m[above] - m[below])), step


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
    h: np.ndarray, m: np.ndarray, noise: float, level: str, below: int, above: int, step: float
) -> tuple[float, float, float]:
    shape, gap = _SHAPES[level], max(h[above] - h[below], 1e-12)
    start = np.array([(h[above] + h[below]) / 2, gap])
    fit = least_squares(
        lambda p: (shape((h - p[0]) / abs(p[1])) - m) / max(noise, 1e-12), start, x_scale=gap
    )
    inverse = np.linalg.pinv(fit.jac.T @ fit.jac)
    return float(fit.x[0]), float(np.sqrt(inverse[0, 0])), step


def _fill(
    result: dict[str, Any],
    found: dict[str, tuple[float, float, float]],
    background: _Background,
) -> None:
    (up, up_u, up_step), (down, down_u, down_step) = found["h_up_oe"], found["h_dn_oe"]
    half = float(np.hypot(up_u, down_u) / 2)
    offset, amplitude, slope, drift = background.values
    errors = np.sqrt(np.diag(background.covariance))
    values = (up, down, (up - down) / 2, (up + down) / 2, amplitude, offset, slope, drift)
    spreads = (up_u, down_u, half, half, errors[1], errors[0], errors[2], errors[3])
    for name, value, spread in zip(VALUES, values, spreads, strict=True):
        result[name] = float(value)
        result[uncertainty_column(name)] = float(spread)
    result["h_step_u_oe"] = float(np.sqrt((up_step**2 + down_step**2) / 2))
    result["noise_ohm"] = background.sigma


def _doubts(result: dict[str, Any], found: dict[str, tuple[float, float, float]]) -> Iterator[str]:
    if abs(result["drift_ohm"]) > 0.5 * abs(result["r_ahe_ohm"]):
        yield "drift too large"
    if result["noise_ohm"] > 0.3 * abs(result["r_ahe_ohm"]):
        yield "noise too large"
    if abs(result["h_c_oe"]) < 2 * np.hypot(result["h_c_u_oe"], result["h_step_u_oe"]):
        yield "no hysteresis beyond the uncertainty"

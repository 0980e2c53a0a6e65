"""Field loops of a study as a table, one row a loop; `hall2net.physics.loop` fits each of them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from hall2net.errors import ConfigError
from hall2net.physics.background import (
    SLOPES,
    Terms,
)
from hall2net.physics.loop import CRITERIA, Loop, measure_loop
from hall2net.physics.sweeps import Refused, turning_points
from hall2net.tables import systematic_column, total_sigma, uncertainty_column
from hall2net.units import OERSTED

VALUES = (
    "h_up_oe", "h_dn_oe", "h_c_oe", "h_0_oe", "r_ahe_ohm", "r_offset_ohm", "slope_ohm_per_oe",
    "even_ohm", "drift_ohm",
)  # fmt: skip
FIELDS = VALUES[:4]
"""Those with an interval: its shape is not normal where a branch jumps within a field step."""

_SAME_R_AHE, _DIFFERENT = 0.3, 4.0
"""Fraction of R_AHE, and sigma, by which loops of one sample may differ."""


def fit_loops(
    datasets: Sequence[xr.Dataset],
    *,
    criterion: str = "half",
    window: float = 1.0,
    slope: str = "fitted",
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
) -> pd.DataFrame:
    """Fit every field loop of a study.

    Parameters
    ----------
    datasets : one dataset a sample; measurements of kind `ahe_loop` and `loop_shift` are fitted
    criterion : key of `CRITERIA`, how a switching field is read
    window : largest fraction of the sweep, counted from either end, that may count as saturated,
        0 to 1; at 1 the loop alone decides
    slope : key of `SLOPES`
    overrides : id of a measurement to settings of its own, of the same names

    Returns
    -------
    DataFrame, one row a loop: `id, kind, sample, temperature_k, field_x_oe, current_ma`, then
    `h_up_oe` and `h_dn_oe` (signed switching fields of the increasing and the decreasing branch),
    `h_c_oe` = (H_up - H_dn)/2, `h_0_oe` = (H_up + H_dn)/2, `r_ahe_ohm` (half swing, signed),
    `r_offset_ohm`, `slope_ohm_per_oe`, `even_ohm` (at the largest field), `drift_ohm` (over the
    whole sweep), each with its 1-sigma uncertainties `_u` (statistical) and `_sys` (systematic:
    between windows and sets of terms of the background); for the four fields the ends `_lo95` and
    `_hi95` of the 95 % interval of both and the field step; `h_step_u_oe` (1-sigma of one
    switching field from the field step alone), `background` (all its terms, JSON), `noise_ohm`,
    `significance` (of the hysteresis, sigma), `n_points`, `n_cycles`, `n_left_out` (runs that are
    no whole branch: initial curve, minor loops), `n_steps` and `steps_oe` (fields of the steps of
    the rising branch, then of the falling one), `criterion`, `status` (ok, flagged, refused) and
    `reason`.

    Raises
    ------
    ConfigError
        If `criterion`, `window` or `slope` has no meaning.
    """
    settings: dict[str, Any] = {"criterion": criterion, "window": window, "slope": slope}
    _check_settings(settings, "loops")
    overrides = overrides or {}
    for identifier, own in overrides.items():
        _check_settings(settings | dict(own), f"decisions, {identifier}")
    rows = [
        conditions | fit_loop(field, resistance, pickup=pickup, **own)
        for dataset in datasets
        for conditions, field, resistance, pickup in _field_loops(dataset)
        for own in [settings | dict(overrides.get(conditions["id"], {}))]
    ]
    table = pd.DataFrame(rows, columns=[*_CONDITIONS, *_RESULTS])
    return compare_with_itself(table)


def _check_settings(settings: Mapping[str, Any], where: str) -> None:
    for name, allowed in (("slope", SLOPES), ("criterion", CRITERIA)):
        if settings[name] not in allowed:
            raise ConfigError(
                f"{where}.{name} {settings[name]!r}: expected one of {', '.join(allowed)}"
            )
    unknown = set(settings) - {"slope", "criterion", "window"}
    if unknown:
        raise ConfigError(f"{where}: unknown {', '.join(sorted(unknown))}")
    if not 0 < settings["window"] <= 1:
        raise ConfigError(f"{where}.window {settings['window']}: expected a fraction from 0 to 1")


def fit_loop(
    field: np.ndarray,
    resistance: np.ndarray,
    *,
    criterion: str = "half",
    window: float = 1.0,
    slope: str = "fitted",
    pickup: np.ndarray | None = None,
) -> dict[str, Any]:
    """Fit one Hall loop; one that cannot be fitted is refused in words.

    Parameters
    ----------
    field : (n,), in Oe, in the order of the measurement
    resistance : (n,), in ohm
    criterion, window, slope : see `fit_loops`
    pickup : (n,), longitudinal resistance in ohm, which may be mixed into `resistance`

    Returns
    -------
    The columns of `fit_loops` that are not conditions of the measurement.
    """
    result: dict[str, Any] = dict.fromkeys(_RESULTS, np.nan)
    kept = np.isfinite(field) & np.isfinite(resistance)
    result |= {"n_points": int(kept.sum()), "criterion": criterion, "background": ""}
    result |= {"steps_oe": "", "status": "ok", "reason": ""}
    try:
        loop = measure_loop(
            field, resistance, criterion=criterion, window=window, slope=slope, pickup=pickup
        )
    except Refused as refused:
        return result | {"status": "refused", "reason": str(refused)}
    estimates = {f"{name}_oe": value for name, value in loop.fields.items()}
    estimates |= {
        "r_ahe_ohm": loop.amplitude, "r_offset_ohm": loop.offset, "slope_ohm_per_oe": loop.slope,
        "even_ohm": loop.even, "drift_ohm": loop.drift,
    }  # fmt: skip
    for name, estimate in estimates.items():
        result[name] = estimate.value
        result[uncertainty_column(name)] = estimate.statistical
        result[systematic_column(name)] = estimate.systematic
        if name in FIELDS:
            result |= dict(zip(interval_columns(name), (estimate.low, estimate.high), strict=True))
    result |= {
        "h_step_u_oe": loop.field_step, "background": _as_text(loop),
        "noise_ohm": loop.noise, "significance": loop.significance, "n_cycles": loop.cycles,
        "n_left_out": loop.left_out, "n_steps": max(map(len, loop.steps)),
        "steps_oe": "; ".join(f"{h:.6g}" for side in loop.steps for h in side),
    }  # fmt: skip
    if loop.doubts:
        result |= {"status": "flagged", "reason": "; ".join(loop.doubts)}
    return result


def compare_with_itself(loops: pd.DataFrame) -> pd.DataFrame:
    """Flag loops of one sample at one temperature that disagree about R_AHE.

    R_AHE is a property of the film: loops at any current and in-plane field must find the same
    within their errors and `_SAME_R_AHE`. Where R_AHE times the current agrees instead, the
    signal was divided by the current already.

    Parameters
    ----------
    loops : as of `fit_loops`

    Returns
    -------
    The same table, with status and reason of those that disagree.
    """
    loops = loops.copy()
    fitted = loops[(loops["status"] != "refused") & loops["kind"].isin(["ahe_loop", "loop_shift"])]
    kelvin = fitted["temperature_k"].fillna(-1).round()
    for (sample, _), rows in fitted.groupby([fitted["sample"], kelvin]):
        words = _disagreement(rows, str(sample))
        if not words:
            continue
        for index in rows.index:
            reason = loops.at[index, "reason"]
            loops.at[index, "reason"] = f"{reason}; {words}" if reason else words
            loops.at[index, "status"] = "flagged"
    return loops


def _disagreement(rows: pd.DataFrame, sample: str) -> str:
    """In words how R_AHE of some loops disagrees; empty if it does not."""
    r_ahe = rows["r_ahe_ohm"].to_numpy(float)
    sigma = np.asarray(total_sigma(rows, "r_ahe_ohm"), float)
    if len(rows) < 2 or _agree(r_ahe, sigma):
        return ""
    current = rows["current_ma"].to_numpy(float)
    if (
        np.all(np.isfinite(current) & (current != 0))
        and np.ptp(np.abs(current)) + np.ptp(np.sign(current)) > 0
    ):
        if _agree(r_ahe * current, sigma * np.abs(current)):
            return (
                f"R_AHE of {sample} goes as 1/I, from {r_ahe.min():.3g} to {r_ahe.max():.3g} ohm:"
                " the signal does not follow current_ma; y_quantity voltage_per_current?"
            )
    return (
        f"R_AHE of {sample} at one temperature is not one: {r_ahe.min():.3g} to {r_ahe.max():.3g}"
        " ohm; look at current_ma, y_quantity and the sample's name"
    )


def _agree(values: np.ndarray, sigma: np.ndarray) -> bool:
    """Whether all have the sign and, within errors and `_SAME_R_AHE`, the value of the median."""
    middle = float(np.median(values))
    away = np.abs(values - middle)
    return bool(np.all(away <= np.maximum(_SAME_R_AHE * abs(middle), _DIFFERENT * sigma)))


def corrected_loop(measurement: xr.Dataset, row: pd.Series) -> pd.DataFrame:
    """A loop less its background.

    Parameters
    ----------
    measurement : one field loop
    row : its row of the table of `fit_loops`, not refused

    Returns
    -------
    DataFrame in the order of the measurement: `field_oe`, `resistance_ohm`, `branch` (`up` or
    `down`), and `level_ohm`, the half swing with its sign where the branch counts as saturated,
    nan elsewhere.
    """
    field = measurement["field"].values / OERSTED
    signal = measurement["resistance"].values
    along = measurement["resistance_xx"].values if "resistance_xx" in measurement else None
    stored = json.loads(row["background"])
    centre = np.nan if stored["centre"] is None else stored["centre"]
    terms = Terms(stored["largest"], tuple(stored["breaks"]), centre)
    kept = np.isfinite(field) & np.isfinite(signal)
    if np.isfinite(centre) and along is not None:
        kept &= np.isfinite(along)
    where = np.flatnonzero(kept)
    below, level = np.full((2, field.size), np.nan)
    rising = np.zeros(field.size, bool)
    if where.size:
        time = np.linspace(-0.5, 0.5, where.size)
        pickup = None if along is None else along[kept]
        values = np.array([stored["values"].get(name, 0.0) for name in terms.names])
        below[kept] = terms.columns(field[kept], time, pickup) @ values
        turns = where[turning_points(field[kept])]
        for first, last in zip(turns[:-1], turns[1:], strict=True):
            rising[first : last + 1] = field[last] > field[first]
        ends = {name: stored["saturated"][name] for name in ("up", "down")}
        low, high = (np.where(rising, ends["up"][k], ends["down"][k]) for k in (0, 1))
        level = np.select([field >= high, field <= low], [1.0, -1.0], np.nan) * row["r_ahe_ohm"]
    return pd.DataFrame(
        {
            "field_oe": field,
            "resistance_ohm": signal - below,
            "branch": np.where(rising, "up", "down"),
            "level_ohm": level,
        }
    )


def _as_text(loop: Loop) -> str:
    """All terms of the background with what they are scaled to, as JSON."""
    terms = loop.background.terms
    content = {
        "breaks": terms.breaks,
        "centre": terms.centre if np.isfinite(terms.centre) else None,
        "largest": terms.largest,
        "saturated": dict(loop.saturated),
        "values": dict(zip(terms.names, map(float, loop.background.values), strict=True)),
    }
    return json.dumps(content, sort_keys=True)


def interval_columns(column: str) -> tuple[str, str]:
    """Names of the ends of a 95 % interval: `h_c_oe` gives `h_c_lo95_oe` and `h_c_hi95_oe`."""
    name = column.removesuffix("_oe")
    return f"{name}_lo95_oe", f"{name}_hi95_oe"


_CONDITIONS = ("id", "kind", "sample", "temperature_k", "field_x_oe", "current_ma")
_RESULTS = (
    *(c for v in VALUES for c in (v, uncertainty_column(v), systematic_column(v))),
    *(name for value in FIELDS for name in interval_columns(value)),
    "h_step_u_oe", "background", "noise_ohm", "significance", "n_points", "n_cycles", "n_left_out",
    "n_steps", "steps_oe", "criterion", "status", "reason",
)  # fmt: skip


def _field_loops(
    dataset: xr.Dataset,
) -> Iterator[tuple[dict[str, Any], np.ndarray, np.ndarray, np.ndarray | None]]:
    """Conditions, field in Oe, resistance in ohm and longitudinal resistance of every loop."""
    names = ("id", "kind", "temperature", "field_x", "current", "start", "count")
    field, resistance = dataset["field"].values / OERSTED, dataset["resistance"].values
    along = dataset["resistance_xx"].values if "resistance_xx" in dataset else None
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
            pickup = None if along is None else along[points]
            if pickup is not None and not np.isfinite(pickup).any():
                pickup = None
            yield conditions, field[points], resistance[points], pickup

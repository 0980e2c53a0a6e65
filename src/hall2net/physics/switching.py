"""Current-induced switching: critical currents, switching ratio, polarity, pulse-width law.

A switching loop is R_xy after write pulses of rising and falling current. Branch `up` is the part
with rising current, `down` with falling current. The level of a branch is its resistance on the
way from full current back to zero, where nothing switches.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike
from scipy.ndimage import median_filter
from scipy.optimize import isotonic_regression
from scipy.signal import lfilter
from scipy.special import ndtri
from scipy.stats import median_abs_deviation

from hall2net.errors import ConfigError, Hall2netError
from hall2net.measurement import select
from hall2net.tables import uncertainty_column, usable
from hall2net.units import OERSTED

CRITERIA = ("half", "onset", "90", "fixed", "saturation")
"""Where J_c is read: 50, 10, 90 or 95 % of the loop's swing, or a fixed share of the full AHE."""

LAYERS = {"stack": "stack_nm", "heavy_metal": "heavy_metal_nm"}
"""Thickness that the write current is taken to flow through."""

_SHARES = {"half": 0.5, "onset": 0.1, "90": 0.9, "saturation": 0.95}
_SIGNIFICANT = 4.0  # sigma; a smaller change of resistance is no switching
_SPIKE = 8.0
_DRAWS = 200


@dataclass(frozen=True)
class _Loop:
    """A switching loop in ohm and mA, Joule term taken off, with the levels of its branches."""

    points: pd.DataFrame
    up: float
    down: float
    swing_u: float
    level_u: float
    sigma: float
    correlation: float


def switching_loop(measurement: xr.Dataset) -> pd.DataFrame:
    """A switching loop with its branches named and the Joule term taken off.

    Heating adds c I^2, the same for both signs of the current. c is fitted together with the
    levels of both branches on the way from full current back to zero, where the magnetisation
    rests.

    Parameters
    ----------
    measurement : one `sot_switching` measurement with `write_current` and `resistance`

    Returns
    -------
    DataFrame in the order of measurement: `point` (its number in the measurement, from 0),
    `write_current_ma`, `resistance_ohm` with its noise `resistance_u_ohm`, `branch` (up, down;
    initial for a first sweep from zero that a whole one repeats). Points that stand out by more
    than 8 sigma from both neighbours are left out.

    Raises
    ------
    Hall2netError
        If there are too few points, or the current does not go to both signs and back.
    """
    loop = _loop(measurement)
    return loop.points.assign(resistance_u_ohm=loop.sigma)[
        ["point", "write_current_ma", "resistance_ohm", "resistance_u_ohm", "branch"]
    ]


def switching_table(
    datasets: Sequence[xr.Dataset],
    loops: pd.DataFrame,
    samples: Mapping[str, Mapping[str, Any]],
    *,
    current_layer: str = "stack",
    criterion: str = "half",
    fixed_ratio: float = 0.5,
    min_ratio: float = 0.05,
) -> pd.DataFrame:
    """Critical currents, switching ratios and polarities of all switching loops.

    The critical current of a branch is where its monotonic (isotonic) fit has done the asked
    share of the swing, by interpolation. Its uncertainty holds the noise, with the correlation
    from point to point (Monte Carlo, 200 draws), and the current step, as far as the loop jumps
    within one: step/sqrt(12) times the share of the swing done in that step.

    Parameters
    ----------
    datasets : one a sample; measurements of kind `sot_switching` count
    loops : loops.csv; the full swing of the AHE is twice `r_ahe_ohm` of the sample's `ahe_loop`
        measurements at the nearest temperature (weighted mean)
    samples : sample to its facts: `width_um`, `stack_nm`, `heavy_metal_nm`
    current_layer : stack | heavy_metal; the layers that the current density refers to
    criterion : half | onset | 90 | fixed | saturation; the one of `i_c_ma` and `j_c_a_m2`
    fixed_ratio : share of the full AHE swing at which `fixed` is read, the same for all samples
        (the ruo2 paper compares samples at the same switching percentage)
    min_ratio : a change smaller than this share of the AHE swing is no switching

    Returns
    -------
    DataFrame, one row a loop, ordered by sample and id: conditions; `i_up_ma, i_dn_ma` (signed,
    of the rising and the falling branch), `i_c_ma` = (i_up - i_dn)/2, `j_c_a_m2` = i_c/(w t), and
    the same by every criterion as `j_c_half_a_m2, j_c_onset_a_m2, j_c_90_a_m2, j_c_fixed_a_m2,
    j_c_saturation_a_m2` (empty where the loop does not get there); `delta_r_sot_ohm` and
    `delta_r_ahe_ohm` (both full swings), `switching_ratio`; `polarity` +1 where positive current
    leads to the higher resistance, -1 the lower, 0 for no switching; `write_energy_uj`
    = i_c^2 R_xx tau where R_xx was measured; each with `_u`; `criterion, current_layer,
    fixed_ratio`; `status` (ok, flagged, refused) and `reason`.

    Raises
    ------
    ConfigError
        If a setting has none of the allowed values, or a sample has no facts.
    """
    for setting, value, allowed in (
        ("current_layer", current_layer, LAYERS),
        ("criterion", criterion, CRITERIA),
    ):
        if value not in allowed:
            raise ConfigError(
                f"switching, {setting}: found {value!r}, expected one of {', '.join(allowed)}"
            )
    rows = []
    for sample, measurement, r_xx in _measurements(datasets):
        if sample not in samples:
            raise ConfigError(f"sample {sample!r} is not described in the configuration")
        row = _conditions(sample, measurement)
        area = samples[sample]["width_um"] * 1e-6 * samples[sample][LAYERS[current_layer]] * 1e-9
        ahe = _ahe_swing(loops, sample, float(measurement["temperature"]))
        try:
            row |= _switching(_loop(measurement), ahe, criterion, fixed_ratio, min_ratio)
        except Hall2netError as error:
            row |= {"status": "refused", "reason": str(error)}
        rows.append(_with_densities(row, area, r_xx, criterion))
    table = pd.DataFrame(rows, columns=_COLUMNS).sort_values(["sample", "id"], ignore_index=True)
    return table.assign(criterion=criterion, current_layer=current_layer, fixed_ratio=fixed_ratio)[
        [*_COLUMNS[:-2], "criterion", "current_layer", "fixed_ratio", *_COLUMNS[-2:]]
    ]


def pulse_width_law(switching: pd.DataFrame) -> pd.DataFrame:
    """Thermally activated switching: I_c = I_c0 [1 - ln(tau/1 ns)/Delta], fitted per sample.

    Linear in ln(tau); every current weighs with its own uncertainty. Formula: Koch et al.,
    Phys. Rev. Lett. 92, 088302 (2004), with an attempt time of 1 ns.

    Parameters
    ----------
    switching : `switching_table`; loops of one sample and one in-plane field belong together

    Returns
    -------
    DataFrame, one row a sample and field with three pulse widths or more: `sample, field_x_oe,
    i_c0_ma, delta` with `_u`, `chi2` (per degree of freedom), `n`, `status`, `reason` (refused
    where the current does not fall with the width).
    """
    usable = switching[switching["i_c_ma"].notna() & switching["pulse_width_s"].gt(0)]
    rows = []
    for (sample, field), own in usable.groupby(["sample", "field_x_oe"], dropna=False):
        if own["pulse_width_s"].nunique() < 3:
            continue
        x = np.log(own["pulse_width_s"].to_numpy() / 1e-9)
        u = own[uncertainty_column("i_c_ma")].to_numpy()
        design = np.column_stack([np.ones_like(x), x]) / u[:, None]
        target = own["i_c_ma"].to_numpy() / u
        (start, slope), *_ = np.linalg.lstsq(design, target, rcond=None)
        covariance = np.linalg.inv(design.T @ design)
        chi2 = np.sum((target - design @ [start, slope]) ** 2) / max(len(x) - 2, 1)
        row = {"sample": sample, "field_x_oe": field, "n": len(x), "chi2": chi2}
        # d(Delta)/d(start, slope) of Delta = -start/slope
        gradient = np.array([-1 / slope, start / slope**2])
        row |= {
            "i_c0_ma": start,
            uncertainty_column("i_c0_ma"): np.sqrt(covariance[0, 0]),
            "delta": -start / slope,
            uncertainty_column("delta"): np.sqrt(gradient @ covariance @ gradient),
            "status": "ok",
            "reason": "",
        }
        if slope > -2 * np.sqrt(covariance[1, 1]):
            row |= {"delta": np.nan, uncertainty_column("delta"): np.nan, "status": "refused"}
            row["reason"] = "the critical current does not fall with the pulse width"
        rows.append(row)
    columns = ["sample", "field_x_oe", *_with_u("i_c0_ma", "delta"), "chi2", "n"]
    return pd.DataFrame(rows, columns=[*columns, "status", "reason"])


def write_energy(current: ArrayLike, resistance: ArrayLike, pulse_width: ArrayLike) -> np.ndarray:
    """Energy of write pulses, I^2 R tau, in J.

    Parameters
    ----------
    current, resistance, pulse_width : in A, ohm and s, of shapes that go together

    Notes
    -----
    One 1.00 ms pulse of 13.2 mA into 500 ohm takes 87 uJ.
    """
    return np.square(np.asarray(current, dtype=float)) * resistance * pulse_width


def prefield_threshold(switching: pd.DataFrame, sample: str) -> tuple[float, float] | None:
    """The largest pre-applied field that leaves a sample's polarity, the smallest that reverses it.

    Both are magnitudes in Oe; a sweep without a pre-applied field counts as 0. None where no
    series of fields of one sign shows a reversal.
    """
    rows = usable(switching)
    rows = rows[(rows["sample"] == sample) & (rows["field_x_oe"].fillna(0) == 0)]
    prefield = rows["prefield_x_oe"].fillna(0)
    brackets = []
    for sign in (-1, 1):
        fields = prefield[prefield * sign >= 0].abs()
        if fields.max() > 0:
            polarity = rows["polarity"].loc[fields.index]
            final = polarity.loc[fields.idxmax()]
            kept, turned = fields[polarity != final], fields[polarity == final]
            if len(kept) and kept.max() < turned.min():
                brackets.append((float(kept.max()), float(turned.min())))
    return min(brackets, default=None, key=lambda bracket: bracket[1])


def _with_u(*columns: str) -> list[str]:
    return [name for column in columns for name in (column, uncertainty_column(column))]


_COLUMNS = [
    "id", "sample", "field_x_oe", "prefield_x_oe", "initial_field_z_oe", "temperature_k",
    "pulse_width_s", "current_max_ma",
    *_with_u("i_up_ma", "i_dn_ma", "i_c_ma", "j_c_a_m2"),
    *_with_u(*(f"j_c_{name}_a_m2" for name in CRITERIA)),
    *_with_u("delta_r_sot_ohm", "delta_r_ahe_ohm", "switching_ratio"),
    "polarity", *_with_u("write_energy_uj"), "noise_ohm", "status", "reason",
]  # fmt: skip


def _measurements(
    datasets: Sequence[xr.Dataset],
) -> Iterator[tuple[str, xr.Dataset, float]]:
    """Every switching loop with its sample and the sample's R_xx (NaN where not measured)."""
    for dataset in datasets:
        kinds = dataset["kind"].to_series().set_axis(dataset["id"].to_numpy())
        along = [
            select(dataset, name)["resistance"].to_numpy()
            for name, kind in kinds.items()
            if kind == "resistivity"
        ]
        values = np.concatenate(along) if along else np.array([])
        values = values[np.isfinite(values)]
        r_xx = float(np.median(values)) if values.size else np.nan
        for name, kind in kinds.items():
            if kind == "sot_switching":
                yield dataset.attrs["sample"], select(dataset, name), r_xx


def _conditions(sample: str, measurement: xr.Dataset) -> dict[str, Any]:
    row: dict[str, Any] = {"id": measurement["id"].item(), "sample": sample}
    for name in ("field_x", "prefield_x", "initial_field_z"):
        row[f"{name}_oe"] = float(measurement[name]) / OERSTED
    current = measurement["write_current"].to_numpy() * 1e3
    return row | {
        "temperature_k": float(measurement["temperature"]),
        "pulse_width_s": float(measurement["pulse_width"]),
        "current_max_ma": np.nanmax(np.abs(current), initial=0.0),
    }


def _ahe_swing(loops: pd.DataFrame, sample: str, temperature: float) -> tuple[float, float]:
    """Full AHE swing of a sample and its uncertainty, in ohm; NaN where no loop was fitted."""
    own = loops[
        (loops["sample"] == sample)
        & (loops["kind"] == "ahe_loop")
        & (loops["status"] != "refused")
        & loops["r_ahe_ohm"].notna()
    ]
    if own.empty:
        return np.nan, np.nan
    if np.isfinite(temperature) and own["temperature_k"].notna().any():
        distance = (own["temperature_k"] - temperature).abs()
        own = own[distance <= distance.min() + 1.0]
    u = own[uncertainty_column("r_ahe_ohm")].to_numpy()
    weight = u**-2.0 if (u > 0).all() else np.ones(len(own))
    mean = np.sum(weight * own["r_ahe_ohm"].abs()) / np.sum(weight)
    return 2 * float(mean), 2 * float(np.sqrt(np.sum((weight * u) ** 2)) / np.sum(weight))


def _loop(measurement: xr.Dataset) -> _Loop:
    points = pd.DataFrame(
        {
            "point": np.arange(measurement.sizes["point"]),
            "write_current_ma": measurement["write_current"].to_numpy() * 1e3,
            "resistance_ohm": measurement["resistance"].to_numpy(),
        }
    ).dropna(ignore_index=True)
    name = f"measurement {measurement['id'].item()!r}"
    if len(points) < 12:
        raise Hall2netError(f"{name}: {len(points)} points of a switching loop; expected 12")
    current = points["write_current_ma"]
    if min(current.max(), -current.min()) < 0.5 * current.abs().max():
        raise Hall2netError(
            f"{name}: write current from {current.min():g} to {current.max():g} mA; expected a "
            "loop through both signs"
        )
    points["branch"] = _branches(current.to_numpy())
    rest = (points["branch"] == "up") & (current < 0) | (points["branch"] == "down") & (current > 0)
    own = points[rest]
    up = (own["branch"] == "up").to_numpy()
    if min(up.sum(), (~up).sum()) < 3:
        raise Hall2netError(
            f"{name}: the current does not come back from both ends; expected a loop such as "
            "0, +max, -max, +max"
        )
    design = np.column_stack([up, ~up, own["write_current_ma"] ** 2]).astype(float)
    target = own["resistance_ohm"].to_numpy()
    keep = np.ones(len(target), dtype=bool)
    for _ in range(3):
        fit = np.linalg.lstsq(design[keep], target[keep], rcond=None)[0]
        residual = target - design @ fit
        keep = np.abs(residual) <= _SPIKE * median_abs_deviation(residual[keep], scale="normal")
        if keep.sum() < 6:
            keep[:] = True
    residual, design = residual[keep], design[keep]
    square = residual @ residual
    sigma = np.sqrt(square / (len(residual) - 3))
    correlation = 0.0
    if square > 0:
        correlation = float(np.clip(residual[1:] @ residual[:-1] / square, 0.0, 0.9))
    inflation = (1 + correlation) / (1 - correlation)
    covariance = inflation * sigma**2 * np.linalg.inv(design.T @ design)
    points["resistance_ohm"] -= fit[2] * current**2
    smooth = median_filter(points["resistance_ohm"].to_numpy(), 3, mode="nearest")
    points = points[(points["resistance_ohm"] - smooth).abs() <= _SPIKE * sigma + 1e-15]
    contrast = np.array([1.0, -1.0, 0.0])
    return _Loop(
        points=points.reset_index(drop=True),
        up=float(fit[0]),
        down=float(fit[1]),
        swing_u=float(np.sqrt(contrast @ covariance @ contrast)),
        level_u=float(np.sqrt(max(covariance[0, 0], covariance[1, 1]))),
        sigma=float(sigma),
        correlation=correlation,
    )


def turning_points(values: np.ndarray, reversal: float) -> list[int]:
    """Indices of the extremes of a zigzag, its first and last point included.

    Parameters
    ----------
    values : (n,)
    reversal : a way back of less than this share of the whole range is no turn
    """
    threshold = reversal * np.ptp(values)
    turns, extreme, rising = [0], 0, None
    for i, value in enumerate(values):
        ahead = value - values[extreme]
        if rising is None:
            if abs(ahead) > threshold:
                rising, extreme = ahead > 0, i
        elif ahead == 0 or (ahead > 0) == rising:
            extreme = i
        elif abs(ahead) > threshold:
            turns.append(extreme)
            rising, extreme = not rising, i
    return [*turns, len(values) - 1]


def _branches(current: np.ndarray) -> np.ndarray:
    """Name the sweeps: up, down, or initial for a first one from zero that is swept again."""
    reach = np.ptp(current)
    turns = turning_points(current, 0.05)
    first_rises = current[turns[1]] > current[0]
    names = ["up" if first_rises == (i % 2 == 0) else "down" for i in range(len(turns) - 1)]
    again = [abs(current[stop] - current[start]) > 0.75 * reach for start, stop in pairwise(turns)]
    if abs(current[0]) < 0.125 * reach and any(again[2::2]):
        names[0] = "initial"
    return np.repeat(names, np.diff([-1, *turns[1:]])).astype(object)


def _switching(
    loop: _Loop, ahe: tuple[float, float], criterion: str, fixed_ratio: float, min_ratio: float
) -> dict[str, Any]:
    swing, (full, full_u) = loop.down - loop.up, ahe
    ratio = abs(swing) / full
    row: dict[str, Any] = {
        "delta_r_sot_ohm": abs(swing),
        "delta_r_sot_u_ohm": loop.swing_u,
        "delta_r_ahe_ohm": full,
        "delta_r_ahe_u_ohm": full_u,
        "switching_ratio": ratio,
        "switching_ratio_u": np.hypot(loop.swing_u, ratio * full_u) / full,
        "noise_ohm": loop.sigma,
        "polarity": 0,
        "status": "flagged",
    }
    if abs(swing) < _SIGNIFICANT * loop.swing_u or ratio < min_ratio:
        share = f", {ratio:.2%} of the AHE swing" if np.isfinite(ratio) else ""
        return row | {
            "reason": f"no switching: {abs(swing):.3g} +- {loop.swing_u:.2g} ohm between the "
            f"ends of the loop{share}"
        }
    shares = _SHARES | {"fixed": fixed_ratio / ratio}
    for name, share in shares.items():
        up, dn, up_u, dn_u = _critical_currents(loop, share)
        row |= {f"i_c_{name}": (up - dn) / 2, f"i_c_{name}_u": np.hypot(up_u, dn_u) / 2}
        if name == criterion:
            row |= {"i_up_ma": up, "i_dn_ma": dn, "i_up_u_ma": up_u, "i_dn_u_ma": dn_u}
    row |= {"polarity": int(np.sign(swing)), "reason": ""}
    if not np.isfinite(ratio):
        return row | {"reason": "no AHE loop of this sample was fitted: no switching ratio"}
    if not np.isfinite(row[f"i_c_{criterion}"]):
        return row | {"reason": f"the loop does not reach the criterion {criterion!r}"}
    return row | {"status": "ok"}


def _critical_currents(loop: _Loop, share: float) -> tuple[float, float, float, float]:
    """Signed currents of the rising and falling branch at a share of the swing, with 1 sigma."""
    if not 0 < share < 1:
        return (np.nan,) * 4
    found, errors = [], []
    for branch in ("up", "down"):
        own = loop.points[loop.points["branch"] == branch].sort_values(
            "write_current_ma", kind="stable"
        )
        current = own["write_current_ma"].to_numpy()
        done = (own["resistance_ohm"].to_numpy() - loop.up) / (loop.down - loop.up)
        # Both branches rise with the current; on the falling one the share counts from the top.
        level = share if branch == "up" else 1 - share
        crossing, jump, fit = _crossing(current, done, level)
        rng = np.random.default_rng(0)
        noise = rng.normal(size=(_DRAWS, len(current))) * np.sqrt(1 - loop.correlation**2)
        noise = lfilter([1.0], [1.0, -loop.correlation], noise, axis=1)
        noise *= loop.sigma / abs(loop.down - loop.up)
        shift = rng.normal(size=(_DRAWS, 1)) * loop.level_u / abs(loop.down - loop.up)
        drawn = [_crossing(current, values, level)[0] for values in fit + noise + shift]
        found.append(crossing)
        errors.append(np.hypot(np.nanstd(drawn), jump / np.sqrt(12)))
    return found[0], found[1], errors[0], errors[1]


def _crossing(
    current: np.ndarray, done: np.ndarray, level: float
) -> tuple[float, float, np.ndarray]:
    """Where the monotonic fit crosses `level`, the jump in current there, and the fit.

    Between the two points next to the crossing the loop is taken for a normal distribution of
    thresholds. The jump is the current step there times the share of the swing done within it.
    """
    fit = isotonic_regression(done)
    if not fit.x[0] < level < fit.x[-1]:
        return np.nan, np.nan, fit.x
    above = int(np.searchsorted(fit.x, level))
    ends = slice(above - 1, above + 1)
    bent = ndtri(np.clip([*fit.x[ends], level], 1e-3, 1 - 1e-3))
    crossing = np.interp(bent[2], bent[:2], current[ends])
    jump = np.ptp(current[ends]) * min(np.ptp(fit.x[ends]), 1.0)
    return float(crossing), float(jump), fit.x


def _with_densities(
    row: dict[str, Any], area: float, r_xx: float, criterion: str
) -> dict[str, Any]:
    for name in CRITERIA:
        current, error = row.pop(f"i_c_{name}", np.nan), row.pop(f"i_c_{name}_u", np.nan)
        names = [f"j_c_{name}_a_m2"] + (["j_c_a_m2"] if name == criterion else [])
        for column in names:
            row[column] = current * 1e-3 / area
            row[uncertainty_column(column)] = error * 1e-3 / area
        if name == criterion:
            row |= {"i_c_ma": current, "i_c_u_ma": error}
            energy = write_energy(current * 1e-3, r_xx, row["pulse_width_s"]) * 1e6
            row |= {"write_energy_uj": energy, "write_energy_u_uj": 2 * energy * error / current}
    row.setdefault("polarity", 0)
    return row

"""Current-induced switching: critical currents, switching ratio, polarity, write energy.

A switching loop is R_xy after write pulses of rising and falling current. Branch `up` is the part
with rising current, `down` with falling current. The level of a branch is its resistance on the
way from full current back to zero, where nothing switches (`hall2net.physics.current_loops`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from hall2net.errors import ConfigError, Hall2netError
from hall2net.measurement import select
from hall2net.physics.critical_currents import critical_currents
from hall2net.physics.current_loops import TERMS, CurrentLoop, fit_current_loop
from hall2net.physics.lines import weighted_fit
from hall2net.physics.pulses import write_energy
from hall2net.physics.switching_rows import CRITERIA
from hall2net.physics.systematics import Systematics, total
from hall2net.tables import hall_loops, systematic_column, uncertainty_column, usable
from hall2net.units import OERSTED

LAYERS = {"stack": "stack_nm", "heavy_metal": "heavy_metal_nm"}
"""Thickness that the write current is taken to flow through."""

_FRACTIONS = {"half": 0.5, "onset": 0.1, "90": 0.9, "saturation": 0.95}
_SIGNIFICANT = 4.0  # sigma; a smaller change of resistance is no switching
_ABOVE_ONE = 3.0  # sigma; a ratio this far above 1 is not chance
_ONCE_ONLY = 6.0  # sigma; a first sweep that changes this much has switched once for all


def switching_table(
    datasets: Sequence[xr.Dataset],
    loops: pd.DataFrame,
    samples: Mapping[str, Mapping[str, Any]],
    *,
    current_layer: str = "stack",
    criterion: str = "half",
    fixed_ratio: float = 0.5,
    min_ratio: float = 0.05,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
    systematics: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Critical currents, switching ratios and polarities of all switching loops.

    The levels are those of the resting points, less heating, odd pick-up and drift
    (`hall2net.physics.current_loops`). The critical current of a branch is where its monotonic
    (isotonic) fit has done the asked fraction of the swing; sweeps of several cycles are averaged,
    and their scatter is part of the uncertainty (`hall2net.physics.critical_currents`).

    Parameters
    ----------
    datasets : one a sample; measurements of kind `sot_switching` count
    loops : loops.csv; the full swing of the AHE is twice `r_ahe_ohm` of `tables.hall_loops`
        at the nearest temperature (weighted mean)
    samples : sample to its facts: `width_um`, `stack_nm`, `heavy_metal_nm`
    current_layer : stack | heavy_metal; the layers that the current density refers to
    criterion : half | onset | 90 | fixed | saturation; the one of `i_c_ma` and `j_c_a_m2`
    fixed_ratio : fraction of the full AHE swing at which `fixed` is read, the same for all samples
        (the ruo2 paper compares samples at the same switching percentage)
    min_ratio : a change smaller than this fraction of the AHE swing is no switching
    overrides : id of a measurement to a `criterion` of its own
    systematics : block of the configuration (`hall2net.physics.systematics.Systematics.of`)

    Returns
    -------
    DataFrame, one row a loop, ordered by sample and id: conditions; `i_up_ma, i_dn_ma` (signed,
    of the rising and the falling branch; empty where a branch never shows its switching),
    `i_c_ma` = (i_up - i_dn)/2, or, flagged, the size of the one that was seen; `cycle_sigma_ma`
    (1 sigma of the switching currents from cycle to cycle, empty for one cycle), `n_sweeps` (that
    show their switching); `j_c_a_m2` = i_c/(w t), and the same by every criterion as
    `j_c_half_a_m2, j_c_onset_a_m2, j_c_90_a_m2, j_c_fixed_a_m2, j_c_saturation_a_m2` (empty where
    the loop does not get there); `delta_r_sot_ohm` and `delta_r_ahe_ohm` (both full swings),
    `switching_ratio` (empty, with the reason, where no AHE loop was fitted); `joule_ohm` and
    `odd_ohm` (c I^2 and k I at the largest current), `drift_ohm` (from the first point to the
    last), all three taken off; `polarity` +1 where positive current leads to the higher
    resistance, -1 the lower, 0 for no switching; `write_energy_uj` = i_c^2 R_xx tau where R_xx was
    measured; each with `_u`, currents with `_sys` too (calibration of the current; width and
    thickness of the bar), which `systematics` calls assumed or given; `j_c_criteria_lo_a_m2` and
    `j_c_criteria_hi_a_m2` (the smallest and the largest of all criteria, a choice of models that
    no `_sys` holds); `criterion, current_layer, fixed_ratio`; `status` (ok, flagged, refused) and
    `reason`.

    Raises
    ------
    ConfigError
        If a setting has none of the allowed values, or a sample has no facts.
    """
    own_criteria = {id_: own["criterion"] for id_, own in (overrides or {}).items()}
    for setting, value, allowed in (
        ("current_layer", current_layer, LAYERS),
        *(("criterion", value, CRITERIA) for value in (criterion, *own_criteria.values())),
    ):
        if value not in allowed:
            raise ConfigError(
                f"switching, {setting}: found {value!r}, expected one of {', '.join(allowed)}"
            )
    sources, rows = Systematics.of(systematics or {}, samples), []
    for sample, measurement, r_xx in _measurements(datasets):
        if sample not in samples:
            raise ConfigError(f"sample {sample!r} is not described in the configuration")
        row = _conditions(sample, measurement)
        bar = _bar(sample, samples, current_layer, sources)
        ahe = _ahe_swing(loops, sample, float(measurement["temperature"]))
        own = own_criteria.get(row["id"], criterion)
        try:
            row |= _switching(fit_current_loop(measurement), ahe, own, fixed_ratio, min_ratio)
        except Hall2netError as error:
            row |= {"status": "refused", "reason": str(error)}
        rows.append({**_with_densities(row, bar, r_xx, own), "criterion": own})
    table = pd.DataFrame(rows, columns=_COLUMNS).sort_values(["sample", "id"], ignore_index=True)
    return table.assign(current_layer=current_layer, fixed_ratio=fixed_ratio)[
        [*_COLUMNS[:-2], "current_layer", "fixed_ratio", *_COLUMNS[-2:]]
    ]


@dataclass(frozen=True)
class _Bar:
    """Cross-section of the layer that j refers to, in m2, and what is systematic about it."""

    area: float
    current_sys: float
    """1 sigma of a current, relative."""
    density_sys: float
    """1 sigma of a current density, relative."""
    words: str


def _bar(
    sample: str, samples: Mapping[str, Mapping[str, Any]], layer: str, sources: Systematics
) -> _Bar:
    facts = (samples[sample].get(name) for name in ("width_um", LAYERS[layer]))
    area = float(np.prod([np.nan if fact is None else fact for fact in facts])) * 1e-15
    density = sources.parts(
        sample, lambda off: off.current / (off.width_um * getattr(off, LAYERS[layer]))
    )
    current = sources.sigma("current", sample)
    return _Bar(area, current, float(total(density)[0]), sources.words(sample, density))


def _with_u(*columns: str) -> list[str]:
    return [name for column in columns for name in (column, uncertainty_column(column))]


def _with_both(*columns: str) -> list[str]:
    return [name for one in columns for name in (*_with_u(one), systematic_column(one))]


_COLUMNS = [
    "id", "sample", "field_x_oe", "prefield_x_oe", "initial_field_z_oe", "temperature_k",
    "pulse_width_s", "current_max_ma",
    *_with_u("i_up_ma", "i_dn_ma"), *_with_both("i_c_ma", "j_c_a_m2"), "cycle_sigma_ma", "n_sweeps",
    *_with_both(*(f"j_c_{name}_a_m2" for name in CRITERIA)),
    "j_c_criteria_lo_a_m2", "j_c_criteria_hi_a_m2", "systematics",
    *_with_u("delta_r_sot_ohm", "delta_r_ahe_ohm", "switching_ratio"),
    *_with_u(*(f"{term}_ohm" for term in TERMS)),
    "polarity", *_with_u("write_energy_uj"), "noise_ohm", "criterion", "status", "reason",
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
    fitted = hall_loops(usable(loops).query("r_ahe_ohm.notna()"))
    fitted = fitted[fitted["sample"] == sample]
    if fitted.empty:
        return np.nan, np.nan
    if np.isfinite(temperature) and fitted["temperature_k"].notna().any():
        distance = (fitted["temperature_k"] - temperature).abs()
        fitted = fitted[distance <= distance.min() + 1.0]
    u = fitted[uncertainty_column("r_ahe_ohm")].to_numpy(float)
    size = fitted["r_ahe_ohm"].abs().to_numpy(float)
    if not (u > 0).all():
        return 2 * float(size.mean()), np.nan
    mean = weighted_fit(np.ones((len(size), 1)), size, u)
    return 2 * float(mean.value[0]), 2 * float(mean.sigma[0])


def _switching(
    loop: CurrentLoop,
    ahe: tuple[float, float],
    criterion: str,
    fixed_ratio: float,
    min_ratio: float,
) -> dict[str, Any]:
    """The numbers of one loop, without its conditions."""
    swing, swing_u, (full, full_u) = abs(loop.swing), loop.swing_u, ahe
    ratio = swing / full
    ratio_u = np.hypot(swing_u, ratio * full_u) / full
    row: dict[str, Any] = {
        "delta_r_sot_ohm": swing,
        "delta_r_sot_u_ohm": swing_u,
        "delta_r_ahe_ohm": full,
        "delta_r_ahe_u_ohm": full_u,
        "switching_ratio": ratio,
        "switching_ratio_u": ratio_u,
        "noise_ohm": loop.sigma,
        "polarity": 0,
        "status": "flagged",
    }
    for name, value, error in zip(TERMS, loop.value[2:], np.diag(loop.covariance)[2:], strict=True):
        row |= {f"{name}_ohm": value, f"{name}_u_ohm": np.sqrt(error)}
    if swing < _SIGNIFICANT * swing_u or ratio < min_ratio:
        return row | {"reason": "; ".join([_no_switching(loop, ratio, min_ratio), *loop.reasons])}
    currents = critical_currents(loop, [*_FRACTIONS.values(), fixed_ratio / ratio])
    for k, name in enumerate([*_FRACTIONS, "fixed"]):
        row |= {f"i_c_{name}": currents.mean[k], f"i_c_{name}_u": currents.mean_u[k]}
        if name == criterion:
            row |= {
                "i_up_ma": currents.up[k],
                "i_up_u_ma": currents.up_u[k],
                "i_dn_ma": currents.dn[k],
                "i_dn_u_ma": currents.dn_u[k],
                "cycle_sigma_ma": currents.scatter[k],
            }
    row |= {"polarity": int(np.sign(loop.swing)), "n_sweeps": currents.n_sweeps}
    reasons = [*loop.reasons, *currents.reasons]
    if ratio > 1 + _ABOVE_ONE * ratio_u:
        reasons.append(
            f"switching ratio {ratio:.3g} +- {ratio_u:.1g} is above 1: the AHE loop and the "
            "switching loop need the same contacts, read current, unit and temperature"
        )
    if not np.isfinite(row[f"i_c_{criterion}"]):
        reasons.append(
            f"no branch shows the criterion {criterion!r}"
            + (f", {fixed_ratio:.0%} of the AHE swing" if criterion == "fixed" else "")
            + f": the loop switches {ratio:.0%} of the AHE swing" * bool(np.isfinite(ratio))
        )
    status = "flagged" if reasons else "ok"
    if not np.isfinite(ratio):
        reasons.append("no AHE loop of this sample was fitted: no switching ratio")
    return row | {"status": status, "reason": "; ".join(reasons)}


def _no_switching(loop: CurrentLoop, ratio: float, min_ratio: float) -> str:
    """Why a loop counts as not switching."""
    swing, swing_u = abs(loop.swing), loop.swing_u
    found = f"no switching: {swing:.3g} +- {swing_u:.2g} ohm between the ends of the loop"
    if swing < _SIGNIFICANT * swing_u:
        found += f", {_SIGNIFICANT:g} sigma needed"
    if np.isfinite(ratio):
        found += f", {ratio:.2%} of the AHE swing"
        if ratio < min_ratio:
            found += f" (switching.min_ratio: {min_ratio:.0%})"
    first = loop.sweeps[0]
    begin = loop.points["resistance_ohm"].to_numpy()[first.rows[:3]]
    change = float(abs(np.mean(begin) - np.mean(loop.value[:2])))
    if change > max(_ONCE_ONLY * loop.sigma, 10 * swing):
        found += (
            f"; the first sweep changes the resistance by {change:.3g} ohm, and the loop does not "
            "bring it back: the current of the other sign may be too small"
        )
    return found


def _with_densities(row: dict[str, Any], bar: _Bar, r_xx: float, criterion: str) -> dict[str, Any]:
    """A row with its currents as densities, and all that is systematic about them."""
    densities = []
    for name in CRITERIA:
        current, error = row.pop(f"i_c_{name}", np.nan), row.pop(f"i_c_{name}_u", np.nan)
        densities.append(current * 1e-3 / bar.area)
        names = [f"j_c_{name}_a_m2"] + (["j_c_a_m2"] if name == criterion else [])
        for column in names:
            row[column] = densities[-1]
            row[uncertainty_column(column)] = error * 1e-3 / bar.area
            row[systematic_column(column)] = densities[-1] * bar.density_sys
        if name == criterion:
            row |= {"i_c_ma": current, "i_c_u_ma": error, "i_c_sys_ma": current * bar.current_sys}
            energy = write_energy(current * 1e-3, r_xx, row["pulse_width_s"]) * 1e6
            row |= {"write_energy_uj": energy, "write_energy_u_uj": 2 * energy * error / current}
    if np.isfinite(densities).any():
        ends = {"lo": np.nanmin(densities), "hi": np.nanmax(densities)}
        row |= {f"j_c_criteria_{end}_a_m2": value for end, value in ends.items()}
    row.setdefault("polarity", 0)
    return row | {"systematics": bar.words}

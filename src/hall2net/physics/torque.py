"""Damping-like torque from loop shifts, and what it says about the interface and the heavy metal.

The tables compose `loop_shift` (centres of loops to a plateau) and `formulas` under a `Convention`.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from hall2net.errors import ConfigError, Hall2netError
from hall2net.physics.facts import fact
from hall2net.physics.formulas import (
    Convention,
    current_density_per_current,
    damping_like_field,
    efficiency_per_current_density,
    spin_backflow_transparency,
    spin_diffusion_length,
    spin_hall_angle,
    spin_hall_conductivity,
    spin_memory_loss_transparency,
)
from hall2net.physics.loop_shift import Knee, centre_slopes, fit_knee, rescaled, usable_loops
from hall2net.tables import uncertainty_column, usable
from hall2net.units import OERSTED

_PER_MA = 1e-3 / OERSTED  # A/m per A to Oe per mA
_UOHM_CM = 1e-8
_SCATTERED = 3.0


def shift_against_field(
    loops: pd.DataFrame, sample: str, convention: Mapping[str, Any]
) -> pd.DataFrame:
    """Loop shift and damping-like field per current at each in-plane field.

    Parameters
    ----------
    loops : loops.csv
    sample : name of the sample
    convention : as in `torque_table`

    Returns
    -------
    DataFrame ordered by `field_x_oe`: `h_dl_per_ma_oe` (proper only where the walls are aligned),
    `loop_shift_per_ma_oe` (Delta H/I), `intercept_oe` (H_0 without current: tilt and remanence),
    each with `_u`, and `n_loops`. Empty if no field has loops with currents of both signs.
    """
    chosen = Convention.of(convention)
    points, _ = usable_loops(loops, sample)
    try:
        table, _, _ = _shifts(points, chosen.loop_shift)
    except Hall2netError:
        table = centre_slopes(points, chosen.loop_shift)
    factor = damping_like_field(1.0, chosen.dh_to_field, chosen.wall_factor)
    return pd.DataFrame(
        {
            "field_x_oe": table["field_x_oe"],
            "h_dl_per_ma_oe": factor * table["slope"],
            "h_dl_per_ma_u_oe": abs(factor) * table["slope_u"],
            "loop_shift_per_ma_oe": 2 * table["slope"],
            "loop_shift_per_ma_u_oe": 2 * table["slope_u"],
            "intercept_oe": table["intercept"],
            "intercept_u_oe": table["intercept_u"],
            "n_loops": table["n_loops"],
        }
    )


def torque_table(
    loops: pd.DataFrame,
    magnetometry: pd.DataFrame,
    resistivity: pd.DataFrame,
    switching: pd.DataFrame,
    samples: Mapping[str, Mapping[str, Any]],
    *,
    reference: str,
    convention: Mapping[str, Any],
    name: str,
) -> pd.DataFrame:
    """Torque efficiency, transparency and spin Hall angle of each sample with loop shifts.

    Uncertainties are carried from H_DL, M_s t, K_s and rho_xx by central differences of one
    standard deviation along the axes of their covariance: M_s t and K_s keep the correlation
    that magnetometry gave them, and theta, sigma and T_int share rho_xx and K_s. Dimensions and
    the constants of the convention count as exact. Ratios to the reference: two samples share no
    measurement, so their uncertainties add in quadrature.

    Parameters
    ----------
    loops, magnetometry, resistivity, switching : tables of the same names
    samples : sample to its facts: `thickness_nm, width_um, stack_nm, heavy_metal_nm`
    reference : sample that the ratios refer to
    convention : keys of `Convention`; those left out have its defaults
    name : name of the set, for the table

    Returns
    -------
    DataFrame, one row a sample in the order of `samples`. With `_u`: `h_dl_per_ma_oe` (plateau),
    `h_dmi_oe` (knee), `g0` (zero-field torque over plateau), `zero_field_shift_per_ma_oe` (Delta
    H/I at H_x = 0), `xi_dl_j`, `xi_dl_e` (1/(ohm m)), `k_s_erg_cm2`, `lambda_s_nm`, `t_sbf`,
    `t_sml`, `t_int`, `sigma_sh` ((hbar/2e)/(ohm m)), `theta_sh`, `rho_xx_uohm_cm`, `j_c_a_m2`
    (mean over both signs of the largest in-plane field that all samples share),
    `switching_ratio` (field-free, at the largest current), `xi_ratio` and `theta_ratio` (over the
    reference), `j_c_ratio` (reference over sample). Then `j_c_field_x_oe`, `n_loops`, `scatter`
    (of the loops' centres over their stated uncertainty), `convention`, its keys and those of the
    magnetometry, `status`
    (ok, flagged, refused), `reason`.

    Raises
    ------
    ConfigError
        If the convention is not valid, or a sample or the reference is not described.
    """
    chosen = Convention.of(convention)
    if not isinstance(reference, str) or reference not in samples:
        raise ConfigError(f"reference: found {reference!r}, expected one of {', '.join(samples)}")
    measured = set(loops.loc[loops["kind"] == "loop_shift", "sample"])
    for sample in sorted(measured - set(samples)):
        raise ConfigError(f"sample {sample!r} is not described in the configuration")
    critical = _critical_currents(switching, reference)
    rows = []
    for sample in (sample for sample in samples if sample in measured):
        row: dict[str, Any] = {
            "sample": sample,
            "thickness_nm": fact(samples, sample, "thickness_nm"),
        }
        reasons: list[str] = []
        row |= _plateau(loops, sample, chosen, reasons)
        row |= _of_sample(resistivity, sample, ["rho_xx_uohm_cm"], "resistivity", reasons)
        row |= _of_sample(magnetometry, sample, ["k_s_erg_cm2"], "magnetometry", reasons)
        row |= _efficiencies(row, magnetometry, samples, chosen, reasons)
        row |= critical.get(sample, {}) | _field_free(switching, sample)
        refused = not np.isfinite(row["h_dl_per_ma_oe"])
        row["status"] = "refused" if refused else "flagged" if reasons else "ok"
        row["reason"] = "; ".join(reasons)
        rows.append(row)
    _add_ratios(rows, reference)
    settings = {"convention": name, **asdict(chosen)}
    for key in ("keff_sign", "keff_integrand", "t_fm"):
        if key in magnetometry and len(magnetometry):
            settings[key] = magnetometry[key].iloc[0]
    columns = [c for q in _QUANTITIES for c in (q, uncertainty_column(q))]
    columns = ["sample", "thickness_nm", *columns, "j_c_field_x_oe", "n_loops", "scatter"]
    rows = [settings | row for row in rows]
    return pd.DataFrame(rows, columns=[*columns, *settings, "status", "reason"])


_DERIVED = (
    "h_dl_per_ma_oe", "xi_dl_j", "xi_dl_e", "lambda_s_nm", "t_sbf", "t_sml", "t_int", "sigma_sh",
    "theta_sh",
)  # fmt: skip
_QUANTITIES = (
    "h_dl_per_ma_oe", "h_dmi_oe", "g0", "zero_field_shift_per_ma_oe", "xi_dl_j", "xi_dl_e",
    "k_s_erg_cm2", "lambda_s_nm", "t_sbf", "t_sml", "t_int", "sigma_sh", "theta_sh",
    "rho_xx_uohm_cm", "j_c_a_m2", "switching_ratio", "xi_ratio", "theta_ratio", "j_c_ratio",
)  # fmt: skip


def _shifts(points: pd.DataFrame, shift: str) -> tuple[pd.DataFrame, Knee, float]:
    """Slopes of the centres, their fit, and the scatter of the centres that both build on."""
    scatter = np.nan
    for last in (False, True):
        table = centre_slopes(points, shift)
        knee = fit_knee(*(table[c].to_numpy() for c in ("field_x_oe", "slope", "slope_u")))
        if not last:
            points, scatter = rescaled(points, knee)
    return table, knee, scatter


def _plateau(
    loops: pd.DataFrame, sample: str, convention: Convention, reasons: list[str]
) -> dict[str, Any]:
    """Plateau (as slope of the centre), knee and zero-field shift of a sample."""
    try:
        points, left_out = usable_loops(loops, sample)
        table, knee, scatter = _shifts(points, convention.loop_shift)
    except Hall2netError as error:
        reasons.append(str(error))
        return {}
    reasons += [reason for reason in (left_out, knee.reason) if reason]
    if scatter > _SCATTERED:
        reasons.append(f"loops scatter {scatter:.1f} times their uncertainty")
    ratio = knee.zero / knee.plateau
    by = np.array([-ratio, 1.0]) / knee.plateau
    row = {
        "slope": knee.plateau,
        "slope_u": float(np.sqrt(knee.covariance[0, 0])),
        "h_dmi_oe": knee.h_dmi,
        "h_dmi_u_oe": knee.h_dmi_u,
        "g0": ratio,
        "g0_u": float(np.sqrt(by @ knee.covariance @ by)),
        "n_loops": len(points),
        "scatter": scatter,
    }
    at_zero = table[table["field_x_oe"] == 0]
    if len(at_zero):
        row["zero_field_shift_per_ma_oe"] = 2 * float(at_zero["slope"].iloc[0])
        row["zero_field_shift_per_ma_u_oe"] = 2 * float(at_zero["slope_u"].iloc[0])
    return row


def _of_sample(
    table: pd.DataFrame, sample: str, columns: list[str], what: str, reasons: list[str]
) -> dict[str, float]:
    """Values of a sample in another table, with their uncertainties; why not, to `reasons`."""
    rows = table[table["sample"] == sample]
    if rows.empty:
        reasons.append(f"no {what}")
        return {}
    row = rows.iloc[0]
    if row["status"] != "ok":
        reasons.append(f"{what}: {row['reason']}")
    wanted = [name for column in columns for name in (column, uncertainty_column(column))]
    return {name: float(row[name]) for name in wanted}


def _efficiencies(
    row: Mapping[str, Any],
    magnetometry: pd.DataFrame,
    samples: Mapping[str, Mapping[str, Any]],
    convention: Convention,
    reasons: list[str],
) -> dict[str, Any]:
    """Everything that follows from plateau, areal moment, K_s and resistivity."""
    sample = row["sample"]
    moments = _of_sample(magnetometry, sample, ["areal_moment_a"], "magnetometry", [])
    names = ("slope", "areal_moment_a", "k_s_erg_cm2", "rho_xx_uohm_cm")
    known = {**row, **moments}
    value = np.array([known.get(name, np.nan) for name in names])
    spread = np.array([known.get(uncertainty_column(name), np.nan) for name in names])
    correlation = np.eye(4)
    if moments:
        shared = magnetometry.set_index("sample").at[sample, "k_s_moment_correlation"]
        correlation[1, 2] = correlation[2, 1] = np.nan_to_num(shared)
    width, stack, heavy_metal = (
        fact(samples, sample, key) * scale
        for key, scale in (("width_um", 1e-6), ("stack_nm", 1e-9), ("heavy_metal_nm", 1e-9))
    )

    def derived(x: np.ndarray) -> np.ndarray:
        slope, areal_moment, k_s, rho = x[0], x[1], x[2], x[3] * _UOHM_CM
        h_dl = damping_like_field(slope, convention.dh_to_field, convention.wall_factor)
        density = current_density_per_current(convention, width, stack, heavy_metal, rho)
        xi_j = efficiency_per_current_density(areal_moment, h_dl / _PER_MA / density)
        xi_e = xi_j / rho
        lambda_s = spin_diffusion_length(rho, convention.g_hm_per_ohm_m2)
        t_sbf = spin_backflow_transparency(
            heavy_metal, lambda_s, convention.g_hm_per_ohm_m2, convention.g_mix_per_ohm_m2,
            convention.sbf_form,
        )  # fmt: skip
        t_sml = spin_memory_loss_transparency(k_s, convention.sml_slope_per_erg_cm2)
        t_int = t_sbf * t_sml
        return np.array([
            h_dl, xi_j, xi_e, lambda_s * 1e9, t_sbf, t_sml, t_int,
            spin_hall_conductivity(xi_e, t_int), spin_hall_angle(xi_j, t_int),
        ])  # fmt: skip

    result = dict(zip(_DERIVED, derived(value).tolist(), strict=True))
    if not 0 < result["t_sml"] <= 1:
        if np.isfinite(result["t_sml"]):
            reasons.append(f"T_SML {result['t_sml']:.2f} is outside 0 to 1")
        if not result["t_sml"] > 0:
            result |= {"sigma_sh": np.nan, "theta_sh": np.nan}
    uncertainties = _propagated(derived, value, spread, correlation)
    for name, uncertainty in zip(_DERIVED, uncertainties.tolist(), strict=True):
        known_value = np.isfinite(result[name])
        result[uncertainty_column(name)] = uncertainty if known_value else np.nan
    return result


def _propagated(
    function: Callable[[np.ndarray], np.ndarray],
    value: np.ndarray,
    spread: np.ndarray,
    correlation: np.ndarray,
) -> np.ndarray:
    """Standard deviations of the results: half the change over one sigma to both sides, for each
    axis of the inputs' covariance, added in quadrature. Inputs that are not known stay so."""
    axes = np.nan_to_num(spread)[:, None] * np.linalg.cholesky(correlation)
    changes = [(function(value + axis) - function(value - axis)) / 2 for axis in axes.T]
    return np.sqrt(np.sum(np.square(changes), axis=0))


def _critical_currents(switching: pd.DataFrame, reference: str) -> dict[str, dict[str, float]]:
    """J_c of every sample at one in-plane field and pulse width, the mean over both signs.

    The field is the largest that all switched samples share, the width the reference's longest.
    """
    switched = usable(switching)
    switched = switched[
        switched["j_c_a_m2"].notna()
        & switched["prefield_x_oe"].isna()
        & (switched["field_x_oe"].fillna(0) != 0)
    ]
    if switched.empty:
        return {}
    of_reference = switched[switched["sample"] == reference]
    longest = (switched if of_reference.empty else of_reference)["pulse_width_s"].max()
    width = switched["pulse_width_s"]
    switched = switched[width.isna() | np.isclose(width, longest, rtol=1e-6)]
    magnitude = switched["field_x_oe"].abs()
    shared = set.intersection(*(set(m) for _, m in magnitude.groupby(switched["sample"])))
    if not shared:
        return {}
    chosen = switched[magnitude == max(shared)]
    critical = {}
    for sample, rows in chosen.groupby("sample"):
        spread = np.sqrt(np.square(rows["j_c_u_a_m2"]).sum()) / len(rows)
        critical[str(sample)] = {
            "j_c_a_m2": float(rows["j_c_a_m2"].mean()),
            "j_c_u_a_m2": float(spread),
            "j_c_field_x_oe": max(shared),
        }
    return critical


def _field_free(switching: pd.DataFrame, sample: str) -> dict[str, float]:
    """Switching ratio without any in-plane field, before or during, at the largest current."""
    rows = usable(switching)
    rows = rows[
        (rows["sample"] == sample)
        & (rows["field_x_oe"].fillna(0) == 0)
        & (rows["prefield_x_oe"].fillna(0) == 0)
        & rows["switching_ratio"].notna()
    ]
    if rows.empty:
        return {}
    row = rows.loc[rows["current_max_ma"].idxmax()]
    columns = ("switching_ratio", uncertainty_column("switching_ratio"))
    return {column: float(row[column]) for column in columns}


def _add_ratios(rows: list[dict[str, Any]], reference: str) -> None:
    base = next((row for row in rows if row["sample"] == reference), {})
    for row in rows:
        for ratio, quantity, power in (
            ("xi_ratio", "xi_dl_j", 1),
            ("theta_ratio", "theta_sh", 1),
            ("j_c_ratio", "j_c_a_m2", -1),
        ):
            pair = [(r.get(quantity, np.nan), r.get(uncertainty_column(quantity), np.nan))
                    for r in (row, base)]  # fmt: skip
            value = (pair[0][0] / pair[1][0]) ** power
            relative = np.hypot(*(u / v for v, u in pair)) if row is not base else 0.0
            row[ratio] = value
            row[uncertainty_column(ratio)] = abs(value) * relative

"""Damping-like torque from loop shifts, and what it says about the interface and the heavy metal.

The tables compose `loop_shift` (centres of loops to slopes), `knee` (slopes to a plateau) and
`formulas` under a `Convention`.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from hall2net.errors import ConfigError, Hall2netError
from hall2net.physics.facts import Given, Samples, fact, given
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
from hall2net.physics.knee import fit_knee
from hall2net.physics.loop_shift import Scatter, centre_slopes, no_slope, usable_loops, widened
from hall2net.physics.resistivity import resistivity_per_resistance
from hall2net.tables import systematic_column, uncertainty_column, usable
from hall2net.units import OERSTED

_PER_MA = 1e-3 / OERSTED  # A/m per A to Oe per mA
_UOHM_CM = 1e-8

MEASURED = "measured"
"""Source of a value that a table of this study has."""


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
    points, _ = widened(usable_loops(loops, sample)[0])
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
    samples: Samples,
    *,
    reference: str,
    convention: Mapping[str, Any],
    name: str,
) -> pd.DataFrame:
    """Torque efficiency, transparency and spin Hall angle of each sample with loop shifts.

    Statistical uncertainties are carried from H_DL, M_s t, K_s and rho_xx by central differences
    of one standard deviation along the axes of their covariance: M_s t and K_s keep the
    correlation that magnetometry gave them, and theta, sigma and T_int share rho_xx and K_s.
    Systematic ones are those of H_DL, from the choice of the knee's model. Dimensions and the
    constants of the convention count as exact. Ratios to the reference: two samples share no
    measurement, so their uncertainties add in quadrature.

    Parameters
    ----------
    loops, magnetometry, resistivity, switching : tables of the same names
    samples : sample to its facts: `thickness_nm, width_um, stack_nm, heavy_metal_nm`, and those
        that stand in where nothing was measured: `m_s_t_a` or `m_s_emu_cc` (with
        `ferromagnet_nm`), `rho_xx_uohm_cm` or `r_xx_ohm` (with `length_um`), `k_s_erg_cm2`, each
        with `_u`; `source` says where they are from
    reference : sample that the ratios refer to
    convention : keys of `Convention`; those left out have its defaults
    name : name of the set, for the table

    Returns
    -------
    DataFrame, one row a sample in the order of `samples`. With `_u` (1 sigma, statistical):
    `h_dl_per_ma_oe` (plateau), `h_dmi_oe` (knee), `g0` (zero-field torque over plateau),
    `zero_field_shift_per_ma_oe` (Delta H/I at H_x = 0), `xi_dl_j`, `xi_dl_e` (1/(ohm m)),
    `k_s_erg_cm2`, `lambda_s_nm`, `t_sbf`, `t_sml`, `t_int`, `sigma_sh` ((hbar/2e)/(ohm m)),
    `theta_sh`, `rho_xx_uohm_cm`, `j_c_a_m2` (mean over both signs of the largest in-plane field
    that all samples share), `switching_ratio` (field-free, at the largest current), `xi_ratio`
    and `theta_ratio` (over the reference), `j_c_ratio` (reference over sample). The torques and
    H_DMI have `_sys` (difference of the two knee models) too. Then `h_dmi_lo_oe`, `h_dmi_hi_oe`
    (limits where H_DMI is empty), `h_dl_is_lower_bound`, `knee_model`, `chi2` and `dof` (of
    dH_0/dI against H_x), `scatter` and `scatter_dof` (Birge ratio of the loops' centres about
    H_0(I)), `m_s_source`, `rho_source` (`measured`, or the source given), `j_c_field_x_oe`,
    `n_loops`, `convention`, its keys and those of the magnetometry, `status` (ok, flagged,
    refused), `reason`.

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
    rows: list[dict[str, Any]] = []
    reasons: dict[str, list[str]] = {sample: [] for sample in samples}
    for sample in (sample for sample in samples if sample in measured):
        row: dict[str, Any] = {"sample": sample}
        row["thickness_nm"] = fact(samples, sample, "thickness_nm")
        row |= _plateau(loops, sample, chosen, reasons[sample])
        row |= _material(sample, magnetometry, resistivity, samples, reasons[sample])
        row |= _efficiencies(row, samples, chosen, reasons[sample])
        row |= critical.get(sample, {}) | _field_free(switching, sample)
        rows.append(row)
    _add_ratios(rows, reference, reasons)
    for row in rows:
        refused = not np.isfinite(row["h_dl_per_ma_oe"])
        row["status"] = "refused" if refused else "flagged" if reasons[row["sample"]] else "ok"
        row["reason"] = "; ".join(reasons[row["sample"]])
    settings = {"convention": name, **asdict(chosen)}
    for key in ("keff_sign", "keff_integrand", "t_fm"):
        if key in magnetometry and len(magnetometry):
            settings[key] = magnetometry[key].iloc[0]
    rows = [settings | row for row in rows]
    return pd.DataFrame(rows, columns=[*_COLUMNS, *settings, "status", "reason"])


_DERIVED = (
    "h_dl_per_ma_oe", "xi_dl_j", "xi_dl_e", "lambda_s_nm", "t_sbf", "t_sml", "t_int", "sigma_sh",
    "theta_sh",
)  # fmt: skip
_LINEAR = ("h_dl_per_ma_oe", "xi_dl_j", "xi_dl_e", "sigma_sh", "theta_sh")
"""Quantities in proportion to the plateau, and with its relative systematic uncertainty."""
_QUANTITIES = (
    "h_dl_per_ma_oe", "h_dmi_oe", "g0", "zero_field_shift_per_ma_oe", "xi_dl_j", "xi_dl_e",
    "k_s_erg_cm2", "lambda_s_nm", "t_sbf", "t_sml", "t_int", "sigma_sh", "theta_sh",
    "rho_xx_uohm_cm", "j_c_a_m2", "switching_ratio", "xi_ratio", "theta_ratio", "j_c_ratio",
)  # fmt: skip
_COLUMNS = (
    "sample", "thickness_nm",
    *(column for q in _QUANTITIES for column in (q, uncertainty_column(q))),
    *(systematic_column(q) for q in (*_LINEAR, "h_dmi_oe", "g0")),
    "h_dmi_lo_oe", "h_dmi_hi_oe", "h_dl_is_lower_bound", "knee_model", "chi2", "dof", "scatter",
    "scatter_dof", "m_s_source", "rho_source", "j_c_field_x_oe", "n_loops",
)  # fmt: skip


@dataclass(frozen=True)
class _Shifts:
    table: pd.DataFrame
    """As from `centre_slopes`."""
    scatter: Scatter
    n_loops: int


def _shifts(loops: pd.DataFrame, sample: str, shift: str, reasons: list[str]) -> _Shifts:
    """Slopes of a sample's loop centres at each in-plane field."""
    points, left_out = usable_loops(loops, sample)
    points, scatter = widened(points)
    table = centre_slopes(points, shift)
    if table.empty:
        raise Hall2netError(no_slope(points, shift))
    reasons += [reason for reason in (left_out, scatter.reason) if reason]
    return _Shifts(table, scatter, len(points))


def _plateau(
    loops: pd.DataFrame, sample: str, convention: Convention, reasons: list[str]
) -> dict[str, Any]:
    """Plateau (as slope of the centre), knee and zero-field shift of a sample."""
    try:
        shifts = _shifts(loops, sample, convention.loop_shift, reasons)
        slopes = shifts.table
        knee = fit_knee(*(slopes[c].to_numpy() for c in ("field_x_oe", "slope", "slope_u")))
    except Hall2netError as error:
        reasons.append(str(error))
        return {}
    reasons += knee.reasons
    ratio = knee.zero / knee.plateau
    gradient = np.array([-ratio, 1.0]) / knee.plateau
    row = {
        "slope": knee.plateau,
        "slope_u": float(np.sqrt(knee.covariance[0, 0])),
        "slope_sys": knee.plateau_sys,
        "h_dmi_oe": knee.h_dmi,
        "h_dmi_u_oe": knee.h_dmi_u,
        "h_dmi_sys_oe": knee.h_dmi_sys,
        "h_dmi_lo_oe": knee.h_dmi_lo,
        "h_dmi_hi_oe": knee.h_dmi_hi,
        "h_dl_is_lower_bound": knee.lower_bound,
        "knee_model": knee.model if np.isfinite(knee.h_dmi) else "",
        "g0": ratio,
        "g0_u": float(np.sqrt(gradient @ knee.covariance @ gradient)),
        "g0_sys": float(np.hypot(ratio * knee.plateau_sys, knee.zero_sys) / abs(knee.plateau)),
        "chi2": knee.chi2,
        "dof": knee.dof,
        "n_loops": shifts.n_loops,
        "scatter": shifts.scatter.ratio,
        "scatter_dof": shifts.scatter.dof,
    }
    at_zero = slopes[slopes["field_x_oe"] == 0]
    if len(at_zero):
        row["zero_field_shift_per_ma_oe"] = 2 * float(at_zero["slope"].iloc[0])
        row["zero_field_shift_per_ma_u_oe"] = 2 * float(at_zero["slope_u"].iloc[0])
    return row


def _material(
    sample: str,
    magnetometry: pd.DataFrame,
    resistivity: pd.DataFrame,
    samples: Samples,
    reasons: list[str],
) -> dict[str, Any]:
    """M_s t, K_s and rho_xx of a sample, measured or else given; why not, to `reasons`."""
    row: dict[str, Any] = {}
    doubts: list[str] = []
    moment, rho = _given_moment(samples, sample), _given_resistivity(samples, sample)
    k_s = given(samples, sample, "k_s_erg_cm2")
    for quantity, what, table, by_hand in (
        ("rho_xx_uohm_cm", "resistivity", resistivity, rho),
        ("areal_moment_a", "magnetometry", magnetometry, moment),
        ("k_s_erg_cm2", _NO_K_S if moment else "magnetometry", magnetometry, k_s),
    ):
        known = _measured(table, sample, quantity, doubts) or by_hand
        if not known and not (table["sample"] == sample).any():
            doubts.append(f"no {what}")
        if known is by_hand and known and not np.isfinite(known.u):
            doubts.append(f"{quantity} is given without its uncertainty: taken as exact")
        row |= {quantity: known.value, uncertainty_column(quantity): known.u}
        row[f"{quantity}_source"] = known.source
    row["m_s_source"] = row.pop("areal_moment_a_source")
    row["rho_source"] = row.pop("rho_xx_uohm_cm_source")
    reasons += dict.fromkeys(doubts)
    both_measured = row["m_s_source"] == row.pop("k_s_erg_cm2_source") == MEASURED
    films = magnetometry[magnetometry["sample"] == sample]
    row["correlation"] = float(films["k_s_moment_correlation"].iloc[0]) if both_measured else 0.0
    return row


_NO_K_S = "K_s for T_int and theta_sh: magnetometry, or `k_s_erg_cm2` of the sample"


def _measured(table: pd.DataFrame, sample: str, quantity: str, doubts: list[str]) -> Given:
    """A sample's value in another table; why it is doubtful, to `doubts`."""
    rows = table[table["sample"] == sample]
    if rows.empty:
        return Given()
    row = rows.iloc[0]
    if row["status"] != "ok":
        what = "resistivity" if quantity == "rho_xx_uohm_cm" else "magnetometry"
        doubts.append(f"{what}: {row['reason']}")
    return Given(float(row[quantity]), float(row[uncertainty_column(quantity)]), MEASURED)


def areal_moment(sample: str, magnetometry: pd.DataFrame, samples: Samples) -> Given:
    """M_s t of a sample in A: that of magnetometry.csv, else of samples.csv, else empty.

    Parameters
    ----------
    sample : name of the sample
    magnetometry : table of that name
    samples : sample to its facts
    """
    return _measured(magnetometry, sample, "areal_moment_a", []) or _given_moment(samples, sample)


def _given_moment(samples: Samples, sample: str) -> Given:
    """M_s t in A as samples.csv has it, or from M_s and the thickness of the ferromagnet."""
    areal, m_s = (given(samples, sample, key) for key in ("m_s_t_a", "m_s_emu_cc"))
    if areal or not m_s:
        return areal
    return m_s.times(1e3 * fact(samples, sample, "ferromagnet_nm") * 1e-9)


def _given_resistivity(samples: Samples, sample: str) -> Given:
    """rho_xx in uohm cm as samples.csv has it, or from R_xx and the dimensions of the bar."""
    rho, r_xx = (given(samples, sample, key) for key in ("rho_xx_uohm_cm", "r_xx_ohm"))
    return rho if rho or not r_xx else r_xx.times(resistivity_per_resistance(samples, sample))


def _efficiencies(
    row: Mapping[str, Any],
    samples: Samples,
    convention: Convention,
    reasons: list[str],
) -> dict[str, Any]:
    """Everything that follows from plateau, areal moment, K_s and resistivity."""
    sample = row["sample"]
    names = ("slope", "areal_moment_a", "k_s_erg_cm2", "rho_xx_uohm_cm")
    value = np.array([row.get(name, np.nan) for name in names])
    sigma = np.array([row.get(uncertainty_column(name), np.nan) for name in names])
    correlation = np.eye(4)
    correlation[1, 2] = correlation[2, 1] = np.nan_to_num(row["correlation"])
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
    uncertainties = _propagated(derived, value, sigma, correlation)
    for name, uncertainty in zip(_DERIVED, uncertainties.tolist(), strict=True):
        known_value = np.isfinite(result[name])
        result[uncertainty_column(name)] = uncertainty if known_value else np.nan
    relative = abs(row.get("slope_sys", np.nan) / value[0])
    for name in _LINEAR:
        result[systematic_column(name)] = abs(result[name]) * relative
    return result


def _propagated(
    function: Callable[[np.ndarray], np.ndarray],
    value: np.ndarray,
    sigma: np.ndarray,
    correlation: np.ndarray,
) -> np.ndarray:
    """Standard deviations of the results: half the change over one sigma to both sides, for each
    axis of the inputs' covariance, added in quadrature. Inputs that are not known stay so."""
    axes = np.nan_to_num(sigma)[:, None] * np.linalg.cholesky(correlation)
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
        sigma = np.sqrt(np.square(rows["j_c_u_a_m2"]).sum()) / len(rows)
        critical[str(sample)] = {
            "j_c_a_m2": float(rows["j_c_a_m2"].mean()),
            "j_c_u_a_m2": float(sigma),
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
    # Of several saturations before the same current, the one from which the film turns.
    row = rows.sort_values(["current_max_ma", "switching_ratio"]).iloc[-1]
    columns = ("switching_ratio", uncertainty_column("switching_ratio"))
    return {column: float(row[column]) for column in columns}


def _add_ratios(
    rows: list[dict[str, Any]], reference: str, reasons: Mapping[str, list[str]]
) -> None:
    """Ratios to the reference; a sample whose reference is only a bound hears so in `reasons`."""
    base = next((row for row in rows if row["sample"] == reference), {})
    for row in rows:
        if row is not base and base.get("h_dl_is_lower_bound"):
            reasons[row["sample"]].append(f"H_DL of the reference {reference} is a lower bound")
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

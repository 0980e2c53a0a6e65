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
from hall2net.physics.facts import Samples, fact
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
from hall2net.physics.knee import Knee, fit_knee
from hall2net.physics.loop_shift import Scatter, centre_slopes, no_slope, usable_loops, widened
from hall2net.physics.material import Material, material
from hall2net.physics.systematics import (
    Off,
    Parts,
    Systematics,
    in_quadrature,
    ratio_parts,
)
from hall2net.tables import systematic_column, uncertainty_column, usable
from hall2net.units import OERSTED

_PER_MA = 1e-3 / OERSTED  # A/m per A to Oe per mA
_UOHM_CM = 1e-8


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
    systematics: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Torque efficiency, transparency and spin Hall angle of each sample with loop shifts.

    Statistical uncertainties are carried from H_DL, M_s t, K_s and rho_xx by central differences
    of one standard deviation along the axes of their covariance: M_s t and K_s keep the
    correlation that magnetometry gave them, and theta, sigma and T_int share rho_xx and K_s.
    Systematic ones are those of dimensions and calibrations (`hall2net.physics.systematics`), of
    the knee's model and of the saturation window. The constants of the convention count as exact.
    Ratios to the reference: two samples share no measurement, so that their statistical
    uncertainties add in quadrature; systematic errors that both have cancel.

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
    systematics : block of the study, as `Systematics.of` takes it

    Returns
    -------
    DataFrame, one row a sample in the order of `samples`. With `_u` (1 sigma, statistical) and
    `_sys` (1 sigma, systematic): `h_dl_per_ma_oe` (plateau), `h_dmi_oe` (knee), `g0` (zero-field
    torque over plateau), `zero_field_shift_per_ma_oe` (Delta H/I at H_x = 0), `xi_dl_j`, `xi_dl_e`
    (1/(ohm m)), `k_s_erg_cm2`, `lambda_s_nm`, `t_sbf`, `t_sml`, `t_int`, `sigma_sh`
    ((hbar/2e)/(ohm m)), `theta_sh`, `rho_xx_uohm_cm`, `j_c_a_m2` (mean over both signs of the
    largest in-plane field that all samples share), `xi_ratio` and `theta_ratio` (over the
    reference), `j_c_ratio` (reference over sample); with `_u` alone `switching_ratio` (field-free,
    at the largest current). Then `h_dmi_lo_oe`, `h_dmi_hi_oe`
    (limits where H_DMI is empty), `h_dl_is_lower_bound`, `knee_model`, `chi2` and `dof` (of
    dH_0/dI against H_x), `scatter` and `scatter_dof` (Birge ratio of the loops' centres about
    H_0(I)), `m_s_source`, `rho_source` (`measured`, or the source given), `j_c_field_x_oe`,
    `n_loops`, `systematics` (whether their sources are given or assumed), `convention`, its keys
    and those of the magnetometry, `status` (ok, flagged, refused), `reason`.

    Raises
    ------
    ConfigError
        If the convention is not valid, or a sample or the reference is not described.
    """
    rows = torque_rows(
        loops, magnetometry, resistivity, switching, samples,
        reference=reference, convention=convention, systematics=systematics,
    )  # fmt: skip
    settings = {"convention": name, **asdict(Convention.of(convention))}
    for key in ("keff_sign", "keff_integrand", "t_fm"):
        if key in magnetometry and len(magnetometry):
            settings[key] = magnetometry[key].iloc[0]
    rows = [settings | row for row in rows]
    return pd.DataFrame(rows, columns=[*_COLUMNS, *settings, "status", "reason"])


def torque_rows(
    loops: pd.DataFrame,
    magnetometry: pd.DataFrame,
    resistivity: pd.DataFrame,
    switching: pd.DataFrame,
    samples: Samples,
    *,
    reference: str,
    convention: Mapping[str, Any],
    systematics: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Rows of `torque_table`, with the systematic parts behind them.

    Parameters
    ----------
    loops, magnetometry, resistivity, switching, samples, reference, convention, systematics : as
        in `torque_table`

    Returns
    -------
    One row a sample: column to value, and `parts`: quantity to source to the signed change.

    Raises
    ------
    ConfigError
        As `torque_table`.
    """
    chosen, sources = Convention.of(convention), Systematics.of(systematics or {}, samples)
    if not isinstance(reference, str) or reference not in samples:
        raise ConfigError(f"reference: found {reference!r}, expected one of {', '.join(samples)}")
    measured = set(loops.loc[loops["kind"] == "loop_shift", "sample"])
    for sample in sorted(measured - set(samples)):
        raise ConfigError(f"sample {sample!r} is not described in the configuration")
    critical = _critical_currents(switching, reference)
    rows: list[dict[str, Any]] = []
    reasons: dict[str, list[str]] = {sample: [] for sample in samples}
    for sample in (sample for sample in samples if sample in measured):
        row: dict[str, Any] = {"sample": sample, "parts": {}}
        row["thickness_nm"] = fact(samples, sample, "thickness_nm")
        row |= _plateau(loops, sample, chosen, sources, reasons[sample])
        known = material(sample, magnetometry, resistivity, samples)
        reasons[sample] += known.doubts
        row |= {"m_s_source": known.moment.source, "rho_source": known.rho.source}
        row |= _efficiencies(row, known, samples, chosen, sources, reasons[sample])
        row |= critical.get(sample, {}) | _field_free(switching, sample)
        if np.isfinite(row.get("j_c_a_m2", np.nan)):
            layer = str(switching["current_layer"].iloc[0])
            _add_parts(row, ("j_c_a_m2",), critical_parts(row, layer, sources))
        rows.append(row)
    _add_ratios(rows, reference, reasons, sources)
    for row in rows:
        refused = not np.isfinite(row["h_dl_per_ma_oe"])
        row["status"] = "refused" if refused else "flagged" if reasons[row["sample"]] else "ok"
        row["reason"] = "; ".join(reasons[row["sample"]])
        sizes = {source: np.array(0) for parts in row["parts"].values() for source in parts}
        row["systematics"] = sources.words(row["sample"], sizes)
    return rows


_DERIVED = (
    "h_dl_per_ma_oe", "xi_dl_j", "xi_dl_e", "lambda_s_nm", "t_sbf", "t_sml", "t_int", "sigma_sh",
    "theta_sh",
)  # fmt: skip
_SERIES = ("slope", "h_dmi_oe", "g0", "zero_field_shift_per_ma_oe")
"""What the slopes against the in-plane field give."""
QUANTITIES = (
    "h_dl_per_ma_oe", "h_dmi_oe", "g0", "zero_field_shift_per_ma_oe", "xi_dl_j", "xi_dl_e",
    "k_s_erg_cm2", "lambda_s_nm", "t_sbf", "t_sml", "t_int", "sigma_sh", "theta_sh",
    "rho_xx_uohm_cm", "j_c_a_m2", "xi_ratio", "theta_ratio", "j_c_ratio",
)  # fmt: skip
"""Of a row of torque.csv, each with `_u` and `_sys`."""
_COLUMNS = (
    "sample", "thickness_nm",
    *(column for q in QUANTITIES
      for column in (q, uncertainty_column(q), systematic_column(q))),
    "switching_ratio", "switching_ratio_u",
    "h_dmi_lo_oe", "h_dmi_hi_oe", "h_dl_is_lower_bound", "knee_model", "chi2", "dof", "scatter",
    "scatter_dof", "m_s_source", "rho_source", "j_c_field_x_oe", "n_loops", "systematics",
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
    loops: pd.DataFrame,
    sample: str,
    convention: Convention,
    sources: Systematics,
    reasons: list[str],
) -> dict[str, Any]:
    """Plateau (as slope of the centre), knee and zero-field shift of a sample."""
    try:
        shifts = _shifts(loops, sample, convention.loop_shift, reasons)
        slopes = shifts.table
        knee = _knee(slopes)
    except Hall2netError as error:
        reasons.append(str(error))
        return {"parts": {}, "axes": {}}
    reasons += knee.reasons
    ratio = knee.zero / knee.plateau
    gradient = np.array([-ratio, 1.0]) / knee.plateau
    row = {
        "slope": knee.plateau,
        "slope_u": float(np.sqrt(knee.covariance[0, 0])),
        "h_dmi_oe": knee.h_dmi,
        "h_dmi_u_oe": knee.h_dmi_u,
        "h_dmi_lo_oe": knee.h_dmi_lo,
        "h_dmi_hi_oe": knee.h_dmi_hi,
        "h_dl_is_lower_bound": knee.lower_bound,
        "knee_model": knee.model if np.isfinite(knee.h_dmi) else "",
        "g0": ratio,
        "g0_u": float(np.sqrt(gradient @ knee.covariance @ gradient)),
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
    parts = _series_parts(slopes, knee, row, sources, sample)
    # What moves the slope along: the torques that follow from it move too.
    along = ("knee", "field_offset_oe")
    row["axes"] = {source: parts[source][0] for source in along if source in parts}
    row["parts"] = {}
    _add_parts(row, _SERIES[1:], {source: part[1:] for source, part in parts.items()})
    return row


def _knee(slopes: pd.DataFrame, offset: float = 0.0) -> Knee:
    """Knee of slopes whose in-plane field is off by so many Oe."""
    field_x, slope, slope_u = (slopes[c].to_numpy() for c in ("field_x_oe", "slope", "slope_u"))
    return fit_knee(field_x + offset, slope, slope_u)


def _series_parts(
    slopes: pd.DataFrame, knee: Knee, row: Mapping[str, Any], sources: Systematics, sample: str
) -> Parts:
    """Systematic parts of `_SERIES`: calibration and offset of the field, current, knee's model."""
    base = np.array([row.get(name, np.nan) for name in _SERIES])

    def derived(off: Off) -> np.ndarray:
        per_current = off.field / off.current
        return base * np.array([per_current, off.field, 1.0, per_current])

    offset = sources.sigma("field_offset_oe", sample)
    g0_sys = np.hypot(base[2] * knee.plateau_sys, knee.zero_sys) / abs(knee.plateau)
    return sources.parts(sample, derived) | {
        "field_offset_oe": _moved(slopes, knee, base, offset) - base,
        "knee": np.nan_to_num([knee.plateau_sys, knee.h_dmi_sys, g0_sys, 0.0]),
    }


def _moved(slopes: pd.DataFrame, knee: Knee, base: np.ndarray, offset: float) -> np.ndarray:
    """`_SERIES` with in-plane fields that are off; a knee of another kind cannot be compared."""
    try:
        again = _knee(slopes, offset)
    except Hall2netError:
        return base
    at_zero = 2 * np.interp(0.0, slopes["field_x_oe"] + offset, slopes["slope"])
    comparable = again.model == knee.model and np.isfinite(again.h_dmi) == np.isfinite(base[1])
    found = [again.plateau, again.h_dmi, again.zero / again.plateau] if comparable else base[:3]
    return np.array([*found, at_zero if np.isfinite(base[3]) else np.nan])


def _add_parts(row: dict[str, Any], names: tuple[str, ...], parts: Mapping[str, Any]) -> None:
    """Systematic parts of some quantities of a row, and their size in its columns."""
    for place, name in enumerate(names):
        known = np.isfinite(row.get(name, np.nan))
        own = {source: float(part[place]) for source, part in parts.items()} if known else {}
        row["parts"][name] = {source: part for source, part in own.items() if part}
        row[systematic_column(name)] = in_quadrature(own.values()) if known else np.nan


def _efficiencies(
    row: Mapping[str, Any],
    known: Material,
    samples: Samples,
    convention: Convention,
    sources: Systematics,
    reasons: list[str],
) -> dict[str, Any]:
    """Everything that follows from plateau, areal moment, K_s and resistivity."""
    sample = row["sample"]
    inputs = (known.moment, known.k_s, known.rho)
    value = np.array([row.get("slope", np.nan), *(one.value for one in inputs)])
    sigma = np.array([row.get("slope_u", np.nan), *(one.u for one in inputs)])
    correlation = np.eye(4)
    correlation[1, 2] = correlation[2, 1] = np.nan_to_num(known.correlation)
    derived = _formulas(samples, sample, convention)

    def changes(axis: np.ndarray) -> np.ndarray:
        return (derived(value + axis, Off()) - derived(value - axis, Off())) / 2

    def as_if(off: Off) -> np.ndarray:
        return derived(value * [off.field / off.current, *known.factors(off)], off)

    count = len(_DERIVED)
    result: dict[str, Any] = dict(zip(_DERIVED, derived(value, Off()).tolist(), strict=False))
    if not 0 < result["t_sml"] <= 1:
        if np.isfinite(result["t_sml"]):
            reasons.append(f"T_SML {result['t_sml']:.2f} is outside 0 to 1")
        if not result["t_sml"] > 0:
            result |= {"sigma_sh": np.nan, "theta_sh": np.nan}
    axes = np.nan_to_num(sigma)[:, None] * np.linalg.cholesky(correlation)
    uncertainties = np.sqrt(sum(changes(axis) ** 2 for axis in axes.T))[:count]
    for name, uncertainty in zip(_DERIVED, uncertainties.tolist(), strict=True):
        result[uncertainty_column(name)] = uncertainty if np.isfinite(result[name]) else np.nan
    parts = sources.parts(sample, as_if)
    for source, slope in row.get("axes", {}).items():
        parts[source] = changes(np.array([slope, 0.0, 0.0, 0.0]))
    parts["saturation_window"] = changes(np.array([0.0, *known.window, 0.0]))
    result["parts"] = row["parts"]
    given_too = {"k_s_erg_cm2": known.k_s, "rho_xx_uohm_cm": known.rho}
    for name, one in given_too.items():
        result |= {name: one.value, uncertainty_column(name): one.u}
    _add_parts(result, (*_DERIVED, *given_too), parts)
    return result


def _formulas(
    samples: Samples, sample: str, convention: Convention
) -> Callable[[np.ndarray, Off], np.ndarray]:
    """`_DERIVED`, K_s and rho as functions of slope, areal moment, K_s and rho."""
    width, stack, heavy_metal = (
        fact(samples, sample, key) * scale
        for key, scale in (("width_um", 1e-6), ("stack_nm", 1e-9), ("heavy_metal_nm", 1e-9))
    )

    def derived(x: np.ndarray, off: Off) -> np.ndarray:
        slope, areal_moment, k_s, rho = x[0], x[1], x[2], x[3] * _UOHM_CM
        dimensions = width * off.width_um, stack * off.stack_nm, heavy_metal * off.heavy_metal_nm
        h_dl = damping_like_field(slope, convention.dh_to_field, convention.wall_factor)
        density = current_density_per_current(convention, *dimensions, rho)
        xi_j = efficiency_per_current_density(areal_moment, h_dl / _PER_MA / density)
        xi_e = xi_j / rho
        lambda_s = spin_diffusion_length(rho, convention.g_hm_per_ohm_m2)
        t_sbf = spin_backflow_transparency(
            dimensions[2], lambda_s, convention.g_hm_per_ohm_m2, convention.g_mix_per_ohm_m2,
            convention.sbf_form,
        )  # fmt: skip
        t_sml = spin_memory_loss_transparency(k_s, convention.sml_slope_per_erg_cm2)
        t_int = t_sbf * t_sml
        return np.array([
            h_dl, xi_j, xi_e, lambda_s * 1e9, t_sbf, t_sml, t_int,
            spin_hall_conductivity(xi_e, t_int), spin_hall_angle(xi_j, t_int),
            k_s, rho / _UOHM_CM,
        ])  # fmt: skip

    return derived


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


def critical_parts(row: Mapping[str, Any], layer: str, systematics: Systematics) -> Parts:
    """Systematic parts of J_c = I_c/(w t) of a sample.

    Parameters
    ----------
    row : with `sample` and `j_c_a_m2`
    layer : stack | heavy_metal, which t is the thickness of
    systematics : sources of the study
    """

    def derived(off: Off) -> float:
        return row["j_c_a_m2"] * off.current / (off.width_um * getattr(off, f"{layer}_nm"))

    return systematics.parts(str(row["sample"]), derived)


def _add_ratios(
    rows: list[dict[str, Any]],
    reference: str,
    reasons: Mapping[str, list[str]],
    sources: Systematics,
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
            values = [r.get(quantity, np.nan) for r in (row, base)]
            sigmas = [r.get(uncertainty_column(quantity), np.nan) for r in (row, base)]
            value = (values[0] / values[1]) ** power
            relative = np.hypot(*np.divide(sigmas, values)) if row is not base else 0.0
            row[ratio] = value
            row[uncertainty_column(ratio)] = abs(value) * relative
            if np.isfinite(value):
                own, other = (r["parts"].get(quantity, {}) for r in (row, base))
                pair = (row["sample"], values[0], own), (reference, values[1], other)
                parts = ratio_parts(sources, *pair) if row is not base else {}
                _add_parts(row, (ratio,), {s: [power * value * p] for s, p in parts.items()})

"""Damping-like torque from loop shifts, and what follows: transparency, spin Hall angle.

Each formula is a function of its own; `torque_table` puts them together and carries the
uncertainties through by redrawing every input, so that correlations are kept.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike
from scipy.constants import e, hbar, mu_0
from scipy.optimize import curve_fit

from hall2net.errors import ConfigError
from hall2net.readers import select
from hall2net.units import OERSTED, uncertainty_column

ADOPTED: dict[str, Any] = {
    "shift": "pair",
    "dh_to_field": "half",
    "wall_factor": "2/pi",
    "current_layer": "stack",
    "sbf_form": "product",
    "g_hm_per_ohm_m2": 1.3e15,
    "g_mix_per_ohm_m2": 0.59e15,
    "sml_slope_per_erg_cm2": 0.23,
}
"""The default convention."""

CHOICES = {
    "shift": ("pair", "line"),
    "dh_to_field": ("half", "literal"),
    "wall_factor": ("2/pi", "1"),
    "current_layer": ("stack", "heavy_metal"),
    "sbf_form": ("product", "printed"),
}
_LAYERS = {"stack": "stack_nm", "heavy_metal": "heavy_metal_nm"}
_DRAWS = 4000


def check_convention(convention: Mapping[str, Any]) -> dict[str, Any]:
    """A convention with every knob set.

    Raises
    ------
    ConfigError
        If a knob is unknown, or its value is none of the allowed ones.
    """
    full = ADOPTED | dict(convention)
    for key, value in full.items():
        if key not in ADOPTED:
            raise ConfigError(f"convention: unknown key {key!r}; allowed: {', '.join(ADOPTED)}")
        if key in CHOICES and value not in CHOICES[key]:
            allowed = ", ".join(CHOICES[key])
            raise ConfigError(f"convention.{key}: {value!r}; expected one of {allowed}")
        if key not in CHOICES and not (isinstance(value, int | float) and value > 0):
            raise ConfigError(f"convention.{key}: {value!r}; expected a positive number")
    return full


def damping_like_field(shift: ArrayLike, dh_to_field: str, wall_factor: str) -> Any:  # noqa: ANN401
    """H_DL from the loop shift DeltaH = H_0(+I) - H_0(-I), in the shift's unit.

    H_z,eff = -DeltaH/2 (`half`) or -DeltaH (`literal`); with Neel walls aligned by an in-plane
    field, H_DL = (2/pi) H_z,eff (Pai et al., Phys. Rev. B 93, 144409 (2016)).
    """
    factor = {"half": 0.5, "literal": 1.0}[dh_to_field] * {"2/pi": 2 / np.pi, "1": 1.0}[wall_factor]
    return -factor * np.asarray(shift)


def efficiency_per_current_density(h_dl: Any, areal_moment: Any, j: Any) -> Any:  # noqa: ANN401
    """xi_DL^j = (2e/hbar) mu_0 M_s t H_DL/j: H_DL in A/m, M_s t in A, j in A/m2."""
    return 2 * e / hbar * mu_0 * areal_moment * h_dl / j


def spin_diffusion_length(rho: Any, g_hm: float) -> Any:  # noqa: ANN401
    """lambda_s = 1/(rho G_HM), in m: rho in ohm m, G_HM in 1/(ohm m2)."""
    return 1 / (rho * g_hm)


def spin_backflow_transparency(
    rho: Any,
    thickness: float,
    g_hm: float,
    g_mix: float,
    form: str = "product",  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """T_SBF = [1 - sech(d/lambda)]/[1 + G_HM tanh(d/lambda)/(2 G_mix)].

    Nguyen, Ralph and Buhrman, Phys. Rev. Lett. 116, 126601 (2016). With `form` `printed`, the
    bracket as the ruo2 paper prints it: 1 - sech((d/lambda)[1 + G_HM tanh(d/lambda)/(2 G_mix)]^-1).
    """
    x = thickness / spin_diffusion_length(rho, g_hm)
    backflow = 1 + g_hm * np.tanh(x) / (2 * g_mix)
    if form == "printed":
        return 1 - 1 / np.cosh(x / backflow)
    return (1 - 1 / np.cosh(x)) / backflow


def spin_memory_loss_transparency(k_s_erg_cm2: Any, slope: float = 0.23) -> Any:  # noqa: ANN401
    """T_SML = 1 - slope K_s, K_s in erg/cm2 (Zhu, Ralph and Buhrman, PRL 122, 077201 (2019))."""
    return 1 - slope * k_s_erg_cm2


def spin_hall_angle(xi_j: Any, t_int: Any) -> Any:  # noqa: ANN401
    """theta_SH = xi_DL^j/T_int."""
    return xi_j / t_int


def spin_hall_conductivity(xi_e: Any, t_int: Any) -> Any:  # noqa: ANN401
    """sigma_SH = xi_DL^E/T_int, in (hbar/2e)/(ohm m); theta_SH = rho sigma_SH in these units."""
    return xi_e / t_int


def resistivity_table(
    datasets: Sequence[xr.Dataset], samples: Mapping[str, Mapping[str, Any]]
) -> pd.DataFrame:
    """Longitudinal resistance and resistivity of every sample with a current-voltage curve.

    The curve's points are resistances V/I; a voltage offset V_0 adds V_0/I. R and V_0 are fitted
    with weights I^2, as if to the voltages. rho = R w t/L, t the whole stack.

    Returns
    -------
    DataFrame, one row a sample: `r_xx_ohm`, `rho_xx_uohm_cm`, each with `_u` (1 sigma of the fit;
    the bar's dimensions are taken as exact).
    """
    rows = []
    for dataset in datasets:
        name = dataset.attrs["sample"]
        for identifier in dataset["id"].values[dataset["kind"].values == "resistivity"]:
            curve = select(dataset, identifier)
            current, resistance = curve["write_current"].values, curve["resistance"].values
            (r, _), covariance = np.polyfit(current, resistance * current, 1, cov=True)
            facts = samples[name]
            factor = facts["width_um"] * facts["stack_nm"] / facts["length_um"] * 1e-9 * 1e8
            rows.append(
                {
                    "sample": name,
                    "r_xx_ohm": r,
                    "r_xx_u_ohm": covariance[0, 0] ** 0.5,
                    "rho_xx_uohm_cm": r * factor,
                    "rho_xx_u_uohm_cm": covariance[0, 0] ** 0.5 * factor,
                }
            )
    columns = ["sample", "r_xx_ohm", "r_xx_u_ohm", "rho_xx_uohm_cm", "rho_xx_u_uohm_cm"]
    return pd.DataFrame(rows, columns=columns)


def shift_against_field(
    loops: pd.DataFrame, sample: str, convention: Mapping[str, Any] = ADOPTED
) -> pd.DataFrame:
    """Loop shift per current at every in-plane field of a sample.

    `shift: pair` takes H_0(+I) - H_0(-I) at equal |I|, each over I, the mean weighted by the
    uncertainties; `line` the slope of a weighted line with intercept through H_0(I), times two.
    Either way what does not change with the current (tilt, remanence) drops out. A centre counts
    with its statistical and its field-step uncertainty together.

    Returns
    -------
    DataFrame, one row a field: `field_x_oe`, `loop_shift_per_ma_oe` (DeltaH/I),
    `h_dl_per_ma_oe` (signed as H_x), each with `_u`.
    """
    knobs = check_convention(convention)
    rows = loops[
        (loops["sample"] == sample) & (loops["kind"] == "loop_shift") & (loops["status"] == "ok")
    ]
    rows = rows.assign(spread=np.hypot(rows["h_0_u_oe"], rows["h_step_u_oe"] / 2**0.5))
    found = []
    for field, group in rows.groupby("field_x_oe"):
        shift = _pairs(group) if knobs["shift"] == "pair" else _line(group)
        if shift is not None:
            found.append((field, *shift))
    columns = ["field_x_oe", "loop_shift_per_ma_oe", "loop_shift_per_ma_u_oe"]
    table = pd.DataFrame(found, columns=columns)
    h_dl = damping_like_field(
        table["loop_shift_per_ma_oe"], knobs["dh_to_field"], knobs["wall_factor"]
    )
    factor = abs(damping_like_field(1.0, knobs["dh_to_field"], knobs["wall_factor"]))
    return table.assign(
        h_dl_per_ma_oe=h_dl, h_dl_per_ma_u_oe=factor * table["loop_shift_per_ma_u_oe"]
    )


def torque_table(
    loops: pd.DataFrame,
    magnetometry: pd.DataFrame,
    resistivity: pd.DataFrame,
    switching: pd.DataFrame,
    samples: Mapping[str, Mapping[str, Any]],
    *,
    reference: str,
    convention: Mapping[str, Any] = ADOPTED,
    name: str = "adopted",
) -> pd.DataFrame:
    """Torque efficiencies of every sample with loop shifts: `torque.csv`.

    Parameters
    ----------
    loops, magnetometry, resistivity, switching : tables of the study
    samples : sample to its facts
    reference : sample that `xi_ratio`, `theta_ratio` and `j_c_ratio` refer to
    convention : knobs, see `ADOPTED`; those left out have the default
    name : of the convention, printed in the table

    Returns
    -------
    DataFrame, one row a sample. `h_dl_per_ma_oe` is the plateau and `h_dmi_oe` the knee of
    H_DL(H_x)/I, antisymmetric in H_x; `zero_field_shift_per_ma_oe` is DeltaH/I at H_x = 0.
    `j_c_a_m2` is taken at the largest |H_x| that all samples share, mean of both signs;
    `switching_ratio` at H_x = 0 and the largest current, without a pre-applied field. `j_c_ratio`
    is the reduction J_c(reference)/J_c. All with `_u`, 1 sigma, by redrawing every measured input
    (`_DRAWS` times, seeded): quantities of one sample share its draws, ratios those of the
    reference too. Then the knobs, `status`, `reason`.
    """
    knobs = check_convention(convention)
    if reference not in samples:
        known = ", ".join(samples)
        raise ConfigError(f"reference {reference!r} is no sample; expected one of {known}")
    inputs = {
        sample: _inputs(loops, magnetometry, resistivity, switching, sample, knobs)
        for sample in samples
        if ((loops["sample"] == sample) & (loops["kind"] == "loop_shift")).any()
    }
    common = _common_field(switching)
    draws = {
        sample: _derive(_drawn(values, sample), samples[sample], knobs)
        | _critical_current(switching, sample, common)
        for sample, (values, _) in inputs.items()
    }
    rows = []
    for sample, (_, reason) in inputs.items():
        derived = dict(draws[sample])
        for ratio, quantity in _RATIOS.items():
            base = draws.get(reference, {}).get(quantity, np.full(_DRAWS + 1, np.nan))
            derived[ratio] = derived[quantity] / base
        derived["j_c_ratio"] = 1 / derived["j_c_ratio"]
        row: dict[str, Any] = {"sample": sample, "thickness_nm": samples[sample]["thickness_nm"]}
        for quantity in _QUANTITIES:
            values = derived[quantity]
            row[quantity] = float(values[0])
            row[uncertainty_column(quantity)] = float(values[1:].std(ddof=1))
        if sample == reference:
            row |= {uncertainty_column(ratio): 0.0 for ratio in _RATIOS}
        row |= {"convention": name, **knobs, "status": "ok", "reason": reason}
        if not np.isfinite(row["theta_sh"]):
            row["status"] = "refused"
        elif not 0 <= row["t_sml"] <= 1:
            row |= {"status": "flagged", "reason": "T_SML is outside 0 to 1"}
        elif reason:
            row["status"] = "flagged"
        rows.append(row)
    return pd.DataFrame(rows)


_QUANTITIES = (
    "h_dl_per_ma_oe", "h_dmi_oe", "zero_field_shift_per_ma_oe", "xi_dl_j", "xi_dl_e",
    "k_s_erg_cm2", "t_sbf", "t_sml", "t_int", "sigma_sh", "theta_sh", "rho_xx_uohm_cm",
    "j_c_a_m2", "switching_ratio", "xi_ratio", "theta_ratio", "j_c_ratio",
)  # fmt: skip
_RATIOS = {"xi_ratio": "xi_dl_j", "theta_ratio": "theta_sh", "j_c_ratio": "j_c_a_m2"}


def _pairs(group: pd.DataFrame) -> tuple[float, float] | None:
    """Mean of [H_0(+I) - H_0(-I)]/I over the currents that were measured both ways."""
    positive = group[group["current_ma"] > 0].set_index("current_ma")
    negative = group[group["current_ma"] < 0]
    negative = negative.set_index(-negative["current_ma"])
    shared = positive.index.intersection(negative.index)
    if shared.empty:
        return None
    up, down = positive.loc[shared], negative.loc[shared]
    current = shared.to_numpy(float)
    shift = (up["h_0_oe"].to_numpy() - down["h_0_oe"].to_numpy()) / current
    spread = np.hypot(up["spread"].to_numpy(), down["spread"].to_numpy()) / current
    weights = spread**-2.0
    return float(np.average(shift, weights=weights)), float(weights.sum() ** -0.5)


def _line(group: pd.DataFrame) -> tuple[float, float] | None:
    """Twice the slope of H_0 against I, intercept fitted too."""
    if group["current_ma"].nunique() < 2:
        return None
    design = np.column_stack([group["current_ma"], np.ones(len(group))])
    weighted = design / group["spread"].to_numpy()[:, None]
    covariance = np.linalg.inv(weighted.T @ weighted)
    slope = covariance @ weighted.T @ (group["h_0_oe"] / group["spread"]).to_numpy()
    return float(2 * slope[0]), float(2 * covariance[0, 0] ** 0.5)


def _knee(field: np.ndarray, plateau: float, knee: float) -> np.ndarray:
    return plateau * np.clip(field / knee, -1, 1)


def _plateau(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, str]:
    """Plateau and knee of the part of H_DL/I that is odd in H_x, and their covariance."""
    table = table.set_index("field_x_oe")
    fields = np.array([field for field in table.index if field > 0 and -field in table.index])
    if fields.size < 3:
        return np.full(2, np.nan), np.full((2, 2), np.nan), "fewer than three fields of both signs"
    plus, minus = table.loc[fields], table.loc[-fields]
    odd = (plus["h_dl_per_ma_oe"].to_numpy() - minus["h_dl_per_ma_oe"].to_numpy()) / 2
    spread = np.hypot(plus["h_dl_per_ma_u_oe"], minus["h_dl_per_ma_u_oe"].to_numpy()) / 2
    # The knee's slope jumps at every measured field: begin from the best of a grid.
    trial = [
        (float(np.sum(((odd - a * np.minimum(fields / k, 1)) / spread) ** 2)), a, k)
        for k in np.linspace(fields.min() / 2, fields.max() * 0.9, 60)
        for a in [
            np.sum(odd * np.minimum(fields / k, 1) / spread**2)
            / np.sum((np.minimum(fields / k, 1) / spread) ** 2)
        ]
    ]
    _, a, k = min(trial)
    values, covariance = curve_fit(
        _knee, fields, odd, (a, k), sigma=spread.to_numpy(), absolute_sigma=True
    )
    if not np.isfinite(covariance).all() or not 0 < values[1] < fields.max():
        return np.full(2, np.nan), np.full((2, 2), np.nan), "no plateau within the measured fields"
    return values, covariance, ""


def _inputs(
    loops: pd.DataFrame,
    magnetometry: pd.DataFrame,
    resistivity: pd.DataFrame,
    switching: pd.DataFrame,
    sample: str,
    knobs: Mapping[str, Any],
) -> tuple[dict[str, tuple[float, float]], str]:
    """Measured values with their uncertainties, and what is missing."""
    table = shift_against_field(loops, sample, knobs)
    values, covariance, reason = _plateau(table)
    zero = table[table["field_x_oe"] == 0]
    found = {
        "h_dl_per_ma_oe": (values[0], covariance[0, 0] ** 0.5),
        "h_dmi_oe": (values[1], covariance[1, 1] ** 0.5),
        "zero_field_shift_per_ma_oe": _first(zero, "loop_shift_per_ma_oe"),
        "rho_xx_uohm_cm": _first(resistivity[resistivity["sample"] == sample], "rho_xx_uohm_cm"),
        "switching_ratio": _field_free(switching, sample),
    }
    film = magnetometry[(magnetometry["sample"] == sample) & (magnetometry["status"] != "refused")]
    for column in ("areal_moment_a", "k_s_erg_cm2"):
        found[column] = _first(film, column)
    for column, word in (("areal_moment_a", "magnetometry"), ("rho_xx_uohm_cm", "resistivity")):
        if not np.isfinite(found[column][0]) and not reason:
            reason = f"no {word}"
    return found, reason


def _first(rows: pd.DataFrame, column: str) -> tuple[float, float]:
    if rows.empty:
        return np.nan, np.nan
    return float(rows[column].iloc[0]), float(rows[uncertainty_column(column)].iloc[0])


def _drawn(values: Mapping[str, tuple[float, float]], sample: str) -> dict[str, np.ndarray]:
    """Every input as its value followed by draws of a normal distribution about it."""
    rng = np.random.default_rng(list(sample.encode()))
    return {
        name: np.concatenate([[value], value + spread * rng.standard_normal(_DRAWS)])
        for name, (value, spread) in values.items()
    }


def _derive(
    drawn: dict[str, np.ndarray], facts: Mapping[str, Any], knobs: Mapping[str, Any]
) -> dict[str, np.ndarray]:
    rho = drawn["rho_xx_uohm_cm"] * 1e-8
    section = facts["width_um"] * 1e-6 * facts[_LAYERS[knobs["current_layer"]]] * 1e-9
    xi_j = efficiency_per_current_density(
        drawn["h_dl_per_ma_oe"] * OERSTED, drawn["areal_moment_a"], 1e-3 / section
    )
    t_sbf = spin_backflow_transparency(
        rho,
        facts["heavy_metal_nm"] * 1e-9,
        knobs["g_hm_per_ohm_m2"],
        knobs["g_mix_per_ohm_m2"],
        knobs["sbf_form"],
    )
    t_sml = spin_memory_loss_transparency(drawn["k_s_erg_cm2"], knobs["sml_slope_per_erg_cm2"])
    t_int = t_sbf * t_sml
    return drawn | {
        "xi_dl_j": xi_j,
        "xi_dl_e": xi_j / rho,
        "t_sbf": t_sbf,
        "t_sml": t_sml,
        "t_int": t_int,
        "sigma_sh": spin_hall_conductivity(xi_j / rho, t_int),
        "theta_sh": spin_hall_angle(xi_j, t_int),
    }


def _plain(switching: pd.DataFrame) -> pd.DataFrame:
    """Loops without a pre-applied field, at the longest pulses."""
    rows = switching[switching["prefield_x_oe"].fillna(0) == 0]
    return rows[rows["pulse_width_s"] == rows["pulse_width_s"].max()]


def _common_field(switching: pd.DataFrame) -> float:
    """The largest in-plane field at which every sample switches."""
    rows = _plain(switching)
    rows = rows[rows["j_c_a_m2"].notna() & (rows["field_x_oe"].abs() > 0)]
    shared = rows.groupby(rows["field_x_oe"].abs())["sample"].nunique()
    everywhere = shared[shared == rows["sample"].nunique()]
    return float(everywhere.index.max()) if len(everywhere) else np.nan


def _critical_current(switching: pd.DataFrame, sample: str, field: float) -> dict[str, np.ndarray]:
    rows = _plain(switching)
    rows = rows[(rows["sample"] == sample) & (rows["field_x_oe"].abs() == field)]
    rows = rows[rows["j_c_a_m2"].notna()]
    if rows.empty:
        return {"j_c_a_m2": np.full(_DRAWS + 1, np.nan)}
    spread = float(np.sqrt((rows["j_c_u_a_m2"] ** 2).sum()) / len(rows))
    return _drawn({"j_c_a_m2": (float(rows["j_c_a_m2"].mean()), spread)}, f"{sample} j_c")


def _field_free(switching: pd.DataFrame, sample: str) -> tuple[float, float]:
    rows = _plain(switching)
    rows = rows[(rows["sample"] == sample) & (rows["field_x_oe"] == 0)]
    rows = rows[rows["switching_ratio"].notna()]
    return _first(rows.sort_values("current_max_ma", ascending=False), "switching_ratio")

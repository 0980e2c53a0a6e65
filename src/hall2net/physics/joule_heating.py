"""Joule heating of a Hall bar by its write pulses, and what it does to H_c and J_c.

The bar is a rectangle on the flat surface of a solid, heated evenly by I^2 R from the beginning of
the pulse. The temperature at its centre is that of a half-space (Carslaw, Jaeger, Conduction of
Heat in Solids, 2nd ed. (1959), section 10.5),

    dT(t) = q/kappa sqrt(D/pi) int_0^t erf(w/(4 sqrt(D s))) erf(L/(4 sqrt(D s))) ds/sqrt(s)

with the heat flow q = I^2 R/(w L): 2 q sqrt(D t/pi)/kappa while the heat is still below the bar,
q w/(pi kappa) ln(8.15 sqrt(D t)/w) while it spreads about a long stripe, as You, Sun and Wang give
it with 8 in place of 8.15 (Appl. Phys. Lett. 89, 222513 (2006)), and a constant at last. An
insulating layer between film and substrate adds the temperature across a slab. What the film itself
stores is left out: it matters below a nanosecond. A resistance that grows with the current is a
thermometer where its temperature coefficient is known; it replaces the constants of the solid.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import erf

from hall2net.errors import Hall2netError
from hall2net.measurement import select
from hall2net.physics.facts import Given, Samples, given
from hall2net.physics.lines import weighted_fit, weighted_line
from hall2net.physics.resistivity import resistivity_per_resistance, resistivity_table
from hall2net.physics.substrates import OXIDE, SUBSTRATES, Substrate
from hall2net.tables import hall_loops, total_sigma, usable
from hall2net.units import time_words

LIMIT_K = 20.0
"""Rise from which a current is flagged: coercive fields fall by about 0.3 % per K, so J_c is then
wrong by more than 5 %, the error of a lithographic width."""

_MODEL = 0.25
"""1 sigma of a rise from I^2 R, relative: thin oxides conduct 1.0 to 1.4 W/(m K) (Lee, Cahill,
J. Appl. Phys. 81, 2590 (1997)), interfaces add the resistance of 10 to 30 nm of oxide, and contacts
take heat that the model leaves in the bar."""
_SHORTEST_S = 1e-9  # below it the film itself takes up the heat
_SERIES_TERMS = 40  # of the slab; the first one left out is below 1e-12 where the series is used
_EARLY = 0.1  # of d^2/D: before it nothing has reached the far side of a slab, to 1e-4
_SEEN = 3.0  # sigma; a smaller growth of R with I is not seen
_SPAN_K = 5.0  # of temperatures that give a coefficient of the resistance
_SAME_K = 1.0  # Hall loops closer than that are at one temperature

_CONDITIONS = [
    "id", "sample", "kind", "temperature_k", "pulse_width_s", "current_ma", "current_u_ma",
    "current_max_ma",
]  # fmt: skip
_COLUMNS = [
    *_CONDITIONS, "r_xx_ohm", "power_mw", "delta_t_k", "delta_t_u_k", "delta_t_sys_k",
    "delta_t_max_k", "method", "substrate", "oxide_nm", "conductivity_w_m_k", "dh_c_dt_oe_per_k",
    "dh_c_dt_u_oe_per_k", "h_c_bias", "h_c_bias_u", "bias_source", "status", "reason",
]  # fmt: skip


@dataclass(frozen=True)
class Bar:
    """A Hall bar as a heater."""

    width: float
    """In m."""
    length: float
    """Between the contacts that its resistance was measured with, in m."""
    resistance: float
    """In ohm."""
    substrate: Substrate
    oxide: float = 0.0
    """Thickness of the insulating layer, in m."""

    def rise(self, current: float, time: float) -> float:
        """Temperature rise in K at the centre, of a current (A) that has flown for a time (s).

        Parameters
        ----------
        current : in A
        time : in s, infinite for a direct current
        """
        flux = current**2 * self.resistance / (self.width * self.length)
        below = half_space_rise(flux, self.width, self.length, self.substrate, time)
        return below + slab_rise(flux, self.oxide, OXIDE, time)


def half_space_rise(
    flux: float, width: float, length: float, solid: Substrate, time: float
) -> float:
    """Temperature rise in K at the centre of a rectangle heated on a half-space.

    Parameters
    ----------
    flux : heat flow in W/m2
    width, length : of the rectangle, in m
    solid : what the half-space is made of
    time : in s since the heat began to flow; infinite for the steady state
    """
    if np.isinf(time):
        edges = width * np.arcsinh(length / width) + length * np.arcsinh(width / length)
        return float(flux * edges / (np.pi * solid.conductivity))
    # In x = sqrt(s) the integrand has no pole; it bends where the heat passes an edge.
    reach = np.sqrt(time)
    edges = np.array([width, length]) / (4 * np.sqrt(solid.diffusivity))
    bends = sorted({float(edge * factor) for edge in edges for factor in (0.5, 2, 20)})
    total = quad(
        lambda x: float(np.prod(erf(edges / x))) if x > 0 else 1.0,
        0.0, reach, points=[x for x in bends if x < reach] or None, limit=200,
    )[0]  # fmt: skip
    scale = 2 * flux * np.sqrt(solid.diffusivity / np.pi) / solid.conductivity
    return float(scale * total)


def slab_rise(flux: float, thickness: float, solid: Substrate, time: float) -> float:
    """Temperature difference in K across a slab heated from one side, the other one held.

    Carslaw, Jaeger (1959), section 3.8: q d/kappa (1 - 8/pi^2 sum exp(-n^2 pi^2 D t/4 d^2)/n^2)
    over odd n.

    Parameters
    ----------
    flux : heat flow in W/m2
    thickness : in m
    solid, time : as of `half_space_rise`
    """
    if thickness <= 0:
        return 0.0
    if np.isinf(time):
        return float(flux * thickness / solid.conductivity)
    fourier = solid.diffusivity * time / thickness**2
    if fourier < _EARLY:
        return float(2 * flux * np.sqrt(solid.diffusivity * time / np.pi) / solid.conductivity)
    n = 2 * np.arange(_SERIES_TERMS) + 1
    left = 8 / np.pi**2 * np.sum(np.exp(-((n * np.pi / 2) ** 2) * fourier) / n**2)
    return float(flux * thickness / solid.conductivity * (1 - left))


def joule_heating_table(
    datasets: Sequence[xr.Dataset],
    switching: pd.DataFrame,
    loops: pd.DataFrame,
    samples: Samples,
    *,
    limit_k: float = LIMIT_K,
) -> pd.DataFrame:
    """Temperature rise at every critical current and in every Hall loop, and what follows.

    From R_xx(I) = R [1 + alpha dT] where the resistance grows with the current and its temperature
    coefficient alpha is known (measured with the resistance, or `tcr_per_k` of samples.csv): at
    a direct current, and for pulses scaled as the model scales with time where the substrate is
    known. Else from I^2 R, the pulse width and the substrate.

    Parameters
    ----------
    datasets : one a sample; measurements of kind `resistivity` count
    switching : `hall2net.physics.switching.switching_table`
    loops : loops.csv; those at several temperatures give dH_c/dT
    samples : sample to its facts: `width_um, length_um, substrate, oxide_nm, tcr_per_k`, and
        `r_xx_ohm` or `rho_xx_uohm_cm` where the resistance was not measured
    limit_k : a larger rise is flagged

    Returns
    -------
    DataFrame, one row a switching loop, and one for all Hall loops of one kind, sample and current:
    `current_ma` (the critical one, or that of the Hall loop) and `current_max_ma`, `delta_t_k` and
    `delta_t_max_k` at them, the first with `_u` (from I_c and R) and `_sys` (from the model);
    `method`, `substrate`, `oxide_nm`, `conductivity_w_m_k`; `dh_c_dt_oe_per_k` and `h_c_bias` =
    H_c(T + dT)/H_c(T) - 1 with `_u` and `bias_source`; a J_c in proportion to H_c is as much too
    small; `status` (ok, flagged, refused) and `reason`.
    """
    resistivity = resistivity_table(datasets, samples).set_index("sample")
    by_sample = {str(dataset.attrs["sample"]): dataset for dataset in datasets}
    rows = []
    for sample, own in _driven(switching, loops).groupby("sample", sort=True):
        heater = _heater(str(sample), samples, resistivity)
        meter = _thermometer(by_sample.get(str(sample)), given(samples, str(sample), "tcr_per_k"))
        coercive = _coercive_fields(loops, str(sample))
        rows += [_heating(row, heater, meter, coercive, limit_k) for _, row in own.iterrows()]
    return pd.DataFrame(rows, columns=_COLUMNS)


def with_heating(switching: pd.DataFrame, heating: pd.DataFrame) -> pd.DataFrame:
    """Switching loops with the temperature rise at their critical current, and its flag.

    Parameters
    ----------
    switching : `hall2net.physics.switching.switching_table`
    heating : `joule_heating_table` of it
    """
    columns = ["delta_t_k", "delta_t_u_k", "delta_t_sys_k"]
    table = switching.merge(heating[["id", *columns]], on="id", how="left")
    hot = heating[(heating["status"] == "flagged") & heating["delta_t_k"].notna()]
    reasons = table["id"].map(hot.set_index("id")["reason"])
    flagged = reasons.notna() & (table["status"] != "refused")
    words = table["reason"].fillna("")
    table.loc[flagged, "reason"] = (words.where(words == "", words + "; ") + reasons)[flagged]
    table.loc[flagged, "status"] = "flagged"
    before = [name for name in switching if name not in ("criterion", "status", "reason")]
    ends = [name for name in switching if name not in before]
    return table[[*before, *columns, *ends]]


@dataclass(frozen=True)
class _Heater:
    """What is known of a sample as a heater; `bar` is None where a rise cannot be computed."""

    bar: Bar | None
    resistance: Given
    words: str
    substrate: str = ""
    oxide_nm: float = np.nan
    missing: str = ""


def _heater(sample: str, samples: Samples, resistivity: pd.DataFrame) -> _Heater:
    facts = samples.get(sample, {})
    resistance = _resistance_of(sample, samples, resistivity)
    name, oxide = str(facts.get("substrate") or ""), given(samples, sample, "oxide_nm")
    lacking = [key for key in ("width_um", "length_um") if not given(samples, sample, key)]
    if not resistance:
        missing = "no resistance along the bar: measure one (kind resistivity), or give r_xx_ohm"
    elif lacking:
        missing = f"{' and '.join(lacking)} of the sample not given in samples.csv"
    elif name not in SUBSTRATES:
        missing = (
            f"the substrate is not known: give substrate ({', '.join(SUBSTRATES)}) and oxide_nm "
            "in samples.csv"
        )
    else:
        width, length = (given(samples, sample, key).value for key in ("width_um", "length_um"))
        nm = oxide.value if oxide else 0.0
        bar = Bar(width * 1e-6, length * 1e-6, resistance.value, SUBSTRATES[name], nm * 1e-9)
        words = f"I^2 R, {nm:g} nm of SiO2 on {name}" if nm else f"I^2 R, on bare {name}"
        return _Heater(bar, resistance, words, name, nm)
    return _Heater(None, resistance, "", name, missing=missing)


def _resistance_of(sample: str, samples: Samples, resistivity: pd.DataFrame) -> Given:
    """The resistance along the bar: measured, else as samples.csv gives it."""
    if sample in resistivity.index and resistivity.at[sample, "status"] != "refused":
        value, u = resistivity.loc[sample, ["r_xx_ohm", "r_xx_u_ohm"]]
        return Given(float(value), float(u), "measured")
    if direct := given(samples, sample, "r_xx_ohm"):
        return direct
    rho = given(samples, sample, "rho_xx_uohm_cm")
    return rho.times(1 / resistivity_per_resistance(samples, sample)) if rho else Given()


def _thermometer(dataset: xr.Dataset | None, coefficient: Given) -> Given:
    """Rise per square of a direct current in K/A2 that R_xx(I) shows, if it shows one."""
    if dataset is None:
        return Given()
    kinds = dataset["kind"].to_numpy()
    for name in dataset["id"].to_numpy()[kinds == "resistivity"].tolist():
        measurement = select(dataset, name)
        alpha = _coefficient(measurement) or coefficient
        growth = _growth(measurement)
        value = growth.value / alpha.value
        if value > 0 and abs(growth.value) > _SEEN * growth.u:
            relative = np.hypot(growth.u / growth.value, np.nan_to_num(alpha.u) / alpha.value)
            return Given(value, value * float(relative))
    return Given()


def _coefficient(measurement: xr.Dataset) -> Given:
    """Relative temperature coefficient of the resistance in 1/K, from its points."""
    temperature = measurement["point_temperature"].to_numpy()
    resistance = measurement["resistance"].to_numpy()
    known = np.isfinite(temperature) & np.isfinite(resistance)
    if known.sum() < 3 or np.ptp(temperature[known]) < _SPAN_K:
        return Given()
    wanted = float(measurement["temperature"])
    origin = wanted if np.isfinite(wanted) else float(temperature[known].mean())
    line = weighted_line(temperature[known] - origin, resistance[known])
    return Given(float(line.value[1] / line.value[0]), float(line.sigma[1] / line.value[0]))


def _growth(measurement: xr.Dataset) -> Given:
    """Relative growth of the resistance per square of the current in 1/A2: V = V0 + R I + b I^3."""
    current, ohm = measurement["write_current"].to_numpy(), measurement["resistance"].to_numpy()
    known = np.isfinite(current) & np.isfinite(ohm)
    current, ohm = current[known], ohm[known]
    temperature = measurement["point_temperature"].to_numpy()[known]
    if len(current) < 5 or (np.isfinite(temperature).all() and np.ptp(temperature) > _SPAN_K):
        return Given()
    largest = np.abs(current).max()
    relative = current / largest if largest > 0 else current
    try:
        fit = weighted_fit(np.vander(relative, 4)[:, [3, 2, 0]], ohm * relative)
    except Hall2netError:
        return Given()
    scale = fit.value[1] * largest**2
    return Given(float(fit.value[2] / scale), float(fit.sigma[2] / abs(scale)))


def _coercive_fields(loops: pd.DataFrame, sample: str) -> pd.DataFrame:
    """Coercive fields of a sample against temperature: `temperature_k, h_c, u, sign` of R_AHE."""
    if loops.empty:
        return pd.DataFrame(columns=["temperature_k", "h_c", "u", "sign"])
    rows = hall_loops(usable(loops))
    rows = rows[rows["sample"] == sample].dropna(subset=["temperature_k", "h_c_oe", "r_ahe_ohm"])
    table = pd.DataFrame(
        {
            "temperature_k": rows["temperature_k"],
            "h_c": rows["h_c_oe"],
            "u": total_sigma(rows, "h_c_oe"),
            "sign": np.sign(rows["r_ahe_ohm"]),
        }
    )
    return table.sort_values("temperature_k", ignore_index=True)


def _driven(switching: pd.DataFrame, loops: pd.DataFrame) -> pd.DataFrame:
    """All that a current heats: switching loops, and Hall loops of one temperature and current.

    `current_ma` is the critical current of the first, the direct one of the second.
    """
    pulsed = switching.rename(columns={"i_c_ma": "current_ma", "i_c_u_ma": "current_u_ma"})
    pulsed = pulsed.reindex(columns=_CONDITIONS).assign(kind="sot_switching")
    rows = usable(loops) if len(loops) else loops
    if rows.empty or rows["current_ma"].isna().all():
        return pulsed
    rows = rows.dropna(subset=["current_ma", "temperature_k"])
    rows = rows.assign(
        current_ma=rows["current_ma"].abs(), temperature_k=rows["temperature_k"].round()
    )
    direct = rows[["sample", "kind", "current_ma", "temperature_k"]].drop_duplicates()
    words = [
        f"{kind}, {ma:g} mA, {kelvin:g} K"
        for kind, ma, kelvin in direct[["kind", "current_ma", "temperature_k"]].itertuples(
            index=False
        )
    ]
    direct = direct.assign(id=words, current_max_ma=direct["current_ma"])
    return pd.concat([pulsed, direct], ignore_index=True)


def _heating(
    row: pd.Series, heater: _Heater, meter: Given, coercive: pd.DataFrame, limit_k: float
) -> dict[str, Any]:
    """One row of the table."""
    current, u = row["current_ma"], row["current_u_ma"]
    found: dict[str, Any] = {
        **row,
        "r_xx_ohm": heater.resistance.value,
        "power_mw": current**2 * heater.resistance.value * 1e-3,
        "substrate": heater.substrate,
        "oxide_nm": heater.oxide_nm,
    }
    if heater.bar is not None:
        found["conductivity_w_m_k"] = heater.bar.substrate.conductivity
    try:
        per_square, relative_u, relative_sys, method = _per_square(row, heater, meter)
    except Hall2netError as error:
        return found | {"status": "refused", "reason": str(error)}
    rise = per_square * (current * 1e-3) ** 2
    found |= {
        "delta_t_k": rise,
        "delta_t_u_k": rise * float(np.hypot(relative_u, 2 * np.nan_to_num(u) / current)),
        "delta_t_sys_k": rise * relative_sys,
        "delta_t_max_k": per_square * (row["current_max_ma"] * 1e-3) ** 2,
        "method": method,
    }
    found |= _bias(row["temperature_k"], found, coercive)
    reason = _too_warm(found, heater, limit_k)
    return found | {"status": "flagged" if reason else "ok", "reason": reason}


def _per_square(row: pd.Series, heater: _Heater, meter: Given) -> tuple[float, float, float, str]:
    """Rise per square of the current in K/A2, its relative errors (stat, sys), and the method."""
    pulsed = row["kind"] == "sot_switching"
    width = row["pulse_width_s"] if pulsed else np.inf
    if meter:
        relative_u = meter.u / meter.value
        if not pulsed:
            return meter.value, relative_u, 0.0, "R_xx(I)"
        if heater.bar is None or np.isnan(width):
            return meter.value, relative_u, 0.0, "R_xx(I) of a direct current: an upper limit"
        scale = heater.bar.rise(1.0, width) / heater.bar.rise(1.0, np.inf)
        # The longer the pulse, the less of the model is in the ratio.
        return meter.value * scale, relative_u, _MODEL * (1 - scale), "R_xx(I), scaled to the pulse"
    if heater.bar is None:
        raise Hall2netError(heater.missing)
    relative_u = float(np.nan_to_num(heater.resistance.u)) / heater.resistance.value
    if np.isnan(width):
        words = f"{heater.words}; no pulse_width_s, so as of a direct current: an upper limit"
        return heater.bar.rise(1.0, np.inf), relative_u, _MODEL, words
    return heater.bar.rise(1.0, width), relative_u, _MODEL, heater.words


def _bias(temperature: float, found: Mapping[str, Any], coercive: pd.DataFrame) -> dict[str, Any]:
    """What the rise does to H_c, and to a J_c in proportion to it."""
    rise = found["delta_t_k"]
    if not np.isfinite(rise):
        return {}
    kelvin, h_c, u = (coercive[name].to_numpy(float) for name in ("temperature_k", "h_c", "u"))
    if len(kelvin) < 2 or np.ptp(kelvin) < _SAME_K:
        return {"bias_source": "not measured: no Hall loops at two temperatures or more"}
    end = temperature + rise
    if not kelvin[0] - _SAME_K <= temperature <= end <= kelvin[-1] + _SAME_K:
        return {
            "bias_source": f"not measured: Hall loops from {kelvin[0]:g} to {kelvin[-1]:g} K, "
            f"the film from {temperature:.0f} to {end:.0f} K"
        }
    first = max(int(np.searchsorted(kelvin, temperature, side="right")) - 1, 0)
    used = slice(first, int(np.searchsorted(kelvin, end)) + 1)
    if coercive["sign"][used].nunique() > 1:
        return {"bias_source": "not known: the film passes its compensation temperature"}
    # Straight lines between neighbours: H_c at both temperatures is a weighted sum of those used.
    unit = np.eye(len(kelvin))
    cold, hot = (np.array([np.interp(t, kelvin, one) for one in unit]) for t in (temperature, end))
    at_cold, at_hot = float(cold @ h_c), float(hot @ h_c)
    slope = (at_hot - at_cold) / rise
    of_loops = (hot - at_hot / at_cold * cold) / at_cold * u
    of_rise = slope / at_cold * np.hypot(found["delta_t_u_k"], found["delta_t_sys_k"])
    return {
        "dh_c_dt_oe_per_k": slope,
        "dh_c_dt_u_oe_per_k": float(np.linalg.norm((hot - cold) * u)) / rise,
        "h_c_bias": at_hot / at_cold - 1,
        "h_c_bias_u": float(np.hypot(np.linalg.norm(of_loops), of_rise)),
        "bias_source": "Hall loops at " + ", ".join(f"{k:g}" for k in kelvin[used]) + " K",
    }


def _too_warm(found: Mapping[str, Any], heater: _Heater, limit_k: float) -> str:
    """Words where the rise is above the limit, with what would help; else empty."""
    rise, largest = found["delta_t_k"], found["delta_t_max_k"]
    pulsed = found["kind"] == "sot_switching"
    current = found["current_ma"]
    if np.isfinite(rise) and rise > limit_k:
        words = f"the film is {rise:.0f} K warmer at " + (
            "the critical current" if pulsed else f"{current:g} mA"
        )
        if np.isfinite(bias := found.get("h_c_bias", np.nan)):
            words += f", where H_c is {100 * abs(bias):.0f} % {'smaller' if bias < 0 else 'larger'}"
    elif not np.isfinite(rise) and largest > limit_k:
        rise, current = largest, found["current_max_ma"]
        words = f"the film is {largest:.0f} K warmer at the largest current"
    else:
        return ""
    words += f" (switching.heating_limit_k: {limit_k:g} K)"
    if not pulsed:
        return f"{words}; currents up to {current * np.sqrt(limit_k / rise):.2g} mA stay below"
    return words + _pulses_below(heater.bar, current * 1e-3, found["pulse_width_s"], rise, limit_k)


def _pulses_below(bar: Bar | None, current: float, width: float, rise: float, limit: float) -> str:
    """Which pulses of the same current would stay below a limit, in words; empty if not known."""
    if bar is None or not np.isfinite(width) or width <= _SHORTEST_S:
        return ""
    # The rise that the table has, which R_xx(I) may have scaled.
    scale = limit * bar.rise(current, width) / rise
    if bar.rise(current, _SHORTEST_S) > scale:
        return "; at this current no pulse of 1 ns or more stays below"
    log = brentq(
        lambda x: bar.rise(current, np.exp(x)) - scale,
        np.log(_SHORTEST_S),
        np.log(width),
        xtol=0.01,
    )
    return f"; pulses of this current stay below up to {time_words(float(f'{np.exp(log):.1g}'))}"

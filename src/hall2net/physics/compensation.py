"""Compensation temperature of a ferrimagnet from its loops at several temperatures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hall2net.errors import Hall2netError
from hall2net.physics.facts import Samples
from hall2net.physics.lines import weighted_line
from hall2net.physics.systematics import Parts, Systematics, total
from hall2net.tables import total_sigma, uncertainty_column, usable

_SIGNED = 3.0  # sigma from which the sign of R_AHE is believed
_EITHER_SIDE = 2  # loops on each side of T_M that the divergence is fitted to: a line and 2 dof


@dataclass(frozen=True)
class Compensation:
    """Magnetic compensation temperature T_M in K; NaN where the loops do not show it."""

    value: float = np.nan
    stat: float = np.nan
    """1 sigma from the coercive fields; 0 where only the sign change could be used."""
    sys: float = np.nan
    """1 sigma from the choice of the model and the distance of the temperatures."""
    between: tuple[float, float] = (np.nan, np.nan)
    """Temperatures of the two loops between which R_AHE changes sign."""

    @property
    def total(self) -> float:
        """Both uncertainties in quadrature."""
        return float(np.hypot(self.stat, self.sys))


def compensation_table(
    loops: pd.DataFrame, samples: Samples, systematics: Mapping[str, Any] | None = None
) -> pd.DataFrame:
    """Compensation temperatures of all samples with Hall loops at several temperatures.

    Parameters
    ----------
    loops : loops.csv
    samples : sample to its facts
    systematics : block of the study, as `Systematics.of` takes it

    Returns
    -------
    DataFrame, one row a sample: `sample, t_m_k` with `t_m_u_k` (1 sigma, statistical; 0 where the
    sign change alone gives it) and `t_m_sys_k` (1 sigma of thermometer, model and distance of the
    temperatures), `t_m_model_k` (that of model and distance alone), `t_m_lo_k` and `t_m_hi_k` (the
    loops between which R_AHE changes sign), `systematics` (whether the thermometer's sigma is given
    or assumed), `status` (ok: where nothing is seen, there is no T_M), `reason`.
    """
    sources = Systematics.of(systematics or {}, samples)
    direct = usable(loops)
    direct = direct[direct["kind"] == "ahe_loop"]
    rows = []
    for sample in (name for name in samples if (direct["sample"] == name).any()):
        temperatures = direct.loc[direct["sample"] == sample, "temperature_k"].dropna()
        if temperatures.nunique() < 2:
            continue
        found = compensation_temperature(loops, sample)
        row: dict[str, Any] = {"sample": sample, "status": "ok", "reason": ""}
        if np.isfinite(found.value):
            row |= {"t_m_k": found.value, "t_m_u_k": found.stat, "t_m_model_k": found.sys}
            row |= {"t_m_lo_k": found.between[0], "t_m_hi_k": found.between[1]}
            parts = compensation_parts(row, sources)
            row |= {"t_m_sys_k": float(total(parts)[0])}
            row["systematics"] = sources.words(sample, parts)
        else:
            low, high = temperatures.min(), temperatures.max()
            row["reason"] = f"R_AHE does not change sign once from {low:g} to {high:g} K"
        rows.append(row)
    return pd.DataFrame(rows, columns=list(_COLUMNS))


_COLUMNS = (
    "sample", "t_m_k", "t_m_u_k", "t_m_sys_k", "t_m_model_k", "t_m_lo_k", "t_m_hi_k",
    "systematics", "status", "reason",
)  # fmt: skip


def compensation_parts(row: Mapping[str, Any], systematics: Systematics) -> Parts:
    """Systematic parts of T_M of a sample.

    Parameters
    ----------
    row : of compensation.csv
    systematics : sources of the study
    """
    parts = systematics.parts(str(row["sample"]), lambda off: row["t_m_k"] + off.temperature_k)
    return parts | {"sign_change_or_divergence": np.array([row["t_m_model_k"]])}


def compensation_temperature(loops: pd.DataFrame, sample: str) -> Compensation:
    """Magnetic compensation temperature T_M of a ferrimagnet.

    Two estimates. R_AHE changes sign at T_M: it lies between two measured temperatures; their
    middle stands for it, with a standard deviation of 1/sqrt(12) of their distance. The coercive
    field diverges as 1/|T - T_M|, where net moment and anisotropy are linear and constant in T: a
    straight line through sign(R_AHE)/H_c is zero at T_M. The line, through two loops on each side,
    gives the value; the distance of the two estimates, or the first one's deviation if larger, is
    its systematic uncertainty. A zero outside the two temperatures contradicts the signs: then
    the middle is the value.

    Parameters
    ----------
    loops : loops.csv
    sample : whose loops of kind `ahe_loop`

    Returns
    -------
    NaN where R_AHE does not change sign, or more than once.
    """
    rows = usable(loops)
    rows = rows[(rows["sample"] == sample) & (rows["kind"] == "ahe_loop")]
    rows = rows.dropna(subset=["temperature_k", "r_ahe_ohm"]).sort_values("temperature_k")
    if uncertainty_column("r_ahe_ohm") in rows:
        rows = rows[~(rows["r_ahe_ohm"].abs() < _SIGNED * total_sigma(rows, "r_ahe_ohm"))]
    temperature = rows["temperature_k"].to_numpy(float)
    sign = np.sign(rows["r_ahe_ohm"].to_numpy(float))
    change = np.flatnonzero(sign[1:] != sign[:-1])
    if change.size != 1:
        return Compensation()
    low, high = temperature[change[0]], temperature[change[0] + 1]
    middle, sigma = float(low + high) / 2, float(high - low) / 12**0.5
    try:
        zero, stat = _divergence(rows, middle)
    except Hall2netError:
        return Compensation(middle, 0.0, sigma, (low, high))
    sys = max(abs(zero - middle), sigma)
    if low < zero < high:
        return Compensation(zero, stat, sys, (low, high))
    return Compensation(middle, 0.0, sys, (low, high))


def _divergence(rows: pd.DataFrame, middle: float) -> tuple[float, float]:
    """Temperature where sign(R_AHE)/H_c is zero, and its 1 sigma."""
    rows = rows[rows["h_c_oe"] > 0]
    below = rows[rows["temperature_k"] < middle].tail(_EITHER_SIDE)
    above = rows[rows["temperature_k"] > middle].head(_EITHER_SIDE)
    if min(len(below), len(above)) < _EITHER_SIDE:
        raise Hall2netError("fewer than two loops on one side of the sign change")
    near = pd.concat([below, above])
    h_c = near["h_c_oe"].to_numpy(float)
    u = total_sigma(near, "h_c_oe").to_numpy(float) / h_c**2
    inverse = np.sign(near["r_ahe_ohm"].to_numpy(float)) / h_c
    temperature = near["temperature_k"].to_numpy(float)
    origin = float(np.average(temperature, weights=u**-2))  # offset and slope do not correlate
    line = weighted_line(temperature - origin, inverse, u)
    offset, slope = line.value
    gradient = np.array([-1 / slope, offset / slope**2])
    return origin - offset / slope, float(np.sqrt(gradient @ line.covariance @ gradient))

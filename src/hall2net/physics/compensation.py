"""Compensation temperature of a ferrimagnet from its loops at several temperatures."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hall2net.errors import Hall2netError
from hall2net.physics.lines import weighted_line
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

    @property
    def total(self) -> float:
        """Both uncertainties in quadrature."""
        return float(np.hypot(self.stat, self.sys))


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
        return Compensation(middle, 0.0, sigma)
    sys = max(abs(zero - middle), sigma)
    return Compensation(zero, stat, sys) if low < zero < high else Compensation(middle, 0.0, sys)


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

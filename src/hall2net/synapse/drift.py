"""Drift of the states: one slope for all where one describes them, else each its own."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import chdtrc

_REJECTED = 0.05
"""Probability of a chi-square as large by chance, below which one slope does not describe all."""


@dataclass(frozen=True)
class Drift:
    """Change of resistance per decade of time after the write, as one table of states gives it.

    Attributes
    ----------
    slope, sigma : (K,) in ohm per decade, and 1 sigma; NaN if the drift was not measured, and
        sigma alone if the table gives slopes without uncertainty
    common : one slope for all states, so that its error is the same in all of them
    chi2, dof : of one slope against those of the states; dof is 0 where it cannot be tested
    """

    slope: np.ndarray
    sigma: np.ndarray
    common: bool
    chi2: float = np.nan
    dof: int = 0

    @property
    def measured(self) -> bool:
        """Whether it was measured for any state."""
        return bool(np.isfinite(self.slope).all())


def drift_of(lut: pd.DataFrame) -> Drift:
    """The drift of a look-up table, its states pooled where one slope describes them.

    The weighted mean of the measured slopes stands for all states unless a chi-square test rejects
    it at 5 %. If it does, each state keeps its own slope, and one that was not measured has the
    mean of the others with their scatter as its 1 sigma.

    Parameters
    ----------
    lut : with `drift_per_decade_ohm` and `drift_per_decade_u_ohm`, as far as they were measured
    """
    slope, sigma = (
        lut.get(column, pd.Series(np.nan, index=lut.index)).to_numpy(float)
        for column in ("drift_per_decade_ohm", "drift_per_decade_u_ohm")
    )
    known = np.isfinite(slope)
    if not known.any():
        nothing = np.full(len(lut), np.nan)
        return Drift(nothing, nothing, common=False)
    if not (np.isfinite(sigma[known]) & (sigma[known] > 0)).all():
        return Drift(np.where(known, slope, slope[known].mean()), sigma, common=False)
    weight = sigma[known] ** -2.0
    mean = float(np.sum(weight * slope[known]) / weight.sum())
    chi2, dof = float(np.sum(weight * (slope[known] - mean) ** 2)), int(known.sum()) - 1
    if dof == 0 or chdtrc(dof, chi2) >= _REJECTED:
        same = np.ones(len(lut))
        return Drift(mean * same, weight.sum() ** -0.5 * same, common=True, chi2=chi2, dof=dof)
    middle, scatter = slope[known].mean(), slope[known].std(ddof=1)
    return Drift(np.where(known, slope, middle), np.where(known, sigma, scatter), False, chi2, dof)

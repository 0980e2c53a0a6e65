"""Whether numbers agree: points with the curve through them, and two values with each other."""

from dataclasses import replace

import numpy as np
from scipy.special import chdtrc, ndtr

from hall2net.physics.lines import LinearFit, scatter_reason

_BY_CHANCE = 0.01
"""Probability of a chi2 or larger, below which scatter is more than chance."""


def as_stated(fit: LinearFit) -> tuple[LinearFit, str]:
    """A fit whose uncertainties are widened only where the scatter is more than chance.

    For points whose uncertainties come from many readings each, so that a few of them that happen
    to scatter say little.

    Parameters
    ----------
    fit : of `hall2net.physics.lines`

    Returns
    -------
    fit : with its covariance
    reason : words where it was widened; else empty
    """
    if fit.dof < 1 or chdtrc(fit.dof, fit.chi2) > _BY_CHANCE:
        return replace(fit, covariance=fit.covariance / fit.widened**2, widened=1.0), ""
    return fit, scatter_reason(fit.chi2, fit.dof)


def difference(first: tuple[float, float], second: tuple[float, float]) -> tuple[float, float]:
    """Difference of two independent values over its sigma, and the chance of one as large.

    Parameters
    ----------
    first, second : value and 1 sigma; NaN where it is not known

    Returns
    -------
    z : (first - second)/sigma
    p : two-sided probability of a normal distribution
    """
    z = (first[0] - second[0]) / float(np.hypot(first[1], second[1]))
    return float(z), float(2 * ndtr(-abs(z)))

"""Straight lines and other linear fits whose uncertainties follow the scatter.

Every series of the project is fitted here: H_0 against current, the pulse-width law, the line
through zero at T_M, a current-voltage curve. Stated uncertainties are kept where the points agree
with them, and widened where the points scatter more: by the Birge ratio sqrt(chi2/dof) (Birge,
Phys. Rev. 40, 207 (1932)), never below 1, times Student's factor, because a ratio from a few
degrees of freedom is itself uncertain.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

from hall2net.errors import Hall2netError

_NOTICEABLE = 1.5  # widening from which a reader should be warned; Student alone gives 1.4 at dof 3


@dataclass(frozen=True)
class LinearFit:
    """Parameters of a linear fit, with what the scatter says of them."""

    value: np.ndarray
    """(p,), of the columns of the design; a straight line has intercept and slope."""
    covariance: np.ndarray
    """(p, p), widened already."""
    chi2: float
    """Sum of squared residuals over their stated uncertainties."""
    dof: int
    widened: float
    """Factor on the stated uncertainties, from `widening`."""

    @property
    def sigma(self) -> np.ndarray:
        """(p,), 1 sigma of each parameter."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def reason(self) -> str:
        """Words for a table where the points scatter noticeably more than stated; else empty."""
        return scatter_reason(self.chi2, self.dof)


def widening(chi2: float, dof: int) -> float:
    """Factor on stated uncertainties that makes value +- 1.96 sigma a 95 % interval.

    max(1, sqrt(chi2/dof) t(0.975, dof)/1.96). With true errors of r times the stated ones it
    covers 95 % for large r, and between 95 and 99.3 % (dof = 1), 97 % (dof = 10) for r = 1.

    Parameters
    ----------
    chi2 : sum of squared residuals over their stated uncertainties
    dof : degrees of freedom; without any the factor is 1
    """
    if dof < 1:
        return 1.0
    return max(1.0, float(np.sqrt(chi2 / dof) * student_factor(dof)))


def student_factor(dof: float) -> float:
    """t(0.975, dof)/1.96: what a sigma estimated from `dof` degrees of freedom is multiplied by."""
    return float(stdtrit(dof, 0.975) / ndtri(0.975))


def scatter_reason(chi2: float, dof: int) -> str:
    """Words for a table where uncertainties were widened noticeably; else empty."""
    factor = widening(chi2, dof)
    if factor < _NOTICEABLE or chi2 <= dof:
        return ""
    return f"chi2/dof {chi2 / dof:.3g} with dof {dof}: uncertainties widened {factor:.1f} times"


def weighted_fit(design: np.ndarray, y: np.ndarray, u: np.ndarray | None = None) -> LinearFit:
    """Weighted least squares y = design @ value, with widened uncertainties.

    Parameters
    ----------
    design : (n, p)
    y : (n,)
    u : (n,), 1 sigma of y; None where it is unknown: then the scatter alone gives it

    Raises
    ------
    Hall2netError
        If there are fewer points than parameters, parameters that the points do not tell apart,
        an uncertainty that is not above zero, or no scatter to estimate an unknown one.
    """
    n, p = design.shape
    if n < p:
        raise Hall2netError(f"{n} points for {p} parameters")
    if np.linalg.matrix_rank(design) < p:
        raise Hall2netError("points at one place do not give a slope")
    if u is not None and not np.all(np.isfinite(u) & (u > 0)):
        raise Hall2netError("an uncertainty is missing or zero")
    sigma = np.ones(n) if u is None else u
    weighted = design / sigma[:, None]
    value = np.linalg.lstsq(weighted, y / sigma, rcond=None)[0]
    chi2, dof = float(np.sum((y / sigma - weighted @ value) ** 2)), n - p
    if u is None and dof < 1:
        raise Hall2netError(f"{n} points for {p} parameters leave no scatter")
    if u is None:
        factor, chi2 = float(np.sqrt(chi2 / dof)) * student_factor(dof), float(dof)
    else:
        factor = widening(chi2, dof)
    covariance = factor**2 * np.linalg.inv(weighted.T @ weighted)
    return LinearFit(value, covariance, chi2, dof, factor)


def weighted_line(x: np.ndarray, y: np.ndarray, u: np.ndarray | None = None) -> LinearFit:
    """Straight line y = value[0] + value[1] x; see `weighted_fit`.

    Parameters
    ----------
    x, y : (n,)
    u : (n,), 1 sigma of y; None where it is unknown
    """
    x = np.asarray(x, dtype=float)
    return weighted_fit(np.column_stack([np.ones_like(x), x]), np.asarray(y, dtype=float), u)

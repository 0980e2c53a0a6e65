"""Centres of loops against current and in-plane field: slopes, plateau, and knee at H_DMI.

The model of a sample's loops is H_0 = b(H_x) + I s(H_x), with b from tilt and remanence, and
s(H_x) = P clip(H_x/H_DMI, -1, 1) + G: the torque on Neel walls, aligned from H_DMI on, beside a
part G that needs no in-plane field. P is odd in H_x and G even, so that fitting both to fields of
both signs is the average over +-H_x.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.stats import norm
from scipy.stats import t as student

from hall2net.errors import Hall2netError

SHIFTS = ("line", "pair")
"""line: slope of H_0 against I with an intercept | pair: H_0(+I) - H_0(-I) at equal |I|."""

_SIGNIFICANT = 9.0  # gain in chi2 that a torque, a plateau or a knee must bring
_SCATTER_DOF = 6.0  # degrees of freedom from which the scatter of the loops is trusted
_ONE_TEMPERATURE_K = 5.0
_LEFT_OUT = 0.1  # share of refused loops that is worth a word


@dataclass(frozen=True)
class Knee:
    """dH_0/dI = plateau clip(H_x/H_DMI, -1, 1) + zero, in Oe/mA; H_DMI in Oe."""

    plateau: float
    zero: float
    covariance: np.ndarray
    """(2, 2), of plateau and zero."""
    h_dmi: float = np.nan
    """NaN where no field lies below the knee: then the plateau is at all fields."""
    h_dmi_u: float = np.nan
    reason: str = ""

    def slope(self, field_x: np.ndarray) -> np.ndarray:
        """dH_0/dI at the in-plane fields `field_x` (Oe)."""
        known = np.isfinite(self.h_dmi)
        share = np.clip(field_x / self.h_dmi, -1, 1) if known else np.sign(field_x)
        return self.plateau * share + self.zero


def usable_loops(loops: pd.DataFrame, sample: str) -> tuple[pd.DataFrame, str]:
    """Loop centres of a sample, and what is to be said about loops left out.

    Parameters
    ----------
    loops : loops.csv
    sample : whose loops

    Returns
    -------
    points : DataFrame with `field_x_oe`, `current_ma`, `h_0_oe` and `u_oe` (noise and field step)
    reason : empty unless many loops are missing

    Raises
    ------
    Hall2netError
        If the loops are from several temperatures.
    """
    own = loops[(loops["sample"] == sample) & (loops["kind"] == "loop_shift")]
    needed = ["field_x_oe", "current_ma", "h_0_oe", "h_0_u_oe"]
    usable = own[
        (own["status"] != "refused") & own[needed].notna().all(axis=1) & (own["current_ma"] != 0)
    ]
    if usable["temperature_k"].max() - usable["temperature_k"].min() > _ONE_TEMPERATURE_K:
        raise Hall2netError("loop shifts at several temperatures")
    # A centre is the mean of two switching fields, each with a field step of its own.
    step = usable["h_step_u_oe"].fillna(0) / np.sqrt(2)
    points = usable[needed[:3]].assign(u_oe=np.hypot(usable["h_0_u_oe"], step))
    left_out = len(own) - len(usable)
    many = left_out > _LEFT_OUT * len(own)
    reason = f"{left_out} of {len(own)} loops left out" if many else ""
    return points.reset_index(drop=True), reason


def centre_slopes(points: pd.DataFrame, shift: str) -> pd.DataFrame:
    """dH_0/dI and the centre without current, at each in-plane field.

    Both are sums of the centres with weights that suit a noise in proportion to 1/|I|; their
    uncertainties follow from those of the centres, whatever these are.

    Parameters
    ----------
    points : as from `usable_loops`
    shift : one of `SHIFTS`

    Returns
    -------
    DataFrame ordered by `field_x_oe`: `slope`, `slope_u` (Oe/mA), `intercept`, `intercept_u` (Oe),
    `n_loops`. Fields without currents of both signs are left out.
    """
    rows = []
    for field_x, own in points.groupby("field_x_oe"):
        current = own["current_ma"].to_numpy()
        weights = _line_weights(current) if shift == "line" else _pair_weights(current)
        if weights is None:
            continue
        values = weights @ own["h_0_oe"].to_numpy()
        spreads = np.sqrt(weights**2 @ own["u_oe"].to_numpy() ** 2)
        rows.append((field_x, values[0], spreads[0], values[1], spreads[1], len(own)))
    columns = ["field_x_oe", "slope", "slope_u", "intercept", "intercept_u", "n_loops"]
    return pd.DataFrame(rows, columns=columns)


def _line_weights(current: np.ndarray) -> np.ndarray | None:
    """(2, n), least squares with the weights I^2: slope and intercept."""
    if not current.min() < 0 < current.max():
        return None
    design = np.column_stack([current, np.ones_like(current)])
    weighted = design.T * current**2
    return np.linalg.solve(weighted @ design, weighted)


def _pair_weights(current: np.ndarray) -> np.ndarray | None:
    """(2, n), mean over pairs: half differences by I with the weights I^4, half sums with I^2."""
    magnitude = np.round(np.abs(current), 6)
    weights, norms = np.zeros((2, current.size)), np.zeros((2, 1))
    for size in np.unique(magnitude):
        up = (magnitude == size) & (current > 0)
        down = (magnitude == size) & (current < 0)
        if up.any() and down.any():
            up, down = up / up.sum(), down / down.sum()
            weights += [size**4 * (up - down) / (2 * size), size**2 * (up + down) / 2]
            norms += [[size**4], [size**2]]
    return weights / norms if norms.all() else None


def fit_knee(field_x: np.ndarray, slope: np.ndarray, slope_u: np.ndarray) -> Knee:
    """Least-squares plateau, zero-field part and H_DMI of dH_0/dI against in-plane field.

    Which fields lie below the knee is tried out; for each choice the fit is linear.

    Parameters
    ----------
    field_x : (n,), Oe
    slope, slope_u : (n,), Oe/mA

    Returns
    -------
    The fit with the least squares of all choices, with its uncertainties.

    Raises
    ------
    Hall2netError
        If there is no in-plane field, or no plateau within the fields.
    """
    sizes = np.unique(np.abs(field_x[field_x != 0]))
    if not sizes.size:
        raise Hall2netError("no loop shift with an in-plane field")
    above, below = (field_x > 0).any(), (field_x < 0).any()
    # Without a second sign or a zero nothing tells the even part from the odd one.
    even = [np.ones_like(field_x)] if (above and below) or (field_x == 0).any() else []

    def solve(*shapes: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
        design = np.column_stack([*shapes, *even]) / slope_u[:, None]
        values = np.linalg.lstsq(design, slope / slope_u, rcond=None)[0]
        chi2 = float(np.sum((slope / slope_u - design @ values) ** 2))
        covariance = np.linalg.pinv(design.T @ design)
        if not even:
            values, covariance = np.append(values, 0.0), np.pad(covariance, (0, 1))
        return values, covariance, chi2

    flat, flat_covariance, flat_chi2 = solve(np.sign(field_x))
    without_knee = Knee(flat[0], flat[1], flat_covariance)
    best, best_chi2 = without_knee, flat_chi2
    for low, high in zip(sizes[:-1], sizes[1:], strict=True):
        inside = np.abs(field_x) <= low
        values, covariance, chi2 = solve(
            np.where(inside, 0, np.sign(field_x)), np.where(inside, field_x, 0)
        )
        h_dmi = values[0] / values[1] if values[1] else np.inf
        gradient = np.array([1, -h_dmi]) / values[1] if values[1] else np.zeros(2)
        if not low <= h_dmi <= high:
            h_dmi = low if h_dmi < low else high
            values, _, chi2 = solve(np.clip(field_x / h_dmi, -1, 1))
        if chi2 < best_chi2:
            h_dmi_u = float(np.sqrt(gradient @ covariance[:2, :2] @ gradient))
            kept = covariance[np.ix_([0, 2], [0, 2])]
            best, best_chi2 = Knee(values[0], values[-1], kept, h_dmi, h_dmi_u), chi2

    if solve(np.zeros_like(field_x))[2] - best_chi2 < _SIGNIFICANT:
        return replace(without_knee, reason="no torque beyond the uncertainty")
    if sizes.size > 1 and solve(field_x)[2] - best_chi2 < _SIGNIFICANT:
        raise Hall2netError(f"no plateau up to H_x = {sizes[-1]:g} Oe")
    if flat_chi2 - best_chi2 < _SIGNIFICANT:
        return replace(without_knee, reason=f"no knee: H_DMI below {sizes[0]:g} Oe or not resolved")
    one_sign = "" if above and below else "in-plane field of one sign only"
    return replace(best, reason=one_sign)


def rescaled(points: pd.DataFrame, knee: Knee) -> tuple[pd.DataFrame, float]:
    """Uncertainties of the centres as their scatter about the fit shows them, for each |I|.

    A loop on its own has to take its field step as unknown, while the interpolation of many loops
    shows how well it finds the crossing. Where a magnitude of current has loops enough, their
    scatter decides, widened by Student's t so that 1.96 sigma hold 95 %.

    Returns
    -------
    points : with the new `u_oe`
    scatter : the largest ratio of scatter to stated uncertainty; NaN with too few loops
    """
    current, field_x = points["current_ma"].to_numpy(), points["field_x_oe"].to_numpy()
    u = points["u_oe"].to_numpy()
    # Residuals about the fitted slopes, each field's centres less their mean with the weights I^2.
    same = field_x[:, None] == field_x
    mean = same * current**2 / (same @ current**2)[:, None]
    left = np.eye(len(points)) - mean
    residual = left @ (points["h_0_oe"].to_numpy() - current * knee.slope(field_x))
    expected = left**2 @ u**2
    information = current**2 / u**2
    magnitude = np.round(np.abs(current), 6)
    scaled, scatters = u.copy(), []
    for size in np.unique(magnitude):
        own = magnitude == size
        fitted = 3 * information[own].sum() / information.sum()
        freedom = np.trace(left[np.ix_(own, own)]) - fitted
        if freedom < _SCATTER_DOF:
            continue
        share = (freedom + fitted) / freedom
        scatter = np.sqrt(share * np.sum(residual[own] ** 2) / np.sum(expected[own]))
        scaled[own] *= scatter * student.ppf(0.975, freedom) / norm.ppf(0.975)
        scatters.append(float(scatter))
    return points.assign(u_oe=scaled), max(scatters, default=np.nan)

"""Centres of loops against current: the slope dH_0/dI at each in-plane field, and its uncertainty.

The model of a sample's loops is H_0 = b(H_x) + I s(H_x), with b from tilt and remanence. How s
depends on the in-plane field stands in `knee`.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.linalg import block_diag, null_space
from scipy.optimize import brentq

from hall2net.errors import Hall2netError
from hall2net.physics.lines import scatter_reason, student_factor, widening
from hall2net.tables import total_sigma

SHIFTS = ("line", "pair")
"""line: slope of H_0 against I with an intercept | pair: H_0(+I) - H_0(-I) at equal |I|."""

_SHOWN = 2.0  # gain in -2 ln L from which the scatter shows how it depends on the current
_MANY_DOF = 20  # from here on the scatter says how large the errors of the field step are
_ONE_TEMPERATURE_K = 5.0  # loops this close in temperature belong to one series
_LEFT_OUT = 0.1  # fraction of refused loops that is worth a word


def usable_loops(loops: pd.DataFrame, sample: str) -> tuple[pd.DataFrame, str]:
    """Loop centres of a sample, and the words on loops left out.

    Parameters
    ----------
    loops : loops.csv
    sample : whose loops

    Returns
    -------
    points : DataFrame ordered by `field_x_oe`, with `current_ma`, `h_0_oe`, `noise_u_oe`, 1 sigma
        of the centre from noise and choice of the background (where given), and `u_oe`, from
        these and the field step
    reason : empty unless many loops are missing

    Raises
    ------
    Hall2netError
        If the loops are from several temperatures.
    """
    series = loops[(loops["sample"] == sample) & (loops["kind"] == "loop_shift")]
    needed = ["field_x_oe", "current_ma", "h_0_oe", "h_0_u_oe"]
    kept = series[
        (series["status"] != "refused")
        & series[needed].notna().all(axis=1)
        & (series["current_ma"] != 0)
    ]
    lowest, highest = kept["temperature_k"].min(), kept["temperature_k"].max()
    if highest - lowest > _ONE_TEMPERATURE_K:
        raise Hall2netError(
            f"loop shifts at several temperatures, {lowest:g} to {highest:g} K: "
            "give each temperature a sample of its own"
        )
    noise_u = kept["h_0_u_oe"]
    if "h_0_sys_oe" in kept:
        noise_u = np.hypot(noise_u, kept["h_0_sys_oe"].fillna(0))
    points = kept[needed[:3]].assign(noise_u_oe=noise_u, u_oe=total_sigma(kept, "h_0_oe"))
    n_refused = len(series) - len(kept)
    many = n_refused > _LEFT_OUT * len(series)
    reason = f"{n_refused} of {len(series)} loops left out" if many else ""
    return points.sort_values("field_x_oe", kind="stable", ignore_index=True), reason


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
    for field_x, loops in points.groupby("field_x_oe"):
        current = loops["current_ma"].to_numpy()
        weights = _line_weights(current) if shift == "line" else _pair_weights(current)
        if weights is None:
            continue
        values = weights @ loops["h_0_oe"].to_numpy()
        sigmas = np.sqrt(weights**2 @ loops["u_oe"].to_numpy() ** 2)
        rows.append((field_x, values[0], sigmas[0], values[1], sigmas[1], len(loops)))
    columns = ["field_x_oe", "slope", "slope_u", "intercept", "intercept_u", "n_loops"]
    return pd.DataFrame(rows, columns=columns)


def no_slope(points: pd.DataFrame, shift: str) -> str:
    """Why no field of a series gives a slope, with the setting or the loops that would help."""
    if points.empty:
        return "no usable loop of a loop shift"
    currents = points.groupby("field_x_oe")["current_ma"]
    both_signs = ((currents.min() < 0) & (currents.max() > 0)).any()
    if both_signs and shift == "pair":
        return "no two currents of equal size and opposite sign: use `loop_shift: line`"
    return "no in-plane field has loops with currents of both signs: measure the other sign"


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


@dataclass(frozen=True)
class Scatter:
    """Scatter of centres about the straight lines H_0(I) of their fields, over a whole series."""

    chi2: float
    """Sum of squared residuals over stated uncertainties, all fields and currents together."""
    dof: int

    @property
    def ratio(self) -> float:
        """Birge ratio sqrt(chi2/dof); NaN without a degree of freedom."""
        return float(np.sqrt(self.chi2 / self.dof)) if self.dof else np.nan

    @property
    def reason(self) -> str:
        """Words where the uncertainties were widened noticeably; else empty."""
        words = scatter_reason(self.chi2, self.dof)
        return f"centres scatter about H_0(I): {words}" if words else ""


def widened(points: pd.DataFrame) -> tuple[pd.DataFrame, Scatter]:
    """Uncertainties of the centres, as the scatter of the whole series asks for.

    Residuals are those about one straight line H_0(I) at each field, pooled over all fields and
    currents of the series, whatever its currents are. Excess scatter is one variance that all
    loops have in common, of the size that makes chi2 equal to dof (Paule and Mandel, J. Res. Natl.
    Bur. Stand. 87, 377 (1982)): nucleation, stage and temperature do not know the current. Only
    where the likelihood clearly prefers a scatter in proportion to the stated uncertainties, these
    are multiplied by the Birge ratio instead. Both include Student's factor. No uncertainty becomes
    smaller than that of the noise. A loop on its own has to take the error of its field step as the
    largest possible; a long series shows how large it is, and may make that part smaller.

    Parameters
    ----------
    points : as from `usable_loops`

    Returns
    -------
    points : with the new `u_oe`, ordered by `field_x_oe`
    scatter : of the stated uncertainties
    """
    points = points.sort_values("field_x_oe", kind="stable", ignore_index=True)
    contrasts = _contrasts(points)
    residual = contrasts @ points["h_0_oe"].to_numpy()
    stated = points["u_oe"].to_numpy() ** 2

    def covariance(variance: np.ndarray) -> np.ndarray:
        return (contrasts * variance) @ contrasts.T

    def chi2(variance: np.ndarray) -> float:
        return float(residual @ np.linalg.solve(covariance(variance), residual))

    def deviance(variance: np.ndarray) -> float:
        return chi2(variance) + float(np.linalg.slogdet(covariance(variance))[1])

    dof = residual.size
    if not dof:
        return points, Scatter(0.0, 0)
    scatter = Scatter(chi2(stated), dof)
    factor, student = widening(scatter.chi2, dof), student_factor(dof) ** 2
    if factor == 1 and dof < _MANY_DOF:
        return points, scatter
    if factor == 1:
        shown = student * scatter.chi2 / dof * stated
        return points.assign(u_oe=np.sqrt(np.maximum(shown, points["noise_u_oe"] ** 2))), scatter
    highest = student * float(residual @ residual) / dof  # contrasts are orthonormal
    added = brentq(lambda x: student * chi2(stated + x) - dof, 0, highest)
    variance, proportional = stated + added, factor**2 * stated
    if deviance(variance / student) - deviance(proportional / student) > _SHOWN:
        variance = proportional
    return points.assign(u_oe=np.sqrt(variance)), scatter


def _contrasts(points: pd.DataFrame) -> np.ndarray:
    """(dof, n), orthonormal sums of centres that vanish on a straight line at every field."""
    currents = [loops["current_ma"].to_numpy() for _, loops in points.groupby("field_x_oe")]
    designs = [np.vstack([current, np.ones_like(current)]) for current in currents]
    blocks = [null_space(design).T for design in designs]
    return block_diag(*blocks) if blocks else np.zeros((0, 0))

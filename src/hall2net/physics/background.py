"""What lies below a loop, from its saturated windows: offset, half swing, slope, drift."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import median_filter

SLOPES = {
    "fitted": "slope, even part and drift, with the loop",
    "none": "none of them, as for data that the instrument has corrected",
}
"""What is fitted besides offset and half swing."""

_FEWEST_IN_WINDOW = 3
_LEAST_NOISE = 1e-9
_SPIKE_SIGMA = 6.0
_SIGNIFICANT = 5.0
_SAME_LEVEL = 0.2


class Refused(Exception):
    """Why a loop gives no number."""


@dataclass(frozen=True)
class Background:
    """Joint fit of the saturated windows.

    Attributes
    ----------
    values : (5,), R0, R_A, slope (ohm/Oe), even part (ohm at the largest field) and drift (ohm over
        the whole sweep)
    covariance : (5, 5), zero for what was not fitted
    sigma : noise of one point, in ohm
    correlation : of the noise from one point to the next, 0 to 0.9
    largest : largest field, in Oe
    """

    values: np.ndarray
    covariance: np.ndarray
    sigma: float
    correlation: float
    largest: float

    def normalised(
        self, field: np.ndarray, progress: np.ndarray, resistance: np.ndarray
    ) -> np.ndarray:
        """Magnetisation m(H) from -1 to 1.

        Parameters
        ----------
        field : (n,), in Oe
        progress : (n,), from -1/2 to 1/2 over the measurement
        resistance : (n,), in ohm
        """
        return (resistance - self.below(field, progress) @ self.values) / self.values[1]

    def gradient(
        self, field: np.ndarray, progress: np.ndarray | float, m: np.ndarray
    ) -> np.ndarray:
        """Derivatives (n, 5) of m by the values, but for their sign.

        Parameters
        ----------
        field : (n,), in Oe
        progress : (n,) or one for all, from -1/2 to 1/2 over the measurement
        m : (n,), magnetisation from -1 to 1
        """
        below = self.below(field, progress)
        below[:, 1] = m
        return below / self.values[1]

    def below(self, field: np.ndarray, progress: np.ndarray | float) -> np.ndarray:
        """Derivatives of what lies below the loop by the values, (..., 5)."""
        one = np.ones_like(field)
        even = (field / self.largest) ** 2
        return np.stack([one, 0 * one, field, even, progress * one], axis=-1)


def fit_background(
    field: np.ndarray,
    resistance: np.ndarray,
    rising: np.ndarray,
    progress: np.ndarray,
    window: float,
    slope: str,
) -> Background:
    """Fit R = R0 ± R_A + k H + c (H/H_max)^2 + d p where both branches are saturated.

    Parameters
    ----------
    field : (n,), in Oe
    resistance : (n,), in ohm
    rising : (n,), whether a point belongs to the increasing branch
    progress : (n,), p from -1/2 to 1/2 over the measurement
    window : fraction of the sweep that counts as saturated, half of it at each end
    slope : key of `SLOPES`

    Returns
    -------
    The values with their covariance, widened where the noise is correlated.

    Raises
    ------
    Refused
        If the windows are not filled, no amplitude stands out of the noise, the loop is still open
        in them, or sweeps of one field differ.
    """
    low, high = field.min(), field.max()
    span = high - low
    if low >= 0 or high <= 0 or min(-low, high) < 0.25 * span:
        raise Refused("one-sided sweep: no hysteresis to be seen")
    upper, lower = field > high - window * span / 2, field < low + window * span / 2
    for part in (rising, ~rising):
        if (upper & part).sum() < _FEWEST_IN_WINDOW or (lower & part).sum() < _FEWEST_IN_WINDOW:
            raise Refused("open loop: a branch does not reach both ends, no hysteresis to be seen")
    saturated = upper | lower
    largest = float(max(high, -low))
    design = np.column_stack(
        [np.ones(field.size), np.where(upper, 1.0, -1.0), field, (field / largest) ** 2, progress]
    )
    fitted = [0, 1, 2, 3, 4] if slope == "fitted" else [0, 1]
    a, y = design[saturated][:, fitted], resistance[saturated]
    values, covariance = np.zeros(5), np.zeros((5, 5))
    values[fitted], _, rank, _ = np.linalg.lstsq(a, y, rcond=None)
    if rank < a.shape[1]:
        raise Refused("too few points")
    rest = y - a @ values[fitted]
    free = y.size - a.shape[1]
    # Two fewer than the free points, as in the variance of Student's t.
    sigma = float(np.sqrt(rest @ rest / max(free - 2, 1)))
    sigma = max(sigma, _LEAST_NOISE * abs(values[1]))
    inverse = np.linalg.inv(a.T @ a)
    # Correlated noise widens the errors: by (1 + r)/(1 - r) at a lag-one correlation r. The fit
    # itself makes neighbouring residuals of white noise differ, by what is added here.
    r = float(rest[1:] @ rest[:-1] / (rest @ rest)) if np.any(rest) else 0.0
    r = float(np.clip(r + np.sum((a @ inverse)[1:] * a[:-1]) / free, 0, 0.9))
    covariance[np.ix_(fitted, fitted)] = inverse * sigma**2 * (1 + r) / (1 - r)
    background = Background(values, covariance, sigma, float(r), largest)
    _check_one_measurement(resistance - design @ (values * [1, 0, 1, 1, 1]), rising, upper, lower)
    if abs(values[1]) < _SIGNIFICANT * np.sqrt(covariance[1, 1]) or not values[1]:
        raise Refused("no hysteresis")
    _check_saturated(background, field, resistance, rising, progress, upper, lower)
    return background


def _check_one_measurement(
    resistance: np.ndarray, rising: np.ndarray, upper: np.ndarray, lower: np.ndarray
) -> None:
    """Where a field is swept several times, every sweep must find the same levels."""
    sweep = np.cumsum(np.diff(rising, prepend=rising[0]) != 0)
    low, high = np.quantile(resistance, [0.05, 0.95])
    for side in (upper, lower):
        for part in (side & rising, side & ~rising):
            levels = [
                np.median(resistance[part & (sweep == k)])
                for k in np.unique(sweep[part])
                if (part & (sweep == k)).sum() >= _FEWEST_IN_WINDOW
            ]
            if len(levels) > 1 and np.ptp(levels) > _SAME_LEVEL * (high - low):
                raise Refused("mixed measurements: sweeps of one field find different levels")


def _check_saturated(
    background: Background,
    field: np.ndarray,
    resistance: np.ndarray,
    rising: np.ndarray,
    progress: np.ndarray,
    upper: np.ndarray,
    lower: np.ndarray,
) -> None:
    """Branches must have met inside both windows, else the loop is still open there."""
    m = background.normalised(field, progress, resistance)
    noise = background.sigma / abs(background.values[1])
    for side in (upper, lower):
        gap = m[side & rising].mean() - m[side & ~rising].mean()
        share = 1 / (side & rising).sum() + 1 / (side & ~rising).sum()
        if abs(gap) > max(0.1, _SIGNIFICANT * noise * np.sqrt(share)):
            raise Refused("not saturated: the branches differ at the end of the field range")


def rising_branch(field: np.ndarray) -> np.ndarray:
    """Whether the field rises at each point, judged over five points so that jitter is no matter.

    A branch may lie at both ends of the file: 0 to +H to -H to 0 has its rising branch there.
    """
    smooth = median_filter(field, 5, mode="nearest")
    step = smooth[np.minimum(np.arange(field.size) + 2, field.size - 1)]
    step = step - smooth[np.maximum(np.arange(field.size) - 2, 0)]
    return step > 0


def spikes(resistance: np.ndarray) -> np.ndarray:
    """Points far off the median of their neighbours; a switching edge is kept by the median."""
    rest = resistance - median_filter(resistance, 5, mode="nearest")
    scale = 1.4826 * np.median(np.abs(rest - np.median(rest)))
    # The median of five normal numbers leaves a little less than their own scatter.
    return np.abs(rest) > _SPIKE_SIGMA * 1.15 * scale if scale else np.zeros(rest.size, bool)

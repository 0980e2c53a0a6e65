"""Noise of a measured curve from differences of neighbouring points, without a model of it."""

from collections.abc import Sequence

import numpy as np

_NORMAL = 1.4826
"""Standard deviation over the median of the absolute values, of normal numbers."""
_LEAST = 1e-9
"""Noise that a curve has at least, as a fraction of its range: below it are rounding errors."""
_SPIKE_SIGMA = 6.0
"""A single point further than this from both neighbours is no noise: one of 1e8 normal points."""


def from_neighbours(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Each inner point less the line through its neighbours, scaled to the noise of one point.

    Parameters
    ----------
    x : (n,), increasing
    y : (n,)

    Returns
    -------
    (n - 2,); of white noise alone they have its standard deviation.
    """
    span = x[2:] - x[:-2]
    w = np.divide(x[1:-1] - x[:-2], span, out=np.full(span.size, 0.5), where=span > 0)
    return (y[1:-1] - (1 - w) * y[:-2] - w * y[2:]) / np.sqrt(1 + w**2 + (1 - w) ** 2)


def point_noise(branches: Sequence[tuple[np.ndarray, np.ndarray]]) -> float:
    """Standard deviation of the noise of one point; edges and spikes do not count.

    Parameters
    ----------
    branches : x (increasing) and y of each branch

    Notes
    -----
    The median of the absolute differences. Where an instrument's digits are coarser than its
    noise most differences vanish; then their root mean square inside the 90 % quantile counts,
    and at least the error of rounding, a step over the root of twelve.
    """
    y = np.concatenate([values for _, values in branches])
    differences = np.concatenate([from_neighbours(*branch) for branch in branches])
    size = np.abs(differences)
    sigma = _NORMAL * float(np.median(size)) if size.size else 0.0
    values = np.unique(y)
    if values.size < 0.5 * y.size:
        steps = np.diff(values)
        quantum = (
            float(np.median(steps[steps < np.quantile(steps, 0.5) * 1.5]))
            if (steps.size > 1)
            else 0.0
        )
        inner = size[size <= np.quantile(size, 0.9)] if size.size else size
        scatter = float(np.sqrt(np.mean(inner**2))) if inner.size else 0.0
        sigma = max(sigma, scatter, quantum / np.sqrt(12)) if quantum < np.ptp(y) / 8 else sigma
    return max(sigma, _LEAST * float(np.ptp(y)), float(np.finfo(float).tiny))


def scatter_of_most(values: np.ndarray) -> float:
    """Standard deviation of normal numbers from their median distance to the median.

    Parameters
    ----------
    values : (n,); a few of them far from all others do not count
    """
    return _NORMAL * float(np.median(np.abs(values - np.median(values))))


def spikes(y: np.ndarray, sigma: float) -> np.ndarray:
    """Single points beyond both neighbours, as no edge of a loop has them, or at an end.

    Parameters
    ----------
    y : (n,), a branch in the order of its field
    sigma : noise of a point
    """
    found = np.zeros(y.size, bool)
    before, after = y[1:-1] - y[:-2], y[1:-1] - y[2:]
    beyond = (before * after > 0) & (
        np.minimum(np.abs(before), np.abs(after)) > _SPIKE_SIGMA * sigma
    )
    # A spike stands alone: what lies around it agrees.
    around = np.abs(y[2:] - y[:-2]) < 0.5 * np.minimum(np.abs(before), np.abs(after))
    found[1:-1] = beyond & around
    for end, next_one, after_it in ((0, 1, 2), (-1, -2, -3)) if y.size > 3 else ():
        step = abs(y[end] - y[next_one])
        found[end] = step > _SPIKE_SIGMA * sigma and abs(y[next_one] - y[after_it]) < 0.5 * step
    return found

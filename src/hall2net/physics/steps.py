"""How a branch goes from one saturation to the other: in one step, in several, or beyond them."""

from dataclasses import dataclass

import numpy as np

_BIN_NOISE = 0.08
"""Points are averaged until m is known to this, so that a step of a quarter of the swing shows."""
_FEWEST_BINS, _MOST_BINS = 12, 48
_SATURATED = 0.85
"""|m| beyond which a branch is not on its way any more."""
_PLATEAU_LEVEL = 0.55
"""|m| of a plateau; a step smaller than a fifth of the swing may be a rounded corner."""
_PLATEAU_WIDTH = 0.25
"""Least width of a plateau, as a fraction of the whole way from one saturation to the other."""
_PLATEAU_SLOPE = 0.25
"""Largest slope of a plateau over that of the steps beside it."""
_BEYOND, _BEYOND_SIGMA = 0.15, 4.0
"""A signal is beyond saturation where |m| - 1 exceeds both, the latter in sigma, in two bins."""


@dataclass(frozen=True)
class Shape:
    """Steps of one branch.

    Attributes
    ----------
    plateaus : (level, from, to) of each, m and fields
    fields : field of each step, at half its height
    beyond : largest |m| where the signal exceeds saturation, and its field; or None
    """

    plateaus: tuple[tuple[float, float, float], ...]
    fields: tuple[float, ...]
    beyond: tuple[float, float] | None


def shape_of(field: np.ndarray, m: np.ndarray, noise: np.ndarray) -> Shape:
    """Plateaus and overshoots of a branch.

    Parameters
    ----------
    field : (n,), increasing
    m : (n,), from -1 at the low end to 1, or reversed
    noise : (n,), of m
    """
    h, y, sigma = _binned(field, m, noise)
    sign = 1.0 if y[-1] >= y[0] else -1.0
    beyond = _beyond(h, y, sigma) or _beyond(field, m, noise)
    plateaus = tuple(
        (sign * level, low, high) for level, low, high in _plateaus(h, sign * y, sigma)
    )
    return Shape(
        plateaus, _steps(h, sign * y, [(sign * p[0], p[1], p[2]) for p in plateaus]), beyond
    )


def _binned(
    field: np.ndarray, m: np.ndarray, noise: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n = field.size
    typical = float(np.median(noise))
    bins = int(np.clip(n * (_BIN_NOISE / max(typical, 1e-12)) ** 2, _FEWEST_BINS, _MOST_BINS))
    starts = np.unique(np.linspace(0, n, min(n, bins) + 1).astype(int))[:-1]
    number = np.diff([*starts, n])
    means = np.add.reduceat(np.column_stack([field, m, noise**2]), starts) / number[:, None]
    return means[:, 0], means[:, 1], np.sqrt(means[:, 2] / number)


def _beyond(h: np.ndarray, y: np.ndarray, sigma: np.ndarray) -> tuple[float, float] | None:
    over = np.abs(y) - 1
    high = over > np.maximum(_BEYOND, _BEYOND_SIGMA * sigma)
    pairs = np.flatnonzero(high[1:] & high[:-1] & (np.sign(y[1:]) == np.sign(y[:-1])))
    if not pairs.size:
        return None
    k = int(pairs[np.argmax(over[pairs])])
    return float(np.abs(y[k])), float(h[k])


def _plateaus(h: np.ndarray, y: np.ndarray, sigma: np.ndarray) -> list[tuple[float, float, float]]:
    """The widest stretch between two steps, if there is one."""
    way = _way(y, sigma)
    if way is None or way[1] - way[0] < 4:
        return []
    found = _widest_plateau(h, y, sigma, *way)
    if found is None:
        return []
    i, j, level = found
    return [(level, float(h[i]), float(h[j]))]


def _way(y: np.ndarray, sigma: np.ndarray) -> tuple[int, int] | None:
    """Last bin of the first saturation and first bin of the second."""
    first = np.flatnonzero(y > -_SATURATED + 2 * sigma)
    last = np.flatnonzero(y < _SATURATED - 2 * sigma)
    if not first.size or not last.size or first[0] == 0 or last[-1] == y.size - 1:
        return None
    return int(first[0]) - 1, int(last[-1]) + 1


def _widest_plateau(
    h: np.ndarray, y: np.ndarray, sigma: np.ndarray, first: int, last: int
) -> tuple[int, int, float] | None:
    i, j = np.triu_indices(last - first - 1, 2)
    i, j = i + first + 1, j + first + 1
    c = np.concatenate(
        [
            np.zeros((1, 5)),
            np.cumsum(np.column_stack([np.ones_like(h), h, y, h * y, h * h]), axis=0),
        ]
    )
    n, sx, sy, sxy, sxx = (c[j + 1] - c[i]).T
    spread = np.maximum(sxx - sx**2 / n, 1e-300)
    slope, level = (sxy - sx * sy / n) / spread, sy / n
    error = np.sqrt(np.mean(sigma**2) / spread)
    # What the branch really climbs beside the stretch: on a smooth ramp that is little.
    before = (y[i] - y[first]) / np.maximum(h[i] - h[first], 1e-300)
    after = (y[last] - y[j]) / np.maximum(h[last] - h[j], 1e-300)
    width = h[j] - h[i]
    flat = np.abs(slope) + 2 * error < _PLATEAU_SLOPE * np.minimum(before, after)
    flat &= (np.abs(level) < _PLATEAU_LEVEL) & (width > _PLATEAU_WIDTH * (h[last] - h[first]))
    if not flat.any():
        return None
    k = int(np.argmax(np.where(flat, width, -np.inf)))
    return int(i[k]), int(j[k]), float(level[k])


def _steps(
    h: np.ndarray, y: np.ndarray, plateaus: list[tuple[float, float, float]]
) -> tuple[float, ...]:
    """Fields at half the height of each step."""
    levels = [-1.0, *(p[0] for p in plateaus), 1.0]
    bounds = [h[0], *((p[1] + p[2]) / 2 for p in plateaus), h[-1]]
    fields = []
    for k in range(len(levels) - 1):
        part = (h >= bounds[k]) & (h <= bounds[k + 1])
        x, half = h[part], (levels[k] + levels[k + 1]) / 2
        above = np.flatnonzero(y[part] >= half)
        at = int(above[0]) if above.size else x.size - 1
        fields.append(float(x[at] if at == 0 else (x[at - 1] + x[at]) / 2))
    return tuple(fields)

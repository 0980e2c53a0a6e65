"""Where a branch crosses the middle: the probability of the switching field, given a few points.

Between two points of a sweep the magnetisation may do anything. An error function of unknown
width is laid through the points next to the crossing, and the width is integrated out. Where a
branch jumps within one field step this gives a switching field anywhere between the two points;
where points lie on the slope it becomes the interpolated crossing with the error of the noise.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtri, erf, ndtri

CONFIDENCE = 0.95
"""Probability of the intervals."""

_FIELDS, _WIDTHS, _QUANTILES = 33, 25, 40
_STAGES, _STAGES_OF_FIELD = 7, 4
_MISFIT = 1e-3
_ON_THE_SLOPE = 0.9
_NORMAL = ndtri((np.arange(_QUANTILES) + 0.5) / _QUANTILES)
_RULED_OUT = 1e-5
_LEAST_NOISE = 1e-4
_NARROWEST = 0.005
_SHARP = 0.3


@dataclass(frozen=True)
class Crossing:
    """A switching field, in the unit of the field that it was read from.

    Attributes
    ----------
    value : mean of its distribution
    total : standard deviation, of noise and field step together
    statistical : standard deviation from the noise alone
    width : mean w of m = erf((H - H_sw)/(sqrt(2) w))
    fields : the distribution as its quantiles, equally likely
    near : (n,), the fields that it was read from
    noise : standard deviation of m at these
    """

    value: float
    total: float
    statistical: float
    width: float
    fields: np.ndarray
    near: np.ndarray
    noise: float

    @property
    def step(self) -> float:
        """Standard deviation from the field step alone."""
        return float(np.sqrt(max(self.total**2 - self.statistical**2, 0.0)))


def locate(
    field: np.ndarray, m: np.ndarray, noise: float, covariance: np.ndarray, *, widest: float
) -> Crossing:
    """The switching field of one branch.

    Parameters
    ----------
    field : (n,), increasing fields next to the crossing
    m : (n,), magnetisation there, from -1 to 1
    noise : standard deviation of m from point to point
    covariance : (n, n), of what all points share: errors of the subtracted background, slow noise
    widest : largest width that can be

    Notes
    -----
    The posterior of H_sw and w in m = erf((H - H_sw)/(sqrt(2) w)) with normal errors, flat in H_sw;
    that of w is flat with a share of 1/w, so that an edge within one field step may be of any
    width, on a grid that closes in on it. Where no w describes the points, the errors are
    widened until one does.
    """
    noise = max(noise, _LEAST_NOISE)
    if m.size > 4 and np.all(np.abs(m[1:-1]) < _ON_THE_SLOPE):
        return _interpolated(field, m, noise, covariance)
    whiten = np.linalg.inv(np.linalg.cholesky(noise**2 * np.eye(m.size) + covariance)).T
    fit = _close_in(field, m, whiten, widest)
    free = max(m.size - 2, 1)
    if fit.misfit > chdtri(free, _MISFIT):
        widened = np.sqrt(fit.misfit / free)
        noise, fit = noise * widened, _close_in(field, m, whiten / widened, widest)
    slope = fit.width * np.sqrt(np.pi / 2)
    weight = np.exp(-(((field - fit.mean) / fit.width) ** 2)).sum()
    statistical = min(noise * slope / np.sqrt(max(1.0, weight)), fit.spread)
    return Crossing(fit.mean, fit.spread, statistical, fit.width, fit.fields, field, noise)


def interval(value: float, fields: np.ndarray, scale: float = 1.0) -> tuple[float, float]:
    """Central interval of equally likely fields.

    Parameters
    ----------
    value : the best field, in Oe
    fields : equally likely fields, of any shape, in Oe
    scale : the interval is stretched about `value` by it

    Returns
    -------
    Its two ends, in Oe.
    """
    tails = (1 - CONFIDENCE) / 2
    low, high = np.quantile(fields, [tails, 1 - tails], method="hazen") - value
    return float(value + scale * low), float(value + scale * high)


def _interpolated(
    field: np.ndarray, m: np.ndarray, noise: float, covariance: np.ndarray
) -> Crossing:
    """A crossing with points enough on the slope: a line through their probits, of any shape."""
    inner = slice(1, -1)
    h, z = field[inner], ndtri((1 + m[inner]) / 2)
    # d probit/dm, which makes a point count the less the further from the middle it is.
    stretch = np.sqrt(np.pi / 2) * np.exp(z**2 / 2)
    design = np.stack([h - h.mean(), np.ones(h.size)], axis=-1) / stretch[:, None]
    solve = np.linalg.pinv(design)
    slope, offset = solve @ (z / stretch)
    rest, free = z / stretch - design @ (slope, offset), h.size - 2
    misfit = rest @ rest / noise**2
    own = noise**2 * (misfit / free if misfit > chdtri(free, _MISFIT) else 1.0)
    by_m = np.array([offset / slope**2, -1 / slope]) @ solve
    errors = own * np.eye(h.size) + covariance[inner, inner]
    value, total = float(h.mean() - offset / slope), float(np.sqrt(by_m @ errors @ by_m))
    return Crossing(value, total, total, float(1 / slope), value + total * _NORMAL, field, noise)


@dataclass(frozen=True)
class _Posterior:
    mean: float
    spread: float
    width: float
    misfit: float
    fields: np.ndarray


def _close_in(field: np.ndarray, m: np.ndarray, whiten: np.ndarray, widest: float) -> _Posterior:
    """Posterior on a grid of widths, each with a grid of fields of its own.

    At little noise field and width are tied to each other by the one point that lies on the slope,
    on a line far thinner than the spacing of any common grid.
    """
    gap = float(np.max(np.diff(field)))
    log_w = np.linspace(np.log(_NARROWEST * gap), np.log(widest), _WIDTHS)
    low, high = np.full(_WIDTHS, field[0]), np.full(_WIDTHS, field[-1])
    for stage in range(_STAGES):
        h = np.linspace(low, high, _FIELDS)
        z = (field - h[..., None]) / np.exp(log_w)[:, None]
        misfit = (((m - erf(z / np.sqrt(2))) @ whiten) ** 2).sum(axis=-1)
        best = misfit.min(axis=0)
        p = np.exp((best - misfit) / 2)
        evidence = (
            np.exp((best.min() - best) / 2)
            * p.sum(axis=0)
            * (high - low)
            * (np.exp(log_w) / gap + _SHARP)
        )
        evidence /= evidence.sum()
        p /= p.sum(axis=0)
        if stage == _STAGES - 1:
            break
        centre = (p * h).sum(axis=0)
        reach = np.sqrt((p * (h - centre) ** 2).sum(axis=0))
        reach = np.maximum(5 * reach, 3 * (high - low) / (_FIELDS - 1))
        # Widths can be told apart only once their own grids of fields are fine enough.
        if stage >= _STAGES_OF_FIELD:
            log_w, centre, reach = _likely_widths(log_w, evidence, centre, reach)
        low, high = np.maximum(centre - reach, field[0]), np.minimum(centre + reach, field[-1])
    weight, h, width = (p * evidence).ravel(), h.ravel(), float(evidence @ np.exp(log_w))
    mean = float(weight @ h)
    order = np.argsort(h)
    below = np.cumsum(weight[order]) - weight[order] / 2
    fields = np.interp((np.arange(_QUANTILES) + 0.5) / _QUANTILES, below, h[order])
    spread = float(np.sqrt(weight @ (h - mean) ** 2))
    return _Posterior(mean, spread, width, float(misfit.min()), fields)


def _likely_widths(
    log_w: np.ndarray, evidence: np.ndarray, centre: np.ndarray, reach: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A finer grid over the widths that are not ruled out, with the fields that go with them."""
    possible = np.flatnonzero(evidence > _RULED_OUT * evidence.max())
    first, last = max(possible[0] - 1, 0), min(possible[-1] + 1, log_w.size - 1)
    finer = np.linspace(log_w[first], log_w[last], log_w.size)
    # The centre bends with log w: a straight line between two widths would miss it.
    bend = np.abs(np.diff(centre, 2, prepend=centre[0], append=centre[-1])) / 4
    return finer, np.interp(finer, log_w, centre), np.interp(finer, log_w, reach + bend)

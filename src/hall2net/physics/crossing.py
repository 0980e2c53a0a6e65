"""Where a branch crosses the middle: the probability of the switching field, given a few points.

Two cases. Where enough points lie on the edge, it is described by an error function of a bent
argument, in the widest stretch about the crossing which that describes. Where they do not, the
magnetisation may do anything between two points: an error function of unknown width is laid
through the points next to the crossing, and the width is integrated out. Where a branch jumps
within one field step this gives a switching field anywhere between the two points.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtri, erf, ndtri

CONFIDENCE = 0.95
"""Probability of the intervals."""

_FIELDS, _WIDTHS, _QUANTILES = 33, 25, 40
"""Grid of switching fields and of widths, and quantiles kept; finer ones change no interval by 1 %."""
_STAGES, _STAGES_OF_FIELD = 7, 4
"""How often the grids close in, and how often that of the fields alone."""
_MISFIT = 1e-3
"""Probability below which a shape does not describe the points."""
_NORMAL = ndtri((np.arange(_QUANTILES) + 0.5) / _QUANTILES)
_RULED_OUT = 1e-5
"""Widths of less evidence, relative to the best, leave the grid."""
_LEAST_NOISE = 1e-4
"""Noise of m below which rounding would decide."""
_NARROWEST = 0.005
"""Narrowest edge, in field steps: narrower ones look the same."""
_SHARP = 0.3
"""Share of the prior of the width that is flat in w, against 1/w."""
_NEXT = 3
"""Points on either side of the crossing that an edge is read from at least."""
_ON_EDGE = 0.8
"""A point with a smaller |m| lies on the edge."""
_FEWEST_ON_EDGE = 4
"""With so many the edge is resolved: two for its line, one for its bend, one to test it."""
_BEND = 0.3
"""Standard deviation of the bend of an edge over its slope across the stretch; a lognormal
distribution of switching fields half as wide as its mean has this."""
_STEEP = 4.0
"""Slope of a resolved edge over its error."""
_FAR = 2.2
"""Stretches that reach so many widths from the crossing hold the whole edge."""
_STEPS = 6
"""Gauss-Newton steps; four reach 1e-6 from a fair start."""


@dataclass(frozen=True)
class Crossing:
    """A switching field, in the unit of the field that it was read from.

    Attributes
    ----------
    value : mean of its distribution
    total : standard deviation, of noise, background and field step together
    statistical : standard deviation from the noise alone
    width : mean w of m = erf((H - H_sw)/(sqrt(2) w))
    fields : the distribution as its quantiles, equally likely
    weights : (n,), how much each point near the crossing moves the field, per unit of m
    near : (n,), which points these are
    """

    value: float
    total: float
    statistical: float
    width: float
    fields: np.ndarray
    weights: np.ndarray
    near: np.ndarray


def locate(
    field: np.ndarray, m: np.ndarray, noise: np.ndarray, covariance: np.ndarray, split: int
) -> Crossing:
    """The switching field of one branch.

    Parameters
    ----------
    field : (n,), strictly increasing
    m : (n,), magnetisation there, from -1 to 1 or reversed
    noise : (n,), standard deviation of m from point to point
    covariance : (q, n), root of the covariance that points share: errors of the subtracted
        background, slow noise; its product with itself is the covariance
    split : the last point before the crossing
    """
    noise = np.maximum(noise, _LEAST_NOISE)
    resolved, size = None, _NEXT + 1
    while size < 2 * field.size:
        near = np.arange(max(split + 1 - size, 0), min(split + 1 + size, field.size))
        found = _resolved(field, m, noise, covariance, near)
        if found is not None:
            resolved = found[0]
        if resolved is not None and (found is None or found[1]):
            break
        size *= 2
    if resolved is not None:
        return resolved
    near = np.arange(max(split + 1 - _NEXT, 0), min(split + 1 + _NEXT, field.size))
    return _between(field, m, noise, covariance, near, float(np.ptp(field)))


def _resolved(
    field: np.ndarray, m: np.ndarray, noise: np.ndarray, covariance: np.ndarray, near: np.ndarray
) -> tuple[Crossing, bool] | None:
    """m = erf((a + b x + c x^2)/sqrt(2)) through the points, and whether they hold the whole edge.

    None where too few points lie on the edge, where it is not steep beyond its error, or where
    the shape does not describe the points.
    """
    if near.size < _FEWEST_ON_EDGE + 1:
        return None
    h, y, w = field[near], m[near], 1 / noise[near]
    middle, reach = (h[0] + h[-1]) / 2, (h[-1] - h[0]) / 2
    x = (h - middle) / reach
    a = np.stack([np.ones_like(x), x, x**2], axis=-1)
    z = ndtri((1 + np.clip(y, -0.95, 0.95)) / 2)
    inner = np.exp(-(z**2) / 2) * w
    theta = np.zeros(3)
    theta[:2] = np.linalg.lstsq(a[:, :2] * inner[:, None], z * inner, rcond=None)[0]
    if not theta[1] > 0:
        return None
    prior = np.diag([0.0, 0.0, 1 / (_BEND * theta[1]) ** 2])
    for _ in range(_STEPS):
        z = np.clip(a @ theta, -6, 6)
        jacobian = np.sqrt(2 / np.pi) * np.exp(-(z**2) / 2) * w
        j = a * jacobian[:, None]
        rest = (y - erf(z / np.sqrt(2))) * w
        normal = j.T @ j + prior + 1e-12 * np.eye(3)
        theta = theta + np.linalg.solve(normal, j.T @ rest - prior @ theta)
        if not 0 < theta[1] < 1e3:
            return None
    z = a @ theta
    on_edge = np.abs(erf(z / np.sqrt(2))) < _ON_EDGE
    rest = (y - erf(z / np.sqrt(2))) * w
    inverse = np.linalg.inv(normal)
    if on_edge.sum() < _FEWEST_ON_EDGE or theta[1] < _STEEP * np.sqrt(inverse[1, 1]):
        return None
    if rest @ rest > chdtri(near.size - 2, _MISFIT) or abs(theta[2]) > theta[1]:
        return None
    # The root of a + b x + c x^2 next to the middle.
    at = -2 * theta[0] / (theta[1] + np.sqrt(max(theta[1] ** 2 - 4 * theta[0] * theta[2], 0.0)))
    if not -1 < at < 1:
        return None
    slope = theta[1] + 2 * theta[2] * at
    by_theta = -np.array([1, at, at**2]) / slope * reach
    weights = by_theta @ inverse @ (j.T * w)
    own = float(np.sqrt(by_theta @ inverse @ by_theta))
    shared = covariance[:, near] @ weights
    total = float(np.hypot(own, np.sqrt(shared @ shared)))
    value = float(middle + at * reach)
    whole = z[0] < -_FAR and z[-1] > _FAR
    fields = value + total * _NORMAL
    crossing = Crossing(value, total, own, float(reach / slope), fields, weights, near)
    return crossing, bool(whole)


def _between(
    field: np.ndarray,
    m: np.ndarray,
    noise: np.ndarray,
    covariance: np.ndarray,
    near: np.ndarray,
    widest: float,
) -> Crossing:
    """The crossing where few points lie on the edge, or where no shape describes it.

    The posterior of H_sw and w in m = erf((H - H_sw)/(sqrt(2) w)) with normal errors, flat in H_sw;
    that of w is flat with a share of 1/w, so that an edge within one field step may be of any
    width, on a grid that closes in on it. Where no w describes the points, the errors are
    widened until one does.
    """
    h, y, noise = field[near], m[near], noise[near]
    shared = covariance[:, near]
    shared = shared.T @ shared
    whiten = np.linalg.inv(np.linalg.cholesky(np.diag(noise**2) + shared)).T
    fit = _close_in(h, y, whiten, widest)
    free = max(y.size - 2, 1)
    if fit.misfit > chdtri(free, _MISFIT):
        widened = np.sqrt(fit.misfit / free)
        noise, fit = noise * widened, _close_in(h, y, whiten / widened, widest)
    slope = fit.width * np.sqrt(np.pi / 2)
    weight = np.exp(-(((h - fit.mean) / fit.width) ** 2))
    mean_noise = float(np.sqrt(np.mean(noise**2)))
    statistical = min(mean_noise * slope / np.sqrt(max(1.0, weight.sum())), fit.spread)
    # A common error of m moves the field by the slope of the edge.
    weights = -slope * weight / max(weight.sum(), 1e-300)
    return Crossing(fit.mean, fit.spread, statistical, fit.width, fit.fields, weights, near)


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

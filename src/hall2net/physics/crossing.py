"""Where a branch crosses the middle: the probability of the switching field, given a few points.

Two cases. Where enough points lie on the edge, it is described by an error function of a bent
argument, in the widest stretch about the crossing which that describes. Where they do not, the
magnetisation may do anything between two points: an error function of unknown width is laid
through the points next to the crossing, and the width is integrated out. Where a branch jumps
within one field step this gives a switching field anywhere between the two points.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import chdtri, erf, ndtri

CONFIDENCE = 0.95
"""Probability of the intervals."""

_FIELDS, _WIDTHS, _QUANTILES = 21, 15, 40
"""Grid of switching fields and of widths, and quantiles; finer ones change no interval by 1 %."""
_UNIT_FIELDS = np.linspace(0, 1, _FIELDS)[:, None]
_UNIT_WIDTHS = np.linspace(0, 1, _WIDTHS)
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
_SATURATED = 0.97
"""|m| of points beyond the edge: where both neighbours have it, nothing is known of its shape and
the error function's prior is as wide as the step already."""
_NEXT = 3
"""Points on either side of the crossing that an edge is read from at least."""
_ON_EDGE = 0.8
"""A point with a smaller |m| lies on the edge."""
_FEWEST_ON_EDGE = 4
"""With so many the edge is resolved: two for its line, one for its bend, one to test it."""
_BEND = 0.3
"""Standard deviation of the bend of an edge over its slope across the stretch; a lognormal
distribution of switching fields half as wide as its mean has this."""
_STEEP, _STEEP_ENOUGH = 4.0, 15.0
"""Slope of a resolved edge over its error, at least, and where more points would not help."""
_STEEPEST = 1e3
"""Slope across a stretch beyond which no point lies on the edge."""
_MOST = 32
"""Points of an edge; more are averaged, since between them its grains decide, not the noise."""
_DOMAINS = np.array([30.0, 100.0, 300.0, 1000.0, 3000.0])
_FREQUENT = np.array([0.3, 1.0, 1.0, 1.0, 1.0])
"""Numbers of domains that an edge may be made of, from a small Hall cross to a smooth edge, and how
often each is met."""
_GRAIN = 60.0
"""Domains of an edge that is not resolved, where the points do not show them."""
_ANYWHERE = 0.17
"""Standard deviation, over the field step, of an edge of unknown shape within it."""
_FAR = 2.2
"""Stretches that reach so many widths from the crossing hold the whole edge."""
_GAUSS_NEWTON = 6
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


@dataclass(frozen=True)
class Points:
    """One branch about its crossing.

    Attributes
    ----------
    field : (n,), strictly increasing
    m : (n,), magnetisation there, from -1 to 1 or reversed
    noise : (n,), standard deviation of m from point to point
    covariance : (q, n), root of the covariance that points share: errors of the subtracted
        background, slow noise; its product with itself is the covariance
    split : the last point before the crossing
    """

    field: np.ndarray
    m: np.ndarray
    noise: np.ndarray
    covariance: np.ndarray
    split: int


def locate(branches: Sequence[Points]) -> list[Crossing]:
    """The switching field of every branch; all are made of the same number of domains."""
    every = [_grains_of(points) for points in branches]
    misfit = sum((grains.misfit for grains in every if grains), np.zeros(_DOMAINS.size))
    likely = _FREQUENT * np.exp((misfit.min() - misfit) / 2)
    likely /= likely.sum()
    sharp = iter(
        _between([points for points, grains in zip(branches, every, strict=True) if not grains])
    )
    return [next(sharp) if grains is None else grains.crossing(likely) for grains in every]


def _grains_of(points: Points) -> "_Grains | None":
    """The branch as an edge of many domains; None where too few points lie on the edge."""
    field, m, split = points.field, points.m, points.split
    noise = np.maximum(points.noise, _LEAST_NOISE)
    resolved, size = None, _FEWEST_ON_EDGE
    while True:
        near = np.arange(max(split + 1 - size, 0), min(split + 1 + size, field.size))
        edge = _fitted_edge(field, m, noise, near)
        if edge is not None and edge.steep > _STEEP and edge.on_edge >= _FEWEST_ON_EDGE:
            resolved = edge
        if (
            edge is not None
            and (edge.whole or edge.steep > _STEEP_ENOUGH)
            or near.size == field.size
        ):
            break
        size *= 2
    return None if resolved is None else _granular(resolved, points.covariance)


@dataclass(frozen=True)
class _Edge:
    """m = erf(z/sqrt(2)), z = a + b x + c x^2, through points about the crossing.

    Attributes
    ----------
    field, m, noise : (n,), points, or means of neighbouring ones
    z : (n,)
    gather : (n, p) or None, how the means follow from the points
    near : (p,), which points they are
    root, slope : field at which z vanishes, and dz/dH there
    steep : slope over its error
    on_edge : number of points with |m| below `_ON_EDGE`
    whole : whether both ends are saturated
    free : (n, 3), changes of m by a, b and c, each as large as it might be
    free_at_root : (3,), the same at the root
    """

    field: np.ndarray
    m: np.ndarray
    noise: np.ndarray
    z: np.ndarray
    starts: np.ndarray
    near: np.ndarray
    root: float
    slope: float
    steep: float
    on_edge: int
    whole: bool
    free: np.ndarray
    free_at_root: np.ndarray


def _fitted_edge(
    field: np.ndarray, m: np.ndarray, noise: np.ndarray, near: np.ndarray
) -> _Edge | None:
    """The edge by least squares; None where it does not rise."""
    starts = np.unique(np.linspace(0, near.size, min(near.size, _MOST) + 1).astype(int))[:-1]
    h, y, s = field[near], m[near], noise[near]
    if starts.size < near.size:
        number = np.diff([*starts, near.size])
        h, y, s = (np.add.reduceat(v, starts) / number for v in (h, y, s))
        s = s / np.sqrt(number)
    w = 1 / s
    middle, reach = (h[0] + h[-1]) / 2, (h[-1] - h[0]) / 2
    x = (h - middle) / reach
    a = np.stack([np.ones_like(x), x, x**2], axis=-1)
    z = ndtri((1 + np.clip(y, -0.95, 0.95)) / 2)
    theta = np.zeros(3)
    inner = a[:, :2] * (np.exp(-(z**2) / 2) * w)[:, None]
    theta[:2] = np.linalg.solve(inner.T @ inner, inner.T @ (z * np.exp(-(z**2) / 2) * w))
    for _ in range(_GAUSS_NEWTON):
        if not 0 < theta[1] < _STEEPEST:
            return None
        z = a @ theta
        j = a * (np.sqrt(2 / np.pi) * np.exp(-np.minimum(z**2, 36) / 2) * w)[:, None]
        prior = np.array([0, 0, 1 / (_BEND * theta[1]) ** 2])
        normal = j.T @ j + np.diag(prior + 1e-9)
        change = np.linalg.solve(normal, j.T @ ((y - erf(z / np.sqrt(2))) * w) - prior * theta)
        theta = theta + change
        if abs(change[0]) < 1e-3 and abs(change[1]) < 1e-2 * theta[1]:
            break
    if not 0 < theta[1] < _STEEPEST or abs(theta[2]) > theta[1]:
        return None
    z = a @ theta
    # The root of a + b x + c x^2 next to the middle.
    bent = np.sqrt(max(theta[1] ** 2 - 4 * theta[0] * theta[2], 0.0))
    at = -2 * theta[0] / (theta[1] + bent)
    if not -1 < at < 1:
        return None
    error = float(np.sqrt(np.linalg.inv(normal)[1, 1]))
    on_edge = int(np.sum(np.abs(erf(z / np.sqrt(2))) < _ON_EDGE))
    whole = bool(z[0] < -_FAR and z[-1] > _FAR)
    sizes = np.sqrt(2 / np.pi) * np.array([1.0, theta[1], _BEND * theta[1]])
    return _Edge(
        h, y, s, z, starts, near, float(middle + at * reach),
        float((theta[1] + 2 * theta[2] * at) / reach), theta[1] / error, on_edge, whole,
        a * np.exp(-(z[:, None] ** 2) / 2) * sizes, np.array([1.0, at, at**2]) * sizes,
    )  # fmt: skip


@dataclass(frozen=True)
class _Grains:
    """An edge that is made of many domains, each with a field of its own.

    Attributes
    ----------
    edge : the smooth edge
    moved : (q,), what errors that all points share move the crossing by
    weights : (p,), the same for each point near the crossing
    misfit, value, variance : (`_DOMAINS`,), -2 ln of the likelihood, crossing and its variance
    """

    edge: _Edge
    moved: np.ndarray
    weights: np.ndarray
    misfit: np.ndarray
    value: np.ndarray
    variance: np.ndarray

    def crossing(self, likely: np.ndarray) -> Crossing:
        """Its mean over the numbers of domains, by the probabilities (`_DOMAINS`,) of these."""
        value = float(likely @ self.value)
        variance = float(likely @ (self.variance + (self.value - value) ** 2))
        total = float(np.sqrt(variance + self.moved @ self.moved))
        return Crossing(
            value, total, float(np.sqrt(variance)), 1 / self.edge.slope, value + total * _NORMAL,
            self.weights, self.edge.near,
        )  # fmt: skip


def _granular(edge: _Edge, covariance: np.ndarray) -> _Grains | None:
    """What each number of domains makes of an edge; None where none explains it, as for a jump.

    Between its points the branch follows the smooth edge but for a Brownian bridge (Donsker's
    theorem): cov(m, m') = 4 F (1 - F')/N with F = (1 + m)/2 and N domains. That edge was fitted to
    the same points, and is left free about its fit, or it would hide its grains. The conditional
    mean of m gives the crossing, its variance the error.
    """
    f = (1 + erf(edge.z / np.sqrt(2))) / 2
    rest = edge.m - (2 * f - 1)
    count = np.diff([*edge.starts, edge.near.size])
    shared = np.add.reduceat(covariance[:, edge.near], edge.starts, axis=1) / count
    bridge = 4 * np.minimum.outer(f, f) * (1 - np.maximum.outer(f, f))
    at_root = 4 * np.minimum(f, 0.5) * (1 - np.maximum(f, 0.5))
    steep = np.sqrt(2 / np.pi) * edge.slope
    own = bridge / _DOMAINS[:, None, None] + np.diag(edge.noise**2) + edge.free @ edge.free.T
    at_root = at_root / _DOMAINS[:, None] + edge.free @ edge.free_at_root
    right = np.stack(np.broadcast_arrays(rest, at_root), axis=-1)
    solved = np.linalg.solve(own, right)
    squares, weights = solved[..., 0] @ rest, solved[..., 1]
    if squares.min() > chdtri(rest.size, _MISFIT):
        return None
    known = np.einsum("dp,dp->d", weights, at_root)
    variance = 1 / _DOMAINS + edge.free_at_root @ edge.free_at_root - known
    variance = np.maximum(variance, 0.0) / steep**2
    # Errors of the background are common to all points: they move the smooth edge as a whole.
    common = np.exp(-(edge.z**2))
    common = -common / common.sum() / steep
    return _Grains(
        edge, shared @ common, np.repeat(common / count, count),
        squares + np.linalg.slogdet(own)[1], edge.root - weights @ rest / steep, variance,
    )  # fmt: skip


def _between(branches: Sequence[Points]) -> list[Crossing]:
    """The crossings where few points lie on the edge, or where no shape describes it.

    The posterior of H_sw and w in m = erf((H - H_sw)/(sqrt(2) w)) with normal errors, flat in H_sw;
    that of w is flat with a share of 1/w, so that an edge within one field step may be of any
    width, on a grid that closes in on it. Where no w describes the points, the errors are
    widened until one does.
    """
    if not branches:
        return []
    parts = [_Few.of(points) for points in branches]
    return [part.crossing(fit) for part, fit in zip(parts, _close_in(parts), strict=True)]


@dataclass(frozen=True)
class _Few:
    """The points (n,) of a branch next to its crossing.

    Attributes
    ----------
    near : which points they are
    field, m, noise : of these points
    whiten : (n, n), takes differences of m to independent ones of unit variance
    widest : range of the field of the branch
    """

    near: np.ndarray
    field: np.ndarray
    m: np.ndarray
    noise: np.ndarray
    whiten: np.ndarray
    widest: float

    @classmethod
    def of(cls, points: Points) -> "_Few":
        first, last = max(points.split + 1 - _NEXT, 0), points.split + 1 + _NEXT
        near = np.arange(first, min(last, points.field.size))
        noise = np.maximum(points.noise[near], _LEAST_NOISE)
        shared = points.covariance[:, near]
        covariance = np.diag(noise**2) + shared.T @ shared
        whiten = np.linalg.inv(np.linalg.cholesky(covariance)).T
        widest = float(np.ptp(points.field))
        return cls(near, points.field[near], points.m[near], noise, whiten, widest)

    def crossing(self, fit: "_Posterior") -> Crossing:
        """The switching field, with errors that the points allow."""
        h, y, noise = self.field, self.m, self.noise
        free = max(y.size - 2, 1)
        if fit.misfit > chdtri(free, _MISFIT):
            widened = float(np.sqrt(fit.misfit / free))
            noise, fit = noise * widened, fit.widened(widened, h)
        slope = fit.width * np.sqrt(np.pi / 2)
        weight = np.exp(-(((h - fit.mean) / fit.width) ** 2))
        mean_noise = float(np.sqrt(np.mean(noise**2)))
        statistical = min(mean_noise * slope / np.sqrt(max(1.0, weight.sum())), fit.spread)
        total = float(np.hypot(fit.spread, _unknown_shape(h, y, fit.mean)))
        fields = fit.mean + (fit.fields - fit.mean) * total / fit.spread
        # A common error of m moves the field by the slope of the edge.
        weights = -slope * weight / max(weight.sum(), 1e-300)
        return Crossing(fit.mean, total, statistical, fit.width, fields, weights, self.near)


def _unknown_shape(h: np.ndarray, m: np.ndarray, at: float) -> float:
    """Error of a crossing between two points by the edge's grains and its shape.

    The bridge of `_granular` between the two points, and for a large part of the edge within one
    step that no error function describes it.
    """
    k = int(np.clip(np.searchsorted(h, at), 1, h.size - 1))
    gap, change = float(h[k] - h[k - 1]), float(np.clip(m[k] - m[k - 1], 0.02, 2))
    t = float(np.clip((at - h[k - 1]) / gap, 0, 1))
    bridge = 2 * t * (1 - t) / (_GRAIN * change)
    partial = 1.0 if abs(m[k - 1]) < _SATURATED or abs(m[k]) < _SATURATED else 0.0
    return gap * float(np.sqrt(bridge + partial * (_ANYWHERE * change / 2) ** 2))


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
    # Hazen's quantiles: each field stands in the middle of its share.
    shares = (np.arange(fields.size) + 0.5) / fields.size
    low, high = np.interp([tails, 1 - tails], shares, np.sort(fields)) - value
    return float(value + scale * low), float(value + scale * high)


@dataclass(frozen=True)
class _Posterior:
    mean: float
    spread: float
    width: float
    misfit: float
    fields: np.ndarray

    def widened(self, factor: float, h: np.ndarray) -> "_Posterior":
        """With errors larger by a factor, but within the points."""
        fields = np.clip(self.mean + (self.fields - self.mean) * factor, h[0], h[-1])
        spread = min(self.spread * factor, float(h[-1] - h[0]) / 12**0.5)
        return replace(self, fields=fields, spread=spread)


def _close_in(parts: Sequence[_Few]) -> list[_Posterior]:
    """Posteriors on a grid of widths, each with a grid of fields of its own.

    At little noise field and width are tied to each other by the one point that lies on the slope,
    on a line far thinner than the spacing of any common grid.
    """
    most = max(part.field.size for part in parts)
    field, m = np.zeros((2, len(parts), 1, most))
    whiten = np.zeros((len(parts), most, most))
    for k, part in enumerate(parts):
        n = part.field.size
        field[k, 0, :n], m[k, 0, :n], whiten[k, :n, :n] = part.field, part.m, part.whiten
    gap = np.array([[np.max(np.diff(part.field))] for part in parts])
    first, last = (np.array([[part.field[end]] for part in parts]) for end in (0, -1))
    log_w = _UNIT_WIDTHS * np.log([[part.widest] for part in parts])
    log_w = log_w + (1 - _UNIT_WIDTHS) * np.log(_NARROWEST * gap)
    low, high = np.repeat(first, _WIDTHS, axis=1), np.repeat(last, _WIDTHS, axis=1)
    for stage in range(_STAGES):
        h = low[:, None] + _UNIT_FIELDS * (high - low)[:, None]
        w = np.exp(log_w)
        z = (field[:, :, None] - h[..., None]) / (np.sqrt(2) * w)[:, None, :, None]
        rest = (m[:, :, None] - erf(z)).reshape(len(parts), -1, most) @ whiten
        misfit = np.einsum("kij,kij->ki", rest, rest).reshape(h.shape)
        best = misfit.min(axis=1)
        p = np.exp((best[:, None] - misfit) / 2)
        total = p.sum(axis=1)
        evidence = np.exp((best.min(axis=1, keepdims=True) - best) / 2)
        evidence *= total * (high - low) * (w / gap + _SHARP)
        evidence /= evidence.sum(axis=1, keepdims=True)
        p /= total[:, None]
        if stage == _STAGES - 1:
            break
        centre = (p * h).sum(axis=1)
        reach = np.sqrt((p * (h - centre[:, None]) ** 2).sum(axis=1))
        reach = np.maximum(5 * reach, 3 * (high - low) / (_FIELDS - 1))
        # Widths can be distinguished only once their own grids of fields are fine enough.
        if stage >= _STAGES_OF_FIELD:
            finer = [
                _likely_widths(*one) for one in zip(log_w, evidence, centre, reach, strict=True)
            ]
            log_w, centre, reach = (np.array(values) for values in zip(*finer, strict=True))
        low, high = np.maximum(centre - reach, first), np.minimum(centre + reach, last)
    weight = p * evidence[:, None]
    return [_posterior(*one) for one in zip(h, weight, w, evidence, misfit, strict=True)]


def _posterior(
    h: np.ndarray, weight: np.ndarray, w: np.ndarray, evidence: np.ndarray, misfit: np.ndarray
) -> _Posterior:
    """Moments and quantiles of one grid (fields, widths)."""
    fields, weight = h.ravel(), weight.ravel()
    mean = float(weight @ fields)
    order = np.argsort(fields)
    below = np.cumsum(weight[order]) - weight[order] / 2
    quantiles = np.interp((np.arange(_QUANTILES) + 0.5) / _QUANTILES, below, fields[order])
    spread = float(np.sqrt(weight @ (fields - mean) ** 2))
    return _Posterior(mean, spread, float(evidence @ w), float(misfit.min()), quantiles)


def _likely_widths(
    log_w: np.ndarray, evidence: np.ndarray, centre: np.ndarray, reach: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A finer grid over the widths that are not ruled out, with the fields that go with them."""
    possible = np.flatnonzero(evidence > _RULED_OUT * evidence.max())
    first, last = max(possible[0] - 1, 0), min(possible[-1] + 1, log_w.size - 1)
    finer = log_w[first] + _UNIT_WIDTHS * (log_w[last] - log_w[first])
    # The centre bends with log w: a straight line between two widths would miss it.
    bend = np.zeros_like(centre)
    bend[1:-1] = np.abs(centre[2:] - 2 * centre[1:-1] + centre[:-2]) / 4
    # As of a curve that goes on flat beyond both ends.
    bend[0], bend[-1] = np.abs(centre[1] - centre[0]) / 4, np.abs(centre[-2] - centre[-1]) / 4
    return finer, np.interp(finer, log_w, centre), np.interp(finer, log_w, reach + bend)

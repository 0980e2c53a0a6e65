"""Whether a loop has hysteresis and where it closes, from the difference of its branches alone.

Offset, slope and every other background that is a function of the field cancel in it, so that no
model of them is needed. What is left beside the loop is drift and jumps.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hall2net.physics.noise import from_neighbours
from hall2net.physics.sweeps import Branch, merged

_MOST_BINS = 48
_ROUNDS = 8
"""Rounds in which the mean differences of several cycles are brought together."""
_DRIFT_TIMES = (0.08, 0.3)
"""Time constants of thermal drift, over the whole measurement: fast and slow."""
_BASELINES = ((), (0,), (1,), (0, 1), (0, 1, 2), (0, 1, 3), (0, 4), (0, 1, 4))
"""Jump, linear drift, two thermal drifts, and a jump where a branch begins and ends the file, that
may lie below the difference."""
_LIKELY = 4
"""Drifts that are tried with a second box."""
_ALL_OVER = 0.6
"""Part of the bins from which on an open part is as wide as drift, or as a loop without end."""
_SECOND, _SECOND_SIGMA = 0.03, 6.0
"""A second box belongs to the open part where it improves the fit by this part of the first, and
by so many sigma."""
_DISTINCT = 1e-6
"""Part of a box that is no drift: below it box and drift look the same."""
_RIDGE = 1e-12
"""Ridge on the normal equations of a drift, over their diagonal."""
_CLOSED_SIGMA = 3.0
"""Bins of the difference within this many sigma of zero, each and together, are closed."""
_BASELINE_BINS = 5
"""Closed bins beyond the terms of a drift, since fewer might be the tips of a minor loop."""
_STRETCH = 3
"""Bins of a stretch that shows that the loop has closed, at least; or a sixth of its side."""
_TOLERANCES = (0.02, 0.06)
"""A difference of less than this fraction of the loop's counts as closed; the second is tried
where the first leaves the loop open, as after drift, and is flagged."""
_CLOSED_LENGTH = 0.15
"""A loop has closed where the branches agree over this fraction of the way they took to it."""
_OPPOSITE, _OPPOSITE_SIGMA = 0.15, 4.0
"""Fraction of the loop's difference, and sigma, of a difference of the other sign."""
_ODD, _ODD_ELSEWHERE, _ODD_SIGMA = 0.8, 0.9, 2.5
"""Share of the squared difference that is odd about zero, or about another field, above which no
Hall loop makes it, and how many sigma of its noise the latter must be above it. A loop has half at
most; one with humps on both sides up to 0.85, about a field beside its centre."""
_OUTER = 6
"""The bins at either end, one of so many, by which drift is judged where the loop may be none."""
_QUIET = 0.2
"""Part of the largest difference that these have at most, where there is no drift."""


@dataclass(frozen=True)
class Difference:
    """Rising less falling branch.

    Attributes
    ----------
    field, value, variance : (g,), means of bins of the field
    drift : (g, 5), shape of a jump, of linear and of two thermal drifts in it, and of a jump in a
        branch that lies at both ends of the file
    """

    field: np.ndarray
    value: np.ndarray
    variance: np.ndarray
    drift: np.ndarray

    @property
    def baselines(self) -> list[tuple[int, ...]]:
        """Columns of `drift` that may lie below it together."""
        return [chosen for chosen in _BASELINES if self.parted or 4 not in chosen]

    @property
    def parted(self) -> bool:
        """Whether one branch was measured in part before and in part after the other."""
        return bool(self.drift[:, 4].min() < 0 < self.drift[:, 4].max())


@dataclass(frozen=True)
class Hysteresis:
    """What the difference of the branches says.

    Attributes
    ----------
    significance : of the open part over noise and drift, in sigma
    apart : of the open part over noise alone, in sigma
    all_over : whether that part is nearly the whole sweep
    height : difference of the branches where the loop is open, signed
    left, right : ends of the open part at half its height
    outer_left, outer_right : the same of all parts, where there are two
    closed_low, closed_high : fields below and above which the branches agree; nan where they do
        not agree up to the end
    opposite : whether the difference has both signs beyond noise
    roughly : whether the branches agree only within some per cent
    even_curve : whether the branches are mirror images of each other in the field, as those of a
        magnetoresistance, and not in field and signal, as those of a loop
    """

    significance: float
    apart: float
    all_over: bool
    height: float
    left: float
    right: float
    outer_left: float
    outer_right: float
    closed_low: float
    closed_high: float
    opposite: bool
    roughly: bool
    even_curve: bool

    def whole(self, low: float, high: float) -> bool:
        """Whether the loop has closed at both ends of the sweep."""
        return self.closed_side(low, self.outer_left, self.closed_low) and self.closed_side(
            high, self.outer_right, self.closed_high
        )

    @staticmethod
    def closed_side(end: float, edge: float, closed: float) -> bool:
        """Whether the closed part is longer than a fraction of the way to it.

        Parameters
        ----------
        end : field at the end of the sweep on this side
        edge : field of the hysteresis on this side
        closed : field from which the branches agree; NaN where they do not
        """
        return not np.isnan(closed) and abs(end - closed) >= _CLOSED_LENGTH * abs(edge - closed)


def branch_difference(
    ups: Sequence[Branch], downs: Sequence[Branch], low: float, high: float, sigma: float
) -> Difference:
    """Mean difference of rising and falling branches on bins of the field.

    Parameters
    ----------
    ups, downs : branches, paired in their order
    low, high : range of the field that both cover
    sigma : noise of a point
    """
    pairs = list(zip(ups, downs, strict=False))
    pooled = np.sort(np.concatenate([b.field for pair in pairs for b in pair]))
    pooled = pooled[(pooled >= low) & (pooled <= high)]
    bins = int(np.clip(pooled.size / (2 * len(pairs)), 6, _MOST_BINS))
    edges = np.quantile(pooled, np.linspace(0, 1, bins + 1))
    parts = np.array([_binned_pair(up, down, edges, sigma) for up, down in pairs])
    total = _levelled(parts).sum(axis=0)
    seen = total[:, 1] > 0
    filled = total[seen, 1]
    field, value, variance, *drift = (np.delete(total[seen], 1, axis=1) / filled[:, None]).T
    variance = variance / filled
    if field.size > 12:
        scatter = from_neighbours(field, value)
        expected = np.sqrt(variance[1:-1])
        slow = 1.4826 * float(np.median(np.abs(scatter) / expected))
        variance = variance * max(1.0, slow) ** 2
    return Difference(field, value, variance, np.column_stack([np.ones_like(field), *drift]))


def _levelled(parts: np.ndarray) -> np.ndarray:
    """Pairs (pairs, bins, 8) with one mean difference, where each filled other bins.

    A jump within one of them would else stand in the bins that it alone fills.
    """
    filled = parts[..., 1] > 0
    number, own = np.maximum(filled.sum(axis=0), 1), np.maximum(filled.sum(axis=1), 1)
    apart = np.zeros(len(parts))
    for _ in range(_ROUNDS if len(parts) > 1 else 0):
        value = (parts[..., 2] - apart[:, None]) * filled
        away = (value - value.sum(axis=0) / number) * filled
        apart += away.sum(axis=1) / own
    parts[..., 2] -= (apart - apart.mean())[:, None] * filled
    return parts


def _binned_pair(up: Branch, down: Branch, edges: np.ndarray, sigma: float) -> np.ndarray:
    """(bins, 8): field, whether filled, difference, variance, four shapes of drift."""
    bins = edges.size - 1
    h, _, y, t = merged(down.field, down.signal, down.time)
    inside = (up.field >= max(edges[0], h[0])) & (up.field <= min(edges[-1], h[-1]))
    x = up.field[inside]
    when, other = up.time[inside] + 0.5, np.interp(x, h, t) + 0.5
    columns = [x, up.signal[inside] - np.interp(x, h, y), when - other]
    columns += [np.exp(-when / tau) - np.exp(-other / tau) for tau in _DRIFT_TIMES]
    columns.append(np.sign(when - other))
    place = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, bins - 1)
    number = np.bincount(place, minlength=bins)
    fewer = np.clip(np.searchsorted(edges, down.field, side="right") - 1, 0, bins - 1)
    partner = np.maximum(np.bincount(fewer, minlength=bins), 1)
    filled = number > 0
    divisor = np.maximum(number, 1)
    means = [np.bincount(place, column, minlength=bins) / divisor for column in columns]
    variance = sigma**2 * (1 / divisor + 1 / partner)
    return np.column_stack([means[0], filled, means[1], variance, *means[2:]]) * filled[:, None]


def find_hysteresis(difference: Difference) -> Hysteresis:
    """The best box on the least drift that the data ask for.

    Every interval of bins is tried as open part, and a second one beside it, as two phases or
    rounded edges make them, on top of every drift of `_BASELINES`; drifts are charged by BIC, so
    that one which is not seen takes away no significance. The significance is the root of what
    the boxes improve over the best drift without a box.
    """
    d = difference
    root = 1 / np.sqrt(d.variance)
    scale = np.max(np.abs(d.drift), axis=0)
    drift = d.drift / np.where(scale > 0, scale, 1) * root[:, None]
    y = d.value * root
    charge = np.log(max(y.size, 3))
    chosen = [baseline for baseline in d.baselines if len(baseline) <= y.size - 4]
    number = np.array([len(baseline) for baseline in chosen])
    q = np.zeros((len(chosen), y.size, int(number.max())))
    for k, baseline in enumerate(chosen):
        if baseline:
            q[k, :, : len(baseline)] = np.linalg.qr(drift[:, baseline])[0]
    rest = y - np.einsum("kiq,kq->ki", q, np.einsum("kiq,i->kq", q, y))
    flat = np.einsum("ki,ki->k", rest, rest) + charge * number
    firsts = _best_boxes(np.broadcast_to(y, rest.shape), root, q)
    likely = np.argsort(flat - [box.gain for box in firsts], kind="stable")[:_LIKELY]
    outside = np.array([y - firsts[k].of(y.size) * root for k in likely])
    seconds = _best_boxes(outside, root, q[likely])
    both = np.array(
        [
            flat[k] - firsts[k].gain - max(second.gain - 3 * charge, 0.0)
            for k, second in zip(likely, seconds, strict=True)
        ]
    )
    # Where no fit reaches the noise, since edges are rounded, drifts are charged in that measure.
    worse = max(both.min() / y.size - 1, 0.0) * charge
    best = int(np.argmin(both + worse * number[likely]))
    first, second = firsts[likely[best]], seconds[best]
    significance = float(np.sqrt(max(flat.min() - both[best], 0.0)))
    hull = first.i, first.j
    if second.gain > max(_SECOND * first.gain, _SECOND_SIGMA**2):
        hull = min(first.i, second.i), max(first.j, second.j)
    alone = firsts[0]
    all_over = alone.j - alone.i + 1 > _ALL_OVER * y.size
    return _closing(d, first, hull, (significance, float(np.sqrt(alone.gain)), all_over))


@dataclass(frozen=True)
class _Box:
    """Interval of bins from i to j, its height, and what it improves of the misfit."""

    gain: float
    i: int
    j: int
    height: float

    def of(self, bins: int) -> np.ndarray:
        """The box as a curve (bins,)."""
        curve = np.zeros(bins)
        curve[self.i : self.j + 1] = self.height
        return curve


def _best_boxes(y: np.ndarray, root: np.ndarray, q: np.ndarray) -> list[_Box]:
    """The box that improves the misfit most on top of each set of drifts.

    Parameters
    ----------
    y : (sets, n), the difference over its noise
    root : (n,), inverse of that noise
    q : (sets, n, p), orthonormal columns of each set, filled up with zeros
    """
    n = root.size
    shape = _cumulated(root[:, None] * q)
    moment = _cumulated(root * y) - np.einsum("kiq,kq->ki", shape, np.einsum("kiq,ki->kq", q, y))
    # Row i, column j: the sum from bin i up to, not including, bin j.
    size = _cumulated(root[None] ** 2)[0]
    size = size - size[:, None]
    squares = np.einsum("kiq,kiq->ki", shape, shape)
    products = shape @ np.swapaxes(shape, 1, 2)
    norm = size - squares[:, None, :] - squares[:, :, None] + 2 * products
    norm[~((size > 0) & (norm > _DISTINCT * size))] = np.inf
    overlap = moment[:, None, :] - moment[:, :, None]
    gain = (overlap**2 / norm).reshape(len(y), -1)
    boxes = []
    for k, best in enumerate(np.argmax(gain, axis=1)):
        i, j = divmod(int(best), n + 1)
        boxes.append(_Box(float(gain[k, best]), i, j - 1, float(overlap[k, i, j] / norm[k, i, j])))
    return boxes


def _cumulated(values: np.ndarray) -> np.ndarray:
    """Sums (k, n + 1, ...) of the first 0, 1, ... n of the values (k, n, ...)."""
    total = np.zeros((values.shape[0], values.shape[1] + 1, *values.shape[2:]))
    np.cumsum(values, axis=1, out=total[:, 1:])
    return total


def _closing(
    d: Difference, box: _Box, hull: tuple[int, int], significance: tuple[float, float, bool]
) -> Hysteresis:
    """From where on the branches agree, on each side, the drift fitted where they do."""
    n, height = d.field.size, box.height
    i, j = hull
    middle = (d.field[1:] + d.field[:-1]) / 2
    bounds = np.concatenate([d.field[:1], middle, d.field[-1:]])
    left, right, outer_left, outer_right = (float(bounds[k]) for k in (box.i, box.j + 1, i, j + 1))
    outer = np.minimum(np.arange(n), np.arange(n)[::-1]) < n // _OUTER
    for tolerance in _TOLERANCES:
        # Rounded edges reach beyond the box: the first look at the drift keeps away from them.
        reach = 1 + (j - i) // 4
        first, last = i - min(reach, i // 2), j + min(reach, (n - 1 - j) // 2)
        if first + n - 1 - last < _BASELINE_BINS + 1:
            first, last = i, j
        for _ in range(4):
            closed = np.ones(n, bool)
            closed[max(first, 0) : last + 1] = False
            value = d.value - _baseline(d, closed)
            z = value / np.sqrt(d.variance)
            before = first, last
            first = i - _open_bins(z[:i][::-1], value[:i][::-1], tolerance * abs(height))
            last = j + _open_bins(z[j + 1 :], value[j + 1 :], tolerance * abs(height))
            if (first, last) == before:
                break
        low = float(bounds[first]) if first > 0 else np.nan
        high = float(bounds[last + 1]) if last < n - 1 else np.nan
        beyond = (np.abs(z) > _OPPOSITE_SIGMA) & (np.sign(value) == -np.sign(height))
        opposite = bool(np.any(beyond & (np.abs(value) > _OPPOSITE * abs(height))))
        best = Hysteresis(
            *significance,
            height,
            left,
            right,
            outer_left,
            outer_right,
            closed_low=low,
            closed_high=high,
            opposite=opposite,
            roughly=tolerance > _TOLERANCES[0],
            even_curve=_is_odd(d, value),
        )
        if best.whole(float(d.field[0]), float(d.field[-1])):
            return best
    # What looks open may be two lobes of opposite sign, one of them taken for a drift.
    quiet = np.max(np.abs(d.value[outer])) < _QUIET * np.max(np.abs(d.value))
    return replace(best, even_curve=bool(quiet and _is_odd(d, d.value)))


def _is_odd(d: Difference, value: np.ndarray) -> bool:
    """Whether the difference changes its sign when it is mirrored at some field.

    A jump between the two parts of a branch does so too; there it cannot be known.

    Branches of an even curve have R_up(H) = R_dn(-H), so that their difference is odd; those of a
    loop have R_up(H) = -R_dn(-H), and it is even.
    """
    if d.parted:
        return False
    z = value / np.sqrt(d.variance)
    squares = float(z @ z) - z.size
    noise = _ODD_SIGMA * (2 * np.sqrt(max(squares, 0.0)) + np.sqrt(2 * z.size))
    centres = np.concatenate([[0.0], d.field, (d.field[1:] + d.field[:-1]) / 2])
    mirrored = np.interp(2 * centres[:, None] - d.field, d.field, value, left=0, right=0)
    product = mirrored / np.sqrt(d.variance) @ z
    about_zero = -product[0] > (2 * _ODD - 1) * squares
    elsewhere = -product.min() - noise > (2 * _ODD_ELSEWHERE - 1) * squares
    return bool(squares > 0 and (about_zero or elsewhere))


def _baseline(d: Difference, closed: np.ndarray) -> np.ndarray:
    """Drift below the difference, from its closed bins, as much as they ask for."""
    root = closed / np.sqrt(d.variance)
    y, number = d.value * root, int(closed.sum())
    chosen = [c for c in d.baselines[1:] if number >= len(c) + _BASELINE_BINS]
    if not chosen:
        return np.zeros(d.field.size)
    used = np.zeros((len(chosen), d.drift.shape[1]))
    for k, columns in enumerate(chosen):
        used[k, list(columns)] = 1
    a = d.drift * root[:, None]
    matrix, right = a.T @ a, used * (a.T @ y)
    # Columns that are not in a set are those of the unit matrix; a ridge parts those that are
    # the same to rounding.
    free = 1 - used + _RIDGE * np.diagonal(matrix) * used
    normal = used[:, :, None] * matrix * used[:, None, :] + free[:, :, None] * np.eye(a.shape[1])
    fits = np.linalg.solve(normal, right[..., None])[..., 0]
    misfit = float(y @ y) - np.einsum("kq,kq->k", fits, right)
    score = misfit + np.log(number) * used.sum(axis=1)
    best = int(np.argmin(score))
    return d.drift @ fits[best] if score[best] < y @ y else np.zeros(d.field.size)


def _open_bins(z: np.ndarray, value: np.ndarray, least: float) -> int:
    """How many bins outwards from the open part are open too.

    The loop has closed where a stretch follows whose bins agree, each and together; what differs
    further out is drift. Where no such stretch is, all up to the last open bin are.
    """
    if not z.size:
        return 0
    length = max(_STRETCH, z.size // 6)
    is_open = (np.abs(z) > _CLOSED_SIGMA) & (np.abs(value) > least)
    for start in range(z.size - length + 1):
        part = slice(start, start + length)
        together = abs(z[part].sum()) / length**0.5
        mean = abs(value[part].mean())
        if not is_open[part].any() and (together < _CLOSED_SIGMA or mean < least):
            return start
    found = np.flatnonzero(is_open)
    return int(found[-1]) + 1 if found.size else 0

"""What lies below a loop: as many terms as the data ask for, where each branch is saturated.

Every set of terms is fitted in every window, and all of them are averaged by their evidence, so
that what the data leave open stands in the uncertainty (Raftery, Sociol. Methodol. 25, 111
(1995)). The evidence is the Bayesian information criterion with the noise known: the misfit, ln n
for each term, and a charge for each point that a window leaves out. BIC, since of F test, BIC and
a marginal likelihood it alone needs neither nested models nor a prior width for every term.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from scipy.special import chdtrc

from hall2net.physics.hysteresis import Hysteresis
from hall2net.physics.sweeps import Branch, Refused

SLOPES = {
    "fitted": "slope, even part, drift and jumps as far as the data ask for them",
    "none": "none of them, as for data that the instrument has corrected",
}
"""What is fitted besides offset and half swing."""

_DIPS = (0.08, 0.3)
"""Widths of an even part with a dip at zero field, over the largest field."""
_DRIFT_TIMES = (0.08, 0.3)
"""Time constants of thermal drift, over the whole measurement."""
_MOST_JUMPS = 8
_PINK = 6
"""Slow waves that stand for 1/f noise; faster ones look white over the bins."""
_WAVES_POWER = 1.2
"""Mean square of all waves together, half the sum of 1/k, over their size squared."""
_PINK_SIZES = (0.0, 0.15, 0.5)
"""Their size over the noise of a point."""
_BINS, _MOST_BINS, _FEWEST_BINS = 32, 160, 12
_FEWEST_POINTS = 3
"""A saturated level of a branch needs as many points as a line, and one to test it."""
_OPEN_PARTS = (0.06, 0.15, 0.3, 0.5, 0.75)
"""How much of a branch before its edge is left out, from where the other branch has closed."""
_CLOSED_PARTS = (0.0, 0.2, 0.45)
"""How much of the closed part next to the loop is left out."""
_LEFT_OUT = 2.0
"""Charge for a bin left out: a good one would have cost 1, a free level for it costs 1 more."""
_SMALLER, _LARGER, _MOST_UNLIKELY = 0.15, 0.7, 9.0
"""The half swing is at least half the difference of the branches, and seldom far above it, as
where edges overlap: standard deviations of the logarithm of their ratio, and the largest charge,
that of three sigma."""
_WINDOWS_KEPT = 4
"""Windows in which all sets of terms are tried; the others have no weight worth the time."""
_LEAST_WEIGHT = 1e-3
_SPARE = 3
"""Bins that a window must have beyond the terms."""
_RIDGE = 1e-10


@dataclass(frozen=True)
class Terms:
    """Columns of what may lie below a loop.

    Attributes
    ----------
    largest : largest field, which the powers of the field are scaled to
    breaks : times at which the signal may jump
    centre : mean of the longitudinal resistance, or nan where there is none
    """

    largest: float
    breaks: tuple[float, ...]
    centre: float

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns; `amplitude` is the loop itself."""
        fixed = ("offset", "amplitude", "slope", "cubic", "even")
        dips = tuple(f"dip{k}" for k in range(len(_DIPS)))
        drifts = ("drift", *(f"thermal{k}" for k in range(len(_DRIFT_TIMES))))
        jumps = tuple(f"jump{k}" for k in range(len(self.breaks)))
        return (*fixed, *dips, *drifts, *jumps, *(("pickup",) if np.isfinite(self.centre) else ()))

    def columns(
        self, field: np.ndarray, time: np.ndarray, pickup: np.ndarray | None = None
    ) -> np.ndarray:
        """Derivatives (n, q) of what lies below the loop by each term; 0 for the amplitude.

        Parameters
        ----------
        field, time : (n,)
        pickup : (n,), longitudinal resistance
        """
        x, one = field / self.largest, np.ones_like(field)
        columns = [one, 0 * one, x, x**3, x**2]
        columns += [1 / (1 + (x / width) ** 2) for width in _DIPS]
        columns += [time * one, *(np.exp(-(time + 0.5) / tau) * one for tau in _DRIFT_TIMES)]
        columns += [one * (time > moment) for moment in self.breaks]
        if np.isfinite(self.centre):
            columns.append(np.zeros_like(one) if pickup is None else pickup - self.centre)
        return np.stack(columns, axis=-1)

    def sets(self, slope: str) -> np.ndarray:
        """Every set of terms that is tried, (sets, q) of true and false."""
        odd: list[tuple[str, ...]] = [()]
        even: list[tuple[str, ...]] = [()]
        slow: list[tuple[str, ...]] = [()]
        if slope == "fitted":
            jumps = tuple(name for name in self.names if name.startswith("jump"))
            odd += [("slope",), ("slope", "cubic")]
            even += [("even",), ("dip0",), ("dip1",), ("even", "dip1")]
            slow += [("drift",), ("drift", "thermal0"), ("drift", "thermal1")]
            slow += [(*jumps, *terms) for terms in slow] if jumps else []
        if "pickup" in self.names:
            even += [("pickup",), ("pickup", "even")]
        position = {name: k for k, name in enumerate(self.names)}
        chosen = []
        for terms in product(odd, even, slow):
            row = np.zeros(len(position), bool)
            row[[0, 1, *(position[name] for part in terms for name in part)]] = True
            chosen.append(row)
        return np.array(chosen)


@dataclass(frozen=True)
class Background:
    """Average of all fits.

    Attributes
    ----------
    terms : what the values belong to
    values : (q,), offset, half swing and all other terms
    statistical : (q, q), covariance by the noise
    systematic : (q, q), covariance between windows and sets of terms
    sigma : noise of one point
    slow : standard deviation of 1/f noise, which neighbouring points share
    misfit : mean square of the residuals of the best window over that of the noise
    misfit_probability : of residuals at least as large in the best window, were they white
    weights : weight of each term, 0 to 1
    normal_order : whether rising branches switch at the upper end of the open part
    kept : (bins,), weight with which each bin was in a window
    level : (bins,), -1 or 1, which level each bin is in
    """

    terms: Terms
    values: np.ndarray
    statistical: np.ndarray
    systematic: np.ndarray
    sigma: float
    slow: float
    misfit: float
    misfit_probability: float
    weights: np.ndarray
    normal_order: bool
    kept: np.ndarray
    level: np.ndarray

    @property
    def amplitude(self) -> float:
        """Half swing between the saturated levels, signed."""
        return float(self.values[1])

    @property
    def covariance(self) -> np.ndarray:
        """Statistical and systematic."""
        return self.statistical + self.systematic

    def below(self, branch: Branch) -> np.ndarray:
        """What lies below the loop at the points of a branch, (n,)."""
        return self.terms.columns(branch.field, branch.time, branch.pickup) @ self.values

    def normalised(self, branch: Branch) -> np.ndarray:
        """Magnetisation (n,) of a branch, from -1 to 1."""
        return (branch.signal - self.below(branch)) / self.amplitude

    def gradient(self, branch: Branch, m: np.ndarray | float) -> np.ndarray:
        """Derivatives (n, q) of m by the values, but for their sign."""
        below = self.terms.columns(branch.field, branch.time, branch.pickup)
        below[:, 1] = m
        return below / self.amplitude


@dataclass(frozen=True)
class Bins:
    """Means of neighbouring points of every branch: field, signal, time, number, all (b,).

    `branch` is the number of the branch, `columns` (b, q) the terms.
    """

    field: np.ndarray
    signal: np.ndarray
    number: np.ndarray
    rising: np.ndarray
    branch: np.ndarray
    columns: np.ndarray
    waves: np.ndarray


def bin_branches(branches: Sequence[Branch], terms: Terms) -> Bins:
    """Means of neighbouring points.

    Parameters
    ----------
    branches : all branches of a measurement
    terms : of the background
    """
    most = int(np.clip(_MOST_BINS // len(branches), _FEWEST_BINS, _BINS))
    parts = []
    for k, branch in enumerate(branches):
        n = branch.field.size
        starts = np.unique(np.linspace(0, n, min(n, most) + 1).astype(int))[:-1]
        number = np.diff([*starts, n])
        columns = terms.columns(branch.field, branch.time, branch.pickup)
        waves = np.cos(np.outer(branch.time + 0.5, np.pi * np.arange(1, _PINK + 1)))
        everything = np.column_stack([branch.field, branch.signal, columns, waves])
        means = np.add.reduceat(everything, starts) / number[:, None]
        rising, place = np.full(number.size, branch.rising), np.full(number.size, k)
        parts.append((means, number, rising, place))
    means, number, rising, place = (np.concatenate(part) for part in zip(*parts, strict=True))
    q = len(terms.names)
    return Bins(
        means[:, 0], means[:, 1], number, rising, place, means[:, 2 : 2 + q], means[:, 2 + q :]
    )


@dataclass(frozen=True)
class _Windows:
    """Bins that each window keeps (windows, bins), the sign of their level, and the order."""

    kept: np.ndarray
    level: np.ndarray
    normal: bool


def fit_background(
    bins: Bins, terms: Terms, found: Hysteresis, sigma: float, window: float, slope: str
) -> Background:
    """Average of all sets of terms in all windows.

    Parameters
    ----------
    bins, terms : see `bin_branches`
    found : where the loop is open
    sigma : noise of a point
    window : largest fraction of a sweep, from either end, that may count as saturated
    slope : key of `SLOPES`

    Raises
    ------
    Refused
        If a branch has too few saturated points.
    """
    groups = [_windows(bins, found, window, normal) for normal in (True, False)]
    sets = terms.sets(slope)
    few = _screening(terms, slope)
    weight = bins.number / sigma**2
    centre = float(np.average(bins.signal, weights=weight))
    candidates = []
    for group in groups:
        if not len(group.kept):
            continue
        normal = _NormalEquations.of(bins, group, weight, centre, found.height)
        for size in _PINK_SIZES if slope == "fitted" else (0.0,):
            reduced = normal.without_waves(size * sigma)
            score = reduced.scores(few, 1.0).min(axis=1)
            candidates += [(s, k, group, reduced) for k, s in enumerate(score)]
    candidates = [c for c in candidates if np.isfinite(c[0])]
    if not candidates:
        raise Refused(_too_few(bins, found, window))
    best = min(candidates, key=lambda c: c[0])
    # One size of slow noise, that of the best window; windows of both orders beside it.
    same = [c for c in candidates if c[3].size == best[3].size]
    chosen = sorted(same, key=lambda c: c[0])[:_WINDOWS_KEPT]
    return _average(bins, terms, chosen, sets, sigma, centre)


def _windows(bins: Bins, found: Hysteresis, window: float, normal: bool) -> _Windows:
    """Windows that grow from the ends towards the loop, each branch and side for itself."""
    h, rising = bins.field, bins.rising
    low, high = h.min(), h.max()
    # The edge of the rising branch, and that of the falling one.
    up, down = (found.right, found.left) if normal else (found.left, found.right)
    c_low, c_high = found.closed_low, found.closed_high
    pairs = [*product(_OPEN_PARTS, _CLOSED_PARTS), *((1.0, part) for part in (*_CLOSED_PARTS, 0.7))]
    if not normal:
        pairs = [(part, 0.0) for part in _OPEN_PARTS]
    kept = []
    for open_part, closed_part in pairs:
        outer_low = c_low - closed_part * (c_low - low)
        outer_high = c_high + closed_part * (high - c_high)
        inner_low = outer_low if open_part == 1 else up - open_part * (up - c_low)
        inner_high = outer_high if open_part == 1 else down + open_part * (c_high - down)
        if not normal:
            inner_low, inner_high = down - open_part * (down - c_low), up + open_part * (c_high - up)
            below = np.where(rising, h <= outer_low, h <= inner_low)
            above = np.where(rising, h >= inner_high, h >= outer_high)
        else:
            below = np.where(rising, h <= inner_low, h <= outer_low)
            above = np.where(rising, h >= outer_high, h >= inner_high)
        below &= h <= low + window * (high - low)
        above &= h >= high - window * (high - low)
        corners = (below & rising, below & ~rising, above & rising, above & ~rising)
        if min(int(bins.number[corner].sum()) for corner in corners) >= _FEWEST_POINTS:
            kept.append(below | above)
    edge = np.where(rising, up, down)
    shape = np.array(kept, bool).reshape(len(kept), h.size)
    return _Windows(shape, np.where(h > edge, 1.0, -1.0), normal)


def _screening(terms: Terms, slope: str) -> np.ndarray:
    """A few sets of terms, from none to most, by which windows are compared."""
    names = terms.names
    jumps = [name for name in names if name.startswith("jump")]
    few: list[Sequence[str]] = [()]
    if slope == "fitted":
        few += [("slope",), ("slope", "even", "drift")]
        few += [("slope", "cubic", "even", "drift"), ("slope", "even", "dip1", "drift", *jumps)]
        few += [("slope", "drift", "thermal1"), ("slope", "drift", "thermal0", *jumps)]
    if "pickup" in names:
        few += [(*part, "pickup") for part in few]
    return np.array([[n in ("offset", "amplitude", *part) for n in names] for part in few])


@dataclass(frozen=True)
class _NormalEquations:
    """Of every window: matrix (w, q, q), right side (w, q), sum of squares, numbers of bins."""

    matrix: np.ndarray
    right: np.ndarray
    squares: np.ndarray
    number: np.ndarray
    left_out: np.ndarray
    waves: int
    determinant: np.ndarray | float = 0.0
    """What integrating the waves out adds to twice the negative logarithm of the likelihood."""
    size: float = 0.0
    height: float = 1.0
    """Difference of the branches where the loop is open."""
    order: float = 0.0
    """Sign that the half swing must have."""

    @classmethod
    def of(
        cls, bins: Bins, windows: _Windows, weight: np.ndarray, centre: float, height: float
    ) -> "_NormalEquations":
        columns = bins.columns.copy()
        columns[:, 1] = windows.level
        a = np.column_stack([columns, bins.waves])
        y = bins.signal - centre
        q = a.shape[1]
        kept = windows.kept * weight
        products = (a[:, :, None] * a[:, None, :]).reshape(y.size, q * q)
        number = windows.kept.sum(axis=1)
        return cls(
            (kept @ products).reshape(-1, q, q),
            kept @ (a * y[:, None]),
            kept @ y**2,
            number,
            y.size - number,
            bins.waves.shape[1],
            height=abs(height),
            order=float(np.sign(-height if windows.normal else height)),
        )

    def without_waves(self, size: float) -> "_NormalEquations":
        """The waves integrated out, of standard deviation size/sqrt(k) each."""
        p = self.waves
        a, r, squares = self.matrix[:, :-p, :-p], self.right[:, :-p], self.squares
        determinant = np.zeros(squares.size)
        if size > 0:
            prior = np.arange(1, p + 1) / size**2
            inner = self.matrix[:, -p:, -p:] + np.diag(prior)
            cross = self.matrix[:, :-p, -p:]
            solved = np.linalg.solve(inner, np.swapaxes(cross, 1, 2))
            part = np.linalg.solve(inner, self.right[:, -p:, None])[..., 0]
            a = a - cross @ solved
            r = r - np.einsum("wij,wj->wi", cross, part)
            squares = squares - np.einsum("wi,wi->w", self.right[:, -p:], part)
            determinant = np.linalg.slogdet(inner)[1] - np.log(prior).sum()
        return replace(
            self, matrix=a, right=r, squares=squares, waves=0, determinant=determinant, size=size
        )

    def only(self, windows: Sequence[int]) -> "_NormalEquations":
        rows = list(windows)
        return replace(
            self, matrix=self.matrix[rows], right=self.right[rows], squares=self.squares[rows],
            number=self.number[rows], left_out=self.left_out[rows],
            determinant=np.asarray(self.determinant)[rows],
        )  # fmt: skip

    def solve(self, sets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values (w, sets, q) and misfits (w, sets)."""
        pairs = sets[:, :, None] & sets[:, None, :]
        diagonal = np.einsum("wii->wi", self.matrix)
        ridge = np.where(sets[None], _RIDGE * diagonal[:, None], 1.0)
        matrix = np.where(pairs[None], self.matrix[:, None], 0.0)
        matrix = matrix + ridge[..., None] * np.eye(sets.shape[1])
        right = np.where(sets[None], self.right[:, None], 0.0)
        values = np.linalg.solve(matrix, right[..., None])[..., 0]
        return values, self.squares[:, None] - np.einsum("wsi,wsi->ws", right, values)

    def scores(self, sets: np.ndarray, scale: float) -> np.ndarray:
        """BIC (w, sets) at noise variances `scale` times as large; infinite with too few bins."""
        values, misfit = self.solve(sets)
        return misfit / scale + self.charge(sets) + self.unlikely(values[..., 1])

    def unlikely(self, amplitude: np.ndarray) -> np.ndarray:
        """Charge for a half swing (w, sets) that the branch difference does not allow."""
        ratio = np.log(np.maximum(2 * np.abs(amplitude) / self.height, 1e-6))
        away = np.where(ratio > 0, ratio / _LARGER, ratio / _SMALLER) ** 2
        wrong = self.order * amplitude < 0
        return np.minimum(away + np.where(wrong, _MOST_UNLIKELY, 0), _MOST_UNLIKELY)

    def charge(self, sets: np.ndarray) -> np.ndarray:
        """What BIC charges for terms and bins left out (w, sets); infinite with too few bins."""
        used = sets.sum(axis=1)
        # Bins left out are terms too: all models are charged by the same number of bins.
        charge = np.log(np.maximum(self.number + self.left_out, 2))[:, None] * used
        charge = charge + (_LEFT_OUT * self.left_out + self.determinant)[:, None]
        return np.where(self.number[:, None] >= used + _SPARE, charge, np.inf)


def _average(
    bins: Bins,
    terms: Terms,
    chosen: Sequence[tuple[float, int, _Windows, _NormalEquations]],
    sets: np.ndarray,
    sigma: float,
    centre: float,
) -> Background:
    """Mean of all models by their weight, with the spread between them."""
    parts = [(equations.only([k]), group.kept[k]) for _, k, group, equations in chosen]
    solved = [equations.solve(sets) for equations, _ in parts]
    misfit = np.array([m[0] for _, m in solved])
    charge = np.array(
        [
            (eq.charge(sets) + eq.unlikely(values[..., 1]))[0]
            for (eq, _), (values, _) in zip(parts, solved, strict=True)
        ]
    )
    score = misfit + charge
    w, s = np.unravel_index(int(np.argmin(score)), score.shape)
    dof = max(int(parts[w][0].number[0] - sets[s].sum()), 1)
    ratio = float(misfit[w, s]) / dof
    scale = max(1.0, ratio)
    score = misfit / scale + charge
    weight = np.exp((score.min() - score) / 2)
    weight[weight < _LEAST_WEIGHT] = 0
    weight /= weight.sum()
    used = weight > 0
    place = np.argwhere(used)
    values = np.array([solved[i][0][0, j] for i, j in place])
    mean = weight[used] @ values
    away = values - mean
    matrices = np.array([parts[i][0].matrix[0] for i, _ in place])
    statistical = np.einsum("k,kij->ij", weight[used], _inverses(matrices, sets[place[:, 1]])) * scale
    kept = weight.sum(axis=1) @ np.array([part[1] for part in parts])
    best = chosen[w]
    mean[0] += centre
    return Background(
        terms, mean, statistical, (away * weight[used, None]).T @ away, sigma * np.sqrt(scale),
        best[3].size * np.sqrt(_WAVES_POWER), ratio, float(chdtrc(dof, ratio * dof)),
        weight.sum(axis=0) @ sets.astype(float), best[2].normal, kept, best[2].level,
    )  # fmt: skip


def _inverses(matrices: np.ndarray, sets: np.ndarray) -> np.ndarray:
    """Covariances (k, q, q) of the values, zero for what is not in the set of terms."""
    pairs = sets[:, :, None] & sets[:, None, :]
    diagonal = np.einsum("kii->ki", matrices)
    ridge = np.where(sets, _RIDGE * diagonal, 1.0)
    full = np.where(pairs, matrices, 0.0) + ridge[..., None] * np.eye(sets.shape[1])
    return np.where(pairs, np.linalg.inv(full), 0.0)


def _too_few(bins: Bins, found: Hysteresis, window: float) -> str:
    """Which branch has too few saturated points, and what would help."""
    low, high = bins.field.min(), bins.field.max()
    ends = {
        "above": max(found.closed_high, high - window * (high - low)),
        "below": min(found.closed_low, low + window * (high - low)),
    }
    least = (np.inf, "", "", 0.0)
    for side, end in ends.items():
        for rising, name in ((True, "rising"), (False, "falling")):
            part = bins.rising == rising
            beyond = bins.field >= end if side == "above" else bins.field <= end
            number = int(bins.number[part & beyond].sum())
            least = min(least, (number, name, side, end))
    number, name, side, end = least
    bound = window * (high - low)
    limited = end in (high - bound, low + bound)
    cure = f"a larger window (now {window:g})" if limited else "more points there, or higher fields"
    return (
        f"{number} points of the {name} branch {side} {end:+.4g} Oe, where it is saturated,"
        f" {_FEWEST_POINTS} needed: {cure}"
    )

"""What lies below a loop: as many terms as the data ask for, where each branch is saturated.

Every set of terms is fitted in every window, and all of them are averaged by their evidence, so
that what the data leave open stands in the uncertainty (Raftery, Sociol. Methodol. 25, 111
(1995)). The evidence is the Bayesian information criterion with the noise known: the misfit, ln n
for each term, and a charge for each point that a window leaves out. BIC, since of F test, BIC and
a marginal likelihood it alone needs neither nested models nor a prior width for every term.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
from scipy.special import chdtrc

from hall2net.physics.evidence import Equations
from hall2net.physics.hysteresis import Hysteresis
from hall2net.physics.sweeps import Branch, Refused
from hall2net.physics.windows import (
    APPROACHES,
    N_TAILS,
    Bins,
    Windows,
    find_windows,
    too_few,
)

SLOPES = {
    "fitted": "slope, even part, drift and jumps as far as the data ask for them",
    "none": "none of them, nor a slow approach to saturation, as for data corrected before",
}
"""What is fitted besides offset and half swing."""

_DIPS = (0.08, 0.3)
"""Widths of an even part with a dip at zero field, over the largest field."""
_DIP_SIZE = 0.3
"""Standard deviation of its depth, over the difference of the branches."""
_DRIFT_TIMES = (0.08, 0.3)
"""Time constants of thermal drift, over the whole measurement."""
_WAVE_SIZES = (0.06, 0.25, 1.0)
"""Size of slow noise, over the noise of a point: no instrument has none."""
_WAVES_POWER = 1.2
"""Mean square of all waves together, half the sum of 1/k, over their size squared."""
_WINDOWS_KEPT = 3
"""Windows in which all sets of terms are tried; the others have no weight worth the time."""
_LEAST_WEIGHT = 3e-3
"""Fits of less weight, relative to the best, are dropped."""
_SCREENED = (0, 2, 4)
"""Ways to approach saturation by which windows are compared: none, a long tail, a rotation."""
_TAIL_SHAPE = np.array([0.03] * 9)
"""Error of the half swing by the unknown shape of a tail or a rotation, over its size."""
_ROTATION_SHAPE = np.array([0.0] * 4 + [0.2] * 5)
"""What comes to it where the data show one: Langevin's function and tanh lie so far apart."""
_UNSEEN = 0.05
"""Weight of all fits without a tail from which on the data show none."""
_MISFIT, _MISFIT_PROBABILITY = 1.5, 1e-4
"""Residuals are no noise where their mean square is so much larger and so improbable."""
_INDEPENDENT = 8
"""Bins of residuals that are no noise and independent of each other: these come in long waves."""
_WITH_TAILS = 1e-2
"""Sets of terms of less weight are not tried with other tails."""


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

    @property
    def bounded(self) -> np.ndarray:
        """Inverse square of the size that a term may have, over that of the loop; 0 for any.

        A dip would lie where the loop is open, where nothing but its flanks tells its size.
        """
        return np.array([_DIP_SIZE**-2 if name.startswith("dip") else 0.0 for name in self.names])

    def of(self, branch: Branch) -> np.ndarray:
        """`columns` at the points of a branch."""
        return self.columns(branch.field, branch.time, branch.pickup)

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

    @property
    def misfits(self) -> bool:
        """Whether no set of terms describes what is saturated."""
        return self.misfit > _MISFIT and self.misfit_probability < _MISFIT_PROBABILITY

    def below(self, branch: Branch) -> np.ndarray:
        """What lies below the loop at the points of a branch, (n,)."""
        return self.terms.of(branch) @ self.values

    def normalised(self, branch: Branch) -> np.ndarray:
        """Magnetisation (n,) of a branch, from -1 to 1."""
        return (branch.signal - self.below(branch)) / self.amplitude

    def gradient(self, branch: Branch, m: np.ndarray | float) -> np.ndarray:
        """Derivatives (n, q) of m by the values, but for their sign."""
        below = self.terms.of(branch)
        below[:, 1] = m
        return below / self.amplitude


def fit_background(
    bins: Bins, terms: Terms, found: Hysteresis, sigma: float, window: float, slope: str
) -> Background:
    """Average of all sets of terms in all windows.

    Parameters
    ----------
    bins, terms : bins of all branches, with the columns of the terms
    found : where the loop is open
    sigma : noise of a point
    window : largest fraction of a sweep, from either end, that may count as saturated
    slope : key of `SLOPES`

    Raises
    ------
    Refused
        If a branch has too few saturated points.
    """
    centre = float(np.average(bins.signal, weights=bins.number))
    groups = [find_windows(bins, found, window, normal) for normal in (True, False)]
    groups = [group for group in groups if len(group.kept)]
    if not groups:
        raise Refused(too_few(bins, found, window))
    whole = [
        Equations.of(bins, group, bins.signal - centre, sigma, found.height, terms.bounded)
        for group in groups
    ]
    # The size of slow noise follows from the windows of the usual order of the edges.
    sizes = [size * sigma for size in _WAVE_SIZES]
    candidates = _candidates(groups[0], whole[0], sizes, terms.names, slope)
    for group, equation in zip(groups[1:], whole[1:], strict=True):
        size = candidates[0].size if candidates else sizes[0]
        candidates = candidates + _candidates(group, equation, [size], terms.names, slope)
    if not candidates:
        raise Refused(too_few(bins, found, window))
    candidates = sorted(candidates, key=lambda c: c.score)[:_WINDOWS_KEPT]
    approaches = APPROACHES if slope == "fitted" else APPROACHES[:1]
    background = _average(terms, candidates, _sets(terms.names, slope), approaches, sigma)
    background.values[0] += centre
    return background


@dataclass(frozen=True)
class _Candidate:
    """A window that is worth a closer look, and its best way to approach saturation."""

    score: float
    window: int
    group: Windows
    equations: Equations
    size: float
    approach: int


def _candidates(
    group: Windows,
    equations: Equations,
    sizes: Sequence[float],
    names: tuple[str, ...],
    slope: str,
) -> list[_Candidate]:
    """Windows with their scores, the best first, at the likeliest size of the slow noise."""
    parts = [equations.without_waves(size) for size in sizes]
    scores = _screened(parts[0].with_those_of(parts[1:]), names, slope)
    scores = scores.reshape(len(sizes), len(group.kept), -1)
    k = int(np.argmin(scores.min(axis=(1, 2))))
    least, approach = scores[k].min(axis=1), scores[k].argmin(axis=1)
    return [
        _Candidate(
            float(least[w]), int(w), group, parts[k], sizes[k], _screened_by(slope)[approach[w]]
        )
        for w in np.argsort(least, kind="stable")
        if np.isfinite(least[w])
    ]


def _screened(equations: Equations, names: tuple[str, ...], slope: str) -> np.ndarray:
    """Best score (w, approaches) of a window over nested sets of terms."""
    order = _nested(names, slope)
    scores = []
    for approach in (APPROACHES[k] for k in _screened_by(slope)):
        columns = [N_TAILS, N_TAILS + 1, *approach, *order]
        sets = np.zeros((len(columns), equations.right.shape[1]), bool)
        for k in range(len(columns)):
            sets[k:, columns[k]] = True
        least = 1 + len(approach)
        score = equations.nested(columns) + equations.charge(sets)
        scores.append(score[:, least:].min(axis=1))
    return np.stack(scores, axis=-1)


def _screened_by(slope: str) -> tuple[int, ...]:
    """Ways to approach saturation by which windows are compared."""
    return _SCREENED if slope == "fitted" else (0,)


@lru_cache(maxsize=64)
def _nested(names: tuple[str, ...], slope: str) -> tuple[int, ...]:
    """Columns of the terms, the likeliest first."""
    if slope != "fitted":
        return tuple(N_TAILS + k for k, name in enumerate(names) if name == "pickup")
    jumps = tuple(name for name in names if name.startswith("jump"))
    order = ("slope", "drift", "pickup", "even", "cubic", *jumps, "thermal1", "dip1", "thermal0")
    return tuple(N_TAILS + names.index(name) for name in order if name in names)


@lru_cache(maxsize=64)
def _sets(names: tuple[str, ...], slope: str) -> np.ndarray:
    """Sets of terms (sets, q) that are tried."""
    jumps = tuple(name for name in names if name.startswith("jump"))
    odd: list[tuple[str, ...]] = [()]
    even: list[tuple[str, ...]] = [()]
    slow: list[tuple[str, ...]] = [()]
    if slope == "fitted":
        odd += [("slope",), ("slope", "cubic")]
        even += [("even",), ("dip0",), ("dip1",), ("even", "dip1")]
        slow += [("drift",), ("drift", "thermal0"), ("drift", "thermal1")]
        slow += [(*jumps,), ("drift", *jumps), ("drift", "thermal1", *jumps)] if jumps else []
    if "pickup" in names:
        even += [("pickup",), ("pickup", "even")]
    chosen = [
        [name in ("offset", "amplitude", *(n for part in parts for n in part)) for name in names]
        for parts in product(odd, even, slow)
    ]
    return np.unique(np.array(chosen), axis=0)


def _with_tails(sets: np.ndarray, approaches: Sequence[tuple[int, ...]]) -> np.ndarray:
    """Sets of columns, those of each way to approach saturation in front."""
    columns = []
    for approach in approaches:
        front = np.zeros((len(sets), N_TAILS), bool)
        front[:, list(approach)] = True
        columns.append(np.column_stack([front, sets]))
    return np.concatenate(columns)


def _average(
    terms: Terms,
    candidates: Sequence[_Candidate],
    sets: np.ndarray,
    approaches: Sequence[tuple[int, ...]],
    sigma: float,
) -> Background:
    """Mean of all fits by their weight, with the spread between them."""
    parts = [c.equations.only([c.window]) for c in candidates]
    equations = parts[0].with_those_of(parts[1:])
    columns, values, misfit, charge = _fits(
        equations, sets, {c.approach for c in candidates}, approaches
    )
    score = misfit + charge
    w, first = np.unravel_index(int(np.argmin(score)), score.shape)
    best = candidates[int(w)]
    dof = max(int(equations.number[w] - columns[first].sum()), 1)
    ratio = float(misfit[w, first]) / dof
    scale = max(1.0, ratio)
    weights = _weights(misfit / scale + charge)
    covariance = np.zeros((values.shape[-1],) * 2)
    for k, weight in enumerate(weights):
        used = weight > 0
        if used.any():
            covariance += equations.covariance(k, columns[used], weight[used])
    used = weights > 0
    weight, values = weights[used], values[used]
    tails = N_TAILS
    without = float(weights[:, ~columns[:, :tails].any(axis=1)].sum())
    shapes = _TAIL_SHAPE + _ROTATION_SHAPE * max(1 - without / _UNSEEN, 0.0)
    shape = float(weight @ np.abs(values[:, :tails]) @ shapes)
    mean = weight @ values[:, tails:]
    away = values[:, tails:] - mean
    systematic = (away * weight[:, None]).T @ away
    systematic[1, 1] += shape**2
    covariance *= scale
    unlikely = float(chdtrc(dof, ratio * dof))
    if ratio > _MISFIT and unlikely < _MISFIT_PROBABILITY:
        waves = max(float(equations.number[w]) / _INDEPENDENT - 1, 0.0)
        systematic += waves * covariance[tails:, tails:]
    kept = weights.sum(axis=1) @ np.array([c.group.kept[c.window] for c in candidates])
    return Background(
        terms, mean, covariance[tails:, tails:], systematic,
        sigma * np.sqrt(scale), best.size * np.sqrt(_WAVES_POWER), ratio,
        unlikely, weights.sum(axis=0) @ columns[:, tails:].astype(float),
        best.group.normal, kept, best.group.level,
    )  # fmt: skip


def _fits(
    equations: Equations,
    sets: np.ndarray,
    best: Set[int],
    approaches: Sequence[tuple[int, ...]],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Columns (s, p), values (w, s, p), misfits and charges (w, s) of all sets of terms.

    Every set is tried without a tail and with those that fit some window best; the sets that then
    have a weight with all ways to approach saturation.
    """
    first = [approaches[k] for k in sorted({0, *best})]
    tried = _with_tails(sets, first)
    values, misfit = equations.solve(tried)
    charge = equations.charge(tried, values)
    worth = _weights(misfit + charge).max(axis=0).reshape(len(first), -1).max(axis=0)
    rest = [approach for approach in approaches if approach not in first]
    if not rest:
        return tried, values, misfit, charge
    more = _with_tails(sets[worth > _WITH_TAILS], rest)
    others, other_misfit = equations.solve(more)
    return (
        np.concatenate([tried, more]),
        np.concatenate([values, others], axis=1),
        np.concatenate([misfit, other_misfit], axis=1),
        np.concatenate([charge, equations.charge(more, others)], axis=1),
    )


def _weights(score: np.ndarray) -> np.ndarray:
    """Weights by BIC; those below `_LEAST_WEIGHT` are none."""
    weight = np.exp((score.min() - score) / 2)
    weight[weight < _LEAST_WEIGHT] = 0
    return weight / weight.sum()

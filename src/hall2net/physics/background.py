"""What lies below a loop: as many terms as the data ask for, where each branch is saturated.

Every set of terms is fitted in every window, and all of them are averaged by their evidence, so
that what the data leave open stands in the uncertainty (Raftery, Sociol. Methodol. 25, 111
(1995)). The evidence is the Bayesian information criterion with the noise known: the misfit, ln n
for each term, and a charge for each point that a window leaves out. BIC, since of F test, BIC and
a marginal likelihood it alone needs neither nested models nor a prior width for every term.
"""

from collections.abc import Sequence
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
    "none": "none of them, as for data that the instrument has corrected",
}
"""What is fitted besides offset and half swing."""

_DIPS = (0.08, 0.3)
"""Widths of an even part with a dip at zero field, over the largest field."""
_DIP_SIZE = 0.3
"""Standard deviation of its depth, over the difference of the branches."""
_DRIFT_TIMES = (0.08, 0.3)
"""Time constants of thermal drift, over the whole measurement."""
_WAVE_SIZES = (0.06, 0.2, 0.6)
"""Size of slow noise, over the noise of a point: no instrument has none."""
_WAVES_POWER = 1.2
"""Mean square of all waves together, half the sum of 1/k, over their size squared."""
_WINDOWS_KEPT = 4
"""Windows in which all sets of terms are tried; the others have no weight worth the time."""
_LEAST_WEIGHT = 1e-3
"""Fits of less weight, relative to the best, are dropped."""
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
    few = _with_tails(_sets(terms.names, slope, True), APPROACHES[:3:2] + APPROACHES[4:])
    best: tuple[float, list[_Candidate]] = (np.inf, [])
    groups = [find_windows(bins, found, window, normal) for normal in (True, False)]
    equations = [
        Equations.of(bins, group, bins.signal - centre, sigma, found.height, terms.bounded)
        for group in groups
        if len(group.kept)
    ]
    for size in _WAVE_SIZES:
        candidates = []
        for group, equation in zip((g for g in groups if len(g.kept)), equations, strict=True):
            reduced = equation.without_waves(size * sigma)
            values, misfit = reduced.solve(few)
            score = (misfit + reduced.charge(few, values)).min(axis=1)
            candidates += [
                _Candidate(s, k, group, reduced, size)
                for k, s in enumerate(score.tolist())
                if np.isfinite(s)
            ]
        candidates.sort(key=lambda c: c.score)
        if candidates and candidates[0].score < best[0]:
            best = candidates[0].score, candidates[:_WINDOWS_KEPT]
    if not best[1]:
        raise Refused(too_few(bins, found, window))
    background = _average(terms, best[1], _sets(terms.names, slope, False), sigma)
    background.values[0] += centre
    return background


@dataclass(frozen=True)
class _Candidate:
    """A window that is worth a closer look."""

    score: float
    window: int
    group: Windows
    equations: Equations
    size: float


@lru_cache(maxsize=64)
def _sets(names: tuple[str, ...], slope: str, few: bool) -> np.ndarray:
    """Sets of terms (sets, q): every one, or a few from none to most to compare windows by."""
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
    if few:
        odd, even, slow = odd[1:] or odd, even[:2] + even[-2:-1], slow[:2] + slow[-2:-1]
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
    terms: Terms, candidates: Sequence[_Candidate], sets: np.ndarray, sigma: float
) -> Background:
    """Mean of all fits by their weight, with the spread between them."""
    fits = [_fits(candidate, sets) for candidate in candidates]
    misfit, charge = (np.concatenate([fit[k] for fit in fits]) for k in (0, 1))
    owner = np.repeat(np.arange(len(fits)), [len(fit[0]) for fit in fits])
    columns = np.concatenate([fit[2] for fit in fits])
    values = np.concatenate([fit[3] for fit in fits])
    first = int(np.argmin(misfit + charge))
    best = candidates[owner[first]]
    dof = max(int(best.equations.number[best.window] - columns[first].sum()), 1)
    ratio = float(misfit[first]) / dof
    scale = max(1.0, ratio)
    weight = _weights(misfit / scale + charge)
    used = np.flatnonzero(weight)
    covariance = np.zeros((values.shape[1],) * 2)
    for k, candidate in enumerate(candidates):
        mine = used[owner[used] == k]
        if mine.size:
            each = candidate.equations.only(candidate.window).covariance(columns[mine])[0]
            covariance += np.einsum("k,kij->ij", weight[mine], each)
    tails = N_TAILS
    mean = weight[used] @ values[used, tails:]
    away = values[used, tails:] - mean
    by_window = np.bincount(owner, weight, minlength=len(fits))
    kept = by_window @ np.array([c.group.kept[c.window] for c in candidates])
    return Background(
        terms, mean, covariance[tails:, tails:] * scale, (away * weight[used, None]).T @ away,
        sigma * np.sqrt(scale), best.size * sigma * np.sqrt(_WAVES_POWER), ratio,
        float(chdtrc(dof, ratio * dof)), weight @ columns[:, tails:].astype(float),
        best.group.normal, kept, best.group.level,
    )  # fmt: skip


def _fits(
    candidate: _Candidate, sets: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Misfits, charges, columns and values of all sets in one window, the best with tails too."""
    equations = candidate.equations.only(candidate.window)
    parts, worth = [], np.ones(len(sets), bool)
    for approaches in (APPROACHES[:1], APPROACHES[1:]):
        columns = _with_tails(sets[worth], approaches)
        values, misfit = equations.solve(columns)
        charge = equations.charge(columns, values)
        parts.append((misfit[0], charge[0], columns, values[0]))
        if approaches == APPROACHES[:1]:
            worth = _weights(misfit[0] + charge[0]) > _WITH_TAILS
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))


def _weights(score: np.ndarray) -> np.ndarray:
    """Weights by BIC; those below `_LEAST_WEIGHT` are none."""
    weight = np.exp((score.min() - score) / 2)
    weight[weight < _LEAST_WEIGHT] = 0
    return weight / weight.sum()

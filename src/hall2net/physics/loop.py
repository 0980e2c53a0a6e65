"""One hysteresis loop: switching fields, centre, amplitude and slope, each with an uncertainty.

Monotonic runs are found in the field, hysteresis in the difference of the branches, saturation
where they agree; the background is what the data ask for, averaged over all that they allow. Each
branch's switching field is read where it crosses the middle between the saturated levels. Nothing
is re-centred, and H_c keeps its sign.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import least_squares
from scipy.special import chdtri, erf, stdtrit

from hall2net.physics.background import (
    Background,
    Terms,
    fit_background,
)
from hall2net.physics.crossing import CONFIDENCE, Crossing, Points, interval, locate
from hall2net.physics.hysteresis import (
    Difference,
    Hysteresis,
    branch_difference,
    find_hysteresis,
)
from hall2net.physics.noise import point_noise, spikes
from hall2net.physics.steps import Shape, shape_of
from hall2net.physics.sweeps import Branch, Refused, Sweeps, find_sweeps, turning_points
from hall2net.physics.windows import Bins, bin_branches

CRITERIA = {
    "half": "interpolated crossing of the half height",
    "erf": "centre of a fitted error function",
    "tanh": "centre of a fitted hyperbolic tangent",
}
"""Ways to read a switching field."""

_FEWEST_POINTS = 12
_FEWEST_BINS = 6
"""Bins of the branch difference: two on either side of an open part of two."""
_SIGNIFICANT = 5.0
"""Sigma of the hysteresis that a loop needs; 5 over all intervals tried is a chance of 1e-4."""
_SURE = 8.0
"""Sigma of the hysteresis below which a loop is flagged."""
_LEVELS_SIGMA = 2.0
"""Half swing over its error that a loop needs, since m is measured in it."""
_COMMON = 0.5
"""Correlation of what grains do to both branches of H_c: between none and all."""
_MULTIPLE, _UNEVEN, _CHANGES = 0.02, 0.1, 12
"""A field is rounded where its steps are multiples of the least one within this part of it, and
more than this fraction of them are not that step itself, or they change more often than those of
a sweep that is set with coarse and fine steps and pauses."""
_ZERO = 0.02
"""A sweep that ends within this fraction of its largest field from zero ends at zero."""
_SHORT = 0.85
"""Branches that share less than this fraction of the whole range are not measured to the end."""
_MOST_BREAKS = 8
"""Turning points at which the signal may jump; more of them are left to the scatter of cycles."""
_FEWEST_NEAR_TURN = 3
"""Points by which a turning point may be missed in a noisy field; or a fiftieth of all."""
_AT_TURN = 0.02
"""A field that differs by less than this part of its range from that of a turning point."""
_CENTRE, _WIDE_CENTRE = 0.25, 0.5
"""The centre of a loop, over H_c, and how far it may reach for a point of each branch."""
_UNEVEN_CENTRE, _UNEVEN_SIGMA, _UNEVEN_SURE = 0.04, 1.5, 3.0
"""Mean of both branches there, over the half swing and in sigma, that counts as an error; and in
sigma, that is no chance."""
_GRAINS = 150.0
"""Domains of a branch, by which it may be off its mean far from its edge."""
_KEPT = 0.5
"""A bin that windows of this weight keep counts as saturated."""
_SAME_LEVEL = 0.2
"""Cycles whose half swings differ by more than this fraction are other measurements."""
_SAME_FIELD = 0.25
"""Cycles whose switching fields scatter by more than this fraction of H_c are flagged."""
_MISFIT_SIZE = 0.005
"""Residuals that are no noise, over the half swing, that nobody minds."""
_FAR_BEYOND = 5.0
"""A signal that goes so many half swings out is no loop between two levels; a second signal of
opposite sign and three fifths of its size reaches four."""
_LEVEL, _WRONG = 0.5, 0.2
"""|m| that half of the outer points reach where a branch goes from one level to the other, and
the part of all points that may have the wrong sign."""
_SHAPES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "erf": lambda z: erf(z / np.sqrt(2)),
    "tanh": np.tanh,
}


@dataclass(frozen=True)
class Estimate:
    """A value with its uncertainties, all in its unit.

    Attributes
    ----------
    value : the best value
    statistical : 1 sigma, from noise
    systematic : 1 sigma, between windows and sets of terms of the background
    step : 1 sigma, from the field step
    low, high : ends of the 95 % interval of all together
    """

    value: float
    statistical: float
    systematic: float
    step: float
    low: float
    high: float

    def with_systematic(self, sigma: float) -> "Estimate":
        """With a further systematic part, 1 sigma."""
        systematic = float(np.hypot(self.systematic, sigma))
        low, high = (
            self.value + sign * float(np.hypot(abs(end - self.value), 1.96 * sigma))
            for sign, end in ((-1, self.low), (1, self.high))
        )
        return replace(self, systematic=systematic, low=low, high=high)


@dataclass(frozen=True)
class Loop:
    """A fitted loop in the units of its field and signal.

    Attributes
    ----------
    fields : h_up, h_dn, h_c, h_0
    amplitude, offset, slope, even, drift : half swing (signed), and the background; `even` at the
        largest field, `drift` over the whole measurement
    field_step : 1 sigma of one switching field from the field step alone
    width : mean width of an edge, as the standard deviation of an error function
    background : all terms with their scales, for `background_of`
    noise : of one point
    significance : of the hysteresis, in sigma
    cycles, left_out : numbers of cycles, and of runs that are no whole branch
    steps : fields of the steps of the rising, then of the falling branch
    saturated : `up` and `down` to the fields below and above which that branch counts as saturated
    doubts : why the loop is flagged; empty if it is not
    """

    fields: Mapping[str, Estimate]
    amplitude: Estimate
    offset: Estimate
    slope: Estimate
    even: Estimate
    drift: Estimate
    field_step: float
    width: float
    background: Background
    noise: float
    significance: float
    cycles: int
    left_out: int
    steps: tuple[tuple[float, ...], ...]
    saturated: Mapping[str, tuple[float, float]]
    doubts: tuple[str, ...]


@dataclass(frozen=True)
class _Measured:
    """Branches of a measurement, cleaned of spikes, and their noise."""

    up: list[Branch]
    down: list[Branch]
    sweeps: Sweeps
    breaks: tuple[float, ...]
    sigma: float
    low: float
    high: float

    @property
    def branches(self) -> list[Branch]:
        return [*self.up, *self.down]


def measure_loop(
    field: np.ndarray,
    signal: np.ndarray,
    *,
    criterion: str = "half",
    window: float = 1.0,
    slope: str = "fitted",
    pickup: np.ndarray | None = None,
) -> Loop:
    """Fit one loop of any signal, in its own units: resistance, voltage or moment.

    Parameters
    ----------
    field : (n,), in the order of the measurement
    signal : (n,)
    criterion, window, slope : see `fit_loops`
    pickup : (n,), a channel that may be mixed into the signal, as R_xx into R_xy; or None

    Raises
    ------
    Refused
        Where there is no number, with the reason.
    """
    measured = _prepared(np.asarray(field, float), np.asarray(signal, float), pickup)
    difference = branch_difference(
        measured.up, measured.down, measured.low, measured.high, measured.sigma
    )
    if difference.field.size < _FEWEST_BINS:
        raise Refused(_one_sided(measured) or _incomplete(measured))
    found = find_hysteresis(difference)
    doubts = list(_closed(measured, difference, found))
    largest = float(max(abs(b.field[k]) for b in measured.branches for k in (0, -1)))
    centre = np.nan if pickup is None else float(np.nanmean(pickup))
    terms = Terms(largest, measured.breaks if slope == "fitted" else (), centre)
    bins = bin_branches(measured.branches, terms.of)
    try:
        background = fit_background(bins, terms, found, measured.sigma, window, slope)
        _check_levels(measured, bins, background, slope)
        crossings, shapes = _crossings(measured, background, criterion)
    except Refused as refused:
        raise Refused(_one_sided(measured) or str(refused)) from refused
    saturated = _saturated(bins, background)
    loop = _assembled(measured, background, found, crossings, shapes, saturated, doubts)
    return _with_uneven_centre(loop, measured)


def _prepared(field: np.ndarray, signal: np.ndarray, pickup: np.ndarray | None) -> _Measured:
    kept = np.isfinite(field) & np.isfinite(signal)
    if pickup is not None:
        kept &= np.isfinite(pickup)
    field, signal = field[kept], signal[kept]
    pickup = None if pickup is None else np.asarray(pickup, float)[kept]
    if field.size < _FEWEST_POINTS:
        raise Refused(
            f"too few points: {field.size} with field and signal, {_FEWEST_POINTS} needed"
        )
    sweeps = find_sweeps(field)
    time = np.linspace(-0.5, 0.5, field.size)

    def branch(points: np.ndarray, rising: bool) -> Branch:
        part = None if pickup is None else pickup[points]
        return Branch(field[points], signal[points], time[points], rising, part)

    up = [branch(run.points, True) for run in sweeps.up]
    down = [branch(run.points, False) for run in sweeps.down]
    sigma = point_noise([(b.field, b.signal) for b in (*up, *down)])
    up, down = ([_without_spikes(b, sigma) for b in side] for side in (up, down))
    sigma = point_noise([(b.field, b.signal) for b in (*up, *down)])
    first = min(run.first for run in sweeps.runs)
    turns = [k for k in turning_points(field)[1:-1] if k > first]
    breaks = tuple(_break(field, signal, time, k, sigma) for k in turns[:_MOST_BREAKS])
    return _Measured(up, down, sweeps, breaks, sigma, sweeps.low, sweeps.high)


def _without_spikes(branch: Branch, sigma: float) -> Branch:
    """Spikes stand alone in time; in a noisy field others may lie between them and their time."""
    order = np.argsort(branch.time, kind="stable")
    kept = np.ones(order.size, bool)
    kept[order] = ~spikes(branch.signal[order], sigma)
    return branch.only(kept)


def _break(
    field: np.ndarray, signal: np.ndarray, time: np.ndarray, turn: int, sigma: float
) -> float:
    """Time of a jump at a turning point: at the largest step near it, if that is no noise.

    What the signal follows the field by is no step: far out the points may lie far apart. Nor is
    an edge of the loop, which may lie a few points from the turn.
    """
    reach = max(_FEWEST_NEAR_TURN, signal.size // 50)
    first = max(turn - reach, 0)
    near = slice(first, turn + reach + 2)
    steps, ways = np.diff(signal[near]), np.diff(field[near])
    moved = ways != 0
    if moved.any():
        steps = steps - np.median(steps[moved] / ways[moved]) * ways
    away = np.abs(field[near] - field[turn]) > _AT_TURN * np.ptp(field)
    steps = np.where(away[1:] | away[:-1], 0.0, np.abs(steps))
    k = first + int(np.argmax(steps)) if steps.max() > _SIGNIFICANT * 2**0.5 * sigma else turn
    k = min(k, time.size - 2)
    return float(time[k] + time[k + 1]) / 2


def _closed(measured: _Measured, d: Difference, found: Hysteresis) -> Iterator[str]:
    """Refuse loops that are incomplete, open or without hysteresis; yield doubts."""
    low, high = measured.low, measured.high
    span = max(b.field[-1] for b in measured.branches) - min(b.field[0] for b in measured.branches)
    ends = [
        side
        for side, at in (("low", found.closed_low), ("high", found.closed_high))
        if np.isnan(at)
    ]
    short = high - low < _SHORT * span
    if found.significance < _SIGNIFICANT or ends:
        if short:
            raise Refused(_incomplete(measured))
        if _one_sided(measured):
            raise Refused(_one_sided(measured))
    if found.significance < _SIGNIFICANT:
        _check_cycles_alike(measured)
        raise Refused(_without_hysteresis(found))
    if found.even_curve:
        raise Refused(
            "no Hall loop: the rising branch is the mirror image of the falling one in the field,"
            " as those of a magnetoresistance or of an even curve with field lag;"
            " look at the column and at the kind of measurement"
        )
    _check_closed(found, low, high)
    if found.opposite:
        yield "the branches cross each other: two signals of opposite sign"
    if found.roughly:
        yield "the branches agree at the ends within some per cent only: drift, or not saturated"
    if found.significance < _SURE:
        yield f"hysteresis of {found.significance:.1f} sigma only"


def _without_hysteresis(found: Hysteresis) -> str:
    seen = f"{found.significance:.1f} sigma, {_SIGNIFICANT:g} needed"
    if found.apart < _SIGNIFICANT or not found.all_over:
        return (
            f"no hysteresis: the branches differ by {abs(found.height):.2g} with {seen};"
            " more points, less noise, or a field step below H_c"
        )
    return (
        f"no hysteresis, or not saturated: the branches differ all over the sweep, as after drift"
        f" or a jump or in a loop wider than the sweep; beside that with {seen}:"
        " measure to higher fields, with less drift"
    )


def _check_cycles_alike(measured: _Measured) -> None:
    """Cycles of opposite sense, whose mean has no hysteresis, are no one measurement."""
    signs = set()
    for up, down in zip(measured.up, measured.down, strict=False):
        one = branch_difference([up], [down], measured.low, measured.high, measured.sigma)
        if one.field.size >= _FEWEST_BINS:
            found = find_hysteresis(one)
            signs |= {np.sign(found.height)} if found.significance > _SIGNIFICANT else set()
    if len(signs) > 1:
        raise Refused(
            "mixed measurements: cycles of this file have opposite senses; one file for each"
        )


def _check_closed(found: Hysteresis, low: float, high: float) -> None:
    """The branches must agree at both ends, over more than a point of a slow closing."""
    for name, closed, edge, end in (
        ("below", found.closed_low, found.outer_left, low),
        ("above", found.closed_high, found.outer_right, high),
    ):
        if not found.closed_side(end, edge, closed):
            outer = edge if np.isnan(closed) else (edge + closed) / 2
            part = abs(end - outer) / (high - low)
            raise Refused(
                f"not saturated: the loop is still open in the outer {100 * part:.2g} % of the"
                f" sweep, {name} {outer:+.4g} Oe: measure to higher fields"
            )


def _one_sided(measured: _Measured) -> str:
    """Reason where the field has one polarity only; else empty."""
    low, high = measured.low, measured.high
    if low < -_ZERO * high and high > -_ZERO * low:
        return ""
    return (
        f"one-sided sweep from {low:.4g} to {high:.4g} Oe: a loop cannot be seen whole;"
        " sweep to both polarities"
    )


def _incomplete(measured: _Measured) -> str:
    sides = {"rising": measured.up, "falling": measured.down}
    reach = {
        name: (min(b.field[0] for b in part), max(b.field[-1] for b in part))
        for name, part in sides.items()
    }
    short = min(reach, key=lambda name: reach[name][1] - reach[name][0])
    longer = "rising" if short == "falling" else "falling"
    return (
        f"incomplete: the {short} branch covers {reach[short][0]:.4g} to {reach[short][1]:.4g} Oe,"
        f" the {longer} one {reach[longer][0]:.4g} to {reach[longer][1]:.4g} Oe,"
        " and the loop does not close in what they share: measure both to the end"
    )


def _check_levels(measured: _Measured, bins: Bins, background: Background, slope: str) -> None:
    """The half swing must be known, and the same in every cycle."""
    error = float(np.sqrt(background.covariance[1, 1]))
    if abs(background.amplitude) < _LEVELS_SIGMA * error:
        seen = _several_steps(measured, background)
        raise Refused(
            (f"{seen}; " if seen else "")
            + f"the saturated levels are not known: half swing {background.amplitude:.3g} with an"
            f" error of {error:.2g}; "
            + (
                "measure to higher fields"
                if slope == "none"
                else "measure to higher fields, with more points there, or slope: none"
            )
        )
    if len(measured.branches) < 3:
        return
    rest = bins.signal - bins.columns @ background.values
    swings, errors = [], []
    for k in range(len(measured.branches)):
        part = (background.kept > _KEPT) & (bins.branch == k)
        weight, level = bins.number[part], background.level[part]
        if np.unique(level).size < 2:
            continue
        weight = weight / weight.sum()
        level = level - weight @ level
        swings.append(float(weight @ (level * rest[part]) / (weight @ level**2)))
        errors.append(background.sigma / np.sqrt(bins.number[part].sum() * (weight @ level**2)))
    if len(swings) > 1:
        away = np.abs(np.array(swings) / background.amplitude - 1)
        sigma = np.array(errors) / abs(background.amplitude)
        if np.any((away > _SAME_LEVEL) & (away > 5 * sigma)):
            raise Refused(
                "mixed measurements: the cycles of this file have half swings from"
                f" {min(swings):.3g} to {max(swings):.3g}; one file for each"
            )


def _several_steps(measured: _Measured, background: Background) -> str:
    """In words that a branch has more than one step, as far as its levels are known; or empty."""
    for branch in measured.branches:
        m = background.normalised(branch)
        h, count, m, _ = _distinct(branch.field, m, m[:, None])
        shape = shape_of(h, m, background.sigma / abs(background.amplitude) / np.sqrt(count))
        if shape.plateaus:
            return _steps_in_words([shape], f"the {branch.name} branch")
        if shape.beyond:
            return _beyond_in_words(shape)
    return ""


def _saturated(bins: Bins, background: Background) -> dict[str, tuple[float, float]]:
    """Fields below and above which rising and falling branches were taken as saturated."""
    ends = {}
    for name, rising in (("up", True), ("down", False)):
        kept = (background.kept > _KEPT) & (bins.rising == rising)
        below, above = (bins.field[kept & (background.level == sign)] for sign in (-1, 1))
        ends[name] = (
            float(below.max()) if below.size else float(bins.field.min()),
            float(above.min()) if above.size else float(bins.field.max()),
        )
    return ends


def _crossings(
    measured: _Measured, background: Background, criterion: str
) -> tuple[dict[str, list["_Field"]], dict[str, list[Shape]]]:
    """Switching field and shape of each branch."""
    root = _root(background.covariance)
    branches = [_Normalised.of(branch, background, root) for branch in measured.branches]
    fields = []
    for one, crossing in zip(branches, locate([one.points for one in branches]), strict=True):
        crossing = _uncertain_field(crossing, one.branch, one.to_and_fro)
        if criterion != "half":
            crossing = _fitted_centre(one.points, criterion, crossing)
        fields.append(_Field(crossing, -crossing.weights @ one.gradient[crossing.near]))
    first = len(measured.up)
    shapes = [one.shape for one in branches]
    return (
        {"up": fields[:first], "dn": fields[first:]},
        {"up": shapes[:first], "dn": shapes[first:]},
    )


def _root(covariance: np.ndarray) -> np.ndarray:
    """A matrix whose product with itself is the covariance."""
    values, vectors = np.linalg.eigh(covariance)
    return np.sqrt(np.maximum(values, 0))[:, None] * vectors.T


@dataclass(frozen=True)
class _Field:
    """A switching field with what moved it."""

    crossing: Crossing
    response: np.ndarray


@dataclass(frozen=True)
class _Normalised:
    """A branch less its background, in units of the half swing."""

    branch: Branch
    points: Points
    gradient: np.ndarray
    shape: Shape
    to_and_fro: float

    @classmethod
    def of(cls, branch: Branch, background: Background, root: np.ndarray) -> "_Normalised":
        """With errors of the background by the root of their covariance; refused without steps."""
        m = background.normalised(branch)
        gradient, to_and_fro = background.gradient(branch, m), _to_and_fro(branch, m)
        h, count, m, gradient = _distinct(branch.field, m, gradient)
        noise = background.sigma / abs(background.amplitude) / np.sqrt(count)
        shape = shape_of(h, m, noise)
        split = _best_split(m)
        name = branch.name
        if split is None and shape.plateaus:
            raise Refused(_steps_in_words([shape], f"the {name} branch"))
        if split is None:
            raise Refused(
                f"one level: the {name} branch does not go from one saturated level to the other;"
                " look at the curve and at the kind of measurement"
            )
        if shape.beyond and shape.beyond[0] > _FAR_BEYOND:
            raise Refused(
                f"signal beyond the saturated levels: {shape.beyond[0]:.2g} of them on the {name}"
                f" branch at {shape.beyond[1]:+.4g} Oe: no loop between two levels, but an even"
                " curve, or two signals that nearly cancel; look at the curve and at the kind"
            )
        slow = np.full((1, h.size), background.slow / background.amplitude)
        shared = np.concatenate([root @ gradient.T, slow])
        return cls(branch, Points(h, m, noise, shared, split), gradient, shape, to_and_fro)


def _uncertain_field(crossing: Crossing, branch: Branch, to_and_fro: float) -> Crossing:
    """With the errors of a field that was rounded, and of one that went back and forth there."""
    added = float(np.hypot(_rounding(branch.field), to_and_fro))
    if not added:
        return crossing
    total = float(np.hypot(crossing.total, added))
    fields = crossing.value + (crossing.fields - crossing.value) * total / crossing.total
    return replace(crossing, total=total, fields=fields)


def _rounding(field: np.ndarray) -> float:
    """1 sigma of a field that was rounded: its steps are uneven multiples of one step; else 0."""
    steps = np.diff(field)
    steps = steps[steps > 0]
    quantum = float(steps.min())
    steps = np.diff(field) / quantum
    multiples = np.round(steps)
    if np.max(np.abs(steps - multiples)) > _MULTIPLE:
        return 0.0
    uneven = np.mean(multiples != 1) >= _UNEVEN or np.count_nonzero(np.diff(multiples)) > _CHANGES
    return quantum / 12**0.5 if uneven else 0.0


def _to_and_fro(branch: Branch, m: np.ndarray) -> float:
    """1 sigma of the crossing of a branch where its field goes back and forth about it; else 0.

    A domain that has turned does not turn back: it has turned at the largest field so far, and
    the points behind that, which were measured later, tell nothing.
    """
    order = np.argsort(branch.time, kind="stable")
    way = 1.0 if branch.rising else -1.0
    ahead = way * branch.field[order]
    if np.all(ahead[1:] >= ahead[:-1]):
        return 0.0
    split = _best_split(way * m[order])
    if split is None:
        return 0.0
    return float(ahead[: split + 2].max() - ahead[split + 1 :].min()) / 2


def _distinct(
    field: np.ndarray, m: np.ndarray, gradient: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Points of one field averaged."""
    starts = np.flatnonzero(np.diff(field, prepend=-np.inf) > 0)
    if starts.size == field.size:
        return field, np.ones(field.size), m, gradient
    number = np.diff([*starts, field.size])
    means = np.add.reduceat(np.column_stack([m, gradient]), starts) / number[:, None]
    return field[starts], number, means[:, 0], means[:, 1:]


def _best_split(m: np.ndarray) -> int | None:
    """Last point before a branch changes from mostly negative to mostly positive.

    The split with the fewest points of the wrong sign, so that noise near the middle or a single
    bad point elsewhere does not move it. None where the branch does not go from -1 to 1.
    """
    wrong = np.cumsum(m > 0)[:-1] + np.cumsum((m < 0)[::-1])[::-1][1:]
    best = np.flatnonzero(wrong == wrong.min())
    k = int(best[len(best) // 2])
    outer = max(min(k + 1, m.size - k - 1) // 2, 1)
    ends = np.mean(m[:outer] > -_LEVEL) > 0.5 or np.mean(m[-outer:] < _LEVEL) > 0.5
    if ends or wrong[k] > _WRONG * m.size:
        return None
    if m[k] < 0 < m[k + 1]:
        return k
    crossing = np.flatnonzero((m[:-1] < 0) & (m[1:] >= 0))
    return int(crossing[np.argmin(np.abs(crossing - k))]) if crossing.size else k


def _fitted_centre(points: Points, criterion: str, crossing: Crossing) -> Crossing:
    """Centre of a shape fitted to the whole branch, with the field step of the crossing."""
    h, m, noise = points.field, points.m, points.noise
    shape, width = _SHAPES[criterion], max(crossing.width, 1e-12)
    fit = least_squares(
        lambda p: (shape((h - p[0]) / abs(p[1])) - m) / np.maximum(noise, 1e-12),
        np.array([crossing.value, width]),
        x_scale=width,
    )
    inverse = np.linalg.pinv(fit.jac.T @ fit.jac)
    value, statistical = float(fit.x[0]), float(np.sqrt(inverse[0, 0]))
    total = float(np.hypot(statistical, crossing.total))
    fields = value + (crossing.fields - crossing.value) * total / crossing.total
    return Crossing(
        value, total, statistical, crossing.width, fields, crossing.weights, crossing.near
    )


def _assembled(
    measured: _Measured,
    background: Background,
    found: Hysteresis,
    crossings: Mapping[str, list[_Field]],
    shapes: Mapping[str, list[Shape]],
    saturated: Mapping[str, tuple[float, float]],
    doubts: list[str],
) -> Loop:
    fields, step, scatter = _combined(crossings, background)
    largest = background.terms.largest
    position = {name: k for k, name in enumerate(background.terms.names)}

    def term(name: str, scale: float = 1.0) -> Estimate:
        k = position[name]
        value = float(background.values[k]) * scale
        parts = (background.statistical, background.systematic)
        u, sys = (float(np.sqrt(max(part[k, k], 0))) * abs(scale) for part in parts)
        reach = 1.96 * float(np.hypot(u, sys))
        return Estimate(value, u, sys, 0.0, value - reach, value + reach)

    width = float(np.mean([f.crossing.width for side in crossings.values() for f in side]))
    steps = tuple(_step_fields(shapes[name], fields[f"h_{name}"].value) for name in ("up", "dn"))
    loop = Loop(
        fields, term("amplitude"), term("offset"), term("slope", 1 / largest), term("even"),
        term("drift"), step, width, background, background.sigma, found.significance,
        min(len(measured.up), len(measured.down)), measured.sweeps.left_out, steps, saturated, (),
    )  # fmt: skip
    every = [*doubts, *_doubts(loop, shapes, scatter)]
    return Loop(**{**loop.__dict__, "doubts": tuple(dict.fromkeys(every))})


def _with_uneven_centre(loop: Loop, measured: _Measured) -> Loop:
    """The error by an even part that nothing describes, and a doubt where it shows.

    Around the centre of a loop the branches mirror each other, and their mean vanishes. What is
    left there moves both switching fields alike.
    """
    h_c, h_0 = loop.fields["h_c"].value, loop.fields["h_0"].value
    means, variances = [], []
    for side in (measured.up, measured.down):
        m = np.concatenate([loop.background.normalised(branch) for branch in side])
        h = np.concatenate([branch.field for branch in side])
        away = np.abs(h - h_0) / abs(h_c)
        near = away <= max(_CENTRE, away.min())
        if away.min() > _WIDE_CENTRE:
            return loop
        f = float(np.clip((1 + np.mean(m[near])) / 2, 0, 1))
        means.append(float(np.mean(m[near])))
        noise = (loop.noise / loop.amplitude.value) ** 2 / near.sum()
        variances.append(noise + 4 * f * (1 - f) / _GRAINS)
    off = float(np.mean(means))
    gradient = loop.background.gradient(
        Branch(np.array([h_0]), np.zeros(1), np.zeros(1), True), 0.0
    )[0]
    sigma = np.sqrt(np.sum(variances) / 4 + gradient @ loop.background.covariance @ gradient)
    if abs(off) < max(_UNEVEN_CENTRE, _UNEVEN_SIGMA * float(sigma)):
        return loop
    moved = off * loop.width * np.sqrt(np.pi / 2)
    fields = dict(loop.fields)
    for name in ("h_up", "h_dn", "h_0"):
        fields[name] = fields[name].with_systematic(abs(moved))
    loop = replace(loop, fields=fields)
    if abs(off) < _UNEVEN_SURE * sigma:
        return loop
    doubt = (
        f"the even part is not described: around {h_0:+.4g} Oe the mean of the branches is off by"
        f" {100 * abs(off):.0f} % of the half swing, which moves H_0 by some {abs(moved):.2g} Oe;"
        " record R_xx beside the signal"
    )
    return replace(loop, doubts=(*loop.doubts, doubt))


def _step_fields(shapes: Sequence[Shape], value: float) -> tuple[float, ...]:
    """Fields of the steps of a branch; of a single step its switching field."""
    most = max((shape.fields for shape in shapes), key=len)
    return most if len(most) > 1 else (value,)


def _combined(
    crossings: Mapping[str, list[_Field]], background: Background
) -> tuple[dict[str, Estimate], float, float]:
    """H_up, H_dn, H_c and H_0 of all cycles, the field step, and the scatter between cycles."""
    up, down = crossings["up"], crossings["dn"]
    shapes = {
        "h_up": ((1.0, 0.0), lambda u, d: u),
        "h_dn": ((0.0, 1.0), lambda u, d: d),
        "h_c": ((0.5, -0.5), lambda u, d: np.subtract.outer(u, d) / 2),
        "h_0": ((0.5, 0.5), lambda u, d: np.add.outer(u, d) / 2),
    }
    mean = [np.mean([f.crossing.value for f in side]) for side in (up, down)]
    response = [np.mean([f.response for f in side], axis=0) for side in (up, down)]
    steps, own = [], []
    for side in (up, down):
        parts = [_parts(f, background) for f in side]
        # Not divided by the number of cycles: grains and field steps are the same in each.
        own.append(np.mean([p[0] for p in parts]))
        steps.append(np.mean([p[1] for p in parts]))
    typical = [
        side[int(np.argsort([f.crossing.value for f in side])[len(side) // 2])]
        for side in (up, down)
    ]
    quantiles = [t.crossing.fields - t.crossing.value for t in typical]
    spread = [t.crossing.total for t in typical]
    estimates, scatter = {}, 0.0
    for name, (weights, join) in shapes.items():
        value = float(np.dot(weights, mean))
        r = weights[0] * response[0] + weights[1] * response[1]
        shared, systematic = (
            float(max(r @ c @ r, 0)) for c in (background.statistical, background.systematic)
        )
        squares = np.square(weights)
        noise, step = float(squares @ own), float(squares @ steps)
        if name == "h_c":
            # The same grains turn on both branches, so that half of their error is common.
            noise += _COMMON * float(np.sqrt(own[0] * own[1])) / 2
        between, stretch = _scatter(up, down, weights, noise + step)
        if name == "h_c":
            scatter = between
        statistical = noise + shared + max(between**2 - noise - step, 0.0)
        total = statistical + systematic + step
        base = squares @ np.square(spread)
        low, high = interval(
            value, value + join(*quantiles).ravel(), float(np.sqrt(total / base)) * stretch
        )
        estimates[name] = Estimate(
            value,
            float(np.sqrt(statistical)),
            float(np.sqrt(systematic)),
            float(np.sqrt(step)),
            low,
            high,
        )
    return estimates, float(np.sqrt(np.mean(steps))), scatter


def _parts(found: _Field, background: Background) -> tuple[float, float]:
    """Variances of a switching field from noise of its own and from the field step."""
    crossing = found.crossing
    shared = float(max(found.response @ background.covariance @ found.response, 0))
    slow = (crossing.weights.sum() * background.slow / background.amplitude) ** 2
    own = min(crossing.statistical**2, crossing.total**2) + slow
    return own, max(crossing.total**2 - own - shared, 0.0)


def _scatter(
    up: Sequence[_Field], down: Sequence[_Field], weights: Sequence[float], variance: float
) -> tuple[float, float]:
    """Standard error of the mean over cycles, and the stretch of the interval by Student's t.

    Both are 0 and 1 where the cycles scatter no more than a single one's errors allow.
    """
    if weights[1] == 0:
        values = [f.crossing.value for f in up]
    elif weights[0] == 0:
        values = [f.crossing.value for f in down]
    else:
        values = [
            weights[0] * u.crossing.value + weights[1] * d.crossing.value
            for u, d in zip(up, down, strict=False)
        ]
    n = len(values)
    if n < 2:
        return 0.0, 1.0
    single = [
        np.var([f.crossing.value for f in side], ddof=1) for side in (up, down) if len(side) > 1
    ]
    # Few cycles may agree by chance: the scatter of both branches counts for each.
    squares = max(
        float(np.var(values, ddof=1)), float(np.mean(single)) * np.dot(weights, weights) / 2
    )
    if squares < variance * chdtri(n - 1, 0.3) / (n - 1):
        return 0.0, 1.0
    # Student's quantile for one sigma in the value, for 95 % in the interval.
    one, wide = stdtrit(n - 1, 0.8413), stdtrit(n - 1, (1 + CONFIDENCE) / 2)
    return float(np.sqrt(squares / n) * one), float(wide / one / 1.96)


def _doubts(loop: Loop, shapes: Mapping[str, list[Shape]], scatter: float) -> Iterator[str]:
    """Why a number should be looked at."""
    size = abs(loop.amplitude.value)
    h_c = loop.fields["h_c"]
    for shape in (s for side in shapes.values() for s in side):
        if shape.beyond:
            yield _beyond_in_words(shape)
            break
    every = [s for side in shapes.values() for s in side if s.plateaus]
    if every:
        yield _steps_in_words(every, "the branch")
    total = float(np.sqrt(h_c.statistical**2 + h_c.systematic**2 + h_c.step**2))
    if h_c.value < -2 * total:
        yield (
            "negative H_c: the falling branch switches at the higher field: field lag, remanence"
            " of the magnet, or swapped branches"
        )
    elif abs(h_c.value) < 2 * total:
        yield "no hysteresis beyond the uncertainty"
    error = float(np.hypot(loop.amplitude.statistical, loop.amplitude.systematic))
    if error > 0.2 * size:
        yield f"the saturated levels are known to {100 * error / size:.0f} % only"
    seen = loop.background.sigma > _MISFIT_SIZE * size
    if seen and loop.background.misfits:
        yield (
            f"the background is not described: residuals in saturation are"
            f" {np.sqrt(loop.background.misfit):.1f} times the noise"
        )
    if abs(loop.drift.value) > 0.5 * size:
        yield f"drift of {abs(loop.drift.value) / size:.1f} times the half swing"
    if scatter > _SAME_FIELD * abs(h_c.value):
        yield f"the cycles differ: H_c is known to {100 * scatter / abs(h_c.value):.0f} % only"


def _beyond_in_words(shape: Shape) -> str:
    size, at = shape.beyond or (1.0, np.nan)
    return (
        f"signal beyond the saturated levels: {size:.2g} of them at {at:+.4g} Oe"
        " (a hump, or a second signal of opposite sign)"
    )


def _steps_in_words(shapes: Sequence[Shape], branch: str) -> str:
    widest = max((p for s in shapes for p in s.plateaus), key=lambda p: p[2] - p[1])
    number = max(len(s.fields) for s in shapes)
    return (
        f"{number} steps: {branch} rests at m = {widest[0]:.1f} between {widest[1]:+.4g} and"
        f" {widest[2]:+.4g} Oe, so that no single H_c describes it"
    )

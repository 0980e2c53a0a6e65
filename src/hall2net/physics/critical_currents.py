"""Currents at which a switching loop switches, and what puts them in doubt.

A branch is read by its monotonic (isotonic) fit: the critical current is where the asked fraction
of the swing is done. Its uncertainty has three parts: noise, with the correlation from point to
point, and levels, heating, pick-up and drift with all that their fit left open (both by Monte
Carlo, with the same draws for all branches); and the step of the current, which hides where in
a step a domain switches. Every uncertainty is such that +-1.96 of it is the 95 % interval.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.signal import lfilter
from scipy.special import ndtri

from hall2net.physics.current_loops import CurrentLoop, Sweep
from hall2net.physics.lines import widening

_DRAWS = 200  # of noise and background; they give a sigma to 5 %
_BEGUN = 0.15  # fraction already done at which a sweep begins too late to show its switching
_LAST = 7 / 8  # of the largest current: beyond it a finished loop switches no more
_UNFINISHED = (4.0, 0.02)  # sigma, and fraction of the swing, that is not done there
_BEYOND = (4.0, 0.10)  # the same for a signal beyond both levels
_PLATEAU = 0.25  # of the currents from 10 to 90 %, that one plateau takes in a loop of two steps
# 1 - q/1.96 with q the 97.5 % quantile over sigma: of a uniform, of a triangular distribution.
_UNIFORM = {1: 1 - 0.95 * np.sqrt(3) / 1.96, 2: 1 - (1 - np.sqrt(0.05)) * np.sqrt(6) / 1.96}
_NAMES = {"up": "rising", "down": "falling"}


@dataclass(frozen=True)
class CriticalCurrents:
    """Currents of both branches at several fractions of the swing; each (fractions,) in mA."""

    up: np.ndarray
    up_u: np.ndarray
    dn: np.ndarray
    dn_u: np.ndarray
    mean: np.ndarray
    """(up - dn)/2; where one branch shows no switching, the size of the other."""
    mean_u: np.ndarray
    scatter: np.ndarray
    """1 sigma from one cycle to the next, of both branches; NaN of a single cycle."""
    n_sweeps: int
    """Sweeps that show their switching, of both branches."""
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class _Crossings:
    """Where one sweep does fractions of the swing: its size of current, draws and step error."""

    branch: str
    current: np.ndarray
    drawn: np.ndarray
    step_u: np.ndarray


def critical_currents(loop: CurrentLoop, fractions: Sequence[float]) -> CriticalCurrents:
    """Critical currents of a loop with their uncertainties.

    Sweeps of one branch are averaged. Where they scatter more than their uncertainties, these are
    widened by the Birge ratio and Student's factor (`hall2net.physics.lines.widening`).

    Parameters
    ----------
    loop : a loop whose swing is not zero
    fractions : of the swing, between 0 and 1; what lies outside gives NaN
    """
    rng = np.random.default_rng(0)
    values = rng.multivariate_normal(loop.value, loop.covariance, _DRAWS, method="eigh")
    found, reasons = [], []
    for sweep in loop.sweeps:
        drives = _drive(loop, sweep) > 0
        if sweep.branch not in _NAMES or drives.sum() < 2:
            continue
        if reason := not_shown(loop, sweep):
            reasons.append(reason)
            continue
        found.append(_crossings(loop, sweep, values, rng, np.asarray(fractions, dtype=float)))
        reasons += _shape(loop, sweep)
    seen = {crossings.branch for crossings in found}
    for branch, name in _NAMES.items():
        other = ({"up", "down"} - {branch}) & seen
        if branch not in seen and other:
            reasons.append(
                f"the critical current is that of the {_NAMES[other.pop()]} branch alone; a loop "
                f"such as 0, +max, -max, +max shows the {name} one"
            )
    return _combined(found, tuple(dict.fromkeys(reasons)), len(fractions))


def _drive(loop: CurrentLoop, sweep: Sweep) -> np.ndarray:
    """Current of a sweep's points, positive where it drives the switching of its branch."""
    return sweep.direction * loop.points["write_current_ma"].to_numpy()[sweep.rows]


def _done(loop: CurrentLoop, sweep: Sweep) -> np.ndarray:
    """Fraction of the swing that a sweep has done at each of its points, 0 to 1."""
    level = loop.points["resistance_ohm"].to_numpy()[sweep.rows]
    done = (level - loop.value[0]) / loop.swing
    return done if sweep.direction > 0 else 1 - done


def _relative_noise(loop: CurrentLoop, rows: np.ndarray, level: int) -> float:
    """1 sigma, as a fraction of the swing, of the mean of points against a level (0: up, 1: down).

    Noise of the points, and what the fit left open of the level and of heating, pick-up and drift.
    """
    inflation = (1 + loop.correlation) / (1 - loop.correlation)
    gradient = np.append(np.eye(2)[level], loop.terms[rows].mean(axis=0))
    background = gradient @ loop.covariance @ gradient
    return float(np.sqrt(inflation * loop.sigma**2 / len(rows) + background) / abs(loop.swing))


def _ends(sweep: Sweep) -> tuple[int, int]:
    """Levels that a sweep comes from and goes to, as places in `CurrentLoop.value`."""
    return (0, 1) if sweep.direction > 0 else (1, 0)


def not_shown(loop: CurrentLoop, sweep: Sweep) -> str:
    """Words where a sweep does not begin at the level that it switches from; else empty."""
    drive, done = _drive(loop, sweep), _done(loop, sweep)
    before = np.flatnonzero(drive <= 0.1 * drive.max())
    before = before if len(before) >= 3 else np.arange(min(3, len(drive)))
    begun = float(np.median(done[before]))
    name = f"the {_NAMES[sweep.branch]} sweep from {sweep.start_ma:.3g} mA"
    if begun > _BEGUN + 2 * _relative_noise(loop, sweep.rows[before], _ends(sweep)[0]):
        return (
            f"{name} begins with {min(begun, 1.0):.0%} of the swing already done: it shows no "
            "switching current"
        )
    zero = int(np.abs(drive).argmin())
    if (back := float(np.median(done[max(zero - 1, 0) : zero + 2]))) > 0.5:
        return f"{name} has done {back:.0%} of the swing before the current changes its sign"
    return ""


def _shape(loop: CurrentLoop, sweep: Sweep) -> list[str]:
    """Words on a transition that is not one step between the two levels."""
    drive, done = _drive(loop, sweep), _done(loop, sweep)
    driven = drive > 0
    drive, done, rows = drive[driven], done[driven], sweep.rows[driven]
    below, above = _ends(sweep)
    name = f"the {_NAMES[sweep.branch]} branch"
    reasons = []
    last = drive > _LAST * drive.max()
    missing = float(np.mean(1 - done[last]))
    limit, fraction = _UNFINISHED
    if missing > max(limit * _relative_noise(loop, rows[last], above), fraction):
        reasons.append(
            f"{name} still switches at the largest current: {missing:.0%} of the swing is not done "
            f"above {drive[last].min():.3g} mA; measure to larger currents"
        )
    # Three neighbours together, so that no single deviation counts.
    three = np.convolve(done, np.ones(3) / 3, mode="valid")
    high, low = int(three.argmax()), int(three.argmin())
    limit, fraction = _BEYOND
    for excess, first, level in ((three[high] - 1, high, above), (-three[low], low, below)):
        if excess > max(limit * _relative_noise(loop, rows[first : first + 3], level), fraction):
            reasons.append(
                f"the signal of {name} goes {excess:.0%} of the swing beyond the level at rest: "
                "switching back at large current, or heating that is not c I^2"
            )
    uncertain = max(_relative_noise(loop, rows, level) for level in (0, 1))
    if plateau := _plateau(drive, done, loop.sigma / abs(loop.swing), 0.1 + 2 * uncertain):
        begin, end, height = plateau
        reasons.append(
            f"{name} switches in more than one step: {height:.0%} of the swing is done from "
            f"{begin:.3g} to {end:.3g} mA"
        )
    return reasons


def _plateau(
    drive: np.ndarray, done: np.ndarray, noise: float, margin: float
) -> tuple[float, float, float] | None:
    """Ends and height of a stretch between the levels where nothing switches, if there is one.

    A plateau begins at its first point between the levels (`margin` away from either) and ends
    where more than noise is switched; at least four points long.
    """
    order = np.argsort(drive, kind="stable")
    fit, drive = isotonic_regression(done[order]).x, drive[order]
    between = np.flatnonzero((fit > margin) & (fit < 1 - margin))
    if len(between) < 4:
        return None
    width = drive[min(between[-1] + 1, len(drive) - 1)] - drive[max(between[0] - 1, 0)]
    best = None
    for first in between:
        last = int(np.searchsorted(fit, fit[first] + 4 * noise + 0.02, side="right")) - 1
        length = drive[last] - drive[first]
        long = last - first >= 3 and length > _PLATEAU * width
        if fit[last] < 1 - margin and long and (best is None or length > best[1] - best[0]):
            best = (float(drive[first]), float(drive[last]), float(fit[first : last + 1].mean()))
    return best


def _crossings(
    loop: CurrentLoop,
    sweep: Sweep,
    values: np.ndarray,
    rng: np.random.Generator,
    fractions: np.ndarray,
) -> _Crossings:
    """Currents of one sweep at fractions of the swing, with draws of noise and background."""
    drive, done = _drive(loop, sweep), _done(loop, sweep)
    order = np.argsort(drive, kind="stable")
    drive, rows = drive[order], sweep.rows[order]
    fit = isotonic_regression(done[order]).x
    current, step_u = _crossing(drive, fit, fractions), _step_error(drive, done[order], fit, loop)
    noise = rng.normal(size=(len(values), len(drive))) * np.sqrt(1 - loop.correlation**2)
    noise = loop.sigma * lfilter([1.0], [1.0, -loop.correlation], noise, axis=1)
    smooth = fit if sweep.direction > 0 else 1 - fit
    # (draws, points): the loop of each draw, and where it lies between the levels of that draw.
    ohm = loop.value[0] + smooth * loop.swing + noise
    ohm -= (values[:, 2:] - loop.value[2:]) @ loop.terms[rows].T
    again = (ohm - values[:, :1]) / (values[:, 1:2] - values[:, :1])
    again = again if sweep.direction > 0 else 1 - again
    fits = np.array([isotonic_regression(one).x for one in again])
    drawn = _crossing(drive, fits, fractions)
    steps = np.interp(current, (drive[1:] + drive[:-1]) / 2, step_u)
    wrong_sign = current <= 0
    current, steps, drawn = (np.where(wrong_sign, np.nan, x) for x in (current, steps, drawn))
    return _Crossings(sweep.branch, current, drawn, steps)


def _crossing(drive: np.ndarray, fit: np.ndarray, fractions: np.ndarray) -> np.ndarray:
    """Where monotonic fits (..., points) cross each fraction; NaN where they do not.

    Between the two points next to the crossing the loop is taken for a normal distribution of
    thresholds.
    """
    last = fit.shape[-1] - 1
    above = np.clip((fit[..., None] < fractions).sum(axis=-2), 1, last)
    low, high = (np.take_along_axis(fit, place, axis=-1) for place in (above - 1, above))
    low, high, at = (ndtri(np.clip(x, 1e-3, 1 - 1e-3)) for x in (low, high, fractions))
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = np.clip((at - low) / (high - low), 0.0, 1.0)
    found = drive[above - 1] + weight * (drive[above] - drive[above - 1])
    inside = (fractions > fit[..., :1]) & (fractions < fit[..., -1:])
    return np.where(inside & (fractions > 0) & (fractions < 1), found, np.nan)


def _step_error(
    drive: np.ndarray, done: np.ndarray, fit: np.ndarray, loop: CurrentLoop
) -> np.ndarray:
    """1 sigma of a crossing within each current step, since domains switch somewhere in it.

    One domain that switches within a step does so anywhere: step/sqrt(12). n of them leave
    1/sqrt(n/2) of that, about what a Brownian bridge of n jumps deviates by. The size of a jump
    follows from how unevenly the fraction grows from step to step: the variance of n jumps in a
    step is n times the square of one, so that the sum of the variances over the transition is the
    size of a jump. A third difference has 6 times that variance, and 20 times that of the noise.
    """
    step, rise = np.diff(drive), np.diff(fit)
    third = np.diff(done, 3)
    # Differences that touch the transition; the rest is noise.
    touched = (
        np.convolve((rise > 0) & (fit[1:] > 0.02) & (fit[:-1] < 0.98), np.ones(3), "valid") > 0
    )
    noise = 20 * (loop.sigma / loop.swing) ** 2
    jump = max(float(np.sum(third[touched] ** 2 - noise)) / 6, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        number = np.where(rise > 0, rise / jump, 1.0)
    return step / np.sqrt(12) * np.sqrt(np.minimum(1.0, 2 / np.maximum(number, 1e-9)))


def _sigma(drawn: np.ndarray) -> np.ndarray:
    """1 sigma of draws (draws, fractions); NaN where fewer than half of them exist."""
    exist = np.isfinite(drawn)
    enough = exist.sum(axis=0) > len(drawn) / 2
    found = np.full(drawn.shape[1], np.nan)
    found[enough] = np.nanstd(drawn[:, enough], axis=0)
    return found


def _with_steps(noise: np.ndarray, step: np.ndarray, number: int) -> np.ndarray:
    """Half the 95 % interval over 1.96 of normal noise and the mean of `number` current steps.

    A step alone is uniform, and 95 % of it is 0.84 sigma shorter than of a normal distribution;
    the power interpolates the exact convolution within 0.6 %. Two steps together are a triangle.
    """
    total = np.hypot(noise, step)
    with np.errstate(divide="ignore", invalid="ignore"):
        fraction = np.where(total > 0, step / total, 0.0) ** 2
    return total * (1 - _UNIFORM[number] * fraction**2.8)


def _combined(
    found: list[_Crossings], reasons: tuple[str, ...], fractions: int
) -> CriticalCurrents:
    """Means over the sweeps of each branch, and over both branches."""
    branches: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray, int] | None] = {}
    chi2, squares, dof = np.zeros(fractions), np.zeros(fractions), 0
    for branch in _NAMES:
        sweeps = [crossings for crossings in found if crossings.branch == branch]
        if not sweeps:
            branches[branch] = None
            continue
        current = np.array([s.current for s in sweeps])
        drawn = np.array([s.drawn for s in sweeps])
        step = np.array([s.step_u for s in sweeps])
        error = np.hypot([_sigma(one) for one in drawn], step)
        mean = np.mean(current, axis=0)
        squares += np.sum((current - mean) ** 2, axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            chi2 += np.nansum(((current - mean) / error) ** 2, axis=0)
        dof += len(sweeps) - 1
        branches[branch] = (mean, drawn.mean(axis=0), np.mean(step, axis=0), len(sweeps))
    widen = np.array([widening(value, dof) for value in chi2])

    def one(parts: list) -> tuple[np.ndarray, np.ndarray]:
        """Mean of branches, and its 1 sigma."""
        if not parts:
            return np.full(fractions, np.nan), np.full(fractions, np.nan)
        mean = np.mean([m for m, *_ in parts], axis=0)
        noise = _sigma(np.mean([d for _, d, *_ in parts], axis=0))
        step = np.sqrt(np.sum([s**2 for _, _, s, _ in parts], axis=0)) / len(parts)
        steps = np.sqrt(np.sum([s**2 / n for _, _, s, n in parts], axis=0)) / len(parts)
        exact = _with_steps(noise, step, len(parts))
        # Cycles that scatter meet the steps of the current at other places each time.
        return mean, np.where(widen > 1, np.maximum(exact, widen * np.hypot(noise, steps)), exact)

    up, dn = ([part for part in (branches[name],) if part] for name in _NAMES)
    up_ma, up_u = one(up)
    dn_ma, dn_u = one(dn)
    mean, mean_u = one(up + dn)
    scatter = np.sqrt(squares / dof) if dof else np.full(fractions, np.nan)
    return CriticalCurrents(up_ma, up_u, -dn_ma, dn_u, mean, mean_u, scatter, len(found), reasons)

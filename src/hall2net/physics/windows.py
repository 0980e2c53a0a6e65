"""Where each branch is saturated: bins of its points, and windows that grow towards the loop."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from hall2net.physics.hysteresis import Hysteresis
from hall2net.physics.sweeps import Branch

WAVES = 6
"""Slow waves that stand for 1/f noise; faster ones look white over the bins."""
_BINS, _MOST_BINS, _FEWEST_BINS = 32, 160, 12
"""Bins of a branch, of all branches, and of a branch at least."""
FEWEST_POINTS = 3
"""A saturated level of a branch needs as many points as a line, and one to test it."""
_OPEN_PARTS = (0.06, 0.2, 0.45, 0.75)
"""How much of a branch before its edge is left out, from where the other branch has closed."""
_CLOSED_PARTS = (0.0, 0.2, 0.45)
"""How much of the closed part next to the loop is left out."""
_FAR_PART = 0.7
"""The same, for windows that look at the ends alone."""
_TAILS = (0.35, 1.0)
"""Lengths of the tails of an edge, over the way from its half height to where the loop closes."""
_ROTATIONS = (0.05, 0.15)
"""Fields at which moments rotate reversibly into the field, over the largest field: all at once
(tanh), or with the slow approach of Langevin's function."""
_NEAR_ZERO = 1e-3
"""Argument of Langevin's function below which its first term is exact to 1e-7."""
_SLOW = 0.2
"""Distance from its edge, over the way to where the loop closes, at which a slow tail is half: far
beyond it goes as the inverse of the distance, the slowest law of approach."""
APPROACHES: tuple[tuple[int, ...], ...] = ((), (0, 1), (2, 3), (4,), (5,), (6,), (7,), (8,))
"""How the magnetisation may approach its saturation: which columns of `Windows.tails` together."""
N_TAILS = 2 * len(_TAILS) + 2 * len(_ROTATIONS) + 1


@dataclass(frozen=True)
class Bins:
    """Means of neighbouring points of every branch.

    Attributes
    ----------
    field, signal : (b,)
    number : (b,), of points
    rising, branch : (b,), whether the field rises, and which branch it is
    columns : (b, q), terms of the background
    waves : (b, `WAVES`), slow waves in time
    """

    field: np.ndarray
    signal: np.ndarray
    number: np.ndarray
    rising: np.ndarray
    branch: np.ndarray
    columns: np.ndarray
    waves: np.ndarray


def bin_branches(branches: Sequence[Branch], columns_of: Callable[[Branch], np.ndarray]) -> Bins:
    """Means of neighbouring points.

    Parameters
    ----------
    branches : all branches of a measurement
    columns_of : terms of the background, (n, q), at the points of a branch
    """
    most = int(np.clip(_MOST_BINS // len(branches), _FEWEST_BINS, _BINS))
    parts = []
    for k, branch in enumerate(branches):
        n = branch.field.size
        starts = np.unique(np.linspace(0, n, min(n, most) + 1).astype(int))[:-1]
        number = np.diff([*starts, n])
        columns = columns_of(branch)
        waves = np.cos(np.outer(branch.time + 0.5, np.pi * np.arange(1, WAVES + 1)))
        everything = np.column_stack([branch.field, branch.signal, columns, waves])
        means = np.add.reduceat(everything, starts) / number[:, None]
        rising, place = np.full(number.size, branch.rising), np.full(number.size, k)
        parts.append((means, number, rising, place))
    means, number, rising, place = (np.concatenate(part) for part in zip(*parts, strict=True))
    q = means.shape[1] - 2 - WAVES
    return Bins(
        means[:, 0], means[:, 1], number, rising, place, means[:, 2 : 2 + q], means[:, 2 + q :]
    )


@dataclass(frozen=True)
class Windows:
    """Windows that share the order of the edges.

    Attributes
    ----------
    kept : (windows, b), whether a window keeps a bin
    level : (b,), -1 or 1, which saturated level a bin is in
    tails : (b, `N_TAILS`), what edges with tails lack of their level, after and before the edge,
        for each length of a tail; what moments lack that rotate; what a slow tail lacks
    normal : whether rising branches switch at the upper end of the open part
    """

    kept: np.ndarray
    level: np.ndarray
    tails: np.ndarray
    normal: bool


def find_windows(bins: Bins, found: Hysteresis, largest: float, normal: bool) -> Windows:
    """Windows from the ends towards the loop, each branch and each side for itself.

    Parameters
    ----------
    bins : of all branches
    found : where the loop is open
    largest : fraction of the sweep, from either end, that may count as saturated
    normal : whether rising branches switch at the upper end of the open part
    """
    h, rising = bins.field, bins.rising
    low, high = h.min(), h.max()
    # The edge of the rising branch, and that of the falling one.
    up, down = (found.right, found.left) if normal else (found.left, found.right)
    kept = []
    for open_part, closed_part in _parts(normal):
        below, above = _sides(bins, found, up, down, open_part, closed_part, normal)
        below &= h <= low + largest * (high - low)
        above &= h >= high - largest * (high - low)
        corners = (below & rising, below & ~rising, above & rising, above & ~rising)
        if min(int(bins.number[corner].sum()) for corner in corners) >= FEWEST_POINTS:
            kept.append(below | above)
    edge = np.where(rising, up, down)
    level = np.where(h > edge, 1.0, -1.0)
    way = (found.left - found.closed_low + found.closed_high - found.right) / 2
    after = (h > edge) == rising
    tails = []
    for length in _TAILS:
        lacks = -level * np.exp(-np.abs(h - edge) / max(length * way, 1e-300))
        tails += [lacks * after, lacks * ~after]
    tails += [np.tanh(h / (part * np.max(np.abs(h)))) - level for part in _ROTATIONS]
    tails.append(-level / (1 + np.abs(h - edge) / max(_SLOW * way, 1e-300)))
    tails += [_langevin(3 * h / (part * np.max(np.abs(h)))) - level for part in _ROTATIONS]
    shape = np.array(kept, bool).reshape(len(kept), h.size)
    return Windows(shape, level, np.stack(tails, axis=-1), normal)


def _langevin(x: np.ndarray) -> np.ndarray:
    """coth x - 1/x, whose slope at zero is a third."""
    near = np.abs(x) < _NEAR_ZERO
    far = np.where(near, 1.0, x)
    return np.where(near, x / 3, 1 / np.tanh(far) - 1 / far)


def _parts(normal: bool) -> list[tuple[float, float]]:
    """What each window leaves out of the open and of the closed part of a branch."""
    if not normal:
        return [(part, 0.0) for part in _OPEN_PARTS]
    ends = [(1.0, part) for part in (*_CLOSED_PARTS, _FAR_PART)]
    return [*product(_OPEN_PARTS, _CLOSED_PARTS), *ends]


def _sides(
    bins: Bins,
    found: Hysteresis,
    up: float,
    down: float,
    open_part: float,
    closed_part: float,
    normal: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Bins (b,) of one window below and above the loop."""
    h, rising = bins.field, bins.rising
    c_low, c_high = found.closed_low, found.closed_high
    outer_low = c_low - closed_part * (c_low - h.min())
    outer_high = c_high + closed_part * (h.max() - c_high)
    if open_part == 1:
        return h <= outer_low, h >= outer_high
    last, first = (up, down) if normal else (down, up)
    inner_low = last - open_part * (last - c_low)
    inner_high = first + open_part * (c_high - first)
    longer = rising if normal else ~rising
    return (
        np.where(longer, h <= inner_low, h <= outer_low),
        np.where(longer, h >= outer_high, h >= inner_high),
    )


def too_few(bins: Bins, found: Hysteresis, largest: float) -> str:
    """Which branch has too few saturated points, and what would help.

    Parameters
    ----------
    bins : of all branches
    found : fields beyond which the branches agree
    largest : largest fraction of the sweep that may count as saturated
    """
    low, high = bins.field.min(), bins.field.max()
    ends = {
        "above": max(found.closed_high, high - largest * (high - low)),
        "below": min(found.closed_low, low + largest * (high - low)),
    }
    sides = []
    for side, end in ends.items():
        for rising, name in ((True, "rising"), (False, "falling")):
            part = bins.rising == rising
            beyond = bins.field >= end if side == "above" else bins.field <= end
            number = int(bins.number[part & beyond].sum())
            sides.append((number, name, side, end))
    number, name, side, end = min(sides)
    counted = (
        f"{number} points of the {name} branch {side} {end:+.4g} Oe, where it counts as saturated,"
        f" {FEWEST_POINTS} needed"
    )
    if abs(end - (high if side == "above" else low)) >= largest * (high - low) * 0.999:
        return f"{counted}: a larger window (now {largest:g}), or more points there"
    return f"not saturated: {counted}: measure to higher fields, or more points there"

"""A measured field as monotonic runs: which points belong to a rising or a falling branch."""

from dataclasses import dataclass

import numpy as np

_TURN = 0.1
"""A sweep has turned where the field goes back by this fraction of its range: more than noise and
pauses of a magnet, less than any minor loop that one would fit."""
_WHOLE = 0.9
"""A run counts as a whole branch from this fraction of the longest run of its direction on."""
_COARSE = 0.03
"""A turning point belongs to both runs where the second one else lacks this part of its range."""
_JOINED = 1.3
"""Two parts make one branch where together they reach this much further than the longer one."""


class Refused(Exception):
    """Why a loop gives no number."""


@dataclass(frozen=True)
class Run:
    """A monotonic part of a sweep.

    Attributes
    ----------
    points : indices of its points, in increasing field
    rising : whether the field rises
    low, high : its smallest and largest field
    first : index of the point that was measured first
    """

    points: np.ndarray
    rising: bool
    low: float
    high: float
    first: int

    @property
    def length(self) -> float:
        """Range of the field."""
        return self.high - self.low


@dataclass(frozen=True)
class Sweeps:
    """The branches of a measurement.

    Attributes
    ----------
    up, down : whole branches in the order of the measurement, as many as there are cycles
    left_out : number of runs that are no whole branch
    initial : whether the first of these is an initial curve, from inside the range to one end
    """

    up: list[Run]
    down: list[Run]
    left_out: int
    initial: bool

    @property
    def runs(self) -> list[Run]:
        """All whole branches, in the order of the measurement."""
        return sorted(self.up + self.down, key=lambda run: run.first)

    @property
    def low(self) -> float:
        """Lowest field that rising and falling branches share."""
        return max(min(run.low for run in runs) for runs in (self.up, self.down))

    @property
    def high(self) -> float:
        """Highest field that rising and falling branches share."""
        return min(max(run.high for run in runs) for runs in (self.up, self.down))


def turning_points(field: np.ndarray) -> list[int]:
    """Indices of first point, turning points and last point, through noise and pauses.

    Parameters
    ----------
    field : (n,), in the order of the measurement
    """
    least = _TURN * float(np.ptp(field))
    turns, direction, extreme = [0], 0, 0
    values = field.tolist()
    lowest = highest = 0
    for k, h in enumerate(values):
        if direction == 0:
            lowest = k if h < values[lowest] else lowest
            highest = k if h > values[highest] else highest
            if h - values[lowest] > least or values[highest] - h > least:
                direction = 1 if h - values[lowest] > least else -1
                extreme = k
        elif direction * (h - values[extreme]) >= 0:
            extreme = k
        elif direction * (values[extreme] - h) > least:
            turns.append(extreme)
            direction, extreme = -direction, k
    return [*turns, len(values) - 1]


def find_runs(field: np.ndarray) -> list[Run]:
    """Cut a measurement at its turning points.

    Parameters
    ----------
    field : (n,), finite, in the order of the measurement
    """
    turns = turning_points(field)
    runs = []
    for k, (first, last) in enumerate(zip(turns[:-1], turns[1:], strict=True)):
        far = abs(field[first + 1] - field[first]) > _COARSE * abs(field[last] - field[first])
        points = np.arange(first + (k > 0 and not far), last + 1)
        if points.size < 2:
            continue
        h = field[points]
        runs.append(
            Run(
                points[np.argsort(h, kind="stable")],
                bool(field[last] > field[first]),
                float(h.min()),
                float(h.max()),
                int(points[0]),
            )
        )
    return runs


def find_sweeps(field: np.ndarray) -> Sweeps:
    """Rising and falling branches; initial curves and minor parts left out.

    Parameters
    ----------
    field : (n,), finite, in the order of the measurement

    Raises
    ------
    Refused
        If the field does not go up and down.
    """
    if not np.ptp(field) > 0:
        raise Refused("the field does not change: measure a sweep from one saturation to the other")
    runs = find_runs(field)
    branches = {}
    for rising in (True, False):
        same = [run for run in runs if run.rising == rising]
        branches[rising] = _whole(_joined(same, field), same)
    if not branches[True] or not branches[False]:
        one, other = ("rising", "falling") if branches[True] else ("falling", "rising")
        raise Refused(
            f"incomplete: one {one} sweep and no {other} one: no hysteresis can be seen;"
            " measure the field up and down"
        )
    used = {id(run) for side in branches.values() for run in side}
    inside = [run for run in runs if id(run) not in used]
    joined = any(run.points.size > max(r.points.size for r in runs) for run in branches[True])
    left_out = [run for run in inside if not _part_of(run, branches[run.rising])]
    start = field[0]
    reach = _TURN * np.ptp(field)
    initial = bool(
        left_out
        and left_out[0] is runs[0]
        and field.min() + reach < start < field.max() - reach
        and not joined
    )
    return Sweeps(branches[True], branches[False], len(left_out), initial)


def _whole(candidates: list[Run], same: list[Run]) -> list[Run]:
    if not same:
        return []
    longest = max(run.length for run in candidates)
    return [run for run in candidates if run.length >= _WHOLE * longest]


def _joined(runs: list[Run], field: np.ndarray) -> list[Run]:
    """The runs, or first and last as one branch where it lies at both ends of the file."""
    if len(runs) < 2:
        return runs
    first, last = runs[0], runs[-1]
    low, high = min(first.low, last.low), max(first.high, last.high)
    longest = max(run.length for run in runs)
    gap = max(first.low, last.low) - min(first.high, last.high)
    if high - low < _JOINED * longest or gap > _TURN * np.ptp(field):
        return runs
    points = np.concatenate([last.points, first.points])
    points = points[np.argsort(field[points], kind="stable")]
    return [Run(points, first.rising, low, high, first.first)]


def _part_of(run: Run, branches: list[Run]) -> bool:
    return any(np.isin(run.points[0], branch.points) for branch in branches)


@dataclass(frozen=True)
class Branch:
    """One run with its signal.

    Attributes
    ----------
    field, signal : (n,), in increasing field
    time : (n,), position in the whole measurement, -1/2 to 1/2
    rising : whether the field was rising
    pickup : (n,), longitudinal resistance at these points, or None
    """

    field: np.ndarray
    signal: np.ndarray
    time: np.ndarray
    rising: bool
    pickup: np.ndarray | None = None

    @property
    def name(self) -> str:
        """`rising` or `falling`."""
        return "rising" if self.rising else "falling"

    def only(self, kept: np.ndarray) -> "Branch":
        """The points where `kept` (n,) is true."""
        pickup = None if self.pickup is None else self.pickup[kept]
        return Branch(self.field[kept], self.signal[kept], self.time[kept], self.rising, pickup)


def merged(field: np.ndarray, *values: np.ndarray) -> tuple[np.ndarray, ...]:
    """Points of one field averaged: distinct fields, how many points each has, mean values."""
    distinct, place, count = np.unique(field, return_inverse=True, return_counts=True)
    if distinct.size == field.size:
        return (field, count, *values)
    means = (np.bincount(place, value) / count for value in values)
    return (distinct, count, *means)

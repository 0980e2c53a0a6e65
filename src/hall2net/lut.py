"""Look-up table (LUT) of a device: its stable resistance states and the levels they stand for.

A state is a plateau of a pulse train, or a point of a switching loop. One row a state, sorted by
resistance; the columns are listed at `lut_from_train` and `lut_from_loop`.
"""

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike
from scipy import stats
from scipy.optimize import linear_sum_assignment
from scipy.special import gammaln

from hall2net.errors import ConfigError, Hall2netError
from hall2net.switching import switching_loop

MIN_SEPARATION = 3.0
"""Neighbouring states closer than this many sigma are not told apart (error rate 6.7 %)."""

RULES = ("resistance", "current", "all")
BRANCHES = ("both", "up", "down")

_COLUMNS = [
    "state", "resistance_ohm", "resistance_u_ohm", "level", "level_u", "read_sigma_ohm",
    "cycle_sigma_ohm", "drift_per_decade_ohm", "drift_per_decade_u_ohm", "write_current_ma",
    "n_visits", "n_reads", "separation_sigma", "error_rate", "status", "reason",
]  # fmt: skip

_SPIKE = 6.0  # reads further than this many sigma from their pulse's median are instrument spikes
_MAX_STATES = 64


def levels(resistance: ArrayLike) -> np.ndarray:
    """Normalised weights of resistances: min-max to [-1, 1].

    level = 2 (R - R_min)/(R_max - R_min) - 1, the mapping of the six-state paper.

    Parameters
    ----------
    resistance : (K,), in ohm

    Raises
    ------
    Hall2netError
        If there are fewer than two different, finite resistances.
    """
    r = np.asarray(resistance, dtype=float)
    if r.size < 2 or not np.isfinite(r).all() or np.ptp(r) == 0:
        raise Hall2netError(
            f"levels of {r.size} state(s) {r.tolist()}: expected two or more different, finite "
            "resistances"
        )
    return 2 * (r - r.min()) / np.ptp(r) - 1


def check_lut(lut: pd.DataFrame, name: str = "LUT") -> None:
    """Refuse a look-up table that cannot serve as weights.

    Parameters
    ----------
    lut : table with at least `state, resistance_ohm, resistance_u_ohm, level`
    name : how the message calls it, e.g. its path

    Raises
    ------
    Hall2netError
        One line that names the first fault: a missing column, one state, a value that is no
        finite number, resistances that repeat or are not sorted, a sigma that is negative or not
        finite, levels that are not the resistances' min-max.
    """

    def refuse(found: str, expected: str) -> None:
        raise Hall2netError(f"{name}: {found}; expected {expected}")

    needed = ["state", "resistance_ohm", "resistance_u_ohm", "level"]
    if missing := [column for column in needed if column not in lut]:
        refuse(f"column {missing[0]!r} is missing", f"the columns {', '.join(needed)}")
    if len(lut) < 2:
        refuse(f"{len(lut)} state(s)", "two or more")
    numbers = {c: pd.to_numeric(lut[c], errors="coerce").to_numpy(dtype=float) for c in needed}
    for column in ("resistance_ohm", "level"):
        if bad := _first(~np.isfinite(numbers[column])):
            found = lut[column].iloc[bad - 1]
            refuse(f"row {bad}: {column} is {found!s}", "a finite number")
    sigmas = [c for c in lut if c == "resistance_u_ohm" or "_sigma_" in c or "_u_" in c]
    for column in sigmas:
        sigma = pd.to_numeric(lut[column], errors="coerce").to_numpy(dtype=float)
        unknown_is_bad = column == "resistance_u_ohm"
        bad_sigma = np.isinf(sigma) | (sigma < 0) | (unknown_is_bad & np.isnan(sigma))
        if bad := _first(bad_sigma):
            refuse(f"row {bad}: {column} is {lut[column].iloc[bad - 1]!s}", "a finite 1 sigma >= 0")
    r = numbers["resistance_ohm"]
    if bad := _first(np.diff(np.sort(r)) == 0):
        refuse(f"{np.sort(r)[bad]:g} ohm appears twice", "different resistances")
    if bad := _first(np.diff(r) < 0):
        refuse(
            f"row {bad + 1}: {r[bad]:g} ohm follows {r[bad - 1]:g} ohm",
            "states sorted by resistance",
        )
    if bad := _first(~np.isclose(numbers["level"], levels(r), atol=1e-6)):
        refuse(
            f"row {bad}: level {numbers['level'][bad - 1]:g} for {r[bad - 1]:g} ohm",
            f"{levels(r)[bad - 1]:.6g}, the resistances' min-max",
        )


def _first(bad: np.ndarray) -> int:
    """Number of the first bad row, counted from 1; 0 where there is none."""
    return int(np.argmax(bad)) + 1 if bad.any() else 0


def lut_from_train(
    measurement: xr.Dataset, *, states: int | None = None, min_separation: float = MIN_SEPARATION
) -> pd.DataFrame:
    """States of a pulse train: its plateaus, found without being told how many there are.

    The mean resistances after each pulse are split into groups of neighbours; the split is the
    optimal one of every number of groups (Fisher, J. Am. Stat. Assoc. 53, 789 (1958)), and the
    number is that of the largest integrated completed likelihood (Biernacki, Celeux, Govaert,
    IEEE TPAMI 22, 719 (2000)), which counts groups only as far as their members can be told
    apart. Neighbours closer than `min_separation` are then joined, the closest first.

    Consecutive pulses in one state are one visit. The mean of a state is that of its visits, and
    its uncertainty comes from the scatter between visits: reads after one pulse share that
    pulse's deviation and are not independent. Positive correlation from visit to visit widens it,
    and so does Student's factor, so that +-1.96 `resistance_u_ohm` is the 95 % interval. A state
    visited once is flagged: it carries the mean scatter of the others, or, where none is visited
    twice, its read noise alone.

    Parameters
    ----------
    measurement : one pulse train, with `pulse, resistance, write_current` and, for the drift,
        `time` on the points; consecutive points of one pulse are the reads after it
    states : number of states; None finds it
    min_separation : in sigma; neighbours closer than this are not told apart

    Returns
    -------
    DataFrame sorted by resistance: `state` (from 1), `resistance_ohm`, `level` (-1 to 1) with
    `_u`; `read_sigma_ohm` (1 sigma of one read about its pulse's mean), `cycle_sigma_ohm`
    (1 sigma between visits, read noise taken off), `drift_per_decade_ohm` (change per decade of
    time since the pulse; the pulse is taken to end one read interval before the first read) with
    `_u`; `write_current_ma` (the mean that leads to the state), `n_visits`, `n_reads`;
    `separation_sigma` (distance to the next state over the mean of both sigmas of one read) and
    `error_rate` (of telling the two apart by one read, Phi(-separation/2)), both empty for the
    last state; `status` (ok, flagged) and `reason`.

    Raises
    ------
    Hall2netError
        If the train has no reads, or its plateaus, or `states` of them, cannot be told apart.
    """
    reads = _reads(measurement)
    pulses = _pulses(reads)
    name = _name(measurement)
    if states is not None and not 2 <= states <= len(pulses):
        raise Hall2netError(
            f"{name}: {states} states asked of {len(pulses)} pulses; expected 2 to {len(pulses)}"
        )
    groups = _split(pulses, states)
    if states is None:
        groups = _join(pulses, groups, min_separation)
    pulses["state"] = groups
    lut = _summary(reads, pulses)
    overlaps = _overlaps(pulses, min_separation)
    if len(lut) < 2:
        found = f"; {overlaps[1]}" if 1 in overlaps else ""
        raise Hall2netError(
            f"{name}: plateaus cannot be told apart, {len(pulses)} pulses scatter by "
            f"{pulses['mean'].std():.3g} ohm around {pulses['mean'].mean():.4g} ohm{found}"
        )
    if (lut["resistance_u_ohm"] == 0).any():
        raise Hall2netError(
            f"{name}: every state was read once; expected several reads or visits, or nothing is "
            "known of its uncertainty"
        )
    close = _first(lut["separation_sigma"].to_numpy() < min_separation)
    if states is not None and close:
        low, high = lut.iloc[close - 1], lut.iloc[close]
        raise Hall2netError(
            f"{name}: {states} states cannot be told apart, {low['resistance_ohm']:.4g} and "
            f"{high['resistance_ohm']:.4g} ohm are {low['separation_sigma']:.2g} sigma apart, "
            f"{min_separation:g} needed; ask for fewer states or none"
        )
    reasons = [
        "; ".join(filter(None, [overlaps.get(state), _ONCE if visits == 1 else None]))
        for state, visits in zip(lut["state"], lut["n_visits"], strict=False)
    ]
    lut["status"] = ["flagged" if reason else "ok" for reason in reasons]
    lut["reason"] = reasons
    check_lut(lut, name)
    return lut[_COLUMNS]


_ONCE = "visited once: its own scatter from visit to visit is unknown"


def lut_from_loop(
    measurement: xr.Dataset,
    *,
    states: int | None = None,
    rule: str = "resistance",
    branches: str = "both",
    min_separation: float = MIN_SEPARATION,
) -> pd.DataFrame:
    """States of a switching loop: points of its branches, chosen by a stated rule.

    Points of several sweeps at one current of one branch are averaged first. The Joule term is
    taken off (`switching_loop`).

    Parameters
    ----------
    measurement : one `sot_switching` measurement
    states : number of states; None only with the rule `all`
    rule : `resistance`: the measured points nearest to equally spaced resistances, from the lowest
        to the highest; `current`: the points nearest to equally spaced write currents, on every
        branch from 5 to 95 % of its swing; `all`: every measured point
    branches : both | up | down; up is the branch with rising current
    min_separation : in sigma; states closer than this to the next are flagged

    Returns
    -------
    DataFrame as of `lut_from_train` (drift is empty, and so is the scatter between cycles for one
    sweep), with the `branch` of every state.

    Raises
    ------
    ConfigError
        If a setting has none of the allowed values.
    Hall2netError
        If there are fewer points than states, or no two states can be told apart.
    """
    if rule not in RULES or branches not in BRANCHES:
        setting, found, allowed = (
            ("rule", rule, RULES) if rule not in RULES else ("branches", branches, BRANCHES)
        )
        raise ConfigError(f"lut, {setting}: found {found!r}, expected one of {', '.join(allowed)}")
    if (states is None) != (rule == "all"):
        raise ConfigError(
            f"lut: rule {rule!r} with states {states}; expected a number of states, or the rule all"
        )
    name = _name(measurement)
    points = _averaged(switching_loop(measurement))
    if branches != "both":
        points = points[points["branch"] == branches]
    points = points.drop_duplicates("resistance_ohm").sort_values(
        "resistance_ohm", ignore_index=True
    )
    if states is not None and not 2 <= states <= len(points):
        raise Hall2netError(
            f"{name}: {states} states asked of {len(points)} different points; expected 2 to "
            f"{len(points)}"
        )
    if rule == "resistance":
        r = points["resistance_ohm"].to_numpy()
        points = points.iloc[_nearest(r, np.linspace(r[0], r[-1], states))]
    elif rule == "current":
        points = points.loc[sorted(_equal_in_current(points, states, name))]
    sigma = np.hypot(points["read_sigma_ohm"], points["cycle_sigma_ohm"].fillna(0.0)).to_numpy()
    gap = np.diff(points["resistance_ohm"])
    separation = np.append(gap / ((sigma[1:] + sigma[:-1]) / 2), np.nan)
    if points["resistance_ohm"].iloc[-1] - points["resistance_ohm"].iloc[0] < (
        min_separation * sigma.mean()
    ):
        raise Hall2netError(
            f"{name}: states cannot be told apart, the whole loop is "
            f"{np.ptp(points['resistance_ohm']):.3g} ohm high and 1 sigma of its points "
            f"{sigma.mean():.2g} ohm"
        )
    close = separation < min_separation
    lut = _with_levels(points.reset_index(drop=True)).assign(
        drift_per_decade_ohm=np.nan,
        drift_per_decade_u_ohm=np.nan,
        separation_sigma=separation,
        error_rate=stats.norm.cdf(-separation / 2),
        status=np.where(close, "flagged", "ok"),
        reason=[
            f"{value:.2g} sigma below the next state, {min_separation:g} needed" if bad else ""
            for value, bad in zip(separation, close, strict=False)
        ],
    )
    lut.insert(0, "state", np.arange(1, len(lut) + 1))
    check_lut(lut, name)
    return lut[[*_COLUMNS[:-2], "branch", *_COLUMNS[-2:]]]


def _averaged(loop: pd.DataFrame) -> pd.DataFrame:
    """Points of a loop, those of several sweeps at one current of one branch averaged."""
    loop = loop[loop["branch"] != "initial"]
    grouped = loop.groupby(["branch", loop["write_current_ma"].round(6)], sort=False)
    table = grouped.agg(
        resistance_ohm=("resistance_ohm", "mean"),
        scatter=("resistance_ohm", "var"),
        read_sigma_ohm=("resistance_u_ohm", "first"),
        n_reads=("resistance_ohm", "size"),
    ).reset_index()
    noise = table["read_sigma_ohm"] ** 2
    cycle = np.sqrt((table.pop("scatter") - noise).clip(lower=0.0))
    error = np.sqrt((noise + cycle.fillna(0.0) ** 2) / table["n_reads"])
    return table.assign(cycle_sigma_ohm=cycle, resistance_u_ohm=error, n_visits=table["n_reads"])


def _nearest(values: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Indices of the different values that lie nearest to the targets, all together."""
    return np.sort(linear_sum_assignment(np.abs(targets[:, None] - values))[1])


def _equal_in_current(points: pd.DataFrame, states: int, name: str) -> list[int]:
    """Index labels of the points equally spaced in write current on every branch."""
    low, high = points["resistance_ohm"].iloc[[0, -1]]
    share = (points["resistance_ohm"] - low) / (high - low)
    inside = points[(share > 0.05) & (share < 0.95)]
    parts = [own for _, own in inside.groupby("branch")]
    counts = [states // len(parts) + (i < states % len(parts)) for i in range(len(parts))]
    chosen: list[int] = []
    for own, count in zip(parts, counts, strict=False):
        if count > len(own):
            raise Hall2netError(
                f"{name}: {count} states asked of the {len(own)} points between 5 and 95 % of "
                f"branch {own['branch'].iloc[0]!r}; ask for fewer, or take another rule"
            )
        current = own["write_current_ma"].to_numpy()
        targets = np.linspace(current.min(), current.max(), count)
        chosen += own.index[_nearest(current, targets)].tolist()
    return chosen


def train_reads(measurement: xr.Dataset, lut: pd.DataFrame) -> pd.DataFrame:
    """Every read of a pulse train with the state it belongs to.

    Parameters
    ----------
    measurement : the pulse train
    lut : its look-up table

    Returns
    -------
    DataFrame, one row a read: `pulse` (counted from 1 along the train), `write_current_ma`,
    `time_s`, `resistance_ohm`, `state` (nearest to the pulse's mean) and `residual_ohm` (read
    less the state's mean), the empirical distribution that the device model draws from.
    """
    reads = _reads(measurement)
    pulses = _pulses(reads)
    means = lut["resistance_ohm"].to_numpy()
    nearest = np.abs(pulses["mean"].to_numpy()[:, None] - means).argmin(axis=1)
    state = pd.Series(nearest, index=pulses.index).loc[reads["pulse"]].to_numpy()
    return pd.DataFrame(
        {
            "pulse": reads["pulse"],
            "write_current_ma": reads["write_current"] * 1e3,
            "time_s": reads["time"],
            "resistance_ohm": reads["resistance"],
            "state": lut["state"].to_numpy()[state],
            "residual_ohm": reads["resistance"] - means[state],
        }
    )


def _name(measurement: xr.Dataset) -> str:
    return f"measurement {measurement['id'].item()!r}" if "id" in measurement else "measurement"


def _reads(measurement: xr.Dataset) -> pd.DataFrame:
    """Reads of a train: pulse (from 1), resistance, write_current, time since the pulse, time."""
    points = pd.DataFrame(
        {
            column: measurement[column].to_numpy()
            for column in ("pulse", "resistance", "write_current", "time")
        }
    )
    points = points[points["pulse"].notna() & points["resistance"].notna()]
    if points.empty:
        raise Hall2netError(
            f"{_name(measurement)}: no read after a pulse; expected a pulse train with the columns "
            "pulse and resistance"
        )
    # A file may count the pulses of every cycle from 1 again.
    points["pulse"] = (points["pulse"].diff() != 0).cumsum()
    within = points.groupby("pulse")["resistance"]
    residual = points["resistance"] - within.transform("median")
    several = residual[within.transform("size") > 2]
    sigma = stats.median_abs_deviation(several, scale="normal") if len(several) else 0.0
    if sigma > 0:
        points = points[residual.abs() < _SPIKE * sigma]
    interval = points.groupby("pulse")["time"].diff().median()
    start = points.groupby("pulse")["time"].transform("min") - interval
    return points.assign(since=points["time"] - start).reset_index(drop=True)


def _pulses(reads: pd.DataFrame) -> pd.DataFrame:
    """One row a pulse: mean of its reads, their number and variance, write current, write.

    Pulses that repeat a write and change nothing beyond read noise share its deviation: they
    are one write, and count once.
    """
    grouped = reads.groupby("pulse")
    pulses = pd.DataFrame(
        {
            "mean": grouped["resistance"].mean(),
            "count": grouped.size(),
            "write_current": grouped["write_current"].mean(),
        }
    )
    freedom = len(reads) - len(pulses)
    scatter = ((reads["resistance"] - grouped["resistance"].transform("mean")) ** 2).sum()
    pulses["read_variance"] = scatter / freedom if freedom else 0.0
    error = np.sqrt(pulses["read_variance"] / pulses["count"]).to_numpy()
    same_current = (pulses["write_current"].diff().abs() < 1e-9).to_numpy()
    mean = pulses["mean"].to_numpy()
    write = np.zeros(len(pulses), dtype=int)
    for i in range(1, len(pulses)):
        agrees = abs(mean[i] - mean[i - 1]) < 4 * np.hypot(error[i], error[i - 1])
        write[i] = write[i - 1] + (not (same_current[i] and agrees))
    return pulses.assign(write=write)


def _split(pulses: pd.DataFrame, states: int | None) -> np.ndarray:
    """State (from 1) of every pulse, by the best split of the sorted writes into groups."""
    writes = pulses.groupby("write")["mean"].mean()
    order = np.argsort(writes.to_numpy(), kind="stable")
    x = writes.to_numpy()[order] - writes.mean()
    n = len(x)
    # Even equal means are known no better than this: read noise, or rounding.
    noise = np.median(pulses["read_variance"] / pulses["count"])
    noise = max(noise, (1e-6 * np.ptp(x)) ** 2, np.finfo(float).tiny)
    edges = _optimal_edges(x, min(_MAX_STATES, n) if states is None else states)
    if states is None:
        # Where no write comes back, nothing but the read noise can be known of the scatter.
        current = pulses["write_current"].round(9)
        comes_back = current[current.diff() != 0].duplicated().any() or current.isna().all()
        known = 1 if comes_back else max(1, int(pulses["count"].sum()) - len(pulses))
        edges = [min(edges, key=lambda edge: _completed_likelihood(x, edge, noise, known))]
    chosen = edges[-1]
    group = np.empty(n, dtype=int)
    group[order] = np.repeat(np.arange(1, len(chosen)), np.diff(chosen))
    return group[pulses["write"].to_numpy()]


def _optimal_edges(x: np.ndarray, most: int) -> list[np.ndarray]:
    """Edges of the splits of sorted `x` into 1 to `most` groups of least squared scatter."""
    n = len(x)
    sums = np.concatenate([[0.0], np.cumsum(x)])
    squares = np.concatenate([[0.0], np.cumsum(x**2)])
    start, stop = np.meshgrid(np.arange(n), np.arange(1, n + 1))
    size = np.maximum(stop - start, 1)
    scatter = squares[stop] - squares[start] - (sums[stop] - sums[start]) ** 2 / size
    scatter = np.where(stop > start, np.maximum(scatter, 0.0), np.inf)
    best, cuts = scatter[:, 0], []
    found = [np.array([0, n])]
    for _ in range(1, most):
        # The last group starts at `start`; before it lies the best split of the first `start`.
        total = np.concatenate([[np.inf], best[:-1]]) + scatter
        cuts.append(total.argmin(axis=1))
        best = total.min(axis=1)
        edge = [n]
        for cut in reversed(cuts):
            edge.append(int(cut[edge[-1] - 1]))
        found.append(np.array([*edge, 0][::-1]))
    return found


def _completed_likelihood(x: np.ndarray, edges: np.ndarray, noise: float, known: int) -> float:
    """-2 log of the integrated completed likelihood of values in groups, but for a constant.

    Integrated over the groups' means (uniform over the range of `x`), their shares (uniform) and
    their common variance (scaled inverse chi-square: `noise`, worth `known` values).
    """
    size = np.diff(edges)
    n, k = len(x), len(size)
    scatter = sum(np.sum((g - g.mean()) ** 2) for g in np.split(x, edges[1:-1])) + known * noise
    freedom = n - k + known
    variance = freedom * np.log(scatter / 2) - 2 * gammaln(freedom / 2)
    means = np.sum(np.log(size)) + k * np.log(np.ptp(x) ** 2 / (2 * np.pi))
    shares = gammaln(n + k) - gammaln(k) - np.sum(gammaln(size + 1))
    return float(variance + means + 2 * shares)


def _join(pulses: pd.DataFrame, state: np.ndarray, min_separation: float) -> np.ndarray:
    """Join the closest neighbours until all are `min_separation` apart."""
    while True:
        separation = _separation(pulses.assign(state=state))
        if not len(separation) or separation.min() >= min_separation:
            return state
        low = int(np.argmin(separation)) + 1
        state = np.where(state > low, state - 1, state)


def _separation(pulses: pd.DataFrame) -> np.ndarray:
    """Distance of neighbouring states over the mean sigma of one read after one pulse."""
    grouped = pulses.groupby("state")
    scatter = grouped["mean"].var(ddof=1).fillna(0.0)
    of_mean = (pulses["read_variance"] / pulses["count"]).groupby(pulses["state"]).mean()
    one_read = grouped["read_variance"].mean()
    sigma = np.sqrt(np.maximum(scatter - of_mean, 0.0) + one_read).to_numpy()
    with np.errstate(divide="ignore"):
        return np.diff(grouped["mean"].mean()) / ((sigma[1:] + sigma[:-1]) / 2)


def _overlaps(pulses: pd.DataFrame, min_separation: float) -> dict[int, str]:
    """Write currents whose means differ, yet lead to one state: why there are not more states."""
    found = {}
    for state, members in pulses.groupby("state"):
        table = members.groupby(members["write_current"].round(9))["mean"].agg(
            ["mean", "var", "size"]
        )
        table = table[table["size"] > 1].sort_values("mean")
        if len(table) < 2:
            continue
        low, high = table.iloc[0], table.iloc[-1]
        gap = high["mean"] - low["mean"]
        sigma = np.sqrt(table["var"].mean())
        if gap > 4 * np.hypot(*np.sqrt(table["var"] / table["size"]).iloc[[0, -1]]):
            found[int(state)] = (
                f"{table.index[0] * 1e3:.4g} and {table.index[-1] * 1e3:.4g} mA lead to "
                f"{low['mean']:.4g} and {high['mean']:.4g} ohm, but at 1 sigma of {sigma:.2g} ohm "
                f"there are no states {min_separation:g} sigma apart between them: taken as one"
            )
    return found


def _summary(reads: pd.DataFrame, pulses: pd.DataFrame) -> pd.DataFrame:
    """Numbers of every state, from the state of every pulse."""
    pulses = pulses.assign(visit=(pulses["state"].diff() != 0).cumsum())
    reads = reads.assign(state=pulses["state"].loc[reads["pulse"]].to_numpy())
    visits = pulses.groupby("visit").agg(
        state=("state", "first"), mean=("mean", "mean"), reads=("count", "sum")
    )
    inflation = _correlation_inflation(visits)
    pooled = visits.groupby("state")["mean"].var(ddof=1).mean()
    rows = []
    for state, own in visits.groupby("state"):
        ours = reads[reads["state"] == state]
        drift, drift_u, read_sigma = _drift(ours)
        n = len(own)
        if n > 1:
            scatter = own["mean"].var(ddof=1)
            cycle_sigma = np.sqrt(max(scatter - read_sigma**2 / own["reads"].mean(), 0.0))
            student = stats.t.ppf(0.975, n - 1) / stats.norm.ppf(0.975)
            error = student * np.sqrt(inflation * scatter / n)
        else:
            cycle_sigma = np.nan
            error = np.sqrt(pooled if pooled > 0 else read_sigma**2 / len(ours))
        rows.append(
            {
                "state": int(state),
                "resistance_ohm": own["mean"].mean(),
                "resistance_u_ohm": error,
                "read_sigma_ohm": read_sigma,
                "cycle_sigma_ohm": cycle_sigma,
                "drift_per_decade_ohm": drift,
                "drift_per_decade_u_ohm": drift_u,
                "write_current_ma": ours["write_current"].mean() * 1e3,
                "n_visits": n,
                "n_reads": len(ours),
            }
        )
    lut = pd.DataFrame(rows)
    if len(lut) > 1:
        lut = _with_levels(lut)
    separation = np.append(_separation(pulses), np.nan)
    return lut.assign(separation_sigma=separation, error_rate=stats.norm.cdf(-separation / 2))


def _correlation_inflation(visits: pd.DataFrame) -> float:
    """Variance of a mean over visits, relative to independent ones.

    (1 + rho)/(1 - rho) for a first-order autoregression; rho is the correlation from one visit of
    a state to the next, over all states, with the bias -1/n of its estimate taken off.
    """
    products, squares, counts = 0.0, 0.0, []
    for _, own in visits.groupby("state"):
        deviation = (own["mean"] - own["mean"].mean()).to_numpy()
        if len(deviation) > 2 and (square := np.mean(deviation**2)) > 0:
            products += np.mean(deviation[1:] * deviation[:-1]) / square
            squares += 1.0
            counts.append(len(deviation))
    if not counts:
        return 1.0
    rho = float(np.clip(products / squares + 1 / np.mean(counts), 0.0, 0.9))
    return (1 + rho) / (1 - rho)


def _drift(reads: pd.DataFrame) -> tuple[float, float, float]:
    """Slope of resistance in log10(time since the pulse), its 1 sigma, and sigma of one read."""
    grouped = reads.groupby("pulse")
    y = (reads["resistance"] - grouped["resistance"].transform("mean")).to_numpy()
    freedom = len(reads) - grouped.ngroups
    if freedom < 1:
        return np.nan, np.nan, 0.0
    if reads["since"].gt(0).all():
        decades = np.log10(reads["since"])
        x = (decades - decades.groupby(reads["pulse"]).transform("mean")).to_numpy()
        if freedom > 1 and (spread := x @ x) > 1e-12:
            slope = x @ y / spread
            sigma = np.sqrt(np.sum((y - slope * x) ** 2) / (freedom - 1))
            return slope, sigma / np.sqrt(spread), sigma
    return np.nan, np.nan, float(np.sqrt(y @ y / freedom))


def _with_levels(lut: pd.DataFrame) -> pd.DataFrame:
    """Add `level` and its uncertainty, the ends of the scale being uncertain too."""
    r = lut["resistance_ohm"].to_numpy()
    u = lut["resistance_u_ohm"].to_numpy()
    fraction = (r - r[0]) / (r[-1] - r[0])
    level_u = np.sqrt(u**2 + ((1 - fraction) * u[0]) ** 2 + (fraction * u[-1]) ** 2)
    level_u[[0, -1]] = 0.0
    return lut.assign(level=levels(r), level_u=2 / (r[-1] - r[0]) * level_u)

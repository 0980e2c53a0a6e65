"""The states of a device: plateaus of a pulse train, or points of a switching loop."""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.optimize import isotonic_regression, linear_sum_assignment
from scipy.special import ndtr, stdtrit

from hall2net.errors import ConfigError, Hall2netError
from hall2net.physics.critical_currents import not_shown
from hall2net.physics.current_loops import CurrentLoop, fit_current_loop
from hall2net.physics.lines import student_factor
from hall2net.synapse.lut import MIN_SEPARATION, check_lut, levels
from hall2net.synapse.plateaus import (
    average_pulses,
    join_neighbours,
    name_of,
    overlaps,
    read_train,
    separations,
    split_pulses,
    writes_come_back,
)

RULES = ("resistance", "current", "all")
BRANCHES = ("both", "up", "down")

_COLUMNS = [
    "state", "resistance_ohm", "resistance_u_ohm", "level", "level_u", "read_sigma_ohm",
    "cycle_sigma_ohm", "drift_per_decade_ohm", "drift_per_decade_u_ohm", "write_current_ma",
    "n_visits", "n_reads", "separation_sigma", "error_rate", "status", "reason",
]  # fmt: skip


def lut_from(measurement: xr.Dataset, *, source: str, **settings: Any) -> pd.DataFrame:  # noqa: ANN401
    """The look-up table of a measurement.

    Parameters
    ----------
    measurement : pulse train or switching loop
    source : train | loop
    settings : of `lut_from_train` or `lut_from_loop`
    """
    return {"train": lut_from_train, "loop": lut_from_loop}[source](measurement, **settings)


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
    min_separation : in sigma; neighbours closer than this are not distinguished

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
        If the train has no reads, or its plateaus, or `states` of them, cannot be distinguished.
    """
    reads = read_train(measurement)
    pulses = average_pulses(reads)
    name = name_of(measurement)
    writes = pulses["write"].nunique()
    if len(reads) == len(pulses) and not writes_come_back(pulses):
        given = reads.set_index("pulse")["resistance_u"].reindex(pulses.index)
        if states is None and given.isna().any():
            raise Hall2netError(
                f"{name}: every state was read once ({writes} rows); give the number of states "
                f"(lut.states: {writes} takes every row for one), their 1 sigma as sigma_column, "
                "or several reads of each"
            )
        if states in (writes, None):
            return _read_once(pulses.assign(given=given), name, min_separation)
    if states is not None and not 2 <= states <= writes:
        raise Hall2netError(
            f"{name}: {states} states asked of {writes} writes; expected 2 to {writes}"
        )
    groups = split_pulses(pulses, states)
    if states is None:
        groups = join_neighbours(pulses, groups, min_separation)
    pulses["state"] = groups
    lut = _summary(reads, pulses)
    why_joined = overlaps(pulses, min_separation)
    if len(lut) < 2:
        found = f"; {why_joined[1]}" if 1 in why_joined else ""
        raise Hall2netError(
            f"{name}: plateaus cannot be distinguished, {len(pulses)} pulses scatter by "
            f"{pulses['mean'].std():.3g} ohm around {pulses['mean'].mean():.4g} ohm{found}"
        )
    close = np.flatnonzero(lut["separation_sigma"] < min_separation)
    if states is not None and close.size:
        low, high = lut.iloc[close[0]], lut.iloc[close[0] + 1]
        raise Hall2netError(
            f"{name}: {states} states cannot be distinguished, {low['resistance_ohm']:.4g} and "
            f"{high['resistance_ohm']:.4g} ohm are {low['separation_sigma']:.2g} sigma apart, "
            f"{min_separation:g} needed; ask for fewer states or none"
        )
    lut, reads_only = _known_writes(lut)
    reasons = [
        "; ".join(filter(None, [why_joined.get(state), _ONCE if visits == 1 else "", reads_only]))
        for state, visits in zip(lut["state"], lut["n_visits"], strict=True)
    ]
    lut["status"] = ["flagged" if reason else "ok" for reason in reasons]
    lut["reason"] = reasons
    check_lut(lut, name)
    return lut[_COLUMNS]


CLOSE = "{:.2g} sigma below the next state, {:g} needed"
_ONCE = "visited once: its own scatter from visit to visit is unknown"


def _read_once(pulses: pd.DataFrame, name: str, min_separation: float) -> pd.DataFrame:
    """The look-up table of levels with one row each: their scatter is what the file gives, if any.

    A sigma beside a level is that of one read after one write.
    """
    table = pd.DataFrame(
        {
            "resistance_ohm": pulses["mean"],
            "resistance_u_ohm": np.nan,
            "cycle_sigma_ohm": pulses["given"],
            "write_current_ma": pulses["write_current"] * 1e3,
            "n_visits": 1,
            "n_reads": 1,
        }
    ).sort_values("resistance_ohm", ignore_index=True)
    table["state"] = np.arange(1, len(table) + 1)
    check_lut(table.assign(level=0.0, level_u=0.0).pipe(_with_levels), name)
    lut, reads_only = _known_writes(_with_levels(table).reindex(columns=_COLUMNS))
    sigma = pulses["given"].to_numpy(float)
    if not (np.isfinite(sigma) & (sigma > 0)).all():
        lut = lut.assign(cycle_sigma_ohm=np.nan)
        once = "every state was read once: nothing is known of its scatter"
        return lut.assign(status="flagged", reason="; ".join(filter(None, [once, reads_only])))
    sigma = lut["cycle_sigma_ohm"].to_numpy(float)
    separation = np.append(np.diff(lut["resistance_ohm"]) / ((sigma[1:] + sigma[:-1]) / 2), np.nan)
    reasons = [
        "; ".join(filter(None, [CLOSE.format(one, min_separation) * bool(close), reads_only]))
        for one, close in zip(separation, separation < min_separation, strict=True)
    ]
    return lut.assign(
        separation_sigma=separation,
        error_rate=ndtr(-separation / 2),
        status=["flagged" if reason else "ok" for reason in reasons],
        reason=reasons,
    )


def _known_writes(lut: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The table without write currents that are those of the reads, and words on it."""
    current = lut["write_current_ma"].to_numpy(float)
    if not np.isfinite(current).all() or np.ptp(current) > 0.01 * np.abs(current).max():
        return lut, ""
    return lut.assign(write_current_ma=np.nan), (
        f"every state comes with the same current, {current[0]:.4g} mA, which may be that of the "
        "reads: x_column must hold the write current, in the rows of the reads or in rows of "
        "their own without a reading"
    )


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
        If there are fewer points than states, or no two states can be distinguished.
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
    name = name_of(measurement)
    loop = fit_current_loop(measurement)
    if abs(loop.swing) < min_separation * loop.sigma:
        raise Hall2netError(
            f"{name}: states cannot be distinguished, the loop opens by {abs(loop.swing):.3g} ohm "
            f"and 1 sigma of its points is {loop.sigma:.2g} ohm"
        )
    points = pd.concat([_levels_at_rest(loop), _points_of_flanks(loop)], ignore_index=True)
    if branches != "both":
        # A branch begins and ends at rest.
        points.loc[points["reset_current_ma"].isna(), "branch"] = branches
        points = points[points["branch"] == branches]
    points = points.drop_duplicates("resistance_ohm").sort_values(
        "resistance_ohm", ignore_index=True
    )
    if states is not None:
        points = _chosen(points, loop, rule, states, name)
    sigma = np.hypot(points["read_sigma_ohm"], points["cycle_sigma_ohm"].fillna(0.0)).to_numpy()
    gap = np.diff(points["resistance_ohm"])
    separation = np.append(gap / ((sigma[1:] + sigma[:-1]) / 2), np.nan)
    close = separation < min_separation
    lut = _with_levels(points.reset_index(drop=True)).assign(
        drift_per_decade_ohm=np.nan,
        drift_per_decade_u_ohm=np.nan,
        separation_sigma=separation,
        error_rate=ndtr(-separation / 2),
        status=np.where(close, "flagged", "ok"),
        reason=[
            CLOSE.format(value, min_separation) if bad else ""
            for value, bad in zip(separation, close, strict=True)
        ],
    )
    lut.insert(0, "state", np.arange(1, len(lut) + 1))
    check_lut(lut, name)
    return lut[[*_COLUMNS[:-2], "reset_current_ma", "branch", *_COLUMNS[-2:]]]


def _chosen(
    points: pd.DataFrame, loop: CurrentLoop, rule: str, states: int, name: str
) -> pd.DataFrame:
    """The points that become states, equally spaced in resistance or in write current."""
    if not 2 <= states <= len(points):
        raise Hall2netError(
            f"{name}: {states} states asked of {len(points)} different points; expected 2 to "
            f"{len(points)}"
        )
    if rule == "current":
        return points.loc[sorted(_equal_in_current(points, states, name))]
    low, high = sorted(loop.value[:2])
    targets = np.linspace(low, high, states)
    return points.iloc[_nearest(points["resistance_ohm"].to_numpy(), targets)]


def _levels_at_rest(loop: CurrentLoop) -> pd.DataFrame:
    """The two levels that a loop rests at, written by the turning point before."""
    directions = np.array([sweep.direction for sweep in loop.sweeps])[loop.points["sweep"]]
    rows = []
    for level, direction in enumerate((1, -1)):
        points = loop.points[loop.points["at_rest"].to_numpy() & (directions == direction)]
        means = points.groupby("sweep")["resistance_ohm"].agg(["mean", "size"])
        n = len(means)
        noise = loop.sigma**2 / means["size"].mean()
        cycle = np.sqrt(max(means["mean"].var(ddof=1) - noise, 0.0)) if n > 1 else np.nan
        scatter = cycle / np.sqrt(n) * stdtrit(n - 1, 0.975) / 1.96 if n > 1 else 0.0
        rows.append(
            {
                # The pulse that led here ended the branch before.
                "branch": "down" if direction > 0 else "up",
                "write_current_ma": np.mean([loop.sweeps[i].start_ma for i in means.index]),
                "reset_current_ma": np.nan,
                "resistance_ohm": loop.value[level],
                "resistance_u_ohm": np.hypot(np.sqrt(loop.covariance[level, level]), scatter),
                "read_sigma_ohm": loop.read_sigma,
                "cycle_sigma_ohm": cycle,
                "n_visits": n,
                "n_reads": int(points["n_reads"].sum()),
            }
        )
    return pd.DataFrame(rows)


def _points_of_flanks(loop: CurrentLoop) -> pd.DataFrame:
    """Points that their own pulse led to, those of several sweeps at one current averaged.

    What lies before the onset of a branch still rests at the level before, whatever the current.
    """
    parts = []
    for sweep in loop.sweeps:
        if sweep.branch not in ("up", "down") or not_shown(loop, sweep):
            continue
        points = loop.points.iloc[sweep.rows]
        drive = points["write_current_ma"] * sweep.direction
        before, after = loop.value[:2] if sweep.direction > 0 else loop.value[1::-1]
        done = isotonic_regression((points["resistance_ohm"] - before) / (after - before)).x
        moved = done > 3 * loop.sigma / abs(loop.swing)
        # The pulse before a sweep from zero is not in the file.
        reset = (
            sweep.start_ma
            if sweep.start_ma * sweep.direction < 0
            else -sweep.direction
            * (np.abs(loop.points["write_current_ma"][loop.points["branch"] != "minor"]).max())
        )
        parts.append(points[(drive > 0) & moved].assign(reset_current_ma=reset))
    points = pd.concat(parts) if parts else loop.points.iloc[:0].assign(reset_current_ma=np.nan)
    grouped = points.groupby(["branch", points["write_current_ma"].round(6)], sort=False)
    table = grouped.agg(
        reset_current_ma=("reset_current_ma", "mean"),
        resistance_ohm=("resistance_ohm", "mean"),
        scatter=("resistance_ohm", "var"),
        n_visits=("resistance_ohm", "size"),
        n_reads=("n_reads", "sum"),
    ).reset_index()
    n = table["n_visits"]
    cycle = np.sqrt((table.pop("scatter") - loop.sigma**2).clip(lower=0.0))
    student = stdtrit((n - 1).clip(lower=1), 0.975) / 1.96
    error = np.sqrt((loop.sigma**2 + (cycle.fillna(0.0) * student) ** 2) / n)
    return table.assign(
        cycle_sigma_ohm=cycle, resistance_u_ohm=error, read_sigma_ohm=loop.read_sigma
    )


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
    for own, count in zip(parts, counts, strict=True):
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
    reads = read_train(measurement)
    pulses = average_pulses(reads)
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


def _summary(reads: pd.DataFrame, pulses: pd.DataFrame) -> pd.DataFrame:
    """Numbers of every state, from the state of every pulse."""
    pulses = pulses.assign(visit=(pulses["state"].diff() != 0).cumsum())
    reads = reads.assign(state=pulses["state"].loc[reads["pulse"]].to_numpy())
    visits = pulses.groupby("visit").agg(
        state=("state", "first"),
        mean=("mean", "mean"),
        reads=("count", "sum"),
        write_current=("write_current", "first"),
    )
    share = _effective_share(visits)
    pooled = visits.groupby("state")["mean"].var(ddof=1).mean()
    rows = []
    for state, own in visits.groupby("state"):
        ours = reads[reads["state"] == state]
        drift, drift_u, read_sigma = _drift(ours)
        n = len(own)
        if n > 1:
            of_reads = np.nan_to_num(read_sigma) ** 2 / own["reads"].mean()
            cycle_sigma = np.sqrt(max(own["mean"].var(ddof=1) - of_reads, 0.0))
            error = _error_of_mean(own["mean"], share)
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
                "write_current_ma": _leading(own["write_current"]) * 1e3,
                "n_visits": n,
                "n_reads": len(ours),
            }
        )
    lut = pd.DataFrame(rows)
    if len(lut) > 1:
        lut = _with_levels(lut)
    separation = np.append(separations(pulses), np.nan)
    return lut.assign(separation_sigma=separation, error_rate=ndtr(-separation / 2))


def _leading(currents: pd.Series) -> float:
    """Median current of the pulses that led to a state, of the sign that did so more often."""
    sign = np.sign(currents)
    return float(currents[sign == sign.mode().iloc[-1]].median()) if len(sign.mode()) else np.nan


def _effective_share(visits: pd.DataFrame) -> float:
    """Number of independent values over number of visits.

    (1 - rho)/(1 + rho) for a first-order autoregression; rho is the correlation from one visit of
    a state to the next, over all states, freed of the bias -(1 + 4 rho)/n of its estimate
    (Kendall, Biometrika 41, 403 (1954)).
    """
    found, counts = [], []
    for _, own in visits.groupby("state"):
        deviation = (own["mean"] - own["mean"].mean()).to_numpy()
        if len(deviation) > 5 and (square := deviation @ deviation) > 0:
            found.append(deviation[1:] @ deviation[:-1] / square)
            counts.append(len(deviation))
    if not counts:
        return 1.0
    n = np.mean(counts)
    rho = float(np.clip((np.mean(found) + 1 / n) / (1 - 4 / n), 0.0, 0.8))
    return (1 - rho) / (1 + rho)


def _error_of_mean(means: pd.Series, share: float) -> float:
    """1 sigma of the mean of correlated values, such that +-1.96 of it is the 95 % interval."""
    n = len(means)
    effective = max(n * share, 1.5)
    # Correlated values scatter less about their own mean than about the true one.
    variance = means.var(ddof=1) * (n - 1) / n / (1 - 1 / effective)
    return student_factor(max(effective - 1, 1)) * np.sqrt(variance / effective)


def _drift(reads: pd.DataFrame) -> tuple[float, float, float]:
    """Slope of resistance in log10(time since the pulse), its 1 sigma, and sigma of one read."""
    grouped = reads.groupby("pulse")
    y = (reads["resistance"] - grouped["resistance"].transform("mean")).to_numpy()
    freedom = len(reads) - grouped.ngroups
    if freedom < 1:
        return np.nan, np.nan, np.nan
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

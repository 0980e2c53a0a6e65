"""Plateaus of a pulse train: how many there are, and which pulse leads to which.

Resistances after each pulse are one-dimensional: the optimal split into any number of groups is
found exactly (Fisher, J. Am. Stat. Assoc. 53, 789 (1958)), and their number by the integrated
completed likelihood (Biernacki, Celeux, Govaert, IEEE TPAMI 22, 719 (2000)), which counts groups
only as far as their members can be distinguished.
"""

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import gammaln

from hall2net.errors import Hall2netError
from hall2net.physics.current_loops import write_currents
from hall2net.physics.noise import scatter_of_most

_SPIKE = 6.0  # reads further than this many sigma from their pulse's median are instrument spikes
_MAX_STATES = 64
_MAX_EDGES = 2000


def name_of(measurement: xr.Dataset) -> str:
    """How messages call a measurement."""
    return f"measurement {measurement['id'].item()!r}" if "id" in measurement else "measurement"


def read_train(measurement: xr.Dataset) -> pd.DataFrame:
    """Reads of a train: pulse (from 1), resistance, write_current, time since the pulse, time.

    `resistance_u` is the 1 sigma that the file itself gives, if it does. The write current is
    that of the pulse before the read, where the file has a row for it.
    """
    points = pd.DataFrame(
        {column: measurement[column].to_numpy() for column in ("pulse", "resistance", "time")}
    )
    points["resistance_u"] = (
        measurement["resistance_u"] if "resistance_u" in measurement else np.nan
    )
    points["write_current"] = write_currents(
        measurement["write_current"].to_numpy(),
        points["resistance"].to_numpy(),
        points["pulse"].to_numpy(),
    )
    points = points[points["pulse"].notna() & points["resistance"].notna()]
    if points.empty:
        raise Hall2netError(
            f"{name_of(measurement)}: no read after a pulse; expected a pulse train with the "
            "columns pulse and resistance"
        )
    # A file may count the pulses of every cycle from 1 again.
    points["pulse"] = (points["pulse"].diff() != 0).cumsum()
    within = points.groupby("pulse")["resistance"]
    residual = points["resistance"] - within.transform("median")
    several = residual[within.transform("size") > 2]
    sigma = scatter_of_most(several.to_numpy()) if len(several) else 0.0
    if sigma > 0:
        points = points[residual.abs() < _SPIKE * sigma]
    interval = points.groupby("pulse")["time"].diff().median()
    start = points.groupby("pulse")["time"].transform("min") - interval
    return points.assign(since=points["time"] - start).reset_index(drop=True)


def average_pulses(reads: pd.DataFrame) -> pd.DataFrame:
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


def writes_come_back(pulses: pd.DataFrame) -> bool:
    """Whether a write current is used again after another one, or none is known."""
    current = pulses["write_current"].round(9)
    return bool(current[current.diff() != 0].duplicated().any() or current.isna().all())


def split_pulses(pulses: pd.DataFrame, states: int | None) -> np.ndarray:
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
        comes_back = writes_come_back(pulses)
        known = 1 if comes_back else max(1, int(pulses["count"].sum()) - len(pulses))
        edges = [min(edges, key=lambda edge: _completed_likelihood(x, edge, noise, known))]
    chosen = edges[-1]
    group = np.empty(n, dtype=int)
    group[order] = np.repeat(np.arange(1, len(chosen)), np.diff(chosen))
    return group[pulses["write"].to_numpy()]


def _optimal_edges(x: np.ndarray, most: int) -> list[np.ndarray]:
    """Edges of the splits of sorted `x` into 1 to `most` groups of least squared scatter."""
    # Of a long train only the widest gaps can be edges, which bounds the memory.
    gaps = np.sort(np.argsort(np.diff(x), kind="stable")[-_MAX_EDGES:]) + 1
    edges = np.concatenate([[0], gaps, [len(x)]])
    sums = np.concatenate([[0.0], np.cumsum(x)])[edges]
    squares = np.concatenate([[0.0], np.cumsum(x**2)])[edges]
    n = len(edges) - 1
    start, stop = np.meshgrid(np.arange(n), np.arange(1, n + 1))
    size = np.maximum(edges[stop] - edges[start], 1)
    scatter = squares[stop] - squares[start] - (sums[stop] - sums[start]) ** 2 / size
    scatter = np.where(stop > start, np.maximum(scatter, 0.0), np.inf)
    best, cuts = scatter[:, 0], []
    found = [np.array([0, len(x)])]
    for _ in range(1, most):
        # The last group starts at `start`; before it lies the best split of the first `start`.
        total = np.concatenate([[np.inf], best[:-1]]) + scatter
        cuts.append(total.argmin(axis=1))
        best = total.min(axis=1)
        way = [n]
        for cut in reversed(cuts):
            way.append(int(cut[way[-1] - 1]))
        found.append(edges[[*way, 0][::-1]])
    return found


def _completed_likelihood(x: np.ndarray, edges: np.ndarray, noise: float, known: int) -> float:
    """-2 log of the integrated completed likelihood of values in groups, but for a constant.

    Integrated over the groups' means (uniform over the range of `x`), their shares (uniform) and
    their common variance (scaled inverse chi-square: `noise`, worth `known` values).
    """
    size = np.diff(edges)
    n, k = len(x), len(size)
    means = np.add.reduceat(x, edges[:-1]) / size
    scatter = np.sum((x - np.repeat(means, size)) ** 2) + known * noise
    freedom = n - k + known
    variance = freedom * np.log(scatter / 2) - 2 * gammaln(freedom / 2)
    spread = np.sum(np.log(size)) + k * np.log(np.ptp(x) ** 2 / (2 * np.pi))
    shares = gammaln(n + k) - gammaln(k) - np.sum(gammaln(size + 1))
    return float(variance + spread + 2 * shares)


def join_neighbours(pulses: pd.DataFrame, state: np.ndarray, min_separation: float) -> np.ndarray:
    """Join the closest neighbours until all are far enough apart.

    Parameters
    ----------
    pulses : one row a pulse, of `average_pulses`
    state : (pulses,), state of each pulse from 1 on, ascending in resistance
    min_separation : of neighbouring states, in sigma of one read

    Returns
    -------
    (pulses,), the states that are left, numbered from 1 again.
    """
    while True:
        separation = separations(pulses.assign(state=state))
        if not len(separation) or separation.min() >= min_separation:
            return state
        low = int(np.argmin(separation)) + 1
        state = np.where(state > low, state - 1, state)


def separations(pulses: pd.DataFrame) -> np.ndarray:
    """Distance of neighbouring states over the mean sigma of one read after one pulse."""
    grouped = pulses.groupby("state")
    scatter = grouped["mean"].var(ddof=1)
    # A state written once scatters like the others; where none was written twice, by its reads.
    scatter = scatter.fillna(scatter.mean()).fillna(0.0)
    of_mean = (pulses["read_variance"] / pulses["count"]).groupby(pulses["state"]).mean()
    one_read = grouped["read_variance"].mean()
    sigma = np.sqrt(np.maximum(scatter - of_mean, 0.0) + one_read).to_numpy()
    with np.errstate(divide="ignore"):
        return np.diff(grouped["mean"].mean()) / ((sigma[1:] + sigma[:-1]) / 2)


def overlaps(pulses: pd.DataFrame, min_separation: float) -> dict[int, str]:
    """Write currents whose means differ, yet lead to one state: why there are not more states."""
    found = {}
    writes = pulses.groupby("write").first().assign(mean=pulses.groupby("write")["mean"].mean())
    for state, members in writes.groupby("state"):
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
                f"{low['mean']:.4g} and {high['mean']:.4g} ohm and are taken as one state: "
                f"{int(table['size'].sum())} writes with 1 sigma of {sigma:.2g} ohm do not tell "
                f"states {min_separation:g} sigma apart between them"
            )
    return found

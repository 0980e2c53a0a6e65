"""Which states to use, and the gain of better ones: quantisation error before any training."""

from collections.abc import Iterator
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from hall2net.errors import ConfigError, Hall2netError
from hall2net.synapse.lut import (
    NORMAL_WEIGHTS,
    check_lut,
    levels,
    one_read_sigma,
    sorted_draws,
    writes_measured,
)

MAPPINGS = ("maxabs", "std")
"""How levels become weights: the scale is the largest weight (maxabs), or the one of the smallest
error (std), as in the networks for normally distributed weights."""

_SCALES = np.geomspace(0.03, 1.5, 120)  # tried for `std`, relative to the largest weight: 3 % steps
_MOST_SUBSETS = (
    5_000  # of one size that are all tried: a second or so; more states are left out one by one
)
_CHUNK = 2_000  # sets at a time: 60 MB an array for 32 states
_DRAWS = 100  # of the resistances: their scatter is then known to 7 %


def weight_error(
    resistance: ArrayLike, sigma: ArrayLike, weights: ArrayLike, *, mapping: str = "std"
) -> tuple[float, float]:
    """Relative error of weights on a device's states: of the levels, and with the states' scatter.

    With weights w and their values on the device q = s level[nearest], the first is
    E[(w - q)^2]/E[w^2]; the second adds s^2 E[sigma^2]/E[w^2] of the states used.

    Parameters
    ----------
    resistance : (K,) of the states used, ascending, in ohm; levels are their min-max
    sigma : (K,) of one read after one write, in ohm
    weights : (n,) of a network in float, such as one layer's
    mapping : maxabs: s is the largest weight | std: s of the smallest first error

    Raises
    ------
    ConfigError
        If there is no such mapping.
    Hall2netError
        If the weights are not finite or all zero.
    """
    levels(resistance)
    quantum, noise = _errors(np.atleast_2d(resistance), np.atleast_2d(sigma), weights, mapping)
    return float(quantum[0]), float(quantum[0] + noise[0])


def advice(
    lut: pd.DataFrame,
    weights: ArrayLike = NORMAL_WEIGHTS,
    *,
    mapping: str = "std",
    kept: int = 5,
) -> pd.DataFrame:
    """Quantisation error of a device, of other sets of its states, and of other devices.

    Parameters
    ----------
    lut : look-up table
    weights, mapping : as `weight_error` takes them
    kept : sets that are returned for every number of states

    Returns
    -------
    DataFrame, one row a choice: `choice` (`as measured`; `fewer states`, the `kept` best sets of
    every size; then other devices: one more state in the gap where it helps most, with the mean
    scatter of the others; evenly spaced states; less scatter, if it was measured), `n_states`,
    `states` (numbers of the look-up table, separated by blanks; empty for another device),
    `quantization_error` (of the
    levels) with its 1 sigma from that of the resistances, `total_error` (with the scatter of the
    states; empty where that of writes was not measured), `gain` (fraction by which the total error
    falls, or without it the quantisation error; negative if it rises), `min_separation_sigma` (an
    upper bound where the scatter of writes was not measured; empty where no scatter was).

    Notes
    -----
    Every set of a size is tried if there are at most 5,000. Beyond that the state that costs least
    is left out, one after the other, which gives one set of each size.
    """
    check_lut(lut)
    r, sigma = lut["resistance_ohm"].to_numpy(float), one_read_sigma(lut)
    every = " ".join(map(str, lut["state"]))
    choices = [("as measured", every, r, sigma)]
    for ranked in _ranked_sets(lut, weights, mapping):
        for states in ranked["states"].head(kept):
            at = _rows_of(lut, states)
            choices.append(("fewer states", states, r[at], sigma[at]))
    middles = (r[1:] + r[:-1]) / 2
    more = [
        (np.insert(r, k, middle), np.insert(sigma, k, sigma.mean()))
        for k, middle in enumerate(middles, start=1)
    ]
    at = 1 if writes_measured(lut) else 0
    best = int(np.argmin([weight_error(*one, weights, mapping=mapping)[at] for one in more]))
    choices += [
        (f"one more state at {middles[best]:.4g} ohm", "", *more[best]),
        ("as many states, evenly spaced", "", np.linspace(r[0], r[-1], len(r)), sigma),
    ]
    if writes_measured(lut):
        choices += [
            ("half the scatter", every, r, sigma / 2),
            ("no scatter", every, r, np.zeros_like(sigma)),
        ]
    u = lut["resistance_u_ohm"].to_numpy(float)
    rows = []
    for choice, states, r_used, sigma_used in choices:
        quantum, total = weight_error(r_used, sigma_used, weights, mapping=mapping)
        row = {"choice": choice, "n_states": len(r_used), "states": states}
        row |= {"quantization_error": quantum}
        row |= {"total_error": total if writes_measured(lut) else np.nan}
        if states:
            drawn = sorted_draws(r_used, u[_rows_of(lut, states)], _DRAWS, np.random.default_rng(0))
            errors, _ = _errors(drawn, np.zeros_like(drawn), weights, mapping)
            row["quantization_error_u"] = round(float(errors.std(ddof=1)), 12)
        row["min_separation_sigma"] = float(_separation(r_used[None], sigma_used[None])[0])
        rows.append(row)
    table = pd.DataFrame(rows).replace({"min_separation_sigma": {np.inf: np.nan}})
    error = table["total_error" if writes_measured(lut) else "quantization_error"]
    table["gain"] = 1 - error / error.iloc[0]
    return table[
        ["choice", "n_states", "states", "quantization_error", "quantization_error_u",
         "total_error", "gain", "min_separation_sigma"]
    ]  # fmt: skip


def sets_to_train(table: pd.DataFrame, number: int) -> list[str]:
    """Sets of states worth a training: all states, then the best with fewer, from `advice`."""
    fewer = table[table["choice"] == "fewer states"].sort_values(
        "gain", ascending=False, kind="stable"
    )
    return [table["states"].iloc[0], *fewer["states"].head(number)]


def _ranked_sets(lut: pd.DataFrame, weights: ArrayLike, mapping: str) -> Iterator[pd.DataFrame]:
    """Ranked sets of one state fewer than there are, of two fewer, and so on down to two."""
    chosen = np.arange(len(lut))
    for number in range(len(lut) - 1, 1, -1):
        if comb(len(lut), number) <= _MOST_SUBSETS:
            ranked = _ranked(
                lut, np.array([*combinations(range(len(lut)), number)]), weights, mapping
            )
        else:
            fewer = np.array([np.delete(chosen, k) for k in range(len(chosen))])
            ranked = _ranked(lut, fewer, weights, mapping).head(1)
        chosen = _rows_of(lut, ranked["states"].iloc[0])
        yield ranked


def _rows_of(lut: pd.DataFrame, states: str) -> np.ndarray:
    """Row numbers of the states with the numbers in `states`, separated by blanks."""
    wanted = [int(state) for state in states.split()]
    return np.flatnonzero(lut["state"].isin(wanted))


def _ranked(lut: pd.DataFrame, index: np.ndarray, weights: ArrayLike, mapping: str) -> pd.DataFrame:
    """Errors of sets of states, the smallest total error first; row numbers `index` (S, K)."""
    r, sigma = lut["resistance_ohm"].to_numpy(float)[index], one_read_sigma(lut)[index]
    quantum, noise = _errors(r, sigma, weights, mapping)
    numbers = lut["state"].to_numpy(int)[index]
    table = pd.DataFrame(
        {
            "states": [" ".join(map(str, row)) for row in numbers],
            "error": quantum + noise if writes_measured(lut) else quantum,
        }
    )
    return table.sort_values("error", kind="stable", ignore_index=True)


def _separation(r: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """Smallest distance of neighbours in sigma, (S,), of sets (S, K)."""
    with np.errstate(divide="ignore"):
        return (np.diff(r, axis=1) / ((sigma[:, 1:] + sigma[:, :-1]) / 2)).min(axis=1)


def _errors(
    r: np.ndarray, sigma: np.ndarray, weights: ArrayLike, mapping: str
) -> tuple[np.ndarray, np.ndarray]:
    """Relative errors of the levels and of the scatter, (S,), of sets of states (S, K)."""
    if mapping not in MAPPINGS:
        raise ConfigError(f"advisor: mapping {mapping!r}; expected one of {', '.join(MAPPINGS)}")
    w = np.asarray(weights, dtype=float).ravel()
    if not w.size or not np.isfinite(w).all() or not w.any():
        raise Hall2netError("advisor: expected finite weights, not all zero")
    w = np.sort(w) / np.abs(w).max()
    swing = r[:, -1:] - r[:, :1]
    level, level_sigma = 2 * (r - r[:, :1]) / swing - 1, 2 * sigma / swing
    parts = [
        _errors_of_sorted(w, level[chunk], level_sigma[chunk], mapping)
        for chunk in (slice(start, start + _CHUNK) for start in range(0, len(r), _CHUNK))
    ]
    quantum, noise = (np.concatenate(errors) for errors in zip(*parts, strict=True))
    return quantum, noise


def _errors_of_sorted(
    w: np.ndarray, level: np.ndarray, sigma: np.ndarray, mapping: str
) -> tuple[np.ndarray, np.ndarray]:
    """The same for sorted weights, so that those nearest to one level are a slice."""
    scale = (_SCALES if mapping == "std" else np.ones(1))[:, None]
    middle = (level[:, None, 1:] + level[:, None, :-1]) / 2 * scale
    edges = np.searchsorted(w, middle)
    ends = np.zeros((*edges.shape[:2], 1), dtype=int)
    edges = np.concatenate([ends, edges, ends + len(w)], axis=2)
    count = np.diff(edges)
    total = np.diff(np.append(0.0, np.cumsum(w))[edges])
    value = scale * level[:, None]
    power = w @ w
    quantum = 1 + np.sum(value * (value * count - 2 * total), axis=2) / power
    noise = np.sum((scale * sigma[:, None]) ** 2 * count, axis=2) / power
    best = quantum.argmin(axis=1)[:, None]
    quantum, noise = (np.take_along_axis(error, best, axis=1)[:, 0] for error in (quantum, noise))
    return quantum, noise

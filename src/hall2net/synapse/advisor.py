"""Which states to use, and what better ones would bring: quantisation error before any training."""

from collections.abc import Iterator
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from hall2net.errors import ConfigError, Hall2netError
from hall2net.synapse.lut import NORMAL_WEIGHTS, check_lut, levels, one_read_sigma, sorted_draws

MAPPINGS = ("maxabs", "std")
"""How levels become weights: the scale is the largest weight, or that of the smallest error, which
the networks' `std` takes for weights of normal distribution."""

_SCALES = np.geomspace(0.03, 1.5, 120)  # relative to the largest weight
_MOST_SUBSETS = 5_000
_CHUNK = 2_000
_DRAWS = 100


def weight_error(
    resistance: ArrayLike, sigma: ArrayLike, weights: ArrayLike, *, mapping: str = "std"
) -> tuple[float, float]:
    """Error of weights held by a device's states: of the grid, and with the states' scatter.

    With w the weights and q = s level[nearest] the held ones, the first is E[(w - q)^2]/E[w^2],
    the second adds s^2 E[sigma^2] of the states used.

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


def best_states(
    lut: pd.DataFrame, weights: ArrayLike, number: int, *, mapping: str = "std"
) -> pd.DataFrame:
    """The sets of `number` of the measured states, the best for given weights first.

    Every set is tried while there are at most 5,000; beyond that the state that costs least is
    left out again and again, which gives one set.

    Parameters
    ----------
    lut : look-up table
    weights, mapping : as `weight_error` takes them
    number : how many of the states to use, 2 or more

    Returns
    -------
    DataFrame, one row a set, the smallest total error first: `states` (numbers of the look-up
    table, separated by blanks), `quantization_error` (of the grid), `total_error` (with the scatter
    of the states), `min_separation_sigma`.

    Raises
    ------
    ConfigError
        If `number` is not from 2 to the number of states.
    """
    check_lut(lut)
    if not 2 <= number <= len(lut):
        raise ConfigError(f"advisor: {number} of {len(lut)} states; expected 2 to {len(lut)}")
    if comb(len(lut), number) <= _MOST_SUBSETS:
        return _every_set(lut, weights, number, mapping)
    *_, ranked = _best_of_every_number(lut, weights, mapping, number)
    return ranked


def advice(
    lut: pd.DataFrame,
    weights: ArrayLike = NORMAL_WEIGHTS,
    *,
    mapping: str = "std",
    kept: int = 5,
) -> pd.DataFrame:
    """All that the advisor has to say of a device: other sets of its states, and other devices.

    Parameters
    ----------
    lut : look-up table
    weights, mapping : as `weight_error` takes them
    kept : sets shown of every number of states

    Returns
    -------
    DataFrame, one row a choice: `choice` (`as measured`; `fewer states`, the `kept` best of
    `best_states` for every number; then what other devices would bring: one more state in the gap
    where it helps most, with the mean scatter of the others; evenly spaced states; less scatter),
    `n_states`, `states` (numbers of the look-up table; empty for another device),
    `quantization_error` with its 1 sigma from that of the resistances, `total_error`, `gain` (share
    of the present total error taken away; negative where it adds), `min_separation_sigma`.
    """
    check_lut(lut)
    r, sigma = lut["resistance_ohm"].to_numpy(float), one_read_sigma(lut)
    every = " ".join(map(str, lut["state"]))
    choices = [("as measured", every, r, sigma)]
    for ranked in _best_of_every_number(lut, weights, mapping):
        for states in ranked["states"].head(kept):
            at = _rows_of(lut, states)
            choices.append(("fewer states", states, r[at], sigma[at]))
    middles = (r[1:] + r[:-1]) / 2
    more = [
        (np.insert(r, k, middle), np.insert(sigma, k, sigma.mean()))
        for k, middle in enumerate(middles, start=1)
    ]
    best = int(np.argmin([weight_error(*one, weights, mapping=mapping)[1] for one in more]))
    choices += [
        (f"one more state at {middles[best]:.4g} ohm", "", *more[best]),
        ("as many states, evenly spaced", "", np.linspace(r[0], r[-1], len(r)), sigma),
        ("half the scatter", every, r, sigma / 2),
        ("no scatter", every, r, np.zeros_like(sigma)),
    ]
    u = lut["resistance_u_ohm"].to_numpy(float)
    rows = []
    for choice, states, own, own_sigma in choices:
        quantum, total = weight_error(own, own_sigma, weights, mapping=mapping)
        row = {"choice": choice, "n_states": len(own), "states": states}
        row |= {"quantization_error": quantum, "total_error": total}
        if states:
            drawn = sorted_draws(own, u[_rows_of(lut, states)], _DRAWS, np.random.default_rng(0))
            spread = _errors(drawn, np.zeros_like(drawn), weights, mapping)[0].std(ddof=1)
            row["quantization_error_u"] = round(float(spread), 12)
        row["min_separation_sigma"] = float(_separation(own[None], own_sigma[None])[0])
        rows.append(row)
    table = pd.DataFrame(rows).replace({"min_separation_sigma": {np.inf: np.nan}})
    table["gain"] = 1 - table["total_error"] / table["total_error"].iloc[0]
    return table[
        ["choice", "n_states", "states", "quantization_error", "quantization_error_u",
         "total_error", "gain", "min_separation_sigma"]
    ]  # fmt: skip


def sets_to_train(table: pd.DataFrame, number: int) -> list[str]:
    """Sets of states worth a training: all states, then the best with fewer, from `advice`."""
    fewer = table[table["choice"] == "fewer states"].sort_values("total_error", kind="stable")
    return [table["states"].iloc[0], *fewer["states"].head(number)]


def _best_of_every_number(
    lut: pd.DataFrame, weights: ArrayLike, mapping: str, least: int = 2
) -> Iterator[pd.DataFrame]:
    """Ranked sets of one state fewer than there are, of two fewer, and so on."""
    chosen = np.arange(len(lut))
    for number in range(len(lut) - 1, least - 1, -1):
        if comb(len(lut), number) <= _MOST_SUBSETS:
            ranked = _every_set(lut, weights, number, mapping)
        else:
            fewer = [tuple(np.delete(chosen, k)) for k in range(len(chosen))]
            ranked = _ranked(lut, fewer, weights, mapping).head(1)
        chosen = _rows_of(lut, ranked["states"].iloc[0])
        yield ranked


def _every_set(lut: pd.DataFrame, weights: ArrayLike, number: int, mapping: str) -> pd.DataFrame:
    return _ranked(lut, list(combinations(range(len(lut)), number)), weights, mapping)


def _rows_of(lut: pd.DataFrame, states: str) -> np.ndarray:
    """Row numbers of the states whose numbers stand in `states`, separated by blanks."""
    wanted = [int(state) for state in states.split()]
    return np.flatnonzero(lut["state"].isin(wanted))


def _ranked(
    lut: pd.DataFrame, subsets: list[tuple[int, ...]], weights: ArrayLike, mapping: str
) -> pd.DataFrame:
    index = np.array(subsets)
    r, sigma = lut["resistance_ohm"].to_numpy(float)[index], one_read_sigma(lut)[index]
    quantum, noise = _errors(r, sigma, weights, mapping)
    numbers = lut["state"].to_numpy(int)[index]
    table = pd.DataFrame(
        {
            "states": [" ".join(map(str, row)) for row in numbers],
            "quantization_error": quantum,
            "total_error": quantum + noise,
            "min_separation_sigma": _separation(r, sigma),
        }
    )
    return table.sort_values("total_error", kind="stable", ignore_index=True)


def _separation(r: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """Smallest distance of neighbours in sigma, (S,), of sets (S, K)."""
    with np.errstate(divide="ignore"):
        return (np.diff(r, axis=1) / ((sigma[:, 1:] + sigma[:, :-1]) / 2)).min(axis=1)


def _errors(
    r: np.ndarray, sigma: np.ndarray, weights: ArrayLike, mapping: str
) -> tuple[np.ndarray, np.ndarray]:
    """Relative errors of the grid and of the scatter, (S,), of sets of states (S, K)."""
    if mapping not in MAPPINGS:
        raise ConfigError(f"advisor: mapping {mapping!r}; expected one of {', '.join(MAPPINGS)}")
    w = np.asarray(weights, dtype=float).ravel()
    if not w.size or not np.isfinite(w).all() or not w.any():
        raise Hall2netError("advisor: expected finite weights, not all zero")
    w = np.sort(w) / np.abs(w).max()
    swing = r[:, -1:] - r[:, :1]
    parts = [
        _errors_of_sorted(w, 2 * (own - own[:, :1]) / width - 1, 2 * scatter / width, mapping)
        for own, scatter, width in (
            (part[start : start + _CHUNK] for part in (r, sigma, swing))
            for start in range(0, len(r), _CHUNK)
        )
    ]
    quantum, noise = (np.concatenate(errors) for errors in zip(*parts, strict=True))
    return quantum, noise


def _errors_of_sorted(
    w: np.ndarray, level: np.ndarray, sigma: np.ndarray, mapping: str
) -> tuple[np.ndarray, np.ndarray]:
    """The same for sorted weights: those nearest to one level stand side by side."""
    scale = (_SCALES if mapping == "std" else np.ones(1))[:, None]
    middle = (level[:, None, 1:] + level[:, None, :-1]) / 2 * scale
    edges = np.searchsorted(w, middle)
    ends = np.zeros((*edges.shape[:2], 1), dtype=int)
    edges = np.concatenate([ends, edges, ends + len(w)], axis=2)
    count = np.diff(edges)
    total = np.diff(np.append(0.0, np.cumsum(w))[edges])
    held = scale * level[:, None]
    power = w @ w
    quantum = 1 + np.sum(held * (held * count - 2 * total), axis=2) / power
    noise = np.sum((scale * sigma[:, None]) ** 2 * count, axis=2) / power
    best = quantum.argmin(axis=1)[:, None]
    return tuple(np.take_along_axis(error, best, axis=1)[:, 0] for error in (quantum, noise))

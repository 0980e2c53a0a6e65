"""Which states to use, and what better ones would bring: quantisation error before any training."""

from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from hall2net.errors import ConfigError, Hall2netError
from hall2net.lut import check_lut, levels
from hall2net.merit import one_read_sigma

MAPPINGS = ("maxabs", "std")
"""How levels become weights: the scale is the largest weight, or that of the smallest error, which
the networks' `std` takes for weights of normal distribution."""

_QUANTILES = 200
_SCALES = np.geomspace(0.03, 1.5, 60)  # relative to the largest weight
_MOST_SUBSETS = 5_000


def weight_error(
    resistance: ArrayLike, sigma: ArrayLike, weights: ArrayLike, *, mapping: str = "std"
) -> tuple[float, float]:
    """Error of weights held by a device's states: of the grid, and with the states' scatter.

    With w the weights and q = s level[nearest] the held ones, the first is E[(w - q)^2]/E[w^2],
    the second adds s^2 E[sigma^2] of the states used.

    Parameters
    ----------
    resistance : (K,) of the states used, in ohm; levels are their min-max
    sigma : (K,) of one read after one write, in ohm
    weights : (n,) of a network in float, such as one layer's; 200 quantiles of them count
    mapping : maxabs: s is the largest weight | std: s of the smallest first error

    Raises
    ------
    ConfigError
        If there is no such mapping.
    Hall2netError
        If the weights are not finite or all zero.
    """
    level = levels(resistance)
    quantum, noise = _errors(
        level[None, :], _level_sigma(resistance, sigma)[None], weights, mapping
    )
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
    table, separated by blanks), `error` (of the grid), `total_error` (with the scatter of the
    states), `min_separation_sigma`.

    Raises
    ------
    ConfigError
        If `number` is not from 2 to the number of states.
    """
    check_lut(lut)
    if not 2 <= number <= len(lut):
        raise ConfigError(f"advisor: {number} of {len(lut)} states; expected 2 to {len(lut)}")
    if comb(len(lut), number) <= _MOST_SUBSETS:
        return _ranked(lut, list(combinations(range(len(lut)), number)), weights, mapping)
    chosen = tuple(range(len(lut)))
    while len(chosen) > number:
        fewer = [tuple(k for k in chosen if k != left_out) for left_out in chosen]
        table = _ranked(lut, fewer, weights, mapping)
        chosen = tuple(int(state) - 1 for state in table["states"].iloc[0].split())
    return _ranked(lut, [chosen], weights, mapping)


def what_would_help(lut: pd.DataFrame, weights: ArrayLike, *, mapping: str = "std") -> pd.DataFrame:
    """What one more state, evenly spaced ones, or half the scatter would bring.

    Returns
    -------
    DataFrame with `change`, `error`, `total_error` (as `best_states`) and `gain`, the share of
    the present total error that the change takes away. One more state has the mean scatter of
    the others and is put in the middle of the gap where it helps most.
    """
    check_lut(lut)
    r, sigma = lut["resistance_ohm"].to_numpy(float), one_read_sigma(lut)
    middles = (r[1:] + r[:-1]) / 2
    more = [
        weight_error(
            np.insert(r, k + 1, middle), np.insert(sigma, k + 1, sigma.mean()), weights,
            mapping=mapping,
        )
        for k, middle in enumerate(middles)
    ]  # fmt: skip
    best = int(np.argmin([total for _, total in more]))
    changes = {
        "as measured": weight_error(r, sigma, weights, mapping=mapping),
        f"one more state at {middles[best]:.4g} ohm": more[best],
        "half the scatter": weight_error(r, sigma / 2, weights, mapping=mapping),
        "no scatter": weight_error(r, np.zeros_like(sigma), weights, mapping=mapping),
        "as many states, evenly spaced": weight_error(
            np.linspace(r[0], r[-1], len(r)), sigma, weights, mapping=mapping
        ),
    }
    table = pd.DataFrame(
        [(change, *errors) for change, errors in changes.items()],
        columns=["change", "error", "total_error"],
    )
    return table.assign(gain=1 - table["total_error"] / table["total_error"].iloc[0])


def _ranked(
    lut: pd.DataFrame, subsets: list[tuple[int, ...]], weights: ArrayLike, mapping: str
) -> pd.DataFrame:
    index = np.array(subsets)
    r, sigma = lut["resistance_ohm"].to_numpy(float)[index], one_read_sigma(lut)[index]
    swing = r[:, -1:] - r[:, :1]
    level = 2 * (r - r[:, :1]) / swing - 1
    quantum, noise = _errors(level, 2 * sigma / swing, weights, mapping)
    mean_sigma = (sigma[:, 1:] + sigma[:, :-1]) / 2
    with np.errstate(divide="ignore"):
        separation = (np.diff(r, axis=1) / mean_sigma).min(axis=1)
    numbers = lut["state"].to_numpy(int)[index]
    table = pd.DataFrame(
        {
            "states": [" ".join(map(str, row)) for row in numbers],
            "error": quantum,
            "total_error": quantum + noise,
            "min_separation_sigma": separation,
        }
    )
    return table.sort_values("total_error", kind="stable", ignore_index=True)


def _level_sigma(resistance: ArrayLike, sigma: ArrayLike) -> np.ndarray:
    return 2 * np.asarray(sigma, dtype=float) / np.ptp(np.asarray(resistance, dtype=float))


def _errors(
    level: np.ndarray, sigma: np.ndarray, weights: ArrayLike, mapping: str
) -> tuple[np.ndarray, np.ndarray]:
    """Relative errors of the grid and of the scatter, (S,), for levels and sigmas (S, K)."""
    if mapping not in MAPPINGS:
        raise ConfigError(f"advisor: mapping {mapping!r}; expected one of {', '.join(MAPPINGS)}")
    w = np.asarray(weights, dtype=float).ravel()
    if not w.size or not np.isfinite(w).all() or not w.any():
        raise Hall2netError("advisor: expected finite weights, not all zero")
    largest = np.abs(w).max()
    w = np.quantile(w, (np.arange(_QUANTILES) + 0.5) / _QUANTILES) / largest
    power = np.mean(w**2)
    best = np.full(len(level), np.inf)
    noise = np.zeros(len(level))
    for scale in _SCALES if mapping == "std" else [1.0]:
        for start in range(0, len(level), 500):
            part = slice(start, start + 500)
            distance = np.abs(w[:, None] / scale - level[part, None, :])
            nearest = distance.argmin(axis=2)
            smallest = np.take_along_axis(distance, nearest[..., None], axis=2)[..., 0]
            quantum = scale**2 * np.mean(smallest**2, axis=1) / power
            used = np.take_along_axis(sigma[part], nearest, axis=1)
            better = quantum < best[part]
            scatter = scale**2 * np.mean(used**2, axis=1) / power
            noise[part] = np.where(better, scatter, noise[part])
            best[part] = np.where(better, quantum, best[part])
    return best, noise

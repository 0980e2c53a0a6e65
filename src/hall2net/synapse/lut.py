"""Look-up table (LUT) of a device: its stable resistance states and the levels they stand for.

One row a state, sorted by resistance. How the states are found stands in `hall2net.synapse.states`.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import ndtri

from hall2net.errors import Hall2netError
from hall2net.files import read_csv
from hall2net.physics.pulses import write_energy

MIN_SEPARATION = 3.0
"""Neighbouring states closer than this many sigma are not distinguished (error rate 6.7 %)."""

NORMAL_WEIGHTS = ndtri((np.arange(1000) + 0.5) / 1000)
"""Weights of a network before training: quantiles of the normal distribution, (1000,)."""


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


def sorted_draws(
    resistance: ArrayLike, sigma: ArrayLike, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """Draws (draws, K) of states known to 1 sigma, normally distributed, each row ascending.

    Parameters
    ----------
    resistance, sigma : (K,) means and their 1 sigma, in ohm
    draws : number of draws
    rng : source of the random numbers
    """
    r = np.asarray(resistance, dtype=float)
    return np.sort(r + np.asarray(sigma, dtype=float) * rng.standard_normal((draws, r.size)))


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
        finite number, resistances that repeat or are not sorted, a sigma that is negative or
        infinite (an empty one was not measured), levels that are not the resistances' min-max.
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
        # Empty is "not measured"; words are not.
        unreadable = np.isnan(sigma) & lut[column].notna().to_numpy()
        if bad := _first(np.isinf(sigma) | (sigma < 0) | unreadable):
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


def read_lut(path: str | Path) -> pd.DataFrame:
    """Read a look-up table's file.

    Raises
    ------
    Hall2netError
        If the file is no table, or not one that `check_lut` passes.
    """
    lut = read_csv(path)
    check_lut(lut, str(path))
    return lut


def state_sigma(lut: pd.DataFrame, column: str) -> np.ndarray:
    """1 sigma of each state from a column of the table, (K,) in ohm.

    A state without a value of its own has the root mean square of the others; all are NaN where
    the column is missing or empty, which is "not measured" and never zero.
    """
    sigma = lut.get(column, pd.Series(np.nan, index=lut.index)).to_numpy(float)
    known = sigma[np.isfinite(sigma)]
    if not known.size:
        return np.full(len(lut), np.nan)
    return np.where(np.isfinite(sigma), sigma, np.sqrt(np.mean(known**2)))


def one_read_sigma(lut: pd.DataFrame) -> np.ndarray:
    """1 sigma of one read after one write of each state, (K,) in ohm: reads and writes.

    NaN where neither was measured. Where the reads alone were, it is a lower bound
    (`writes_measured`).
    """
    return combined_sigma(state_sigma(lut, "read_sigma_ohm"), state_sigma(lut, "cycle_sigma_ohm"))


def combined_sigma(read: np.ndarray, cycle: np.ndarray) -> np.ndarray:
    """Scatter of reads and of writes together: NaN where neither is known, else what is known."""
    total = np.sqrt(np.nansum([np.square(read), np.square(cycle)], axis=0))
    return np.where(np.isfinite(read) | np.isfinite(cycle), total, np.nan)


def writes_measured(lut: pd.DataFrame) -> bool:
    """Whether the scatter from one write to the next is known of any state."""
    return bool(np.isfinite(state_sigma(lut, "cycle_sigma_ohm")).any())


def state_energies(lut: pd.DataFrame, resistance: float, pulse_width: float) -> np.ndarray:
    """Energy that leads to each state, (K,) in J: its pulse, and the reset that it needs before.

    Parameters
    ----------
    lut : with `write_current_ma`, and `reset_current_ma` where states begin at a reset
    resistance, pulse_width : of the current path in ohm, of the pulses in s
    """
    write = lut["write_current_ma"].to_numpy(float) * 1e-3
    reset = lut.get("reset_current_ma", pd.Series(0.0, lut.index)).fillna(0.0).to_numpy() * 1e-3
    return write_energy(np.hypot(write, reset), resistance, pulse_width)

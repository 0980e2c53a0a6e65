"""How many states would be distinguishable if writes scattered by so much."""

import numpy as np
import pandas as pd

from hall2net.synapse.lut import MIN_SEPARATION, check_lut, state_sigma, writes_measured
from hall2net.synapse.merit import distinguishable_states

ASSUMED = (0.0, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1)
"""Scatter from one write to the next, 1 sigma as a fraction; films are quoted with 1 to 3 %."""


def states_against_write_scatter(
    lut: pd.DataFrame, min_separation: float = MIN_SEPARATION
) -> pd.DataFrame:
    """Distinguishable states against an assumed scatter of writes, and at the measured one.

    Parameters
    ----------
    lut : look-up table
    min_separation : of neighbours, in sigma of one read after one write

    Returns
    -------
    DataFrame, one row a scatter: `scatter_of` (`resistance`: each state by the fraction of the
    range between the outer ones; `threshold`, for states of a loop: all switching currents move
    together by the fraction of the write current, so that a state moves along its branch and one
    at rest does not; `measured`), `fraction`, `sigma_ohm` (root mean square over the states),
    `distinguishable_states`.
    """
    check_lut(lut)
    swing = float(np.ptp(lut["resistance_ohm"]))
    per_fraction = {"resistance": np.full(len(lut), swing)}
    if (along := _along_the_branch(lut)) is not None:
        per_fraction["threshold"] = along
    assumed = [
        (of, fraction, fraction * unit) for of, unit in per_fraction.items() for fraction in ASSUMED
    ]
    if writes_measured(lut):
        cycle = state_sigma(lut, "cycle_sigma_ohm")
        assumed.append(("measured", float(np.sqrt(np.mean(cycle**2))) / swing, cycle))
    rows = [
        (
            of,
            fraction,
            np.sqrt(np.mean(sigma**2)),
            distinguishable_states(lut, min_separation, sigma),
        )
        for of, fraction, sigma in assumed
    ]
    return pd.DataFrame(
        rows, columns=["scatter_of", "fraction", "sigma_ohm", "distinguishable_states"]
    )


def _along_the_branch(lut: pd.DataFrame) -> np.ndarray | None:
    """Change of each state where the switching currents grow by 100 %, (K,) in ohm."""
    if "reset_current_ma" not in lut:
        return None
    flank = lut[lut["reset_current_ma"].notna()]
    change = pd.Series(0.0, lut.index)
    for _, branch in flank.groupby("branch"):
        # Two states of one current were averaged before, so that no step is zero.
        ordered = branch.sort_values("write_current_ma")
        if len(ordered) < 2:
            return None
        current = ordered["write_current_ma"].to_numpy(float)
        slope = np.gradient(ordered["resistance_ohm"].to_numpy(float), current)
        change.loc[ordered.index] = np.abs(slope * current)
    return change.to_numpy() if len(flank) else None

"""Whether one device can hold weights of both signs."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hall2net.tables import hall_loops, systematic_column, uncertainty_column, usable

POLARITIES = ("bipolar", "unipolar", "cannot tell", "not measured")

_SIGMAS = 2.0
"""A state has a sign where it is so far from the offset: one wrong call in forty on each side."""

_SAME_TEMPERATURE_K = 5.0
"""The offset is a fraction of R_xx, which changes by some tenths of a per cent over so much."""


@dataclass(frozen=True)
class Polarity:
    """What the signs of a device's states are, after the offset of its Hall loops.

    Attributes
    ----------
    polarity : one of `POLARITIES`
    offset_ohm, offset_u_ohm : of the Hall loops of the sample, and its 1 sigma; NaN if none was
        measured
    """

    polarity: str
    offset_ohm: float
    offset_u_ohm: float


def polarity_of(
    lut: pd.DataFrame, loops: pd.DataFrame | None, sample: str, temperature_k: float = np.nan
) -> Polarity:
    """Whether the states of a sample have both signs after the offset of its Hall loops.

    Parameters
    ----------
    lut : look-up table of the sample
    loops : of loops.csv: `kind, sample, temperature_k, status, r_offset_ohm` with its
        uncertainties; None if no loops were measured
    sample : its name
    temperature_k : of the states; NaN takes the loops at any temperature

    Returns
    -------
    `not measured` where no loop of the sample gives the offset at that temperature. The offset is
    the mean of its loops; its 1 sigma is that of the mean, or what their scatter gives where that
    is larger.
    """
    if loops is None:
        return Polarity("not measured", np.nan, np.nan)
    rows = usable(hall_loops(loops))
    column = "r_offset_ohm"
    rows = rows[(rows["sample"] == sample) & rows[column].notna()]
    if np.isfinite(temperature_k):
        rows = rows[(rows["temperature_k"] - temperature_k).abs() <= _SAME_TEMPERATURE_K]
    if rows.empty:
        return Polarity("not measured", np.nan, np.nan)
    systematic = rows.get(systematic_column(column), pd.Series(0.0, rows.index)).fillna(0)
    sigma = np.hypot(rows[uncertainty_column(column)], systematic)
    weight = sigma**-2.0 if (sigma > 0).all() else pd.Series(1.0, rows.index)
    offset = float(np.sum(weight * rows[column]) / weight.sum())
    u = float(weight.sum() ** -0.5) if (sigma > 0).all() else np.nan
    if len(rows) > 1:
        scatter = np.sum(weight * (rows[column] - offset) ** 2) / weight.sum()
        u = float(np.fmax(u, np.sqrt(scatter / (len(rows) - 1))))
    return Polarity(polarity_of_states(lut, offset, u), offset, u)


def polarity_of_states(lut: pd.DataFrame, offset_ohm: float, offset_u_ohm: float) -> str:
    """Whether the states lie on both sides of the Hall offset.

    The levels of a look-up table always span -1 to 1; only the resistances can tell.

    Parameters
    ----------
    lut : with `resistance_ohm` and `resistance_u_ohm` of every state
    offset_ohm, offset_u_ohm : of the Hall loop of the same sample, and its 1-sigma uncertainty

    Returns
    -------
    ``bipolar`` (the lowest state is negative and the highest positive after the offset, by two
    standard uncertainties each), ``unipolar`` (both have one sign, as clearly) or ``cannot tell``,
    also where an uncertainty is not known.
    """
    states = lut.sort_values("resistance_ohm").iloc[[0, -1]]
    resistance = states["resistance_ohm"].to_numpy(float) - offset_ohm
    sigma = np.hypot(states["resistance_u_ohm"].to_numpy(float), offset_u_ohm)
    sign = np.where(np.abs(resistance) > _SIGMAS * sigma, np.sign(resistance), 0)
    if sign[0] * sign[1] == 0:
        return "cannot tell"
    return "bipolar" if sign[0] < 0 < sign[1] else "unipolar"

"""Whether one device can hold weights of both signs."""

import numpy as np
import pandas as pd

_SIGMAS = 2.0
"""A state has a sign where it is so far from the offset: one wrong call in forty on each side."""


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

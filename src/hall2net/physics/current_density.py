"""Current density of a sample per current, in the layer that a convention names."""

import numpy as np
import pandas as pd

from hall2net.physics.facts import Samples, fact
from hall2net.physics.formulas import Convention, current_density_per_current
from hall2net.tables import usable


def current_density(
    samples: Samples, name: str, resistivity: pd.DataFrame, convention: Convention
) -> float:
    """j/I of a sample in 1/m2, of the layer that the convention names.

    Parameters
    ----------
    samples : sample to its facts: `width_um, stack_nm, heavy_metal_nm`, and `rho_xx_uohm_cm`
        where the layer needs a resistivity that was not measured
    resistivity : table of that name
    name : of the sample
    convention : names the layer

    Raises
    ------
    ConfigError
        If the sample lacks a fact.
    """
    width, stack, heavy = (
        fact(samples, name, key) * scale
        for key, scale in (("width_um", 1e-6), ("stack_nm", 1e-9), ("heavy_metal_nm", 1e-9))
    )
    rho = np.nan
    if convention.current_layer == "parallel":
        rows = usable(resistivity)
        rows = rows[rows["sample"] == name]
        measured = len(rows) > 0
        rho = rows["rho_xx_uohm_cm"].iloc[0] if measured else fact(samples, name, "rho_xx_uohm_cm")
    return current_density_per_current(convention, width, stack, heavy, float(rho) * 1e-8)

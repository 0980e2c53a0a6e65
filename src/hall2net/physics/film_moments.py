"""What magnetometry says of a film, and what each source of error changes in it."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from hall2net.physics.systematics import Off, Parts, Systematics
from hall2net.tables import column_unit
from hall2net.units import MU_0

QUANTITIES = ("areal_moment_a", "m_s_emu_cc", "k_eff_j_m3", "h_k_oe", "k_s_erg_cm2")
"""Of a row of magnetometry.csv, each with `_u`, `_sys` and `_window`."""


def surface_anisotropy(areal_moment: float, m_s: float, h_k: float) -> float:
    """Interfacial anisotropy energy K_s = mu_0 M_s t (M_s + H_k)/2.

    In CGS this is (4 pi M_s - H_k) M_s t/2 with H_k positive for an easy plane: the ruo2 paper's
    H_k = 4 pi M_s - 2 K_s/(M_s t), with the sign of H_k turned.

    Parameters
    ----------
    areal_moment : M_s t in A
    m_s : saturation magnetisation in A/m
    h_k : anisotropy field in A/m, positive for a perpendicular easy axis

    Returns
    -------
    K_s in J/m2; 1 erg/cm2 = 1e-3 J/m2.
    """
    return MU_0 * areal_moment * (m_s + h_k) / 2


def window_column(column: str) -> str:
    """Name of the column with the change by another saturation window: `h_k_window_oe`."""
    unit = column_unit(column)
    return f"{column.removesuffix(unit)}_window{unit}"


def magnetometry_parts(row: Mapping[str, Any], systematics: Systematics) -> Parts:
    """Systematic parts of `QUANTITIES` of a sample; `saturation_window` is one of them.

    Parameters
    ----------
    row : of magnetometry.csv
    systematics : sources of the study
    """
    known = {name: float(row.get(name, np.nan)) for name in QUANTITIES}
    areal, m_s, k_s = (known[name] for name in ("areal_moment_a", "m_s_emu_cc", "k_s_erg_cm2"))

    def derived(off: Off) -> np.ndarray:
        moment, thickness = moment_factor(off), off.ferromagnet_nm
        return np.array([
            areal * moment, m_s * moment / thickness,
            known["k_eff_j_m3"] * moment / thickness * off.field, known["h_k_oe"] * off.field,
            k_s * surface_anisotropy_factor(off, areal, m_s * 1e3, k_s * 1e-3),
        ])  # fmt: skip

    parts = systematics.parts(str(row["sample"]), derived)
    window = np.nan_to_num([float(row.get(window_column(name), np.nan)) for name in QUANTITIES])
    return parts | {"saturation_window": window}


def moment_factor(off: Off) -> float:
    """What M_s t = m/A is off by where the magnetometer and the area of the film are."""
    return off.moment / off.film_area_mm2


def surface_anisotropy_factor(off: Off, areal_moment: float, m_s: float, k_s: float) -> float:
    """What K_s = mu_0 M_s t (M_s t/t + H_k)/2 is off by where what it is made of is.

    Parameters
    ----------
    off : how far each source is off
    areal_moment, m_s, k_s : of the film, in A, A/m and J/m2
    """
    shape = MU_0 * areal_moment * m_s / 2 / k_s
    moment = moment_factor(off)
    return moment * (shape * moment / off.ferromagnet_nm + (1 - shape) * off.field)

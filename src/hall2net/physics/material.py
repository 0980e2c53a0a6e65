"""Areal moment, interfacial anisotropy and resistivity of a sample: measured here, or given."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hall2net.physics.facts import Given, Samples, fact, given
from hall2net.physics.film_moments import moment_factor, surface_anisotropy_factor, window_column
from hall2net.physics.resistivity import resistivity_factor, resistivity_per_resistance
from hall2net.physics.systematics import Off
from hall2net.tables import uncertainty_column

MEASURED = "measured"
"""Source of a value that a table of this study has."""

_NO_K_S = "K_s for T_int and theta_sh: magnetometry, or `k_s_erg_cm2` of the sample"


@dataclass(frozen=True)
class Material:
    """What a sample's torque efficiencies need beside its torques."""

    moment: Given
    """M_s t in A."""
    k_s: Given
    """erg/cm2."""
    rho: Given
    """Uohm cm."""
    correlation: float
    """Of the statistical errors of M_s t and K_s."""
    window: tuple[float, float]
    """Changes of M_s t and K_s by another saturation window."""
    factors: Callable[[Off], np.ndarray]
    """(3,), what M_s t, K_s and rho are off by."""
    doubts: tuple[str, ...]


def material(
    sample: str, magnetometry: pd.DataFrame, resistivity: pd.DataFrame, samples: Samples
) -> Material:
    """M_s t, K_s and rho_xx of a sample, measured or else given; what is missing is empty.

    Parameters
    ----------
    sample : name of the sample
    magnetometry, resistivity : tables of these names
    samples : sample to its facts
    """
    doubts: list[str] = []
    by_hand = (
        _given_resistivity(samples, sample), _given_moment(samples, sample),
        given(samples, sample, "k_s_erg_cm2"),
    )  # fmt: skip
    found, measured = [], []
    for (quantity, what, table), other in zip(
        (
            ("rho_xx_uohm_cm", "resistivity", resistivity),
            ("areal_moment_a", "magnetometry", magnetometry),
            ("k_s_erg_cm2", _NO_K_S if by_hand[1] else "magnetometry", magnetometry),
        ),
        by_hand,
        strict=True,
    ):
        here = _measured(table, sample, quantity, doubts)
        known = here or other
        if not known and not (table["sample"] == sample).any():
            doubts.append(f"no {what}")
        if other and not here and not np.isfinite(other.u):
            doubts.append(f"{quantity} is given without its uncertainty: taken as exact")
        found.append(known)
        measured.append(bool(here))
    rho, moment, k_s = found
    films = magnetometry[magnetometry["sample"] == sample]
    window = [
        float(np.nan_to_num(films[window_column(name)].iloc[0])) if here else 0.0
        for name, here in zip(("areal_moment_a", "k_s_erg_cm2"), measured[1:], strict=True)
    ]
    return Material(
        moment, k_s, rho,
        correlation=float(films["k_s_moment_correlation"].iloc[0]) if all(measured[1:]) else 0.0,
        window=(window[0], window[1]),
        factors=_factors(sample, films, resistivity, samples),
        doubts=tuple(dict.fromkeys(doubts)),
    )  # fmt: skip


def _moment_factor(
    sample: str, magnetometry: pd.DataFrame, samples: Samples
) -> Callable[[Off], float]:
    """What M_s t is off by: as it was measured, as it follows from M_s, or as it was given."""
    if _measured(magnetometry, sample, "areal_moment_a", []):
        return moment_factor
    if given(samples, sample, "m_s_t_a"):
        return lambda off: 1.0
    return lambda off: off.ferromagnet_nm


def _factors(
    sample: str, magnetometry: pd.DataFrame, resistivity: pd.DataFrame, samples: Samples
) -> Callable[[Off], np.ndarray]:
    """What M_s t, K_s and rho are off by, as functions of what their sources are off by."""
    of_moment = _moment_factor(sample, magnetometry, samples)
    k_s = _measured(magnetometry, sample, "k_s_erg_cm2", [])
    rho = _measured(resistivity, sample, "rho_xx_uohm_cm", [])
    by_dimensions = bool(rho) or not given(samples, sample, "rho_xx_uohm_cm")
    film: tuple[float, float, float] = (np.nan, np.nan, np.nan)
    if k_s:
        row = magnetometry[magnetometry["sample"] == sample].iloc[0]
        film = row["areal_moment_a"], 1e3 * row["m_s_emu_cc"], 1e-3 * k_s.value

    def factors(off: Off) -> np.ndarray:
        of_rho = resistivity_factor(off) if by_dimensions else 1.0
        return np.array([
            of_moment(off),
            surface_anisotropy_factor(off, *film) if k_s else 1.0,
            of_rho / off.current if rho else of_rho,
        ])  # fmt: skip

    return factors


def _measured(table: pd.DataFrame, sample: str, quantity: str, doubts: list[str]) -> Given:
    """A sample's value in another table; why it is doubtful, to `doubts`."""
    rows = table[table["sample"] == sample]
    if rows.empty:
        return Given()
    row = rows.iloc[0]
    if row["status"] != "ok":
        what = "resistivity" if quantity == "rho_xx_uohm_cm" else "magnetometry"
        doubts.append(f"{what}: {row['reason']}")
    return Given(float(row[quantity]), float(row[uncertainty_column(quantity)]), MEASURED)


def _given_moment(samples: Samples, sample: str) -> Given:
    """M_s t in A as samples.csv has it, or from M_s and the thickness of the ferromagnet."""
    areal, m_s = (given(samples, sample, key) for key in ("m_s_t_a", "m_s_emu_cc"))
    if areal or not m_s:
        return areal
    return m_s.times(1e3 * fact(samples, sample, "ferromagnet_nm") * 1e-9)


def _given_resistivity(samples: Samples, sample: str) -> Given:
    """rho_xx in uohm cm as samples.csv has it, or from R_xx and the dimensions of the bar."""
    rho, r_xx = (given(samples, sample, key) for key in ("rho_xx_uohm_cm", "r_xx_ohm"))
    return rho if rho or not r_xx else r_xx.times(resistivity_per_resistance(samples, sample))

"""Units at the edges: everything inside hall2net is SI.

Factors take a value in the named unit to SI. Magnetic fields are H in A/m; a field given in tesla
is read as mu0*H, as laboratory instruments write it.
"""

from math import pi

import numpy as np
from numpy.typing import ArrayLike
from scipy.constants import mu_0

from hall2net.errors import ConfigError

OERSTED = 1e3 / (4 * pi)
"""1 Oe in A/m."""

SI_FACTORS: dict[str, dict[str, float]] = {
    "field": {
        "Oe": OERSTED,
        "kOe": 1e3 * OERSTED,
        "T": 1 / mu_0,
        "mT": 1e-3 / mu_0,
        "G": OERSTED,
        "A/m": 1.0,
        "kA/m": 1e3,
    },
    "current": {"A": 1.0, "mA": 1e-3, "uA": 1e-6, "nA": 1e-9},
    "voltage": {"V": 1.0, "mV": 1e-3, "uV": 1e-6, "nV": 1e-9},
    "resistance": {"ohm": 1.0, "mohm": 1e-3, "uohm": 1e-6, "kohm": 1e3},
    "resistivity": {"ohm m": 1.0, "ohm cm": 1e-2, "uohm cm": 1e-8},
    "moment": {"A m2": 1.0, "emu": 1e-3, "memu": 1e-6, "uemu": 1e-9},
    "temperature": {"K": 1.0},
    "time": {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "min": 60.0, "h": 3600.0},
    "length": {"m": 1.0, "mm": 1e-3, "um": 1e-6, "nm": 1e-9},
    "dimensionless": {"": 1.0, "1": 1.0},
}

_UNIT_SPELLINGS = {
    "Oersted": "Oe", "Tesla": "T", "Gauss": "G", "sec": "s", "Ohms": "ohm", "ohms": "ohm",
    "Ohm": "ohm", "mOhm": "mohm", "kOhm": "kohm", "uOhm": "uohm", "mOhms": "mohm",
    "kOhms": "kohm", "uOhms": "uohm", "Ohm-m": "ohm m",
    "ohm-m": "ohm m", "Ohm-cm": "ohm cm", "ohm-cm": "ohm cm", "uohm-cm": "uohm cm",
    "uOhm-cm": "uohm cm", "Am2": "A m2", "A.m2": "A m2", "A*m2": "A m2",
}  # fmt: skip
# Micro sign and Greek mu, ohm sign and Greek omega look the same.
_SIGNS = str.maketrans(
    {"\u00b5": "u", "\u03bc": "u", "\u2126": "Ohm", "\u03a9": "Ohm", "²": "2", "·": ".", "^": None}
)


def to_si(values: ArrayLike, unit: str, quantity: str) -> np.ndarray:
    """Values in SI.

    Parameters
    ----------
    values : of any shape
    unit : that they are given in, key of `SI_FACTORS[quantity]`
    quantity : key of `SI_FACTORS`

    Raises
    ------
    ConfigError
        If `quantity` has no such unit.
    """
    factors = SI_FACTORS[quantity]
    if unit not in factors:
        allowed = ", ".join(sorted(factors))
        raise ConfigError(f"unit {unit!r} is none of {quantity}; expected one of {allowed}")
    return np.asarray(values, dtype=float) * factors[unit]


def unit_spelt(unit: str) -> str:
    """A unit as `SI_FACTORS` spells it, where it is one of those: `mΩ` gives `mohm`."""
    plain = unit.strip().translate(_SIGNS)
    return _UNIT_SPELLINGS.get(plain, plain)

"""Units at the edges: everything inside hall2net is SI.

Factors take a value in the named unit to SI. Magnetic fields are H in A/m; a field given in tesla
is read as mu0*H, as laboratory instruments write it.
"""

import re
from math import pi

import numpy as np
from numpy.typing import ArrayLike

from hall2net.errors import ConfigError

MU_0 = 1.25663706127e-6
"""Vacuum permeability in N/A2 (CODATA 2022); importing it from SciPy takes as long as a check."""

OERSTED = 1e3 / (4 * pi)
"""1 Oe in A/m."""

SI_FACTORS: dict[str, dict[str, float]] = {
    "field": {
        "Oe": OERSTED,
        "kOe": 1e3 * OERSTED,
        "T": 1 / MU_0,
        "mT": 1e-3 / MU_0,
        "G": OERSTED,
        "kG": 1e3 * OERSTED,
        "A/m": 1.0,
        "kA/m": 1e3,
    },
    "current": {"A": 1.0, "mA": 1e-3, "uA": 1e-6, "nA": 1e-9},
    "voltage": {"V": 1.0, "mV": 1e-3, "uV": 1e-6, "nV": 1e-9},
    "resistance": {"ohm": 1.0, "mohm": 1e-3, "uohm": 1e-6, "kohm": 1e3, "Mohm": 1e6},
    "resistivity": {"ohm m": 1.0, "ohm cm": 1e-2, "uohm cm": 1e-8},
    "moment": {"A m2": 1.0, "emu": 1e-3, "memu": 1e-6, "uemu": 1e-9},
    "temperature": {"K": 1.0, "degC": 1.0},
    "time": {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "min": 60.0, "h": 3600.0},
    "length": {"m": 1.0, "mm": 1e-3, "um": 1e-6, "nm": 1e-9},
    "angle": {"deg": pi / 180, "rad": 1.0},
    "dimensionless": {"": 1.0, "1": 1.0},
}

_ZEROS = {"degC": 273.15}
"""What is added to a value in SI, of units whose zero is another."""

TEMPERATURE_NAME = re.compile(r"(?i:temp)|^T(?![A-Za-z])|^T_?(?i:sample|stage|cryo|probe)")
"""In a column's name: it is a temperature."""

_UNIT_SPELLINGS = {
    "Oersted": "Oe", "oersted": "Oe", "Oersteds": "Oe", "oe": "Oe", "OE": "Oe", "koe": "kOe",
    "kOersted": "kOe", "Tesla": "T", "tesla": "T", "mTesla": "mT", "Gauss": "G", "gauss": "G",
    "kGauss": "kG", "A m-1": "A/m", "kA m-1": "kA/m",
    "Amp": "A", "Amps": "A", "amps": "A", "Ampere": "A", "Amperes": "A", "ampere": "A",
    "ADC": "A", "AAC": "A", "mADC": "mA",
    "Volt": "V", "Volts": "V", "volts": "V", "volt": "V", "VDC": "V", "VAC": "V", "Volt DC": "V",
    "mVDC": "mV", "Amp DC": "A",
    "Vrms": "V", "mVrms": "mV", "uVrms": "uV", "nVrms": "nV", "Arms": "A", "mArms": "mA",
    "uArms": "uA", "Vpk": "V", "mVpk": "mV", "uVpk": "uV", "nVpk": "nV", "Apk": "A", "mApk": "mA",
    "uApk": "uA",
    "Ohms": "ohm", "ohms": "ohm", "Ohm": "ohm", "OHM": "ohm", "OHMS": "ohm", "OHM4W": "ohm",
    "mOhm": "mohm", "mOhms": "mohm", "mohms": "mohm", "kOhm": "kohm", "kOhms": "kohm",
    "kohms": "kohm", "uOhm": "uohm", "uOhms": "uohm", "MOhm": "Mohm", "MOhms": "Mohm",
    "Ohm m": "ohm m", "Ohms m": "ohm m", "Ohm cm": "ohm cm", "Ohms cm": "ohm cm",
    "uOhm cm": "uohm cm", "uOhms cm": "uohm cm",
    "Am2": "A m2", "Am^2": "A m2", "EMU": "emu", "mEMU": "memu",
    "°C": "degC", "ºC": "degC", "℃": "degC", "deg C": "degC", "Celsius": "degC",
    "celsius": "degC", "degrees C": "degC",
    "Kelvin": "K", "kelvin": "K", "Kelvins": "K", "degK": "K",
    "sec": "s", "secs": "s", "Sec": "s", "SEC": "s", "SECS": "s", "second": "s", "seconds": "s",
    "Seconds": "s", "degree": "deg", "degrees": "deg", "Deg": "deg", "Degree": "deg",
    "Degrees": "deg", "°": "deg", "msec": "ms", "usec": "us", "minutes": "min", "hours": "h",
}  # fmt: skip
# Micro sign and Greek mu, ohm sign and Greek omega look the same.
_SIGNS = str.maketrans(
    {"\u00b5": "u", "\u03bc": "u", "\u2126": "Ohm", "\u03a9": "Ohm", "²": "2", "^": None}
)
# "Ohm-cm", "A.m2", "µΩ·cm": signs of a product. A minus before a digit is an exponent's.
_PRODUCT = re.compile(r"\s*[.*·⋅∙]\s*|-(?!\d)|\s+")
_KNOWN = {unit for factors in SI_FACTORS.values() for unit in factors} - {"", "1"}
_LONG_NAME = 300  # a sentence, and no name
_IN_BRACKETS = re.compile(r"[(\[{]([^()\[\]{}]*)[)\]}]")
_AT_END = re.compile(r"^.*?\w.*?(\s*/\s*|\s*,\s*|\s-\s|[ _])([^\s/,_]+(?:[ .·-]c?m)?)$")


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
    return np.asarray(values, dtype=float) * factors[unit] + _ZEROS.get(unit, 0.0)


def unit_spelt(unit: str, name: str = "") -> str:
    """A unit as `SI_FACTORS` spells it, where it is one of those: `mΩ` gives `mohm`.

    Parameters
    ----------
    unit : as it was found
    name : of the column; with that of a temperature `C` is a degree
    """
    plain = unit.strip().translate(_SIGNS)
    if _is_celsius(plain, name):
        return "degC"
    if plain in _KNOWN:
        return plain
    plain = _PRODUCT.sub(" ", plain)
    return _UNIT_SPELLINGS.get(plain, plain)


def is_unit(word: str, name: str = "") -> bool:
    """Whether a word is a unit that `SI_FACTORS` knows, in any of its spellings.

    Parameters
    ----------
    word : the unit
    name : of the column
    """
    return unit_spelt(word, name) in _KNOWN


def _is_celsius(word: str, name: str) -> bool:
    return word == "C" and bool(TEMPERATURE_NAME.search(name))


def unit_in(name: str) -> str:
    """The unit in the name of a column; empty if none.

    It stands in brackets, at the end or, if it is a known unit, elsewhere (`R (Ohm) ch1`), or
    behind a slash, comma, dash, blank or underscore: `B / mT`, `Field, Oe`, `I_mA`. A single letter
    behind a blank or underscore may be an index (`R_H`) and is none.
    """
    name = " ".join(name.split())
    if not 0 < len(name) < _LONG_NAME:
        return ""
    brackets = _IN_BRACKETS.findall(name)
    if brackets:
        # A single letter within a name is a symbol: "Moment (m) Status".
        known = [word for word in brackets if len(word) > 1 and is_unit(word)]
        at_end = brackets[-1] if name[-1] in ")]}" else ""
        return known[-1] if known and not is_unit(at_end) else at_end
    match = _AT_END.match(name)
    if match and is_unit(match[2], name):
        if len(match[2]) > 1 or match[1].strip(" _") or _is_celsius(match[2], name):
            return match[2]
    return ""


def without_unit(name: str) -> str:
    """The name of a column without the unit that `unit_in` finds in it."""
    name = " ".join(name.split())
    unit = unit_in(name)
    if not unit:
        return name
    brackets = [word for word in _IN_BRACKETS.finditer(name) if word[1] == unit]
    if brackets:
        begin, end = brackets[-1].span()
        return f"{name[:begin].rstrip()} {name[end:].lstrip()}".strip()
    match = _AT_END.match(name)
    return name[: match.start(1)] if match else name


def time_words(seconds: float) -> str:
    """A time in the unit that makes its number short: "10 µs".

    Parameters
    ----------
    seconds : the time
    """
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"

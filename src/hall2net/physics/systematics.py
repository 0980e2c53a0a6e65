"""Systematic uncertainties: what is wrong alike in every point of a measurement.

A source is a dimension or a calibration that may be off by its sigma: the width of the bar, the
film area, the calibration of the field. A derived number is evaluated again with each source off by
one sigma to both sides; half the change is the source's part. Parts of different sources add in
quadrature; those of one source keep their sign, so that what two samples have in common cancels in
their ratio. The spread between stated models (saturation window, knee) joins as a source more.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from hall2net.errors import ConfigError
from hall2net.physics.facts import Samples, given

Parts = dict[str, np.ndarray]
"""Source to the signed change of each derived number at one sigma."""


@dataclass(frozen=True)
class Off:
    """How far each source is off: the true value over the one used, or less it (`_oe`, `_k`)."""

    width_um: float = 1.0
    length_um: float = 1.0
    stack_nm: float = 1.0
    heavy_metal_nm: float = 1.0
    ferromagnet_nm: float = 1.0
    film_area_mm2: float = 1.0
    moment: float = 1.0
    field: float = 1.0
    current: float = 1.0
    field_offset_oe: float = 0.0
    temperature_k: float = 0.0


SOURCES = tuple(field.name for field in fields(Off))
"""Names of all sources. Those of dimensions are columns of samples.csv."""

THICKNESSES = ("stack_nm", "heavy_metal_nm", "ferromagnet_nm")
"""Layers that `thicknesses` in the configuration stands for."""

_ABSOLUTE = ("field_offset_oe", "temperature_k")
_CALIBRATIONS = ("moment", "field", "current")


@dataclass(frozen=True)
class Source:
    """One source: its sigma, and whether all samples share its error."""

    sigma: float
    relative: bool
    """Whether sigma is a fraction; else it has the unit in the source's name."""
    common: bool
    assumed: bool = True
    """Whether nobody gave it for this study."""


ASSUMED = {
    "width_um": Source(0.05, relative=True, common=True),  # lithography: one mask and exposure
    "length_um": Source(0.05, relative=True, common=True),
    "stack_nm": Source(0.05, relative=True, common=True),  # rate of deposition
    "heavy_metal_nm": Source(0.05, relative=True, common=True),
    "ferromagnet_nm": Source(0.05, relative=True, common=True),
    "film_area_mm2": Source(0.05, relative=True, common=False),  # each specimen is cut by itself
    "moment": Source(0.02, relative=True, common=True),  # reference sample of a magnetometer
    "field": Source(0.01, relative=True, common=True),  # Hall probe, or current through the magnet
    "current": Source(0.01, relative=True, common=True),  # source of pulses into a load
    "field_offset_oe": Source(5.0, relative=False, common=True),  # remanence of the magnet
    "temperature_k": Source(1.0, relative=False, common=True),  # thermometer beside the sample
}
"""1 sigma as a laboratory would sign it where nothing better is known."""


@dataclass(frozen=True)
class Systematics:
    """The sources of a study.

    Attributes
    ----------
    sources : source to its sigma, for all of `SOURCES`
    samples : sample to its facts; an uncertainty of its own (`width_u_um`) goes before the study's
    """

    sources: Mapping[str, Source]
    samples: Samples

    @classmethod
    def of(cls, block: Mapping[str, Any], samples: Samples) -> "Systematics":
        """Read the block `systematics` of a study; what it leaves out is assumed.

        Parameters
        ----------
        block : source, or `thicknesses` for all layers, to `sigma` (in the unit of its name, or
            words such as "5 %") and `common`
        samples : sample to its facts

        Raises
        ------
        ConfigError
            If a source is unknown, or its sigma is no number of the kind that it needs.
        """
        spread = dict(block)
        layers = spread.pop("thicknesses", None)
        if layers is not None:
            spread = dict.fromkeys(THICKNESSES, layers) | spread
        for name in spread:
            if name not in SOURCES:
                allowed = ", ".join((*SOURCES, "thicknesses"))
                raise ConfigError(f"systematics: unknown key {name!r}; allowed: {allowed}")
        return cls({name: _source(name, spread.get(name, {})) for name in SOURCES}, samples)

    def sigma(self, source: str, sample: str) -> float:
        """1 sigma of a source for one sample, as `Off` counts it; 0 of a dimension not known."""
        chosen = self.sources[source]
        if source in _ABSOLUTE or source in _CALIBRATIONS:
            return chosen.sigma
        fact = given(self.samples, sample, source)
        if np.isfinite(fact.u):
            return fact.u / fact.value
        if chosen.relative:
            return chosen.sigma
        return chosen.sigma / fact.value if fact else 0.0

    def assumed(self, source: str, sample: str) -> bool:
        """Whether the sigma of a source was given neither for the study nor for the sample."""
        known = np.isfinite(given(self.samples, sample, source).u)
        return self.sources[source].assumed and not known

    def common(self, source: str, *samples: str) -> bool:
        """Whether samples share the error of a source.

        They do not where one has an uncertainty of its own, nor where it is a choice of models.

        Parameters
        ----------
        source : name of the source
        samples : names of the samples
        """
        own = [np.isfinite(given(self.samples, sample, source).u) for sample in samples]
        return source in self.sources and self.sources[source].common and not any(own)

    def parts(self, sample: str, derived: Callable[[Off], Any]) -> Parts:
        """Half the change of derived numbers when each source is off by one sigma to both sides.

        Parameters
        ----------
        sample : name of the sample
        derived : the numbers, (n,) or one, as functions of how far each source is off;
            `derived(Off())` are the values themselves

        Returns
        -------
        Source to (n,), with the sign of a source that is too small as used; sources that change
        nothing are left out.
        """
        found: Parts = {}
        for source in SOURCES:
            sigma, middle = self.sigma(source, sample), getattr(Off(), source)
            high, low = (
                np.atleast_1d(derived(replace(Off(), **{source: middle + step})))
                for step in (sigma, -sigma)
            )
            change = (high - low) / 2
            if np.nan_to_num(change).any():
                found[source] = change
        return found

    def words(self, sample: str, parts: Mapping[str, np.ndarray]) -> str:
        """Whether the sources behind some parts were given or assumed, in a word for a table."""
        states = {self.assumed(source, sample) for source in parts if source in self.sources}
        if len(states) == 2:
            return "partly assumed"
        return "assumed" if states == {True} else "given" if states else ""


def total(parts: Mapping[str, np.ndarray], count: int = 1) -> np.ndarray:
    """Parts of all sources in quadrature, (n,).

    Parameters
    ----------
    parts : as from `Systematics.parts`
    count : n, for the case that there are none
    """
    return np.sqrt(sum((np.square(part) for part in parts.values()), np.zeros(count)))


def ratio_parts(
    systematics: Systematics,
    own: tuple[str, float, Mapping[str, float]],
    reference: tuple[str, float, Mapping[str, float]],
) -> dict[str, float]:
    """Relative parts of the ratio of one number in two samples.

    What the samples have in common cancels, as far as both depend on it alike; the rest adds in
    quadrature.

    Parameters
    ----------
    systematics : says which sources are common
    own, reference : name of a sample, value, and its part by source; the same of the other

    Returns
    -------
    Source to the change of the ratio over the ratio.
    """
    found = {}
    for source in dict.fromkeys([*own[2], *reference[2]]):
        first, second = (parts.get(source, 0.0) / value for _, value, parts in (own, reference))
        common = systematics.common(source, own[0], reference[0])
        found[source] = float(first - second if common else np.hypot(first, second))
    return found


def in_quadrature(parts: Iterable[float]) -> float:
    """Root of the sum of squares."""
    return float(np.sqrt(sum(part**2 for part in parts)))


def _source(name: str, entry: Mapping[str, Any]) -> Source:
    assumed = ASSUMED[name]
    common = bool(entry.get("common", assumed.common))
    if "sigma" not in entry:
        return replace(assumed, common=common)
    sigma, relative = _number(name, entry["sigma"])
    return Source(sigma, relative, common, assumed=False)


def _number(name: str, sigma: Any) -> tuple[float, bool]:
    """A sigma, and whether it is a fraction."""
    words = str(sigma).strip()
    percent = words.endswith("%")
    try:
        value = float(words.removesuffix("%")) / (100 if percent else 1)
    except ValueError:
        value = np.nan
    allowed = percent if name in _CALIBRATIONS else not percent or name not in _ABSOLUTE
    if not allowed or not 0 <= value < (1 if percent else np.inf):
        kind = {**dict.fromkeys(_CALIBRATIONS, '"1 %"'), **dict.fromkeys(_ABSOLUTE, "a number")}
        expected = kind.get(name, 'a number, or words such as "5 %"')
        raise ConfigError(f"systematics, {name}: found sigma {sigma!r}, expected {expected}")
    return value, percent

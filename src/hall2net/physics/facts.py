"""Facts of a sample that formulas need: dimensions, and values known from elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hall2net.errors import ConfigError
from hall2net.tables import uncertainty_column

Samples = Mapping[str, Mapping[str, Any]]
"""Sample to its facts, as `samples.csv` has them: numbers and words by column."""


@dataclass(frozen=True)
class Given:
    """A value that `samples.csv` gives for what was not measured here."""

    value: float = np.nan
    u: float = np.nan
    """1 sigma; NaN where it is not given."""
    source: str = ""

    def __bool__(self) -> bool:
        return bool(np.isfinite(self.value))

    def times(self, factor: float) -> "Given":
        """The value in another unit, or of another quantity in proportion to it."""
        return Given(self.value * factor, self.u * abs(factor), self.source)


def fact(samples: Samples, sample: str, key: str) -> float:
    """One fact of a sample.

    Parameters
    ----------
    samples : sample to its facts
    sample : name of the sample
    key : name of the fact, with its unit

    Raises
    ------
    ConfigError
        If the sample is not described, or lacks the fact.
    """
    if sample not in samples:
        raise ConfigError(f"sample {sample!r} is not described in the configuration")
    value = given(samples, sample, key)
    if not value:
        raise ConfigError(f"sample {sample!r}: {key!r} is missing")
    return value.value


def given(samples: Samples, sample: str, key: str) -> Given:
    """A fact that a sample may have, with its uncertainty and source; false where it has none.

    Parameters
    ----------
    samples, sample, key : as in `fact`
    """
    facts = samples.get(sample, {})
    value, u = (_number(facts.get(name)) for name in (key, uncertainty_column(key)))
    return Given(value, u, str(facts.get("source") or "")) if np.isfinite(value) else Given()


def _number(value: Any) -> float:
    return np.nan if value is None or value == "" else float(value)

"""Facts of a sample that formulas need: its dimensions, from the sheet of samples."""

from collections.abc import Mapping
from typing import Any

from hall2net.errors import ConfigError


def fact(samples: Mapping[str, Mapping[str, Any]], sample: str, key: str) -> float:
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
    if key not in samples[sample]:
        raise ConfigError(f"sample {sample!r}: {key!r} is missing")
    return float(samples[sample][key])

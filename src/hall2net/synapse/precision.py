"""Precision of a network's weights: how many levels they have, and where these come from."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hall2net.errors import ConfigError

KINDS = {
    "float32": "float weights",
    "pair": "differences of two devices, each in any of its K measured states",
    "lut": "the K measured states of a device",
    "uniform": "K evenly spaced levels",
    "binary": "two levels, -1 and 1",
}
"""Kinds of precision, from fine to coarse."""


@dataclass(frozen=True)
class Precision:
    """Precision of weights, such as ``lut6``.

    Attributes
    ----------
    kind : one of `KINDS`
    states : number of states K; None for ``float32`` and ``binary``
    """

    kind: str
    states: int | None = None

    @classmethod
    def of(cls, name: str) -> "Precision":
        """The precision with a name: float32, binary, uniform<K>, lut<K> or pair<K>.

        Raises
        ------
        ConfigError
            If there is no such precision, or K is below 2.
        """
        if name in ("float32", "binary"):
            return cls(name)
        parts = re.fullmatch(r"(uniform|lut|pair)([1-9][0-9]*)", name)
        if not parts or int(parts[2]) < 2:
            raise ConfigError(
                f"precision {name!r}: expected float32, binary, uniform<K>, lut<K> or pair<K>, "
                "with K of 2 or more"
            )
        return cls(parts[1], int(parts[2]))

    def __str__(self) -> str:
        return f"{self.kind}{self.states or ''}"

    def __lt__(self, other: "Precision") -> bool:
        """Finer first: by kind, then by the number of states, the most first."""
        return self._order < other._order

    @property
    def _order(self) -> tuple[int, int]:
        return list(KINDS).index(self.kind), -(self.states or 0)

    @property
    def measured(self) -> bool:
        """Whether the levels are those of a look-up table."""
        return self.kind in ("lut", "pair")

    def evenly_spaced(self) -> "Precision":
        """As many states, evenly spaced.

        Raises
        ------
        ConfigError
            If the precision has no number of states.
        """
        if self.states is None:
            raise ConfigError(f"precision {self}: expected one with a number of states")
        return Precision("uniform", self.states)

    def levels(self, measured: Sequence[float] | None = None) -> list[float] | None:
        """Levels of the weights, ascending, in [-1, 1]; None for float weights.

        Parameters
        ----------
        measured : the K levels of the look-up table, for ``lut`` and ``pair``. The levels of a
            pair are the differences of any two of them, divided by the largest: up to
            K (K - 1) + 1 levels

        Raises
        ------
        ConfigError
            If `measured` does not have K different levels in [-1, 1].
        """
        if self.kind == "float32":
            return None
        if not self.measured:
            return np.linspace(-1, 1, self.states or 2).tolist()
        found = sorted(set(map(float, measured or [])))
        if len(found) != self.states or len(found) != len(measured or []):
            raise ConfigError(f"precision {self}: the look-up table has {len(found)} levels")
        if not np.isfinite(found).all() or max(map(abs, found)) > 1:
            raise ConfigError(f"precision {self}: levels {found} are not all in [-1, 1]")
        if self.kind == "lut":
            return found
        swing = found[-1] - found[0]
        # Differences that are equal but for rounding are one level.
        return sorted({round((plus - minus) / swing, 9) for plus in found for minus in found})

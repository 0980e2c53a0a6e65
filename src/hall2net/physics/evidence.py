"""Fits of many sets of terms in many windows at once, and how well the data support each."""

from dataclasses import dataclass, replace

import numpy as np

from hall2net.physics.windows import N_TAILS, Bins, Windows

_LEFT_OUT = 2.0
"""Charge for a bin left out: a good one would have cost 1, a free level for it costs 1 more."""
_TAIL = 1.0
"""Charge for a tail of an edge, what noise alone improves by it: every edge may have one."""
_TAIL_SIZE = 0.5
"""Size of a tail at its edge, over the difference of the branches: the whole half swing."""
_SMALLER, _LARGER, _MOST_UNLIKELY = 0.15, 0.7, 9.0
"""The half swing is at least half the difference of the branches, and seldom far above it, as
where edges overlap: standard deviations of the logarithm of their ratio, and the largest charge,
that of three sigma."""
_SPARE = 3
"""Bins that a window must have beyond the terms."""
_RIDGE = 1e-10
"""Keeps columns apart that are the same to rounding."""


@dataclass(frozen=True)
class Equations:
    """Normal equations of every window: columns are slow waves, tails, then terms.

    Attributes
    ----------
    matrix : (w, p, p)
    right : (w, p)
    squares : (w,), of the signal
    number, left_out : (w,), bins kept and left out
    waves : how many waves there still are among the columns
    height : difference of the branches where the loop is open
    order : sign that the half swing must have
    bounded : (p,), inverse square of the size that a column may have, over the height; 0 for any
    determinant : (w,), what integrating the waves out adds to -2 ln of the likelihood
    """

    matrix: np.ndarray
    right: np.ndarray
    squares: np.ndarray
    number: np.ndarray
    left_out: np.ndarray
    waves: int
    height: float
    order: float
    bounded: np.ndarray
    determinant: np.ndarray

    @classmethod
    def of(
        cls,
        bins: Bins,
        windows: Windows,
        signal: np.ndarray,
        sigma: float,
        height: float,
        bounded: np.ndarray,
    ) -> "Equations":
        """Equations for bins whose signal (b,) is to be fitted, at a noise of a point."""
        columns = bins.columns.copy()
        columns[:, 1] = windows.level
        a = np.column_stack([bins.waves, windows.tails, columns])
        p = a.shape[1]
        kept = windows.kept * (bins.number / sigma**2)
        products = (a[:, :, None] * a[:, None, :]).reshape(-1, p * p)
        number = windows.kept.sum(axis=1)
        return cls(
            (kept @ products).reshape(-1, p, p),
            kept @ (a * signal[:, None]),
            kept @ signal**2,
            number,
            signal.size - number,
            bins.waves.shape[1],
            abs(height),
            float(np.sign(-height if windows.normal else height)),
            np.concatenate([np.full(N_TAILS, _TAIL_SIZE**-2), bounded]),
            np.zeros(number.size),
        )

    def without_waves(self, size: float) -> "Equations":
        """The waves integrated out, the k-th with a standard deviation of size/sqrt(k)."""
        p = self.waves
        matrix, right, squares = self.matrix[:, p:, p:], self.right[:, p:], self.squares
        determinant = self.determinant
        matrix = matrix + np.diag(self.bounded / self.height**2)
        if size > 0:
            prior = np.arange(1, p + 1) / size**2
            inner = self.matrix[:, :p, :p] + np.diag(prior)
            cross = self.matrix[:, :p, p:]
            both = np.concatenate([cross, self.right[:, :p, None]], axis=2)
            solved = np.linalg.solve(inner, both)
            taken = np.swapaxes(both, 1, 2) @ solved
            matrix = matrix - taken[:, :-1, :-1]
            right = right - taken[:, :-1, -1]
            squares = squares - taken[:, -1, -1]
            determinant = np.linalg.slogdet(inner)[1] - np.log(prior).sum()
        return replace(
            self, matrix=matrix, right=right, squares=squares, waves=0, determinant=determinant
        )

    def only(self, window: int) -> "Equations":
        """The equations of one window."""
        one = slice(window, window + 1)
        arrays = ("matrix", "right", "squares", "number", "left_out", "determinant")
        return replace(self, **{name: getattr(self, name)[one] for name in arrays})

    def solve(self, sets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values (w, sets, p) and misfits (w, sets) of sets of columns (sets, p)."""
        values = np.linalg.solve(self._masked(sets), self._right(sets)[..., None])[..., 0]
        taken = np.einsum("wsi,wi->ws", values, self.right)
        return values, self.squares[:, None] - taken

    def covariance(self, sets: np.ndarray) -> np.ndarray:
        """Covariances (w, sets, p, p) of the values, zero for what is not in a set."""
        pairs = sets[:, :, None] & sets[:, None, :]
        return np.where(pairs, np.linalg.inv(self._masked(sets)), 0.0)

    def _masked(self, sets: np.ndarray) -> np.ndarray:
        pairs = sets[:, :, None] & sets[:, None, :]
        diagonal = np.einsum("wii->wi", self.matrix)
        # A column that vanishes in a window, as a jump outside it, gets a value of zero.
        seen = diagonal > _RIDGE * diagonal.max(axis=1, keepdims=True)
        ridge = np.where(sets & seen[:, None], _RIDGE * diagonal[:, None], 1.0)
        return np.where(pairs, self.matrix[:, None], 0.0) + ridge[..., None] * np.eye(sets.shape[1])

    def _right(self, sets: np.ndarray) -> np.ndarray:
        return np.where(sets, self.right[:, None], 0.0)

    def charge(self, sets: np.ndarray, values: np.ndarray) -> np.ndarray:
        """What is added to the misfit (w, sets); infinite with too few bins.

        Parameters
        ----------
        sets : (sets, p)
        values : (w, sets, p)
        """
        tails = sets[:, : N_TAILS].sum(axis=1)
        used = sets.sum(axis=1)
        # Bins left out are terms too: all models are charged by the same number of bins.
        charge = np.log(np.maximum(self.number + self.left_out, 2))[:, None] * (used - tails)
        charge = charge + _TAIL * tails + (_LEFT_OUT * self.left_out + self.determinant)[:, None]
        charge = charge + self._unlikely(values[..., N_TAILS + 1])
        return np.where(self.number[:, None] >= used + _SPARE, charge, np.inf)

    def _unlikely(self, amplitude: np.ndarray) -> np.ndarray:
        """Charge for a half swing (w, sets) that the branch difference does not allow."""
        ratio = np.log(np.maximum(2 * np.abs(amplitude) / self.height, 1e-6))
        away = np.where(ratio > 0, ratio / _LARGER, ratio / _SMALLER) ** 2
        wrong = self.order * amplitude < 0
        return np.minimum(away + np.where(wrong, _MOST_UNLIKELY, 0), _MOST_UNLIKELY)

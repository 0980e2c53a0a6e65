"""Fits of many sets of terms in many windows at once, and how well the data support each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

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


_BY_WINDOW = ("matrix", "right", "squares", "number", "left_out", "determinant", "order")


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
    order : (w,), sign that the half swing must have
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
    order: np.ndarray
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
        """The normal equations of every window.

        Parameters
        ----------
        bins : (b,) bins with the terms of the background
        windows : what each window keeps, and its levels
        signal : (b,), what is fitted
        sigma : noise of a point
        height : difference of the branches where the loop is open
        bounded : (q,), inverse square of the size that a term may have, over the height; 0 for any
        """
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
            np.full(number.size, np.sign(-height if windows.normal else height)),
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
        diagonal = np.einsum("wii->wi", matrix)
        largest = diagonal.max(axis=1, keepdims=True)
        # A column that vanishes in a window, as a jump outside it, gets a value of zero.
        ridge = np.where(diagonal > _RIDGE * largest, _RIDGE * diagonal, largest)
        matrix = matrix + ridge[..., None] * np.eye(diagonal.shape[1])
        return replace(
            self, matrix=matrix, right=right, squares=squares, waves=0, determinant=determinant
        )

    def only(self, windows: Sequence[int]) -> "Equations":
        """The equations of some windows."""
        rows = list(windows)
        return replace(self, **{name: getattr(self, name)[rows] for name in _BY_WINDOW})

    def with_those_of(self, others: Sequence["Equations"]) -> "Equations":
        """All windows of several groups, of the same columns."""
        every = [self, *others]
        joined: dict[str, Any] = {
            name: np.concatenate([getattr(one, name) for one in every]) for name in _BY_WINDOW
        }
        return replace(self, **joined)

    def solve(self, sets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values (w, sets, p) and misfits (w, sets) of sets of columns (sets, p)."""
        values = np.zeros((self.number.size, *sets.shape))
        misfit = np.zeros(values.shape[:2])
        for rows, columns in by_size(sets):
            right = self.right[:, columns]
            part = np.linalg.solve(
                self.matrix[:, columns[:, :, None], columns[:, None, :]], right[..., None]
            )[..., 0]
            values[:, rows[:, None], columns] = part
            misfit[:, rows] = self.squares[:, None] - np.einsum("wsi,wsi->ws", part, right)
        return values, misfit

    def covariance(self, window: int, sets: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Weighted sum (p, p) of the covariances of the values in one window.

        Parameters
        ----------
        window : which one
        sets : (sets, p), sets of columns
        weight : (sets,)
        """
        matrix = self.matrix[window]
        total = np.zeros_like(matrix)
        for rows, columns in by_size(sets):
            inverse = np.linalg.inv(matrix[columns[:, :, None], columns[:, None, :]])
            part = weight[rows, None, None] * inverse
            np.add.at(total, (columns[:, :, None], columns[:, None, :]), part)
        return total

    def nested(self, columns: Sequence[int]) -> np.ndarray:
        """Misfits (w, k) of the first 1, 2, ... k columns of a list.

        All are in one Cholesky factor of the matrix with the right side as its last row.
        """
        k = list(columns)
        full = np.empty((self.number.size, len(k) + 1, len(k) + 1))
        full[:, :-1, :-1] = self.matrix[:, k][:, :, k]
        full[:, -1, :-1] = full[:, :-1, -1] = self.right[:, k]
        # Any value keeps the matrix positive that is above the part which the columns explain.
        full[:, -1, -1] = 2 * self.squares + 1
        last = np.linalg.cholesky(full)[:, -1, :-1]
        return self.squares[:, None] - np.cumsum(last**2, axis=1)

    def charge(self, sets: np.ndarray, values: np.ndarray | None = None) -> np.ndarray:
        """What is added to the misfit (w, sets); infinite with too few bins.

        Parameters
        ----------
        sets : (sets, p)
        values : (w, sets, p); without them any half swing is allowed
        """
        tails = sets[:, :N_TAILS].sum(axis=1)
        used = sets.sum(axis=1)
        # Bins left out are terms too: all models are charged by the same number of bins.
        charge = np.log(np.maximum(self.number + self.left_out, 2))[:, None] * (used - tails)
        charge = charge + _TAIL * tails + (_LEFT_OUT * self.left_out + self.determinant)[:, None]
        if values is not None:
            charge = charge + self._unlikely(values[..., N_TAILS + 1])
        return np.where(self.number[:, None] >= used + _SPARE, charge, np.inf)

    def _unlikely(self, amplitude: np.ndarray) -> np.ndarray:
        """Charge for a half swing (w, sets) that the branch difference does not allow."""
        ratio = np.log(np.maximum(2 * np.abs(amplitude) / self.height, 1e-6))
        away = np.where(ratio > 0, ratio / _LARGER, ratio / _SMALLER) ** 2
        wrong = self.order[:, None] * amplitude < 0
        return np.minimum(away + np.where(wrong, _MOST_UNLIKELY, 0), _MOST_UNLIKELY)


def by_size(sets: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows of sets with equally many columns, and these columns (rows, k)."""
    size = sets.sum(axis=1)
    groups = []
    for k in np.unique(size):
        rows = np.flatnonzero(size == k)
        groups.append((rows, np.nonzero(sets[rows])[1].reshape(rows.size, k)))
    return groups

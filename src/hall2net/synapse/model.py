"""Model of the devices of an array: what one write leaves, and what one read gives back.

Everything is in units of the level (-1 to 1), for tensors of any shape, on CPU and GPU. All
randomness comes from one torch.Generator: the same seed gives the same array.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from hall2net.errors import ConfigError, Hall2netError
from hall2net.synapse.drift import drift_of
from hall2net.synapse.lut import check_lut, state_sigma

REFERENCE_TIME_S = 1.0
"""Drift is counted in decades from this time after the write."""

PARTS = ("programming", "reading", "devices", "drift", "stuck")
"""Deviations of a device from its levels: the fields of `Synapse` that can be switched off."""

_SIGMAS = {
    "programming": "cycle_sigma_ohm",
    "reading": "read_sigma_ohm",
    "devices": "device_sigma_ohm",
}
"""Part of the device to the column of a look-up table that it is measured in."""

_QUANTILES = 512  # of a normal distribution: their largest is 3.1 sigma
_FEWEST_PULSES = 4  # fewer deviations than that repeat too few values to stand for a distribution
_LONGEST_REPEAT = 20  # at most so many times the longest row of measured deviations are stored


@dataclass(frozen=True)
class Written:
    """An array after writing: `state` that each device holds, `level` it got, both of one shape."""

    state: Tensor
    level: Tensor


@dataclass(frozen=True)
class Synapse:
    """States of a device and how they vary, in units of the level.

    Attributes
    ----------
    levels : (K,) of the states, ascending
    programming : (K, M) deviations of a state from one write to the next, drawn with equal chance
    reading : (K, N) deviations of one read from the written level, drawn with equal chance
    drift : (K,) change per decade of time after the write
    stuck : (K,) fraction of all devices that hold this state whatever is written
    devices : (K,) 1 sigma between devices, normally distributed; None if it was not measured
    drift_u : (K,) 1 sigma of the drift, which `with_drawn_drift` draws; None if it is exact
    common_drift : one slope for all states, so that its error is the same in all of them
    unmeasured : those of `PARTS` that no state was measured for; they deviate by nothing here,
        which is not known of the device
    """

    levels: Tensor
    programming: Tensor
    reading: Tensor
    drift: Tensor
    stuck: Tensor
    devices: Tensor | None = None
    drift_u: Tensor | None = None
    common_drift: bool = False
    unmeasured: tuple[str, ...] = ()

    def to(self, device: str | torch.device) -> "Synapse":
        """The same on another device, such as `cuda`."""
        moved: dict[str, Any] = {name: one.to(device) for name, one in self._tensors().items()}
        return replace(self, **moved)

    def without(self, *parts: str) -> "Synapse":
        """The same without some of `PARTS`; the others draw the same random numbers.

        Raises
        ------
        ConfigError
            If there is no such part.
        """
        if unknown := set(parts) - set(PARTS):
            raise ConfigError(
                f"device: no part {sorted(unknown)[0]!r}; expected {', '.join(PARTS)}"
            )
        off = [*parts, *(["drift_u"] if "drift" in parts else [])]
        tensors = self._tensors()
        nothing: dict[str, Any] = {
            part: torch.zeros_like(tensors[part]) for part in off if part in tensors
        }
        return replace(self, **nothing)

    def with_reference(self) -> "Synapse":
        """The same read against a reference device, which takes off the mean drift of the states.

        A drift that is common to all states disappears, and so does its uncertainty.
        """
        drift = self.drift - self.drift.mean()
        if self.drift_u is None:
            return replace(self, drift=drift)
        left = torch.zeros_like(self.drift_u) if self.common_drift else self.drift_u
        return replace(self, drift=drift, drift_u=left)

    def with_drawn_drift(self, generator: torch.Generator) -> "Synapse":
        """The same with one of the drifts that its uncertainty allows.

        Parameters
        ----------
        generator : on the device of the tensors
        """
        if self.drift_u is None:
            return self
        count = 1 if self.common_drift else len(self.drift)
        z = torch.randn(count, generator=generator, device=self.drift.device)
        return replace(self, drift=self.drift + self.drift_u * z, drift_u=None)

    def write(self, state: Tensor, generator: torch.Generator) -> Written:
        """Write states into an array of devices.

        Parameters
        ----------
        state : integers from 0 to K - 1, any shape: the state written to each device
        generator : on the device of the tensors

        Returns
        -------
        The state that each device holds (another one where it is stuck), and its level with the
        programming error of this write.
        """
        chance = _uniform(state, generator)
        edges = self.stuck.cumsum(0)
        held = torch.bucketize(chance, edges, right=True)
        held = torch.where(held < len(self.levels), held, state)
        level = self.levels[held] + _draw(self.programming, held, generator)
        if self.devices is not None:
            z = torch.randn(state.shape, generator=generator, device=state.device)
            level = level + self.devices[held] * z
        return Written(held, level)

    def read(self, array: Written, generator: torch.Generator, time_s: float = 1.0) -> Tensor:
        """Levels of an array, read once `time_s` after the write: drift and read noise.

        Parameters
        ----------
        array : devices that were written
        generator : of the read noise
        time_s : since the write, in s

        Raises
        ------
        ConfigError
            If the time is not positive.
        """
        if not time_s > 0:
            raise ConfigError(f"device: read {time_s} s after the write; expected a time above 0")
        decades = float(np.log10(time_s / REFERENCE_TIME_S))
        noise = _draw(self.reading, array.state, generator)
        return array.level + decades * self.drift[array.state] + noise

    def first_reads(self, columns: int) -> Tensor:
        """Levels that one read gives right after one write, (K, `columns`), each equally likely.

        The columns are points of a Sobol sequence, a power of two of them: they cover the
        deviations of write, read and device, and the stuck devices, evenly and independently.
        """
        points = torch.quasirandom.SobolEngine(4).draw(columns, dtype=torch.float64)
        write, read, stuck, device = points.T.contiguous().to(self.levels.device)
        held = torch.bucketize(stuck, self.stuck.cumsum(0).double(), right=True)
        written = torch.arange(len(self.levels), device=held.device)[:, None]
        held = torch.where(held < len(self.levels), held, written)
        programming = self.programming[held, (write * self.programming.shape[1]).long()]
        reading = self.reading[held, (read * self.reading.shape[1]).long()]
        level = self.levels[held] + programming + reading
        if self.devices is not None:
            # The points are multiples of 1/columns from 0 on, and the quantile of 0 is infinite.
            z = torch.special.ndtri(device + 0.5 / columns)
            level = level + self.devices[held] * z.float()
        return level

    def _tensors(self) -> dict[str, Tensor]:
        """What is there of the deviations, by the names of the fields."""
        names = ("levels", "programming", "reading", "drift", "stuck", "devices", "drift_u")
        return {name: one for name in names if (one := getattr(self, name)) is not None}


def synapse_from_lut(
    lut: pd.DataFrame,
    reads: pd.DataFrame | None = None,
    *,
    stuck: Sequence[float] | float = 0.0,
) -> Synapse:
    """The synapse that a look-up table and the reads behind it describe.

    With `reads` the deviations are the measured ones: each pulse from its state's mean, scaled to
    `cycle_sigma_ohm` (the mean of a few reads scatters by read noise too), and each read from its
    pulse's mean, scaled for the degree of freedom that the mean takes. Without reads, and for a
    state with fewer than four pulses, they are the quantiles of a normal distribution with the
    sigmas of the table. A state whose sigma was not measured has that of the others
    (`hall2net.synapse.lut.state_sigma`); the drift is pooled as `hall2net.synapse.drift` says.
    `unmeasured` names the parts that were measured for no state.

    Parameters
    ----------
    lut : `lut_from_train`, `lut_from_loop` or any table that `check_lut` passes
    reads : `train_reads`
    stuck : fraction of devices stuck at each state (K,), or one fraction, divided evenly over them

    Raises
    ------
    Hall2netError
        If the table is bad.
    ConfigError
        If the fractions of stuck devices are negative or exceed 1 in sum.
    """
    check_lut(lut)
    unit = 2 / np.ptp(lut["resistance_ohm"].to_numpy(float))
    sigma = {part: state_sigma(lut, column) * unit for part, column in _SIGMAS.items()}
    drift = drift_of(lut)
    unmeasured = [part for part, of_states in sigma.items() if np.isnan(of_states).any()]
    unmeasured += [] if drift.measured else ["drift"]
    cycle, read = (np.nan_to_num(sigma[part]) for part in ("programming", "reading"))
    fractions = np.broadcast_to(np.asarray(stuck, dtype=float), len(lut)).copy()
    if np.ndim(stuck) == 0:
        fractions /= len(lut)
    if not ((fractions >= 0).all() and fractions.sum() <= 1):
        raise ConfigError(
            f"device, stuck: found {stuck!r}; expected fractions of 0 or more with a sum up to 1"
        )
    programming = [_normal_quantiles(sigma) for sigma in cycle]
    reading = [_normal_quantiles(sigma) for sigma in read]
    if reads is not None:
        _use_measured(lut, reads, unit, cycle, programming, reading)
    return Synapse(
        levels=_float32(lut["level"].to_numpy(float)),
        programming=_table(programming),
        reading=_table(reading),
        drift=_float32(np.nan_to_num(drift.slope) * unit),
        stuck=_float32(fractions),
        devices=None if "devices" in unmeasured else _float32(sigma["devices"]),
        drift_u=_float32(drift.sigma * unit) if np.isfinite(drift.sigma).all() else None,
        common_drift=drift.common,
        unmeasured=tuple(unmeasured),
    )


def _use_measured(
    lut: pd.DataFrame,
    reads: pd.DataFrame,
    unit: float,
    cycle: np.ndarray,
    programming: list[np.ndarray],
    reading: list[np.ndarray],
) -> None:
    """Replace the normal deviations by measured ones, state by state."""
    if unknown := set(reads["state"]) - set(lut["state"]):
        raise Hall2netError(
            f"reads refer to state {min(unknown)}, which is not in the look-up table"
        )
    for k, state in enumerate(lut["state"]):
        residual = reads[reads["state"] == state]
        by_pulse = residual.groupby("pulse")["residual_ohm"]
        means = by_pulse.mean()
        if len(means) < _FEWEST_PULSES:
            continue
        deviation = (means - means.mean()).to_numpy() * unit
        if (sigma := deviation.std(ddof=1)) > 0:
            programming[k] = deviation * (cycle[k] / sigma)
        dof_per_read = (by_pulse.transform("size") - 1) / by_pulse.transform("size")
        within = residual["residual_ohm"] - by_pulse.transform("mean")
        within = (within / np.sqrt(dof_per_read))[dof_per_read > 0].to_numpy() * unit
        if within.size:
            reading[k] = within


def _float32(values: np.ndarray) -> Tensor:
    return torch.tensor(values, dtype=torch.float32)


def _normal_quantiles(sigma: float) -> np.ndarray:
    probability = (torch.arange(_QUANTILES, dtype=torch.float64) + 0.5) / _QUANTILES
    z = torch.special.ndtri(probability).numpy()
    return sigma * z / z.std()


def _table(rows: list[np.ndarray]) -> Tensor:
    """(K, longest) of deviations; a shorter row is repeated to fill, so each counts alike."""
    longest = max(map(len, rows))
    least_common = int(np.lcm.reduce([len(row) for row in rows]))
    width = min(least_common, _LONGEST_REPEAT * longest)
    return torch.tensor(np.array([np.resize(row, width) for row in rows]), dtype=torch.float32)


def _uniform(like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.rand(like.shape, generator=generator, device=like.device)


def _draw(table: Tensor, state: Tensor, generator: torch.Generator) -> Tensor:
    """One deviation for every device, from the row of the state it holds."""
    width = table.shape[1]
    column = (_uniform(state, generator) * width).long().clamp_(max=width - 1)
    return table[state, column]
